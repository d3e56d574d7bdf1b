/* ls.c: assay ls: runs, grouped by config with mean and interval over seeds, or one by one. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/listing.h"
#include "experiments/kernel/mem.h"
#include "experiments/params.h"

static const struct option_row options[] = {
  {.name = "where", .letter = 'w', .arg = "SQL", .doc = "runs for which this holds: \"schedule = 'cosine' and lr > 0.01\""},
  {.name = "experiment", .letter = 'e', .arg = "NAME", .doc = "runs of this experiment", .complete = "experiment"},
  {.name = "status", .arg = "STATUS", .doc = "running, done, failed, cancelled or lost", .complete = "running done failed cancelled lost"},
  {.name = "runs", .letter = 'r', .doc = "one row per run"},
  {.name = "group", .letter = 'g', .doc = "one row per config, over its seeds (the default)"},
  {.name = "column", .letter = 'c', .arg = "RESULT", .repeat = true, .doc = "show this result (default: the first four that runs returned)", .complete = "result"},
  {.name = "sort", .letter = 's', .arg = "COL[:desc]", .doc = "by a parameter, a result, id, experiment, n, wall_s, started_at", .complete = "result"},
  {.name = "trash", .doc = "runs in the trash ('assay restore' takes them out), one row per run"},
  {.name = "limit", .letter = 'n', .arg = "N", .doc = "print at most N rows"},
  {.name = "format", .letter = 'f', .arg = "FORMAT", .doc = "table, csv, tsv, json, jsonl or md", .complete = "table csv tsv json jsonl md"},
  {0},
};

enum { COLUMNS_MAX = 64, RESULTS_SHOWN = 4 };

struct view {
  struct app *app;
  const struct arguments *a;
  struct listing list;
  enum table_format format;
  bool by_run;
  long limit;
  const char *columns[COLUMNS_MAX];
  size_t n_columns;
  char *sort;         /* without ":desc"; NULL: as they come */
  bool descending;
};

/* --- sorting ---------------------------------------------------------------------------------- */

static int unknown_sort(const struct view *v)
{
  const struct listing *l = &v->list;
  const char **names = xcalloc(l->params.n + l->results.n + LISTING_SORTS, sizeof *names), *near;
  size_t n = 0;
  for (; n < LISTING_SORTS; n++)
    names[n] = listing_sorts[n];
  for (size_t i = 0; i < l->params.n; i++)
    names[n++] = l->params.name[i];
  for (size_t i = 0; i < l->results.n; i++)
    names[n++] = l->results.name[i];
  near = nearest_name(v->sort, names, n);
  int code = near ? app_usage(v->a->command, "--sort: no parameter or result '%s' in these runs; did you mean '%s'?", v->sort, near)
                  : app_usage(v->a->command, "--sort: no parameter or result '%s' in these runs", v->sort);
  free(names);
  return code;
}

/* The order of rows: as asked, else the best of the first result where its name says what is good. */
static int sort_rows(struct view *v, size_t *order)
{
  const struct listing *l = &v->list;
  if (!v->sort && !v->by_run && l->results.n) {
    const char *first = l->results.name[0];
    v->descending = result_higher_better(first);
    if (v->descending || strstr(first, "error") || strstr(first, "loss"))
      v->sort = xstrdup(first);
  }
  return listing_sort(l, v->sort, v->descending, order) ? EXIT_DONE : unknown_sort(v);
}

/* --- printing --------------------------------------------------------------------------------- */

static bool human(const struct view *v) { return v->format == TABLE_HUMAN || v->format == TABLE_MD; }

/* A parameter has a column when it differs (for people), or always (for machines); a group has no seed. */
static bool shows_param(const struct view *v, size_t k)
{
  if (!v->by_run && strcmp(v->list.params.name[k], "seed") == 0)
    return false;
  return v->list.differs[k] || !human(v);
}

static bool any_unfinished(const struct listing *l)
{
  for (size_t i = 0; i < l->n_rows; i++)
    if (l->row[i].count[STORE_DONE] < l->row[i].n)
      return true;
  return false;
}

/* Names are collected first, then each row fills cells in the same order. */
struct line { struct names names; struct store_cell *cell; size_t n; char **owned; size_t n_owned; };

static void put(struct line *x, const char *name, struct store_cell cell)
{
  if (x->cell)
    x->cell[x->n++] = cell;
  else
    names_add(&x->names, name);
}

/* Put a text that the line owns. */
static void put_owned(struct line *x, const char *name, char *text)
{
  if (x->cell) {
    x->cell[x->n++] = cell_text(text);
    x->owned[x->n_owned++] = text;
    return;
  }
  names_add(&x->names, name);
  free(text);
}

static char *state_text(const struct listing_row *r, bool by_run)
{
  char text[160] = "";
  for (enum store_status st = STORE_RUNNING; st <= STORE_LOST; st++) {
    size_t n = strlen(text);
    if (r->count[st] && by_run)
      return xstrdup(store_status_name(st));
    if (r->count[st])
      snprintf(text + n, sizeof text - n, "%s%zu %s", n ? ", " : "", r->count[st], store_status_name(st));
  }
  return xstrdup(text);
}

static struct store_cell short_text(const char *text, size_t size)
{
  size_t n = strlen(text);
  return (struct store_cell){.type = STORE_TEXT, .text = text, .size = n < size ? n : size};
}

static void put_head(struct line *x, const struct view *v, const struct listing_row *r, bool unfinished)
{
  const struct listing *l = &v->list;
  put(x, v->by_run || !human(v) ? "id" : "run", cell_integer(r->id));
  if (v->by_run)
    put(x, "uid", short_text(r->uid, human(v) ? 8 : 32));
  if (l->experiments.n > 1 || !human(v))
    put(x, "experiment", cell_text(l->experiments.name[r->experiment]));
  if (l->scripts_differ || !human(v))
    put(x, human(v) ? "script" : "script_hash", short_text(r->script, human(v) ? 8 : 32));
  if (v->by_run) {
    put_owned(x, "status", state_text(r, true));
    return;
  }
  put(x, "n", cell_integer((int64_t)r->count[STORE_DONE]));
  if (unfinished && human(v))
    put_owned(x, "runs", state_text(r, false));
  for (enum store_status st = STORE_RUNNING; !human(v) && st <= STORE_LOST; st++)
    put(x, store_status_name(st), cell_integer((int64_t)r->count[st]));
}

static void put_result(struct line *x, const struct view *v, const char *name, const struct summary *result)
{
  if (human(v)) {
    put_owned(x, name, summary_text(result, v->by_run));
  } else if (v->by_run) {
    put(x, name, result->one);
  } else {
    double half = result->half, mean = result->n && !result->n_nan ? result->mean : NAN;
    char *low = xasprintf("%s.low", name), *high = xasprintf("%s.high", name), *count = xasprintf("%s.n", name);
    put(x, name, cell_real(mean));
    put(x, low, cell_real(mean - half));
    put(x, high, cell_real(mean + half));
    put(x, count, cell_integer((int64_t)result->n));
    free(low);
    free(high);
    free(count);
  }
}

static void put_row(struct line *x, const struct view *v, const struct listing_row *r, bool unfinished)
{
  const struct listing *l = &v->list;
  put_head(x, v, r, unfinished);
  for (size_t k = 0; k < l->params.n; k++)
    if (shows_param(v, k))
      put(x, l->params.name[k], r->param[k].type == STORE_NULL && human(v) ? cell_text("-") : r->param[k]);
  for (size_t k = 0; k < l->results.n; k++)
    put_result(x, v, l->results.name[k], &r->result[k]);
  put(x, v->by_run ? "wall_s" : "wall_s.mean", isnan(r->wall_s) && human(v) ? cell_text("-") : cell_real(r->wall_s));
  if (v->by_run)
    put(x, "started_at", human(v) ? short_text(r->started, 19) : cell_text(r->started));
}

/* What is the same in all rows, said once. */
static void print_same(const struct view *v)
{
  const struct listing *l = &v->list;
  size_t said = 0;
  if (l->experiments.n == 1) {
    char *name = text_safe(l->experiments.name[0], false);
    printf("%s: ", name);
    free(name);
  }
  printf("%zu run%s", l->n_runs, l->n_runs == 1 ? "" : "s");
  if (!v->by_run)
    printf(", %zu config%s", l->n_rows, l->n_rows == 1 ? "" : "s");
  for (size_t k = 0; k < l->params.n; k++) {
    const struct store_cell *c = &l->row[0].param[k];
    char number[40];
    if (l->differs[k] || c->type == STORE_NULL || (!v->by_run && strcmp(l->params.name[k], "seed") == 0))
      continue;
    snprintf(number, sizeof number, c->type == STORE_INTEGER ? "%.15g" : "%.6g", c->r);
    char *raw = c->type == STORE_TEXT ? xasprintf("%s=%s", l->params.name[k], c->text) : xasprintf("%s=%s", l->params.name[k], number);
    char *safe = text_safe(raw, false);
    printf("%s%s", said++ ? "  " : "\nsame in all: ", safe);
    free(safe);
    free(raw);
  }
  puts("\n");
}

static void print_foot(const struct view *v, size_t shown)
{
  if (shown < v->list.n_rows)
    printf("\n%zu of %zu rows (--limit)", shown, v->list.n_rows);
  if (v->sort) {
    char *safe = text_safe(v->sort, false);
    printf("%ssorted by %s%s", shown < v->list.n_rows ? ", " : "\n", safe, v->descending ? ", greatest first" : "");
    free(safe);
  }
  if (v->sort || shown < v->list.n_rows)
    puts(v->by_run || !v->list.results.n ? "" : "; mean and half width of the 95 % interval over the n runs that are done");
}

static int print(struct view *v)
{
  const struct listing *l = &v->list;
  bool unfinished = any_unfinished(l);
  size_t *order = xcalloc(l->n_rows, sizeof *order), shown = l->n_rows;
  int code = sort_rows(v, order);
  if (!code) {
    struct line x = {0};
    put_row(&x, v, &l->row[0], unfinished);
    if (v->format == TABLE_HUMAN)
      print_same(v);
    struct table *t = table_new(v->format, x.names.n, (const char *const *)x.names.name, v->app->tty_out ? v->app->width : 0);
    x.cell = xcalloc(x.names.n, sizeof *x.cell);
    x.owned = xcalloc(x.names.n, sizeof *x.owned);
    if (v->limit >= 0 && (size_t)v->limit < shown)
      shown = (size_t)v->limit;
    for (size_t i = 0; i < shown; i++) {
      x.n = 0;
      put_row(&x, v, &l->row[order[i]], unfinished);
      table_row(t, x.cell);
      while (x.n_owned)
        free(x.owned[--x.n_owned]);
    }
    table_end(t);
    if (v->format == TABLE_HUMAN)
      print_foot(v, shown);
    names_free(&x.names);
    free(x.cell);
    free(x.owned);
  }
  free(order);
  return code;
}

/* --- the command ------------------------------------------------------------------------------ */

static bool known_status(const struct arguments *a, const char *word)
{
  for (enum store_status st = STORE_RUNNING; word && st <= STORE_LOST; st++)
    if (strcmp(word, store_status_name(st)) == 0)
      return true;
  if (word)
    app_usage(a->command, "--status must be running, done, failed, cancelled or lost, not '%s'", word);
  return !word;
}

static bool parse(struct view *v)
{
  const struct arguments *a = v->a;
  const char *sort = arg_value(a, "sort");
  char *colon;
  if (a->n_words) {
    app_usage(a->command, "ls takes no words ('%s'): choose runs with --experiment or --where", a->word[0]);
    return false;
  }
  if (arg_flag(a, "runs") && arg_flag(a, "group")) {
    app_usage(a->command, "--runs and --group exclude each other");
    return false;
  }
  v->by_run = arg_flag(a, "runs") || (arg_flag(a, "trash") && !arg_flag(a, "group"));
  v->n_columns = arg_values(a, "column", v->columns, COLUMNS_MAX - 1);
  v->sort = sort ? xstrdup(sort) : NULL;
  if (sort && (colon = strrchr(v->sort, ':')) && (strcmp(colon, ":desc") == 0 || strcmp(colon, ":asc") == 0)) {
    v->descending = strcmp(colon, ":desc") == 0;
    *colon = '\0';
  }
  return known_status(a, arg_value(a, "status")) && reading_format(a, &v->format) &&
         arg_integer(a, "limit", 0, 1000000000, -1, &v->limit);
}

static int list(struct view *v, struct store *s)
{
  struct listing_ask ask = {
    .where = arg_value(v->a, "where"), .experiment = arg_value(v->a, "experiment"), .status = arg_value(v->a, "status"),
    .columns = v->columns, .n_columns = v->n_columns, .by_run = v->by_run, .timings = !human(v), .trash = arg_flag(v->a, "trash"),
    .most_results = v->n_columns ? 0 : human(v) ? RESULTS_SHOWN : SIZE_MAX,
  };
  if (v->sort) /* a result to sort by is shown; other names are not found among the results and add nothing */
    v->columns[ask.n_columns++] = v->sort;
  int code = listing_load(&v->list, v->app, s, &ask);
  if (!code && v->list.n_rows)
    code = print(v);
  else if (!code && v->format != TABLE_HUMAN)
    table_end(table_new(v->format, 0, NULL, 0));
  else if (!code)
    fprintf(stderr, "no runs%s\n", ask.where || ask.experiment || ask.status ? " match" : ask.trash ? " in the trash" : " yet");
  listing_free(&v->list);
  return code;
}

static int run(struct app *app, const struct arguments *a)
{
  struct view v = {.app = app, .a = a};
  int code = EXIT_USAGE;
  if (parse(&v)) {
    struct store *s = reading_open(app);
    if (s)
      code = list(&v, s);
    store_close(s);
  }
  free(v.sort);
  return code;
}

const struct command command_ls = {
  .name = "ls",
  .summary = "runs, grouped by config over their seeds, or one by one",
  .usage = "[--where SQL] [--experiment NAME] [--status STATUS] [--runs] [--trash] [--sort COL[:desc]]",
  .help = "Examples:\n"
          "  assay ls                                         configs with n, mean and 95 % interval\n"
          "  assay ls --runs --status failed                  single runs\n"
          "  assay ls -w \"schedule = 'cosine' and lr > 0.01\"  filter by parameters, results, columns of `runs`\n"
          "  assay ls -c test_error -s test_error -f csv\n"
          "What is the same in all rows is said once above the table.\n",
  .options = options,
  .run = run,
};
