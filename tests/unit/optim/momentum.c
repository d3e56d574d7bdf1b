/* The momentum family: identities between its members and with other forms found in papers, rates and
 * stability limits on quadratics, and the bits of the fused form. */
#include "tests/unit/optim/drive.h"

#include "experiments/optim/momentum.h"

#define N 10

static const double h[N] = {0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1};
static const struct quadratic exact = {.h = h}, noisy = {.h = h, .noise = 0.1, .seed = 5};

static void start_at(double w[N])
{
  for (int i = 0; i < N; i++)
    w[i] = cos(3 * i);
}

static double wobbling(uint64_t k) { return 0.2 + 0.1 * sin((double)k); }

/* --- mu = 0 is SGD, to the bit ------------------------------------------------------------------ */

static void same_as_sgd(const struct optimizer *m)
{
  struct object with = MAKE(&m->m, V_REAL("momentum", 0), V_REAL("l2", 0.01), V_REAL("weight_decay", 0.02));
  struct object sgd = MAKE(&optimizer_sgd.m, V_REAL("l2", 0.01), V_REAL("weight_decay", 0.02));
  double a[N], b[N];
  float fa[N], fb[N];
  start_at(a);
  start_at(b);
  for (int i = 0; i < N; i++)
    fa[i] = fb[i] = (float)a[i];
  struct drive d = {.n = N, .gradient = quadratic_gradient, .problem = &noisy, .rate = wobbling};
  struct drive da = d, db = d;
  da.o = &with;
  db.o = &sgd;
  run_f64(&da, a, 40);
  run_f64(&db, b, 40);
  tap_same_bits(a, b, sizeof a, "%s with momentum 0 is sgd bit for bit, float64", m->m.id);
  void *sa = state_made(&with, fa, N, DTYPE_F32), *sb = state_made(&sgd, fb, N, DTYPE_F32);
  drive_f32(&da, sa, fa, 1, 41);
  drive_f32(&db, sb, fb, 1, 41);
  tap_same_bits(fa, fb, sizeof fa, "%s with momentum 0 is sgd bit for bit, float32", m->m.id);
  free(sa);
  free(sb);
  object_free(&with);
  object_free(&sgd);
}

/* --- closed forms --------------------------------------------------------------------------------- */

static void test_gradient_descent(void)
{
  struct object o = MAKE_DEFAULT(&optimizer_sgd.m);
  struct drive d = {.o = &o, .n = N, .gradient = quadratic_gradient, .problem = &exact, .lr = 0.7};
  double w[N], w0[N], worst = 0;
  start_at(w);
  start_at(w0);
  run_f64(&d, w, 60);
  for (int i = 0; i < N; i++)
    worst = fmax(worst, fabs(w[i] - pow(1 - 0.7 * h[i], 60) * w0[i]));
  tap_near(worst, 0, 0, 1e-14, "gradient descent: the error is (I - lr A)^t (x0 - x*)");
  object_free(&o);
}

/* x(noise) - x(no noise) doubles when the noise doubles: the rule is linear in the noise. */
static void test_linear_in_noise(const struct optimizer *m)
{
  struct object o = MAKE_DEFAULT(&m->m);
  double w[3][N], worst = 0;
  for (int j = 0; j < 3; j++) {
    struct quadratic q = {.h = h, .noise = 0.1 * j, .seed = 5};
    struct drive d = {.o = &o, .n = N, .gradient = quadratic_gradient, .problem = &q, .rate = wobbling};
    start_at(w[j]);
    run_f64(&d, w[j], 80);
  }
  for (int i = 0; i < N; i++)
    worst = fmax(worst, fabs((w[2][i] - w[0][i]) - 2 * (w[1][i] - w[0][i])));
  tap_near(worst, 0, 0, 1e-13, "%s: trajectories are linear in the noise", m->m.id);
  tap_ok(fabs(w[1][0] - w[0][0]) > 1e-3, "%s: the noise has been felt", m->m.id);
  object_free(&o);
}

/* --- other forms of the same methods -------------------------------------------------------------- */

enum form { POLYAK, NESTEROV_Y, EMA_FROM_ZERO, EMA_FROM_FIRST };

/* Written from the classical formulas; returns in w what corresponds to the stored weights. */
static void classical(enum form form, double mu, rate_fn *rate, double lr, uint64_t T, double w[N])
{
  double g[N], previous[N], x[N], v[N] = {0};
  memcpy(previous, w, sizeof previous);
  memcpy(x, w, sizeof x);
  for (uint64_t k = 1; k <= T; k++) {
    double step = rate ? rate(k) : lr;
    quadratic_gradient(&noisy, k, form == NESTEROV_Y ? w : x, g, N);
    for (int i = 0; i < N; i++) {
      double next;
      if (form == POLYAK) {
        next = x[i] - step * g[i] + mu * (x[i] - previous[i]);
      } else if (form == NESTEROV_Y) { /* w is y */
        next = w[i] - step * g[i];
        w[i] = next + mu * (next - x[i]);
      } else {
        v[i] = form == EMA_FROM_FIRST && k == 1 ? g[i] : mu * v[i] + (1 - mu) * g[i];
        next = x[i] - step * v[i];
      }
      previous[i] = x[i];
      x[i] = next;
    }
  }
  if (form != NESTEROV_Y)
    memcpy(w, x, sizeof x);
}

static double against(enum form form, struct object o, double mu, double lr, double classical_lr, rate_fn *rate)
{
  struct drive d = {.o = &o, .n = N, .gradient = quadratic_gradient, .problem = &noisy, .lr = lr, .rate = rate};
  double a[N], b[N], worst = 0;
  start_at(a);
  start_at(b);
  run_f64(&d, a, 100);
  classical(form, mu, rate, classical_lr, 100, b);
  for (int i = 0; i < N; i++)
    worst = fmax(worst, fabs(a[i] - b[i]));
  object_free(&o);
  return worst;
}

static void test_forms(void)
{
  const double mu = 0.8, lr = 0.05;
#define HEAVY MAKE(&optimizer_heavy_ball.m, V_REAL("momentum", mu))
  tap_near(against(POLYAK, HEAVY, mu, lr, lr, NULL), 0, 0, 1e-13, "heavy-ball with a constant rate is x - lr g + mu (x - x_prev)");
  tap_ok(against(POLYAK, HEAVY, mu, lr, lr, wobbling) > 1e-3, "and is not when the rate changes");
  tap_near(against(EMA_FROM_ZERO, HEAVY, mu, lr, lr / (1 - mu), NULL), 0, 0, 1e-13,
           "heavy-ball with lr is v = mu v + (1 - mu) g from v = 0 with lr/(1 - mu)");
  struct object damped = MAKE(&optimizer_heavy_ball.m, V_REAL("momentum", mu), V_REAL("damp", mu));
  tap_near(against(EMA_FROM_FIRST, damped, mu, lr, lr, NULL), 0, 0, 1e-13, "damp = momentum is that average started at the first gradient");
  tap_near(against(NESTEROV_Y, MAKE(&optimizer_nesterov.m, V_REAL("momentum", mu)), mu, lr, lr, NULL), 0, 0, 1e-13,
           "nesterov's weights are the look-ahead point y of the classical form");
}

/* --- rates --------------------------------------------------------------------------------------- */

/* The contraction per update, from the slope of log |w| between two times. A double eigenvalue adds log t:
 * log(3)/2000 at these times, 0.5 % of the smallest exponent that has one. */
static double contraction(struct object o, double lr, double low)
{
  const double curvature[2] = {low, 1};
  struct quadratic q = {.h = curvature};
  struct drive d = {.o = &o, .n = 2, .gradient = quadratic_gradient, .problem = &q, .lr = lr};
  double w[2] = {1, 1}, early, late;
  void *state = state_made(&o, w, 2, DTYPE_F64);
  drive_f64(&d, state, w, 1, 1001);
  early = log(hypot(w[0], w[1]));
  drive_f64(&d, state, w, 1001, 3001);
  late = log(hypot(w[0], w[1]));
  free(state);
  object_free(&o);
  return (late - early) / 2000;
}

static void test_rates(void)
{
  const double L = 1, low = 0.01, kappa = L / low, root = sqrt(kappa), mu = pow((root - 1) / (root + 1), 2);
  tap_near(contraction(MAKE_DEFAULT(&optimizer_sgd.m), 2 / (L + low), low), log((kappa - 1) / (kappa + 1)), 0.02, 0,
           "gradient descent with 2/(L + mu) contracts by (kappa - 1)/(kappa + 1)");
  tap_near(contraction(MAKE(&optimizer_heavy_ball.m, V_REAL("momentum", mu)), 4 / pow(sqrt(L) + sqrt(low), 2), low), log(mu) / 2, 0.02, 0,
           "heavy-ball with its best constants contracts by the root of mu");
  tap_near(contraction(MAKE(&optimizer_nesterov.m, V_REAL("momentum", (root - 1) / (root + 1))), 1 / L, low), log(1 - 1 / root), 0.02, 0,
           "nesterov with 1/L contracts by 1 - 1/sqrt(kappa)");
}

/* --- stability limits ---------------------------------------------------------------------------- */

/* |w| after 4000 updates from (1, 1) on a quadratic with curvatures 0.1 and 1, or once it exceeds 1e6. On the
 * way a stable rule may rise above its start (to 37 with the dampened gradient, whose first step is undamped). */
static double where_it_ends(const struct object *o, double lr)
{
  const double curvature[2] = {0.1, 1};
  struct quadratic q = {.h = curvature};
  struct drive d = {.o = o, .n = 2, .gradient = quadratic_gradient, .problem = &q, .lr = lr};
  double w[2] = {1, 1};
  void *state = state_made(o, w, 2, DTYPE_F64);
  for (uint64_t k = 1; k <= 4000 && hypot(w[0], w[1]) < 1e6; k++)
    drive_f64(&d, state, w, k, k + 1);
  free(state);
  return hypot(w[0], w[1]);
}

static void test_limit(const char *name, struct object o, double limit)
{
  tap_ok(where_it_ends(&o, 0.99 * limit) < 1, "%s: bounded, and back below its start, 1 %% below lr lambda = %g", name, limit);
  tap_ok(where_it_ends(&o, 1.01 * limit) >= 1e6, "%s: diverges 1 %% above", name);
  object_free(&o);
}

static void test_limits(void)
{
  const double betas[] = {0.5, 0.9};
  test_limit("gradient descent", MAKE_DEFAULT(&optimizer_sgd.m), 2);
  for (int i = 0; i < 2; i++) {
    double b = betas[i];
    test_limit("heavy-ball", MAKE(&optimizer_heavy_ball.m, V_REAL("momentum", b)), 2 * (1 + b));
    test_limit("heavy-ball, dampened gradient", MAKE(&optimizer_heavy_ball.m, V_REAL("momentum", b), V_REAL("damp", b)), 2 * (1 + b) / (1 - b));
    test_limit("nesterov", MAKE(&optimizer_nesterov.m, V_REAL("momentum", b)), (2 + 2 * b) / (1 + 2 * b));
  }
}

/* --- the fused form ------------------------------------------------------------------------------ */

/* The vectorised kernel (aligned buffers) and the plain one (shifted by one float) give the same bits. */
static void test_bits(const struct optimizer *m)
{
  enum { LONG = 16 * 9 + 5 };
  struct object o = MAKE(&m->m, V_REAL("l2", 0.003), V_REAL("weight_decay", 0.1));
  float *a, *b;
  void *state_a = NULL, *block = NULL, *shifted = NULL;
  struct rng r = rng_make(3, RNG_TEST, 0);
  struct err e = {0};
  if (mem_new(&block, LONG, sizeof(float), "w", &e) || mem_new(&shifted, 2 * LONG + 17, sizeof(float), "w", &e))
    tap_bail("%s", e.message);
  a = block;
  b = (float *)shifted + 1;
  float *state_b = (float *)shifted + LONG + 16;
  rng_fill_normal_f32(&r, a, LONG, 0, 1);
  memcpy(b, a, LONG * sizeof *a);
  state_a = state_made(&o, a, LONG, DTYPE_F32);
  m->init(o.conf, NULL, state_b, b, LONG, DTYPE_F32);
  double wide[LONG];
  for (int i = 0; i < LONG; i++)
    wide[i] = 0.1 + 0.01 * i;
  struct quadratic q = {.h = wide, .noise = 1, .seed = 8};
  struct drive d = {.o = &o, .n = LONG, .gradient = quadratic_gradient, .problem = &q, .rate = wobbling};
  drive_f32(&d, state_a, a, 1, 20);
  drive_f32(&d, state_b, b, 1, 20);
  tap_same_bits(a, b, LONG * sizeof *a, "%s: weights of the vectorised and the plain rule agree to the bit", m->m.id);
  tap_same_bits(state_a, state_b, LONG * sizeof *a, "%s: and so do the velocities", m->m.id);
  free(state_a);
  free(block);
  free(shifted);
  object_free(&o);
}

static void test_constants(void)
{
  struct momentum_form f = {.mu = 0.9, .damp = 0.1, .l2 = 1e-4, .decay = 0.05};
  struct product_update u = momentum_update(&f, 0.3, false);
  tap_ok(u.lr == 0.3f && u.mu == 0.9f && u.l2 == 1e-4f, "constants are rounded to float32");
  tap_ok(u.one_minus_damp == (float)(1.0 - 0.1) && u.shrink == (float)(1.0 - 0.3 * 0.05), "differences are formed in float64 before the rounding");
  f.mu = 0;
  tap_ok(momentum_update(&f, 0.3, false).one_minus_damp == 1, "without momentum there is no dampening");
  const struct optimizer *const family[] = {&optimizer_sgd, &optimizer_heavy_ball, &optimizer_nesterov};
  for (int i = 0; i < 3; i++) {
    struct object o = MAKE(&family[i]->m, V_REAL("l2", 0.25), V_REAL("weight_decay", 0.5));
    bool ok = family[i]->momentum_form(o.conf, &f);
    tap_ok(ok && f.l2 == 0.25 && f.decay == 0.5 && f.nesterov == (i == 2) && f.mu == (i ? 0.9 : 0) && f.damp == 0,
           "%s says its momentum form", family[i]->m.id);
    object_free(&o);
  }
  tap_ok(!optimizer_adam.momentum_form && !optimizer_adamw.momentum_form, "adam and adamw have none");
}

int main(void)
{
  const struct optimizer *const family[] = {&optimizer_sgd, &optimizer_heavy_ball, &optimizer_nesterov};
  same_as_sgd(&optimizer_heavy_ball);
  same_as_sgd(&optimizer_nesterov);
  test_gradient_descent();
  for (int i = 0; i < 3; i++)
    test_linear_in_noise(family[i]);
  test_forms();
  test_rates();
  test_limits();
  for (int i = 0; i < 3; i++)
    test_bits(family[i]);
  test_constants();
  return tap_done();
}
