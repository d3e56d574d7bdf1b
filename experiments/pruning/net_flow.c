/* net_flow.c: the signal through a whole net, for scores that look at all of it: ones go in, weights are what the score says,
 * there are no biases and no activations; pooling is as it is. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/pruning/net_int.h"

/* The sum of the outputs as a loss. */
static double sum_gradient(const void *conf, const double *z, size_t k, int32_t label, const float *target, double *g)
{
  double sum = 0;
  (void)conf, (void)label, (void)target;
  for (size_t j = 0; j < k; j++) {
    sum += z[j];
    g[j] = 1;
  }
  return sum;
}

static const struct loss sum_of_outputs = {.m = {.kind = KIND_LOSS, .id = "sum"}, .target = TARGET_REAL, .gradient = sum_gradient};

static void put(const struct layer *y, const double *w, double *flat)
{
  for (size_t i = 0; i < y->rows; i++)
    memcpy(flat + y->w_at + i * y->w_stride, w + i * y->cols, y->cols * sizeof *w);
}

static void take(const struct layer *y, const double *flat, double *w)
{
  for (size_t i = 0; i < y->rows; i++)
    memcpy(w + i * y->cols, flat + y->w_at + i * y->w_stride, y->cols * sizeof *w);
}

/* Layers that are not pruned let the signal through by their absolute weights. */
static enum status run(void *self, const double *const *w, double *total, double *const *gradient, struct err *e)
{
  const struct net_facts *f = self;
  struct net net = *f->s.net;
  const struct object loss = {&sum_of_outputs.m, NULL};
  size_t stride = round_up(net.in, 16);
  void *memory, *ones = NULL;
  for (size_t l = 0; l < net.n_layers; l++) {
    net.layer[l].act = ACT_NONE;
    net.layer[l].bias = false;
  }
  enum status status = mem_new(&memory, 2 * net.n_params, sizeof(double), "weights", e);
  if (status)
    return status;
  double *flat = memory, *slope = flat + net.n_params;
  status = mem_new(&ones, stride, sizeof(float), "an input of ones", e);
  for (size_t j = 0; j < net.in && !status; j++)
    ((float *)ones)[j] = 1;
  for (size_t i = 0; i < net.n_params; i++)
    flat[i] = fabs(f->dense[i]);
  for (size_t i = 0; i < f->n; i++)
    put(&net.layer[f->at[i]], w[i], flat);
  const struct batch batch = {.n = 1, .d = net.in, .stride = stride, .x = ones};
  status = status ? status : net_gradient_f64(f->x, &net, &loss, flat, &batch, total, slope, e);
  for (size_t i = 0; i < f->n && !status; i++)
    take(&net.layer[f->at[i]], slope, gradient[i]);
  free(ones);
  free(memory);
  return status;
}

void net_facts_flow(struct net_facts *f)
{
  f->flow = (struct prune_flow){f, run};
  for (size_t i = 0; i < f->n; i++)
    f->layer[i].flow = &f->flow;
}
