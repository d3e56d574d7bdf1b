/* soap.c: Adam in the slowly turning eigenbasis of Shampoo's second moments.
 *
 * The first update only builds the basis. After that the gradient is turned into it, Adam's moments are kept there, and the step
 * is turned back. Every few updates the basis takes one power step and a QR factorisation; m is carried over by turning it back
 * and into the new basis, v is only sorted along with the basis, as in the authors' code. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/blas.h"
#include "experiments/optim/matrix.h"
#include "experiments/optim/rule.h"

struct conf {
  double b1, b2, basis_memory, eps, weight_decay;
  int64_t every, max_dim;
};

static const struct param params[] = {
  RULE_MEMORY_PARAM(struct conf, b1, 0.95, "memory of the first moment"),
  RULE_MEMORY_PARAM(struct conf, b2, 0.95, "memory of the second moment"),
  RULE_MEMORY_PARAM(struct conf, basis_memory, 0.95, "memory of L and R, whose eigenvectors are the basis"),
  RULE_EPS_PARAM(struct conf, 1e-8, "added to the root, before the bias correction"),
  {.id = "every", .type = PARAM_INT, .at = offsetof(struct conf, every), .def = 10, .min = 1, .max = 1e6, .unit = "updates",
   .doc = "the basis takes a power step so often", .example = "1"},
  {.id = "max_dim", .type = PARAM_INT, .at = offsetof(struct conf, max_dim), .def = 10000, .min = 1, .max = 1e5, .flags = PARAM_ADVANCED,
   .doc = "a side longer than this keeps its own basis", .example = "1024"},
  RULE_DECAY_PARAM(struct conf, 0.01),
  {0},
};

/* What an update works on. A side of length 0 is not turned. */
struct view {
  const struct conf *f;
  size_t m, n, dm, dn; /* rows, columns; the turned sides */
  double *left, *right, *q_left, *q_right, *first, *second, *product;
};

static size_t side(const struct conf *f, size_t n) { return n <= (size_t)f->max_dim ? n : 0; }

static size_t state_count(const void *conf, const struct block *b)
{
  size_t m = side(conf, b->rows), n = side(conf, b->cols);
  return 2 * (m * m + n * n) + 2 * b->rows * b->cols;
}

static size_t scratch_count(const void *conf, const struct block *b)
{
  size_t m = side(conf, b->rows), n = side(conf, b->cols), most = m > n ? m : n;
  return 2 * b->rows * b->cols + 2 * most * most + 2 * most;
}

static struct view view_of(const struct matrix_update *u)
{
  struct view v = {.f = u->conf, .m = u->b->rows, .n = u->b->cols, .dm = side(u->conf, u->b->rows), .dn = side(u->conf, u->b->cols)};
  v.left = u->state;
  v.right = v.left + v.dm * v.dm;
  v.q_left = v.right + v.dn * v.dn;
  v.q_right = v.q_left + v.dm * v.dm;
  v.first = v.q_right + v.dn * v.dn;
  v.second = v.first + v.m * v.n;
  v.product = u->scratch;
  return v;
}

/* x <- Q_L' x Q_R, or with back Q_L x Q_R'. */
static void turn(const struct view *v, double *x, bool back)
{
  size_t m = v->m, n = v->n;
  if (v->dm) {
    blas_gemm_f64(!back, false, m, n, m, 1, v->q_left, m, x, n, 0, v->product, n);
    memcpy(x, v->product, m * n * sizeof *x);
  }
  if (v->dn) {
    blas_gemm_f64(false, back, m, n, n, 1, x, n, v->q_right, n, 0, v->product, n);
    memcpy(x, v->product, m * n * sizeof *x);
  }
}

static void learn(const struct view *v, const double *g)
{
  size_t m = v->m, n = v->n;
  double memory = v->f->basis_memory;
  if (v->dm)
    blas_gemm_f64(false, true, m, m, n, 1 - memory, g, n, g, n, memory, v->left, m);
  if (v->dn)
    blas_gemm_f64(true, false, n, n, m, 1 - memory, g, n, g, n, memory, v->right, n);
}

static enum status no_basis(size_t n, struct err *e)
{
  return err_set(e, STATUS_DIVERGED, "a second moment of %zu rows has no eigenvectors: clip the gradient or lower the learning rate", n);
}

/* Q = the eigenvectors of A, by falling eigenvalue. scratch: d. */
static enum status first_basis(const double *a, size_t d, double *q, double *scratch, struct err *e)
{
  if (d == 0)
    return STATUS_OK;
  memcpy(q, a, d * d * sizeof *q);
  if (!vec_finite_f64(q, d * d) || blas_syevd_f64(d, q, d, scratch) != 0)
    return no_basis(d, e);
  for (size_t i = 0; i < d; i++)
    for (size_t j = 0; j < d / 2; j++) {
      double t = q[i * d + j];
      q[i * d + j] = q[i * d + d - 1 - j], q[i * d + d - 1 - j] = t;
    }
  return STATUS_OK;
}

struct rank {
  double value;
  size_t index;
};

static int by_falling_value(const void *a, const void *b)
{
  const struct rank *x = a, *y = b;
  if (x->value != y->value)
    return x->value > y->value ? -1 : 1;
  return x->index < y->index ? -1 : 1;
}

/* Rayleigh quotients diag(Q'AQ) of the columns of Q, sorted; scratch: 2 d^2 + 2 d, the ranks in its tail. */
static struct rank *rank_columns(const double *a, const double *q, size_t d, double *scratch)
{
  struct rank *rank = (struct rank *)(void *)(scratch + 2 * d * d);
  blas_gemm_f64(false, false, d, d, d, 1, a, d, q, d, 0, scratch, d);
  for (size_t j = 0; j < d; j++) {
    rank[j] = (struct rank){0, j};
    for (size_t i = 0; i < d; i++)
      rank[j].value += q[i * d + j] * scratch[i * d + j];
  }
  qsort(rank, d, sizeof *rank, by_falling_value);
  return rank;
}

/* v's rows (or columns) in the order of the ranks. */
static void sort_second(const struct view *v, const struct rank *rank, bool columns)
{
  size_t m = v->m, n = v->n;
  memcpy(v->product, v->second, m * n * sizeof *v->product);
  for (size_t i = 0; i < m; i++)
    for (size_t j = 0; j < n; j++)
      v->second[i * n + j] = v->product[(columns ? i : rank[i].index) * n + (columns ? rank[j].index : j)];
}

/* One power step and QR of one side, sorted. */
static enum status next_basis(const struct view *v, bool columns, double *scratch, struct err *e)
{
  size_t d = columns ? v->dn : v->dm;
  const double *a = columns ? v->right : v->left;
  double *q = columns ? v->q_right : v->q_left, *sorted = scratch + d * d;
  if (d == 0)
    return STATUS_OK;
  const struct rank *rank = rank_columns(a, q, d, scratch);
  sort_second(v, rank, columns);
  for (size_t i = 0; i < d; i++)
    for (size_t j = 0; j < d; j++)
      sorted[i * d + j] = q[i * d + rank[j].index];
  blas_gemm_f64(false, false, d, d, d, 1, a, d, sorted, d, 0, q, d);
  return vec_finite_f64(q, d * d) && blas_orth_f64(d, q, d) == 0 ? STATUS_OK : no_basis(d, e);
}

/* count: Adam's, from 1; the first update of all does not count. */
static void adam_step(const struct view *v, const struct matrix_update *u, double *g, double count)
{
  const struct conf *f = v->f;
  double lr = u->s->lr, rate = lr * sqrt(1 - pow(f->b2, count)) / (1 - pow(f->b1, count));
  turn(v, g, false);
  for (size_t i = 0; i < v->m * v->n; i++) {
    v->first[i] = f->b1 * v->first[i] + (1 - f->b1) * g[i];
    v->second[i] = f->b2 * v->second[i] + (1 - f->b2) * g[i] * g[i];
    double root = sqrt(v->second[i]) + f->eps;
    g[i] = root > 0 ? v->first[i] / root : 0;
  }
  turn(v, g, true);
  for (size_t i = 0; i < v->m * v->n; i++)
    u->w[i] = (u->w[i] - rate * g[i]) * (1 - lr * f->weight_decay);
}

static enum status update(const struct matrix_update *u, struct err *e)
{
  struct view v = view_of(u);
  size_t count = v.m * v.n;
  uint64_t k = u->s->k;
  double *step = u->scratch + count, *scratch = u->scratch + 2 * count;
  if (!isfinite(matrix_norm2(u->g, count)))
    return rule_overflowed(u->s, e);
  if (k > 1) {
    memcpy(step, u->g, count * sizeof *step);
    adam_step(&v, u, step, (double)(k - 1));
  }
  learn(&v, u->g);
  if (k == 1) {
    enum status status = first_basis(v.left, v.dm, v.q_left, scratch, e);
    return status == STATUS_OK ? first_basis(v.right, v.dn, v.q_right, scratch, e) : status;
  }
  if ((k - 1) % (uint64_t)v.f->every)
    return STATUS_OK;
  turn(&v, v.first, true);
  enum status status = next_basis(&v, false, scratch, e);
  status = status == STATUS_OK ? next_basis(&v, true, scratch, e) : status;
  turn(&v, v.first, false);
  return status;
}

static double adam(const void *conf, struct adam_form *form)
{
  const struct conf *f = conf;
  *form = (struct adam_form){.b1 = f->b1, .b2 = f->b2, .eps = f->eps, .decay = f->weight_decay};
  return 1;
}

static const struct matrix_rule rule = {.state_count = state_count, .scratch_count = scratch_count, .update = update, .adam = adam};

#include "experiments/optim/matrix.inc.c"

const struct optimizer optimizer_soap = {
  .m = {.kind = KIND_OPTIMIZER,
        .id = "soap",
        .name = "SOAP",
        .summary = "Adam in the eigenbasis of Shampoo's second moments",
        .formula = "update 1 builds the basis only;  P = Q_L' G Q_R;  m <- b1 m + (1 - b1) P;  v <- b2 v + (1 - b2) P^2;\n"
                   "w <- (1 - lr weight_decay) (w - lr sqrt(1 - b2^j)/(1 - b1^j) Q_L (m/(sqrt(v) + eps)) Q_R'),  j = k - 1;\n"
                   "L <- basis_memory L + (1 - basis_memory) GG', R likewise;  every `every` updates Q_L = qr(L Q_L), Q_R = qr(R Q_R)",
        .cite = "Vyas, Morwani, Zhao, Kwun, Shapira, Brandfonbrener, Janson and Kakade 2024, SOAP: improving and stabilizing Shampoo "
                "using Adam",
        .notes = "The usual peak rate is 0.003. Matrices do not move in the first update; vectors take Adam with the same memories. When "
                 "the basis turns, m is turned along and v is not, as in the authors' code. The decay comes after the step. Keeps 2 (rows^2 + "
                 "cols^2 + rows cols) numbers of float64 for a matrix.",
        .example = "assay.optimizer(\"soap\", {every = 5})",
        .conf_size = sizeof(struct conf),
        .params = params},
  RULE_FUNCTIONS,
};
