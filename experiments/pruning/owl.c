/* owl.c: outlier-weighed sparsity: layers with more outliers among their Wanda scores keep more. */
#include <math.h>
#include <stdlib.h>

#include "experiments/kernel/mem.h"
#include "experiments/pruning/pruning_int.h"

struct conf { double sparsity, lambda, M; };

static const struct param params[] = {
  {.id = "sparsity", .type = PARAM_REAL, .at = offsetof(struct conf, sparsity), .def = 0.5, .min = 0, .max = 1,
   .unit = "fraction removed", .doc = "of the whole net; met to the weight", .example = "0.7"},
  {.id = "lambda", .type = PARAM_REAL, .at = offsetof(struct conf, lambda), .def = 0.08, .min = 0, .max = 0.5,
   .flags = PARAM_TUNED, .doc = "half the largest difference between the sparsities of two layers", .example = "0.08"},
  {.id = "outlier", .type = PARAM_REAL, .at = offsetof(struct conf, M), .def = 5, .min = 0, .max = 1e6,
   .flags = PARAM_TUNED | PARAM_MIN_OPEN, .unit = "times the mean",
   .doc = "a score is an outlier above this many (M) times the layer's mean", .example = "5"},
  {0},
};
static const char *const needs[] = {"inputs", NULL};

/* Part of the layer's scores |W_ij| ||X_j|| above M times their mean. */
static double outliers(const struct prune_layer *l, double M)
{
  double sum = 0, count = 0, n = (double)l->out * (double)l->in;
  for (int pass = 0; pass < 2; pass++)
    for (size_t i = 0; i < l->out * l->in; i++) {
      double s = fabs(l->w[i]) * sqrt(l->norm2[i % l->in]);
      if (pass == 0)
        sum += s;
      else
        count += s > M * sum / n;
    }
  return n > 0 ? count / n : 0.0;
}

/* Weights removed of all when every layer's sparsity is clip(base_l + shift). */
static double removed(const struct prune_layer *l, size_t n_layers, const double *base, double shift, double low, double high)
{
  double sum = 0;
  for (size_t i = 0; i < n_layers; i++)
    sum += fmin(fmax(base[i] + shift, low), high) * (double)l[i].out * (double)l[i].in;
  return sum;
}

/* base becomes clip(base + shift) with the shift that meets the budget: removed() grows with it. */
static void balance(const struct prune_layer *l, size_t n_layers, double sparsity, double *base)
{
  double low = fmin(0.01, sparsity), high = fmax(0.99, sparsity), from = -2, to = 2, total = 0;
  for (size_t i = 0; i < n_layers; i++)
    total += (double)l[i].out * (double)l[i].in;
  for (int i = 0; i < 60; i++) {
    double middle = 0.5 * (from + to);
    if (removed(l, n_layers, base, middle, low, high) < sparsity * total)
      from = middle;
    else
      to = middle;
  }
  for (size_t i = 0; i < n_layers; i++)
    base[i] = fmin(fmax(base[i] + to, low), high);
}

static enum status allocate(const void *conf, const struct exec *x, const struct prune_layer *l, size_t n_layers,
                            double *per_layer, struct err *e)
{
  const struct conf *c = conf;
  double lowest = INFINITY, highest = 0;
  (void)x;
  (void)e;
  for (size_t i = 0; i < n_layers; i++) {
    per_layer[i] = outliers(&l[i], c->M);
    lowest = fmin(lowest, per_layer[i]);
    highest = fmax(highest, per_layer[i]);
  }
  for (size_t i = 0; i < n_layers; i++)
    per_layer[i] = c->sparsity - (highest > lowest ? 2 * c->lambda * (per_layer[i] - lowest) / (highest - lowest) : 0.0);
  balance(l, n_layers, c->sparsity, per_layer);
  prune_whole_counts(l, n_layers, c->sparsity, per_layer);
  return STATUS_OK;
}

const struct allocator allocator_owl = {
  .m = {.kind = KIND_ALLOCATOR,
        .id = "owl",
        .name = "Outlier-weighed layerwise sparsity",
        .summary = "layers with more outliers among their Wanda scores keep more",
        .formula = "o_l = part of |W_ij| ||X_j|| above M times their mean;\n"
                   "d_l = 2 lambda (o_l - min)/(max - min);  s_l = s - d_l + mean of d weighted by size",
        .cite = "Yin et al. 2024, Outlier weighed layerwise sparsity (OWL): a missing secret sauce for pruning LLMs to high "
                "sparsity",
        .notes = "Clipped to [0.01, 0.99] and shifted until the budget is met; equal outlier ratios give uniform sparsity. "
                 "Each matrix is a layer here; the paper pools the matrices of a block.",
        .example = "assay.allocator(\"owl\", {sparsity = 0.7})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .needs = needs},
  .allocate = allocate,
};
