/* conv_generic.c: convolution and pooling in plain C: the reference of the tuned ones. */
#include "experiments/kernel/conv.h"

#include <math.h>
#include <string.h>

/* Input coordinate of tap d at output position o; false outside. */
static bool inside(size_t o, size_t d, size_t pad, size_t size, size_t *at)
{
  *at = o + d - pad;
  return o + d >= pad && *at < size;
}

static float forward_one(const struct conv_shape *s, const float *w, float acc, const float *X, size_t ldb, size_t oy, size_t ox, size_t b)
{
  size_t y, x, k = s->kernel;
  for (size_t c = 0; c < s->channels; c++)
    for (size_t dy = 0; dy < k; dy++)
      for (size_t dx = 0; dx < k; dx++)
        if (inside(oy, dy, s->pad, s->height, &y) && inside(ox, dx, s->pad, s->width, &x))
          acc = fmaf(w[(c * k + dy) * k + dx], X[((c * s->height + y) * s->width + x) * ldb + b], acc);
  return acc;
}

static void forward(const struct conv_shape *s, const float *W, size_t ldw, const float *bias, const float *X, size_t ldb,
                    float *Y, bool relu)
{
  for (size_t m = 0; m < s->filters; m++)
    for (size_t oy = 0; oy < s->out_height; oy++)
      for (size_t ox = 0; ox < s->out_width; ox++)
        for (size_t b = 0; b < ldb; b++) {
          float v = forward_one(s, W + m * ldw, bias ? bias[m] : 0.0f, X, ldb, oy, ox, b);
          Y[((m * s->out_height + oy) * s->out_width + ox) * ldb + b] = relu && v < 0.0f ? 0.0f : v;
        }
}

static float backward_one(const struct conv_shape *s, const float *W, size_t ldw, const float *D, size_t ldb, size_t c,
                          size_t y, size_t x, size_t b)
{
  size_t k = s->kernel;
  float acc = 0.0f;
  for (size_t m = 0; m < s->filters; m++)
    for (size_t dy = 0; dy < k; dy++)
      for (size_t dx = 0; dx < k; dx++) {
        size_t oy = y + s->pad - dy, ox = x + s->pad - dx;
        if (y + s->pad >= dy && oy < s->out_height && x + s->pad >= dx && ox < s->out_width)
          acc = fmaf(W[m * ldw + (c * k + dy) * k + dx], D[((m * s->out_height + oy) * s->out_width + ox) * ldb + b], acc);
      }
  return acc;
}

static void backward(const struct conv_shape *s, const float *W, size_t ldw, const float *D, size_t ldb, float *E,
                     const float *gate)
{
  for (size_t c = 0; c < s->channels; c++)
    for (size_t y = 0; y < s->height; y++)
      for (size_t x = 0; x < s->width; x++)
        for (size_t b = 0; b < ldb; b++) {
          size_t at = ((c * s->height + y) * s->width + x) * ldb + b;
          E[at] = gate && !(0.0f < gate[at]) ? 0.0f : backward_one(s, W, ldw, D, ldb, c, y, x, b);
        }
}

/* The lanes of weight (m, c, dy, dx). */
static void gradient_lanes(const struct conv_shape *s, const float *D, size_t ldb, const float *X, size_t m, size_t c,
                           size_t dy, size_t dx, float lane[CONV_LANES])
{
  size_t y, x;
  for (size_t b = 0; b < ldb; b++)
    for (size_t oy = 0; oy < s->out_height; oy++)
      for (size_t ox = 0; ox < s->out_width; ox++)
        if (inside(oy, dy, s->pad, s->height, &y) && inside(ox, dx, s->pad, s->width, &x))
          lane[b % CONV_LANES] = fmaf(D[((m * s->out_height + oy) * s->out_width + ox) * ldb + b],
                                      X[((c * s->height + y) * s->width + x) * ldb + b], lane[b % CONV_LANES]);
}

static void gradient(const struct conv_shape *s, const float *D, size_t ldb, const float *X, float *G, size_t ldg,
                     float *bias_grad, float *lanes)
{
  size_t k = s->kernel, taps = s->channels * k * k, positions = s->out_height * s->out_width;
  (void)lanes;
  for (size_t m = 0; m < s->filters; m++) {
    for (size_t t = 0; t < ldg; t++) {
      float lane[CONV_LANES] = {0};
      if (t < taps)
        gradient_lanes(s, D, ldb, X, m, t / (k * k), t / k % k, t % k, lane);
      G[m * ldg + t] = t < taps ? conv_tree(lane) : 0.0f;
    }
    float lane[CONV_LANES] = {0};
    for (size_t b = 0; bias_grad && b < ldb; b++)
      for (size_t p = 0; p < positions; p++)
        lane[b % CONV_LANES] += D[(m * positions + p) * ldb + b];
    if (bias_grad)
      bias_grad[m] = conv_tree(lane);
  }
  for (size_t m = s->filters; bias_grad && m % 16; m++)
    bias_grad[m] = 0.0f;
}

static void pool_forward(const struct pool_shape *s, const float *X, size_t ldb, float *Y)
{
  float share = 1.0f / (float)(s->size * s->size);
  for (size_t c = 0; c < s->channels; c++)
    for (size_t oy = 0; oy < s->out_height; oy++)
      for (size_t ox = 0; ox < s->out_width; ox++)
        for (size_t b = 0; b < ldb; b++) {
          const float *x = X + ((c * s->height + oy * s->size) * s->width + ox * s->size) * ldb + b;
          float v = x[0];
          for (size_t i = 1; i < s->size * s->size; i++) {
            float u = x[(i / s->size * s->width + i % s->size) * ldb];
            v = s->average ? v + u : v < u || isnan(u) ? u : v;
          }
          Y[((c * s->out_height + oy) * s->out_width + ox) * ldb + b] = s->average ? v * share : v;
        }
}

static void pool_backward(const struct pool_shape *s, const float *X, const float *D, size_t ldb, float *E, const float *gate)
{
  float share = 1.0f / (float)(s->size * s->size);
  memset(E, 0, s->channels * s->height * s->width * ldb * sizeof *E);
  for (size_t c = 0; c < s->channels; c++)
    for (size_t oy = 0; oy < s->out_height; oy++)
      for (size_t ox = 0; ox < s->out_width; ox++)
        for (size_t b = 0; b < ldb; b++) {
          size_t base = ((c * s->height + oy * s->size) * s->width + ox * s->size) * ldb + b, best = base;
          float d = D[((c * s->out_height + oy) * s->out_width + ox) * ldb + b];
          for (size_t i = 0; i < s->size * s->size; i++) {
            size_t at = base + (i / s->size * s->width + i % s->size) * ldb;
            if (s->average)
              E[at] = gate && !(0.0f < gate[at]) ? 0.0f : d * share;
            else if (X[best] < X[at])
              best = at;
          }
          if (!s->average)
            E[best] = gate && !(0.0f < gate[best]) ? 0.0f : d;
        }
}

const struct conv conv_generic = {
  .forward = forward, .backward = backward, .gradient = gradient, .pool_forward = pool_forward, .pool_backward = pool_backward,
};
