/* logistic_teacher.c: two classes whose log odds are linear in the inputs. */
#include <math.h>

#include "experiments/data/spectrum.h"
#include "experiments/data/synthetic.h"
#include "experiments/data/teacher.h"

struct conf {
  struct teacher_conf common;
  double scale;
};

static const struct param params[] = {
  TEACHER_PARAMS(struct conf, common),
  {.id = "scale", .type = PARAM_REAL, .at = offsetof(struct conf, scale), .def = 4, .min = 0, .max = 1e6,
   .doc = "Euclidean norm of the teacher's weights: how sharp the border between the classes is", .example = "4"},
  {0},
};

static double sigmoid(double t) { return t >= 0 ? 1 / (1 + exp(-t)) : exp(t) / (1 + exp(t)); }

static void answer(const void *conf, double output, struct draw *to)
{
  (void)conf;
  *to->label = rng_uniform(&to->noise) < sigmoid(output);
}

/* The wrong class has probability sigmoid(-|t|) where the log odds t ~ N(0, sd^2). */
static double wrong(double t, const void *sd)
{
  return sigmoid(-t) * normal_density(t / *(const double *)sd) / *(const double *)sd;
}

static enum status load(const void *conf, const struct data_env *env, struct dataset *out, struct err *e)
{
  const struct conf *c = conf;
  double variance;
  out->task = TASK_CLASSES;
  out->classes = 2;
  enum status s = teacher_load(out, &c->common, c->scale, answer, conf, env->exec, &variance, e);
  if (s != STATUS_OK)
    return s;
  double sd = sqrt(variance); /* beyond 40, sigmoid(-t) is below 1e-17; beyond 10 sd, the density is nothing */
  out->bayes_error = sd > 0 ? 2 * integrate(wrong, &sd, 0, fmin(40, 10 * sd), 20000) : 0.5;
  return STATUS_OK;
}

const struct data_method data_logistic_teacher = {
  .m = {.kind = KIND_DATA, .id = "logistic-teacher", .name = "Logistic teacher",
        .summary = "two classes drawn with probability sigmoid(w.x), known teacher and Bayes error",
        .formula = "P(y = 1 | x) = 1/(1 + exp(-w.x)),  |w| = scale,  x ~ N(0, V diag(lambda) V')\n"
                   "Bayes error: E[1/(1 + exp|w.x|)]",
        .cite = "Cox 1958, The regression analysis of binary sequences",
        .notes = "bayes_error is a one-dimensional integral, exact to about 1e-9. " SYNTHETIC_NOTE,
        .example = "assay.data(\"logistic-teacher\", {d = 20, scale = 4})",
        .conf_size = sizeof(struct conf), .params = params, .resolve = teacher_resolve},
  .load = load,
};
