/* lamp.c: layer-adaptive magnitude: a weight's square as a share of all at least as large in its layer, ranked over the net. */
#include <stdlib.h>

#include "experiments/kernel/mem.h"
#include "experiments/pruning/pruning.h"

struct conf { struct prune_common common; };

static const struct param params[] = {PRUNE_COMMON_PARAMS(struct conf, common, PRUNE_GLOBAL), {0}};

struct item { double square; size_t at; };

static int by_square(const void *a, const void *b)
{
  double x = ((const struct item *)a)->square, y = ((const struct item *)b)->square;
  return (x > y) - (x < y);
}

static enum status rate(const void *conf, const struct exec *x, const struct prune_layer *l, double *score, struct err *e)
{
  size_t n = l->out * l->in;
  void *memory;
  enum status status = mem_new(&memory, n, sizeof(struct item), "sorted weights", e);
  if (status)
    return status;
  struct item *item = memory;
  (void)conf;
  (void)x;
  for (size_t i = 0; i < n; i++)
    item[i] = (struct item){l->w[i] * l->w[i], i};
  qsort(item, n, sizeof *item, by_square);
  double sum = 0;
  for (size_t end = n; end > 0;) { /* from the largest down; equal ones share a sum */
    size_t first = end;
    while (first > 0 && !(item[first - 1].square < item[end - 1].square))
      sum += item[--first].square;
    for (size_t i = first; i < end; i++)
      score[item[i].at] = item[i].square > 0 ? item[i].square / sum : 0.0;
    end = first;
  }
  free(memory);
  return STATUS_OK;
}

const struct score score_lamp = {
  .m = {.kind = KIND_SCORE,
        .id = "lamp",
        .name = "Layer-adaptive magnitude",
        .summary = "a weight's square as a share of all at least as large in its layer, ranked over the net",
        .formula = "S_u = w_u^2 / sum of w_v^2 over the v of the layer with w_v^2 >= w_u^2",
        .cite = "Lee, Park, Mo, Ahn, Shin 2021, Layer-adaptive sparsity for the magnitude-based pruning",
        .notes = "The largest weight of a layer has score 1, so a global ranking empties no layer before all have one weight. Inside "
                 "a layer the order is that of magnitude. Rescaling a layer changes nothing.",
        .example = "assay.score(\"lamp\", {sparsity = 0.9})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .resolve = prune_resolve},
  .rate = rate,
};
