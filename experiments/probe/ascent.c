/* ascent.c: see ascent.h. */
#include "experiments/probe/ascent.h"

#include <math.h>

#include "experiments/kernel/vec.h"

/* u += rho up/|up|, back into the ball. A direction of 0 moves nothing. */
static void climb(struct ascent *a)
{
  double norm = vec_norm2_f64(a->up, a->n);
  for (size_t i = 0; i < a->n && norm > 0; i++)
    a->u[i] += a->rho * a->up[i] / norm;
  double size = vec_norm2_f64(a->u, a->n);
  for (size_t i = 0; i < a->n && size > a->rho; i++)
    a->u[i] *= a->rho / size;
}

/* u = a random point of the sphere. */
static void random_point(struct ascent *a, uint32_t number)
{
  const struct net *net = a->s->net;
  struct rng r = probe_rng(a->s->seed, a->stream, number);
  rng_fill_normal_f64(&r, a->logical, net->n_logical, 0, 1);
  double norm = vec_norm2_f64(a->logical, net->n_logical);
  for (size_t i = 0; i < net->n_logical; i++)
    a->logical[i] *= a->rho / norm;
  net_pack_f64(net, a->logical, a->u);
}

/* From u on; *first is the value there. */
static enum status ascend(struct ascent *a, double *first, double *most, struct err *e)
{
  double value;
  enum status s = a->look(a->self, &value, e);
  *first = value;
  *most = fmax(*most, value);
  for (int64_t t = 0; t < a->steps && !s; t++) {
    climb(a);
    s = a->look(a->self, &value, e);
    *most = fmax(*most, value);
  }
  return s;
}

enum status ascent_run(struct ascent *a, struct ascent_found *out, struct err *e)
{
  double first;
  enum status s = a->look(a->self, &out->here, e);
  if (s != STATUS_OK)
    return s;
  out->most = out->here;
  climb(a);
  s = ascend(a, &out->one_step, &out->most, e);
  for (int64_t i = 1; i < a->starts && a->steps && !s; i++) {
    random_point(a, (uint32_t)i);
    s = ascend(a, &first, &out->most, e);
  }
  return s;
}
