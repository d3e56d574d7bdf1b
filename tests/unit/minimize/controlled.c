/* controlled.c: the minimizer `stochastic` with a controller, and with a schedule that sets the momentum: against loops in float64. */
#include <math.h>

#include "experiments/kernel/vec.h"
#include "experiments/minimize/minimize.h"
#include "experiments/optim/average.h"
#include "experiments/schedules/schedule.h"
#include "tests/unit/objective/local.h"

extern const struct minimizer minimizer_stochastic;
extern const struct objective_method objective_least_squares, objective_logistic_regression;
extern const struct optimizer optimizer_sgd, optimizer_heavy_ball, optimizer_adam;
extern const struct sampler sampler_incremental;
extern const struct schedule schedule_constant, schedule_one_cycle;
extern const struct controller controller_sps_max, controller_sls_armijo, controller_bb1;

enum { N = 12, D = 4, BATCH = 3, UPDATES = 10 };

static const struct method *find(enum kind kind, const char *id)
{
  return kind == KIND_SAMPLER ? &sampler_incremental.m : kind == KIND_OPTIMIZER ? &optimizer_sgd.m : kind == KIND_SCHEDULE ? &schedule_constant.m
         : find_data(kind, id);
}

static struct object made(const struct method *m, const struct named_value *v, size_t n)
{
  struct object o;
  struct err e;
  if (params_parse(&o, m, v, n, find, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  return o;
}

static struct objective *problem(const struct objective_method *m)
{
  char *path = sparse_file(N, D, 17);
  struct named_value v[] = {V_TEXT("file", path), V_REAL("l2", 0.01)};
  struct objective *f = objective_of(&m->m, v, 2, find);
  unlink(path);
  free(path);
  return f;
}

/* Run and keep the counts. */
static enum status run(struct objective *f, const struct object *optimizer, const char *key, const struct object *by, double *w,
                       struct minimize_count *count, struct err *e)
{
  const struct named_value v[] = {V_OBJECT("optimizer", optimizer), V_OBJECT(key, by), V_INT("batch", BATCH)};
  struct object o = made(&minimizer_stochastic.m, v, 3);
  struct minimize m;
  memcpy(w, f->start, f->d * sizeof *w);
  minimize_init(&m, NULL, f, w, INFINITY);
  m.iterations = UPDATES;
  m.every = 0;
  enum status s = minimize_run(&o, &m, e);
  *count = m.count;
  minimize_free(&m);
  object_free(&o);
  return s;
}

static double distance(const double *a, const double *b)
{
  double worst = 0;
  for (int j = 0; j < D; j++)
    worst = fmax(worst, fabs(a[j] - b[j]));
  return worst;
}

/* The batch of update t: the components in their order. */
static const uint32_t *batch_at(int t)
{
  static uint32_t index[BATCH];
  for (int k = 0; k < BATCH; k++)
    index[k] = (uint32_t)((t * BATCH + k) % N);
  return index;
}

static void check_polyak(void)
{
  const struct named_value v[] = {V_REAL("c", 1), V_TEXT("cap", "fixed"), V_REAL("eta_max", 0.7)};
  struct objective *f = problem(&objective_least_squares);
  struct object sgd = made(&optimizer_sgd.m, NULL, 0), sps = made(&controller_sps_max.m, v, 3);
  struct minimize_count count;
  struct err e = {0};
  double w[D], expected[D], g[D];
  if (f->d != D || run(f, &sgd, "controller", &sps, w, &count, &e) != STATUS_OK)
    tap_bail("%zu weights: %s", f->d, e.message);
  memcpy(expected, f->start, sizeof expected);
  for (int t = 0; t < UPDATES; t++) {
    double loss = objective_batch(f, batch_at(t), BATCH, expected, g), eta = fmin(loss / (vec_dot_f64(g, g, D) + 1e-8), 0.7);
    for (int j = 0; j < D; j++)
      expected[j] -= eta * g[j];
  }
  tap_ok(distance(w, expected) < 1e-14 && distance(w, f->start) > 0.01, "sps-max: f_B/|g|^2, at most the cap (%.2g)", distance(w, expected));
  tap_ok(count.gradients == UPDATES * BATCH && count.values == 0, "at the cost of one gradient of a batch an update");
  object_free(&sgd), object_free(&sps);
  objective_release(f);
}

/* Every accepted step of a loop of our own: eta_max 20 each time, times 0.9 until the batch falls by enough. */
static void check_armijo(const struct optimizer *rule, double mu, const char *name)
{
  const struct named_value momentum[] = {V_REAL("momentum", mu)};
  const struct named_value v[] = {V_REAL("gamma", 1e6), V_REAL("eta_max", 20)};
  struct objective *f = problem(&objective_logistic_regression);
  struct object sgd = made(&rule->m, momentum, mu > 0), sls = made(&controller_sls_armijo.m, v, 2);
  struct minimize_count count;
  struct err e = {0};
  double w[D], x[D], g[D], u[D] = {0}, trial[D], scratch[D], trials = 0;
  if (run(f, &sgd, "controller", &sls, w, &count, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  memcpy(x, f->start, sizeof x);
  for (int t = 0; t < UPDATES; t++) {
    double loss = objective_batch(f, batch_at(t), BATCH, x, g), eta = 20, value;
    for (int j = 0; j < D; j++)
      u[j] = mu * u[j] + g[j];
    double slope = vec_dot_f64(g, u, D);
    for (eta = slope > 0 ? eta : 1e-6;; eta *= 0.9) { /* uphill nothing is tried */
      for (int j = 0; j < D; j++)
        trial[j] = x[j] - eta * u[j];
      value = slope > 0 ? objective_batch_value(f, batch_at(t), BATCH, trial, scratch) : -INFINITY;
      trials += slope > 0;
      if (value <= loss - 0.1 * eta * slope)
        break;
    }
    memcpy(x, trial, sizeof x);
  }
  tap_ok(distance(w, x) < 1e-12, "sls-armijo with %s: the first rate that falls by enough, along its direction (%.2g)", name, distance(w, x));
  tap_ok(trials > 2 * UPDATES && count.values == trials * BATCH && count.gradients == UPDATES * BATCH, "its %g trials count as values of a batch, not as gradients", trials);
  object_free(&sgd), object_free(&sls);
  objective_release(f);
}

static void check_momentum(void)
{
  struct objective *f = problem(&objective_least_squares);
  struct object heavy = made(&optimizer_heavy_ball.m, NULL, 0), adam = made(&optimizer_adam.m, NULL, 0);
  const struct named_value v[] = {V_REAL("peak", 0.1), V_BOOL("cycle_momentum", true)};
  struct object cycle = made(&schedule_one_cycle.m, v, 2);
  struct minimize_count count;
  struct err e = {0};
  double w[D], x[D], g[D], u[D] = {0};
  if (run(f, &heavy, "schedule", &cycle, w, &count, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  memcpy(x, f->start, sizeof x);
  bool moves = false;
  for (int t = 0; t < UPDATES; t++) {
    double mu = schedule_momentum_at(&cycle, t, UPDATES), lr = schedule_at(&cycle, t, UPDATES);
    objective_batch(f, batch_at(t), BATCH, x, g);
    moves |= t && fabs(mu - schedule_momentum_at(&cycle, 0, UPDATES)) > 0.01;
    for (int j = 0; j < D; j++) {
      u[j] = mu * u[j] + g[j];
      x[j] -= lr * u[j];
    }
  }
  tap_ok(moves && distance(w, x) < 1e-14, "one-cycle: heavy-ball follows the schedule's momentum (%.2g)", distance(w, x));
  tap_ok(run(f, &adam, "schedule", &cycle, w, &count, &e) == STATUS_UNSUPPORTED && strstr(e.message, "\"adam\" has none to set"), "adam cannot: %s", e.message);
  object_free(&heavy), object_free(&adam), object_free(&cycle);
  objective_release(f);
}

static void check_refusals(void)
{
  struct objective *f = problem(&objective_least_squares);
  struct object sgd = made(&optimizer_sgd.m, NULL, 0), bb = made(&controller_bb1.m, NULL, 0);
  struct minimize_count count;
  struct err e = {0};
  double w[D];
  tap_ok(run(f, &sgd, "controller", &bb, w, &count, &e) == STATUS_UNSUPPORTED && strstr(e.message, "controller \"bb1\" looks at float32 vectors"),
         "a controller that looks at vectors: %s", e.message);
  object_free(&sgd), object_free(&bb);
  objective_release(f);
}

int main(void)
{
  check_polyak();
  check_armijo(&optimizer_sgd, 0, "sgd");
  check_armijo(&optimizer_heavy_ball, 0.2, "heavy-ball");
  check_momentum();
  check_refusals();
  return tap_done();
}
