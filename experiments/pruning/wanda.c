/* wanda.c: weights and activations: optimal brain surgeon with a diagonal H. Removing w_ij alone then costs w_ij^2 H_jj,
 * the square of the score. */
#include <math.h>

#include "experiments/pruning/pruning.h"

struct conf { struct prune_common common; };

static const struct param params[] = {PRUNE_COMMON_PARAMS(struct conf, common, PRUNE_ROW), {0}};
static const char *const needs[] = {"inputs", NULL};

static enum status rate(const void *conf, const struct exec *x, const struct prune_layer *l, double *score, struct err *e)
{
  (void)conf;
  (void)x;
  (void)e;
  for (size_t j = 0; l->out && j < l->in; j++) /* the norms once, in the first row */
    score[j] = sqrt(l->norm2[j]);
  for (size_t i = l->out; i-- > 0;)
    for (size_t j = 0; j < l->in; j++)
      score[i * l->in + j] = fabs(l->w[i * l->in + j]) * score[j];
  return STATUS_OK;
}

const struct score score_wanda = {
  .m = {.kind = KIND_SCORE,
        .id = "wanda",
        .name = "Wanda",
        .summary = "weight times the norm of its input, ranked inside each row",
        .formula = "S_ij = |W_ij| * ||X_j||_2",
        .cite = "Sun, Liu, Bair, Kolter 2024, A simple and effective pruning approach for large language models",
        .notes = "No update of the kept weights. The published code removes one weight too many per row (index int(N s) of "
                 "the sorted scores); here exactly floor(s N + 1/2) go.",
        .example = "assay.score(\"wanda\", {sparsity = 0.5})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .needs = needs,
        .resolve = prune_resolve},
  .rate = rate,
};
