/* The tuned convolutions and poolings agree with the plain C reference to the bit, and the reference with a
 * float64 computation from the definition. */
#include "experiments/kernel/conv.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/product.h"
#include "tests/tap.h"

static uint64_t state = 7; /* a linear congruential generator: independent of the library's own */

static float *numbers(size_t n)
{
  struct err e;
  void *p;
  if (mem_new(&p, n + 64, sizeof(float), "test numbers", &e))
    tap_bail("%s", e.message);
  for (size_t i = 0; i < n; i++) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    ((float *)p)[i] = (float)((double)(state >> 11) * 0x1p-53 - 0.5);
  }
  return p;
}

static struct conv_shape shape_of(size_t c, size_t h, size_t w, size_t m, size_t k, size_t pad)
{
  return (struct conv_shape){c, h, w, m, h + 2 * pad - k + 1, w + 2 * pad - k + 1, k, pad};
}

struct buffers {
  size_t ldb, ldw, in, out;
  float *W, *X, *D, *bias;
};

static struct buffers buffers_new(const struct conv_shape *s, size_t B)
{
  struct buffers b = {.ldb = round_up(B, 16), .ldw = round_up(s->channels * s->kernel * s->kernel, 16)};
  b.in = s->channels * s->height * s->width * b.ldb;
  b.out = s->filters * s->out_height * s->out_width * b.ldb;
  b.W = numbers(s->filters * b.ldw), b.X = numbers(b.in), b.D = numbers(b.out), b.bias = numbers(round_up(s->filters, 16));
  for (size_t i = 0; i < b.out; i++) /* lanes beyond B carry no derivative */
    b.D[i] = i % b.ldb < B ? b.D[i] : 0;
  return b;
}

static void buffers_free(struct buffers *b) { free(b->W), free(b->X), free(b->D), free(b->bias); }

static void check_same(const struct product *p, const struct conv_shape *s, const struct buffers *b)
{
  const struct conv *ref = product_for(ISA_GENERIC)->conv, *own = p->conv;
  size_t weights = s->filters * b->ldw, sums = round_up(s->filters, 16);
  float *y = numbers(b->out), *z = numbers(b->out), *e = numbers(b->in), *f = numbers(b->in);
  float *g = numbers(weights + sums), *h = numbers(weights + sums), *lanes = numbers(conv_scratch(s));
  char name[96];
  snprintf(name, sizeof name, "%s %zux%zux%zu, %zu filters of %zu, pad %zu, ldb %zu", p->name, s->channels, s->height, s->width,
           s->filters, s->kernel, s->pad, b->ldb);
  for (int relu = 0; relu < 2; relu++) {
    ref->forward(s, b->W, b->ldw, relu ? b->bias : NULL, b->X, b->ldb, y, relu);
    own->forward(s, b->W, b->ldw, relu ? b->bias : NULL, b->X, b->ldb, z, relu);
    tap_same_bits(z, y, b->out * sizeof *y, "forward, %s", name);
    ref->backward(s, b->W, b->ldw, b->D, b->ldb, e, relu ? b->X : NULL);
    own->backward(s, b->W, b->ldw, b->D, b->ldb, f, relu ? b->X : NULL);
    tap_same_bits(f, e, b->in * sizeof *e, "backward, %s", name);
  }
  ref->gradient(s, b->D, b->ldb, b->X, g, b->ldw, g + weights, lanes);
  own->gradient(s, b->D, b->ldb, b->X, h, b->ldw, h + weights, lanes);
  tap_same_bits(h, g, (weights + sums) * sizeof *g, "gradient, %s", name);
  free(y), free(z), free(e), free(f), free(g), free(h), free(lanes);
}

static void check_pool(const struct product *p, bool average, bool gated)
{
  struct pool_shape s = {3, 7, 5, 3, 2, 2, average};
  size_t ldb = 32, in = 3 * 7 * 5 * ldb, out = 3 * 3 * 2 * ldb;
  const struct conv *ref = product_for(ISA_GENERIC)->conv;
  float *x = numbers(in), *d = numbers(out), *y = numbers(out), *z = numbers(out), *e = numbers(in), *f = numbers(in);
  x[0] = x[ldb]; /* a tie */
  x[5] = NAN;
  ref->pool_forward(&s, x, ldb, y), p->conv->pool_forward(&s, x, ldb, z);
  tap_same_bits(z, y, out * sizeof *y, "%s %s pooling", p->name, average ? "average" : "maximum");
  tap_ok(isnan(y[5]) && !isnan(y[6]), "NaN is not lost in a pool");
  ref->pool_backward(&s, x, d, ldb, e, gated ? x : NULL), p->conv->pool_backward(&s, x, d, ldb, f, gated ? x : NULL);
  tap_same_bits(f, e, in * sizeof *e, "and its derivative%s", gated ? ", gated" : "");
  free(x), free(d), free(y), free(z), free(e), free(f);
}

/* sum of Y * D from the definition, in float64: its derivatives are what backward and gradient return. */
static double definition(const struct conv_shape *s, const struct buffers *b, const float *W, const float *X)
{
  double sum = 0;
  for (size_t at = 0; at < b->out; at++) {
    size_t lane = at % b->ldb, ox = at / b->ldb % s->out_width, oy = at / b->ldb / s->out_width % s->out_height;
    size_t m = at / b->ldb / s->out_width / s->out_height;
    for (size_t t = 0; t < s->channels * s->kernel * s->kernel; t++) {
      size_t c = t / s->kernel / s->kernel, y = oy + t / s->kernel % s->kernel - s->pad, x = ox + t % s->kernel - s->pad;
      if (y < s->height && x < s->width) /* the subtraction wraps where the tap is outside */
        sum += (double)b->D[at] * (double)W[m * b->ldw + t] * (double)X[((c * s->height + y) * s->width + x) * b->ldb + lane];
    }
  }
  return sum;
}

static void check_definition(void)
{
  struct conv_shape s = shape_of(2, 5, 4, 3, 3, 1);
  struct buffers b = buffers_new(&s, 5);
  float *y = numbers(b.out), *e = numbers(b.in), *g = numbers(3 * b.ldw), *lanes = numbers(conv_scratch(&s));
  const struct conv *ref = product_for(ISA_GENERIC)->conv;
  double direct = 0, by_input = 0, by_weight = 0, exact = definition(&s, &b, b.W, b.X);
  ref->forward(&s, b.W, b.ldw, NULL, b.X, b.ldb, y, false);
  ref->backward(&s, b.W, b.ldw, b.D, b.ldb, e, NULL);
  ref->gradient(&s, b.D, b.ldb, b.X, g, b.ldw, NULL, lanes);
  for (size_t i = 0; i < b.out; i++)
    direct += (double)y[i] * (double)b.D[i];
  for (size_t i = 0; i < b.in; i++)
    by_input += (double)e[i] * (double)b.X[i];
  for (size_t m = 0; m < 3; m++)
    for (size_t t = 0; t < 18; t++)
      by_weight += (double)g[m * b.ldw + t] * (double)b.W[m * b.ldw + t];
  /* a bilinear form: <D, WX> = <W'D, X> = <DX', W>; each of some 600 float32 sums rounds at 6e-8 */
  tap_near(direct, exact, 0, 1e-5, "forward is the convolution of the definition");
  tap_near(by_input, exact, 0, 1e-5, "backward is its adjoint in the input");
  tap_near(by_weight, exact, 0, 1e-5, "gradient is its adjoint in the weights");
  free(y), free(e), free(g), free(lanes);
  buffers_free(&b);
}

static double *widened(const float *x, size_t n)
{
  double *out = malloc(n * sizeof *out);
  for (size_t i = 0; out && i < n; i++)
    out[i] = (double)x[i];
  return out;
}

/* <D, WX> by the definition, and by each of the float64 functions: sums of some thousand products, rounded at 1e-16. */
static void check_f64(const struct conv_shape *s)
{
  struct buffers b = buffers_new(s, 5);
  size_t taps = s->channels * s->kernel * s->kernel, weights = s->filters * b.ldw;
  double *W = widened(b.W, weights), *X = widened(b.X, b.in), *D = widened(b.D, b.out);
  double *y = calloc(b.out, sizeof *y), *e = calloc(b.in, sizeof *e), *g = calloc(weights, sizeof *g);
  double *patches = calloc(conv_patch_size(s, b.ldb), sizeof *patches);
  double direct = 0, by_input = 0, by_weight = 0, biased = 0, sum = 0, exact = definition(s, &b, b.W, b.X);
  double bias[32];
  for (size_t m = 0; m < 32; m++)
    bias[m] = 1 + (double)m;
  conv_forward_f64(s, W, b.ldw, NULL, X, b.ldb, y, patches);
  for (size_t i = 0; i < b.out; i++)
    direct += y[i] * D[i];
  conv_forward_f64(s, W, b.ldw, bias, X, b.ldb, y, patches);
  for (size_t i = 0; i < b.out; i++) {
    biased += y[i] * D[i];
    sum += bias[i / (b.out / s->filters)] * D[i];
  }
  conv_backward_f64(s, W, b.ldw, D, b.ldb, e, patches);
  for (size_t i = 0; i < b.in; i++)
    by_input += e[i] * X[i];
  for (int twice = 0; twice < 2; twice++)
    conv_gradient_f64(s, D, b.ldb, X, g, b.ldw, patches);
  for (size_t m = 0; m < s->filters; m++)
    for (size_t t = 0; t < taps; t++)
      by_weight += g[m * b.ldw + t] * W[m * b.ldw + t] / 2;
  tap_near(direct, exact, 0, 1e-10, "float64, %zu x %zu, kernel %zu, pad %zu: forward is the convolution", s->height, s->width, s->kernel, s->pad);
  tap_near(biased, exact + sum, 0, 1e-10, "with a bias for each filter");
  tap_near(by_input, exact, 0, 1e-10, "backward is its adjoint in the input");
  tap_near(by_weight, exact, 0, 1e-10, "gradient, which adds up, its adjoint in the weights");
  free(W), free(X), free(D), free(y), free(e), free(g), free(patches);
  buffers_free(&b);
}

int main(void)
{
  const struct conv_shape shape[] = {shape_of(1, 9, 8, 4, 3, 1), shape_of(3, 6, 7, 9, 3, 1), shape_of(7, 8, 8, 5, 5, 0),
                                     shape_of(130, 4, 3, 2, 3, 1), shape_of(2, 3, 3, 17, 3, 0), shape_of(1, 1, 1, 1, 1, 0),
                                     shape_of(2, 2, 1, 5, 7, 3) /* taps that never meet the image */};
  check_definition();
  for (size_t i = 0; i < sizeof shape / sizeof *shape; i++)
    check_f64(&shape[i]);
  for (int isa = ISA_AVX2; isa <= ISA_AVX512; isa++) {
    if ((int)cpu_best_isa() < isa) {
      tap_skip(1, "this machine has no %s", isa_name((enum isa)isa));
      continue;
    }
    const struct product *p = product_for((enum isa)isa);
    for (size_t i = 0; i < 2 * sizeof shape / sizeof *shape; i++) {
      struct buffers b = buffers_new(&shape[i / 2], i % 2 ? 37 : 9);
      check_same(p, &shape[i / 2], &b);
      buffers_free(&b);
    }
    for (int i = 0; i < 4; i++)
      check_pool(p, i & 1, i & 2);
  }
  return tap_done();
}
