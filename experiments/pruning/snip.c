/* snip.c: connection sensitivity: how much the loss would feel each weight's mask. */
#include <math.h>

#include "experiments/kernel/vec.h"
#include "experiments/pruning/pruning.h"

struct conf {
  struct prune_common common;
  bool normalize;
};

static const struct param params[] = {
  PRUNE_COMMON_PARAMS(struct conf, common, PRUNE_GLOBAL),
  {.id = "normalize", .type = PARAM_BOOL, .at = offsetof(struct conf, normalize), .def = 0, .flags = PARAM_ADVANCED,
   .doc = "divide by the sum over the layer; changes a global ranking of several layers", .example = "true"},
  {0},
};
static const char *const needs[] = {"gradients", NULL};

static enum status rate(const void *conf, const struct exec *x, const struct prune_layer *l, double *score, struct err *e)
{
  const struct conf *c = conf;
  size_t n = l->out * l->in;
  (void)x;
  (void)e;
  for (size_t i = 0; i < n; i++) {
    double g = 0;
    for (size_t b = 0; b < l->n_gradients; b++)
      g += l->gradient[b * n + i];
    score[i] = fabs(g * l->w[i]);
  }
  double sum = c->normalize ? vec_sum_f64(score, n) : 0;
  for (size_t i = 0; sum > 0 && i < n; i++)
    score[i] /= sum;
  return STATUS_OK;
}

const struct score score_snip = {
  .m = {.kind = KIND_SCORE,
        .id = "snip",
        .name = "SNIP",
        .summary = "connection sensitivity: gradient times weight, summed over batches before the absolute value",
        .formula = "S = |dL/dc| = |g * w| at mask c = 1,  g the sum of the batches' gradients",
        .cite = "Lee, Ajanthan, Torr 2019, SNIP: single-shot network pruning based on connection sensitivity",
        .notes = "Meant for the initial weights. Rescaling a relu neuron's inputs by a and outputs by 1/a changes nothing.",
        .example = "assay.score(\"snip\", {sparsity = 0.9})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .needs = needs,
        .resolve = prune_resolve},
  .rate = rate,
};
