/* minimize.c: the run of a minimizer: budgets, stops, trace, counting; see minimize.h. */
#include "experiments/minimize/minimize.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"

const char *minimize_stop_name(enum minimize_stop s)
{
  static const char *const names[] = {"running", "gap", "grad-norm", "passes", "iterations", "seconds", "converged", "diverged"};
  return names[s];
}

void minimize_init(struct minimize *m, const struct exec *x, struct objective *f, double *w, double passes)
{
  *m = (struct minimize){.exec = x, .f = f, .w = w, .passes = passes, .iterations = INFINITY, .seconds = INFINITY, .gap = -1,
                         .minimum = NAN, .grad_norm = -1, .every = 1, .value = NAN, .gradient_norm = NAN};
}

void minimize_free(struct minimize *m)
{
  double *owned[] = {m->trace.iteration, m->trace.passes, m->trace.seconds, m->trace.value, m->trace.grad_norm, m->trace.step, m->gradient};
  for (size_t k = 0; k < sizeof owned / sizeof *owned; k++)
    free(owned[k]);
  m->trace = (struct minimize_trace){0};
  m->gradient = NULL;
}

/* Processor time of this thread: what others do to the machine does not count. */
static double now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

double minimize_passes(const struct minimize *m)
{
  return (m->count.gradients + m->count.values + m->count.hvps) / (double)m->f->n;
}

/* --- the trace --------------------------------------------------------------------------------- */

static enum status make_room(struct minimize *m)
{
  struct minimize_trace *t = &m->trace;
  double **column[] = {&t->iteration, &t->passes, &t->seconds, &t->value, &t->grad_norm, &t->step};
  if (t->n < t->room)
    return STATUS_OK;
  size_t room = t->room ? 2 * t->room : 64;
  for (size_t k = 0; k < sizeof column / sizeof *column; k++) {
    void *p = *column[k];
    enum status s = mem_resize(&p, room, sizeof(double), "the trace of a minimization", &m->err);
    if (s != STATUS_OK)
      return s;
    *column[k] = p;
  }
  t->room = room;
  return STATUS_OK;
}

static void add_entry(struct minimize *m, double step)
{
  struct minimize_trace *t = &m->trace;
  m->status = make_room(m);
  if (m->status != STATUS_OK)
    return;
  t->iteration[t->n] = m->iteration;
  t->passes[t->n] = minimize_passes(m);
  t->seconds[t->n] = m->spent_s;
  t->value[t->n] = m->value;
  t->grad_norm[t->n] = m->gradient_norm;
  t->step[t->n] = step;
  t->n++;
}

/* Value and gradient norm at the point: known, or evaluated off the clock. */
static void look(struct minimize *m, const struct minimize_point *p)
{
  double from = now();
  m->spent_s = from - m->began_s - m->aside_s;
  if (p->measure)
    m->value = p->measure(p->self, p->w, m->gradient);
  else
    m->value = p->gradient ? p->value : objective_gradient(m->f, p->w, m->gradient);
  m->gradient_norm = vec_norm2_f64(p->gradient ? p->gradient : m->gradient, m->f->d);
  add_entry(m, p->step);
  m->aside_s += now() - from;
}

/* --- going on ---------------------------------------------------------------------------------- */

static enum minimize_stop reached(const struct minimize *m)
{
  double minimum = isnan(m->minimum) ? m->f->minimum : m->minimum;
  if (!isfinite(m->value) || !isfinite(m->gradient_norm))
    return MINIMIZE_DIVERGED;
  if (m->gap >= 0 && m->value - minimum <= m->gap) /* never where the minimum is NaN */
    return MINIMIZE_GAP;
  return m->gradient_norm <= m->grad_norm ? MINIMIZE_GRAD_NORM : MINIMIZE_RUNNING;
}

/* The clock is a system call: looked at a hundred times a pass at most. */
static bool out_of_time(struct minimize *m, double passes)
{
  if (m->seconds == INFINITY || passes < m->next_look)
    return false;
  m->next_look = passes + 0.01;
  return now() - m->began_s - m->aside_s >= m->seconds;
}

static enum minimize_stop spent(struct minimize *m)
{
  double passes = minimize_passes(m);
  if (passes >= m->passes)
    return MINIMIZE_PASSES;
  if (m->iteration >= m->iterations)
    return MINIMIZE_ITERATIONS;
  return out_of_time(m, passes) ? MINIMIZE_SECONDS : MINIMIZE_RUNNING;
}

static bool end(struct minimize *m, const struct minimize_point *p)
{
  if (p->w != m->w)
    memcpy(m->w, p->w, m->f->d * sizeof *m->w);
  return false;
}

bool minimize_go_on(struct minimize *m, const struct minimize_point *p)
{
  m->iteration += p->iterations;
  if (exec_cancelled(m->exec)) {
    m->status = err_set(&m->err, STATUS_CANCELLED, "cancelled after %.0f iterations", m->iteration);
    return end(m, p);
  }
  enum minimize_stop stop = spent(m);
  double passes = minimize_passes(m);
  if (stop == MINIMIZE_RUNNING && passes < m->next_record)
    return true;
  m->next_record = passes + m->every;
  look(m, p);
  if (m->status != STATUS_OK)
    return end(m, p);
  m->stop = reached(m); /* a target that is reached counts more than a budget that is spent */
  if (m->stop == MINIMIZE_RUNNING)
    m->stop = stop;
  return m->stop == MINIMIZE_RUNNING || end(m, p);
}

uint64_t minimize_room(const struct minimize *m, double evaluations)
{
  double passes = minimize_passes(m), n = (double)m->f->n;
  double until = fmin(m->next_record, m->passes) - passes;
  if (m->seconds != INFINITY)
    until = fmin(until, fmax(m->next_look - passes, 0.01));
  double most = fmin(ceil(until * n / evaluations), m->iterations - m->iteration);
  return most > 1 ? (uint64_t)fmin(most, 1e15) : 1;
}

static void end_with(struct minimize *m, const struct minimize_point *p, enum minimize_stop otherwise)
{
  m->iteration += p->iterations;
  look(m, p);
  m->stop = reached(m);
  if (m->stop == MINIMIZE_RUNNING)
    m->stop = otherwise;
  end(m, p);
}

void minimize_converged(struct minimize *m, const struct minimize_point *p) { end_with(m, p, MINIMIZE_CONVERGED); }

void minimize_diverged(struct minimize *m, const struct minimize_point *p) { end_with(m, p, MINIMIZE_DIVERGED); }

/* --- counting ---------------------------------------------------------------------------------- */

double minimize_value(struct minimize *m, const double *w)
{
  m->count.values += (double)m->f->n;
  return objective_value(m->f, w);
}

double minimize_gradient(struct minimize *m, const double *w, double *g)
{
  m->count.gradients += (double)m->f->n;
  return objective_gradient(m->f, w, g);
}

double minimize_component(struct minimize *m, size_t i, const double *w, double *g)
{
  m->count.gradients += 1;
  return objective_component(m->f, i, w, g);
}

double minimize_batch(struct minimize *m, const uint32_t *index, size_t b, const double *w, double *g)
{
  m->count.gradients += (double)b;
  return objective_batch(m->f, index, b, w, g);
}

double minimize_batch_value(struct minimize *m, const uint32_t *index, size_t b, const double *w, double *g)
{
  *(m->f->method->batch_value ? &m->count.values : &m->count.gradients) += (double)b;
  return objective_batch_value(m->f, index, b, w, g);
}

enum status minimize_hvp(struct minimize *m, const double *w, const double *v, double *out, struct err *e)
{
  m->count.hvps += (double)m->f->n;
  return objective_hvp(m->f, w, v, out, e);
}

enum status minimize_hessian(struct minimize *m, const double *w, double *h, struct err *e)
{
  m->count.hessians += 1;
  return objective_hessian(m->f, w, h, e);
}

/* --- the front --------------------------------------------------------------------------------- */

static enum status check(const struct minimize *m, struct err *e)
{
  if (!(m->passes > 0) || !(m->iterations >= 0) || !(m->seconds > 0) || !(m->every >= 0))
    return err_set(e, STATUS_BAD_ARG, "budgets must be positive: passes %g, iterations %g, seconds %g", m->passes, m->iterations, m->seconds);
  if (m->passes == INFINITY && m->iterations == INFINITY && m->seconds == INFINITY)
    return err_set(e, STATUS_BAD_ARG, "a budget is needed: passes, iterations or seconds");
  if (m->gap >= 0 && isnan(m->minimum) && isnan(m->f->minimum))
    return err_set(e, STATUS_BAD_ARG, "gap needs the least value, which objective \"%s\" does not know; give minimum, or use grad_norm",
                   m->f->of.method->id);
  if (!vec_finite_f64(m->w, m->f->d))
    return err_set(e, STATUS_BAD_ARG, "the starting weights are not all finite");
  return STATUS_OK;
}

enum status minimize_run(const struct object *o, struct minimize *m, struct err *e)
{
  const struct minimizer *method = (const struct minimizer *)o->method;
  struct err local = {0};
  void *gradient;
  e = e ? e : &local;
  assert(o->method->kind == KIND_MINIMIZER && !m->gradient && m->trace.n == 0);
  enum status s = check(m, e);
  if (s == STATUS_OK && method->accepts)
    s = method->accepts(o->conf, m->f, e);
  if (s == STATUS_OK)
    s = mem_new(&gradient, m->f->d, sizeof(double), "a gradient", e);
  if (s == STATUS_OK) {
    m->gradient = gradient;
    m->began_s = now();
    s = method->run(o->conf, m, e);
    m->spent_s = now() - m->began_s - m->aside_s;
  }
  if (s == STATUS_OK && m->status != STATUS_OK)
    s = m->status;
  if (s != STATUS_OK && s == m->status)
    *e = m->err;
  if (s != STATUS_OK)
    err_prefix(e, "minimizer \"%s\"", o->method->id);
  return s;
}
