/* heavy_tailed.c: linear regression whose noise has a power-law tail of given index.
 *
 * P(|noise| > t) falls as t^-alpha: for alpha <= 2 the variance, for alpha <= 1 the mean of |noise| is infinite. The laws
 * (kernel/rng.h) take pow or expm1 from libm, so another C library may give targets that differ in the last bit. */
#include <math.h>

#include "experiments/data/teacher.h"

enum law { LAW_STUDENT, LAW_PARETO };
static const char *const law_names[] = {"student", "pareto", NULL};

struct conf {
  struct teacher_conf common;
  double alpha, noise;
  int law; /* enum law */
};

static const struct param params[] = {
  TEACHER_PARAMS(struct conf, common),
  {.id = "alpha", .type = PARAM_REAL, .at = offsetof(struct conf, alpha), .def = 1.5, .min = 0.5, .max = 1000,
   .doc = "tail index of the noise (degrees of freedom of Student's t)", .example = "1.5"},
  {.id = "noise", .type = PARAM_REAL, .at = offsetof(struct conf, noise), .def = 0.1, .min = 0, .max = 1e3,
   .doc = "factor on the noise", .example = "0.1"},
  {.id = "law", .type = PARAM_CHOICE, .at = offsetof(struct conf, law), .def = LAW_STUDENT, .choices = law_names,
   .doc = "Student's t, or a Pareto law from 1 on with a random sign", .example = "pareto"},
  {0},
};

static void answer(const void *conf, double output, struct draw *to)
{
  const struct conf *c = conf;
  double z = c->law == LAW_STUDENT ? rng_student(&to->noise, c->alpha) : rng_pareto(&to->noise, c->alpha);
  *to->target = (float)(output + c->noise * z);
}

static enum status load(const void *conf, const struct data_env *env, struct dataset *out, struct err *e)
{
  const struct conf *c = conf;
  out->task = TASK_REGRESSION;
  if (c->noise == 0)
    out->bayes_error = 0;
  else /* the second moment is alpha/(alpha - 2) for both laws */
    out->bayes_error = c->alpha > 2 ? c->noise * c->noise * c->alpha / (c->alpha - 2) : INFINITY;
  return teacher_load(out, &c->common, 1, answer, conf, env->exec, NULL, e);
}

const struct data_method data_heavy_tailed = {
  .m = {.kind = KIND_DATA, .id = "heavy-tailed", .name = "Heavy-tailed regression",
        .summary = "linear regression with symmetric power-law noise of given tail index",
        .formula = "y = w.x + noise e,  P(|e| > t) ~ t^-alpha,  |w| = 1,  x ~ N(0, V diag(lambda) V')",
        .cite = "Bailey 1994, Polar generation of random variates with the t-distribution",
        .notes = "bayes_error is the noise's second moment, noise^2 alpha/(alpha - 2): infinite for alpha <= 2. "
                 SYNTHETIC_NOTE,
        .example = "assay.data(\"heavy-tailed\", {d = 10, alpha = 1.5})",
        .conf_size = sizeof(struct conf), .params = params, .resolve = teacher_resolve},
  .load = load,
};
