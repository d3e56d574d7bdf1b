/* table.c: rates given as numbers: one per update, or knots that are spread over the training. */
#include <inttypes.h>
#include <math.h>

#include "experiments/schedules/schedule.h"

enum fit { FIT_STRETCH, FIT_EXACT };
static const char *const fit_names[] = {"stretch", "exact", NULL};

struct conf {
  struct schedule_common common;
  struct param_list rates;
  int fit;
  char *source;
};

static const struct param params[] = {
  SCHEDULE_SCALE_PARAM(struct conf, common, "factor of all rates"),
  SCHEDULE_FRAME_PARAMS(struct conf, common),
  {.id = "rates", .type = PARAM_LIST, .at = offsetof(struct conf, rates), .min = 0, .max = 1e6, .flags = PARAM_REQUIRED,
   .doc = "the rates, of the first update to the last", .example = "0.1,0.05,0.01"},
  {.id = "fit", .type = PARAM_CHOICE, .at = offsetof(struct conf, fit), .def = FIT_STRETCH, .choices = fit_names,
   .doc = "stretch: spread over the training, linear in between; exact: one per update, no training may be longer",
   .example = "exact"},
  {.id = "source", .type = PARAM_STRING, .at = offsetof(struct conf, source), .flags = PARAM_ADVANCED,
   .doc = "text of the function that the rates come from", .example = "function(t, T) return 1 - t/T end"},
  {0},
};

static enum status resolve(void *conf, struct err *e)
{
  struct conf *c = conf;
  if (c->rates.n == 0)
    return err_set(e, STATUS_BAD_ARG, "rates must hold at least one rate");
  if (c->fit == FIT_EXACT && c->common.steps == PARAM_AUTO_INT)
    c->common.steps = c->common.warmup + (int64_t)c->rates.n;
  return schedule_resolve(conf, e);
}

static enum status check(const void *conf, int64_t total, struct err *e)
{
  const struct conf *c = conf;
  if (c->fit == FIT_EXACT && total > (int64_t)c->rates.n)
    return err_set(e, STATUS_BAD_ARG, "there are %zu rates for %" PRId64 " updates: give one each, or fit = \"stretch\"", c->rates.n, total);
  return STATUS_OK;
}

static double body(const void *conf, int64_t t, int64_t total)
{
  const struct conf *c = conf;
  return c->fit == FIT_EXACT ? c->rates.v[t] : schedule_interpolate(c->rates.v, c->rates.n, t, total);
}

const struct schedule schedule_table = {
  .m = {.kind = KIND_SCHEDULE,
        .id = "table",
        .name = "Table of rates",
        .summary = "rates given as numbers, one per update or spread over the training",
        .formula = "eta_t = peak * rates[t]  (exact, and where there are T rates);  else linear between rates at t = k (T-1)/(n-1)",
        .cite = "Smith 2017, Cyclical learning rates for training neural networks (rates as a polygon of t)",
        .notes = "The last update has the last value. assay.schedule(function(t, T) … end, {steps = T}) makes such a table: the "
                 "function is asked once for t = 0 .. T-1, so that what it returned decides a run, whatever it closes over; "
                 "`source` keeps its text. The parameter `last` has no effect.",
        .example = "assay.schedule(\"table\", {rates = {0, 0.1, 0.1, 0}, steps = 1000})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .resolve = resolve},
  .body = body,
  .check = check,
};
