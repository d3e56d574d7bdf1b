/* The adaptive diagonal rules: textbook loops, and what follows from the formulas. */
#include "tests/unit/optim/book.h"

extern const struct optimizer optimizer_adadelta, optimizer_adagrad, optimizer_adamax, optimizer_amsgrad, optimizer_diffgrad, optimizer_nadam,
    optimizer_radam, optimizer_rmsprop, optimizer_lion;

/* --- textbooks ------------------------------------------------------------------------------------ */

static void decay(struct book *b, double lr, double wd)
{
  for (int i = 0; i < BOOK_N; i++)
    b->w[i] -= lr * wd * b->w[i];
}

/* p: eps, s0, weight decay */
static void adagrad(const double *p, struct book *b, const double *g, uint64_t k, double lr)
{
  decay(b, lr, p[2]);
  for (int i = 0; i < BOOK_N; i++) {
    b->s[0][i] = (k == 1 ? p[1] : b->s[0][i]) + g[i] * g[i];
    b->w[i] -= lr * g[i] / (sqrt(b->s[0][i]) + p[0]);
  }
}

/* p: b2, eps, momentum, centered, weight decay */
static void rmsprop(const double *p, struct book *b, const double *g, uint64_t k, double lr)
{
  (void)k;
  decay(b, lr, p[4]);
  for (int i = 0; i < BOOK_N; i++) {
    b->s[0][i] = p[0] * b->s[0][i] + (1 - p[0]) * g[i] * g[i];
    b->s[1][i] = p[0] * b->s[1][i] + (1 - p[0]) * g[i];
    double v = b->s[0][i] - (p[3] > 0 ? b->s[1][i] * b->s[1][i] : 0);
    b->s[2][i] = p[2] * b->s[2][i] + g[i] / (sqrt(fmax(v, 0)) + p[1]);
    b->w[i] -= lr * b->s[2][i];
  }
}

/* p: b2, eps, weight decay */
static void adadelta(const double *p, struct book *b, const double *g, uint64_t k, double lr)
{
  (void)k;
  decay(b, lr, p[2]);
  for (int i = 0; i < BOOK_N; i++) {
    b->s[0][i] = p[0] * b->s[0][i] + (1 - p[0]) * g[i] * g[i];
    double step = sqrt(b->s[1][i] + p[1]) / sqrt(b->s[0][i] + p[1]) * g[i];
    b->s[1][i] = p[0] * b->s[1][i] + (1 - p[0]) * step * step;
    b->w[i] -= lr * step;
  }
}

/* The two moments in s[0] and s[1], with p: b1, b2. */
static void moments(const double *p, struct book *b, const double *g)
{
  for (int i = 0; i < BOOK_N; i++) {
    b->s[0][i] = p[0] * b->s[0][i] + (1 - p[0]) * g[i];
    b->s[1][i] = p[1] * b->s[1][i] + (1 - p[1]) * g[i] * g[i];
  }
}

static double corrected(double beta, uint64_t k) { return 1 - pow(beta, (double)k); }

/* p: b1, b2, eps, correction, weight decay */
static void amsgrad(const double *p, struct book *b, const double *g, uint64_t k, double lr)
{
  decay(b, lr, p[4]);
  moments(p, b, g);
  for (int i = 0; i < BOOK_N; i++) {
    double c1 = p[3] > 0 ? corrected(p[0], k) : 1, c2 = p[3] > 0 ? corrected(p[1], k) : 1;
    b->s[2][i] = fmax(b->s[2][i], b->s[1][i]);
    b->w[i] -= lr * (b->s[0][i] / c1) / (sqrt(b->s[2][i] / c2) + p[2]);
  }
}

/* p: b1, b2, eps, psi, weight decay. The product of the mu anew in every update. */
static void nadam(const double *p, struct book *b, const double *g, uint64_t k, double lr)
{
  double product = 1, mu = 0, next = p[0] * (1 - 0.5 * pow(0.96, ((double)k + 1) * p[3]));
  for (uint64_t j = 1; j <= k; j++) {
    mu = p[0] * (1 - 0.5 * pow(0.96, (double)j * p[3]));
    product *= mu;
  }
  decay(b, lr, p[4]);
  moments(p, b, g);
  for (int i = 0; i < BOOK_N; i++) {
    double root = sqrt(b->s[1][i] / corrected(p[1], k)) + p[2];
    b->w[i] -= lr * (1 - mu) / (1 - product) * g[i] / root;
    b->w[i] -= lr * next / (1 - product * next) * b->s[0][i] / root;
  }
}

/* p: b1, b2, eps, weight decay */
static void radam(const double *p, struct book *b, const double *g, uint64_t k, double lr)
{
  double most = 2 / (1 - p[1]) - 1, length = most - 2 * (double)k * pow(p[1], (double)k) / corrected(p[1], k);
  decay(b, lr, p[3]);
  moments(p, b, g);
  for (int i = 0; i < BOOK_N; i++) {
    double mean = b->s[0][i] / corrected(p[0], k);
    if (length > 5) {
      double r = sqrt(((length - 4) * (length - 2) * most) / ((most - 4) * (most - 2) * length));
      b->w[i] -= lr * mean * r * sqrt(corrected(p[1], k)) / (sqrt(b->s[1][i]) + p[2]);
    } else {
      b->w[i] -= lr * mean;
    }
  }
}

/* p: b1, b2, eps, weight decay */
static void adamax(const double *p, struct book *b, const double *g, uint64_t k, double lr)
{
  decay(b, lr, p[3]);
  for (int i = 0; i < BOOK_N; i++) {
    b->s[0][i] = p[0] * b->s[0][i] + (1 - p[0]) * g[i];
    b->s[1][i] = fmax(p[1] * b->s[1][i], fabs(g[i]) + p[2]);
    b->w[i] -= lr / corrected(p[0], k) * b->s[0][i] / b->s[1][i];
  }
}

/* p: b1, b2, eps, aliased, weight decay */
static void diffgrad(const double *p, struct book *b, const double *g, uint64_t k, double lr)
{
  decay(b, lr, p[4]);
  moments(p, b, g);
  for (int i = 0; i < BOOK_N; i++) {
    double xi = p[3] > 0 ? 0.5 : 1 / (1 + exp(-fabs(b->s[2][i] - g[i])));
    b->s[2][i] = g[i];
    b->w[i] -= lr * sqrt(corrected(p[1], k)) / corrected(p[0], k) * xi * b->s[0][i] / (sqrt(b->s[1][i]) + p[2]);
  }
}

static void test_textbooks(void)
{
  book_follows("adagrad", MAKE_DEFAULT(&optimizer_adagrad.m), adagrad, (double[]){1e-10, 0, 0}, book_small_rate);
  book_follows("adagrad with s0 and decay", MAKE(&optimizer_adagrad.m, V_REAL("s0", 0.1), V_REAL("weight_decay", 0.2), V_REAL("eps", 1e-3)), adagrad,
               (double[]){1e-3, 0.1, 0.2}, book_rate);
  book_follows("rmsprop", MAKE_DEFAULT(&optimizer_rmsprop.m), rmsprop, (double[]){0.99, 1e-8, 0, 0, 0}, book_small_rate);
  book_follows("rmsprop with momentum", MAKE(&optimizer_rmsprop.m, V_REAL("momentum", 0.8), V_REAL("b2", 0.9)), rmsprop,
               (double[]){0.9, 1e-8, 0.8, 0, 0}, book_small_rate);
  book_follows("rmsprop, centered", MAKE(&optimizer_rmsprop.m, V_BOOL("centered", true), V_REAL("eps", 0.1), V_REAL("weight_decay", 0.1)), rmsprop,
               (double[]){0.99, 0.1, 0, 1, 0.1}, book_small_rate);
  book_follows("rmsprop, centered, with momentum", MAKE(&optimizer_rmsprop.m, V_BOOL("centered", true), V_REAL("eps", 0.1), V_REAL("momentum", 0.5)),
               rmsprop, (double[]){0.99, 0.1, 0.5, 1, 0}, book_small_rate);
  book_follows("adadelta", MAKE_DEFAULT(&optimizer_adadelta.m), adadelta, (double[]){0.9, 1e-6, 0}, book_rate);
  book_follows("amsgrad", MAKE_DEFAULT(&optimizer_amsgrad.m), amsgrad, (double[]){0.9, 0.999, 1e-8, 1, 0}, book_small_rate);
  book_follows("amsgrad as in the paper", MAKE(&optimizer_amsgrad.m, V_BOOL("bias_correction", false), V_REAL("b2", 0.9), V_REAL("weight_decay", 0.1)),
               amsgrad, (double[]){0.9, 0.9, 1e-8, 0, 0.1}, book_small_rate);
  book_follows("nadam", MAKE_DEFAULT(&optimizer_nadam.m), nadam, (double[]){0.9, 0.999, 1e-8, 4e-3, 0}, book_small_rate);
  book_follows("nadam with decay", MAKE(&optimizer_nadam.m, V_REAL("momentum_decay", 0.1), V_REAL("weight_decay", 0.3)), nadam,
               (double[]){0.9, 0.999, 1e-8, 0.1, 0.3}, book_small_rate);
  book_follows("radam", MAKE_DEFAULT(&optimizer_radam.m), radam, (double[]){0.9, 0.999, 1e-8, 0}, book_small_rate);
  book_follows("radam with short memory", MAKE(&optimizer_radam.m, V_REAL("b2", 0.9), V_REAL("weight_decay", 0.1)), radam,
               (double[]){0.9, 0.9, 1e-8, 0.1}, book_small_rate);
  book_follows("adamax", MAKE_DEFAULT(&optimizer_adamax.m), adamax, (double[]){0.9, 0.999, 1e-8, 0}, book_small_rate);
  book_follows("adamax with short memory", MAKE(&optimizer_adamax.m, V_REAL("b2", 0.8), V_REAL("weight_decay", 0.1)), adamax,
               (double[]){0.9, 0.8, 1e-8, 0.1}, book_small_rate);
  book_follows("diffgrad", MAKE_DEFAULT(&optimizer_diffgrad.m), diffgrad, (double[]){0.9, 0.999, 1e-8, 0, 0}, book_small_rate);
  book_follows("diffgrad, aliased", MAKE(&optimizer_diffgrad.m, V_BOOL("aliased", true), V_REAL("weight_decay", 0.1)), diffgrad,
               (double[]){0.9, 0.999, 1e-8, 1, 0.1}, book_small_rate);
}

static void test_sizes(void)
{
  keeps("adagrad", MAKE_DEFAULT(&optimizer_adagrad.m), 1, 0);
  keeps("rmsprop", MAKE_DEFAULT(&optimizer_rmsprop.m), 1, 0);
  keeps("rmsprop with momentum", MAKE(&optimizer_rmsprop.m, V_REAL("momentum", 0.9)), 2, 0);
  keeps("rmsprop, centered, with momentum", MAKE(&optimizer_rmsprop.m, V_REAL("momentum", 0.9), V_BOOL("centered", true)), 3, 0);
  keeps("adadelta", MAKE_DEFAULT(&optimizer_adadelta.m), 2, 0);
  keeps("amsgrad", MAKE_DEFAULT(&optimizer_amsgrad.m), 3, 0);
  keeps("nadam", MAKE_DEFAULT(&optimizer_nadam.m), 2, 64);
  keeps("radam", MAKE_DEFAULT(&optimizer_radam.m), 2, 0);
  keeps("adamax", MAKE_DEFAULT(&optimizer_adamax.m), 2, 0);
  keeps("diffgrad", MAKE_DEFAULT(&optimizer_diffgrad.m), 3, 0);
  keeps("diffgrad, aliased", MAKE(&optimizer_diffgrad.m, V_BOOL("aliased", true)), 2, 0);
}

/* --- a constant gradient -------------------------------------------------------------------------- */

static void constant_gradient(const void *problem, uint64_t k, const double *w, double *g, size_t n)
{
  const double *at = problem;
  (void)k, (void)w;
  for (size_t i = 0; i < n; i++)
    g[i] = at[i];
}

static void test_constant(void)
{
  static const double fixed[3] = {4, -0.25, 1e-3};
  struct object ada = MAKE(&optimizer_adagrad.m, V_REAL("eps", 0)), diff = MAKE(&optimizer_diffgrad.m, V_REAL("eps", 0));
  double w[3] = {0}, v[3] = {0}, worst = 0, half = 0;
  struct drive d = {.o = &ada, .n = 3, .gradient = constant_gradient, .problem = fixed, .lr = 0.1}, f = d;
  f.o = &diff;
  void *state = state_made(&ada, w, 3, DTYPE_F64), *other = state_made(&diff, v, 3, DTYPE_F64);
  for (uint64_t k = 1; k <= 100; k++) {
    const double before[3] = {w[0], w[1], w[2]}, last[3] = {v[0], v[1], v[2]};
    drive_f64(&d, state, w, k, k + 1);
    drive_f64(&f, other, v, k, k + 1);
    for (int i = 0; i < 3; i++) {
      worst = fmax(worst, fabs(fabs(w[i] - before[i]) - 0.1 / sqrt((double)k)));
      if (k > 1)
        half = fmax(half, fabs(fabs(v[i] - last[i]) - 0.05));
    }
  }
  tap_near(worst, 0, 0, 1e-14, "adagrad: a constant gradient gives steps of lr/sqrt(k)");
  tap_near(half, 0, 0, 1e-13, "diffgrad: a constant gradient gives xi = 1/2 from the second update on: steps of lr/2");
  free(state);
  free(other);
  object_free(&ada);
  object_free(&diff);
}

/* The first step of diffgrad with eps 0 is lr xi(|g|): our own exponential against libm's. */
static void test_friction(void)
{
  struct object o = MAKE(&optimizer_diffgrad.m, V_REAL("eps", 0));
  double g[400], w[400] = {0}, worst = 0, worst32 = 0;
  float g32[400], w32[400] = {0};
  struct step_info s = {.k = 1, .lr = 1};
  struct err e;
  for (int i = 0; i < 400; i++)
    g32[i] = (float)(g[i] = (double)(float)pow(10, -6 + 8.2 * i / 400)); /* 1e-6 to 158 */
  void *state = state_made(&o, w, 400, DTYPE_F64), *state32 = state_made(&o, w32, 400, DTYPE_F32);
  if (optimizer_step_f64(&o, state, w, g, 400, &s, &e) || optimizer_step_f32(&o, state32, w32, g32, 400, &s, &e))
    tap_bail("%s", e.message);
  bool inside = true;
  for (int i = 0; i < 400; i++) {
    double xi = 1 / (1 + exp(-g[i]));
    worst = fmax(worst, fabs(-w[i] / xi - 1));
    worst32 = fmax(worst32, fabs((double)-w32[i] / xi - 1));
    inside = inside && -w[i] > 0.5 - 1e-15 && -w[i] < 1 + 1e-15;
  }
  /* xi itself is good to 2 roundings; the moments and their root add about 6 */
  tap_near(worst, 0, 0, 8 * 0x1p-53, "diffgrad: xi = 1/(1 + exp(-|g|)) in float64");
  tap_near(worst32, 0, 0, 8 * 0x1p-24, "and in float32");
  tap_ok(inside, "and between 1/2 and 1");
  free(state);
  free(state32);
  object_free(&o);
}

static void test_aliased(void)
{
  struct object diff = MAKE(&optimizer_diffgrad.m, V_REAL("eps", 0), V_BOOL("aliased", true)), adam = MAKE(&optimizer_adam.m, V_REAL("eps", 0));
  double a[BOOK_N], b[BOOK_N];
  for (int i = 0; i < BOOK_N; i++)
    a[i] = b[i] = sin(i + 1);
  struct drive d = {.o = &diff, .n = BOOK_N, .gradient = quadratic_gradient, .problem = &book_problem, .lr = 0.02}, half = d;
  half.o = &adam, half.lr = 0.01;
  run_f64(&d, a, 50);
  run_f64(&half, b, 50);
  tap_near(book_distance(a, b), 0, 0, 1e-13, "diffgrad as it was published is adam at half the rate");
  object_free(&diff);
  object_free(&adam);
}

/* --- invariance, and the problem that Adam fails on ---------------------------------------------------- */

static void test_scale(const struct optimizer *m)
{
  struct object o = MAKE(&m->m, V_REAL("eps", 0));
  const double h[4] = {1, 2, 3, 4}, larger[4] = {1024, 2048, 3072, 4096};
  const struct quadratic small = {.h = h}, large = {.h = larger};
  double a[4] = {1, -2, 0.5, 3}, b[4] = {1, -2, 0.5, 3};
  struct drive d = {.o = &o, .n = 4, .gradient = quadratic_gradient, .problem = &small, .lr = 0.01}, scaled = d;
  scaled.problem = &large;
  run_f64(&d, a, 100);
  run_f64(&scaled, b, 100);
  tap_same_bits(a, b, sizeof a, "%s: with eps 0 the loss may be scaled by a power of two without changing a bit", m->m.id);
  tap_ok(isfinite(a[0]) && a[0] < 1, "%s: and it moves", m->m.id);
  object_free(&o);
}

/* Reddi, Kale and Kumar: gradient 1010 at every 101st update, else -10, x kept in [-1, 1]. The mean gradient is positive. */
static double online_end(struct object o)
{
  double x = 0;
  struct err e;
  void *state = state_made(&o, &x, 1, DTYPE_F64);
  for (uint64_t k = 1; k <= 1000000; k++) {
    struct step_info s = {.k = k, .lr = 0.5 / sqrt((double)k)};
    double g = k % 101 == 1 ? 1010 : -10;
    if (optimizer_step_f64(&o, state, &x, &g, 1, &s, &e))
      tap_bail("%s", e.message);
    x = fmin(1, fmax(-1, x));
  }
  free(state);
  object_free(&o);
  return x;
}

static void test_online(void)
{
  /* the dossier's figure, from an independent run: -0.997 */
  tap_near(online_end(MAKE(&optimizer_amsgrad.m, V_REAL("b2", 0.99))), -0.997, 0, 2e-3, "amsgrad ends at -1 on the problem of its paper");
  tap_near(online_end(MAKE(&optimizer_amsgrad.m, V_REAL("b2", 0.99), V_BOOL("bias_correction", false))), -0.997, 0, 2e-3, "also without bias correction");
}

int main(void)
{
  enum { INVARIANT = 5 };
  static const struct optimizer *const invariant[INVARIANT] = {&optimizer_adagrad, &optimizer_rmsprop, &optimizer_amsgrad, &optimizer_nadam, &optimizer_adamax};
  test_textbooks();
  test_sizes();
  test_constant();
  test_friction();
  test_aliased();
  for (size_t i = 0; i < INVARIANT; i++)
    test_scale(invariant[i]);
  test_online();
  return tap_done();
}
