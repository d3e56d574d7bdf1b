/* rng_heavy.c: random numbers with power-law tails. Student's t by Bailey's polar method, which works for any real alpha (Bailey 1994, "Polar
 * generation of random variates with the t-distribution"); Pareto's law by inversion. */
#include <math.h>

#include "experiments/kernel/rng.h"

/* sqrt(alpha (u^(-2/alpha) - 1)) times the cosine of a uniformly random angle. */
double rng_student(struct rng *r, double alpha)
{
  double u = 1 - rng_uniform(r); /* (0, 1] */
  double a = rng_normal(r), b = rng_normal(r), radius = sqrt(a * a + b * b);
  return sqrt(alpha * expm1(-2 / alpha * log(u))) * (radius > 0 ? a / radius : 1);
}

double rng_pareto(struct rng *r, double alpha)
{
  double u = 1 - rng_uniform(r);
  return pow(u, -1 / alpha) * rng_sign(r);
}
