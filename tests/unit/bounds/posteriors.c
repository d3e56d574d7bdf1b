/* posteriors.c: PAC-Bayes bounds of trained nets: Gibbs risks against closed forms, KL against its definition, and how often the
 * bounds fail where the true risk is known. */
#include "experiments/bounds/pac_bayes.h"
#include "experiments/kernel/tail.h"
#include "experiments/models/derivatives.h"
#include "experiments/train/train.h"
#include "tests/unit/bounds/value_of.h"
#include "tests/unit/probe/subject.h"

extern const struct probe probe_posterior, probe_pb_opt;
extern const struct bound bound_pb_kl, bound_pb_quad, bound_pb_lambda, bound_pb_mcallester, bound_pb_catoni, bound_weight_noise, bound_pb_dziugaite_roy;

#define SEED 20261122u
#define OF_BOUND(name) (&bound_##name.m)

static struct probe_cache *cache;

/* The bound m of a subject, whose posteriors are those of `posterior` (taken over). */
static enum status bound_of(const struct subject *t, const struct method *m, struct object posterior, const struct named_value *more, size_t n_more,
                            struct bound_value *out, struct err *e)
{
  struct named_value values[8] = {{"posterior", {.kind = VALUE_OBJECT, .as.object = &posterior}}};
  struct bound_input in = {.subject = &t->s, .cache = cache};
  struct object o;
  for (size_t i = 0; i < n_more; i++)
    values[i + 1] = more[i];
  o = object_made(m, values, n_more + 1);
  probe_cache_trim(cache, 1 << 16);
  enum status s = bound_evaluate(&o, NULL, &in, out, e);

  object_free(&o);
  object_free(&posterior);
  return s;
}

static struct bound_value bounded(const struct subject *t, const struct method *m, struct object posterior, const struct named_value *more, size_t n_more)
{
  struct bound_value out;
  struct err e = {0};
  if (bound_of(t, m, posterior, more, n_more, &out, &e))
    tap_bail("%s", e.message);
  return out;
}

static void refused(const struct subject *t, const struct method *m, struct object posterior, const struct named_value *more, size_t n_more,
                    const char *part, const char *name)
{
  struct bound_value out;
  struct err e = {0};
  tap_ok(bound_of(t, m, posterior, more, n_more, &out, &e) == STATUS_BAD_ARG, "%s is refused", name);
  tap_has(e.message, part, "and the message says why");
}

static double number(const struct probe_value *v, const char *name, size_t k) { return mat_get(&probe_find(v, name, PROBE_WHOLE)->value, k, 0); }

/* --- the risks ------------------------------------------------------------------------------------------------- */

static void test_limits(void)
{
  static const double sds[] = {1e-30, 0.2}, hidden[] = {9};
  struct subject t;
  struct named_value net[] = {set_list("hidden", hidden, 1)};
  subject_make(&t, &model_mlp, net, 1, &loss_cross_entropy, 300, 6, 3, 0);
  struct batch b = probe_batch(&t.s);
  double *each = xcalloc(b.n, sizeof *each), mean = 0, capped = 0, error = 0, loss;
  float *logical = xcalloc(t.net.n_logical, sizeof *logical);
  struct err e = {0};
  net_unpack_f32(&t.net, t.w, logical);
  if (net_loss_f32(&t.net, &t.loss, t.w, &b, &loss, NULL, each, NULL, &e) ||
      train_evaluate(NULL, &t.model, &t.loss, &t.f.data, t.s.part, logical, &mean, &error, &e))
    tap_bail("%s", e.message);
  for (size_t i = 0; i < b.n; i++)
    capped += fmin(each[i] / 2, 1) / (double)b.n;
  struct probe_value v = subject_measure(&t, &probe_posterior, 4, set_list("sd", sds, 2), set_real("draws", 20), set_real("examples", 0), set_real("cap", 2));
  tap_near(number(&v, "error", 0), error, 1e-12, 0, "without noise the Gibbs error is that of the net");
  tap_near(number(&v, "bounded", 0), capped, 1e-5, 0, "and the bounded loss that of the reference, capped (float32 outputs)");
  tap_ok(number(&v, "error_se", 0) < 1e-9 && number(&v, "error_se", 1) > 1e-4, "no draw differs then; with noise they do");
  struct probe_value alone = subject_measure(&t, &probe_posterior, 4, set_list("sd", sds + 1, 1), set_real("draws", 20), set_real("examples", 0), set_real("cap", 2));
  tap_ok(number(&alone, "error", 0) == number(&v, "error", 1), "an sd has the same draws whatever stands beside it");
  struct probe_value whole = subject_measure(&t, &probe_posterior, 3, set_list("sd", sds + 1, 1), set_real("draws", 400), set_real("examples", 0)),
                     some = subject_measure(&t, &probe_posterior, 3, set_list("sd", sds + 1, 1), set_real("draws", 4000), set_real("examples", 7));
  double off = fabs(number(&whole, "error", 0) - number(&some, "error", 0));
  double se = hypot(number(&whole, "error_se", 0), number(&some, "error_se", 0));
  tap_ok(off < 4 * se, "draws on 7 examples estimate the same risk (%.2f standard errors)", off / se);
  probe_value_free(&v), probe_value_free(&alone), probe_value_free(&whole), probe_value_free(&some);
  free(each), free(logical);
  subject_free(&t);
}

/* Two inputs, no bias: whether w'.x is right depends on the direction of x alone. Flips of the label with probability `noise`. */
static double true_gibbs(const float *w, const double sds[2], const double teacher[2], double noise)
{
  enum { N = 4000 };
  double sum = 0;
  for (int i = 0; i < N; i++) {
    double a = 2 * M_PI * (i + 0.5) / N, x = cos(a), y = sin(a);
    double sd = hypot(sds[0] * x, sds[1] * y), up = erfc(-((double)w[0] * x + (double)w[1] * y) / sd / M_SQRT2) / 2; /* P(w' . x > 0) */
    sum += teacher[0] * x + teacher[1] * y > 0 ? 1 - up : up;
  }
  return noise + (1 - 2 * noise) * sum / N;
}

/* n normal points in the plane with labels by the teacher, flipped with probability `noise`. */
static void plane(struct subject *t, struct rng *r, const double teacher[2], double noise)
{
  struct examples *p = &t->f.data.train;
  float *x = (float *)(void *)p->x;
  int32_t *label = (int32_t *)(void *)p->label;
  for (size_t i = 0; i < p->n; i++) {
    float *row = x + i * p->stride;
    row[0] = (float)rng_normal(r), row[1] = (float)rng_normal(r);
    label[i] = (teacher[0] * (double)row[0] + teacher[1] * (double)row[1] > 0) != (rng_uniform(r) < noise);
  }
}

static void make_plane(struct subject *t, size_t n)
{
  struct named_value values[] = {set_bool("bias", false)};
  subject_make(t, &model_logistic, values, 1, &loss_logistic, n, 2, 2, 0);
}

/* The mean of y x over examples from `from` on, a classifier of fair quality. */
static void fit(struct subject *t, size_t from, size_t to, float w[2])
{
  const struct examples *p = &t->f.data.train;
  double sum[2] = {0};
  for (size_t i = from; i < to; i++)
    for (size_t j = 0; j < 2; j++)
      sum[j] += (p->label[i] ? 1 : -1) * (double)p->x[i * p->stride + j] / (double)(to - from);
  w[0] = (float)sum[0], w[1] = (float)sum[1];
}

static void test_known_risk(void)
{
  static const double teacher[] = {0.6, 0.8}, sds[] = {0.05, 0.5, 2};
  struct subject t;
  struct rng r = rng_make(SEED, RNG_TEST, 1);
  make_plane(&t, 20000);
  plane(&t, &r, teacher, 0.1);
  t.w[0] = 1, t.w[1] = 0.2F;
  struct probe_value v = subject_measure(&t, &probe_posterior, 3, set_list("sd", sds, 3), set_real("draws", 1500), set_real("examples", 1000));
  for (size_t k = 0; k < 3; k++) {
    /* draws, and the 20,000 examples themselves */
    double truth = true_gibbs(t.w, (const double[]){sds[k], sds[k]}, teacher, 0.1), se = hypot(number(&v, "error_se", k), sqrt(truth * (1 - truth) / 20000));
    double off = fabs(number(&v, "error", k) - truth) / se;
    tap_ok(off < 4, "sd %g: the sampled Gibbs risk is that of the quadrature, %.4f (%.2f standard errors)", sds[k], truth, off);
  }
  probe_value_free(&v);
  subject_free(&t);
}

/* --- the divergence -------------------------------------------------------------------------------------------- */

static void test_kl(void)
{
  enum { D = 7, DRAWS = 40000 };
  struct rng r = rng_make(SEED, RNG_TEST, 2);
  struct pac_bayes_gaussian q = {.layers = 2, .parameters = {3, 4}};
  double mean[D], sd[D], prior[] = {0.7, 0.3}, exact = 0, sum = 0, square = 0;
  for (size_t i = 0; i < D; i++) {
    size_t l = i >= 3;
    mean[i] = 0.3 * rng_normal(&r), sd[i] = 0.1 + rng_uniform(&r);
    q.log_sd[l] += log(sd[i]), q.variance[l] += sd[i] * sd[i], q.distance2[l] += mean[i] * mean[i];
    exact += kl_gaussian(mean[i], sd[i], 0, prior[l]);
  }
  for (int t = 0; t < DRAWS; t++) {
    double ratio = 0; /* ln q(w) - ln p(w) */
    for (size_t i = 0; i < D; i++) {
      double z = rng_normal(&r), w = mean[i] + sd[i] * z, s = prior[i >= 3];
      ratio += log(s / sd[i]) - z * z / 2 + w * w / (2 * s * s);
    }
    sum += ratio, square += ratio * ratio;
  }
  double average = sum / DRAWS, se = sqrt((square / DRAWS - average * average) / DRAWS), kl = pac_bayes_kl(&q, prior);
  tap_near(kl, exact, 1e-12, 0, "KL by layers is the sum over coordinates");
  tap_ok(fabs(kl - average) < 4 * se, "and the mean log ratio of the densities (%.2f standard errors)", fabs(kl - average) / se);
  struct pac_bayes_gaussian same = {.layers = 1, .parameters = {1000}, .log_sd = {1000 * log(0.3)}, .variance = {1000 * 0.09}};
  tap_ok(pac_bayes_kl(&same, prior + 1) < 1e-10, "a posterior equal to the prior costs nothing");

  struct pac_bayes_grid g = {.most = 2, .ratio = 0.8, .sds = 12};
  for (int per_layer = 0; per_layer < 2; per_layer++) {
    double best = INFINITY, best_layer[2] = {INFINITY, INFINITY};
    g.per_layer = per_layer;
    for (int j = 0; j < 12; j++) {
      double s[] = {2 * pow(0.8, j), 2 * pow(0.8, j)};
      best = fmin(best, pac_bayes_kl(&q, s));
      for (size_t l = 0; l < 2; l++) {
        struct pac_bayes_gaussian one = {1, 0, {q.parameters[l]}, {q.log_sd[l]}, {q.variance[l]}, {q.distance2[l]}};
        best_layer[l] = fmin(best_layer[l], pac_bayes_kl(&one, s));
      }
    }
    struct pac_bayes_prior p = pac_bayes_grid_prior(&g, &q);
    tap_near(p.kl, per_layer ? best_layer[0] + best_layer[1] : best, 1e-12, 0, "the prior's sd is the best of the grid (%s)", per_layer ? "per layer" : "one");
    tap_near(p.cost, (per_layer ? 2 : 1) * log(12), 1e-15, 0, "which costs ln of its size%s", per_layer ? " for each layer" : "");
  }
}

/* --- the bounds ------------------------------------------------------------------------------------------------ */

static struct object posterior_of(const double *sds, size_t n, double draws, double skip)
{
  struct named_value values[] = {set_list("sd", sds, n), set_real("draws", draws), set_real("examples", 0), set_real("skip", skip)};
  return object_made(&probe_posterior.m, values, 4);
}

/* pb-kl by hand: every posterior, every prior. */
static void test_by_hand(void)
{
  static const double sds[] = {0.02, 0.1, 0.5}, hidden[] = {6};
  struct subject t;
  struct named_value net[] = {set_list("hidden", hidden, 1)};
  subject_make(&t, &model_mlp, net, 1, &loss_cross_entropy, 250, 5, 3, 0);
  t.s.start = t.start;
  struct probe_value v = subject_measure(&t, &probe_posterior, 3, set_list("sd", sds, 3), set_real("draws", 50), set_real("examples", 0));
  double best = INFINITY, best_noise = INFINITY, best_roy = INFINITY, d = (double)t.net.n_logical, distance2 = 0;
  for (size_t i = 0; i < t.net.n_params; i++)
    distance2 += pow((double)t.w[i] - (double)t.start[i], 2);
  for (size_t k = 0; k < 3; k++) {
    double risk = kl_inv(number(&v, "error", k), log(2 * 3 / 0.01) / 50), at = sds[k] * sds[k];
    for (int j = 0; j < 100; j++) {
      double p = pow(0.9, j), kl = d * (log(p / sds[k]) + at / (2 * p * p) - 0.5) + distance2 / (2 * p * p);
      best = fmin(best, kl_inv(risk, (kl + log(100) + log(2 * sqrt(250) / 0.05)) / 250));
    }
    for (int j = 1; j < 2000; j++) {
      double p2 = 0.1 * exp(-j / 100.0), kl = d * (log(p2 / at) / 2 + at / (2 * p2) - 0.5) + distance2 / (2 * p2);
      best_roy = fmin(best_roy, kl_inv(risk, (kl + 2 * log(j) + log(M_PI * M_PI * 250 / (6 * 0.05))) / 249));
    }
    best_noise = fmin(best_noise, kl_inv(risk, (distance2 / (2 * at) + log(3) + log(2 * sqrt(250) / 0.05)) / 250));
  }
  struct bound_value kl = bounded(&t, OF_BOUND(pb_kl), posterior_of(sds, 3, 50, 0), NULL, 0);
  /* the sds are rounded to float32 in the posterior */
  tap_near(kl.value, best, 1e-7, 0, "pb-kl is the least over all posteriors and priors, by hand");
  tap_ok(kl.statement == STATEMENT_HP && !kl.assumptions_checked, "whoever gives a start must answer for it");
  tap_near(bounded(&t, OF_BOUND(weight_noise), posterior_of(sds, 3, 50, 0), NULL, 0).value, best_noise, 1e-6, 0, "so is weight-noise");
  tap_near(bounded(&t, OF_BOUND(pb_dziugaite_roy), posterior_of(sds, 3, 50, 0), NULL, 0).value, best_roy, 1e-6, 0, "and the bound of Dziugaite and Roy");
  const double others[] = {bounded(&t, OF_BOUND(pb_quad), posterior_of(sds, 3, 50, 0), NULL, 0).value,
                     bounded(&t, OF_BOUND(pb_lambda), posterior_of(sds, 3, 50, 0), NULL, 0).value,
                     bounded(&t, OF_BOUND(pb_mcallester), posterior_of(sds, 3, 50, 0), NULL, 0).value};
  tap_ok(kl.value <= others[0] && kl.value <= others[1] && kl.value <= others[2], "pb-kl is the least of the family");
  t.s.start = NULL;
  tap_ok(bounded(&t, OF_BOUND(pb_kl), posterior_of(sds, 3, 50, 0), NULL, 0).assumptions_checked, "around zero the program knows that the prior saw no data");
  struct named_value init[] = {set_string("prior", "init"), set_real("init_seed", 5), set_list("sd", sds, 3)};
  memset(t.w, 0, t.net.n_params * sizeof *t.w);
  struct err e = {0};
  if (model_mlp.init(t.model.conf, &t.net, 5, t.w, &e))
    tap_bail("%s", e.message);
  struct bound_value at_init = bounded(&t, OF_BOUND(weight_noise), object_made(&probe_posterior.m, init, 3), NULL, 0);
  tap_ok(bound_term_of(at_init, "kl") == 0 && at_init.assumptions_checked, "prior = init draws the model's own initial weights");
  probe_value_free(&v);
  subject_free(&t);
}

static void test_refusals(void)
{
  static const double sds[] = {0.1};
  struct subject t, line;
  make_plane(&t, 30);
  struct named_value risk[] = {set_real("risk", 0.1)}, kl[] = {set_real("kl", 0.1)}, start[] = {set_string("prior", "start")}, layer[] = {set_string("scale", "layer")};
  refused(&t, OF_BOUND(pb_kl), posterior_of(sds, 1, 5, 0), risk, 1, "risk comes from the subject", "a typed risk beside a subject");
  refused(&t, OF_BOUND(pb_kl), posterior_of(sds, 1, 5, 0), kl, 1, "kl comes from the subject", "a typed KL");
  refused(&t, OF_BOUND(pb_kl), posterior_of(sds, 1, 5, 30), NULL, 0, "skip must leave some of the 30 examples, got 30", "skipping all");
  refused(&t, OF_BOUND(pb_kl), object_made(&probe_posterior.m, start, 1), NULL, 0, "give start = weights", "a start that is not known");
  refused(&t, OF_BOUND(weight_noise), object_made(&probe_posterior.m, layer, 1), NULL, 0, "same noise everywhere", "noise by layers");
  refused(&t, OF_BOUND(pb_kl), object_made(&probe_margins.m, NULL, 0), NULL, 0, "must be a probe that gives posteriors", "another probe");
  subject_make(&line, &model_linear, NULL, 0, &loss_squared, 10, 4, 0, 2);
  refused(&line, OF_BOUND(pb_kl), posterior_of(sds, 1, 5, 0), NULL, 0, "no classes", "a regression");
  tap_has(ASKS(weight_noise, V_INT("n", 10), V_REAL("risk", 0), V_REAL("distance", 1)), "sd must be given", "typed: weight-noise asks for sd");
  tap_has(ASKS(pb_dziugaite_roy, V_INT("n", 10), V_REAL("risk", 0), V_REAL("kl", 1)), "variance must be given", "and Dziugaite-Roy for the variance");
  tap_has(REFUSED(&bound_pb_dziugaite_roy.m, V_REAL("variance", 0.1)), "at most c exp(-1/b)", "which must be on the grid");
  tap_near(VALUE(pb_dziugaite_roy, V_INT("n", 55000), V_REAL("risk", 0.03), V_REAL("kl", 5000), V_REAL("variance", 0.01), V_REAL("delta", 0.025)),
           kl_inv(0.03, (5000 + 2 * log(100 * log(0.1 / 0.01)) + log(M_PI * M_PI * 55000 / (6 * 0.025))) / 54999), 1e-13, 0, "the formula of Dziugaite and Roy");
  tap_near(VALUE(weight_noise, V_INT("n", 1000), V_REAL("risk", 0.1), V_REAL("distance", 3), V_REAL("sd", 0.5), V_INT("sds", 4)),
           VALUE(pb_kl, V_INT("n", 1000), V_REAL("risk", 0.1), V_REAL("kl", 18 + log(4))), 1e-14, 0, "weight-noise is pb-kl with |w - w0|^2/(2 sd^2) + ln k");
  subject_free(&t), subject_free(&line);
}

/* 200 samples with a known true Gibbs risk. With `skip` the first half of the sample makes the prior's centre. */
static void test_coverage(bool split)
{
  enum { REPEATS = 200, N = 120 };
  static const double teacher[] = {0.6, 0.8}, sds[] = {0.1, 0.3, 1};
  struct subject t;
  struct rng r = rng_make(SEED, RNG_TEST, 3 + split);
  int failed[3] = {0}, sample_below = 0;
  double total = 0;
  make_plane(&t, N);
  for (int repeat = 0; repeat < REPEATS; repeat++) {
    static const struct bound *const bounds[] = {&bound_pb_kl, &bound_weight_noise, &bound_pb_dziugaite_roy};
    float start[16] = {0};
    plane(&t, &r, teacher, 0.1);
    fit(&t, 0, N, t.w);
    fit(&t, 0, N / 2, start);
    t.s.start = split ? start : NULL;
    t.s.seed = (uint64_t)repeat;
    for (size_t b = 0; b < 3; b++) {
      struct bound_value v = bounded(&t, &bounds[b]->m, posterior_of(sds, 3, 60, split ? N / 2 : 0), NULL, 0);
      double sd = bound_term_of(v, "sd"), truth = true_gibbs(t.w, (const double[]){sd, sd}, teacher, 0.1);
      failed[b] += v.value < truth;
      sample_below += b == 0 && bound_term_of(v, "sampled") < truth;
      total += b == 0 ? v.value / REPEATS : 0;
    }
  }
  /* delta + mc_delta = 0.06; a binomial count of 200 stays below 12 + 3 sd = 22 */
  const char *how = split ? "prior from half of the sample" : "prior around zero";
  tap_ok(failed[0] <= 22 && failed[1] <= 22 && failed[2] <= 22, "%s: of 200 bounds with a known truth %d, %d and %d fail, at most 22 may", how, failed[0],
         failed[1], failed[2]);
  tap_ok(sample_below > 60 && total < 0.75, "where the sampled risk alone fails %d times; the mean bound %.3f says something", sample_below, total);
  subject_free(&t);
}

/* The same for posteriors that the bound itself has chosen. */
static void test_coverage_optimised(void)
{
  enum { REPEATS = 100, N = 120 };
  static const double teacher[] = {0.6, 0.8};
  struct subject t;
  struct rng r = rng_make(SEED, RNG_TEST, 6);
  struct named_value values[] = {set_real("steps", 40), set_real("rate", 0.05), set_real("draws", 60), set_real("batch", 40), set_real("sd", 0.2), set_real("cap", 1)};
  int failed = 0;
  double total = 0;
  make_plane(&t, N);
  for (int repeat = 0; repeat < REPEATS; repeat++) {
    plane(&t, &r, teacher, 0.1);
    fit(&t, 0, N, t.w);
    t.s.seed = (uint64_t)repeat;
    struct probe_value v = subject_measure(&t, &probe_pb_opt, 6, values[0], values[1], values[2], values[3], values[4], values[5]);
    float mean[] = {(float)number(&v, "mean", 0), (float)number(&v, "mean", 1)};
    double sds[] = {number(&v, "sds", 0), number(&v, "sds", 1)};
    double bound = bounded(&t, OF_BOUND(pb_kl), object_made(&probe_pb_opt.m, values, 6), NULL, 0).value;
    failed += bound < true_gibbs(mean, sds, teacher, 0.1);
    total += bound / REPEATS;
    probe_value_free(&v);
  }
  tap_ok(failed <= 13 && total < 0.75, "optimised posteriors: %d of 100 bounds fail, at most 6 + 3 sd = 13 may; their mean is %.3f", failed, total);
  struct named_value none[] = {set_real("steps", 1)};
  refused(&t, OF_BOUND(weight_noise), object_made(&probe_pb_opt.m, none, 1), NULL, 0, "same noise everywhere", "weight-noise for them");
  subject_free(&t);
}

/* Half of the labels are useless: skipping them leaves a perfect answer on the other half. */
static void test_skip(void)
{
  static const double teacher[] = {1, 0}, sds[] = {1e-6};
  struct subject t;
  struct rng r = rng_make(SEED, RNG_TEST, 9);
  make_plane(&t, 80);
  plane(&t, &r, teacher, 0);
  for (size_t i = 0; i < 40; i++)
    ((int32_t *)(void *)t.f.data.train.label)[i] ^= 1;
  t.w[0] = 1, t.w[1] = 0;
  struct bound_value all = bounded(&t, OF_BOUND(pb_kl), posterior_of(sds, 1, 5, 0), NULL, 0), half = bounded(&t, OF_BOUND(pb_kl), posterior_of(sds, 1, 5, 40), NULL, 0);
  tap_ok(bound_term_of(all, "sampled") == 0.5 && bound_term_of(all, "n") == 80, "all examples: half of the answers are wrong");
  tap_ok(bound_term_of(half, "sampled") == 0 && bound_term_of(half, "n") == 40, "the examples that made the prior are not counted");
  subject_free(&t);
}

/* A net that learnt labels at random by heart has a true error of 1/2, and no bound may say less. */
static void test_random_labels(void)
{
  static const double sds[] = {0.001, 0.01, 0.1, 1}, hidden[] = {30};
  struct named_value net[] = {set_list("hidden", hidden, 1)};
  struct subject t;
  struct rng r = rng_make(SEED, RNG_TEST, 11);
  subject_make(&t, &model_mlp, net, 1, &loss_cross_entropy, 60, 20, 2, 0);
  for (size_t i = 0; i < 60; i++)
    ((int32_t *)(void *)t.f.data.train.label)[i] = (int32_t)rng_below(&r, 2);
  struct batch b = probe_batch(&t.s);
  float *g = fixture_take(&t.f, t.net.n_params, sizeof *g);
  double loss = 1;
  struct err e = {0};
  for (int step = 0; step < 3000 && loss > 0.02; step++) {
    if (net_gradient_f32(NULL, &t.net, &t.loss, t.w, &b, &loss, g, &e))
      tap_bail("%s", e.message);
    for (size_t i = 0; i < t.net.n_params; i++)
      t.w[i] -= 0.2F * g[i];
  }
  struct bound_value kl = bounded(&t, OF_BOUND(pb_kl), posterior_of(sds, 4, 100, 0), NULL, 0), noise = bounded(&t, OF_BOUND(weight_noise), posterior_of(sds, 4, 100, 0), NULL, 0);
  struct bound_value small = bounded(&t, OF_BOUND(pb_kl), posterior_of(sds, 1, 100, 0), NULL, 0);
  tap_ok(bound_term_of(small, "sampled") < 0.02, "60 labels at random are learnt by heart (error %.3f)", bound_term_of(small, "sampled"));
  tap_ok(kl.value >= 0.5 && noise.value >= 0.5, "and the bounds stay at or above the true error 1/2 (%.3f, %.3f)", kl.value, noise.value);
  subject_free(&t);
}

int main(void)
{
  tap_diag("seed %u", SEED);
  cache = probe_cache_new();
  test_limits();
  test_known_risk();
  test_kl();
  test_by_hand();
  test_refusals();
  test_coverage(false);
  test_coverage(true);
  test_coverage_optimised();
  test_skip();
  test_random_labels();
  probe_cache_free(cache);
  return tap_done();
}
