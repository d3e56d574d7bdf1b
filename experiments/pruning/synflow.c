/* synflow.c: synaptic flow: the share of each weight in the signal that ones send through the net of absolute weights, without
 * data. The flow through every layer is the same, so that no layer is emptied before all are thin; and it is spent in rounds,
 * with scores recomputed on what is left. */
#include <math.h>
#include <stdlib.h>

#include "experiments/kernel/mem.h"
#include "experiments/pruning/pruning_int.h"

struct conf {
  struct prune_common common;
  int64_t rounds;
};

static const struct param params[] = {
  PRUNE_COMMON_PARAMS(struct conf, common, PRUNE_GLOBAL),
  {.id = "rounds", .type = PARAM_INT, .at = offsetof(struct conf, rounds), .def = 100, .min = 1, .max = 10000,
   .doc = "round k of them leaves the fraction (1 - sparsity)^(k/rounds); n:m takes one", .example = "100"},
  {0},
};

struct work {
  const struct conf *c;
  const struct prune_layer *l;
  size_t n;
  double **w, **g, *const *score; /* weights left, derivatives of the flow, results; per layer */
  uint8_t **keep;
};

/* Scores of this round: w dR/dw >= 0; what went in earlier rounds stays below, in the order in which it went. */
static enum status flow(struct work *k, struct err *e)
{
  double total;
  enum status status = prune_flow(k->l, k->n, (const double *const *)k->w, &total, k->g, e);
  for (size_t i = 0; i < k->n && !status; i++)
    for (size_t j = 0; j < k->l[i].out * k->l[i].in; j++)
      if (k->keep[i][j])
        k->score[i][j] = k->w[i][j] * k->g[i][j];
  return status;
}

/* Choose what stays, and note the round of what goes. */
static enum status spend(struct work *k, int64_t round, int64_t rounds, const double *sparsity, struct err *e)
{
  double *level = xcalloc(k->n + 1, sizeof *level), part = (double)round / (double)rounds;
  struct prune_common rule = k->c->common;
  rule.sparsity = 1 - pow(1 - rule.sparsity, part);
  for (size_t i = 0; sparsity && i < k->n; i++)
    level[i] = 1 - pow(1 - sparsity[i], part);
  if (round == rounds) { /* to the weight, whatever pow rounds */
    rule.sparsity = k->c->common.sparsity;
    for (size_t i = 0; sparsity && i < k->n; i++)
      level[i] = sparsity[i];
  }
  enum status status = prune_choose_all(&rule, k->l, k->n, sparsity ? level : NULL, k->score, k->keep, e);
  free(level);
  for (size_t i = 0; i < k->n && !status; i++)
    for (size_t j = 0; j < k->l[i].out * k->l[i].in; j++)
      if (!k->keep[i][j] && k->score[i][j] >= 0) {
        k->score[i][j] = (double)(round - rounds - 1);
        k->w[i][j] = 0;
      }
  return status;
}

static enum status run(struct work *k, const struct exec *x, const double *sparsity, struct err *e)
{
  if (k->c->common.compare == PRUNE_N_OF_M)
    return flow(k, e);
  enum status status = STATUS_OK;
  for (int64_t round = 1; round <= k->c->rounds && !status; round++) {
    status = flow(k, e);
    status = status ? status : spend(k, round, k->c->rounds, sparsity, e);
    if (exec_cancelled(x) && !status)
      status = err_set(e, STATUS_CANCELLED, "cancelled");
  }
  return status;
}

static enum status rate_all(const void *conf, const struct exec *x, const struct prune_layer *l, size_t n_layers,
                            const double *sparsity, double *const *score, struct err *e)
{
  double **tables = xcalloc(2 * n_layers + 1, sizeof *tables);
  uint8_t **keep = xcalloc(n_layers + 1, sizeof *keep);
  struct work k = {.c = conf, .l = l, .n = n_layers, .w = tables, .g = tables + n_layers, .score = score, .keep = keep};
  void *masks = NULL, *numbers = NULL;
  size_t total = 0;
  for (size_t i = 0; i < n_layers; i++)
    total += l[i].out * l[i].in;
  enum status status = prune_masks_new(l, n_layers, keep, &masks, e);
  if (!status)
    status = mem_new(&numbers, total, 2 * sizeof(double), "flows", e);
  double *at = numbers;
  for (size_t i = 0; i < n_layers && !status; i++, at += l[i - 1].out * l[i - 1].in) {
    k.w[i] = at;
    k.g[i] = at + total;
    for (size_t j = 0; j < l[i].out * l[i].in; j++) {
      k.w[i][j] = fabs(l[i].w[j]);
      keep[i][j] = 1;
    }
  }
  status = status ? status : run(&k, x, sparsity, e);
  free(numbers);
  free(masks);
  free(keep);
  free(tables);
  return status;
}

const struct score score_synflow = {
  .m = {.kind = KIND_SCORE,
        .id = "synflow",
        .name = "Synaptic flow",
        .summary = "the weight's share of the signal that ones send through the net of absolute weights; needs no data",
        .formula = "R = 1' |W_L| ... |W_1| 1,  S = |w| dR/d|w|;  in rounds, on what earlier rounds have left",
        .cite = "Tanaka, Kunin, Yamins, Ganguli 2020, Pruning neural networks without any data by iteratively conserving synaptic flow",
        .notes = "Without biases the scores of every layer add up to R, and those into a hidden unit to those out of it, so that a "
                 "global ranking collapses no layer before the maximal compression. Activations are taken as the identity (which relu is "
                 "here), pooling as it is. Float64: R can be astronomical in deep nets. A list of matrices is a chain: the outputs of "
                 "one are the inputs of the next. Scores of removed weights are negative: minus the rounds since.",
        .example = "assay.score(\"synflow\", {sparsity = 0.9})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .resolve = prune_resolve},
  .rate_all = rate_all,
};
