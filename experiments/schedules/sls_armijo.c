/* sls_armijo.c: stochastic line search: each update backtracks on its own mini-batch until the loss falls
 * enough. Vaswani, Mishkin, Laradji, Schmidt, Gidel and Lacoste-Julien 2019; the rules follow the authors'
 * code (IssamLaradji/sls), with the cap eta_max of the paper in both variants. */
#include <math.h>

#include "experiments/kernel/vec.h"
#include "experiments/schedules/controller.h"

enum search { SEARCH_ARMIJO, SEARCH_GOLDSTEIN };
static const char *const search_names[] = {"armijo", "goldstein", NULL};
enum reset { RESET_KEEP, RESET_GROW, RESET_INITIAL };
static const char *const reset_names[] = {"keep", "grow", "initial", NULL};

#define GOLDSTEIN_FLOOR 1e-8 /* least rate that Goldstein backtracks to */

struct conf {
  double c, beta, gamma, eta0, eta_max, fallback, growth;
  int64_t max_trials;
  int search, reset;
};

struct state {
  double eta; /* rate of the last search */
};

static const struct param params[] = {
  {.id = "c", .type = PARAM_REAL, .at = offsetof(struct conf, c), .def = 0.1, .min = 0, .max = 1,
   .flags = PARAM_MIN_OPEN | PARAM_MAX_OPEN | PARAM_TUNED, .doc = "part of the predicted decrease that is asked for",
   .example = "0.1"},
  {.id = "beta", .type = PARAM_REAL, .at = offsetof(struct conf, beta), .def = 0.9, .min = 0, .max = 1,
   .flags = PARAM_MIN_OPEN | PARAM_MAX_OPEN, .doc = "factor of each backtracking", .example = "0.9"},
  {.id = "gamma", .type = PARAM_REAL, .at = offsetof(struct conf, gamma), .def = 2, .min = 1, .max = 1e6,
   .doc = "with reset grow, the rate may grow by this factor per epoch", .example = "2"},
  {.id = "eta0", .type = PARAM_REAL, .at = offsetof(struct conf, eta0), .def = 1, .min = 0, .max = 1e6,
   .flags = PARAM_MIN_OPEN | PARAM_LOG, .doc = "initial rate", .example = "1"},
  {.id = "eta_max", .type = PARAM_REAL, .at = offsetof(struct conf, eta_max), .def = 10, .min = 0, .max = 1e6,
   .flags = PARAM_MIN_OPEN | PARAM_LOG, .doc = "largest rate tried", .example = "10"},
  {.id = "reset", .type = PARAM_CHOICE, .at = offsetof(struct conf, reset), .def = RESET_GROW, .choices = reset_names,
   .doc = "where the next search starts: the last rate, the last rate times gamma^(1/batches per epoch), or eta0",
   .example = "grow"},
  {.id = "max_trials", .type = PARAM_INT, .at = offsetof(struct conf, max_trials), .def = 100, .min = 1, .max = 10000,
   .flags = PARAM_ADVANCED, .doc = "trials before giving up", .example = "100"},
  {.id = "fallback", .type = PARAM_REAL, .at = offsetof(struct conf, fallback), .def = 1e-6, .min = 0, .max = 1,
   .flags = PARAM_ADVANCED, .doc = "rate used after giving up", .example = "1e-6"},
  {.id = "search", .type = PARAM_CHOICE, .at = offsetof(struct conf, search), .def = SEARCH_ARMIJO, .choices = search_names,
   .flags = PARAM_ADVANCED, .doc = "goldstein also refuses rates that are too small and then grows", .example = "armijo"},
  {.id = "growth", .type = PARAM_REAL, .at = offsetof(struct conf, growth), .def = 2, .min = 1, .max = 1e6,
   .flags = PARAM_ADVANCED | PARAM_MIN_OPEN, .doc = "factor by which goldstein grows", .example = "2"},
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

static double first_trial(const struct conf *p, const struct state *s, double batches_per_epoch)
{
  double eta = p->reset == RESET_INITIAL ? p->eta0 : s->eta;
  if (p->reset == RESET_GROW)
    eta *= pow(p->gamma, 1.0 / fmax(batches_per_epoch, 1.0));
  return fmin(eta, p->eta_max);
}

/* What a search works on. slope is the decrease per unit of rate that the gradient predicts; eta the rate
 * where the search stands, found whether it is accepted. */
struct line {
  const struct conf *p;
  struct control *k;
  double slope, eta;
  bool found;
};

/* A trial whose loss is not finite fails both tests: it counts as too long. */
static bool falls_enough(const struct line *l, double loss)
{
  return loss <= l->k->loss - l->eta * l->p->c * l->slope;
}

static bool falls_too_much(const struct line *l, double loss)
{
  return loss < l->k->loss - l->eta * (1.0 - l->p->c) * l->slope;
}

static enum status armijo(struct line *l, struct err *e)
{
  for (int64_t trial = 0; trial < l->p->max_trials && !l->found; trial++) {
    double loss;
    enum status code = l->k->loss_along(l->k, l->eta, &loss, e);
    if (code != STATUS_OK)
      return code;
    l->found = falls_enough(l, loss);
    if (!l->found)
      l->eta *= l->p->beta;
  }
  return STATUS_OK;
}

/* Grows while the loss falls by nearly all that the slope predicts. May swing between growing and
 * shrinking: when the trials are used up, the largest rate that fell enough is taken. */
static enum status goldstein(struct line *l, struct err *e)
{
  double enough = 0;
  for (int64_t trial = 0; trial < l->p->max_trials; trial++) {
    double loss;
    enum status code = l->k->loss_along(l->k, l->eta, &loss, e);
    if (code != STATUS_OK)
      return code;
    if (!falls_enough(l, loss)) {
      l->eta = fmax(l->eta * l->p->beta, GOLDSTEIN_FLOOR);
      continue;
    }
    enough = fmax(enough, l->eta);
    l->found = l->eta >= l->p->eta_max || !falls_too_much(l, loss);
    if (l->found)
      return STATUS_OK;
    l->eta = fmin(l->eta * l->p->growth, l->p->eta_max);
  }
  l->found = enough > 0;
  if (l->found)
    l->eta = enough;
  return STATUS_OK;
}

static enum status rate(const void *conf, void *state, struct control *k, double *lr, struct err *e)
{
  const struct conf *p = conf;
  struct state *s = state;
  enum status code = controller_check(k, e);
  *lr = 0.0;
  if (code != STATUS_OK || controller_skips(k))
    return code;
  struct line l = {p, k, k->slope, first_trial(p, s, k->batches_per_epoch), false};
  *lr = p->fallback;
  if (!(l.slope > 0)) /* momentum points uphill: no rate along it decreases the loss */
    return STATUS_OK;
  code = p->search == SEARCH_ARMIJO ? armijo(&l, e) : goldstein(&l, e);
  if (code != STATUS_OK)
    return code;
  s->eta = l.eta;
  if (l.found)
    *lr = l.eta;
  return STATUS_OK;
}

const struct controller controller_sls_armijo = {
  .m = {.kind = KIND_CONTROLLER,
        .id = "sls-armijo",
        .name = "Stochastic Armijo line search",
        .summary = "backtrack on each mini-batch until its loss falls by enough",
        .formula = "eta = min(eta_max, eta_last gamma^(1/n_b)); while f_B(x - eta d) > f_B(x) - c eta (g . d): eta *= beta\n"
                   "(d = g for SGD; n_b batches per epoch; after max_trials: fallback)\n"
                   "goldstein: also f_B(x - eta d) >= f_B(x) - (1 - c) eta (g . d), else eta *= growth",
        .cite = "Vaswani, Mishkin, Laradji, Schmidt, Gidel and Lacoste-Julien 2019, Painless stochastic gradient: "
                "interpolation, line-search, and convergence rates",
        .notes = "Every trial is a forward pass more on the same batch, with the same randomness: compare costs in gradient "
                 "evaluations, not updates. Where the batch loss is L-smooth and armijo is used, the accepted rate is at "
                 "least min(first trial, 2(1 - c) beta/L). Updates with a gradient norm under 1e-8 are skipped. Meant for "
                 "plain SGD: where momentum makes g . d <= 0, no rate along d can decrease the loss and the fallback is used. "
                 "A rate is chosen before weight decay is applied.",
        .example = "assay.controller(\"sls-armijo\", {c = 0.1, eta_max = 10})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .state_size = state_size,
  .init = init,
  .rate = rate,
  .scalar = true,
};
