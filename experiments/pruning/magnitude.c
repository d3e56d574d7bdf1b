/* magnitude.c: the size of a weight. With compare = global this is "class-blind" pruning, layer "class-uniform", and
 * global with scale = deviation "class-distribution" (See, Luong and Manning 2016). */
#include <math.h>

#include "experiments/kernel/vec.h"
#include "experiments/pruning/pruning.h"

enum scale { SCALE_NONE, SCALE_DEVIATION };
static const char *const scale_names[] = {"none", "deviation", NULL};

struct conf {
  struct prune_common common;
  int scale;
};

static const struct param params[] = {
  PRUNE_COMMON_PARAMS(struct conf, common, PRUNE_GLOBAL),
  {.id = "scale", .type = PARAM_CHOICE, .at = offsetof(struct conf, scale), .def = SCALE_NONE, .choices = scale_names,
   .doc = "deviation: divided by the standard deviation of the layer's weights, so that layers compare by shape, not size",
   .example = "deviation"},
  {0},
};

/* Of the population; 1 for a constant layer, whose weights all rank alike then. */
static double deviation(const double *w, size_t n)
{
  double mean = vec_sum_f64(w, n) / (double)n, sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += (w[i] - mean) * (w[i] - mean);
  return sum > 0 ? sqrt(sum / (double)n) : 1.0;
}

static enum status rate(const void *conf, const struct exec *x, const struct prune_layer *l, double *score, struct err *e)
{
  const struct conf *c = conf;
  size_t n = l->out * l->in;
  double unit = c->scale == SCALE_DEVIATION && n ? deviation(l->w, n) : 1.0;
  (void)x;
  (void)e;
  for (size_t i = 0; i < n; i++)
    score[i] = fabs(l->w[i]) / unit;
  return STATUS_OK;
}

const struct score score_magnitude = {
  .m = {.kind = KIND_SCORE,
        .id = "magnitude",
        .name = "Magnitude",
        .summary = "the absolute value of the weight",
        .formula = "S_ij = |W_ij|,  or |W_ij| / sd(W) with scale = deviation",
        .cite = "Han, Pool, Tran, Dally 2015, Learning both weights and connections for efficient neural networks; "
                "See, Luong, Manning 2016, Compression of neural machine translation models via pruning",
        .notes = "compare = global is class-blind, layer class-uniform, global with scale = deviation class-distribution. "
                 "A global ranking can empty a layer of small scale.",
        .example = "assay.score(\"magnitude\", {sparsity = 0.8, compare = \"layer\"})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .resolve = prune_resolve},
  .rate = rate,
};
