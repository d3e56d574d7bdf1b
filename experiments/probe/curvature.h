/* curvature.h: the parameter that probes of curvature share. */
#ifndef ASSAY_PROBE_CURVATURE_H
#define ASSAY_PROBE_CURVATURE_H

#include "experiments/method.h"
#include "experiments/models/derivatives.h"

extern const char *const probe_curvature_names[]; /* in the order of enum curvature; NULL at the end */

/* NOLINTBEGIN(bugprone-macro-parentheses): a member cannot stand in parentheses */
/* The row of a conf's `int curvature`. */
#define PROBE_CURVATURE_PARAM(owner, member)                                                                              \
  {.id = "curvature", .type = PARAM_CHOICE, .at = offsetof(owner, member), .def = CURVATURE_HESSIAN,                      \
   .choices = probe_curvature_names,                                                                                      \
   .doc = "the Hessian of the mean loss, or its Gauss-Newton part, which is never negative", .example = "gauss-newton"}
/* NOLINTEND(bugprone-macro-parentheses) */

#endif
