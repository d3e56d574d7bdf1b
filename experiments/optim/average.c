/* average.c: see average.h. Plain products and sums, not fused: the compiler vectorises them for every machine
 * without changing a bit. */
#include "experiments/optim/average.h"

#include <string.h>

size_t average_state_size(size_t n)
{
  size_t bytes;
  return __builtin_mul_overflow(n, sizeof(double), &bytes) ? SIZE_MAX : bytes;
}

/* mean += weight (w - mean); weight 1 copies w. */
static void move_f32(double *restrict mean, const float *restrict w, size_t n, double weight)
{
  for (size_t i = 0; i < n; i++)
    mean[i] = weight == 1.0 ? (double)w[i] : mean[i] + weight * ((double)w[i] - mean[i]);
}

static void move_f64(double *restrict mean, const double *restrict w, size_t n, double weight)
{
  for (size_t i = 0; i < n; i++)
    mean[i] = weight == 1.0 ? w[i] : mean[i] + weight * (w[i] - mean[i]);
}

static void move(double *mean, const void *w, size_t n, enum dtype type, double weight)
{
  if (type == DTYPE_F32)
    move_f32(mean, w, n, weight);
  else
    move_f64(mean, w, n, weight);
}

void average_init(void *state, const void *w, size_t n, enum dtype type) { move(state, w, n, type, 1); }

void average_move(const struct object *o, void *state, const void *w, size_t n, enum dtype type, uint64_t t, uint64_t total)
{
  move(state, w, n, type, ((const struct average *)o->method)->weight(o->conf, t, total));
}

void average_weights(const void *state, void *out, size_t n, enum dtype type)
{
  const double *mean = state;
  if (type == DTYPE_F32)
    for (size_t i = 0; i < n; i++)
      ((float *)out)[i] = (float)mean[i];
  else if (n)
    memcpy(out, mean, n * sizeof *mean);
}
