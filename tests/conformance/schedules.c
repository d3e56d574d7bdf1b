/* Every schedule: finite and not negative at every update, monotone warm-up, a pure function of t. */
#include <inttypes.h>
#include <math.h>

#include "experiments/kernel/rng.h"
#include "experiments/schedules/schedule.h"
#include "tests/conformance/walk.h"

#define SEED 20240611u

static bool make(struct object *o, const struct method *m, double peak, int64_t warmup, const char *shape)
{
  struct named_value v[] = {number_value("peak", peak), {"warmup", {.kind = VALUE_INT, .as.i = warmup}},
                            {"warmup_shape", {.kind = VALUE_STRING, .as.s = shape}}};
  return base_object(o, m, v, 3, NULL) == STATUS_OK;
}

/* All rates of one schedule over `steps` updates. */
static void check_rates(const struct method *m, const struct object *o, int64_t steps, int64_t warmup, const char *shape)
{
  double *rate = xcalloc((size_t)steps, sizeof *rate), sum = 0;
  uint32_t *order = xcalloc((size_t)steps, sizeof *order);
  struct rng r = rng_make(SEED, RNG_TEST, (uint64_t)steps);
  bool good = true, rises = true, pure = true;
  for (int64_t t = 0; t < steps; t++) {
    rate[t] = schedule_at(o, t, steps);
    good = good && isfinite(rate[t]) && rate[t] >= 0;
    rises = rises && (t == 0 || t >= warmup || rate[t] >= rate[t - 1]);
    sum += rate[t];
  }
  rng_permutation(&r, order, (size_t)steps);
  struct object copy;
  if (object_copy(&copy, o, NULL) != STATUS_OK)
    tap_bail("no copy of %s", m->id);
  for (int64_t i = 0; i < steps; i++) {
    double again = schedule_at(&copy, order[i], steps);
    pure = pure && same_bits(&again, &rate[order[i]], sizeof again);
  }
  object_free(&copy);
  if (!tap_ok(good && rises && pure && isfinite(sum),
              "%s: %" PRId64 " updates, %" PRId64
              " of them %s warm-up: finite, >= 0, warm-up rises, same bits in any order",
              m->id, steps, warmup, shape))
    tap_diag("finite and >= 0: %d, warm-up rises: %d, same bits: %d, sum %g", good, rises, pure, sum);
  free(rate);
  free(order);
}

static size_t checked;

static void check_lengths(const struct method *m, const char *shape)
{
  static const int64_t lengths[] = {1, 2, 3, 10, 97, 1000};
  for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
    const int64_t warmups[] = {0, 1, lengths[i] / 3, lengths[i]};
    for (size_t k = 0; k < 4; k++) {
      struct object o;
      if ((k == 0 && strcmp(shape, "linear") != 0) || (k && warmups[k] <= warmups[k - 1]))
        continue;
      if (!make(&o, m, 0.5, warmups[k], shape))
        continue;
      if (schedule_check(&o, lengths[i], NULL) == STATUS_OK) {
        check_rates(m, &o, lengths[i], warmups[k], shape);
        checked++;
      }
      object_free(&o);
    }
  }
}

/* Everything is a multiple of the peak: twice the peak is exactly twice the rate. */
static void check_peak(const struct method *m)
{
  struct object one, two;
  bool same = true;
  if (!make(&one, m, 0.3, 0, "linear") || !make(&two, m, 0.6, 0, "linear"))
    tap_bail("%s cannot be made", m->id);
  for (int64_t t = 0; t < 50; t++)
    same = same && schedule_at(&two, t, 50) == 2 * schedule_at(&one, t, 50);
  tap_ok(same, "%s: twice the peak is twice the rate, exactly", m->id);
  object_free(&one);
  object_free(&two);
}

static void check_horizon(const struct method *m)
{
  static const int64_t horizon = 1000000000000;
  struct object o;
  bool good = true;
  if (!make(&o, m, 0.5, 0, "linear"))
    tap_bail("%s cannot be made", m->id);
  const int64_t at[] = {0, 1, horizon / 2, horizon - 2, horizon - 1};
  for (size_t i = 0; i < 5 && schedule_check(&o, horizon, NULL) == STATUS_OK; i++) {
    double rate = schedule_at(&o, at[i], horizon);
    good = good && isfinite(rate) && rate >= 0;
  }
  tap_ok(good, "%s: a horizon of 1e12 updates is no trouble", m->id);
  object_free(&o);
}

static void check(const struct method *m)
{
  size_t before = checked;
  for (const char *const *shape = schedule_warmup_names; *shape; shape++)
    check_lengths(m, *shape);
  tap_ok(checked > before + 3, "%s: %zu lengths and warm-ups could be checked", m->id, checked - before);
  check_peak(m);
  check_horizon(m);
}

int main(void)
{
  tap_diag("seed %u", SEED);
  size_t n = walk(KIND_SCHEDULE, check);
  tap_ok(n > 0, "the registry holds schedules (%zu)", n);
  return tap_done();
}
