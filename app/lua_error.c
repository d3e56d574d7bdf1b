/* lua_error.c: see lua_error.h. */
#include "app/lua_error.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "experiments/kernel/mem.h"

/* The n-th line of a text, from 1; "" when there is none. Caller frees. */
static char *line_of(const char *text, long n)
{
  while (text && --n > 0 && (text = strchr(text, '\n')))
    text++;
  return text ? xasprintf("%.*s", (int)strcspn(text, "\r\n"), text) : xstrdup("");
}

static char *line_of_file(const char *path, long n)
{
  FILE *f = fopen(path, "re");
  char *line = NULL;
  size_t room = 0;
  while (f && n-- > 0 && getline(&line, &room, f) >= 0)
    ;
  bool found = f && n < 0;
  if (f)
    fclose(f);
  char *out = found ? line_of(line, 1) : xstrdup("");
  free(line);
  return out;
}

/* The word that the message is about: in "near 'x'", "(global 'x')", "no parameter "x"" and the like; "" if none is.
 * Caller frees. */
static char *word_meant(const char *message)
{
  static const char *const before[] = {"near '", "(global '", "(local '", "(field '", "(method '", "(upvalue '", "for '", "parameter \"",
                                       "no key \"", "assay has no \"", "has no \"", "to '"};
  const char *place = NULL, *word = "";
  for (size_t i = 0; i < sizeof before / sizeof *before; i++) {
    const char *at = strstr(message, before[i]);
    if (at && at < message + strcspn(message, "\n") && (!place || at < place)) {
      place = at;
      word = at + strlen(before[i]);
    }
  }
  return xasprintf("%.*s", (int)strcspn(word, "'\"\n"), word);
}

static bool is_word(char c) { return c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/* Where the word stands in the line, as a whole word; NULL: nowhere. In several places: nowhere, but with `last` the last
 * one, as the parser complains about what it has just read. */
static const char *find_word(const char *line, const char *word, bool last)
{
  const char *found = NULL;
  size_t n = strlen(word);
  for (const char *at = line; n && (at = strstr(at, word)); at += n) {
    bool part = (is_word(*word) && at > line && is_word(at[-1])) || (is_word(word[n - 1]) && is_word(at[n]));
    if (part)
      continue;
    if (found && !last)
      return NULL;
    found = at;
  }
  return found;
}

/* The line of the message's place, and the caret. One line that was just typed is not said again without a caret. */
static void show_place(const char *message, const char *name, const char *code)
{
  size_t n = strlen(name);
  if (strncmp(message, name, n) != 0 || message[n] != ':')
    return;
  long number = strtol(message + n + 1, NULL, 10);
  char *line = code ? line_of(code, number) : line_of_file(name, number), *safe = text_safe(line, false), *word = word_meant(message);
  const char *at = find_word(safe, word, strstr(message, "near '") != NULL);
  if (*safe && (at || !code || strchr(code, '\n')))
    fprintf(stderr, "  %s\n", safe);
  if (at) {
    char *before = xasprintf("%.*s", (int)(at - safe), safe);
    fprintf(stderr, "  %*s^\n", (int)text_width(before), "");
    free(before);
  }
  free(line);
  free(safe);
  free(word);
}

void lua_error_tell(const struct err *e, const char *name, const char *code)
{
  fflush(stdout);
  if (e->code == STATUS_CANCELLED) {
    fputs("interrupted\n", stderr);
    return;
  }
  char *safe = text_safe(e->message, true);
  fprintf(stderr, "%s\n", safe);
  free(safe);
  show_place(e->message, name, code);
}
