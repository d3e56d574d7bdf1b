/* grab_common.c: see grab.h. */
#include "experiments/kernel/mem.h"
#include "experiments/optim/grab.h"

size_t grab_state_size(size_t n, size_t d, size_t vectors)
{
  size_t numbers, places, bytes;
  bool fits = size_mul(d, vectors, &numbers) && size_mul(numbers + 1, sizeof(double), &bytes) && size_mul(n, sizeof(uint32_t), &places);
  return fits && !__builtin_add_overflow(bytes, places, &bytes) ? bytes : SIZE_MAX;
}

void grab_put(uint32_t *next, size_t n, size_t place, double *front, uint32_t example, bool to_front)
{
  size_t taken = (size_t)*front;
  next[to_front ? taken : n - 1 - (place - taken)] = example;
  *front += to_front;
}

enum status grab_first_epoch(const void *conf, size_t n, uint64_t seed, uint64_t epoch, uint32_t *order, struct err *e)
{
  struct rng r = rng_make(seed, RNG_ORDER, 0);
  (void)conf, (void)epoch, (void)e;
  rng_permutation(&r, order, n);
  return STATUS_OK;
}
