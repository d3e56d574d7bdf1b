/* mirror.c: see mirror.h. */
#include "experiments/minimize/mirror.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"

const char *const mirror_geometries[] = {"euclidean", "entropy", NULL};

const struct param mirror_params[] = {
  FEASIBLE_PARAMS(struct mirror_conf, set),
  MIRROR_GEOMETRY_PARAM(struct mirror_conf, geometry),
  MIRROR_RATE_PARAMS(struct mirror_conf, rate, horizon),
  {0},
};

enum status mirror_resolve(void *conf, struct err *e)
{
  const struct mirror_conf *c = conf;
  if (c->geometry != GEOMETRY_ENTROPY || c->set.region == REGION_SIMPLEX)
    return STATUS_OK;
  return err_set(e, STATUS_BAD_ARG, "geometry = \"entropy\" is for region = \"simplex\", got region = \"%s\"", feasible_any[c->set.region]);
}

double mirror_rate(const struct mirror *k, uint64_t t)
{
  double over = k->c->horizon && isfinite(k->m->iterations) ? k->m->iterations : (double)t + 1;
  return k->c->rate / sqrt(fmax(over, 1));
}

/* y <- y scaled to the simplex, from logs: y_j <- radius exp(y_j)/sum exp(y). */
static void from_logs(const struct mirror *k, double *y)
{
  softmax_f64(y, y, k->d);
  for (size_t j = 0; j < k->d; j++)
    y[j] *= k->c->set.radius;
}

void mirror_step(const struct mirror *k, const double *x, double rate, const double *g, double *y)
{
  bool entropy = k->c->geometry == GEOMETRY_ENTROPY;
  for (size_t j = 0; j < k->d; j++)
    y[j] = (entropy ? log(x[j]) : x[j]) - rate * g[j];
  if (entropy)
    from_logs(k, y);
  else
    feasible_project(&k->c->set, y, k->d);
}

void mirror_from_sum(const struct mirror *k, double rate, const double *sum, double *y)
{
  bool entropy = k->c->geometry == GEOMETRY_ENTROPY;
  for (size_t j = 0; j < k->d; j++)
    y[j] = (entropy ? 0 : k->first[j]) - rate * sum[j];
  if (entropy)
    from_logs(k, y);
  else
    feasible_project(&k->c->set, y, k->d);
}

static enum status mirror_new(struct mirror *k, double **average, const struct mirror_conf *c, struct minimize *m, struct err *e)
{
  size_t d = m->f->d;
  void *memory;
  enum status s = mem_new(&memory, 6, d * sizeof(double), "points and gradients", e);
  if (s != STATUS_OK)
    return s;
  double *p = memory;
  memset(p, 0, 6 * d * sizeof *p);
  *k = (struct mirror){.c = c, .m = m, .d = d, .x = p, .g = p + d, .z = p + 2 * d, .other = p + 3 * d, .first = p + 4 * d, .rate = NAN};
  *average = p + 5 * d;
  memcpy(k->x, m->w, d * sizeof *p);
  feasible_project(&c->set, k->x, d);
  memcpy(k->first, k->x, d * sizeof *p);
  memcpy(*average, k->x, d * sizeof *p);
  return s;
}

enum status mirror_run(const void *conf, const struct mirror_conf *c, struct minimize *m, mirror_iteration *iteration, struct err *e)
{
  struct mirror k;
  double *average, total = 0;
  enum status s = mirror_new(&k, &average, c, m, e);
  if (s != STATUS_OK)
    return s;
  struct minimize_point p = {.w = average, .step = NAN};
  for (uint64_t t = 0; minimize_go_on(m, &p); t++) {
    k.weight = 1;
    iteration(conf, &k, t);
    total += k.weight;
    for (size_t j = 0; j < k.d; j++)
      average[j] += k.weight / total * (k.point[j] - average[j]);
    p.step = k.rate;
    p.iterations = 1;
    if (!vec_finite_f64(average, k.d)) {
      minimize_diverged(m, &p);
      break;
    }
  }
  free(k.x);
  return m->status;
}
