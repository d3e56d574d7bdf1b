/* Warm-up: its shapes in both conventions, its composition with a body, and what schedule_check refuses. */
#include "tests/unit/schedules/rates.h"

#define ULPS 1e-15
#define W 40

/* The largest difference to `expected` over the warm-up of a constant schedule. */
static double warmup_error(struct object o, double (*expected)(double k))
{
  double worst = 0;
  for (int64_t t = 0; t < W; t++)
    worst = fmax(worst, fabs(rate_at(o, t) - expected((double)t)));
  tap_ok(rate_at(o, W) == 1, "after the warm-up comes the peak");
  object_free(&o);
  return worst;
}

static double linear_next(double t) { return (t + 1) / W; }
static double linear_zero(double t) { return t / W; }
static double linear_from_tenth(double t) { return 0.1 + 0.9 * t / W; }
static double a_third(double t) { return t < 0 ? 0 : 1.0 / 3; }
static double a_half(double t) { return t < 0 ? 0 : 0.5; }
static double cosine_next(double t) { return (1 - cos(M_PI * (t + 1) / W)) / 2; }
static double cosine_zero(double t) { return (1 - cos(M_PI * t / W)) / 2; }
static double exponential_next(double t) { return pow(0.001, 1 - (t + 1) / W); }
static double exponential_zero(double t) { return pow(0.001, 1 - t / W); }

#define WARM(...) UNIT(schedule_constant, 100, V_INT("warmup", W), __VA_ARGS__)
#define FROM_ZERO V_BOOL("warmup_from_zero", true)
#define SHAPE(id) V_TEXT("warmup_shape", id)

static void test_shapes(void)
{
  tap_near(warmup_error(WARM(SHAPE("linear")), linear_next), 0, 0, ULPS, "linear warm-up is (t+1)/W");
  tap_near(warmup_error(WARM(FROM_ZERO), linear_zero), 0, 0, ULPS, "linear warm-up from zero is t/W");
  tap_near(warmup_error(WARM(V_REAL("warmup_start", 0.1)), linear_from_tenth), 0, 0, ULPS, "linear warm-up with a start is start + (1 - start) t/W");
  tap_near(warmup_error(WARM(SHAPE("constant")), a_third), 0, 0, 0, "constant warm-up is a third of the peak");
  tap_near(warmup_error(WARM(SHAPE("constant"), V_REAL("warmup_start", 0.5)), a_half), 0, 0, 0, "constant warm-up takes its factor from warmup_start");
  tap_near(warmup_error(WARM(SHAPE("cosine")), cosine_next), 0, 0, ULPS, "cosine warm-up is (1 - cos(pi (t+1)/W))/2");
  tap_near(warmup_error(WARM(SHAPE("cosine"), FROM_ZERO), cosine_zero), 0, 0, ULPS, "cosine warm-up from zero uses t/W");
  tap_near(warmup_error(WARM(SHAPE("exponential"), V_REAL("warmup_start", 0.001)), exponential_next), 0, 0, ULPS,
           "exponential warm-up is start^(1 - (t+1)/W)");
  tap_near(warmup_error(WARM(SHAPE("exponential"), V_REAL("warmup_start", 0.001), FROM_ZERO), exponential_zero), 0, 0, ULPS,
           "exponential warm-up from zero uses t/W");
}

static void test_conventions(void)
{
  struct object o = WARM(SHAPE("linear"));
  tap_ok(rate_at(o, 0) == 1.0 / W && rate_at(o, W - 1) == 1, "by default the first update moves and update W - 1 has the peak");
  object_free(&o);
  o = WARM(FROM_ZERO);
  tap_ok(rate_at(o, 0) == 0 && rate_at(o, W - 1) < 1, "from zero, the first update does not move and update W is the first with the peak");
  object_free(&o);
}

static void test_monotone(void)
{
  for (int shape = 0; schedule_warmup_names[shape]; shape++)
    for (int zero = 0; zero < 2; zero++) {
      struct object o = UNIT(schedule_cosine, 100, V_INT("warmup", W), SHAPE(schedule_warmup_names[shape]), V_BOOL("warmup_from_zero", zero));
      bool rising = true;
      for (int64_t t = 1; t <= W; t++)
        rising = rising && rate_at(o, t) >= rate_at(o, t - 1);
      tap_ok(rising, "the %s warm-up never falls (%s)", schedule_warmup_names[shape], zero ? "t/W" : "(t+1)/W");
      object_free(&o);
    }
}

/* torch's SequentialLR restarts the body's count at the milestone: the same composition. */
static void test_composition(void)
{
  enum { BODIES = 6 };
  const struct schedule *const bodies[BODIES] = {&schedule_cosine, &schedule_linear_decay, &schedule_polynomial, &schedule_exponential,
                                           &schedule_step, &schedule_sgdr};
  for (size_t i = 0; i < BODIES; i++) {
    struct object warm = MAKE(&bodies[i]->m, V_INT("steps", 300 + W), V_INT("warmup", W)), bare = MAKE(&bodies[i]->m, V_INT("steps", 300));
    bool same = true;
    for (int64_t t = 0; t < 300; t++)
      same = same && rate_at(warm, W + t) == rate_at(bare, t);
    tap_ok(same, "%s after a warm-up of W is its own shape over T - W, to the bit", bodies[i]->m.id);
    object_free(&warm);
    object_free(&bare);
  }
  struct object all = UNIT(schedule_cosine, W, V_INT("warmup", W));
  tap_ok(rate_at(all, W - 1) == 1, "a warm-up may fill the whole schedule");
  object_free(&all);
}

static void refused(struct object o, int64_t steps, const char *message)
{
  struct err e = {0};
  enum status s = schedule_check(&o, steps, &e);
  tap_is_str(s == STATUS_BAD_ARG ? e.message : "accepted", message, "refused: %s", message);
  tap_ok(schedule_check(&o, steps, NULL) == STATUS_BAD_ARG, "the caller need not ask for the message");
  object_free(&o);
}

static void test_check(void)
{
  tap_is_str(REFUSED(&schedule_cosine.m, V_INT("steps", 10), V_INT("warmup", 11)),
             "schedule \"cosine\": warmup must be at most steps (10), got 11", "W > T is refused when both are given");
  refused(MAKE(&schedule_cosine.m, V_INT("warmup", 11)), 10, "schedule \"cosine\": warmup must be at most steps (10), got 11");
  refused(MAKE(&schedule_step.m, V_INT("steps", 10)), 11,
          "schedule \"step\": steps is 10 but the training makes 11 updates: raise steps or leave it out");
  refused(MAKE_DEFAULT(&schedule_constant.m), PARAM_AUTO_INT, "schedule \"constant\": steps is not known: give steps, the number of updates");
  refused(MAKE_DEFAULT(&schedule_constant.m), 0, "schedule \"constant\": steps must be at least 1, got 0");
  struct object prefix = MAKE(&schedule_cosine.m, V_INT("steps", 100));
  struct err e = {0};
  tap_ok(schedule_check(&prefix, 30, &e) == STATUS_OK, "a training may use the beginning of a longer schedule");
  object_free(&prefix);
  struct object full = MAKE(&schedule_cosine.m, V_INT("warmup", 10));
  tap_ok(schedule_check(&full, 10, &e) == STATUS_OK, "W = T is allowed");
  object_free(&full);
}

int main(void)
{
  test_shapes();
  test_conventions();
  test_monotone();
  test_composition();
  test_check();
  return tap_done();
}
