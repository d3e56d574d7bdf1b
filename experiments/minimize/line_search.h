/* line_search.h: step lengths along a descent direction. */
#ifndef ASSAY_MINIMIZE_LINE_SEARCH_H
#define ASSAY_MINIMIZE_LINE_SEARCH_H

#include "experiments/minimize/minimize.h"

/* phi(a) = f(w + a p): where a search starts and what it finds. */
struct line {
  struct minimize *m;
  const double *w, *p;    /* d numbers each */
  double value, slope;    /* phi(0), phi'(0) < 0 */
  double *trial;          /* d: w + a p for the a returned */
  double *gradient;       /* d: of f there, where the search computes it (Wolfe) */
  double trial_value;     /* f there */
};

/* The first a of first, first beta, first beta^2, … with phi(a) <= phi(0) + c a phi'(0) (Armijo 1966); 0 if none of `most` is.
 * line->gradient is not used. */
double line_armijo(struct line *line, double first, double c, double beta, int most);

/* A strong Wolfe point (Nocedal and Wright 2006, algorithms 3.5 and 3.6, cubic interpolation): phi(a) <= phi(0) + c1 a phi'(0) and
 * |phi'(a)| <= c2 |phi'(0)|. Near the minimum, where values no longer differ in float64, the first condition is replaced by the slope's,
 * phi'(a) <= (2 c1 - 1) phi'(0) with phi(a) <= phi(0) + 1e-15 |phi(0)| (Hager and Zhang 2005). trial, gradient and trial_value belong to
 * the a returned; 0 if there is none after `most` evaluations (then nothing is meant by them). */
double line_wolfe(struct line *line, double first, double c1, double c2, int most);

#endif
