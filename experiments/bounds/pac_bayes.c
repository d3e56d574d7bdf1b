/* pac_bayes.c: see pac_bayes.h. */
#include "experiments/bounds/pac_bayes.h"

#include "experiments/kernel/tail.h"

const char *const pac_bayes_required[] = {"n", "risk", "kl", NULL};

double pac_bayes_risk(const struct pac_bayes *c, struct bound_value *out)
{
  double risk = c->risk;
  if (c->draws > 0) {
    bound_term(out, "sampled", c->risk);
    risk = kl_inv(c->risk, log(2 / c->mc_delta) / (double)c->draws);
  }
  bound_term(out, "risk", risk);
  bound_term(out, "kl", c->kl);
  bound_term(out, "failure", c->delta + (c->draws > 0 ? c->mc_delta : 0));
  return risk;
}

double pac_bayes_budget(const struct pac_bayes *c, struct bound_value *out)
{
  double budget = c->kl + log(2) + log((double)c->n) / 2 - log(c->delta);
  bound_term(out, "budget", budget);
  return budget;
}
