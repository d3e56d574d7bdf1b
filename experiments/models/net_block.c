/* net_block.c: passes forward and backward over a block of examples, and activation functions. */
#include "experiments/models/net_block.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"

#define LANES 16

/* Widest row of units in the net, inputs included. */
static size_t widest(const struct net *net)
{
  size_t most = net->in;
  for (size_t l = 0; l < net->n_layers; l++)
    most = net->layer[l].out > most ? net->layer[l].out : most;
  return round_up(most, LANES);
}

/* Numbers in the largest weight matrix. */
static size_t largest(const struct net *net)
{
  size_t most = 0;
  for (size_t l = 0; l < net->n_layers; l++) {
    size_t size = net->layer[l].rows * net->layer[l].w_stride;
    most = size > most ? size : most;
  }
  return most;
}

enum status net_block_check(const struct net *net, const struct batch *b, struct err *e)
{
  if (b->n == 0 || b->d != net->in)
    return err_set(e, STATUS_BAD_ARG, "%zu examples of %zu inputs for a model of %zu inputs: at least 1 and as many inputs", b->n,
                   b->d, net->in);
  return STATUS_OK;
}

/* --- float32: the arithmetic of product.h ----------------------------------------------------------- */

float net_act_f32(enum activation a, float x)
{
  switch (a) {
  case ACT_RELU: return x < 0.0f ? 0.0f : x;
  case ACT_TANH: return product_tanhf(x);
  case ACT_GELU: return product_geluf(x);
  default: return x;
  }
}

float net_slope_f32(enum activation a, float x, float y)
{
  switch (a) {
  case ACT_RELU: return 0.0f < y ? 1.0f : 0.0f;
  case ACT_TANH: return fmaf(-y, y, 1.0f);
  case ACT_GELU: return product_gelu_slopef(x);
  default: return 1.0f;
  }
}

float net_bend_f32(enum activation a, float x, float y)
{
  switch (a) {
  case ACT_TANH: return -2.0f * y * fmaf(-y, y, 1.0f);
  case ACT_GELU: return 0.39894228f * product_expf(-0.5f * x * x) * fmaf(-x, x, 2.0f);
  default: return 0.0f;
  }
}

/* The labels and targets of the block's examples, side by side. */
static void take_answers(const struct net_block_f32 *b, const struct batch *batch, int32_t *label, float *target)
{
  size_t width = b->net->out;
  for (size_t i = 0; i < b->n; i++) {
    size_t row = batch->index ? batch->index[b->at + i] : b->at + i;
    if (batch->label)
      label[i] = batch->label[row];
    if (batch->target)
      memcpy(target + i * width, batch->target + row * batch->target_stride, width * sizeof *target);
  }
}

/* As the engine has it. The room for rows is free between passes: targets stand there. */
void net_block_loss_f32(struct net_block_f32 *b, const struct object *loss, const struct batch *batch, float scale, double *errors)
{
  int32_t label[NET_BLOCK];
  take_answers(b, batch, label, b->rows);
  struct loss_batch lb = {.k = b->net->out, .n = b->n, .ldb = b->ldb, .z = b->act[b->net->n_layers], .label = label,
                          .target = b->rows, .target_stride = b->net->out, .scale = scale, .d = b->delta, .loss = b->losses,
                          .error = errors, .scratch = b->scratch};
  loss_batch_run(loss, product_best(), &lb);
}

/* --- float64 ----------------------------------------------------------------------------------------- */

#define SQRT1_2 0.70710678118654752440
#define SQRT1_2PI 0.39894228040143267794

double net_act_f64(enum activation a, double x)
{
  switch (a) {
  case ACT_RELU: return x < 0 ? 0 : x;
  case ACT_TANH: return tanh(x);
  case ACT_GELU: return 0.5 * x * erfc(-x * SQRT1_2);
  default: return x;
  }
}

double net_slope_f64(enum activation a, double x, double y)
{
  switch (a) {
  case ACT_RELU: return y > 0 ? 1 : 0;
  case ACT_TANH: return 1 - y * y;
  case ACT_GELU: return 0.5 * erfc(-x * SQRT1_2) + x * SQRT1_2PI * exp(-0.5 * x * x);
  default: return 1;
  }
}

double net_bend_f64(enum activation a, double x, double y)
{
  switch (a) {
  case ACT_TANH: return -2 * y * (1 - y * y);
  case ACT_GELU: return SQRT1_2PI * exp(-0.5 * x * x) * (2 - x * x);
  default: return 0;
  }
}

void net_block_loss_f64(struct net_block_f64 *b, const struct object *object, const struct batch *batch, double scale, double *errors)
{
  const struct loss *loss = (const struct loss *)object->method;
  size_t k = b->net->out;
  const double *out = b->act[b->net->n_layers];
  double *z = b->scratch, *g = z + k;
  memset(b->delta, 0, k * b->ldb * sizeof *b->delta);
  for (size_t i = 0; i < b->n; i++) {
    size_t row = batch->index ? batch->index[b->at + i] : b->at + i;
    int32_t label = batch->label ? batch->label[row] : 0;
    const float *target = batch->target ? batch->target + row * batch->target_stride : NULL;
    for (size_t j = 0; j < k; j++)
      z[j] = out[j * b->ldb + i];
    b->losses[i] = loss->gradient(object->conf, z, k, label, target, g);
    if (errors)
      errors[i] = loss->error(object->conf, z, k, label, target);
    for (size_t j = 0; j < k; j++)
      b->delta[j * b->ldb + i] = g[j] * scale;
  }
}

#define REAL float
#define FN(name) name##_f32
#include "experiments/models/net_block.inc.c" /* NOLINT(bugprone-suspicious-include): one body, two types */
#undef REAL
#undef FN
#define REAL double
#define FN(name) name##_f64
#include "experiments/models/net_block.inc.c" /* NOLINT(bugprone-suspicious-include): one body, two types */
