/* squared_hinge.c: the linear support vector machine with squared hinge loss (l2-loss SVM). */
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
  return glm_make(conf, GLM_SQUARED_HINGE, env, out, e);
}

const struct objective_method objective_squared_hinge = {
  .m = {.kind = KIND_OBJECTIVE,
        .id = "squared-hinge",
        .name = "Squared hinge",
        .summary = "linear support vector machine with squared hinge loss, with l2: smooth, piecewise quadratic",
        .formula = "f(w) = (1/(2n)) sum_i max(0, 1 - y_i a_i.w)^2 + (l2/2) |w|^2, y_i = -1 or 1\n"
                   "L = lambda_max(X'X/n) + l2, L_max = max_i |a_i|^2 + l2, mu = l2",
        .cite = "Chang, Hsieh and Lin 2008, Coordinate descent method for large-scale L2-loss linear support vector machines",
        .notes = GLM_NOTE " The Hessian jumps where a margin is exactly 1: products there take the side of the larger margin.",
        .example = "assay.objective(\"squared-hinge\", {data = assay.data(\"breast-cancer\"), l2 = 0.01})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .make = make,
  GLM_METHODS,
};
