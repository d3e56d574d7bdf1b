/* schedules_data.c: see schedules_data.h. The statistics are those of compare/schedules.lua, so that the screen and its
 * report say the same. */
#include "app/ui/schedules_data.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/ui/rows.h"
#include "experiments/kernel/mem.h"
#include "experiments/kernel/stats.h"

enum { MOST_PAIRS = 1000 };

/* --- curves over the peaks ------------------------------------------------------------------------------------------- */

struct at { double x; size_t row; };

static int by_x(const void *a, const void *b)
{
  double x = ((const struct at *)a)->x, y = ((const struct at *)b)->x;
  return (x > y) - (x < y);
}

struct curve schedules_points(const struct schedules_data *d, const struct study *s, size_t standing, size_t result)
{
  struct at *at = xcalloc(s->n_rows + 1, sizeof *at);
  size_t n = 0, room = s->n_rows + 1;
  for (size_t i = 0; i < s->n_rows; i++) {
    double x = study_param(s, s->row[i], d->peak);
    if (isfinite(x) && d->name_of[i] == d->standing[standing].key && isfinite(study_mean(s, s->row[i], result)))
      at[n++] = (struct at){x, s->row[i]};
  }
  qsort(at, n, sizeof *at, by_x);
  struct curve c = {.n = n, .x = xcalloc(room, sizeof *c.x), .y = xcalloc(room, sizeof *c.y), .low = xcalloc(room, sizeof *c.low), .high = xcalloc(room, sizeof *c.high)};
  for (size_t i = 0; i < n; i++) {
    double half = s->list.row[at[i].row].result[result].half;
    c.x[i] = at[i].x;
    c.y[i] = study_mean(s, at[i].row, result);
    c.low[i] = c.y[i] - half;
    c.high[i] = c.y[i] + half;
  }
  free(at);
  return c;
}

/* Decades over which straight lines between the points stay at or below the limit. */
static double width_below(const struct curve *c, double limit)
{
  double width = 0;
  for (size_t i = 1; i < c->n; i++) {
    double low = fmin(c->y[i - 1], c->y[i]), high = fmax(c->y[i - 1], c->y[i]), step = log10(c->x[i]) - log10(c->x[i - 1]);
    width += high <= limit ? step : low < limit ? step * (limit - low) / (high - low) : 0;
  }
  return width;
}

/* --- standings ------------------------------------------------------------------------------------------------------- */

/* The config of this schedule with the least mean on validation data; false: none has one. */
static bool find_best(const struct schedules_data *d, const struct study *s, struct standing *st)
{
  double best = INFINITY;
  st->row = SIZE_MAX;
  for (size_t i = 0; i < s->n_rows; i++) {
    const struct listing_row *r = &s->list.row[s->row[i]];
    if (d->name_of[i] != st->key)
      continue;
    double y = study_mean(s, s->row[i], d->tuned);
    st->lost += r->count[STORE_FAILED] + r->count[STORE_LOST];
    if (y < best) {
      best = y;
      st->row = s->row[i];
    }
  }
  return st->row != SIZE_MAX;
}

/* Do two configs differ in nothing but the number of updates? */
static bool same_but_horizon(const struct listing *l, size_t a, size_t b)
{
  for (size_t k = 0; k < l->params.n; k++)
    if (strcmp(l->params.name[k], "horizon") != 0 && strcmp(l->params.name[k], "seed") != 0 && !cell_equal(&l->row[a].param[k], &l->row[b].param[k]))
      return false;
  return true;
}

/* The score at twice the updates stands as a result twice_SCORE of runs of their own. */
static void find_twice(const struct schedules_data *d, const struct study *s, struct standing *st)
{
  char *name = xasprintf("twice_%s", s->list.results.name[d->score]);
  size_t twice = row_find(&s->list.results, name);
  free(name);
  st->cost = study_mean(s, st->row, row_find(&s->list.results, "cost"));
  st->twice = NAN;
  for (size_t i = 0; twice != SIZE_MAX && i < s->list.n_rows; i++)
    if (isfinite(study_mean(s, i, twice)) && same_but_horizon(&s->list, i, st->row))
      st->twice = study_mean(s, i, twice) - study_mean(s, st->row, d->score);
}

static void find_range(const struct schedules_data *d, const struct study *s, size_t standing)
{
  struct standing *st = &d->standing[standing];
  struct curve c = schedules_points(d, s, standing, d->tuned);
  double best = study_mean(s, st->row, d->tuned);
  st->peak = study_param(s, st->row, d->peak);
  st->decades = width_below(&c, best + 0.1 * fabs(best));
  char *peak = row_param_text(&s->list.row[st->row].param[d->peak]);
  st->edge = isfinite(st->peak) && d->peaks.n > 1 && (strcmp(peak, d->peaks.name[0]) == 0 || strcmp(peak, d->peaks.name[d->peaks.n - 1]) == 0);
  free(peak);
  curve_free(&c);
  find_twice(d, s, st);
}

struct scored { const struct schedules_data *d; const struct study *s; };

static int by_score(const void *a, const void *b, void *self)
{
  const struct scored *by = self;
  double p = study_mean(by->s, ((const struct standing *)a)->row, by->d->score), q = study_mean(by->s, ((const struct standing *)b)->row, by->d->score);
  if (isnan(p) || isnan(q))
    return isnan(p) - isnan(q);
  return (p > q) - (p < q);
}

/* Against the first; equal rank for all that cannot be told from it. */
static void rank(struct schedules_data *d, const struct study *s)
{
  double *p = xcalloc(d->n + 1, sizeof *p), x[MOST_PAIRS], y[MOST_PAIRS];
  size_t *tested = xcalloc(d->n + 1, sizeof *tested), m = 0;
  struct err e = {0};
  for (size_t i = 1; i < d->n; i++) {
    const struct summary *a = &s->list.row[d->standing[i].row].result[d->score], *b = &s->list.row[d->standing[0].row].result[d->score];
    struct stats_t_test t;
    size_t pairs = summary_pairs(a, b, x, y, MOST_PAIRS);
    d->standing[i].difference = a->mean - b->mean;
    if (pairs >= 2 && stats_paired_t(x, y, pairs, 0.95, &t, &e) == STATUS_OK) {
      d->standing[i].difference = t.mean_difference;
      p[m] = t.p;
      tested[m++] = i;
    }
  }
  if (m && stats_holm(p, m, p, &e) == STATUS_OK)
    for (size_t k = 0; k < m; k++)
      d->standing[tested[k]].p = p[k];
  for (size_t i = 0; i < d->n; i++)
    d->standing[i].rank = i && d->standing[i].p < 0.05 ? (int)i + 1 : 1;
  free(p);
  free(tested);
}

/* The place of a parameter's text in `values`, for each config. */
static size_t *places(const struct study *s, size_t param, const struct names *values)
{
  size_t *out = xcalloc(s->n_rows + 1, sizeof *out);
  for (size_t i = 0; i < s->n_rows; i++) {
    char *text = row_param_text(&s->list.row[s->row[i]].param[param]);
    out[i] = row_find(values, text);
    free(text);
  }
  return out;
}

static bool find_columns(struct schedules_data *d, const struct listing *l)
{
  static const char *const peaks[] = {"peak", "lr", "rate", NULL}, *const tuned[] = {"val_error", "val_loss", "loss", NULL};
  static const char *const scores[] = {"test_error", "test_loss", "val_error", "val_loss", "loss", NULL};
  d->schedule = row_find(&l->params, "schedule");
  d->peak = study_first(&l->params, peaks);
  d->tuned = study_first(&l->results, tuned);
  d->score = study_first(&l->results, scores);
  return d->schedule != SIZE_MAX && d->peak != SIZE_MAX && d->tuned != SIZE_MAX;
}

void schedules_judge(struct schedules_data *d, const struct study *s)
{
  struct names names = {0};
  schedules_free(d);
  if (!find_columns(d, &s->list))
    return;
  study_values(s, d->schedule, &names);
  study_values(s, d->peak, &d->peaks);
  d->name_of = places(s, d->schedule, &names);
  d->peak_of = places(s, d->peak, &d->peaks);
  d->standing = xcalloc(names.n + 1, sizeof *d->standing);
  for (size_t i = 0; i < names.n; i++) {
    struct standing *st = &d->standing[d->n];
    *st = (struct standing){.name = xstrdup(names.name[i]), .key = i, .difference = NAN, .p = NAN};
    if (find_best(d, s, st))
      find_range(d, s, d->n++);
    else
      free(st->name);
  }
  qsort_r(d->standing, d->n, sizeof *d->standing, by_score, &(struct scored){d, s});
  rank(d, s);
  names_free(&names);
}

void schedules_free(struct schedules_data *d)
{
  for (size_t i = 0; i < d->n; i++) {
    free(d->standing[i].name);
    curve_free(&d->standing[i].shape);
  }
  free(d->standing);
  free(d->name_of);
  free(d->peak_of);
  names_free(&d->peaks);
  *d = (struct schedules_data){0};
}
