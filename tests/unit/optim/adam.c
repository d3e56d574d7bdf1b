/* Adam and AdamW: what follows from the formulas, the stability limit with a frozen preconditioner, the
 * counterexample of Reddi, Kale and Kumar 2018, and overflow. */
#include "tests/unit/optim/drive.h"

#define N 5

static const double fixed[N] = {3, -0.02, 1e-7, -500, 0};

static void fixed_gradient(const void *problem, uint64_t k, const double *w, double *g, size_t n)
{
  const double *scale = problem;
  (void)k, (void)w;
  for (size_t i = 0; i < n; i++)
    g[i] = *scale * fixed[i];
}

static void test_first_step(void)
{
  const double lr = 0.01, one = 1, eps = 1e-8;
  struct object o = MAKE_DEFAULT(&optimizer_adam.m);
  struct drive d = {.o = &o, .n = N, .gradient = fixed_gradient, .problem = &one, .lr = lr};
  double w[N] = {0};
  void *state = state_made(&o, w, N, DTYPE_F64);
  drive_f64(&d, state, w, 1, 2);
  bool right = true;
  for (int i = 0; i < N; i++) {
    double g = fixed[i], expected = -lr * g / (fabs(g) + eps);
    right = right && fabs(w[i] - expected) <= 1e-14 * fabs(expected);
  }
  tap_ok(right, "adam's first step is lr g/(|g| + eps), also where eps matters");
  double worst = 0;
  for (uint64_t k = 2; k <= 2000; k++) {
    double before = w[0];
    drive_f64(&d, state, w, k, k + 1);
    worst = fmax(worst, fabs(before - w[0] - lr));
  }
  /* eps/|g| = 3e-9 of lr, and w itself has grown to 20, so its rounding is 4e-15 */
  tap_near(worst, 0, 0, 1e-10, "a constant gradient gives steps of lr for ever");
  tap_ok(w[4] == 0, "no gradient, no step");
  free(state);
  object_free(&o);
}

static void test_scale(void)
{
  struct object o = MAKE(&optimizer_adam.m, V_REAL("eps", 0));
  const double h[N] = {1, 2, 3, 4, 5}, h8[N] = {1024, 2048, 3072, 4096, 5120}, h1000[N] = {1000, 2000, 3000, 4000, 5000};
  const double *const scaled[] = {h, h8, h1000};
  double w[3][N], worst = 0;
  for (int j = 0; j < 3; j++) {
    struct quadratic q = {.h = scaled[j]};
    struct drive d = {.o = &o, .n = N, .gradient = quadratic_gradient, .problem = &q, .lr = 0.01};
    for (int i = 0; i < N; i++)
      w[j][i] = 1 + 0.1 * i;
    run_f64(&d, w[j], 100);
  }
  for (int i = 0; i < N; i++)
    worst = fmax(worst, fabs(w[2][i] - w[0][i]));
  tap_same_bits(w[1], w[0], sizeof w[0], "with eps 0 the loss may be scaled by a power of two without changing a bit");
  tap_near(worst, 0, 0, 1e-12, "and by 1000 without changing more than roundings");
  object_free(&o);
}

static void test_sign_descent(void)
{
  const double one = 1;
  struct object o = MAKE(&optimizer_adam.m, V_REAL("b1", 0), V_REAL("b2", 0), V_REAL("eps", 0));
  struct drive d = {.o = &o, .n = N, .gradient = fixed_gradient, .problem = &one, .lr = 0.5};
  double w[N] = {0};
  float narrow[N] = {0};
  run_f64(&d, w, 3);
  void *state = state_made(&o, narrow, N, DTYPE_F32);
  drive_f32(&d, state, narrow, 1, 4);
  free(state);
  bool same = true;
  for (int i = 0; i < N; i++) {
    double expected = fixed[i] > 0 ? -1.5 : fixed[i] < 0 ? 1.5 : 0;
    same = same && fabs(w[i] - expected) < 1e-15 && fabs((double)narrow[i] - expected) < 1e-6;
  }
  tap_ok(same, "b1 = b2 = 0 and eps = 0 is sign descent, and a zero gradient stays");
  object_free(&o);
}

static void test_decay(void)
{
  const double none = 0, lr = 0.1, one = 1;
  struct object w_form = MAKE(&optimizer_adamw.m, V_REAL("weight_decay", 0.5)), plain = MAKE_DEFAULT(&optimizer_adam.m);
  struct drive d = {.o = &w_form, .n = N, .gradient = fixed_gradient, .problem = &none, .lr = lr};
  double w[N] = {1, 2, 3, 4, 5}, moved[N] = {0}, both[N] = {1, 2, 3, 4, 5};
  run_f64(&d, w, 10);
  tap_near(w[4], 5 * pow(1 - 0.05, 10), 1e-14, 0, "adamw without a gradient shrinks by 1 - lr weight_decay per update");
  d.problem = &one;
  run_f64(&d, both, 1);
  d.o = &plain;
  run_f64(&d, moved, 1);
  bool apart = true;
  for (int i = 0; i < N; i++)
    apart = apart && fabs(both[i] - ((i + 1) * 0.95 + moved[i])) < 1e-15;
  tap_ok(apart, "adamw's step is adam's with the undecayed gradient, beside the decay");
  object_free(&w_form);
  object_free(&plain);
}

/* --- stability ------------------------------------------------------------------------------------ */

/* Frozen preconditioner: v set by hand, b2 = 1 - 2^-53, and k so large that the bias corrections are 1.
 * Then w moves like dampened heavy-ball preconditioned by D = sqrt(v) + eps. */
static double frozen_end(const struct object *o, double lr)
{
  const double h[2] = {0.2, 3};
  struct quadratic q = {.h = h};
  struct drive d = {.o = o, .n = 2, .gradient = quadratic_gradient, .problem = &q, .lr = lr};
  double w[2] = {1, 1}, *state = state_made(o, w, 2, DTYPE_F64);
  state[2] = state[3] = 1.5 * 1.5; /* D = 1.5: D^-1 H has the eigenvalues 2/15 and 2 */
  for (uint64_t k = 0; k < 4000 && hypot(w[0], w[1]) < 1e4; k++)
    drive_f64(&d, state, w, UINT64_C(1) << 62, (UINT64_C(1) << 62) + 1);
  /* 2^-53 of squared gradients up to 1e9 goes into v; 1e-5 moves the limit by 2e-6 of itself */
  if (fabs(state[3] - 2.25) > 1e-5)
    tap_bail("the preconditioner has not stayed frozen: %.17g", state[3]);
  free(state);
  return hypot(w[0], w[1]);
}

static void test_stability(void)
{
  struct object o = MAKE(&optimizer_adam.m, V_REAL("b2", 1 - 0x1p-53), V_REAL("eps", 0));
  const double limit = 38.0 / 2;
  tap_ok(frozen_end(&o, 0.99 * limit) < 1, "adam, frozen preconditioner: bounded, and back below its start, 1 %% below lr lambda_max(D^-1 H) = 38");
  tap_ok(frozen_end(&o, 1.01 * limit) >= 1e4, "adam, frozen preconditioner: diverges 1 %% above");
  object_free(&o);
}

/* --- the online problem on which Adam goes to the wrong end ------------------------------------------ */

static void test_wrong_end(void)
{
  struct object o = MAKE(&optimizer_adam.m, V_REAL("b2", 0.99));
  double x = 0, g;
  void *state = state_made(&o, &x, 1, DTYPE_F64);
  struct err e = {0};
  for (uint64_t k = 1; k <= 1000000; k++) {
    struct step_info s = {.k = k, .lr = 0.5 / sqrt((double)k)};
    g = k % 101 == 1 ? 1010 : -10;
    if (optimizer_step_f64(&o, state, &x, &g, 1, &s, &e) != STATUS_OK)
      tap_bail("%s", e.message);
    x = fmin(1, fmax(-1, x));
  }
  tap_near(x, 1, 0, 0.01, "on the example of Reddi, Kale and Kumar adam ends at +1, though the mean gradient is positive");
  free(state);
  object_free(&o);
}

/* --- overflow ------------------------------------------------------------------------------------------ */

static void test_extremes(void)
{
  struct object o = MAKE_DEFAULT(&optimizer_adam.m);
  const struct step_info s = {.k = 1, .lr = 0.1};
  const float sizes[] = {1e30f, 1e-40f, 1e18f};
  struct err e = {0};
  for (int i = 0; i < 3; i++) {
    float w[2] = {1, 1}, g[2] = {sizes[i], -sizes[i]}, state[4] = {0};
    enum status code = optimizer_step_f32(&o, state, w, g, 2, &s, &e);
    bool finite = isfinite(w[0]) && isfinite(w[1]);
    if (i == 0)
      tap_ok(code == STATUS_DIVERGED && strstr(e.message, "overflows at update 1"), "a gradient of 1e30 overflows the second moment and says so");
    else
      tap_ok(code == STATUS_OK && finite, "a gradient of %g gives finite weights", (double)sizes[i]);
  }
  struct object bare = MAKE(&optimizer_adam.m, V_REAL("eps", 0));
  float one = 1, tiny = 1e-30f, moments[2] = {0};
  tap_ok(optimizer_step_f32(&bare, moments, &one, &tiny, 1, &(struct step_info){.k = 1, .lr = 1e30}, &e) == STATUS_OK && one == 1,
         "with eps 0, a gradient whose square vanishes moves nothing");
  object_free(&bare);
  double w = 1, g = 1e200, state[2] = {0};
  tap_ok(optimizer_step_f64(&o, state, &w, &g, 1, &s, &e) == STATUS_DIVERGED, "in float64, 1e200 overflows");
  object_free(&o);
}

int main(void)
{
  test_first_step();
  test_scale();
  test_sign_descent();
  test_decay();
  test_stability();
  test_wrong_end();
  test_extremes();
  return tap_done();
}
