/* lr_gd.c: see lr_gd.h. */
#include "experiments/minimize/lr_gd.h"

#include <math.h>
#include <stdlib.h>

#include "experiments/kernel/mem.h"
#include "experiments/objective/glm.h"

struct work {
  const struct glm *g;
  double *z, *share; /* n: products, later shares */
  double *step;      /* d */
};

static enum status work_new(struct work *k, const struct glm *g, struct err *e)
{
  void *memory;
  enum status s = mem_new(&memory, 2 * g->n + g->d, sizeof(double), "margins", e);
  if (s == STATUS_OK)
    *k = (struct work){.g = g, .z = memory, .share = (double *)memory + g->n, .step = (double *)memory + 2 * g->n};
  return s;
}

/* By how much each example is wrong: sigma(-m), or in the limit 1 where m < 0 and 1/2 where m = 0. Their sum; *behind: how many margins
 * are not positive. */
static double shares(struct work *k, const double *w, bool perceptron, size_t *behind)
{
  double sum = 0;
  glm_products(k->g, w, k->z);
  *behind = 0;
  for (size_t i = 0; i < k->g->n; i++) {
    double m = k->g->y[i] * k->z[i];
    *behind += !(m > 0);
    k->share[i] = !perceptron ? -k->g->y[i] * glm_slope(GLM_LOGISTIC, k->z[i], k->g->y[i]) : m < 0 ? 1 : m == 0 ? 0.5 : 0;
    sum += k->share[i];
  }
  return sum;
}

/* step = sum_i share_i y_i a_i. */
static void combine(struct work *k)
{
  for (size_t i = 0; i < k->g->n; i++)
    k->share[i] *= k->g->y[i];
  glm_combine(k->g, k->share, k->step);
}

enum status lr_gd_run(const struct lr_gd_conf *c, bool normalized, struct minimize *m, struct err *e)
{
  const struct glm *g = m->f->glm;
  struct work k;
  enum status s = work_new(&k, g, e);
  if (s != STATUS_OK)
    return s;
  struct minimize_point p = {.w = m->w, .step = NAN};
  while (minimize_go_on(m, &p)) {
    size_t behind;
    double sum = shares(&k, m->w, c->perceptron, &behind);
    m->count.gradients += (double)g->n;
    p.iterations = 0;
    if (sum == 0 || (behind == 0 && c->separated)) {
      minimize_converged(m, &p);
      break;
    }
    combine(&k);
    p.step = (c->perceptron ? 1 : c->gamma) / (normalized ? sum : (double)g->n);
    for (size_t j = 0; j < g->d; j++)
      m->w[j] += p.step * k.step[j];
    p.iterations = 1;
  }
  free(k.z);
  return m->status;
}

enum status lr_gd_accepts(const void *conf, const struct objective *f, struct err *e)
{
  (void)conf;
  if (!f->glm || f->glm->link != GLM_LOGISTIC)
    return err_set(e, STATUS_UNSUPPORTED, "objective \"%s\" is no logistic regression on two classes", f->of.method->id);
  return f->glm->l2 == 0 ? STATUS_OK
                         : err_set(e, STATUS_UNSUPPORTED, "margins grow without end at l2 = 0 only, and l2 is %g", f->glm->l2);
}
