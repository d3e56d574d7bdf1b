/* step_limit.h: the largest step sizes that curvature allows. */
#ifndef ASSAY_PROBE_STEP_LIMIT_H
#define ASSAY_PROBE_STEP_LIMIT_H

/* Explicit numbers: they stand in stored configs by name. */
enum stability_rule {
  STABILITY_GD = 0,
  STABILITY_HEAVY_BALL = 1, /* v = beta v + g,  w -= eta v */
  STABILITY_DAMPED = 2,     /* v = beta v + (1 - beta) g: also Adam's moments with the preconditioner frozen */
  STABILITY_NESTEROV = 3,   /* v = beta v + g,  w -= eta (g + beta v), as torch has it */
};
extern const char *const stability_rule_names[]; /* "gd", "heavy-ball", "damped", "nesterov", NULL */

/* On a quadratic the iterates stay bounded where eta times the largest curvature is below this; 0 <= beta < 1. */
double stability_limit(enum stability_rule rule, double beta);

/* b = B/(1 - B/N) of batches of B without replacement from N; infinite for B >= N; B for an infinite N. */
double rmt_batch(double batch, double n);
/* Largest eigenvalue of H + noise whose entries have variance sigma2/b, for a top eigenvalue lambda1 of the P x P matrix H:
 * lambda1 + (P/b) sigma2/lambda1 above the threshold sigma sqrt(P/b), twice the threshold (the edge of the noise) below. */
double rmt_top(double lambda1, double sigma2, double params, double b);

#endif
