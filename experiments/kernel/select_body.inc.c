/* select_body.inc.c: the passes of select_int.h as loops that the compiler makes vectors of; NAME is their set. */
#include <math.h>

enum { LANES = 16 };

static size_t below(const double *x, size_t n, double t)
{
  uint64_t count = 0;
  for (size_t i = 0; i < n; i++)
    count += x[i] < t;
  return count;
}

static void range(const double *x, size_t n, double a, double b, double *low, double *high)
{
  double lo[LANES], hi[LANES];
  size_t i = 0;
  for (size_t l = 0; l < LANES; l++) {
    lo[l] = INFINITY;
    hi[l] = -INFINITY;
  }
  for (; i + LANES <= n; i += LANES)
    for (size_t l = 0; l < LANES; l++) {
      double v = x[i + l], up = v >= a ? v : INFINITY, down = v < b ? v : -INFINITY;
      lo[l] = up < lo[l] ? up : lo[l];
      hi[l] = down > hi[l] ? down : hi[l];
    }
  for (; i < n; i++) {
    lo[0] = x[i] >= a && x[i] < lo[0] ? x[i] : lo[0];
    hi[0] = x[i] < b && x[i] > hi[0] ? x[i] : hi[0];
  }
  for (size_t l = 1; l < LANES; l++) {
    lo[0] = lo[l] < lo[0] ? lo[l] : lo[0];
    hi[0] = hi[l] > hi[0] ? hi[l] : hi[0];
  }
  *low = lo[0];
  *high = hi[0];
}

static size_t gather(const double *x, size_t n, double low, double high, double *out, size_t *under)
{
  size_t left = 0, count = 0;
  for (size_t i = 0; i < n; i++) {
    double v = x[i];
    count += v < low;
    out[left] = v;
    left += (v >= low) & (v <= high);
  }
  *under = count;
  return left;
}

static void mark(const double *x, size_t n, double t, uint8_t *keep)
{
  for (size_t i = 0; i < n; i++)
    keep[i] = x[i] >= t;
}

const struct select_passes NAME = {below, range, gather, mark};
