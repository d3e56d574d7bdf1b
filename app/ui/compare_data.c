/* compare_data.c: see compare_data.h. */
#include "app/ui/compare_data.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ui/course.h"
#include "app/ui/rows.h"
#include "experiments/kernel/mem.h"
#include "experiments/kernel/stats.h"

enum { MOST_PAIRS = 1000 };

const struct summary *compare_summary(const struct comparison *c, size_t group, size_t result) { return &c->list.row[c->row[group]].result[result]; }

/* --- effects -------------------------------------------------------------------------------------------------------- */

static struct effect effect_of(const struct comparison *c, size_t result, size_t group)
{
  const struct summary *a = compare_summary(c, 0, result), *b = compare_summary(c, group, result);
  double x[MOST_PAIRS], y[MOST_PAIRS], d[MOST_PAIRS], sd;
  struct effect out = {.result = result, .group = group, .difference = NAN, .low = NAN, .high = NAN, .t_p = NAN, .wilcoxon_p = NAN, .holm_p = NAN, .size = NAN};
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
    if (stats_sd(d, out.pairs, &sd, &e) == STATUS_OK && sd > 0)
      out.size = t.mean_difference / sd;
  }
  if (out.pairs >= 2 && stats_wilcoxon(y, x, out.pairs, &w, &e) == STATUS_OK)
    out.wilcoxon_p = w.p;
  return out;
}

/* Holm's adjustment over the groups, result by result. */
static void adjust(struct effect *of_result, size_t n)
{
  double p[COMPARE_GROUPS] = {0};
  size_t m = 0;
  struct err e = {0};
  for (size_t i = 0; i < n; i++)
    if (!isnan(of_result[i].t_p))
      p[m++] = of_result[i].t_p;
  if (!m || stats_holm(p, m, p, &e) != STATUS_OK)
    return;
  m = 0;
  for (size_t i = 0; i < n; i++)
    if (!isnan(of_result[i].t_p))
      of_result[i].holm_p = p[m++];
}

/* The result that screen 1 judges by, else the most important one of numbers; then whatever is named as a score
 * and can be compared. */
static void find_scores(struct comparison *c, const char *asked)
{
  size_t first = asked && !result_is_derived(asked) ? row_find(&c->list.results, asked) : SIZE_MAX;
  for (size_t i = 0; i < c->n_effects; i++) {
    size_t result = c->effect[i].result;
    first = first == SIZE_MAX ? result : first;
    c->effect[i].score = result == first || (result_is_score(c->list.results.name[result]) && !isnan(c->effect[i].difference));
  }
  c->score = first;
}

static int by_importance(const struct comparison *c, const struct effect *p, const struct effect *q)
{
  if (p->result == q->result)
    return (p->group > q->group) - (p->group < q->group);
  if (p->result == c->score || q->result == c->score)
    return p->result == c->score ? -1 : 1;
  return p->result > q->result ? 1 : -1; /* as the listing has them */
}

static int by_size(const void *a, const void *b, void *comparison)
{
  const struct effect *p = a, *q = b;
  if (p->score || q->score)
    return p->score != q->score ? q->score - p->score : by_importance(comparison, p, q);
  double x = isnan(p->size) ? -1 : fabs(p->size), y = isnan(q->size) ? -1 : fabs(q->size);
  if (x != y)
    return x > y ? -1 : 1;
  return p->result != q->result ? (p->result > q->result) - (p->result < q->result) : (p->group > q->group) - (p->group < q->group);
}

/* Is it a number in any group? */
static bool is_number(const struct comparison *c, size_t result)
{
  for (size_t g = 0; g < c->n; g++)
    if (compare_summary(c, g, result)->n)
      return true;
  return false;
}

static void find_effects(struct comparison *c, const char *score)
{
  c->effect = xcalloc(c->list.results.n * COMPARE_GROUPS + 1, sizeof *c->effect);
  for (size_t k = 0; k < c->list.results.n; k++) {
    struct effect *first = c->effect + c->n_effects;
    for (size_t g = 1; g < c->n && is_number(c, k); g++)
      c->effect[c->n_effects++] = effect_of(c, k, g);
    adjust(first, (size_t)(c->effect + c->n_effects - first));
  }
  find_scores(c, score);
  if (c->n_effects)
    qsort_r(c->effect, c->n_effects, sizeof *c->effect, by_size, c);
}

/* --- groups --------------------------------------------------------------------------------------------------------- */

/* The rows under their letters: the reference is A. */
static void find_groups(struct comparison *c, int64_t reference)
{
  size_t first = 0;
  for (size_t i = 0; i < c->list.n_rows; i++)
    if (c->list.row[i].id == reference)
      first = i;
  for (size_t i = 0; i < c->list.n_rows; i++) {
    size_t row = i == 0 ? first : i <= first ? i - 1 : i;
    if (c->n < COMPARE_GROUPS)
      c->row[c->n++] = row;
    else
      c->left_out++;
  }
}

static void find_differing(struct comparison *c)
{
  const struct listing *l = &c->list;
  c->differs = xcalloc(l->params.n + 1, sizeof *c->differs);
  for (size_t k = 0; k < l->params.n; k++)
    for (size_t g = 1; g < c->n && (l->by_run || strcmp(l->params.name[k], "seed") != 0); g++)
      c->differs[k] = c->differs[k] || !cell_equal(&l->row[c->row[0]].param[k], &l->row[c->row[g]].param[k]);
}

/* --- curves --------------------------------------------------------------------------------------------------------- */

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

static const char *usual_metric(const struct names *metrics, struct app *app, struct store *s, const struct compare_ask *ask)
{
  static const char *const wanted[] = {"val_error", "val_loss", "loss"};
  const char *with_course = course_choose(app, s, wanted, sizeof wanted / sizeof *wanted, ask->run, ask->n);
  if (with_course)
    return with_course;
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
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
      if (c->list.run[i].row == c->row[g])
        run[n++] = c->list.run[i].id;
    if (!compare_curve(&c->curve[g], app, s, run, n, c->metric))
      curve_free(&c->curve[g]); /* the group stands without its curve; stderr has told why */
    free(run);
  }
}

/* --- the whole ------------------------------------------------------------------------------------------------------- */

bool compare_load(struct comparison *c, struct app *app, struct store *s, const struct compare_ask *ask)
{
  char *ids = run_list(ask->run, ask->n), *where = xasprintf("id IN (%s)", ids);
  const struct listing_ask listing = {.seeds = true, .where = where, .by_run = ask->by_run, .most_results = SIZE_MAX};
  *c = (struct comparison){0};
  bool good = listing_load(&c->list, app, s, &listing) == EXIT_DONE;
  if (good) {
    find_groups(c, ask->reference);
    find_differing(c);
    find_effects(c, ask->score);
    find_metrics(c, app, s, ids);
    const char *metric = ask->metric && names_has(&c->metrics, ask->metric) ? ask->metric : usual_metric(&c->metrics, app, s, ask);
    c->metric = metric ? xstrdup(metric) : NULL;
    read_curves(c, app, s);
  }
  free(ids);
  free(where);
  return good;
}

void compare_free(struct comparison *c)
{
  listing_free(&c->list);
  names_free(&c->metrics);
  for (size_t i = 0; i < COMPARE_GROUPS; i++)
    curve_free(&c->curve[i]);
  free(c->differs);
  free(c->metric);
  free(c->effect);
  *c = (struct comparison){0};
}

void compare_ask_free(struct compare_ask *a)
{
  free(a->run);
  free(a->metric);
  free(a->score);
  *a = (struct compare_ask){0};
}

/* --- for a file --------------------------------------------------------------------------------------------------------- */

static void put_number(FILE *f, double x)
{
  if (isnan(x))
    fputc(',', f);
  else
    fprintf(f, ",%.17g", x);
}

static void put_effect(FILE *f, const struct comparison *c, const struct effect *e)
{
  const struct summary *a = compare_summary(c, 0, e->result), *b = compare_summary(c, e->group, e->result);
  const double figures[] = {e->difference, e->low, e->high, e->size, e->t_p, e->holm_p, e->wilcoxon_p};
  char *config = row_config_text(&c->list, c->row[e->group]), *reference = row_config_text(&c->list, c->row[0]);
  csv_write(f, c->list.results.name[e->result], false);
  fprintf(f, ",%c,", (char)('A' + e->group));
  csv_write(f, config, false);
  fputc(',', f);
  csv_write(f, reference, false);
  put_number(f, b->n && !b->n_nan ? b->mean : NAN);
  put_number(f, a->n && !a->n_nan ? a->mean : NAN);
  fprintf(f, ",%zu", e->pairs);
  for (size_t i = 0; i < sizeof figures / sizeof *figures; i++)
    put_number(f, figures[i]);
  fputc('\n', f);
  free(config);
  free(reference);
}

char *compare_csv(const struct comparison *c)
{
  char *text;
  size_t size;
  FILE *f = xstream_open(&text, &size);
  fputs("result,group,config,config_A,mean,mean_A,pairs,difference,low,high,effect,t_p,holm_p,wilcoxon_p\n", f);
  for (size_t i = 0; i < c->n_effects; i++)
    put_effect(f, c, &c->effect[i]);
  xstream_close(f);
  return text;
}
