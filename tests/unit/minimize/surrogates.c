/* surrogates.c: target-based surrogates: one fixed step is SGD, the whole walk ends at a linear system's solution, no step raises f. */
#include "experiments/kernel/blas.h"
#include "experiments/kernel/vec.h"
#include "experiments/minimize/minimize.h"
#include "experiments/optim/optimizer.h"
#include "experiments/schedules/schedule.h"
#include "tests/unit/objective/local.h"

extern const struct sampler sampler_random_reshuffling;
extern const struct schedule schedule_inverse_sqrt;
extern const struct minimizer minimizer_sso;

enum { D = 9, N = 30, SEED = 5 };

static const struct method *const links[] = {&objective_logistic_regression.m, &objective_least_squares.m, &objective_squared_hinge.m};

static const struct method *find(enum kind kind, const char *id)
{
  if (kind == KIND_SCHEDULE)
    return &schedule_inverse_sqrt.m;
  return kind == KIND_SAMPLER ? &sampler_random_reshuffling.m : find_data(kind, id);
}

/* So many surrogates from the start; the caller frees m. */
static void go(struct minimize *m, struct objective *f, const struct named_value *v, size_t n, double iterations, double *w)
{
  struct object o;
  struct err e = {0};
  memcpy(w, f->start, f->d * sizeof *w);
  minimize_init(m, NULL, f, w, INFINITY);
  m->iterations = iterations;
  m->seed = SEED;
  m->every = 0;
  if (params_parse(&o, &minimizer_sso.m, v, n, find, &e) != STATUS_OK || minimize_run(&o, m, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  object_free(&o);
}

static struct objective *problem(const struct method *link, double l2, bool dense)
{
  char *path = sparse_file(N, D, 23);
  struct named_value v[] = {V_TEXT("file", path), V_REAL("l2", l2)};
  struct objective *f = objective_of(link, v, 2, find);
  unlink(path);
  free(path);
  for (size_t j = 0; j < f->d; j++)
    f->start[j] = 0.2 * (double)(j % 3);
  if (dense)
    make_dense(f);
  return f;
}

static const uint32_t *first_epoch(void)
{
  static uint32_t order[N];
  struct err e;
  if (sampler_random_reshuffling.epoch(NULL, N, SEED, 0, order, &e) != STATUS_OK)
    tap_bail("no order");
  return order;
}

static double distance(const double *a, const double *b)
{
  double worst = 0;
  for (int j = 0; j < D; j++)
    worst = fmax(worst, fabs(a[j] - b[j]));
  return worst;
}

/* One fixed step a surrogate: eta does not enter. Batches of 7, the last of the epoch of 2. */
static void check_sgd(const struct method *link, bool dense)
{
  struct objective *f = problem(link, 0.1, dense);
  struct minimize m;
  double w[D], expected[D], g[D], eta = 3.3, rate = 0.2;
  const uint32_t *order = first_epoch();
  struct named_value v[] = {V_INT("batch", 7), V_INT("steps", 1), V_TEXT("inner", "fixed"), V_REAL("inner_rate", rate), V_REAL("rate", eta)};
  go(&m, f, v, 5, 5, w);
  memcpy(expected, f->start, sizeof expected);
  for (size_t at = 0; at < N; at += 7) {
    objective_batch(f, order + at, N - at < 7 ? N - at : 7, expected, g);
    for (int j = 0; j < D; j++)
      expected[j] -= rate * g[j];
  }
  tap_ok(distance(w, expected) < 1e-14, "%s, %s: one fixed step a surrogate is SGD (%.2g)", link->id, dense ? "dense" : "sparse",
         distance(w, expected));
  tap_ok(m.count.gradients == N && m.count.hvps == 0 && m.count.values == 0, "and costs as much (%g, %g)", m.count.gradients, m.count.hvps);
  minimize_free(&m);
  objective_release(f);
}

/* The Hessian X'X/(b eta) + l2 I of the surrogate of a batch. */
static void surrogate_hessian(const struct objective *f, const uint32_t *index, size_t b, double eta, double *h)
{
  double row[D];
  memset(h, 0, D * D * sizeof *h);
  for (size_t i = 0; i < b; i++) {
    memset(row, 0, sizeof row);
    glm_add(f->glm, index[i], 1, row);
    for (int j = 0; j < D; j++)
      for (int k = 0; k < D; k++)
        h[j * D + k] += row[j] * row[k] / ((double)b * eta);
  }
  for (int j = 0; j < D; j++)
    h[j * D + j] += f->glm->l2;
}

/* Two surrogates of 12 components, walked to their ends, against solutions of linear systems; d steps of conjugate gradients end there but
 * for rounding, whose size the condition number (below 100) multiplies. */
static void check_end(const struct method *link)
{
  struct objective *f = problem(link, 0.1, false);
  struct minimize m;
  double w[D], expected[D], g[D], h[D * D], eta = 0.7;
  const uint32_t *order = first_epoch();
  struct named_value v[] = {V_INT("batch", 12), V_INT("steps", D), V_TEXT("inner", "cg"), V_REAL("rate", eta)};
  go(&m, f, v, 4, 2, w);
  memcpy(expected, f->start, sizeof expected);
  for (int t = 0; t < 2; t++) {
    objective_batch(f, order + 12 * t, 12, expected, g);
    surrogate_hessian(f, order + 12 * t, 12, eta, h);
    if (blas_getrf_solve_f64(D, 1, h, D, g, 1) != 0)
      tap_bail("singular");
    for (int j = 0; j < D; j++)
      expected[j] -= g[j];
  }
  tap_ok(distance(w, expected) < 1e-11, "%s: d conjugate gradients end at the surrogate's minimum (%.2g)", link->id, distance(w, expected));
  tap_ok(m.count.gradients == 24 && m.count.hvps == 24 * (D - 0.5), "their products are counted (%g, %g)", m.count.gradients, m.count.hvps);
  minimize_free(&m);
  objective_release(f);
}

/* mean [q (z - z_t) + (z - z_t)^2/(2 eta)] + (l2/2)(|w|^2 - |w_t|^2): what the surrogate says f gains from w_t to w. */
static double predicted(const struct objective *f, const double *from, const double *w, double eta)
{
  const struct glm *a = f->glm;
  double sum = 0;
  for (size_t i = 0; i < N; i++) {
    double z = glm_dot(a, i, from), dz = glm_dot(a, i, w) - z;
    sum += glm_slope(a->link, z, a->y[i]) * dz + dz * dz / (2 * eta);
  }
  return sum / N + 0.5 * a->l2 * (vec_dot_f64(w, w, D) - vec_dot_f64(from, from, D));
}

/* The line search on the surrogate's own values: first trial 10, then 1.8 times the last; 0.9 down; half of the predicted decrease. */
static double searched(const struct objective *f, const double *w, const double *g, double eta, double last)
{
  double by = 1.8 * last, here = predicted(f, f->start, w, eta), at[D];
  for (;; by *= 0.9) {
    for (int j = 0; j < D; j++)
      at[j] = w[j] - by * g[j];
    if (predicted(f, f->start, at, eta) <= here - 0.5 * by * vec_dot_f64(g, g, D))
      return by;
  }
}

/* Five steps on one surrogate of all components by the textbook: its gradient is H (w - start) + grad f(start). */
static void check_walk(const char *inner)
{
  struct objective *f = problem(&objective_logistic_regression.m, 0.1, true);
  struct minimize m;
  double w[D], expected[D], g0[D], g[D], h[D * D], eta = 2, by = 10 / 1.8;
  bool search = strcmp(inner, "armijo") == 0;
  uint32_t all[N];
  for (uint32_t i = 0; i < N; i++)
    all[i] = i;
  struct named_value v[] = {V_INT("steps", 5), V_TEXT("inner", inner), V_REAL("rate", eta), V_REAL("inner_rate", 0.3)};
  go(&m, f, v, search ? 3 : 4, 1, w);
  objective_gradient(f, f->start, g0);
  surrogate_hessian(f, all, N, eta, h);
  memcpy(expected, f->start, sizeof expected);
  for (int t = 0; t < 5; t++) {
    for (int j = 0; j < D; j++) {
      g[j] = g0[j];
      for (int k = 0; k < D; k++)
        g[j] += h[j * D + k] * (expected[k] - f->start[k]);
    }
    by = search ? searched(f, expected, g, eta, by) : 0.3;
    for (int j = 0; j < D; j++)
      expected[j] -= by * g[j];
  }
  tap_ok(distance(w, expected) < 1e-13, "%s: five steps are those of its definition (%.2g)", inner, distance(w, expected));
  tap_ok(m.count.hvps == (search ? 4.5 : 4) * N, "%s: and their products are counted (%g)", inner, m.count.hvps / N);
  minimize_free(&m);
  objective_release(f);
}

/* The worst of (f(w) - f(from)) - predicted over random pairs, near and far. */
static double worst_excess(const struct objective *f, double eta)
{
  double worst = -INFINITY;
  for (uint64_t k = 0; k < 200; k++) {
    struct rng r = rng_make(SEED, RNG_TEST, k);
    double from[D], w[D], far = k % 2 ? 10 : 0.1;
    for (int j = 0; j < D; j++) {
      from[j] = 0.5 * rng_normal(&r);
      w[j] = from[j] + far * rng_normal(&r);
    }
    worst = fmax(worst, objective_value(f, w) - objective_value(f, from) - predicted(f, from, w, eta));
  }
  return worst;
}

static void check_bound(const struct method *link)
{
  struct objective *f = problem(link, 0.05, false);
  double eta = 1 / f->glm->curvature, within = worst_excess(f, eta), beyond = worst_excess(f, 1.2 * eta);
  /* rounding: values reach some 1e3 where |w - from| is about 30 */
  tap_ok(within < 1e-12, "%s: with eta = 1/L_z the surrogate lies above f at 200 points (%.2g)", link->id, within);
  tap_ok(beyond > 1e-6, "%s: with a fifth more it does not (%.2g)", link->id, beyond);
  objective_release(f);
}

static void check_descent(const struct method *link, const char *inner, int64_t steps)
{
  struct objective *f = problem(link, 0, true);
  struct minimize m;
  double w[D], first = objective_value(f, f->start);
  struct named_value v[] = {V_INT("steps", steps), V_TEXT("inner", inner)};
  go(&m, f, v, 2, 200, w);
  int up = 0;
  for (size_t k = 1; k < m.trace.n; k++)
    up += m.trace.value[k] > m.trace.value[k - 1] + 1e-15 * first;
  tap_ok(up == 0 && m.trace.n == 201 && m.value < 0.9 * first, "%s, %lld of %s: f never rises (%d of %zu; %.3g to %.3g)", link->id, (long long)steps,
         inner, up, m.trace.n, first, m.value);
  minimize_free(&m);
  objective_release(f);
}

/* On squares the search accepts eta <= 1 and goes down by 0.9; with the schedule 1/sqrt(k) on top. */
static void check_eta(void)
{
  struct objective *f = problem(&objective_least_squares.m, 0.1, true);
  struct object falling = MAKE(&schedule_inverse_sqrt.m, V_REAL("peak", 1));
  struct minimize m;
  double w[D];
  struct named_value v[] = {{"search", {.kind = VALUE_BOOL, .as.b = true}}, V_REAL("rate", 50), V_INT("steps", 2),
                            {"schedule", {.kind = VALUE_OBJECT, .as.object = &falling}}};
  bool right = true;
  go(&m, f, v, 3, 10, w);
  for (size_t k = 1; k < m.trace.n; k++)
    right = right && m.trace.step[k] <= 1 + 1e-12 && m.trace.step[k] > 0.9 - 1e-12;
  /* 50 * 0.9^38 = 0.91 is the first below 1: one value here, 39 trials */
  tap_ok(right && fabs(m.trace.step[1] - 50 * pow(0.9, 38)) < 1e-12, "search: eta ends between 0.9 and 1 on squares (%.3g)", m.trace.step[1]);
  minimize_free(&m);
  go(&m, f, v, 3, 1, w);
  tap_ok(m.count.values == 40 * N, "each trial is counted (%g)", m.count.values / N);
  minimize_free(&m);
  go(&m, f, v + 1, 3, 9, w);
  right = m.trace.n == 10;
  for (size_t k = 1; k < m.trace.n; k++)
    right = right && fabs(m.trace.step[k] - 50 / sqrt((double)k)) < 1e-12;
  tap_ok(right, "schedule: its rates are factors of eta");
  minimize_free(&m);
  object_free(&falling);
  objective_release(f);
}

int main(void)
{
  for (int k = 0; k < 3; k++) {
    check_sgd(links[k], k % 2);
    check_end(links[k]);
    check_bound(links[k]);
    check_descent(links[k], "armijo", 1);
    check_descent(links[k], "cg", 20);
    check_descent(links[k], "fixed", 5);
  }
  check_walk("armijo");
  check_walk("fixed");
  check_eta();
  return tap_done();
}
