/* hessian_top.c: the largest eigenvalues of the Hessian, by Lanczos iteration. */
#include <math.h>
#include <stddef.h>

#include "experiments/probe/curvature.h"
#include "experiments/probe/lanczos.h"

struct conf {
  int64_t count, steps;
  double tolerance;
  int curvature; /* enum curvature */
};

static const struct param params[] = {
  {.id = "count", .type = PARAM_INT, .at = offsetof(struct conf, count), .def = 1, .min = 1, .max = 1000,
   .doc = "how many of the largest eigenvalues", .example = "5"},
  {.id = "steps", .type = PARAM_INT, .at = offsetof(struct conf, steps), .def = 80, .min = 1, .max = 10000,
   .doc = "products with the Hessian at most", .example = "40"},
  {.id = "tolerance", .type = PARAM_REAL, .at = offsetof(struct conf, tolerance), .def = 1e-6, .min = 0, .max = 1,
   .doc = "stop when the residuals of those eigenvalues are below this part of them", .example = "1e-4"},
  PROBE_CURVATURE_PARAM(struct conf, curvature),
  {0},
};

static enum status add_results(const struct conf *c, const struct lanczos *l, struct probe_value *out, struct err *e)
{
  size_t count = (size_t)c->count < l->m ? (size_t)c->count : l->m;
  struct mat top = {0}, off = {0};
  enum status s = mat_new(&top, DTYPE_F64, count, 1, e);
  s = s ? s : mat_new(&off, DTYPE_F64, count, 1, e);
  for (size_t i = 0; i < count && !s; i++) {
    mat_set(&top, i, 0, mat_get(&l->values, l->m - 1 - i, 0));
    mat_set(&off, i, 0, lanczos_residual(l, l->m - 1 - i));
  }
  if (!s) {
    probe_add(out, "top", PROBE_WHOLE, &top, (double)NAN);
    probe_add(out, "residual", PROBE_WHOLE, &off, (double)NAN);
    s = probe_add_number(out, "bottom", PROBE_WHOLE, mat_get(&l->values, 0, 0), (double)NAN, e);
    s = s ? s : probe_add_number(out, "bottom_residual", PROBE_WHOLE, lanczos_residual(l, 0), (double)NAN, e);
    s = s ? s : probe_add_number(out, "products", PROBE_WHOLE, (double)l->m, (double)NAN, e);
  }
  mat_free(&top);
  mat_free(&off);
  return s;
}

static enum status measure(const void *conf, const struct exec *x, const struct probe_subject *s, struct probe_value *out, struct err *e)
{
  const struct conf *c = conf;
  struct lanczos l;
  enum status status = lanczos_new(&l, s, (enum curvature)c->curvature, (size_t)c->steps, e);
  if (status)
    return status;
  status = lanczos_run(&l, x, PROBE_STREAM_LANCZOS, 0, (size_t)c->count, c->tolerance, e);
  status = status ? status : add_results(c, &l, out, e);
  lanczos_free(&l);
  return status;
}

const struct probe probe_hessian_top = {
  .m = {.kind = KIND_PROBE, .id = "hessian-top", .name = "Largest eigenvalues of the Hessian",
        .summary = "the top of the Hessian's spectrum by Lanczos iteration, and its lower end",
        .formula = "T = Q'HQ tridiagonal, Q orthonormal from q_0 random;  top = largest eigenvalues of T\n"
                   "residual = |H y - top y| = beta_m |s_m|: an eigenvalue of H is that near",
        .cite = "Lanczos 1950, An iteration method for the solution of the eigenvalue problem of linear differential and integral operators; "
                "Paige 1972, Computational variants of the Lanczos method for the eigenproblem",
        .notes = "Of the mean loss over the part. Gives top and residual (count x 1, largest first), bottom, bottom_residual and products "
                 "(steps taken). Eigenvalues are found from inside: top is never above the largest, bottom never below the smallest. One of "
                 "several equal eigenvalues is found. Keeps one vector of all weights per step, in float64.",
        .example = "assay.probe(\"hessian-top\", {steps = 40})", .conf_size = sizeof(struct conf), .params = params},
  .measure = measure,
};
