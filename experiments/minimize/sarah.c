/* sarah.c: the stochastic recursive gradient: no table, no reference point, a biased estimate whose noise dies out. */
#include <math.h>

#include "experiments/minimize/recursive.h"

struct conf {
  struct sum_conf sum;
  double period, fraction;
};

static const struct param params[] = {
  SUM_PARAMS(struct conf, sum, "1/(2 L_b), L_b the smoothness of a mini-batch", "about L_max/L for dense linear models, at most 64; else 1"),
  {.id = "period", .type = PARAM_REAL, .at = offsetof(struct conf, period), .def = 4, .min = 0, .max = 1000, .flags = PARAM_MIN_OPEN,
   .unit = "passes", .doc = "length of the inner loop: m = period n/(2 b) iterations of two batch gradients", .example = "2"},
  {.id = "fraction", .type = PARAM_REAL, .at = offsetof(struct conf, fraction), .def = 0.125, .min = 0, .max = 1,
   .doc = "the inner loop also ends when |v|^2 <= fraction |v_0|^2 (SARAH+); 0: never", .example = "0.03125"},
  {0},
};

static enum status run(const void *conf, struct minimize *m, struct err *e)
{
  const struct conf *c = conf;
  const struct recursive_rule rule = {.period = c->period, .fraction = c->fraction, .p = 0};
  size_t batch;
  double rate;
  enum status s = sum_resolve(&c->sum, m, 0.5, &batch, &rate, e);
  return s == STATUS_OK ? recursive_run(&c->sum, &rule, batch, rate, m, e) : s;
}

const struct minimizer minimizer_sarah = {
  .m = {.kind = KIND_MINIMIZER,
        .id = "sarah",
        .name = "SARAH",
        .summary = "recursive gradient estimates: variance reduction without a table",
        .formula = "v_0 = grad f(w_0); v = g_B(w) - g_B(w_last) + v; w <- w - rate v; anew after m iterations or when |v|^2 <= fraction |v_0|^2",
        .cite = "Nguyen, Liu, Scheinberg and Takac 2017, SARAH: a novel method for machine learning problems using stochastic recursive gradient",
        .notes = "Any finite sum; two batch gradients an iteration, O(d) memory. fraction 1/8 is SARAH+.",
        .example = "assay.minimizer(\"sarah\", {batch = 4})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .run = run,
};
