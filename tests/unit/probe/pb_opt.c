/* pb_opt.c: the objective of the optimised posterior against its formula and finite differences, and what the search gains. */
#include <math.h>

#include "experiments/kernel/tail.h"
#include "experiments/kernel/vec.h"
#include "experiments/probe/pb_objective.h"
#include "tests/unit/probe/subject.h"

extern const struct probe probe_pb_opt, probe_posterior;

#define SEED 20261123u
static const double hidden[] = {8};

/* tanh: no kinks, over which a difference quotient would stumble. */
static void make(struct subject *t, size_t n)
{
  struct named_value net[] = {set_list("hidden", hidden, 1), set_string("activation", "tanh")};
  subject_make(t, &model_mlp, net, 2, &loss_cross_entropy, n, 6, 3, 0);
}

struct problem {
  struct subject t;
  struct pb_objective f;
  struct batch b;
  size_t n;
  float *theta, *gradient, *noise, *moved, *unused;
};

static void set_up(struct problem *p, bool per_layer, double cap, double scale)
{
  struct rng r = rng_make(SEED, RNG_TEST, per_layer);
  struct err e = {0};
  make(&p->t, 60);
  if (pb_objective_init(&p->f, NULL, &p->t.s, p->t.start, per_layer, 5000, 0.05, cap, scale, &e))
    tap_bail("%s", e.message);
  p->b = probe_batch(&p->t.s);
  p->n = pb_objective_size(&p->f);
  p->theta = fixture_take(&p->t.f, 4 * p->n + 2 * p->t.net.n_params, sizeof(float)); /* n_params is no less than n_logical */
  p->gradient = p->theta + p->n, p->moved = p->gradient + p->n, p->unused = p->moved + p->n, p->noise = p->unused + p->n;
  float *logical = p->noise + p->t.net.n_params;
  gibbs_noise(&p->t.net, r, logical, p->noise);
  for (size_t i = 0; i < p->n; i++)
    p->theta[i] = i < p->t.net.n_params ? p->t.w[i] : (float)(-2 + 0.5 * rng_normal(&r));
}

static void tear_down(struct problem *p)
{
  pb_objective_done(&p->f);
  subject_free(&p->t);
}

static double value_at(struct problem *p, const float *theta, float *gradient)
{
  double value;
  struct err e = {0};
  if (pb_objective_at(&p->f, theta, &p->b, p->noise, &value, gradient, &e))
    tap_bail("%s", e.message);
  return value;
}

static double sd_of(const struct problem *p, size_t i)
{
  return exp((double)p->theta[p->t.net.n_params + (p->f.per_layer ? p->f.layer_of[i] : i)]);
}

/* The formula, coordinate by coordinate, with the reference loss in float64. */
static double by_hand(struct problem *p, double cap, double scale)
{
  size_t n = p->t.net.n_params;
  double *w = xcalloc(n, sizeof *w), *each = xcalloc(p->b.n, sizeof *each), risk = 0, kl = 0, variance = 0, loss;
  struct err e = {0};
  for (size_t i = 0; i < n; i++) {
    if (p->f.layer_of[i] == PB_PADDING)
      continue;
    w[i] = (double)p->theta[i] + sd_of(p, i) * (double)p->noise[i];
    variance += (sd_of(p, i) * sd_of(p, i) + pow((double)p->theta[i] - (double)p->t.start[i], 2)) / (double)p->t.net.n_logical;
  }
  for (size_t i = 0; i < n; i++)
    if (p->f.layer_of[i] != PB_PADDING)
      kl += kl_gaussian((double)p->theta[i], sd_of(p, i), (double)p->t.start[i], sqrt(variance));
  if (net_loss_f64(&p->t.net, &p->t.loss, w, &p->b, &loss, NULL, each, NULL, &e))
    tap_bail("%s", e.message);
  for (size_t i = 0; i < p->b.n; i++)
    risk += fmin(each[i], cap) / scale / (double)p->b.n;
  double h = (kl + log(2 * sqrt(5000) / 0.05)) / 10000, root = sqrt(risk + h) + sqrt(h);
  free(w), free(each);
  return root * root;
}

/* (f(theta + h v) - f(theta - h v))/(2h) against gradient . v, for random unit v: f has about 1e-7 of rounding (float32 outputs), so
 * with h = 0.01 some 1e-5 of noise remain beside the h^2 of the difference. */
static double worst_slope(struct problem *p, size_t from, size_t to)
{
  struct rng r = rng_make(SEED, RNG_TEST, 7);
  double worst = 0;
  value_at(p, p->theta, p->gradient);
  for (int trial = 0; trial < 6; trial++) {
    double *v = xcalloc(p->n, sizeof *v), norm, slope = 0, side[2], h = 0.01;
    for (size_t i = from; i < to; i++)
      v[i] = (i < p->t.net.n_params && p->f.layer_of[i] == PB_PADDING) ? 0 : rng_normal(&r);
    norm = vec_norm2_f64(v, p->n);
    for (int up = 0; up < 2; up++) {
      for (size_t i = 0; i < p->n; i++)
        p->moved[i] = (float)((double)p->theta[i] + (up ? h : -h) * v[i] / norm);
      side[up] = value_at(p, p->moved, p->unused);
    }
    for (size_t i = 0; i < p->n; i++)
      slope += (double)p->gradient[i] * v[i] / norm;
    worst = fmax(worst, fabs((side[1] - side[0]) / (2 * h) - slope) / vec_norm2_f32(p->gradient, p->n));
    free(v);
  }
  return worst;
}

static void test_objective(bool per_layer)
{
  const char *how = per_layer ? "per layer" : "per parameter";
  for (int cut = 0; cut < 2; cut++) {
    double cap = cut ? 0.8 : HUGE_VAL, scale = cut ? 0.8 : M_LN2;
    struct problem p;
    set_up(&p, per_layer, cap, scale);
    tap_near(value_at(&p, p.theta, p.gradient), by_hand(&p, cap, scale), 2e-6, 0, "%s, cap %g: the objective is its formula (float32 outputs)", how, cap);
    double means = worst_slope(&p, 0, p.t.net.n_params), sds = worst_slope(&p, p.t.net.n_params, p.n);
    /* an example that crosses the cap within h has a kink */
    double most = cut ? 1e-3 : 3e-5;
    tap_ok(means < most && sds < most, "%s: its gradient is that of differences, in the means (%.1e) and the log sd (%.1e)", how, means, sds);
    double padding = 0;
    for (size_t i = 0; i < p.t.net.n_params; i++)
      padding += p.f.layer_of[i] == PB_PADDING ? fabs((double)p.gradient[i]) : 0;
    tap_ok(padding == 0, "and 0 in the padding");
    tear_down(&p);
  }
}

static double number(const struct probe_value *v, const char *name, size_t k) { return mat_get(&probe_find(v, name, PROBE_WHOLE)->value, k, 0); }

static void test_start(void)
{
  static const double sds[] = {0.05};
  struct subject t;
  make(&t, 100);
  struct probe_value plain = subject_measure(&t, &probe_posterior, 3, set_list("sd", sds, 1), set_real("draws", 30), set_real("examples", 0)),
                     opt = subject_measure(&t, &probe_pb_opt, 4, set_real("sd", 0.05), set_real("steps", 0), set_real("draws", 30), set_real("examples", 0));
  /* the sd passes through its logarithm in float32: an example on the edge may fall */
  tap_near(number(&opt, "error", 0), number(&plain, "error", 0), 0, 2.5 / 3000, "without steps it is the posterior that it starts from");
  tap_near(mat_get(&probe_find(&opt, "variance", 1)->value, 0, 0), mat_get(&probe_find(&plain, "variance", 1)->value, 0, 0), 1e-6, 0, "with its variance");
  tap_ok(!probe_find(&opt, "sd", PROBE_WHOLE) && fabs(number(&opt, "mean_sd", 0) / 0.05 - 1) < 1e-6, "it names no sd of a list, but what it found");
  probe_value_free(&plain), probe_value_free(&opt);
  subject_free(&t);
}

/* pb-quad with the best prior, from the numbers of a probe. */
static double certificate(const struct probe_value *v, double n, double d)
{
  double log_sd = 0, square = 0;
  for (size_t l = 0; l < 2; l++) {
    log_sd += mat_get(&probe_find(v, "log_sd", l)->value, 0, 0);
    square += mat_get(&probe_find(v, "variance", l)->value, 0, 0) + probe_number(v, "distance2", l);
  }
  double h = (d / 2 * log(square / d) - log_sd + log(2 * sqrt(n) / 0.05)) / (2 * n), root = sqrt(number(v, "bounded", 0) + h) + sqrt(h);
  return root * root;
}

static void test_gain(void)
{
  struct subject t;
  make(&t, 2000);
  double last[2];
  for (int layer = 0; layer < 2; layer++) {
    struct named_value spread = set_string("spread", layer ? "layer" : "parameter"), bounded = set_string("surrogate", "bounded");
    struct probe_value before = subject_measure(&t, &probe_pb_opt, 4, spread, set_real("steps", 0), set_real("draws", 100), set_real("cap", 3)),
                       after = subject_measure(&t, &probe_pb_opt, 6, spread, bounded, set_real("steps", 400), set_real("rate", 0.02), set_real("draws", 100), set_real("cap", 3));
    double a = certificate(&before, 2000, (double)t.net.n_logical), b = certificate(&after, 2000, (double)t.net.n_logical), first = 0, end = 0;
    for (size_t i = 0; i < 50; i++)
      first += number(&after, "objective", i) / 50, end += number(&after, "objective", 350 + i) / 50;
    tap_ok(end < first && b < 0.8 * a, "%s: 400 steps lower the bound from %.3f to %.3f (mini-batches: %.3f to %.3f)", spread.value.as.s, a, b, first, end);
    last[layer] = b;
    probe_value_free(&before), probe_value_free(&after);
  }
  tap_ok(last[0] < last[1] * 1.05, "more freedom does no harm (%.3f, %.3f)", last[0], last[1]);
  atomic_int stop = 1;
  struct exec x = {&stop, 1};
  struct object o = object_of(&probe_pb_opt.m, NULL, 0);
  struct probe_value v;
  struct err e;
  tap_is_int(probe_measure(&o, &x, &t.s, &v, &e), STATUS_CANCELLED, "the search answers the cancel flag");
  object_free(&o);
  subject_free(&t);
}

int main(void)
{
  tap_diag("seed %u", SEED);
  test_objective(false);
  test_objective(true);
  test_start();
  test_gain();
  return tap_done();
}
