/* The Armijo line search on quadratics f(w) = (L/2)|w|^2, where the largest rate that it may accept is
 * 2(1 - c)/L, and on losses made to fail. */
#include <math.h>
#include <stdlib.h>

#include "experiments/kernel/rng.h"
#include "experiments/schedules/schedule.h"
#include "tests/unit/objects.h"

extern const struct controller controller_sls_armijo;

#define N 4

struct problem {
  struct control c; /* first: the callbacks get it back as the problem */
  double L, limit;  /* curvature; rates above limit give a loss that is not finite */
  int trials, fail_at; /* fail_at > 0: that trial reports an error */
  float w[N], g[N], direction[N];
};

static enum status loss_along(struct control *c, double lr, double *loss, struct err *e)
{
  struct problem *p = (struct problem *)c;
  p->c.cost += 1.0 / 3;
  if (++p->trials == p->fail_at)
    return err_set(e, STATUS_CANCELLED, "cancelled");
  *loss = 0;
  for (int i = 0; i < N; i++) {
    double w = (double)p->w[i] - lr * (double)c->direction[i];
    *loss += p->L / 2 * w * w;
  }
  if (lr > p->limit)
    *loss = NAN;
  return STATUS_OK;
}

/* A power of two for the weights keeps g = L w exact in float32 whatever L. */
static struct problem *problem_new(double L, float scale)
{
  struct problem *p = calloc(1, sizeof *p);
  *p = (struct problem){.L = (double)(float)L, .limit = INFINITY};
  p->c = (struct control){.self = p, .n = N, .w = p->w, .g = p->g, .direction = p->g, .batches_per_epoch = 10, .loss_along = loss_along};
  for (int i = 0; i < N; i++) {
    p->w[i] = scale;
    p->g[i] = (float)p->L * scale;
    p->c.loss += p->L / 2 * (double)p->w[i] * (double)p->w[i];
    p->c.slope = p->c.grad_norm2 += (double)p->g[i] * (double)p->g[i];
  }
  return p;
}

/* One update from `state` (NULL: a fresh one). */
static double chosen(const struct object *o, void *state, struct problem *p)
{
  const struct controller *m = (const struct controller *)o->method;
  double fresh[8], lr = NAN;
  struct err e = {0};
  if (!state) {
    if (m->state_size(o->conf, N) > sizeof fresh)
      tap_bail("the state is larger than the test expects");
    m->init(o->conf, fresh, N);
    state = fresh;
  }
  p->trials = 0;
  p->c.cost = 0;
  if (m->rate(o->conf, state, &p->c, &lr, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  return lr;
}

static void test_bounds(void)
{
  const uint64_t seed = 20190601;
  struct rng r = rng_make(seed, RNG_TEST, 0);
  const double c = 0.1, beta = 0.9, eta_max = 10;
  struct object o = MAKE_DEFAULT(&controller_sls_armijo.m);
  double state[8];
  bool below = true, above = true, counted = true, moved = false;
  controller_sls_armijo.init(o.conf, state, N);
  for (int t = 0; t < 500; t++) {
    double L = exp(8 * rng_uniform(&r) - 4); /* curvature from 0.018 to 55, another one at each update */
    struct problem *p = problem_new(L, 0.5f);
    double start = fmin(state[0] * pow(2, 0.1), eta_max), lr = chosen(&o, state, p);
    /* 1e-9: the test compares losses that agree to 7 digits near the limit, in float64 */
    below = below && lr <= 2 * (1 - c) / p->L * (1 + 1e-9);
    above = above && lr >= fmin(start, 2 * (1 - c) * beta / p->L) * (1 - 1e-9);
    counted = counted && fabs(p->c.cost - p->trials / 3.0) < 1e-12 && p->trials >= 1;
    moved = moved || p->trials > 5;
    free(p);
  }
  tap_diag("seed %llu", (unsigned long long)seed);
  tap_ok(below, "the accepted rate is at most 2(1 - c)/L");
  tap_ok(above, "the accepted rate is at least min(first trial, 2(1 - c) beta/L)");
  tap_ok(counted && moved, "every trial costs a forward pass, a third of a gradient evaluation");
  object_free(&o);
  o = MAKE(&controller_sls_armijo.m, V_TEXT("reset", "initial"), V_REAL("eta0", 1e6));
  above = true;
  for (int i = 0; i < 60; i++) {
    double L = exp(0.2 * i - 6);
    struct problem *p = problem_new(L, 0.5f);
    above = above && chosen(&o, NULL, p) >= fmin(eta_max, 2 * (1 - c) * beta / p->L) * (1 - 1e-9);
    free(p);
  }
  tap_ok(above, "started high, the accepted rate is at least min(eta_max, 2(1 - c) beta/L)");
  object_free(&o);
}

static void test_start(void)
{
  struct problem *p = problem_new(0.001, 1.0f); /* flat: every trial is accepted at once */
  double state[8];
  struct object o = MAKE(&controller_sls_armijo.m, V_REAL("eta0", 0.5));
  controller_sls_armijo.init(o.conf, state, N);
  double lr = chosen(&o, state, p);
  tap_near(lr, 0.5 * pow(2, 0.1), 1e-15, 0, "the first trial is eta0 gamma^(1/n_b)");
  tap_near(chosen(&o, state, p), 0.5 * pow(2, 0.2), 1e-15, 0, "the next one grows from the rate before");
  for (int t = 0; t < 100; t++)
    lr = chosen(&o, state, p);
  tap_ok(lr == 10, "the rate never grows above eta_max");
  object_free(&o);
  o = MAKE(&controller_sls_armijo.m, V_REAL("eta0", 0.5), V_TEXT("reset", "keep"));
  tap_ok(chosen(&o, NULL, p) == 0.5, "reset keep starts from the last rate itself");
  object_free(&o);
  free(p);
  p = problem_new(8, 1.0f); /* the limit is 0.225 */
  o = MAKE(&controller_sls_armijo.m, V_REAL("eta0", 0.5), V_TEXT("reset", "initial"));
  controller_sls_armijo.init(o.conf, state, N);
  double first = chosen(&o, state, p);
  int trials = p->trials;
  tap_ok(chosen(&o, state, p) == first && p->trials == trials && trials == 9, "reset initial starts every search from eta0: 0.5 0.9^8 is the first below 0.225");
  object_free(&o);
  free(p);
}

static void test_failures(void)
{
  struct object o = MAKE_DEFAULT(&controller_sls_armijo.m);
  struct problem *p = problem_new(1, 1.0f);
  p->limit = 0.3;
  double lr = chosen(&o, NULL, p);
  tap_ok(lr <= 0.3 && lr > 0.27 * 0.99, "a trial whose loss is not a number counts as too long");
  p->limit = -1;
  lr = chosen(&o, NULL, p);
  tap_ok(lr == 1e-6 && p->trials == 100, "after max_trials the fallback rate is used");
  struct object few = MAKE(&controller_sls_armijo.m, V_INT("max_trials", 3), V_REAL("fallback", 0.01));
  tap_ok(chosen(&few, NULL, p) == 0.01 && p->trials == 3, "max_trials and fallback are obeyed");
  object_free(&few);
  free(p);

  p = problem_new(1, 0x1p-30f);
  tap_ok(chosen(&o, NULL, p) == 0 && p->trials == 0, "an update with a gradient norm under 1e-8 is skipped, at no cost");
  free(p);

  p = problem_new(1, 1.0f);
  for (int i = 0; i < N; i++)
    p->direction[i] = -p->g[i];
  p->c.direction = p->direction;
  p->c.slope = -p->c.grad_norm2;
  tap_ok(chosen(&o, NULL, p) == 1e-6 && p->trials == 0, "along an uphill direction nothing is tried");
  for (int i = 0; i < N; i++)
    p->direction[i] = 2 * p->g[i];
  p->c.slope = 2 * p->c.grad_norm2;
  lr = chosen(&o, NULL, p);
  tap_ok(lr <= 0.9 && lr >= 0.9 * 0.9, "along twice the gradient the limit halves: 2(1 - c)/(2L)");

  double state[8], before[8];
  struct err e = {0};
  controller_sls_armijo.init(o.conf, state, N);
  memcpy(before, state, sizeof before);
  p->trials = 0;
  p->fail_at = 1;
  tap_ok(controller_sls_armijo.rate(o.conf, state, &p->c, &lr, &e) == STATUS_CANCELLED, "an error of the evaluation is handed on");
  tap_ok(state[0] == before[0], "and leaves the state as it was");
  p->c.loss = NAN;
  tap_ok(controller_sls_armijo.rate(o.conf, state, &p->c, &lr, &e) == STATUS_DIVERGED, "a loss that is not a number is a divergence");
  free(p);
  object_free(&o);
}

static void test_goldstein(void)
{
  const double c = 0.1;
  struct object o = MAKE(&controller_sls_armijo.m, V_TEXT("search", "goldstein"), V_REAL("eta0", 1e-3), V_REAL("c", c));
  bool upper = true, lower = true, counted = true, quick = true;
  for (int i = 0; i < 60; i++) {
    struct problem *p = problem_new(exp(0.15 * i - 2), 0.5f);
    double lr = chosen(&o, NULL, p);
    /* f(w) - f(w - lr g) = lr (1 - lr L/2) |g|^2 lies between c and 1 - c of lr |g|^2 */
    upper = upper && lr <= 2 * (1 - c) / p->L * (1 + 1e-9);
    lower = lower && (lr == 10 || lr >= 2 * c / p->L * (1 - 1e-9));
    counted = counted && fabs(p->c.cost - p->trials / 3.0) < 1e-12;
    quick = quick && p->trials <= 15; /* 14 doublings lead from 1e-3 to beyond eta_max */
    free(p);
  }
  tap_ok(upper, "goldstein: the accepted rate is at most 2(1 - c)/L");
  tap_ok(lower, "goldstein: it is at least 2 c/L, or eta_max, however small it started");
  tap_ok(counted, "goldstein: every trial is counted");
  tap_ok(quick, "goldstein: it stops as soon as both conditions hold");
  struct problem *flat = problem_new(0.001, 0.5f);
  tap_ok(chosen(&o, NULL, flat) == 10 && flat->trials == 15, "goldstein: on a flat loss it grows to eta_max and stops there");
  free(flat);
  object_free(&o);
  /* c = 0.49 leaves the window [0.98, 1.02]/L, which doubling and multiplying by 0.6 miss for 20 trials */
  o = MAKE(&controller_sls_armijo.m, V_TEXT("search", "goldstein"), V_REAL("eta0", 0.3), V_REAL("c", 0.49), V_REAL("beta", 0.6),
           V_TEXT("reset", "keep"), V_INT("max_trials", 20));
  struct problem *p = problem_new(1, 1.0f);
  double lr = chosen(&o, NULL, p);
  tap_ok(p->trials == 20 && lr > 0.9 && lr <= 1.02, "goldstein: when the trials are used up, the largest rate that fell enough is taken");
  free(p);
  object_free(&o);
}

int main(void)
{
  test_bounds();
  test_start();
  test_failures();
  test_goldstein();
  return tap_done();
}
