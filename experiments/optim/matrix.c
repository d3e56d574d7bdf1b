/* matrix.c: see matrix.h. */
#include "experiments/optim/matrix.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/blas.h"
#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"
#include "experiments/optim/rule.h"

/* --- blocks ------------------------------------------------------------------------------------------ */

static struct block vector_block(size_t at, size_t n) { return (struct block){.at = at, .rows = 1, .cols = n, .stride = n, .vector = true}; }

static struct block weights_of(const struct layer *l)
{
  return (struct block){.at = l->w_at, .rows = l->rows, .cols = l->cols, .stride = l->w_stride, .vector = l->rows < 2 || l->cols < 2};
}

static bool is_output(const struct net *net, size_t layer)
{
  size_t matrices = 0, last = 0;
  for (size_t i = 0; i < net->n_layers; i++)
    if (net->layer[i].rows) {
      matrices++;
      last = i;
    }
  return matrices > 1 && layer == last;
}

bool matrix_block(const struct net *net, size_t n, size_t i, struct block *out)
{
  if (!net) {
    *out = vector_block(0, n);
    return i == 0;
  }
  for (size_t j = 0; j < net->n_layers; j++) {
    const struct layer *l = &net->layer[j];
    if (l->rows == 0)
      continue;
    if (i-- == 0) {
      *out = weights_of(l);
      out->output = is_output(net, j);
      out->layer = j;
      return true;
    }
    if (l->bias && i-- == 0) {
      *out = vector_block(l->b_at, l->rows);
      out->layer = j;
      return true;
    }
  }
  return false;
}

/* --- the state ---------------------------------------------------------------------------------------- */

static bool is_vector(const struct matrix_rule *r, const void *conf, const struct block *b)
{
  return b->vector || (r->as_vector && r->as_vector(conf, b));
}

/* Bytes of a block's state, a multiple of MEM_ALIGN. Vectors keep Adam's two moments. */
static size_t block_bytes(const struct matrix_rule *r, const void *conf, const struct block *b, enum dtype type)
{
  if (is_vector(r, conf, b) && !r->own_vectors)
    return round_up(2 * b->rows * b->stride * dtype_size(type), MEM_ALIGN);
  return round_up(r->state_count(conf, b) * sizeof(double), MEM_ALIGN);
}

size_t matrix_state_size(const struct matrix_rule *r, const void *conf, const struct net *net, size_t n, enum dtype type)
{
  struct block b;
  size_t bytes = 0;
  for (size_t i = 0; matrix_block(net, n, i, &b); i++)
    bytes += block_bytes(r, conf, &b, type);
  return bytes;
}

/* --- the step ----------------------------------------------------------------------------------------- */

static enum status step_vector(const struct matrix_rule *r, const void *conf, const struct block *b, void *state, void *w, const void *g,
                               enum dtype type, const struct step_info *s, struct err *e)
{
  struct adam_form form;
  struct step_info own = *s;
  size_t n = b->rows * b->stride;
  own.lr *= r->adam(conf, &form);
  return type == DTYPE_F32 ? adam_step_f32(&form, state, (float *)w + b->at, (const float *)g + b->at, n, &own, e)
                           : adam_step_f64(&form, state, (double *)w + b->at, (const double *)g + b->at, n, &own, e);
}

static void pack(const struct block *b, const void *from, enum dtype type, double *to)
{
  for (size_t i = 0; i < b->rows; i++, to += b->cols) {
    size_t at = b->at + i * b->stride;
    if (type == DTYPE_F32)
      for (size_t j = 0; j < b->cols; j++)
        to[j] = (double)((const float *)from)[at + j];
    else
      memcpy(to, (const double *)from + at, b->cols * sizeof *to);
  }
}

/* False if a number does not fit. */
static bool unpack(const struct block *b, const double *from, enum dtype type, void *to)
{
  int bad = 0;
  for (size_t i = 0; i < b->rows; i++, from += b->cols) {
    size_t at = b->at + i * b->stride;
    double largest = type == DTYPE_F32 ? (double)FLT_MAX : DBL_MAX;
    for (size_t j = 0; j < b->cols; j++)
      bad |= !(fabs(from[j]) <= largest);
    if (type == DTYPE_F32)
      for (size_t j = 0; j < b->cols; j++)
        ((float *)to)[at + j] = (float)from[j];
    else
      memcpy((double *)to + at, from, b->cols * sizeof *from);
  }
  return !bad;
}

static size_t scratch_count(const struct matrix_rule *r, const void *conf, const struct net *net, size_t n)
{
  struct block b;
  size_t most = 0;
  for (size_t i = 0; matrix_block(net, n, i, &b); i++) {
    if (is_vector(r, conf, &b) && !r->own_vectors)
      continue;
    size_t count = 2 * b.rows * b.cols + r->scratch_count(conf, &b);
    most = count > most ? count : most;
  }
  return most;
}

static enum status step_matrix(const struct matrix_rule *r, const void *conf, const struct block *b, void *state, void *w, const void *g,
                               enum dtype type, double *scratch, const struct step_info *s, struct err *e)
{
  size_t count = b->rows * b->cols;
  struct matrix_update u = {.conf = conf, .b = b, .w = scratch, .g = scratch + count, .scratch = scratch + 2 * count, .state = state, .s = s};
  pack(b, w, type, u.w);
  pack(b, g, type, u.g);
  enum status status = r->update(&u, e);
  if (status == STATUS_OK && !unpack(b, u.w, type, w))
    status = rule_overflowed(s, e);
  return status;
}

enum status matrix_step(const struct matrix_rule *r, const void *conf, void *state, void *w, const void *g, size_t n, enum dtype type,
                        const struct step_info *s, struct err *e)
{
  struct block b;
  void *scratch;
  char *at = state;
  enum status status = mem_new(&scratch, scratch_count(r, conf, s->net, n), sizeof(double), "the update of matrices", e);
  for (size_t i = 0; status == STATUS_OK && matrix_block(s->net, n, i, &b); i++) {
    struct step_info own = *s;
    own.lr *= s->layer_rate ? s->layer_rate[b.layer] : 1;
    own.layer_rate = NULL;
    if (is_vector(r, conf, &b) && !r->own_vectors)
      status = step_vector(r, conf, &b, at, w, g, type, &own, e);
    else
      status = step_matrix(r, conf, &b, at, w, g, type, scratch, &own, e);
    at += block_bytes(r, conf, &b, type);
  }
  free(scratch);
  return status;
}

/* --- linear algebra ------------------------------------------------------------------------------------- */

double matrix_norm2(const double *x, size_t n) { return vec_dot_f64(x, x, n); }

enum status matrix_power(double *a, size_t n, double shift, double power, double *out, double *scratch, struct err *e)
{
  double *value = scratch, *scaled = scratch + n;
  if (!vec_finite_f64(a, n * n) || blas_syevd_f64(n, a, n, value) != 0)
    return err_set(e, STATUS_DIVERGED, "a preconditioner of %zu rows has no eigenvalues: clip the gradient or lower the learning rate", n);
  for (size_t j = 0; j < n; j++)
    value[j] = pow(fmax(value[j], 0) + shift, power);
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++)
      scaled[i * n + j] = a[i * n + j] * value[j];
  blas_gemm_f64(false, true, n, n, n, 1, scaled, n, a, n, 0, out, n);
  return STATUS_OK;
}

enum status matrix_polar(double *a, size_t m, size_t n, double *out, double *scratch, struct err *e)
{
  size_t r = m < n ? m : n;
  double *u = scratch, *vt = u + m * r, *value = vt + r * n;
  if (!vec_finite_f64(a, m * n) || blas_gesdd_f64(m, n, a, n, value, u, r, vt, n) != 0)
    return err_set(e, STATUS_DIVERGED, "a matrix of %zu x %zu has no singular values: clip the gradient or lower the learning rate", m, n);
  for (size_t j = 0; j < r; j++)
    for (size_t i = 0; i < m && !(value[j] > 1e-14 * value[0]); i++)
      u[i * r + j] = 0;
  blas_gemm_f64(false, false, m, n, r, 1, u, r, vt, n, 0, out, n);
  return STATUS_OK;
}
