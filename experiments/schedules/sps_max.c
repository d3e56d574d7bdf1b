/* sps_max.c: the stochastic Polyak step with a cap, fixed or growing from the last rate. Loizou, Vaswani, Laradji and
 * Lacoste-Julien 2021; the rules follow the authors' code (IssamLaradji/sps). */
#include <math.h>

#include "experiments/schedules/controller.h"

enum cap { CAP_SMOOTH, CAP_FIXED };
static const char *const cap_names[] = {"smooth", "fixed", NULL};

struct conf {
  double c, optimum, eta_max, eta0, gamma, eps;
  int cap;
};

struct state {
  double eta; /* the last rate */
};

static const struct param params[] = {
  {.id = "c", .type = PARAM_REAL, .at = offsetof(struct conf, c), .def = 0.5, .min = 0, .max = 1e6,
   .flags = PARAM_MIN_OPEN | PARAM_LOG | PARAM_TUNED, .doc = "divides the step: 0.5 (convex) or 1", .example = "0.5"},
  {.id = "cap", .type = PARAM_CHOICE, .at = offsetof(struct conf, cap), .def = CAP_SMOOTH, .choices = cap_names,
   .doc = "smooth: at most the last rate times gamma^(1/batches per epoch); fixed: at most eta_max", .example = "fixed"},
  {.id = "eta_max", .type = PARAM_REAL, .at = offsetof(struct conf, eta_max), .def = 10, .min = 0, .max = 1e6,
   .flags = PARAM_MIN_OPEN | PARAM_LOG, .doc = "largest rate, with cap fixed", .example = "10"},
  {.id = "gamma", .type = PARAM_REAL, .at = offsetof(struct conf, gamma), .def = 2, .min = 1, .max = 1e6,
   .doc = "how much the rate may grow in an epoch, with cap smooth", .example = "2"},
  {.id = "eta0", .type = PARAM_REAL, .at = offsetof(struct conf, eta0), .def = 1, .min = 0, .max = 1e6,
   .flags = PARAM_MIN_OPEN | PARAM_LOG, .doc = "last rate of the first update, with cap smooth", .example = "1"},
  {.id = "optimum", .type = PARAM_REAL, .at = offsetof(struct conf, optimum), .def = 0, .min = -INFINITY, .max = INFINITY,
   .doc = "least loss of a mini-batch; 0 for nets that can fit all examples", .example = "0"},
  {.id = "eps", .type = PARAM_REAL, .at = offsetof(struct conf, eps), .def = 1e-8, .min = 0, .max = 1,
   .flags = PARAM_ADVANCED, .doc = "added to c |g|^2", .example = "0"},
  {0},
};

static size_t state_size(const void *conf, size_t n)
{
  (void)conf, (void)n;
  return sizeof(struct state);
}

static void init(const void *conf, void *state, size_t n)
{
  (void)n;
  ((struct state *)state)->eta = ((const struct conf *)conf)->eta0;
}

static enum status rate(const void *conf, void *state, struct control *k, double *lr, struct err *e)
{
  const struct conf *p = conf;
  struct state *s = state;
  enum status status = controller_check(k, e);
  *lr = 0.0;
  if (status || controller_skips(k))
    return status;
  double cap = p->cap == CAP_FIXED ? p->eta_max : s->eta * pow(p->gamma, 1.0 / fmax(k->batches_per_epoch, 1.0));
  *lr = fmin(polyak_step(k, p->c, p->optimum, p->eps), cap);
  if (*lr > 0) /* a rate of 0 would stay: 0 times gamma is 0 */
    s->eta = *lr;
  return STATUS_OK;
}

const struct controller controller_sps_max = {
  .m = {.kind = KIND_CONTROLLER,
        .id = "sps-max",
        .name = "Stochastic Polyak step, capped",
        .summary = "Polyak's step on each mini-batch, at most a cap",
        .formula = "eta = min((f_B(x) - f_B*)/(c |g_B|^2 + eps), cap);  cap = eta_last gamma^(1/n_b) (smooth) or eta_max (fixed)\n"
                   "0 where f_B < f_B*;  n_b batches per epoch",
        .cite = "Loizou, Vaswani, Laradji and Lacoste-Julien 2021, Stochastic Polyak step-size for SGD: an adaptive learning rate "
                "for fast convergence",
        .notes = "Linear convergence with no tuning where every example can be fitted (interpolation); elsewhere the rate does "
                 "not fall, and the cap decides how far it stays from the optimum. The authors' smooth variant ignores f_B*; here "
                 "it is used, and 0 by default, which is the same. With cap smooth a rate of 0 is not remembered. Updates with a "
                 "gradient norm under 1e-8 are skipped. Meant for plain SGD.",
        .example = "assay.controller(\"sps-max\", {c = 0.5, cap = \"fixed\", eta_max = 10})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .state_size = state_size,
  .init = init,
  .rate = rate,
  .scalar = true,
};
