/* average.c: see average.h. Plain products and sums, not fused: float64 arithmetic on float32 numbers
 * loses nothing here, and the compiler vectorises it for every machine without changing a bit. */
#include "experiments/optim/average.h"

#include <string.h>

size_t average_state_size(const void *conf, size_t n, enum dtype type)
{
  (void)conf;
  return n * dtype_size(type);
}

void average_init(const void *conf, void *state, const void *w, size_t n, enum dtype type)
{
  if (n)
    memcpy(state, w, average_state_size(conf, n, type));
}

void average_value_f32(const void *conf, const void *state, float *out, size_t n)
{
  (void)conf;
  if (n)
    memcpy(out, state, n * sizeof *out);
}

void average_value_f64(const void *conf, const void *state, double *out, size_t n)
{
  (void)conf;
  if (n)
    memcpy(out, state, n * sizeof *out);
}

void average_move_f32(float *restrict mean, const float *restrict w, size_t n, double weight)
{
  for (size_t i = 0; i < n; i++)
    mean[i] = weight == 1.0 ? w[i] : (float)((double)mean[i] + weight * ((double)w[i] - (double)mean[i]));
}

void average_move_f64(double *restrict mean, const double *restrict w, size_t n, double weight)
{
  for (size_t i = 0; i < n; i++)
    mean[i] = weight == 1.0 ? w[i] : mean[i] + weight * (w[i] - mean[i]);
}
