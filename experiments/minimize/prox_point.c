/* prox_point.c: the stochastic proximal point method on linear models: each step solves its component exactly.
 *
 * x+ = argmin link(a.x) + (l2/2)|x|^2 + |x - w|^2/(2 lr) = (w - lr s a)/(1 + lr l2) with s = link'(z+), and z+ = a.x+ solves
 * h(z) = (1 + lr l2) z - a.w + lr |a|^2 link'(z) = 0, increasing: Newton's method inside a bracket. */
#include <math.h>

#include "experiments/minimize/model_based.h"
#include "experiments/objective/glm.h"

enum { NEWTON_MAX = 60 };

struct conf {
  struct model_conf model;
};

static const struct param params[] = {
  MODEL_PARAMS(struct conf, model),
  {0},
};

/* The root of h, between the z without the link's pull and the z with all of its pull at a.w. */
static double solve(const struct glm *g, size_t i, double z0, double lr)
{
  double keep = 1 + lr * g->l2, pull = lr * g->norm2[i], z = z0 / keep;
  double reach = (z0 - pull * glm_slope(g->link, z, g->y[i])) / keep, low = fmin(z, reach), high = fmax(z, reach);
  for (int k = 0; k < NEWTON_MAX; k++) {
    struct glm_link_at at = glm_link_at(g->link, z, g->y[i]);
    double h = keep * z - z0 + pull * at.slope;
    if (h > 0)
      high = z;
    else
      low = z;
    double next = z - h / (keep + pull * at.curve);
    if (!(next >= low && next <= high))
      next = 0.5 * (low + high);
    if (fabs(next - z) <= 1e-15 * (fabs(z) + 1e-300) || h == 0)
      break;
    z = next;
  }
  return z;
}

static double step(const void *conf, struct minimize *m, size_t i, double lr, double *unused)
{
  const struct glm *g = m->f->glm;
  double keep = 1 + lr * g->l2, slope = glm_slope(g->link, solve(g, i, glm_dot(g, i, m->w), lr), g->y[i]);
  (void)conf;
  (void)unused;
  glm_add(g, i, -lr * slope, m->w);
  for (size_t j = 0; j < g->d && keep != 1; j++)
    m->w[j] /= keep;
  m->count.gradients += 1;
  return lr;
}

static enum status run(const void *conf, struct minimize *m, struct err *e)
{
  const struct conf *c = conf;
  return model_run(&c->model, conf, step, m, e);
}

static enum status accepts(const void *conf, const struct objective *f, struct err *e)
{
  (void)conf;
  return f->glm ? STATUS_OK : err_set(e, STATUS_UNSUPPORTED, "objective \"%s\" is no linear model, whose components can be solved exactly; see prox-linear",
                                      f->of.method->id);
}

const struct minimizer minimizer_prox_point = {
  .m = {.kind = KIND_MINIMIZER,
        .id = "prox-point",
        .name = "Stochastic proximal point",
        .summary = "each step minimizes one component exactly, near the iterate; linear models",
        .formula = "w <- argmin_x f_i(x) + |x - w|^2/(2 lr); squares: w <- w - lr a_i (a_i.w - y_i)/(1 + lr |a_i|^2) (l2 = 0)",
        .cite = "Davis and Drusvyatskiy 2019, Stochastic model-based minimization of weakly convex functions; "
                "Asi and Duchi 2019, Stochastic (approximate) proximal point methods: convergence, optimality, and adaptivity",
        .notes = "Never diverges, however large lr is; with large lr it solves one component after the other (Kaczmarz), and stays as far from the minimum "
                 "as they disagree. Where they agree (interpolation) large lr is best.",
        .example = "assay.minimizer(\"prox-point\", {schedule = assay.schedule(\"constant\", {peak = 10})})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .accepts = accepts,
  .run = run,
};
