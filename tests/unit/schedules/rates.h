/* rates.h: what the schedule tests share. */
#ifndef TESTS_RATES_H
#define TESTS_RATES_H

#include <math.h>
#include <stdio.h>

#include "experiments/schedules/schedule.h"
#include "tests/unit/objects.h"

extern const struct schedule schedule_constant, schedule_cosine, schedule_cyclical, schedule_exponential, schedule_halving,
  schedule_inverse_sqrt, schedule_inverse_time, schedule_last_iterate, schedule_last_iterate_strong, schedule_linear_decay,
  schedule_multi_step, schedule_noam, schedule_one_cycle, schedule_polynomial, schedule_rex, schedule_sgdr, schedule_step,
  schedule_untuned_exponential, schedule_untuned_linear, schedule_wsd;

/* The rate at t of a schedule that knows its own T; peak is 1 unless the values say otherwise. */
static inline double rate_at(struct object o, int64_t t)
{
  struct err e = {0};
  if (schedule_check(&o, PARAM_AUTO_INT, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  return schedule_at(&o, t, PARAM_AUTO_INT);
}

/* The same for an object that is made only for this. */
static inline double rate_once(struct object o, int64_t t)
{
  double r = rate_at(o, t);
  object_free(&o);
  return r;
}

#define UNIT(schedule, T, ...) MAKE(&(schedule).m, V_REAL("peak", 1.0), V_INT("steps", (T)), __VA_ARGS__)
#define UNIT_PLAIN(schedule, T) MAKE(&(schedule).m, V_REAL("peak", 1.0), V_INT("steps", (T)))
#define EXCLUSIVE V_TEXT("last", "exclusive")
#define INCLUSIVE V_TEXT("last", "inclusive")

#endif
