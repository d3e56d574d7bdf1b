/* sam.c: sharpness-aware minimization: the gradient where the loss nearby is (to first order) worst. */
#include "experiments/optim/around.h"

enum { OWN_POINT, OWN_GRADIENT, N_OWN };

struct conf {
  struct object base;
  double rho;
  bool adaptive;
};

static const struct param params[] = {
  AROUND_BASE_PARAM(struct conf, base),
  {.id = "rho", .type = PARAM_REAL, .at = offsetof(struct conf, rho), .def = 0.05, .min = 0, .max = 1e3, .flags = PARAM_LOG | PARAM_TUNED,
   .doc = "radius of the neighbourhood; 0 is the base", .example = "0.1"},
  {.id = "adaptive", .type = PARAM_BOOL, .at = offsetof(struct conf, adaptive),
   .doc = "ASAM: the neighbourhood is scaled by |w|, so that rescaling weights changes nothing; rho is then larger (0.5 to 2)",
   .example = "true"},
  {0},
};

static enum status resolve(void *conf, struct err *e) { return around_check_base("sam", &((struct conf *)conf)->base, e); }

/* point = w + e. Adaptive: |w| o g, then |w| o (|w| o g), stand in `point` for a moment. */
static void climb(const struct conf *c, const struct around *a, void *point, const void *w, const void *g)
{
  const void *uphill = g;
  if (c->adaptive) {
    around_times_size(a, point, g, w, 0);
    uphill = point;
  }
  double scale = c->rho / (around_norm(a, uphill) + 1e-12);
  if (c->adaptive)
    around_times_size(a, point, point, w, 0);
  around_add(a, point, w, scale, uphill);
}

static enum status step(const struct conf *c, const struct around *a, void *w, const void *g, struct err *e)
{
  void *point = around_own(a, OWN_POINT), *there = around_own(a, OWN_GRADIENT);
  double loss;
  if (c->rho == 0)
    return around_step(a, w, g, e);
  climb(c, a, point, w, g);
  enum status s = around_gradient(a, point, &loss, there, e);
  return s ? s : around_step(a, w, there, e);
}

AROUND_FUNCTIONS(N_OWN, conf)

static const char *const needs[] = {"oracle", NULL};

const struct optimizer optimizer_sam = {
  .m = {.kind = KIND_OPTIMIZER,
        .id = "sam",
        .name = "Sharpness-aware minimization",
        .summary = "the base's step with the gradient at the worst point nearby",
        .formula = "e = rho g/(|g| + 1e-12);  base step of w with the gradient of the same mini-batch at w + e\n"
                   "adaptive: e = rho w^2 o g/(| |w| o g | + 1e-12)",
        .cite = "Foret, Kleiner, Mobahi and Neyshabur 2021, Sharpness-aware minimization for efficiently improving generalization; "
                "adaptive: Kwon, Kim, Park and Choi 2021, ASAM",
        .notes = "Two gradients an update: compare at equal cost. The norm is over all parameters. rho = 0 is the base exactly.",
        .example = "assay.optimizer(\"sam\", {rho = 0.05, base = assay.optimizer(\"heavy-ball\")})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .needs = needs,
        .resolve = resolve},
  AROUND_MEMBERS,
};
