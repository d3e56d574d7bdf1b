/* lua_colour.c: see lua_colour.h. */
#include "app/lua_colour.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

/* A place in the text: characters behind its end are 0. */
struct place { const char *text; size_t n, at; };

static char peek(const struct place *p, size_t ahead) { return p->at + ahead < p->n ? p->text[p->at + ahead] : '\0'; }

/* Lua's names are ASCII, whatever the locale. */
static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_word(char c) { return is_letter(c) || is_digit(c); }
static bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
static bool is_line_end(char c) { return c == '\n' || c == '\r'; }

/* --- what may begin here ---------------------------------------------------------------------------- */

/* Equal signs between the two brackets of "[==["; -1: no long bracket begins here. */
static long long_bracket(const struct place *p)
{
  size_t level = 0;
  if (peek(p, 0) != '[')
    return -1;
  while (peek(p, 1 + level) == '=')
    level++;
  return peek(p, 1 + level) == '[' ? (long)level : -1;
}

static bool comment_begins(const struct place *p)
{
  return (peek(p, 0) == '-' && peek(p, 1) == '-') || (p->at == 0 && peek(p, 0) == '#' && peek(p, 1) == '!');
}

static bool number_begins(const struct place *p) { return is_digit(peek(p, 0)) || (peek(p, 0) == '.' && is_digit(peek(p, 1))); }

static bool plain_goes_on(const struct place *p)
{
  char c = peek(p, 0);
  if (c == '.' && p->at > 0 && p->text[p->at - 1] == '.')
    return true; /* the last of "..." or "..", even before a digit */
  return !is_word(c) && c != '"' && c != '\'' && !comment_begins(p) && !number_begins(p) && long_bracket(p) < 0;
}

/* --- reading over one span -------------------------------------------------------------------------- */

static void skip_line(struct place *p)
{
  while (p->at < p->n && !is_line_end(p->text[p->at]))
    p->at++;
}

/* Over "[==[ … ]==]". */
static void skip_long(struct place *p, size_t level)
{
  for (p->at += level + 2; p->at < p->n; p->at++) {
    size_t equals = 0;
    if (peek(p, 0) != ']')
      continue;
    while (peek(p, 1 + equals) == '=')
      equals++;
    if (equals == level && peek(p, 1 + equals) == ']') {
      p->at += level + 2;
      return;
    }
  }
}

static void skip_comment(struct place *p)
{
  p->at += peek(p, 0) == '-' ? 2 : 0;
  long level = long_bracket(p);
  if (level >= 0)
    skip_long(p, (size_t)level);
  else
    skip_line(p);
}

/* Over what follows a backslash: a line's end of two characters, white space after z, else one character. */
static void skip_escape(struct place *p)
{
  char c = peek(p, 0);
  if (p->at < p->n)
    p->at++;
  if (c == 'z')
    while (is_space(peek(p, 0)))
      p->at++;
  else if (is_line_end(c) && is_line_end(peek(p, 0)) && peek(p, 0) != c)
    p->at++;
}

static void skip_string(struct place *p)
{
  char quote = p->text[p->at++];
  while (p->at < p->n && !is_line_end(p->text[p->at])) {
    char c = p->text[p->at++];
    if (c == quote)
      return;
    if (c == '\\')
      skip_escape(p);
  }
}

/* As Lua reads numbers: anything that could belong to one, right or wrong. */
static void skip_number(struct place *p)
{
  const char *mark = peek(p, 0) == '0' && (peek(p, 1) == 'x' || peek(p, 1) == 'X') ? "Pp" : "Ee";
  p->at += *mark == 'P' ? 2 : 0;
  while (is_word(peek(p, 0)) || peek(p, 0) == '.') {
    bool exponent = strchr(mark, peek(p, 0)) && (peek(p, 1) == '+' || peek(p, 1) == '-');
    p->at += exponent ? 2 : 1;
  }
}

/* --- names ------------------------------------------------------------------------------------------- */

static const char *const keywords[] = {"and", "break", "do", "else", "elseif", "end", "for", "function", "goto", "if", "in",
                                       "local", "not", "or", "repeat", "return", "then", "until", "while"};
static const char *const constants[] = {"false", "nil", "true"};
static const char *const globals[] = {"_ENV", "_G", "_VERSION", "assay", "assert", "collectgarbage", "coroutine", "debug", "dofile", "error",
                                      "getmetatable", "heatmap", "help", "hist", "io", "ipairs", "jobs", "load", "loadfile", "math",
                                      "next", "os", "package", "pairs", "pcall", "plot", "print", "rawequal", "rawget", "rawlen", "rawset",
                                      "require", "sel", "select", "setmetatable", "spy", "string", "table", "tonumber", "tostring",
                                      "traceback", "type", "utf8", "warn", "xpcall"};

static bool is_among(const char *const *words, size_t n_words, const char *name, size_t n)
{
  for (size_t i = 0; i < n_words; i++)
    if (strncmp(words[i], name, n) == 0 && words[i][n] == '\0')
      return true;
  return false;
}

/* Is the name at [start, p->at) a field: behind a dot or a colon (not two of them), or assigned to? */
static bool is_field(const struct place *p, size_t start)
{
  size_t i = start, ahead = 0;
  while (i > 0 && is_space(p->text[i - 1]))
    i--;
  char before = i > 0 ? p->text[i - 1] : '\0';
  while (is_space(peek(p, ahead)))
    ahead++;
  bool assigned = peek(p, ahead) == '=' && peek(p, ahead + 1) != '=';
  return assigned || ((before == '.' || before == ':') && (i < 2 || p->text[i - 2] != before));
}

static enum lua_class class_of_name(const struct place *p, size_t start)
{
  const char *name = p->text + start;
  size_t n = p->at - start;
  if (is_among(keywords, sizeof keywords / sizeof *keywords, name, n))
    return LUA_CLASS_KEYWORD;
  if (is_among(constants, sizeof constants / sizeof *constants, name, n))
    return LUA_CLASS_NUMBER;
  bool known = is_among(globals, sizeof globals / sizeof *globals, name, n);
  return known && !is_field(p, start) ? LUA_CLASS_GLOBAL : LUA_CLASS_PLAIN;
}

/* --- spans -------------------------------------------------------------------------------------------- */

struct lua_span lua_colour_next(const char *text, size_t n, size_t at)
{
  assert(at < n);
  struct place p = {text, n, at};
  enum lua_class class = LUA_CLASS_PLAIN;
  long level = long_bracket(&p);
  if (comment_begins(&p)) {
    class = LUA_CLASS_COMMENT;
    skip_comment(&p);
  } else if (level >= 0) {
    class = LUA_CLASS_STRING;
    skip_long(&p, (size_t)level);
  } else if (text[at] == '"' || text[at] == '\'') {
    class = LUA_CLASS_STRING;
    skip_string(&p);
  } else if (number_begins(&p)) {
    class = LUA_CLASS_NUMBER;
    skip_number(&p);
  } else if (is_letter(text[at])) {
    while (is_word(peek(&p, 0)))
      p.at++;
    class = class_of_name(&p, at);
  } else {
    do
      p.at++;
    while (p.at < n && plain_goes_on(&p));
  }
  return (struct lua_span){at, p.at - at, class};
}

void lua_colour_bytes(const char *text, size_t n, uint8_t *class)
{
  for (size_t at = 0; at < n;) {
    struct lua_span s = lua_colour_next(text, n, at);
    memset(class + at, (int)s.class, s.n);
    at += s.n;
  }
}

uint8_t lua_colour_of(enum lua_class class)
{
  static const uint8_t colour[LUA_CLASS_COUNT] = {
    [LUA_CLASS_KEYWORD] = 33, [LUA_CLASS_STRING] = 36, [LUA_CLASS_COMMENT] = 245, [LUA_CLASS_NUMBER] = 214, [LUA_CLASS_GLOBAL] = 175,
  };
  return colour[class];
}
