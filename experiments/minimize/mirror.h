/* mirror.h: what the subgradient method, mirror descent, dual averaging and mirror prox share: a set, a geometry in which steps are short,
 * rates that fall like a root, and the average of the points as the result.
 *
 * A step from x against a gradient g minimizes rate g.y + D(y, x) over the set: D = |y - x|^2/2 is the projected gradient step; on the
 * simplex with D = sum y ln(y/x), the relative entropy, weights are multiplied by exp(-rate g) and scaled back.
 * Bubeck 2015, Convex optimization: algorithms and complexity, sections 3.1 and 4. */
#ifndef ASSAY_MINIMIZE_MIRROR_H
#define ASSAY_MINIMIZE_MIRROR_H

#include "experiments/minimize/feasible.h"

enum geometry { GEOMETRY_EUCLIDEAN, GEOMETRY_ENTROPY };
extern const char *const mirror_geometries[];

/* First members of the conf of such a method. */
struct mirror_conf {
  struct feasible set;
  int geometry; /* enum geometry */
  double rate;
  bool horizon;
};

/* NOLINTBEGIN(bugprone-macro-parentheses): a member cannot stand in parentheses */
#define MIRROR_GEOMETRY_PARAM(owner, member)                                                                           \
  {.id = "geometry", .type = PARAM_CHOICE, .at = offsetof(owner, member), .choices = mirror_geometries,                \
   .doc = "how steps are measured: euclidean, or entropy (only on the simplex)", .example = "entropy"}
#define MIRROR_RATE_PARAMS(owner, rate_member, horizon_member)                                                         \
  {.id = "rate", .type = PARAM_REAL, .at = offsetof(owner, rate_member), .def = 1, .min = 0, .max = 1e9,               \
   .flags = PARAM_LOG | PARAM_TUNED | PARAM_MIN_OPEN,                                                                  \
   .doc = "c of the rate; theory: distance to the minimum over the largest gradient norm", .example = "0.1"},          \
  {.id = "horizon", .type = PARAM_BOOL, .at = offsetof(owner, horizon_member),                                         \
   .doc = "c/sqrt(T) with T the iterations in the budget, instead of c/sqrt(t + 1)", .example = "true"}
/* NOLINTEND(bugprone-macro-parentheses) */

/* The parameters of a method that has no others, whose conf is a struct mirror_conf. */
extern const struct param mirror_params[];
/* resolve() of these methods, conf a struct mirror_conf or beginning with one: entropy is of the simplex. */
NODISCARD enum status mirror_resolve(void *conf, struct err *e);

struct mirror {
  const struct mirror_conf *c;
  struct minimize *m;
  size_t d;
  double *x;      /* the iterate, in the set */
  double *g, *z, *other; /* d each, for the method; z and other start as 0 */
  double *first;  /* the first iterate */
  double rate;    /* of the iteration in hand, set by mirror_rate() or the method: what the trace shows */
  double weight;  /* of `point` in the average; the frame sets 1 before each iteration */
  const double *point; /* to be averaged: set by the method */
};

/* One iteration, t from 0: moves x, sets rate and point (with its weight). The point may be overwritten from the next iteration on. */
typedef void mirror_iteration(const void *conf, struct mirror *k, uint64_t t);

/* The whole run: x starts at the nearest point of the set to m->w; the result is the weighted average of the points. */
NODISCARD enum status mirror_run(const void *conf, const struct mirror_conf *c, struct minimize *m, mirror_iteration *iteration, struct err *e);

/* c/sqrt(t + 1), or c/sqrt(T). */
double mirror_rate(const struct mirror *k, uint64_t t);
/* y <- the step from x against `rate` g. y may be x. */
void mirror_step(const struct mirror *k, const double *x, double rate, const double *g, double *y);
/* y <- where rate sum.y + D(y, first) is least over the set (entropy: from the centre of the simplex): a step from the start against a sum of
 * gradients. */
void mirror_from_sum(const struct mirror *k, double rate, const double *sum, double *y);

#endif
