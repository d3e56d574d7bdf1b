/* mirror_descent.c: subgradient steps that are short in the geometry of the set: multiplicative on the simplex. */
#include <string.h>

#include "experiments/minimize/mirror.h"

static void iterate(const void *conf, struct mirror *k, uint64_t t)
{
  (void)conf;
  k->rate = mirror_rate(k, t);
  k->point = k->other;
  memcpy(k->other, k->x, k->d * sizeof *k->x);
  minimize_gradient(k->m, k->x, k->g);
  mirror_step(k, k->x, k->rate, k->g, k->x);
}

static enum status run(const void *conf, struct minimize *m, struct err *e)
{
  return mirror_run(conf, conf, m, iterate, e);
}

const struct minimizer minimizer_mirror_descent = {
  .m = {.kind = KIND_MINIMIZER,
        .id = "mirror-descent",
        .name = "Mirror descent",
        .summary = "subgradient steps in the geometry of the set: multiplicative weights on the simplex",
        .formula = "x_(t+1) = argmin_y rate_t g_t.y + D(y, x_t) over the region; result: mean of x_0 ... x_t\n"
                   "euclidean: D = |y - x|^2/2, the projected subgradient;  entropy: x_j <- radius x_j exp(-rate_t g_j)/sum of the same",
        .cite = "Nemirovski and Yudin 1983, Problem complexity and method efficiency in optimization; Beck and Teboulle 2003, Mirror descent and "
                "nonlinear projected subgradient methods for convex optimization; Bubeck 2015, Convex optimization: algorithms and complexity, "
                "theorem 4.2",
        .notes = "With horizon, rate = sqrt(2 D(x*, x_0))/G and |g|_inf <= G (euclidean: |g|_2) the gap is at most G sqrt(2 D(x*, x_0)/T); on the "
                 "simplex of radius 1, from its centre, D <= ln d. Under entropy a weight that starts at 0 stays 0.",
        .example = "assay.minimizer(\"mirror-descent\", {region = \"simplex\", geometry = \"entropy\"})",
        .conf_size = sizeof(struct mirror_conf),
        .params = mirror_params,
        .resolve = mirror_resolve},
  .run = run,
};
