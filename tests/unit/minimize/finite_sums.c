/* finite_sums.c: methods for finite sums: closed forms, plain loops, sparse against dense, the exact minima of known problems. */
#include "experiments/kernel/vec.h"
#include "experiments/minimize/finite_sum.h"
#include "tests/unit/objective/local.h"

extern const struct sampler sampler_random_reshuffling, sampler_iid;
extern const struct minimizer minimizer_saga, minimizer_sag, minimizer_svrg, minimizer_svrg_bb, minimizer_dual_coordinate, minimizer_lbfgs,
    minimizer_newton_cg;

static const struct method *find(enum kind kind, const char *id)
{
  if (kind == KIND_SAMPLER)
    return strcmp(id, "iid") == 0 ? &sampler_iid.m : &sampler_random_reshuffling.m;
  return find_data(kind, id);
}

static struct object minimizer_of(const struct minimizer *m, const struct named_value *v, size_t n)
{
  struct object o;
  struct err e = {0};
  if (params_parse(&o, &m->m, v, n, find, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  return o;
}

/* Run from the objective's start; weights to w. */
static void go(const struct minimizer *method, const struct named_value *v, size_t n, struct minimize *m)
{
  struct object o = minimizer_of(method, v, n);
  struct err e = {0};
  memcpy(m->w, m->f->start, m->f->d * sizeof *m->w);
  if (minimize_run(&o, m, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  object_free(&o);
}

static struct objective *problem(const struct method *m, size_t n, size_t d, double l2, bool dense)
{
  char *path = sparse_file(n, d, 17);
  struct named_value v[] = {V_TEXT("file", path), V_REAL("l2", l2)};
  struct objective *f = objective_of(m, v, 2, find);
  unlink(path);
  free(path);
  if (dense)
    make_dense(f);
  return f;
}

/* SAGA, SAG and SVRG as they are defined, with a table of whole gradients, in the order of the sampler. */
static void textbook(const char *id, const struct objective *f, const uint32_t *order, size_t steps, double rate, double period, double *w)
{
  size_t d = f->d, n = f->n;
  double *table = xcalloc(n * d, sizeof *table), *mean = xcalloc(d, sizeof *mean), *g = xcalloc(d, sizeof *g), l2 = f->glm->l2;
  for (size_t t = 0; t < steps; t++) {
    bool refresh = t == 0 || (period > 0 && t % (size_t)(period * (double)n) == 0);
    for (size_t i = 0; i < n && refresh; i++) {
      objective_component(f, i, w, table + i * d);
      for (size_t j = 0; j < d; j++)
        table[i * d + j] -= l2 * w[j];
    }
    memset(mean, 0, d * sizeof *mean);
    size_t at = order[t];
    objective_component(f, at, w, g);
    for (size_t i = 0; i < n; i++)
      for (size_t j = 0; j < d; j++)
        mean[j] += table[i * d + j] / (double)n;
    for (size_t j = 0; j < d; j++) {
      double own = g[j] - l2 * w[j], change = own - table[at * d + j];
      double scale = strcmp(id, "sag") == 0 ? 1 / (double)n : 1;
      w[j] -= rate * (scale * change + mean[j] + l2 * w[j]);
      if (period == 0)
        table[at * d + j] = own;
    }
  }
  free(table);
  free(mean);
  free(g);
}

/* Three epochs by the definition; dense batches of one, and sparse rows just in time, from a start that is not 0. */
static void check_textbook(const struct minimizer *method, double period)
{
  enum { N = 40, D = 23, EPOCHS = 3 };
  uint32_t order[EPOCHS * N];
  double w[D], seen[D], rate = 0.02;
  struct err e;
  for (uint64_t k = 0; k < EPOCHS; k++)
    if (sampler_random_reshuffling.epoch(NULL, N, 9, k, order + k * N, &e) != STATUS_OK)
      tap_bail("no order");
  for (int dense = 0; dense < 2; dense++) {
    struct objective *f = problem(&objective_logistic_regression.m, N, D, 0.05, dense);
    struct named_value v[] = {V_REAL("rate", rate), V_INT("batch", 1), V_REAL("period", 1)};
    for (size_t j = 0; j < D; j++)
      w[j] = f->start[j] = 0.1 * (double)(j % 5);
    textbook(method->m.id, f, order, EPOCHS * N, rate, period, w);
    struct minimize m;
    minimize_init(&m, NULL, f, seen, INFINITY);
    m.iterations = EPOCHS * N;
    m.every = dense ? 1 : 1.7; /* sparse weights settle in between: no matter */
    m.seed = 9;
    go(method, v, period > 0 ? 3 : 2, &m);
    double worst = 0;
    for (size_t j = 0; j < D; j++)
      worst = fmax(worst, fabs(w[j] - seen[j]));
    tap_ok(worst < 1e-13, "%s, %s: three epochs are those of its definition (%.2g)", method->m.id, dense ? "dense" : "sparse, just in time", worst);
    tap_ok(m.count.gradients == (1 + EPOCHS) * N + (period > 0 ? (EPOCHS - 1) * N : 0), "%s: each evaluation is counted (%g)", method->m.id,
           m.count.gradients);
    minimize_free(&m);
    objective_release(f);
  }
}

/* One component: the table is always right, and every step is gradient descent. */
static void check_one(const struct minimizer *method)
{
  double w[5], expected[5], g[5];
  struct objective *f = problem(&objective_least_squares.m, 1, 5, 0.1, true);
  struct named_value v[] = {V_REAL("rate", 0.03), V_INT("batch", 1)};
  struct minimize m;
  minimize_init(&m, NULL, f, w, INFINITY);
  m.iterations = 7;
  go(method, v, 2, &m);
  memcpy(expected, f->start, sizeof expected);
  for (int k = 0; k < 7; k++) {
    objective_gradient(f, expected, g);
    for (int j = 0; j < 5; j++)
      expected[j] -= 0.03 * g[j];
  }
  double worst = 0;
  for (int j = 0; j < 5; j++)
    worst = fmax(worst, fabs(w[j] - expected[j]));
  tap_ok(worst < 1e-15, "%s: of one component it is gradient descent (%.2g)", method->m.id, worst);
  minimize_free(&m);
  objective_release(f);
}

/* Every method reaches the minimum that L-BFGS finds, to 1e-12, on each link, dense and sparse. */
static void check_reach(const struct minimizer *method, const struct method *objective, bool dense, double passes)
{
  struct objective *f = problem(objective, 150, 31, 0.02, dense);
  double w[31];
  struct minimize m;
  minimize_init(&m, NULL, f, w, 500);
  m.grad_norm = 1e-13;
  go(&minimizer_lbfgs, NULL, 0, &m);
  double minimum = m.value, left = m.gradient_norm;
  minimize_free(&m);
  minimize_init(&m, NULL, f, w, passes);
  m.minimum = minimum;
  m.gap = 1e-12;
  go(method, NULL, 0, &m);
  tap_ok(left * left / 0.04 < 1e-13 && m.stop == MINIMIZE_GAP, "%s on %s, %s: within 1e-12 of the minimum after %.1f passes (%.2g)", method->m.id,
         objective->id, dense ? "dense" : "sparse", minimize_passes(&m), m.value - minimum);
  minimize_free(&m);
  objective_release(f);
}

static void check_smoothness(void)
{
  tap_ok(sum_smoothness(100, 1, 2, 50) == 50 && sum_smoothness(100, 100, 2, 50) == 2, "a batch of one has L_max, all have L");
  double last = INFINITY;
  bool falls = true;
  for (int b = 1; b <= 100; b++) {
    double l = sum_smoothness(100, b, 2, 50);
    falls = falls && l < last;
    last = l;
  }
  tap_ok(falls, "in between it falls");
}

static void check_exact(const char *name, size_t n, double minimum, double tolerance)
{
  static const struct minimizer *const methods[] = {&minimizer_lbfgs, &minimizer_newton_cg, &minimizer_dual_coordinate, &minimizer_saga,
                                                    &minimizer_svrg_bb};
  char *path = xasprintf("../shared/data/libsvm/%s", name);
  if (access(path, R_OK) != 0) {
    tap_skip(5, "%s is not here", path);
    free(path);
    return;
  }
  struct named_value v[] = {V_TEXT("file", path), V_REAL("l2", 1 / (double)n), V_REAL("positive", 1)};
  struct objective *f = objective_of(&objective_logistic_regression.m, v, 3, find);
  double *w = xcalloc(f->d, sizeof *w);
  for (size_t k = 0; k < 5; k++) {
    struct minimize m;
    minimize_init(&m, NULL, f, w, 300);
    m.minimum = minimum;
    m.gap = 1e-9 + tolerance;
    go(methods[k], NULL, 0, &m);
    double gap = m.value - minimum;
    tap_ok(m.stop == MINIMIZE_GAP && gap > -tolerance, "%s: %s comes within 1e-9 of the exact minimum, and not below it (%.2g after %.0f passes)", name,
           methods[k]->m.id, gap, minimize_passes(&m));
    minimize_free(&m);
  }
  free(w);
  free(path);
  objective_release(f);
}

int main(void)
{
  check_textbook(&minimizer_saga, 0);
  check_textbook(&minimizer_sag, 0);
  check_textbook(&minimizer_svrg, 1);
  check_one(&minimizer_saga);
  check_one(&minimizer_sag);
  check_one(&minimizer_svrg);
  static const struct method *const links[] = {&objective_logistic_regression.m, &objective_least_squares.m, &objective_squared_hinge.m};
  for (int k = 0; k < 3; k++)
    for (int dense = 0; dense < 2; dense++) {
      check_reach(&minimizer_saga, links[k], dense, 1000);
      check_reach(&minimizer_svrg_bb, links[k], dense, 1000);
      check_reach(&minimizer_dual_coordinate, links[k], dense, 300);
      check_reach(&minimizer_newton_cg, links[k], dense, 300);
    }
  check_smoothness();
  check_exact("heart_scale", 270, 0.363802961141248, 1e-8); /* float32 rounds its decimals */
  check_exact("mushrooms.gz", 8124, 0.014485866128334, 1e-13);
  return tap_done();
}
