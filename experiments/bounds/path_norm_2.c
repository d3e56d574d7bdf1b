/* path_norm_2.c: the path norm: a size of the weights that rescaling a relu net does not change. */
#include "experiments/bounds/measure.h"

struct conf {
  double path_norm2;
};

static const struct param params[] = {
  BOUND_POSITIVE_FROM(struct conf, path_norm2, "path_norm2", "the squared path norm", &quantity_path_norm2),
  {0},
};

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in,
                            struct bound_value *out, struct err *e)
{
  (void)x, (void)in, (void)e;
  const struct conf *c = conf;
  bound_term(out, "squared", c->path_norm2);
  measure_set_log(out, log(c->path_norm2) / 2);
  return STATUS_OK;
}

static const char *const required[] = {"path_norm2", NULL};

const struct bound bound_path_norm_2 = {
  .m = {.kind = KIND_BOUND,
        .id = "path-norm-2",
        .name = "Path norm",
        .summary = "root of the sum over paths from input to output of the product of squared weights",
        .formula = "sqrt(sum over paths of prod w^2) = sqrt(1' W_D^2 ... W_1^2 1), weights squared one by one",
        .cite = "Neyshabur, Tomioka and Srebro 2015, Norm-based capacity control in neural networks",
        .notes = "Biases, where there are any, are squared too, as paths that start at them.",
        .example = "assay.bound(\"path-norm-2\", {path_norm2 = 9})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_C},
  .required = required,
  .evaluate = evaluate,
};
