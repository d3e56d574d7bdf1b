/* quantize.c: see quantize.h. */
#include "experiments/probe/quantize.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "experiments/kernel/half.h"
#include "experiments/kernel/mem.h"

#define MOST (1u << QUANTIZE_BITS_MAX)
#define ITERATIONS 200

const char *const quantizer_names[] = {"kmeans", "uniform", NULL};

static int ascending(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Where the numbers nearest to centre j end: the first of v[from..n) beyond the middle of centres j and j + 1. */
static size_t end_of(const double *v, size_t n, size_t from, const double *centre, size_t j, size_t k)
{
  if (j + 1 == k)
    return n;
  double middle = (centre[j] + centre[j + 1]) / 2;
  while (from < n && v[from] <= middle)
    from++;
  return from;
}

/* Lloyd 1982 on sorted numbers; an empty centre stays. False once nothing moves. */
static bool lloyd_step(const double *v, size_t n, double *centre, size_t k)
{
  double next[MOST];
  bool moved = false;
  for (size_t j = 0, from = 0; j < k; j++) {
    size_t to = end_of(v, n, from, centre, j, k);
    double sum = 0;
    for (size_t i = from; i < to; i++)
      sum += v[i];
    next[j] = to > from ? sum / (double)(to - from) : centre[j];
    moved = moved || next[j] != centre[j];
    from = to;
  }
  for (size_t j = 0; j < k; j++)
    centre[j] = next[j];
  return moved;
}

static void choose_centres(enum quantizer q, const double *v, size_t n, double *centre, size_t k)
{
  for (size_t j = 0; j < k; j++)
    centre[j] = q == QUANTIZER_KMEANS ? v[(size_t)(((double)j + 0.5) / (double)k * (double)n)]
                : k == 1              ? (v[0] + v[n - 1]) / 2
                                      : v[0] + (v[n - 1] - v[0]) * (double)j / (double)(k - 1);
  bool moved = q == QUANTIZER_KMEANS;
  for (int i = 0; moved && i < ITERATIONS; i++)
    moved = lloyd_step(v, n, centre, k);
}

/* centre is ascending. */
static float nearest(double x, const double *centre, size_t k)
{
  size_t low = 0, high = k - 1;
  while (low < high) {
    size_t j = (low + high) / 2;
    if (x <= (centre[j] + centre[j + 1]) / 2)
      high = j;
    else
      low = j + 1;
  }
  return (float)centre[low];
}

enum status quantize(enum quantizer q, float *x, size_t n, int bits, struct err *e)
{
  double centre[MOST] = {0}, *v;
  size_t kept = 0, k = (size_t)1 << bits;
  void *memory;
  enum status s = mem_new(&memory, n, sizeof *v, "numbers to quantise", e);
  if (s)
    return s;
  v = memory;
  for (size_t i = 0; i < n; i++)
    if (x[i] != 0)
      v[kept++] = (double)x[i];
  qsort(v, kept, sizeof *v, ascending);
  if (kept) {
    choose_centres(q, v, kept, centre, k);
    for (size_t j = 0; j < k; j++)
      centre[j] = (double)half_to_f32(half_from_f32((float)centre[j]));
  }
  for (size_t i = 0; i < n; i++)
    x[i] = x[i] != 0 ? nearest((double)x[i], centre, k) + 0.0F : 0; /* -0 becomes 0 */
  free(memory);
  return STATUS_OK;
}
