/* sam_bound.c: the sharpness term of the PAC-Bayes theorem behind sharpness-aware minimisation. */
#include "experiments/bounds/bound.h"
#include "experiments/kernel/vec.h"

extern const struct probe probe_sharpness;

struct conf {
  int64_t n, steps, starts;
  double delta, rho, cap, worst, norm, parameters;
};

static enum status take_norm(const struct exec *x, const struct bound_input *in, struct taken *out, struct err *e)
{
  (void)x, (void)e;
  out->number = vec_norm2_f32(in->subject->weights, in->subject->net->n_params); /* the padding is 0 */
  return STATUS_OK;
}

static enum status take_parameters(const struct exec *x, const struct bound_input *in, struct taken *out, struct err *e)
{
  (void)x, (void)e;
  out->number = (double)in->subject->net->n_logical;
  return STATUS_OK;
}

static const struct quantity quantity_norm = {"the norm of all weights and biases", take_norm};
static const struct quantity quantity_parameters = {"the number of weights and biases", take_parameters};

static const struct param params[] = {
  BOUND_N_PARAM(struct conf, n),
  BOUND_DELTA_PARAM(struct conf, delta),
  {.id = "worst", .type = PARAM_REAL, .at = offsetof(struct conf, worst), .min = 0, .max = 1, .flags = PARAM_AUTO,
   .doc = "largest loss in the ball, in [0, 1]; auto: (loss + sharpness)/cap of a subject, at most 1", .example = "0.2"},
  {.id = "norm", .type = PARAM_REAL, .at = offsetof(struct conf, norm), .min = 0, .max = INFINITY, .flags = PARAM_AUTO,
   .doc = "Euclidean norm of the weights", .example = "10", .from = &quantity_norm},
  {.id = "parameters", .type = PARAM_REAL, .at = offsetof(struct conf, parameters), .min = 1, .max = 1e15, .flags = PARAM_AUTO,
   .doc = "number of weights k", .example = "1000", .from = &quantity_parameters},
  {.id = "rho", .type = PARAM_REAL, .at = offsetof(struct conf, rho), .def = 0.05, .min = 0, .max = 1e3,
   .flags = PARAM_MIN_OPEN | PARAM_LOG, .doc = "radius of the ball", .example = "0.1"},
  {.id = "cap", .type = PARAM_REAL, .at = offsetof(struct conf, cap), .def = 9.210340371976184, .min = 0, .max = 1e6,
   .flags = PARAM_MIN_OPEN, .unit = "nats", .doc = "the loss is cut at cap and divided by it (ln 1e4)", .example = "5"},
  {.id = "steps", .type = PARAM_INT, .at = offsetof(struct conf, steps), .def = 0, .min = 0, .max = 1e6,
   .doc = "steps of the ascent that looks for the largest loss; 0: one step along the gradient", .example = "10"},
  {.id = "starts", .type = PARAM_INT, .at = offsetof(struct conf, starts), .def = 3, .min = 1, .max = 1000,
   .doc = "ascents, where there are steps", .example = "5"},
  {0},
};

/* By the concavity of min(., cap), the mean of the cut losses is at most the cut mean loss. */
static enum status find_worst(const struct conf *c, const struct exec *x, const struct bound_input *in, double *worst, struct err *e)
{
  const struct named_value values[] = {{"rho", {.kind = VALUE_REAL, .as.r = c->rho}},
                                       {"steps", {.kind = VALUE_INT, .as.i = c->steps}},
                                       {"starts", {.kind = VALUE_INT, .as.i = c->starts}}};
  const struct probe_value *v;
  *worst = c->worst;
  if (!isnan(*worst))
    return STATUS_OK;
  if (!in->subject)
    return bound_missing(e, "worst");
  enum status s = bound_probe(x, in, &probe_sharpness, values, sizeof values / sizeof *values, &v, e);
  if (s == STATUS_OK)
    *worst = fmin((probe_number(v, "loss", PROBE_WHOLE) + probe_number(v, "sharpness", PROBE_WHOLE)) / c->cap, 1);
  return s;
}

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in, struct bound_value *out, struct err *e)
{
  const struct conf *c = conf;
  double worst, n = (double)c->n, k = c->parameters, ratio = c->norm / c->rho, spread = 1 + sqrt(log(n) / k);
  enum status s = c->n > 1 ? STATUS_OK : err_set(e, STATUS_BAD_ARG, "n must be at least 2, got %lld", (long long)c->n);
  s = s ? s : find_worst(c, x, in, &worst, e);
  if (s != STATUS_OK)
    return s;
  double complexity = k * log1p(ratio * ratio * spread * spread) + 4 * log(n / c->delta);
  bound_term(out, "worst", worst);
  bound_term(out, "complexity", complexity);
  out->trivial = INFINITY;
  out->value = worst + sqrt(complexity / (n - 1));
  return STATUS_OK;
}

static const char *const required[] = {"n", "norm", "parameters", NULL};

const struct bound bound_sam_bound = {
  .m = {.kind = KIND_BOUND,
        .id = "sam-bound",
        .name = "Sharpness-aware complexity",
        .summary = "largest loss in a ball around the weights, and what the ball's radius costs",
        .formula = "max_{|e| <= rho} F_S(w + e) + sqrt((k ln(1 + (|w|^2/rho^2) (1 + sqrt(ln(n)/k))^2) + 4 ln(n/delta))/(n - 1))",
        .cite = "Foret, Kleiner, Mobahi and Neyshabur 2021, Sharpness-aware minimization for efficiently improving generalization",
        .notes = "The theorem adds a term of unknown constant and asks that noise does not lower the true risk: so it ranks models, it bounds "
                 "nothing. The largest loss is the largest that the ascent has seen; with steps = 0 that of the one step of SAM.",
        .example = "assay.bound(\"sam-bound\", {n = 1000, worst = 0.2, norm = 10, parameters = 500})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_C},
  .required = required,
  .evaluate = evaluate,
};
