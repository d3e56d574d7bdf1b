/* wsd.c: warm-up, stable, decay: a constant rate with a short cool-down, so that one long run can be ended
 * anywhere. Shapes of the cool-down as in Haegele et al. 2024. */
#include <inttypes.h>
#include <math.h>

#include "experiments/schedules/schedule.h"

enum shape { SHAPE_LINEAR, SHAPE_ONE_SQRT, SHAPE_COSINE, SHAPE_ONE_SQUARE, SHAPE_EXPONENTIAL };
static const char *const shape_names[] = {"linear", "1-sqrt", "cosine", "1-square", "exponential", NULL};

#define EXPONENTIAL_END 0.01

struct conf {
  struct schedule_common common;
  int64_t cooldown;
  double cooldown_fraction;
  int shape;
  double end;
};

static const struct param params[] = {
  SCHEDULE_COMMON_PARAMS(struct conf, common),
  {.id = "cooldown", .type = PARAM_INT, .at = offsetof(struct conf, cooldown), .min = 0, .max = 1e12, .flags = PARAM_AUTO,
   .unit = "steps", .doc = "cool-down updates D; auto: cooldown_fraction of T", .example = "200"},
  {.id = "cooldown_fraction", .type = PARAM_REAL, .at = offsetof(struct conf, cooldown_fraction), .def = 0.2, .min = 0,
   .max = 1, .flags = PARAM_TUNED, .unit = "fraction of steps", .doc = "cool-down as part of T, when cooldown is auto",
   .example = "0.2"},
  {.id = "shape", .type = PARAM_CHOICE, .at = offsetof(struct conf, shape), .def = SHAPE_ONE_SQRT, .choices = shape_names,
   .doc = "shape of the cool-down", .example = "1-sqrt"},
  {.id = "end", .type = PARAM_REAL, .at = offsetof(struct conf, end), .min = 0, .max = 1, .flags = PARAM_AUTO,
   .unit = "fraction of peak", .doc = "rate at the end of the cool-down; auto: 0, or 0.01 for the exponential shape",
   .example = "0"},
  {0},
};

static enum status resolve(void *conf, struct err *e)
{
  struct conf *c = conf;
  if (isnan(c->end))
    c->end = c->shape == SHAPE_EXPONENTIAL ? EXPONENTIAL_END : 0.0;
  if (c->shape == SHAPE_EXPONENTIAL && c->end <= 0)
    return err_set(e, STATUS_BAD_ARG, "end must be a number > 0 with the exponential shape, got %g", c->end);
  return schedule_resolve(conf, e);
}

/* D, with `total` = T - W. The fraction is of T and never takes more than is left. */
static int64_t cooldown_steps(const struct conf *c, int64_t total)
{
  if (c->cooldown != PARAM_AUTO_INT)
    return c->cooldown;
  double D = round(c->cooldown_fraction * (double)(total + c->common.warmup));
  return D < (double)total ? (int64_t)D : total;
}

static enum status check(const void *conf, int64_t total, struct err *e)
{
  const struct conf *c = conf;
  int64_t D = cooldown_steps(c, total);
  if (D > total)
    return err_set(e, STATUS_BAD_ARG, "warmup + cooldown must be at most steps (%" PRId64 "), got %" PRId64 " + %" PRId64,
                   total + c->common.warmup, c->common.warmup, D);
  return STATUS_OK;
}

/* s(v) with v = 1 - left, falling from 1 to 0. */
static double fall(int shape, double v, double left)
{
  switch ((enum shape)shape) {
  case SHAPE_ONE_SQRT: return 1.0 - sqrt(v);
  case SHAPE_COSINE: return schedule_half_cosine(left);
  case SHAPE_ONE_SQUARE: return 1.0 - v * v;
  case SHAPE_LINEAR:
  case SHAPE_EXPONENTIAL: break;
  }
  return left;
}

static double body(const void *conf, int64_t t, int64_t total)
{
  const struct conf *c = conf;
  int64_t D = cooldown_steps(c, total), at = t - (total - D);
  if (at < 0)
    return 1.0;
  /* Inclusive promises that the last update has the rate `end`, also when it is the only one of the cool-down. */
  bool lone = c->common.last == LAST_INCLUSIVE && D == 1 && total > 1;
  double v = lone ? 1.0 : schedule_fraction(c->common.last, at, D);
  double left = lone ? 0.0 : schedule_left(c->common.last, at, D);
  if (c->shape == SHAPE_EXPONENTIAL)
    return pow(c->end, v);
  return c->end + (1.0 - c->end) * fall(c->shape, v, left);
}

const struct schedule schedule_wsd = {
  .m = {.kind = KIND_SCHEDULE,
        .id = "wsd",
        .name = "Warm-up, stable, decay",
        .summary = "a constant rate, then a short cool-down (trapezoidal schedule)",
        .formula = "eta_t = peak for t < T - D; then peak * (end + (1 - end) s(v)),  v = (t - (T - D))/D\n"
                   "s(v): linear 1 - v; 1-sqrt 1 - sqrt(v); cosine (1 + cos(pi v))/2; 1-square 1 - v^2;\n"
                   "exponential: peak * end^v",
        .cite = "Hu et al. 2024, MiniCPM: unveiling the potential of small language models with scalable training "
                "strategies; Haegele et al. 2024, Scaling laws and compute-optimal training beyond fixed training durations",
        .notes = "The first update of the cool-down still has the full rate (s(0) = 1); some codes shift by one. "
                 "D is usually 10 to 20 % of T.",
        .example = "assay.schedule(\"wsd\", {peak = 0.1, steps = 1000, warmup = 50, cooldown = 200})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .resolve = resolve},
  .body = body,
  .check = check,
};
