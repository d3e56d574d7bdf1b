/* uniform.c: the same sparsity everywhere. */
#include "experiments/pruning/pruning.h"

struct conf {
  double sparsity;
  bool first_dense, last_dense;
};

static const struct param params[] = {
  {.id = "sparsity", .type = PARAM_REAL, .at = offsetof(struct conf, sparsity), .def = 0.5, .min = 0, .max = 1,
   .unit = "fraction removed", .doc = "of every layer that is not left dense", .example = "0.8"},
  {.id = "first_dense", .type = PARAM_BOOL, .at = offsetof(struct conf, first_dense), .def = 0,
   .doc = "leave the first layer dense; the whole net is then less sparse", .example = "true"},
  {.id = "last_dense", .type = PARAM_BOOL, .at = offsetof(struct conf, last_dense), .def = 0,
   .doc = "leave the last layer dense; the whole net is then less sparse", .example = "true"},
  {0},
};

static enum status allocate(const void *conf, const struct exec *x, const struct prune_layer *l, size_t n_layers,
                            double *per_layer, struct err *e)
{
  const struct conf *c = conf;
  (void)x;
  (void)l;
  (void)e;
  for (size_t i = 0; i < n_layers; i++)
    per_layer[i] = (i == 0 && c->first_dense) || (i + 1 == n_layers && c->last_dense) ? 0.0 : c->sparsity;
  return STATUS_OK;
}

const struct allocator allocator_uniform = {
  .m = {.kind = KIND_ALLOCATOR,
        .id = "uniform",
        .name = "Uniform",
        .summary = "the same sparsity in every layer",
        .formula = "s_l = s",
        .cite = "See, Luong, Manning 2016, Compression of neural machine translation models via pruning",
        .notes = "Evci et al. 2020 keep the first layer dense under this name: first_dense.",
        .example = "assay.allocator(\"uniform\", {sparsity = 0.8})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .allocate = allocate,
};
