/* average.c: see average.h. Plain products and sums, not fused: the compiler vectorises them for every machine
 * without changing a bit. */
#include "experiments/optim/average.h"

#include <string.h>

size_t average_state_size(const void *conf, size_t n, enum dtype type)
{
  (void)conf, (void)type;
  return n * sizeof(double);
}

void average_init(const void *conf, void *state, const void *w, size_t n, enum dtype type)
{
  double *mean = state;
  (void)conf;
  for (size_t i = 0; i < n; i++)
    mean[i] = type == DTYPE_F32 ? (double)((const float *)w)[i] : ((const double *)w)[i];
}

void average_value_f32(const void *conf, const void *state, float *out, size_t n)
{
  const double *mean = state;
  (void)conf;
  for (size_t i = 0; i < n; i++)
    out[i] = (float)mean[i];
}

void average_value_f64(const void *conf, const void *state, double *out, size_t n)
{
  (void)conf;
  if (n)
    memcpy(out, state, n * sizeof *out);
}

void average_move_f32(double *restrict mean, const float *restrict w, size_t n, double weight)
{
  for (size_t i = 0; i < n; i++)
    mean[i] = weight == 1.0 ? (double)w[i] : mean[i] + weight * ((double)w[i] - mean[i]);
}

void average_move_f64(double *restrict mean, const double *restrict w, size_t n, double weight)
{
  for (size_t i = 0; i < n; i++)
    mean[i] = weight == 1.0 ? w[i] : mean[i] + weight * (w[i] - mean[i]);
}
