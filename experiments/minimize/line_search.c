/* line_search.c: see line_search.h. */
#include "experiments/minimize/line_search.h"

#include <math.h>

#include "experiments/kernel/vec.h"

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

/* --- strong Wolfe ------------------------------------------------------------------------------ */

struct at { double a, value, slope; };

struct wolfe {
  struct line *line;
  double c1, c2;
  int left; /* evaluations */
};

static struct at evaluate(struct wolfe *s, double a)
{
  struct line *line = s->line;
  s->left--;
  go_to(line, a);
  line->trial_value = minimize_gradient(line->m, line->trial, line->gradient);
  return (struct at){a, line->trial_value, vec_dot_f64(line->gradient, line->p, line->m->f->d)};
}

/* Values that differ by rounding alone count as equal. */
static bool nearly_flat(const struct wolfe *s, const struct at *x)
{
  return fabs(x->value - s->line->value) <= 1e-15 * fabs(s->line->value);
}

static bool falls(const struct wolfe *s, const struct at *x)
{
  if (x->value <= s->line->value + s->c1 * x->a * s->line->slope)
    return true;
  return nearly_flat(s, x) && x->slope <= (2 * s->c1 - 1) * s->line->slope;
}

static bool is_flat(const struct wolfe *s, const struct at *x) { return fabs(x->slope) <= s->c2 * fabs(s->line->slope); }

/* The minimum of the cubic through both ends, inside the middle four fifths of the bracket. */
static double between(const struct at *x, const struct at *y)
{
  double d1 = x->slope + y->slope - 3 * (x->value - y->value) / (x->a - y->a), root = d1 * d1 - x->slope * y->slope;
  double low = fmin(x->a, y->a), high = fmax(x->a, y->a), width = high - low, a = 0.5 * (low + high);
  if (root >= 0) {
    double d2 = y->a > x->a ? sqrt(root) : -sqrt(root), cubic = y->a - (y->a - x->a) * (y->slope + d2 - d1) / (y->slope - x->slope + 2 * d2);
    if (isfinite(cubic))
      a = fmin(fmax(cubic, low + 0.1 * width), high - 0.1 * width);
  }
  return a;
}

/* low: the best point so far, which falls enough; a Wolfe point lies between it and high. */
static double zoom(struct wolfe *s, struct at low, struct at high)
{
  while (s->left > 0 && low.a != high.a) {
    struct at x = evaluate(s, between(&low, &high));
    if (!falls(s, &x) || (x.value >= low.value && !nearly_flat(s, &x))) {
      high = x;
      continue;
    }
    if (is_flat(s, &x))
      return x.a;
    if (x.slope * (high.a - low.a) >= 0)
      high = low;
    low = x;
  }
  return 0;
}

double line_wolfe(struct line *line, double first, double c1, double c2, int most)
{
  struct wolfe s = {line, c1, c2, most};
  struct at last = {0, line->value, line->slope};
  for (double a = first; s.left > 0 && isfinite(a); a *= 2) {
    struct at x = evaluate(&s, a);
    if (!isfinite(x.value)) { /* far too long: begin again shorter */
      a *= 0.05;
      last = (struct at){0, line->value, line->slope};
      continue;
    }
    if (!falls(&s, &x) || (last.a > 0 && x.value >= last.value && !nearly_flat(&s, &x)))
      return zoom(&s, last, x);
    if (is_flat(&s, &x))
      return a;
    if (x.slope >= 0)
      return zoom(&s, x, last);
    last = x;
  }
  return 0;
}
