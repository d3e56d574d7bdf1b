/* Every loss: its derivative against differences, its float32 batch form against float64, its error. */
#include <float.h>
#include <math.h>

#include "experiments/kernel/rng.h"
#include "experiments/models/model.h"
#include "tests/conformance/walk.h"

#define SEED 5u
#define K_MAX 8
#define LDB 48
#define B 37 /* examples: not a multiple of any vector length */

/* A random example of the loss's kind: outputs, label or target. */
struct example {
  double z[K_MAX];
  float target[K_MAX];
  int32_t label;
};

static struct example example_of(size_t k, size_t classes, double scale, uint64_t i)
{
  struct example x = {0};
  struct rng r = rng_make(SEED, RNG_TEST, i);
  for (size_t j = 0; j < k; j++) {
    x.z[j] = (double)(float)(scale * rng_normal(&r));
    x.target[j] = (float)rng_normal(&r);
  }
  x.label = (int32_t)rng_below(&r, classes);
  return x;
}

static const struct loss *loss_of(const struct object *o) { return (const struct loss *)o->method; }

/* Central differences of step 1e-5: truncation is about 1e-10 of a third derivative near 1, rounding
 * 1e-16 * value / 1e-5 = 1e-11 per unit of value. Random points keep away from kinks. */
static void check_gradient(const struct object *o, size_t k, size_t classes)
{
  const struct loss *l = loss_of(o);
  double worst = 0, h = 1e-5;
  bool same_value = true, positive = true;
  for (uint64_t i = 0; i < 200; i++) {
    struct example x = example_of(k, classes, 3, i);
    double g[K_MAX] = {0}, value = l->value(o->conf, x.z, k, x.label, x.target);
    same_value = same_value && l->gradient(o->conf, x.z, k, x.label, x.target, g) == value;
    positive = positive && value >= 0;
    for (size_t j = 0; j < k; j++) {
      double middle = x.z[j];
      x.z[j] = middle + h;
      double above = l->value(o->conf, x.z, k, x.label, x.target);
      x.z[j] = middle - h;
      double below = l->value(o->conf, x.z, k, x.label, x.target);
      x.z[j] = middle;
      worst = fmax(worst, fabs((above - below) / (2 * h) - g[j]) / (1 + value));
    }
  }
  tap_ok(worst < 1e-9, "%s on %zu outputs: the derivative is that of the value (error %.2g)", l->m.id, k, worst);
  tap_ok(same_value && positive, "%s on %zu outputs: value and gradient give the same loss, never negative", l->m.id, k);
}

/* H u against differences of the derivative, as above; hinge is linear but for kinks, which random points avoid. */
static void check_hessian(const struct object *o, size_t k, size_t classes)
{
  const struct loss *l = loss_of(o);
  double worst = 0, h = 1e-5;
  for (uint64_t i = 0; i < 200; i++) {
    struct example x = example_of(k, classes, 3, i), along = example_of(k, classes, 1, 1000 + i);
    double hu[K_MAX] = {0}, above[K_MAX] = {0}, below[K_MAX] = {0}, z[K_MAX];
    l->hessian_vector(o->conf, x.z, k, x.label, x.target, along.z, hu);
    for (size_t j = 0; j < k; j++)
      z[j] = x.z[j] + h * along.z[j];
    l->gradient(o->conf, z, k, x.label, x.target, above);
    for (size_t j = 0; j < k; j++)
      z[j] = x.z[j] - h * along.z[j];
    l->gradient(o->conf, z, k, x.label, x.target, below);
    for (size_t j = 0; j < k; j++)
      worst = fmax(worst, fabs((above[j] - below[j]) / (2 * h) - hu[j]));
  }
  tap_ok(worst < 1e-9, "%s on %zu outputs: H u is the difference of derivatives (error %.2g)", l->m.id, k, worst);
}

/* The float32 batch against float64, example by example. */
static void check_batch(const struct object *o, size_t k, size_t classes, bool in_place)
{
  const struct loss *l = loss_of(o);
  static _Alignas(64) float z[K_MAX * LDB], d[K_MAX * LDB];
  float target[B * K_MAX];
  int32_t label[B];
  double loss[B], error[B], scratch[2 * K_MAX], worst_loss = 0, worst_d = 0;
  bool same_error = true, zero = true;
  memset(z, 0, sizeof z);
  for (size_t i = 0; i < B; i++) {
    struct example x = example_of(k, classes, 3, 1000 + i);
    for (size_t j = 0; j < k; j++)
      z[j * LDB + i] = (float)x.z[j], target[i * k + j] = x.target[j];
    label[i] = x.label;
  }
  if (in_place)
    memcpy(d, z, sizeof d);
  struct loss_batch b = {.k = k,
                         .n = B,
                         .ldb = LDB,
                         .z = in_place ? d : z,
                         .label = label,
                         .target = target,
                         .target_stride = k,
                         .scale = 1.0f / B,
                         .d = d,
                         .loss = loss,
                         .error = error,
                         .scratch = scratch};
  loss_batch_run(o, product_best(), &b);
  for (size_t i = 0; i < B; i++) {
    struct example x = example_of(k, classes, 3, 1000 + i);
    double g[K_MAX] = {0}, value = l->gradient(o->conf, x.z, k, x.label, x.target, g);
    worst_loss = fmax(worst_loss, fabs(loss[i] - value) / (1 + value));
    same_error = same_error && fabs(error[i] - l->error(o->conf, x.z, k, x.label, x.target)) <= 1e-6 * (1 + error[i]);
    for (size_t j = 0; j < k; j++)
      worst_d = fmax(worst_d, fabs((double)d[j * LDB + i] * B - g[j]) / (1 + fabs(g[j])));
  }
  for (size_t j = 0; j < k; j++)
    for (size_t i = B; i < LDB; i++)
      zero = zero && d[j * LDB + i] == 0;
  /* exp, a sum of k terms and a quotient: a few roundings to float32 each. */
  tap_ok(worst_loss < 16 * (double)FLT_EPSILON && worst_d < 16 * (double)FLT_EPSILON && same_error,
         "%s on %zu outputs: the float32 batch%s agrees with float64 (loss %.2g, derivative %.2g)", l->m.id, k,
         in_place ? " in place" : "", worst_loss, worst_d);
  tap_ok(zero, "%s on %zu outputs: the derivative's padding is zero", l->m.id, k);
}

static void check_extremes(const struct object *o, size_t k, size_t classes)
{
  const struct loss *l = loss_of(o);
  bool finite = true, lost = true;
  for (uint64_t i = 0; i < 20; i++) {
    struct example x = example_of(k, classes, 1e4, i);
    double g[K_MAX] = {0}, value = l->gradient(o->conf, x.z, k, x.label, x.target, g);
    finite = finite && isfinite(value) && value >= 0;
    for (size_t j = 0; j < k; j++)
      finite = finite && isfinite(g[j]);
    for (size_t j = 0; j < k; j++)
      x.z[j] = (double)NAN;
    value = l->value(o->conf, x.z, k, x.label, x.target);
    lost = lost && isnan(value) && (l->target != TARGET_CLASS || l->error(o->conf, x.z, k, x.label, x.target) == 1);
  }
  tap_ok(finite, "%s on %zu outputs: outputs near 1e4 overflow nothing", l->m.id, k);
  tap_ok(lost, "%s on %zu outputs: outputs that are nan give a loss that is nan, and a wrong class", l->m.id, k);
}

/* 0 or 1 for classes; 0 where the loss is as small as it gets. */
static void check_error(const struct object *o, size_t k, size_t classes)
{
  const struct loss *l = loss_of(o);
  bool good = true;
  for (uint64_t i = 0; i < 100; i++) {
    struct example x = example_of(k, classes, 1, i);
    double error = l->error(o->conf, x.z, k, x.label, x.target);
    good = good && (l->target == TARGET_CLASS ? error == 0 || error == 1 : error >= 0);
    for (size_t j = 0; j < k; j++)
      x.z[j] = l->target == TARGET_REAL ? (double)x.target[j]
               : k == 1                 ? (x.label ? 50 : -50)
               : (int32_t)j == x.label  ? 50
                                        : -50;
    good = good && l->error(o->conf, x.z, k, x.label, x.target) == 0 &&
           l->value(o->conf, x.z, k, x.label, x.target) < 1e-12;
  }
  tap_ok(good, "%s on %zu outputs: the best outputs cost nothing and are right", l->m.id, k);
}

static void check(const struct method *m)
{
  static const size_t counts[] = {2, 3, 7}; /* classes, or width of the target */
  struct object o;
  struct err e;
  size_t checked = 0;
  if (base_object(&o, m, NULL, 0, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  for (size_t i = 0; i < 3; i++) {
    size_t k = loss_of(&o)->outputs(counts[i]);
    if (k == 0)
      continue; /* not for so many classes */
    check_gradient(&o, k, counts[i]);
    check_hessian(&o, k, counts[i]);
    check_batch(&o, k, counts[i], false);
    check_batch(&o, k, counts[i], true);
    check_extremes(&o, k, counts[i]);
    check_error(&o, k, counts[i]);
    checked++;
  }
  tap_ok(checked > 0, "%s: it works for some number of classes or targets", m->id);
  object_free(&o);
}

int main(void)
{
  tap_diag("seed %u", SEED);
  size_t n = walk(KIND_LOSS, check);
  tap_ok(n > 0, "the registry holds losses (%zu)", n);
  return tap_done();
}
