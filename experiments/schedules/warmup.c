/* warmup.c: a warm-up on its own, to be put in front of a schedule. */
#include "experiments/schedules/schedule.h"

struct conf {
  struct schedule_common common;
  double start;
  int shape;
  bool from_zero;
};

static const struct param params[] = {
  SCHEDULE_COMMON_PARAMS(struct conf, common),
  {.id = "shape", .type = PARAM_CHOICE, .at = offsetof(struct conf, shape), .def = WARMUP_LINEAR, .choices = schedule_warmup_names,
   .doc = "shape of the rise", .example = "cosine"},
  {.id = "start", .type = PARAM_REAL, .at = offsetof(struct conf, start), .def = 0, .min = 0, .max = 1, .unit = "fraction of peak",
   .doc = "start (linear, exponential) or factor (constant); 0 means the shape's own default", .example = "0.1"},
  {.id = "from_zero", .type = PARAM_BOOL, .at = offsetof(struct conf, from_zero), .def = 0, .flags = PARAM_ADVANCED,
   .doc = "t/T instead of (t+1)/T: the first update has rate 0", .example = "true"},
  {0},
};

static double body(const void *conf, int64_t t, int64_t total)
{
  const struct conf *c = conf;
  struct schedule_common rise = {.warmup = total, .warmup_shape = c->shape, .warmup_start = c->start, .warmup_from_zero = c->from_zero};
  return schedule_warmup_factor(&rise, t);
}

const struct schedule schedule_warmup = {
  .m = {.kind = KIND_SCHEDULE,
        .id = "warmup",
        .name = "Warm-up",
        .summary = "rise to the peak over all of its updates: the first part of a sequence",
        .formula = "linear: peak (t+1)/T, or peak (start + (1 - start) t/T);  cosine: peak (1 - cos(pi (t+1)/T))/2;\n"
                   "exponential: peak start^(1 - (t+1)/T);  constant: peak times start",
        .cite = "Goyal et al. 2017, Accurate, large minibatch SGD: training ImageNet in 1 hour (gradual warm-up)",
        .notes = "Its T is the length of the rise: assay.schedule(\"warmup\", {steps = 50}) + assay.schedule(\"cosine\") is the "
                 "sequence (\"piecewise\") of 50 updates of rise and the body on what is left, the same as the body with "
                 "warmup = 50. A warm-up itself: warmup must stay 0. The parameter `last` has no effect.",
        .example = "assay.schedule(\"warmup\", {peak = 0.1, steps = 50})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .resolve = schedule_resolve},
  .body = body,
  .own_warmup = true,
};
