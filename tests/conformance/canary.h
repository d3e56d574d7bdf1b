/* canary.h: a method that exists only in tests. */
#ifndef TESTS_CONFORMANCE_CANARY_H
#define TESTS_CONFORMANCE_CANARY_H

#include <math.h>

#include "experiments/schedules/schedule.h"

struct canary_conf {
  struct schedule_common common;
  double sharpness;
};

static const struct param canary_params[] = {
  SCHEDULE_COMMON_PARAMS(struct canary_conf, common),
  {.id = "sharpness", .type = PARAM_REAL, .at = offsetof(struct canary_conf, sharpness), .def = 2, .min = 1, .max = 9,
   .unit = "octaves", .doc = "how steeply the canary falls", .example = "3"},
  {0},
};

static double canary_body(const void *conf, int64_t t, int64_t total)
{
  return pow(1 - (double)t / (double)total, ((const struct canary_conf *)conf)->sharpness);
}

static const struct schedule canary = {
  .m = {.kind = KIND_SCHEDULE,
        .id = "canary-fall",
        .name = "Canary fall",
        .summary = "falls as fast as it is told to",
        .formula = "eta_t = peak (1 - u)^sharpness",
        .cite = "Nobody 2001, Birds in mines",
        .notes = "Only a test knows it.",
        .example = "assay.schedule(\"canary-fall\", {sharpness = 3})",
        .conf_size = sizeof(struct canary_conf),
        .params = canary_params,
        .resolve = schedule_resolve},
  .body = canary_body,
};

#endif
