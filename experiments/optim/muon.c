/* muon.c: momentum whose matrix is replaced by the nearest orthogonal one, by five steps of a quintic iteration.
 *
 * X <- a X + b (XX')X + c (XX')^2 X moves every singular value by s <- a s + b s^3 + c s^5. The constants trade accuracy for
 * speed: values from 0.01 to 1 end between 0.68 and 1.14, not at 1. */
#include <math.h>
#include <string.h>

#include "experiments/kernel/blas.h"
#include "experiments/optim/matrix.h"
#include "experiments/optim/rule.h"

enum polar { QUINTIC = 0, EXACT = 1 };
enum output { OUTPUT_ADAM = 0, OUTPUT_MATRIX = 1 };

struct conf {
  double momentum, weight_decay, adam_factor;
  bool nesterov;
  int polar, output;
};

static const char *const polar_names[] = {"newton-schulz", "exact", NULL};
static const char *const output_names[] = {"adam", "matrix", NULL};

static const struct param params[] = {
  RULE_MEMORY_PARAM(struct conf, momentum, 0.95, "memory of the average gradient"),
  {.id = "nesterov", .type = PARAM_BOOL, .at = offsetof(struct conf, nesterov), .def = 1, .doc = "look ahead: mix the new gradient in again",
   .example = "false"},
  {.id = "polar", .type = PARAM_CHOICE, .at = offsetof(struct conf, polar), .def = QUINTIC, .choices = polar_names,
   .doc = "five quintic steps, or the exact polar factor by an SVD", .example = "exact"},
  {.id = "output", .type = PARAM_CHOICE, .at = offsetof(struct conf, output), .def = OUTPUT_ADAM, .choices = output_names,
   .doc = "how the last weight matrix of several is updated", .example = "matrix"},
  {.id = "adam_factor", .type = PARAM_REAL, .at = offsetof(struct conf, adam_factor), .def = 0.015, .min = 0, .max = 1e6,
   .flags = PARAM_LOG | PARAM_TUNED, .doc = "rate of Adam for vectors, as a factor of the rate", .example = "0.05"},
  RULE_DECAY_PARAM(struct conf, 0),
  {0},
};

static size_t state_count(const void *conf, const struct block *b)
{
  (void)conf;
  return b->rows * b->cols;
}

/* X, XX', its square and a product; or what the SVD needs. */
static size_t scratch_count(const void *conf, const struct block *b)
{
  size_t small = b->rows < b->cols ? b->rows : b->cols, large = b->rows + b->cols - small, all = small * large;
  return ((const struct conf *)conf)->polar == EXACT ? all + small * small + small * large + small : 2 * all + 2 * small * small;
}

/* out (m x n, m <= n) = the iterate after five steps from x of Frobenius norm 1. */
static void quintic(double *x, size_t m, size_t n, double *out, double *scratch)
{
  const double a = 3.4445, b = -4.7750, c = 2.0315;
  double *gram = scratch, *poly = scratch + m * m;
  for (int round = 0; round < 5; round++) {
    blas_gemm_f64(false, true, m, m, n, 1, x, n, x, n, 0, gram, m);
    memcpy(poly, gram, m * m * sizeof *poly);
    blas_gemm_f64(false, false, m, m, m, c, gram, m, gram, m, b, poly, m);
    memcpy(out, x, m * n * sizeof *out);
    blas_gemm_f64(false, false, m, n, m, 1, poly, m, x, n, a, out, n);
    memcpy(x, out, m * n * sizeof *x);
  }
}

static void transpose(const double *from, size_t rows, size_t cols, double *to)
{
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < cols; j++)
      to[j * rows + i] = from[i * cols + j];
}

/* g becomes its orthogonalised form. */
static void newton_schulz(double *g, size_t m, size_t n, double norm, double *scratch)
{
  double *x = scratch, *out = scratch + m * n;
  if (m > n)
    transpose(g, m, n, x);
  else
    memcpy(x, g, m * n * sizeof *x);
  for (size_t i = 0; i < m * n; i++)
    x[i] /= norm;
  quintic(x, m < n ? m : n, m < n ? n : m, out, out + m * n);
  if (m > n)
    transpose(out, n, m, g);
  else
    memcpy(g, out, m * n * sizeof *g);
}

static enum status update(const struct matrix_update *u, struct err *e)
{
  const struct conf *f = u->conf;
  size_t m = u->b->rows, n = u->b->cols, count = m * n;
  double mu = f->momentum, lr = u->s->lr, scale = lr * sqrt(m > n ? (double)m / (double)n : 1);
  enum status status = STATUS_OK;
  for (size_t i = 0; i < count; i++) {
    double old = u->g[i];
    u->state[i] = mu * u->state[i] + (1 - mu) * old;
    u->g[i] = f->nesterov ? (1 - mu) * old + mu * u->state[i] : u->state[i];
  }
  double norm = sqrt(matrix_norm2(u->g, count));
  if (!isfinite(norm))
    return rule_overflowed(u->s, e);
  if (norm > 0 && f->polar == EXACT) {
    status = matrix_polar(u->g, m, n, u->scratch, u->scratch + count, e);
    memcpy(u->g, u->scratch, count * sizeof *u->g);
  } else if (norm > 0) {
    newton_schulz(u->g, m, n, norm, u->scratch);
  }
  for (size_t i = 0; i < count; i++)
    u->w[i] = (1 - lr * f->weight_decay) * u->w[i] - scale * u->g[i];
  return status;
}

static bool as_vector(const void *conf, const struct block *b) { return b->output && ((const struct conf *)conf)->output == OUTPUT_ADAM; }

static double adam(const void *conf, struct adam_form *form)
{
  const struct conf *f = conf;
  *form = (struct adam_form){.b1 = 0.9, .b2 = 0.95, .eps = 1e-10, .decay = f->weight_decay};
  return f->adam_factor;
}

static const struct matrix_rule rule = {.state_count = state_count, .scratch_count = scratch_count, .update = update, .as_vector = as_vector, .adam = adam};

#include "experiments/optim/matrix.inc.c"

const struct optimizer optimizer_muon = {
  .m = {.kind = KIND_OPTIMIZER,
        .id = "muon",
        .name = "Muon",
        .summary = "momentum made orthogonal, for weight matrices",
        .formula = "M <- momentum M + (1 - momentum) g;  U = (1 - momentum) g + momentum M (nesterov), or M;\n"
                   "X = U/|U|, five times X <- 3.4445 X + (-4.7750 A + 2.0315 A^2) X, A = XX'  (exact: X = the polar factor of U);\n"
                   "w <- (1 - lr weight_decay) w - lr sqrt(max(1, rows/cols)) X",
        .cite = "Jordan, Jin, Boza, You, Cesista, Newhouse and Bernstein 2024, Muon: an optimizer for hidden layers in neural networks",
        .notes = "The usual peak rate is 0.02. For the matrices of hidden layers; vectors and the last matrix take Adam (0.9, 0.95, 1e-10) at "
                 "adam_factor times the rate. The singular values of a step lie in [0.68, 1.14] for those of U above 0.01 of its norm, "
                 "not at 1. |U| carries no guard of 1e-7 as in the authors' code, so the scale of the loss does not matter; where U is 0 "
                 "nothing moves. Matrices are updated in float64; one vector of float64 is kept.",
        .example = "assay.optimizer(\"muon\", {polar = \"exact\"})",
        .conf_size = sizeof(struct conf),
        .params = params},
  RULE_FUNCTIONS,
};
