/* Schedule-free SGD and AdamW: textbook loops, and the two ends of beta. */
#include "tests/unit/optim/book.h"

extern const struct optimizer optimizer_schedule_free_sgd, optimizer_schedule_free_adamw;

/* p: beta, r, weight decay, and for AdamW b2, eps. s[0] = x, s[1] = z, s[2] = v; x[0] = sum of weights, x[1] = largest rate. */
static void schedule_free(const double *p, struct book *b, const double *g, uint64_t k, double lr, bool adam)
{
  if (k == 1)
    for (int i = 0; i < BOOK_N; i++)
      b->s[0][i] = b->s[1][i] = b->w[i];
  b->x[1] = fmax(b->x[1], lr);
  double weight = pow((double)k, p[1]) * b->x[1] * b->x[1];
  b->x[0] += weight;
  double c = weight / b->x[0];
  for (int i = 0; i < BOOK_N; i++) {
    double d = g[i];
    if (adam) {
      b->s[2][i] = p[3] * b->s[2][i] + (1 - p[3]) * g[i] * g[i];
      d = g[i] / (sqrt(b->s[2][i] / (1 - pow(p[3], (double)k))) + p[4]);
    }
    b->s[1][i] -= lr * (d + p[2] * b->w[i]);
    b->s[0][i] = (1 - c) * b->s[0][i] + c * b->s[1][i];
    b->w[i] = (1 - p[0]) * b->s[1][i] + p[0] * b->s[0][i];
    b->eval[i] = b->s[0][i];
  }
}

static void book_sgd(const double *p, struct book *b, const double *g, uint64_t k, double lr) { schedule_free(p, b, g, k, lr, false); }
static void book_adam(const double *p, struct book *b, const double *g, uint64_t k, double lr) { schedule_free(p, b, g, k, lr, true); }

/* A warm-up, then a rate that wobbles: the largest rate so far matters. */
static double warmed(uint64_t k) { return k < 10 ? 0.03 * (double)k : 0.3 + 0.1 * sin((double)k); }
static double constant_rate(uint64_t k)
{
  (void)k;
  return 0.3;
}

/* --- the ends of beta ------------------------------------------------------------------------------- */

static void start_at(double w[BOOK_N])
{
  for (int i = 0; i < BOOK_N; i++)
    w[i] = cos(3 * i);
}

/* beta 0: sgd on z, and x the plain mean of z_1 .. z_k. */
static void test_plain_average(void)
{
  struct object o = MAKE(&optimizer_schedule_free_sgd.m, V_REAL("beta", 0)), sgd = MAKE_DEFAULT(&optimizer_sgd.m);
  double w[BOOK_N], z[BOOK_N], mean[BOOK_N] = {0}, x[BOOK_N];
  struct drive d = {.o = &o, .n = BOOK_N, .gradient = quadratic_gradient, .problem = &book_problem, .lr = 0.3}, s = d;
  s.o = &sgd;
  start_at(w), start_at(z);
  void *state = state_made(&o, w, BOOK_N, DTYPE_F64), *plain = state_made(&sgd, z, BOOK_N, DTYPE_F64);
  for (uint64_t k = 1; k <= 60; k++) {
    drive_f64(&d, state, w, k, k + 1);
    drive_f64(&s, plain, z, k, k + 1);
    for (int i = 0; i < BOOK_N; i++)
      mean[i] += z[i] / 60;
  }
  optimizer_schedule_free_sgd.eval_weights_f64(o.conf, state, w, x, BOOK_N);
  tap_near(book_distance(w, z), 0, 0, 1e-13, "schedule-free-sgd with beta 0 trains as sgd");
  tap_near(book_distance(x, mean), 0, 0, 1e-13, "and is evaluated at the plain mean of its iterates");
  free(state), free(plain);
  object_free(&o), object_free(&sgd);
}

/* beta 1: primal averaging, x' = x + (z' - x)/k with the gradient of z taken at x. */
static void test_primal_average(void)
{
  struct object o = MAKE(&optimizer_schedule_free_sgd.m, V_REAL("beta", 1));
  double w[BOOK_N], x[BOOK_N], z[BOOK_N], g[BOOK_N];
  struct drive d = {.o = &o, .n = BOOK_N, .gradient = quadratic_gradient, .problem = &book_problem, .lr = 0.3};
  start_at(w), start_at(x), start_at(z);
  run_f64(&d, w, 60);
  for (uint64_t k = 1; k <= 60; k++) {
    quadratic_gradient(&book_problem, k, x, g, BOOK_N);
    for (int i = 0; i < BOOK_N; i++) {
      z[i] -= 0.3 * g[i];
      x[i] += (z[i] - x[i]) / (double)k;
    }
  }
  tap_near(book_distance(w, x), 0, 0, 1e-13, "with beta 1 it is primal averaging: the weights trained are the average");
  object_free(&o);
}

/* x_1 = z_1 and y_1 with them, whatever beta; and a rate of 0 in the first update of a warm-up does no harm. */
static void test_start(void)
{
  struct object o = MAKE_DEFAULT(&optimizer_schedule_free_sgd.m);
  double w[BOOK_N], before[BOOK_N], x[BOOK_N], g[BOOK_N] = {1, 2, 3};
  struct err e;
  start_at(w), start_at(before);
  void *state = state_made(&o, w, BOOK_N, DTYPE_F64);
  bool fine = optimizer_step_f64(&o, state, w, g, BOOK_N, &(struct step_info){.k = 1, .lr = 0}, &e) == STATUS_OK;
  tap_ok(fine && same_bits(w, before, sizeof w), "an update at rate 0 moves nothing");
  fine = optimizer_step_f64(&o, state, w, g, BOOK_N, &(struct step_info){.k = 2, .lr = 0.5}, &e) == STATUS_OK;
  optimizer_schedule_free_sgd.eval_weights_f64(o.conf, state, w, x, BOOK_N);
  for (int i = 0; i < BOOK_N; i++)
    before[i] -= 0.5 * g[i];
  tap_ok(fine && book_distance(w, before) < 1e-15 && book_distance(x, before) < 1e-15, "after the first that counts x, y and z are one");
  free(state);
  object_free(&o);
}

int main(void)
{
  book_follows("schedule-free-sgd", MAKE_DEFAULT(&optimizer_schedule_free_sgd.m), book_sgd, (double[]){0.9, 0, 0}, constant_rate);
  book_follows("schedule-free-sgd, warmed up, with decay and r", MAKE(&optimizer_schedule_free_sgd.m, V_REAL("beta", 0.5), V_REAL("r", 1.5), V_REAL("weight_decay", 0.1)),
               book_sgd, (double[]){0.5, 1.5, 0.1}, warmed);
  book_follows("schedule-free-adamw", MAKE_DEFAULT(&optimizer_schedule_free_adamw.m), book_adam, (double[]){0.9, 0, 0, 0.999, 1e-8}, book_small_rate);
  book_follows("schedule-free-adamw, warmed up, with decay", MAKE(&optimizer_schedule_free_adamw.m, V_REAL("b2", 0.95), V_REAL("weight_decay", 0.2)), book_adam,
               (double[]){0.9, 0, 0.2, 0.95, 1e-8}, warmed);
  keeps("schedule-free-sgd", MAKE_DEFAULT(&optimizer_schedule_free_sgd.m), 2, 64);
  keeps("schedule-free-adamw", MAKE_DEFAULT(&optimizer_schedule_free_adamw.m), 3, 64);
  test_plain_average();
  test_primal_average();
  test_start();
  return tap_done();
}
