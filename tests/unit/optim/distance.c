/* Rules that find their rate from the distance to go: D-Adaptation and Prodigy. */
#include "tests/unit/optim/book.h"

extern const struct optimizer optimizer_dadapt_sgd, optimizer_dadapt_adam, optimizer_prodigy;

/* --- textbooks -------------------------------------------------------------------------------------- */

/* p: d0, growth, momentum. x: d, N, |g_1|. */
static void dadapt_sgd(const double *p, struct book *b, const double *g, uint64_t k, double lr)
{
  double size = 0;
  for (int i = 0; i < BOOK_N; i++)
    size += g[i] * g[i];
  if (k == 1)
    b->x[0] = p[0], b->x[2] = sqrt(size);
  double lam = b->x[0] * lr / b->x[2], s2 = 0;
  for (int i = 0; i < BOOK_N; i++) {
    b->x[1] += lam * g[i] * b->s[0][i];
    b->s[0][i] += lam * g[i];
    s2 += b->s[0][i] * b->s[0][i];
  }
  b->x[0] = fmax(b->x[0], fmin(2 * b->x[1] / sqrt(s2), p[1] * b->x[0]));
  for (int i = 0; i < BOOK_N; i++)
    b->w[i] = p[2] * b->w[i] + (1 - p[2]) * (b->start[i] - b->s[0][i]);
}

/* p: d0, growth, b1, b2, eps, weight decay. x: d, N. */
static void dadapt_adam(const double *p, struct book *b, const double *g, uint64_t k, double lr)
{
  double b3 = sqrt(p[3]), dot = 0, l1 = 0;
  if (k == 1)
    b->x[0] = p[0];
  double a = b->x[0] * lr;
  for (int i = 0; i < BOOK_N; i++) {
    dot += g[i] * b->s[2][i] / (sqrt(b->s[1][i]) + p[4]);
    b->s[0][i] = p[2] * b->s[0][i] + (1 - p[2]) * a * g[i];
    b->s[1][i] = p[3] * b->s[1][i] + (1 - p[3]) * g[i] * g[i];
    b->s[2][i] = b3 * b->s[2][i] + (1 - b3) * a * g[i];
    l1 += fabs(b->s[2][i]);
  }
  b->x[1] = b3 * b->x[1] + (1 - b3) * a * dot;
  b->x[0] = fmax(b->x[0], fmin(b->x[1] / ((1 - b3) * l1), p[1] * b->x[0]));
  for (int i = 0; i < BOOK_N; i++)
    b->w[i] = (1 - a * p[5]) * b->w[i] - b->s[0][i] / (sqrt(b->s[1][i]) + p[4]);
}

/* p: d0, d_coef, b1, b2, eps, weight decay; growth unbounded. x: d, r. */
static void prodigy(const double *p, struct book *b, const double *g, uint64_t k, double lr)
{
  double b3 = sqrt(p[3]), dot = 0, l1 = 0;
  if (k == 1)
    b->x[0] = p[0];
  double d = b->x[0], a = d * lr;
  for (int i = 0; i < BOOK_N; i++) {
    dot += g[i] * (b->start[i] - b->w[i]);
    b->s[0][i] = p[2] * b->s[0][i] + (1 - p[2]) * d * g[i];
    b->s[1][i] = p[3] * b->s[1][i] + (1 - p[3]) * d * d * g[i] * g[i];
    b->s[2][i] = b3 * b->s[2][i] + d / p[0] * a * g[i];
    l1 += fabs(b->s[2][i]);
  }
  b->x[1] = b3 * b->x[1] + d / p[0] * a * dot;
  b->x[0] = fmax(d, p[1] * b->x[1] / l1);
  for (int i = 0; i < BOOK_N; i++)
    b->w[i] = (1 - a * p[5]) * b->w[i] - a * b->s[0][i] / (sqrt(b->s[1][i]) + b->x[0] * p[4]);
}

static double one(uint64_t k)
{
  (void)k;
  return 1;
}
static double falling_from_one(uint64_t k) { return 1 / sqrt((double)k); }

static void test_textbooks(void)
{
  book_follows("dadapt-sgd", MAKE(&optimizer_dadapt_sgd.m, V_REAL("d0", 1e-3)), dadapt_sgd, (double[]){1e-3, 1e300, 0}, one);
  book_follows("dadapt-sgd with momentum and bounded growth", MAKE(&optimizer_dadapt_sgd.m, V_REAL("d0", 0.01), V_REAL("growth", 1.1), V_REAL("momentum", 0.8)),
               dadapt_sgd, (double[]){0.01, 1.1, 0.8}, falling_from_one);
  book_follows("dadapt-adam", MAKE(&optimizer_dadapt_adam.m, V_REAL("d0", 1e-3)), dadapt_adam, (double[]){1e-3, 1e300, 0.9, 0.999, 1e-8, 0}, one);
  book_follows("dadapt-adam with decay and bounded growth",
               MAKE(&optimizer_dadapt_adam.m, V_REAL("d0", 1e-3), V_REAL("growth", 1.2), V_REAL("b2", 0.95), V_REAL("weight_decay", 0.1)), dadapt_adam,
               (double[]){1e-3, 1.2, 0.9, 0.95, 1e-8, 0.1}, falling_from_one);
  book_follows("prodigy", MAKE(&optimizer_prodigy.m, V_REAL("d0", 1e-3)), prodigy, (double[]){1e-3, 1, 0.9, 0.999, 1e-8, 0}, falling_from_one);
  book_follows("prodigy with decay and d_coef", MAKE(&optimizer_prodigy.m, V_REAL("d0", 1e-3), V_REAL("d_coef", 0.5), V_REAL("b2", 0.99), V_REAL("weight_decay", 0.1)),
               prodigy, (double[]){1e-3, 0.5, 0.9, 0.99, 1e-8, 0.1}, falling_from_one);
  keeps("dadapt-sgd", MAKE_DEFAULT(&optimizer_dadapt_sgd.m), 2, 64);
  keeps("dadapt-adam", MAKE_DEFAULT(&optimizer_dadapt_adam.m), 3, 64);
  keeps("prodigy", MAKE_DEFAULT(&optimizer_prodigy.m), 4, 64);
}

/* --- what d does ------------------------------------------------------------------------------------ */

/* f = |x - x*|, convex and 1-Lipschitz; x* = 0. */
static void distance_gradient(const void *problem, uint64_t k, const double *w, double *g, size_t n)
{
  double size = 0;
  (void)problem, (void)k;
  for (size_t i = 0; i < n; i++)
    size = hypot(size, w[i]);
  for (size_t i = 0; i < n; i++)
    g[i] = size > 0 ? w[i] / size : 0;
}

/* The state starts with d in all three rules. */
static double estimate(const void *state)
{
  double d;
  memcpy(&d, state, sizeof d);
  return d;
}

static void test_estimate(const struct optimizer *m, bool bounded)
{
  struct object o = MAKE_DEFAULT(&m->m);
  const double far = sqrt(9.0 + 16 + 144);
  double w[3] = {3, -4, 12}, last = 1e-6, end = 0;
  bool rises = true;
  struct drive d = {.o = &o, .n = 3, .gradient = distance_gradient, .lr = 1};
  void *state = state_made(&o, w, 3, DTYPE_F64);
  for (uint64_t k = 1; k <= 400; k++) {
    d.lr = 1 / sqrt((double)k);
    drive_f64(&d, state, w, k, k + 1);
    rises = rises && estimate(state) >= last;
    last = estimate(state);
  }
  for (int i = 0; i < 3; i++)
    end = hypot(end, w[i]);
  tap_diag("%s on |x|, distance %g: d = %g, final distance %g", m->m.id, far, last, end);
  tap_ok(rises, "%s: d never falls", m->m.id);
  /* what is proved is N/|s| <= |x0 - x*|; d is the largest 2N/|s| */
  tap_ok(last > far / 20 && (!bounded || last <= 2 * far), "%s: on f = |x| d comes from 1e-6 to the size of the distance%s", m->m.id,
         bounded ? " and half of it does not exceed that" : "");
  tap_ok(end < far / 4, "%s: and the minimum is approached without a rate", m->m.id);
  free(state);
  object_free(&o);
}

/* The loss times 1024 with eps 0: the same path to the bit; times 1000: to roundings. */
static void test_scale(const struct optimizer *m)
{
  struct object o = MAKE(&m->m, V_REAL("eps", 0), V_REAL("d0", 1e-3));
  const double h[4] = {1, 2, 3, 4}, binary[4] = {1024, 2048, 3072, 4096}, decimal[4] = {1000, 2000, 3000, 4000};
  const double *const scaled[] = {h, binary, decimal};
  double w[3][4], worst = 0;
  for (int j = 0; j < 3; j++) {
    struct quadratic q = {.h = scaled[j]};
    struct drive d = {.o = &o, .n = 4, .gradient = quadratic_gradient, .problem = &q, .rate = falling_from_one};
    for (int i = 0; i < 4; i++)
      w[j][i] = 1 + 0.3 * i;
    run_f64(&d, w[j], 60);
  }
  for (int i = 0; i < 4; i++)
    worst = fmax(worst, fabs(w[2][i] - w[0][i]));
  tap_same_bits(w[1], w[0], sizeof w[0], "%s: the loss may be scaled by a power of two without changing a bit", m->m.id);
  tap_near(worst, 0, 0, 1e-11, "%s: and by 1000 without changing more than roundings", m->m.id);
  object_free(&o);
}

static void test_growth(void)
{
  struct object o = MAKE(&optimizer_prodigy.m, V_REAL("d0", 1e-3), V_REAL("growth", 1.5)), safe = MAKE(&optimizer_prodigy.m, V_BOOL("safeguard_warmup", true));
  double w[3] = {3, -4, 12}, v[3] = {3, -4, 12}, last = 0;
  bool bounded = true;
  struct drive d = {.o = &o, .n = 3, .gradient = distance_gradient, .lr = 1}, s = d;
  s.o = &safe, s.lr = 1e-3;
  void *state = state_made(&o, w, 3, DTYPE_F64), *other = state_made(&safe, v, 3, DTYPE_F64);
  for (uint64_t k = 1; k <= 60; k++) {
    drive_f64(&d, state, w, k, k + 1);
    drive_f64(&s, other, v, k, k + 1);
    bounded = bounded && (last <= 1e-3 || estimate(state) <= 1.5 * last * (1 + 1e-15));
    last = estimate(state);
  }
  tap_ok(bounded && last > 0.01, "prodigy: from its first estimate on growth bounds d from update to update");
  tap_ok(estimate(other) < 1e-4, "prodigy: with safeguard_warmup a rate of 0.001 does not count as progress");
  free(state), free(other);
  object_free(&o), object_free(&safe);
}

int main(void)
{
  test_textbooks();
  test_estimate(&optimizer_dadapt_sgd, true);
  test_estimate(&optimizer_dadapt_adam, false);
  test_estimate(&optimizer_prodigy, false);
  test_scale(&optimizer_prodigy);
  test_scale(&optimizer_dadapt_adam);
  test_growth();
  return tap_done();
}
