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
  bool three_phase, cycle_momentum;
  double momentum_min, momentum_max;
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
  {.id = "cycle_momentum", .type = PARAM_BOOL, .at = offsetof(struct conf, cycle_momentum), .def = 0,
   .doc = "let the momentum of the optimizer fall while the rate rises, and rise again", .example = "true"},
  {.id = "momentum_min", .type = PARAM_REAL, .at = offsetof(struct conf, momentum_min), .def = 0.85, .min = 0, .max = 1,
   .flags = PARAM_MIN_OPEN | PARAM_MAX_OPEN | PARAM_ADVANCED, .doc = "momentum at the peak rate (cycle_momentum)", .example = "0.85"},
  {.id = "momentum_max", .type = PARAM_REAL, .at = offsetof(struct conf, momentum_max), .def = 0.95, .min = 0, .max = 1,
   .flags = PARAM_MIN_OPEN | PARAM_MAX_OPEN | PARAM_ADVANCED, .doc = "momentum at the ends (cycle_momentum)", .example = "0.95"},
  {0},
};

static enum status resolve(void *conf, struct err *e)
{
  const struct conf *c = conf;
  if (c->three_phase && c->pct > 0.5)
    return err_set(e, STATUS_BAD_ARG, "pct must be at most 0.5 with three_phase (it rises and falls for pct each), got %g", c->pct);
  if (c->momentum_min > c->momentum_max)
    return err_set(e, STATUS_BAD_ARG, "momentum_min must be at most momentum_max (%g), got %g", c->momentum_max, c->momentum_min);
  return schedule_resolve(conf, e);
}

struct phase { double start, end, from, to; };

static double anneal(const struct conf *c, const struct phase *p, double t)
{
  double span = p->end - p->start;
  double left = span > 0 ? (p->end - t) / span : 0.0; /* a phase of no length is over */
  return p->to + (p->from - p->to) * (c->anneal == ANNEAL_COS ? schedule_half_cosine(left) : left);
}

/* A value that is `first` at the start, `top` at the peak of the cycle, `back` where it has fallen (three phases), `final` at the end. */
static double cycle(const struct conf *c, int64_t t, int64_t total, double first, double top, double back, double final)
{
  double T = (double)total, up = c->pct * T - 1.0, at = (double)t;
  struct phase rise = {0.0, up, first, top};
  struct phase fall = {up, c->three_phase ? 2.0 * c->pct * T - 2.0 : T - 1.0, top, c->three_phase ? back : final};
  struct phase tail = {fall.end, T - 1.0, back, final};
  if (at <= up)
    return anneal(c, &rise, at);
  return anneal(c, c->three_phase && at > fall.end ? &tail : &fall, at);
}

static double body(const void *conf, int64_t t, int64_t total)
{
  const struct conf *c = conf;
  double first = 1.0 / c->div;
  return cycle(c, t, total, first, 1.0, first, first / c->final_div);
}

static double momentum(const void *conf, int64_t t, int64_t total)
{
  const struct conf *c = conf;
  double high = c->momentum_max;
  return c->cycle_momentum ? cycle(c, t, total, high, c->momentum_min, high, high) : (double)NAN;
}

const struct schedule schedule_one_cycle = {
  .m = {.kind = KIND_SCHEDULE,
        .id = "one-cycle",
        .name = "One cycle",
        .summary = "up from peak/div to peak, then down to almost nothing",
        .formula = "phases end at pct T - 1 (peak) and T - 1 (peak/(div final_div)); three_phase: at pct T - 1 (peak),\n"
                   "2 pct T - 2 (peak/div) and T - 1; within a phase from a to b, v from 0 to 1:\n"
                   "cos: b + (a - b)(1 + cos(pi v))/2; linear: b + (a - b)(1 - v)\n"
                   "cycle_momentum: 0.95 where the rate is lowest, 0.85 at the peak, with the same shape",
        .cite = "Smith and Topin 2018, Super-convergence: very fast training of neural networks using large learning rates",
        .notes = "Contains its own warm-up: warmup must stay 0. The last update has the last rate, as in torch, whatever "
                 "`last` says. cycle_momentum needs an optimizer with a momentum to replace: heavy-ball or nesterov.",
        .example = "assay.schedule(\"one-cycle\", {peak = 0.5, steps = 1000})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .resolve = resolve},
  .body = body,
  .momentum = momentum,
  .own_warmup = true,
};
