/* Stability bounds of momentum, of variance-reduced and of clipped SGD against coupled trainings on
 * f(w; z) = (w - z)^2/2, z in {0, 1}, and against other routes to the same formulas. */
#include "experiments/kernel/rng.h"
#include "experiments/kernel/stats.h"
#include "tests/unit/bounds/value_of.h"

extern const struct bound bound_stab_sgdm, bound_stab_vr, bound_stab_heavy_tail, bound_stab_onavg_l2;

#define SEED 20261126u
enum { N = 20, STEPS = 60, REPEATS = 400 };

/* --- coupled trainings ---------------------------------------------------------------------------------- */

struct walker { double w, before, table[N], mean; };

struct problem { double z[N], ghost[N]; };

struct measured { double d1, d2, risk, risks[STEPS], drift; };

/* One update of a run whose example i has gradient w - z. `hit` is drawn, `coin` decides on a snapshot. */
typedef void update(struct walker *r, const double *z, size_t hit, double coin, size_t t, const double *setting);

/* A sample with example `i` replaced; i = N: as it is. */
static void sample_of(const struct problem *p, size_t i, double z[N])
{
  memcpy(z, p->z, sizeof p->z);
  if (i < N)
    z[i] = p->ghost[i];
}

static double mean_of(const double *x, size_t n)
{
  double sum = 0;
  for (size_t i = 0; i < n; i++)
    sum += x[i];
  return sum / (double)n;
}

static void one_repeat(struct rng *r, update *step, const double *setting, bool start_at_gradients, struct measured *m)
{
  struct problem p;
  struct walker run[N + 1] = {0};
  for (size_t i = 0; i < N; i++) {
    p.z[i] = rng_uniform(r) < 0.5;
    p.ghost[i] = rng_uniform(r) < 0.5;
  }
  for (size_t i = 0; i <= N && start_at_gradients; i++) {
    double z[N];
    sample_of(&p, i, z);
    for (size_t j = 0; j < N; j++)
      run[i].table[j] = -z[j];
    run[i].mean = mean_of(run[i].table, N);
  }
  for (size_t t = 0; t < STEPS; t++) {
    size_t hit = (size_t)rng_below(r, N);
    double coin = rng_uniform(r);
    for (size_t i = 0; i < N; i++)
      m->risks[t] += (run[N].w - p.z[i]) * (run[N].w - p.z[i]) / 2 / N / REPEATS;
    for (size_t i = 0; i <= N; i++) {
      double z[N];
      sample_of(&p, i, z);
      step(&run[i], z, hit, coin, t, setting);
    }
  }
  double d2 = 0;
  for (size_t i = 0; i < N; i++) {
    double d = fabs(run[i].w - run[N].w);
    m->d1 += d / N / REPEATS;
    d2 += d * d / N;
    m->risk += (run[N].w - p.z[i]) * (run[N].w - p.z[i]) / 2 / N / REPEATS;
  }
  m->d2 += d2 / REPEATS;
  m->drift = fmax(m->drift, fabs(run[N].mean - mean_of(run[N].table, N)));
}

static struct measured measure(update *step, const double *setting, bool start_at_gradients, uint64_t stream)
{
  struct measured m = {0};
  struct rng r = rng_make(SEED, RNG_TEST, stream);
  for (int i = 0; i < REPEATS; i++)
    one_repeat(&r, step, setting, start_at_gradients, &m);
  return m;
}

static void fill(double *rates, double rate)
{
  for (int t = 0; t < STEPS; t++)
    rates[t] = rate;
}

/* Once the risks are zero no step adds anything: interpolation drives each bound to a constant. */
static void test_interpolation(void)
{
  double rates[4 * STEPS], risks[4 * STEPS] = {0}, first[3] = {0}, last[3] = {0};
  for (int t = 0; t < 4 * STEPS; t++) {
    rates[t] = 0.01;
    risks[t] = t < STEPS ? exp(-0.2 * t) : 0;
  }
  for (size_t i = 0; i < 2; i++) {
    size_t steps = i ? 4 * STEPS : STEPS;
    double *to = i ? last : first;
#define INTERPOLATES V_INT("n", 50), V_REAL("smoothness", 1), V_NUMBERS("rates", steps, rates), V_NUMBERS("risks", steps, risks), V_REAL("risk", 0)
    to[0] = TERM("recursion", stab_onavg_l2, INTERPOLATES);
    to[1] = VALUE(stab_sgdm, INTERPOLATES, V_REAL("momentum", 0.5));
    to[2] = VALUE(stab_vr, INTERPOLATES);
  }
  for (size_t i = 0; i < 3; i++) /* 240 roundings */
    tap_near(last[i], first[i], 1e-13, 0, "bound %zu stays where it is once the risk is 0", i + 1);
}

/* --- momentum ------------------------------------------------------------------------------------------- */

/* y' = w - eta g, v' = w - s eta g, w' = y' + beta (v' - v), v_0 = w_0; `before` is v. */
static void momentum_step(struct walker *r, const double *z, size_t hit, double coin, size_t t, const double *setting)
{
  double eta = setting[0], beta = setting[1], s = setting[2], g = r->w - z[hit], v = r->w - s * eta * g;
  (void)coin;
  double last = t ? r->before : r->w;
  r->w = r->w - eta * g + beta * (v - last);
  r->before = v;
}

static void test_sgdm(void)
{
  double rates[STEPS], risks[STEPS];
  for (int t = 0; t < STEPS; t++)
    rates[t] = 0.02, risks[t] = exp(-0.05 * t);
#define SGDM(...) RESULT(stab_sgdm, V_INT("n", 50), V_REAL("smoothness", 1.5), V_NUMBERS("rates", STEPS, rates), \
                         V_NUMBERS("risks", STEPS, risks), V_REAL("risk", 0.1), __VA_ARGS__)
  struct bound_value polyak = SGDM(V_REAL("momentum", 0)), nesterov = SGDM(V_REAL("momentum", 0), V_TEXT("form", "nesterov"));
  tap_ok(polyak.value == nesterov.value, "without momentum both forms are one");
  tap_near(bound_term_of(polyak, "effective_rate_limit"), 2 / 1.5, 1e-14, 0, "which allows steps to 2/L");
  polyak = SGDM(V_REAL("momentum", 0.9));
  tap_near(bound_term_of(polyak, "effective_rate"), 0.2, 1e-14, 0, "the effective rate is eta/(1 - beta)");
  tap_ok(bound_term_of(polyak, "steps_allowed") == 0 && isinf(polyak.value), "a rate above the limit gives no bound, and says so");
  for (int t = 0; t < STEPS; t++)
    rates[t] = 0.004;
  polyak = SGDM(V_REAL("momentum", 0.9)), nesterov = SGDM(V_REAL("momentum", 0.9), V_TEXT("form", "nesterov"));
  tap_near(bound_term_of(polyak, "effective_rate_limit"), 2 * 0.1 / (1.5 * (0.1 + 2.7)), 1e-13, 0, "the limit of the heavy ball");
  tap_near(bound_term_of(nesterov, "effective_rate_limit"), 2 * 0.1 / (1.5 * (0.1 + 2.43)), 1e-13, 0, "and Nesterov's");
  tap_ok(bound_term_of(polyak, "steps_allowed") == 1 && nesterov.value < polyak.value, "Nesterov's kappa is smaller, so is its bound");
  /* The inequality that the bound solves, iterated at equality: x_t^2 = sum_{k<t} b_k x_k + a_k, x the running maximum. */
  double square = 0, linear = 0, most = 0, eb = 0.04;
  for (int t = 0; t < STEPS; t++) {
    linear += 2 * eb / 50 * sqrt(8 * 1.5 * risks[t]) * most;
    square += 8 * 1.5 * eb * eb / 50 * (1 + 9) * risks[t];
    most = fmax(most, sqrt(linear + square));
  }
  double root = sqrt(bound_term_of(polyak, "delta2"));
  tap_ok(most <= root && root < 2 * most, "it solves its recursion with little to spare: %.4g <= %.4g", most, root);
  rates[5] = 0.003;
  tap_ok(isinf(SGDM(V_REAL("momentum", 0.5)).value), "steps that vary: no bound");
}

static void test_sgdm_measured(double beta, const char *form)
{
  bool nesterov = strcmp(form, "nesterov") == 0;
  double kappa = nesterov ? beta : 1, eb = 2 * (1 - beta) / (1 - beta + 3 * beta * kappa) * 0.999, rates[STEPS];
  double setting[] = {eb * (1 - beta), beta, nesterov ? 1 : 0};
  struct measured m = measure(momentum_step, setting, false, 1);
  fill(rates, setting[0]);
  double bound = TERM("delta2", stab_sgdm, V_INT("n", N), V_REAL("smoothness", 1), V_NUMBERS("rates", STEPS, rates),
                      V_NUMBERS("risks", STEPS, m.risks), V_REAL("risk", m.risk), V_REAL("momentum", beta), V_TEXT("form", form));
  tap_ok(m.d2 > 0 && m.d2 <= bound && isfinite(bound), "momentum %g, %s, largest step: measured Delta2 %.3g is below %.3g", beta, form, m.d2, bound);
}

/* --- variance reduction --------------------------------------------------------------------------------- */

static void saga_step(struct walker *r, const double *z, size_t hit, double coin, size_t t, const double *setting)
{
  double g = r->w - z[hit], old = r->table[hit], move = g - old + r->mean;
  (void)coin, (void)t;
  r->table[hit] = g;
  r->mean += (g - old) / N;
  r->w -= setting[0] * move;
}

/* Snapshot := the iterate with probability p after each step. */
static void svrg_step(struct walker *r, const double *z, size_t hit, double coin, size_t t, const double *setting)
{
  (void)t;
  r->w -= setting[0] * (r->w - z[hit] - r->table[hit] + r->mean);
  if (coin >= setting[1])
    return;
  for (size_t j = 0; j < N; j++)
    r->table[j] = r->w - z[j];
  r->mean = mean_of(r->table, N);
}

static void test_vr_measured(update *step, double p, const char *algorithm, bool gradients)
{
  double setting[] = {0.5, p}, rates[STEPS];
  struct measured m = measure(step, setting, gradients, 2);
  fill(rates, setting[0]);
#define VR V_INT("n", N), V_REAL("smoothness", 1), V_NUMBERS("rates", STEPS, rates), V_NUMBERS("risks", STEPS, m.risks), \
           V_REAL("risk", m.risk), V_TEXT("algorithm", algorithm), V_REAL("refresh", p), V_TEXT("start", gradients ? "gradients" : "zero")
  double bound = TERM("delta2", stab_vr, VR);
  tap_ok(m.d2 > 0 && m.d2 <= bound && isfinite(bound), "%s, references from %s: measured Delta2 %.3g is below %.3g", algorithm,
         gradients ? "gradients" : "zero", m.d2, bound);
  tap_ok(m.drift < 1e-12, "and the table's mean, kept step by step, is its mean (off by %.1e)", m.drift);
}

static void test_vr_strong(void)
{
  double setting[] = {1.0 / 6, 0}, rates[STEPS];
  struct measured m = measure(saga_step, setting, false, 3);
  fill(rates, setting[0]);
#define STRONG V_INT("n", N), V_REAL("smoothness", 1), V_NUMBERS("rates", STEPS, rates), V_NUMBERS("risks", STEPS, m.risks), \
               V_REAL("risk", m.risk), V_TEXT("start", "zero")
  double convex = TERM("delta2", stab_vr, STRONG), strong = TERM("delta2", stab_vr, STRONG, V_REAL("mu", 1));
  tap_ok(m.d2 <= strong && strong < convex, "strong convexity: measured %.3g is below %.3g, that below %.3g", m.d2, strong, convex);
}

static void test_vr(void)
{
  double rates[3] = {0}, risks[3] = {1, 0.5, 0.25};
#define FORM V_INT("n", 10), V_REAL("smoothness", 1), V_NUMBERS("rates", 3, rates), V_NUMBERS("risks", 3, risks), V_REAL("risk", 0.2)
  tap_ok(VALUE(stab_vr, FORM, V_TEXT("start", "zero")) == 0, "no step, zero table: 0");
  rates[0] = rates[1] = rates[2] = 0.3;
  double sum = 1.75, roots = 1 + sqrt(0.5) + 0.5, zero = sqrt(32 * 0.09 / 10 * sum) + 2 * 0.3 * sqrt(8) / 10 * roots;
  double first = 2 * 0.09 / 0.1 * 8 / 10, gradients = sqrt(first + 32 * 0.09 / 10 * sum) + 2 * 0.3 * sqrt(8) / 10 * roots;
  tap_near(TERM("delta2", stab_vr, FORM, V_TEXT("start", "zero")), zero * zero, 1e-13, 0, "the formula from a zero table");
  tap_near(TERM("delta2", stab_vr, FORM, V_REAL("refresh", 0.1)), gradients * gradients, 1e-13, 0, "and from gradients, with V_0");
  tap_ok(TERM("delta2", stab_vr, FORM) == TERM("delta2", stab_vr, FORM, V_REAL("refresh", 0.1)), "SAGA refreshes 1/n per step");
  struct bound_value classic = RESULT(stab_vr, FORM, V_TEXT("algorithm", "svrg-classic"));
  tap_ok(classic.statement == STATEMENT_C, "of classic SVRG it is a measure only");
  rates[1] = 0.51, rates[0] = rates[2] = 0.51;
  tap_ok(isinf(VALUE(stab_vr, FORM)), "a step above 1/(2L): no bound");
}

/* --- heavy tails ---------------------------------------------------------------------------------------- */

static double noise_at(double tau, double sigma, double p, double n)
{
  return sqrt(pow(tau, 2 - p) * pow(sigma, p) / n) + 2 * pow(sigma, p) * pow(tau, 1 - p);
}

static void test_noise(void)
{
#define TAIL(count, moment, ...) VALUE(stab_heavy_tail, V_INT("n", count), V_REAL("smoothness", 2), V_REAL("sigma", 3), V_REAL("p", moment), __VA_ARGS__)
  tap_near(TAIL(400, 2, V_REAL("delta2", 0.01)), 3 * 2 * 0.1 + 3 / 20.0, 1e-14, 0, "p = 2: 3 L sqrt(Delta2) + sigma/sqrt(n)");
  for (int i = 0; i < 3; i++) {
    double p = 1.2 + 0.3 * i, least = INFINITY;
    for (double tau = 1e-3; tau < 1e8; tau *= 1.0005)
      least = fmin(least, noise_at(tau, 3, p, 400));
    /* A grid of ratio 1.0005 misses a minimum by less than its square. */
    tap_near(TAIL(400, p, V_REAL("delta2", 0)), least, 1e-6, 0, "p = %g: the best clip of a fine grid", p);
    tap_ok(least <= 3 * 3 * pow(400, -(p - 1) / p) * (1 + 1e-6), "p = %g: at most 3 sigma n^(-(p-1)/p), up to the grid", p);
    tap_near(TAIL(40000, p, V_REAL("delta2", 0)) / TAIL(400, p, V_REAL("delta2", 0)), pow(100, -(p - 1) / p), 1e-12, 0,
             "p = %g: it falls as n^(-(p-1)/p)", p);
  }
}

/* Clipped SGD; setting: rate, clip. */
static void clipped_step(struct walker *r, const double *z, size_t hit, double coin, size_t t, const double *setting)
{
  double g = 5 * (r->w - z[hit]);
  (void)coin, (void)t;
  r->w -= setting[0] * fmin(setting[1], fmax(-setting[1], g));
}

static void test_first_hit(void)
{
  double updates[STEPS], rates[STEPS], simulated1 = 0, simulated2 = 0;
  struct rng r = rng_make(SEED, RNG_TEST, 4);
  for (int t = 0; t < STEPS; t++)
    updates[t] = 0.1 / (1 + 0.1 * t);
  enum { DRAWS = 200000 };
  for (int i = 0; i < DRAWS; i++) {
    double sum = 0;
    bool met = false;
    for (int t = 0; t < STEPS; t++) {
      met = met || rng_uniform(&r) < 0.15;
      sum += met ? 2 * updates[t] : 0;
    }
    simulated1 += sum / DRAWS, simulated2 += sum * sum / DRAWS;
  }
  struct bound_value v = RESULT(stab_heavy_tail, V_INT("n", 20), V_INT("batch", 3), V_REAL("smoothness", 1), V_REAL("sigma", 1), V_NUMBERS("updates", STEPS, updates));
  /* Relative spread of the sums is below 1: 200,000 draws give 4 standard errors within 1 %. */
  tap_near(bound_term_of(v, "first_hit_delta1"), simulated1, 0.01, 0, "the first-hit mean is that of simulated first hits");
  tap_near(bound_term_of(v, "first_hit_delta2"), simulated2, 0.01, 0, "and the mean square");
  const double setting[] = {0.05, 1};
  struct measured m = measure(clipped_step, setting, false, 5);
  fill(rates, setting[0]);
  struct bound_value c = RESULT(stab_heavy_tail, V_INT("n", N), V_REAL("smoothness", 5), V_REAL("sigma", 1), V_NUMBERS("rates", STEPS, rates), V_REAL("clip", 1));
  struct bound_value convex = RESULT(stab_heavy_tail, V_INT("n", N), V_REAL("smoothness", 5), V_REAL("sigma", 1), V_NUMBERS("rates", STEPS, rates),
                                     V_REAL("clip", 1), V_BOOL("convex", true));
  tap_ok(m.d1 > 0 && m.d1 <= bound_term_of(c, "first_hit_delta1") && m.d2 <= bound_term_of(c, "delta2") && m.d2 <= bound_term_of(convex, "delta2"),
         "clipped SGD: measured %.3g, %.3g are below first-hit %.3g and %.3g", m.d1, m.d2, bound_term_of(c, "first_hit_delta1"), bound_term_of(c, "delta2"));
  tap_ok(bound_term_of(convex, "delta2") < bound_term_of(c, "delta2") && bound_term_of(c, "delta2") <= bound_term_of(c, "first_hit_delta2"),
         "the recursion helps where the loss is convex: %.3g < %.3g", bound_term_of(convex, "delta2"), bound_term_of(c, "delta2"));
}

static void test_deviations(void)
{
  enum { SIZE = 2000 };
  double x[SIZE], index;
  struct err e;
  for (int i = 0; i < SIZE; i++)
    x[i] = pow((i + 0.5) / SIZE, -1 / 1.7); /* quantiles of a Pareto law of index 1.7 */
  if (stats_hill(x, SIZE, 200, &index, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  /* Mid-points instead of order statistics: the mean log excess of k = 200 is off by about ln(k)/(2k). */
  tap_near(index, 1.7, 0.02, 0, "Hill's estimate on Pareto quantiles");
  struct bound_value v = RESULT(stab_heavy_tail, V_INT("n", SIZE), V_REAL("smoothness", 1), V_REAL("delta2", 0), V_NUMBERS("deviations", SIZE, x));
  double best = INFINITY;
  for (int i = 11; i <= 16; i++) {
    double p = i / 10.0, sum = 0;
    for (int j = 0; j < SIZE; j++)
      sum += pow(x[j], p) / SIZE;
    best = fmin(best, VALUE(stab_heavy_tail, V_INT("n", SIZE), V_REAL("smoothness", 1), V_REAL("delta2", 0), V_REAL("p", p), V_REAL("sigma", pow(sum, 1 / p))));
  }
  tap_near(v.value, best, 1e-12, 0, "deviations: the best p of 1.1 … below the tail index, with its own sigma");
  tap_ok(v.statement == STATEMENT_E_EST && bound_term_of(v, "p") < 1.7, "as an estimate");
  tap_has(ASKS(stab_heavy_tail, V_INT("n", 5), V_REAL("smoothness", 1), V_REAL("sigma", 1)), "delta2 must be given", "a stability is needed");
  tap_has(ASKS(stab_heavy_tail, V_INT("n", 5), V_REAL("smoothness", 1), V_REAL("sigma", 1), V_LIST("rates", 1)), "clip must be given", "and the clip of clipped SGD");
  tap_ok(RESULT(stab_heavy_tail, V_INT("n", 9), V_REAL("smoothness", 1), V_REAL("sigma", 1), V_LIST("updates", 1)).statement == STATEMENT_COND,
         "from a path and a bound on the noise it holds under its condition");
}

int main(void)
{
  static const double betas[] = {0, 0.5, 0.9};
  tap_diag("seed %u", SEED);
  test_interpolation();
  test_sgdm();
  for (size_t i = 0; i < 3; i++) {
    test_sgdm_measured(betas[i], "polyak");
    test_sgdm_measured(betas[i], "nesterov");
  }
  test_vr();
  test_vr_measured(saga_step, 1.0 / N, "saga", false);
  test_vr_measured(saga_step, 1.0 / N, "saga", true);
  test_vr_measured(svrg_step, 0.5, "svrg-loopless", true);
  test_vr_strong();
  test_noise();
  test_first_hit();
  test_deviations();
  return tap_done();
}
