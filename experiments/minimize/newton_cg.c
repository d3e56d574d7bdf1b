/* newton_cg.c: truncated Newton: the Newton equation is solved by conjugate gradients, only as well as the gradient deserves. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"
#include "experiments/minimize/line_search.h"

struct conf {
  int64_t inner;
  double forcing;
};

static const struct param params[] = {
  {.id = "inner", .type = PARAM_INT, .at = offsetof(struct conf, inner), .def = 200, .min = 1, .max = 1e6, .unit = "products",
   .doc = "Hessian products an iteration at most", .example = "50"},
  {.id = "forcing", .type = PARAM_REAL, .at = offsetof(struct conf, forcing), .def = 0.5, .min = 0, .max = 1,
   .flags = PARAM_MIN_OPEN | PARAM_MAX_OPEN, .doc = "residual over |g| that is always enough; min(forcing, sqrt |g|) is asked for", .example = "0.1"},
  {0},
};

struct work {
  size_t d;
  double *g, *p, *r, *q, *hq, *trial, *new_g; /* p: the direction; r, q, hq: of the conjugate gradients */
};

static enum status work_new(struct work *k, size_t d, struct err *e)
{
  void *all;
  enum status s = mem_new(&all, 7, d * sizeof(double), "Newton's method", e);
  if (s != STATUS_OK)
    return s;
  double *at = all;
  *k = (struct work){d, at, at + d, at + 2 * d, at + 3 * d, at + 4 * d, at + 5 * d, at + 6 * d};
  return STATUS_OK;
}

/* p with |H p + g| <= eta |g|. Stops at negative curvature, with what was found before, or -g (Dembo and Steihaug 1983). */
static enum status solve(const struct conf *c, struct minimize *m, struct work *k, struct err *e)
{
  double gg = vec_dot_f64(k->g, k->g, k->d), eta = fmin(c->forcing, sqrt(sqrt(gg))), rr = gg;
  memset(k->p, 0, k->d * sizeof *k->p);
  for (size_t j = 0; j < k->d; j++)
    k->q[j] = k->r[j] = -k->g[j];
  for (int64_t i = 0; i < c->inner && rr > eta * eta * gg; i++) {
    enum status s = minimize_hvp(m, m->w, k->q, k->hq, e);
    if (s != STATUS_OK)
      return s;
    double curve = vec_dot_f64(k->q, k->hq, k->d), before = rr;
    if (!(curve > 1e-16 * vec_dot_f64(k->q, k->q, k->d))) {
      if (i == 0)
        memcpy(k->p, k->q, k->d * sizeof *k->p);
      break;
    }
    double alpha = rr / curve;
    for (size_t j = 0; j < k->d; j++) {
      k->p[j] += alpha * k->q[j];
      k->r[j] -= alpha * k->hq[j];
    }
    rr = vec_dot_f64(k->r, k->r, k->d);
    for (size_t j = 0; j < k->d; j++)
      k->q[j] = k->r[j] + rr / before * k->q[j];
    if (exec_cancelled(m->exec))
      break;
  }
  return STATUS_OK;
}

static enum status run(const void *conf, struct minimize *m, struct err *e)
{
  const struct conf *c = conf;
  struct work k;
  enum status s = work_new(&k, m->f->d, e);
  if (s != STATUS_OK)
    return s;
  struct minimize_point p = {.w = m->w, .gradient = k.g, .value = minimize_gradient(m, m->w, k.g), .step = NAN};
  while (minimize_go_on(m, &p)) {
    s = solve(c, m, &k, e);
    if (s != STATUS_OK)
      break;
    struct line line = {.m = m, .w = m->w, .p = k.p, .value = p.value, .slope = vec_dot_f64(k.g, k.p, k.d), .trial = k.trial, .gradient = k.new_g};
    double a = line.slope < 0 ? line_wolfe(&line, 1, 1e-4, 0.9, 40) : 0;
    p.iterations = a > 0;
    if (a == 0) {
      minimize_converged(m, &p);
      break;
    }
    memcpy(m->w, k.trial, k.d * sizeof *m->w);
    memcpy(k.g, k.new_g, k.d * sizeof *k.g);
    p.value = line.trial_value;
    p.step = a;
  }
  free(k.g);
  return s == STATUS_OK ? m->status : s;
}

static enum status accepts(const void *conf, const struct objective *f, struct err *e)
{
  (void)conf;
  return f->method->hvp ? STATUS_OK : err_set(e, STATUS_UNSUPPORTED, "objective \"%s\" has no second derivatives", f->of.method->id);
}

const struct minimizer minimizer_newton_cg = {
  .m = {.kind = KIND_MINIMIZER,
        .id = "newton-cg",
        .name = "Newton's method with conjugate gradients",
        .summary = "Newton steps solved inexactly by Hessian products",
        .formula = "|H p + g| <= min(forcing, sqrt |g|) |g| by conjugate gradients; w <- w + a p, a strong Wolfe, 1 first",
        .cite = "Dembo, Eisenstat and Steihaug 1982, Inexact Newton methods; Dembo and Steihaug 1983, Truncated-Newton algorithms for "
                "large-scale unconstrained optimization",
        .notes = "Order of convergence 1.5 near a minimum with a positive definite Hessian. At negative curvature the direction found so far is "
                 "used, or -g.",
        .example = "assay.minimizer(\"newton-cg\")",
        .conf_size = sizeof(struct conf),
        .params = params},
  .accepts = accepts,
  .run = run,
};
