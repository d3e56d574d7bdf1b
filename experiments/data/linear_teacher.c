/* linear_teacher.c: noisy linear regression with a known teacher and a given covariance of the inputs. */
#include <math.h>
#include <stdlib.h>

#include "experiments/data/spectrum.h"
#include "experiments/data/synthetic.h"
#include "experiments/data/teacher.h"

struct conf {
  struct teacher_conf common;
  double noise, teacher_norm;
};

static const struct param params[] = {
  TEACHER_PARAMS(struct conf, common),
  {.id = "noise", .type = PARAM_REAL, .at = offsetof(struct conf, noise), .def = 0.1, .min = 0, .max = 1e6,
   .doc = "standard deviation of the Gaussian noise on the targets", .example = "0.1"},
  {.id = "teacher_norm", .type = PARAM_REAL, .at = offsetof(struct conf, teacher_norm), .def = 1, .min = 0, .max = 1e6,
   .doc = "Euclidean norm of the teacher's weights", .example = "1"},
  {0},
};

static void answer(const void *conf, double output, struct draw *to)
{
  const struct conf *c = conf;
  *to->target = (float)(output + c->noise * rng_normal(&to->noise));
}

static enum status load(const void *conf, const struct data_env *env, struct dataset *out, struct err *e)
{
  const struct conf *c = conf;
  out->task = TASK_REGRESSION;
  out->bayes_error = c->noise * c->noise;
  return teacher_load(out, &c->common, c->teacher_norm, answer, conf, env->exec, NULL, e);
}

const struct data_method data_linear_teacher = {
  .m = {.kind = KIND_DATA, .id = "linear-teacher", .name = "Linear teacher",
        .summary = "linear regression with a known teacher, given covariance and Gaussian noise",
        .formula = "y = w.x + noise z,  x ~ N(0, V diag(lambda) V'),  z ~ N(0, 1)",
        .cite = "Gauss 1823, Theoria combinationis observationum erroribus minimis obnoxiae",
        .notes = "No model has a mean squared error below noise^2 (bayes_error). " SYNTHETIC_NOTE,
        .example = "assay.data(\"linear-teacher\", {d = 20, noise = 0.1, condition = 100})",
        .conf_size = sizeof(struct conf), .params = params, .resolve = teacher_resolve},
  .load = load,
};
