/* minimize.h: minimizing an objective (objective/objective.h): the run that every method works in, and what a method is.
 *
 * A method loops while minimize_go_on(): that counts iterations, keeps the trace, tests the stops, polls the cancel flag and
 * reports divergence. It evaluates the objective through the counting fronts below, so that methods can be compared by cost.
 * Everything is float64 and deterministic: random choices come from rng streams of the run's seed. */
#ifndef ASSAY_MINIMIZE_H
#define ASSAY_MINIMIZE_H

#include <stdint.h>

#include "experiments/kernel/exec.h"
#include "experiments/kernel/rng.h"
#include "experiments/objective/objective.h"

enum minimize_stop {
  MINIMIZE_RUNNING = 0,
  MINIMIZE_GAP,        /* value - minimum <= gap */
  MINIMIZE_GRAD_NORM,  /* gradient norm <= grad_norm */
  MINIMIZE_PASSES,     /* budgets */
  MINIMIZE_ITERATIONS,
  MINIMIZE_SECONDS,
  MINIMIZE_CONVERGED,  /* the method's own end: no further progress can be made in float64 */
  MINIMIZE_DIVERGED,   /* value or gradient is not finite: a result */
};
const char *minimize_stop_name(enum minimize_stop s); /* "gap", "grad-norm", …, "diverged" */

/* What was asked of the objective, counted in components: an evaluation of the whole sum counts n. */
struct minimize_count {
  double gradients;       /* with or without the value */
  double values;          /* values alone */
  double hvps;            /* Hessian-vector products */
  double hessians;        /* whole Hessians */
  double factorizations;  /* of d x d matrices */
};

struct minimize_trace {   /* owned, n entries each */
  size_t n, room;
  double *iteration, *passes, *seconds, *value, *grad_norm, *step;
};

struct minimize {
  /* --- set by the caller; minimize_init() gives the defaults --- */
  const struct exec *exec;
  struct objective *f;    /* borrowed */
  double *w;              /* d weights: the start, later the last iterate; borrowed */
  uint64_t seed;
  double passes, iterations, seconds; /* budgets; INFINITY: none */
  double gap;             /* stop at value - minimum <= gap; negative: never */
  double minimum;         /* NaN: that of the objective */
  double grad_norm;       /* stop at gradient norm <= this; negative: never */
  double every;           /* passes between two entries of the trace and tests of gap and grad_norm */

  /* --- results --- */
  struct minimize_count count;
  double iteration;       /* iterations made */
  double value, gradient_norm; /* at w, at the last entry of the trace */
  double spent_s;         /* processor time of this thread, evaluations for the trace left out */
  enum minimize_stop stop;
  struct minimize_trace trace;
  enum status status;     /* STATUS_OK also when diverged: see stop */
  struct err err;

  /* --- private to minimize.c --- */
  double began_s, aside_s;          /* processor time at the start; that of evaluations for the trace */
  double next_record, next_look;    /* in passes: when the trace and the clock are due */
  double *gradient;       /* d, owned */
};

/* A minimization of f from the weights w (changed in place), with no budget but `passes`. */
void minimize_init(struct minimize *m, const struct exec *x, struct objective *f, double *w, double passes);
void minimize_free(struct minimize *m); /* the trace; twice is harmless */

/* Where a method stands, when it asks whether to go on. */
struct minimize_point {
  const double *w;        /* the iterate that would be the result; often m->w. Copied to m->w at the end */
  const double *gradient; /* of f at w, with .value; NULL: unknown: evaluated, at no charge, where the trace wants it */
  double value;
  double step;            /* the rate of the last iteration, for the trace; NaN: none */
  double iterations;      /* iterations since the last call: 0 before the first one, usually 1 */
  /* Where more than f is minimized (a penalty, a constraint): its value at w, and in g (d) what vanishes at the minimum, whose norm counts as
   * that of the gradient. Asked at no charge where the trace wants it. NULL: f. */
  double (*measure)(const void *self, const double *w, double *g);
  const void *self;
};

/* True: make another iteration. False: stop, with m->w the last iterate; m->stop says why, or m->status what went wrong. */
bool minimize_go_on(struct minimize *m, const struct minimize_point *p);
/* How many iterations of so many component evaluations fit before minimize_go_on() has to be asked again: at least 1. */
uint64_t minimize_room(const struct minimize *m, double evaluations);
/* End a run from inside a method: no step improves w any more; or a gradient that is not finite. Then return m->status. */
void minimize_converged(struct minimize *m, const struct minimize_point *p);
void minimize_diverged(struct minimize *m, const struct minimize_point *p);

/* Component evaluations over n: what the budget `passes` counts: gradients, values and Hessian-vector products. */
double minimize_passes(const struct minimize *m);

/* The fronts that count. */
double minimize_value(struct minimize *m, const double *w);
double minimize_gradient(struct minimize *m, const double *w, double *g);
double minimize_component(struct minimize *m, size_t i, const double *w, double *g);
double minimize_batch(struct minimize *m, const uint32_t *index, size_t b, const double *w, double *g);
/* Counts as values, or as gradients where there is no value without one; g: see objective_batch_value(). */
double minimize_batch_value(struct minimize *m, const uint32_t *index, size_t b, const double *w, double *g);
NODISCARD enum status minimize_hvp(struct minimize *m, const double *w, const double *v, double *out, struct err *e);
NODISCARD enum status minimize_hessian(struct minimize *m, const double *w, double *h, struct err *e);

struct minimizer {
  struct method m;
  /* Is f of the kind that the method is for? STATUS_UNSUPPORTED with the reason. NULL: every objective. */
  enum status (*accepts)(const void *conf, const struct objective *f, struct err *e);
  /* Run until minimize_go_on() says no; then return m->status. Other statuses (memory) fill *e. */
  enum status (*run)(const void *conf, struct minimize *m, struct err *e);
};

/* Run the method: checks, then accepts(), then run(). STATUS_OK also when it diverged (m->stop). What was done so far stands in
 * *m also when cancelled. */
NODISCARD enum status minimize_run(const struct object *minimizer, struct minimize *m, struct err *e);

#endif
