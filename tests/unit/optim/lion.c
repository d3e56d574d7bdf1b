/* Lion and Lion-K: textbook loops, steps of exactly lr, and the constraint that weight decay makes of each K. */
#include "tests/unit/optim/book.h"

extern const struct optimizer optimizer_lion, optimizer_lion_k;

/* p: b1, b2, weight decay, and for lion-k: K (0 l1, 1 l2, 2 lp, 3 Huber, 4 top-k), p or delta or number */
static double direction(const double *p, const double *c, int i)
{
  double sum = 0, size = fabs(c[i]), sign = c[i] > 0 ? 1 : c[i] < 0 ? -1 : 0;
  int larger = 0;
  switch ((int)p[3]) {
  case 0:
    return sign;
  case 1:
    for (int j = 0; j < BOOK_N; j++)
      sum += c[j] * c[j];
    return c[i] / sqrt(sum);
  case 2:
    for (int j = 0; j < BOOK_N; j++)
      sum += pow(fabs(c[j]), p[4]);
    return sign * pow(size, p[4] - 1) / pow(sum, (p[4] - 1) / p[4]);
  case 3:
    return fmax(-1, fmin(1, c[i] / p[4]));
  default:
    for (int j = 0; j < BOOK_N; j++)
      larger += fabs(c[j]) > size;
    return larger < p[4] ? sign : 0;
  }
}

static void lion(const double *p, struct book *b, const double *g, uint64_t k, double lr)
{
  double c[BOOK_N];
  (void)k;
  for (int i = 0; i < BOOK_N; i++)
    c[i] = p[0] * b->s[0][i] + (1 - p[0]) * g[i];
  for (int i = 0; i < BOOK_N; i++) {
    b->w[i] = b->w[i] * (1 - lr * p[2]) - lr * direction(p, c, i);
    b->s[0][i] = p[1] * b->s[0][i] + (1 - p[1]) * g[i];
  }
}

#define LION_K(...) MAKE(&optimizer_lion_k.m, __VA_ARGS__)

static void test_textbooks(void)
{
  book_follows("lion", MAKE_DEFAULT(&optimizer_lion.m), lion, (double[]){0.9, 0.99, 0, 0, 0}, book_small_rate);
  book_follows("lion with decay", MAKE(&optimizer_lion.m, V_REAL("weight_decay", 3), V_REAL("b1", 0.8)), lion, (double[]){0.8, 0.99, 3, 0, 0}, book_small_rate);
  book_follows("lion-k, l1", MAKE_DEFAULT(&optimizer_lion_k.m), lion, (double[]){0.9, 0.99, 0, 0, 0}, book_small_rate);
  book_follows("lion-k, l2", LION_K(V_TEXT("k", "l2"), V_REAL("weight_decay", 2)), lion, (double[]){0.9, 0.99, 2, 1, 0}, book_small_rate);
  book_follows("lion-k, l4", LION_K(V_TEXT("k", "lp"), V_REAL("weight_decay", 1)), lion, (double[]){0.9, 0.99, 1, 2, 4}, book_small_rate);
  book_follows("lion-k, l1.5", LION_K(V_TEXT("k", "lp"), V_REAL("p", 1.5)), lion, (double[]){0.9, 0.99, 0, 2, 1.5}, book_small_rate);
  book_follows("lion-k, Huber", LION_K(V_TEXT("k", "huber"), V_REAL("delta", 0.02)), lion, (double[]){0.9, 0.99, 0, 3, 0.02}, book_small_rate);
  book_follows("lion-k, top 3", LION_K(V_TEXT("k", "top-k"), V_REAL("fraction", 0.3)), lion, (double[]){0.9, 0.99, 0, 4, 3}, book_small_rate);
  keeps("lion", MAKE_DEFAULT(&optimizer_lion.m), 1, 0);
  keeps("lion-k, l2", LION_K(V_TEXT("k", "l2")), 1, 0);
  keeps("lion-k, lp", LION_K(V_TEXT("k", "lp")), 2, 0);
  keeps("lion-k, top-k", LION_K(V_TEXT("k", "top-k")), 3, 0);
}

/* --- the step --------------------------------------------------------------------------------------- */

static void test_step(void)
{
  struct object o = MAKE_DEFAULT(&optimizer_lion.m), top = LION_K(V_TEXT("k", "top-k"), V_REAL("fraction", 0.25));
  const double h[8] = {1, 0.3, 2, 0.1, 0.7, 0.01, 5, 0};
  const struct quadratic q = {.h = h, .noise = 0};
  double w[8], v[8];
  bool exact = true, few = true;
  struct drive d = {.o = &o, .n = 8, .gradient = quadratic_gradient, .problem = &q, .lr = 0.125}, t = d;
  t.o = &top;
  for (int i = 0; i < 8; i++)
    w[i] = v[i] = 1.0 + i; /* steps of 1/8 on such numbers are exact */
  void *state = state_made(&o, w, 8, DTYPE_F64), *other = state_made(&top, v, 8, DTYPE_F64);
  for (uint64_t k = 1; k <= 60; k++) {
    double before[8], last[8];
    int moved = 0;
    memcpy(before, w, sizeof w), memcpy(last, v, sizeof v);
    drive_f64(&d, state, w, k, k + 1);
    drive_f64(&t, other, v, k, k + 1);
    for (int i = 0; i < 8; i++) {
      exact = exact && (fabs(w[i] - before[i]) == 0.125 || h[i] == 0 || w[i] == before[i]);
      moved += fabs(v[i] - last[i]) == 0.125;
    }
    exact = exact && (k > 5 || fabs(w[0] - before[0]) == 0.125);
    few = few && moved == 2;
  }
  tap_ok(exact && w[7] == 8, "lion moves each coordinate by exactly lr, or not at all where the momentum is 0");
  tap_ok(few && v[7] == 8, "lion-k with top-k moves exactly so many coordinates by lr");
  free(state), free(other);
  object_free(&o), object_free(&top);
}

/* b1 = b2 = b: the direction is the sign of the new momentum. */
static void test_signed_momentum(void)
{
  struct object o = MAKE(&optimizer_lion.m, V_REAL("b1", 0.7), V_REAL("b2", 0.7)), k1 = MAKE(&optimizer_lion_k.m, V_REAL("b1", 0.7), V_REAL("b2", 0.7));
  double w[BOOK_N], v[BOOK_N], x[BOOK_N], m[BOOK_N] = {0}, g[BOOK_N];
  for (int i = 0; i < BOOK_N; i++)
    w[i] = v[i] = x[i] = cos(2 * i);
  struct drive d = {.o = &o, .n = BOOK_N, .gradient = quadratic_gradient, .problem = &book_problem, .lr = 0.01}, other = d;
  other.o = &k1;
  run_f64(&d, w, 80);
  run_f64(&other, x, 80);
  for (uint64_t k = 1; k <= 80; k++) {
    quadratic_gradient(&book_problem, k, v, g, BOOK_N);
    for (int i = 0; i < BOOK_N; i++) {
      m[i] = 0.7 * m[i] + (1 - 0.7) * g[i];
      v[i] -= 0.01 * (m[i] > 0 ? 1 : -1);
    }
  }
  tap_near(book_distance(w, v), 0, 0, 1e-13, "lion with b1 = b2 is the sign of an ordinary momentum");
  tap_same_bits(x, w, sizeof w, "lion-k with l1 is lion to the bit");
  object_free(&o), object_free(&k1);
}

/* --- constraints ------------------------------------------------------------------------------------ */

/* f = |w - a|^2/2, a far outside of the constraint. */
static const double aim[4] = {3, -2, 1, 0.05};

static void towards_aim(const void *problem, uint64_t k, const double *w, double *g, size_t n)
{
  (void)problem, (void)k;
  for (size_t i = 0; i < n; i++)
    g[i] = w[i] - aim[i];
}

/* |w|_q of 4 numbers; q = INFINITY: the largest. */
static double norm(const double *w, double q)
{
  double s = 0;
  for (int i = 0; i < 4; i++)
    s = isinf(q) ? fmax(s, fabs(w[i])) : s + pow(fabs(w[i]), q);
  return isinf(q) ? s : pow(s, 1 / q);
}

/* From far outside the ball |w|_q <= 1/wd, q dual to K: |w| - 1/wd falls at least by 1 - lr wd an update, then stays below 0 for
 * ever, and in the end w is near the best point of the ball. */
static void test_constraint(const char *name, struct object o, double q, double wd, const double *best)
{
  double w[4] = {20, 30, -25, 28}, lr = 0.01, tail[4] = {0}, outside = norm(w, q) - 1 / wd;
  bool shrinks = true, stays = true;
  struct drive d = {.o = &o, .n = 4, .gradient = towards_aim, .lr = lr};
  void *state = state_made(&o, w, 4, DTYPE_F64);
  for (uint64_t k = 1; k <= 4000; k++) {
    drive_f64(&d, state, w, k, k + 1);
    double now = norm(w, q) - 1 / wd;
    if (outside > 0)
      shrinks = shrinks && now <= (1 - lr * wd) * outside + 1e-12;
    else
      stays = stays && now <= 1e-12;
    outside = now;
    for (int i = 0; i < 4 && k > 3000; i++)
      tail[i] += w[i] / 1000;
  }
  tap_ok(shrinks, "%s: outside the ball the distance falls like (1 - lr wd)^t", name);
  tap_ok(stays && outside <= 1e-12, "%s: inside it stays inside, |w| <= 1/wd", name);
  double worst = 0;
  for (int i = 0; i < 4; i++)
    worst = fmax(worst, fabs(tail[i] - best[i]));
  /* the iterates circle the best point at a distance of a few lr */
  tap_near(worst, 0, 0, 5 * lr, "%s: and goes to the best point of the ball", name);
  free(state);
  object_free(&o);
}

static void test_constraints(void)
{
  const double box[4] = {2, -2, 1, 0.05}, length = sqrt(9 + 4 + 1 + 0.0025);
  double ball[4];
  for (int i = 0; i < 4; i++)
    ball[i] = aim[i] / length * 2;
  test_constraint("lion, weight_decay 0.5", MAKE(&optimizer_lion.m, V_REAL("weight_decay", 0.5)), (double)INFINITY, 0.5, box);
  test_constraint("lion-k with l2, weight_decay 0.5", LION_K(V_TEXT("k", "l2"), V_REAL("weight_decay", 0.5)), 2, 0.5, ball);
  /* K = l4, q = 4/3, radius 1: the multiplier of w_i + l sign |w_i|^(1/3) = a_i from bisection */
  double lo = 0, hi = 10, best[4];
  for (int round = 0; round < 200; round++) {
    double l = (lo + hi) / 2;
    for (int i = 0; i < 4; i++) { /* r^3 + l r = |a|, r = |w|^(1/3) */
      double a = 0, b = 10;
      for (int j = 0; j < 100; j++) {
        double r = (a + b) / 2;
        if (r * r * r + l * r > fabs(aim[i]))
          b = r;
        else
          a = r;
      }
      best[i] = copysign(a * a * a, aim[i]);
    }
    if (norm(best, 4.0 / 3) > 1)
      lo = l;
    else
      hi = l;
  }
  test_constraint("lion-k with l4, weight_decay 1", LION_K(V_TEXT("k", "lp"), V_REAL("weight_decay", 1)), 4.0 / 3, 1, best);
}

int main(void)
{
  test_textbooks();
  test_step();
  test_signed_momentum();
  test_constraints();
  return tap_done();
}
