/* lua_colour.c: the classes of Lua's text, by hand and against Lua itself; unfinished input and any bytes. */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "app/lua_colour.h"
#include "tests/unit/lua/lua_host.h"

static const char letters[] = ".kscng"; /* by class */

/* The classes of a text, a letter for each byte. Caller frees. */
static char *classes_of(const char *text, size_t n)
{
  uint8_t *class = calloc(n + 1, 1);
  char *out = calloc(n + 1, 1);
  lua_colour_bytes(text, n, class);
  for (size_t i = 0; i < n; i++)
    out[i] = letters[class[i]];
  free(class);
  return out;
}

static void is_coloured(const char *text, const char *expected)
{
  char *seen = classes_of(text, strlen(text)), *name = text_safe(text, false);
  tap_is_str(seen, expected, "%s", name);
  free(seen);
  free(name);
}

static void test_by_hand(void)
{
  is_coloured("local x = nil", "kkkkk.....nnn");
  is_coloured("return assay.train{help = 1}", "kkkkkk.ggggg............" "..n" ".");
  is_coloured("x.print(print) y:type(type)", "........ggggg.........gggg.");
  is_coloured("a..assay", "...ggggg");
  is_coloured("help == plot", "gggg....gggg");
  is_coloured("1e-3+0x1p+4-.5", "nnnn.nnnnnn.nn");
  is_coloured("a...5 0xe+1", "....n.nnn.n");
  is_coloured("'a\\'b' \"c\\\nd\" e", "ssssss.ssssss..");
  is_coloured("'\\z \n  a' b", "sssssssss..");
  is_coloured("x = 'open\ny", "....sssss..");
  is_coloured("[[a]b\n]] [==[ ]] ]=] ]==] c", "ssssssss.ssssssssssssssss..");
  is_coloured("t[i] t[=1", "........n");
  is_coloured("[[open\nend", "ssssssssss");
  is_coloured("a--b\nend--[[c\nd]]e--[=c\nf", ".ccc.kkkccccccccc.ccccc..");
  is_coloured("--[==[open\nend", "cccccccccccccc");
  is_coloured("#t #!/bin", ".........");
  is_coloured("#!/bin/assay\nif", "cccccccccccc.kk");
  is_coloured("endx _end end1 ends", "...................");
  is_coloured("goto l ::l::", "kkkk........");
  is_coloured("\xc3\xa9nd '\xff\xfe' \x80", ".....ssss..");
  is_coloured("'\\", "ss");
  is_coloured("", "");
}

/* Random bytes, and random mixtures of what lexers trip over: spans lie side by side and fill the text. */
static void test_any_bytes(void)
{
  static const char *const parts[] = {"[", "]", "=", "-", "--", "\"", "'", "\\", "\n", "\r", "z", ".", "..", "0x", "e+", "p", "nil", "assay", "\xe2", "\0", "#!"};
  int wrong = 0;
  srand(20261122);
  for (int round = 0; round < 20000; round++) {
    char text[64];
    size_t n = 0, at = 0, wanted = (size_t)rand() % 60;
    while (n < wanted && round % 2)
      text[n++] = (char)rand();
    while (n < wanted && !(round % 2)) {
      const char *part = parts[(size_t)rand() % (sizeof parts / sizeof *parts)];
      size_t length = *part ? strlen(part) : 1;
      for (size_t i = 0; i < length; i++)
        text[n++] = part[i];
    }
    char *exact = malloc(n + 1); /* so that the sanitizer sees a read beyond the end */
    memcpy(exact, text, n);
    char *tight = realloc(exact, n ? n : 1);
    while (at < n) {
      struct lua_span s = lua_colour_next(tight, n, at);
      if (s.at != at || s.n == 0 || s.n > n - at || (int)s.class >= LUA_CLASS_COUNT)
        break;
      at += s.n;
    }
    wrong += at != n;
    free(tight);
  }
  tap_is_int(wrong, 0, "spans fill any text");
}

/* --- against Lua itself ------------------------------------------------------------------------------- */

/* Lua looks at a file and at its classes: with every comment blanked it compiles to the same code; a string alone is a
 * string, a number or constant alone is one; a keyword alone is no name, and what is left of a line holds no quote. */
static const char check[] =
  "local function read(path) local f = assert(io.open(path, 'rb')); local s = f:read 'a'; f:close(); return s end\n"
  "local text, class = read(PATH), read(CLASSES)\n"
  "assert(#text == #class, 'sizes')\n"
  "local bare, at, n = {}, 1, {}\n"
  "while at <= #text do\n"
  "  local c = class:sub(at, at)\n"
  "  local stop = (class:find('[^' .. c .. ']', at) or #class + 1) - 1\n"
  "  local part = text:sub(at, stop)\n"
  "  n[c] = (n[c] or 0) + 1\n"
  "  if c == 's' then assert(type(assert(load('return ' .. part))()) == 'string', part) end\n"
  "  if c == 'n' and not load('return ' .. part) then error(part) end\n"
  "  if c == 'n' then local v = load('return ' .. part)(); assert(math.type(v) or v == nil or type(v) == 'boolean', part) end\n"
  "  if c == 'k' then assert(not load('local ' .. part .. ' = 1'), part) end\n"
  "  if c == 'g' then assert(load('return ' .. part), part) end\n"
  "  if c == '.' then assert(not part:find '[\"\\']', part) end\n"
  "  bare[#bare + 1] = c == 'c' and part:gsub('[^\\n]', ' ') or part\n"
  "  at = stop + 1\n"
  "end\n"
  "assert(string.dump(assert(load(table.concat(bare), '=x'))) == string.dump(assert(load(text, '=x'))), 'other code')\n"
  "SPANS = (SPANS or 0) + (n.s or 0) + (n.n or 0) + (n.k or 0) + (n.c or 0)\n";

static char *whole_file(const char *path)
{
  FILE *f = fopen(path, "r");
  char *text = NULL;
  size_t room = 0;
  ssize_t n = f ? getdelim(&text, &room, '\0', f) : -1;
  if (n < 0)
    tap_bail("cannot read %s", path);
  fclose(f);
  return text;
}

static void check_file(struct lua_host *h, const char *path)
{
  struct err e = {0};
  char *text = whole_file(path), *class = classes_of(text, strlen(text)), *code;
  const char *written = write_script("classes", class);
  if (asprintf(&code, "PATH, CLASSES = [==[%s]==], [==[%s]==]\n%s", path, written, check) < 0)
    abort();
  enum status status = lua_host_eval(h, code, "check", NULL, &e);
  tap_ok(status == STATUS_OK, "Lua agrees about %s", strrchr(path, '/') + 1);
  if (status != STATUS_OK)
    tap_diag("%s", e.message);
  free(code);
  free(class);
  free(text);
}

static void check_folder(struct lua_host *h, const char *folder)
{
  char path[5000];
  struct dirent **entry;
  snprintf(path, sizeof path, "%s/%s", source_dir(), folder);
  int n = scandir(path, &entry, NULL, alphasort);
  for (int i = 0; i < n; i++) {
    size_t length = strlen(entry[i]->d_name);
    snprintf(path, sizeof path, "%s/%s/%s", source_dir(), folder, entry[i]->d_name);
    if (length > 4 && strcmp(entry[i]->d_name + length - 4, ".lua") == 0)
      check_file(h, path);
    free(entry[i]);
  }
  free(entry);
}

static void test_against_lua(void)
{
  static const char *const folders[] = {"lua/assay", "experiments/compare", "experiments/papers", "tests/lua", NULL};
  struct err e = {0};
  struct lua_host *h = new_host(NULL);
  for (size_t i = 0; folders[i]; i++)
    check_folder(h, folders[i]);
  tap_ok(lua_host_eval(h, "do assert(SPANS > 5000, SPANS) end", "check", NULL, &e) == STATUS_OK, "… thousands of spans%s", e.message);
  lua_host_free(h);
}

static void test_colours(void)
{
  bool differ = true;
  for (int a = 0; a < LUA_CLASS_COUNT; a++)
    for (int b = 0; b < a; b++)
      differ = differ && lua_colour_of((enum lua_class)a) != lua_colour_of((enum lua_class)b);
  tap_ok(differ && lua_colour_of(LUA_CLASS_PLAIN) == 0, "every class has a colour of its own, plain text the terminal's");
}

int main(void)
{
  test_by_hand();
  test_any_bytes();
  test_against_lua();
  test_colours();
  return tap_done();
}
