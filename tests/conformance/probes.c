/* Every probe, on a small net: named arrays of finite float64 numbers, the same bits for the same seed, cancelled when
 * asked, and nothing but a status where the weights are no numbers. */
#include <math.h>

#include "experiments/kernel/rng.h"
#include "experiments/probe/probe.h"
#include "tests/conformance/walk.h"
#include "tests/fixture.h"

static struct fixture f;
static struct object model, loss;
static struct net net;
static struct probe_subject subject;

static void set_up(void)
{
  static const double hidden[] = {5};
  const struct named_value values[] = {set_list("hidden", hidden, 1)};
  struct rng r = rng_make(17, RNG_TEST, 0);
  struct err e;
  fixture_make(&f, 17, 30, 0, 0, 4, 3, 0);
  if (registry_object(&model, KIND_MODEL, "mlp", values, 1, &e) || registry_object(&loss, KIND_LOSS, "cross-entropy", NULL, 0, &e) ||
      model_build(&net, &model, &loss, &f.data, &e))
    tap_bail("%s", e.message);
  float *w = fixture_take(&f, net.n_params, sizeof *w), *logical = fixture_take(&f, net.n_logical, sizeof *logical);
  rng_fill_normal_f32(&r, logical, net.n_logical, 0, 0.5);
  net_pack_f32(&net, logical, w);
  subject = (struct probe_subject){.net = &net, .model = &model, .loss = &loss, .weights = w, .data = &f.data, .part = &f.data.train, .seed = 3};
}

static bool same_value(const struct probe_value *a, const struct probe_value *b)
{
  bool same = a->n == b->n;
  for (size_t i = 0; same && i < a->n; i++) {
    const struct mat *x = &a->array[i].value, *y = &b->array[i].value;
    same = strcmp(a->array[i].name, b->array[i].name) == 0 && a->array[i].layer == b->array[i].layer && x->rows == y->rows && x->cols == y->cols;
    for (size_t j = 0; same && j < x->rows; j++)
      same = same_bits(mat_row_f64(x, j), mat_row_f64(y, j), x->cols * sizeof(double));
  }
  return same;
}

static void check_arrays(const struct method *m, const struct probe_value *v)
{
  bool finite = v->n > 0, unique = true;
  for (size_t i = 0; i < v->n; i++) {
    const struct probe_array *a = &v->array[i];
    finite = finite && a->value.type == DTYPE_F64 && a->value.rows > 0 && a->value.cols > 0 && mat_all_finite(&a->value);
    finite = finite && (isnan(a->standard_error) || (isfinite(a->standard_error) && a->standard_error >= 0));
    unique = unique && probe_find(v, a->name, a->layer) == a && (a->layer == PROBE_WHOLE || a->layer < net.n_layers);
  }
  tap_ok(finite, "%s: gives finite numbers in float64", m->id);
  tap_ok(unique, "%s: under a name of their own", m->id);
}

static void check(const struct method *m)
{
  struct object o;
  struct err e = {0};
  struct probe_value a, b;
  atomic_int stop = 1;
  struct exec cancelled = {&stop, 1};
  if (base_object(&o, m, NULL, 0, &e) != STATUS_OK || probe_measure(&o, NULL, &subject, &a, &e) || probe_measure(&o, NULL, &subject, &b, &e))
    tap_bail("%s: %s", m->id, e.message);
  check_arrays(m, &a);
  tap_ok(same_value(&a, &b), "%s: the same question has the same answer, to the bit", m->id);
  probe_value_free(&b);
  enum status s = probe_measure(&o, &cancelled, &subject, &b, &e);
  tap_ok(s == STATUS_CANCELLED || (s == STATUS_OK && same_value(&a, &b)), "%s: the cancel flag is answered, or there was nothing to cancel", m->id);
  probe_value_free(&b);
  float *w = xcalloc(net.n_params, sizeof *w);
  memcpy(w, subject.weights, net.n_params * sizeof *w);
  w[0] = INFINITY;
  struct probe_subject broken = subject;
  broken.weights = w;
  tap_ok(probe_measure(&o, NULL, &broken, &b, &e) == STATUS_BAD_DATA && b.n == 0, "%s: infinite weights are a status", m->id);
  free(w);
  probe_value_free(&a);
  object_free(&o);
}

int main(void)
{
  tap_diag("seed 17");
  set_up();
  size_t n = walk(KIND_PROBE, check);
  tap_ok(n > 0, "the registry holds probes (%zu)", n);
  object_free(&model), object_free(&loss);
  fixture_free(&f);
  return tap_done();
}
