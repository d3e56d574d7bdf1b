/* ascent.h: the largest value of a function that is found in a ball around the weights: projected ascent from several starts. */
#ifndef ASSAY_PROBE_ASCENT_H
#define ASSAY_PROBE_ASCENT_H

#include "experiments/probe/probe.h"

/* The point is u, |u| <= rho; look() gives the value there and, in up, the direction in which it grows. */
struct ascent {
  const struct probe_subject *s;
  uint32_t stream;                /* of the random starts: PROBE_STREAM_… */
  double rho;
  int64_t steps, starts;          /* 0 steps: only the one along up from u = 0 */
  size_t n;
  double *u, *up, *logical;       /* n numbers each; u is 0 at first */
  enum status (*look)(void *self, double *value, struct err *e);
  void *self;
};

struct ascent_found {
  double here;                    /* at u = 0 */
  double one_step;                /* where a step of one radius along up leads from there */
  double most;                    /* the largest of all points visited */
};

/* Steps are one radius long: where the function is near a quadratic that is a power iteration, which shorter steps only slow down. */
NODISCARD enum status ascent_run(struct ascent *a, struct ascent_found *out, struct err *e);

#endif
