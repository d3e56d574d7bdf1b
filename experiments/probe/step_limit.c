/* step_limit.c: see step_limit.h. */
#include "experiments/probe/step_limit.h"

#include <math.h>
#include <stddef.h>

const char *const stability_rule_names[] = {"gd", "heavy-ball", "damped", "nesterov", NULL};

double stability_limit(enum stability_rule rule, double beta)
{
  switch (rule) {
  case STABILITY_HEAVY_BALL: return 2 * (1 + beta);
  case STABILITY_DAMPED: return 2 * (1 + beta) / (1 - beta);
  case STABILITY_NESTEROV: return (2 + 2 * beta) / (1 + 2 * beta);
  case STABILITY_GD: break;
  }
  return 2;
}

double rmt_batch(double batch, double n) { return batch >= n ? INFINITY : batch / (1 - batch / n); }

double rmt_top(double lambda1, double sigma2, double params, double b)
{
  double noise = params / b * sigma2, threshold = sqrt(noise); /* variance of a row of the noise; P^(1/2) sigma/b^(1/2) */
  return lambda1 > threshold ? lambda1 + noise / lambda1 : 2 * threshold;
}
