/* step.c: forward, loss and backward of one net on one mini-batch, by the tuned products.
 *
 * Activations are feature major, one buffer per layer. Going back, the derivative with respect to a
 * layer's input is taken before its weights change, so that gradient and update can be one pass. */
#include <math.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"
#include "experiments/train/train_int.h"

static size_t most(size_t a, size_t b) { return a > b ? a : b; }

void workspace_layout(struct workspace *ws, struct arena *a, bool unfused)
{
  const struct net *net = ws->net;
  size_t lanes = round_up(ws->lanes, 16), widest = 0, row = 0, filters = 0, scratch = 0, k = net->out;
  for (size_t l = 0; l < net->n_layers; l++) {
    const struct layer *y = &net->layer[l];
    widest = most(widest, y->out);
    row = most(row, y->kind == LAYER_DENSE && l ? y->in : 0);
    filters = most(filters, y->kind == LAYER_CONV ? y->rows * y->w_stride : 0);
    scratch = most(scratch, y->kind == LAYER_CONV ? conv_scratch(&y->conv) : 0);
    ws->act[l] = arena_take(a, y->out, lanes * sizeof(float));
    ws->pre[l] = y->act == ACT_GELU ? arena_take(a, y->out, lanes * sizeof(float)) : NULL;
  }
  ws->delta = arena_take(a, widest, lanes * sizeof(float));
  ws->next = arena_take(a, widest, lanes * sizeof(float));
  ws->rows = arena_take(a, lanes, round_up(row, 16) * sizeof(float));
  ws->sums = arena_take(a, round_up(widest, 16), sizeof(float));
  ws->filters = arena_take(a, filters, sizeof(float));
  ws->lane_sums = arena_take(a, scratch, sizeof(float));
  ws->losses = arena_take(a, lanes, sizeof(double));
  ws->errors = arena_take(a, lanes, sizeof(double));
  ws->scratch = arena_take(a, k, 2 * sizeof(double));
  ws->weights = arena_take(a, lanes, sizeof(double));
  ws->factors = arena_take(a, lanes, sizeof(float));
  ws->eval_x = arena_take(a, net->in, EVALUATE_BLOCK * sizeof(float));
  ws->eval_w = arena_take(a, net->n_params, sizeof(float));
  ws->grad = unfused ? arena_take(a, net->n_params, sizeof(float)) : NULL;
}

static void activate(struct workspace *ws, size_t l, size_t ldb)
{
  const struct layer *y = &ws->net->layer[l];
  if (y->act == ACT_TANH)
    ws->p->tanh_forward(ws->act[l], y->out * ldb);
  else if (y->act == ACT_GELU)
    ws->p->gelu_forward(ws->pre[l], ws->act[l], y->out * ldb);
}

void step_forward(struct workspace *ws, const float *w, const float *x, size_t ldb)
{
  for (size_t l = 0; l < ws->net->n_layers; l++) {
    const struct layer *y = &ws->net->layer[l];
    float *out = ws->pre[l] ? ws->pre[l] : ws->act[l];
    const float *in = l ? ws->act[l - 1] : x, *bias = y->bias ? w + y->b_at : NULL;
    if (y->kind == LAYER_CONV)
      ws->p->conv->forward(&y->conv, w + y->w_at, y->w_stride, bias, in, ldb, out, y->act == ACT_RELU);
    else if (y->kind == LAYER_POOL)
      ws->p->conv->pool_forward(&y->pool, in, ldb, out);
    else
      ws->p->forward(y->out, y->in, ldb, w + y->w_at, y->w_stride, bias, in, ldb, out, y->act == ACT_RELU);
    activate(ws, l, ldb);
  }
}

static struct loss_batch loss_batch_of(struct workspace *ws, size_t n, size_t ldb, const int32_t *label, const float *target,
                                       size_t target_stride)
{
  return (struct loss_batch){.k = ws->net->out, .n = n, .ldb = ldb, .z = ws->act[ws->net->n_layers - 1], .label = label,
                             .target = target, .target_stride = target_stride, .scale = 1.0f / (float)n, .d = ws->delta,
                             .loss = ws->losses, .scratch = ws->scratch};
}

double step_loss(struct workspace *ws, const struct prepared *b)
{
  struct loss_batch lb = loss_batch_of(ws, b->n, b->ldb, b->label, b->target, b->target_stride);
  loss_batch_run(ws->loss, ws->p, &lb);
  return ws->weighted ? step_weigh(ws, b) : loss_mean(ws->losses, b->n);
}

double step_weigh(struct workspace *ws, const struct prepared *b)
{
  double sum = 0, total = 0;
  for (size_t k = 0; k < ws->net->out; k++)
    for (size_t i = 0; i < b->n; i++)
      ws->delta[k * b->ldb + i] *= ws->factors[i];
  for (size_t i = 0; i < b->n; i++) {
    sum += ws->weights[i] * ws->losses[i];
    total += ws->weights[i];
  }
  return total > 0 ? sum / total : loss_mean(ws->losses, b->n);
}

void step_losses(struct workspace *ws, size_t n, size_t ldb, const int32_t *label, const float *target, size_t target_stride)
{
  struct loss_batch lb = loss_batch_of(ws, n, ldb, label, target, target_stride);
  lb.error = ws->errors;
  loss_batch_run(ws->loss, ws->p, &lb);
}

/* ws->next = derivative with respect to the pre-activation of layer l - 1; it becomes ws->delta. */
static void go_back(struct workspace *ws, const float *w, size_t l, size_t ldb)
{
  const struct layer *y = &ws->net->layer[l], *below = y - 1;
  const float *in = ws->act[l - 1];
  const float *gate = below->act == ACT_RELU ? in : NULL;
  if (y->kind == LAYER_CONV)
    ws->p->conv->backward(&y->conv, w + y->w_at, y->w_stride, ws->delta, ldb, ws->next, gate);
  else if (y->kind == LAYER_POOL)
    ws->p->conv->pool_backward(&y->pool, in, ws->delta, ldb, ws->next, gate);
  else
    ws->p->backward(y->out, y->in, ldb, w + y->w_at, y->w_stride, ws->delta, ldb, ws->next, gate);
  if (below->act == ACT_TANH)
    ws->p->tanh_backward(in, ws->next, ws->next, y->in * ldb);
  else if (below->act == ACT_GELU)
    ws->p->gelu_backward(ws->pre[l - 1], ws->next, ws->next, y->in * ldb);
}

/* The input of layer l, row major. */
static const float *input_rows(struct workspace *ws, const struct prepared *b, size_t l, size_t *ld)
{
  const struct layer *y = &ws->net->layer[l];
  *ld = l ? y->w_stride : b->ldx;
  if (l == 0)
    return b->xr;
  ws->p->transpose(y->in, b->n, ws->act[l - 1], b->ldb, ws->rows, y->w_stride);
  return ws->rows;
}

static void swap_deltas(struct workspace *ws)
{
  float *t = ws->delta;
  ws->delta = ws->next;
  ws->next = t;
}

/* Gradient of layer l from ws->delta: weights to g, biases to g_bias. */
static void layer_gradient(struct workspace *ws, const struct prepared *b, size_t l, float *g, float *g_bias)
{
  const struct layer *y = &ws->net->layer[l];
  size_t ld;
  if (y->kind == LAYER_CONV) {
    ws->p->conv->gradient(&y->conv, ws->delta, b->ldb, l ? ws->act[l - 1] : b->x, g, y->w_stride, y->bias ? g_bias : NULL,
                          ws->lane_sums);
  } else if (y->kind == LAYER_DENSE) {
    const float *rows = input_rows(ws, b, l, &ld);
    if (y->bias)
      ws->p->row_sums(y->out, b->n, ws->delta, b->ldb, g_bias);
    ws->p->gradient(y->out, y->in, b->n, ws->delta, b->ldb, rows, ld, g, y->w_stride);
  }
}

bool step_gradient(struct workspace *ws, const float *w, const struct prepared *b, float *grad)
{
  for (size_t l = ws->net->n_layers; l-- > 0;) {
    const struct layer *y = &ws->net->layer[l];
    layer_gradient(ws, b, l, grad + y->w_at, grad + y->b_at);
    if (l) {
      go_back(ws, w, l, b->ldb);
      swap_deltas(ws);
    }
  }
  return vec_finite_f32(grad, ws->net->n_params);
}

/* Gradient and rule of layer l. */
static bool update_layer(struct workspace *ws, float *w, float *v, const struct prepared *b, size_t l, const struct product_update *u)
{
  const struct layer *y = &ws->net->layer[l];
  const struct product *p = ws->p;
  bool finite = true;
  size_t ld;
  if (y->kind == LAYER_POOL)
    return true;
  if (y->kind == LAYER_CONV) { /* few weights, much work: a pass of its own costs nothing */
    layer_gradient(ws, b, l, ws->filters, ws->sums);
    finite &= p->update(u, w + y->w_at, v + y->w_at, ws->filters, y->rows * y->w_stride);
  } else {
    const float *rows = input_rows(ws, b, l, &ld);
    if (y->bias)
      p->row_sums(y->out, b->n, ws->delta, b->ldb, ws->sums);
    finite &= p->gradient_update(y->out, y->in, b->n, ws->delta, b->ldb, rows, ld, w + y->w_at, v + y->w_at, y->w_stride, u);
  }
  return y->bias ? p->update(u, w + y->b_at, v + y->b_at, ws->sums, round_up(y->rows, 16)) && finite : finite;
}

bool step_update(struct workspace *ws, float *w, float *v, const struct prepared *b, const struct product_update *u)
{
  bool finite = true;
  for (size_t l = ws->net->n_layers; l-- > 0;) {
    if (l)
      go_back(ws, w, l, b->ldb);
    finite &= update_layer(ws, w, v, b, l, &u[l]);
    if (l)
      swap_deltas(ws);
  }
  return finite;
}
