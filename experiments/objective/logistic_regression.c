/* logistic_regression.c: the mean logistic loss of a linear model on two classes. */
#include "experiments/objective/glm.h"

struct conf {
  struct glm_conf glm;
};

static const struct param params[] = {
  GLM_PARAMS(struct conf, glm, 1e-4),
  GLM_POSITIVE_PARAM(struct conf, glm),
  {0},
};

static enum status make(const void *conf, const struct objective_env *env, struct objective *out, struct err *e)
{
  return glm_make(conf, GLM_LOGISTIC, env, out, e);
}

const struct objective_method objective_logistic_regression = {
  .m = {.kind = KIND_OBJECTIVE,
        .id = "logistic-regression",
        .name = "Logistic regression",
        .summary = "mean logistic loss of a linear model on two classes, with l2",
        .formula = "f(w) = (1/n) sum_i ln(1 + exp(-y_i a_i.w)) + (l2/2) |w|^2, y_i = -1 or 1\n"
                   "L = lambda_max(X'X/n)/4 + l2, L_max = max_i |a_i|^2/4 + l2, mu = l2",
        .cite = "Cox 1958, The regression analysis of binary sequences",
        .notes = GLM_NOTE " With l2 = 0 and separable classes there is no minimum. l2 = 1/n is the usual choice of "
                 "comparisons (liblinear's -c 1 is l2 = 1/n).",
        .example = "assay.objective(\"logistic-regression\", {data = assay.data(\"breast-cancer\"), l2 = 0.01})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .make = make,
  GLM_METHODS,
};
