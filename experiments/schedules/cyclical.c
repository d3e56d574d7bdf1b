/* cyclical.c: triangular cycles between a base rate and the peak. */
#include <math.h>

#include "experiments/schedules/schedule.h"

enum mode { MODE_TRIANGULAR, MODE_TRIANGULAR2, MODE_EXP_RANGE };
static const char *const mode_names[] = {"triangular", "triangular2", "exp_range", NULL};

#define CYCLES_DEFAULT 4

struct conf {
  struct schedule_common common;
  double base, gamma;
  int64_t half;
  int mode;
};

static const struct param params[] = {
  SCHEDULE_COMMON_PARAMS(struct conf, common),
  {.id = "base", .type = PARAM_REAL, .at = offsetof(struct conf, base), .def = 0.25, .min = 0, .max = 1,
   .flags = PARAM_TUNED, .unit = "fraction of peak", .doc = "lowest rate, at the ends of each cycle", .example = "0.25"},
  {.id = "half", .type = PARAM_INT, .at = offsetof(struct conf, half), .min = 1, .max = 1e12,
   .flags = PARAM_AUTO | PARAM_LOG, .unit = "steps", .doc = "half a cycle, 2 to 10 epochs; auto: four cycles fill the schedule",
   .example = "500"},
  {.id = "mode", .type = PARAM_CHOICE, .at = offsetof(struct conf, mode), .def = MODE_TRIANGULAR, .choices = mode_names,
   .doc = "amplitude of the cycles: the same, halved from each to the next, or falling as gamma^t", .example = "triangular2"},
  {.id = "gamma", .type = PARAM_REAL, .at = offsetof(struct conf, gamma), .def = 0.99994, .min = 0, .max = 1,
   .flags = PARAM_MIN_OPEN, .doc = "factor per update of the amplitude (exp_range)", .example = "0.999"},
  {0},
};

/* Half a cycle; auto: the least for which the last cycle does not end early. */
static int64_t half_cycle(const struct conf *c, int64_t total)
{
  int64_t halves = 2 * CYCLES_DEFAULT;
  return c->half != PARAM_AUTO_INT ? c->half : (total + halves - 1) / halves;
}

static double amplitude(const struct conf *c, int64_t t, int64_t cycle)
{
  switch ((enum mode)c->mode) {
  case MODE_TRIANGULAR2: return exp2(-(double)cycle);
  case MODE_EXP_RANGE: return pow(c->gamma, (double)t);
  case MODE_TRIANGULAR: break;
  }
  return 1.0;
}

static double body(const void *conf, int64_t t, int64_t total)
{
  const struct conf *c = conf;
  int64_t h = half_cycle(c, total), at = t % h, side = t / h;
  double height = (double)(side % 2 ? h - at : at) / (double)h;
  return c->base + (1.0 - c->base) * height * amplitude(c, t, side / 2);
}

const struct schedule schedule_cyclical = {
  .m = {.kind = KIND_SCHEDULE,
        .id = "cyclical",
        .name = "Triangular cycles",
        .summary = "linearly up and down between a base rate and the peak",
        .formula = "eta_t = peak * (base + (1 - base) max(0, 1 - x) s),  h = half,  c = floor(1 + t/(2h)),  x = |t/h - 2c + 1|,\n"
                   "s = 1 (triangular), 2^-(c-1) (triangular2), gamma^t (exp_range)",
        .cite = "Smith 2017, Cyclical learning rates for training neural networks",
        .notes = "The first update has the base rate, update `half` the peak (torch CyclicLR agrees, with the same cycle up and "
                 "down). The best iterate is the one at the end of a cycle. The parameter `last` has no effect.",
        .example = "assay.schedule(\"cyclical\", {peak = 0.1, steps = 4000, half = 500})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .resolve = schedule_resolve},
  .body = body,
};
