/* along.c: probes along a training: which examples they look at, and under what names their numbers come; and the
 * probe grad-noise against gradients taken one example at a time. */
#include "experiments/probe/along.h"

#include <math.h>

#include "experiments/kernel/vec.h"
#include "experiments/models/derivatives.h"
#include "tests/unit/probe/subject.h"

extern const struct probe probe_grad_noise;

/* --- names ------------------------------------------------------------------------------------------- */

struct told {
  size_t n;
  char name[64][48];
  double value[64];
};

static void on_number(void *self, const char *name, double value)
{
  struct told *t = self;
  if (t->n == 64)
    tap_bail("too many numbers");
  snprintf(t->name[t->n], sizeof t->name[t->n], "%s", name);
  t->value[t->n++] = value;
}

static double told(const struct told *t, const char *name)
{
  for (size_t i = 0; i < t->n; i++)
    if (!strcmp(t->name[i], name))
      return t->value[i];
  return NAN;
}

static enum status look(struct along *a, const struct subject *t, const float *w, struct told *told, struct err *e)
{
  struct along_sink sink = {told, on_number};
  *told = (struct told){0};
  return along_look(a, NULL, &t->net, w, &sink, e);
}

static void test_names(struct subject *t)
{
  const struct named_value three[] = {set_real("count", 3)};
  struct along_entry entry[] = {{"trace", object_of(&probe_hessian_trace.m, NULL, 0)}, {"edge", object_of(&probe_hessian_top.m, three, 1)},
                                {"layer_norms", object_of(&probe_layer_norms.m, NULL, 0)}, {"sharpness", object_of(&probe_sharpness.m, NULL, 0)}};
  struct along a = {.n = 4, .entry = entry, .model = &t->model, .loss = &t->loss, .data = &t->f.data, .seed = 7};
  struct told first, second, other;
  struct err e;
  if (along_begin(&a, NULL, 0, SIZE_MAX, &e) || look(&a, t, t->w, &first, &e) || look(&a, t, t->w, &second, &e) || look(&a, t, t->start, &other, &e))
    tap_bail("%s", e.message);
  struct probe_value top = subject_measure(t, &probe_hessian_top, 1, set_real("count", 3)), trace = subject_measure(t, &probe_hessian_trace, 0);
  struct probe_value sharp = subject_measure(t, &probe_sharpness, 0);
  tap_ok(told(&first, "trace") == probe_number(&trace, "trace", PROBE_WHOLE), "a number that the probe is called after goes by its name alone");
  tap_ok(told(&first, "trace_se") == probe_find(&trace, "trace", PROBE_WHOLE)->standard_error, "with its standard error");
  tap_ok(told(&first, "trace_frobenius2") == probe_number(&trace, "frobenius2", PROBE_WHOLE), "others have the probe's name before their own");
  tap_ok(told(&first, "edge_top_2") == mat_get(&probe_find(&top, "top", PROBE_WHOLE)->value, 1, 0), "numbers of a list have their place behind them");
  tap_ok(told(&first, "layer_norms_frobenius_2") > 0 && isnan(told(&first, "layer_norms_frobenius_3")), "numbers of a layer have the layer");
  tap_ok(told(&first, "sharpness") == probe_number(&sharp, "sharpness", PROBE_WHOLE) && isnan(told(&first, "trace_draw")), "long lists are left out");
  bool same = first.n == second.n;
  for (size_t i = 0; same && i < first.n; i++)
    same = strcmp(first.name[i], second.name[i]) == 0 && (first.value[i] == second.value[i] || isnan(first.value[i]));
  tap_ok(same, "a second look at the same weights gives the same numbers, to the bit");
  tap_ok(told(&other, "trace") != told(&first, "trace"), "at other weights others");
  tap_ok(told(&first, "layer_norms_frobenius_start_1") == 0 && told(&other, "layer_norms_frobenius_start_1") > 0, "the first look is the start");
  probe_value_free(&top), probe_value_free(&trace), probe_value_free(&sharp);
  along_free(&a);
  for (size_t i = 0; i < 4; i++)
    object_free(&entry[i].probe);
}

/* A probe of one matrix. */
static enum status give_matrix(const void *conf, const struct exec *x, const struct probe_subject *s, struct probe_value *out, struct err *e)
{
  struct mat m;
  (void)conf, (void)x, (void)s;
  enum status status = mat_new(&m, DTYPE_F64, 2, 2, e);
  if (!status)
    probe_add(out, "square", PROBE_WHOLE, &m, NAN);
  return status;
}

static const struct probe probe_of_a_matrix = {.m = {.kind = KIND_PROBE, .id = "square"}, .measure = give_matrix};

static enum status look_once(struct subject *t, const struct probe *probe, struct told *numbers, struct err *e)
{
  struct along_entry entry = {"m", object_of(&probe->m, NULL, 0)};
  struct along a = {.n = 1, .entry = &entry, .model = &t->model, .loss = &t->loss, .data = &t->f.data};
  enum status s = along_begin(&a, NULL, 0, 40, e);
  s = s ? s : look(&a, t, t->w, numbers, e);
  along_free(&a);
  object_free(&entry.probe);
  return s;
}

static void test_refusals(struct subject *t)
{
  struct told numbers;
  struct err e = {0};
  tap_ok(look_once(t, &probe_margins, &numbers, &e) == STATUS_OK && numbers.n == 1 && !strcmp(numbers.name[0], "m_error"),
         "of margins only the error is a number");
  tap_ok(look_once(t, &probe_of_a_matrix, &numbers, &e) == STATUS_BAD_ARG && strstr(e.message, "probe \"square\" gives no number to log"),
         "a probe of matrices alone is refused by name");
}

/* --- examples ---------------------------------------------------------------------------------------- */

/* Which training example the k-th one of the sample is: the place after `from` with the same inputs and label. */
static size_t place_of(const struct along *a, size_t k, size_t from)
{
  const struct examples *p = &a->data->train, *s = &a->part;
  size_t i = from;
  while (i < p->n && (memcmp(p->x + i * p->stride, s->x + k * s->stride, p->stride * sizeof(float)) != 0 || p->label[i] != s->label[k]))
    i++;
  return i;
}

static void test_sample(struct subject *t)
{
  static const uint32_t rows[] = {3, 5, 8, 13, 21};
  struct along a = {.data = &t->f.data, .seed = 1}, b = {.data = &t->f.data, .seed = 2}, c = {.data = &t->f.data, .seed = 1};
  struct err e;
  if (along_begin(&a, NULL, 0, 12, &e) || along_begin(&b, NULL, 0, 12, &e) || along_begin(&c, rows, 5, 100, &e))
    tap_bail("%s", e.message);
  bool ascend = a.part.n == 12, differ = false, own = c.part.n == 5;
  for (size_t k = 0, at = 0; k < 12; k++) {
    size_t found = place_of(&a, k, at);
    ascend &= found < t->f.data.train.n;
    at = found + 1;
    differ |= place_of(&b, k, 0) != found;
  }
  for (size_t k = 0; k < 5; k++)
    own &= place_of(&c, k, 0) == rows[k];
  tap_ok(ascend, "the sample is so many training examples, each once, in their order");
  tap_ok(differ, "another seed draws others");
  tap_ok(own, "of a training on some rows, of these; all where they are fewer");
  along_free(&a), along_free(&b), along_free(&c);
}

/* --- grad-noise -------------------------------------------------------------------------------------- */

static void test_grad_noise(struct subject *t)
{
  size_t n = t->s.part->n, d = t->net.n_params;
  double *g = xcalloc(n * d, sizeof *g), *mean = xcalloc(d, sizeof *mean), *w = NULL, loss, scatter = 0, square = 0;
  struct batch b = probe_batch(&t->s);
  struct err e;
  if (probe_weights(&t->s, &w, &e))
    tap_bail("%s", e.message);
  for (uint32_t i = 0; i < n; i++) {
    struct batch one = b;
    one.n = 1, one.index = &i;
    if (net_gradient_f64(NULL, &t->net, &t->loss, w, &one, &loss, g + i * d, &e))
      tap_bail("%s", e.message);
    for (size_t j = 0; j < d; j++)
      mean[j] += g[i * d + j] / (double)n;
  }
  for (size_t j = 0; j < d; j++)
    square += mean[j] * mean[j];
  for (size_t i = 0; i < n * d; i++)
    scatter += (g[i] - mean[i % d]) * (g[i] - mean[i % d]) / (double)(n - 1);
  struct probe_value v = subject_measure(t, &probe_grad_noise, 0);
  double noise = probe_number(&v, "noise", PROBE_WHOLE), signal = probe_number(&v, "signal", PROBE_WHOLE);
  /* sums of some hundred float64 numbers of size 1 */
  tap_ok(fabs(noise / scatter - 1) < 1e-12, "grad-noise: noise is the trace of the sample covariance (%.15g, %.15g)", noise, scatter);
  tap_ok(fabs(signal - (square - scatter / (double)n)) < 1e-12 * square, "grad-noise: signal is the squared mean less its bias");
  double scale = signal > noise / (double)n ? noise / signal : (double)n;
  tap_ok(fabs(probe_number(&v, "scale", PROBE_WHOLE) / scale - 1) < 1e-12, "grad-noise: scale is their ratio, at most n");
  probe_value_free(&v);
  free(g), free(mean), free(w);
}

/* At the solution of least squares the signal is 0 but for its bias: nothing is left but noise. */
static void test_no_signal(void)
{
  struct subject t;
  const struct named_value no_bias[] = {set_bool("bias", false)};
  subject_make(&t, &model_linear, no_bias, 1, &loss_squared, 50, 4, 0, 1);
  subject_solve(&t);
  struct probe_value v = subject_measure(&t, &probe_grad_noise, 0);
  tap_ok(probe_number(&v, "scale", PROBE_WHOLE) == 50 && probe_number(&v, "signal", PROBE_WHOLE) < 0,
         "grad-noise: where the mean gradient is 0, the scale is all that n examples can tell");
  probe_value_free(&v);
  subject_free(&t);
}

int main(void)
{
  struct subject t;
  const double hidden[] = {5};
  const struct named_value mlp[] = {set_list("hidden", hidden, 1)};
  subject_make(&t, &model_mlp, mlp, 1, &loss_cross_entropy, 40, 4, 3, 0);
  test_names(&t);
  test_refusals(&t);
  test_sample(&t);
  test_grad_noise(&t);
  test_no_signal();
  subject_free(&t);
  return tap_done();
}
