/* gam.c: gradient norm aware minimization: descends on the largest gradient norm nearby, beside the loss. Steps and names follow
 * the authors' code (xxgege/GAM, gam.py). */
#include "experiments/optim/around.h"

enum { OWN_POINT, OWN_G1, OWN_G2, OWN_G3, N_OWN };

struct conf {
  struct object base;
  double rho, rho_norm, gamma, beta1, beta2, beta3;
};

static const struct param params[] = {
  AROUND_BASE_PARAM(struct conf, base),
  {.id = "rho", .type = PARAM_REAL, .at = offsetof(struct conf, rho), .def = 0.02, .min = 0, .max = 1e3, .flags = PARAM_LOG | PARAM_TUNED,
   .doc = "how far uphill the gradient norm is looked at", .example = "0.04"},
  {.id = "rho_norm", .type = PARAM_REAL, .at = offsetof(struct conf, rho_norm), .def = 0.2, .min = 0, .max = 1e3,
   .flags = PARAM_LOG | PARAM_TUNED, .doc = "how far in the direction in which the gradient norm grows", .example = "0.2"},
  {.id = "gamma", .type = PARAM_REAL, .at = offsetof(struct conf, gamma), .def = 0.03, .min = 0, .max = 10, .flags = PARAM_LOG | PARAM_TUNED,
   .doc = "weight of the part that is not along p", .example = "0.05"},
  {.id = "beta1", .type = PARAM_REAL, .at = offsetof(struct conf, beta1), .def = 0.3, .min = 0, .max = 1,
   .doc = "weight of the gradient uphill of w", .example = "1"},
  {.id = "beta2", .type = PARAM_REAL, .at = offsetof(struct conf, beta2), .def = 0.5, .min = 0, .max = 1,
   .doc = "weight of the gradient where the gradient norm is large", .example = "0.5"},
  {.id = "beta3", .type = PARAM_REAL, .at = offsetof(struct conf, beta3), .def = 0.7, .min = 0, .max = 1,
   .doc = "weight of the gradient uphill of that", .example = "0"},
  {0},
};

static enum status resolve(void *conf, struct err *e) { return around_check_base("gam", &((struct conf *)conf)->base, e); }

/* out = gradient at from + rho d/|d|; a direction of no length moves nothing. */
static enum status gradient_towards(const struct around *a, const void *from, double rho, const void *d, void *out, struct err *e)
{
  void *point = around_own(a, OWN_POINT);
  double loss, norm = around_norm(a, d);
  around_add(a, point, from, norm > 0 ? rho / norm : 0, d);
  return around_gradient(a, point, &loss, out, e);
}

/* g1 uphill of w; g2 at w + rho_norm h/|h|, h = g1 - g0; g3 uphill of there. */
static enum status look_around(const struct conf *c, const struct around *a, const void *w, const void *g0, struct err *e)
{
  void *point = around_own(a, OWN_POINT), *g1 = around_own(a, OWN_G1), *g2 = around_own(a, OWN_G2), *g3 = around_own(a, OWN_G3);
  double loss;
  enum status s = gradient_towards(a, w, c->rho, g0, g1, e);
  if (s)
    return s;
  around_add(a, g3, g1, -1, g0);
  s = gradient_towards(a, w, c->rho_norm, g3, g2, e);
  if (s)
    return s;
  double norm = around_norm(a, g2); /* `point` still is where g2 was taken */
  around_add(a, point, point, norm > 0 ? c->rho / norm : 0, g2);
  return around_gradient(a, point, &loss, g3, e);
}

/* p = b1 g1 + b3 g3, q = g0 + b2 g2; p - gamma (q less its part along p). */
static enum status step(const struct conf *c, const struct around *a, void *w, const void *g0, struct err *e)
{
  void *q = around_own(a, OWN_POINT), *p = around_own(a, OWN_G1), *g2 = around_own(a, OWN_G2), *g3 = around_own(a, OWN_G3);
  enum status s = look_around(c, a, w, g0, e);
  if (s)
    return s;
  around_scale(a, p, c->beta1);
  around_add(a, p, p, c->beta3, g3);
  around_add(a, q, g0, c->beta2, g2);
  double pp = around_dot(a, p, p), along = pp > 0 ? around_dot(a, q, p) / pp : 0;
  around_add(a, q, q, -along, p);
  around_add(a, p, p, -c->gamma, q);
  return around_step(a, w, p, e);
}

AROUND_FUNCTIONS(N_OWN, conf)

static const char *const needs[] = {"oracle", NULL};

const struct optimizer optimizer_gam = {
  .m = {.kind = KIND_OPTIMIZER,
        .id = "gam",
        .name = "Gradient norm aware minimization",
        .summary = "descends on the largest gradient norm nearby (first-order flatness), beside the loss",
        .formula = "g0 = grad f(w);  g1 = grad f(w + rho g0/|g0|);  h = g1 - g0;  w2 = w + rho_norm h/|h|;\n"
                   "g2 = grad f(w2);  g3 = grad f(w2 + rho g2/|g2|);  p = beta1 g1 + beta3 g3;  q = g0 + beta2 g2;\n"
                   "base step of w with p - gamma (q - p (q.p)/|p|^2)",
        .cite = "Zhang, Xu, Yu, Zou and Cui 2023, Gradient norm aware minimization seeks first-order flatness and improves generalization",
        .notes = "Four gradients of one mini-batch an update: compare at equal cost. beta1 = 1, beta3 = 0 and gamma = 0 is the gradient of SAM. "
                 "The authors' script sets beta1 in 0.1 to 0.6, beta3 = 1 - beta1, per data set.",
        .example = "assay.optimizer(\"gam\", {rho = 0.04, gamma = 0.05})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .needs = needs,
        .resolve = resolve},
  AROUND_MEMBERS,
};
