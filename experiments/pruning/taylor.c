/* taylor.c: first-order change of the loss when a weight goes, per batch and then averaged. */
#include <math.h>

#include "experiments/pruning/pruning.h"

enum form { FORM_SQUARED, FORM_ABSOLUTE };
static const char *const form_names[] = {"squared", "absolute", NULL};

struct conf {
  struct prune_common common;
  int form;
};

static const struct param params[] = {
  PRUNE_COMMON_PARAMS(struct conf, common, PRUNE_GLOBAL),
  {.id = "form", .type = PARAM_CHOICE, .at = offsetof(struct conf, form), .def = FORM_SQUARED, .choices = form_names,
   .doc = "what is averaged over batches: (g w)^2 or |g w|", .example = "absolute"},
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
    double sum = 0;
    for (size_t b = 0; b < l->n_gradients; b++) {
      double change = l->gradient[b * n + i] * l->w[i];
      sum += c->form == FORM_SQUARED ? change * change : fabs(change);
    }
    score[i] = sum / (double)l->n_gradients;
  }
  return STATUS_OK;
}

const struct score score_taylor = {
  .m = {.kind = KIND_SCORE,
        .id = "taylor",
        .name = "First-order Taylor",
        .summary = "squared first-order change of the loss when the weight goes, averaged over batches",
        .formula = "S = mean over batches of (g w)^2, or of |g w|",
        .cite = "Molchanov, Mallya, Tyree, Frosio, Kautz 2019, Importance estimation for neural network pruning",
        .notes = "At an interpolating minimum g is 0 and the score is noise: the reason for second-order scores.",
        .example = "assay.score(\"taylor\", {sparsity = 0.5})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .needs = needs,
        .resolve = prune_resolve},
  .rate = rate,
};
