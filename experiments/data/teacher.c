/* teacher.c: see teacher.h. */
#include "experiments/data/teacher.h"

#include <math.h>
#include <stdlib.h>

#include "experiments/kernel/mem.h"

enum status teacher_resolve(void *conf, struct err *e)
{
  const struct teacher_conf *c = conf;
  return spectrum_check(&c->spectrum, c->d, e);
}

struct maker {
  const struct covariance *covariance;
  const struct mat *teacher;
  void (*answer)(const void *conf, double output, struct draw *to);
  const void *conf;
  double *scratch; /* d numbers */
};

static void make(const void *self, struct draw *to)
{
  const struct maker *m = self;
  const struct covariance *c = m->covariance;
  rng_fill_normal_f64(&to->input, m->scratch, c->d, 0, 1);
  for (size_t j = 0; j < c->d; j++)
    m->scratch[j] *= sqrt(c->lambda[j]);
  covariance_turn(c, m->scratch);
  for (size_t j = 0; j < c->d; j++)
    to->x[j] = (float)m->scratch[j];
  m->answer(m->conf, synthetic_output(m->teacher, to->x), to); /* of the inputs as they are stored */
}

enum status teacher_load(struct dataset *out, const struct teacher_conf *c, double norm,
                         void (*answer)(const void *conf, double output, struct draw *to), const void *conf,
                         const struct exec *x, double *variance, struct err *e)
{
  struct covariance covariance = {0};
  void *scratch = NULL;
  out->d = (size_t)c->d;
  enum status s = synthetic_teacher(out, c->seed, norm, e);
  if (s == STATUS_OK)
    s = covariance_make(&covariance, &c->spectrum, out->d, c->seed, e);
  if (s == STATUS_OK)
    s = mem_new(&scratch, out->d, sizeof(double), "inputs of one example", e);
  if (s == STATUS_OK) {
    struct maker m = {&covariance, &out->teacher, answer, conf, scratch};
    if (variance)
      *variance = covariance_form(&covariance, mat_row_f64(&out->teacher, 0), scratch);
    s = synthetic_parts(out, &c->counts, c->seed, x, make, &m, e);
  }
  free(scratch);
  covariance_free(&covariance);
  return s;
}
