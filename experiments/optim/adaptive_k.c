/* adaptive_k.c: the examples of a mini-batch whose loss lies under a threshold count, however many they are; the threshold
 * follows the mean losses of the mini-batches.
 *
 * The authors' program (enesdedeoglu-TR/Adaptive-k, MNIST.ipynb) keeps moving averages m of the mean loss and v of its
 * square, as Adam does, both from 0 and without bias correction, and takes the losses up to m/sqrt(v): a number without
 * unit, which stands above 3 at first and falls to 1 when the mean loss changes little over 1/(1 - b2) updates. The rule is
 * then that the label has at least the probability 1/e. The dossier's reading, a moving mean of the losses, is the other choice. */
#include <math.h>

#include "experiments/optim/selector.h"

#define EPSILON 1e-8 /* of the authors' program */

enum threshold { THRESHOLD_NORMALIZED, THRESHOLD_MEAN };
static const char *const threshold_names[] = {"normalized", "mean", NULL};

struct conf {
  double b1, b2, begin;
  int threshold;
};

struct state {
  double m, v, count;
};

static const struct param params[] = {
  {.id = "threshold", .type = PARAM_CHOICE, .at = offsetof(struct conf, threshold), .def = THRESHOLD_NORMALIZED, .choices = threshold_names,
   .doc = "normalized: m/(sqrt(v) + 1e-8), as the authors' program has it; mean: m with bias correction", .example = "mean"},
  {.id = "begin", .type = PARAM_REAL, .at = offsetof(struct conf, begin), .def = 0.375, .min = 0, .max = 1, .unit = "part of the updates",
   .doc = "updates that come before, with all examples (30 of the authors' 80 epochs)", .example = "0.1"},
  {.id = "b1", .type = PARAM_REAL, .at = offsetof(struct conf, b1), .def = 0.9, .min = 0, .max = 1, .flags = PARAM_MAX_OPEN,
   .doc = "memory of m", .example = "0.99"},
  {.id = "b2", .type = PARAM_REAL, .at = offsetof(struct conf, b2), .def = 0.999, .min = 0, .max = 1, .flags = PARAM_MAX_OPEN,
   .doc = "memory of v", .example = "0.99"},
  {0},
};

static size_t state_size(const void *conf)
{
  (void)conf;
  return sizeof(struct state);
}

static void init(const void *conf, void *state)
{
  (void)conf;
  *(struct state *)state = (struct state){0};
}

/* Take in one mini-batch's mean loss; what a loss may be at most. */
static double next_threshold(const struct conf *c, struct state *s, double mean)
{
  s->m = c->b1 * s->m + (1 - c->b1) * mean;
  s->v = c->b2 * s->v + (1 - c->b2) * mean * mean;
  s->count++;
  return c->threshold == THRESHOLD_MEAN ? s->m / (1 - pow(c->b1, s->count)) : s->m / (sqrt(s->v) + EPSILON);
}

static void weigh(const void *conf, void *state, const struct selection *s, double *weight)
{
  double sum = 0;
  if (selector_waits(((const struct conf *)conf)->begin, s, weight))
    return;
  for (size_t i = 0; i < s->n; i++)
    sum += s->loss[i];
  double most = next_threshold(conf, state, sum / (double)s->n);
  for (size_t i = 0; i < s->n; i++)
    weight[i] = s->loss[i] <= most;
}

const struct selector selector_adaptive_k = {
  .m = {.kind = KIND_SELECTOR,
        .id = "adaptive-k",
        .name = "Adaptive-k",
        .summary = "only examples whose loss is below a threshold, which follows the mean loss, count",
        .formula = "m <- b1 m + (1 - b1) L,  v <- b2 v + (1 - b2) L^2,  L = mean loss of the mini-batch, m and v from 0;\n"
                   "g = mean of grad l_i over l_i <= m/(sqrt(v) + 1e-8)   (threshold = \"mean\": l_i <= m/(1 - b1^k))",
        .cite = "Dedeoglu, Kesgin and Amasyali 2024, A robust optimization method for label noisy datasets based on adaptive "
                "threshold: Adaptive-k",
        .notes = "The normalized threshold has no unit: over a long time of little change it is about 1, whatever the loss, and fits "
                 "losses that are negative log probabilities. Both averages start with the first update after `begin`. A mini-batch "
                 "of which no loss is low enough gives a gradient of 0 (momentum and decay still act).",
        .example = "assay.selector(\"adaptive-k\", {begin = 0.2})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .state_size = state_size,
  .init = init,
  .weigh = weigh,
};
