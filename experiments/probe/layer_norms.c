/* layer_norms.c: norms of each layer's weights, of their distance from the start, and the path norm of the net. */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include "experiments/models/net_block.h"
#include "experiments/probe/linear_map.h"
#include "experiments/probe/probe.h"

struct conf {
  double tolerance;
  int64_t iterations, exact;
};

static const struct param params[] = {
  {.id = "tolerance", .type = PARAM_REAL, .at = offsetof(struct conf, tolerance), .def = 1e-10, .min = 0, .max = 0.1,
   .doc = "power iteration stops when the spectral norm changes by less than this part", .example = "1e-8"},
  {.id = "iterations", .type = PARAM_INT, .at = offsetof(struct conf, iterations), .def = 1000, .min = 1, .max = 1e6,
   .flags = PARAM_ADVANCED, .doc = "and at the latest after so many", .example = "1000"},
  {.id = "exact", .type = PARAM_INT, .at = offsetof(struct conf, exact), .def = 64, .min = 0, .max = 1e6, .unit = "units",
   .doc = "matrices with no more rows or columns than this get a singular value decomposition instead", .example = "128"},
  {0},
};

/* Names of the norms: of the layer's map, of its distance to the start, and the same of a convolution's kernel. */
static const char *const names[2][2][5] = {
  {{"frobenius", "spectral", "rows21", "cols21", "spectral_residual"},
   {"frobenius_start", "spectral_start", "rows21_start", "cols21_start", "spectral_residual_start"}},
  {{"kernel_frobenius", "kernel_spectral", "kernel_rows21", "kernel_cols21", "kernel_spectral_residual"},
   {"kernel_frobenius_start", "kernel_spectral_start", "kernel_rows21_start", "kernel_cols21_start", "kernel_spectral_residual_start"}}};

static enum status add_norms(const struct conf *c, const struct exec *x, const struct probe_subject *s, size_t l, bool kernel,
                             bool from_start, struct probe_value *out, struct err *e)
{
  struct linear_search search = {c->tolerance, c->iterations, (size_t)c->exact, (uint32_t)l};
  struct linear_map a;
  struct linear_norms n;
  enum status status = linear_map_new(&a, &s->net->layer[l], s->weights, from_start ? s->start : NULL, kernel, e);
  if (status)
    return status;
  status = linear_map_norms(x, &a, &search, &n, e);
  linear_map_free(&a);
  const double v[5] = {n.frobenius, n.spectral, n.rows21, n.cols21, n.residual};
  for (size_t i = 0; i < 5 && !status; i++)
    status = probe_add_number(out, names[kernel][from_start][i], l, v[i], (double)NAN, e);
  return status;
}

/* The squares of all weights and biases, padded. */
static enum status squared_weights(const struct probe_subject *s, double **w, struct err *e)
{
  enum status status = probe_weights(s, w, e);
  for (size_t i = 0; i < s->net->n_params && !status; i++)
    (*w)[i] *= (*w)[i];
  return status;
}

/* Outputs summed, for an input of ones and all weights and biases squared, without activations. The weights of an average
 * are squared too. */
static enum status path_norm2(const struct probe_subject *s, double *out, struct err *e)
{
  struct batch one = {.n = 1, .d = s->net->in};
  struct net_block_f64 b;
  double *w = NULL;
  void *memory = NULL;
  enum status status = squared_weights(s, &w, e);
  status = status ? status : net_block_new_f64(&b, s->net, w, &one, &memory, e);
  if (status) {
    free(w);
    return status;
  }
  b.n = 1, b.ldb = 16;
  for (size_t i = 0; i < s->net->in * b.ldb; i++)
    b.act[0][i] = 1;
  for (size_t l = 0; l < s->net->n_layers; l++) {
    const struct layer *y = &s->net->layer[l];
    double share = y->kind == LAYER_POOL && y->pool.average ? 1 / (double)(y->pool.size * y->pool.size) : 1;
    net_layer_forward_f64(&b, l, w, true, b.act[l], b.act[l + 1]);
    for (size_t i = 0; i < y->out * b.ldb; i++)
      b.act[l + 1][i] *= share;
  }
  *out = 0;
  for (size_t j = 0; j < s->net->out; j++)
    *out += b.act[s->net->n_layers][j * b.ldb];
  free(w);
  free(memory);
  return isfinite(*out) ? STATUS_OK : err_set(e, STATUS_DIVERGED, "the path norm is %g", *out);
}

static enum status measure(const void *conf, const struct exec *x, const struct probe_subject *s, struct probe_value *out, struct err *e)
{
  enum status status = STATUS_OK;
  double path;
  for (size_t l = 0; l < s->net->n_layers && !status; l++)
    for (int start = 0; start < (s->start ? 2 : 1) && !status; start++) {
      enum layer_kind kind = s->net->layer[l].kind;
      if (kind != LAYER_POOL)
        status = add_norms(conf, x, s, l, false, start, out, e);
      if (kind == LAYER_CONV && !status)
        status = add_norms(conf, x, s, l, true, start, out, e);
    }
  status = status ? status : path_norm2(s, &path, e);
  return status ? status : probe_add_number(out, "path_norm2", PROBE_WHOLE, path, (double)NAN, e);
}

const struct probe probe_layer_norms = {
  .m = {.kind = KIND_PROBE, .id = "layer-norms", .name = "Norms of layers", .summary = "Frobenius, spectral, (2,1) and path norms of the weights",
        .formula = "frobenius |W|_F; spectral |W|_2; rows21 = sum_j |row j|; cols21 = sum_i |column i|\n"
                   "path_norm2 = sum over paths of prod w^2 = 1' W_L^2 ... W_1^2 1, weights squared one by one",
        .cite = "Neyshabur, Tomioka and Srebro 2015, Norm-based capacity control in neural networks; Bartlett, Foster and Telgarsky 2017, "
                "Spectrally-normalized margin bounds for neural networks",
        .notes = "One number per layer with weights, biases left out; the path norm squares biases too, and takes the largest of a max "
                 "pooling's window. With W stored [outputs][inputs], rows21 is the norm |W'|_{2,1} of the spectral-margin bound. A "
                 "convolution is measured as the linear map on images of its size, zeros around them (its spectral norm is the layer's "
                 "Lipschitz constant), and once more, under names that start with kernel_, as the matrix of its weights, filters x taps. "
                 "Poolings have no norms: they lengthen no vector. Where the weights at the start are known, the same norms of W - W_0 "
                 "end in _start. The spectral norm of a map of images, or of a matrix wider than `exact` on both sides, is a power "
                 "iteration from a fixed start: a lower bound; spectral_residual says how far its square is at most from the square of "
                 "some singular value, relative.",
        .example = "assay.probe(\"layer-norms\")", .conf_size = sizeof(struct conf), .params = params},
  .measure = measure,
};
