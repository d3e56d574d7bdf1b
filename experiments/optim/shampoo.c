/* shampoo.c: a matrix gradient preconditioned from both sides by roots of its own second moments. */
#include <math.h>
#include <string.h>

#include "experiments/kernel/blas.h"
#include "experiments/optim/matrix.h"
#include "experiments/optim/rule.h"

enum graft { GRAFT_NONE = 0, GRAFT_SGD = 1, GRAFT_ADAM = 2 };

struct conf {
  double b2, eps, exponent, weight_decay;
  int64_t every, max_dim;
  int graft;
};

static const char *const graft_names[] = {"none", "sgd", "adam", NULL};

static const struct param params[] = {
  {.id = "b2", .type = PARAM_REAL, .at = offsetof(struct conf, b2), .def = 1, .min = 0, .max = 1, .flags = PARAM_TUNED,
   .doc = "memory of L and R; 1: they are sums, as published", .example = "0.99"},
  {.id = "eps", .type = PARAM_REAL, .at = offsetof(struct conf, eps), .def = 1e-6, .min = 0, .max = 1e6, .flags = PARAM_LOG | PARAM_MIN_OPEN,
   .doc = "added to the eigenvalues of L and R", .example = "1e-4"},
  {.id = "exponent", .type = PARAM_REAL, .at = offsetof(struct conf, exponent), .def = 0.25, .min = 0, .max = 1, .flags = PARAM_MIN_OPEN | PARAM_ADVANCED,
   .doc = "L and R enter as L^-exponent; 1/2 is common too", .example = "0.5"},
  {.id = "every", .type = PARAM_INT, .at = offsetof(struct conf, every), .def = 10, .min = 1, .max = 1e6, .unit = "updates",
   .doc = "the roots are taken anew in updates 1, 1 + every, ..", .example = "50"},
  {.id = "max_dim", .type = PARAM_INT, .at = offsetof(struct conf, max_dim), .def = 4096, .min = 1, .max = 1e5, .flags = PARAM_ADVANCED,
   .doc = "a side longer than this is left alone", .example = "1024"},
  {.id = "graft", .type = PARAM_CHOICE, .at = offsetof(struct conf, graft), .def = GRAFT_ADAM, .choices = graft_names,
   .doc = "whose step lends its length to each matrix", .example = "sgd"},
  RULE_DECAY_PARAM(struct conf, 0),
  {0},
};

/* Length of a side that is preconditioned, else 0. */
static size_t side(const struct conf *f, size_t n) { return n <= (size_t)f->max_dim ? n : 0; }

/* L, R and their roots; with Adam's length its two moments. */
static size_t state_count(const void *conf, const struct block *b)
{
  const struct conf *f = conf;
  size_t m = side(f, b->rows), n = side(f, b->cols);
  return 2 * (m * m + n * n) + (f->graft == GRAFT_ADAM ? 2 * b->rows * b->cols : 0);
}

static size_t scratch_count(const void *conf, const struct block *b)
{
  size_t m = side(conf, b->rows), n = side(conf, b->cols), most = m > n ? m : n;
  return 2 * most * most + most + b->rows * b->cols;
}

/* Second moment of one side and its root: G G' of rows (transposed = false), or G'G of columns. */
static enum status refresh(const struct matrix_update *u, bool columns, double *moment, double *root, struct err *e)
{
  const struct conf *f = u->conf;
  size_t m = u->b->rows, n = u->b->cols, d = columns ? n : m;
  double *copy = u->scratch;
  blas_gemm_f64(columns, !columns, d, d, columns ? m : n, f->b2 < 1 ? 1 - f->b2 : 1, u->g, n, u->g, n, f->b2, moment, d);
  if ((u->s->k - 1) % (uint64_t)f->every)
    return STATUS_OK;
  memcpy(copy, moment, d * d * sizeof *copy);
  return matrix_power(copy, d, f->eps, -f->exponent, root, copy + d * d, e);
}

/* Length of the step of Adam (0.9, 0.999, 1e-8) at rate 1, or of plain SGD. */
static double graft_length(const struct matrix_update *u, double *moments)
{
  size_t count = u->b->rows * u->b->cols;
  double sum = 0, k = (double)u->s->k, whole1 = 1 - pow(0.9, k), whole2 = 1 - pow(0.999, k);
  if (((const struct conf *)u->conf)->graft == GRAFT_SGD)
    return sqrt(matrix_norm2(u->g, count));
  for (size_t i = 0; i < count; i++) {
    double g = u->g[i], *m = moments + i, *v = moments + count + i;
    *m = 0.9 * *m + 0.1 * g;
    *v = 0.999 * *v + 0.001 * g * g;
    double step = *m / whole1 / (sqrt(*v / whole2) + 1e-8);
    sum += step * step;
  }
  return sqrt(sum);
}

static enum status update(const struct matrix_update *u, struct err *e)
{
  const struct conf *f = u->conf;
  size_t m = u->b->rows, n = u->b->cols, count = m * n, dm = side(f, m), dn = side(f, n);
  double *left = u->state, *right = left + dm * dm, *left_root = right + dn * dn, *right_root = left_root + dm * dm;
  double *out = u->scratch, factor = u->s->lr;
  if (!isfinite(matrix_norm2(u->g, count)))
    return rule_overflowed(u->s, e);
  enum status status = dm ? refresh(u, false, left, left_root, e) : STATUS_OK;
  status = status == STATUS_OK && dn ? refresh(u, true, right, right_root, e) : status;
  if (status != STATUS_OK)
    return status;
  double length = f->graft == GRAFT_NONE ? 0 : graft_length(u, right_root + dn * dn);
  if (dm) {
    blas_gemm_f64(false, false, m, n, m, 1, left_root, m, u->g, n, 0, out, n);
    memcpy(u->g, out, count * sizeof *out);
  }
  if (dn) {
    blas_gemm_f64(false, false, m, n, n, 1, u->g, n, right_root, n, 0, out, n);
    memcpy(u->g, out, count * sizeof *out);
  }
  double norm = sqrt(matrix_norm2(u->g, count));
  if (f->graft != GRAFT_NONE)
    factor = norm > 0 ? factor * length / norm : 0;
  for (size_t i = 0; i < count; i++)
    u->w[i] = (1 - u->s->lr * f->weight_decay) * u->w[i] - factor * u->g[i];
  return STATUS_OK;
}

static double adam(const void *conf, struct adam_form *form)
{
  *form = (struct adam_form){.b1 = 0.9, .b2 = 0.999, .eps = 1e-8, .decay = ((const struct conf *)conf)->weight_decay};
  return 1;
}

static const struct matrix_rule rule = {.state_count = state_count, .scratch_count = scratch_count, .update = update, .adam = adam};

#include "experiments/optim/matrix.inc.c"

const struct optimizer optimizer_shampoo = {
  .m = {.kind = KIND_OPTIMIZER,
        .id = "shampoo",
        .name = "Shampoo",
        .summary = "matrix gradients preconditioned from both sides",
        .formula = "L <- L + GG', R <- R + G'G  (b2 < 1: b2 L + (1 - b2) GG');  D = (L + eps I)^-exponent G (R + eps I)^-exponent;\n"
                   "graft: D <- D |S|/|D|, S the step of sgd or Adam;  w <- (1 - lr weight_decay) w - lr D",
        .cite = "Gupta, Koren and Singer 2018, Shampoo: preconditioned stochastic tensor optimization; Anil, Gupta, Koren, Regan and "
                "Singer 2020, Scalable second order optimization for deep learning",
        .notes = "With graft = \"adam\" rates are Adam's, 0.001 or so, and L and R only choose the direction; practice needs one of the "
                 "grafts. Vectors take Adam. On a diagonal matrix without graft it is AdaGrad. Keeps 2 (rows^2 + cols^2) numbers of "
                 "float64 for a matrix, Adam's graft 2 rows cols more.",
        .example = "assay.optimizer(\"shampoo\", {every = 20})",
        .conf_size = sizeof(struct conf),
        .params = params},
  RULE_FUNCTIONS,
};
