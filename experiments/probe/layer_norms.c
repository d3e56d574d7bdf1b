/* layer_norms.c: norms of each layer's weights, of their distance from the start, and the path norm of the net. */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"
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
   .doc = "layers with no more inputs or outputs than this get a singular value decomposition instead", .example = "128"},
  {0},
};

/* The weights of layer l in float64, less `start` where that is not NULL. */
static enum status layer_matrix(const struct layer *y, const float *w, const float *start, struct mat *out, struct err *e)
{
  enum status s = mat_new(out, DTYPE_F64, y->out, y->in, e);
  for (size_t j = 0; j < y->out && !s; j++)
    for (size_t i = 0; i < y->in; i++) {
      size_t at = y->w_at + j * y->w_stride + i;
      mat_row_f64(out, j)[i] = (double)w[at] - (start ? (double)start[at] : 0);
    }
  return s;
}

/* x (unit, in) -> y = A x (out), back = A' y; returns |y|. */
static double both_ways(const struct mat *a, const double *x, double *y, double *back)
{
  for (size_t i = 0; i < a->cols; i++)
    back[i] = 0;
  for (size_t j = 0; j < a->rows; j++) {
    y[j] = vec_dot_f64(mat_row_f64(a, j), x, a->cols);
    for (size_t i = 0; i < a->cols; i++)
      back[i] = fma(y[j], mat_row_f64(a, j)[i], back[i]);
  }
  return vec_norm2_f64(y, a->rows);
}

/* Largest singular value by power iteration on A'A; *residual = |A'A x - s^2 x| / s^2: s^2 is that near to the square of
 * some singular value. */
static enum status iterate(const struct conf *c, const struct exec *exec, const struct mat *a, uint32_t layer, double *spectral,
                           double *residual, struct err *e)
{
  void *memory;
  enum status s = mem_new(&memory, 2 * a->cols + a->rows, sizeof(double), "power iteration", e);
  if (s)
    return s;
  double *x = memory, *back = x + a->cols, *y = back + a->cols, last = -1;
  struct rng r = probe_rng(0, PROBE_STREAM_SPECTRAL, layer);
  rng_fill_normal_f64(&r, x, a->cols, 0, 1);
  double norm = vec_norm2_f64(x, a->cols);
  *spectral = *residual = 0;
  for (int64_t t = 0; t < c->iterations && norm > 0 && !s; t++) {
    for (size_t i = 0; i < a->cols; i++)
      x[i] /= norm;
    *spectral = both_ways(a, x, y, back);
    if (fabs(*spectral - last) <= c->tolerance * *spectral)
      break;
    last = *spectral;
    for (size_t i = 0; t + 1 < c->iterations && i < a->cols; i++)
      x[i] = back[i];
    norm = vec_norm2_f64(back, a->cols);
    if (exec_cancelled(exec))
      s = err_set(e, STATUS_CANCELLED, "cancelled");
  }
  double s2 = *spectral * *spectral;
  for (size_t i = 0; i < a->cols && s2 > 0; i++)
    back[i] -= s2 * x[i];
  *residual = s2 > 0 ? vec_norm2_f64(back, a->cols) / s2 : 0;
  free(memory);
  return s;
}

static enum status spectral_norm(const struct conf *c, const struct exec *x, const struct mat *a, uint32_t layer, double *spectral,
                                 double *residual, struct err *e)
{
  struct mat u, sigma, vt;
  size_t least = a->rows < a->cols ? a->rows : a->cols;
  if (least > (size_t)c->exact)
    return iterate(c, x, a, layer, spectral, residual, e);
  enum status s = mat_svd(&u, &sigma, &vt, a, e);
  if (s)
    return s;
  *spectral = mat_get(&sigma, 0, 0);
  *residual = 0;
  mat_free(&u);
  mat_free(&sigma);
  mat_free(&vt);
  return STATUS_OK;
}

/* Sum of the Euclidean norms of rows (or columns). */
static double norm21(const struct mat *a, bool columns)
{
  double sum = 0;
  for (size_t j = 0; j < (columns ? a->cols : a->rows); j++) {
    double square = 0;
    for (size_t i = 0; i < (columns ? a->rows : a->cols); i++) {
      double v = columns ? mat_row_f64(a, i)[j] : mat_row_f64(a, j)[i];
      square += v * v;
    }
    sum += sqrt(square);
  }
  return sum;
}

/* The four norms and the residual of one matrix, under the names given. */
static enum status add_norms(const struct conf *c, const struct exec *x, const struct mat *a, size_t layer, const char *const names[5],
                             struct probe_value *out, struct err *e)
{
  double v[5] = {vec_norm2_f64(a->data, a->rows * a->cols), 0, norm21(a, false), norm21(a, true), 0};
  enum status s = spectral_norm(c, x, a, (uint32_t)layer, &v[1], &v[4], e);
  for (size_t i = 0; i < 5 && !s; i++)
    s = probe_add_number(out, names[i], layer, v[i], (double)NAN, e);
  return s;
}

/* Outputs summed, for an input of ones and all weights and biases squared, without activations. */
static enum status path_norm2(const struct probe_subject *s, double *out, struct err *e)
{
  size_t widest = s->net->in;
  void *memory;
  for (size_t l = 0; l < s->net->n_layers; l++)
    widest = s->net->layer[l].out > widest ? s->net->layer[l].out : widest;
  enum status status = mem_new(&memory, 2 * widest, sizeof(double), "path norm", e);
  if (status)
    return status;
  double *a = memory, *b = a + widest;
  for (size_t i = 0; i < s->net->in; i++)
    a[i] = 1;
  for (size_t l = 0; l < s->net->n_layers; l++) {
    const struct layer *y = &s->net->layer[l];
    for (size_t j = 0; j < y->out; j++) {
      const float *row = s->weights + y->w_at + j * y->w_stride;
      double bias = y->bias ? (double)s->weights[y->b_at + j] : 0;
      b[j] = bias * bias;
      for (size_t i = 0; i < y->in; i++)
        b[j] += (double)row[i] * (double)row[i] * a[i];
    }
    double *swap = a;
    a = b;
    b = swap;
  }
  *out = vec_sum_f64(a, s->net->out);
  free(memory);
  return isfinite(*out) ? STATUS_OK : err_set(e, STATUS_DIVERGED, "the path norm is %g", *out);
}

static enum status measure(const void *conf, const struct exec *x, const struct probe_subject *s, struct probe_value *out, struct err *e)
{
  static const char *const names[2][5] = {
    {"frobenius", "spectral", "rows21", "cols21", "spectral_residual"},
    {"frobenius_start", "spectral_start", "rows21_start", "cols21_start", "spectral_residual_start"}};
  enum status status = STATUS_OK;
  double path;
  for (size_t l = 0; l < s->net->n_layers && !status; l++)
    for (int from_start = 0; from_start < (s->start ? 2 : 1) && !status; from_start++) {
      struct mat a = {0};
      status = s->net->layer[l].kind == LAYER_DENSE ? STATUS_OK : err_set(e, STATUS_UNSUPPORTED, "layer %zu is not a dense layer", l + 1);
      status = status ? status : layer_matrix(&s->net->layer[l], s->weights, from_start ? s->start : NULL, &a, e);
      status = status ? status : add_norms(conf, x, &a, l, names[from_start], out, e);
      mat_free(&a);
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
        .notes = "One number per layer, biases left out; the path norm squares biases too. With W stored [outputs][inputs], rows21 is "
                 "the norm |W'|_{2,1} of the spectral-margin bound. Where the weights at the start are known, the same norms of W - W_0 "
                 "end in _start. The spectral norm of a layer wider than `exact` on both sides is a power iteration from a fixed start: a "
                 "lower bound; spectral_residual says how far its square is at most from the square of some singular value, relative.",
        .example = "assay.probe(\"layer-norms\")", .conf_size = sizeof(struct conf), .params = params},
  .measure = measure,
};
