/* options.c: the command line, parsed against the option rows of a command.
 *
 * The habits of getopt_long: --name value, --name=value, unambiguous abbreviations, bundled short
 * options, options and words in any order, `--` ends options. Errors are one line on stderr. */
#include "app/app.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/params.h"

enum { OPTIONS_MAX = 256 };

const struct option_row common_options[] = {
  {.name = "db", .arg = "FILE", .doc = "the store (default: $ASSAY_DB, else assay.db here)", .complete = "file"},
  {.name = "color", .arg = "WHEN", .doc = "auto, always or never (NO_COLOR is respected)", .complete = "auto always never"},
  {.name = "graphics", .arg = "HOW", .doc = "auto, text, sixel or kitty: how plots are shown; auto asks the terminal", .complete = "auto text sixel kitty"},
  {.name = "help", .letter = 'h', .doc = "show this help"},
  {.name = "version", .letter = 'V', .doc = "show the version"},
  {0},
};

struct parser {
  struct arguments *a;
  const struct option_row *own; /* may be NULL */
  int argc, at;
  char **argv;
};

/* Row i of the command's rows followed by the common ones; NULL at the end. */
static const struct option_row *row_at(const struct option_row *own, size_t i)
{
  size_t n = 0;
  for (; own && own[n].name; n++)
    if (n == i)
      return &own[n];
  const struct option_row *r = &common_options[i - n];
  return r->name ? r : NULL;
}

/* The row whose name is `word`, or the only one that begins with it. */
static const struct option_row *find_long(const struct option_row *own, const char *word, size_t length)
{
  const struct option_row *r, *prefix = NULL;
  size_t matches = 0;
  for (size_t i = 0; (r = row_at(own, i)); i++) {
    if (strncmp(r->name, word, length) != 0)
      continue;
    if (!r->name[length])
      return r;
    prefix = r;
    matches++;
  }
  return matches == 1 ? prefix : NULL;
}

static const struct option_row *find_letter(const struct option_row *own, char letter)
{
  const struct option_row *r;
  for (size_t i = 0; (r = row_at(own, i)); i++)
    if (r->letter == letter)
      return r;
  return NULL;
}

static bool unknown_long(const struct parser *p, const char *word, size_t length)
{
  const char *names[OPTIONS_MAX], *near;
  size_t n = 0;
  for (const struct option_row *r; n < OPTIONS_MAX && (r = row_at(p->own, n)); n++)
    names[n] = r->name;
  char *typed = xasprintf("%.*s", (int)length, word);
  if ((near = nearest_name(typed, names, n)))
    app_usage(p->a->command, "unknown option --%s; did you mean --%s?", typed, near);
  else
    app_usage(p->a->command, "unknown option --%s", typed);
  free(typed);
  return false;
}

static bool add(struct parser *p, const struct option_row *row, const char *value)
{
  if (p->a->n_options == OPTIONS_MAX) {
    app_usage(p->a->command, "more than %d options", OPTIONS_MAX);
    return false;
  }
  if (!row->repeat && row->arg && arg_value(p->a, row->name)) {
    app_usage(p->a->command, "--%s is given twice", row->name);
    return false;
  }
  p->a->option[p->a->n_options].row = row;
  p->a->option[p->a->n_options++].value = value;
  return true;
}

/* The next word of the command line as the value of an option that wants one. */
static bool add_with_next(struct parser *p, const struct option_row *row)
{
  if (++p->at >= p->argc) {
    app_usage(p->a->command, "--%s needs a value: --%s %s", row->name, row->name, row->arg);
    return false;
  }
  return add(p, row, p->argv[p->at]);
}

static bool parse_long(struct parser *p, const char *word)
{
  const char *equals = strchr(word, '=');
  size_t length = equals ? (size_t)(equals - word) : strlen(word);
  const struct option_row *row = find_long(p->own, word, length);
  if (!row)
    return unknown_long(p, word, length);
  if (!row->arg && equals) {
    app_usage(p->a->command, "--%s takes no value", row->name);
    return false;
  }
  if (!row->arg)
    return add(p, row, "");
  return equals ? add(p, row, equals + 1) : add_with_next(p, row);
}

/* "-qj4": a bundle of letters; the first that takes a value takes the rest of the word. */
static bool parse_letters(struct parser *p, const char *letters)
{
  for (; *letters; letters++) {
    const struct option_row *row = find_letter(p->own, *letters);
    if (!row) {
      app_usage(p->a->command, "unknown option -%c", *letters);
      return false;
    }
    if (row->arg)
      return letters[1] ? add(p, row, letters + 1 + (letters[1] == '=')) : add_with_next(p, row);
    if (!add(p, row, ""))
      return false;
  }
  return true;
}

/* Parse up to the end, or up to the first word when `leading`. */
static bool parse(struct parser *p, bool leading)
{
  for (p->at = 0; p->at < p->argc; p->at++) {
    const char *word = p->argv[p->at];
    bool good = true;
    if (strcmp(word, "--") == 0) {
      if (leading)
        return true;
      while (++p->at < p->argc)
        p->a->word[p->a->n_words++] = p->argv[p->at];
    } else if (word[0] == '-' && word[1] == '-') {
      good = parse_long(p, word + 2);
    } else if (word[0] == '-' && word[1]) {
      good = parse_letters(p, word + 1);
    } else if (leading) {
      return true;
    } else {
      p->a->word[p->a->n_words++] = word;
    }
    if (!good)
      return false;
  }
  return true;
}

bool arguments_parse(struct arguments *a, const struct command *c, int argc, char **argv)
{
  struct parser p = {.a = a, .own = c ? c->options : NULL, .argc = argc, .argv = argv};
  memset(a, 0, sizeof *a);
  a->command = c;
  a->word = xcalloc((size_t)argc + 1, sizeof *a->word);
  return parse(&p, false);
}

bool arguments_parse_leading(struct arguments *a, int argc, char **argv, int *used)
{
  struct parser p = {.a = a, .argc = argc, .argv = argv};
  memset(a, 0, sizeof *a);
  bool good = parse(&p, true);
  *used = p.at;
  return good;
}

void arguments_free(struct arguments *a)
{
  free(a->word);
  a->word = NULL;
}

const char *arg_value(const struct arguments *a, const char *name)
{
  const char *value = NULL;
  for (size_t i = 0; i < a->n_options; i++)
    if (strcmp(a->option[i].row->name, name) == 0)
      value = a->option[i].value;
  return value;
}

bool arg_flag(const struct arguments *a, const char *name) { return arg_value(a, name) != NULL; }

size_t arg_values(const struct arguments *a, const char *name, const char **out, size_t max)
{
  size_t n = 0;
  for (size_t i = 0; i < a->n_options && n < max; i++)
    if (strcmp(a->option[i].row->name, name) == 0)
      out[n++] = a->option[i].value;
  return n;
}

bool arg_integer(const struct arguments *a, const char *name, long min, long max, long def, long *out)
{
  const char *text = arg_value(a, name);
  char *end;
  *out = def;
  if (!text)
    return true;
  errno = 0;
  *out = strtol(text, &end, 10);
  if (errno || end == text || *end || *out < min || *out > max) {
    app_usage(a->command, "--%s must be a whole number from %ld to %ld, not '%s'", name, min, max, text);
    return false;
  }
  return true;
}
