/* tag.c: `assay tag`: words attached to runs. */
#include <stdio.h>
#include <string.h>

#include "app/choosing.h"

static const struct option_row options[] = {
  CHOOSING_OPTIONS,
  {.name = "remove", .letter = 'r', .doc = "take the tag away"},
  {.name = "format", .letter = 'f', .arg = "FORMAT", .doc = "of the list of tags: table, csv, tsv, json, jsonl or md", .complete = "table csv tsv json jsonl md"},
  {.name = "json", .doc = "print the numbers of the runs as one JSON object"},
  {0},
};

enum { LONGEST_TAG = 100 };

static int list(struct app *app, const struct arguments *a)
{
  static const char *const names[] = {"tag", "runs"};
  enum table_format format;
  int code = EXIT_USAGE;
  if (!reading_format(a, &format))
    return EXIT_USAGE;
  struct store *s = reading_open(app);
  if (!s)
    return EXIT_USAGE;
  struct store_query *q = reading_query(app, s, "SELECT tag, count(*) FROM tag JOIN run ON run.id = run_id WHERE trashed_at IS NULL"
                                                " GROUP BY tag ORDER BY tag");
  if (!q) {
    code = reading_failed(app, s);
  } else {
    struct table *t = table_new(format, 2, names, app->tty_out ? app->width : 0);
    while (reading_next(q, &code)) {
      const struct store_cell row[] = {store_query_cell(q, 0), store_query_cell(q, 1)};
      table_row(t, row);
    }
    table_end(t);
    store_query_close(q);
    code = code ? reading_failed(app, s) : EXIT_DONE;
  }
  store_close(s);
  return code;
}

/* Tags are joined by commas in the view `runs`. */
static bool is_tag(const char *tag)
{
  for (const unsigned char *c = (const unsigned char *)tag; *c; c++)
    if (*c <= ' ' || *c == ',' || *c == 127)
      return false;
  return *tag && strlen(tag) <= LONGEST_TAG;
}

static int run(struct app *app, const struct arguments *a)
{
  struct chosen runs;
  bool add = !arg_flag(a, "remove");
  if (a->n_words == 0)
    return list(app, a);
  const char *tag = a->word[0];
  if (!is_tag(tag))
    return app_usage(a->command, "a tag is one word of up to %d bytes without spaces and commas, not '%s'", LONGEST_TAG, tag);
  struct store *s = writing_open(app);
  if (!s)
    return EXIT_USAGE;
  int code = choosing_runs(app, s, a, 1, false, false, &runs);
  for (size_t i = 0; !code && i < runs.n; i++)
    if (store_tag(s, runs.id[i], tag, add) != STORE_OK)
      code = reading_failed(app, s);
  if (!code && arg_flag(a, "json"))
    chosen_print_json(&runs);
  chosen_free(&runs);
  store_close(s);
  return code;
}

const struct command command_tag = {
  .name = "tag",
  .summary = "attach a word to runs, take it away, or list the tags",
  .usage = "[--remove] [--where SQL] [--experiment NAME] [TAG RUN…]",
  .help = "Examples:\n"
          "  assay tag paper 17 18\n"
          "  assay tag baseline --where \"schedule = 'cosine'\"\n"
          "  assay tag --remove paper 18\n"
          "  assay tag                                  the tags and how many runs have them\n"
          "  assay ls --where \"tags like '%paper%'\"\n",
  .options = options,
  .words = "run",
  .run = run,
};
