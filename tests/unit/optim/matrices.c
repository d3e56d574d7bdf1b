/* Rules for weight matrices, on bare matrices and on a net with padding: textbook loops in plain linear algebra (dense.h), and
 * what follows from the formulas. */
#include "tests/unit/optim/dense.h"
#include "tests/unit/optim/drive.h"

#include "experiments/kernel/blas.h"
#include "experiments/optim/matrix.h"

extern const struct optimizer optimizer_muon, optimizer_adafactor, optimizer_shampoo, optimizer_soap, optimizer_adagrad, optimizer_lion_k;

enum { T = 25, MOST = DENSE_MAX * DENSE_MAX };
static double falling(uint64_t k) { return 0.1 / sqrt((double)k); }

/* Gradients that no rule can see through: a pull to a random matrix, and noise. */
static void gradient(uint64_t seed, uint64_t k, const double *w, double *g, int n)
{
  struct rng target = rng_make(seed, RNG_TEST, 0), noise = rng_make(seed, RNG_TEST, k);
  for (int i = 0; i < n; i++)
    g[i] = 0.5 * (w[i] - rng_normal(&target)) + 0.3 * rng_normal(&noise);
}

struct run {
  struct object o;
  struct net net;
  void *state;
};

static struct run started(struct object o, size_t m, size_t n, const double *w)
{
  struct run r = {.o = o};
  const struct optimizer *rule = (const struct optimizer *)o.method;
  struct err e;
  optimizer_net_of_matrix(&r.net, m, n);
  if (mem_new(&r.state, rule->state_size(o.conf, &r.net, m * n, DTYPE_F64), 1, "state", &e))
    tap_bail("%s", e.message);
  rule->init(o.conf, &r.net, r.state, w, m * n, DTYPE_F64);
  return r;
}

static void stopped(struct run *r)
{
  free(r->state);
  object_free(&r->o);
}

static void stepped(struct run *r, double *w, const double *g, uint64_t k, double lr)
{
  struct step_info s = {.k = k, .lr = lr, .net = &r->net};
  struct err e;
  if (optimizer_step_f64(&r->o, r->state, w, g, r->net.n_params, &s, &e))
    tap_bail("%s", e.message);
}

static double apart(const double *a, const double *b, int n)
{
  double worst = 0, size = 0;
  for (int i = 0; i < n; i++) {
    worst = fmax(worst, fabs(a[i] - b[i]));
    size = fmax(size, fabs(b[i]));
  }
  return size > 0 ? worst / size : worst;
}

/* --- textbooks -------------------------------------------------------------------------------------- */

struct book {
  struct dense w, s[8]; /* s: zeros to begin with, of any shape */
};
typedef void book_step(const double *p, struct book *b, struct dense g, uint64_t k, double lr);

static struct dense zeros(int m, int n) { return (struct dense){.m = m, .n = n}; }

/* X with the singular values of the five quintic steps; or after 80 cubic steps, which converge to the polar factor. */
static struct dense orthogonalised(struct dense x, bool exact)
{
  x = dense_add(1 / dense_norm(x), x, 0, x);
  for (int round = 0; round < (exact ? 80 : 5); round++) {
    struct dense gram = dense_mul(x, dense_transpose(x)), once = dense_mul(gram, x);
    if (exact)
      x = dense_add(1.5, x, -0.5, once);
    else
      x = dense_add(1, dense_add(3.4445, x, -4.7750, once), 2.0315, dense_mul(gram, once));
  }
  return x;
}

/* p: momentum, nesterov, weight decay, exact */
static void book_muon(const double *p, struct book *b, struct dense g, uint64_t k, double lr)
{
  double shape = sqrt(fmax(1, (double)g.m / g.n));
  if (k == 1)
    b->s[0] = zeros(g.m, g.n);
  b->s[0] = dense_add(p[0], b->s[0], 1 - p[0], g);
  struct dense u = p[1] > 0 ? dense_add(1 - p[0], g, p[0], b->s[0]) : b->s[0];
  b->w = dense_add(1 - lr * p[2], b->w, -lr * shape, orthogonalised(u, p[3] > 0));
}

/* p: b1, b2, weight decay. K = the nuclear norm. */
static void book_nuclear(const double *p, struct book *b, struct dense g, uint64_t k, double lr)
{
  if (k == 1)
    b->s[0] = zeros(g.m, g.n);
  struct dense c = dense_add(p[0], b->s[0], 1 - p[0], g);
  b->s[0] = dense_add(p[1], b->s[0], 1 - p[1], g);
  b->w = dense_add(1 - lr * p[2], b->w, -lr, orthogonalised(c, true));
}

/* p: b1, scale, relative, weight decay, clip */
static void book_adafactor(const double *p, struct book *b, struct dense g, uint64_t k, double lr)
{
  double memory = 1 - pow((double)k, -0.8), mean = 0, rate = lr, count = g.m * g.n;
  if (k == 1)
    b->s[0] = zeros(g.m, 1), b->s[1] = zeros(1, g.n), b->s[2] = zeros(g.m, g.n);
  struct dense rows = zeros(g.m, 1), cols = zeros(1, g.n), u = g;
  for (int i = 0; i < g.m; i++)
    for (int j = 0; j < g.n; j++) {
      rows.a[i][0] += (g.a[i][j] * g.a[i][j] + 1e-30) / g.n;
      cols.a[0][j] += (g.a[i][j] * g.a[i][j] + 1e-30) / g.m;
    }
  b->s[0] = dense_add(memory, b->s[0], 1 - memory, rows);
  b->s[1] = dense_add(memory, b->s[1], 1 - memory, cols);
  for (int i = 0; i < g.m; i++)
    mean += b->s[0].a[i][0] / g.m;
  for (int i = 0; i < g.m; i++)
    for (int j = 0; j < g.n; j++)
      u.a[i][j] /= sqrt(b->s[0].a[i][0] * b->s[1].a[0][j] / mean);
  u = dense_add(1 / fmax(1, dense_norm(u) / sqrt(count) / p[4]), u, 0, u);
  b->s[2] = dense_add(p[0], b->s[2], 1 - p[0], u);
  if (p[2] > 0)
    rate *= fmin(0.01, 1 / sqrt((double)k));
  if (p[1] > 0)
    rate *= fmax(1e-3, dense_norm(b->w) / sqrt(count));
  b->w = dense_add(1 - lr * p[3], b->w, -rate, b->s[2]);
}

/* p: b2, eps, exponent, every, graft (0 none, 1 sgd, 2 adam), weight decay. s: L, R, roots, m, v. */
static void book_shampoo(const double *p, struct book *b, struct dense g, uint64_t k, double lr)
{
  double add = p[0] < 1 ? 1 - p[0] : 1, length = 0;
  if (k == 1)
    b->s[0] = zeros(g.m, g.m), b->s[1] = zeros(g.n, g.n), b->s[4] = b->s[5] = zeros(g.m, g.n);
  b->s[0] = dense_add(p[0], b->s[0], add, dense_mul(g, dense_transpose(g)));
  b->s[1] = dense_add(p[0], b->s[1], add, dense_mul(dense_transpose(g), g));
  if ((k - 1) % (uint64_t)p[3] == 0) {
    b->s[2] = dense_power(b->s[0], p[1], -p[2]);
    b->s[3] = dense_power(b->s[1], p[1], -p[2]);
  }
  struct dense d = dense_mul(b->s[2], dense_mul(g, b->s[3]));
  if (p[4] == 1)
    length = dense_norm(g);
  if (p[4] == 2) {
    struct dense step = g;
    for (int i = 0; i < g.m; i++)
      for (int j = 0; j < g.n; j++) {
        double *m = &b->s[4].a[i][j], *v = &b->s[5].a[i][j];
        *m = 0.9 * *m + 0.1 * g.a[i][j];
        *v = 0.999 * *v + 0.001 * g.a[i][j] * g.a[i][j];
        step.a[i][j] = *m / (1 - pow(0.9, (double)k)) / (sqrt(*v / (1 - pow(0.999, (double)k))) + 1e-8);
      }
    length = dense_norm(step);
  }
  b->w = dense_add(1 - lr * p[5], b->w, -lr * (p[4] > 0 ? length / dense_norm(d) : 1), d);
}

/* One side's next basis: columns sorted by diag(Q'AQ), then qr(A Q). order: where each column came from. */
static struct dense next_basis(struct dense a, struct dense q, int order[DENSE_MAX])
{
  struct dense quotient = dense_mul(dense_transpose(q), dense_mul(a, q)), sorted = q;
  for (int i = 0; i < q.n; i++)
    order[i] = i;
  for (int i = 0; i < q.n; i++)
    for (int j = i + 1; j < q.n; j++)
      if (quotient.a[order[j]][order[j]] > quotient.a[order[i]][order[i]]) {
        int t = order[i];
        order[i] = order[j], order[j] = t;
      }
  for (int i = 0; i < q.n; i++)
    for (int j = 0; j < q.n; j++)
      sorted.a[i][j] = q.a[i][order[j]];
  return dense_orth(dense_mul(a, sorted));
}

/* p: b1, b2, memory, eps, weight decay, every. s: L, R, Q_L, Q_R, m (in the basis), v. */
static void book_soap(const double *p, struct book *b, struct dense g, uint64_t k, double lr)
{
  double unused[DENSE_MAX];
  if (k == 1)
    b->s[0] = zeros(g.m, g.m), b->s[1] = zeros(g.n, g.n), b->s[4] = b->s[5] = zeros(g.m, g.n);
  struct dense gp = dense_mul(dense_transpose(b->s[2]), dense_mul(g, b->s[3])), step = g;
  if (k > 1) {
    double j1 = (double)(k - 1);
    b->s[4] = dense_add(p[0], b->s[4], 1 - p[0], gp);
    for (int i = 0; i < g.m; i++)
      for (int j = 0; j < g.n; j++) {
        b->s[5].a[i][j] = p[1] * b->s[5].a[i][j] + (1 - p[1]) * gp.a[i][j] * gp.a[i][j];
        step.a[i][j] = b->s[4].a[i][j] / (sqrt(b->s[5].a[i][j]) + p[3]);
      }
    step = dense_mul(b->s[2], dense_mul(step, dense_transpose(b->s[3])));
    b->w = dense_add(1, b->w, -lr * sqrt(1 - pow(p[1], j1)) / (1 - pow(p[0], j1)), step);
    b->w = dense_add(1 - lr * p[4], b->w, 0, b->w);
  }
  b->s[0] = dense_add(p[2], b->s[0], 1 - p[2], dense_mul(g, dense_transpose(g)));
  b->s[1] = dense_add(p[2], b->s[1], 1 - p[2], dense_mul(dense_transpose(g), g));
  if (k == 1) {
    b->s[2] = dense_eigen(b->s[0], unused);
    b->s[3] = dense_eigen(b->s[1], unused);
  } else if ((k - 1) % (uint64_t)p[5] == 0) {
    int rows[DENSE_MAX], cols[DENSE_MAX];
    struct dense m = dense_mul(b->s[2], dense_mul(b->s[4], dense_transpose(b->s[3]))), v = b->s[5];
    b->s[2] = next_basis(b->s[0], b->s[2], rows);
    b->s[3] = next_basis(b->s[1], b->s[3], cols);
    b->s[4] = dense_mul(dense_transpose(b->s[2]), dense_mul(m, b->s[3]));
    for (int i = 0; i < g.m; i++)
      for (int j = 0; j < g.n; j++)
        b->s[5].a[i][j] = v.a[rows[i]][cols[j]];
  }
}

/* tolerance: of the largest weight, float64; the reason stands with the call. */
static void follows(const char *name, struct object o, size_t m, size_t n, book_step *step, const double *p, double tolerance)
{
  int count = (int)(m * n);
  double w[MOST], g[MOST], book_w[MOST];
  float w32[MOST], g32[MOST];
  struct err e;
  for (int i = 0; i < count; i++)
    w32[i] = (float)(w[i] = book_w[i] = (double)(float)sin(i + 1));
  struct book b = {.w = dense_of((int)m, (int)n, w)};
  struct run r = started(o, m, n, w);
  void *state32;
  const struct optimizer *rule = (const struct optimizer *)o.method;
  if (mem_new(&state32, rule->state_size(o.conf, &r.net, m * n, DTYPE_F32), 1, "state", &e))
    tap_bail("%s", e.message);
  rule->init(o.conf, &r.net, state32, w32, m * n, DTYPE_F32);
  for (uint64_t k = 1; k <= T; k++) {
    gradient(5, k, book_w, g, count); /* at the textbook's weights, so that errors do not feed on themselves */
    for (int i = 0; i < count; i++)
      g[i] = (double)(g32[i] = (float)g[i]);
    stepped(&r, w, g, k, falling(k));
    if (optimizer_step_f32(&o, state32, w32, g32, m * n, &(struct step_info){.k = k, .lr = falling(k), .net = &r.net}, &e))
      tap_bail("%s", e.message);
    step(p, &b, dense_of((int)m, (int)n, g), k, falling(k));
    for (int i = 0; i < count; i++)
      book_w[i] = b.w.a[i / (int)n][i % (int)n];
  }
  double worst32 = 0;
  for (int i = 0; i < count; i++)
    worst32 = fmax(worst32, fabs((double)w32[i] - w[i]));
  tap_near(apart(w, book_w, count), 0, 0, tolerance, "%s, %zu x %zu, follows its textbook for %d updates", name, m, n, (int)T);
  /* the weights alone are rounded to float32, once an update: 25 half units of numbers below 2 (Adafactor's rate feels them too) */
  tap_near(worst32, 0, 0, T * 2 * 0x1p-24, "%s, %zu x %zu, float32 differs by the rounding of the weights", name, m, n);
  free(state32);
  stopped(&r);
}

#define MUON(...) MAKE(&optimizer_muon.m, __VA_ARGS__)
#define NUCLEAR(...) MAKE(&optimizer_lion_k.m, V_TEXT("k", "nuclear"), __VA_ARGS__)
#define ADAFACTOR(...) MAKE(&optimizer_adafactor.m, __VA_ARGS__)
#define SHAMPOO(...) MAKE(&optimizer_shampoo.m, __VA_ARGS__)
#define SOAP(...) MAKE(&optimizer_soap.m, __VA_ARGS__)

static void test_textbooks(void)
{
  static const size_t shape[3][2] = {{5, 5}, {4, 7}, {8, 3}};
  for (int i = 0; i < 3; i++) {
    size_t m = shape[i][0], n = shape[i][1];
    follows("muon", MAKE_DEFAULT(&optimizer_muon.m), m, n, book_muon, (double[]){0.95, 1, 0, 0}, 1e-10);
    follows("muon, exact, with decay", MUON(V_TEXT("polar", "exact"), V_BOOL("nesterov", false), V_REAL("momentum", 0.5), V_REAL("weight_decay", 0.2)), m, n,
            book_muon, (double[]){0.5, 0, 0.2, 1}, 1e-10);
    follows("lion-k, nuclear", NUCLEAR(V_REAL("weight_decay", 0.5)), m, n, book_nuclear, (double[]){0.9, 0.99, 0.5}, 1e-10);
    follows("adafactor", MAKE_DEFAULT(&optimizer_adafactor.m), m, n, book_adafactor, (double[]){0, 1, 0, 0, 1}, 1e-10);
    follows("adafactor with all its parts", ADAFACTOR(V_REAL("b1", 0.9), V_BOOL("relative", true), V_REAL("weight_decay", 0.1), V_REAL("clip", 0.5)), m, n,
            book_adafactor, (double[]){0.9, 1, 1, 0.1, 0.5}, 1e-10);
    follows("adafactor without scale", ADAFACTOR(V_BOOL("scale", false)), m, n, book_adafactor, (double[]){0, 0, 0, 0, 1}, 1e-10);
    follows("shampoo", MAKE_DEFAULT(&optimizer_shampoo.m), m, n, book_shampoo, (double[]){1, 1e-6, 0.25, 10, 2, 0}, 1e-10);
    follows("shampoo, plain", SHAMPOO(V_TEXT("graft", "none"), V_REAL("eps", 1e-2), V_INT("every", 1), V_REAL("weight_decay", 0.1)), m, n, book_shampoo,
            (double[]){1, 1e-2, 0.25, 1, 0, 0.1}, 1e-10);
    follows("shampoo, running means", SHAMPOO(V_TEXT("graft", "sgd"), V_REAL("b2", 0.9), V_REAL("exponent", 0.5), V_INT("every", 3), V_REAL("eps", 1e-3)), m, n,
            book_shampoo, (double[]){0.9, 1e-3, 0.5, 3, 1, 0}, 1e-10);
  }
  /* Square matrices of full rank: where L or R is singular the null space has no basis of its own. */
  follows("soap", MAKE_DEFAULT(&optimizer_soap.m), 5, 5, book_soap, (double[]){0.95, 0.95, 0.95, 1e-8, 0.01, 10}, 1e-10);
  follows("soap, turned every update", SOAP(V_INT("every", 1), V_REAL("b1", 0.8), V_REAL("basis_memory", 0.9), V_REAL("weight_decay", 0)), 4, 4, book_soap,
          (double[]){0.8, 0.95, 0.9, 1e-8, 0, 1}, 1e-10);
}

/* --- Muon --------------------------------------------------------------------------------------------- */

/* What one step at rate 1 with momentum 0 subtracts. */
static void direction(struct object o, size_t m, size_t n, const double *g, double *out)
{
  double w[MOST] = {0};
  struct run r = started(o, m, n, w);
  stepped(&r, w, g, 1, 1);
  for (size_t i = 0; i < m * n; i++)
    out[i] = -w[i];
  stopped(&r);
}

/* A rotation of n axes from a seed. */
static struct dense rotation(int n, uint64_t seed)
{
  struct dense x = zeros(n, n);
  struct rng r = rng_make(seed, RNG_TEST, 7);
  for (int i = 0; i < n; i++)
    for (int j = 0; j < n; j++)
      x.a[i][j] = rng_normal(&r);
  return dense_orth(x);
}

static void flat(struct dense x, double *out)
{
  for (int i = 0; i < x.m; i++)
    for (int j = 0; j < x.n; j++)
      out[i * x.n + j] = x.a[i][j];
}

#define PLAIN_MUON(mode) MUON(V_REAL("momentum", 0), V_TEXT("polar", mode))

static void test_singular_values(void)
{
  double g[36] = {0}, out[36], size = 0;
  bool inside = true, diagonal = true;
  for (int i = 0; i < 6; i++)
    g[7 * i] = pow(10, -0.4 * i); /* 1 down to 0.01 of the norm */
  direction(PLAIN_MUON("newton-schulz"), 6, 6, g, out);
  for (int i = 0; i < 36; i++)
    size = fmax(size, fabs(out[i]));
  for (int i = 0; i < 6; i++) {
    double norm = sqrt((1 - pow(10, -4.8)) / (1 - pow(10, -0.8))), s = g[7 * i] / norm;
    for (int round = 0; round < 5; round++)
      s = 3.4445 * s - 4.7750 * pow(s, 3) + 2.0315 * pow(s, 5);
    diagonal = diagonal && fabs(out[7 * i] - s) < 1e-12;
    inside = inside && (out[7 * i] > 0.68 || g[7 * i] < 0.01 * norm) && out[7 * i] < 1.14;
  }
  tap_ok(diagonal, "muon: singular values follow s <- a s + b s^3 + c s^5");
  tap_ok(inside && size > 0.9, "muon: those above 0.01 of the norm end in [0.68, 1.14]");
}

static void test_muon(void)
{
  double g[35], scaled[35], a[35], b[35], turned[35], out[35];
  struct rng r = rng_make(3, RNG_TEST, 0);
  for (int i = 0; i < 35; i++)
    scaled[i] = 0x1p-40 * (g[i] = rng_normal(&r));
  const char *const modes[] = {"newton-schulz", "exact"};
  for (int i = 0; i < 2; i++) {
    direction(PLAIN_MUON(modes[i]), 5, 7, g, a);
    direction(PLAIN_MUON(modes[i]), 5, 7, scaled, b);
    tap_near(apart(b, a, 35), 0, 0, 1e-13, "muon, %s: the scale of the gradient does not matter", modes[i]);
    struct dense u = rotation(5, 1), v = rotation(7, 2);
    flat(dense_mul(u, dense_mul(dense_of(5, 7, g), v)), turned);
    direction(PLAIN_MUON(modes[i]), 5, 7, turned, b);
    flat(dense_mul(u, dense_mul(dense_of(5, 7, a), v)), out);
    tap_near(apart(b, out, 35), 0, 0, 1e-11, "muon, %s: the step of U G V is U (step of G) V", modes[i]);
    memset(turned, 0, sizeof turned);
    direction(PLAIN_MUON(modes[i]), 5, 7, turned, b);
    tap_near(apart(b, turned, 35), 0, 0, 0, "muon, %s: no gradient, no step", modes[i]);
    flat(rotation(5, 9), turned);
    direction(PLAIN_MUON(modes[i]), 5, 5, turned, b);
    double factor = b[0] / turned[0];
    for (int j = 0; j < 25; j++)
      out[j] = factor * turned[j];
    tap_ok(apart(b, out, 25) < 1e-12 && factor > 0.68 && factor < 1.14 && (i == 0 || fabs(factor - 1) < 1e-12),
           "muon, %s: an orthogonal matrix keeps its direction (times %.3f)", modes[i], factor);
  }
  direction(PLAIN_MUON("exact"), 5, 7, g, a);
  struct dense o = dense_of(5, 7, a), gram = dense_mul(o, dense_transpose(o));
  tap_near(dense_norm(dense_add(1, gram, -1, dense_identity(5))), 0, 0, 1e-13, "muon, exact: the step has orthonormal rows");
  for (int i = 0; i < 35; i++)
    scaled[i] = g[i / 7 * 7] * g[i % 7]; /* rank 1 */
  direction(PLAIN_MUON("exact"), 5, 7, scaled, b);
  tap_near(dense_norm(dense_of(5, 7, b)), 1, 0, 1e-12, "muon, exact: a matrix of rank 1 gives a step of rank 1");
}

/* --- Adafactor, Shampoo, SOAP -------------------------------------------------------------------------- */

/* |g| of rank 1: v_ij = R_i C_j/mean(R) is g_ij^2 itself, so each update is lr sign(g), of RMS lr. */
static void test_adafactor(void)
{
  double g[12], w[12] = {0}, worst = 0;
  for (int i = 0; i < 12; i++) {
    int row = i / 4;
    g[i] = (i % 5 < 2 ? -1 : 1) * (1.0 + row) * pow(3, i % 4);
  }
  struct run r = started(ADAFACTOR(V_BOOL("scale", false)), 3, 4, w);
  for (uint64_t k = 1; k <= 10; k++) {
    double before[12];
    memcpy(before, w, sizeof w);
    stepped(&r, w, g, k, 0.5);
    for (int i = 0; i < 12; i++)
      worst = fmax(worst, fabs(before[i] - w[i] - copysign(0.5, g[i])));
  }
  tap_near(worst, 0, 0, 1e-13, "adafactor: squares of rank 1 are factored exactly: steps of lr sign(g), the first included");
  stopped(&r);
  double v[12], largest = 0;
  for (int i = 0; i < 12; i++)
    v[i] = sin(i + 1);
  r = started(ADAFACTOR(V_BOOL("relative", true)), 3, 4, v);
  for (uint64_t k = 1; k <= 100; k++) {
    double before[12], step = 0, size = 0;
    memcpy(before, v, sizeof v);
    gradient(8, k, v, g, 12);
    if (k % 10 == 0)
      g[5] *= 1000;
    stepped(&r, v, g, k, 1);
    for (int i = 0; i < 12; i++)
      step += pow(v[i] - before[i], 2), size += before[i] * before[i];
    largest = fmax(largest, sqrt(step / 12) / (fmax(1e-3, sqrt(size / 12)) * fmin(0.01, 1 / sqrt((double)k))));
  }
  tap_ok(largest <= 1 + 1e-12 && largest > 0.9, "adafactor: the RMS of a step is at most the rate (%.3f of it)", largest);
  stopped(&r);
}

static void test_shampoo(void)
{
  /* Diagonal gradients: L^-1/4 G R^-1/4 is g_i/sqrt(eps + sum g_i^2): AdaGrad from s0 = eps. */
  double w[16], diagonal[4], worst = 0;
  for (int i = 0; i < 16; i++)
    w[i] = cos(i);
  for (int i = 0; i < 4; i++)
    diagonal[i] = w[5 * i];
  struct run r = started(SHAMPOO(V_TEXT("graft", "none"), V_INT("every", 1), V_REAL("eps", 1e-3)), 4, 4, w);
  struct run ada = started(MAKE(&optimizer_adagrad.m, V_REAL("eps", 0), V_REAL("s0", 1e-3)), 1, 4, diagonal);
  for (uint64_t k = 1; k <= 30; k++) {
    double g[16] = {0}, d[4];
    gradient(4, k, diagonal, d, 4);
    for (int i = 0; i < 4; i++)
      g[5 * i] = d[i];
    stepped(&r, w, g, k, 0.1);
    stepped(&ada, diagonal, d, k, 0.1);
  }
  for (int i = 0; i < 4; i++)
    worst = fmax(worst, fabs(w[5 * i] - diagonal[i]));
  tap_near(worst, 0, 0, 1e-12, "shampoo: on a diagonal matrix it is adagrad");
  stopped(&r), stopped(&ada);
  /* G = u v' again and again: after k of them the step is G (eps + k |u|^2 |v|^2)^-1/2. */
  double x[12] = {0}, g[12], expected[12] = {0}, size = 0;
  for (int i = 0; i < 12; i++) {
    int row = i / 4;
    g[i] = (1.0 + row) * cos(i % 4);
    size += g[i] * g[i];
  }
  r = started(SHAMPOO(V_TEXT("graft", "none"), V_INT("every", 1), V_REAL("eps", 1e-2)), 3, 4, x);
  for (uint64_t k = 1; k <= 20; k++) {
    stepped(&r, x, g, k, 0.1);
    for (int i = 0; i < 12; i++)
      expected[i] -= 0.1 * g[i] / sqrt(1e-2 + (double)k * size);
  }
  tap_near(apart(x, expected, 12), 0, 0, 1e-11, "shampoo: a constant gradient of rank 1 gives G/sqrt(eps + k |G|^2)");
  stopped(&r);
  /* The fourth root itself: R^4 (A + eps I) = I. */
  struct dense a = zeros(6, 6), q = rotation(6, 3);
  for (int i = 0; i < 6; i++)
    a.a[i][i] = pow(10, i - 3);
  a = dense_mul(q, dense_mul(a, dense_transpose(q)));
  double flat_a[36], root[36], scratch[42];
  struct err e;
  flat(a, flat_a);
  if (matrix_power(flat_a, 6, 1e-6, -0.25, root, scratch, &e))
    tap_bail("%s", e.message);
  struct dense b = dense_of(6, 6, root), four = dense_mul(dense_mul(b, b), dense_mul(b, b));
  for (int i = 0; i < 6; i++)
    a.a[i][i] += 1e-6;
  /* eigenvalues over 5 decades: relative errors of 1e-15 grow by the condition 1e5 in the product */
  tap_near(dense_norm(dense_add(1, dense_mul(four, a), -1, dense_identity(6))), 0, 0, 1e-10, "the -1/4 power to the fourth inverts the matrix");
}

static void test_soap(void)
{
  /* No side is turned: Adam, from the second update on. With eps 0 it does not matter where epsilon stands. */
  double w[20], v[20], g[20];
  for (int i = 0; i < 20; i++)
    w[i] = v[i] = sin(3 * i);
  struct run r = started(SOAP(V_INT("max_dim", 1), V_REAL("eps", 0), V_REAL("weight_decay", 0)), 4, 5, w);
  struct run adam = started(MAKE(&optimizer_adam.m, V_REAL("b1", 0.95), V_REAL("b2", 0.95), V_REAL("eps", 0)), 4, 5, v);
  for (uint64_t k = 1; k <= 30; k++) {
    gradient(6, k, v, g, 20);
    stepped(&r, w, g, k, 0.01);
    if (k > 1)
      stepped(&adam, v, g, k - 1, 0.01);
    else
      tap_same_bits(w, v, sizeof w, "soap: the first update only builds the basis");
  }
  tap_near(apart(w, v, 20), 0, 0, 1e-13, "soap: in its own axes it is adam with the first update left out");
  stopped(&r), stopped(&adam);
  /* Turned gradients give turned weights. */
  struct dense left = rotation(4, 11), right = rotation(4, 12);
  double a[16] = {0}, b[16] = {0}, turned[16], expected[16];
  r = started(SOAP(V_INT("every", 1)), 4, 4, a);
  struct run other = started(SOAP(V_INT("every", 1)), 4, 4, b);
  for (uint64_t k = 1; k <= 30; k++) {
    gradient(7, k, a, g, 16);
    flat(dense_mul(left, dense_mul(dense_of(4, 4, g), right)), turned);
    stepped(&r, a, g, k, 0.01);
    stepped(&other, b, turned, k, 0.01);
  }
  flat(dense_mul(left, dense_mul(dense_of(4, 4, a), right)), expected);
  tap_near(apart(b, expected, 16), 0, 0, 1e-10, "soap: turning the gradients turns the weights");
  stopped(&r), stopped(&other);
}

/* --- nets, sizes, extremes ------------------------------------------------------------------------------ */

/* Two layers, 5 x 7 and 3 x 5, rows padded to 16 as in a real net. */
static void small_net(struct net *net)
{
  *net = (struct net){.n_layers = 2, .in = 7, .out = 3, .n_params = 5 * 16 + 16 + 3 * 16 + 16, .n_logical = 35 + 5 + 15 + 3};
  net->layer[0] = (struct layer){.kind = LAYER_DENSE, .in = 7, .out = 5, .rows = 5, .cols = 7, .w_stride = 16, .w_at = 0, .b_at = 80, .bias = true};
  net->layer[1] = (struct layer){.kind = LAYER_DENSE, .in = 5, .out = 3, .rows = 3, .cols = 5, .w_stride = 16, .w_at = 96, .b_at = 144, .bias = true};
}

static bool is_weight(size_t i)
{
  return (i < 80 && i % 16 < 7) || (i >= 80 && i < 85) || (i >= 96 && i < 144 && i % 16 < 5) || (i >= 144 && i < 147);
}

/* Without decay; lion-k with the nuclear norm. */
static struct object resting(const struct optimizer *m)
{
  return m == &optimizer_lion_k ? NUCLEAR(V_REAL("weight_decay", 0)) : MAKE(&m->m, V_REAL("weight_decay", 0));
}

/* In a net each matrix takes the path that it takes alone, padding stays zero, and a state copied midway goes on. */
static void test_net(const struct optimizer *m)
{
  enum { N = 160 };
  struct object o = resting(m);
  static struct net net;
  small_net(&net);
  double w[N] = {0}, g[N] = {0}, alone[35], ga[35];
  struct err e;
  size_t size = m->state_size(o.conf, &net, N, DTYPE_F64);
  void *state, *copy;
  if (mem_new(&state, size, 1, "state", &e) || mem_new(&copy, size, 1, "state", &e))
    tap_bail("%s", e.message);
  for (size_t i = 0; i < N; i++)
    w[i] = is_weight(i) ? sin((double)i) : 0;
  for (size_t i = 0; i < 35; i++)
    alone[i] = w[i / 7 * 16 + i % 7];
  m->init(o.conf, &net, state, w, N, DTYPE_F64);
  struct run r = started(resting(m), 5, 7, alone);
  double resumed[N];
  bool padding = true, moved = false;
  for (uint64_t k = 1; k <= 24; k++) {
    struct step_info s = {.k = k, .lr = 0.01, .net = &net};
    if (k == 13) {
      memcpy(copy, state, size);
      memcpy(resumed, w, sizeof w);
    }
    gradient(2, k, w, g, N);
    for (size_t i = 0; i < N; i++)
      g[i] = is_weight(i) ? g[i] : 0;
    for (size_t i = 0; i < 35; i++)
      ga[i] = g[i / 7 * 16 + i % 7];
    double before = w[80];
    if (optimizer_step_f64(&o, state, w, g, N, &s, &e) || (k >= 13 && optimizer_step_f64(&o, copy, resumed, g, N, &s, &e)))
      tap_bail("%s", e.message);
    moved = before != w[80] && w[144] != sin(144.0) && w[96] != sin(96.0);
    stepped(&r, alone, ga, k, 0.01);
  }
  bool same = true;
  for (size_t i = 0; i < N; i++)
    padding = padding && (is_weight(i) || w[i] == 0);
  for (size_t i = 0; i < 35; i++)
    same = same && w[i / 7 * 16 + i % 7] == alone[i];
  tap_ok(same, "%s: a matrix in a net takes the path that it takes alone", m->m.id);
  tap_ok(padding, "%s: padding stays exactly zero", m->m.id);
  tap_ok(moved, "%s: biases and the output layer move too", m->m.id);
  tap_ok(same_bits(w, resumed, sizeof w) && same_bits(state, copy, size), "%s: a state copied midway goes on with the same bits", m->m.id);
  free(state), free(copy);
  stopped(&r);
  object_free(&o);
}

/* Zero, huge and denormal gradients, 1 x n, n x 1 and 1 x 1 matrices: finite weights, or a clean error. */
static void test_extremes(const struct optimizer *m)
{
  static const size_t shape[4][2] = {{3, 4}, {1, 6}, {6, 1}, {1, 1}};
  static const float size[] = {0, 1e30f, 1e18f, 1e-30f, 1e-40f};
  struct object o = resting(m);
  bool fine = true, rests = true;
  for (size_t i = 0; i < 4; i++)
    for (size_t j = 0; j < 5; j++) {
      size_t n = shape[i][0] * shape[i][1];
      float w[12], g[12];
      static struct net net;
      struct err e = {0};
      void *state;
      enum status s = STATUS_OK;
      optimizer_net_of_matrix(&net, shape[i][0], shape[i][1]);
      if (mem_new(&state, m->state_size(o.conf, &net, n, DTYPE_F32), 1, "state", &e))
        tap_bail("%s", e.message);
      for (size_t l = 0; l < n; l++)
        w[l] = 1, g[l] = size[j] * (float)sin((double)l + 1);
      m->init(o.conf, &net, state, w, n, DTYPE_F32);
      for (uint64_t k = 1; k <= 15 && s == STATUS_OK; k++)
        s = optimizer_step_f32(&o, state, w, g, n, &(struct step_info){.k = k, .lr = 1e-3, .net = &net}, &e);
      for (size_t l = 0; l < n; l++) {
        fine = fine && (s == STATUS_OK ? isfinite(w[l]) : s == STATUS_DIVERGED && size[j] > 1 && e.message[0]);
        rests = rests && (j > 0 || w[l] == 1);
      }
      free(state);
    }
  tap_ok(fine, "%s: extreme gradients and shapes give finite weights or a clean error", m->m.id);
  tap_ok(rests, "%s: no gradient and no decay, no move", m->m.id);
  object_free(&o);
}

static size_t bytes_of(struct object o, size_t m, size_t n)
{
  static struct net net;
  optimizer_net_of_matrix(&net, m, n);
  size_t bytes = ((const struct optimizer *)o.method)->state_size(o.conf, &net, m * n, DTYPE_F32);
  object_free(&o);
  return bytes;
}

/* Bytes of float64, rounded up to 64. */
static size_t numbers(size_t n) { return round_up(8 * n, 64); }

/* Lion-K with the nuclear norm: from outside, the largest singular value falls to 1/wd and stays there; the optimum inside the
 * ball is that of |W - A|^2/2 with A's singular values cut at 1/wd. */
static void test_spectral_ball(void)
{
  const double wd = 0.5, lr = 0.01, aim[3] = {3, 0.7, 2.2};
  struct dense u = rotation(3, 21), v = rotation(3, 22), a = zeros(3, 3), best = zeros(3, 3);
  double w[9], g[9], target[9], tail[9] = {0}, most = 0, value[DENSE_MAX];
  for (int i = 0; i < 3; i++)
    a.a[i][i] = aim[i], best.a[i][i] = fmin(aim[i], 1 / wd);
  flat(dense_mul(u, dense_mul(a, v)), target);
  for (int i = 0; i < 9; i++)
    w[i] = 10 * cos(i);
  struct run r = started(NUCLEAR(V_REAL("weight_decay", wd)), 3, 3, w);
  for (uint64_t k = 1; k <= 4000; k++) {
    for (int i = 0; i < 9; i++)
      g[i] = w[i] - target[i];
    stepped(&r, w, g, k, lr);
    for (int i = 0; i < 9 && k > 3000; i++)
      tail[i] += w[i] / 1000;
    if (k > 2000) {
      struct dense now = dense_of(3, 3, w);
      (void)dense_eigen(dense_mul(dense_transpose(now), now), value);
      most = fmax(most, sqrt(value[0]));
    }
  }
  tap_ok(most <= 1 / wd + 1e-9, "lion-k, nuclear: no singular value stays above 1/weight_decay (%.6f)", most);
  double expected[9];
  flat(dense_mul(u, dense_mul(best, v)), expected);
  /* the iterates circle the best point at a distance of a few lr */
  tap_near(apart(tail, expected, 9), 0, 0, 5 * lr, "lion-k, nuclear: the weights go to the best point of that ball");
  stopped(&r);
  tap_ok(bytes_of(NUCLEAR(V_REAL("weight_decay", 0)), 30, 50) == numbers(1500), "lion-k, nuclear, keeps one vector of float64");
}

static void test_sizes(void)
{
  tap_ok(bytes_of(MAKE_DEFAULT(&optimizer_muon.m), 30, 50) == numbers(1500), "muon keeps one vector of float64");
  tap_ok(bytes_of(MAKE_DEFAULT(&optimizer_adafactor.m), 30, 50) == numbers(80), "adafactor keeps rows + cols numbers");
  tap_ok(bytes_of(ADAFACTOR(V_REAL("b1", 0.9)), 30, 50) == numbers(1580), "and a vector more with momentum");
  tap_ok(bytes_of(SHAMPOO(V_TEXT("graft", "none")), 30, 50) == numbers(2 * (900 + 2500)), "shampoo keeps 2 (rows^2 + cols^2)");
  tap_ok(bytes_of(SHAMPOO(V_INT("max_dim", 40)), 30, 50) == numbers(2 * 900 + 3000), "with a side left alone less, with Adam's graft 2 rows cols more");
  tap_ok(bytes_of(MAKE_DEFAULT(&optimizer_soap.m), 30, 50) == numbers(2 * (900 + 2500 + 1500)), "soap keeps 2 (rows^2 + cols^2 + rows cols)");
  tap_ok(bytes_of(MAKE_DEFAULT(&optimizer_muon.m), 1, 64) == 2 * 64 * 4, "a vector keeps Adam's two moments, in its own type");
}

/* The kernel below: Q of A = QR. */
static void test_orth(void)
{
  struct dense x = zeros(7, 7), q;
  struct rng r = rng_make(13, RNG_TEST, 0);
  double a[49];
  for (int i = 0; i < 7; i++)
    for (int j = 0; j < 7; j++)
      x.a[i][j] = rng_normal(&r);
  flat(x, a);
  bool done = blas_orth_f64(7, a, 7) == 0;
  q = dense_of(7, 7, a);
  tap_ok(done && dense_norm(dense_add(1, q, -1, dense_orth(x))) < 1e-12, "blas_orth: the columns that Gram and Schmidt find");
  memset(a, 0, sizeof a);
  a[0] = -2;
  done = blas_orth_f64(7, a, 7) == 0;
  q = dense_of(7, 7, a);
  tap_ok(done && dense_norm(dense_add(1, dense_mul(dense_transpose(q), q), -1, dense_identity(7))) < 1e-14, "blas_orth: orthonormal also for a singular matrix");
}

int main(void)
{
  static const struct optimizer *const all[] = {&optimizer_muon, &optimizer_adafactor, &optimizer_shampoo, &optimizer_soap, &optimizer_lion_k};
  test_orth();
  test_textbooks();
  test_singular_values();
  test_muon();
  test_adafactor();
  test_shampoo();
  test_soap();
  for (int i = 0; i < 5; i++) {
    test_net(all[i]);
    test_extremes(all[i]);
  }
  test_sizes();
  test_spectral_ball();
  return tap_done();
}
