/* probe.h: facts about a trained model that several methods need, computed once.
 *
 * A bound or pruning score names the probes it needs (method.needs); whoever runs it asks the cache, which
 * computes each probe once per (model, weights, data, seed) and hands it out read-only. So no measure repeats
 * another's walk over the data, and each can be run, timed and tested alone.
 *
 * A probe's value is a set of named float64 arrays: "margin" (n), "spectral_norm" (one per layer),
 * "input_gram" (one matrix per layer), with standard errors beside what was sampled. */
#ifndef ASSAY_PROBE_H
#define ASSAY_PROBE_H

#include "experiments/data/data.h"
#include "experiments/kernel/exec.h"
#include "experiments/models/model.h"

/* What a probe looks at; everything is borrowed. */
struct probe_subject {
  const struct net *net;
  const struct object *model, *loss;
  const float *weights;         /* padded, net->n_params */
  const float *start;           /* weights at the start of training; NULL when unknown */
  const struct dataset *data;
  const struct examples *part;  /* the examples to look at */
  uint64_t seed;                /* of sampled directions and subsets */
};

struct probe_array {
  const char *name;             /* of the probe's own list */
  size_t layer;                 /* SIZE_MAX: of the whole net */
  struct mat value;             /* float64 */
  double standard_error;        /* of a sampled scalar; NaN when exact */
};

struct probe_value { size_t n; struct probe_array *array; };

struct probe {
  struct method m;
  enum status (*measure)(const void *conf, const struct exec *x, const struct probe_subject *s, struct probe_value *out,
                         struct err *e);
};

#endif
