/* schedules_data.c: see schedules_data.h. Here: how the schedules of one facet stand. */
#include "app/ui/schedules_data.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/ui/rows.h"
#include "experiments/kernel/mem.h"
#include "experiments/kernel/stats.h"

enum { MOST_PAIRS = 1000 };
static const double rounding = 1e-12; /* of means over few seeds, summed in whatever order */

/* --- curves over the peaks ------------------------------------------------------------------------------------------- */

struct at { double x; size_t row; };

static int by_x(const void *a, const void *b)
{
  double x = ((const struct at *)a)->x, y = ((const struct at *)b)->x;
  return (x > y) - (x < y);
}

/* The seeds that rates are chosen on: as many as any config of the facet has. */
static size_t count_choices(const struct schedules_data *d, const struct study *s, const struct facet *f)
{
  size_t most = 0;
  for (size_t i = 0; i < f->n_rows; i++)
    most = s->list.row[f->row[i]].result[d->tuned].n > most ? s->list.row[f->row[i]].result[d->tuned].n : most;
  return most;
}

/* A rate that some seeds did not survive is no candidate, however well the others did. */
double schedules_choice(const struct schedules_data *d, const struct study *s, const struct facet *f, size_t row)
{
  const struct listing_row *r = &s->list.row[row];
  bool lost = r->count[STORE_FAILED] + r->count[STORE_LOST] && r->result[d->tuned].n < f->choices;
  return lost ? NAN : study_mean(s, row, d->tuned);
}

struct curve schedules_points(const struct schedules_data *d, const struct study *s, const struct facet *f, size_t standing, size_t result)
{
  struct at *at = xcalloc(f->n_rows + 1, sizeof *at);
  size_t n = 0, room = f->n_rows + 1;
  for (size_t i = 0; i < f->n_rows; i++) {
    double x = study_param(s, f->row[i], d->peak), y = result == d->tuned ? schedules_choice(d, s, f, f->row[i]) : study_mean(s, f->row[i], result);
    if (isfinite(x) && isfinite(y) && f->name_of[i] == f->standing[standing].key)
      at[n++] = (struct at){x, f->row[i]};
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

/* Is config a, of mean y, to be taken rather than b, of mean `best`? Of two that are equal up to rounding, the one that was scored,
 * else the lesser peak: which is how compare/schedules.lua chooses what it scores. */
static bool is_better(const struct schedules_data *d, const struct study *s, size_t a, double y, size_t b, double best)
{
  if (!(fabs(y - best) <= rounding * fabs(best)))
    return y < best;
  bool scored = isfinite(study_mean(s, a, d->score)), other = isfinite(study_mean(s, b, d->score));
  return scored != other ? scored : study_param(s, a, d->peak) < study_param(s, b, d->peak);
}

/* The config of this schedule with the least mean on validation data; false: none has one. */
static bool find_best(const struct schedules_data *d, const struct study *s, const struct facet *f, struct standing *st)
{
  double best = INFINITY;
  st->row = SIZE_MAX;
  for (size_t i = 0; i < f->n_rows; i++) {
    const struct listing_row *r = &s->list.row[f->row[i]];
    if (f->name_of[i] != st->key)
      continue;
    double y = schedules_choice(d, s, f, f->row[i]);
    st->lost += r->count[STORE_FAILED] + r->count[STORE_LOST];
    if (isfinite(y) && (st->row == SIZE_MAX || is_better(d, s, f->row[i], y, st->row, best))) {
      best = y;
      st->row = f->row[i];
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
  for (size_t i = 0; twice != SIZE_MAX && i < s->n_rows; i++)
    if (isfinite(study_mean(s, s->row[i], twice)) && same_but_horizon(&s->list, s->row[i], st->row))
      st->twice = study_mean(s, s->row[i], twice) - study_mean(s, st->row, d->score);
}

/* Is this peak the least or the greatest of several that the schedule has tried? */
static bool at_edge(const struct schedules_data *d, const struct study *s, const struct facet *f, const struct standing *st)
{
  double low = INFINITY, high = -INFINITY;
  for (size_t i = 0; i < f->n_rows; i++)
    if (f->name_of[i] == st->key) {
      low = fmin(low, study_param(s, f->row[i], d->peak));
      high = fmax(high, study_param(s, f->row[i], d->peak));
    }
  return low < high && (st->peak <= low || st->peak >= high);
}

static void find_range(const struct schedules_data *d, const struct study *s, const struct facet *f, size_t standing)
{
  struct standing *st = &f->standing[standing];
  struct curve c = schedules_points(d, s, f, standing, d->tuned);
  double best = study_mean(s, st->row, d->tuned);
  st->peak = study_param(s, st->row, d->peak);
  st->decades = width_below(&c, best + 0.1 * fabs(best));
  st->edge = at_edge(d, s, f, st);
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

/* Paired differences from the first, Holm's p over all that can be tested. */
static void test(const struct schedules_data *d, const struct study *s, struct facet *f)
{
  double *p = xcalloc(f->n + 1, sizeof *p), x[MOST_PAIRS], y[MOST_PAIRS];
  size_t *tested = xcalloc(f->n + 1, sizeof *tested), m = 0;
  struct err e = {0};
  for (size_t i = 1; i < f->n; i++) {
    const struct summary *a = &s->list.row[f->standing[i].row].result[d->score], *b = &s->list.row[f->standing[0].row].result[d->score];
    struct stats_t_test t;
    size_t pairs = summary_pairs(a, b, x, y, MOST_PAIRS);
    f->standing[i].difference = study_mean(s, f->standing[i].row, d->score) - study_mean(s, f->standing[0].row, d->score);
    if (pairs >= 2 && stats_paired_t(x, y, pairs, 0.95, &t, &e) == STATUS_OK) {
      f->standing[i].difference = t.mean_difference;
      p[m] = t.p;
      tested[m++] = i;
    }
  }
  if (m && stats_holm(p, m, p, &e) == STATUS_OK)
    for (size_t k = 0; k < m; k++)
      f->standing[tested[k]].p = p[k];
  free(p);
  free(tested);
}

/* Equal for all that cannot be told from the first. */
static void rank(const struct schedules_data *d, const struct study *s, struct facet *f)
{
  test(d, s, f);
  for (size_t i = 0; i < f->n; i++)
    f->standing[i].rank = isnan(study_mean(s, f->standing[i].row, d->score)) ? 0 : i && f->standing[i].p < 0.05 ? (int)i + 1 : 1;
}

/* --- facets ---------------------------------------------------------------------------------------------------------- */

/* The place of a parameter's text in `values`, for each config of a facet. */
static size_t *places(const struct study *s, const struct facet *f, size_t param, const struct names *values)
{
  size_t *out = xcalloc(f->n_rows + 1, sizeof *out);
  for (size_t i = 0; i < f->n_rows; i++) {
    char *text = row_param_text(&s->list.row[f->row[i]].param[param]);
    out[i] = row_find(values, text);
    free(text);
  }
  return out;
}

static void judge_facet(const struct schedules_data *d, const struct study *s, struct facet *f)
{
  struct names names = {0};
  study_values_of(s, f->row, f->n_rows, d->schedule, &names);
  study_values_of(s, f->row, f->n_rows, d->peak, &f->peaks);
  f->choices = count_choices(d, s, f);
  f->name_of = places(s, f, d->schedule, &names);
  f->peak_of = places(s, f, d->peak, &f->peaks);
  f->standing = xcalloc(names.n + 1, sizeof *f->standing);
  for (size_t i = 0; i < names.n; i++) {
    struct standing *st = &f->standing[f->n];
    *st = (struct standing){.name = xstrdup(names.name[i]), .key = i, .difference = NAN, .p = NAN, .target = NAN};
    if (*names.name[i] && find_best(d, s, f, st))
      find_range(d, s, f, f->n++);
    else
      free(st->name);
  }
  qsort_r(f->standing, f->n, sizeof *f->standing, by_score, &(struct scored){d, s});
  rank(d, s, f);
  names_free(&names);
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
  schedules_free(d);
  if (!find_columns(d, &s->list))
    return;
  facets_find(d, s);
  for (size_t i = 0; i < d->n; i++)
    judge_facet(d, s, &d->facet[i]);
  facets_drop_empty(d);
}

void schedules_free(struct schedules_data *d)
{
  facets_free(d);
  *d = (struct schedules_data){0};
}
