/* objective.h: functions to minimize, in float64: f(w) = (1/n) sum_i f_i(w) over d weights; n = 1 where it is no sum.
 *
 * An objective is made from a descriptor once and then shared by all runs on it, reference counted like a data set. Nothing
 * in it depends on a run. Evaluations use scratch memory of its own: one thread at a time (forked workers have copies). What an
 * evaluation costs is counted by the run (minimize.h), not here. Values and gradients may be infinite or NaN far out:
 * callers look. */
#ifndef ASSAY_OBJECTIVE_H
#define ASSAY_OBJECTIVE_H

#include <stdint.h>

#include "experiments/data/data.h"
#include "experiments/method.h"

struct glm;
struct objective_method;

struct objective {
  struct object of;       /* what made it: an own copy */
  const struct objective_method *method;
  size_t d, n;            /* weights; components */
  double minimum;         /* least value, NaN: unknown */
  double *optimum;        /* d weights, owned; NULL: unknown, or not the only one */
  double *start;          /* d weights where runs begin, owned */
  /* Constants: L of f, the largest L of a component, mu of f (largest and smallest eigenvalue of any Hessian). NaN: unknown, or
   * not yet computed: read them through objective_constants(). INFINITY: there is none. */
  double smoothness, smoothness_max, strong_convexity;
  bool constants_known;   /* objective_constants() has been here */
  const struct glm *glm;  /* non-NULL: a linear model, whose rows and links methods may use directly */
  void *state;            /* of the method */
  int references;
};

/* Where data come from: the data sets that the caller has loaded already, or the files. */
struct objective_env {
  const struct data_env *data;
  /* A new reference to the data set of o; NULL: dataset_load(). */
  enum status (*load)(void *self, struct dataset **out, const struct object *o, struct err *e);
  void *self;
};

struct objective_method {
  struct method m;
  /* Sets d, n, state and what is known; objective_new_start() makes room for start. */
  enum status (*make)(const void *conf, const struct objective_env *env, struct objective *out, struct err *e);
  void (*release)(struct objective *f); /* frees state; also called after a make that failed; may be NULL */
  double (*value)(const struct objective *f, const double *w);
  double (*gradient)(const struct objective *f, const double *w, double *g); /* overwrites g; returns the value */
  /* Value and gradient of component i (from 0): overwrites g. NULL: no sum (n = 1). */
  double (*component)(const struct objective *f, size_t i, const double *w, double *g);
  /* The mean over m components, repeated ones counted as often as they stand there. NULL: from component. */
  double (*batch)(const struct objective *f, const uint32_t *index, size_t m, const double *w, double *g);
  double (*batch_value)(const struct objective *f, const uint32_t *index, size_t m, const double *w); /* its value alone. NULL: from batch */
  void (*hvp)(const struct objective *f, const double *w, const double *v, double *out); /* NULL: not twice differentiable */
  void (*hessian)(const struct objective *f, const double *w, double *h); /* d x d, row major. NULL: from hvp */
  /* Compute the constants that are still NaN and can be computed; may take several passes. NULL: nothing to do. */
  enum status (*constants)(struct objective *f, const struct exec *x, struct err *e);
};

/* Make the objective that `o` (of KIND_OBJECTIVE) describes. Messages start with the method. */
NODISCARD enum status objective_make(struct objective **out, const struct object *o, const struct objective_env *env, struct err *e);
struct objective *objective_retain(struct objective *f);
void objective_release(struct objective *f);
/* For make(): zeroed room for start (and for optimum, if `optimum`); d is set. Never twice. */
NODISCARD enum status objective_new_start(struct objective *f, bool optimum, struct err *e);

double objective_value(const struct objective *f, const double *w);
double objective_gradient(const struct objective *f, const double *w, double *g);
double objective_component(const struct objective *f, size_t i, const double *w, double *g); /* i < n */
double objective_batch(const struct objective *f, const uint32_t *index, size_t m, const double *w, double *g); /* m >= 1 */
/* Its value alone; g: d numbers, spent where the objective has no value without a gradient. */
double objective_batch_value(const struct objective *f, const uint32_t *index, size_t m, const double *w, double *g);
/* out = H(w) v; v and out may not overlap. STATUS_UNSUPPORTED where there is no Hessian. */
NODISCARD enum status objective_hvp(const struct objective *f, const double *w, const double *v, double *out, struct err *e);
NODISCARD enum status objective_hessian(const struct objective *f, const double *w, double *h, struct err *e);
/* Fill in smoothness, smoothness_max and strong_convexity as far as they can be known. */
NODISCARD enum status objective_constants(struct objective *f, const struct exec *x, struct err *e);

#endif
