/* sgd_limit.c: the rate above which SGD leaves a minimum in the mean square.
 *
 * Near a minimum that all examples share, w - w* is multiplied by I - eta H_B at each update. Its second moment M follows
 *   E (I - eta H_B) M (I - eta H_B) = M - eta (H M + M H) + eta^2 E H_B M H_B
 * and E H_B M H_B = D(M) = (1 - p) H M H + p mean_i H_i M H_i for batches without replacement. In the eigenvectors of H,
 * C(M) = (H M + M H)/2 multiplies element a, b by (h_a + h_b)/2, so lambda_max of C^+ D comes from a power iteration on
 * C^-1/2 D C^-1/2, whose leading matrix is found from any positive definite one: D and C^+ keep matrices positive. */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/blas.h"
#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"
#include "experiments/probe/curvature.h"
#include "experiments/probe/probe.h"

#define NUMBERS_MOST ((size_t)1 << 25) /* of the Hessians of all examples: 256 MB */
#define ZERO 1e-10                     /* of the largest curvature: rounding */

struct conf {
  struct param_list batch;
  double tolerance;
  int64_t steps;
  int curvature; /* enum curvature */
};

static const struct param params[] = {
  {.id = "batch", .type = PARAM_LIST, .at = offsetof(struct conf, batch), .def_text = "1,4,16", .min = 1, .max = 1e12,
   .unit = "examples", .doc = "batch sizes to give limits for", .example = "1,8,64"},
  {.id = "steps", .type = PARAM_INT, .at = offsetof(struct conf, steps), .def = 1000, .min = 1, .max = 1e6,
   .doc = "power iterations at most", .example = "200"},
  {.id = "tolerance", .type = PARAM_REAL, .at = offsetof(struct conf, tolerance), .def = 1e-9, .min = 0, .max = 1, .flags = PARAM_LOG,
   .doc = "stop when the limit changes by less than this part of it", .example = "1e-6"},
  PROBE_CURVATURE_PARAM(struct conf, curvature),
  {0},
};

struct limit {
  const struct conf *c;
  const struct exec *x;
  const struct probe_subject *s;
  size_t P, n;
  double *each;            /* H_i in the eigenvectors of H, n of P x P */
  double *h, *vectors;     /* eigenvalues, ascending, and eigenvectors (columns) of H */
  double *m, *next, *one;
  void *memory;
};

/* --- the Hessians ------------------------------------------------------------------------------------- */

/* Column j of the Hessian of example i, into out[0 .. P). */
static enum status column(struct limit *t, const double *w, uint32_t i, size_t j, double *unit, double *padded, double *product, double *out,
                          struct err *e)
{
  const struct net *net = t->s->net;
  struct batch b = probe_batch(t->s);
  b.n = 1;
  b.index = &i;
  memset(unit, 0, t->P * sizeof *unit);
  unit[j] = 1;
  net_pack_f64(net, unit, padded);
  enum status s = net_curvature_f64(t->x, net, t->s->loss, w, &b, (enum curvature)t->c->curvature, padded, product, NULL, e);
  net_unpack_f64(net, product, out);
  return s;
}

static enum status hessians(struct limit *t, const double *w, struct err *e)
{
  size_t P = t->P, d = t->s->net->n_params;
  void *memory;
  enum status s = mem_new(&memory, 2 * d + P, sizeof(double), "columns of Hessians", e);
  if (s)
    return s;
  double *padded = memory, *product = padded + d, *unit = product + d;
  for (size_t i = 0; i < t->n && !s; i++)
    for (size_t j = 0; j < P && !s; j++)
      s = column(t, w, (uint32_t)i, j, unit, padded, product, t->each + (i * P + j) * P, e);
  free(memory);
  return s;
}

/* V' H_i V for all i, with the eigenvectors V of their mean. */
static enum status turn(struct limit *t, struct err *e)
{
  size_t P = t->P;
  for (size_t i = 0; i < t->n; i++)
    for (size_t k = 0; k < P * P; k++)
      t->vectors[k] = (i ? t->vectors[k] : 0) + t->each[i * P * P + k] / (double)t->n;
  if (!vec_finite_f64(t->vectors, P * P) || blas_syevd_f64(P, t->vectors, P, t->h))
    return err_set(e, STATUS_DIVERGED, "the Hessian is not finite");
  for (size_t i = 0; i < t->n; i++) {
    double *H = t->each + i * P * P;
    blas_gemm_f64(true, false, P, P, P, 1, t->vectors, P, H, P, 0, t->one, P);
    blas_gemm_f64(false, false, P, P, P, 1, t->one, P, t->vectors, P, 0, H, P);
  }
  return STATUS_OK;
}

/* --- the limit ---------------------------------------------------------------------------------------- */

/* Is there a direction that grows at any rate: of negative curvature, or flat in the mean but not in every example? */
static bool unstable(const struct limit *t)
{
  size_t P = t->P;
  double small = ZERO * fmax(fabs(t->h[0]), fabs(t->h[P - 1]));
  bool grows = t->h[0] < -small;
  for (size_t i = 0; i < t->n * P && !grows; i++)
    for (size_t b = 0; b < P; b++)
      grows |= t->h[b] <= small && fabs(t->each[i * P + b]) > sqrt(small) * sqrt(fabs(t->h[P - 1]));
  return grows;
}

/* Each element of m over the root of C's; 0 where that is 0. */
static void over_root(const struct limit *t, double *m)
{
  double small = ZERO * t->h[t->P - 1];
  for (size_t a = 0; a < t->P; a++)
    for (size_t b = 0; b < t->P; b++) {
      double c = (t->h[a] + t->h[b]) / 2;
      m[a * t->P + b] = c > small ? m[a * t->P + b] / sqrt(c) : 0;
    }
}

/* next = C^-1/2 D C^-1/2 m; m is spent. */
static void apply(struct limit *t, double p)
{
  size_t P = t->P;
  over_root(t, t->m);
  for (size_t a = 0; a < P; a++)
    for (size_t b = 0; b < P; b++)
      t->next[a * P + b] = (1 - p) * t->h[a] * t->h[b] * t->m[a * P + b];
  for (size_t i = 0; i < t->n && p > 0; i++) {
    const double *H = t->each + i * P * P;
    blas_gemm_f64(false, false, P, P, P, 1, H, P, t->m, P, 0, t->one, P);
    blas_gemm_f64(false, false, P, P, P, p / (double)t->n, t->one, P, H, P, 1, t->next, P);
  }
  over_root(t, t->next);
}

/* lambda_max of C^+ D. */
static enum status largest(struct limit *t, double p, double *lambda, struct err *e)
{
  size_t P = t->P;
  memset(t->m, 0, P * P * sizeof *t->m);
  for (size_t a = 0; a < P; a++)
    t->m[a * P + a] = 1 / sqrt((double)P);
  *lambda = 0;
  for (int64_t k = 0; k < t->c->steps; k++) {
    double before = *lambda;
    if (exec_cancelled(t->x))
      return err_set(e, STATUS_CANCELLED, "cancelled while iterating on second moments");
    memcpy(t->vectors, t->m, P * P * sizeof *t->m); /* apply() spends m */
    apply(t, p);
    double size = vec_norm2_f64(t->next, P * P);
    *lambda = vec_dot_f64(t->vectors, t->next, P * P);
    if (!(size > 0))
      return STATUS_OK;
    for (size_t i = 0; i < P * P; i++)
      t->m[i] = t->next[i] / size;
    if (k && fabs(*lambda - before) <= t->c->tolerance * *lambda)
      return STATUS_OK;
  }
  return STATUS_OK;
}

static enum status add_limits(struct limit *t, struct probe_value *out, struct err *e)
{
  double N = (double)t->n, lambda = 0;
  struct mat limits;
  enum status s = mat_new(&limits, DTYPE_F64, t->c->batch.n, 1, e);
  bool none = unstable(t);
  for (size_t i = 0; i < t->c->batch.n && !s; i++) {
    double B = fmin(t->c->batch.v[i], N), p = N > 1 ? (N - B) / (B * (N - 1)) : 0;
    s = none ? STATUS_OK : largest(t, p, &lambda, e);
    mat_set(&limits, i, 0, none ? 0 : lambda > 0 ? 2 / lambda : (double)INFINITY);
  }
  if (!s)
    probe_add(out, "limit", PROBE_WHOLE, &limits, (double)NAN);
  mat_free(&limits);
  return s;
}

static enum status limit_new(struct limit *t, struct err *e)
{
  size_t square, all, count;
  bool fits = size_mul(t->P, t->P, &square) && size_mul(square, t->n, &all) && all <= NUMBERS_MOST;
  if (!fits) {
    err_set(e, STATUS_BAD_ARG, "the Hessians of %zu examples in %zu weights are more than %zu numbers: take fewer examples or a smaller net",
            t->n, t->P, NUMBERS_MOST);
    return STATUS_BAD_ARG;
  }
  count = all + 4 * square + t->P;
  enum status s = mem_new(&t->memory, count, sizeof(double), "Hessians of examples", e);
  double *at = t->memory;
  if (s)
    return s;
  t->each = at, t->vectors = at + all, t->m = t->vectors + square, t->next = t->m + square, t->one = t->next + square;
  t->h = t->one + square;
  return STATUS_OK;
}

static enum status measure(const void *conf, const struct exec *x, const struct probe_subject *s, struct probe_value *out, struct err *e)
{
  struct limit t = {.c = conf, .x = x, .s = s, .P = s->net->n_logical, .n = s->part->n};
  double *w = NULL, trace = 0;
  enum status status = limit_new(&t, e);
  status = status ? status : probe_weights(s, &w, e);
  status = status ? status : hessians(&t, w, e);
  status = status ? status : turn(&t, e);
  for (size_t a = 0; a < t.P && !status; a++)
    trace += t.h[a];
  double top = status ? 0 : t.h[t.P - 1];
  status = status ? status : add_limits(&t, out, e);
  status = status ? status : probe_add_number(out, "gd_limit", PROBE_WHOLE, top > 0 ? 2 / top : (double)INFINITY, (double)NAN, e);
  status = status ? status : probe_add_number(out, "top", PROBE_WHOLE, top, (double)NAN, e);
  status = status ? status : probe_add_number(out, "trace", PROBE_WHOLE, trace, (double)NAN, e);
  free(w);
  free(t.memory);
  return status;
}

const struct probe probe_sgd_limit = {
  .m = {.kind = KIND_PROBE,
        .id = "sgd-limit",
        .name = "Mean-square limit of SGD",
        .summary = "the rate above which SGD leaves a minimum in the mean square, for each batch size",
        .formula = "limit = 2/lambda_max(C^+ D),  C(M) = (H M + M H)/2,  D(M) = (1 - p) H M H + p mean_i H_i M H_i,\n"
                   "p = (n - B)/(B (n - 1));  B = n: gd_limit = 2/lambda_max(H)",
        .cite = "Mulayoff and Michaeli 2023, Exact mean square linear stability analysis for SGD; "
                "Wu and Su 2023, The implicit regularization of dynamical stability in stochastic gradient descent",
        .notes = "Exact for quadratics that share a minimum, with batches drawn without replacement from the part; it never falls as B "
                 "grows. At a stable minimum also trace <= 2/eta for B = 1. Where the Hessian has a negative direction, or one that is "
                 "flat in the mean alone, no rate is stable and limit is 0: at a minimum that fits all examples curvature = "
                 "\"gauss-newton\" is the same and has neither. Gives limit (one for each batch), gd_limit, top and trace. For small "
                 "nets: it makes the Hessian of every example, n P^2 numbers for P weights.",
        .example = "assay.probe(\"sgd-limit\", {batch = {1, 8}, curvature = \"gauss-newton\"})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .measure = measure,
};
