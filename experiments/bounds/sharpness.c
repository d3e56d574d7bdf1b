/* sharpness.c: how much the training loss rises nearby. The rise and its radius belong together, so both come from the probe
 * that finds it. */
#include "experiments/bounds/measure.h"

struct conf {
  double rho, rise;
  int64_t steps, starts;
  bool adaptive;
};

extern const struct probe probe_sharpness;

static const struct param params[] = {
  {.id = "rise", .type = PARAM_REAL, .at = offsetof(struct conf, rise), .min = 0, .max = INFINITY, .flags = PARAM_AUTO,
   .doc = "largest rise of the loss; auto: found by the probe \"sharpness\" around a subject's weights", .example = "0.1"},
  {.id = "rho", .type = PARAM_REAL, .at = offsetof(struct conf, rho), .def = 0.05, .min = 0, .max = 1e3,
   .flags = PARAM_MIN_OPEN | PARAM_LOG, .doc = "radius of the ball", .example = "0.1"},
  {.id = "steps", .type = PARAM_INT, .at = offsetof(struct conf, steps), .def = 0, .min = 0, .max = 1e6,
   .doc = "steps of projected gradient ascent; 0: the one step along the gradient", .example = "20"},
  {.id = "starts", .type = PARAM_INT, .at = offsetof(struct conf, starts), .def = 3, .min = 1, .max = 1000,
   .doc = "ascents, where there are steps", .example = "5"},
  {.id = "adaptive", .type = PARAM_BOOL, .at = offsetof(struct conf, adaptive), .def = 0,
   .doc = "measure each weight's change relative to its size, which rescaling a relu net does not change", .example = "true"},
  {0},
};

static enum status find_rise(const struct conf *c, const struct exec *x, const struct bound_input *in, double *rise, struct err *e)
{
  const struct named_value values[] = {{"rho", {.kind = VALUE_REAL, .as.r = c->rho}},
                                       {"steps", {.kind = VALUE_INT, .as.i = c->steps}},
                                       {"starts", {.kind = VALUE_INT, .as.i = c->starts}},
                                       {"adaptive", {.kind = VALUE_BOOL, .as.b = c->adaptive}}};
  const struct probe_value *v;
  *rise = c->rise;
  if (!isnan(*rise))
    return STATUS_OK;
  if (!in->subject)
    return bound_missing(e, "rise");
  enum status s = bound_probe(x, in, &probe_sharpness, values, sizeof values / sizeof *values, &v, e);
  if (s == STATUS_OK)
    *rise = probe_number(v, "sharpness", PROBE_WHOLE);
  return s;
}

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in, struct bound_value *out, struct err *e)
{
  const struct conf *c = conf;
  double rise;
  enum status s = find_rise(c, x, in, &rise, e);
  if (s != STATUS_OK)
    return s;
  bound_term(out, "rho", c->rho);
  measure_set(out, rise);
  return STATUS_OK;
}

const struct bound bound_sharpness = {
  .m = {.kind = KIND_BOUND,
        .id = "sharpness",
        .name = "Sharpness",
        .summary = "rise of the training loss at worst in a ball around the weights",
        .formula = "max_{|e| <= rho} F_S(w + e) - F_S(w);  adaptive: |e/|w|| <= rho, element by element",
        .cite = "Keskar, Mudigere, Nocedal, Smelyanskiy and Tang 2017, On large-batch training for deep learning: generalization gap and "
                "sharp minima; Kwon, Kim, Park and Choi 2021, ASAM: adaptive sharpness-aware minimization",
        .notes = "With steps = 0 the one-step value of SAM, which costs two gradients; with steps the largest of all points visited. The "
                 "plain form changes when a relu net is rescaled, which changes no prediction; the adaptive one does not.",
        .example = "assay.bound(\"sharpness\", {rise = 0.1})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_C},
  .evaluate = evaluate,
};
