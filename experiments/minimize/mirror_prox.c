/* mirror_prox.c: Nemirovski's mirror prox: the gradient of the point where a step would lead. Without constraint: the extragradient method. */
#include <math.h>
#include <string.h>

#include "experiments/minimize/mirror.h"

struct conf {
  struct mirror_conf base;
};

static const struct param params[] = {
  FEASIBLE_PARAMS(struct conf, base.set),
  MIRROR_GEOMETRY_PARAM(struct conf, base.geometry),
  {.id = "rate", .type = PARAM_REAL, .at = offsetof(struct conf, base.rate), .min = 0, .max = 1e9,
   .flags = PARAM_AUTO | PARAM_LOG | PARAM_TUNED | PARAM_MIN_OPEN, .doc = "the rate; auto: 1/L", .example = "0.1"},
  {0},
};

static void iterate(const void *conf, struct mirror *k, uint64_t t)
{
  const struct conf *c = conf;
  (void)t;
  k->rate = isnan(c->base.rate) ? 1 / k->m->f->smoothness : c->base.rate;
  minimize_gradient(k->m, k->x, k->g);
  mirror_step(k, k->x, k->rate, k->g, k->other);
  minimize_gradient(k->m, k->other, k->g);
  mirror_step(k, k->x, k->rate, k->g, k->x);
  k->point = k->other;
}

static enum status run(const void *conf, struct minimize *m, struct err *e)
{
  const struct conf *c = conf;
  enum status s = isnan(c->base.rate) ? objective_constants(m->f, m->exec, e) : STATUS_OK;
  if (s != STATUS_OK)
    return s;
  if (isnan(c->base.rate) && !(m->f->smoothness > 0 && isfinite(m->f->smoothness)))
    return err_set(e, STATUS_UNSUPPORTED, "objective \"%s\" has no known L: give a rate", m->f->of.method->id);
  return mirror_run(conf, &c->base, m, iterate, e);
}

const struct minimizer minimizer_mirror_prox = {
  .m = {.kind = KIND_MINIMIZER,
        .id = "mirror-prox",
        .name = "Mirror prox",
        .summary = "mirror descent with the gradient at the point where a step would lead: O(1/t) on smooth functions",
        .formula = "y_t = argmin_y rate grad f(x_t).y + D(y, x_t);  x_(t+1) = argmin_y rate grad f(y_t).y + D(y, x_t), over the region;\n"
                   "result: mean of y_0 ... y_t; D as in mirror-descent",
        .cite = "Nemirovski 2004, Prox-method with rate of convergence O(1/t) for variational inequalities; Korpelevich 1976, The extragradient method; "
                "Bubeck 2015, Convex optimization: algorithms and complexity, theorem 4.4",
        .notes = "With rate = 1/L the gap is at most L D(x*, x_0)/T after T iterations of two gradients each. L belongs to the norm of the geometry: under "
                 "entropy on the simplex of radius 1 the largest |entry| of the Hessian is enough, which the Euclidean L is never below.",
        .example = "assay.minimizer(\"mirror-prox\", {region = \"simplex\", geometry = \"entropy\"})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .resolve = mirror_resolve},
  .run = run,
};
