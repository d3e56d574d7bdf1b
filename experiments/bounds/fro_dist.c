/* fro_dist.c: how far the weights have moved from where training began. */
#include "experiments/bounds/measure.h"

struct conf {
  struct param_list distance;
  int64_t n;
};

extern const struct probe probe_layer_norms;

static enum status take_distance(const struct exec *x, const struct bound_input *in, struct taken *out, struct err *e)
{
  const struct probe_value *v;
  if (!in->subject->start)
    return err_set(e, STATUS_BAD_ARG, "the weights at the start are not known: give start = weights");
  enum status s = bound_probe(x, in, &probe_layer_norms, NULL, 0, &v, e);
  return s ? s : taken_layers(v, "frobenius_start", out, e);
}

static const struct quantity distance = {"of the weights from those at the start", take_distance};

static const struct param params[] = {
  {.id = "distance", .type = PARAM_LIST, .at = offsetof(struct conf, distance), .min = 0, .max = INFINITY,
   .doc = "Frobenius norm of each layer's weights less their start", .example = "1,0.5", .from = &distance},
  BOUND_N_PARAM(struct conf, n),
  {0},
};

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in, struct bound_value *out, struct err *e)
{
  (void)x, (void)in, (void)e;
  const struct conf *c = conf;
  measure_set_norm(out, &c->distance, c->n);
  return STATUS_OK;
}

static const char *const required[] = {"distance", "n", NULL};

const struct bound bound_fro_dist = {
  .m = {.kind = KIND_BOUND,
        .id = "fro-dist",
        .name = "Distance from the start",
        .summary = "distance of the weights from their start over the root of the examples",
        .formula = "sqrt(sum_l |W_l - W_l^0|_F^2/n)",
        .cite = "Jiang, Neyshabur, Mobahi, Krishnan and Bengio 2020, Fantastic generalization measures and where to find them",
        .notes = "Equation 40 there, in the form in which the study compares it. Biases are left out.",
        .example = "assay.bound(\"fro-dist\", {n = 1000, distance = {1, 0.5}})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_C},
  .required = required,
  .evaluate = evaluate,
};
