/* view_compare.c: screen 3: the marked runs, grouped by config, side by side: curves with their bands, the parameters
 * that differ, and for each result the difference to the first group, paired by seed, with interval and tests. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ui/rows.h"
#include "app/ui/run_data.h"
#include "experiments/kernel/mem.h"
#include "experiments/kernel/stats.h"

enum { MOST_GROUPS = 8, MOST_PAIRS = 1000 };

/* One result of one group against group A. */
struct effect {
  size_t result, group, pairs;
  double difference, low, high, t_p, wilcoxon_p, size; /* size: |mean| / sd of the differences */
};

struct comparison {
  struct listing list;
  size_t n;                      /* groups: rows of the listing, at most MOST_GROUPS */
  struct names metrics;
  char *metric;
  struct curve curve[MOST_GROUPS];
  struct effect *effect; size_t n_effects;
};

struct compare {
  struct ui *ui;
  struct comparison data;
  bool loaded, log_y;
  struct list list;              /* of effects */
  struct area table;
  int64_t *asked; size_t n_asked; /* the marks that `data` is of */
  char *metric;                  /* wanted; NULL: the first */
  struct comparing *job;
};

static void free_comparison(struct comparison *c)
{
  listing_free(&c->list);
  names_free(&c->metrics);
  for (size_t i = 0; i < MOST_GROUPS; i++)
    curve_free(&c->curve[i]);
  free(c->metric);
  free(c->effect);
  *c = (struct comparison){0};
}

/* --- the numbers -------------------------------------------------------------------------------------------------- */

static struct effect effect_of(const struct comparison *c, size_t result, size_t group)
{
  const struct summary *a = &c->list.row[0].result[result], *b = &c->list.row[group].result[result];
  double x[MOST_PAIRS], y[MOST_PAIRS], d[MOST_PAIRS], sd;
  struct effect out = {.result = result, .group = group, .difference = NAN, .low = NAN, .high = NAN, .t_p = NAN, .wilcoxon_p = NAN, .size = -1};
  struct stats_t_test t;
  struct stats_wilcoxon w;
  struct err e = {0};
  if (!a->n || !b->n || a->n_nan || b->n_nan)
    return out;
  out.difference = b->mean - a->mean;
  out.pairs = summary_pairs(a, b, x, y, MOST_PAIRS);
  for (size_t i = 0; i < out.pairs; i++)
    d[i] = y[i] - x[i];
  if (out.pairs >= 2 && stats_paired_t(y, x, out.pairs, 0.95, &t, &e) == STATUS_OK) {
    out.difference = t.mean_difference;
    out.low = t.interval.low;
    out.high = t.interval.high;
    out.t_p = t.p;
    out.size = stats_sd(d, out.pairs, &sd, &e) == STATUS_OK && sd > 0 ? fabs(t.mean_difference) / sd : INFINITY;
  }
  if (out.pairs >= 2 && stats_wilcoxon(y, x, out.pairs, &w, &e) == STATUS_OK)
    out.wilcoxon_p = w.p;
  return out;
}

static int by_size(const void *a, const void *b)
{
  const struct effect *p = a, *q = b;
  if (p->size != q->size)
    return p->size > q->size ? -1 : 1;
  return p->result != q->result ? (p->result > q->result) - (p->result < q->result) : (p->group > q->group) - (p->group < q->group);
}

static void find_effects(struct comparison *c)
{
  c->effect = xcalloc(c->list.results.n * MOST_GROUPS + 1, sizeof *c->effect);
  for (size_t k = 0; k < c->list.results.n; k++)
    for (size_t g = 1; g < c->n; g++)
      c->effect[c->n_effects++] = effect_of(c, k, g);
  if (c->n_effects)
    qsort(c->effect, c->n_effects, sizeof *c->effect, by_size);
}

/* --- reading ------------------------------------------------------------------------------------------------------- */

struct comparing {
  struct aside_job job; /* first */
  struct compare *view;
  int64_t *run; size_t n;
  char *metric;
  struct comparison data;
  bool good;
};

static void find_metrics(struct comparison *c, struct app *app, struct store *s, const char *ids)
{
  int code;
  char *sql = xasprintf("SELECT name FROM metric_key k WHERE EXISTS (SELECT 1 FROM metric WHERE key_id = k.id AND run_id IN (%s)) ORDER BY name", ids);
  struct store_query *q = reading_query(app, s, sql);
  free(sql);
  while (q && reading_next(q, &code))
    names_add(&c->metrics, store_query_cell(q, 0).text);
  if (q)
    store_query_close(q);
}

static const char *usual_metric(const struct names *metrics)
{
  static const char *const wanted[] = {"val_error", "val_loss", "loss"};
  for (size_t i = 0; i < 3; i++)
    if (names_has(metrics, wanted[i]))
      return wanted[i];
  return metrics->n ? metrics->name[0] : NULL;
}

static void read_curves(struct comparison *c, struct app *app, struct store *s)
{
  for (size_t g = 0; g < c->n && c->metric; g++) {
    int64_t *run = xcalloc(c->list.n_runs + 1, sizeof *run);
    size_t n = 0;
    for (size_t i = 0; i < c->list.n_runs; i++)
      if (c->list.run[i].row == g)
        run[n++] = c->list.run[i].id;
    if (!curve_load(&c->curve[g], app, s, run, n, c->metric))
      curve_free(&c->curve[g]); /* the group stands without its curve; stderr has told why */
    free(run);
  }
}

static void comparing_work(struct aside_job *job, struct app *app, struct store *s)
{
  struct comparing *k = (struct comparing *)job;
  struct comparison *c = &k->data;
  if (!s)
    return;
  char *ids = run_list(k->run, k->n), *where = xasprintf("id IN (%s)", ids);
  const struct listing_ask ask = {.seeds = true, .where = where, .most_results = SIZE_MAX};
  k->good = listing_load(&c->list, app, s, &ask) == EXIT_DONE;
  if (k->good) {
    const char *usual;
    c->n = c->list.n_rows < MOST_GROUPS ? c->list.n_rows : MOST_GROUPS;
    find_effects(c);
    find_metrics(c, app, s, ids);
    usual = usual_metric(&c->metrics);
    c->metric = k->metric && names_has(&c->metrics, k->metric) ? xstrdup(k->metric) : usual ? xstrdup(usual) : NULL;
    read_curves(c, app, s);
  }
  free(ids);
  free(where);
}

static void comparing_done(struct aside_job *job)
{
  static const char *const names[] = {"result", "B", "A", "B - A", "95 % interval", "pairs", "t p", "Wilcoxon p"};
  struct comparing *k = (struct comparing *)job;
  struct compare *v = k->view;
  v->job = NULL;
  if (job->error)
    ui_complain(v->ui, "%s", job->error);
  if (k->good) {
    free_comparison(&v->data);
    v->data = k->data;
    k->data = (struct comparison){0};
    v->loaded = v->data.n > 0; /* marked runs may have gone to the trash */
    v->list.n_rows = v->data.n_effects;
    list_set_columns(&v->list, names, sizeof names / sizeof *names);
  }
  ui_redraw(v->ui);
}

static void comparing_release(struct aside_job *job)
{
  struct comparing *k = (struct comparing *)job;
  free_comparison(&k->data);
  free(k->run);
  free(k->metric);
  free(k);
}

static void load(struct compare *v)
{
  const int64_t *marks;
  size_t n = ui_marked(v->ui, &marks);
  if (v->job)
    aside_drop(ui_aside(v->ui), &v->job->job);
  v->job = NULL;
  free(v->asked);
  v->asked = xcalloc(n + 1, sizeof *v->asked);
  for (size_t i = 0; i < n; i++)
    v->asked[i] = marks[i];
  v->n_asked = n;
  if (!n) {
    v->loaded = false;
    return;
  }
  struct comparing *k = xcalloc(1, sizeof *k);
  k->job = (struct aside_job){.work = comparing_work, .done = comparing_done, .release = comparing_release};
  k->view = v;
  k->run = xcalloc(n, sizeof *k->run);
  memcpy(k->run, marks, n * sizeof *k->run);
  k->n = n;
  k->metric = v->metric ? xstrdup(v->metric) : NULL;
  v->job = k;
  aside_ask(ui_aside(v->ui), &k->job);
}

static void refresh(void *self, bool store_changed)
{
  struct compare *v = self;
  const int64_t *marks;
  size_t n = ui_marked(v->ui, &marks);
  bool same = n == v->n_asked && (!n || memcmp(marks, v->asked, n * sizeof *marks) == 0);
  if (!same || (store_changed && n))
    load(v);
}

/* --- drawing ---------------------------------------------------------------------------------------------------------- */

static char *cell(void *self, size_t row, size_t column, struct plot_cell *style)
{
  const struct compare *v = self;
  const struct effect *e = &v->data.effect[row];
  const struct listing *l = &v->data.list;
  if (!isnan(e->t_p) && e->t_p < 0.05 && column >= 3)
    style->fg = UI_ORANGE;
  switch (column) {
  case 0: return v->data.n > 2 ? xasprintf("%s  %c", l->results.name[e->result], (char)('A' + e->group)) : xstrdup(l->results.name[e->result]);
  case 1: return summary_text(&l->row[e->group].result[e->result], false);
  case 2: return summary_text(&l->row[0].result[e->result], false);
  case 3: return isnan(e->difference) ? xstrdup("") : xasprintf("%+.4g", e->difference);
  case 4: return isnan(e->low) ? xstrdup("") : xasprintf("[%.3g, %.3g]", e->low, e->high);
  case 5: return xasprintf("%zu", e->pairs);
  case 6: return isnan(e->t_p) ? xstrdup("") : xasprintf("%.2g", e->t_p);
  default: return isnan(e->wilcoxon_p) ? xstrdup("") : xasprintf("%.2g", e->wilcoxon_p);
  }
}

static void draw_groups(const struct compare *v, struct plot_grid *g, struct area a)
{
  const struct listing *l = &v->data.list;
  for (size_t i = 0; i < v->data.n && (int)i < a.height; i++) {
    char *config = row_config_text(l, i);
    plot_put(g, a.row + (int)i, 1, plot_marker(i, MB_CUR_MAX == 1), plot_colour_cell(i));
    draw_format(g, a.row + (int)i, 3, a.width - 4, plot_colour_cell(i), PLOT_BOLD, "%c  %s  (%zu)", (char)('A' + i), config, l->row[i].count[STORE_DONE]);
    free(config);
  }
}

static void draw_curves(const struct compare *v, struct plot_grid *g, struct area a)
{
  struct plot_series series[MOST_GROUPS];
  char label[MOST_GROUPS][2];
  size_t n = 0;
  for (size_t i = 0; i < v->data.n; i++) {
    const struct curve *c = &v->data.curve[i];
    label[i][0] = (char)('A' + i);
    label[i][1] = '\0';
    if (!c->n)
      continue;
    series[n] = (struct plot_series){.label = label[i], .n = c->n, .x = c->x, .y = c->y, .low = c->low, .high = c->high};
    n++;
  }
  struct plot_spec spec = {.kind = PLOT_LINE, .title = v->data.metric, .x_label = "step", .log_y = v->log_y, .n_series = n, .series = series};
  draw_plot(g, a, &spec);
}

/* The selected result seed by seed: what each pair says. */
static void draw_pairs(const struct compare *v, struct plot_grid *g, struct area a)
{
  if (!v->data.n_effects || v->list.at >= v->data.n_effects)
    return;
  const struct effect *e = &v->data.effect[v->list.at];
  const struct summary *x = &v->data.list.row[0].result[e->result], *y = &v->data.list.row[e->group].result[e->result];
  double most = 0;
  int row = 1, width = a.width - 28;
  draw_format(g, a.row, a.col, a.width, 0, PLOT_BOLD, "%c - A by seed: %s", (char)('A' + e->group), v->data.list.results.name[e->result]);
  for (size_t i = 0; i < y->n; i++)
    for (size_t k = 0; k < x->n; k++)
      if (x->seed[k] == y->seed[i] && y->seed[i] != INT64_MIN)
        most = fmax(most, fabs(y->value[i] - x->value[k]));
  for (size_t i = 0; i < y->n && row < a.height; i++)
    for (size_t k = 0; k < x->n; k++) {
      if (x->seed[k] != y->seed[i] || y->seed[i] == INT64_MIN)
        continue;
      double d = y->value[i] - x->value[k];
      draw_format(g, a.row + row, a.col, 12, UI_GREY, 0, "seed %lld", (long long)y->seed[i]);
      for (int c = 0; c < width; c++)
        plot_put(g, a.row + row, a.col + 12 + c, c == width / 2 ? 0x2502 : 0x2500, UI_GREY);
      if (width > 2)
        plot_put(g, a.row + row, a.col + 12 + (int)lround((most > 0 ? d / most : 0) * (0.5 * width - 1)) + width / 2, plot_marker(e->group, MB_CUR_MAX == 1), plot_colour_cell(e->group));
      draw_format(g, a.row + row++, a.col + a.width - 14, 14, 0, 0, "%+.4g", d);
      break;
    }
}

static void draw(void *self, struct plot_grid *g, struct area a)
{
  struct compare *v = self;
  if (!v->loaded) {
    draw_wrapped(g, (struct area){a.row + 1, 2, a.height - 1, a.width - 4},
                 v->job ? "reading …" : "mark configs or runs on screen 1 with Space, then come back: they stand here side by side", UI_GREY, 0);
    return;
  }
  int groups = (int)v->data.n, rest = a.height - groups, plot = v->data.metric ? rest / 2 : 0;
  draw_groups(v, g, (struct area){a.row, 0, groups, a.width});
  bool two = a.width >= 100 && v->data.n > 1;
  int width = two ? a.width * 3 / 5 : a.width;
  if (plot)
    draw_curves(v, g, (struct area){a.row + groups, 0, plot, width});
  if (two && plot)
    draw_pairs(v, g, (struct area){a.row + groups, width + 1, plot, a.width - width - 2});
  v->table = (struct area){a.row + groups + plot, 0, rest - plot, a.width};
  if (v->data.n < 2)
    draw_text(g, v->table.row, 2, a.width - 4, "one config only: mark another one to compare it with", UI_GREY, 0);
  else
    list_draw(&v->list, g, v->table);
}

static void say_title(void *self, char *out, size_t size)
{
  const struct compare *v = self;
  const struct listing *l = &v->data.list;
  size_t used = (size_t)snprintf(out, size, "%s", v->loaded ? "differs:" : "");
  for (size_t k = 0; v->loaded && v->data.n && k < l->params.n && used < size; k++)
    if (l->differs[k] && strcmp(l->params.name[k], "seed") != 0)
      used += (size_t)snprintf(out + used, size - used, " %s", row_param_name(l->params.name[k]));
}

/* --- requests ------------------------------------------------------------------------------------------------------------ */

static unsigned next_metric(struct compare *v)
{
  size_t at = v->data.metric ? row_find(&v->data.metrics, v->data.metric) : 0;
  if (!v->data.metrics.n)
    return UI_HANDLED;
  free(v->metric);
  v->metric = xstrdup(v->data.metrics.name[(at + 1) % v->data.metrics.n]);
  load(v);
  return UI_HANDLED | UI_REDRAW;
}

static unsigned request(void *self, enum request r, const struct ui_event *ev)
{
  struct compare *v = self;
  if (!v->loaded)
    return 0;
  if (r == REQUEST_METRIC)
    return next_metric(v);
  if (r == REQUEST_LOG_Y) {
    v->log_y = !v->log_y;
    return UI_HANDLED | UI_REDRAW;
  }
  return v->data.n_effects ? list_request(&v->list, r, ev, v->table) : 0;
}

static char *copied(void *self, bool whole)
{
  struct compare *v = self;
  return v->loaded && v->data.n_effects ? list_text(&v->list, whole) : NULL;
}

static void *open_view(struct ui *ui)
{
  struct compare *v = xcalloc(1, sizeof *v);
  v->ui = ui;
  v->list = (struct list){.self = v, .cell = cell};
  return v;
}

static void close_view(void *self)
{
  struct compare *v = self;
  if (v->job)
    aside_drop(ui_aside(v->ui), &v->job->job);
  free_comparison(&v->data);
  list_free(&v->list);
  free(v->asked);
  free(v->metric);
  free(v);
}

static const enum request hints[] = {REQUEST_METRIC, REQUEST_LOG_Y, REQUEST_DOWN, REQUEST_SCREEN_RUNS, REQUEST_EXPORT, REQUEST_BACK, REQUEST_NONE};

const struct view view_compare = {
  .name = "Compare",
  .screen = REQUEST_SCREEN_COMPARE,
  .summary = "Marked configs side by side: curves with bands, and each result's difference to A, paired by seed, the clearest first.",
  .hints = hints,
  .open = open_view,
  .close = close_view,
  .refresh = refresh,
  .draw = draw,
  .request = request,
  .title = say_title,
  .text = copied,
};
