/* rad_linear.c: the empirical Rademacher complexity of linear predictors of bounded norm, and the uniform bound on the
 * gap that it gives. For few examples the mean over signs is exact, by a Gray code that changes one sign at a time. */
#include <stdlib.h>

#include "experiments/bounds/bound.h"
#include "experiments/kernel/mem.h"

#define EXACT_N_MAX 16
#define EXACT_WORK_MAX 1e8

enum ball { BALL_L2, BALL_L1 };
static const char *const ball_names[] = {"l2", "l1", NULL};

struct conf {
  struct param_table *x;
  int ball;
  double norm, lipschitz, loss_range, delta;
};

static const struct param params[] = {
  {.id = "x", .type = PARAM_TABLE, .at = offsetof(struct conf, x), .doc = "the inputs, one row each; auto, with a subject: those of its part"},
  {.id = "ball", .type = PARAM_CHOICE, .at = offsetof(struct conf, ball), .def = BALL_L2, .choices = ball_names,
   .doc = "norm of the weights that is bounded", .example = "l2"},
  {.id = "norm", .type = PARAM_REAL, .at = offsetof(struct conf, norm), .def = 1, .min = 0, .max = INFINITY,
   .doc = "bound B on that norm, fixed in advance", .example = "1"},
  {.id = "lipschitz", .type = PARAM_REAL, .at = offsetof(struct conf, lipschitz), .def = 1, .min = 0, .max = INFINITY,
   .doc = "Lipschitz constant of the loss in the prediction", .example = "1"},
  {.id = "loss_range", .type = PARAM_REAL, .at = offsetof(struct conf, loss_range), .def = 1, .min = 0, .max = INFINITY,
   .flags = PARAM_MIN_OPEN, .doc = "range of the loss", .example = "1"},
  BOUND_DELTA_PARAM(struct conf, delta),
  {0},
};

/* The given table, or the float rows of a part. */
struct inputs {
  size_t rows, cols, stride;
  const double *table;
  const float *part;
};

static inline double at(const struct inputs *x, size_t i, size_t j)
{
  return x->table ? x->table[i * x->stride + j] : (double)x->part[i * x->stride + j];
}

static enum status find_inputs(const struct conf *c, const struct bound_input *in, struct inputs *out, struct err *e)
{
  if (c->x) {
    *out = (struct inputs){c->x->rows, c->x->cols, c->x->cols, c->x->v, NULL};
  } else if (in->subject) {
    *out = (struct inputs){in->subject->part->n, in->subject->part->d, in->subject->part->stride, NULL, in->subject->part->x};
  } else {
    (void)bound_missing(e, "x");
    return STATUS_BAD_ARG;
  }
  if (out->rows && out->cols && (out->table || out->part))
    return STATUS_OK;
  (void)err_set(e, STATUS_BAD_ARG, "x must have at least one row and one column");
  return STATUS_BAD_ARG;
}

/* The dual norm of a sum of inputs. */
static double dual_norm(const double *v, size_t d, int ball)
{
  double out = 0;
  for (size_t j = 0; j < d; j++)
    out = ball == BALL_L2 ? out + v[j] * v[j] : fmax(out, fabs(v[j]));
  return ball == BALL_L2 ? sqrt(out) : out;
}

/* E |sum_i s_i x_i| over all signs; the first sign stays +, as both signs give the same. */
static enum status exact_mean(const struct inputs *x, int ball, double *out, struct err *e)
{
  void *block;
  enum status s = mem_new(&block, x->cols, sizeof(double), "a sum of inputs", e);
  if (s != STATUS_OK)
    return s;
  double *sum = block, total = 0;
  for (size_t i = 0; i < x->rows; i++)
    for (size_t j = 0; j < x->cols; j++)
      sum[j] += at(x, i, j);
  unsigned patterns = 1u << (x->rows - 1), minus = 0;
  for (unsigned p = 1;; p++) {
    total += dual_norm(sum, x->cols, ball);
    if (p == patterns)
      break;
    unsigned i = (unsigned)__builtin_ctz(p);
    minus ^= 1u << i;
    double change = minus >> i & 1 ? -2 : 2;
    for (size_t j = 0; j < x->cols; j++)
      sum[j] += change * at(x, i + 1, j);
  }
  *out = total / patterns;
  free(block);
  return STATUS_OK;
}

static double sum_of_squares(const struct inputs *x)
{
  double sum = 0;
  for (size_t i = 0; i < x->rows; i++)
    for (size_t j = 0; j < x->cols; j++)
      sum += at(x, i, j) * at(x, i, j);
  return sum;
}

static double largest_column(const struct inputs *x)
{
  double largest = 0;
  for (size_t j = 0; j < x->cols; j++) {
    double sum = 0;
    for (size_t i = 0; i < x->rows; i++)
      sum += at(x, i, j) * at(x, i, j);
    largest = fmax(largest, sum);
  }
  return sqrt(largest);
}

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in,
                            struct bound_value *out, struct err *e)
{
  (void)x;
  const struct conf *c = conf;
  struct inputs v = {0};
  enum status s = find_inputs(c, in, &v, e);
  if (s != STATUS_OK)
    return s;
  double n = (double)v.rows, d = (double)v.cols, all = sum_of_squares(&v);
  double upper = c->ball == BALL_L2 ? sqrt(all) : largest_column(&v) * sqrt(2 * log(2 * d)), mean = upper;
  if (v.rows <= EXACT_N_MAX && d * exp2(n) <= EXACT_WORK_MAX) {
    s = exact_mean(&v, c->ball, &mean, e);
    if (s != STATUS_OK)
      return s;
    bound_term(out, "exact", c->norm * mean / n);
  }
  if (c->ball == BALL_L2)
    bound_term(out, "lower", c->norm * sqrt(all / 2) / n);
  bound_term(out, "upper", c->norm * upper / n);
  double confidence = 3 * c->loss_range * sqrt(log(2 / c->delta) / (2 * n));
  bound_term(out, "rademacher", c->norm * fmin(mean, upper) / n);
  bound_term(out, "confidence", confidence);
  out->on_gap = true;
  out->trivial = c->loss_range;
  out->value = 2 * c->lipschitz * c->norm * fmin(mean, upper) / n + confidence;
  return STATUS_OK;
}

const struct bound bound_rad_linear = {
  .m = {.kind = KIND_BOUND,
        .id = "rad-linear",
        .name = "Rademacher bound for linear classes",
        .summary = "bounds the gap of all linear predictors of bounded norm at once",
        .formula = "F - F_S <= 2 lip R_S + 3 range sqrt(ln(2/delta)/(2n)),  R_S = (B/n) E |sum_i s_i x_i|_dual\n"
                   "l2: (B/n) sqrt(sum |x_i|^2/2) <= R_S <= (B/n) sqrt(sum |x_i|^2);\n"
                   "l1: R_S <= (B/n) max_j |X_j| sqrt(2 ln(2d));  exact for n <= 16",
        .cite = "Bartlett and Mendelson 2002, Rademacher and Gaussian complexities: risk bounds and structural results; Kakade, "
                "Sridharan and Tewari 2008, On the complexity of linear prediction",
        .notes = "B must be fixed before the data is seen. x may be a matrix.",
        .example = "assay.bound(\"rad-linear\", {x = {{1, 0}, {0, 1}, {1, 1}}, norm = 1})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_HP},
  .evaluate = evaluate,
};
