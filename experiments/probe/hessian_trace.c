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
  int64_t draws;
  int curvature; /* enum curvature */
};

static const struct param params[] = {
  {.id = "draws", .type = PARAM_INT, .at = offsetof(struct conf, draws), .def = 100, .min = 2, .max = 1e6,
   .doc = "random sign vectors", .example = "50"},
  PROBE_CURVATURE_PARAM(struct conf, curvature),
  {0},
};

/* Random signs for the parameters; the padding stays 0. */
static void draw_signs(const struct net *net, uint64_t seed, uint32_t number, double *logical, double *v)
{
  struct rng r = probe_rng(seed, PROBE_STREAM_TRACE, number);
  for (size_t i = 0; i < net->n_logical; i++)
    logical[i] = rng_sign(&r);
  net_pack_f64(net, logical, v);
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
  struct batch b = probe_batch(s);
  size_t n = s->net->n_params, draws = (size_t)c->draws, scratch = round_up(net_curvature_bytes_f64(s->net), MEM_ALIGN) / sizeof(double);
  double *w = NULL;
  void *memory = NULL;
  enum status status = probe_weights(s, &w, e);
  status = status ? status : mem_new(&memory, scratch + 3 * n + 2 * draws, sizeof(double), "Hutchinson's estimate", e);
  if (!status) {
    double *v = (double *)memory + scratch, *hv = v + n, *logical = hv + n, *trace = logical + n, *square = trace + draws;
    for (size_t i = 0; i < draws && !status; i++) {
      draw_signs(s->net, s->seed, (uint32_t)i, logical, v);
      status = net_curvature_f64(x, s->net, s->loss, w, &b, (enum curvature)c->curvature, v, hv, memory, e);
      trace[i] = vec_dot_f64(v, hv, n);
      square[i] = vec_dot_f64(hv, hv, n);
    }
    status = status ? status : add_results(trace, square, draws, out, e);
  }
  free(memory);
  free(w);
  return status;
}

const struct probe probe_hessian_trace = {
  .m = {.kind = KIND_PROBE, .id = "hessian-trace", .name = "Trace of the Hessian", .summary = "Hutchinson's estimate of the trace, with its standard error",
        .formula = "trace = mean of v'Hv,  frobenius2 = mean of |Hv|^2,  v random signs",
        .cite = "Hutchinson 1990, A stochastic estimator of the trace of the influence matrix for Laplacian smoothing splines",
        .notes = "Of the mean loss over the part, H exact (forward over reverse), in float64. The variance of a draw is "
                 "2 (|H|_F^2 - sum H_ii^2): a diagonal H is found exactly. Each draw costs about three gradients of the part.",
        .example = "assay.probe(\"hessian-trace\", {draws = 20})", .conf_size = sizeof(struct conf), .params = params},
  .measure = measure,
};
