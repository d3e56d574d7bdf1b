/* prox_linear.c: the stochastic method of truncated linear models: a component's tangent, cut off at its lower bound. Its exact step is a
 * gradient step, never longer than to where the tangent meets the bound. */
#include <math.h>

#include "experiments/kernel/vec.h"
#include "experiments/minimize/model_based.h"

struct conf {
  struct model_conf model;
  double lower;
};

static const struct param params[] = {
  MODEL_PARAMS(struct conf, model),
  {.id = "lower", .type = PARAM_REAL, .at = offsetof(struct conf, lower), .doc = "a lower bound of every component", .example = "0"},
  {0},
};

static double step(const void *conf, struct minimize *m, size_t i, double lr, double *g)
{
  const struct conf *c = conf;
  double above = minimize_component(m, i, m->w, g) - c->lower, norm2 = vec_dot_f64(g, g, m->f->d);
  double rate = norm2 > 0 ? fmin(lr, fmax(0, above) / norm2) : 0;
  for (size_t j = 0; j < m->f->d; j++)
    m->w[j] -= rate * g[j];
  return rate;
}

static enum status run(const void *conf, struct minimize *m, struct err *e)
{
  const struct conf *c = conf;
  return model_run(&c->model, conf, step, m, e);
}

const struct minimizer minimizer_prox_linear = {
  .m = {.kind = KIND_MINIMIZER,
        .id = "prox-linear",
        .name = "Truncated linear models",
        .summary = "stochastic gradient steps capped where the tangent reaches the component's lower bound",
        .formula = "w <- argmin_x max(f_i(w) + g_i.(x - w), lower) + |x - w|^2/(2 lr) = w - min(lr, (f_i(w) - lower)/|g_i|^2) g_i",
        .cite = "Davis and Drusvyatskiy 2019, Stochastic model-based minimization of weakly convex functions; "
                "Asi and Duchi 2019, The importance of better models in stochastic optimization",
        .notes = "Any objective, smooth or not. Insensitive to lr: a Polyak step caps it. The step column of the trace shows the step taken last.",
        .example = "assay.minimizer(\"prox-linear\", {schedule = assay.schedule(\"constant\", {peak = 10})})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .run = run,
};
