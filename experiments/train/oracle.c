/* oracle.c: the mini-batch in hand at other points, for controllers and for rules that ask beside their gradient (optim/oracle.h). */
#include <math.h>
#include <string.h>

#include "experiments/models/derivatives.h"
#include "experiments/train/train_int.h"

static double loss_at(struct asking *s, const float *w)
{
  step_forward(&s->g->ws, w, s->b->x, s->b->ldb);
  return step_loss(&s->g->ws, s->b);
}

/* By way of our own buffers, here and below: the products need aligned memory, a caller's need not be. */
static const float *aligned(struct asking *s, const float *w)
{
  if (w != s->g->asked)
    memcpy(s->g->asked, w, s->g->net.n_params * sizeof *w);
  return s->g->asked;
}

static enum status loss(struct oracle *o, const float *at, double *value, struct err *e)
{
  struct asking *s = o->self;
  (void)e;
  o->cost += ORACLE_COST_LOSS;
  *value = loss_at(s, aligned(s, at));
  return STATUS_OK;
}

static enum status gradient(struct oracle *o, const float *at, double *value, float *out, struct err *e)
{
  struct asking *s = o->self;
  struct engine *g = s->g;
  const float *w = aligned(s, at);
  o->cost += ORACLE_COST_GRADIENT;
  *value = loss_at(s, w);
  if (!isfinite(*value) || !step_gradient(&g->ws, w, s->b, g->answer))
    return err_set(e, STATUS_DIVERGED, "the loss or gradient asked for at another point is not finite");
  if (s->r->mask)
    mask_apply(s->r->mask, g->answer, g->net.n_params);
  memcpy(out, g->answer, g->net.n_params * sizeof *out);
  return STATUS_OK;
}

/* A mask restricts the loss to the weights that may move, so v and the result are cut to them. */
static enum status hvp(struct oracle *o, const float *v, float *out, struct err *e)
{
  struct asking *s = o->self;
  struct engine *g = s->g;
  const struct prepared *p = s->b;
  size_t n = g->net.n_params;
  struct batch b = {.n = p->n, .d = g->net.in, .stride = p->ldx, .x = p->xr, .label = p->label, .target = p->target,
                    .target_stride = p->target_stride};
  o->cost += ORACLE_COST_HVP;
  memcpy(g->asked, v, n * sizeof *v);
  if (s->r->mask)
    mask_apply(s->r->mask, g->asked, n);
  enum status status = net_curvature_f32(g->x, &g->net, g->g->loss, s->r->w, &b, CURVATURE_HESSIAN, g->asked, g->answer, g->hvp_scratch, e);
  if (s->r->mask)
    mask_apply(s->r->mask, g->answer, n);
  memcpy(out, g->answer, n * sizeof *out);
  return status;
}

struct oracle asking_oracle(struct asking *s, double loss_here)
{
  return (struct oracle){.self = s, .loss = loss_here, .loss_f32 = loss, .gradient_f32 = gradient, .hvp_f32 = s->g->hvp_scratch ? hvp : NULL};
}
