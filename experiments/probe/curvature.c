/* curvature.c: see curvature.h. */
#include "experiments/probe/curvature.h"

const char *const probe_curvature_names[] = {"hessian", "gauss-newton", NULL};
