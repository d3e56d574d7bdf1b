/* plot.c: `assay plot`: a metric's curves from the store, one for each config, averaged over seeds. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "app/graphics.h"
#include "app/plot/plot.h"
#include "app/reading.h"
#include "experiments/kernel/mem.h"
#include "experiments/params.h"

static const struct option_row options[] = {
  {.name = "experiment", .letter = 'e', .arg = "NAME", .doc = "the runs of this experiment", .complete = "experiment"},
  {.name = "where", .letter = 'w', .arg = "SQL", .doc = "runs for which this holds: \"schedule = 'cosine' and lr > 0.01\""},
  {.name = "each", .doc = "a curve for each run instead of each config"},
  {.name = "limit", .arg = "N", .doc = "at most so many curves (default 8)"},
  {.name = "x", .arg = "KEY", .doc = "'step' (default) or a metric for the horizontal axis", .complete = "metric"},
  {.name = "log-x", .doc = "logarithmic horizontal axis"},
  {.name = "log-y", .doc = "logarithmic vertical axis"},
  {.name = "svg", .arg = "FILE", .doc = "write an SVG picture instead ('-': to stdout)", .complete = "file"},
  {.name = "ascii", .doc = "plain ASCII characters only"},
  {.name = "width", .arg = "N", .doc = "columns"},
  {.name = "height", .arg = "N", .doc = "lines"},
  {0},
};

struct curve {
  char *ids;    /* "12,13,14": the runs that are averaged; owned */
  int64_t first_id;
  char *label;  /* owned */
  size_t n, room;
  double *x, *y, *low, *high; /* owned */
};

struct plotting {
  struct store *store;
  const struct arguments *a;
  const char *metric, *x_key; /* x_key NULL: the step */
  struct curve *curves;
  size_t n;
};

static int store_trouble(const struct plotting *p)
{
  app_complain("%s", store_message(p->store));
  return EXIT_USAGE;
}

/* --- which runs --------------------------------------------------------------------------------- */

static bool is_hex(const char *s) { return *s && strspn(s, "0123456789abcdef") == strlen(s); }

/* "id = 12 or uid like '3fa%'": the words of the command line as SQL; NULL after a message. */
static char *words_as_sql(const struct arguments *a)
{
  char *sql = xstrdup("0");
  for (size_t i = 1; i < a->n_words; i++) {
    const char *w = a->word[i];
    bool number = *w && strlen(w) < 19 && strspn(w, "0123456789") == strlen(w);
    if (!number && !is_hex(w)) {
      app_usage(a->command, "'%s' is no run: give its number or the beginning of its uid", w);
      free(sql);
      return NULL;
    }
    char *longer = number ? xasprintf("%s or id = %s", sql, w) : xasprintf("%s or uid like '%s%%'", sql, w);
    free(sql);
    sql = longer;
  }
  return sql;
}

/* The query of the runs; ?1 is the experiment's name where it is given. `from` chooses by --where. */
static char *runs_sql(const struct arguments *a, const char *from)
{
  char *words = a->n_words > 1 ? words_as_sql(a) : NULL;
  if (a->n_words > 1 && !words)
    return NULL;
  bool any = words || arg_value(a, "experiment") || arg_value(a, "where");
  char *sql = xasprintf("select %s, group_concat(id), min(id) from (select r.id, r.group_hash %s and (%s) and (%s) order by r.id)"
                        " group by 1 order by 3",
                        arg_flag(a, "each") ? "id" : "group_hash", from, words ? words : "1",
                        arg_value(a, "experiment") ? "r.experiment = ?1"
                        : any                      ? "1"
                                                   : "r.experiment_id = (select experiment_id from runs order by id desc limit 1)");
  free(words);
  return sql;
}

static int take_curves(struct plotting *p, struct store_query *q)
{
  const char *name = arg_value(p->a, "experiment");
  int code = name ? store_query_bind_text(q, 1, name) : STORE_OK;
  bool row = false;
  while (code == STORE_OK && (code = store_query_next(q, &row)) == STORE_OK && row) {
    p->curves = xrealloc(p->curves, (p->n + 1) * sizeof *p->curves);
    p->curves[p->n++] = (struct curve){.ids = xstrdup(store_query_cell(q, 1).text), .first_id = store_query_cell(q, 2).i};
  }
  return code;
}

static int find_curves(struct plotting *p, struct app *app)
{
  struct names params = {0}, results = {0};
  const char *where = arg_value(p->a, "where");
  int code = EXIT_DONE;
  if (where && (reading_keys(app, p->store, "param", &params) || reading_keys(app, p->store, "result", &results)))
    code = reading_failed(app, p->store);
  char *from = where_from("runs", where, &params, &results), *sql = code ? NULL : runs_sql(p->a, from);
  struct store_query *q = sql ? reading_query(app, p->store, sql) : NULL;
  if (!sql)
    code = EXIT_USAGE;
  else if (!q)
    code = where_refused(app, p->store, where, &params, &results);
  else if (take_curves(p, q) != STORE_OK)
    code = reading_failed(app, p->store);
  store_query_close(q);
  free(from);
  free(sql);
  names_free(&params);
  names_free(&results);
  return code;
}

/* --- their points ------------------------------------------------------------------------------- */

static double cell_number(struct store_cell c)
{
  return c.type == STORE_INTEGER ? (double)c.i : c.type == STORE_REAL ? c.r : NAN;
}

static void add_point(struct curve *c, const double v[4])
{
  if (c->n == c->room) {
    c->room = c->room ? 2 * c->room : 256;
    double **columns[] = {&c->x, &c->y, &c->low, &c->high};
    for (int i = 0; i < 4; i++)
      *columns[i] = xrealloc(*columns[i], c->room * sizeof(double));
  }
  c->x[c->n] = v[0];
  c->y[c->n] = v[1];
  c->low[c->n] = v[2];
  c->high[c->n++] = v[3];
}

static int read_curve(struct plotting *p, struct curve *c)
{
  struct store_query *q = NULL;
  bool row = false;
  char *sql = p->x_key
    ? xasprintf("select avg(x.value), avg(y.value), min(y.value), max(y.value) from metric y join metric x on x.run_id = y.run_id"
                " and x.step = y.step and x.key_id = (select id from metric_key where name = ?2) where y.run_id in (%s) and"
                " y.key_id = (select id from metric_key where name = ?1) group by y.step order by 1", c->ids)
    : xasprintf("select step, avg(value), min(value), max(value) from metric where run_id in (%s) and"
                " key_id = (select id from metric_key where name = ?1) group by step order by step", c->ids);
  int code = store_query_open(&q, p->store, sql, NULL);
  free(sql);
  if (code == STORE_OK)
    code = store_query_bind_text(q, 1, p->metric);
  if (code == STORE_OK && p->x_key)
    code = store_query_bind_text(q, 2, p->x_key);
  while (code == STORE_OK && (code = store_query_next(q, &row)) == STORE_OK && row) {
    double v[4];
    for (size_t i = 0; i < 4; i++)
      v[i] = cell_number(store_query_cell(q, i));
    add_point(c, v);
  }
  if (q)
    store_query_close(q);
  return code == STORE_OK ? EXIT_DONE : store_trouble(p);
}

/* Read the curves, dropping those without this metric, up to the limit. */
static int read_curves(struct plotting *p, size_t limit)
{
  size_t kept = 0, skipped = 0;
  for (size_t i = 0; i < p->n; i++) {
    struct curve c = p->curves[i];
    if (kept < limit && read_curve(p, &c) != EXIT_DONE)
      return EXIT_USAGE;
    p->curves[i].ids = NULL; /* c owns it now */
    if (kept < limit && c.n) {
      p->curves[kept++] = c;
    } else {
      skipped += kept >= limit;
      free(c.ids);
    }
  }
  p->n = kept;
  if (skipped)
    fprintf(stderr, "the first %zu of %zu curves; choose others with --where, or --limit\n", kept, kept + skipped);
  return EXIT_DONE;
}

/* --- labels ------------------------------------------------------------------------------------- */

/* What tells this curve from the others: "lr=0.1 schedule=cosine"; the run's number when nothing does. */
static int label_curve(struct plotting *p, struct curve *c, const char *all_ids)
{
  struct store_query *q = NULL;
  bool row = false;
  char *sql = xasprintf("select group_concat(key || '=' || value, ' ') from (select key, case when typeof(value) = 'real' then"
                        " printf('%%.4g', value) else value end as value from param where run_id = %lld and key in"
                        " (select key from param where run_id in (%s) and key <> 'seed' group by key having count(distinct value) > 1)"
                        " order by key)", (long long)c->first_id, all_ids);
  int code = store_query_open(&q, p->store, sql, NULL);
  free(sql);
  if (code == STORE_OK && (code = store_query_next(q, &row)) == STORE_OK && row && store_query_cell(q, 0).text)
    c->label = text_safe(store_query_cell(q, 0).text, false);
  if (q)
    store_query_close(q);
  if (!c->label)
    c->label = strchr(c->ids, ',') ? xasprintf("runs %s", c->ids) : xasprintf("run %s", c->ids);
  return code == STORE_OK ? EXIT_DONE : store_trouble(p);
}

static int label_curves(struct plotting *p)
{
  char *all = xstrdup("0");
  int code = EXIT_DONE;
  for (size_t i = 0; i < p->n; i++) {
    char *longer = xasprintf("%s,%s", all, p->curves[i].ids);
    free(all);
    all = longer;
  }
  for (size_t i = 0; i < p->n && code == EXIT_DONE; i++)
    code = label_curve(p, &p->curves[i], all);
  free(all);
  return code;
}

/* --- messages ----------------------------------------------------------------------------------- */

/* No curve has a point: is it the metric's name, or the choice of runs? */
static int nothing_to_draw(struct plotting *p)
{
  struct store_query *q = NULL;
  const char *near = NULL;
  char **names = NULL;
  size_t n = 0;
  bool row = false, known = false;
  if (store_query_open(&q, p->store, "select name from metric_key", NULL) == STORE_OK)
    while (store_query_next(q, &row) == STORE_OK && row) {
      names = xrealloc(names, (n + 1) * sizeof *names);
      names[n] = xstrdup(store_query_cell(q, 0).text);
      known = known || strcmp(names[n], p->metric) == 0;
      n++;
    }
  if (q)
    store_query_close(q);
  if (!known)
    near = nearest_name(p->metric, (const char *const *)names, n);
  if (known)
    app_complain("none of the runs chosen has logged '%s'", p->metric);
  else if (near)
    app_complain("no run has logged '%s'; did you mean '%s'?", p->metric, near);
  else
    app_complain("no run has logged '%s'; 'assay query \"select name from metric_key\"' lists what was", p->metric);
  for (size_t i = 0; i < n; i++)
    free(names[i]);
  free(names);
  return EXIT_USAGE;
}

/* --- drawing ------------------------------------------------------------------------------------ */

static int write_svg(const struct plot_spec *spec, const char *path)
{
  char *svg = plot_svg(spec);
  bool to_stdout = strcmp(path, "-") == 0;
  FILE *f = to_stdout ? stdout : fopen(path, "w");
  if (!f) {
    app_complain("%s: %s", path, strerror(errno));
    free(svg);
    return EXIT_USAGE;
  }
  bool written = fputs(svg, f) >= 0;
  free(svg);
  if ((!to_stdout && fclose(f) != 0) || !written) {
    app_complain("%s: %s", path, strerror(errno));
    return EXIT_USAGE;
  }
  return EXIT_DONE;
}

static int draw(const struct plotting *p, const struct app *app)
{
  struct plot_series *series = xcalloc(p->n, sizeof *series);
  long width, height;
  int code = EXIT_USAGE;
  for (size_t i = 0; i < p->n; i++) {
    const struct curve *c = &p->curves[i];
    bool band = strchr(c->ids, ',') != NULL;
    series[i] = (struct plot_series){.label = c->label, .n = c->n, .x = c->x, .y = c->y, .low = band ? c->low : NULL,
                                     .high = band ? c->high : NULL};
  }
  if (!arg_integer(p->a, "width", 20, 1000, app->tty_out ? app->width : 80, &width) ||
      !arg_integer(p->a, "height", 5, 400, 24, &height))
    goto done;
  const struct plot_spec spec = {
    .kind = PLOT_LINE, .title = p->metric, .x_label = p->x_key ? p->x_key : "step",
    .log_x = arg_flag(p->a, "log-x"), .log_y = arg_flag(p->a, "log-y"), .n_series = p->n, .series = series, .width = (int)width,
    .height = (int)height, .ascii = arg_flag(p->a, "ascii") || !app->utf8, .colour = app_colours(app, app->light)};
  if (arg_value(p->a, "svg")) {
    code = write_svg(&spec, arg_value(p->a, "svg"));
    goto done;
  }
  graphics_show(app, &spec);
  code = EXIT_DONE;
done:
  free(series);
  return code;
}

static void plotting_done(struct plotting *p)
{
  for (size_t i = 0; i < p->n; i++) {
    struct curve *c = &p->curves[i];
    free(c->ids);
    free(c->label);
    free(c->x);
    free(c->y);
    free(c->low);
    free(c->high);
  }
  free(p->curves);
  store_close(p->store);
}

static int plot(struct app *app, struct plotting *p)
{
  long limit;
  int code;
  if (!arg_integer(p->a, "limit", 1, 1000, 8, &limit))
    return EXIT_USAGE;
  if ((code = find_curves(p, app)) != EXIT_DONE)
    return code;
  if ((code = read_curves(p, (size_t)limit)) != EXIT_DONE)
    return code;
  if (p->n == 0)
    return nothing_to_draw(p);
  if ((code = label_curves(p)) != EXIT_DONE)
    return code;
  return draw(p, app);
}

static int run(struct app *app, const struct arguments *a)
{
  struct plotting p = {.a = a};
  const char *x = arg_value(a, "x");
  if (a->n_words == 0)
    return app_usage(a->command, "which metric?");
  p.metric = a->word[0];
  p.x_key = x && strcmp(x, "step") != 0 ? x : NULL;
  if (!(p.store = reading_open(app)))
    return EXIT_USAGE;
  int code = plot(app, &p);
  plotting_done(&p);
  return code;
}

const struct command command_plot = {
  .name = "plot",
  .summary = "a metric's curves as text, picture or SVG",
  .usage = "METRIC [RUN…] [--experiment NAME] [--where SQL] [--log-y] [--svg FILE] …",
  .help = "Examples:\n"
          "  assay plot val_error                        the newest experiment, a curve for each config\n"
          "  assay plot loss 12 15 --log-y               two runs\n"
          "  assay plot val_error --where \"schedule = 'cosine'\" --svg out.svg\n"
          "\n"
          "Runs that differ only by seed are one curve, their mean, with a band from the least to the greatest.\n"
          "A terminal with sixel or kitty graphics (it is asked) shows a picture; --graphics=text keeps to text.\n",
  .options = options,
  .words = "metric",
  .run = run,
};
