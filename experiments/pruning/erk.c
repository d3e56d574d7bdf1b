/* erk.c: Erdos-Renyi (kernel) densities: a layer's density falls with its size as (in + out)/(in out). */
#include <math.h>
#include <stdlib.h>

#include "experiments/kernel/mem.h"
#include "experiments/pruning/pruning_int.h"

struct conf { double sparsity; };

static const struct param params[] = {
  {.id = "sparsity", .type = PARAM_REAL, .at = offsetof(struct conf, sparsity), .def = 0.5, .min = 0, .max = 1,
   .unit = "fraction removed", .doc = "of the whole net; met to the weight", .example = "0.8"},
  {0},
};

/* (in + out)/(in out); an empty layer counts as dense. */
static double raw_density(const struct prune_layer *l)
{
  double in = (double)l->in, out = (double)l->out;
  return in > 0 && out > 0 ? (in + out) / (in * out) : 0.0;
}

static double scale_for(const struct prune_layer *l, size_t n_layers, const bool *dense, double sparsity)
{
  double total = 0, left = 0, divisor = 0;
  for (size_t i = 0; i < n_layers; i++) {
    double n = (double)l[i].out * (double)l[i].in;
    total += n;
    left -= dense[i] ? n : 0.0;
    divisor += dense[i] ? 0.0 : raw_density(&l[i]) * n;
  }
  left += (1 - sparsity) * total;
  return divisor > 0 && left > 0 ? left / divisor : 0.0;
}

/* Make the densest of the layers that would need more than all their weights dense; false when there is none. */
static bool fill_densest(const struct prune_layer *l, size_t n_layers, bool *dense, double scale)
{
  double highest = 0;
  bool any = false;
  for (size_t i = 0; i < n_layers; i++)
    if (!dense[i] && raw_density(&l[i]) > highest)
      highest = raw_density(&l[i]);
  for (size_t i = 0; i < n_layers && scale * highest > 1; i++)
    if (!dense[i] && raw_density(&l[i]) >= highest)
      any = dense[i] = true;
  return any;
}

static enum status allocate(const void *conf, const struct exec *x, const struct prune_layer *l, size_t n_layers,
                            double *per_layer, struct err *e)
{
  const struct conf *c = conf;
  bool *dense = xcalloc(n_layers, sizeof *dense);
  double scale = scale_for(l, n_layers, dense, c->sparsity);
  (void)x;
  (void)e;
  while (fill_densest(l, n_layers, dense, scale))
    scale = scale_for(l, n_layers, dense, c->sparsity);
  for (size_t i = 0; i < n_layers; i++)
    per_layer[i] = dense[i] ? 0.0 : 1.0 - scale * raw_density(&l[i]);
  prune_whole_counts(l, n_layers, c->sparsity, per_layer);
  free(dense);
  return STATUS_OK;
}

const struct allocator allocator_erk = {
  .m = {.kind = KIND_ALLOCATOR,
        .id = "erk",
        .name = "Erdos-Renyi-kernel",
        .summary = "density proportional to (in + out)/(in * out): large layers are pruned most",
        .formula = "1 - s_l = eps (in_l + out_l)/(in_l out_l), at most 1; eps so that the budget is met",
        .cite = "Evci, Gale, Menick, Castro, Elsen 2020, Rigging the lottery: making all tickets winners",
        .notes = "While a density exceeds 1, the layers of the largest raw density become dense and eps is solved anew.",
        .example = "assay.allocator(\"erk\", {sparsity = 0.9})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .allocate = allocate,
};
