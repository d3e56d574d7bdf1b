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

#endif
