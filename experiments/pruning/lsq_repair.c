/* lsq_repair.c: the best weights for a given mask, row by row: the yardstick for everything that also updates weights. */
#include <stdlib.h>

#include "experiments/kernel/mem.h"
#include "experiments/pruning/pruning_int.h"

struct conf { double damp; };

static const struct param params[] = {
  {.id = "damp", .type = PARAM_REAL, .at = offsetof(struct conf, damp), .def = 0, .min = 0, .max = 100,
   .unit = "fraction of mean(diag H)", .doc = "added to the diagonal; a singular H is damped by 1e-6 or more in any case",
   .example = "0.01"},
  {0},
};
static const char *const needs[] = {"gram", NULL};

static enum status restore(const void *conf, const struct exec *x, const struct prune_layer *l, const uint8_t *keep, double *w,
                           struct prune_note *note, struct err *e)
{
  const struct conf *c = conf;
  size_t d = l->in;
  void *memory;
  enum status status = mem_new(&memory, d * (3 * d + 2), sizeof(double), "Gram matrix and factors", e);
  if (status)
    return status;
  double *a = memory, *dense = a + d * d, *scratch = dense + d, mean = prune_repaired_gram(l->gram, d, a);
  for (size_t i = 0; i < l->out && status == STATUS_OK; i++) {
    for (size_t j = 0; j < d; j++)
      dense[j] = l->gram[j * d + j] == 0 ? 0.0 : l->w[i * d + j]; /* dead inputs */
    size_t kept = 0;
    for (size_t j = 0; j < d; j++)
      kept += keep[i * d + j];
    if (kept < d) /* a full row stays as it is, to the bit */
      status = prune_least_squares(a, d, mean, c->damp, dense, keep + i * d, w + i * d, scratch, &note->damp, e);
    if (exec_cancelled(x) && status == STATUS_OK)
      status = err_set(e, STATUS_CANCELLED, "cancelled");
  }
  free(memory);
  return status;
}

const struct restorer restorer_lsq_repair = {
  .m = {.kind = KIND_RESTORER,
        .id = "lsq-repair",
        .name = "Least-squares repair",
        .summary = "the kept weights of each row that bring the layer's output nearest to the dense one",
        .formula = "w_S <- H_SS^-1 H_S: w  for the kept set S of each row,  H = X X' (+ damp * mean(diag H) I)",
        .cite = "Hassibi, Stork 1992, Second order derivatives for network pruning: optimal brain surgeon; "
                "Meng, Behdin, Wang, Mazumder 2024, ALPS: improved optimization for highly sparse one-shot pruning for large "
                "language models",
        .notes = "One Cholesky factor per row, |S|^3/3 each. Weights of dead inputs become 0; rows without removed weights "
                 "stay as they are.",
        .example = "assay.restorer(\"lsq-repair\")",
        .conf_size = sizeof(struct conf),
        .params = params,
        .needs = needs},
  .restore = restore,
};
