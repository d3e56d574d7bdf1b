/* stab_heavy_tail.c: the gap of gradients under heavy-tailed gradient noise, from the stability of the training.
 *
 * No convexity: what is bounded is E|grad F(A(S)) - grad F_S(A(S))|. Swapping A(S) for a neighbour costs 2 L sqrt(Delta2); the
 * noise grad f - grad F is split at tau into a clipped part, whose mean over S has second moment tau^(2-p) sigma^p/n
 * (+ L^2 Delta2), and a rest of mean norm at most 2 sigma^p tau^(1-p).
 *
 * Delta2 is measured, or bounded by the first hit: two coupled runs are one until the replaced index is drawn, and updates of
 * norm at most r_t cannot separate them faster than 2 r_t per step. No smoothness needed. Clipped SGD on a smooth
 * loss also obeys u^2 <- (1-b/n)(1+eta L)^2 u^2 + (b/n)(u + 2 eta lambda)^2 (without 1+eta L for convex generalized linear
 * models clipped per example, eta <= 2/L); the smaller counts at each step. */
#include "experiments/bounds/stability.h"
#include "experiments/kernel/stats.h"

struct conf {
  int64_t n, batch;
  double smoothness, sigma, p, delta2, clip, tail;
  struct param_list updates, rates, deviations;
  bool convex;
};

static const struct param params[] = {
  STABILITY_N_PARAM(struct conf, n),
  BOUND_POSITIVE_PARAM(struct conf, smoothness, "smoothness", "gradient Lipschitz constant L of the loss (has to be given)"),
  {.id = "p", .type = PARAM_REAL, .at = offsetof(struct conf, p), .def = 2, .min = 1, .max = 2, .flags = PARAM_MIN_OPEN,
   .doc = "moment of the gradient noise that exists", .example = "1.5"},
  BOUND_POSITIVE_PARAM(struct conf, sigma, "sigma", "p-th root of the largest p-th moment of |grad f - grad F| (or give deviations)"),
  BOUND_LIST_PARAM(struct conf, deviations, "deviations",
                   "norms |grad f(w; z_i) - grad F_S(w)|, in place of p and sigma: the best p below their tail index"),
  {.id = "tail", .type = PARAM_REAL, .at = offsetof(struct conf, tail), .def = 0.1, .min = 0, .max = 1,
   .flags = PARAM_MIN_OPEN | PARAM_MAX_OPEN, .unit = "fraction of the deviations",
   .doc = "the largest, of which the tail index comes", .example = "0.05"},
  {.id = "delta2", .type = PARAM_REAL, .at = offsetof(struct conf, delta2), .min = 0, .max = INFINITY, .flags = PARAM_AUTO,
   .doc = "measured mean squared distance of neighbouring trainings, in place of the path", .example = "1e-4"},
  BOUND_LIST_PARAM(struct conf, updates, "updates", "largest norms r_1 … r_T of the updates (normalized SGD: the rates)"),
  BOUND_LIST_PARAM(struct conf, rates, "rates", "step sizes of clipped SGD, with clip"),
  BOUND_POSITIVE_PARAM(struct conf, clip, "clip", "norm lambda at which gradients are clipped"),
  {.id = "convex", .type = PARAM_BOOL, .at = offsetof(struct conf, convex), .def = 0,
   .doc = "a convex generalized linear model, clipped per example", .example = "true"},
  {.id = "batch", .type = PARAM_INT, .at = offsetof(struct conf, batch), .def = 1, .min = 1, .max = 1e12, .unit = "examples",
   .doc = "examples per step b", .example = "8"},
  {0},
};

static enum status resolve(void *conf, struct err *e)
{
  const struct conf *c = conf;
  if (c->rates.n && c->updates.n)
    return err_set(e, STATUS_BAD_ARG, "give updates, or rates and clip, not both");
  return STATUS_OK;
}

/* --- stability ---------------------------------------------------------------------------------------- */

/* Moments of the sum of updates before the first hit, over the steps so far. */
struct first_hit { double chance, sum, square, total, delta1; };

/* One step with an update of norm r; q: chance of a hit per step. */
static void advance(struct first_hit *h, double q, double r)
{
  double here = q * (1 - h->chance); /* first hit at this step: before it total has been gone */
  h->sum += here * h->total;
  h->square += here * h->total * h->total;
  h->chance += here;
  h->total += r;
  h->delta1 += 2 * r * h->chance;
}

/* 4 E[(sum of r from the first hit on)^2] */
static double squared(const struct first_hit *h)
{
  return 4 * fmax(0, h->chance * h->total * h->total - 2 * h->total * h->sum + h->square);
}

/* One step of clipped SGD: u^2 after it. */
static double clipped(const struct conf *c, double q, double u2, double eta)
{
  double L = c->smoothness, growth = c->convex && eta <= 2 / L ? 1 : 1 + eta * L, moved = sqrt(u2) + 2 * eta * c->clip;
  return (1 - q) * growth * growth * u2 + q * moved * moved;
}

static double path_delta2(const struct conf *c, struct bound_value *out)
{
  double q = fmin(1, (double)c->batch / (double)c->n), u2 = 0;
  bool clips = c->rates.n > 0;
  const struct param_list *steps = clips ? &c->rates : &c->updates;
  struct first_hit h = {0};
  for (size_t t = 0; t < steps->n; t++) {
    advance(&h, q, clips ? steps->v[t] * c->clip : steps->v[t]);
    u2 = clips ? fmin(clipped(c, q, u2, steps->v[t]), squared(&h)) : squared(&h);
  }
  bound_term(out, "first_hit_delta1", h.delta1);
  bound_term(out, "first_hit_delta2", squared(&h));
  return u2;
}

static enum status delta2_of(const struct conf *c, struct bound_value *out, double *delta2, struct err *e)
{
  if (!isnan(c->delta2)) {
    out->statement = STATEMENT_E_EST;
    *delta2 = c->delta2;
    return STATUS_OK;
  }
  if (c->updates.n == 0 && c->rates.n == 0)
    return bound_missing(e, "delta2");
  if (c->rates.n && isnan(c->clip))
    return bound_missing(e, "clip");
  *delta2 = path_delta2(c, out);
  return STATUS_OK;
}

/* --- noise -------------------------------------------------------------------------------------------- */

/* inf over tau > 0 of sqrt(tau^(2-p) sigma^p/n) + 2 sigma^p tau^(1-p). */
static double noise(double sigma, double p, double n)
{
  if (p >= 2)
    return sigma / sqrt(n);
  double tau = pow(4 * (p - 1) * pow(sigma, p / 2) * sqrt(n) / (2 - p), 2 / p);
  return sqrt(pow(tau, 2 - p) * pow(sigma, p) / n) + 2 * pow(sigma, p) * pow(tau, 1 - p);
}

static double moment_root(const struct param_list *x, double p)
{
  double sum = 0;
  for (size_t i = 0; i < x->n; i++)
    sum += pow(x->v[i], p);
  return pow(sum / (double)x->n, 1 / p);
}

/* The best p of 1.1, 1.2, …, 2 below the tail index. */
static enum status estimated_noise(const struct conf *c, struct bound_value *out, double *value, struct err *e)
{
  double index = 0, best_p = NAN;
  size_t k = (size_t)ceil(c->tail * (double)c->deviations.n);
  enum status s = stats_hill(c->deviations.v, c->deviations.n, k, &index, e);
  if (s != STATUS_OK)
    return err_prefix(e, "deviations");
  *value = INFINITY;
  for (int i = 11; i <= 20 && i < 10 * index; i++) {
    double p = i / 10.0, here = noise(moment_root(&c->deviations, p), p, (double)c->n);
    if (here < *value)
      *value = here, best_p = p;
  }
  bound_term(out, "tail_index", index);
  if (!isnan(best_p)) {
    bound_term(out, "p", best_p);
    bound_term(out, "sigma", moment_root(&c->deviations, best_p));
  }
  out->statement = STATEMENT_E_EST;
  return STATUS_OK;
}

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in, struct bound_value *out,
                            struct err *e)
{
  (void)x, (void)in;
  const struct conf *c = conf;
  double delta2 = NAN, noisy = NAN;
  if (c->deviations.n == 0 && isnan(c->sigma))
    return bound_missing(e, "sigma");
  enum status s = delta2_of(c, out, &delta2, e);
  if (s == STATUS_OK && c->deviations.n)
    s = estimated_noise(c, out, &noisy, e);
  else
    noisy = noise(c->sigma, c->p, (double)c->n);
  if (s != STATUS_OK)
    return s;
  bound_term(out, "delta2", delta2);
  bound_term(out, "noise", noisy);
  out->on_gap = true;
  out->trivial = INFINITY;
  out->value = 3 * c->smoothness * sqrt(delta2) + noisy;
  return STATUS_OK;
}

static const char *const required[] = {"n", "smoothness", NULL};

const struct bound bound_stab_heavy_tail = {
  .m = {.kind = KIND_BOUND,
        .id = "stab-heavy-tail",
        .name = "Gap of gradients under heavy-tailed noise",
        .summary = "expected gap of the gradients, not of the risks, of a non-convex training with noisy gradients",
        .formula = "E|grad F - grad F_S| <= 3 L sqrt(Delta2) + inf_tau [ sqrt(tau^(2-p) sigma^p/n) + 2 sigma^p tau^(1-p) ]\n"
                   "                     <= 3 L sqrt(Delta2) + 3 sigma n^(-(p-1)/p);   p = 2: 3 L sqrt(Delta2) + sigma/sqrt(n)\n"
                   "Delta2 <= 4 E[(sum_{t >= t0} r_t)^2],  P(t0 = k) = (b/n)(1 - b/n)^(k-1),  |update t| <= r_t;  clipped SGD also\n"
                   "u^2 <- (1 - b/n)(1 + eta L)^2 u^2 + (b/n)(u + 2 eta lambda)^2",
        .cite = "Chen, Wei, Yuan and Luo 2026, Stability and generalization of nonconvex optimization with heavy-tailed noise (derived anew)",
        .notes = "The loss is smooth; convexity is not needed. sigma bounds a supremum over all weights, so one measured on a path "
                 "is too small: the value then only indicates. The tail index is Hill's, of the largest deviations; any p below "
                 "it is allowed, and where it is below 1.1 there is no bound (inf). Look at assay.stats.hill(deviations, k) for "
                 "several k. The constants are derived here.",
        .example = "assay.bound(\"stab-heavy-tail\", {n = 1000, smoothness = 1, sigma = 1, p = 1.5, updates = {0.001, 0.001, 0.001}})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_COND,
        .resolve = resolve},
  .required = required,
  .evaluate = evaluate,
};
