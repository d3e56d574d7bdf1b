/* incremental.c: the examples in the order of the data, the same in every epoch. */
#include "experiments/optim/optimizer.h"

static enum status epoch_order(const void *conf, size_t n, uint64_t seed, uint64_t epoch, uint32_t *order,
                               struct err *e)
{
  (void)conf, (void)seed, (void)epoch, (void)e;
  for (size_t i = 0; i < n; i++)
    order[i] = (uint32_t)i;
  return STATUS_OK;
}

const struct sampler sampler_incremental = {
  .m = {.kind = KIND_SAMPLER,
        .id = "incremental",
        .name = "Incremental",
        .summary = "the order of the data, in every epoch",
        .formula = "epoch k uses the order 1, 2, .., n",
        .cite = "Bertsekas 2011, Incremental gradient, subgradient, and proximal methods for convex optimization: a survey; Cha, Lee "
                "and Yun 2023, Tighter lower bounds for shuffling SGD: random permutations and beyond",
        .notes = "No seed plays a part. Sorted data (one class after the other) are its worst case: error of order 1/K^2 after K "
                 "epochs, where random orders have 1/(n K^2).",
        .example = "assay.sampler(\"incremental\", {})"},
  .epoch = epoch_order,
};
