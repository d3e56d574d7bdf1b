/* pruning_data.c: see pruning_data.h. */
#include "app/ui/pruning_data.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ui/rows.h"
#include "experiments/kernel/mem.h"
#include "experiments/kernel/stats.h"

/* --- names ------------------------------------------------------------------------------------------------------- */

/* "plain error @0.9" -> its three parts; false: another kind of result. */
static bool split(const char *key, char stage[32], char measure[64], double *sparsity)
{
  const char *blank = strchr(key, ' '), *at = strstr(key, " @");
  char *end;
  if (!blank || !at || at <= blank || blank - key >= 32 || at - blank - 1 >= 64)
    return false;
  snprintf(stage, 32, "%.*s", (int)(blank - key), key);
  snprintf(measure, 64, "%.*s", (int)(at - blank - 1), blank + 1);
  *sparsity = strtod(at + 2, &end);
  return end != at + 2 && *end == '\0' && isfinite(*sparsity);
}

static void add_once(struct names *list, const char *name)
{
  if (!names_has(list, name))
    names_add(list, name);
}

/* The place of what was chosen in a list that was read anew; 0 when it is gone. */
static size_t find_again(const struct names *list, char *wanted)
{
  size_t at = wanted ? row_find(list, wanted) : SIZE_MAX;
  free(wanted);
  return at == SIZE_MAX ? 0 : at;
}

static char *take_chosen(struct names *list, size_t at)
{
  char *name = at < list->n ? xstrdup(list->name[at]) : NULL;
  names_free(list);
  return name;
}

void pruning_read(struct pruning_data *d, const struct study *s)
{
  const struct names *results = &s->list.results;
  char stage[32], measure[64];
  double sparsity;
  char *old_stage = take_chosen(&d->stages, d->stage), *old_measure = take_chosen(&d->measures, d->measure), *old_model = take_chosen(&d->models, d->model);
  for (size_t pass = 0; pass < 2; pass++) /* the error stands first where it is there */
    for (size_t k = 0; k < results->n; k++)
      if (split(results->name[k], stage, measure, &sparsity) && strcmp(stage, "layer") != 0 && (pass || strcmp(measure, "error") == 0)) {
        add_once(&d->stages, stage);
        add_once(&d->measures, measure);
      }
  d->method = row_find(&s->list.params, "method");
  d->model_param = row_find(&s->list.params, "model");
  if (d->model_param != SIZE_MAX)
    study_values(s, d->model_param, &d->models);
  d->stage = find_again(&d->stages, old_stage);
  d->measure = find_again(&d->measures, old_measure);
  d->model = find_again(&d->models, old_model);
  pruning_choose(d, s);
}

bool pruning_larger_is_better(const struct pruning_data *d)
{
  return d->measure < d->measures.n && strcmp(d->measures.name[d->measure], "agreement") == 0;
}

/* --- curves ------------------------------------------------------------------------------------------------------ */

static struct mean_of_seeds mean_of(const double *x, size_t n)
{
  struct mean_of_seeds m = {NAN, NAN, n};
  struct interval interval;
  struct err e = {0};
  if (!n || stats_mean(x, n, &m.mean, &e) != STATUS_OK)
    m.mean = NAN;
  if (n >= 2 && stats_mean_interval(x, n, 0.95, &interval, &e) == STATUS_OK)
    m.half = (interval.high - interval.low) / 2;
  return m;
}

static void add_point(struct prune_curve *c, const struct summary *of[PRUNING_POINTS], double x, const struct summary *y)
{
  size_t at = c->n++;
  for (; at && c->x[at - 1] > x; at--) {
    c->x[at] = c->x[at - 1];
    c->y[at] = c->y[at - 1];
    of[at] = of[at - 1];
  }
  c->x[at] = x;
  c->y[at] = (struct mean_of_seeds){y->mean, y->half, y->n};
  of[at] = y;
}

static double of_seed(const struct summary *x, int64_t seed)
{
  for (size_t i = 0; i < x->n; i++)
    if (x->seed[i] == seed)
      return x->value[i];
  return NAN;
}

/* Mean height of the curve of one seed; NaN where it is not whole. */
static double area_of(const struct prune_curve *c, const struct summary *const of[PRUNING_POINTS], int64_t seed)
{
  double sum = 0;
  for (size_t i = 1; i < c->n; i++)
    sum += (c->x[i] - c->x[i - 1]) * (of_seed(of[i], seed) + of_seed(of[i - 1], seed)) / 2;
  return c->n > 1 ? sum / (c->x[c->n - 1] - c->x[0]) : of_seed(of[0], seed);
}

/* The areas of a curve by seed, for tests in pairs. */
struct areas { int64_t *seed; double *value; size_t n; };

static void measure_areas(struct prune_curve *c, const struct summary *const of[PRUNING_POINTS], struct areas *a)
{
  a->seed = xcalloc(of[0]->n + 1, sizeof *a->seed);
  a->value = xcalloc(of[0]->n + 1, sizeof *a->value);
  for (size_t i = 0; i < of[0]->n; i++) {
    double area = area_of(c, of, of[0]->seed[i]);
    if (!isfinite(area))
      continue;
    a->seed[a->n] = of[0]->seed[i];
    a->value[a->n++] = area;
  }
  c->area = mean_of(a->value, a->n);
}

/* Seconds until the stage stands: calibration and the method, and what is added to them. */
static double cost(const struct pruning_data *d, const struct study *s, size_t row)
{
  static const char *const stage[] = {"repaired", "tuned", NULL}, *const added[] = {"repair_s", "tune_s"};
  const char *own = d->stages.name[d->stage];
  double sum = study_mean(s, row, row_find(&s->list.results, "method_s")), calibrate = study_mean(s, row, row_find(&s->list.results, "calibrate_s"));
  sum += isnan(calibrate) ? 0 : calibrate;
  for (size_t i = 0; stage[i]; i++)
    if (strcmp(own, stage[i]) == 0)
      sum += study_mean(s, row, row_find(&s->list.results, added[i]));
  return sum;
}

static void find_break(const struct pruning_data *d, const struct study *s, struct prune_curve *c)
{
  char *name = xasprintf("%s break", d->stages.name[d->stage]);
  size_t k = row_find(&s->list.results, name);
  const struct summary *x = k == SIZE_MAX ? NULL : &s->list.row[c->row].result[k];
  c->least_break = c->most_break = NAN;
  for (size_t i = 0; x && i < x->n; i++) {
    c->least_break = fmin(c->least_break, x->value[i]);
    c->most_break = fmax(c->most_break, x->value[i]);
  }
  free(name);
}

static bool trace(const struct pruning_data *d, const struct study *s, size_t row, struct prune_curve *c, struct areas *a)
{
  char stage[32], measure[64];
  const struct summary *of[PRUNING_POINTS] = {0};
  double sparsity;
  *c = (struct prune_curve){.row = row, .p = NAN};
  *a = (struct areas){0};
  for (size_t k = 0; k < s->list.results.n && c->n < PRUNING_POINTS; k++) {
    const struct summary *x = &s->list.row[row].result[k];
    if (split(s->list.results.name[k], stage, measure, &sparsity) && strcmp(stage, d->stages.name[d->stage]) == 0 &&
        strcmp(measure, d->measures.name[d->measure]) == 0 && x->n && isfinite(x->mean))
      add_point(c, of, sparsity, x);
  }
  if (!c->n)
    return false;
  measure_areas(c, of, a);
  c->seconds = cost(d, s, row);
  find_break(d, s, c);
  c->name = d->method == SIZE_MAX ? row_config_text(&s->list, row) : row_param_text(&s->list.row[row].param[d->method]);
  return true;
}

struct traced { struct prune_curve curve; struct areas areas; };

/* Means over other sparsities (an n:m pattern has one) are not compared: the most sparsities come first. */
static int by_area(const void *a, const void *b, void *self)
{
  size_t n = ((const struct traced *)a)->curve.n, m = ((const struct traced *)b)->curve.n;
  double p = ((const struct traced *)a)->curve.area.mean, q = ((const struct traced *)b)->curve.area.mean;
  if (n != m)
    return n > m ? -1 : 1;
  if (isnan(p) || isnan(q))
    return isnan(p) - isnan(q);
  int order = (p > q) - (p < q);
  return pruning_larger_is_better(self) ? -order : order;
}

static size_t pair(const struct areas *a, const struct areas *b, double *x, double *y)
{
  size_t n = 0;
  for (size_t i = 0; i < a->n; i++)
    for (size_t k = 0; k < b->n; k++)
      if (a->seed[i] == b->seed[k]) {
        x[n] = a->value[i];
        y[n++] = b->value[k];
        break;
      }
  return n;
}

/* Holm's p of each area against that of the first curve with as many sparsities. */
static void test_areas(struct traced *t, size_t n)
{
  double *p = xcalloc(n + 1, sizeof *p);
  size_t *tested = xcalloc(n + 1, sizeof *tested), m = 0;
  struct err e = {0};
  for (size_t i = 1; i < n; i++) {
    double *x = xcalloc(t[i].areas.n + 1, sizeof *x), *y = xcalloc(t[i].areas.n + 1, sizeof *y);
    struct stats_t_test test;
    size_t pairs = t[i].curve.n == t[0].curve.n ? pair(&t[i].areas, &t[0].areas, x, y) : 0;
    if (pairs >= 2 && stats_paired_t(x, y, pairs, 0.95, &test, &e) == STATUS_OK) {
      p[m] = test.p;
      tested[m++] = i;
    }
    free(x);
    free(y);
  }
  if (m && stats_holm(p, m, p, &e) == STATUS_OK)
    for (size_t k = 0; k < m; k++)
      t[tested[k]].curve.p = p[k];
  free(p);
  free(tested);
}

static void note_sparsities(struct pruning_data *d, const struct prune_curve *c)
{
  for (size_t i = 0; i < c->n && d->n_sparsities < PRUNING_POINTS; i++) {
    size_t at = 0;
    while (at < d->n_sparsities && d->sparsity[at] < c->x[i])
      at++;
    if (at < d->n_sparsities && d->sparsity[at] == c->x[i])
      continue;
    memmove(d->sparsity + at + 1, d->sparsity + at, (d->n_sparsities - at) * sizeof *d->sparsity);
    d->sparsity[at] = c->x[i];
    d->n_sparsities++;
  }
}

static void free_curves(struct pruning_data *d)
{
  for (size_t i = 0; i < d->n; i++)
    free(d->curve[i].name);
  free(d->curve);
  d->curve = NULL;
  d->n = d->n_sparsities = 0;
}

void pruning_choose(struct pruning_data *d, const struct study *s)
{
  free_curves(d);
  if (!d->stages.n || !d->measures.n)
    return;
  struct traced *t = xcalloc(s->n_rows + 1, sizeof *t);
  for (size_t i = 0; i < s->n_rows; i++)
    if (!d->models.n || study_has(s, s->row[i], d->model_param, d->models.name[d->model]))
      d->n += trace(d, s, s->row[i], &t[d->n].curve, &t[d->n].areas);
  qsort_r(t, d->n, sizeof *t, by_area, d);
  test_areas(t, d->n);
  d->curve = xcalloc(d->n + 1, sizeof *d->curve);
  for (size_t i = 0; i < d->n; i++) {
    d->curve[i] = t[i].curve;
    note_sparsities(d, &d->curve[i]);
    free(t[i].areas.seed);
    free(t[i].areas.value);
  }
  free(t);
}

void pruning_free(struct pruning_data *d)
{
  free_curves(d);
  names_free(&d->stages);
  names_free(&d->measures);
  names_free(&d->models);
}

/* --- layers ------------------------------------------------------------------------------------------------------ */

/* "layer N shape" of a config; false: none that can be read. */
static bool read_shape(const struct study *s, size_t row, struct prune_layer *l)
{
  char *name = xasprintf("layer %zu shape", l->number), text[64] = "";
  size_t k = row_find(&s->list.results, name);
  const struct store_cell *c = k == SIZE_MAX ? NULL : &s->list.row[row].result[k].one;
  int end = 0;
  free(name);
  if (c && c->type == STORE_TEXT)
    snprintf(text, sizeof text, "%.*s", (int)c->size, c->text);
  return sscanf(text, "%9zux%9zu%n", &l->rows, &l->cols, &end) == 2 && text[end] == '\0' && l->rows && l->cols;
}

size_t pruning_layers(const struct study *s, size_t row, double sparsity, struct prune_layer out[PRUNING_LAYERS])
{
  size_t n = 0;
  while (n < PRUNING_LAYERS) {
    struct prune_layer l = {.number = n + 1};
    char *name = xasprintf("layer %zu kept @%g", n + 1, sparsity);
    size_t k = row_find(&s->list.results, name);
    const struct summary *x = k == SIZE_MAX ? NULL : &s->list.row[row].result[k];
    free(name);
    if (!x || !x->n || !read_shape(s, row, &l))
      break;
    double all = (double)l.rows * (double)l.cols;
    l.kept = (struct mean_of_seeds){x->mean / all, x->half / all, x->n};
    out[n++] = l;
  }
  return n;
}
