/* sql_words.c: see sql_words.h. */
#include "app/ui/sql_words.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "experiments/kernel/mem.h"

bool sql_is_word(char c) { return isalnum((unsigned char)c) || c == '_' || c == '.' || (c & 0x80); }

/* The word of this list; NULL: not among them. */
static const char *among(const char *const *words, const char *word, size_t n)
{
  for (; *words; words++)
    if (strlen(*words) == n && strncasecmp(*words, word, n) == 0)
      return *words;
  return NULL;
}

static bool is_operator(const char *word, size_t n)
{
  static const char *const words[] = {"is", "in", "like", "glob", "not", NULL};
  return among(words, word, n);
}

/* Words that say what follows. */
static const char *clause(const char *word, size_t n)
{
  static const char *const words[] = {"select", "from", "join", "where", "on", "by", "having", "limit", "and", "or", "as", NULL};
  return among(words, word, n);
}

size_t sql_piece(const char *s, const char *end, bool *open)
{
  size_t n = 1;
  *open = false;
  if (*s == '\'' || *s == '"') {
    while (s + n < end && s[n] != *s)
      n++;
    *open = s + n == end;
    return *open ? n : n + 1;
  }
  while (sql_is_word(*s) && s + n < end && sql_is_word(s[n]))
    n++;
  return n;
}

/* A name keeps standing over an operator, opening brackets and values in a list, until the next word. */
struct sql_spot sql_spot_find(const char *text, size_t cursor)
{
  struct sql_spot at = {.word = text + cursor};
  const char *end = text + cursor;
  bool operated = false, filled = false, open = false;
  for (const char *s = text; s < end;) {
    size_t n = sql_piece(s, end, &open);
    bool last = s + n == end, word = sql_is_word(*s), name = (word && !isdigit((unsigned char)*s)) || *s == '"';
    if (last && (word || open)) {
      at.word = s + open;
      at.n = n - open;
      at.in_quotes = open && *s == '\'';
      break;
    }
    if (word && clause(s, n))
      snprintf(at.keyword, sizeof at.keyword, "%s", clause(s, n));
    if (strchr("=<>!,(", *s) || (word && is_operator(s, n))) {
      operated = operated || (*s != ',' && *s != '(');
      filled = false;
    } else if (*s == '\'' || isdigit((unsigned char)*s)) {
      filled = true;
    } else if (name) {
      size_t skip = *s == '"';
      snprintf(at.name, sizeof at.name, "%.*s", (int)(n - 2 * skip), s + skip);
      operated = false;
    }
    s += n;
  }
  at.value = operated && !filled && *at.name;
  return at;
}

void sql_offer(FILE *f, const struct sql_spot *at, const char *text)
{
  const char *bare = *text == '"' || *text == '\'' ? text + 1 : text;
  if (strncasecmp(bare, at->word, at->n) == 0 && !strchr(text, '\n'))
    fprintf(f, "%s%s", ftell(f) > 0 ? "\n" : "", text);
}

static bool plain_name(const char *name)
{
  bool plain = !isdigit((unsigned char)*name) && *name;
  for (; plain && *name; name++)
    plain = sql_is_word(*name);
  return plain;
}

void sql_offer_name(FILE *f, const struct sql_spot *at, const char *name)
{
  char *quoted = plain_name(name) ? xstrdup(name) : xasprintf("\"%s\"", name);
  sql_offer(f, at, quoted);
  free(quoted);
}

void sql_offer_text(FILE *f, const struct sql_spot *at, const char *text)
{
  char *literal = xmalloc(2 * strlen(text) + 3), *to = literal;
  if (!at->in_quotes)
    *to++ = '\'';
  for (; *text; text++) {
    *to++ = *text;
    if (*text == '\'')
      *to++ = '\'';
  }
  *to++ = '\'';
  *to = '\0';
  sql_offer(f, at, literal);
  free(literal);
}
