/* flooding.c: keeps the mini-batch loss near a level: below it the gradient is turned round. */
#include "experiments/optim/around.h"

enum { OWN_UPHILL, N_OWN };

struct conf {
  struct object base;
  double level;
};

static const struct param params[] = {
  AROUND_BASE_PARAM(struct conf, base),
  {.id = "level", .type = PARAM_REAL, .at = offsetof(struct conf, level), .def = 0.02, .min = 0, .max = 1e6, .flags = PARAM_LOG | PARAM_TUNED,
   .doc = "the loss b that training hovers about; 0 is the base (losses are not negative)", .example = "0.1"},
  {0},
};

static enum status resolve(void *conf, struct err *e) { return around_check_base("flooding", &((struct conf *)conf)->base, e); }

static enum status step(const struct conf *c, const struct around *a, void *w, const void *g, struct err *e)
{
  void *uphill = around_own(a, OWN_UPHILL);
  if (a->info->oracle->loss >= c->level)
    return around_step(a, w, g, e);
  around_copy(a, uphill, g);
  around_scale(a, uphill, -1);
  return around_step(a, w, uphill, e);
}

AROUND_FUNCTIONS(N_OWN, conf)

static const char *const needs[] = {"oracle", NULL};

const struct optimizer optimizer_flooding = {
  .m = {.kind = KIND_OPTIMIZER,
        .id = "flooding",
        .name = "Flooding",
        .summary = "the base's step on |f - b| + b: uphill where the mini-batch loss is below b",
        .formula = "base step of w with g where f_B(w) >= b, with -g below",
        .cite = "Ishida, Yamane, Sakai, Niu and Sugiyama 2020, Do we need zero training loss after achieving zero training error?",
        .notes = "A step down and a step up move by about lr^2 H g: an implicit gradient-norm penalty (Karakida et al. 2023). Costs nothing.",
        .example = "assay.optimizer(\"flooding\", {level = 0.1})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .needs = needs,
        .resolve = resolve},
  AROUND_MEMBERS,
};
