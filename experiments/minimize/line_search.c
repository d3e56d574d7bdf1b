/* line_search.c: see line_search.h. */
#include "experiments/minimize/line_search.h"

#include <math.h>

static void go_to(struct line *line, double a)
{
  for (size_t j = 0; j < line->m->f->d; j++)
    line->trial[j] = line->w[j] + a * line->p[j];
}

double line_armijo(struct line *line, double first, double c, double beta, int most)
{
  double a = first;
  for (int trial = 0; trial < most; trial++, a *= beta) {
    go_to(line, a);
    line->trial_value = minimize_value(line->m, line->trial);
    if (line->trial_value <= line->value + c * a * line->slope)
      return a;
  }
  return 0;
}
