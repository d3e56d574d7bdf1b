/* spectrum.c: see spectrum.h.
 *
 * V = H_1 H_2 H_3 with H = I - 2 v v' and random unit vectors v: orthogonal exactly, applied in O(d). It is not
 * uniformly distributed over rotations (that takes d reflections; Stewart 1980, "The efficient generation of random
 * orthogonal matrices"); what matters here is that no eigenvector lies along an axis, which methods with a
 * rate per coordinate would exploit. */
#include "experiments/data/spectrum.h"

#include <math.h>
#include <stdlib.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/rng.h"
#include "experiments/kernel/vec.h"

#define RATIO_MAX 1e8 /* beyond it, float32 inputs no longer carry the smallest eigenvalue */

const char *const spectrum_shape_names[] = {"geometric", "linear", "power", NULL};

static double eigenvalue(const struct spectrum *s, size_t d, size_t j)
{
  double at = d > 1 ? (double)j / (double)(d - 1) : 0; /* 0 … 1 */
  if (s->eigenvalues.n)
    return s->eigenvalues.v[j];
  switch ((enum spectrum_shape)s->shape) {
  case SPECTRUM_GEOMETRIC: return pow(s->condition, -at);
  case SPECTRUM_LINEAR: return 1 - at * (1 - 1 / s->condition);
  case SPECTRUM_POWER: return pow((double)(j + 1), -s->power);
  }
  return 1;
}

enum status spectrum_check(const struct spectrum *s, int64_t d, struct err *e)
{
  double least = INFINITY, most = 0;
  if (s->eigenvalues.n && s->eigenvalues.n != (size_t)d)
    return err_set(e, STATUS_BAD_ARG, "eigenvalues has %zu numbers, but d is %lld", s->eigenvalues.n, (long long)d);
  for (size_t j = 0; j < (size_t)d; j++) {
    double v = eigenvalue(s, (size_t)d, j);
    least = fmin(least, v);
    most = fmax(most, v);
  }
  if (most > RATIO_MAX * 1.000001 * least) /* condition 1e8 itself may round upward */
    return err_set(e, STATUS_BAD_ARG,
                   "the largest eigenvalue is %g times the smallest; at most 1e8 can be represented in float32 inputs",
                   most / least);
  return STATUS_OK;
}

static void unit_vector(double *v, size_t d, struct rng *rng)
{
  rng_fill_normal_f64(rng, v, d, 0, 1);
  double norm = vec_norm2_f64(v, d);
  for (size_t j = 0; j < d; j++)
    v[j] /= norm;
}

enum status covariance_make(struct covariance *c, const struct spectrum *s, size_t d, int64_t seed, struct err *e)
{
  void *memory;
  *c = (struct covariance){.d = d};
  enum status status = mem_new(&memory, d, sizeof(double) * (1 + REFLECTIONS), "covariance of the inputs", e);
  if (status != STATUS_OK)
    return status;
  c->lambda = memory;
  for (size_t j = 0; j < d; j++)
    c->lambda[j] = eigenvalue(s, d, j);
  if (s->rotate && d > 1) {
    struct rng rng = rng_make((uint64_t)seed, RNG_TEACHER, 1);
    c->vectors = c->lambda + d;
    for (size_t k = 0; k < REFLECTIONS; k++)
      unit_vector(c->vectors + k * d, d, &rng);
  }
  return STATUS_OK;
}

void covariance_free(struct covariance *c)
{
  free(c->lambda);
  *c = (struct covariance){0};
}

static void reflect(const double *v, double *x, size_t d)
{
  double twice = 2 * vec_dot_f64(v, x, d);
  for (size_t j = 0; j < d; j++)
    x[j] -= twice * v[j];
}

void covariance_turn(const struct covariance *c, double *x)
{
  for (size_t k = 0; c->vectors && k < REFLECTIONS; k++)
    reflect(c->vectors + k * c->d, x, c->d);
}

void covariance_turn_back(const struct covariance *c, double *x)
{
  for (size_t k = REFLECTIONS; c->vectors && k-- > 0;)
    reflect(c->vectors + k * c->d, x, c->d);
}

double covariance_form(const struct covariance *c, const double *w, double *scratch)
{
  double sum = 0;
  for (size_t j = 0; j < c->d; j++)
    scratch[j] = w[j];
  covariance_turn_back(c, scratch);
  for (size_t j = 0; j < c->d; j++)
    sum += c->lambda[j] * scratch[j] * scratch[j];
  return sum;
}
