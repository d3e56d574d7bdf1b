/* hypergradient.c: gradient descent on the rate itself: it grows while successive gradients agree. Baydin, Cornish,
 * Martinez Rubio, Schmidt and Wood 2018; the rules follow the authors' code (gbaydin/hypergradient-descent). */
#include <math.h>
#include <string.h>

#include "experiments/kernel/vec.h"
#include "experiments/schedules/controller.h"

enum form { FORM_ADDITIVE, FORM_MULTIPLICATIVE };
static const char *const form_names[] = {"additive", "multiplicative", NULL};

struct conf {
  double beta, eta0, eta_min, eta_max;
  int form;
};

struct state {
  double eta;    /* the last rate */
  float last[];  /* the direction of the last update; 0 before the first */
};

static const struct param params[] = {
  {.id = "beta", .type = PARAM_REAL, .at = offsetof(struct conf, beta), .def = 1e-3, .min = 0, .max = 1,
   .flags = PARAM_LOG | PARAM_TUNED, .doc = "rate of the rate: about 1e-3 (SGD), 1e-7 (Adam), 0.02 (multiplicative)", .example = "0.001"},
  {.id = "eta0", .type = PARAM_REAL, .at = offsetof(struct conf, eta0), .def = 0.01, .min = 0, .max = 1e6,
   .flags = PARAM_MIN_OPEN | PARAM_LOG | PARAM_TUNED, .doc = "rate before the first update", .example = "0.01"},
  {.id = "form", .type = PARAM_CHOICE, .at = offsetof(struct conf, form), .def = FORM_ADDITIVE, .choices = form_names,
   .doc = "additive: eta += beta g.d; multiplicative: eta *= 1 + beta cos(g, d), which has no units", .example = "multiplicative"},
  {.id = "eta_min", .type = PARAM_REAL, .at = offsetof(struct conf, eta_min), .def = 1e-10, .min = 0, .max = 1e6,
   .flags = PARAM_MIN_OPEN | PARAM_LOG | PARAM_ADVANCED, .doc = "least rate", .example = "1e-6"},
  {.id = "eta_max", .type = PARAM_REAL, .at = offsetof(struct conf, eta_max), .def = 10, .min = 0, .max = 1e6,
   .flags = PARAM_MIN_OPEN | PARAM_LOG | PARAM_ADVANCED, .doc = "largest rate", .example = "1"},
  {0},
};

static size_t state_size(const void *conf, size_t n)
{
  size_t bytes;
  (void)conf;
  if (__builtin_mul_overflow(n, sizeof(float), &bytes) || __builtin_add_overflow(bytes, sizeof(struct state), &bytes))
    return SIZE_MAX;
  return bytes;
}

static void init(const void *conf, void *state, size_t n)
{
  memset(state, 0, state_size(conf, n));
  ((struct state *)state)->eta = ((const struct conf *)conf)->eta0;
}

static enum status rate(const void *conf, void *state, struct control *k, double *lr, struct err *e)
{
  const struct conf *p = conf;
  struct state *s = state;
  enum status status = controller_check(k, e);
  if (status != STATUS_OK)
    return status;
  double agreement = vec_dot_f32(k->g, s->last, k->n), size = sqrt(k->grad_norm2) * vec_norm2_f32(s->last, k->n);
  if (p->form == FORM_ADDITIVE)
    s->eta += p->beta * agreement;
  else if (size > 0)
    s->eta *= 1.0 + p->beta * agreement / size;
  s->eta = fmin(fmax(s->eta, p->eta_min), p->eta_max);
  memcpy(s->last, k->direction, k->n * sizeof *s->last);
  *lr = s->eta;
  return STATUS_OK;
}

const struct controller controller_hypergradient = {
  .m = {.kind = KIND_CONTROLLER,
        .id = "hypergradient",
        .name = "Hypergradient descent",
        .summary = "the rate grows while each gradient agrees with the last update, and falls when they oppose",
        .formula = "eta_t = eta_{t-1} + beta g_t . d_{t-1}  (additive);  eta_{t-1} (1 + beta g_t . d_{t-1}/(|g_t||d_{t-1}|))\n"
                   "d the direction of the update: g for SGD, m/(sqrt v + eps) for Adam;  d_{-1} = 0",
        .cite = "Baydin, Cornish, Martinez Rubio, Schmidt and Wood 2018, Online learning rate adaptation with hypergradient descent",
        .notes = "The rate is changed before the update that uses it. beta = 0 is the base rule at eta0. The additive beta has the "
                 "units of rate over squared gradient: a beta that is too large for the first gradients throws the rate far up, "
                 "where eta_max holds it. Works with any optimizer, because it looks at the direction of its update.",
        .example = "assay.controller(\"hypergradient\", {beta = 0.001, eta0 = 0.01})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .state_size = state_size,
  .init = init,
  .rate = rate,
};
