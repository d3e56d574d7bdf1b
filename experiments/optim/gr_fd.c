/* gr_fd.c: gradient-norm penalty f + (gamma/2)|grad f|^2 by finite differences along the gradient. */
#include "experiments/optim/around.h"

#include <math.h>

enum { OWN_POINT, OWN_THERE, OWN_BACK, N_OWN };
enum difference { DIFFERENCE_FORWARD, DIFFERENCE_BACKWARD, DIFFERENCE_CENTRED };
static const char *const difference_names[] = {"forward", "backward", "centred", NULL};

struct conf {
  struct object base;
  double gamma, eps;
  int difference; /* enum difference */
  bool relative;
};

static const struct param params[] = {
  AROUND_BASE_PARAM(struct conf, base),
  {.id = "gamma", .type = PARAM_REAL, .at = offsetof(struct conf, gamma), .def = 0.01, .min = 0, .max = 1e6, .flags = PARAM_LOG | PARAM_TUNED,
   .doc = "weight of the penalty (gamma/2)|grad f|^2", .example = "0.05"},
  {.id = "eps", .type = PARAM_REAL, .at = offsetof(struct conf, eps), .def = 0.05, .min = 0, .max = 1e3,
   .flags = PARAM_LOG | PARAM_TUNED | PARAM_MIN_OPEN, .doc = "how far along the gradient the difference is taken", .example = "0.01"},
  {.id = "difference", .type = PARAM_CHOICE, .at = offsetof(struct conf, difference), .choices = difference_names,
   .doc = "forward asks uphill (ascent), backward downhill, centred both", .example = "backward"},
  {.id = "relative", .type = PARAM_BOOL, .at = offsetof(struct conf, relative),
   .doc = "the point is eps away, not eps |g|: with gamma = eps/|g| that would be SAM", .example = "true"},
  {0},
};

static enum status resolve(void *conf, struct err *e) { return around_check_base("gr-fd", &((struct conf *)conf)->base, e); }

/* out = gradient at w + eps g. */
static enum status gradient_along(const struct around *a, const void *w, double eps, const void *g, void *out, struct err *e)
{
  void *point = around_own(a, OWN_POINT);
  double loss;
  around_add(a, point, w, eps, g);
  return around_gradient(a, point, &loss, out, e);
}

/* g + gamma (g(w + eps g) - g(w))/eps, and its kin. */
static enum status step(const struct conf *c, const struct around *a, void *w, const void *g, struct err *e)
{
  void *there = around_own(a, OWN_THERE), *back = around_own(a, OWN_BACK);
  const void *from = g, *to = there;
  double norm = around_norm(a, g), eps = c->relative ? c->eps / norm : c->eps;
  enum status s = STATUS_OK;
  if (c->gamma == 0 || norm == 0)
    return around_step(a, w, g, e);
  if (c->difference != DIFFERENCE_BACKWARD)
    s = gradient_along(a, w, eps, g, there, e);
  if (!s && c->difference != DIFFERENCE_FORWARD)
    s = gradient_along(a, w, -eps, g, back, e);
  if (s)
    return s;
  if (c->difference == DIFFERENCE_BACKWARD)
    from = back, to = g;
  else if (c->difference == DIFFERENCE_CENTRED)
    from = back, eps *= 2;
  void *penalty = around_own(a, OWN_POINT);
  around_add(a, penalty, to, -1, from);
  around_add(a, penalty, g, c->gamma / eps, penalty);
  return around_step(a, w, penalty, e);
}

AROUND_FUNCTIONS(N_OWN, conf)

static const char *const needs[] = {"oracle", NULL};

const struct optimizer optimizer_gr_fd = {
  .m = {.kind = KIND_OPTIMIZER,
        .id = "gr-fd",
        .name = "Gradient-norm penalty by finite differences",
        .summary = "the base's step on f + (gamma/2)|grad f|^2, its gradient by a difference along g",
        .formula = "r = (grad f(w + eps g) - g)/eps (forward), (g - grad f(w - eps g))/eps (backward), or centred;\n"
                   "base step of w with g + gamma r",
        .cite = "Karakida, Takase, Hayase and Osawa 2023, Understanding gradient regularization in deep learning: efficient "
                "finite-difference computation and implicit bias",
        .notes = "On a quadratic r = H g exactly, whatever eps. Forward with the distance relative and gamma = eps/|g| is SAM. "
                 "Two gradients an update, three centred; double backpropagation would cost a Hessian-vector product.",
        .example = "assay.optimizer(\"gr-fd\", {gamma = 0.05, eps = 0.01})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .needs = needs,
        .resolve = resolve},
  AROUND_MEMBERS,
};
