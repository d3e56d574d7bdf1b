/* Optimistic AMSGrad: a textbook loop with its own elimination, and what its extrapolation finds. */
#include "tests/unit/optim/book.h"

extern const struct optimizer optimizer_opt_amsgrad, optimizer_amsgrad;

enum { MOST = 8 };

/* Solves the m x m system in place by Gauss-Jordan elimination with pivoting. */
static void solve(double a[MOST][MOST + 1], int m)
{
  for (int k = 0; k < m; k++) {
    int best = k;
    for (int i = k; i < m; i++)
      best = fabs(a[i][k]) > fabs(a[best][k]) ? i : best;
    for (int j = 0; j <= m; j++) {
      double t = a[k][j];
      a[k][j] = a[best][j], a[best][j] = t;
    }
    for (int i = 0; i < m; i++)
      for (int j = m; i != k && j >= k; j--)
        a[i][j] -= a[i][k] / a[k][k] * a[k][j];
  }
  for (int k = 0; k < m; k++)
    a[k][m] /= a[k][k];
}

/* h from gradients g[0..m], the last being the newest. */
static void extrapolate(const double (*g)[BOOK_N], int m, double lam, double h[BOOK_N])
{
  double a[MOST][MOST + 1] = {{0}}, norm = 0, sum = 0;
  if (m == 0) {
    memcpy(h, g[0], BOOK_N * sizeof *h);
    return;
  }
  for (int i = 0; i < m; i++)
    for (int j = 0; j < m; j++) {
      for (int l = 0; l < BOOK_N; l++)
        a[i][j] += (g[i + 1][l] - g[i][l]) * (g[j + 1][l] - g[j][l]);
      norm += a[i][j] * a[i][j];
    }
  for (int i = 0; i < m; i++)
    a[i][i] += lam * sqrt(norm), a[i][m] = 1;
  solve(a, m);
  for (int i = 0; i < m; i++)
    sum += a[i][m];
  for (int l = 0; l < BOOK_N; l++)
    h[l] = 0;
  for (int i = 0; i < m; i++)
    for (int l = 0; l < BOOK_N; l++)
      h[l] += a[i][m] / sum * g[i][l];
}

static double kept[BOOK_T + 1][BOOK_N]; /* all gradients; the textbook has room */

/* p: r, b1, b2, eps, lam, weight decay. s: m, v, vhat, y, h. */
static void optimistic(const double *p, struct book *b, const double *g, uint64_t k, double lr)
{
  int r = (int)p[0], m = (int)k - 1 < r ? (int)k - 1 : r;
  memcpy(kept[k], g, sizeof kept[k]);
  if (k == 1)
    memcpy(b->s[3], b->w, sizeof b->w);
  for (int i = 0; i < BOOK_N; i++) {
    double d = g[i] - b->s[4][i];
    b->s[0][i] = p[1] * b->s[0][i] + (1 - p[1]) * g[i];
    b->s[1][i] = p[2] * b->s[1][i] + (1 - p[2]) * d * d;
    b->s[2][i] = fmax(b->s[2][i], b->s[1][i]);
  }
  if (r > 0)
    extrapolate((const double(*)[BOOK_N])kept[k - (uint64_t)m], m, p[4], b->s[4]);
  for (int i = 0; i < BOOK_N; i++) {
    double root = sqrt(b->s[2][i]) + p[3];
    b->s[3][i] = (1 - lr * p[5]) * b->s[3][i] - lr * b->s[0][i] / root;
    b->w[i] = b->s[3][i] - (r > 0 ? lr * (p[1] * b->s[0][i] + (1 - p[1]) * b->s[4][i]) / root : 0);
  }
}

/* Gradients that follow g* + sum_j a_j l_j^k: with two factors l and three differences the extrapolation finds g*. */
static void modes(const void *problem, uint64_t k, const double *w, double *g, size_t n)
{
  (void)problem, (void)w;
  for (size_t i = 0; i < n; i++)
    g[i] = sin((double)i) + cos(2.0 * (double)i) * pow(0.9, (double)k) + (double)(i % 3) * pow(-0.5, (double)k);
}

/* Vector 4 of the state, behind the header. */
static double off_limit(const void *state, size_t header)
{
  double h[BOOK_N], worst = 0;
  memcpy(h, (const char *)state + header + 4 * sizeof h, sizeof h);
  for (int i = 0; i < BOOK_N; i++)
    worst = fmax(worst, fabs(h[i] - sin(i)));
  return worst;
}

static void test_limit(void)
{
  struct object o = MAKE(&optimizer_opt_amsgrad.m, V_INT("r", 3), V_REAL("lam", 1e-15)), few = MAKE(&optimizer_opt_amsgrad.m, V_INT("r", 2), V_REAL("lam", 1e-15));
  double w[BOOK_N] = {0}, v[BOOK_N] = {0};
  const size_t header = 8 * 8 * sizeof(double);
  struct drive d = {.o = &o, .n = BOOK_N, .gradient = modes, .lr = 0.01}, s = d;
  s.o = &few;
  void *state = state_made(&o, w, BOOK_N, DTYPE_F64), *other = state_made(&few, v, BOOK_N, DTYPE_F64);
  drive_f64(&d, state, w, 1, 8);
  drive_f64(&s, other, v, 1, 8);
  /* the system of three differences has the condition 1e4 or so, and lam times it biases the weights by as much */
  tap_near(off_limit(state, header), 0, 0, 1e-8, "gradients of two decaying modes: three differences find where they tend to");
  tap_ok(off_limit(other, header) > 1e-3, "two differences do not");
  free(state), free(other);
  object_free(&o), object_free(&few);
}

static void test_amsgrad(void)
{
  struct object o = MAKE(&optimizer_opt_amsgrad.m, V_INT("r", 0)), plain = MAKE(&optimizer_amsgrad.m, V_BOOL("bias_correction", false));
  double a[BOOK_N], b[BOOK_N];
  for (int i = 0; i < BOOK_N; i++)
    a[i] = b[i] = cos(3 * i);
  struct drive d = {.o = &o, .n = BOOK_N, .gradient = quadratic_gradient, .problem = &book_problem, .rate = book_small_rate}, s = d;
  s.o = &plain;
  run_f64(&d, a, 80);
  run_f64(&s, b, 80);
  tap_near(book_distance(a, b), 0, 0, 1e-14, "without a guess it is amsgrad without bias correction");
  object_free(&o), object_free(&plain);
}

int main(void)
{
  book_follows("opt-amsgrad, r 0", MAKE(&optimizer_opt_amsgrad.m, V_INT("r", 0)), optimistic, (double[]){0, 0.9, 0.999, 1e-8, 1e-8, 0}, book_small_rate);
  book_follows("opt-amsgrad, r 1", MAKE(&optimizer_opt_amsgrad.m, V_INT("r", 1), V_REAL("b2", 0.9)), optimistic, (double[]){1, 0.9, 0.9, 1e-8, 1e-8, 0},
               book_small_rate);
  book_follows("opt-amsgrad, r 3", MAKE(&optimizer_opt_amsgrad.m, V_REAL("lam", 1e-3)), optimistic, (double[]){3, 0.9, 0.999, 1e-8, 1e-3, 0}, book_small_rate);
  book_follows("opt-amsgrad, r 5 with decay", MAKE(&optimizer_opt_amsgrad.m, V_INT("r", 5), V_REAL("lam", 0.01), V_REAL("weight_decay", 0.1)), optimistic,
               (double[]){5, 0.9, 0.999, 1e-8, 0.01, 0.1}, book_small_rate);
  keeps("opt-amsgrad", MAKE_DEFAULT(&optimizer_opt_amsgrad.m), 8, 512);
  test_limit();
  test_amsgrad();
  return tap_done();
}
