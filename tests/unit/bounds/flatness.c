/* flatness.c: measures of flatness where the loss is a known quadratic, and the gap that one step adds where it is known. */
#include "experiments/kernel/stats.h"
#include "experiments/kernel/vec.h"
#include "experiments/models/derivatives.h"
#include "tests/unit/bounds/value_of.h"
#include "tests/unit/probe/subject.h"

extern const struct probe probe_gradient_flatness;
extern const struct bound bound_gam_flatness, bound_grad_reg, bound_roberts_gap, bound_sam_bound;

#define SEED 20261126u

static struct bound_value of_subject(const struct subject *t, const struct bound *b, const struct named_value *values, size_t n)
{
  struct object o = object_made(&b->m, values, n);
  struct probe_cache *cache = probe_cache_new();
  struct bound_input in = {.subject = &t->s, .cache = cache};
  struct bound_value out;
  struct err e = {0};
  if (bound_evaluate(&o, NULL, &in, &out, &e))
    tap_bail("%s", e.message);
  probe_cache_free(cache);
  object_free(&o);
  return out;
}

static double number(const struct probe_value *v, const char *name) { return probe_number(v, name, PROBE_WHOLE); }

/* --- a quadratic: squared loss, d inputs, no bias: H = X'X/n ---------------------------------------------------- */

enum { D = 5 };
struct quadratic { struct subject t; struct mat h, values, vectors; };

static void make_quadratic(struct quadratic *q, bool at_minimum)
{
  struct named_value values[] = {set_bool("bias", false)};
  struct err e = {0};
  subject_make(&q->t, &model_linear, values, 1, &loss_squared, 80, D, 0, 1);
  if (at_minimum)
    subject_solve(&q->t);
  const struct examples *p = q->t.s.part;
  struct mat x = mat_wrap(DTYPE_F32, (void *)p->x, p->n, p->d, p->stride), x64;
  if (mat_copy(&x64, &x, DTYPE_F64, &e) || mat_mul(&q->h, &x64, true, &x64, false, &e))
    tap_bail("%s", e.message);
  for (size_t i = 0; i < D; i++)
    for (size_t j = 0; j < D; j++)
      mat_set(&q->h, i, j, mat_get(&q->h, i, j) / 80);
  if (mat_eigh(&q->values, &q->vectors, &q->h, &e))
    tap_bail("%s", e.message);
  mat_free(&x64);
}

static void free_quadratic(struct quadratic *q)
{
  mat_free(&q->h), mat_free(&q->values), mat_free(&q->vectors);
  subject_free(&q->t);
}

static void times_h(const struct quadratic *q, const double *v, double *hv)
{
  for (size_t i = 0; i < D; i++)
    hv[i] = vec_dot_f64(mat_row_f64(&q->h, i), v, D);
}

static void test_minimum(void)
{
  struct quadratic q;
  make_quadratic(&q, true);
  double top = mat_get(&q.values, D - 1, 0), rho = 0.1;
  struct probe_value r1 = subject_measure(&q.t, &probe_gradient_flatness, 2, set_real("rho", rho), set_real("steps", 200)),
                     r0 = subject_measure(&q.t, &probe_sharpness, 2, set_real("rho", rho), set_real("steps", 200));
  /* the weights are rounded to float32: the gradient at the minimum is some 1e-7 */
  tap_near(number(&r1, "flatness"), rho * rho * top, 1e-5, 0, "at the minimum of a quadratic R1 = rho^2 lambda_max");
  tap_near(number(&r0, "sharpness"), rho * rho * top / 2, 1e-5, 0, "and R0 half of it");
  struct named_value values[] = {set_real("rho", rho), set_real("steps", 200)};
  tap_near(of_subject(&q.t, &bound_gam_flatness, values, 2).value, number(&r1, "flatness"), 1e-12, 0, "gam-flatness is that number");
  probe_value_free(&r1), probe_value_free(&r0);
  free_quadratic(&q);
}

static void test_one_step(void)
{
  struct quadratic q;
  double g[D], hg[D], hhg[D], point[D], loss, rho = 0.3;
  struct err e = {0};
  make_quadratic(&q, false);
  struct batch b = probe_batch(&q.t.s);
  double *w, *full = xcalloc(q.t.net.n_params, sizeof *full);
  if (probe_weights(&q.t.s, &w, &e) || net_loss_f64(&q.t.net, &q.t.loss, w, &b, &loss, full, NULL, NULL, &e))
    tap_bail("%s", e.message);
  memcpy(g, full, sizeof g); /* one row of five weights: they stand first */
  times_h(&q, g, hg), times_h(&q, hg, hhg);
  double norm = vec_norm2_f64(g, D), up = vec_norm2_f64(hg, D);
  for (size_t i = 0; i < D; i++)
    point[i] = g[i] + rho * hhg[i] / up;
  struct probe_value r1 = subject_measure(&q.t, &probe_gradient_flatness, 2, set_real("rho", rho), set_real("steps", 0)),
                     r0 = subject_measure(&q.t, &probe_sharpness, 2, set_real("rho", rho), set_real("steps", 0));
  tap_near(number(&r1, "one_step"), rho * vec_norm2_f64(point, D), 1e-10, 0, "one step: R1 = rho |g + rho H Hg/|Hg||");
  tap_near(number(&r0, "one_step"), rho * norm + rho * rho / 2 * vec_dot_f64(g, hg, D) / (norm * norm), 1e-10, 0, "and R0 = rho |g| + rho^2/2 g'Hg/|g|^2");
  struct bound_value reg = of_subject(&q.t, &bound_grad_reg, NULL, 0);
  tap_near(reg.value, norm * norm, 1e-10, 0, "grad-reg is |grad F|^2");
  double each = 0;
  for (uint32_t i = 0; i < 80; i++) {
    struct batch one = b;
    one.n = 1, one.index = &i;
    if (net_loss_f64(&q.t.net, &q.t.loss, w, &one, &loss, full, NULL, NULL, &e))
      tap_bail("%s", e.message);
    each += vec_dot_f64(full, full, D) / 80;
  }
  tap_near(bound_term_of(reg, "mean_square"), each, 1e-10, 0, "beside it the mean over single examples");
  tap_near(bound_term_of(of_subject(&q.t, &bound_roberts_gap, NULL, 0), "covariance_trace"), (each - norm * norm) * 80 / 79, 1e-9, 0,
           "their difference, with divisor n - 1, is tr C");
  /* (grad(w + eps g) - grad(w))/eps is H g, exactly, on a quadratic: the ascent form of the penalty's gradient */
  double eps = 0.5, worst = 0;
  for (size_t i = 0; i < D; i++)
    w[i] += eps * g[i];
  if (net_loss_f64(&q.t.net, &q.t.loss, w, &b, &loss, full, NULL, NULL, &e))
    tap_bail("%s", e.message);
  for (size_t i = 0; i < D; i++)
    worst = fmax(worst, fabs((full[i] - g[i]) / eps - hg[i]) / up);
  tap_ok(worst < 1e-12, "the finite difference of gradients is Hg (%.1e)", worst);
  probe_value_free(&r1), probe_value_free(&r0);
  free(w), free(full);
  free_quadratic(&q);
}

/* --- nets --------------------------------------------------------------------------------------------------------- */

static void test_order(void)
{
  static const double hidden[] = {7};
  struct named_value net[] = {set_list("hidden", hidden, 1), set_string("activation", "tanh")};
  struct subject t;
  int wrong = 0;
  subject_make(&t, &model_mlp, net, 2, &loss_cross_entropy, 60, 4, 3, 0);
  for (double rho = 0.01; rho < 1; rho *= 3) {
    struct probe_value r1 = subject_measure(&t, &probe_gradient_flatness, 2, set_real("rho", rho), set_real("steps", 60)),
                       r0 = subject_measure(&t, &probe_sharpness, 2, set_real("rho", rho), set_real("steps", 60));
    wrong += number(&r0, "sharpness") > number(&r1, "flatness");
    wrong += number(&r1, "one_step") > number(&r1, "flatness") || number(&r1, "max_gradient") < number(&r1, "gradient");
    probe_value_free(&r1), probe_value_free(&r0);
  }
  tap_is_int(wrong, 0, "R0 <= R1, and the ascent finds at least what one step finds");
  struct named_value values[] = {set_real("rho", 0.1), set_real("steps", 5), set_real("cap", 6)};
  struct probe_value v = subject_measure(&t, &probe_sharpness, 2, set_real("rho", 0.1), set_real("steps", 5));
  double worst = (number(&v, "loss") + number(&v, "sharpness")) / 6, k = (double)t.net.n_logical, w2 = 0, spread = 1 + sqrt(log(60) / k);
  for (size_t i = 0; i < t.net.n_params; i++)
    w2 += (double)t.w[i] * (double)t.w[i];
  struct bound_value b = of_subject(&t, &bound_sam_bound, values, 3);
  tap_near(b.value, worst + sqrt((k * log1p(w2 / 0.01 * spread * spread) + 4 * log(60 / 0.05)) / 59), 1e-6, 0, "sam-bound is its formula (norm in float32)");
  tap_ok(b.statement == STATEMENT_C && !b.vacuous, "it is a measure: never a bound, never vacuous");
  probe_value_free(&v);
  subject_free(&t);
}

/* --- one step from a fixed point: f = (w - z)^2/2, z ~ N(mu, sigma^2) ------------------------------------------------ */

static void test_step_gap(void)
{
  enum { REPEATS = 3000, N = 20 };
  const double mu = 0.7, sigma = 1.5, rate = 0.4;
  struct subject t;
  struct rng r = rng_make(SEED, RNG_TEST, 1);
  struct named_value bias[] = {set_bool("bias", false)}, step[] = {set_real("rate", rate)};
  double sum[2] = {0}, square[2] = {0};
  subject_make(&t, &model_linear, bias, 1, &loss_squared, N, 1, 0, 1);
  t.w[0] = -0.3F;
  for (int repeat = 0; repeat < REPEATS; repeat++) {
    struct examples *p = &t.f.data.train;
    double mean = 0;
    for (size_t i = 0; i < N; i++) {
      float z = (float)(mu + sigma * rng_normal(&r));
      ((float *)(void *)p->x)[i * p->stride] = 1;
      ((float *)(void *)p->target)[i] = z;
      mean += (double)z / N;
    }
    double change = (mean - mu) * -rate * ((double)t.w[0] - mean), value = of_subject(&t, &bound_roberts_gap, step, 1).value;
    sum[0] += change, square[0] += change * change;
    sum[1] += value, square[1] += value * value;
  }
  for (int i = 0; i < 2; i++) {
    double mean = sum[i] / REPEATS, se = sqrt((square[i] / REPEATS - mean * mean) / REPEATS), truth = rate * sigma * sigma / N;
    tap_ok(fabs(mean - truth) < 4 * se, "mean estimation: %s is rate sigma^2/n on average (%.2f standard errors)", i ? "roberts-gap" : "the change of the gap", fabs(mean - truth) / se);
  }
  tap_has(ASKS(roberts_gap, V_INT("n", 10)), "covariance_trace must be given", "without gradients it asks for their spread");
  tap_has(ASKS(sam_bound, V_INT("n", 1), V_REAL("worst", 0), V_REAL("norm", 1), V_REAL("parameters", 2)), "at least 2", "sam-bound needs two examples");
  tap_has(ASKS(gam_flatness, V_REAL("rho", 0.1)), "gradient must be given", "gam-flatness asks for the gradient");
  subject_free(&t);
}

int main(void)
{
  tap_diag("seed %u", SEED);
  test_minimum();
  test_one_step();
  test_order();
  test_step_gap();
  return tap_done();
}
