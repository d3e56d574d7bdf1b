/* opt_amsgrad.c: optimistic AMSGrad: a second half step with a guess of the coming gradient.
 *
 * The guess is the regularised minimal polynomial extrapolation of the last r + 1 gradients: with U their r consecutive
 * differences, (U'U + lam |U'U| I) z = 1, c = z/sum z, h = sum c_i g_i (the older r of the r + 1). Where the gradients
 * follow a linear recursion of order below r, h is the point that they tend to (Sidi's minimal polynomial extrapolation). The
 * paper's constants could not be retrieved; lam is of the size that the literature of regularised extrapolation uses. */
#ifndef REAL
#include "experiments/kernel/blas.h"
#include "experiments/optim/adam.h"
#include "experiments/optim/rule.h"

enum { MOST = 8 };

struct conf {
  int64_t r;
  double b1, b2, eps, lam, weight_decay;
};

/* Inner products of the kept gradients, slot by slot; slot j of the ring holds gradient k with k mod r = j. */
struct scalars {
  double gram[MOST][MOST];
};

struct constants {
  double b1, a, b2, b, eps, rate, shrink, ahead;
};

static const struct param params[] = {
  {.id = "r", .type = PARAM_INT, .at = offsetof(struct conf, r), .def = 3, .min = 0, .max = MOST, .flags = PARAM_TUNED,
   .doc = "differences of gradients that the guess is made of; 0: no guess and no second half step", .example = "5"},
  ADAM_PARAMS_EPS(struct conf, "added to the root"),
  {.id = "lam", .type = PARAM_REAL, .at = offsetof(struct conf, lam), .def = 1e-8, .min = 0, .max = 1e6, .flags = PARAM_LOG | PARAM_ADVANCED | PARAM_MIN_OPEN,
   .doc = "regularisation of the extrapolation, relative", .example = "1e-4"},
  RULE_DECAY_PARAM(struct conf, 0),
  {0},
};

static enum status prepare(const struct update *u, struct constants *c, struct err *e)
{
  const struct conf *f = u->conf;
  double lr = u->s->lr;
  (void)e;
  *c = (struct constants){.b1 = f->b1, .a = 1.0 - f->b1, .b2 = f->b2, .b = 1.0 - f->b2, .eps = f->eps, .rate = lr,
                          .shrink = 1.0 - lr * f->weight_decay, .ahead = f->r ? lr : 0};
  return STATUS_OK;
}

static void *slot(const struct update *u, uint64_t k)
{
  const struct conf *f = u->conf;
  return (char *)u->extra + k % (uint64_t)f->r * u->n * dtype_size(u->type);
}

static double dot(const struct update *u, const void *x, const void *y)
{
  return u->type == DTYPE_F32 ? vec_dot_f32(x, y, u->n) : vec_dot_f64(x, y, u->n);
}

/* Weights c of the m gradients k - m .. k - 1 from the Gram matrix of k - m .. k, as rows of `gram`. */
static void weigh(const double gram[MOST + 1][MOST + 1], size_t m, double lam, double c[MOST])
{
  double a[MOST * MOST], norm = 0, sum = 0;
  for (size_t i = 0; i < m; i++)
    for (size_t j = 0; j < m; j++) {
      a[i * m + j] = gram[i + 1][j + 1] - gram[i + 1][j] - gram[i][j + 1] + gram[i][j];
      norm = hypot(norm, a[i * m + j]);
    }
  for (size_t i = 0; i < m; i++) {
    a[i * m + i] += norm > 0 ? lam * norm : 1; /* equal gradients: any weights will do */
    c[i] = 1;
  }
  if (blas_getrf_solve_f64(m, 1, a, m, c, 1) != 0)
    for (size_t i = 0; i < m; i++)
      c[i] = 1; /* singular in spite of lam: the mean */
  for (size_t i = 0; i < m; i++)
    sum += c[i];
  for (size_t i = 0; i < m; i++)
    c[i] /= sum;
}

/* h = sum c_i of the gradients from `first` on; in the order of i, each sum in float64. */
static void combine(const struct update *u, uint64_t first, size_t m, const double c[MOST])
{
  for (size_t i = 0; i < u->n; i++) {
    double h = 0;
    for (size_t j = 0; j < m; j++)
      h = fma(c[j], u->type == DTYPE_F32 ? (double)((const float *)slot(u, first + j))[i] : ((const double *)slot(u, first + j))[i], h);
    if (u->type == DTYPE_F32)
      ((float *)u->vector[4])[i] = (float)h;
    else
      ((double *)u->vector[4])[i] = h;
  }
}

/* The Gram matrix of gradients k - m .. k, the present one last. */
static void gather(const struct update *u, size_t m, double squared, double gram[MOST + 1][MOST + 1])
{
  const struct conf *f = u->conf;
  const struct scalars *x = u->scalars;
  uint64_t first = u->s->k - m, r = (uint64_t)f->r;
  for (size_t i = 0; i < m; i++) {
    for (size_t j = 0; j < m; j++)
      gram[i][j] = x->gram[(first + i) % r][(first + j) % r];
    gram[i][m] = gram[m][i] = dot(u, slot(u, first + i), u->g);
  }
  gram[m][m] = squared;
}

/* The guess of the next gradient goes to vector 4, the present gradient into the ring. sum[0] = |g|^2. */
static enum status settle(const struct update *u, const double *sum, struct constants *c, struct err *e)
{
  const struct conf *f = u->conf;
  struct scalars *x = u->scalars;
  uint64_t k = u->s->k, r = (uint64_t)f->r;
  size_t m = k - 1 < r ? (size_t)(k - 1) : (size_t)r, bytes = u->n * dtype_size(u->type);
  double gram[MOST + 1][MOST + 1], weight[MOST];
  (void)c;
  if (r == 0 || bytes == 0)
    return STATUS_OK;
  if (!isfinite(sum[0]))
    return rule_overflowed(u->s, e);
  gather(u, m, sum[0], gram);
  if (m == 0) {
    memcpy(u->vector[4], u->g, bytes); /* the first guess: the same again */
  } else {
    weigh((const double(*)[MOST + 1])gram, m, f->lam, weight);
    combine(u, k - m, m, weight);
  }
  memcpy(slot(u, k), u->g, bytes);
  for (size_t i = 0; i < m; i++)
    x->gram[k % r][(k - m + i) % r] = x->gram[(k - m + i) % r][k % r] = gram[m][i];
  x->gram[k % r][k % r] = gram[m][m];
  return STATUS_OK;
}

static size_t ring(const struct conf *f) { return (size_t)f->r; }

#define AT_RATE(c, m) ((c)->rate *= (m), (c)->ahead *= (m), (c)->shrink = 1.0 - (m) * (1.0 - (c)->shrink))
#define SELF "experiments/optim/opt_amsgrad.c"
#define SCALARS struct scalars
#define VECTORS 5
#define EXTRA_VECTORS(conf) ring(conf)
#define COPIES 8u
#define SUMS 1
#include "experiments/optim/rule.inc.c"

const struct optimizer optimizer_opt_amsgrad = {
  .m = {.kind = KIND_OPTIMIZER,
        .id = "opt-amsgrad",
        .name = "Optimistic AMSGrad",
        .summary = "AMSGrad that also steps along a guess of the coming gradient",
        .formula = "m <- b1 m + (1 - b1) g;  v <- b2 v + (1 - b2) (g - h)^2;  u <- max(u, v);  h <- guess from the last r + 1 gradients;\n"
                   "y <- (1 - lr weight_decay) y - lr m/(sqrt(u) + eps);  w <- y - lr (b1 m + (1 - b1) h)/(sqrt(u) + eps)\n"
                   "guess: U = their differences, (U'U + lam |U'U| I) z = 1, c = z/sum z, h = sum c_i g_i over the older r",
        .cite = "Wang, Li, Karimi and Li 2021, An optimistic acceleration of AMSGrad for nonconvex optimization",
        .notes = "The usual peak rate is 0.001. r = 0 is amsgrad without bias correction. With h = 0 the second half step is not nothing: "
                 "b1 m remains. The extrapolation aims at where the gradients tend to, not at the next one. Written from the algorithm's "
                 "description; the paper's extrapolation constants could not be retrieved. Keeps 5 + r vectors.",
        .example = "assay.optimizer(\"opt-amsgrad\", {r = 5})",
        .conf_size = sizeof(struct conf),
        .params = params},
  RULE_FUNCTIONS,
};

#else
static inline void MEASURE(const struct constants *c, REAL w, REAL g, REAL s[], double term[])
{
  REAL surprise = g - s[4];
  (void)w;
  s[0] = FMA(K(b1), s[0], K(a) * g);
  s[1] = FMA(K(b2), s[1], K(b) * surprise * surprise);
  s[2] = s[1] > s[2] ? s[1] : s[2];
  term[0] = (double)g * (double)g;
}

static inline REAL ELEMENT(const struct constants *c, REAL w, REAL g, REAL s[])
{
  (void)w, (void)g;
  REAL root = SQRT(s[2]) + K(eps), coming = FMA(K(b1), s[0], K(a) * s[4]);
  s[3] = FMA(-K(rate), s[0] / DIVISOR(root), K(shrink) * s[3]);
  return FMA(-K(ahead), coming / DIVISOR(root), s[3]);
}
#endif
