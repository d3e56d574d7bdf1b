/* schedules_curves.c: what the schedules of a facet logged along their runs, read aside: the learning rate of one run by step,
 * and what is tuned (the validation error) as a mean over the runs that have a score, over the part of the updates. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/ui/compare_data.h"
#include "app/ui/schedules_view.h"
#include "experiments/kernel/mem.h"

enum { RUNS_MOST = 200 }; /* of one schedule */
static const double near_least = 0.1; /* on target: within this share of the least that any schedule reaches */

/* One schedule: the run whose rate is drawn, the runs of its course, and what was read of them. */
struct asked { int64_t shape_of, *run; size_t n; struct curve shape, course; };

struct schedules_reading {
  struct aside_job job; /* first */
  struct schedules *view;
  char *metric;
  struct asked *asked;
  size_t n;
};

static void work(struct aside_job *job, struct app *app, struct store *s)
{
  struct schedules_reading *r = (struct schedules_reading *)job;
  for (size_t i = 0; s && i < r->n; i++) {
    struct asked *a = &r->asked[i];
    if (!curve_load(&a->shape, app, s, &a->shape_of, 1, "lr") || !compare_curve(&a->course, app, s, a->run, a->n, r->metric))
      return;
  }
}

/* Steps as parts of the last one, which is where the run ended. */
static void scale_steps(struct curve *c)
{
  double last = c->n ? c->x[c->n - 1] : 0;
  for (size_t i = 0; i < c->n; i++)
    c->x[i] = last > 0 ? c->x[i] / last : 1;
}

/* Where straight lines between the points first come down to the limit; NaN: nowhere. */
static double part_until(const struct curve *c, double limit)
{
  for (size_t i = 0; i < c->n; i++)
    if (c->y[i] <= limit)
      return i == 0 || isnan(c->y[i - 1]) ? c->x[i] : c->x[i - 1] + (c->x[i] - c->x[i - 1]) * (c->y[i - 1] - limit) / (c->y[i - 1] - c->y[i]);
  return NAN;
}

static void find_targets(struct facet *f)
{
  double least = INFINITY;
  for (size_t i = 0; i < f->n; i++)
    for (size_t k = 0; k < f->standing[i].course.n; k++)
      least = fmin(least, f->standing[i].course.y[k]);
  for (size_t i = 0; i < f->n; i++)
    f->standing[i].target = part_until(&f->standing[i].course, least + near_least * fabs(least));
}

static void take(struct curve *to, struct curve *from)
{
  curve_free(to);
  *to = *from;
  *from = (struct curve){0};
}

static void done(struct aside_job *job)
{
  struct schedules_reading *r = (struct schedules_reading *)job;
  struct schedules *v = r->view;
  struct facet *f = schedules_facet(v);
  v->reading = NULL;
  for (size_t i = 0; i < r->n; i++) {
    scale_steps(&r->asked[i].course);
    take(&f->standing[i].shape, &r->asked[i].shape);
    take(&f->standing[i].course, &r->asked[i].course);
  }
  find_targets(f);
  schedules_set_columns(v);
  ui_redraw(v->study.ui);
}

static void release(struct aside_job *job)
{
  struct schedules_reading *r = (struct schedules_reading *)job;
  for (size_t i = 0; i < r->n; i++) {
    curve_free(&r->asked[i].shape);
    curve_free(&r->asked[i].course);
    free(r->asked[i].run);
  }
  free(r->asked);
  free(r->metric);
  free(r);
}

static bool has_score(const struct summary *score, int64_t seed)
{
  for (size_t i = 0; i < score->n && score->seed; i++)
    if (score->seed[i] == seed)
      return true;
  return false;
}

/* The runs of a schedule's config that were scored, not those that it was tuned on. */
static void find_runs(const struct schedules *v, const struct standing *st, struct asked *a)
{
  const struct listing *l = &v->study.list;
  const struct summary *score = &l->row[st->row].result[v->data.score];
  a->shape_of = l->row[st->row].id;
  a->run = xcalloc(RUNS_MOST, sizeof *a->run);
  for (size_t i = 0; i < l->n_runs && a->n < RUNS_MOST; i++)
    if (l->run[i].row == st->row && l->run[i].done && has_score(score, l->run[i].seed))
      a->run[a->n++] = l->run[i].id;
}

void schedules_curves_ask(struct schedules *v)
{
  schedules_curves_drop(v);
  const struct facet *f = schedules_facet(v);
  struct schedules_reading *r = v->reading = xcalloc(1, sizeof *r);
  r->job = (struct aside_job){.work = work, .done = done, .release = release};
  r->view = v;
  r->metric = xstrdup(v->study.list.results.name[v->data.tuned]);
  r->asked = xcalloc(f->n + 1, sizeof *r->asked);
  r->n = f->n;
  for (size_t i = 0; i < f->n; i++)
    find_runs(v, &f->standing[i], &r->asked[i]);
  aside_ask(ui_aside(v->study.ui), &r->job);
}

void schedules_curves_drop(struct schedules *v)
{
  if (v->reading)
    aside_drop(ui_aside(v->study.ui), &v->reading->job);
  v->reading = NULL;
}

void schedules_curves_inherit(struct facet *f, struct facet *old)
{
  for (size_t i = 0; i < f->n; i++)
    for (size_t k = 0; k < old->n; k++)
      if (strcmp(f->standing[i].name, old->standing[k].name) == 0) {
        take(&f->standing[i].shape, &old->standing[k].shape);
        take(&f->standing[i].course, &old->standing[k].course);
      }
  find_targets(f);
}
