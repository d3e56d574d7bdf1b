/* subgradient.c: the projected subgradient method: for convex functions that need not be smooth. */
#include <math.h>
#include <string.h>

#include "experiments/minimize/mirror.h"

enum { RULE_ROOT, RULE_STRONG };
static const char *const rules[] = {"root", "strong", NULL};

struct conf {
  struct mirror_conf base;
  int rule;
  double mu;
};

static const struct param params[] = {
  FEASIBLE_PARAMS(struct conf, base.set),
  {.id = "rule", .type = PARAM_CHOICE, .at = offsetof(struct conf, rule), .choices = rules,
   .doc = "root: c/sqrt(t + 1); strong: 2/(mu (t + 2)), of an objective with strong convexity mu", .example = "strong"},
  MIRROR_RATE_PARAMS(struct conf, base.rate, base.horizon),
  {.id = "mu", .type = PARAM_REAL, .at = offsetof(struct conf, mu), .min = 0, .max = 1e12, .flags = PARAM_AUTO | PARAM_LOG | PARAM_MIN_OPEN,
   .doc = "strong: the strong convexity; auto: that of the objective", .example = "0.01"},
  {0},
};

/* The mean of the points where gradients were taken; strong: point t has weight t + 1. */
static void iterate(const void *conf, struct mirror *k, uint64_t t)
{
  const struct conf *c = conf;
  double mu = isnan(c->mu) ? k->m->f->strong_convexity : c->mu;
  k->rate = c->rule == RULE_STRONG ? 2 / (mu * ((double)t + 2)) : mirror_rate(k, t);
  k->weight = c->rule == RULE_STRONG ? (double)t + 1 : 1;
  k->point = k->other;
  memcpy(k->other, k->x, k->d * sizeof *k->x);
  minimize_gradient(k->m, k->x, k->g);
  mirror_step(k, k->x, k->rate, k->g, k->x);
}

static enum status run(const void *conf, struct minimize *m, struct err *e)
{
  const struct conf *c = conf;
  enum status s = c->rule == RULE_STRONG && isnan(c->mu) ? objective_constants(m->f, m->exec, e) : STATUS_OK;
  if (s != STATUS_OK)
    return s;
  if (c->rule == RULE_STRONG && isnan(c->mu) && !(m->f->strong_convexity > 0))
    return err_set(e, STATUS_UNSUPPORTED, "objective \"%s\" has no known strong convexity: give mu, or use rule = \"root\"", m->f->of.method->id);
  return mirror_run(conf, &c->base, m, iterate, e);
}

const struct minimizer minimizer_subgradient = {
  .m = {.kind = KIND_MINIMIZER,
        .id = "subgradient",
        .name = "Projected subgradient method",
        .summary = "falling steps against any subgradient, back into the set; the average is the result",
        .formula = "x_(t+1) = P(x_t - rate_t g_t), g_t a subgradient at x_t, P the nearest point of the region; result: mean of x_0 ... x_t\n"
                   "root: rate_t = rate/sqrt(t + 1), horizon: rate/sqrt(T);  strong: 2/(mu (t + 2)), x_t weighs t + 1",
        .cite = "Shor 1985, Minimization methods for non-differentiable functions; Bubeck 2015, Convex optimization: algorithms and complexity, "
                "theorems 3.2 and 3.9",
        .notes = "Of a convex f with |g| <= G, R = |x_0 - x*|: with horizon and rate = R/G the gap is at most R G/sqrt(T). strong: at most "
                 "2 G^2/(mu (T + 1)). No method that sees only subgradients is faster in the worst case.",
        .example = "assay.minimizer(\"subgradient\", {region = \"ball\", radius = 2, rate = 0.5})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .run = run,
};
