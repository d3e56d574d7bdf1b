/* golden.c: screens of the workbench, as a terminal shows them, against tests/golden/NAME.txt: the text, and below it a
 * letter for the colour of each cell. `tests/run --accept-screens` (ASSAY_ACCEPT_SCREENS=1) writes them anew.
 *
 * The store has fixed numbers, times and hosts; what is left that may differ (milliseconds, versions) is masked. */
#include "tests/terminal.h"
#include "tests/unit/app/golden_store.h"

static struct terminal term;
static char root[4096];    /* the source folder */
static bool accept_all;

/* --- the screen as text ----------------------------------------------------------------------------------------- */

/* 1 to 9 for the shades of heat, from the least value to the greatest. */
static char heat_digit(uint8_t index)
{
  static const uint8_t shade[] = {53, 54, 24, 30, 36, 77, 149, 184, 220}; /* of plot_heat_cell */
  const uint8_t *at = memchr(shade, index, sizeof shade);
  return at ? (char)('1' + (at - shade)) : '\0';
}

/* Letters of the colours that mean something (app/ui/ui.h) and of the other series, on dark and on light ground; others
 * are '?'. */
static char colour_letter(VTermColor c)
{
  static const struct { int index; char letter; } known[] = {{245, 'g'}, {33, 'b'}, {214, 'o'}, {36, 'n'}, {203, 'r'}, {175, 'p'}, {250, 'h'}, {49, 'm'}, {169, 'q'}, {153, 's'}, {228, 'y'},
                                                              {242, 'g'}, {19, 'b'}, {166, 'o'}, {29, 'n'}, {124, 'r'}, {126, 'p'}, {246, 'h'}, {23, 'm'}, {90, 'q'}, {27, 's'}, {16, 'y'}};
  if (VTERM_COLOR_IS_DEFAULT_FG(&c))
    return '.';
  for (size_t i = 0; VTERM_COLOR_IS_INDEXED(&c) && i < sizeof known / sizeof *known; i++)
    if (known[i].index == c.indexed.idx)
      return known[i].letter;
  return VTERM_COLOR_IS_INDEXED(&c) && heat_digit(c.indexed.idx) ? heat_digit(c.indexed.idx) : '?';
}

/* Bold is a capital (plain bold '*'), reverse '=' (with a colour '%') and underlined '_'. */
static char style_letter(const VTermScreenCell *cell)
{
  char c = colour_letter(cell->fg);
  if (cell->attrs.reverse)
    return c == '.' ? '=' : '%';
  if (cell->attrs.bold)
    return c == '.' ? '*' : (char)(c >= 'a' && c <= 'z' ? c - 32 : c);
  return c != '.' ? c : cell->attrs.underline ? '_' : '.';
}

/* The style of each cell; where nothing but plain text follows, the line ends. */
static char *styles(void)
{
  char *text;
  size_t size;
  FILE *f = xstream_open(&text, &size);
  for (int row = 0; row < term.height; row++) {
    int unmarked = 0;
    for (int col = 0; col < term.width; col++) {
      VTermScreenCell cell = terminal_cell(&term, row, col);
      char c = style_letter(&cell);
      if (c == '.' || ((!cell.chars[0] || cell.chars[0] == ' ') && c != '=' && c != '%' && c != '_')) { /* a blank has no colour */
        unmarked++;
        continue;
      }
      for (; unmarked; unmarked--)
        fputc('.', f);
      fputc(c, f);
    }
    fputc('\n', f);
  }
  xstream_close(f);
  return text;
}

/* Digits between two texts become '#': "(22 rows in 0.8 ms)". */
static void mask(char *text, const char *before, const char *after)
{
  for (char *at = text; (at = strstr(at, before)); at += strlen(before)) {
    char *from = at + strlen(before), *end = from + strspn(from, "0123456789.");
    if (end > from && strncmp(end, after, strlen(after)) == 0)
      memset(from, '#', (size_t)(end - from));
  }
}

static char *screen_now(void)
{
  char *colours = styles(), *whole = xasprintf("%s--- colours ---\n%s", terminal_text(&term), colours);
  free(colours);
  mask(whole, " in ", " ms");
  mask(whole, " in ", " s");
  mask(whole, " of ", " methods");
  mask(whole, "line 1 of ", "");
  mask(whole, "Lua ", " ");
  mask(whole, "Lua ", ",");
  mask(whole, "assay ", " ");
  mask(whole, " of ", " methods");
  mask(whole, "line 1 of ", "");
  return whole;
}

/* --- comparing --------------------------------------------------------------------------------------------------- */

static const char *line_at(const char *text, size_t n, size_t *length)
{
  for (; n && *text; n--) {
    text += strcspn(text, "\n");
    text += *text == '\n';
  }
  *length = strcspn(text, "\n");
  return text;
}

/* Below two lines that differ: a mark under each column that does. */
static void show_marks(const char *a, size_t n, const char *b, size_t m)
{
  char marks[1024];
  size_t used = 0;
  while ((n || m) && used < sizeof marks - 1) {
    utf8proc_int32_t x = -1, y = -1;
    utf8proc_ssize_t i = n ? utf8proc_iterate((const utf8proc_uint8_t *)a, (utf8proc_ssize_t)n, &x) : 0;
    utf8proc_ssize_t j = m ? utf8proc_iterate((const utf8proc_uint8_t *)b, (utf8proc_ssize_t)m, &y) : 0;
    i = n && i < 1 ? 1 : i;
    j = m && j < 1 ? 1 : j;
    int width = utf8proc_charwidth(x > 0 ? x : y);
    for (int k = 0; k < (width > 0 ? width : 0) && used < sizeof marks - 1; k++)
      marks[used++] = x == y ? ' ' : '^';
    a += i, n -= (size_t)i, b += j, m -= (size_t)j;
  }
  while (used && marks[used - 1] == ' ')
    used--;
  tap_diag("    |%.*s", (int)used, marks);
}

/* The lines that differ: "-" as accepted, "+" as seen. */
static void show_difference(const char *accepted, const char *seen)
{
  size_t shown = 0, n, m;
  for (size_t i = 0; shown < 60; i++) {
    const char *a = line_at(accepted, i, &n), *b = line_at(seen, i, &m);
    if (!*a && !*b)
      return;
    if (n == m && memcmp(a, b, n) == 0)
      continue;
    tap_diag("%3zu-|%.*s", i + 1, (int)n, a);
    tap_diag("   +|%.*s", (int)m, b);
    show_marks(a, n, b, m);
    shown++;
  }
  tap_diag("… and more");
}

static char *read_all(const char *path)
{
  FILE *f = fopen(path, "re");
  char *text = NULL;
  size_t size = 0;
  ssize_t n = f ? getdelim(&text, &size, '\0', f) : -1;
  if (f)
    fclose(f);
  if (n >= 0)
    return text;
  free(text);
  return xstrdup("");
}

static void write_all(const char *path, const char *text)
{
  FILE *f = fopen(path, "we");
  if (!f || fputs(text, f) < 0 || fclose(f) != 0)
    tap_bail("cannot write %s: %s", path, strerror(errno));
}

/* The screen is that of tests/golden/NAME.txt, at once or within 30 s. To accept a screen, it must stand still. */
static void golden(const char *name)
{
  static double patience = 30; /* seconds; where one screen is another, it is not a slow machine */
  char *path = xasprintf("%s/tests/golden/%s.txt", root, name), *accepted, *seen;
  if (accept_all)
    terminal_settle(&term, 1500);
  accepted = read_all(path);
  seen = screen_now();
  for (double begun = terminal_clock(); !accept_all && strcmp(seen, accepted) != 0 && terminal_clock() - begun < (*accepted ? patience : 2);) {
    terminal_pump(&term, 200);
    free(seen);
    seen = screen_now();
  }
  if (accept_all && strcmp(seen, accepted) != 0) {
    write_all(path, seen);
    tap_diag("accepted: tests/golden/%s.txt", name);
  } else if (!accept_all && strcmp(seen, accepted) != 0) {
    show_difference(accepted, seen);
    patience = 3;
    tap_diag("if this is as it should be: tests/run --accept-screens, and look at the change of tests/golden/%s.txt", name);
  }
  tap_ok(accept_all || strcmp(seen, accepted) == 0, "%s is as accepted", name);
  free(path);
  free(accepted);
  free(seen);
}

/* --- the screens --------------------------------------------------------------------------------------------------- */

/* The program in a tree of its own, whose only script is this one: the list of scripts does not change with those that
 * come with the program. */
static void install(void)
{
  static const char script[] = "return assay.experiment {\n  name = 'three-rates',\n  summary = 'A script of the test.',\n  params = { seeds = 2, rates = { 0.01, 0.1, 1 } },\n"
                               "  grid = function(p) return { rate = p.rates, seed = assay.range(p.seeds) } end,\n  run = function(run, c) return { score = c.rate } end,\n}\n";
  char *program = terminal_program(), *real = realpath(program, NULL), *folder = real ? xasprintf("%.*s", (int)(strrchr(real, '/') - real), real) : NULL;
  char *command = xasprintf("cd '%s' && mkdir -p bin share/assay/experiments/compare && cp '%s' bin/assay && ln -s '%s/../share/assay/lua' share/assay/lua", fixture_dir,
                            real ? real : "", folder ? folder : "");
  if (!real || system(command) != 0)
    tap_bail("cannot install the program in %s", fixture_dir);
  write_all(fixture_path("share/assay/experiments/compare/rates.lua"), script);
  setenv("ASSAY", fixture_path("bin/assay"), 1);
  free(command);
  free(folder);
  free(real);
  free(program);
}

static void open_at(int width, int height, const char *locale, const char *extra)
{
  terminal_workbench(&term, width, height, "golden.db", fixture_dir, locale, extra);
}

static void close_it(void)
{
  terminal_keys(&term, "Esc Esc Esc q");
  tap_is_int(terminal_end(&term), 0, "and it leaves with 0");
  terminal_free(&term);
}

/* Every screen once, at the usual size. */
static void usual_size(void)
{
  open_at(120, 40, "C.UTF-8", NULL);
  golden("1-runs");
  terminal_keys(&term, "Enter");
  golden("2-run");
  terminal_keys(&term, "1 Space Down Space 3");
  golden("3-compare");
  terminal_keys(&term, "4");
  golden("4-schedules");
  terminal_keys(&term, "5");
  golden("5-bounds");
  terminal_keys(&term, "6");
  golden("6-pruning");
  terminal_keys(&term, "7 / linear-de Enter");
  golden("7-methods");
  terminal_keys(&term, "8");
  golden("8-experiments");
  terminal_keys(&term, "9 F Enter");
  golden("9-query");
  terminal_keys(&term, "0");
  terminal_await(&term, "\n>");
  terminal_type(&term, "plot{1,4,2,8}\r");
  golden("0-prompt");
  close_it();
}

static void small(void)
{
  terminal_workbench(&term, 80, 24, "none.db", fixture_dir, "C.UTF-8", NULL);
  golden("no-store-80x24");
  close_it();
  open_at(80, 24, "C.UTF-8", NULL);
  golden("1-runs-80x24");
  terminal_keys(&term, "Enter");
  golden("2-run-80x24");
  terminal_keys(&term, "1 ?");
  golden("help-80x24");
  terminal_keys(&term, "Esc : sus");
  golden("palette-80x24");
  close_it();
  open_at(40, 10, "C.UTF-8", NULL);
  golden("1-runs-40x10");
  close_it();
}

static void large(void)
{
  open_at(200, 60, "C.UTF-8", NULL);
  golden("1-runs-200x60");
  terminal_keys(&term, "Enter");
  golden("2-run-200x60");
  close_it();
}

/* Schedules under two optimizers on two problems. */
static void facets(void)
{
  terminal_workbench(&term, 120, 40, "facets.db", fixture_dir, "C.UTF-8", NULL);
  terminal_keys(&term, "4");
  golden("4-overall");
  terminal_keys(&term, "Enter");
  golden("4-facet");
  close_it();
  terminal_workbench(&term, 80, 24, "facets.db", fixture_dir, "C.UTF-8", "NO_COLOR=1");
  terminal_keys(&term, "4");
  golden("4-overall-80x24");
  terminal_keys(&term, "o Tab");
  golden("4-facet-80x24");
  close_it();
  terminal_workbench(&term, 200, 60, "facets.db", fixture_dir, "C", NULL);
  terminal_keys(&term, "4");
  terminal_await(&term, "over all 4");
  terminal_keys(&term, "o f v");
  golden("4-facet-200x60-ascii");
  close_it();
}

/* Does a sequence that sets colours stand among what was sent ("\033[…m" with 30 to 49 or 90 to 107)? */
static bool coloured(const char *sent)
{
  for (; (sent = strstr(sent, "\033[")); sent++) {
    size_t n = strspn(sent + 2, "0123456789;");
    for (const char *at = sent + 2; sent[2 + n] == 'm' && at < sent + 2 + n; at += strcspn(at, ";m") + 1)
      if ((atoi(at) >= 30 && atoi(at) < 50 && atoi(at) != 39 && atoi(at) != 49) || (atoi(at) >= 90 && atoi(at) <= 107))
        return true;
  }
  return false;
}

static bool ascii_only(const char *text)
{
  while (*text && !(*text & 0x80))
    text++;
  return !*text;
}

/* NO_COLOR: not one colour is sent (attributes are). LC_ALL=C: nothing beyond ASCII. */
static void plain(void)
{
  open_at(80, 24, "C.UTF-8", "NO_COLOR=1");
  golden("1-runs-no-colour");
  terminal_keys(&term, "4");
  golden("4-schedules-no-colour");
  tap_ok(!coloured(term.sent), "NO_COLOR: no colour was sent");
  close_it();
  open_at(80, 24, "C", NULL);
  golden("1-runs-ascii");
  terminal_keys(&term, "4");
  golden("4-schedules-ascii");
  tap_ok(ascii_only(term.sent), "LC_ALL=C: nothing beyond ASCII was sent");
  close_it();
}

/* The colour of the store's name. */
static int name_colour(void)
{
  VTermScreenCell cell = terminal_cell(&term, 0, 1);
  return VTERM_COLOR_IS_INDEXED(&cell.fg) ? cell.fg.indexed.idx : -1;
}

/* A terminal that says that it is light has the colours for that. The program waits a second for the answer, which on a machine
 * under load may come later: then it is asked again. */
static void light(void)
{
  static const struct terminal_answer white[] = {{"\033]11;?\033\\", "\033]11;rgb:ffff/ffff/ffff\033\\"}, {0}};
  for (int attempt = 0; attempt < 3; attempt++) {
    open_at(80, 24, "C.UTF-8", NULL);
    term.answers = white;
    terminal_settle(&term, 500);
    if (name_colour() == 19 || attempt == 2)
      break;
    close_it();
  }
  golden("1-runs-light");
  tap_is_int(name_colour(), 19, "the store's name stands there in the blue for light ground");
  close_it();
}

int main(void)
{
  accept_all = getenv("ASSAY_ACCEPT_SCREENS") != NULL;
  if (!getcwd(root, sizeof root) || access("tests/golden", F_OK) != 0)
    tap_bail("no tests/golden: run from the source folder");
  golden_store(fixture_path("golden.db"));
  golden_facets(fixture_path("facets.db"));
  install();
  if (chdir(fixture_dir) != 0)
    tap_bail("no temporary folder");
  usual_size();
  small();
  large();
  plain();
  light();
  facets();
  fixture_done();
  return tap_done();
}
