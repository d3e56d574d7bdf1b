/* view_compare.c: screen 3: the marked runs, grouped by config or one by one, side by side: the parameters that differ, curves with
 * 95 % bands, and for each result the difference to A, paired by seed, with interval and tests, the clearest first. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ui/compare_data.h"
#include "app/ui/rows.h"
#include "experiments/kernel/mem.h"

/* Columns of the table of effects. */
enum shown { SHOW_RESULT, SHOW_GROUP, SHOW_MEAN, SHOW_MEAN_A, SHOW_DIFFERENCE, SHOW_INTERVAL, SHOW_PAIRS, SHOW_SIZE, SHOW_T, SHOW_HOLM, SHOW_WILCOXON, SHOWN };

struct compare {
  struct ui *ui;
  struct comparison data;
  bool loaded, log_y;
  bool many;                     /* more groups than two: the columns say which */
  struct list list;              /* of effects */
  size_t *order;                 /* of data.effect, as seen */
  struct area table;
  int64_t *asked; size_t n_asked; /* the marks that `data` is of */
  struct compare_ask ask;        /* but for the runs */
  struct comparing *job;
};

enum { LEAST_PLOT = 8 }; /* rows; below that the table is worth more */

static const struct effect *effect_at(const struct compare *v, size_t at) { return &v->data.effect[v->order[at]]; }

static char letter(size_t group) { return (char)('A' + group); }

/* --- reading ------------------------------------------------------------------------------------------------------- */

struct comparing {
  struct aside_job job; /* first */
  struct compare *view;
  struct compare_ask ask;
  struct comparison data;
  bool good;
};

static void comparing_work(struct aside_job *job, struct app *app, struct store *s)
{
  struct comparing *k = (struct comparing *)job;
  k->good = s && compare_load(&k->data, app, s, &k->ask);
}

/* What a column says of an effect, as a number to sort by; NaN stands last. */
static double sort_value(const struct effect *e, enum shown column)
{
  switch (column) {
  case SHOW_DIFFERENCE: case SHOW_INTERVAL: return e->difference;
  case SHOW_PAIRS: return (double)e->pairs;
  case SHOW_T: return e->t_p;
  case SHOW_HOLM: return e->holm_p;
  case SHOW_WILCOXON: return e->wilcoxon_p;
  case SHOW_GROUP: return (double)e->group;
  case SHOW_SIZE: return -fabs(e->size); /* the greatest first */
  default: return (double)e->result;
  }
}

static int by_column(const void *a, const void *b, void *self)
{
  const struct compare *v = self;
  size_t i = *(const size_t *)a, k = *(const size_t *)b;
  double x = sort_value(&v->data.effect[i], (enum shown)v->list.sort_column), y = sort_value(&v->data.effect[k], (enum shown)v->list.sort_column);
  int order = isnan(x) || isnan(y) ? isnan(x) - isnan(y) : v->list.descending ? (x < y) - (x > y) : (x > y) - (x < y);
  return order ? order : (i > k) - (i < k);
}

static void sort_effects(struct compare *v)
{
  if (v->data.n_effects)
    qsort_r(v->order, v->data.n_effects, sizeof *v->order, by_column, v);
}

static void take_data(struct compare *v, struct comparing *k)
{
  static const char *const two[] = {"result", "to", "B", "A", "B - A", "95 % interval", "pairs", "effect", "t p", "Holm p", "Wilcoxon p"};
  static const char *const more[] = {"result", "X", "mean of X", "of A", "X - A", "95 % interval", "pairs", "effect", "t p", "Holm p", "Wilcoxon p"};
  compare_free(&v->data);
  v->data = k->data;
  k->data = (struct comparison){0};
  v->loaded = v->data.n > 0; /* marked runs may have gone to the trash */
  v->list.n_rows = v->data.n_effects;
  list_select(&v->list, v->list.at);
  if (!v->list.n_columns || v->many != (v->data.n > 2)) {
    v->many = v->data.n > 2;
    list_clear_columns(&v->list);
    list_set_columns(&v->list, v->many ? more : two, SHOWN);
    list_column(&v->list, SHOW_GROUP)->hidden = list_column(&v->list, SHOW_HOLM)->hidden = !v->many;
    v->list.sorted = true;
    v->list.sort_column = SHOW_SIZE;
    v->list.descending = false;
  }
  free(v->order);
  v->order = xcalloc(v->data.n_effects + 1, sizeof *v->order);
  for (size_t i = 0; i < v->data.n_effects; i++)
    v->order[i] = i;
  sort_effects(v);
}

static void comparing_done(struct aside_job *job)
{
  struct comparing *k = (struct comparing *)job;
  struct compare *v = k->view;
  v->job = NULL;
  if (job->error)
    ui_complain(v->ui, "%s", job->error);
  if (k->good)
    take_data(v, k);
  ui_redraw(v->ui);
}

static void comparing_release(struct aside_job *job)
{
  struct comparing *k = (struct comparing *)job;
  compare_free(&k->data);
  compare_ask_free(&k->ask);
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
  struct comparing *k = v->job = xcalloc(1, sizeof *k);
  k->job = (struct aside_job){.work = comparing_work, .done = comparing_done, .release = comparing_release};
  k->view = v;
  k->ask = v->ask;
  k->ask.run = xcalloc(n, sizeof *k->ask.run);
  memcpy(k->ask.run, marks, n * sizeof *k->ask.run);
  k->ask.n = n;
  k->ask.metric = v->ask.metric ? xstrdup(v->ask.metric) : NULL;
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

/* --- the table of effects -------------------------------------------------------------------------------------------- */

static char *p_text(double p, bool star) { return isnan(p) ? xstrdup("") : xasprintf("%.2g%s", p, star ? " *" : ""); }

static char *cell(void *self, size_t at, size_t column, struct plot_cell *style)
{
  const struct compare *v = self;
  const struct effect *e = effect_at(v, at);
  bool clear = !isnan(e->holm_p) && e->holm_p < 0.05;
  if (clear && column >= SHOW_DIFFERENCE)
    style->fg = UI_ORANGE;
  switch ((enum shown)column) {
  case SHOW_RESULT: return xstrdup(v->data.list.results.name[e->result]);
  case SHOW_GROUP: style->fg = plot_colour_cell(e->group); return xasprintf("%c", letter(e->group));
  case SHOW_MEAN: return summary_text(compare_summary(&v->data, e->group, e->result), v->data.list.by_run);
  case SHOW_MEAN_A: return summary_text(compare_summary(&v->data, 0, e->result), v->data.list.by_run);
  case SHOW_DIFFERENCE: return isnan(e->difference) ? xstrdup("") : xasprintf("%+.4g", e->difference);
  case SHOW_INTERVAL: return isnan(e->low) ? xstrdup("") : xasprintf("[%.3g, %.3g]", e->low, e->high);
  case SHOW_PAIRS: return xasprintf("%zu", e->pairs);
  case SHOW_SIZE: return isnan(e->size) ? xstrdup("") : xasprintf("%+.2f", e->size);
  case SHOW_T: return p_text(e->t_p, clear && v->data.n < 3);
  case SHOW_HOLM: return p_text(e->holm_p, clear);
  case SHOW_WILCOXON: return p_text(e->wilcoxon_p, false);
  case SHOWN: break;
  }
  return xstrdup("");
}

static void draw_foot(const struct compare *v, struct plot_grid *g, int row, int width)
{
  char *text = xasprintf("-- effect: mean difference / its deviation, paired by seed; intervals and bands 95 %%; * p < 0.05%s ",
                         v->data.n > 2 ? " after Holm over the groups" : "");
  int used = draw_text(g, row, 1, width - 2, text, UI_GREY, 0);
  for (int col = 1 + used; col < width - 1; col++)
    plot_put(g, row, col, '-', UI_GREY);
  free(text);
}

/* --- groups, and the parameters that differ ----------------------------------------------------------------------------- */

/* The cell of a group in the table of parameters: experiment first where there are several. SIZE_MAX: the name of the column. */
static char *group_cell(const struct compare *v, size_t group, size_t param)
{
  const struct listing *l = &v->data.list;
  const struct listing_row *r = group == SIZE_MAX ? NULL : &l->row[v->data.row[group]];
  if (param == SIZE_MAX)
    return xstrdup(r ? l->experiments.name[r->experiment] : "experiment");
  return r ? row_param_text(&r->param[param]) : xstrdup(row_param_name(l->params.name[param]));
}

/* One column of it at `col`; the columns taken. */
static int draw_group_column(const struct compare *v, struct plot_grid *g, struct area a, int col, size_t param)
{
  int width = 0;
  for (size_t k = 0; k <= v->data.n; k++) {
    char *text = group_cell(v, k ? k - 1 : SIZE_MAX, param);
    int used = draw_text(g, a.row + (int)k, col, a.width - col < 40 ? a.width - col : 40, text, k ? 0 : UI_GREY, 0);
    width = used > width ? used : width;
    free(text);
  }
  return width + 2;
}

/* A line of names, then a line a group; the rows taken. */
static int draw_groups(const struct compare *v, struct plot_grid *g, struct area a)
{
  const struct listing *l = &v->data.list;
  int col = 12;
  draw_right(g, a.row, 6, 4, l->by_run ? "run" : "n", UI_GREY, 0);
  for (size_t i = 0; i < v->data.n; i++) {
    const struct listing_row *r = &l->row[v->data.row[i]];
    char *count = xasprintf("%lld", l->by_run ? (long long)r->id : (long long)r->count[STORE_DONE]);
    plot_put(g, a.row + 1 + (int)i, 1, plot_marker(i, MB_CUR_MAX == 1), plot_colour_cell(i));
    draw_format(g, a.row + 1 + (int)i, 3, 2, plot_colour_cell(i), PLOT_BOLD, "%c", letter(i));
    draw_right(g, a.row + 1 + (int)i, 5, 5, count, 0, 0);
    free(count);
  }
  if (l->experiments.n > 1)
    col += draw_group_column(v, g, a, col, SIZE_MAX);
  for (size_t k = 0; k < l->params.n && col < a.width - 4; k++)
    if (v->data.differs[k])
      col += draw_group_column(v, g, a, col, k);
  if (v->data.left_out)
    draw_format(g, a.row + 1 + (int)v->data.n, 3, a.width - 4, UI_ORANGE, 0, "and %zu more that are not shown: mark fewer", v->data.left_out);
  return 1 + (int)v->data.n + (v->data.left_out > 0);
}

/* --- pictures ---------------------------------------------------------------------------------------------------------- */

static void draw_curves(const struct compare *v, struct plot_grid *g, struct area a)
{
  struct plot_series series[COMPARE_GROUPS];
  char label[COMPARE_GROUPS][2];
  size_t n = 0;
  for (size_t i = 0; i < v->data.n; i++) {
    const struct curve *c = &v->data.curve[i];
    label[i][0] = letter(i);
    label[i][1] = '\0';
    if (!c->n)
      continue;
    series[n] = (struct plot_series){.label = label[i], .n = c->n, .x = c->x, .y = c->y, .low = c->low, .high = c->high};
    n++;
  }
  struct plot_spec spec = {.kind = PLOT_LINE, .title = v->data.metric, .x_label = "step", .log_y = v->log_y, .n_series = n, .series = series};
  draw_plot(g, a, &spec);
}

/* One pair on a line from -most to most. */
static void draw_pair(struct plot_grid *g, struct area a, int64_t seed, double d, double most, size_t group)
{
  int width = a.width - 28;
  draw_format(g, a.row, a.col, 12, UI_GREY, 0, "seed %lld", (long long)seed);
  for (int c = 0; c < width; c++)
    plot_put(g, a.row, a.col + 12 + c, c == width / 2 ? 0x2502 : 0x2500, UI_GREY);
  if (width > 2)
    plot_put(g, a.row, a.col + 12 + (int)lround((most > 0 ? d / most : 0) * (0.5 * width - 1)) + width / 2, plot_marker(group, MB_CUR_MAX == 1), plot_colour_cell(group));
  draw_format(g, a.row, a.col + a.width - 14, 14, 0, 0, "%+.4g", d);
}

struct pair { int64_t seed; double difference; };

/* Runs of the same seed, in the order of y; returns the count. */
static size_t find_pairs(const struct summary *x, const struct summary *y, struct pair *out)
{
  size_t n = 0;
  for (size_t i = 0; i < y->n; i++)
    for (size_t k = 0; k < x->n; k++)
      if (x->seed[k] == y->seed[i] && y->seed[i] != INT64_MIN) {
        out[n++] = (struct pair){y->seed[i], y->value[i] - x->value[k]};
        break;
      }
  return n;
}

/* The selected result seed by seed: what each pair says. */
static void draw_pairs(const struct compare *v, struct plot_grid *g, struct area a)
{
  if (v->list.at >= v->data.n_effects)
    return;
  const struct effect *e = effect_at(v, v->list.at);
  const struct summary *x = compare_summary(&v->data, 0, e->result), *y = compare_summary(&v->data, e->group, e->result);
  struct pair *pair = xcalloc(y->n + 1, sizeof *pair);
  size_t n = find_pairs(x, y, pair);
  double most = 0;
  draw_format(g, a.row, a.col, a.width, 0, PLOT_BOLD, "%c - A by seed: %s", letter(e->group), v->data.list.results.name[e->result]);
  for (size_t i = 0; i < n; i++)
    most = fmax(most, fabs(pair[i].difference));
  for (size_t i = 0; i < n && (int)i + 1 < a.height; i++)
    draw_pair(g, (struct area){a.row + 1 + (int)i, a.col, 1, a.width}, pair[i].seed, pair[i].difference, most, e->group);
  if (!n)
    draw_text(g, a.row + 1, a.col, a.width, "no seed in common: nothing to pair", UI_GREY, 0);
  free(pair);
}

static void draw(void *self, struct plot_grid *g, struct area a)
{
  struct compare *v = self;
  if (!v->loaded) {
    draw_wrapped(g, (struct area){a.row + 1, 2, a.height - 1, a.width - 4},
                 v->job ? "reading …" : "mark configs or runs on screen 1 with Space, then come back: they stand here side by side", UI_GREY, 0);
    return;
  }
  int groups = draw_groups(v, g, a), rest = a.height - groups - 1, plot = v->data.metric && rest / 2 >= LEAST_PLOT ? rest / 2 : 0;
  bool two = a.width >= 100 && v->data.n > 1;
  int width = two ? a.width * 3 / 5 : a.width;
  if (plot)
    draw_curves(v, g, (struct area){a.row + groups, 0, plot, width});
  if (two && plot)
    draw_pairs(v, g, (struct area){a.row + groups, width + 1, plot, a.width - width - 2});
  v->table = (struct area){a.row + groups + plot, 0, rest - plot, a.width};
  if (v->data.n < 2) {
    draw_text(g, v->table.row, 2, a.width - 4, v->data.list.by_run ? "one run only: mark another one to compare it with"
                                                                   : "one config only: mark another one to compare it with, or z compares its runs", UI_GREY, 0);
    return;
  }
  list_draw(&v->list, g, v->table);
  draw_foot(v, g, a.row + a.height - 1, a.width);
}

static void say_title(void *self, char *out, size_t size)
{
  const struct compare *v = self;
  const struct listing *l = &v->data.list;
  size_t used = (size_t)snprintf(out, size, "%s", v->loaded ? "differs:" : "");
  for (size_t k = 0; v->loaded && v->data.n && k < l->params.n && used < size; k++)
    if (v->data.differs[k])
      used += (size_t)snprintf(out + used, size - used, " %s", row_param_name(l->params.name[k]));
}

/* --- requests ------------------------------------------------------------------------------------------------------------ */

static unsigned next_metric(struct compare *v)
{
  size_t at = v->data.metric ? row_find(&v->data.metrics, v->data.metric) : 0;
  if (!v->data.metrics.n)
    return UI_HANDLED;
  free(v->ask.metric);
  v->ask.metric = xstrdup(v->data.metrics.name[(at + 1) % v->data.metrics.n]);
  load(v);
  return UI_HANDLED | UI_REDRAW;
}

static unsigned fold(struct compare *v)
{
  v->ask.by_run = !v->ask.by_run;
  load(v);
  ui_say(v->ui, v->ask.by_run ? "run by run" : "by config");
  return UI_HANDLED;
}

/* The group of the selected row becomes A. */
static unsigned set_reference(struct compare *v)
{
  size_t group = effect_at(v, v->list.at)->group;
  v->ask.reference = v->data.list.row[v->data.row[group]].id;
  load(v);
  ui_say(v->ui, "%c is A now", letter(group));
  return UI_HANDLED;
}

static unsigned sort_here(struct compare *v)
{
  size_t source = list_cursor(&v->list);
  v->list.descending = v->list.sorted && v->list.sort_column == source && !v->list.descending;
  v->list.sorted = true;
  v->list.sort_column = source;
  sort_effects(v);
  return UI_HANDLED | UI_REDRAW;
}

static unsigned request(void *self, enum request r, const struct ui_event *ev)
{
  struct compare *v = self;
  if (!v->loaded)
    return 0;
  if (r == REQUEST_FOLD)
    return fold(v);
  if (r == REQUEST_METRIC)
    return next_metric(v);
  if (r == REQUEST_LOG_Y) {
    v->log_y = !v->log_y;
    return UI_HANDLED | UI_REDRAW;
  }
  if (!v->data.n_effects)
    return 0;
  if (r == REQUEST_REFERENCE)
    return set_reference(v);
  if (r == REQUEST_SORT)
    return sort_here(v);
  if (r == REQUEST_COLUMNS) {
    list_choose_columns(&v->list, v->ui);
    return UI_HANDLED;
  }
  return list_request(&v->list, r, ev, v->table);
}

static char *copied(void *self, bool whole)
{
  struct compare *v = self;
  if (!v->loaded || !v->data.n_effects)
    return NULL;
  return whole ? compare_csv(&v->data) : list_text(&v->list, false);
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
  compare_free(&v->data);
  compare_ask_free(&v->ask);
  list_free(&v->list);
  free(v->order);
  free(v->asked);
  free(v);
}

static const enum request hints[] = {REQUEST_METRIC, REQUEST_LOG_Y, REQUEST_REFERENCE, REQUEST_FOLD, REQUEST_SORT, REQUEST_SCREEN_RUNS, REQUEST_EXPORT,
                                     REQUEST_COLUMNS, REQUEST_BACK, REQUEST_NONE};

const struct view view_compare = {
  .name = "Compare",
  .screen = REQUEST_SCREEN_COMPARE,
  .summary = "Marked configs (z: runs) side by side: what differs, curves with 95 % bands, and each result's difference to A, paired by seed, the"
             " clearest first. a makes the group of the selected row A.",
  .hints = hints,
  .open = open_view,
  .close = close_view,
  .refresh = refresh,
  .draw = draw,
  .request = request,
  .title = say_title,
  .text = copied,
};
