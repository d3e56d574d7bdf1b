/* bounds_data.c: see bounds_data.h. The statistics are those of compare/bounds.lua, so that the screen and its report
 * say the same. */
#include "app/ui/bounds_data.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/ui/rows.h"
#include "experiments/kernel/mem.h"

enum { LEAST_RUNS = 3, MOST_LOG10 = 300 }; /* fewer runs of a seed rank nothing */

/* --- values of runs ---------------------------------------------------------------------------------------------- */

static size_t with_suffix(const struct study *s, size_t result, const char *suffix)
{
  char *name = xasprintf("%s.%s", s->list.results.name[result], suffix);
  size_t at = row_find(&s->list.results, name);
  free(name);
  return at;
}

/* A result of the run with this seed of a config; NaN: none. */
static double value_of(const struct study *s, size_t row, size_t result, int64_t seed)
{
  const struct summary *x = result == SIZE_MAX ? NULL : &s->list.row[row].result[result];
  for (size_t i = 0; x && i < x->n; i++)
    if (x->seed[i] == seed)
      return x->value[i];
  return NAN;
}

static bool is_left_out(const struct bounds_data *d, const struct study *s, size_t row, int64_t seed)
{
  return d->reached != SIZE_MAX && value_of(s, row, d->reached, seed) != 1;
}

/* Every finite value of a result in the runs that count; caller frees. */
static double *values_of(const struct bounds_data *d, const struct study *s, size_t result, size_t *n)
{
  double *out = xcalloc(s->list.n_runs + 1, sizeof *out);
  *n = 0;
  for (size_t i = 0; result != SIZE_MAX && i < s->n_rows; i++) {
    const struct summary *x = &s->list.row[s->row[i]].result[result];
    for (size_t k = 0; k < x->n; k++)
      if (isfinite(x->value[k]) && !is_left_out(d, s, s->row[i], x->seed[k]))
        out[(*n)++] = x->value[k];
  }
  return out;
}

static double median_of(const struct bounds_data *d, const struct study *s, size_t result)
{
  size_t n;
  double *x = values_of(d, s, result, &n), out = NAN;
  struct err e = {0};
  if (!n || stats_median(x, n, &out, &e) != STATUS_OK)
    out = NAN;
  free(x);
  return out;
}

static size_t count_true(const struct bounds_data *d, const struct study *s, size_t result)
{
  size_t n, sum = 0;
  double *x = values_of(d, s, result, &n);
  for (size_t i = 0; i < n; i++)
    sum += x[i] != 0;
  free(x);
  return sum;
}

/* The distinct texts of a result, separated by "; ". */
static char *texts_of(const struct study *s, size_t result)
{
  struct names seen = {0};
  char *out = xstrdup("");
  for (size_t i = 0; result != SIZE_MAX && i < s->n_rows; i++) {
    const struct store_cell *c = &s->list.row[s->row[i]].result[result].one;
    char *text = c->type == STORE_TEXT ? xasprintf("%.*s", (int)c->size, c->text) : NULL;
    if (text && !names_has(&seen, text)) {
      names_add(&seen, text);
      char *longer = xasprintf("%s%s%s", out, *out ? "; " : "", text);
      free(out);
      out = longer;
    }
    free(text);
  }
  names_free(&seen);
  return out;
}

/* --- rankings ---------------------------------------------------------------------------------------------------- */

/* What the configs were given, as numbers: axes x n_rows of the study. */
struct axes { double *setting; size_t n; };

static struct axes find_axes(const struct study *s)
{
  const struct listing *l = &s->list;
  struct axes a = {xcalloc(l->params.n * s->n_rows + 1, sizeof *a.setting), 0};
  for (size_t k = 0; k < l->params.n; k++) {
    struct names values = {0};
    if (!l->differs[k] || strcmp(l->params.name[k], "seed") == 0)
      continue;
    study_values(s, k, &values);
    for (size_t i = 0; i < s->n_rows; i++) {
      char *text = row_param_text(&l->row[s->row[i]].param[k]);
      a.setting[a.n * s->n_rows + i] = (double)row_find(&values, text);
      free(text);
    }
    a.n += values.n > 1;
    names_free(&values);
  }
  return a;
}

/* The runs of one seed: measure, gap and settings. */
struct ranked { double *x, *y, *setting; size_t n; };

static void collect(const struct bounds_data *d, const struct study *s, const struct axes *a, size_t score, int64_t seed, struct ranked *r)
{
  r->n = 0;
  for (size_t pass = 0; pass < 2; pass++) { /* count first: settings stand axis after axis */
    size_t n = 0;
    for (size_t i = 0; i < s->n_rows; i++) {
      double x = value_of(s, s->row[i], score, seed), y = value_of(s, s->row[i], d->gap, seed);
      if (!isfinite(x) || !isfinite(y) || is_left_out(d, s, s->row[i], seed))
        continue;
      r->x[n] = x;
      r->y[n] = y;
      for (size_t k = 0; pass && k < a->n; k++)
        r->setting[k * r->n + n] = a->setting[k * s->n_rows + i];
      n++;
    }
    r->n = n;
  }
}

static struct over_seeds summarise(double *x, size_t n)
{
  struct over_seeds out = {.mean = NAN, .interval = {NAN, NAN}, .n = n};
  struct err e = {0};
  if (n && stats_mean(x, n, &out.mean, &e) != STATUS_OK)
    out.n = 0;
  if (n >= 2 && stats_mean_interval(x, n, 0.95, &out.interval, &e) == STATUS_OK) {
    out.interval.low = fmax(-1, out.interval.low);
    out.interval.high = fmin(1, out.interval.high);
  }
  return out;
}

/* The seeds of the runs that have a gap; caller frees. */
static int64_t *seeds_of(const struct bounds_data *d, const struct study *s, size_t *n)
{
  int64_t *seed = xcalloc(s->list.n_runs + 1, sizeof *seed);
  *n = 0;
  for (size_t i = 0; d->gap != SIZE_MAX && i < s->n_rows; i++) {
    const struct summary *x = &s->list.row[s->row[i]].result[d->gap];
    for (size_t k = 0; k < x->n; k++) {
      size_t at = 0;
      while (at < *n && seed[at] != x->seed[k])
        at++;
      if (at == *n)
        seed[(*n)++] = x->seed[k];
    }
  }
  return seed;
}

static void rank(struct judged *j, const struct bounds_data *d, const struct study *s, const struct axes *a)
{
  size_t n_seeds, n_tau = 0, n_psi = 0, own = with_suffix(s, j->result, "score"), score = own == SIZE_MAX ? j->result : own;
  int64_t *seed = seeds_of(d, s, &n_seeds);
  struct ranked r = {xcalloc(s->n_rows + 1, sizeof *r.x), xcalloc(s->n_rows + 1, sizeof *r.y), xcalloc(a->n * s->n_rows + 1, sizeof *r.setting), 0};
  double *tau = xcalloc(n_seeds + 1, sizeof *tau), *psi = xcalloc(n_seeds + 1, sizeof *psi), *axis = xcalloc(a->n + 1, sizeof *axis);
  for (size_t i = 0; i < n_seeds; i++) {
    struct stats_kendall kendall;
    struct err e = {0};
    collect(d, s, a, score, seed[i], &r);
    const struct stats_grid grid = {.n = r.n, .axes = a->n, .x = r.x, .y = r.y, .setting = r.setting};
    if (r.n >= LEAST_RUNS && stats_kendall(r.x, r.y, r.n, 0.95, &kendall, &e) == STATUS_OK)
      tau[n_tau++] = kendall.tau;
    if (r.n >= LEAST_RUNS && a->n && stats_granulated(&grid, axis, &psi[n_psi], &e) == STATUS_OK)
      n_psi++;
  }
  j->tau = summarise(tau, n_tau);
  j->psi = summarise(psi, n_psi);
  free(r.x);
  free(r.y);
  free(r.setting);
  free(tau);
  free(psi);
  free(axis);
  free(seed);
}

/* --- all of them ------------------------------------------------------------------------------------------------- */

static struct judged judge_one(const struct bounds_data *d, const struct study *s, const struct axes *a, size_t result)
{
  size_t violated = with_suffix(s, result, "violated"), n;
  struct judged j = {
    .result = result, .bound = violated != SIZE_MAX, .kind = texts_of(s, with_suffix(s, result, "kind")),
    .claim = texts_of(s, with_suffix(s, result, "claim")), .value = median_of(d, s, result), .truth = median_of(d, s, with_suffix(s, result, "truth")),
    .tightness = median_of(d, s, with_suffix(s, result, "tightness")), .vacuous = count_true(d, s, with_suffix(s, result, "vacuous")),
    .violated = count_true(d, s, violated)};
  free(values_of(d, s, j.bound ? violated : result, &n));
  j.n = n;
  rank(&j, d, s, a);
  return j;
}

static int guarantee_first(const void *a, const void *b)
{
  const struct judged *p = a, *q = b;
  double x = p->bound ? p->value : -p->tau.mean, y = q->bound ? q->value : -q->tau.mean;
  if (p->bound != q->bound)
    return p->bound ? -1 : 1;
  if (isnan(x) || isnan(y) || x == y)
    return isnan(x) != isnan(y) ? isnan(x) - isnan(y) : (p->result > q->result) - (p->result < q->result);
  return x < y ? -1 : 1;
}

void bounds_judge(struct bounds_data *d, const struct study *s)
{
  const struct names *results = &s->list.results;
  bounds_free(d);
  d->gap = row_find(results, "gap");
  d->train_error = row_find(results, "train_error");
  d->reached = row_find(results, "reached");
  d->judged = xcalloc(results->n + 1, sizeof *d->judged);
  struct axes axes = find_axes(s);
  for (size_t k = 0; k < results->n; k++)
    if (with_suffix(s, k, "kind") != SIZE_MAX)
      d->judged[d->n++] = judge_one(d, s, &axes, k);
  qsort(d->judged, d->n, sizeof *d->judged, guarantee_first);
  for (size_t i = 0; d->reached != SIZE_MAX && i < s->n_rows; i++) {
    const struct summary *x = &s->list.row[s->row[i]].result[d->reached];
    for (size_t k = 0; k < x->n; k++)
      d->lost += x->value[k] != 1;
  }
  free(axes.setting);
}

void bounds_free(struct bounds_data *d)
{
  for (size_t i = 0; i < d->n; i++) {
    free(d->judged[i].kind);
    free(d->judged[i].claim);
  }
  free(d->judged);
  *d = (struct bounds_data){0};
}

size_t bounds_points(const struct bounds_data *d, const struct study *s, const struct judged *j, double *gap, double *y)
{
  size_t n = 0, log10 = with_suffix(s, j->result, "log10");
  for (size_t i = 0; d->gap != SIZE_MAX && i < s->n_rows; i++) {
    size_t row = s->row[i];
    const struct summary *x = &s->list.row[row].result[d->gap];
    for (size_t k = 0; k < x->n; k++) {
      double whole = value_of(s, row, log10, x->seed[k]), v = isfinite(whole) ? pow(10, fmin(whole, MOST_LOG10)) : value_of(s, row, j->result, x->seed[k]);
      double train = j->bound && d->train_error != SIZE_MAX ? value_of(s, row, d->train_error, x->seed[k]) : 0;
      if (is_left_out(d, s, row, x->seed[k]) || !(x->value[k] > 0) || !(v - train > 0) || !isfinite(v))
        continue;
      gap[n] = x->value[k];
      y[n++] = v - train;
    }
  }
  return n;
}
