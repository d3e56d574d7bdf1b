/* shuffled.c: a control for every score: its mask, permuted at random inside each layer. Whatever is left of the quality
 * comes from the layers' densities alone; whatever is lost was in the positions. */
#include <stdlib.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/rng.h"
#include "experiments/pruning/pruning_int.h"

struct conf {
  struct prune_common common;
  struct object of;
  int64_t seed;
};

static const struct param params[] = {
  PRUNE_COMMON_PARAMS(struct conf, common, PRUNE_GLOBAL),
  {.id = "of", .type = PARAM_METHOD, .at = offsetof(struct conf, of), .of = KIND_SCORE, .flags = PARAM_REQUIRED,
   .doc = "whose mask is shuffled; its own sparsity and comparison do not count, those of the control do", .example = "magnitude"},
  {.id = "seed", .type = PARAM_INT, .at = offsetof(struct conf, seed), .def = 0, .min = 0, .max = 1e15,
   .doc = "of the permutations; each layer of a net has its own", .example = "1"},
  {0},
};

/* Numbers that give the mask of n entries back when they are ranked: 1 more for those kept; after a permutation. */
static void shuffle(struct rng *r, uint8_t *keep, size_t n, double *score)
{
  for (size_t i = n; i > 1; i--) {
    size_t j = rng_below(r, i);
    uint8_t t = keep[i - 1];
    keep[i - 1] = keep[j];
    keep[j] = t;
  }
  for (size_t i = 0; i < n; i++)
    score[i] = (keep[i] ? 1.0 : 0.0) + 0.5 * rng_uniform(r);
}

/* Inside of what ranks: a row, a group of n:m, else the layer. */
static size_t span_of(const struct prune_common *c, const struct prune_layer *l)
{
  if (c->compare == PRUNE_N_OF_M)
    return (size_t)c->m;
  return c->compare == PRUNE_ROW ? l->in : l->out * l->in;
}

static enum status rate_all(const void *conf, const struct exec *x, const struct prune_layer *l, size_t n_layers,
                            const double *sparsity, double *const *score, struct err *e)
{
  const struct conf *c = conf;
  uint8_t **keep = xcalloc(n_layers + 1, sizeof *keep);
  void *memory = NULL;
  enum status status = prune_masks_new(l, n_layers, keep, &memory, e);
  if (!status)
    status = prune_masks_by(&c->common, &c->of, x, l, n_layers, sparsity, keep, e);
  for (size_t i = 0; i < n_layers && !status; i++) {
    struct rng r = rng_make((uint64_t)c->seed, RNG_PROBE, (UINT64_C(1) << 32) + l[i].place);
    size_t span = span_of(&c->common, &l[i]), n = l[i].out * l[i].in;
    for (size_t at = 0; at < n; at += span)
      shuffle(&r, keep[i] + at, span, score[i] + at);
  }
  free(memory);
  free(keep);
  return status;
}

const struct score score_shuffled = {
  .m = {.kind = KIND_SCORE,
        .id = "shuffled",
        .name = "Shuffled mask",
        .summary = "another score's mask, permuted at random inside each layer: a control",
        .formula = "mask = P mask_of, P a random permutation inside each layer (row, group of n:m)",
        .cite = "Frankle, Dziugaite, Roy, Carbin 2021, Pruning neural networks at initialization: why are we missing the mark?",
        .notes = "Keeps the densities of the layers and loses the positions. By rows and by n:m it permutes inside a row, inside a group.",
        .example = "assay.score(\"shuffled\", {of = \"magnitude\", sparsity = 0.9})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .resolve = prune_resolve},
  .rate_all = rate_all,
};
