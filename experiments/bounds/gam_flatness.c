/* gam_flatness.c: first-order flatness as a measure. The gradient and its radius belong together, so both come from one probe. */
#include "experiments/bounds/bound.h"

extern const struct probe probe_gradient_flatness;

struct conf {
  double rho, gradient;
  int64_t steps, starts;
};

static const struct param params[] = {
  {.id = "gradient", .type = PARAM_REAL, .at = offsetof(struct conf, gradient), .min = 0, .max = INFINITY, .flags = PARAM_AUTO,
   .doc = "largest norm of the gradient in the ball; auto: found by the probe \"gradient-flatness\" around a subject's weights", .example = "0.3"},
  {.id = "rho", .type = PARAM_REAL, .at = offsetof(struct conf, rho), .def = 0.05, .min = 0, .max = 1e3,
   .flags = PARAM_MIN_OPEN | PARAM_LOG, .doc = "radius of the ball", .example = "0.1"},
  {.id = "steps", .type = PARAM_INT, .at = offsetof(struct conf, steps), .def = 0, .min = 0, .max = 1e6,
   .doc = "steps of ascent; 0: the one step along Hg", .example = "20"},
  {.id = "starts", .type = PARAM_INT, .at = offsetof(struct conf, starts), .def = 3, .min = 1, .max = 1000,
   .doc = "ascents, where there are steps", .example = "5"},
  {0},
};

static enum status find_gradient(const struct conf *c, const struct exec *x, const struct bound_input *in, double *gradient, struct err *e)
{
  const struct named_value values[] = {{"rho", {.kind = VALUE_REAL, .as.r = c->rho}},
                                       {"steps", {.kind = VALUE_INT, .as.i = c->steps}},
                                       {"starts", {.kind = VALUE_INT, .as.i = c->starts}}};
  const struct probe_value *v;
  *gradient = c->gradient;
  if (!isnan(*gradient))
    return STATUS_OK;
  if (!in->subject)
    return bound_missing(e, "gradient");
  enum status s = bound_probe(x, in, &probe_gradient_flatness, values, sizeof values / sizeof *values, &v, e);
  if (s == STATUS_OK)
    *gradient = probe_number(v, "max_gradient", PROBE_WHOLE);
  return s;
}

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in, struct bound_value *out, struct err *e)
{
  const struct conf *c = conf;
  double gradient;
  enum status s = find_gradient(c, x, in, &gradient, e);
  if (s != STATUS_OK)
    return s;
  bound_term(out, "rho", c->rho);
  bound_term(out, "gradient", gradient);
  out->trivial = INFINITY;
  out->value = c->rho * gradient;
  return STATUS_OK;
}

const struct bound bound_gam_flatness = {
  .m = {.kind = KIND_BOUND,
        .id = "gam-flatness",
        .name = "First-order flatness",
        .summary = "radius times the largest gradient in a ball around the weights",
        .formula = "R1 = rho max_{|e| <= rho} |grad F_S(w + e)|",
        .cite = "Zhang, Xu, Yu, Zou and Cui 2023, Gradient norm aware minimization seeks first-order flatness and improves generalization",
        .notes = "Never below the sharpness max F_S(w + e) - F_S(w) of the same ball. It changes when a relu net is rescaled, which changes "
                 "no prediction.",
        .example = "assay.bound(\"gam-flatness\", {gradient = 0.3})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_C},
  .evaluate = evaluate,
};
