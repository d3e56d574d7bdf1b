/* frank_wolfe.c: conditional gradients: steps toward the point of the set where the linearization is least. No projection. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"
#include "experiments/minimize/feasible.h"

enum { STEP_OPEN_LOOP, STEP_SHORT };
static const char *const steps[] = {"open-loop", "short", NULL};

struct conf {
  struct feasible set;
  int step;
};

static const struct param params[] = {
  FEASIBLE_BOUNDED_PARAMS(struct conf, set, 10),
  {.id = "step", .type = PARAM_CHOICE, .at = offsetof(struct conf, step), .choices = steps,
   .doc = "open-loop: 2/(t + 2); short: the minimum of the quadratic upper bound, which needs L", .example = "short"},
  {0},
};

struct work {
  size_t d;
  double *g, *s; /* the gradient at w; s - w */
};

/* One step from w with gradient k->g; the length. 0: the linearization is least at w itself, which is the minimum. */
static double step(const struct conf *c, struct minimize *m, struct work *k, uint64_t t)
{
  feasible_vertex(&c->set, k->g, k->s, k->d);
  for (size_t j = 0; j < k->d; j++)
    k->s[j] -= m->w[j];
  double gap = -vec_dot_f64(k->g, k->s, k->d), square = vec_dot_f64(k->s, k->s, k->d);
  if (!(gap > 0))
    return 0;
  double a = c->step == STEP_SHORT ? fmin(1, gap / (m->f->smoothness * square)) : 2 / ((double)t + 2);
  for (size_t j = 0; j < k->d; j++)
    m->w[j] += a * k->s[j];
  return a;
}

static enum status need_smoothness(struct minimize *m, struct err *e)
{
  enum status s = objective_constants(m->f, m->exec, e);
  if (s != STATUS_OK || (m->f->smoothness > 0 && isfinite(m->f->smoothness)))
    return s;
  return err_set(e, STATUS_UNSUPPORTED, "objective \"%s\" has no known L: use step = \"open-loop\"", m->f->of.method->id);
}

static enum status run(const void *conf, struct minimize *m, struct err *e)
{
  const struct conf *c = conf;
  size_t d = m->f->d;
  void *memory;
  enum status s = c->step == STEP_SHORT ? need_smoothness(m, e) : STATUS_OK;
  if (s == STATUS_OK)
    s = mem_new(&memory, 2, d * sizeof(double), "Frank-Wolfe", e);
  if (s != STATUS_OK)
    return s;
  struct work k = {.d = d, .g = memory, .s = (double *)memory + d};
  feasible_project(&c->set, m->w, d);
  struct minimize_point p = {.w = m->w, .gradient = k.g, .value = minimize_gradient(m, m->w, k.g), .step = NAN};
  for (uint64_t t = 0; minimize_go_on(m, &p); t++) {
    p.step = step(c, m, &k, t);
    p.iterations = p.step > 0;
    if (p.step == 0) {
      minimize_converged(m, &p);
      break;
    }
    p.value = minimize_gradient(m, m->w, k.g);
  }
  free(memory);
  return m->status;
}

const struct minimizer minimizer_frank_wolfe = {
  .m = {.kind = KIND_MINIMIZER,
        .id = "frank-wolfe",
        .name = "Frank-Wolfe",
        .summary = "steps toward the vertex of the set where the linearization is least: no projection, sparse iterates",
        .formula = "s = argmin_{s in region} grad f(w).s;  w <- w + a (s - w)\n"
                   "open-loop: a = 2/(t + 2);  short: a = min(1, g.(w - s)/(L |s - w|^2))",
        .cite = "Frank and Wolfe 1956, An algorithm for quadratic programming; Jaggi 2013, Revisiting Frank-Wolfe; Bubeck 2015, Convex optimization: "
                "algorithms and complexity, theorem 3.8",
        .notes = "f(w_t) - f* <= 2 L R^2/(t + 2) with R the diameter of the set: 2 radius for the balls (l1-ball, too), sqrt 2 radius for the simplex, "
                 "2 radius sqrt d for the box. The start is the nearest point of the set to that of the objective. The method never leaves the set, whose "
                 "vertices it mixes: after t steps at most t + 1 of them.",
        .example = "assay.minimizer(\"frank-wolfe\", {region = \"simplex\", radius = 1})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .run = run,
};
