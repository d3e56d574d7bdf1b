/* weight_noise.c: the PAC-Bayes bound for noise added to trained weights, with the same noise on the prior's. */
#include "experiments/bounds/pac_bayes.h"
#include "experiments/kernel/tail.h"

struct conf {
  struct pac_bayes p;
  double distance, sd;
  int64_t sds;
};

static const struct param params[] = {
  PAC_BAYES_PARAMS(struct conf, p),
  {.id = "distance", .type = PARAM_REAL, .at = offsetof(struct conf, distance), .min = 0, .max = INFINITY, .flags = PARAM_AUTO,
   .doc = "distance of the weights from the prior's centre (typed, or of the subject)", .example = "2"},
  {.id = "sd", .type = PARAM_REAL, .at = offsetof(struct conf, sd), .min = 0, .max = INFINITY, .flags = PARAM_AUTO | PARAM_MIN_OPEN,
   .doc = "standard deviation of the noise (typed, or of the subject)", .example = "0.1"},
  {.id = "sds", .type = PARAM_INT, .at = offsetof(struct conf, sds), .def = 1, .min = 1, .max = 1e9,
   .doc = "the typed sd was chosen among this many, fixed in advance: costs ln sds", .example = "5"},
  {0},
};

static double value(const void *conf, double n, double risk, double kl, struct bound_value *out)
{
  return kl_inv(risk, pac_bayes_budget(n, kl, ((const struct conf *)conf)->p.delta, out) / n);
}

/* Prior and posterior share the sd of the probe's list: NaN where the posterior's noise is another. */
static struct pac_bayes_prior prior(const void *conf, const struct pac_bayes_gaussian *q, size_t k)
{
  double distance2 = 0, kl;
  bool same = true;
  (void)conf;
  for (size_t l = 0; l < q->layers; l++) {
    distance2 += q->distance2[l];
    same = same && fabs(q->variance[l] / q->parameters[l] / (q->sd * q->sd) - 1) < 1e-6; /* sd was rounded to float32 */
  }
  kl = same ? distance2 / (2 * q->sd * q->sd) : (double)NAN;
  return (struct pac_bayes_prior){.sd = q->sd, .kl = kl, .cost = log((double)k)};
}

static double typed(const void *conf, const char **missing)
{
  const struct conf *c = conf;
  double ratio = c->distance / c->sd;
  *missing = isnan(c->distance) ? "distance" : "sd";
  return ratio * ratio / 2 + log((double)c->sds);
}

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in,
                            struct bound_value *out, struct err *e)
{
  static const struct pac_bayes_form form = {value, prior, typed};
  const struct conf *c = conf;
  if (in->subject && (!isnan(c->distance) || !isnan(c->sd)))
    return err_set(e, STATUS_BAD_ARG, "%s comes from the subject: leave it out (or leave out the subject)", isnan(c->sd) ? "distance" : "sd");
  return pac_bayes_evaluate(&c->p, conf, &form, x, in, out, e);
}

const struct bound bound_weight_noise = {
  .m = {.kind = KIND_BOUND,
        .id = "weight-noise",
        .name = "Weight-noise bound",
        .summary = "PAC-Bayes bound for a net with Gaussian noise, equal on prior and posterior",
        .formula = "L(Q) <= kl_inv(Lhat(Q), B/n),  B = |w - w_0|^2/(2 sd^2) + ln k + ln(2 sqrt(n)/delta),\n"
                   "Q = N(w, sd^2 I),  P = N(w_0, sd^2 I),  k values of sd tried",
        .cite = "Langford and Caruana 2001, (Not) bounding the true error; Maurer 2004, A note on the PAC Bayesian theorem",
        .notes = PAC_BAYES_NOTES " A subject's posterior must have the same noise everywhere (scale = \"all\"); pb-kl, which fits the "
                                 "prior's scale, is tighter where the weights moved far.",
        .example = "assay.bound(\"weight-noise\", {n = 30000, risk = 0.02, distance = 3, sd = 0.1, sds = 4})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_HP},
  .evaluate = evaluate,
};
