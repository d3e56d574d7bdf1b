/* ema.c: exponential moving average of the weights.
 *
 * Bias correction divides an average started at 0 by 1 - b^(t+1). That quotient is itself a moving average
 * whose weight falls from 1 to 1 - b, e += (1 - b)/(1 - b^(t+1)) (x - e): one vector, nothing to divide at
 * the end, and no count to store. */
#include <math.h>

#include "experiments/optim/optimizer.h"

enum start { START_INITIAL, START_CORRECTED };
static const char *const start_names[] = {"initial", "corrected", NULL};

struct conf {
  double b;
  int start;
};

static const struct param params[] = {
  {.id = "b", .type = PARAM_REAL, .at = offsetof(struct conf, b), .def = 0.999, .min = 0, .max = 1,
   .flags = PARAM_MAX_OPEN | PARAM_TUNED, .doc = "memory: about 1/(1 - b) updates; 0 is the last iterate", .example = "0.999"},
  {.id = "start", .type = PARAM_CHOICE, .at = offsetof(struct conf, start), .def = START_INITIAL, .choices = start_names,
   .doc = "initial: the average starts at the initial weights; corrected: it starts empty, with bias correction",
   .example = "corrected"},
  {0},
};

static double weight(const void *conf, uint64_t t, uint64_t total)
{
  const struct conf *c = conf;
  (void)total;
  double fresh = 1.0 - c->b;
  return c->start == START_CORRECTED ? fresh / (1.0 - pow(c->b, (double)t + 1.0)) : fresh;
}

const struct average average_ema = {
  .m = {.kind = KIND_AVERAGE,
        .id = "ema",
        .name = "Exponential moving average",
        .summary = "weights averaged with geometrically fading memory",
        .formula = "e <- b e + (1 - b) x;  corrected: divided by 1 - b^(t+1) when started at 0",
        .cite = "Polyak and Juditsky 1992, Acceleration of stochastic approximation by averaging (averaging); Tarvainen and "
                "Valpola 2017, Mean teachers are better role models (the exponential form for networks)",
        .notes = "Evaluate the average, never train on it. Started at the initial weights it still remembers them after T "
                 "updates with weight b^T: choose b well below 1 - 1/T, or start = \"corrected\".",
        .example = "assay.average(\"ema\", {b = 0.999})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .weight = weight,
};
