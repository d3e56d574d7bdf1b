/* linear_map.c: see linear_map.h. Power iteration on A'A: Golub and Van Loan 2013, Matrix Computations, 8.2. */
#include "experiments/probe/linear_map.h"

#include <math.h>
#include <stdlib.h>

#include "experiments/kernel/conv.h"
#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"
#include "experiments/probe/probe.h"

enum status linear_map_new(struct linear_map *a, const struct layer *y, const float *weights, const float *start, bool kernel,
                           struct err *e)
{
  bool conv = y->kind == LAYER_CONV && !kernel;
  void *patches = NULL;
  *a = (struct linear_map){.in = conv ? y->in : y->cols, .out = conv ? y->out : y->rows, .conv = conv ? &y->conv : NULL};
  enum status s = conv ? mem_new(&patches, conv_patch_size(&y->conv, 1), sizeof(double), "patches", e) : STATUS_OK;
  a->patches = patches;
  s = s ? s : mat_new(&a->w, DTYPE_F64, y->rows, y->cols, e);
  for (size_t j = 0; j < y->rows && !s; j++)
    for (size_t i = 0; i < y->cols; i++) {
      size_t at = y->w_at + j * y->w_stride + i;
      mat_row_f64(&a->w, j)[i] = (double)weights[at] - (start ? (double)start[at] : 0);
    }
  if (s)
    linear_map_free(a);
  return s;
}

void linear_map_free(struct linear_map *a)
{
  free(a->patches);
  a->patches = NULL;
  mat_free(&a->w);
}

void linear_map_apply(struct linear_map *a, const double *x, double *y)
{
  if (a->conv)
    conv_forward_f64(a->conv, a->w.data, a->w.stride, NULL, x, 1, y, a->patches);
  for (size_t j = 0; !a->conv && j < a->out; j++)
    y[j] = vec_dot_f64(mat_row_f64(&a->w, j), x, a->in);
}

void linear_map_back(struct linear_map *a, const double *y, double *x)
{
  if (a->conv) {
    conv_backward_f64(a->conv, a->w.data, a->w.stride, y, 1, x, a->patches);
    return;
  }
  for (size_t i = 0; i < a->in; i++)
    x[i] = 0;
  for (size_t j = 0; j < a->out; j++)
    for (size_t i = 0; i < a->in; i++)
      x[i] = fma(y[j], mat_row_f64(&a->w, j)[i], x[i]);
}

/* x (in), back (in) and y (out) are scratch. */
static enum status iterate(const struct exec *exec, struct linear_map *a, const struct linear_search *c, double *x, double *back, double *y,
                           struct linear_norms *out, struct err *e)
{
  struct rng r = probe_rng(0, PROBE_STREAM_SPECTRAL, c->stream);
  double last = -1, s = 0;
  enum status status = STATUS_OK;
  rng_fill_normal_f64(&r, x, a->in, 0, 1);
  double norm = vec_norm2_f64(x, a->in);
  for (int64_t t = 0; t < c->iterations && norm > 0 && !status; t++) {
    for (size_t i = 0; i < a->in; i++)
      x[i] /= norm;
    linear_map_apply(a, x, y);
    linear_map_back(a, y, back);
    s = vec_norm2_f64(y, a->out);
    if (fabs(s - last) <= c->tolerance * s)
      break;
    last = s;
    for (size_t i = 0; t + 1 < c->iterations && i < a->in; i++)
      x[i] = back[i];
    norm = vec_norm2_f64(back, a->in);
    if (exec_cancelled(exec))
      status = err_set(e, STATUS_CANCELLED, "cancelled");
  }
  for (size_t i = 0; i < a->in && s > 0; i++)
    back[i] -= s * s * x[i];
  out->spectral = s;
  out->residual = s > 0 ? vec_norm2_f64(back, a->in) / (s * s) : 0;
  return status;
}

static enum status decompose(const struct linear_map *a, struct linear_norms *out, struct err *e)
{
  struct mat u, sigma, vt;
  enum status s = mat_svd(&u, &sigma, &vt, &a->w, e);
  if (s)
    return s;
  out->spectral = mat_get(&sigma, 0, 0);
  out->residual = 0;
  mat_free(&u);
  mat_free(&sigma);
  mat_free(&vt);
  return STATUS_OK;
}

/* Squares of the norms of rows, and of columns, are the map of squared weights, and its transpose, on ones. */
static enum status add_plain_norms(struct linear_map *a, double *x, double *y, struct linear_norms *out, struct err *e)
{
  struct mat keep = a->w, square;
  double sum = 0;
  enum status s = mat_copy(&square, &keep, DTYPE_F64, e);
  if (s)
    return s;
  for (size_t j = 0; j < square.rows; j++)
    for (size_t i = 0; i < square.cols; i++)
      mat_row_f64(&square, j)[i] *= mat_row_f64(&square, j)[i];
  a->w = square;
  for (size_t i = 0; i < a->in; i++)
    x[i] = 1;
  linear_map_apply(a, x, y);
  for (size_t j = 0; j < a->out; j++) {
    sum += y[j];
    out->rows21 += sqrt(y[j]);
    y[j] = 1;
  }
  linear_map_back(a, y, x);
  for (size_t i = 0; i < a->in; i++)
    out->cols21 += sqrt(x[i]);
  out->frobenius = sqrt(sum);
  a->w = keep;
  mat_free(&square);
  return STATUS_OK;
}

enum status linear_map_norms(const struct exec *x, struct linear_map *a, const struct linear_search *c, struct linear_norms *out,
                             struct err *e)
{
  size_t least = a->in < a->out ? a->in : a->out, numbers;
  void *memory;
  *out = (struct linear_norms){0};
  bool fits = size_mul(2, a->in, &numbers) && !__builtin_add_overflow(numbers, a->out, &numbers);
  enum status s = mem_new(&memory, fits ? numbers : SIZE_MAX, sizeof(double), "power iteration", e);
  if (s)
    return s;
  double *v = memory, *back = v + a->in, *y = back + a->in;
  s = add_plain_norms(a, v, y, out, e);
  if (!s && !a->conv && least <= c->exact)
    s = decompose(a, out, e);
  else if (!s)
    s = iterate(x, a, c, v, back, y, out, e);
  free(memory);
  return s;
}
