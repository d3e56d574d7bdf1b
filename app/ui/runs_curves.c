/* runs_curves.c: sparklines of the rows that are seen: a few seeks in the index for each, however long the curve is. Those that
 * have been read are kept in a ring. */
#include <math.h>
#include <stdlib.h>

#include "app/reading.h"
#include "app/ui/runs_int.h"
#include "experiments/kernel/mem.h"

enum { KEPT = 1024 };

struct spark { int64_t run, metric_id; bool old; double value[SPARK_POINTS]; };

struct curves {
  struct ui *ui;
  struct spark spark[KEPT];
  size_t n;                  /* ever kept: the next goes to n % KEPT */
  struct sparking *job;
};

struct sparking {
  struct aside_job job; /* first */
  struct curves *curves;
  struct spark *spark;
  size_t n;
};

/* --- reading ---------------------------------------------------------------------------------------------------- */

/* The number that a query of a run and a metric gives (and ?3, a step, unless it is INT64_MIN); NaN: none. */
static double number_at(struct app *app, struct store *s, const char *sql, const struct spark *of, int64_t step)
{
  struct store_query *q = reading_query(app, s, sql);
  double v = NAN;
  int code;
  if (!q)
    return NAN;
  store_query_bind_int(q, 1, of->run);
  store_query_bind_int(q, 2, of->metric_id);
  if (step != INT64_MIN)
    store_query_bind_int(q, 3, step);
  if (reading_next(q, &code)) {
    struct store_cell c = store_query_cell(q, 0);
    v = c.type == STORE_REAL ? c.r : c.type == STORE_INTEGER ? (double)c.i : NAN;
  }
  store_query_close(q);
  return v;
}

#define OF_METRIC " FROM metric WHERE run_id = ?1 AND key_id = ?2 "

static void read_spark(struct app *app, struct store *s, struct spark *out)
{
  double first = number_at(app, s, "SELECT min(step)" OF_METRIC, out, INT64_MIN);
  double last = number_at(app, s, "SELECT max(step)" OF_METRIC, out, INT64_MIN);
  for (int i = 0; i < SPARK_POINTS; i++) {
    if (last <= first && i < SPARK_POINTS - 1) { /* a point is no line */
      out->value[i] = NAN;
      continue;
    }
    double step = first + (last - first) * i / (SPARK_POINTS - 1);
    out->value[i] = isnan(step) ? NAN : number_at(app, s, "SELECT value" OF_METRIC "AND step <= ?3 ORDER BY step DESC LIMIT 1", out, (int64_t)step);
  }
}

static void sparking_work(struct aside_job *job, struct app *app, struct store *s)
{
  struct sparking *k = (struct sparking *)job;
  for (size_t i = 0; s && i < k->n && !app->cancel; i++)
    read_spark(app, s, &k->spark[i]);
}

static struct spark *find(const struct curves *c, int64_t run, int64_t metric_id)
{
  for (size_t i = c->n < KEPT ? c->n : KEPT; i-- > 0;)
    if (c->spark[i].run == run && c->spark[i].metric_id == metric_id)
      return (struct spark *)&c->spark[i];
  return NULL;
}

static void sparking_done(struct aside_job *job)
{
  struct sparking *k = (struct sparking *)job;
  struct curves *c = k->curves;
  c->job = NULL;
  for (size_t i = 0; i < k->n; i++) {
    struct spark *there = find(c, k->spark[i].run, k->spark[i].metric_id);
    *(there ? there : &c->spark[c->n++ % KEPT]) = k->spark[i];
  }
  ui_redraw(c->ui);
}

static void sparking_release(struct aside_job *job)
{
  struct sparking *k = (struct sparking *)job;
  free(k->spark);
  free(k);
}

/* --- the ring ----------------------------------------------------------------------------------------------------- */

struct curves *curves_new(struct ui *ui)
{
  struct curves *c = xcalloc(1, sizeof *c);
  c->ui = ui;
  return c;
}

void curves_free(struct curves *c)
{
  if (c->job)
    aside_drop(ui_aside(c->ui), &c->job->job);
  free(c);
}

const double *curves_find(const struct curves *c, int64_t run, int64_t metric_id)
{
  const struct spark *k = find(c, run, metric_id);
  return k ? k->value : NULL;
}

void curves_outdate(struct curves *c)
{
  for (size_t i = 0; i < KEPT; i++)
    c->spark[i].old = true;
}

void curves_want(struct curves *c, const int64_t *run, const int64_t *metric_id, size_t n)
{
  if (c->job || !n)
    return;
  struct sparking *k = xcalloc(1, sizeof *k);
  k->spark = xcalloc(n, sizeof *k->spark);
  for (size_t i = 0; i < n; i++) {
    const struct spark *there = find(c, run[i], metric_id[i]);
    if (!there || there->old)
      k->spark[k->n++] = (struct spark){.run = run[i], .metric_id = metric_id[i]};
  }
  if (!k->n) {
    sparking_release(&k->job);
    return;
  }
  k->job = (struct aside_job){.work = sparking_work, .done = sparking_done, .release = sparking_release};
  k->curves = c;
  c->job = k;
  aside_ask(ui_aside(c->ui), &k->job);
}
