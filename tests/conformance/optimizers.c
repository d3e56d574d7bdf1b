/* Every optimizer: descends, rests at zero gradient, agrees between precisions, is its flat state. */
#include <float.h>
#include <math.h>

#include "experiments/kernel/cpu.h"
#include "experiments/kernel/rng.h"
#include "experiments/kernel/vec.h"
#include "experiments/models/net_int.h"
#include "experiments/optim/optimizer.h"
#include "tests/conformance/walk.h"

#define SEED 7u
#define N 37 /* not a multiple of any vector length */

/* Weights, gradient and state in both precisions. */
struct bench {
  struct object o;
  const struct optimizer *rule;
  size_t n, size32, size64;
  float *w32, *g32;
  double *w64, *g64;
  void *s32, *s64;
};

static void *array(size_t count, size_t size)
{
  void *p;
  if (mem_new(&p, count, size, "test", NULL) != STATUS_OK)
    tap_bail("no memory");
  return p;
}

/* Random weights; the same numbers in both precisions. */
static void bench_make(struct bench *b, const struct method *m, bool decay, size_t n)
{
  struct named_value v[2];
  struct err e;
  struct rng r = rng_make(SEED, RNG_TEST, n);
  if (base_object(&b->o, m, v, decay ? 0 : no_decay(m, v), &e) != STATUS_OK)
    tap_bail("%s", e.message);
  b->rule = (const struct optimizer *)m;
  b->n = n;
  b->w32 = array(n, sizeof(float)), b->g32 = array(n, sizeof(float));
  b->w64 = array(n, sizeof(double)), b->g64 = array(n, sizeof(double));
  for (size_t i = 0; i < n; i++)
    b->w64[i] = b->w32[i] = (float)rng_normal(&r);
  b->size32 = b->rule->state_size(b->o.conf, NULL, n, DTYPE_F32);
  b->size64 = b->rule->state_size(b->o.conf, NULL, n, DTYPE_F64);
  b->s32 = array(b->size32, 1), b->s64 = array(b->size64, 1);
  b->rule->init(b->o.conf, NULL, b->s32, b->w32, n, DTYPE_F32);
  b->rule->init(b->o.conf, NULL, b->s64, b->w64, n, DTYPE_F64);
}

static void bench_free(struct bench *b)
{
  void *owned[] = {b->w32, b->g32, b->w64, b->g64, b->s32, b->s64};
  for (size_t i = 0; i < 6; i++)
    free(owned[i]);
  object_free(&b->o);
}

/* The same random gradient in both precisions, a function of k alone. */
static void random_gradient(struct bench *b, uint64_t k)
{
  struct rng r = rng_make(SEED, RNG_GRAD_NOISE, k);
  for (size_t i = 0; i < b->n; i++)
    b->g64[i] = b->g32[i] = (float)rng_normal(&r);
}

/* What a rule that looks around sees: the plane f(w) = g . w, of which the gradient in hand is the gradient. */
static enum status plane_f32(struct oracle *o, const float *at, double *loss, float *g, struct err *e)
{
  const struct bench *b = o->self;
  (void)e;
  *loss = vec_dot_f32(b->g32, at, b->n);
  if (g)
    memcpy(g, b->g32, b->n * sizeof *g);
  return STATUS_OK;
}

static enum status plane_f64(struct oracle *o, const double *at, double *loss, double *g, struct err *e)
{
  const struct bench *b = o->self;
  (void)e;
  *loss = vec_dot_f64(b->g64, at, b->n);
  if (g)
    memcpy(g, b->g64, b->n * sizeof *g);
  return STATUS_OK;
}

static enum status plane_loss_f32(struct oracle *o, const float *at, double *loss, struct err *e) { return plane_f32(o, at, loss, NULL, e); }
static enum status plane_loss_f64(struct oracle *o, const double *at, double *loss, struct err *e) { return plane_f64(o, at, loss, NULL, e); }

static enum status flat_f32(struct oracle *o, const float *v, float *out, struct err *e)
{
  (void)v, (void)e;
  memset(out, 0, ((const struct bench *)o->self)->n * sizeof *out);
  return STATUS_OK;
}

static enum status flat_f64(struct oracle *o, const double *v, double *out, struct err *e)
{
  (void)v, (void)e;
  memset(out, 0, ((const struct bench *)o->self)->n * sizeof *out);
  return STATUS_OK;
}

static struct oracle plane(struct bench *b)
{
  return (struct oracle){.self = b, .loss = vec_dot_f64(b->g64, b->w64, b->n), .loss_f32 = plane_loss_f32, .loss_f64 = plane_loss_f64,
                         .gradient_f32 = plane_f32, .gradient_f64 = plane_f64, .hvp_f32 = flat_f32, .hvp_f64 = flat_f64};
}

static enum status step(struct bench *b, uint64_t k, double lr)
{
  struct oracle o = plane(b);
  struct step_info s = {.k = k, .lr = lr, .oracle = &o};
  enum status a = optimizer_step_f32(&b->o, b->s32, b->w32, b->g32, b->n, &s, NULL);
  enum status c = optimizer_step_f64(&b->o, b->s64, b->w64, b->g64, b->n, &s, NULL);
  return a == c ? a : STATUS_UNSUPPORTED;
}

static void must_step(struct bench *b, uint64_t k, double lr)
{
  if (step(b, k, lr) != STATUS_OK)
    tap_bail("%s refused an ordinary step", b->o.method->id);
}

/* f(w) = 1/2 sum a_i (w_i - 1)^2 with curvatures a_i in [0.5, 2]. */
static double quadratic(const double *w, double *g, size_t n)
{
  double f = 0;
  for (size_t i = 0; i < n; i++) {
    double a = 0.5 + 1.5 * (double)i / (double)n, d = w[i] - 1;
    f += 0.5 * a * d * d;
    g[i] = a * d;
  }
  return f;
}

static enum status bowl(struct oracle *o, const double *at, double *loss, double *g, struct err *e)
{
  (void)o, (void)e;
  *loss = quadratic(at, g, N);
  return STATUS_OK;
}

static enum status bowl_loss(struct oracle *o, const double *at, double *loss, struct err *e)
{
  double g[N];
  return bowl(o, at, loss, g, e);
}

static enum status bowl_hvp(struct oracle *o, const double *v, double *out, struct err *e)
{
  (void)o, (void)e;
  for (size_t i = 0; i < N; i++)
    out[i] = (0.5 + 1.5 * (double)i / N) * v[i];
  return STATUS_OK;
}

/* What 600 updates leave of f at a rate that falls from `peak` to 0; INFINITY if they diverge. */
static double descended(const struct method *m, double peak, double *first)
{
  enum { T = 600 };
  struct bench b;
  struct err e;
  enum status s = STATUS_OK;
  bench_make(&b, m, false, N);
  double here = *first = quadratic(b.w64, b.g64, N);
  for (uint64_t k = 1; k <= T && s == STATUS_OK; k++) {
    struct oracle o = {.loss = here, .loss_f64 = bowl_loss, .gradient_f64 = bowl, .hvp_f64 = bowl_hvp};
    struct step_info info = {.k = k, .lr = peak * (double)(T + 1 - k) / T, .oracle = &o};
    s = optimizer_step_f64(&b.o, b.s64, b.w64, b.g64, N, &info, &e);
    here = quadratic(b.w64, b.g64, N);
  }
  if (b.rule->eval_weights_f64 && s == STATUS_OK) {
    double *x = array(N, sizeof *x);
    b.rule->eval_weights_f64(b.o.conf, b.s64, b.w64, x, N);
    memcpy(b.w64, x, N * sizeof *x);
    free(x);
  }
  double last = s == STATUS_OK ? quadratic(b.w64, b.g64, N) : (double)INFINITY;
  bench_free(&b);
  return isfinite(last) ? last : (double)INFINITY;
}

/* Usual rates of the rules lie between 1e-4 and 1, so each has its own from one grid. */
static void check_descent(const struct method *m)
{
  static const double rates[] = {0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10};
  double first = 1, best = (double)INFINITY, rate = 0;
  for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
    double last = descended(m, rates[i], &first);
    if (last < best)
      best = last, rate = rates[i];
  }
  tap_ok(best < 1e-3 * first, "%s: 600 updates on a quadratic leave less than a thousandth of it (%.3g of %.3g, rate %g)", m->id, best,
         first, rate);
}

static void check_rest(const struct method *m)
{
  struct bench b;
  bench_make(&b, m, false, N);
  float before32[N];
  double before64[N];
  memcpy(before32, b.w32, sizeof before32);
  memcpy(before64, b.w64, sizeof before64);
  for (uint64_t k = 1; k <= 10; k++)
    must_step(&b, k, 0.1);
  tap_ok(same_bits(before32, b.w32, sizeof before32) && same_bits(before64, b.w64, sizeof before64),
         "%s: no gradient and no decay, no move", m->id);
  bench_free(&b);
}

/* 50 updates of rate 0.01 move a weight by 0.5 or so; each rounds a few times to float32. */
static void check_precision(const struct method *m)
{
  struct bench b;
  double worst = 0, allowed = 50 * 4 * (double)FLT_EPSILON;
  bench_make(&b, m, true, N);
  for (uint64_t k = 1; k <= 50; k++) {
    random_gradient(&b, k);
    must_step(&b, k, 0.01);
  }
  for (size_t i = 0; i < N; i++)
    worst = fmax(worst, fabs((double)b.w32[i] - b.w64[i]) / fmax(1, fabs(b.w64[i])));
  tap_ok(worst <= allowed, "%s: float32 agrees with float64 to rounding after 50 updates (%.2g, allowed %.2g)", m->id,
         worst, allowed);
  bench_free(&b);
}

static void check_clone(const struct method *m)
{
  struct bench a, b;
  bench_make(&a, m, true, N);
  bench_make(&b, m, true, N);
  for (uint64_t k = 1; k <= 20; k++) {
    random_gradient(&a, k);
    must_step(&a, k, 0.01);
  }
  memcpy(b.w32, a.w32, N * sizeof(float));
  memcpy(b.w64, a.w64, N * sizeof(double));
  memcpy(b.s32, a.s32, a.size32);
  memcpy(b.s64, a.s64, a.size64);
  for (uint64_t k = 21; k <= 40; k++) {
    random_gradient(&a, k);
    random_gradient(&b, k);
    must_step(&a, k, 0.01);
    must_step(&b, k, 0.01);
  }
  tap_ok(same_bits(a.w32, b.w32, N * sizeof(float)) && same_bits(a.w64, b.w64, N * sizeof(double)) &&
             same_bits(a.s32, b.s32, a.size32) && same_bits(a.s64, b.s64, a.size64),
         "%s: a state copied midway goes on with the same bits", m->id);
  bench_free(&a);
  bench_free(&b);
}

static void check_not_finite(const struct method *m)
{
  const float bad[] = {NAN, INFINITY, -INFINITY};
  for (size_t i = 0; i < 3; i++) {
    struct bench a, b;
    bench_make(&a, m, true, N);
    bench_make(&b, m, true, N);
    for (uint64_t k = 1; k <= 3; k++) {
      random_gradient(&a, k);
      random_gradient(&b, k);
      must_step(&a, k, 0.01);
      must_step(&b, k, 0.01);
    }
    a.g32[N - 1] = bad[i];
    a.g64[N - 1] = (double)bad[i];
    enum status s = step(&a, 4, 0.01);
    tap_ok(s == STATUS_DIVERGED && same_bits(a.w32, b.w32, N * sizeof(float)) &&
               same_bits(a.w64, b.w64, N * sizeof(double)) && same_bits(a.s32, b.s32, a.size32) &&
               same_bits(a.s64, b.s64, a.size64),
           "%s: a gradient with %g is refused and leaves weights and state untouched", m->id, (double)bad[i]);
    bench_free(&a);
    bench_free(&b);
  }
}

static void check_padding(const struct method *m)
{
  struct bench b;
  bool zero = true;
  bench_make(&b, m, true, 48);
  for (size_t i = N; i < 48; i++)
    b.w64[i] = b.w32[i] = 0;
  b.rule->init(b.o.conf, NULL, b.s32, b.w32, 48, DTYPE_F32);
  b.rule->init(b.o.conf, NULL, b.s64, b.w64, 48, DTYPE_F64);
  for (uint64_t k = 1; k <= 20; k++) {
    random_gradient(&b, k);
    for (size_t i = N; i < 48; i++)
      b.g64[i] = b.g32[i] = 0;
    must_step(&b, k, 0.1);
  }
  for (size_t i = N; i < 48; i++)
    zero = zero && b.w32[i] == 0 && b.w64[i] == 0;
  tap_ok(zero, "%s: padding stays exactly zero", m->id);
  bench_free(&b);
}

/* Elementwise rules do the same to an element wherever it stands: the first of many is the only of one. */
static void check_sizes(const struct method *m)
{
  struct bench none, one;
  bench_make(&none, m, true, 0);
  bench_make(&one, m, true, 1);
  must_step(&none, 1, 0.1);
  random_gradient(&one, 1);
  double before = one.w64[0];
  must_step(&one, 1, 0.1);
  tap_ok(one.w64[0] != before && isfinite(one.w64[0]) && isfinite(one.w32[0]),
         "%s: no weight and one weight are enough", m->id);
  bench_free(&none);
  bench_free(&one);
}

/* The constants that the engine fuses give what the rule itself gives. */
static void check_momentum_form(const struct method *m)
{
  struct bench b;
  struct momentum_form f;
  double w[N], v[N] = {0}, worst = 0;
  bench_make(&b, m, true, N);
  if (!b.rule->momentum_form || !b.rule->momentum_form(b.o.conf, &f)) {
    bench_free(&b);
    return;
  }
  memcpy(w, b.w64, sizeof w);
  for (uint64_t k = 1; k <= 20; k++) {
    random_gradient(&b, k);
    must_step(&b, k, 0.05);
    for (size_t i = 0; i < N; i++) {
      double g = b.g64[i] + (double)f.l2 * w[i];
      v[i] = k == 1 ? g : (double)f.mu * v[i] + (1 - (double)f.damp) * g;
      w[i] = w[i] * (1 - 0.05 * (double)f.decay) - 0.05 * (f.nesterov ? g + (double)f.mu * v[i] : v[i]);
      worst = fmax(worst, fabs(w[i] - b.w64[i]));
    }
  }
  /* The form's constants are float32, the rule's float64: they differ by half an ulp of float32. */
  tap_ok(worst < 20 * 0.05 * 20 * (double)FLT_EPSILON, "%s: its momentum form says what it does (error %.2g)", m->id,
         worst);
  bench_free(&b);
}

/* Float32 and float64 weights and states after 12 updates in one instruction set, from the same start. */
static void run_in(struct bench *b, const struct method *m, const enum isa *isa)
{
  bench_make(b, m, true, 150);
  for (uint64_t k = 1; k <= 12; k++) {
    random_gradient(b, k);
    for (size_t i = 0; k == 5 && i < b->n; i++)
      b->g64[i] = b->g32[i] *= 1e-35f; /* a round of denormal numbers */
    struct oracle o = plane(b);
    struct step_info s = {.k = k, .lr = 0.02, .at_most = isa, .oracle = &o};
    if (optimizer_step_f32(&b->o, b->s32, b->w32, b->g32, b->n, &s, NULL) || optimizer_step_f64(&b->o, b->s64, b->w64, b->g64, b->n, &s, NULL))
      tap_bail("%s refused an ordinary step", m->id);
  }
}

static void check_instruction_sets(const struct method *m)
{
  static const enum isa sets[] = {ISA_GENERIC, ISA_AVX2, ISA_AVX512};
  struct bench plain, tuned;
  run_in(&plain, m, &sets[0]);
  for (size_t i = 1; i < 3; i++) {
    if (cpu_best_isa() < sets[i]) {
      tap_skip(1, "this machine has no %s", isa_name(sets[i]));
      continue;
    }
    run_in(&tuned, m, &sets[i]);
    tap_ok(same_bits(plain.w32, tuned.w32, 150 * sizeof(float)) && same_bits(plain.w64, tuned.w64, 150 * sizeof(double)) &&
               same_bits(plain.s32, tuned.s32, plain.size32) && same_bits(plain.s64, tuned.s64, plain.size64),
           "%s: %s and plain C agree to the bit", m->id, isa_name(sets[i]));
    bench_free(&tuned);
  }
  bench_free(&plain);
}

/* Gradients at the ends of float32: finite weights, or an error that says what happened. */
static void check_extremes(const struct method *m)
{
  static const float sizes[] = {1e30f, 1e18f, 1e-30f, 1e-40f};
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
    struct bench b;
    struct err e = {0};
    enum status s = STATUS_OK;
    bool finite = true;
    bench_make(&b, m, true, N);
    for (uint64_t k = 1; k <= 5 && s == STATUS_OK; k++) {
      struct oracle o = plane(&b);
      struct step_info info = {.k = k, .lr = 1e-3, .oracle = &o};
      random_gradient(&b, k);
      for (size_t j = 0; j < N; j++)
        b.g32[j] *= sizes[i];
      s = optimizer_step_f32(&b.o, b.s32, b.w32, b.g32, N, &info, &e);
      finite = finite && vec_finite_f32(b.w32, N);
    }
    tap_ok(s == STATUS_OK ? finite : s == STATUS_DIVERGED && e.message[0] && sizes[i] > 1, "%s: gradients of size %g give finite weights or a clean error (%s)",
           m->id, (double)sizes[i], s ? e.message : "finite");
    bench_free(&b);
  }
}

/* Two dense layers, 5 to 3 to 2. */
static void two_layers(struct net *net)
{
  struct err e;
  *net = (struct net){0};
  if (net_add_dense(net, 5, 3, ACT_RELU, true, &e) || net_add_dense(net, 3, 2, ACT_NONE, true, &e))
    tap_bail("%s", e.message);
}

/* Five float64 updates of the net's weights with gradients that depend on k alone. */
static double *run_layers(const struct method *m, const struct net *net, double lr, const double *layer_rate)
{
  struct bench b = {.n = net->n_params};
  struct err e = {0};
  double *w = array(net->n_params, sizeof *w), *logical = array(net->n_logical, sizeof *logical);
  if (base_object(&b.o, m, NULL, 0, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  const struct optimizer *rule = (const struct optimizer *)m;
  b.g64 = array(net->n_params, sizeof(double)), b.w64 = w;
  void *state = array(rule->state_size(b.o.conf, net, net->n_params, DTYPE_F64), 1);
  for (uint64_t k = 0; k <= 5; k++) {
    struct rng r = rng_make(SEED, RNG_GRAD_NOISE, k);
    struct oracle o = plane(&b);
    struct step_info s = {.k = k, .lr = lr, .net = net, .layer_rate = layer_rate, .oracle = &o};
    rng_fill_normal_f64(&r, logical, net->n_logical, 0, 1);
    net_pack_f64(net, logical, k ? b.g64 : w);
    o.loss = 1; /* the same in both runs: a rule may decide by it */
    if (k == 0)
      rule->init(b.o.conf, net, state, w, b.n, DTYPE_F64);
    else if (optimizer_step_f64(&b.o, state, w, b.g64, b.n, &s, &e) != STATUS_OK)
      tap_bail("%s: %s", m->id, e.message);
  }
  free(logical), free(b.g64), free(state);
  object_free(&b.o);
  return w;
}

/* A layer whose rate has the factor c moves as it does where that is the rate of all: the gradients are the same. */
static void check_layer_rates(const struct method *m)
{
  struct net net;
  struct object o;
  struct err e = {0};
  static const double factor[] = {0.25, 3};
  size_t n;
  two_layers(&net);
  if (base_object(&o, m, NULL, 0, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  bool takes = optimizer_takes_layer_rates(&o);
  object_free(&o);
  if (!takes)
    return;
  double *w = run_layers(m, &net, 0.02, factor), worst = 0;
  for (size_t l = 0; l < 2; l++) {
    double *alone = run_layers(m, &net, 0.02 * factor[l], NULL);
    size_t at = optimizer_layer_span(&net, l, &n);
    for (size_t i = at; i < at + n; i++)
      worst = fmax(worst, fabs(w[i] - alone[i]));
    free(alone);
  }
  /* some roundings of numbers near 1, five times; those of the matrix rules go through LAPACK */
  tap_ok(worst < 1e-12, "%s: each layer moves at its own rate (%.2g)", m->id, worst);
  free(w);
}

/* The weights to evaluate start as the weights, and agree between precisions after 20 updates. */
static void check_evaluation(const struct method *m)
{
  struct bench b;
  float x32[N];
  double x64[N], worst = 0;
  bench_make(&b, m, true, N);
  if (!b.rule->eval_weights_f32 || !b.rule->eval_weights_f64) {
    tap_ok(!b.rule->eval_weights_f32 && !b.rule->eval_weights_f64, "%s: it is evaluated at its weights, in both precisions", m->id);
    bench_free(&b);
    return;
  }
  b.rule->eval_weights_f32(b.o.conf, b.s32, b.w32, x32, N);
  b.rule->eval_weights_f64(b.o.conf, b.s64, b.w64, x64, N);
  tap_ok(same_bits(x32, b.w32, sizeof x32) && same_bits(x64, b.w64, sizeof x64), "%s: before the first update it is evaluated at the weights", m->id);
  for (uint64_t k = 1; k <= 20; k++) {
    random_gradient(&b, k);
    must_step(&b, k, 0.01);
  }
  b.rule->eval_weights_f32(b.o.conf, b.s32, b.w32, x32, N);
  b.rule->eval_weights_f64(b.o.conf, b.s64, b.w64, x64, N);
  for (size_t i = 0; i < N; i++)
    worst = fmax(worst, fabs((double)x32[i] - x64[i]) / fmax(1, fabs(x64[i])));
  tap_ok(worst <= 20 * 4 * (double)FLT_EPSILON, "%s: float32 and float64 are evaluated at the same point (%.2g)", m->id, worst);
  bench_free(&b);
}

static void check_rate(const struct method *m)
{
  struct bench b;
  bench_make(&b, m, true, 3);
  tap_ok(step(&b, 1, (double)NAN) == STATUS_DIVERGED && step(&b, 1, (double)INFINITY) == STATUS_DIVERGED,
         "%s: a rate that is not finite is refused", m->id);
  bench_free(&b);
}

static void check(const struct method *m)
{
  check_descent(m);
  check_rest(m);
  check_precision(m);
  check_clone(m);
  check_not_finite(m);
  check_padding(m);
  check_sizes(m);
  check_momentum_form(m);
  check_rate(m);
  check_evaluation(m);
  check_instruction_sets(m);
  check_extremes(m);
  check_layer_rates(m);
}

int main(void)
{
  tap_diag("seed %u", SEED);
  size_t n = walk(KIND_OPTIMIZER, check);
  tap_ok(n > 0, "the registry holds optimizers (%zu)", n);
  return tap_done();
}
