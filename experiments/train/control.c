/* control.c: an update whose rate a controller chooses, and what the controller may ask for. */
#include <math.h>
#include <string.h>

#include "experiments/kernel/vec.h"
#include "experiments/models/derivatives.h"
#include "experiments/train/train_int.h"

/* Gradient evaluations: a forward pass alone is a third of forward and backward. */
#define COST_FORWARD (1.0 / 3.0)
#define COST_HVP 2.0

struct session {
  struct engine *g;
  struct replica *r;
  const struct prepared *b;
};

static double loss_at(struct session *s, const float *w)
{
  step_forward(&s->g->ws, w, s->b->x, s->b->ldb);
  return step_loss(&s->g->ws, s->b);
}

static enum status loss_along(struct control *c, double lr, double *loss, struct err *e)
{
  struct session *s = c->self;
  float step = (float)-lr, *trial = s->g->trial;
  (void)e;
  for (size_t i = 0; i < c->n; i++)
    trial[i] = fmaf(step, c->direction[i], c->w[i]);
  c->cost += COST_FORWARD;
  *loss = loss_at(s, trial);
  return STATUS_OK;
}

/* By way of our own buffer: the products need aligned memory, a controller's need not be. */
static enum status grad_at(struct control *c, const float *w, double *loss, float *g, struct err *e)
{
  struct session *s = c->self;
  float *own = s->g->trial;
  c->cost += 1;
  *loss = loss_at(s, w);
  if (!isfinite(*loss) || !step_gradient(&s->g->ws, w, s->b, own))
    return err_set(e, STATUS_DIVERGED, "the loss or gradient that the controller asked for is not finite");
  if (s->r->mask)
    mask_apply(s->r->mask, own, c->n);
  memcpy(g, own, c->n * sizeof *g);
  return STATUS_OK;
}

bool control_needs_hvp(const struct object *controller)
{
  const char *const *needs = controller ? controller->method->needs : NULL;
  for (; needs && *needs; needs++)
    if (strcmp(*needs, "hvp") == 0)
      return true;
  return false;
}

/* By way of our own buffers, as above. A mask restricts the loss to the weights that may move, so v and the result
 * are cut to them. */
static enum status hvp(struct control *c, const float *v, float *out, struct err *e)
{
  struct session *s = c->self;
  struct engine *g = s->g;
  const struct prepared *p = s->b;
  struct batch b = {.n = p->n, .d = g->net.in, .stride = p->ldx, .x = p->xr, .label = p->label, .target = p->target,
                    .target_stride = p->target_stride};
  c->cost += COST_HVP;
  memcpy(g->hvp_v, v, c->n * sizeof *v);
  if (s->r->mask)
    mask_apply(s->r->mask, g->hvp_v, c->n);
  enum status status = net_curvature_f32(g->x, &g->net, g->g->loss, s->r->w, &b, CURVATURE_HESSIAN, g->hvp_v, g->trial, g->hvp_scratch, e);
  if (s->r->mask)
    mask_apply(s->r->mask, g->trial, c->n);
  memcpy(out, g->trial, c->n * sizeof *out);
  return status;
}

/* What the rule would subtract at rate 1: the update of a copy of weights and state. */
static enum status find_direction(struct engine *g, struct replica *r, uint64_t t, const float **direction, struct err *e)
{
  const struct optimizer *o = (const struct optimizer *)r->how->optimizer->method;
  const struct momentum_form *f = &r->form;
  size_t n = g->net.n_params;
  *direction = g->ws.grad;
  if (r->momentum && f->mu == 0 && f->l2 == 0 && f->decay == 0)
    return STATUS_OK;
  memcpy(g->trial, r->w, n * sizeof(float));
  memcpy(g->trial_state, r->state, o->state_size(r->how->optimizer->conf, &g->net, n, DTYPE_F32));
  enum status s = replica_apply(g, r, g->trial, g->trial_state, g->ws.grad, t, 1.0, e);
  for (size_t i = 0; i < n; i++)
    g->direction[i] = r->w[i] - g->trial[i];
  if (r->mask)
    mask_apply(r->mask, g->direction, n);
  *direction = g->direction;
  return s;
}

enum status control_rate(struct engine *g, struct replica *r, const struct prepared *b, uint64_t t, double loss, double *lr,
                         struct err *e)
{
  const struct object *o = r->how->controller;
  const struct controller *controller = (const struct controller *)o->method;
  struct session session = {g, r, b};
  struct control c = {.self = &session, .t = t, .batches_per_epoch = (double)g->g->data->train.n / (double)g->batch,
                      .n = g->net.n_params, .w = r->w, .g = g->ws.grad, .loss = loss, .loss_along = loss_along,
                      .grad_at = grad_at, .hvp = control_needs_hvp(o) ? hvp : NULL, .cost = 1};
  enum status s = find_direction(g, r, t, &c.direction, e);
  if (s)
    return s;
  c.grad_norm2 = vec_dot_f32(c.g, c.g, c.n);
  s = controller->rate(o->conf, r->control_state, &c, lr, e);
  r->out->cost += c.cost - 1; /* the update itself is counted already */
  if (!s && !(isfinite(*lr) && *lr >= 0))
    s = err_set(e, STATUS_DIVERGED, "controller \"%s\" chose the rate %g", o->method->id, *lr);
  return s;
}
