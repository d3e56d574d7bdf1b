/* lowest_k.c: a fixed number of the examples of each mini-batch count, those of the lowest loss.
 *
 * With k = 1 it is the min-k loss of its source (Shah, Wu and Sanghavi 2020), whose k is the size of the mini-batch here. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/optim/selector.h"

struct conf {
  double begin, share;
};

static const struct param params[] = {
  {.id = "share", .type = PARAM_REAL, .at = offsetof(struct conf, share), .def = 0.5, .min = 0, .max = 1,
   .flags = PARAM_MIN_OPEN | PARAM_TUNED, .unit = "part of the mini-batch", .doc = "k over the mini-batch's size, rounded up", .example = "0.7"},
  {.id = "begin", .type = PARAM_REAL, .at = offsetof(struct conf, begin), .def = 0, .min = 0, .max = 1, .unit = "part of the updates",
   .doc = "updates that come before, with all examples", .example = "0.1"},
  {0},
};

static size_t state_size(const void *conf)
{
  (void)conf;
  return 0;
}

static void init(const void *conf, void *state) { (void)conf, (void)state; }

static int compare(const void *a, const void *b)
{
  const double *x = a, *y = b;
  return (*x > *y) - (*x < *y);
}

/* k: the part of n, rounded up; what is a rounding error above a whole number is that number (0.55 * 20 > 11). */
static size_t count(double share, size_t n)
{
  double k = ceil(share * (double)n * (1 - 1e-12));
  return k < 1 ? 1 : k > (double)n ? n : (size_t)k;
}

/* Among equals the first are taken. `weight` is the room in which the losses are sorted. */
static void weigh(const void *conf, void *state, const struct selection *s, double *weight)
{
  const struct conf *c = conf;
  (void)state;
  if (selector_waits(c->begin, s, weight))
    return;
  size_t k = count(c->share, s->n), below = 0;
  memcpy(weight, s->loss, s->n * sizeof *weight);
  qsort(weight, s->n, sizeof *weight, compare);
  double last = weight[k - 1];
  for (size_t i = 0; i < s->n; i++)
    below += s->loss[i] < last;
  size_t equals = k - below;
  for (size_t i = 0; i < s->n; i++) {
    bool tie = s->loss[i] == last;
    weight[i] = s->loss[i] < last || (tie && equals > 0);
    equals -= tie && equals > 0;
  }
}

const struct selector selector_lowest_k = {
  .m = {.kind = KIND_SELECTOR,
        .id = "lowest-k",
        .name = "Lowest k losses",
        .summary = "only the k examples of lowest loss in each mini-batch count",
        .formula = "g = mean of grad l_i over the k examples of the mini-batch with the lowest l_i,  k = ceil(share B)",
        .cite = "Shah, Wu and Sanghavi 2020, Choosing the sample with lowest loss makes SGD robust (k = 1); Shen and Sanghavi 2019, "
                "Learning with bad training data via iterative trimmed loss minimization (over the whole data set)",
        .notes = "Where a part p of the labels is wrong, share = 1 - p is the natural choice: the method needs to be told. Hard "
                 "examples with right labels are left out, too. share = 1 changes nothing. A mini-batch of one example is always "
                 "taken.",
        .example = "assay.selector(\"lowest-k\", {share = 0.7})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .state_size = state_size,
  .init = init,
  .weigh = weigh,
};
