/* page.c: PAGE: at each iteration a coin decides between the whole gradient and a recursive mini-batch estimate. Optimal for smooth finite
 * sums that are not convex. */
#include <math.h>

#include "experiments/minimize/recursive.h"

struct conf {
  struct sum_conf sum;
  double p;
};

static const struct param params[] = {
  SUM_PARAMS(struct conf, sum, "1/(L_max (1 + sqrt((1-p)/(p b))))", "sqrt(n), at most 64"),
  {.id = "p", .type = PARAM_REAL, .at = offsetof(struct conf, p), .min = 0, .max = 1, .flags = PARAM_AUTO | PARAM_MIN_OPEN,
   .doc = "probability of a whole gradient; auto: b/(n + b)", .example = "0.1"},
  {0},
};

static enum status run(const void *conf, struct minimize *m, struct err *e)
{
  const struct conf *c = conf;
  double n = (double)m->f->n, l = m->f->smoothness_max, rate = c->sum.rate;
  size_t batch = (size_t)fmin(n, c->sum.batch == PARAM_AUTO_INT ? fmin(64, ceil(sqrt(n))) : (double)c->sum.batch);
  double p = isnan(c->p) ? (double)batch / (n + (double)batch) : c->p;
  if (isnan(rate) && !(l > 0 && isfinite(l)))
    return err_set(e, STATUS_UNSUPPORTED, "objective \"%s\" has no known L_max: give a rate", m->f->of.method->id);
  if (isnan(rate))
    rate = 1 / (l * (1 + sqrt((1 - p) / (p * (double)batch))));
  const struct recursive_rule rule = {.page = true, .p = p};
  return recursive_run(&c->sum, &rule, batch, rate, m, e);
}

const struct minimizer minimizer_page = {
  .m = {.kind = KIND_MINIMIZER,
        .id = "page",
        .name = "PAGE",
        .summary = "whole gradients by the toss of a coin, recursive estimates in between",
        .formula = "v = grad f(w) with probability p, else g_B(w) - g_B(w_last) + v; w <- w - rate v\n"
                   "p = b/(n + b); rate 1/(L (1 + sqrt((1-p)/(p b))))",
        .cite = "Li, Bao, Zhang and Richtarik 2021, PAGE: a simple and optimal probabilistic gradient estimator for nonconvex optimization",
        .notes = "Any finite sum, convex or not; O(n + sqrt n/eps^2) gradients to a gradient norm of eps. The theory's L is the root mean square of the "
                 "components'; L_max is at least that.",
        .example = "assay.minimizer(\"page\", {batch = 16})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .run = run,
};
