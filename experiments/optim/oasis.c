/* oasis.c: a step scaled by a running estimate of the Hessian's diagonal, of a length found from how fast the gradient changes. */
#include "experiments/optim/around.h"

#include <math.h>

enum { OWN_DIAGONAL, OWN_BEFORE, OWN_THERE, OWN_DIRECTION, N_OWN };
enum { NUMBER_ETA, NUMBER_THETA }; /* of the last update */

struct conf {
  double b2, alpha, eta0;
  int64_t samples, seed;
};

static const struct param params[] = {
  {.id = "b2", .type = PARAM_REAL, .at = offsetof(struct conf, b2), .def = 0.95, .min = 0, .max = 1, .flags = PARAM_MAX_OPEN,
   .doc = "memory of the diagonal", .example = "0.999"},
  {.id = "alpha", .type = PARAM_REAL, .at = offsetof(struct conf, alpha), .def = 1e-3, .min = 0, .max = 1e6,
   .flags = PARAM_MIN_OPEN | PARAM_LOG | PARAM_TUNED, .doc = "least curvature that a weight is scaled by", .example = "1e-5"},
  {.id = "eta0", .type = PARAM_REAL, .at = offsetof(struct conf, eta0), .def = 1e-6, .min = 0, .max = 1e6, .flags = PARAM_MIN_OPEN | PARAM_LOG,
   .doc = "length of the first step", .example = "1e-3"},
  {.id = "samples", .type = PARAM_INT, .at = offsetof(struct conf, samples), .def = 10, .min = 1, .max = 1e6,
   .doc = "random vectors for the first estimate of the diagonal", .example = "100"},
  {.id = "seed", .type = PARAM_INT, .at = offsetof(struct conf, seed), .def = 0, .min = 0, .max = 9e15, .flags = PARAM_ADVANCED,
   .doc = "of the random vectors", .example = "1"},
  {0},
};

/* z = random signs (stream `number`), 0 on the padding. `scratch` is n numbers. */
static void random_signs(const struct conf *c, const struct around *a, uint64_t number, void *z, void *scratch)
{
  struct rng r = rng_make((uint64_t)c->seed, RNG_PROBE, number);
  const struct net *net = a->info->net;
  if (!net || net->n_logical >= a->n) { /* nothing is padding */
    around_signs(a, z, &r);
    return;
  }
  struct around logical = around_part(a, 0, net->n_logical);
  around_signs(&logical, scratch, &r);
  if (a->type == DTYPE_F32)
    net_pack_f32(net, scratch, z);
  else
    net_pack_f64(net, scratch, z);
}

/* D <- keep D + share z o (H z). */
static enum status estimate(const struct conf *c, const struct around *a, uint64_t number, double keep, double share, struct err *e)
{
  void *d = around_own(a, OWN_DIAGONAL), *z = around_own(a, OWN_DIRECTION), *hz = around_own(a, OWN_THERE);
  random_signs(c, a, number, z, hz);
  enum status s = around_hvp(a, z, hz, e);
  if (!s)
    around_blend(a, d, keep, share, z, hz);
  return s;
}

/* Streams of the first update stand before those of the others. */
static enum status update_diagonal(const struct conf *c, const struct around *a, struct err *e)
{
  uint64_t k = a->info->k;
  enum status s = STATUS_OK;
  if (k > 1)
    return estimate(c, a, (uint64_t)c->samples + k, c->b2, 1 - c->b2, e);
  for (int64_t i = 0; i < c->samples && !s; i++)
    s = estimate(c, a, (uint64_t)i, 1, 1.0 / (double)c->samples, e);
  return s;
}

/* (1/2)|w - w_before|_D / |g - g_before|_(1/D), both gradients of the mini-batch in hand; infinite where the gradient is the same.
 * The weights before are no longer needed once their gradient is known. */
static enum status adaptive_length(const struct conf *c, const struct around *a, const void *w, const void *g, double *out, struct err *e)
{
  void *before = around_own(a, OWN_BEFORE), *change = around_own(a, OWN_THERE), *move = around_own(a, OWN_DIRECTION);
  const void *d = around_own(a, OWN_DIAGONAL);
  double loss;
  enum status s = around_gradient(a, before, &loss, change, e);
  if (s)
    return s;
  around_add(a, move, w, -1, before);
  around_times_size(a, before, move, d, c->alpha);
  double moved = around_dot(a, move, before);
  around_add(a, change, g, -1, change);
  around_over_size(a, before, change, d, c->alpha);
  double changed = around_dot(a, change, before);
  *out = changed > 0 ? 0.5 * sqrt(moved / changed) : INFINITY;
  return STATUS_OK;
}

static enum status find_length(const struct conf *c, const struct around *a, const void *w, const void *g, double *eta, struct err *e)
{
  double *last = around_numbers(a), adaptive;
  if (a->info->k == 1) {
    *eta = c->eta0;
    last[NUMBER_THETA] = INFINITY;
  } else {
    enum status s = adaptive_length(c, a, w, g, &adaptive, e);
    if (s)
      return s;
    *eta = fmin(sqrt(1 + last[NUMBER_THETA]) * last[NUMBER_ETA], adaptive);
    if (!(isfinite(*eta) && *eta > 0)) /* nothing moved, or nothing changed: nothing is learnt */
      *eta = last[NUMBER_ETA];
    last[NUMBER_THETA] = *eta / last[NUMBER_ETA];
  }
  last[NUMBER_ETA] = *eta;
  return STATUS_OK;
}

static enum status step(const struct conf *c, const struct around *a, void *w, const void *g, struct err *e)
{
  double eta;
  enum status s = update_diagonal(c, a, e);
  if (!s)
    s = find_length(c, a, w, g, &eta, e);
  if (s)
    return s;
  void *direction = around_own(a, OWN_DIRECTION);
  around_copy(a, around_own(a, OWN_BEFORE), w);
  around_over_size(a, direction, g, around_own(a, OWN_DIAGONAL), c->alpha);
  around_add(a, w, w, -a->info->lr * eta, direction);
  return STATUS_OK;
}

AROUND_FUNCTIONS(N_OWN, NULL)

static const char *const needs[] = {"oracle", "hvp", NULL};

const struct optimizer optimizer_oasis = {
  .m = {.kind = KIND_OPTIMIZER,
        .id = "oasis",
        .name = "OASIS",
        .summary = "steps scaled by the Hessian's diagonal, their length found without tuning",
        .formula = "D <- b2 D + (1 - b2) z o (H z), z random signs;  Dhat = max(|D|, alpha);\n"
                   "eta_k = min( sqrt(1 + theta) eta_(k-1), (1/2)|w_k - w_(k-1)|_Dhat / |g_k - g_(k-1)|_(1/Dhat) ),  theta = eta_k/eta_(k-1);\n"
                   "w <- w - lr eta_k g/Dhat",
        .cite = "Jahani, Rusakov, Shi, Richtarik, Mahoney and Takac 2022, Doubly adaptive scaled algorithm for machine learning using "
                "second-order information",
        .notes = "Nothing to tune: leave lr at a constant 1 (a schedule multiplies the length found). Both gradients are of the mini-batch "
                 "in hand: with the Hessian-vector product an update costs four gradients; compare at equal cost. The first update takes `samples` "
                 "products.",
        .example = "assay.optimizer(\"oasis\", {alpha = 1e-3})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .needs = needs},
  AROUND_MEMBERS,
};
