/* net_loss.c: the reference route: loss and gradient of a net, one example at a time, in plain C.
 *
 * Examples are taken in order, and inside one the sums run in index order, so in float32 every element is
 * the chain of fused multiply-adds that product.h promises: the tuned route must agree to the bit. The
 * float64 form, with the functions of libm, is for checks of derivatives. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/models/model.h"

#define LANES 16 /* floats between the rows of a feature-major column of one example */

/* --- float32: the arithmetic of product.h ----------------------------------------------------------- */

static float act_f32(enum activation a, float x)
{
  switch (a) {
  case ACT_RELU: return x < 0.0f ? 0.0f : x;
  case ACT_TANH: return product_tanhf(x);
  case ACT_GELU: return product_geluf(x);
  default: return x;
  }
}

/* e times the derivative at pre-activation x, where the activation is y. */
static float act_back_f32(enum activation a, float x, float y, float e)
{
  switch (a) {
  case ACT_RELU: return 0.0f < y ? e : 0.0f;
  case ACT_TANH: return e * fmaf(-y, y, 1.0f);
  case ACT_GELU: return e * product_gelu_slopef(x);
  default: return e;
  }
}

/* d = scale * derivative of the loss of one example; returns the loss. */
static double loss_f32(const struct object *loss, const float *z, size_t k, int32_t label, const float *target,
                       float scale, float *d, double *scratch, float *column)
{
  double value = NAN;
  struct loss_batch b = {.k = k, .n = 1, .ldb = LANES, .z = column, .label = &label, .target = target, .target_stride = k,
                         .scale = scale, .d = column, .loss = &value};
  b.scratch = scratch;
  for (size_t j = 0; j < k; j++)
    column[j * LANES] = z[j];
  loss_batch_run(loss, product_for(ISA_GENERIC), &b);
  for (size_t j = 0; j < k; j++)
    d[j] = column[j * LANES];
  return value;
}

#define REAL float
#define FMA fmaf
#define FN(name) name##_f32
#include "experiments/models/net_loss.inc.c" /* one body, two types */
#undef REAL
#undef FMA
#undef FN

/* --- float64 ----------------------------------------------------------------------------------------- */

#define SQRT1_2 0.70710678118654752440
#define SQRT1_2PI 0.39894228040143267794

static double act_f64(enum activation a, double x)
{
  switch (a) {
  case ACT_RELU: return x < 0 ? 0 : x;
  case ACT_TANH: return tanh(x);
  case ACT_GELU: return 0.5 * x * erfc(-x * SQRT1_2);
  default: return x;
  }
}

static double act_back_f64(enum activation a, double x, double y, double e)
{
  switch (a) {
  case ACT_RELU: return y > 0 ? e : 0;
  case ACT_TANH: return e * (1 - y * y);
  case ACT_GELU: return e * (0.5 * erfc(-x * SQRT1_2) + x * SQRT1_2PI * exp(-0.5 * x * x));
  default: return e;
  }
}

static double loss_f64(const struct object *loss, const double *z, size_t k, int32_t label, const float *target,
                       double scale, double *d, const double *scratch, const float *column)
{
  const struct loss *l = (const struct loss *)loss->method;
  double value = l->gradient(loss->conf, z, k, label, target, d);
  (void)scratch, (void)column;
  for (size_t j = 0; j < k; j++)
    d[j] *= scale;
  return value;
}

#define REAL double
#define FMA fma
#define FN(name) name##_f64
#include "experiments/models/net_loss.inc.c" /* one body, two types */
