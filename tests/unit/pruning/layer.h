/* layer.h: what the tests of pruning share: a layer on correlated inputs, with everything known about it. */
#ifndef TESTS_PRUNING_LAYER_H
#define TESTS_PRUNING_LAYER_H

#include <math.h>
#include <stdlib.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/rng.h"
#include "experiments/pruning/pruning.h"
#include "tests/unit/objects.h"

#define SEED 20240715u

extern const struct score score_magnitude, score_random, score_wanda, score_ria, score_snip, score_taylor, score_obd;
extern const struct solver solver_sparsegpt, solver_obc;
extern const struct restorer restorer_lsq_repair;
extern const struct allocator allocator_uniform, allocator_erk, allocator_owl;

/* A layer that owns its numbers. */
struct own_layer {
  struct prune_layer l;
  double *w, *x, *norm2, *gram, *gradient;
  size_t tokens;
};

static inline double *numbers(size_t n) { return xcalloc(n ? n : 1, sizeof(double)); }

static inline void calibrate(struct own_layer *o)
{
  struct mat x = mat_wrap(DTYPE_F64, o->x, o->l.in, o->tokens, o->tokens);
  if (prune_calibrate(NULL, &x, o->norm2, o->gram, NULL) != STATUS_OK)
    tap_bail("no calibration");
}

/* Weights N(0, 1); inputs in which neighbours share an AR(1) factor and scales differ by input. */
static inline struct own_layer layer_new(uint64_t stream, size_t out, size_t in, size_t tokens)
{
  struct own_layer o = {.tokens = tokens};
  struct rng r = rng_make(SEED, RNG_TEST, stream);
  o.w = numbers(out * in);
  o.x = numbers(in * tokens);
  o.norm2 = numbers(in);
  o.gram = numbers(in * in);
  o.gradient = numbers(3 * out * in);
  rng_fill_normal_f64(&r, o.w, out * in, 0, 1);
  rng_fill_normal_f64(&r, o.gradient, 3 * out * in, 0, 1);
  for (size_t t = 0; t < tokens; t++) {
    double state = rng_normal(&r);
    for (size_t j = 0; j < in; j++) {
      state = 0.9 * state + sqrt(1 - 0.81) * rng_normal(&r);
      o.x[j * tokens + t] = state * (0.3 + 1.7 * (double)(j * 7 % in) / (double)in);
    }
  }
  o.l = (struct prune_layer){.w = o.w, .out = out, .in = in, .norm2 = o.norm2, .gram = o.gram, .gradient = o.gradient,
                             .n_gradients = 3};
  calibrate(&o);
  return o;
}

static inline void layer_free(struct own_layer *o)
{
  free(o->w);
  free(o->x);
  free(o->norm2);
  free(o->gram);
  free(o->gradient);
}

static inline void mask_of(const struct object *o, const struct prune_layer *l, uint8_t *keep)
{
  struct err e = {0};
  if (prune_mask(o, NULL, l, 1, NULL, &keep, &e) != STATUS_OK)
    tap_bail("%s", e.message);
}

/* Relative output error of the method; w and keep are filled when not NULL. */
static inline double applied(const struct object *o, const struct prune_layer *l, double *w, uint8_t *keep)
{
  struct err e = {0};
  double *weights = w ? w : numbers(l->out * l->in), error = NAN;
  uint8_t *mask = keep ? keep : xcalloc(l->out * l->in + 1, 1);
  if (prune_apply(o, NULL, l, 1, NULL, &weights, &mask, NULL, &e) != STATUS_OK ||
      prune_relative_error(l, weights, &error, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  if (!w)
    free(weights);
  if (!keep)
    free(mask);
  return error;
}

static inline size_t removed(const uint8_t *keep, size_t n)
{
  size_t gone = 0;
  for (size_t i = 0; i < n; i++)
    gone += !keep[i];
  return gone;
}

/* The least-squares weights of one row on its kept inputs, from X itself: normal equations by Gaussian elimination with
 * pivoting, sharing nothing with the library. */
static inline void brute_least_squares(const struct own_layer *o, const double *w, const uint8_t *keep, double *out)
{
  size_t d = o->l.in, n = 0, *at = xcalloc(d + 1, sizeof *at);
  for (size_t j = 0; j < d; j++)
    if (keep[j])
      at[n++] = j;
  double *a = numbers(n * (n + 1));
  for (size_t i = 0; i < n; i++)
    for (size_t t = 0; t < o->tokens; t++) {
      double xi = o->x[at[i] * o->tokens + t], y = 0;
      for (size_t j = 0; j < d; j++)
        y += w[j] * o->x[j * o->tokens + t];
      for (size_t j = 0; j < n; j++)
        a[i * (n + 1) + j] += xi * o->x[at[j] * o->tokens + t];
      a[i * (n + 1) + n] += xi * y;
    }
  for (size_t c = 0; c < n; c++) {
    size_t best = c;
    for (size_t i = c + 1; i < n; i++)
      best = fabs(a[i * (n + 1) + c]) > fabs(a[best * (n + 1) + c]) ? i : best;
    for (size_t j = 0; j <= n; j++) {
      double t = a[c * (n + 1) + j];
      a[c * (n + 1) + j] = a[best * (n + 1) + j];
      a[best * (n + 1) + j] = t;
    }
    for (size_t i = 0; i < n; i++)
      if (i != c) {
        double f = a[i * (n + 1) + c] / a[c * (n + 1) + c];
        for (size_t j = c; j <= n; j++)
          a[i * (n + 1) + j] -= f * a[c * (n + 1) + j];
      }
  }
  for (size_t j = 0; j < d; j++)
    out[j] = 0;
  for (size_t i = 0; i < n; i++)
    out[at[i]] = a[i * (n + 1) + n] / a[i * (n + 1) + i];
  free(a);
  free(at);
}

/* ||(w - v)' X||^2 of one row, from X itself. */
static inline double row_error(const struct own_layer *o, const double *w, const double *v)
{
  double sum = 0;
  for (size_t t = 0; t < o->tokens; t++) {
    double y = 0;
    for (size_t j = 0; j < o->l.in; j++)
      y += (w[j] - v[j]) * o->x[j * o->tokens + t];
    sum += y * y;
  }
  return sum;
}

static inline double largest_difference(const double *a, const double *b, size_t n)
{
  double most = 0;
  for (size_t i = 0; i < n; i++)
    most = fmax(most, fabs(a[i] - b[i]));
  return most;
}

#endif
