/* random_reshuffling.c: a new random permutation in every epoch, what deep-learning loaders do. */
#include "experiments/optim/optimizer.h"

static enum status epoch_order(const void *conf, size_t n, uint64_t seed, uint64_t epoch, uint32_t *order,
                               struct err *e)
{
  struct rng r = rng_make(seed, RNG_ORDER, epoch);
  (void)conf, (void)e;
  rng_permutation(&r, order, n);
  return STATUS_OK;
}

const struct sampler sampler_random_reshuffling = {
  .m = {.kind = KIND_SAMPLER,
        .id = "random-reshuffling",
        .name = "Random reshuffling",
        .summary = "a new random permutation in every epoch",
        .formula = "epoch k uses the order pi_k(1), .., pi_k(n), the pi_k independent and uniform",
        .cite = "Mishchenko, Khaled and Richtarik 2020, Random reshuffling: simple analysis with vast improvements; Cha, Lee "
                "and Yun 2023, Tighter lower bounds for shuffling SGD: random permutations and beyond",
        .notes = "Every example occurs exactly once per epoch. Batches run on over the end of an epoch, so that all are full.",
        .example = "assay.sampler(\"random-reshuffling\", {})"},
  .epoch = epoch_order,
};
