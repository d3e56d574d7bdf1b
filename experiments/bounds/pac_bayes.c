/* pac_bayes.c: see pac_bayes.h. */
#include "experiments/bounds/pac_bayes.h"

#include "experiments/kernel/tail.h"

extern const struct probe probe_posterior;

const char *const pac_bayes_loss_names[] = {"error", "bounded", NULL};

double pac_bayes_budget(double n, double kl, double delta, struct bound_value *out)
{
  double budget = kl + log(2) + log(n) / 2 - log(delta);
  if (out)
    bound_term(out, "budget", budget);
  return budget;
}

/* --- the prior ------------------------------------------------------------------------------------------------- */

/* sum_i [ln(sp/sq_i) + (sq_i^2 + (mu_i - m_i)^2)/(2 sp^2) - 1/2] over the parameters of a layer. */
static double layer_kl(const struct pac_bayes_gaussian *q, size_t l, double sd)
{
  double kl = q->parameters[l] * (log(sd) - 0.5) - q->log_sd[l] + (q->variance[l] + q->distance2[l]) / (2 * sd * sd);
  return fmax(kl, 0);
}

double pac_bayes_kl(const struct pac_bayes_gaussian *q, const double *sd)
{
  double kl = 0;
  for (size_t l = 0; l < q->layers; l++)
    kl += layer_kl(q, l, sd[l]);
  return kl;
}

/* Index on the grid, in [0, sds), of the best sd for layers first .. last together. KL falls up to the sd whose square is
 * the mean of variance + distance2 and rises from there: the best is one of its two neighbours. */
static double best_sd(const struct pac_bayes_grid *g, const struct pac_bayes_gaussian *q, size_t first, size_t last)
{
  double count = 0, square = 0, best = INFINITY, best_sd = g->most;
  for (size_t l = first; l < last; l++) {
    count += q->parameters[l];
    square += q->variance[l] + q->distance2[l];
  }
  double at = (log(square / count) / 2 - log(g->most)) / log(g->ratio);
  for (int side = 0; side < 2; side++) {
    double j = fmin(fmax(floor(at) + side, 0), (double)g->sds - 1), sd = g->most * pow(g->ratio, j), kl = 0;
    for (size_t l = first; l < last; l++)
      kl += layer_kl(q, l, sd);
    if (kl < best)
      best = kl, best_sd = sd;
  }
  return best_sd;
}

struct pac_bayes_prior pac_bayes_grid_prior(const struct pac_bayes_grid *g, const struct pac_bayes_gaussian *q)
{
  double sd[NET_MAX_LAYERS] = {0};
  for (size_t l = 0; l < q->layers; l++)
    sd[l] = g->per_layer ? best_sd(g, q, l, l + 1) : l ? sd[0] : best_sd(g, q, 0, q->layers);
  return (struct pac_bayes_prior){.sd = sd[q->layers - 1], .kl = pac_bayes_kl(q, sd),
                                  .cost = log((double)g->sds) * (g->per_layer ? (double)q->layers : 1)};
}

/* --- from typed numbers ---------------------------------------------------------------------------------------- */

static enum status from_numbers(const struct pac_bayes *c, const void *conf, const struct pac_bayes_form *form,
                                struct bound_value *out, struct err *e)
{
  const char *missing = NULL;
  double risk = c->risk, kl = form->typed(conf, &missing);
  if (c->n == PARAM_AUTO_INT)
    return bound_missing(e, "n");
  if (isnan(risk))
    return bound_missing(e, "risk");
  if (isnan(kl))
    return bound_missing(e, missing);
  if (c->draws > 0) {
    bound_term(out, "sampled", c->risk);
    risk = kl_inv(c->risk, log(2 / c->mc_delta) / (double)c->draws);
  }
  bound_term(out, "risk", risk);
  bound_term(out, "kl", kl);
  bound_term(out, "failure", c->delta + (c->draws > 0 ? c->mc_delta : 0));
  out->value = form->value(conf, (double)c->n, risk, kl, out);
  return STATUS_OK;
}

/* --- from a subject -------------------------------------------------------------------------------------------- */

/* Number k of an array of the whole net. */
static double item(const struct probe_value *v, const char *name, size_t layer, size_t k)
{
  const struct probe_array *a = probe_find(v, name, layer);
  return a && k < a->value.rows ? mat_get(&a->value, k, 0) : (double)NAN;
}

static struct pac_bayes_gaussian gaussian_of(const struct probe_value *v, size_t k)
{
  struct pac_bayes_gaussian q = {.sd = item(v, "sd", PROBE_WHOLE, k)};
  for (size_t l = 0; l < NET_MAX_LAYERS; l++) /* layers without parameters have no arrays */
    if (probe_find(v, "parameters", l)) {
      q.parameters[q.layers] = probe_number(v, "parameters", l);
      q.distance2[q.layers] = probe_number(v, "distance2", l);
      q.log_sd[q.layers] = item(v, "log_sd", l, k);
      q.variance[q.layers++] = item(v, "variance", l, k);
    }
  return q;
}

struct choice {
  size_t k;
  double value, risk;
  struct pac_bayes_prior prior;
};

static struct choice best_posterior(const struct pac_bayes *c, const void *conf, const struct pac_bayes_form *form,
                                    const struct probe_value *v, size_t posteriors)
{
  const char *loss = pac_bayes_loss_names[c->loss];
  double n = probe_number(v, "n", PROBE_WHOLE), spread = log(2 * (double)posteriors / c->mc_delta) / probe_number(v, "draws", PROBE_WHOLE);
  struct choice best = {.value = NAN};
  for (size_t k = 0; k < posteriors; k++) {
    struct pac_bayes_gaussian q = gaussian_of(v, k);
    struct choice now = {.k = k, .risk = kl_inv(item(v, loss, PROBE_WHOLE, k), spread), .prior = form->prior(conf, &q, posteriors)};
    now.value = form->value(conf, n, now.risk, now.prior.kl + now.prior.cost, NULL);
    best = isnan(best.value) || now.value < best.value ? now : best;
  }
  return best;
}

static enum status from_facts(const struct pac_bayes *c, const void *conf, const struct pac_bayes_form *form, const struct probe_value *v,
                              struct bound_value *out, struct err *e)
{
  const char *loss = pac_bayes_loss_names[c->loss];
  const struct probe_array *risks = probe_find(v, loss, PROBE_WHOLE);
  if (!risks || !probe_find(v, "draws", PROBE_WHOLE) || !probe_find(v, "known", PROBE_WHOLE))
    return err_set(e, STATUS_BAD_ARG, "posterior must be a probe that gives posteriors (posterior or pb-opt)");
  struct choice best = best_posterior(c, conf, form, v, risks->value.rows);
  if (isnan(best.value))
    return err_set(e, STATUS_BAD_ARG, "this bound needs a posterior with the same noise everywhere: probe \"posterior\" with scale = \"all\"");
  bound_term(out, "sampled", item(v, loss, PROBE_WHOLE, best.k));
  bound_term(out, "sampled_se", item(v, c->loss == PAC_BAYES_ERROR ? "error_se" : "bounded_se", PROBE_WHOLE, best.k));
  bound_term(out, "risk", best.risk);
  bound_term(out, "kl", best.prior.kl);
  bound_term(out, "prior_cost", best.prior.cost);
  bound_term(out, "prior_sd", best.prior.sd);
  if (probe_find(v, "sd", PROBE_WHOLE))
    bound_term(out, "sd", item(v, "sd", PROBE_WHOLE, best.k));
  bound_term(out, "posteriors", (double)risks->value.rows);
  bound_term(out, "draws", probe_number(v, "draws", PROBE_WHOLE));
  bound_term(out, "n", probe_number(v, "n", PROBE_WHOLE));
  bound_term(out, "failure", c->delta + c->mc_delta);
  out->assumptions_checked = probe_number(v, "known", PROBE_WHOLE) > 0;
  out->value = form->value(conf, probe_number(v, "n", PROBE_WHOLE), best.risk, best.prior.kl + best.prior.cost, out);
  return STATUS_OK;
}

enum status pac_bayes_evaluate(const struct pac_bayes *c, const void *conf, const struct pac_bayes_form *form, const struct exec *x,
                               const struct bound_input *in, struct bound_value *out, struct err *e)
{
  const char *name;
  if (!in->subject)
    return from_numbers(c, conf, form, out, e);
  const char *typed = !isnan(c->risk) ? "risk" : c->n != PARAM_AUTO_INT ? "n" : !isnan(form->typed(conf, &name)) ? name : c->draws ? "draws" : NULL;
  if (typed)
    return err_set(e, STATUS_BAD_ARG, "%s comes from the subject: leave it out (or leave out the subject)", typed);
  const struct probe_value *v = NULL;
  enum status s = bound_probe_chosen(x, in, &c->posterior, &probe_posterior, &v, e);
  return s ? s : from_facts(c, conf, form, v, out, e);
}

static struct pac_bayes_prior grid_prior(const void *conf, const struct pac_bayes_gaussian *q, size_t k)
{
  (void)k;
  return pac_bayes_grid_prior(&((const struct pac_bayes_gridded *)conf)->g, q);
}

static double grid_typed(const void *conf, const char **missing)
{
  *missing = "kl";
  return ((const struct pac_bayes_gridded *)conf)->g.kl;
}

enum status pac_bayes_grid_evaluate(const void *conf, pac_bayes_value *value, const struct exec *x, const struct bound_input *in,
                                    struct bound_value *out, struct err *e)
{
  const struct pac_bayes_form form = {value, grid_prior, grid_typed};
  return pac_bayes_evaluate(conf, conf, &form, x, in, out, e);
}
