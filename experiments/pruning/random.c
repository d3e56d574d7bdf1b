/* random.c: the floor that every score must beat. */
#include "experiments/kernel/rng.h"
#include "experiments/pruning/pruning.h"

struct conf {
  struct prune_common common;
  int64_t seed;
};

static const struct param params[] = {
  PRUNE_COMMON_PARAMS(struct conf, common, PRUNE_LAYER),
  {.id = "seed", .type = PARAM_INT, .at = offsetof(struct conf, seed), .def = 0, .min = 0, .max = 1e15,
   .doc = "of the random numbers; each layer of a net has its own", .example = "1"},
  {0},
};

static enum status rate(const void *conf, const struct exec *x, const struct prune_layer *l, double *score, struct err *e)
{
  struct rng r = rng_make((uint64_t)((const struct conf *)conf)->seed, RNG_PROBE, l->place);
  (void)x;
  (void)e;
  for (size_t i = 0; i < l->out * l->in; i++)
    score[i] = rng_uniform(&r);
  return STATUS_OK;
}

const struct score score_random = {
  .m = {.kind = KIND_SCORE,
        .id = "random",
        .name = "Random",
        .summary = "uniform random numbers: the floor that every score must beat",
        .formula = "S_ij ~ U[0, 1)",
        .cite = "Blalock, Gonzalez Ortiz, Frankle, Guttag 2020, What is the state of neural network pruning?",
        .notes = "With an allocator it is also the control that keeps densities per layer and loses positions.",
        .example = "assay.score(\"random\", {sparsity = 0.5, seed = 1})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .resolve = prune_resolve},
  .rate = rate,
};
