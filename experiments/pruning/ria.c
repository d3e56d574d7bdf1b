/* ria.c: relative importance and activations: a weight counts by its share of its row and of its column, so that no row or
 * column is removed for its scale alone. */
#include <math.h>
#include <stdlib.h>

#include "experiments/kernel/mem.h"
#include "experiments/pruning/pruning.h"

struct conf {
  struct prune_common common;
  double a;
};

static const struct param params[] = {
  PRUNE_COMMON_PARAMS(struct conf, common, PRUNE_LAYER),
  {.id = "a", .type = PARAM_REAL, .at = offsetof(struct conf, a), .def = 0.5, .min = 0, .max = 10, .flags = PARAM_TUNED,
   .doc = "power of the input's norm; 0 leaves the inputs out", .example = "0.5"},
  {0},
};
static const char *const needs[] = {"inputs", NULL};

static double share(double part, double all) { return all > 0 ? part / all : 0.0; }

static enum status rate(const void *conf, const struct exec *x, const struct prune_layer *l, double *score, struct err *e)
{
  const struct conf *c = conf;
  void *memory;
  enum status status = mem_new(&memory, 2 * l->in, sizeof(double), "sums of columns", e);
  if (status)
    return status;
  double *column = memory, *norm = column + l->in;
  (void)x;
  for (size_t i = 0; i < l->out; i++)
    for (size_t j = 0; j < l->in; j++)
      column[j] += fabs(l->w[i * l->in + j]);
  for (size_t j = 0; j < l->in; j++)
    norm[j] = pow(l->norm2[j], 0.5 * c->a);
  for (size_t i = 0; i < l->out; i++) {
    const double *w = l->w + i * l->in;
    double row = 0;
    for (size_t j = 0; j < l->in; j++)
      row += fabs(w[j]);
    for (size_t j = 0; j < l->in; j++)
      score[i * l->in + j] = (share(fabs(w[j]), column[j]) + share(fabs(w[j]), row)) * norm[j];
  }
  free(memory);
  return STATUS_OK;
}

const struct score score_ria = {
  .m = {.kind = KIND_SCORE,
        .id = "ria",
        .name = "Relative importance and activations",
        .summary = "a weight's share of its row and column, times a power of its input's norm",
        .formula = "S_ij = (|W_ij| / sum_i |W_ij| + |W_ij| / sum_j |W_ij|) * ||X_j||_2^a",
        .cite = "Zhang, Bai, Lin, Zhao, Hou, Cannistraci 2024, Plug-and-play: an efficient post-training pruning method for "
                "large language models",
        .notes = "A column or row of zeros has score 0. The channel permutation of the paper (for n:m) is not part of it.",
        .example = "assay.score(\"ria\", {sparsity = 0.5, a = 0.5})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .needs = needs,
        .resolve = prune_resolve},
  .rate = rate,
};
