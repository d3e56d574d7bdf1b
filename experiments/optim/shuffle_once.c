/* shuffle_once.c: one random permutation, the same in every epoch. */
#include "experiments/optim/optimizer.h"

static enum status epoch_order(const void *conf, size_t n, uint64_t seed, uint64_t epoch, uint32_t *order,
                               struct err *e)
{
  struct rng r = rng_make(seed, RNG_ORDER, 0);
  (void)conf, (void)epoch, (void)e;
  rng_permutation(&r, order, n);
  return STATUS_OK;
}

const struct sampler sampler_shuffle_once = {
  .m = {.kind = KIND_SAMPLER,
        .id = "shuffle-once",
        .name = "Shuffle once",
        .summary = "one random permutation, repeated in every epoch",
        .formula = "epoch k uses the order pi(1), .., pi(n) for every k",
        .cite = "Cha, Lee and Yun 2023, Tighter lower bounds for shuffling SGD: random permutations and beyond; Ahn, Yun and "
                "Sra 2020, SGD with shuffling: optimal rates without component convexity and large epoch requirements",
        .notes = "Its first epoch equals that of random-reshuffling with the same seed.",
        .example = "assay.sampler(\"shuffle-once\", {})"},
  .epoch = epoch_order,
};
