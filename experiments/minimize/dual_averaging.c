/* dual_averaging.c: Nesterov's dual averaging, or lazy mirror descent: every step starts over, against the sum of all gradients. */
#include "experiments/minimize/mirror.h"

/* x_t from z, the sum of g_0 … g_(t-1). x_0 is the first iterate, under entropy the centre. */
static void iterate(const void *conf, struct mirror *k, uint64_t t)
{
  (void)conf;
  k->rate = mirror_rate(k, t);
  mirror_from_sum(k, k->rate, k->z, k->x);
  k->point = k->x;
  minimize_gradient(k->m, k->x, k->g);
  for (size_t j = 0; j < k->d; j++)
    k->z[j] += k->g[j];
}

static enum status run(const void *conf, struct minimize *m, struct err *e)
{
  return mirror_run(conf, conf, m, iterate, e);
}

const struct minimizer minimizer_dual_averaging = {
  .m = {.kind = KIND_MINIMIZER,
        .id = "dual-averaging",
        .name = "Dual averaging",
        .summary = "steps from the start against the sum of all subgradients (lazy mirror descent)",
        .formula = "x_t = argmin_y rate_t sum_{s < t} g_s.y + D(y, x_0) over the region; result: mean of x_0 ... x_t\n"
                   "D as in mirror-descent; under entropy x_0 is the centre of the simplex",
        .cite = "Nesterov 2009, Primal-dual subgradient methods for convex problems; Bubeck 2015, Convex optimization: algorithms and complexity, "
                "theorem 4.3",
        .notes = "With horizon, rate = sqrt(D(x*, x_0)/2)/G and |g|_inf <= G (euclidean: |g|_2) the gap is at most 2 G sqrt(2 D(x*, x_0)/T). All "
                 "gradients count the same, however late they come. Without constraint and with horizon it is the subgradient method.",
        .example = "assay.minimizer(\"dual-averaging\", {region = \"simplex\", geometry = \"entropy\"})",
        .conf_size = sizeof(struct mirror_conf),
        .params = mirror_params,
        .resolve = mirror_resolve},
  .run = run,
};
