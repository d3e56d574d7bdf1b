/* obd.c: optimal brain damage: second-order change of the loss with a diagonal Hessian. */
#include "experiments/pruning/pruning.h"

enum negative { NEGATIVE_CLAMP, NEGATIVE_RANK };
static const char *const negative_names[] = {"clamp", "rank", NULL};

struct conf {
  struct prune_common common;
  int negative;
};

static const struct param params[] = {
  PRUNE_COMMON_PARAMS(struct conf, common, PRUNE_GLOBAL),
  {.id = "negative", .type = PARAM_CHOICE, .at = offsetof(struct conf, negative), .def = NEGATIVE_CLAMP,
   .choices = negative_names, .doc = "negative curvatures (away from a minimum): taken as 0, or ranked as they are",
   .example = "rank"},
  {0},
};
static const char *const needs[] = {"curvature", NULL};

/* The given diagonal, else the empirical Fisher: the mean of the squared gradients. */
static double curvature(const struct prune_layer *l, size_t n, size_t i)
{
  if (l->curvature)
    return l->curvature[i];
  double sum = 0;
  for (size_t b = 0; b < l->n_gradients; b++)
    sum += l->gradient[b * n + i] * l->gradient[b * n + i];
  return sum / (double)l->n_gradients;
}

static enum status rate(const void *conf, const struct exec *x, const struct prune_layer *l, double *score, struct err *e)
{
  const struct conf *c = conf;
  size_t n = l->out * l->in;
  (void)x;
  (void)e;
  for (size_t i = 0; i < n; i++) {
    double h = curvature(l, n, i);
    score[i] = 0.5 * (h < 0 && c->negative == NEGATIVE_CLAMP ? 0.0 : h) * l->w[i] * l->w[i];
  }
  return STATUS_OK;
}

const struct score score_obd = {
  .m = {.kind = KIND_SCORE,
        .id = "obd",
        .name = "Optimal brain damage",
        .summary = "second-order change of the loss with a diagonal Hessian",
        .formula = "S = h w^2 / 2,  h the diagonal of the Hessian; without one the empirical Fisher, mean of g^2",
        .cite = "LeCun, Denker, Solla 1990, Optimal brain damage",
        .notes = "The Fisher needs gradients of single examples (or small batches), one matrix each: the square of a mean "
                 "gradient is something else. The paper takes the Gauss-Newton diagonal, which is never negative.",
        .example = "assay.score(\"obd\", {sparsity = 0.5})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .needs = needs,
        .resolve = prune_resolve},
  .rate = rate,
};
