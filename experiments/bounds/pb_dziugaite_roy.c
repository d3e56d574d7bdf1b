/* pb_dziugaite_roy.c: the PAC-Bayes bound of Dziugaite and Roy: the prior's variance from an endless grid. */
#include "experiments/bounds/pac_bayes.h"
#include "experiments/kernel/tail.h"

struct conf {
  struct pac_bayes p;
  double kl, variance, b, c;
};

static const struct param params[] = {
  PAC_BAYES_PARAMS(struct conf, p),
  {.id = "kl", .type = PARAM_REAL, .at = offsetof(struct conf, kl), .min = 0, .max = INFINITY, .flags = PARAM_AUTO,
   .unit = "nats", .doc = "KL(posterior || prior) (typed, or of the subject)", .example = "20"},
  {.id = "variance", .type = PARAM_REAL, .at = offsetof(struct conf, variance), .min = 0, .max = 1e6, .flags = PARAM_AUTO | PARAM_MIN_OPEN,
   .doc = "variance lam of the prior of the typed kl: one of c exp(-j/b), j = 1, 2, …", .example = "0.01"},
  {.id = "b", .type = PARAM_REAL, .at = offsetof(struct conf, b), .def = 100, .min = 0, .max = 1e6, .flags = PARAM_MIN_OPEN,
   .doc = "how fine the grid is", .example = "100"},
  {.id = "c", .type = PARAM_REAL, .at = offsetof(struct conf, c), .def = 0.1, .min = 0, .max = 1e6, .flags = PARAM_MIN_OPEN,
   .doc = "no variance reaches this", .example = "0.1"},
  {0},
};

static enum status resolve(void *conf, struct err *e)
{
  const struct conf *c = conf;
  double most = c->c * exp(-1 / c->b);
  if (!isnan(c->variance) && !(c->variance <= most * (1 + 1e-12))) /* as whoever types it may have rounded it */
    return err_set(e, STATUS_BAD_ARG, "variance must be at most c exp(-1/b) (%g), got %g", most, c->variance);
  if (c->p.n == 1)
    return err_set(e, STATUS_BAD_ARG, "n must be at least 2, got 1");
  return STATUS_OK;
}

/* What index j >= 1 costs: 6/(pi^2 j^2) of delta. */
static double cost(double j) { return 2 * log(j) + log(M_PI * M_PI / 6); }

static double value(const void *conf, double n, double risk, double kl, struct bound_value *out)
{
  const struct conf *c = conf;
  double budget = kl + log(n / c->p.delta);
  if (out)
    bound_term(out, "budget", budget);
  return kl_inv(risk, budget / (n - 1));
}

static double kl_at(const struct conf *c, const struct pac_bayes_gaussian *q, double j, double *sd)
{
  double sds[NET_MAX_LAYERS];
  *sd = sqrt(c->c * exp(-j / c->b));
  for (size_t l = 0; l < q->layers; l++)
    sds[l] = *sd;
  return pac_bayes_kl(q, sds);
}

/* The best j >= 1. In j, KL falls and then rises with a slope that only grows, the cost rises ever more slowly: from the best j for
 * KL alone, go down while that helps. */
static struct pac_bayes_prior prior(const void *conf, const struct pac_bayes_gaussian *q, size_t k)
{
  const struct conf *c = conf;
  double count = 0, square = 0, sd;
  (void)k;
  for (size_t l = 0; l < q->layers; l++) {
    count += q->parameters[l];
    square += q->variance[l] + q->distance2[l];
  }
  double j = fmin(fmax(ceil(-c->b * log(square / count / c->c)), 1), 1e9), kl = kl_at(c, q, j, &sd);
  while (j > 1 && kl_at(c, q, j - 1, &sd) + cost(j - 1) < kl + cost(j))
    kl = kl_at(c, q, --j, &sd);
  kl = kl_at(c, q, j, &sd);
  return (struct pac_bayes_prior){.sd = sd, .kl = kl, .cost = cost(j)};
}

/* By the published formula, j being what the variance says. */
static double typed(const void *conf, const char **missing)
{
  const struct conf *c = conf;
  *missing = isnan(c->kl) ? "kl" : "variance";
  return c->kl + cost(c->b * log(c->c / c->variance));
}

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in,
                            struct bound_value *out, struct err *e)
{
  static const struct pac_bayes_form form = {value, prior, typed};
  const struct conf *c = conf;
  if (in->subject && (!isnan(c->kl) || !isnan(c->variance)))
    return err_set(e, STATUS_BAD_ARG, "%s comes from the subject: leave it out (or leave out the subject)", isnan(c->kl) ? "variance" : "kl");
  return pac_bayes_evaluate(&c->p, conf, &form, x, in, out, e);
}

const struct bound bound_pb_dziugaite_roy = {
  .m = {.kind = KIND_BOUND,
        .id = "pb-dziugaite-roy",
        .name = "Dziugaite-Roy bound",
        .summary = "PAC-Bayes bound for a net with Gaussian noise, the prior's variance taken from an endless grid",
        .formula = "kl(Lhat(Q)||L(Q)) <= (KL(Q||P) + 2 ln(b ln(c/lam)) + ln(pi^2 n/(6 delta)))/(n - 1),\n"
                   "P = N(w_0, lam I),  lam = c exp(-j/b),  j = 1, 2, …",
        .cite = "Dziugaite and Roy 2017, Computing nonvacuous generalization bounds for deep (stochastic) neural networks with many more "
                "parameters than training data",
        .notes = PAC_BAYES_NOTES " The paper takes delta = 0.025, b = 100 and c = 0.1. Its n - 1 and ln n are those of Langford and "
                                 "Seeger 2001, a little weaker than Maurer's in pb-kl.",
        .example = "assay.bound(\"pb-dziugaite-roy\", {n = 55000, risk = 0.03, kl = 5000, variance = 0.01, delta = 0.025})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_HP,
        .resolve = resolve},
  .evaluate = evaluate,
};
