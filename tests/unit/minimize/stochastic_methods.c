/* stochastic_methods.c: SARAH, PAGE, accelerated SGD, proximal and model-based steps, AI-SARAH: equivalences and closed forms. */
#include "experiments/kernel/vec.h"
#include "experiments/minimize/minimize.h"
#include "experiments/optim/optimizer.h"
#include "experiments/schedules/schedule.h"
#include "tests/unit/objective/local.h"

extern const struct sampler sampler_random_reshuffling;
extern const struct schedule schedule_constant;
extern const struct minimizer minimizer_sarah, minimizer_page, minimizer_interpolation_asgd, minimizer_prox_point, minimizer_prox_linear,
    minimizer_ai_sarah, minimizer_stochastic;
extern const struct optimizer optimizer_sgd;

static const struct method *find(enum kind kind, const char *id)
{
  if (kind == KIND_SCHEDULE)
    return &schedule_constant.m;
  if (kind == KIND_OPTIMIZER)
    return &optimizer_sgd.m;
  return kind == KIND_SAMPLER ? &sampler_random_reshuffling.m : find_data(kind, id);
}

enum { D = 9 };

/* So many iterations from the start. */
static void go(const struct minimizer *method, struct objective *f, const struct named_value *v, size_t n, double iterations, double *w)
{
  struct object o;
  struct err e = {0};
  struct minimize m;
  memcpy(w, f->start, f->d * sizeof *w);
  minimize_init(&m, NULL, f, w, INFINITY);
  m.iterations = iterations;
  m.seed = 5;
  if (params_parse(&o, &method->m, v, n, find, &e) != STATUS_OK || minimize_run(&o, &m, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  minimize_free(&m);
  object_free(&o);
}

static struct objective *problem(const struct method *m, size_t n, double l2)
{
  char *path = sparse_file(n, D, 23);
  struct named_value v[] = {V_TEXT("file", path), V_REAL("l2", l2)};
  struct objective *f = objective_of(m, v, 2, find);
  unlink(path);
  free(path);
  for (size_t j = 0; j < f->d; j++)
    f->start[j] = 0.2 * (double)(j % 3);
  return f;
}

static double distance(const double *a, const double *b)
{
  double worst = 0;
  for (int j = 0; j < D; j++)
    worst = fmax(worst, fabs(a[j] - b[j]));
  return worst;
}

/* With one component, or a renewal at every iteration, the estimate is the gradient. */
static void check_descent(const struct minimizer *method, const struct named_value *v, size_t n_v, size_t n, const char *why)
{
  struct objective *f = problem(&objective_logistic_regression.m, n, 0.1);
  double w[D], expected[D], g[D];
  go(method, f, v, n_v, 6, w);
  memcpy(expected, f->start, sizeof expected);
  for (int k = 0; k < 6; k++) {
    objective_gradient(f, expected, g);
    for (int j = 0; j < D; j++)
      expected[j] -= 0.3 * g[j];
  }
  tap_ok(distance(w, expected) < 1e-14, "%s: %s is gradient descent (%.2g)", method->m.id, why, distance(w, expected));
  objective_release(f);
}

static void check_recursive(void)
{
  const struct named_value all[] = {V_REAL("rate", 0.3), V_INT("batch", 30)};
  check_descent(&minimizer_sarah, all, 2, 30, "a batch of all components"); /* differences of whole gradients add up to it */
  const struct named_value always[] = {V_REAL("rate", 0.3), V_INT("batch", 1), V_REAL("p", 1)};
  check_descent(&minimizer_page, always, 3, 30, "p = 1");
  check_descent(&minimizer_page, all, 2, 30, "a batch of all components");
}

/* rho = 1 and the whole gradient: Nesterov's method in its two-sequence form with momentum (1-q)/(1+q), q = sqrt(mu/L). */
static void check_nesterov(void)
{
  struct objective *f = problem(&objective_least_squares.m, 30, 0.1);
  double w[D], x[D], last[D], y[D], g[D], rate = 0.2, mu = 0.1, q = sqrt(mu * rate), momentum = (1 - q) / (1 + q);
  static const char *const settings[] = {"rho", "sqrt-rho"};
  for (int s = 0; s < 2; s++) {
    const struct named_value v[] = {V_REAL("rate", rate), V_REAL("mu", mu), V_REAL("rho", 1), V_INT("batch", 30), V_TEXT("setting", settings[s])};
    go(&minimizer_interpolation_asgd, f, v, 5, 20, w);
    memcpy(x, f->start, sizeof x);
    memcpy(last, x, sizeof x);
    for (int k = 0; k < 20; k++) {
      for (int j = 0; j < D; j++)
        y[j] = x[j] + (k ? momentum * (x[j] - last[j]) : 0);
      memcpy(last, x, sizeof x);
      objective_gradient(f, y, g);
      for (int j = 0; j < D; j++)
        x[j] = y[j] - rate * g[j];
    }
    tap_ok(distance(w, x) < 1e-13, "interpolation-asgd, %s: with rho = 1 and the whole gradient it is Nesterov's method (%.2g)", settings[s],
           distance(w, x));
  }
  objective_release(f);
}

/* The optimality condition of each proximal step, and the closed form for squares. */
static void check_prox_point(void)
{
  static const struct method *const links[] = {&objective_logistic_regression.m, &objective_squared_hinge.m, &objective_least_squares.m};
  for (int link = 0; link < 3; link++) {
    double worst = 0;
    for (double lr = 1e-3; lr < 1e5; lr *= 10) {
      struct objective *f = problem(links[link], 12, link == 1 ? 0 : 0.05);
      const struct glm *a = f->glm;
      struct object schedule = MAKE(&schedule_constant.m, V_REAL("peak", lr));
      const struct named_value v[] = {{"schedule", {.kind = VALUE_OBJECT, .as.object = &schedule}}};
      uint32_t order[12];
      double w[D], g[D], left = 0, size = 0;
      struct err e;
      if (sampler_random_reshuffling.epoch(NULL, 12, 5, 0, order, &e) != STATUS_OK)
        tap_bail("no order");
      go(&minimizer_prox_point, f, v, 1, 1, w);
      objective_component(f, order[0], w, g);
      for (int j = 0; j < D; j++) {
        left = fmax(left, fabs(g[j] + (w[j] - f->start[j]) / lr));
        size = fmax(size, fabs(w[j] - f->start[j]) / lr);
      }
      worst = fmax(worst, left / (size + 1e-9 / lr + fabs(a->y[order[0]]) * 1e-3));
      object_free(&schedule);
      objective_release(f);
    }
    tap_ok(worst < 1e-9, "prox-point, %s: grad f_i(w+) = -(w+ - w)/lr for lr from 1e-3 to 1e4 (%.2g)", links[link]->id, worst);
  }
}

/* lr = infinity on squares without l2 is Kaczmarz's method: each step meets its equation. */
static void check_kaczmarz(void)
{
  struct objective *f = problem(&objective_least_squares.m, 12, 0);
  struct object schedule = MAKE(&schedule_constant.m, V_REAL("peak", 1e6));
  const struct named_value v[] = {{"schedule", {.kind = VALUE_OBJECT, .as.object = &schedule}}};
  uint32_t order[12];
  double w[D], expected[D];
  struct err e;
  if (sampler_random_reshuffling.epoch(NULL, 12, 5, 0, order, &e) != STATUS_OK)
    tap_bail("no order");
  memcpy(expected, f->start, sizeof expected);
  for (int k = 0; k < 12; k++)
    glm_add(f->glm, order[k], -(glm_dot(f->glm, order[k], expected) - f->glm->y[order[k]]) / f->glm->norm2[order[k]], expected);
  go(&minimizer_prox_point, f, v, 1, 12, w);
  tap_ok(distance(w, expected) < 1e-4, "prox-point: with a huge rate on squares it is Kaczmarz's method, up to 1/lr (%.2g)", distance(w, expected));
  object_free(&schedule);
  objective_release(f);
}

/* A step is min(lr, f_i/|g_i|^2): far above, SGD; for squares f_i/|g_i|^2 = 1/(2 |a|^2), half of Kaczmarz's step. */
static void check_prox_linear(void)
{
  for (int huge = 0; huge < 2; huge++) {
    struct objective *f = problem(&objective_least_squares.m, 12, 0);
    double lr = huge ? 1e6 : 1e-4, w[D], expected[D];
    struct object schedule = MAKE(&schedule_constant.m, V_REAL("peak", lr));
    const struct named_value v[] = {{"schedule", {.kind = VALUE_OBJECT, .as.object = &schedule}}};
    uint32_t order[12];
    struct err e;
    if (sampler_random_reshuffling.epoch(NULL, 12, 5, 0, order, &e) != STATUS_OK)
      tap_bail("no order");
    memcpy(expected, f->start, sizeof expected);
    for (int k = 0; k < 12; k++) {
      const struct glm *a = f->glm;
      double residual = glm_dot(a, order[k], expected) - a->y[order[k]];
      glm_add(a, order[k], -(huge ? 0.5 / a->norm2[order[k]] : lr) * residual, expected);
    }
    go(&minimizer_prox_linear, f, v, 1, 12, w);
    tap_ok(distance(w, expected) < 1e-13, "prox-linear: %s (%.2g)", huge ? "a huge rate is capped at the tangent's zero" : "a small rate is SGD",
           distance(w, expected));
    object_free(&schedule);
    objective_release(f);
  }
}

/* Where the batch is all of a least-squares problem: v = g, and the first step is v'Hv/|Hv|^2, a BB2 step, with either second derivative. */
static void check_ai_sarah(void)
{
  struct objective *f = problem(&objective_least_squares.m, 30, 0.1);
  double g[D], hg[D], w[D], v0[D];
  struct err e;
  objective_gradient(f, f->start, g);
  if (objective_hvp(f, f->start, g, hg, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  double a = vec_dot_f64(g, hg, D) / vec_dot_f64(hg, hg, D);
  const struct named_value v[] = {V_INT("batch", 30)};
  go(&minimizer_ai_sarah, f, v, 1, 1, w);
  for (int j = 0; j < D; j++)
    v0[j] = f->start[j] - a * g[j];
  tap_ok(distance(w, v0) < 1e-14, "ai-sarah: its first step on squares is v'Hv/|Hv|^2 (%.2g)", distance(w, v0));
  objective_release(f);
  /* On the logistic loss: -xi'(0)/xi''(0) by differences of xi itself, h = 1e-3, errors h^2. */
  f = problem(&objective_logistic_regression.m, 30, 0.1);
  objective_gradient(f, f->start, g);
  double xi[3], h = 1e-3;
  for (int k = 0; k < 3; k++) {
    double r[D], at[D], sum = 0;
    for (int j = 0; j < D; j++)
      at[j] = f->start[j] - (k - 1) * h * g[j];
    objective_gradient(f, at, r);
    for (int j = 0; j < D; j++)
      sum += r[j] * r[j]; /* grad f(w - a v) - grad f(w) + v with v = grad f(w) */
    xi[k] = sum;
  }
  a = -((xi[2] - xi[0]) / (2 * h)) / fabs((xi[2] - 2 * xi[1] + xi[0]) / (h * h));
  go(&minimizer_ai_sarah, f, v, 1, 1, w);
  for (int j = 0; j < D; j++)
    v0[j] = f->start[j] - a * g[j];
  tap_ok(distance(w, v0) < 1e-5 * a, "ai-sarah: on the logistic loss it is one Newton step on xi (%.2g of %.3g)", distance(w, v0), a);
  objective_release(f);
}

/* Batches of ceil(2 1.5^t), at most 12, cut from the epochs one after the other; from 12 on the whole gradient. */
static void check_growth(void)
{
  enum { N = 12, UPDATES = 8 };
  static const size_t size[UPDATES] = {2, 3, 5, 7, 11, 12, 12, 12};
  struct objective *f = problem(&objective_logistic_regression.m, N, 0.1);
  struct object schedule = MAKE(&schedule_constant.m, V_REAL("peak", 0.3));
  const struct named_value v[] = {V_OBJECT("schedule", &schedule), V_INT("batch", 2), V_REAL("growth", 1.5)};
  uint32_t order[3 * N];
  double w[D], expected[D], g[D];
  struct err e = {0};
  size_t place = 0, all = 0;
  for (uint64_t epoch = 0; epoch < 3; epoch++)
    if (sampler_random_reshuffling.epoch(NULL, N, 5, epoch, order + epoch * N, &e) != STATUS_OK)
      tap_bail("%s", e.message);
  go(&minimizer_stochastic, f, v, 3, UPDATES, w);
  memcpy(expected, f->start, sizeof expected);
  for (int t = 0; t < UPDATES; place += size[t++]) {
    all += size[t];
    if (size[t] == N)
      objective_gradient(f, expected, g);
    else
      objective_batch(f, order + place, size[t], expected, g);
    for (int j = 0; j < D; j++)
      expected[j] -= 0.3 * g[j];
  }
  tap_ok(distance(w, expected) < 1e-14, "stochastic: a growing batch is cut from the endless order, then whole (%.2g)", distance(w, expected));
  struct object o;
  struct minimize m;
  memcpy(w, f->start, sizeof w);
  minimize_init(&m, NULL, f, w, (double)all / N);
  if (params_parse(&o, &minimizer_stochastic.m, v, 3, find, &e) != STATUS_OK || minimize_run(&o, &m, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  tap_ok(m.iteration == UPDATES && m.count.gradients == (double)all, "a budget of passes holds as many updates as their sizes add up to");
  minimize_free(&m);
  object_free(&o);
  object_free(&schedule);
  objective_release(f);
}

int main(void)
{
  check_growth();
  check_recursive();
  check_nesterov();
  check_prox_point();
  check_kaczmarz();
  check_prox_linear();
  check_ai_sarah();
  return tap_done();
}
