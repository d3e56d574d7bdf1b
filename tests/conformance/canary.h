/* canary.h: a method that exists only in tests. */
#ifndef TESTS_CONFORMANCE_CANARY_H
#define TESTS_CONFORMANCE_CANARY_H

#include <math.h>

#include "experiments/bounds/bound.h"
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

struct canary_bound_conf { double delta; };

static const struct param canary_bound_params[] = {
  {.id = "delta", .type = PARAM_REAL, .at = offsetof(struct canary_bound_conf, delta), .def = 0.05, .min = 0, .max = 1,
   .flags = PARAM_MIN_OPEN | PARAM_MAX_OPEN, .doc = "failure probability", .example = "0.01"},
  {0},
};

static enum status canary_evaluate(const void *conf, const struct exec *x, const struct bound_input *in,
                                   struct bound_value *out, struct err *e)
{
  (void)x, (void)in, (void)e;
  out->value = 1 / ((const struct canary_bound_conf *)conf)->delta;
  return STATUS_OK;
}

static const struct bound canary_bound = {
  .m = {.kind = KIND_BOUND,
        .id = "canary-bound",
        .name = "Canary bound",
        .summary = "sings until the sample is too small",
        .formula = "gap <= 1/delta",
        .cite = "Nobody 2001, Birds in mines",
        .example = "assay.bound(\"canary-bound\")",
        .conf_size = sizeof(struct canary_bound_conf),
        .params = canary_bound_params,
        .statement = STATEMENT_E_EST},
  .evaluate = canary_evaluate,
};

#endif
