/* flipflop.c: every second epoch runs backwards through the order of the one before. */
#include "experiments/optim/optimizer.h"

enum base { BASE_RESHUFFLE, BASE_ONCE, BASE_DATA };
static const char *const base_names[] = {"random-reshuffling", "shuffle-once", "incremental", NULL};

struct conf {
  int base;
};

static const struct param params[] = {
  {.id = "base", .type = PARAM_CHOICE, .at = offsetof(struct conf, base), .def = BASE_RESHUFFLE, .choices = base_names,
   .doc = "orders of the epochs 0, 2, 4, …", .example = "shuffle-once"},
  {0},
};

static enum status epoch_order(const void *conf, size_t n, uint64_t seed, uint64_t epoch, uint32_t *order,
                               struct err *e)
{
  const struct conf *c = conf;
  struct rng r = rng_make(seed, RNG_ORDER, c->base == BASE_ONCE ? 0 : epoch / 2);
  (void)e;
  if (c->base != BASE_DATA)
    rng_permutation(&r, order, n);
  for (size_t i = 0; i < n && c->base == BASE_DATA; i++)
    order[i] = (uint32_t)i;
  for (size_t i = 0; i < n / 2 && epoch % 2; i++) {
    uint32_t kept = order[i];
    order[i] = order[n - 1 - i];
    order[n - 1 - i] = kept;
  }
  return STATUS_OK;
}

const struct sampler sampler_flipflop = {
  .m = {.kind = KIND_SAMPLER,
        .id = "flipflop",
        .name = "FlipFlop",
        .summary = "every second epoch runs backwards through the order of the one before",
        .formula = "epoch 2k uses pi_k(1), .., pi_k(n), epoch 2k+1 uses pi_k(n), .., pi_k(1)",
        .cite = "Rajput, Lee and Papailiopoulos 2022, Permutation-based SGD: is random optimal?",
        .notes = "On quadratics the errors of first order of an epoch and its reverse cancel: the rate in the number of epochs "
                 "improves for every base. The last example of an epoch is the first of the next.",
        .example = "assay.sampler(\"flipflop\", {base = \"random-reshuffling\"})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .epoch = epoch_order,
};
