/* drive.h: running an optimizer on a gradient, in float64 or float32. */
#ifndef TESTS_DRIVE_H
#define TESTS_DRIVE_H

#include <math.h>
#include <stdlib.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/rng.h"
#include "experiments/optim/optimizer.h"
#include "tests/unit/objects.h"

extern const struct optimizer optimizer_sgd, optimizer_heavy_ball, optimizer_nesterov, optimizer_adam, optimizer_adamw;

/* g = gradient at w before update k. */
typedef void gradient_fn(const void *problem, uint64_t k, const double *w, double *g, size_t n);
typedef double rate_fn(uint64_t k);

struct drive {
  const struct object *o;
  size_t n;
  gradient_fn *gradient;
  const void *problem;
  double lr;     /* the rate, unless */
  rate_fn *rate; /* this is given */
};

static inline void *state_made(const struct object *o, const void *w, size_t n, enum dtype type)
{
  const struct optimizer *m = (const struct optimizer *)o->method;
  void *state;
  struct err e = {0};
  if (mem_new(&state, m->state_size(o->conf, NULL, n, type), 1, "state", &e) != STATUS_OK)
    tap_bail("%s", e.message);
  m->init(o->conf, NULL, state, w, n, type);
  return state;
}

/* Updates k0 .. k1 - 1 in float64. */
static inline void drive_f64(const struct drive *d, void *state, double *w, uint64_t k0, uint64_t k1)
{
  double *g = malloc(d->n * sizeof *g);
  struct err e = {0};
  for (uint64_t k = k0; k < k1; k++) {
    struct step_info s = {.k = k, .lr = d->rate ? d->rate(k) : d->lr};
    d->gradient(d->problem, k, w, g, d->n);
    if (optimizer_step_f64(d->o, state, w, g, d->n, &s, &e) != STATUS_OK)
      tap_bail("%s", e.message);
  }
  free(g);
}

/* The same in float32; the gradient is computed in float64 at the float32 weights, then rounded. w and state
 * need no alignment. */
static inline void drive_f32(const struct drive *d, void *state, float *w, uint64_t k0, uint64_t k1)
{
  double *wide = malloc(2 * d->n * sizeof *wide), *g = wide + d->n;
  float *narrow = malloc(d->n * sizeof *narrow);
  struct err e = {0};
  for (uint64_t k = k0; k < k1; k++) {
    struct step_info s = {.k = k, .lr = d->rate ? d->rate(k) : d->lr};
    for (size_t i = 0; i < d->n; i++)
      wide[i] = (double)w[i];
    d->gradient(d->problem, k, wide, g, d->n);
    for (size_t i = 0; i < d->n; i++)
      narrow[i] = (float)g[i];
    if (optimizer_step_f32(d->o, state, w, narrow, d->n, &s, &e) != STATUS_OK)
      tap_bail("%s", e.message);
  }
  free(wide);
  free(narrow);
}

/* T updates from w, with a fresh state. */
static inline void run_f64(const struct drive *d, double *w, uint64_t T)
{
  void *state = state_made(d->o, w, d->n, DTYPE_F64);
  drive_f64(d, state, w, 1, T + 1);
  free(state);
}

/* f(w) = sum_i h_i w_i^2 / 2 + noise_k . w: a diagonal quadratic with gradient noise. */
struct quadratic {
  const double *h;
  double noise;  /* standard deviation */
  uint64_t seed;
};

static inline void quadratic_gradient(const void *problem, uint64_t k, const double *w, double *g, size_t n)
{
  const struct quadratic *q = problem;
  struct rng r = rng_make(q->seed, RNG_TEST, k);
  for (size_t i = 0; i < n; i++)
    g[i] = q->h[i] * w[i] + (q->noise > 0 ? q->noise * rng_normal(&r) : 0);
}

#endif
