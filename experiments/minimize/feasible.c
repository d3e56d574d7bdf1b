/* feasible.c: see feasible.h. Michelot 1986, A finite algorithm for finding the projection of a point onto the canonical simplex of R^n. */
#include "experiments/minimize/feasible.h"

#include <math.h>
#include <string.h>

#include "experiments/kernel/vec.h"

const char *const feasible_any[] = {"ball", "box", "l1-ball", "simplex", "space", NULL};
const char *const feasible_bounded[] = {"ball", "box", "l1-ball", "simplex", NULL};

/* theta with sum_j max(v_j - theta, 0) = r, v = x or |x|: entries at or below theta are dropped until none is. */
static double threshold(const double *x, size_t d, double r, bool absolute)
{
  double theta = -INFINITY;
  for (size_t last = 0, kept = d + 1; kept != last;) {
    double sum = 0;
    last = kept;
    kept = 0;
    for (size_t j = 0; j < d; j++) {
      double v = absolute ? fabs(x[j]) : x[j];
      kept += v > theta;
      sum += v > theta ? v : 0;
    }
    if (kept == 0) /* rounding alone: r is far below the last bit of the entries */
      break;
    theta = (sum - r) / (double)kept;
  }
  return theta;
}

static void project_simplex(double *x, size_t d, double r)
{
  double theta = threshold(x, d, r, false);
  for (size_t j = 0; j < d; j++)
    x[j] = fmax(x[j] - theta, 0);
}

static void project_l1(double *x, size_t d, double r)
{
  if (vec_norm1_f64(x, d) <= r)
    return;
  double theta = threshold(x, d, r, true);
  for (size_t j = 0; j < d; j++)
    x[j] = copysign(fmax(fabs(x[j]) - theta, 0), x[j]);
}

void feasible_project(const struct feasible *c, double *x, size_t d)
{
  double r = c->radius, norm = c->region == REGION_BALL ? vec_norm2_f64(x, d) : 0;
  switch ((enum region)c->region) {
  case REGION_SPACE: break;
  case REGION_BALL:
    for (size_t j = 0; j < d && norm > r; j++)
      x[j] *= r / norm;
    break;
  case REGION_BOX:
    for (size_t j = 0; j < d; j++)
      x[j] = fmin(fmax(x[j], -r), r);
    break;
  case REGION_L1_BALL: project_l1(x, d, r); break;
  case REGION_SIMPLEX: project_simplex(x, d, r); break;
  }
}

void feasible_vertex(const struct feasible *c, const double *g, double *s, size_t d)
{
  double r = c->radius, norm = vec_norm2_f64(g, d);
  size_t at = 0;
  for (size_t j = 1; j < d; j++)
    at = c->region == REGION_SIMPLEX ? (g[j] < g[at] ? j : at) : (fabs(g[j]) > fabs(g[at]) ? j : at);
  for (size_t j = 0; j < d; j++)
    switch ((enum region)c->region) {
    case REGION_SPACE: s[j] = NAN; break; /* there is none */
    case REGION_BALL: s[j] = norm > 0 ? -r * g[j] / norm : 0; break;
    case REGION_BOX: s[j] = g[j] > 0 ? -r : r; break;
    case REGION_L1_BALL: s[j] = j == at ? (g[j] > 0 ? -r : r) : 0; break;
    case REGION_SIMPLEX: s[j] = j == at ? r : 0; break;
    }
}
