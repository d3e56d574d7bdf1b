/* newton_frame.h: what methods share that solve with the Hessian: the point, its gradient and Hessian, factors, and a frame of the loop. */
#ifndef ASSAY_MINIMIZE_NEWTON_FRAME_H
#define ASSAY_MINIMIZE_NEWTON_FRAME_H

#include "experiments/minimize/minimize.h"

struct newton {
  struct minimize *m;
  size_t d;
  double value;         /* f at m->w */
  double *g, *h;        /* gradient there; Hessian of the last newton_hessian(): d x d */
  double *s, *trial, *next; /* a step; m->w + s; a gradient */
  double *factor;       /* d x d: Cholesky factor, or eigenvectors in columns */
  double *eigenvalue;   /* d, ascending */
  double memory;        /* a number that the method carries from one iteration to the next */
};

/* One iteration: moves m->w and leaves value and g of the new point there; *step is what the trace shows. false in *moved: no
 * step improves f any more. */
typedef enum status newton_iteration(const void *conf, struct newton *k, uint64_t iteration, double *step, bool *moved, struct err *e);

/* The whole run of a method. */
NODISCARD enum status newton_run(const void *conf, struct minimize *m, newton_iteration *iteration, struct err *e);

/* The Hessian at m->w. */
NODISCARD enum status newton_hessian(struct newton *k, struct err *e);
/* s = -(h + shift I)^-1 g. False where that matrix is not positive definite in float64. */
bool newton_solve(struct newton *k, double shift);
/* The Newton step at m->w: the Hessian there, then newton_solve() with the least shift, from 0 and then 1e-12 of the mean eigenvalue on
 * in decades, that makes it positive definite. */
NODISCARD enum status newton_step(struct newton *k, struct err *e);
/* |s| in the metric of h, the Newton decrement where s is the Newton step: sqrt(g' H^-1 g). */
double newton_decrement(const struct newton *k);
/* trial = m->w + a s. */
void newton_try(struct newton *k, double a);
/* m->w = trial; value and gradient there. */
void newton_accept(struct newton *k);
/* Eigenvalues and vectors of h, once a Hessian: of all shifts at once. */
NODISCARD enum status newton_eigen(struct newton *k, struct err *e);
/* s = -V diag(weight) V' g, with the eigenvectors V. */
void newton_spectral_step(struct newton *k, const double *weight);

/* accepts() of these methods: a Hessian of at most 4096 x 4096. */
enum status newton_accepts(const void *conf, const struct objective *f, struct err *e);

#endif
