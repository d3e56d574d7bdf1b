/* hessian_density.c: how the eigenvalues of the Hessian are spread, by stochastic Lanczos quadrature. */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include "experiments/kernel/mem.h"
#include "experiments/probe/curvature.h"
#include "experiments/probe/lanczos.h"

struct conf {
  int64_t starts, steps, points;
  double width;
  int curvature; /* enum curvature */
};

static const struct param params[] = {
  {.id = "starts", .type = PARAM_INT, .at = offsetof(struct conf, starts), .def = 10, .min = 2, .max = 1e5,
   .doc = "random vectors", .example = "20"},
  {.id = "steps", .type = PARAM_INT, .at = offsetof(struct conf, steps), .def = 80, .min = 1, .max = 10000,
   .doc = "Lanczos steps, that is products with the Hessian, from each", .example = "40"},
  {.id = "points", .type = PARAM_INT, .at = offsetof(struct conf, points), .def = 400, .min = 2, .max = 1e6,
   .doc = "points at which the density is given", .example = "1000"},
  {.id = "width", .type = PARAM_REAL, .at = offsetof(struct conf, width), .def = 0.01, .min = 0, .max = 1,
   .flags = PARAM_MIN_OPEN, .doc = "standard deviation of the smoothing kernel, as a part of the range of the spectrum", .example = "0.005"},
  PROBE_CURVATURE_PARAM(struct conf, curvature),
  {0},
};

/* Nodes and weights of all starts, `per` places for each; those of a start add up to 1. */
struct quadrature {
  size_t starts, per;
  size_t *count;               /* [starts] nodes found */
  double *node, *weight;       /* [starts][per] */
  double low, high;            /* outermost nodes */
};

#define ZERO 1e-8 /* of the largest in size: below it, rounding decides the sign */

/* The Gauss quadrature of v'f(H)v: nodes are the eigenvalues of T, weights the squared first components. */
static void take(struct quadrature *q, size_t start, const struct lanczos *l)
{
  q->count[start] = l->m;
  for (size_t i = 0; i < l->m; i++) {
    double first = mat_get(&l->vectors, 0, i);
    q->node[start * q->per + i] = mat_get(&l->values, i, 0);
    q->weight[start * q->per + i] = first * first;
  }
  q->low = fmin(q->low, mat_get(&l->values, 0, 0));
  q->high = fmax(q->high, mat_get(&l->values, l->m - 1, 0));
}

/* Put the nodes of all starts side by side; returns how many. */
static size_t close_ranks(struct quadrature *q)
{
  size_t n = 0;
  for (size_t s = 0; s < q->starts; s++)
    for (size_t i = 0; i < q->count[s]; i++, n++) {
      q->node[n] = q->node[s * q->per + i];
      q->weight[n] = q->weight[s * q->per + i] / (double)q->starts;
    }
  return n;
}

/* `factor` times the mean over starts of the sum of weight f(node), with its standard error: f is 1 below `limit`, 0 elsewhere;
 * NULL: the identity. */
static enum status add_mean(const struct quadrature *q, const char *name, double factor, const double *limit, struct probe_value *out,
                            struct err *e)
{
  double sum = 0, square = 0, n = (double)q->starts;
  for (size_t s = 0; s < q->starts; s++) {
    double one = 0;
    for (size_t i = s * q->per; i < s * q->per + q->count[s]; i++)
      one += q->weight[i] * (limit ? q->node[i] < *limit : q->node[i]);
    sum += one;
    square += one * one;
  }
  double spread = sqrt(fmax(square - sum * sum / n, 0) / (n - 1) / n);
  return probe_add_number(out, name, PROBE_WHOLE, factor * sum / n, factor * spread, e);
}

/* A Gaussian on every node, at evenly spaced points that reach four deviations beyond the outermost. */
static enum status add_density(const struct conf *c, const struct quadrature *q, size_t n, struct probe_value *out, struct err *e)
{
  size_t points = (size_t)c->points;
  double low = q->low, range = q->high - low, size = fmax(fabs(low), fabs(q->high));
  double sd = c->width * (range > 1e-12 * size ? range : size > 0 ? size : 1);
  struct mat at = {0}, density = {0};
  enum status s = mat_new(&at, DTYPE_F64, points, 1, e);
  s = s ? s : mat_new(&density, DTYPE_F64, points, 1, e);
  for (size_t i = 0; i < points && !s; i++) {
    double x = low - 4 * sd + (range + 8 * sd) * (double)i / (double)(points - 1), sum = 0;
    for (size_t j = 0; j < n; j++)
      sum += q->weight[j] * exp(-0.5 * pow((x - q->node[j]) / sd, 2));
    mat_set(&at, i, 0, x);
    mat_set(&density, i, 0, sum / (sd * sqrt(2 * M_PI)));
  }
  if (!s) {
    probe_add(out, "at", PROBE_WHOLE, &at, (double)NAN);
    probe_add(out, "density", PROBE_WHOLE, &density, (double)NAN);
    s = probe_add_number(out, "kernel_sd", PROBE_WHOLE, sd, (double)NAN, e);
  }
  mat_free(&at);
  mat_free(&density);
  return s;
}

static enum status add_results(const struct conf *c, const struct probe_subject *s, struct quadrature *q, struct probe_value *out,
                               struct err *e)
{
  double limit = -ZERO * fmax(fabs(q->low), fabs(q->high));
  enum status status = add_mean(q, "trace", (double)s->net->n_logical, NULL, out, e);
  status = status ? status : add_mean(q, "negative", 1, &limit, out, e);
  size_t n = close_ranks(q);
  status = status ? status : probe_add_numbers(out, "node", PROBE_WHOLE, q->node, n, e);
  status = status ? status : probe_add_numbers(out, "weight", PROBE_WHOLE, q->weight, n, e);
  return status ? status : add_density(c, q, n, out, e);
}

static enum status measure(const void *conf, const struct exec *x, const struct probe_subject *s, struct probe_value *out, struct err *e)
{
  const struct conf *c = conf;
  struct quadrature q = {.starts = (size_t)c->starts, .low = INFINITY, .high = -INFINITY};
  struct lanczos l;
  void *memory = NULL;
  enum status status = lanczos_new(&l, s, (enum curvature)c->curvature, (size_t)c->steps, e);
  if (status)
    return status;
  q.per = l.most;
  status = mem_new(&memory, q.starts * (2 * q.per + 1), sizeof(double), "quadrature nodes", e);
  if (status)
    goto out;
  q.node = memory;
  q.weight = q.node + q.starts * q.per;
  q.count = (void *)(q.weight + q.starts * q.per);
  for (size_t i = 0; i < q.starts && !status; i++) {
    status = lanczos_run(&l, x, PROBE_STREAM_DENSITY, (uint32_t)i, 0, 0, e);
    if (!status)
      take(&q, i, &l);
  }
  status = status ? status : add_results(c, s, &q, out, e);
out:
  free(memory);
  lanczos_free(&l);
  return status;
}

const struct probe probe_hessian_density = {
  .m = {.kind = KIND_PROBE, .id = "hessian-density", .name = "Density of the Hessian's eigenvalues",
        .summary = "stochastic Lanczos quadrature: which share of the eigenvalues lies where",
        .formula = "v'f(H)v = sum_i w_i f(theta_i), theta_i eigenvalues of T = Q'HQ, w_i squared first components of its eigenvectors\n"
                   "mean over random unit v: (1/p) tr f(H), p parameters;  density = sum w_i N(x; theta_i, kernel_sd^2)",
        .cite = "Golub and Welsch 1969, Calculation of Gauss quadrature rules; Ghorbani, Krishnan and Xiao 2019, An investigation into "
                "neural net optimization via Hessian eigenvalue density",
        .notes = "Of the mean loss over the part. Gives at and density (points x 1, area 1), node and weight (all starts, weights add up to "
                 "1), trace and negative (share of eigenvalues below 0 by more than 1e-8 of the largest in size), with standard errors, "
                 "kernel_sd. The density is exact up to polynomials of degree 2 steps - 1 and the noise of `starts` random vectors.",
        .example = "assay.probe(\"hessian-density\", {starts = 4, steps = 40})", .conf_size = sizeof(struct conf), .params = params},
  .measure = measure,
};
