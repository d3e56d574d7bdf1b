/* one_cycle.c: up to a large peak, then down to almost nothing: "super-convergence". The phase ends are
 * those of torch's OneCycleLR, which are not whole updates in general: the first phase ends at pct T - 1,
 * the last at T - 1. */
#include <math.h>

#include "experiments/schedules/schedule.h"

enum anneal { ANNEAL_COS, ANNEAL_LINEAR };
static const char *const anneal_names[] = {"cos", "linear", NULL};

struct conf {
  struct schedule_common common;
  double pct, div, final_div;
  int anneal;
  bool three_phase;
};

static const struct param params[] = {
  SCHEDULE_COMMON_PARAMS(struct conf, common),
  {.id = "pct", .type = PARAM_REAL, .at = offsetof(struct conf, pct), .def = 0.3, .min = 0, .max = 1, .flags = PARAM_TUNED,
   .unit = "fraction of steps", .doc = "part of the schedule that rises", .example = "0.3"},
  {.id = "div", .type = PARAM_REAL, .at = offsetof(struct conf, div), .def = 25, .min = 1, .max = 1e12, .flags = PARAM_LOG,
   .doc = "the first rate is peak/div", .example = "25"},
  {.id = "final_div", .type = PARAM_REAL, .at = offsetof(struct conf, final_div), .def = 1e4, .min = 1, .max = 1e12,
   .flags = PARAM_LOG, .doc = "the last rate is peak/(div * final_div)", .example = "10000"},
  {.id = "anneal", .type = PARAM_CHOICE, .at = offsetof(struct conf, anneal), .def = ANNEAL_COS, .choices = anneal_names,
   .doc = "shape of each phase", .example = "cos"},
  {.id = "three_phase", .type = PARAM_BOOL, .at = offsetof(struct conf, three_phase), .def = 0,
   .doc = "fall back to the first rate as fast as it rose, then to the last rate", .example = "true"},
  {0},
};

static enum status resolve(void *conf, struct err *e)
{
  const struct conf *c = conf;
  if (c->three_phase && c->pct > 0.5)
    return err_set(e, STATUS_BAD_ARG, "pct must be at most 0.5 with three_phase (it rises and falls for pct each), got %g", c->pct);
  return schedule_resolve(conf, e);
}

struct phase { double start, end, from, to; };

static double anneal(const struct conf *c, const struct phase *p, double t)
{
  double span = p->end - p->start;
  double left = span > 0 ? (p->end - t) / span : 0.0; /* a phase of no length is over */
  return p->to + (p->from - p->to) * (c->anneal == ANNEAL_COS ? schedule_half_cosine(left) : left);
}

static double body(const void *conf, int64_t t, int64_t total)
{
  const struct conf *c = conf;
  double T = (double)total, up = c->pct * T - 1.0, first = 1.0 / c->div, final = first / c->final_div, at = (double)t;
  struct phase rise = {0.0, up, first, 1.0};
  struct phase fall = {up, c->three_phase ? 2.0 * c->pct * T - 2.0 : T - 1.0, 1.0, c->three_phase ? first : final};
  struct phase tail = {fall.end, T - 1.0, first, final};
  if (at <= up)
    return anneal(c, &rise, at);
  return anneal(c, c->three_phase && at > fall.end ? &tail : &fall, at);
}

const struct schedule schedule_one_cycle = {
  .m = {.kind = KIND_SCHEDULE,
        .id = "one-cycle",
        .name = "One cycle",
        .summary = "up from peak/div to peak, then down to almost nothing",
        .formula = "phases end at pct T - 1 (peak) and T - 1 (peak/(div final_div)); three_phase: at pct T - 1 (peak),\n"
                   "2 pct T - 2 (peak/div) and T - 1; within a phase from a to b, v from 0 to 1:\n"
                   "cos: b + (a - b)(1 + cos(pi v))/2; linear: b + (a - b)(1 - v)",
        .cite = "Smith and Topin 2018, Super-convergence: very fast training of neural networks using large learning rates",
        .notes = "Contains its own warm-up: warmup must stay 0. The last update has the last rate, as in torch, whatever "
                 "`last` says. The momentum of the optimizer is not cycled.",
        .example = "assay.schedule(\"one-cycle\", {peak = 0.5, steps = 1000})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .resolve = resolve},
  .body = body,
  .own_warmup = true,
};
