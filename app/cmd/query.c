/* query.c: assay query: read-only SQL on the store. */
#include <stdio.h>
#include <stdlib.h>

#include "app/reading.h"
#include "experiments/kernel/mem.h"

static const struct option_row options[] = {
  {.name = "format", .letter = 'f', .arg = "FORMAT", .doc = "table, csv, tsv, json, jsonl or md", .complete = "table csv tsv json jsonl md"},
  {.name = "limit", .letter = 'n', .arg = "N", .doc = "print at most N rows"},
  {.name = "timeout", .arg = "SECONDS", .doc = "give up after so long (default: 60; 0: never)"},
  {0},
};

static struct table *begin(const struct store_query *q, enum table_format format, int width)
{
  size_t columns = store_query_columns(q);
  const char **names = xcalloc(columns, sizeof *names);
  for (size_t k = 0; k < columns; k++)
    names[k] = store_query_name(q, k);
  struct table *t = table_new(format, columns, names, width);
  free(names);
  return t;
}

/* Rows of an answer that broke off are printed, but the exit code and a message say that it is not whole. */
static int print(struct app *app, struct store *s, struct store_query *q, enum table_format format, long limit)
{
  size_t columns = store_query_columns(q);
  struct store_cell *cells = xcalloc(columns, sizeof *cells);
  struct table *t = begin(q, format, app->tty_out ? app->width : 0);
  long rows = 0;
  int code = STORE_OK;
  for (; (limit < 0 || rows < limit) && reading_next(q, &code); rows++) {
    for (size_t k = 0; k < columns; k++)
      cells[k] = store_query_cell(q, k);
    table_row(t, cells);
  }
  table_end(t);
  free(cells);
  return code ? reading_failed(app, s) : EXIT_DONE;
}

static int run(struct app *app, const struct arguments *a)
{
  enum table_format format;
  long limit, timeout;
  struct store_query *q;
  if (a->n_words != 1)
    return app_usage(a->command, a->n_words ? "the query must be one word: put it in quotes" : "which query?");
  if (!reading_format(a, &format) || !arg_integer(a, "limit", 0, 1000000000, -1, &limit) ||
      !arg_integer(a, "timeout", 0, 1000000, 60, &timeout))
    return EXIT_USAGE;
  struct store *s = reading_open(app);
  if (!s)
    return EXIT_USAGE;
  struct store_limits limits = {.seconds = (double)timeout, .cancel = &app->cancel};
  int code = store_query_open(&q, s, a->word[0], &limits);
  int exit_code = code ? reading_failed(app, s) : print(app, s, q, format, limit);
  if (!code)
    store_query_close(q);
  store_close(s);
  return exit_code;
}

const struct command command_query = {
  .name = "query",
  .summary = "read-only SQL on the store",
  .usage = "[--format FORMAT] [--limit N] [--timeout SECONDS] SQL",
  .help = "Examples:\n"
          "  assay query \"select status, count(*) from runs group by 1\"\n"
          "  assay query --format csv \"select step, value from metrics where run_id = 3 and key = 'loss'\"\n"
          "Views: runs, metrics, results, params (all of the schema: assay query -f csv \"select sql from sqlite_schema\").\n"
          "One statement that reads; rows come in no particular order without ORDER BY; NULL of a metric is NaN.\n",
  .options = options,
  .run = run,
};
