/* Schedules made of schedules, and of numbers: sequence, product, warm-up on its own, table. */
#include "tests/unit/schedules/rates.h"

extern const struct schedule schedule_piecewise, schedule_product, schedule_table, schedule_warmup;

#define ULPS 1e-15
#define V_PARTS(id, ...)                                                                                \
  {(id), {.kind = VALUE_OBJECTS,                                                                        \
          .as.objects = {sizeof((const struct object *const[]){__VA_ARGS__}) / sizeof(struct object *), \
                         (const struct object *const[]){__VA_ARGS__}}}}

/* Do two schedules give the same bits over T updates? */
static bool same_rates(struct object *a, struct object *b, int64_t T)
{
  struct err e = {0};
  bool same = schedule_check(a, T, &e) == STATUS_OK && schedule_check(b, T, &e) == STATUS_OK;
  for (int64_t t = 0; t < T && same; t++)
    same = schedule_at(a, t, T) == schedule_at(b, t, T);
  object_free(a);
  object_free(b);
  if (e.message[0])
    tap_diag("%s", e.message);
  return same;
}

static void test_warmup(void)
{
  const int64_t W = 30, T = 200;
  for (int shape = 0; schedule_warmup_names[shape]; shape++)
    for (int zero = 0; zero < 2; zero++) {
      struct object rise = MAKE(&schedule_warmup.m, V_REAL("peak", 0.3), V_INT("steps", W), V_TEXT("shape", schedule_warmup_names[shape]),
                                V_BOOL("from_zero", zero));
      struct object fall = MAKE(&schedule_cosine.m, V_REAL("peak", 0.3));
      struct object both = MAKE(&schedule_piecewise.m, V_PARTS("parts", &rise, &fall));
      struct object whole = MAKE(&schedule_cosine.m, V_REAL("peak", 0.3), V_INT("warmup", W), V_TEXT("warmup_shape", schedule_warmup_names[shape]),
                                 V_BOOL("warmup_from_zero", zero));
      tap_ok(same_rates(&both, &whole, T), "a %s warm-up and then cosine is cosine with that warm-up, to the bit (%s)",
             schedule_warmup_names[shape], zero ? "t/W" : "(t+1)/W");
      object_free(&rise);
      object_free(&fall);
    }
}

/* Parts of 10 %, 50 % and the rest of 57, which do not divide it, and the same in updates. */
static void test_lengths(void)
{
  struct object a = MAKE(&schedule_constant.m, V_REAL("peak", 0.25)), b = MAKE(&schedule_constant.m, V_REAL("peak", 0.5));
  struct object c = MAKE(&schedule_linear_decay.m, V_REAL("peak", 1));
  struct object parts = MAKE(&schedule_piecewise.m, V_PARTS("parts", &a, &b, &c), V_LIST("lengths", 0.1, 0.5), V_INT("steps", 57));
  struct object counted = MAKE(&schedule_piecewise.m, V_PARTS("parts", &a, &b, &c), V_LIST("lengths", 6, 28), V_INT("steps", 57));
  tap_ok(rate_at(parts, 5) == 0.25 && rate_at(parts, 6) == 0.5 && rate_at(parts, 33) == 0.5 && rate_at(parts, 34) == 1,
         "fractions are rounded where the parts meet: 5.7 to 6, 34.2 to 34");
  tap_near(rate_at(parts, 56), 1.0 / 23, ULPS, 0, "the last part has the rest, and its own T");
  tap_ok(same_rates(&parts, &counted, 57), "lengths in updates are the same schedule");
  parts = MAKE(&schedule_piecewise.m, V_PARTS("parts", &a, &b, &c), V_INT("steps", 11));
  tap_ok(rate_at(parts, 2) == 0.25 && rate_at(parts, 3) == 0.5 && rate_at(parts, 6) == 0.5 && rate_at(parts, 7) == 1,
         "parts without length share 11 updates as 3, 4 and 4");
  object_free(&parts);
  parts = MAKE(&schedule_piecewise.m, V_PARTS("parts", &a, &b, &c), V_INT("steps", 1), V_REAL("peak", 3));
  tap_ok(rate_once(parts, 0) == 3, "of a single update the last part has it; peak is a factor");
  object_free(&a), object_free(&b), object_free(&c);
}

static void test_own_steps(void)
{
  struct object a = MAKE(&schedule_constant.m, V_REAL("peak", 0.25), V_INT("steps", 20)), b = MAKE(&schedule_cosine.m, V_INT("steps", 30));
  struct object both = MAKE(&schedule_piecewise.m, V_PARTS("parts", &a, &b), V_INT("warmup", 5));
  struct err e = {0};
  tap_is_int(((const struct schedule_common *)both.conf)->steps, 55, "where every part knows its length, so does the whole");
  tap_near(rate_at(both, 2), 0.6, ULPS, 0, "its own warm-up comes first, with the factor as its peak");
  tap_ok(rate_at(both, 24) == 0.25 && rate_at(both, 25) == 0.1, "then the parts");
  tap_ok(schedule_check(&both, 56, &e) == STATUS_BAD_ARG, "a longer training is refused");
  tap_ok(schedule_check(&both, 40, &e) == STATUS_OK, "a prefix of it is not");
  struct object nested = MAKE(&schedule_piecewise.m, V_PARTS("parts", &both, &b));
  tap_is_int(((const struct schedule_common *)nested.conf)->steps, 85, "sequences nest");
  tap_ok(rate_at(nested, 55) == 0.1 && rate_at(nested, 54) == rate_at(both, 54), "and count on");
  object_free(&nested);
  object_free(&both);
  both = MAKE(&schedule_piecewise.m, V_PARTS("parts", &a, &b), V_INT("steps", 60));
  tap_ok(schedule_check(&both, PARAM_AUTO_INT, &e) == STATUS_BAD_ARG, "parts that do not fill the steps are refused");
  tap_has(e.message, "schedule \"piecewise\": the parts last 50 updates together, but 60 follow the warm-up", "and the message counts");
  object_free(&both);
  both = MAKE(&schedule_piecewise.m, V_PARTS("parts", &a, &b), V_LIST("lengths", 25));
  tap_ok(schedule_check(&both, 55, &e) == STATUS_BAD_ARG, "a part that is to last longer than its own steps is refused");
  tap_has(e.message, "schedule \"piecewise\": part 1: schedule \"constant\": steps is 20", "and named");
  object_free(&both);
  both = MAKE(&schedule_piecewise.m, V_PARTS("parts", &a, &b), V_LIST("lengths", 20, 10));
  tap_ok(rate_at(both, 29) == schedule_at(&b, 9, 30), "one that is to last less is cut short");
  object_free(&both);
  tap_has(REFUSED(&schedule_piecewise.m, V_PARTS("parts", &a, &b), V_LIST("lengths", 0.5, 20)), "all whole numbers", "updates and fractions do not mix");
  tap_has(REFUSED(&schedule_piecewise.m, V_PARTS("parts", &a, &b), V_LIST("lengths", 0.5, 0.6)), "sum to 1.1", "fractions above 1 are refused");
  tap_has(REFUSED(&schedule_piecewise.m, V_PARTS("parts", &a, &b), V_LIST("lengths", 0.5, 0.4)), "sum to 0.9", "and a gap at the end");
  tap_has(REFUSED(&schedule_piecewise.m, V_PARTS("parts", &a), V_LIST("lengths", 1, 2)), "at most one per part (1), got 2", "and too many lengths");
  tap_has(REFUSED(&schedule_piecewise.m, V_INT("steps", 9)), "parts is required", "and no parts");
  object_free(&a), object_free(&b);
}

static void test_product(void)
{
  const int64_t T = 300;
  struct object warm = MAKE(&schedule_untuned_linear.m, V_REAL("beta2", 0.99)), body = MAKE(&schedule_cosine.m, V_REAL("peak", 0.2));
  struct object both = MAKE(&schedule_product.m, V_PARTS("factors", &warm, &body), V_INT("steps", T));
  double worst = 0;
  for (int64_t t = 0; t < T; t++) {
    double k = (double)t, expected = 0.2 * fmin(1, 0.005 * (k + 1)) * (1 + cos(M_PI * k / (double)T)) / 2;
    worst = fmax(worst, fabs(rate_at(both, t) - expected));
  }
  tap_near(worst, 0, 0, ULPS, "a product is the product of the rates, the body not shifted");
  object_free(&both);
  struct object shorter = MAKE(&schedule_cosine.m, V_INT("steps", 100)), longer = MAKE(&schedule_rex.m, V_INT("steps", 150));
  both = MAKE(&schedule_product.m, V_PARTS("factors", &longer, &shorter));
  struct err e = {0};
  tap_is_int(((const struct schedule_common *)both.conf)->steps, 100, "a product is as long as its shortest factor");
  object_free(&both);
  both = MAKE(&schedule_product.m, V_PARTS("factors", &longer, &shorter), V_INT("steps", 120));
  tap_ok(schedule_check(&both, PARAM_AUTO_INT, &e) == STATUS_BAD_ARG, "a product longer than a factor is refused");
  tap_has(e.message, "factor 2: schedule \"cosine\": steps is 100", "and the factor named");
  object_free(&both);
  object_free(&warm), object_free(&body), object_free(&shorter), object_free(&longer);
}

static void test_table(void)
{
  struct object o = MAKE(&schedule_table.m, V_LIST("rates", 0, 0.4, 0.1), V_INT("steps", 5));
  tap_ok(rate_at(o, 0) == 0 && rate_at(o, 2) == 0.4 && rate_at(o, 4) == 0.1, "knots are spread over the updates");
  tap_near(rate_at(o, 1), 0.2, ULPS, 0, "and the rate is linear between them");
  tap_near(rate_at(o, 3), 0.25, ULPS, 0, "on both sides");
  object_free(&o);
  o = MAKE(&schedule_table.m, V_LIST("rates", 0.3, 0.7, 0.1));
  tap_ok(schedule_at(&o, 1, 3) == 0.7 && schedule_at(&o, 2, 3) == 0.1 && schedule_at(&o, 0, 1) == 0.3, "as many values as updates are the rates");
  bool inside = true;
  for (int64_t T = 1; T < 300; T++) /* the last knot on the last update, whatever the rounding of k (T-1)/(n-1) */
    inside = inside && schedule_at(&o, T - 1, T) == (T == 1 ? 0.3 : 0.1);
  tap_ok(inside, "the last update has the last value, for every T");
  object_free(&o);
  o = MAKE(&schedule_table.m, V_LIST("rates", 0.3, 0.7, 0.1), V_TEXT("fit", "exact"), V_INT("warmup", 2), V_REAL("peak", 2));
  struct err e = {0};
  tap_is_int(((const struct schedule_common *)o.conf)->steps, 5, "an exact table knows its length");
  tap_ok(rate_at(o, 3) == 1.4, "an exact table has one value per update");
  tap_ok(schedule_check(&o, 6, &e) == STATUS_BAD_ARG, "and serves no longer training");
  object_free(&o);
  o = MAKE(&schedule_table.m, V_LIST("rates", 0.3), V_TEXT("fit", "exact"), V_INT("steps", 2));
  tap_ok(schedule_check(&o, PARAM_AUTO_INT, &e) == STATUS_BAD_ARG, "an exact table with too few rates is refused");
  tap_has(e.message, "there are 1 rates for 2 updates", "and the message counts");
  object_free(&o);
}

int main(void)
{
  test_warmup();
  test_lengths();
  test_own_steps();
  test_product();
  test_table();
  return tap_done();
}
