/* hessian_top.c: the largest eigenvalues of the Hessian, by Lanczos with full reorthogonalisation. */
#include <float.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"
#include "experiments/probe/curvature.h"
#include "experiments/probe/probe.h"

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

/* Lanczos vectors q[0..m), each n long, and the tridiagonal matrix they make of H: alpha on its diagonal, beta[j]
 * between j and j + 1. */
struct lanczos {
  size_t n, m, most;
  double *q, *alpha, *beta;
  struct mat values, vectors; /* of the tridiagonal matrix, ascending */
};

static enum status decompose(struct lanczos *l, struct err *e)
{
  struct mat t;
  enum status s = mat_new(&t, DTYPE_F64, l->m, l->m, e);
  if (s)
    return s;
  for (size_t i = 0; i < l->m; i++) {
    mat_set(&t, i, i, l->alpha[i]);
    if (i + 1 < l->m) {
      mat_set(&t, i + 1, i, l->beta[i]);
      mat_set(&t, i, i + 1, l->beta[i]);
    }
  }
  mat_free(&l->values);
  mat_free(&l->vectors);
  s = mat_eigh(&l->values, &l->vectors, &t, e);
  mat_free(&t);
  return s;
}

/* |H y - theta y| of Ritz pair i (ascending). */
static double residual(const struct lanczos *l, size_t i) { return fabs(l->beta[l->m - 1] * mat_get(&l->vectors, l->m - 1, i)); }

static bool converged(const struct conf *c, const struct lanczos *l)
{
  if (l->m < (size_t)c->count)
    return false;
  for (size_t i = l->m - (size_t)c->count; i < l->m; i++)
    if (residual(l, i) > c->tolerance * fabs(mat_get(&l->values, i, 0)))
      return false;
  return true;
}

/* Take all earlier vectors out of x, twice: once leaves rounding errors that grow. */
static void orthogonalise(const struct lanczos *l, double *x)
{
  for (int pass = 0; pass < 2; pass++)
    for (size_t j = 0; j < l->m; j++) {
      const double *q = l->q + j * l->n;
      double a = vec_dot_f64(q, x, l->n);
      for (size_t i = 0; i < l->n; i++)
        x[i] = fma(-a, q[i], x[i]);
    }
}

static void first_vector(const struct probe_subject *s, double *logical, double *q)
{
  struct rng r = probe_rng(s->seed, PROBE_STREAM_LANCZOS, 0);
  rng_fill_normal_f64(&r, logical, s->net->n_logical, 0, 1);
  double norm = vec_norm2_f64(logical, s->net->n_logical);
  for (size_t i = 0; i < s->net->n_logical; i++)
    logical[i] /= norm;
  net_pack_f64(s->net, logical, q);
}

static enum status iterate(const struct conf *c, const struct exec *x, const struct probe_subject *s, const double *w, double *hq,
                           void *scratch, struct lanczos *l, struct err *e)
{
  struct batch b = probe_batch(s);
  double scale = 0; /* of H, from below */
  first_vector(s, hq, l->q);
  while (l->m < l->most) {
    const double *q = l->q + l->m * l->n;
    enum status status = net_curvature_f64(x, s->net, s->loss, w, &b, (enum curvature)c->curvature, q, hq, scratch, e);
    if (status)
      return status;
    scale = fmax(scale, vec_norm2_f64(hq, l->n));
    l->alpha[l->m++] = vec_dot_f64(q, hq, l->n);
    orthogonalise(l, hq);
    double beta = l->beta[l->m - 1] = vec_norm2_f64(hq, l->n);
    bool spent = beta <= 100 * DBL_EPSILON * scale; /* nothing new: the space is invariant */
    bool due = spent || l->m == l->most || l->m % 5 == 0;
    if (due)
      status = decompose(l, e);
    if (status || spent || (due && converged(c, l)))
      return status;
    for (size_t i = 0; i < l->n && l->m < l->most; i++)
      l->q[l->m * l->n + i] = hq[i] / beta;
  }
  return STATUS_OK;
}

static enum status add_results(const struct conf *c, const struct lanczos *l, struct probe_value *out, struct err *e)
{
  size_t count = (size_t)c->count < l->m ? (size_t)c->count : l->m;
  struct mat top = {0}, off = {0};
  enum status s = mat_new(&top, DTYPE_F64, count, 1, e);
  s = s ? s : mat_new(&off, DTYPE_F64, count, 1, e);
  for (size_t i = 0; i < count && !s; i++) {
    mat_set(&top, i, 0, mat_get(&l->values, l->m - 1 - i, 0));
    mat_set(&off, i, 0, residual(l, l->m - 1 - i));
  }
  if (!s) {
    probe_add(out, "top", PROBE_WHOLE, &top, (double)NAN);
    probe_add(out, "residual", PROBE_WHOLE, &off, (double)NAN);
    s = probe_add_number(out, "bottom", PROBE_WHOLE, mat_get(&l->values, 0, 0), (double)NAN, e);
    s = s ? s : probe_add_number(out, "bottom_residual", PROBE_WHOLE, residual(l, 0), (double)NAN, e);
    s = s ? s : probe_add_number(out, "products", PROBE_WHOLE, (double)l->m, (double)NAN, e);
  }
  mat_free(&top);
  mat_free(&off);
  return s;
}

static enum status measure(const void *conf, const struct exec *x, const struct probe_subject *s, struct probe_value *out, struct err *e)
{
  const struct conf *c = conf;
  size_t n = s->net->n_params, most = (size_t)c->steps < s->net->n_logical ? (size_t)c->steps : s->net->n_logical, vectors, numbers;
  size_t scratch = round_up(net_curvature_bytes_f64(s->net), MEM_ALIGN) / sizeof(double);
  double *w = NULL;
  void *memory = NULL;
  enum status status = probe_weights(s, &w, e);
  bool fits = size_mul(n, most + 1, &vectors) && !__builtin_add_overflow(vectors, scratch + 2 * most, &numbers);
  status = status ? status : mem_new(&memory, fits ? numbers : SIZE_MAX, sizeof(double), "Lanczos vectors", e);
  if (!status) {
    struct lanczos l = {.n = n, .most = most, .q = (double *)memory + scratch};
    double *hq = l.q + n * most;
    l.alpha = hq + n;
    l.beta = l.alpha + most;
    status = iterate(c, x, s, w, hq, memory, &l, e);
    status = status ? status : add_results(c, &l, out, e);
    mat_free(&l.values);
    mat_free(&l.vectors);
  }
  free(memory);
  free(w);
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
