/* multi_step.c: step decay at given updates. */
#include <math.h>

#include "experiments/schedules/schedule.h"

struct conf {
  struct schedule_common common;
  struct param_list milestones;
  double gamma;
};

static const struct param params[] = {
  SCHEDULE_COMMON_PARAMS(struct conf, common),
  {.id = "milestones", .type = PARAM_LIST, .at = offsetof(struct conf, milestones), .def_text = "0.5,0.75", .min = 0,
   .max = 1e12, .flags = PARAM_MIN_OPEN, .unit = "steps, or fractions of steps below 1",
   .doc = "updates after the warm-up at which the rate drops, increasing; all below 1: fractions of what follows the warm-up",
   .example = "300,600"},
  {.id = "gamma", .type = PARAM_REAL, .at = offsetof(struct conf, gamma), .def = 0.1, .min = 0, .max = 1,
   .flags = PARAM_MIN_OPEN | PARAM_TUNED, .doc = "factor of each drop", .example = "0.1"},
  {0},
};

static enum status resolve(void *conf, struct err *e)
{
  const struct conf *c = conf;
  const double *m = c->milestones.v;
  for (size_t i = 0; i < c->milestones.n; i++) {
    if (i > 0 && m[i] <= m[i - 1])
      return err_set(e, STATUS_BAD_ARG, "milestones must increase, got %g after %g", m[i], m[i - 1]);
    if ((m[i] < 1) != (m[0] < 1))
      return err_set(e, STATUS_BAD_ARG, "milestones must be all updates or all fractions below 1, got %g and %g", m[0], m[i]);
    if (m[i] >= 1 && m[i] != trunc(m[i]))
      return err_set(e, STATUS_BAD_ARG, "milestones must be whole numbers of updates, got %g", m[i]);
  }
  return schedule_resolve(conf, e);
}

static double body(const void *conf, int64_t t, int64_t total)
{
  const struct conf *c = conf;
  size_t drops = 0;
  for (size_t i = 0; i < c->milestones.n; i++) {
    double m = c->milestones.v[i];
    drops += (double)t >= (m < 1 ? m * (double)total : m);
  }
  return pow(c->gamma, (double)drops);
}

const struct schedule schedule_multi_step = {
  .m = {.kind = KIND_SCHEDULE,
        .id = "multi-step",
        .name = "Step decay at milestones",
        .summary = "multiply the rate by gamma at each of the given updates",
        .formula = "eta_t = peak * gamma^#{i : t >= m_i}",
        .cite = "He, Zhang, Ren and Sun 2016, Deep residual learning for image recognition (drops at 1/2 and 3/4 of training)",
        .notes = "The drop takes effect at t = m_i (torch MultiStepLR agrees). Milestones beyond the end do nothing. They "
                 "count updates, not epochs, from the end of the warm-up. The parameter `last` has no effect.",
        .example = "assay.schedule(\"multi-step\", {peak = 0.1, steps = 1000, milestones = {500, 750}})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .resolve = resolve},
  .body = body,
};
