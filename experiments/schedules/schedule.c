/* schedule.c: composition of warm-up and body, and the formulas that several bodies share.
 *
 * The body runs over the T - W updates after the warm-up with its own t' = t - W, so that a warm-up never
 * shortens the body's shape (torch's SequentialLR does the same). */
#include "experiments/schedules/schedule.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>

const char *const schedule_warmup_names[] = {"linear", "constant", "cosine", "exponential", NULL};
const char *const schedule_last_names[] = {"exclusive", "inclusive", NULL};

/* torch's ConstantLR starts at a third; an exponential warm-up must start above 0. */
#define CONSTANT_FACTOR (1.0 / 3.0)
#define EXPONENTIAL_START 0.01

double schedule_fraction(int last, int64_t t, int64_t total)
{
  if (total <= 1)
    return 0.0;
  return (double)t / (double)(last == LAST_INCLUSIVE ? total - 1 : total);
}

double schedule_left(int last, int64_t t, int64_t total)
{
  if (total <= 1)
    return 1.0;
  int64_t span = last == LAST_INCLUSIVE ? total - 1 : total;
  return (double)(span - t) / (double)span;
}

double schedule_half_cosine(double left)
{
  double s = sin(M_PI_2 * left);
  return s * s;
}

double schedule_capped(const struct schedule_common *c, double m, double curvature)
{
  double rate = c->peak * curvature * m;
  return rate > 1 ? m / rate : m;
}

double schedule_interpolate(const double *values, size_t n, int64_t t, int64_t total)
{
  if ((int64_t)n == total || n == 1 || total == 1)
    return values[n == 1 || total == 1 ? 0 : t];
  double at = (double)t * ((double)(n - 1) / (double)(total - 1));
  size_t k = (size_t)at;
  if (k + 1 >= n || t == total - 1) /* the last value itself, whatever `at` was rounded to */
    return values[n - 1];
  double right = at - (double)k;
  return (1.0 - right) * values[k] + right * values[k + 1];
}

double schedule_warmup_factor(const struct schedule_common *c, int64_t t)
{
  double W = (double)c->warmup, start = c->warmup_start;
  double f = (double)(c->warmup_from_zero ? t : t + 1) / W;
  switch ((enum warmup_shape)c->warmup_shape) {
  case WARMUP_CONSTANT: return start > 0 ? start : CONSTANT_FACTOR;
  case WARMUP_COSINE: return schedule_half_cosine(f);
  case WARMUP_EXPONENTIAL: return pow(start > 0 ? start : EXPONENTIAL_START, 1.0 - f);
  case WARMUP_LINEAR: break;
  }
  /* A start fraction is the rate of the first update: start + (1 - start) t/W in either convention. */
  return start > 0 ? start + (1.0 - start) * (double)t / W : f;
}

enum status schedule_resolve(void *conf, struct err *e)
{
  const struct schedule_common *c = conf;
  if (c->steps != PARAM_AUTO_INT && c->warmup > c->steps)
    return err_set(e, STATUS_BAD_ARG, "warmup must be at most steps (%" PRId64 "), got %" PRId64, c->steps, c->warmup);
  return STATUS_OK;
}

static enum status check_steps(const struct schedule *s, const struct schedule_common *c, int64_t steps, int64_t *total,
                               struct err *e)
{
  bool own = c->steps != PARAM_AUTO_INT, given = steps != PARAM_AUTO_INT;
  if (!own && !given)
    return err_set(e, STATUS_BAD_ARG, "steps is not known: give steps, the number of updates");
  *total = own ? c->steps : steps;
  if (*total < 1)
    return err_set(e, STATUS_BAD_ARG, "steps must be at least 1, got %" PRId64, *total);
  if (own && given && steps > c->steps)
    return err_set(e, STATUS_BAD_ARG,
                   "steps is %" PRId64 " but the training makes %" PRId64 " updates: raise steps or leave it out", c->steps, steps);
  if (c->warmup > *total)
    return err_set(e, STATUS_BAD_ARG, "warmup must be at most steps (%" PRId64 "), got %" PRId64, *total, c->warmup);
  if (s->own_warmup && c->warmup > 0)
    return err_set(e, STATUS_BAD_ARG, "warmup must be 0, got %" PRId64 ": this schedule contains its own warm-up", c->warmup);
  return STATUS_OK;
}

enum status schedule_check(const struct object *schedule, int64_t steps, struct err *e)
{
  struct err local = {0}; /* the prefix needs a message even when the caller wants none */
  const struct schedule *s = (const struct schedule *)schedule->method;
  const struct schedule_common *c = schedule->conf;
  int64_t total = 0;
  e = e ? e : &local;
  enum status code = check_steps(s, c, steps, &total, e);
  if (code == STATUS_OK && s->check)
    code = s->check(schedule->conf, total - c->warmup, e);
  if (code != STATUS_OK)
    err_prefix(e, "schedule \"%s\"", s->m.id);
  return code;
}

static int64_t horizon(const struct schedule_common *c, int64_t steps) { return c->steps == PARAM_AUTO_INT ? steps : c->steps; }

double schedule_momentum_at(const struct object *schedule, int64_t t, int64_t steps)
{
  const struct schedule *s = (const struct schedule *)schedule->method;
  const struct schedule_common *c = schedule->conf;
  return s->momentum ? s->momentum(schedule->conf, t - c->warmup, horizon(c, steps) - c->warmup) : (double)NAN;
}

double schedule_at(const struct object *schedule, int64_t t, int64_t steps)
{
  const struct schedule *s = (const struct schedule *)schedule->method;
  const struct schedule_common *c = schedule->conf;
  int64_t total = horizon(c, steps);
  assert(t >= 0 && t < total);
  double multiplier = t < c->warmup ? schedule_warmup_factor(c, t) : s->body(schedule->conf, t - c->warmup, total - c->warmup);
  return c->peak * multiplier;
}
