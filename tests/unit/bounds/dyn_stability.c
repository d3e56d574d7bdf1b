/* dyn_stability.c: ratios of the learning rate to the curvature, against the spectral radius of the map that SGD's second
 * moments follow in the linear model, and the probes as their source. */
#include "experiments/kernel/rng.h"
#include "tests/unit/bounds/value_of.h"
#include "tests/unit/probe/subject.h"

extern const struct bound bound_dyn_stability;

#define SEED 20261122u
#define ROWS 8
#define D 3

struct linear {
  double x[ROWS][D], h[D][D], trace, top;
};

static double spectrum_end(const struct mat *a, bool largest)
{
  struct mat values, vectors;
  struct err e;
  if (mat_eigh(&values, &vectors, a, &e))
    tap_bail("%s", e.message);
  double out = mat_get(&values, largest ? a->rows - 1 : 0, 0);
  mat_free(&values), mat_free(&vectors);
  return out;
}

static struct linear draw(uint32_t number, bool equal)
{
  struct linear l = {0};
  struct rng r = rng_make(SEED, RNG_TEST, number);
  for (size_t i = 0; i < ROWS; i++) {
    double norm = 0;
    for (size_t j = 0; j < D; j++) {
      l.x[i][j] = rng_normal(&r);
      norm += l.x[i][j] * l.x[i][j];
    }
    for (size_t j = 0; j < D && equal; j++)
      l.x[i][j] /= sqrt(norm);
  }
  for (size_t i = 0; i < ROWS; i++)
    for (size_t j = 0; j < D; j++)
      for (size_t k = 0; k < D; k++) {
        l.h[j][k] += l.x[i][j] * l.x[i][k] / ROWS;
        l.trace += j == k ? l.x[i][j] * l.x[i][k] / ROWS : 0;
      }
  struct mat h = mat_wrap(DTYPE_F64, l.h, D, D, D);
  l.top = spectrum_end(&h, true);
  return l;
}

/* Spectral radius of M -> M - lr (HM + MH) + lr^2 ((1/B) mean xx'Mxx' + (1 - 1/B) HMH), written out on the D^2 entries of M. */
static double radius(const struct linear *l, double lr, double batch)
{
  double map[D * D][D * D];
  for (size_t a = 0; a < D * D; a++)
    for (size_t b = 0; b < D * D; b++) {
      size_t i = a / D, j = a % D, k = b / D, m = b % D;
      double pair = 0, linear = l->h[i][k] * (j == m) + l->h[m][j] * (i == k);
      for (size_t n = 0; n < ROWS; n++)
        pair += l->x[n][i] * l->x[n][j] * l->x[n][k] * l->x[n][m] / ROWS;
      map[a][b] = (a == b) - lr * linear + lr * lr * (pair / batch + (1 - 1 / batch) * l->h[i][k] * l->h[m][j]);
    }
  struct mat t = mat_wrap(DTYPE_F64, map, D * D, D * D, D * D);
  return fmax(spectrum_end(&t, true), -spectrum_end(&t, false));
}

/* The rate at which the radius is 1, by bisection: to the last digits. */
static double critical_rate(const struct linear *l, double batch)
{
  double low = 0, high = 8 * batch / l->trace;
  for (int i = 0; i < 60; i++) {
    double middle = (low + high) / 2;
    if (radius(l, middle, batch) < 1)
      low = middle;
    else
      high = middle;
  }
  return low;
}

static struct bound_value measured(const struct linear *l, double lr, int batch)
{
  return RESULT(dyn_stability, V_REAL("lr", lr), V_INT("batch", batch), V_REAL("trace", l->trace), V_REAL("top", l->top));
}

static void test_linear_model(void)
{
  double worst = 0, largest = 0, enough = 0, published = 0;
  for (uint32_t i = 0; i < 20; i++) {
    struct linear equal = draw(i, true), rows = draw(100 + i, false);
    double lr = critical_rate(&equal, 1);
    worst = fmax(worst, fabs(bound_term_of(measured(&equal, lr, 1), "batch_ratio") - 1));
    for (int batch = 1; batch <= 16; batch *= 4) {
      largest = fmax(largest, measured(&rows, critical_rate(&rows, batch), batch).value);
      largest = fmax(largest, measured(&equal, critical_rate(&equal, batch), batch).value);
      published = fmax(published, bound_term_of(measured(&rows, critical_rate(&rows, batch), batch), "sgd_ratio"));
      double safe = 1 / bound_term_of(measured(&equal, 1, batch), "equal_rows");
      enough = fmax(enough, radius(&equal, safe, batch));
    }
  }
  tap_ok(worst < 1e-5, "rows of equal norm, batches of 1: SGD is stable up to 2/tr(H) (off by %.1e)", worst);
  tap_ok(largest <= 1 + 1e-9, "where SGD is stable the measure is at most 1 (%.4f)", largest);
  tap_ok(published > 1, "while lr tr(H)/2 is not, for batches of more than one (%.2f)", published);
  tap_ok(enough <= 1 + 1e-9, "rows of equal norm: equal_rows = 1 is stable (spectral radius %.6f)", enough);
}

static void test_ratios(void)
{
  struct bound_value v = RESULT(dyn_stability, V_REAL("lr", 0.1), V_INT("batch", 4), V_REAL("trace", 30), V_REAL("top", 12));
  tap_near(bound_term_of(v, "sgd_ratio"), 1.5, 1e-14, 0, "sgd_ratio is lr tr/2");
  tap_near(bound_term_of(v, "batch_ratio"), 0.375, 1e-14, 0, "batch_ratio a B-th of it");
  tap_near(bound_term_of(v, "gd_ratio"), 0.6, 1e-14, 0, "gd_ratio is lr top/2");
  tap_near(v.value, 0.6, 1e-14, 0, "the value is the larger of what is necessary");
  tap_is_str(statement_claim(v.statement, true), "measure", "it is a measure");
  tap_has(ASKS(dyn_stability, V_REAL("trace", 1), V_REAL("top", 1)), "lr must be given", "a rate is asked for");
}

/* Least squares without bias: H = X'X/n. Signs of a diagonal H are found exactly; here the trace is an estimate, so only
 * the largest eigenvalue is compared closely. */
static void test_subject(void)
{
  struct subject t;
  struct named_value bias[] = {set_bool("bias", false)}, rate[] = {V_REAL("lr", 0.2), V_INT("batch", 2)};
  subject_make(&t, &model_linear, bias, 1, &loss_squared, 60, D, 0, 1);
  double h[D][D] = {{0}}, trace = 0;
  for (size_t i = 0; i < 60; i++)
    for (size_t j = 0; j < D; j++)
      for (size_t k = 0; k < D; k++)
        h[j][k] += (double)t.s.part->x[i * t.s.part->stride + j] * (double)t.s.part->x[i * t.s.part->stride + k] / 60;
  for (size_t j = 0; j < D; j++)
    trace += h[j][j];
  struct mat wrapped = mat_wrap(DTYPE_F64, h, D, D, D);
  struct probe_cache *cache = probe_cache_new();
  struct bound_input in = {.subject = &t.s, .cache = cache};
  struct object o = object_made(&bound_dyn_stability.m, rate, 2);
  struct probe_value p = subject_measure(&t, &probe_hessian_trace, 0);
  struct bound_value v;
  struct err e = {0};
  if (bound_evaluate(&o, NULL, &in, &v, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  tap_near(bound_term_of(v, "gd_ratio"), 0.1 * spectrum_end(&wrapped, true), 1e-9, 0, "from a subject: the largest eigenvalue is that of X'X/n");
  tap_near(bound_term_of(v, "sgd_ratio"), 0.1 * trace, 0, 0.1 * 4.5 * probe_find(&p, "trace", PROBE_WHOLE)->standard_error,
           "and the trace, within 4.5 standard errors");
  probe_value_free(&p);
  object_free(&o);
  probe_cache_free(cache);
  subject_free(&t);
}

int main(void)
{
  tap_diag("seed %u", SEED);
  test_ratios();
  test_linear_model();
  test_subject();
  return tap_done();
}
