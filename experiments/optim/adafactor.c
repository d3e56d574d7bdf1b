/* adafactor.c: Adam's second moment of a matrix from the means of its rows and columns alone. */
#include <math.h>
#include <string.h>

#include "experiments/optim/matrix.h"
#include "experiments/optim/rule.h"

#define SQUARE_FLOOR 1e-30 /* added to squared gradients, as published */
#define SCALE_FLOOR 1e-3   /* least RMS of the weights that scales the rate, as published */

struct conf {
  double decay_power, clip, b1, weight_decay;
  bool scale, relative;
};

static const struct param params[] = {
  {.id = "decay_power", .type = PARAM_REAL, .at = offsetof(struct conf, decay_power), .def = 0.8, .min = 0, .max = 1, .flags = PARAM_MIN_OPEN,
   .doc = "memory of the squares at update k: 1 - k^-decay_power", .example = "0.8"},
  {.id = "clip", .type = PARAM_REAL, .at = offsetof(struct conf, clip), .def = 1, .min = 0, .max = 1e6, .flags = PARAM_MIN_OPEN,
   .doc = "largest root mean square of a step before the rate", .example = "1"},
  RULE_MEMORY_PARAM(struct conf, b1, 0, "momentum on the clipped step; 0: none, and no vector for it"),
  {.id = "scale", .type = PARAM_BOOL, .at = offsetof(struct conf, scale), .def = 1, .doc = "multiply the rate by max(0.001, RMS(w)) of the matrix",
   .example = "false"},
  {.id = "relative", .type = PARAM_BOOL, .at = offsetof(struct conf, relative), .def = 0,
   .doc = "the published schedule: multiply the rate by min(0.01, 1/sqrt(k))", .example = "true"},
  RULE_DECAY_PARAM(struct conf, 0),
  {0},
};

/* A vector keeps all its squares. */
static size_t second_count(const struct block *b) { return b->vector ? b->rows * b->cols : b->rows + b->cols; }

static size_t state_count(const void *conf, const struct block *b)
{
  return second_count(b) + (((const struct conf *)conf)->b1 > 0 ? b->rows * b->cols : 0);
}

static size_t scratch_count(const void *conf, const struct block *b)
{
  (void)conf;
  return b->vector ? 0 : b->cols;
}

static double rms(const double *x, size_t n) { return n ? sqrt(matrix_norm2(x, n) / (double)n) : 0; }

/* g <- g/sqrt(v), v the running mean square; the sum of its squares then. */
static double divide_vector(double *g, double *v, size_t n, double memory)
{
  for (size_t i = 0; i < n; i++) {
    v[i] = memory * v[i] + (1 - memory) * (g[i] * g[i] + SQUARE_FLOOR);
    g[i] /= sqrt(v[i]);
  }
  return matrix_norm2(g, n);
}

/* The running means of squares, R of rows and C of columns; returns the mean of R. sums: n. */
static double learn_means(const double *g, double *rows, double *cols, double *sums, size_t m, size_t n, double memory)
{
  double mean = 0;
  memset(sums, 0, n * sizeof *sums);
  for (size_t i = 0; i < m; i++) {
    const double *row = g + i * n;
    for (size_t j = 0; j < n; j++)
      sums[j] += row[j] * row[j] + SQUARE_FLOOR;
    rows[i] = memory * rows[i] + (1 - memory) * (matrix_norm2(row, n) / (double)n + SQUARE_FLOOR);
    mean += rows[i] / (double)m;
  }
  for (size_t j = 0; j < n; j++)
    cols[j] = memory * cols[j] + (1 - memory) * sums[j] / (double)m;
  return mean;
}

/* The same as divide_vector() with v_ij = R_i C_j/mean(R). inverse: n. A row is read thrice, but from the cache. */
static double divide_matrix(double *g, double *rows, double *cols, double *inverse, size_t m, size_t n, double memory)
{
  double mean = learn_means(g, rows, cols, inverse, m, n, memory), squares = 0;
  for (size_t j = 0; j < n; j++)
    inverse[j] = 1 / sqrt(cols[j]);
  for (size_t i = 0; i < m; i++) {
    double *row = g + i * n, scale = sqrt(mean / rows[i]);
    for (size_t j = 0; j < n; j++)
      row[j] *= scale * inverse[j];
    squares += matrix_norm2(row, n);
  }
  return squares;
}

static double rate_of(const struct conf *f, const struct matrix_update *u, size_t count)
{
  double lr = u->s->lr;
  if (f->relative)
    lr *= fmin(0.01, 1 / sqrt((double)u->s->k));
  return f->scale ? lr * fmax(SCALE_FLOOR, rms(u->w, count)) : lr;
}

static enum status update(const struct matrix_update *u, struct err *e)
{
  const struct conf *f = u->conf;
  size_t m = u->b->rows, n = u->b->cols, count = m * n;
  double memory = 1 - pow((double)u->s->k, -f->decay_power), *momentum = u->state + second_count(u->b), lr = rate_of(f, u, count);
  if (!isfinite(matrix_norm2(u->g, count)) || !isfinite(lr))
    return rule_overflowed(u->s, e);
  double squares = u->b->vector ? divide_vector(u->g, u->state, count, memory)
                                : divide_matrix(u->g, u->state, u->state + m, u->scratch, m, n, memory);
  double cut = 1 / fmax(1, sqrt(squares / (double)count) / f->clip);
  for (size_t i = 0; i < count; i++) {
    double step = cut * u->g[i];
    if (f->b1 > 0)
      step = momentum[i] = f->b1 * momentum[i] + (1 - f->b1) * step;
    u->w[i] = (1 - u->s->lr * f->weight_decay) * u->w[i] - lr * step;
  }
  return STATUS_OK;
}

static const struct matrix_rule rule = {.own_vectors = true, .state_count = state_count, .scratch_count = scratch_count, .update = update};

#include "experiments/optim/matrix.inc.c"

const struct optimizer optimizer_adafactor = {
  .m = {.kind = KIND_OPTIMIZER,
        .id = "adafactor",
        .name = "Adafactor",
        .summary = "Adam's second moment from row and column means alone",
        .formula = "b_k = 1 - k^-decay_power;  R <- b_k R + (1 - b_k) row means of g^2 + 1e-30;  C likewise of columns;\n"
                   "u = g/sqrt(R_i C_j/mean(R))  (a vector: g/sqrt(v));  u <- u/max(1, RMS(u)/clip);  u <- b1 u_old + (1 - b1) u;\n"
                   "w <- (1 - lr weight_decay) w - lr max(0.001, RMS(w)) u",
        .cite = "Shazeer and Stern 2018, Adafactor: adaptive learning rates with sublinear memory cost",
        .notes = "With scale the rate is relative to the size of the weights, 0.01 or so; without, it is like Adam's. relative = true with peak 1 "
                 "is the published rule. b_1 = 0, so no bias is corrected. Exact where g^2 has rank 1. A step's RMS is at most clip times the "
                 "rate. Keeps rows + cols numbers of float64 for a matrix.",
        .example = "assay.optimizer(\"adafactor\", {scale = false})",
        .conf_size = sizeof(struct conf),
        .params = params},
  RULE_FUNCTIONS,
};
