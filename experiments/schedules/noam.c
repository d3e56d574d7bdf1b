/* noam.c: the Transformer's schedule as it was published, scaled by the width of the model instead of a
 * peak rate. inverse-sqrt is the same shape with a peak. */
#include <math.h>

#include "experiments/schedules/schedule.h"

struct conf {
  struct schedule_common common;
  int64_t width, knee;
};

static const struct param params[] = {
  SCHEDULE_SCALE_PARAM(struct conf, common, "scale of the published rate: the largest is peak (d W)^-0.5"),
  SCHEDULE_FRAME_PARAMS(struct conf, common),
  {.id = "width", .type = PARAM_INT, .at = offsetof(struct conf, width), .def = 512, .min = 1, .max = 1e9,
   .doc = "width d of the model (d_model)", .example = "512"},
  {.id = "knee", .type = PARAM_INT, .at = offsetof(struct conf, knee), .def = 4000, .min = 1, .max = 1e12,
   .flags = PARAM_LOG | PARAM_TUNED, .unit = "steps", .doc = "updates W of the linear rise; may exceed T", .example = "4000"},
  {0},
};

static double body(const void *conf, int64_t t, int64_t total)
{
  const struct conf *c = conf;
  double k = (double)t + 1.0, W = (double)c->knee;
  (void)total;
  return fmin(1.0 / sqrt(k), k / (W * sqrt(W))) / sqrt((double)c->width);
}

const struct schedule schedule_noam = {
  .m = {.kind = KIND_SCHEDULE,
        .id = "noam",
        .name = "Noam",
        .summary = "linear rise, then 1/sqrt(t), scaled by the width of the model",
        .formula = "eta_t = peak * d^-0.5 min(k^-0.5, k W^-1.5),  k = t + 1",
        .cite = "Vaswani et al. 2017, Attention is all you need",
        .notes = "Contains its own warm-up: knee is W, and warmup must stay 0. The largest rate, (d W)^-0.5 times peak, "
                 "comes at k = W: a longer rise also lowers it. inverse-sqrt is the same shape given by its largest rate. An "
                 "anytime schedule: T plays no part, and neither does `last`.",
        .example = "assay.schedule(\"noam\", {steps = 100000, width = 512, knee = 4000})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .resolve = schedule_resolve},
  .body = body,
  .own_warmup = true,
};
