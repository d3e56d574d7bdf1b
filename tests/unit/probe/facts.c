/* facts.c: margins, norms, gradient norms and Gram matrices against plain loops, invariances, refusals, and the cache. */
#include <math.h>

#include "experiments/kernel/vec.h"
#include "tests/unit/probe/subject.h"

static double at(const struct probe_value *v, const char *name, size_t layer, size_t i, size_t j)
{
  const struct probe_array *a = probe_find(v, name, layer);
  if (!a)
    tap_bail("there is no %s", name);
  return mat_get(&a->value, i, j);
}

static const double hidden[] = {70, 8};

static void make_net(struct subject *t, const char *activation, bool bias)
{
  struct named_value values[] = {set_list("hidden", hidden, 2), set_string("activation", activation), set_bool("bias", bias)};
  subject_make(t, &model_mlp, values, 3, &loss_cross_entropy, 150, 66, 3, 0);
}

/* Unit 2 of the first hidden layer: what comes in times c, what goes out divided by c. c is a power of two, so that no
 * rounding enters. */
static void rescale(struct subject *t, float c)
{
  const struct layer *a = &t->net.layer[0], *b = &t->net.layer[1];
  for (size_t i = 0; i < a->in; i++)
    t->w[a->w_at + 2 * a->w_stride + i] *= c;
  if (a->bias)
    t->w[a->b_at + 2] *= c;
  for (size_t j = 0; j < b->out; j++)
    t->w[b->w_at + j * b->w_stride + 2] /= c;
}

static void test_margins(void)
{
  struct subject t;
  make_net(&t, "relu", true);
  struct probe_value v = subject_measure(&t, &probe_margins, 0);
  struct batch b = probe_batch(&t.s);
  float *out = xcalloc(150 * 3, sizeof *out);
  double value, worst = 0;
  struct err e;
  if (net_loss_f32(&t.net, &t.loss, t.w, &b, &value, NULL, NULL, out, &e))
    tap_bail("%s", e.message);
  for (size_t i = 0; i < 150; i++) {
    double right = (double)out[i * 3 + (size_t)b.label[i]], rival = -INFINITY;
    for (size_t j = 0; j < 3; j++)
      rival = j == (size_t)b.label[i] ? rival : fmax(rival, (double)out[i * 3 + j]);
    worst = fmax(worst, fabs(right - rival - at(&v, "margin", PROBE_WHOLE, i, 0)) / (1 + fabs(right)));
  }
  /* the reference is float32: a few hundred roundings */
  tap_ok(worst < 2e-5, "margins are those of the reference outputs (%.1e)", worst);
  rescale(&t, 4);
  struct probe_value scaled = subject_measure(&t, &probe_margins, 0);
  worst = 0;
  for (size_t i = 0; i < 150; i++)
    worst = fmax(worst, fabs(at(&v, "margin", PROBE_WHOLE, i, 0) - at(&scaled, "margin", PROBE_WHOLE, i, 0)));
  tap_ok(worst < 1e-11, "rescaling a relu unit leaves the margins (%.1e)", worst);
  free(out);
  probe_value_free(&v), probe_value_free(&scaled);
  subject_free(&t);
  subject_make(&t, &model_logistic, NULL, 0, &loss_logistic, 20, 4, 2, 0);
  v = subject_measure(&t, &probe_margins, 0);
  bool good = true;
  for (size_t i = 0; i < 20; i++)
    good = good && at(&v, "margin", PROBE_WHOLE, i, 0) == (t.s.part->label[i] ? 1 : -1) * at(&v, "output", PROBE_WHOLE, i, 0);
  tap_ok(good, "with one output the margin is z for class 1 and -z for class 0");
  probe_value_free(&v);
  subject_free(&t);
}

static void test_norms(void)
{
  struct subject t;
  struct mat u, s, vt, w;
  struct err e;
  make_net(&t, "relu", true);
  t.s.start = t.start;
  struct probe_value exact = subject_measure(&t, &probe_layer_norms, 1, set_real("exact", 100)),
                     power = subject_measure(&t, &probe_layer_norms, 2, set_real("exact", 0), set_real("tolerance", 1e-13));
  for (size_t l = 0; l < 3; l++) {
    const struct layer *y = &t.net.layer[l];
    double rows = 0, cols = 0, off = 0;
    struct mat view = mat_wrap(DTYPE_F32, t.w + y->w_at, y->out, y->in, y->w_stride);
    if (mat_copy(&w, &view, DTYPE_F64, &e) || mat_svd(&u, &s, &vt, &w, &e))
      tap_bail("%s", e.message);
    for (size_t j = 0; j < y->out; j++)
      rows += vec_norm2_f64(mat_row_f64(&w, j), y->in);
    for (size_t i = 0; i < y->in; i++) {
      double square = 0;
      for (size_t j = 0; j < y->out; j++)
        square += mat_get(&w, j, i) * mat_get(&w, j, i);
      cols += sqrt(square);
    }
    off = fabs(at(&exact, "frobenius", l, 0, 0) - vec_norm2_f64(s.data, s.rows)) + fabs(at(&exact, "rows21", l, 0, 0) - rows) +
          fabs(at(&exact, "cols21", l, 0, 0) - cols) + fabs(at(&exact, "spectral", l, 0, 0) - mat_get(&s, 0, 0));
    tap_ok(off < 1e-11, "layer %zu: Frobenius is the norm of the singular values, (2,1) those of rows and columns (%.1e)", l + 1, off);
    double p = at(&power, "spectral", l, 0, 0), top = mat_get(&s, 0, 0);
    tap_ok(p <= top * (1 + 1e-13) && p >= top * (1 - 1e-9), "layer %zu: power iteration finds the largest singular value from below (%.1e)", l + 1,
           1 - p / top);
    mat_free(&u), mat_free(&s), mat_free(&vt), mat_free(&w);
  }
  tap_ok(probe_find(&exact, "spectral_start", 2) && at(&exact, "frobenius_start", 0, 0, 0) > 0, "distances to the start are there when it is known");
  t.s.start = t.w;
  struct probe_value none = subject_measure(&t, &probe_layer_norms, 1, set_real("exact", 0));
  tap_near(at(&none, "spectral_start", 0, 0, 0), 0, 0, 0, "the distance to itself is 0");
  t.s.start = NULL;
  rescale(&t, 8);
  struct probe_value scaled = subject_measure(&t, &probe_layer_norms, 0);
  tap_ok(!probe_find(&scaled, "spectral_start", 0), "without a start there are none");
  tap_ok(fabs(at(&scaled, "frobenius", 0, 0, 0) - at(&exact, "frobenius", 0, 0, 0)) > 1e-3, "rescaling a relu unit changes the Frobenius norm");
  probe_value_free(&exact), probe_value_free(&power), probe_value_free(&none), probe_value_free(&scaled);
  subject_free(&t);
}

/* Without biases: the sum over all paths of the product of squared weights. */
static void test_path(void)
{
  static const double two[] = {4, 3};
  struct subject t;
  struct named_value values[] = {set_list("hidden", two, 2), set_bool("bias", false)};
  subject_make(&t, &model_mlp, values, 2, &loss_cross_entropy, 10, 5, 3, 0);
  const struct layer *y = t.net.layer;
  double sum = 0;
  for (size_t i = 0; i < 5; i++)
    for (size_t a = 0; a < 4; a++)
      for (size_t b = 0; b < 3; b++)
        for (size_t k = 0; k < 3; k++) {
          double p = (double)t.w[y[0].w_at + a * y[0].w_stride + i] * (double)t.w[y[1].w_at + b * y[1].w_stride + a] *
                     (double)t.w[y[2].w_at + k * y[2].w_stride + b];
          sum += p * p;
        }
  struct probe_value v = subject_measure(&t, &probe_layer_norms, 0);
  tap_near(at(&v, "path_norm2", PROBE_WHOLE, 0, 0), sum, 1e-13, 0, "the path norm is the sum over paths");
  rescale(&t, 16);
  struct probe_value scaled = subject_measure(&t, &probe_layer_norms, 0);
  tap_near(at(&scaled, "path_norm2", PROBE_WHOLE, 0, 0), sum, 1e-13, 0, "and rescaling a relu unit does not change it");
  probe_value_free(&v), probe_value_free(&scaled);
  subject_free(&t);
}

static void test_gradient_norms(void)
{
  struct subject t;
  make_net(&t, "tanh", true);
  struct probe_value v = subject_measure(&t, &probe_gradient_norms, 0);
  struct batch b = probe_batch(&t.s);
  size_t n = t.net.n_params;
  double *w, *g = xcalloc(n, sizeof *g), *mean = xcalloc(n, sizeof *mean), worst = 0, most = 0, sum = 0, square = 0, value, trace = 0;
  struct err e;
  if (probe_weights(&t.s, &w, &e))
    tap_bail("%s", e.message);
  for (uint32_t i = 0; i < 150; i++) {
    struct batch one = b;
    one.n = 1, one.index = &i;
    if (net_loss_f64(&t.net, &t.loss, w, &one, &value, g, NULL, NULL, &e))
      tap_bail("%s", e.message);
    double norm = vec_norm2_f64(g, n);
    worst = fmax(worst, fabs(norm - at(&v, "norm", PROBE_WHOLE, i, 0)) / (1e-6 + norm));
    most = fmax(most, norm);
    sum += norm / 150, square += norm * norm / 150;
    for (size_t j = 0; j < n; j++)
      mean[j] += g[j] / 150;
  }
  trace = square - vec_dot_f64(mean, mean, n);
  tap_ok(worst < 1e-10, "per-example norms are those of materialised gradients (%.1e)", worst);
  tap_near(at(&v, "mean", PROBE_WHOLE, 0, 0), sum, 1e-11, 0, "mean");
  tap_near(at(&v, "max", PROBE_WHOLE, 0, 0), most, 1e-11, 0, "and largest");
  tap_near(at(&v, "covariance_trace", PROBE_WHOLE, 0, 0), trace, 1e-10, 0, "and the trace of the covariance");
  free(w), free(g), free(mean);
  probe_value_free(&v);
  subject_free(&t);
}

/* Hidden layers by hand, in float64. */
static void test_gram(void)
{
  struct subject t;
  make_net(&t, "relu", true);
  struct probe_value v = subject_measure(&t, &probe_input_gram, 0);
  const struct layer *y = t.net.layer;
  double expect = 0, sums = 0, first = 0;
  for (size_t i = 0; i < 150; i++) {
    const float *x = t.s.part->x + i * t.s.part->stride;
    double a[2];
    for (size_t u = 0; u < 2; u++) {
      a[u] = (double)t.w[y->b_at + 3 + u];
      for (size_t j = 0; j < y->in; j++)
        a[u] += (double)t.w[y->w_at + (3 + u) * y->w_stride + j] * (double)x[j];
      a[u] = fmax(a[u], 0);
    }
    expect += a[0] * a[1];
    sums += a[0];
    first += (double)x[0] * (double)x[65];
  }
  tap_near(at(&v, "input_gram", 1, 3, 4), expect, 1e-11, 1e-12, "the Gram matrix of the second layer is that of the hidden units");
  tap_near(at(&v, "input_sum", 1, 3, 0), sums, 1e-11, 1e-12, "and so are the sums");
  tap_near(at(&v, "input_gram", 0, 0, 65), first, 1e-11, 1e-12, "that of the first layer is X'X");
  tap_near(at(&v, "count", PROBE_WHOLE, 0, 0), 150, 0, 0, "the count is the number of examples");
  const struct mat *g = &probe_find(&v, "input_gram", 1)->value;
  bool symmetric = true;
  for (size_t i = 0; i < g->rows; i++)
    for (size_t j = 0; j < i; j++)
      symmetric = symmetric && mat_get(g, i, j) == mat_get(g, j, i);
  tap_ok(symmetric && g->rows == 70, "it is symmetric to the bit");
  probe_value_free(&v);
  subject_free(&t);
}

/* Adaptive sharpness does not see a rescaling (power of two: the same relative moves); the plain form does. */
static void test_sharpness(void)
{
  struct subject t;
  make_net(&t, "relu", false);
  struct probe_value plain = subject_measure(&t, &probe_sharpness, 1, set_real("starts", 1)),
                     adaptive = subject_measure(&t, &probe_sharpness, 2, set_bool("adaptive", true), set_real("starts", 1));
  rescale(&t, 32);
  struct probe_value plain2 = subject_measure(&t, &probe_sharpness, 1, set_real("starts", 1)),
                     adaptive2 = subject_measure(&t, &probe_sharpness, 2, set_bool("adaptive", true), set_real("starts", 1));
  double a = at(&adaptive, "sharpness", PROBE_WHOLE, 0, 0), b = at(&adaptive2, "sharpness", PROBE_WHOLE, 0, 0);
  double c = at(&plain, "sharpness", PROBE_WHOLE, 0, 0), d = at(&plain2, "sharpness", PROBE_WHOLE, 0, 0);
  tap_near(a, b, 1e-9, 0, "rescaling a relu unit leaves the adaptive sharpness");
  tap_ok(fabs(c - d) > 1e-3 * c, "and changes the plain one (%.4g, %.4g)", c, d);
  tap_ok(c >= at(&plain, "one_step", PROBE_WHOLE, 0, 0) && c > 0, "the ascent finds at least what one step finds");
  probe_value_free(&plain), probe_value_free(&adaptive), probe_value_free(&plain2), probe_value_free(&adaptive2);
  subject_free(&t);
}

/* --- the cache: a probe that counts its calls ---------------------------------------------------------- */

static int calls;

static enum status count(const void *conf, const struct exec *x, const struct probe_subject *s, struct probe_value *out, struct err *e)
{
  (void)conf, (void)x;
  calls++;
  if (s->seed == 99)
    return err_set(e, STATUS_DIVERGED, "as asked");
  return probe_add_number(out, "calls", PROBE_WHOLE, calls, (double)NAN, e);
}

static const struct probe probe_counting = {.m = {.kind = KIND_PROBE, .id = "counting"}, .measure = count};

static double get(struct probe_cache *c, const struct object *o, const struct subject *t)
{
  const struct probe_value *v;
  struct err e;
  if (probe_cache_get(c, o, NULL, &t->s, &v, &e))
    tap_bail("%s", e.message);
  return probe_number(v, "calls", PROBE_WHOLE);
}

static void test_cache(void)
{
  struct subject t;
  struct object o = {.method = &probe_counting.m};
  struct probe_cache *c = probe_cache_new();
  const struct probe_value *v;
  struct err e;
  make_net(&t, "relu", true);
  double first = get(c, &o, &t), again = get(c, &o, &t);
  tap_ok(first == 1 && again == 1 && calls == 1 && probe_cache_computed(c) == 1, "two users of a probe trigger one computation");
  float *copy = xcalloc(t.net.n_params, sizeof *copy);
  memcpy(copy, t.w, t.net.n_params * sizeof *copy);
  t.s.weights = copy;
  tap_near(get(c, &o, &t), 1, 0, 0, "equal weights elsewhere are the same weights");
  copy[1] += 1;
  tap_near(get(c, &o, &t), 2, 0, 0, "another weight is another value");
  t.s.weights = t.w, t.s.seed++;
  tap_near(get(c, &o, &t), 3, 0, 0, "so is another seed");
  t.s.start = t.start;
  tap_near(get(c, &o, &t), 4, 0, 0, "and a start");
  struct examples fewer = *t.s.part;
  fewer.n--, t.s.part = &fewer, t.s.start = NULL;
  tap_near(get(c, &o, &t), 5, 0, 0, "and other examples");
  fewer.n++, t.s.seed--;
  tap_near(get(c, &o, &t), 1, 0, 0, "the first is still known");
  t.s.seed = 99;
  tap_is_int(probe_cache_get(c, &o, NULL, &t.s, &v, &e), STATUS_DIVERGED, "a failure is passed on");
  tap_is_int(probe_cache_get(c, &o, NULL, &t.s, &v, &e), STATUS_DIVERGED, "and not kept");
  tap_has(e.message, "\"counting\": as asked", "the message names the probe");
  t.s.seed = 7;
  probe_cache_trim(c, sizeof(struct probe_value) + sizeof(struct probe_array) + 100);
  tap_near(get(c, &o, &t), 1, 0, 0, "trimming keeps what was asked for last");
  t.s.start = t.start, t.s.seed = 8;
  tap_ok(get(c, &o, &t) > 5, "and forgets the others");
  free(copy);
  probe_cache_free(c);
  subject_free(&t);
}

static void refused(const struct subject *t, const struct probe *probe, enum status expected, const char *part, const char *name)
{
  struct object o = object_of(&probe->m, NULL, 0);
  struct probe_value v;
  struct err e = {0};
  tap_is_int(probe_measure(&o, NULL, &t->s, &v, &e), expected, "%s is refused", name);
  tap_has(e.message, part, "and the message says why");
  tap_ok(v.n == 0, "and nothing is given");
  object_free(&o);
}

static void test_refusals(void)
{
  struct subject t;
  subject_make(&t, &model_linear, NULL, 0, &loss_squared, 10, 4, 0, 2);
  refused(&t, &probe_margins, STATUS_BAD_ARG, "no classes", "a margin of a regression");
  t.s.part = &t.f.data.test;
  refused(&t, &probe_gradient_norms, STATUS_BAD_ARG, "no examples", "an empty part");
  t.s.part = &t.f.data.train;
  t.w[2] = (float)NAN;
  refused(&t, &probe_layer_norms, STATUS_BAD_DATA, "not all finite", "a weight that is nan");
  atomic_int stop = 1;
  struct exec x = {&stop, 1};
  struct probe_value v;
  struct err e;
  const struct probe *const slow[] = {&probe_hessian_trace, &probe_hessian_top, &probe_hessian_density, &probe_sharpness,
                                      &probe_gradient_norms, &probe_input_gram, NULL};
  t.w[2] = 0;
  for (size_t i = 0; slow[i]; i++) {
    struct object o = object_of(&slow[i]->m, NULL, 0);
    tap_is_int(probe_measure(&o, &x, &t.s, &v, &e), STATUS_CANCELLED, "%s answers the cancel flag", slow[i]->m.id);
    object_free(&o);
  }
  subject_free(&t);
}

int main(void)
{
  tap_diag("seed 31");
  test_margins();
  test_norms();
  test_path();
  test_gradient_norms();
  test_gram();
  test_sharpness();
  test_cache();
  test_refusals();
  return tap_done();
}
