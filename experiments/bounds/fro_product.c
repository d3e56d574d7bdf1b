/* fro_product.c: the product of the layers' Frobenius norms. */
#include "experiments/bounds/measure.h"

struct conf {
  struct param_list frobenius;
};

static const struct param params[] = {
  MEASURE_NORMS_PARAM(struct conf, frobenius, "frobenius", "Frobenius norm of each layer's weights (have to be given)"),
  {0},
};

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in,
                            struct bound_value *out, struct err *e)
{
  (void)x;
  const struct conf *c = conf;
  struct layer_numbers frobenius;
  enum status s = measure_numbers(&c->frobenius, in, "frobenius", &frobenius, e);
  if (s != STATUS_OK)
    return s;
  measure_set_log(out, measure_log_product(&frobenius));
  return STATUS_OK;
}

const struct bound bound_fro_product = {
  .m = {.kind = KIND_BOUND,
        .id = "fro-product",
        .name = "Product of Frobenius norms",
        .summary = "product over the layers of the Frobenius norms of the weights",
        .formula = "prod_l |W_l|_F",
        .cite = "Neyshabur, Tomioka and Srebro 2015, Norm-based capacity control in neural networks",
        .notes = "It grows when a relu net is rescaled between layers, which changes no prediction, unless the norms stay balanced.",
        .example = "assay.bound(\"fro-product\", {frobenius = {3, 2}})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .needs = measure_needs,
        .statement = STATEMENT_C},
  .evaluate = evaluate,
};
