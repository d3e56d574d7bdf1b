/* Averages of iterates: constants, plain means, both conventions of the exponential average. */
#include "experiments/optim/average.h"
#include "tests/unit/optim/drive.h"

extern const struct average average_ema, average_poly_average, average_polyak_average, average_suffix_average;

#define N 3

/* The average after T updates with iterates x(t), in both types; they must agree to float32. */
struct averaged { double wide[N]; float narrow[N]; };

static struct averaged average_of(struct object o, const double first[N], void (*iterate)(uint64_t t, double x[N]), uint64_t T)
{
  struct averaged out = {0};
  double wide[N], narrow[N], x[N]; /* the states: float64 for both */
  float y[N];
  for (int i = 0; i < N; i++)
    y[i] = (float)first[i];
  if (average_state_size(N) != sizeof wide)
    tap_bail("the state is not one vector of float64");
  average_init(wide, first, N, DTYPE_F64);
  average_init(narrow, y, N, DTYPE_F32);
  for (uint64_t t = 0; t < T; t++) {
    iterate(t, x);
    for (int i = 0; i < N; i++)
      y[i] = (float)x[i];
    average_move(&o, wide, x, N, DTYPE_F64, t, T);
    average_move(&o, narrow, y, N, DTYPE_F32, t, T);
  }
  average_weights(wide, out.wide, N, DTYPE_F64);
  average_weights(narrow, out.narrow, N, DTYPE_F32);
  object_free(&o);
  return out;
}

static const double start[N] = {0.1, -7.3, 1e-5};

static void constant(uint64_t t, double x[N])
{
  (void)t;
  memcpy(x, start, sizeof start);
}

static void counting(uint64_t t, double x[N])
{
  for (int i = 0; i < N; i++)
    x[i] = (double)t * (i + 1);
}

static void jumping(uint64_t t, double x[N])
{
  for (int i = 0; i < N; i++)
    x[i] = (t % 2 ? 1e6 : 1e-6) * sin((double)t + i);
}

static void squares(uint64_t t, double x[N])
{
  for (int i = 0; i < N; i++)
    x[i] = (double)(t * t);
}

#define POLY(...) MAKE(&average_poly_average.m, __VA_ARGS__)
#define SUFFIX(...) MAKE(&average_suffix_average.m, __VA_ARGS__)
#define EMA(...) MAKE(&average_ema.m, __VA_ARGS__)
#define POLYAK(...) MAKE(&average_polyak_average.m, __VA_ARGS__)
#define CORRECTED V_TEXT("start", "corrected")

static void stays(struct object o, const char *name)
{
  float narrow[N];
  for (int i = 0; i < N; i++)
    narrow[i] = (float)start[i];
  struct averaged a = average_of(o, start, constant, 10000);
  tap_same_bits(a.wide, start, sizeof start, "%s of constant iterates is that constant, float64", name);
  tap_same_bits(a.narrow, narrow, sizeof narrow, "%s of constant iterates is that constant, float32", name);
}

static void last_iterate(struct object o, const char *name)
{
  double x[N];
  float y[N];
  jumping(100, x); /* tiny, after a huge one: e + (x - e) would not give it back */
  for (int i = 0; i < N; i++)
    y[i] = (float)x[i];
  struct averaged a = average_of(o, start, jumping, 101);
  tap_ok(same_bits(a.wide, x, sizeof x) && same_bits(a.narrow, y, sizeof y), "%s is exactly the last iterate", name);
}

static void test_polyak(void)
{
  struct averaged a = average_of(MAKE_DEFAULT(&average_polyak_average.m), start, counting, 1001);
  tap_near(a.wide[0], 500, 1e-13, 0, "the plain mean of 0..1000 is 500");
  tap_ok(a.narrow[2] == 1500, "and of float32 iterates three times as large exactly three times that");
  a = average_of(MAKE_DEFAULT(&average_polyak_average.m), start, counting, 200001);
  tap_ok(a.narrow[0] == 100000 && a.narrow[2] == 300000, "also after 200,000 updates, where a float32 sum would have rounded each away");
  a = average_of(POLYAK(V_REAL("t0", 0.5)), start, counting, 1000);
  tap_near(a.wide[0], (500 + 999) / 2.0, 1e-13, 0, "t0 = 0.5 is the mean of the second half");
  a = average_of(POLYAK(V_REAL("t0", 900)), start, counting, 1000);
  tap_near(a.wide[0], (900 + 999) / 2.0, 1e-13, 0, "t0 = 900 is the mean from update 900 on");
  a = average_of(MAKE_DEFAULT(&average_polyak_average.m), start, counting, 1);
  tap_ok(a.wide[1] == 0, "the initial weights are not part of the mean");
  last_iterate(POLYAK(V_REAL("t0", 5000)), "polyak-average before t0");
}

static void test_suffix(void)
{
  struct averaged a = average_of(SUFFIX(V_REAL("alpha", 0.25)), start, counting, 1000);
  tap_near(a.wide[0], (750 + 999) / 2.0, 1e-13, 0, "suffix-average of a quarter is the mean of the last quarter");
  a = average_of(SUFFIX(V_REAL("alpha", 0.3)), start, counting, 7); /* ceil(2.1) = 3 */
  tap_near(a.wide[0], 5, 1e-15, 0, "the last part is rounded up");
  a = average_of(SUFFIX(V_REAL("alpha", 1)), start, counting, 101);
  tap_near(a.wide[0], 50, 1e-14, 0, "alpha = 1 is the plain mean");
  last_iterate(SUFFIX(V_REAL("alpha", 1e-9)), "suffix-average of next to nothing");
}

/* Against the sum of all iterates with the weights (j + r - 1)!/(j - 1)!, for whole r. */
static void test_poly(void)
{
  for (int r = 0; r <= 8; r += r ? 5 : 3) {
    const int T = 60;
    double sum = 0, weights = 0;
    for (int j = 1; j <= T; j++) {
      double weight = 1, x[N];
      for (int i = 0; i < r; i++)
        weight *= j + i;
      counting((uint64_t)j - 1, x);
      sum += weight * x[0] * x[0];
      weights += weight;
    }
    struct averaged a = average_of(POLY(V_REAL("r", r)), start, squares, (uint64_t)T);
    tap_near(a.wide[0], sum / weights, 1e-13, 0, "poly-average with r = %d is the mean with weights (j+r-1)!/(j-1)!", r);
  }
  struct averaged a = average_of(POLY(V_REAL("r", 0)), start, counting, 1001);
  tap_near(a.wide[0], 500, 1e-13, 0, "with r = 0 it is the plain mean");
  a = average_of(POLY(V_REAL("r", 3)), start, jumping, 1);
  tap_near(a.wide[0], 1e-6 * sin(0), 0, 0, "after one update it is the first iterate");
}

/* The two conventions, summed from their definitions. */
static void test_ema(void)
{
  const double b = 0.95;
  const int T = 80;
  double from_start = pow(b, T) * start[0], from_zero = 0;
  for (int t = 0; t < T; t++) {
    double x[N];
    jumping((uint64_t)t, x);
    from_start += (1 - b) * pow(b, T - 1 - t) * x[0];
    from_zero += (1 - b) * pow(b, T - 1 - t) * x[0];
  }
  from_zero /= 1 - pow(b, T);
  struct averaged a = average_of(EMA(V_REAL("b", b)), start, jumping, (uint64_t)T);
  tap_near(a.wide[0], from_start, 1e-12, 0, "ema from the initial weights is b^T w0 + (1 - b) sum b^(T-1-t) x_t");
  /* each iterate, at most 1e6, is rounded by at most 0.03, and the weights sum to 1; so is the value at the end */
  tap_near((double)a.narrow[0], from_start, 0, 0.0625, "and of float32 iterates, to their own rounding");
  a = average_of(EMA(V_REAL("b", b), CORRECTED), start, jumping, (uint64_t)T);
  tap_near(a.wide[0], from_zero, 1e-12, 0, "ema with bias correction is the sum from zero over 1 - b^T");
  a = average_of(EMA(V_REAL("b", 0.999), CORRECTED), start, counting, 1);
  tap_ok(a.wide[2] == 0, "after one update the corrected average is the first iterate");
}

int main(void)
{
  stays(MAKE_DEFAULT(&average_polyak_average.m), "polyak-average");
  stays(MAKE_DEFAULT(&average_ema.m), "ema");
  stays(EMA(CORRECTED), "ema with bias correction");
  stays(MAKE_DEFAULT(&average_suffix_average.m), "suffix-average");
  stays(MAKE_DEFAULT(&average_poly_average.m), "poly-average");
  test_polyak();
  test_suffix();
  test_poly();
  test_ema();
  last_iterate(EMA(V_REAL("b", 0)), "ema with b = 0");
  last_iterate(EMA(V_REAL("b", 0), CORRECTED), "ema with b = 0 and bias correction");
  return tap_done();
}
