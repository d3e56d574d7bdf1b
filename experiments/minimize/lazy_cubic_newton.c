/* lazy_cubic_newton.c: cubic Newton: the step minimizes the quadratic model plus (M/6)|s|^3, with a Hessian renewed every so many
 * iterations. In the eigenbasis the step's length solves one equation in one unknown. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "experiments/kernel/vec.h"
#include "experiments/minimize/newton_frame.h"

struct conf {
  int64_t period;
  double smoothness;
};

static const struct param params[] = {
  {.id = "period", .type = PARAM_INT, .at = offsetof(struct conf, period), .def = 1, .min = 1, .max = 1e9, .unit = "iterations",
   .doc = "m: iterations between two Hessians; 1 is cubic Newton", .example = "10"},
  {.id = "smoothness", .type = PARAM_REAL, .at = offsetof(struct conf, smoothness), .def = 1, .min = 0, .max = 1e9,
   .flags = PARAM_LOG | PARAM_TUNED | PARAM_MIN_OPEN, .doc = "L: Lipschitz constant of the Hessian; the method takes M = L for m = 1, else 6 m L",
   .example = "0.1"},
  {0},
};

/* g in the eigenbasis, into k->next. */
static void rotate(struct newton *k)
{
  size_t d = k->d;
  memset(k->next, 0, d * sizeof(double));
  for (size_t j = 0; j < d; j++)
    for (size_t i = 0; i < d; i++)
      k->next[i] += k->factor[j * d + i] * k->g[j];
}

/* |(H + (M r/2) I)^-1 g|: falls in r where H + (M r/2) I is positive definite. */
static double length_at(const struct newton *k, double half, double r)
{
  double sum = 0;
  for (size_t i = 0; i < k->d; i++) {
    double x = k->next[i] / (k->eigenvalue[i] + half * r);
    sum += x * x;
  }
  return sqrt(sum);
}

/* The r with length_at(r) = r above the pole of the least eigenvalue, by bisection to the last bit. At the pole itself where the
 * length there is less than r (the hard case): then g has no part along the lowest eigenvector. */
static double secular(const struct newton *k, double half)
{
  double pole = fmax(0, -k->eigenvalue[0] / half), low = pole, high = fmax(2 * pole, 1);
  while (length_at(k, half, high) > high && high < DBL_MAX / 4)
    high *= 2;
  for (int i = 0; i < 200 && low < high; i++) {
    double middle = low + (high - low) / 2;
    if (middle <= low || middle >= high)
      break;
    if (length_at(k, half, middle) > middle)
      low = middle;
    else
      high = middle;
  }
  return high;
}

/* s = -sum_i v_i (v_i.g)/(lambda_i + half r); in the hard case a piece along the lowest eigenvector makes up the length. */
static void cubic_step(struct newton *k, double half, double r)
{
  size_t d = k->d;
  memset(k->s, 0, d * sizeof(double));
  for (size_t i = 0; i < d; i++) {
    double x = -k->next[i] / (k->eigenvalue[i] + half * r);
    for (size_t j = 0; j < d && isfinite(x); j++)
      k->s[j] += x * k->factor[j * d + i];
  }
  double missing = r * r - vec_dot_f64(k->s, k->s, d);
  if (k->eigenvalue[0] < 0 && missing > 1e-8 * r * r)
    for (size_t j = 0; j < d; j++)
      k->s[j] += sqrt(missing) * k->factor[j * d];
}

static enum status iterate(const void *conf, struct newton *k, uint64_t i, double *step, bool *moved, struct err *e)
{
  const struct conf *c = conf;
  double half = (c->period == 1 ? 1 : 6 * (double)c->period) * c->smoothness / 2;
  enum status s = STATUS_OK;
  if (i % (uint64_t)c->period == 0) {
    s = newton_hessian(k, e);
    s = s ? s : newton_eigen(k, e);
  }
  if (s != STATUS_OK)
    return s;
  rotate(k);
  double r = secular(k, half);
  *step = r;
  *moved = r > 0 && (vec_norm2_f64(k->g, k->d) > 0 || k->eigenvalue[0] < 0);
  if (!*moved)
    return STATUS_OK;
  cubic_step(k, half, r);
  newton_try(k, 1);
  newton_accept(k);
  return STATUS_OK;
}

static enum status run(const void *conf, struct minimize *m, struct err *e) { return newton_run(conf, m, iterate, e); }

const struct minimizer minimizer_lazy_cubic_newton = {
  .m = {.kind = KIND_MINIMIZER,
        .id = "lazy-cubic-newton",
        .name = "Cubic Newton with lazy Hessians",
        .summary = "the minimizer of the quadratic model plus (M/6)|s|^3, with an old Hessian renewed every m iterations",
        .formula = "s = argmin g.s + s'H_z s/2 + (M/6)|s|^3, that is (H_z + (M r/2) I) s = -g with r = |s|;  w <- w + s\n"
                   "H_z of the last iterate whose number is a multiple of m;  M = 6 m L (m = 1: M = L)",
        .cite = "Nesterov and Polyak 2006, Cubic regularization of Newton method and its global performance; lazy: Doikov, Chayti and Jaggi 2023, "
                "Second-order optimization with lazy Hessians",
        .notes = "For any f with a Lipschitz Hessian: leaves saddle points (also where g has no part along the negative direction: a piece along "
                 "the lowest eigenvector is added). With m = 1 and M = L the value never rises. The step in the trace is |s|.",
        .example = "assay.minimizer(\"lazy-cubic-newton\", {smoothness = 0.1})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .accepts = newton_accepts,
  .run = run,
};
