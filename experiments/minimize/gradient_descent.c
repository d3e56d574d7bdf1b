/* gradient_descent.c: steps against the whole gradient, with a fixed rate, the rate 1/L, or a rate found by backtracking. */
#include <math.h>
#include <stdlib.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"
#include "experiments/minimize/line_search.h"

enum rule { RULE_SMOOTHNESS, RULE_FIXED, RULE_ARMIJO };
static const char *const rules[] = {"1/L", "fixed", "armijo", NULL};

struct conf {
  int rule;
  double rate, c, beta, growth;
};

static const struct param params[] = {
  {.id = "rule", .type = PARAM_CHOICE, .at = offsetof(struct conf, rule), .choices = rules,
   .doc = "1/L: needs a smooth objective of known L; fixed: rate; armijo: backtracking", .example = "armijo"},
  {.id = "rate", .type = PARAM_REAL, .at = offsetof(struct conf, rate), .def = 1, .min = 0, .max = 1e9,
   .flags = PARAM_LOG | PARAM_TUNED | PARAM_MIN_OPEN, .example = "0.1",
   .doc = "1/L: the factor of 1/L; fixed: the rate itself; armijo: the first trial of all"},
  {.id = "c", .type = PARAM_REAL, .at = offsetof(struct conf, c), .def = 1e-4, .min = 0, .max = 1,
   .flags = PARAM_MIN_OPEN | PARAM_MAX_OPEN, .doc = "armijo: share of the predicted decrease that is asked for", .example = "0.5"},
  {.id = "beta", .type = PARAM_REAL, .at = offsetof(struct conf, beta), .def = 0.5, .min = 0, .max = 1,
   .flags = PARAM_MIN_OPEN | PARAM_MAX_OPEN, .doc = "armijo: factor between two trials", .example = "0.8"},
  {.id = "growth", .type = PARAM_REAL, .at = offsetof(struct conf, growth), .def = 2, .min = 1, .max = 100,
   .doc = "armijo: the first trial is the last rate times this", .example = "2"},
  {0},
};

struct work {
  double *g, *p, *trial;
};

static enum status work_new(struct work *k, size_t d, struct err *e)
{
  void *memory;
  enum status s = mem_new(&memory, 3, d * sizeof(double), "gradient descent", e);
  if (s == STATUS_OK)
    *k = (struct work){memory, (double *)memory + d, (double *)memory + 2 * d};
  return s;
}

static enum status smooth_rate(const struct conf *c, struct minimize *m, double *rate, struct err *e)
{
  enum status s = objective_constants(m->f, m->exec, e);
  if (s != STATUS_OK)
    return s;
  if (!isfinite(m->f->smoothness) || !(m->f->smoothness > 0))
    return err_set(e, STATUS_UNSUPPORTED, "objective \"%s\" has no known L: use rule = \"armijo\" or \"fixed\"", m->f->of.method->id);
  *rate = c->rate / m->f->smoothness;
  return STATUS_OK;
}

/* One step of either kind; false where no trial decreases the value any more. */
static bool step(const struct conf *c, struct minimize *m, struct work *k, double value, double *rate)
{
  size_t d = m->f->d;
  if (c->rule != RULE_ARMIJO) {
    for (size_t j = 0; j < d; j++)
      m->w[j] -= *rate * k->g[j];
    return true;
  }
  for (size_t j = 0; j < d; j++)
    k->p[j] = -k->g[j];
  struct line line = {.m = m, .w = m->w, .p = k->p, .value = value, .slope = -vec_dot_f64(k->g, k->g, d), .trial = k->trial};
  *rate = line_armijo(&line, *rate, c->c, c->beta, 60);
  for (size_t j = 0; j < d && *rate > 0; j++)
    m->w[j] = k->trial[j];
  return *rate > 0;
}

static enum status run(const void *conf, struct minimize *m, struct err *e)
{
  const struct conf *c = conf;
  struct work k = {0};
  double rate = c->rate;
  enum status s = c->rule == RULE_SMOOTHNESS ? smooth_rate(c, m, &rate, e) : STATUS_OK;
  if (s == STATUS_OK)
    s = work_new(&k, m->f->d, e);
  if (s != STATUS_OK)
    return s;
  struct minimize_point p = {.w = m->w, .gradient = k.g, .value = minimize_gradient(m, m->w, k.g), .step = NAN};
  while (minimize_go_on(m, &p)) {
    double first = p.iterations > 0 && c->rule == RULE_ARMIJO ? rate * c->growth : rate;
    rate = first;
    if (!step(c, m, &k, p.value, &rate)) {
      p.iterations = 0;
      minimize_converged(m, &p);
      break;
    }
    p.value = minimize_gradient(m, m->w, k.g);
    p.step = rate;
    p.iterations = 1;
  }
  free(k.g);
  return m->status;
}

const struct minimizer minimizer_gradient_descent = {
  .m = {.kind = KIND_MINIMIZER,
        .id = "gradient-descent",
        .name = "Gradient descent",
        .summary = "steps against the whole gradient: rate 1/L, fixed, or by backtracking",
        .formula = "w <- w - eta grad f(w); 1/L: eta = rate/L\n"
                   "armijo: the largest eta = beta^k eta_0 with f(w - eta g) <= f(w) - c eta |g|^2, eta_0 = growth * last eta",
        .cite = "Cauchy 1847, Methode generale pour la resolution des systemes d'equations simultanees; "
                "Armijo 1966, Minimization of functions having Lipschitz continuous first partial derivatives",
        .notes = "With eta = 1/L: f(w_k) - f* <= L |w_0 - w*|^2/(2k) for convex f, and a factor of at most 1 - mu/L an iteration with "
                 "strong convexity mu. Armijo ends as \"converged\" where no step decreases the value in float64.",
        .example = "assay.minimizer(\"gradient-descent\", {rule = \"armijo\"})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .run = run,
};
