/* methods.c: `assay methods`: what is built in, from the registry's descriptors. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "experiments/kernel/mem.h"
#include "experiments/params.h"
#include "experiments/registry.h"

static const struct option_row options[] = {
  {.name = "json", .doc = "everything about each method as JSON"},
  {0},
};

/* The word is neither a kind nor an id: suggest the nearest of both. */
static int unknown_word(const struct arguments *a, const char *word)
{
  size_t n = 0, ids = registry_count();
  const char **names = xcalloc(KIND_COUNT + ids, sizeof *names), *near;
  for (int k = 1; k < KIND_COUNT; k++)
    names[n++] = kind_name((enum kind)k);
  for (size_t i = 0; i < ids; i++)
    names[n++] = registry_at(i)->id;
  if ((near = nearest_name(word, names, n)))
    app_usage(a->command, "no kind or method '%s'; did you mean '%s'?", word, near);
  else
    app_usage(a->command, "no kind or method '%s'; 'assay methods' lists all", word);
  free(names);
  return EXIT_USAGE;
}

static void print(char *text)
{
  fputs(text, stdout);
  if (*text && text[strlen(text) - 1] != '\n')
    putchar('\n');
  free(text);
}

/* A word that is no kind: the methods of that id, of whatever kind. */
static int show_id(const struct app *app, const struct arguments *a, const char *id, bool json)
{
  size_t found = 0;
  for (size_t i = 0; i < registry_count(); i++) {
    const struct method *m = registry_at(i);
    if (strcmp(m->id, id) != 0)
      continue;
    if (found++)
      putchar('\n');
    print(json ? methods_json(m->kind, id) : method_help(m, app->width));
  }
  return found ? EXIT_DONE : unknown_word(a, id);
}

static int run(struct app *app, const struct arguments *a)
{
  bool json = arg_flag(a, "json");
  const struct method *m;
  enum kind kind = 0;
  struct err e;
  if (a->n_words > 2)
    return app_usage(a->command, "methods takes a kind and an id, not also '%s'", a->word[2]);
  if (a->n_words && !kind_parse(a->word[0], &kind))
    return a->n_words == 1 ? show_id(app, a, a->word[0], json) : unknown_word(a, a->word[0]);
  if (a->n_words == 2 && registry_get(&m, kind, a->word[1], &e) != STATUS_OK)
    return app_usage(a->command, "%s", e.message);
  if (json)
    print(methods_json(kind, a->n_words == 2 ? a->word[1] : NULL));
  else if (a->n_words == 2)
    print(method_help(m, app->width));
  else
    print(methods_table(kind, app->width));
  return EXIT_DONE;
}

const struct command command_methods = {
  .name = "methods",
  .summary = "what is built in, with parameters and citations",
  .usage = "[KIND [ID]] [--json]",
  .help = "Examples:\n"
          "  assay methods                       all, one line each\n"
          "  assay methods schedule              the schedules\n"
          "  assay methods schedule cosine       formula, parameters, ranges, citation\n",
  .options = options,
  .words = "method",
  .run = run,
};
