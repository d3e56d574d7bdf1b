/* fro_product.c: the product of the layers' Frobenius norms. */
#include "experiments/bounds/measure.h"

struct conf {
  struct param_list frobenius;
};

static const struct param params[] = {
  MEASURE_NORMS_PARAM(struct conf, frobenius, "frobenius", "Frobenius norm of each layer's weights", &quantity_frobenius),
  {0},
};

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in,
                            struct bound_value *out, struct err *e)
{
  (void)x, (void)in, (void)e;
  const struct conf *c = conf;
  measure_set_log(out, measure_log_product(&c->frobenius));
  return STATUS_OK;
}

static const char *const required[] = {"frobenius", NULL};

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
        .statement = STATEMENT_C},
  .required = required,
  .evaluate = evaluate,
};
