/* polynomial.c: a power of the linear decay. */
#include <math.h>

#include "experiments/schedules/schedule.h"

struct conf {
  struct schedule_common common;
  double power, end;
};

static const struct param params[] = {
  SCHEDULE_COMMON_PARAMS(struct conf, common),
  {.id = "power", .type = PARAM_REAL, .at = offsetof(struct conf, power), .def = 1, .min = 0, .max = 100,
   .flags = PARAM_MIN_OPEN | PARAM_TUNED, .doc = "exponent p; 1 is linear decay, 2 and 0.5 are common", .example = "2"},
  SCHEDULE_END_PARAM(struct conf, end),
  {0},
};

static double body(const void *conf, int64_t t, int64_t total)
{
  const struct conf *c = conf;
  return c->end + (1.0 - c->end) * pow(schedule_left(c->common.last, t, total), c->power);
}

const struct schedule schedule_polynomial = {
  .m = {.kind = KIND_SCHEDULE,
        .id = "polynomial",
        .name = "Polynomial decay",
        .summary = "a power of linear decay, from peak to end",
        .formula = "eta_t = peak * (end + (1 - end)(1 - u)^p),  u = t/T (exclusive) or t/(T-1) (inclusive)",
        .cite = "Chen, Papandreou, Kokkinos, Murphy and Yuille 2017, Rethinking atrous convolution for semantic image "
                "segmentation (the \"poly\" rate); torch PolynomialLR",
        .notes = "p = 1 equals linear-decay to the bit.",
        .example = "assay.schedule(\"polynomial\", {peak = 0.1, steps = 1000, power = 2})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .resolve = schedule_resolve},
  .body = body,
};
