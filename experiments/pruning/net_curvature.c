/* net_curvature.c: the diagonal of the curvature of a net's loss, by weights.
 *
 * Both forms are sums over examples of squared derivatives: with d the derivative at the outputs of a dense layer and a its
 * inputs, that of weight (j, i) is d_j a_i, so the sum of squares over a block is the product of the squares, D.^2 (A.^2)'. A
 * weight of a convolution is used at every position, so there the examples' own gradients are made and squared. The
 * Gauss-Newton diagonal takes the columns of a factor F F' = H of the Hessian of the example's loss for d at the outputs (LeCun,
 * Denker and Solla 1990 drop the same term, and approximate further). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/blas.h"
#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"
#include "experiments/pruning/net_int.h"

struct walk {
  struct net_facts *f;
  struct batch batch;
  struct net_block_f64 b;
  double *columns;  /* patches of a convolution; squared inputs of a dense layer */
  double *squares;  /* of the deltas; gradients of a convolution, by weight and example */
  double *factor;   /* NET_BLOCK x outputs x outputs: of the Hessians */
  double *sum[NET_MAX_LAYERS];
};

static void add_dense(const struct walk *k, size_t l, const struct layer *y, double *sum)
{
  size_t n = k->b.n, ldb = k->b.ldb;
  const double *in = k->b.act[l];
  for (size_t i = 0; i < y->cols; i++)
    for (size_t t = 0; t < n; t++)
      k->columns[i * n + t] = in[i * ldb + t] * in[i * ldb + t];
  for (size_t j = 0; j < y->rows; j++)
    for (size_t t = 0; t < n; t++)
      k->squares[j * n + t] = k->b.delta[j * ldb + t] * k->b.delta[j * ldb + t];
  blas_gemm_f64(false, true, y->rows, y->cols, n, 1, k->squares, n, k->columns, n, 1, sum, y->cols);
}

/* sum += lane by lane products of the deltas of filter j and of tap i over the positions of output row r: width x ldb each. */
static void add_row(const double *delta, const double *tap, size_t width, size_t ldb, double *lanes)
{
  for (size_t p = 0; p < width; p++)
    for (size_t t = 0; t < ldb; t++)
      lanes[t] += delta[p * ldb + t] * tap[p * ldb + t];
}

/* The gradients of all examples, one in each lane, a row of the output after the other; then their squares. */
static void add_conv(const struct walk *k, size_t l, const struct layer *y, double *sum)
{
  size_t width = y->conv.out_width, positions = y->out / y->rows, ldb = k->b.ldb;
  double *lanes = k->squares;
  memset(lanes, 0, y->rows * y->cols * ldb * sizeof *lanes);
  for (size_t r = 0; r < net_columns_pieces(y); r++) {
    struct net_columns c = net_columns_of(&k->b, y, l, r, k->columns);
    for (size_t j = 0; j < y->rows; j++)
      for (size_t i = 0; i < y->cols; i++)
        add_row(k->b.delta + (j * positions + r * width) * ldb, c.a + i * c.ld, width, ldb, lanes + (j * y->cols + i) * ldb);
  }
  for (size_t i = 0; i < y->rows * y->cols; i++)
    sum[i] += vec_dot_f64(lanes + i * ldb, lanes + i * ldb, k->b.n);
}

/* The deltas at the outputs stand: walk back, and add the squares of each layer. */
static void back(struct walk *k)
{
  const struct net *net = k->f->s.net;
  for (size_t l = net->n_layers; l-- > 0;) {
    const struct layer *y = &net->layer[l];
    net_block_slope_f64(&k->b, l);
    for (size_t i = 0; i < k->f->n; i++)
      if (k->f->at[i] == l)
        (y->kind == LAYER_CONV ? add_conv : add_dense)(k, l, y, k->sum[i]);
    if (l)
      net_block_back_f64(&k->b, l);
  }
}

/* H of example t of the block = F F' by eigenvalues; negative ones (no loss here has them but by rounding) count as 0. */
static enum status factor_hessian(const struct walk *k, size_t t, double *f, double *eigen, struct err *e)
{
  const struct loss *loss = (const struct loss *)k->f->s.loss->method;
  size_t m = k->f->s.net->out, at = k->b.at + t;
  const struct batch *b = &k->batch;
  double *z = eigen + m, *u = z + m, *hu = u + m;
  for (size_t j = 0; j < m; j++)
    z[j] = k->b.act[k->f->s.net->n_layers][j * k->b.ldb + t];
  for (size_t c = 0; c < m; c++) {
    memset(u, 0, m * sizeof *u);
    u[c] = 1;
    loss->hessian_vector(k->f->s.loss->conf, z, m, b->label ? b->label[at] : 0, b->target ? b->target + at * b->target_stride : NULL,
                         u, hu);
    for (size_t j = 0; j < m; j++)
      f[j * m + c] = hu[j];
  }
  if (!vec_finite_f64(f, m * m))
    return err_set(e, STATUS_DIVERGED, "the curvature of the loss is not finite");
  if (blas_syevd_f64(m, f, m, eigen))
    return err_set(e, STATUS_BAD_DATA, "the curvature of the loss has no eigenvalues");
  for (size_t c = 0; c < m; c++)
    for (size_t j = 0; j < m; j++)
      f[j * m + c] *= eigen[c] > 0 ? sqrt(eigen[c]) : 0.0;
  return STATUS_OK;
}

static enum status add_gauss_newton(struct walk *k, struct err *e)
{
  size_t m = k->f->s.net->out;
  double *eigen = k->factor + NET_BLOCK * m * m;
  for (size_t t = 0; t < k->b.n; t++) {
    enum status status = factor_hessian(k, t, k->factor + t * m * m, eigen, e);
    if (status)
      return status;
  }
  for (size_t c = 0; c < m; c++) {
    for (size_t j = 0; j < m; j++)
      for (size_t t = 0; t < k->b.ldb; t++)
        k->b.delta[j * k->b.ldb + t] = t < k->b.n ? k->factor[t * m * m + j * m + c] : 0.0;
    back(k);
    if (exec_cancelled(k->f->x))
      return err_set(e, STATUS_CANCELLED, "cancelled");
  }
  return STATUS_OK;
}

/* Numbers of scratch: for the columns, and for squares or gradients, of the layer that needs most. */
static void measure(const struct net_facts *f, size_t *columns, size_t *squares)
{
  *columns = *squares = 0;
  for (size_t i = 0; i < f->n; i++) {
    const struct layer *y = &f->s.net->layer[f->at[i]];
    size_t c = net_columns_scratch(y), s = y->kind == LAYER_CONV ? y->rows * y->cols * NET_BLOCK : y->rows * NET_BLOCK;
    c = c ? c : y->cols * NET_BLOCK;
    *columns = c > *columns ? c : *columns;
    *squares = s > *squares ? s : *squares;
  }
}

static enum status run(struct walk *k, enum prune_curvature c, struct err *e)
{
  enum status status = STATUS_OK;
  for (size_t at = 0; at < k->batch.n && !status; at += NET_BLOCK) {
    net_block_forward_f64(&k->b, &k->batch, at);
    if (c == PRUNE_FISHER) {
      net_block_loss_f64(&k->b, k->f->s.loss, &k->batch, 1, NULL);
      back(k);
    } else {
      status = add_gauss_newton(k, e);
    }
    if (exec_cancelled(k->f->x) && !status)
      status = err_set(e, STATUS_CANCELLED, "cancelled");
  }
  return status;
}

enum status net_facts_curvature(struct net_facts *f, enum prune_curvature c, struct err *e)
{
  struct walk k = {.f = f, .batch = probe_batch(&f->s)};
  size_t columns, squares, m = f->s.net->out, n = f->n;
  void *block = NULL, *scratch = NULL;
  measure(f, &columns, &squares);
  enum status status = net_block_new_f64(&k.b, f->s.net, f->dense, &k.batch, &block, e);
  if (!status)
    status = mem_new(&scratch, columns + squares + NET_BLOCK * m * m + 4 * m, sizeof(double), "squared derivatives", e);
  k.columns = scratch;
  k.squares = k.columns + columns;
  k.factor = k.squares + squares;
  for (size_t i = 0; i < n && !status; i++)
    status = net_facts_take(f, &k.sum[i], f->layer[i].out * f->layer[i].in, "curvatures", e);
  status = status ? status : run(&k, c, e);
  for (size_t i = 0; i < n && !status; i++) {
    for (size_t j = 0; j < f->layer[i].out * f->layer[i].in; j++)
      k.sum[i][j] /= (double)k.batch.n;
    f->layer[i].curvature = k.sum[i];
  }
  free(scratch);
  free(block);
  return status;
}
