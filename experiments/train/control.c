/* control.c: an update whose rate a controller chooses, and what the controller may ask for. */
#include <math.h>
#include <string.h>

#include "experiments/kernel/vec.h"
#include "experiments/params.h"
#include "experiments/train/train_int.h"

struct session {
  struct engine *g;
  struct oracle *oracle;
};

/* What was asked costs the update in hand. */
static enum status charged(struct control *c, const struct oracle *o, double before, enum status s)
{
  c->cost += o->cost - before;
  return s;
}

static enum status loss_along(struct control *c, double lr, double *loss, struct err *e)
{
  const struct session *s = c->self;
  float step = (float)-lr, *trial = s->g->asked;
  double before = s->oracle->cost;
  for (size_t i = 0; i < c->n; i++)
    trial[i] = fmaf(step, c->direction[i], c->w[i]);
  return charged(c, s->oracle, before, s->oracle->loss_f32(s->oracle, trial, loss, e));
}

static enum status grad_at(struct control *c, const float *w, double *loss, float *g, struct err *e)
{
  const struct session *s = c->self;
  double before = s->oracle->cost;
  return charged(c, s->oracle, before, s->oracle->gradient_f32(s->oracle, w, loss, g, e));
}

static enum status hvp(struct control *c, const float *v, float *out, struct err *e)
{
  const struct session *s = c->self;
  double before = s->oracle->cost;
  return charged(c, s->oracle, before, s->oracle->hvp_f32(s->oracle, v, out, e));
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
  enum status s = replica_apply(g, r, g->trial, g->trial_state, g->ws.grad, t, 1.0, NULL, e);
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
  struct asking asking = {g, r, b};
  struct oracle oracle = asking_oracle(&asking, loss);
  struct session session = {g, &oracle};
  struct control c = {.self = &session, .t = t, .batches_per_epoch = (double)g->g->data->train.n / (double)g->batch,
                      .n = g->net.n_params, .w = r->w, .g = g->ws.grad, .loss = loss, .loss_along = loss_along,
                      .grad_at = grad_at, .hvp = object_needs(o, "hvp") ? hvp : NULL, .cost = 1, .momentum = (double)NAN};
  enum status s = find_direction(g, r, t, &c.direction, e);
  if (s)
    return s;
  c.grad_norm2 = vec_dot_f32(c.g, c.g, c.n);
  c.slope = c.direction == c.g ? c.grad_norm2 : vec_dot_f32(c.g, c.direction, c.n);
  s = controller->rate(o->conf, r->control_state, &c, lr, e);
  r->out->cost += c.cost - 1; /* the update itself is counted already */
  s = s ? s : replica_set_momentum(r, o, c.momentum, e);
  if (!s && !(isfinite(*lr) && *lr >= 0))
    s = err_set(e, STATUS_DIVERGED, "controller \"%s\" chose the rate %g", o->method->id, *lr);
  return s;
}
