/* iid.c: independent draws with replacement. */
#include "experiments/optim/optimizer.h"

static enum status epoch_order(const void *conf, size_t n, uint64_t seed, uint64_t epoch, uint32_t *order,
                               struct err *e)
{
  struct rng r = rng_make(seed, RNG_ORDER, epoch);
  (void)conf, (void)e;
  for (size_t i = 0; i < n; i++)
    order[i] = (uint32_t)rng_below(&r, n);
  return STATUS_OK;
}

const struct sampler sampler_iid = {
  .m = {.kind = KIND_SAMPLER,
        .id = "iid",
        .name = "Independent draws",
        .summary = "each example drawn uniformly, with replacement",
        .formula = "i_t uniform on 1..n, independent",
        .cite = "Robbins and Monro 1951, A stochastic approximation method",
        .notes = "What most theory assumes. In n draws about 37 % of the examples do not occur at all.",
        .example = "assay.sampler(\"iid\", {})"},
  .epoch = epoch_order,
};
