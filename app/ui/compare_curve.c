/* compare_curve.c: the mean curve of a group of runs with a 95 % interval. Steps fall into buckets of equal width; each run
 * counts once in a bucket, by the mean of its values there, so that runs that log more often weigh no more. */
#include <math.h>
#include <stdlib.h>

#include "app/ui/compare_data.h"
#include "experiments/kernel/mem.h"
#include "experiments/kernel/stats.h"

enum { BUCKETS = 400 }; /* twice the columns of a wide terminal */

#define OF_METRIC " FROM metric WHERE run_id = ?1 AND key_id = (SELECT id FROM metric_key WHERE name = ?2)"

struct bucket { double step, *value; size_t n; bool bad; }; /* the last step; one value a run; bad: a run is NaN here */

static struct store_query *ask(struct app *app, struct store *s, const char *sql, int64_t run, const char *metric)
{
  struct store_query *q = reading_query(app, s, sql);
  if (q) {
    store_query_bind_int(q, 1, run);
    store_query_bind_text(q, 2, metric);
  }
  return q;
}

/* First and last step of all runs; false: none has any. */
static bool find_range(struct app *app, struct store *s, const int64_t *run, size_t n, const char *metric, int64_t *first, int64_t *last)
{
  bool any = false;
  for (size_t i = 0; i < n; i++) {
    int code;
    struct store_query *q = ask(app, s, "SELECT min(step), max(step)" OF_METRIC, run[i], metric);
    if (q && reading_next(q, &code) && store_query_cell(q, 0).type == STORE_INTEGER) {
      int64_t low = store_query_cell(q, 0).i, high = store_query_cell(q, 1).i;
      *first = any && *first < low ? *first : low;
      *last = any && *last > high ? *last : high;
      any = true;
    }
    if (q)
      store_query_close(q);
  }
  return any;
}

/* The values of a run that fell into the bucket in hand. */
struct part { size_t at; double sum; size_t n; bool bad; };

static void close_part(struct bucket *b, struct part *p)
{
  if (p->n)
    b[p->at].value[b[p->at].n++] = p->sum / (double)p->n;
  b[p->at].bad = b[p->at].bad || p->bad;
  *p = (struct part){0};
}

static bool add_run(struct bucket *b, struct app *app, struct store *s, int64_t run, const char *metric, int64_t first, double width)
{
  struct store_query *q = ask(app, s, "SELECT step, value" OF_METRIC " ORDER BY step", run, metric);
  struct part part = {0};
  int code = STORE_ERROR;
  while (q && reading_next(q, &code)) {
    struct store_cell step = store_query_cell(q, 0), value = store_query_cell(q, 1);
    size_t at = (size_t)(((double)step.i - (double)first) / width);
    at = at < BUCKETS ? at : BUCKETS - 1;
    if (at != part.at) {
      close_part(b, &part);
      part.at = at;
    }
    b[at].step = fmax(b[at].step, (double)step.i);
    part.bad = part.bad || value.type == STORE_NULL || !isfinite(value.r);
    part.sum += value.type == STORE_NULL ? 0 : value.r;
    part.n++;
  }
  close_part(b, &part);
  if (q)
    store_query_close(q);
  return code == STORE_OK;
}

static void add_point(struct curve *c, const struct bucket *b)
{
  struct interval interval;
  double mean = NAN;
  if (b->bad || stats_mean(b->value, b->n, &mean, NULL) != STATUS_OK)
    mean = NAN;
  interval = (struct interval){mean, mean};
  if (!isnan(mean) && b->n >= 2 && stats_mean_interval(b->value, b->n, 0.95, &interval, NULL) != STATUS_OK)
    interval = (struct interval){mean, mean};
  c->x[c->n] = b->step;
  c->y[c->n] = mean;
  c->low[c->n] = interval.low;
  c->high[c->n++] = interval.high;
}

bool compare_curve(struct curve *c, struct app *app, struct store *s, const int64_t *run, size_t n, const char *metric)
{
  int64_t first = 0, last = 0;
  bool good = true;
  *c = (struct curve){0};
  if (!find_range(app, s, run, n, metric, &first, &last))
    return !app->cancel;
  double width = ((double)last - (double)first + 1) / BUCKETS;
  width = width < 1 ? 1 : width;
  struct bucket *b = xcalloc(BUCKETS, sizeof *b);
  for (size_t i = 0; i < BUCKETS; i++) {
    b[i].value = xcalloc(n, sizeof *b[i].value);
    b[i].step = -INFINITY;
  }
  for (size_t i = 0; i < n && good; i++)
    good = add_run(b, app, s, run[i], metric, first, width);
  c->x = xcalloc(BUCKETS, sizeof *c->x);
  c->y = xcalloc(BUCKETS, sizeof *c->y);
  c->low = xcalloc(BUCKETS, sizeof *c->low);
  c->high = xcalloc(BUCKETS, sizeof *c->high);
  for (size_t i = 0; i < BUCKETS; i++) {
    if (good && b[i].n)
      add_point(c, &b[i]);
    free(b[i].value);
  }
  free(b);
  return good;
}
