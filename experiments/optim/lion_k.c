/* lion_k.c: Lion with the subgradient of any convex K in place of the sign.
 *
 * w' = (1 - lr wd) w - lr grad K(c), c = b1 m + (1 - b1) g. It minimises f(w) + K*(wd w)/wd: for a norm K, f under a bound 1/wd
 * on the dual norm of w. The nuclear norm takes matrices one by one (matrix.h), vectors by l1. For lp and top-k the second vector of the state holds |grad K|, for top-k the third the chosen places. */
#ifndef REAL
#include "experiments/optim/matrix.h"
#include "experiments/optim/rule.h"

enum choice { L1 = 0, L2 = 1, LP = 2, HUBER = 3, TOP_K = 4, NUCLEAR = 5 };

struct conf {
  int k;
  double p, delta, fraction, b1, b2, weight_decay;
};

/* scale: of c before it is cut to [-limit, limit]. 1, else 0: sign, listed, cut where the direction is the sign, the sign
 * times vector 1, or the cut c. */
struct constants {
  double b1, a, b2, b, rate, shrink, scale, limit, sign, listed, cut;
};

static const char *const names[] = {"l1", "l2", "lp", "huber", "top-k", "nuclear", NULL};

static const struct param params[] = {
  {.id = "k", .type = PARAM_CHOICE, .at = offsetof(struct conf, k), .def = L1, .choices = names, .doc = "the convex function K", .example = "l2"},
  {.id = "p", .type = PARAM_REAL, .at = offsetof(struct conf, p), .def = 4, .min = 1, .max = 8, .flags = PARAM_MIN_OPEN,
   .doc = "K = |c|_p, for k = \"lp\"", .example = "3"},
  {.id = "delta", .type = PARAM_REAL, .at = offsetof(struct conf, delta), .def = 1e-3, .min = 0, .max = 1e6, .flags = PARAM_LOG | PARAM_MIN_OPEN,
   .doc = "below this |c| the step is c/delta, not a sign, for k = \"huber\"", .example = "0.01"},
  {.id = "fraction", .type = PARAM_REAL, .at = offsetof(struct conf, fraction), .def = 0.1, .min = 0, .max = 1, .flags = PARAM_MIN_OPEN,
   .unit = "of the weights", .doc = "so many weights move, those of the largest |c|, for k = \"top-k\"", .example = "0.25"},
  RULE_MEMORY_PARAM(struct conf, b1, 0.9, "share of the memory in the direction of the step"),
  RULE_MEMORY_PARAM(struct conf, b2, 0.99, "memory of the momentum"),
  RULE_DECAY_PARAM(struct conf, 0),
  {0},
};

static enum status prepare(const struct update *u, struct constants *c, struct err *e)
{
  const struct conf *f = u->conf;
  double lr = u->s->lr;
  (void)e;
  *c = (struct constants){.b1 = f->b1, .a = 1.0 - f->b1, .b2 = f->b2, .b = 1.0 - f->b2, .rate = lr,
                          .shrink = 1.0 - lr * f->weight_decay, .sign = f->k == L1, .listed = f->k == LP || f->k == TOP_K, .cut = f->k == L2 || f->k == HUBER,
                          .scale = 1.0 / f->delta, .limit = f->k == L2 ? HUGE_VAL : 1};
  return STATUS_OK;
}

static double get(const struct update *u, size_t i)
{
  return u->type == DTYPE_F32 ? (double)((const float *)u->vector[1])[i] : ((const double *)u->vector[1])[i];
}

static void set(const struct update *u, size_t i, double x)
{
  if (u->type == DTYPE_F32)
    ((float *)u->vector[1])[i] = (float)x;
  else
    ((double *)u->vector[1])[i] = x;
}

/* |c_i| -> (|c_i|/|c|_p)^(p - 1); by way of the largest, so that no power overflows. */
static void lp_sizes(const struct update *u, double p)
{
  double largest = 0, sum = 0;
  for (size_t i = 0; i < u->n; i++)
    largest = fmax(largest, get(u, i));
  for (size_t i = 0; i < u->n && largest > 0; i++)
    sum += pow(get(u, i) / largest, p);
  double norm = largest * pow(sum, 1.0 / p);
  for (size_t i = 0; i < u->n; i++)
    set(u, i, norm > 0 ? pow(get(u, i) / norm, p - 1.0) : 0);
}

/* |c_i| -> 1 for the largest, else 0. The number is that of the weights proper, without a net's padding. */
static void top_sizes(const struct update *u, double fraction)
{
  size_t weights = u->s->net && u->s->net->n_logical < u->n ? u->s->net->n_logical : u->n, k = (size_t)ceil(fraction * (double)weights);
  uint32_t *index = u->vector[2];
  if (u->type == DTYPE_F32)
    select_top_f32(u->vector[1], u->n, k, index);
  else
    select_top_f64(u->vector[1], u->n, k, index);
  for (size_t i = 0; i < u->n; i++)
    set(u, i, 0);
  for (size_t j = 0; j < k; j++)
    set(u, index[j], 1);
}

/* sum[0] = |c|^2 */
static enum status settle(const struct update *u, const double *sum, struct constants *c, struct err *e)
{
  const struct conf *f = u->conf;
  if (!isfinite(sum[0]))
    return rule_overflowed(u->s, e);
  if (f->k == L2)
    c->scale = sum[0] > 0 ? 1.0 / sqrt(sum[0]) : 0;
  else if (f->k == LP)
    lp_sizes(u, f->p);
  else if (f->k == TOP_K)
    top_sizes(u, f->fraction);
  return STATUS_OK;
}

static bool summed(const struct conf *f) { return f->k != L1 && f->k != HUBER; }

static size_t vectors_of(const struct conf *f) { return f->k == TOP_K ? 3 : f->k == LP ? 2 : 1; }

#define SELF "experiments/optim/lion_k.c"
#define VECTORS 3
#define LEAST_VECTORS 1
#define COUNT_VECTORS(conf) vectors_of(conf)
#define SUMS 1
#define SUMMED(conf) summed(conf)
#include "experiments/optim/rule.inc.c"

/* --- the nuclear norm: the gradient is the polar factor of c, matrix by matrix -------------------------------- */

static size_t nuclear_state(const void *conf, const struct block *b)
{
  (void)conf;
  return b->rows * b->cols;
}

static size_t nuclear_scratch(const void *conf, const struct block *b)
{
  size_t small = b->rows < b->cols ? b->rows : b->cols;
  (void)conf;
  return (b->rows + b->cols + 1) * small + b->rows * b->cols;
}

static enum status nuclear_update(const struct matrix_update *u, struct err *e)
{
  const struct conf *f = u->conf;
  size_t count = u->b->rows * u->b->cols;
  double *out = u->scratch, lr = u->s->lr;
  enum status status = STATUS_OK;
  for (size_t i = 0; i < count; i++) {
    double g = u->g[i], c = f->b1 * u->state[i] + (1.0 - f->b1) * g;
    u->state[i] = f->b2 * u->state[i] + (1.0 - f->b2) * g;
    u->g[i] = c;
    out[i] = c > 0 ? 1 : c < 0 ? -1 : 0;
  }
  if (!u->b->vector && matrix_norm2(u->g, count) > 0)
    status = matrix_polar(u->g, u->b->rows, u->b->cols, out, out + count, e);
  for (size_t i = 0; i < count; i++)
    u->w[i] = (1.0 - lr * f->weight_decay) * u->w[i] - lr * out[i];
  return status;
}

static const struct matrix_rule nuclear = {.own_vectors = true, .state_count = nuclear_state, .scratch_count = nuclear_scratch, .update = nuclear_update};

static bool is_nuclear(const void *conf) { return ((const struct conf *)conf)->k == NUCLEAR; }

static size_t any_state_size(const void *conf, const struct net *net, size_t n, enum dtype type)
{
  return is_nuclear(conf) ? matrix_state_size(&nuclear, conf, net, n, type) : state_size(conf, net, n, type);
}

static void any_init(const void *conf, const struct net *net, void *state, const void *w, size_t n, enum dtype type)
{
  if (is_nuclear(conf))
    memset(state, 0, any_state_size(conf, net, n, type));
  else
    init(conf, net, state, w, n, type);
}

static enum status any_step_f32(const void *conf, void *state, float *w, const float *g, size_t n, const struct step_info *s, struct err *e)
{
  return is_nuclear(conf) ? matrix_step(&nuclear, conf, state, w, g, n, DTYPE_F32, s, e) : step_f32(conf, state, w, g, n, s, e);
}

static enum status any_step_f64(const void *conf, void *state, double *w, const double *g, size_t n, const struct step_info *s, struct err *e)
{
  return is_nuclear(conf) ? matrix_step(&nuclear, conf, state, w, g, n, DTYPE_F64, s, e) : step_f64(conf, state, w, g, n, s, e);
}

const struct optimizer optimizer_lion_k = {
  .m = {.kind = KIND_OPTIMIZER,
        .id = "lion-k",
        .name = "Lion-K",
        .summary = "Lion with another norm than l1: other constraints",
        .formula = "c = b1 m + (1 - b1) g;  w <- (1 - lr weight_decay) w - lr grad K(c);  m <- b2 m + (1 - b2) g;  grad K(c) =\n"
                   "l1: sign(c);  l2: c/|c|;  lp: sign(c) (|c|/|c|_p)^(p - 1);  huber: c/delta, cut to [-1, 1];\n"
                   "top-k: sign(c) on the largest |c|, else 0;  nuclear: UV' of c = USV', matrix by matrix (vectors: l1)",
        .cite = "Chen, Liu, Liang and Liu 2024, Lion secretly solves constrained optimization: as Lyapunov predicts",
        .notes = "With decay it minimises f(w) + K*(weight_decay w)/weight_decay. For a norm K that is f under a bound 1/weight_decay on "
                 "the dual norm of w: l1 bounds |w|_inf (Lion), l2 |w|_2, lp |w|_q with 1/p + 1/q = 1, top-k the larger of |w|_inf and "
                 "|w|_1/k, nuclear each matrix's largest singular value. Huber shrinks steps where the momentum is mere noise. Keeps one vector, lp two, top-k three, "
                 "nuclear one of float64.",
        .example = "assay.optimizer(\"lion-k\", {k = \"l2\", weight_decay = 0.1})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .state_size = any_state_size,
  .init = any_init,
  .step_f32 = any_step_f32,
  .step_f64 = any_step_f64,
  .layer_rates = LAYER_RATES,
};

#else
static inline void MEASURE(const struct constants *c, REAL w, REAL g, REAL s[], double term[])
{
  REAL u = FMA(K(b1), s[0], K(a) * g);
  (void)w;
  term[0] = (double)u * (double)u;
  s[1] = FABS(u);
}

static inline REAL ELEMENT(const struct constants *c, REAL w, REAL g, REAL s[])
{
  REAL u = FMA(K(b1), s[0], K(a) * g), scaled = u * K(scale), most = K(limit);
  REAL below = scaled > most ? most : scaled, cut = below < -most ? -most : below;
  REAL size = FMA(K(listed), s[1], K(sign)), direction = FMA(SIGN(u), size, K(cut) * cut);
  s[0] = FMA(K(b2), s[0], K(b) * g);
  return FMA(-K(rate), direction, K(shrink) * w);
}
#endif
