/* hessian_trace.c: the trace of the Hessian by random signs. */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"
#include "experiments/models/derivatives.h"
#include "experiments/probe/curvature.h"
#include "experiments/probe/probe.h"

struct conf {
  int64_t draws, sketch;
  int curvature; /* enum curvature */
};

static const struct param params[] = {
  {.id = "draws", .type = PARAM_INT, .at = offsetof(struct conf, draws), .def = 100, .min = 2, .max = 1e6,
   .doc = "random sign vectors", .example = "50"},
  {.id = "sketch", .type = PARAM_INT, .at = offsetof(struct conf, sketch), .def = 0, .min = 0, .max = 10000,
   .doc = "directions in which the trace is taken exactly first (Hutch++), two products each; 0: none", .example = "20"},
  PROBE_CURVATURE_PARAM(struct conf, curvature),
  {0},
};

/* What the estimate works on: products with H, and an orthonormal basis q[0..rank) of directions done exactly, with the sums
 * over it of q'Hq and |Hq|^2. */
struct estimate {
  const struct conf *c;
  const struct exec *x;
  const struct probe_subject *s;
  size_t n, rank;
  double *w, *v, *hv, *logical, *q, *trace, *square;
  double exact_trace, exact_square;
  void *scratch;
};

/* Random signs for the parameters; the padding stays 0. */
static void draw_signs(struct estimate *t, uint32_t number)
{
  struct rng r = probe_rng(t->s->seed, PROBE_STREAM_TRACE, number);
  for (size_t i = 0; i < t->s->net->n_logical; i++)
    t->logical[i] = rng_sign(&r);
  net_pack_f64(t->s->net, t->logical, t->v);
}

/* hv = H v */
static enum status multiply(struct estimate *t, const double *v, struct err *e)
{
  struct batch b = probe_batch(t->s);
  return net_curvature_f64(t->x, t->s->net, t->s->loss, t->w, &b, (enum curvature)t->c->curvature, v, t->hv, t->scratch, e);
}

/* Take the basis out of a, twice: once leaves rounding errors. */
static void project(const struct estimate *t, double *a)
{
  for (int pass = 0; pass < 2; pass++)
    for (size_t j = 0; j < t->rank; j++) {
      const double *q = t->q + j * t->n;
      double part = vec_dot_f64(q, a, t->n);
      for (size_t i = 0; i < t->n; i++)
        a[i] = fma(-part, q[i], a[i]);
    }
}

/* The basis: H times normal vectors, where the large eigenvalues dominate; signs can repeat in few dimensions. A vector
 * that adds nothing is left out. */
static enum status make_basis(struct estimate *t, struct err *e)
{
  enum status s = STATUS_OK;
  for (int64_t k = 0; k < t->c->sketch && !s; k++) {
    struct rng r = probe_rng(t->s->seed, PROBE_STREAM_SKETCH, (uint32_t)k);
    rng_fill_normal_f64(&r, t->logical, t->s->net->n_logical, 0, 1);
    net_pack_f64(t->s->net, t->logical, t->v);
    s = multiply(t, t->v, e);
    double before = vec_norm2_f64(t->hv, t->n);
    project(t, t->hv);
    double norm = vec_norm2_f64(t->hv, t->n);
    for (size_t i = 0; i < t->n && !s && norm > 1e-10 * before; i++)
      t->q[t->rank * t->n + i] = t->hv[i] / norm;
    t->rank += !s && norm > 1e-10 * before;
  }
  for (size_t j = 0; j < t->rank && !s; j++) {
    s = multiply(t, t->q + j * t->n, e);
    t->exact_trace += vec_dot_f64(t->q + j * t->n, t->hv, t->n);
    t->exact_square += vec_dot_f64(t->hv, t->hv, t->n);
  }
  return s;
}

static enum status draw(struct estimate *t, struct err *e)
{
  enum status s = STATUS_OK;
  for (size_t i = 0; i < (size_t)t->c->draws && !s; i++) {
    draw_signs(t, (uint32_t)i);
    project(t, t->v);
    s = multiply(t, t->v, e);
    t->trace[i] = t->exact_trace + vec_dot_f64(t->v, t->hv, t->n);
    t->square[i] = t->exact_square + vec_dot_f64(t->hv, t->hv, t->n);
  }
  return s;
}

static double mean_of(const double *x, size_t n) { return vec_sum_f64(x, n) / (double)n; }

static double standard_error(const double *x, size_t n)
{
  double mean = mean_of(x, n), square = 0;
  for (size_t i = 0; i < n; i++)
    square += (x[i] - mean) * (x[i] - mean);
  return sqrt(square / (double)(n - 1) / (double)n);
}

static enum status add_results(const double *trace, const double *square, size_t draws, struct probe_value *out, struct err *e)
{
  enum status s = probe_add_number(out, "trace", PROBE_WHOLE, mean_of(trace, draws), standard_error(trace, draws), e);
  s = s ? s : probe_add_number(out, "frobenius2", PROBE_WHOLE, mean_of(square, draws), standard_error(square, draws), e);
  return s ? s : probe_add_numbers(out, "draw", PROBE_WHOLE, trace, draws, e);
}

static enum status measure(const void *conf, const struct exec *x, const struct probe_subject *s, struct probe_value *out, struct err *e)
{
  const struct conf *c = conf;
  struct estimate t = {.c = c, .x = x, .s = s, .n = s->net->n_params};
  size_t draws = (size_t)c->draws, bytes = net_curvature_bytes_f64(s->net), scratch = round_up(bytes, MEM_ALIGN) / sizeof(double);
  size_t vectors, numbers;
  bool fits = bytes && size_mul(t.n, (size_t)c->sketch + 3, &vectors) && !__builtin_add_overflow(vectors, scratch + 2 * draws, &numbers);
  enum status status = probe_weights(s, &t.w, e);
  status = status ? status : mem_new(&t.scratch, fits ? numbers : SIZE_MAX, sizeof(double), "Hutchinson's estimate", e);
  if (!status) {
    t.v = (double *)t.scratch + scratch;
    t.hv = t.v + t.n;
    t.q = t.hv + t.n;
    t.logical = t.q + (size_t)c->sketch * t.n;
    t.trace = t.logical + t.n;
    t.square = t.trace + draws;
    status = make_basis(&t, e);
    status = status ? status : draw(&t, e);
    status = status ? status : add_results(t.trace, t.square, draws, out, e);
  }
  free(t.scratch);
  free(t.w);
  return status;
}

const struct probe probe_hessian_trace = {
  .m = {.kind = KIND_PROBE, .id = "hessian-trace", .name = "Trace of the Hessian", .summary = "Hutchinson's estimate of the trace, with its standard error",
        .formula = "trace = mean of v'Hv,  frobenius2 = mean of |Hv|^2,  v random signs\n"
                   "with a sketch: Q = orthonormal basis of H S, S normal;  trace = tr Q'HQ + mean of v'PHPv,  P = I - QQ'",
        .cite = "Hutchinson 1990, A stochastic estimator of the trace of the influence matrix for Laplacian smoothing splines; Meyer, "
                "Musco, Musco and Woodruff 2021, Hutch++: optimal stochastic trace estimation",
        .notes = "Of the mean loss over the part, H exact (forward over reverse), in float64. The variance of a draw is "
                 "2 (|H|_F^2 - sum H_ii^2): a diagonal H is found exactly. Each draw costs about three gradients of the part. Where a "
                 "few eigenvalues are far above the rest, a sketch of that many takes them out of the noise; it keeps one vector of all "
                 "weights each.",
        .example = "assay.probe(\"hessian-trace\", {draws = 20})", .conf_size = sizeof(struct conf), .params = params},
  .measure = measure,
};
