/* step_limit.c: largest step sizes: the limits of each rule on a quadratic by running it, the law of a spiked random matrix by
 * drawing some, and both probes on least squares, where every Hessian is known. */
#include <math.h>

#include "experiments/probe/step_limit.h"
#include "tests/unit/probe/subject.h"

extern const struct probe probe_stability_limit, probe_rmt_max_lr;

/* |w| after many updates on w^2/2 from 1 with rate * curvature = x. */
static double wander(enum stability_rule rule, double beta, double x)
{
  double w = 1, v = 0;
  for (int t = 0; t < 20000; t++) {
    v = rule == STABILITY_GD ? w : beta * v + (rule == STABILITY_DAMPED ? 1 - beta : 1) * w;
    w -= x * (rule == STABILITY_NESTEROV ? w + beta * v : v);
    if (!(fabs(w) < 1e30))
      break;
  }
  return fabs(w);
}

static void test_rules(void)
{
  for (int rule = 0; stability_rule_names[rule]; rule++) {
    bool sharp = true;
    for (int k = 0; k < 10; k++) {
      double beta = k / 10.0, limit = stability_limit((enum stability_rule)rule, beta);
      sharp = sharp && wander((enum stability_rule)rule, beta, 0.99 * limit) < 1 && wander((enum stability_rule)rule, beta, 1.01 * limit) > 1e30;
    }
    tap_ok(sharp, "%s: bounded 1 %% below the limit, gone 1 %% above, for momentum 0 to 0.9", stability_rule_names[rule]);
  }
  tap_near(stability_limit(STABILITY_DAMPED, 0.9), 38, 1e-14, 0, "38 for Adam's first moment");
}

/* The largest eigenvalue of a spike and noise of size P, entries of variance s2: a spike on the first coordinate. */
static double draw_top(size_t P, double spike, double s2, uint64_t stream)
{
  struct rng r = rng_make(20201105, RNG_TEST, stream);
  struct mat a, values, vectors;
  struct err e;
  if (mat_new(&a, DTYPE_F64, P, P, &e))
    tap_bail("%s", e.message);
  for (size_t i = 0; i < P; i++)
    for (size_t j = 0; j <= i; j++) {
      double v = sqrt(i == j ? 2 * s2 : s2) * rng_normal(&r);
      mat_set(&a, i, j, v);
      mat_set(&a, j, i, v);
    }
  mat_set(&a, 0, 0, mat_get(&a, 0, 0) + spike);
  if (mat_eigh(&values, &vectors, &a, &e))
    tap_bail("%s", e.message);
  double top = mat_get(&values, P - 1, 0);
  mat_free(&a), mat_free(&values), mat_free(&vectors);
  return top;
}

/* P = 240, threshold sqrt(5) as b = P sigma2/5. Above it the top fluctuates by sqrt(2 s2 (1 - threshold^2/spike^2)), 0.2, a mean
 * over 8 by 0.07; at the edge it is lower by 1.2 sqrt(5) P^(-2/3) (Tracy and Widom), 0.07. */
static void test_law(void)
{
  const size_t P = 240;
  const double sigma2 = 0.7, b = (double)P * sigma2 / 5, spikes[] = {1, 3, 5};
  for (int k = 0; k < 3; k++) {
    double mean = 0;
    for (uint64_t i = 0; i < 8; i++)
      mean += draw_top(P, spikes[k], sigma2 / b, 10 * (uint64_t)k + i) / 8;
    tap_near(mean, rmt_top(spikes[k], sigma2, (double)P, b), 0, 0.21, "a spike of %g in noise of edge 2 sqrt(5)", spikes[k]);
  }
  tap_near(rmt_top(5, sigma2, (double)P, b), 6, 1e-14, 0, "5 + 5/5 = 6");
  tap_near(rmt_top(1, sigma2, (double)P, b), 2 * sqrt(5), 1e-14, 0, "below the threshold it is the edge");
  tap_near(rmt_top(5, sigma2, (double)P, rmt_batch(100, 100)), 5, 0, 0, "the whole sample has no noise");
  tap_near(rmt_batch(50, 100), 100, 1e-14, 0, "half of the sample counts twice");
  tap_near(rmt_batch(50, INFINITY), 50, 0, 0, "of an infinite sample each counts once");
}

/* Least squares without bias: H_i = x x', so tr(H_i^2) = |x_i|^4. */
static void test_probes(void)
{
  struct subject t;
  const struct named_value plain[] = {set_bool("bias", false)};
  struct err e;
  subject_make(&t, &model_linear, plain, 1, &loss_squared, 60, 5, 0, 1);
  const struct examples *p = &t.f.data.train;
  struct mat x = mat_wrap(DTYPE_F32, (void *)p->x, p->n, p->d, p->stride), x64, gram, values, vectors;
  if (mat_copy(&x64, &x, DTYPE_F64, &e) || mat_mul(&gram, &x64, true, &x64, false, &e) || mat_eigh(&values, &vectors, &gram, &e))
    tap_bail("%s", e.message);
  double top = mat_get(&values, 4, 0) / 60, single = 0, whole = 0;
  for (size_t i = 0; i < 60; i++) {
    double square = 0;
    for (size_t j = 0; j < 5; j++)
      square += mat_get(&x64, i, j) * mat_get(&x64, i, j);
    single += square * square / 60;
  }
  for (size_t i = 0; i < 5; i++)
    whole += mat_get(&values, i, 0) * mat_get(&values, i, 0) / 3600;
  struct probe_value v = subject_measure(&t, &probe_stability_limit, 1, set_string("rule", "nesterov"));
  tap_near(probe_number(&v, "limit", PROBE_WHOLE), 3.8 / 2.8 / top, 1e-10, 0, "stability-limit on least squares");
  double scale = probe_number(&v, "top", PROBE_WHOLE) / top;
  tap_near(scale, 1, 1e-10, 0, "whose Hessian is X'X/n");
  probe_value_free(&v);
  v = subject_measure(&t, &probe_rmt_max_lr, 2, set_real("draws", 300), set_real("examples", 20));
  double sigma2 = (single - whole) / 25, seen = probe_number(&v, "sigma2", PROBE_WHOLE), se = probe_find(&v, "sigma2", PROBE_WHOLE)->standard_error;
  tap_near(seen, sigma2, 0, 4 * se, "sigma^2 is that of the entries of x x' - X'X/n, within 4 standard errors");
  tap_ok(se < 0.1 * sigma2, "which are small");
  const struct mat *limit = &probe_find(&v, "limit", PROBE_WHOLE)->value;
  const double batch[] = {16, 64, 256};
  double worst = 0;
  for (size_t i = 0; i < 3; i++)
    worst = fmax(worst, fabs(mat_get(limit, i, 0) * rmt_top(top, seen, 5, rmt_batch(batch[i], 60)) / 2 - 1));
  tap_near(worst, 0, 0, 1e-4, "the rates are those of the law (lambda_1 to its tolerance)");
  tap_near(mat_get(limit, 1, 0), 2 / top, 1e-4, 0, "from the whole sample on it is 2/lambda_1");
  probe_value_free(&v);
  mat_free(&x64), mat_free(&gram), mat_free(&values), mat_free(&vectors);
  subject_free(&t);
}

int main(void)
{
  test_rules();
  test_law();
  test_probes();
  return tap_done();
}
