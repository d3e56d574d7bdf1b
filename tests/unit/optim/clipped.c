/* Generalised momentum, clipped and normalised SGD: textbook loops, identities, and heavy-tailed noise. */
#include "tests/unit/optim/book.h"

extern const struct optimizer optimizer_sgdm, optimizer_clip_sgd, optimizer_normalized_sgdm;

/* --- textbooks -------------------------------------------------------------------------------------- */

/* p: momentum, s, l2, weight decay */
static void sgdm(const double *p, struct book *b, const double *g, uint64_t k, double lr)
{
  (void)k;
  for (int i = 0; i < BOOK_N; i++) {
    double d = g[i] + p[2] * b->w[i];
    b->s[0][i] = p[0] * b->s[0][i] + d;
    b->w[i] = (1 - lr * p[3]) * b->w[i] - lr * ((1 - p[1] * (1 - p[0])) * b->s[0][i] + p[1] * d);
  }
}

static double length(const double *x)
{
  double s = 0;
  for (int i = 0; i < BOOK_N; i++)
    s += x[i] * x[i];
  return sqrt(s);
}

/* p: clip, weight decay */
static void clipped(const double *p, struct book *b, const double *g, uint64_t k, double lr)
{
  double cut = fmin(1, p[0] / length(g));
  (void)k;
  for (int i = 0; i < BOOK_N; i++)
    b->w[i] = (1 - lr * p[1]) * b->w[i] - lr * cut * g[i];
}

/* p: momentum, weight decay */
static void normalized(const double *p, struct book *b, const double *g, uint64_t k, double lr)
{
  for (int i = 0; i < BOOK_N; i++)
    b->s[0][i] = k == 1 ? g[i] : p[0] * b->s[0][i] + (1 - p[0]) * g[i];
  double size = length(b->s[0]);
  for (int i = 0; i < BOOK_N; i++)
    b->w[i] = (1 - lr * p[1]) * b->w[i] - lr * b->s[0][i] / size;
}

static void test_textbooks(void)
{
  book_follows("sgdm", MAKE_DEFAULT(&optimizer_sgdm.m), sgdm, (double[]){0.9, 1, 0, 0}, book_rate);
  book_follows("sgdm halfway with both decays", MAKE(&optimizer_sgdm.m, V_REAL("momentum", 0.7), V_REAL("s", 0.5), V_REAL("l2", 0.1), V_REAL("weight_decay", 0.2)),
               sgdm, (double[]){0.7, 0.5, 0.1, 0.2}, book_rate);
  book_follows("clip-sgd", MAKE(&optimizer_clip_sgd.m, V_REAL("clip", 0.3)), clipped, (double[]){0.3, 0}, book_rate);
  book_follows("clip-sgd with decay", MAKE(&optimizer_clip_sgd.m, V_REAL("clip", 0.5), V_REAL("weight_decay", 0.1)), clipped, (double[]){0.5, 0.1}, book_rate);
  book_follows("normalized-sgdm", MAKE_DEFAULT(&optimizer_normalized_sgdm.m), normalized, (double[]){0.9, 0}, book_rate);
  book_follows("normalized-sgdm with decay", MAKE(&optimizer_normalized_sgdm.m, V_REAL("momentum", 0), V_REAL("weight_decay", 0.1)), normalized,
               (double[]){0, 0.1}, book_rate);
  keeps("sgdm", MAKE_DEFAULT(&optimizer_sgdm.m), 1, 0);
  keeps("clip-sgd", MAKE_DEFAULT(&optimizer_clip_sgd.m), 0, 0);
  keeps("normalized-sgdm", MAKE_DEFAULT(&optimizer_normalized_sgdm.m), 1, 0);
}

/* --- one family ------------------------------------------------------------------------------------- */

static void start_at(double w[BOOK_N])
{
  for (int i = 0; i < BOOK_N; i++)
    w[i] = cos(3 * i);
}

/* Largest difference of 100 updates, as a share of the largest weight. */
static double apart(struct object a, rate_fn *rate_a, double lr_a, struct object b, rate_fn *rate_b, double lr_b)
{
  double x[BOOK_N], y[BOOK_N];
  struct drive d = {.o = &a, .n = BOOK_N, .gradient = quadratic_gradient, .problem = &book_problem, .rate = rate_a, .lr = lr_a}, e = d;
  e.o = &b, e.rate = rate_b, e.lr = lr_b;
  start_at(x), start_at(y);
  run_f64(&d, x, 100);
  run_f64(&e, y, 100);
  object_free(&a), object_free(&b);
  return book_distance(x, y);
}

#define SGDM(...) MAKE(&optimizer_sgdm.m, __VA_ARGS__)

static void test_family(void)
{
  const double mu = 0.8;
  tap_near(apart(SGDM(V_REAL("momentum", mu), V_REAL("s", 0)), book_rate, 0, MAKE(&optimizer_heavy_ball.m, V_REAL("momentum", mu)), book_rate, 0), 0, 0, 1e-13,
           "sgdm with s = 0 is heavy-ball, also under a changing rate");
  tap_near(apart(SGDM(V_REAL("momentum", mu), V_REAL("s", 1)), book_rate, 0, MAKE(&optimizer_nesterov.m, V_REAL("momentum", mu)), book_rate, 0), 0, 0, 1e-13,
           "with s = 1 it is nesterov, also under a changing rate");
  tap_near(apart(SGDM(V_REAL("momentum", mu), V_REAL("s", 1 / (1 - mu))), NULL, 0.1, MAKE_DEFAULT(&optimizer_sgd.m), NULL, 0.1 / (1 - mu)), 0, 0, 1e-13,
           "with s = 1/(1 - momentum) it is sgd at lr/(1 - momentum)");
  tap_near(apart(SGDM(V_REAL("momentum", 0)), book_rate, 0, MAKE_DEFAULT(&optimizer_sgd.m), book_rate, 0), 0, 0, 1e-13, "without momentum it is sgd");
  static const struct named_value far[] = {V_REAL("momentum", 0.5), V_REAL("s", 2.5)};
  tap_has(object_refused(&optimizer_sgdm.m, far, 2), "at most 1/(1 - momentum) = 2", "s beyond 1/(1 - momentum) is refused");
}

/* The two sequences of Yan et al. at a constant rate. */
static void test_two_sequences(double beta, double s)
{
  const double lr = 0.2;
  struct object o = SGDM(V_REAL("momentum", beta), V_REAL("s", s));
  double w[BOOK_N], x[BOOK_N], ys[BOOK_N], g[BOOK_N];
  struct drive d = {.o = &o, .n = BOOK_N, .gradient = quadratic_gradient, .problem = &book_problem, .lr = lr};
  start_at(w), start_at(x), start_at(ys);
  run_f64(&d, w, 100);
  for (uint64_t k = 1; k <= 100; k++) {
    quadratic_gradient(&book_problem, k, x, g, BOOK_N);
    for (int i = 0; i < BOOK_N; i++) {
      double y = x[i] - lr * g[i], next = x[i] - s * lr * g[i];
      x[i] = y + beta * (next - ys[i]);
      ys[i] = next;
    }
  }
  tap_near(book_distance(w, x), 0, 0, 1e-13, "sgdm with momentum %g, s %g has the iterates of the two-sequence form", beta, s);
  object_free(&o);
}

/* --- lengths of steps --------------------------------------------------------------------------------- */

static void test_lengths(void)
{
  struct object huge = MAKE(&optimizer_clip_sgd.m, V_REAL("clip", 1e300)), sgd = MAKE_DEFAULT(&optimizer_sgd.m), clip = MAKE(&optimizer_clip_sgd.m, V_REAL("clip", 0.25));
  struct object unit = MAKE_DEFAULT(&optimizer_normalized_sgdm.m);
  double a[BOOK_N], b[BOOK_N], c[BOOK_N], u[BOOK_N], longest = 0, off = 0;
  float fa[BOOK_N], fb[BOOK_N];
  struct drive d = {.o = &huge, .n = BOOK_N, .gradient = quadratic_gradient, .problem = &book_problem, .rate = book_rate}, e = d, f = d, v = d;
  e.o = &sgd, f.o = &clip, v.o = &unit;
  start_at(a), start_at(b), start_at(c), start_at(u);
  for (int i = 0; i < BOOK_N; i++)
    fa[i] = fb[i] = (float)a[i];
  run_f64(&d, a, 50);
  run_f64(&e, b, 50);
  tap_same_bits(a, b, sizeof a, "clip-sgd that never clips is sgd bit for bit, float64");
  void *state = state_made(&sgd, fb, BOOK_N, DTYPE_F32), *none = state_made(&huge, fa, BOOK_N, DTYPE_F32), *s = state_made(&unit, u, BOOK_N, DTYPE_F64);
  drive_f32(&d, none, fa, 1, 51);
  drive_f32(&e, state, fb, 1, 51);
  tap_same_bits(fa, fb, sizeof fa, "and float32");
  for (uint64_t k = 1; k <= 50; k++) {
    double before[BOOK_N], last[BOOK_N];
    memcpy(before, c, sizeof c), memcpy(last, u, sizeof u);
    drive_f64(&f, NULL, c, k, k + 1);
    drive_f64(&v, s, u, k, k + 1);
    for (int i = 0; i < BOOK_N; i++)
      before[i] -= c[i], last[i] -= u[i];
    longest = fmax(longest, length(before) / book_rate(k));
    off = fmax(off, fabs(length(last) / book_rate(k) - 1));
  }
  tap_near(longest, 0.25, 1e-14, 0, "clip-sgd: no step is longer than lr clip, and some are as long");
  tap_near(off, 0, 0, 1e-14, "normalized-sgdm: every step is lr long");
  /* a gradient whose square overflows float64 is cut all the same */
  double w[2] = {0}, g[2] = {-3e200, 4e200};
  struct err err;
  bool fine = optimizer_step_f64(&clip, NULL, w, g, 2, &(struct step_info){.k = 1, .lr = 1}, &err) == STATUS_OK;
  tap_ok(fine && fabs(w[0] - 0.15) < 1e-15 && fabs(w[1] + 0.2) < 1e-15, "clip-sgd cuts gradients of 1e200 too");
  free(state), free(none), free(s);
  object_free(&huge), object_free(&sgd), object_free(&clip), object_free(&unit);
}

/* --- heavy tails -------------------------------------------------------------------------------------- */

/* x plus noise of Student's t with 1.5 degrees of freedom, which has no variance: normal/sqrt(chi2/1.5). chi2 of 1.5 degrees as
 * twice a Gamma(3/4), drawn as Gamma(7/4) times u^(4/3), the former by Marsaglia and Tsang. */
static double student(struct rng *r)
{
  const double d = 1.75 - 1.0 / 3, c = 1 / sqrt(9 * d);
  double x, v, u;
  do {
    x = rng_normal(r);
    v = pow(1 + c * x, 3);
    u = rng_uniform(r);
  } while (v <= 0 || log(u) >= 0.5 * x * x + d - d * v + d * log(v));
  double gamma = d * v * pow(rng_uniform(r), 1 / 0.75);
  return rng_normal(r) / sqrt(2 * gamma / 1.5);
}

/* The largest final |x| of many seeds, after 300 updates from x = 1. */
static void end_of(struct object o, double peak, double *largest)
{
  *largest = 0;
  for (uint64_t seed = 0; seed < 400; seed++) {
    double x = 1, g;
    struct rng r = rng_make(seed, RNG_TEST, 99);
    struct err e;
    void *state = state_made(&o, &x, 1, DTYPE_F64);
    for (uint64_t k = 1; k <= 300; k++) {
      struct step_info s = {.k = k, .lr = peak / sqrt((double)k)};
      g = x + student(&r);
      if (optimizer_step_f64(&o, state, &x, &g, 1, &s, &e))
        tap_bail("%s", e.message);
    }
    free(state);
    *largest = fmax(*largest, fabs(x));
  }
  object_free(&o);
}

static void test_heavy_tails(void)
{
  double sgd, clip, unit;
  end_of(MAKE_DEFAULT(&optimizer_sgd.m), 0.5, &sgd);
  end_of(MAKE(&optimizer_clip_sgd.m, V_REAL("clip", 2)), 0.5, &clip);
  end_of(MAKE(&optimizer_normalized_sgdm.m, V_REAL("momentum", 0.9)), 0.5, &unit);
  tap_diag("largest final error of 400 seeds: sgd %.2f, clip-sgd %.2f, normalized-sgdm %.2f", sgd, clip, unit);
  tap_ok(clip < 1, "under Student-t noise of 1.5 degrees of freedom no seed of clip-sgd ends farther off than it began");
  tap_ok(sgd > 3 * fmax(clip, unit), "and some of sgd end three times farther off than any of clip-sgd or normalized-sgdm");
}

int main(void)
{
  test_textbooks();
  test_family();
  test_two_sequences(0.9, 0);
  test_two_sequences(0.9, 1);
  test_two_sequences(0.6, 0.4);
  test_two_sequences(0.6, 2.5);
  test_lengths();
  test_heavy_tails();
  return tap_done();
}
