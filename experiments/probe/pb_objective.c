/* pb_objective.c: see pb_objective.h. */
#include "experiments/probe/pb_objective.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/models/derivatives.h"

/* --- the capped loss: of conf's object, without slope where it is cut ------------------------------------ */

static double capped_gradient(const void *conf, const double *z, size_t k, int32_t label, const float *target, double *g)
{
  const struct pb_capped *c = conf;
  double v = ((const struct loss *)(const void *)c->of->method)->gradient(c->of->conf, z, k, label, target, g);
  bool cut = !(v < c->cap); /* a NaN is cut too */
  for (size_t j = 0; j < k; j++)
    g[j] = cut ? 0 : g[j] / c->scale;
  return (cut ? c->cap : v) / c->scale;
}

static const struct loss capped_loss = {.m = {.kind = KIND_LOSS, .id = "capped"}, .gradient = capped_gradient};

/* --- layout --------------------------------------------------------------------------------------------------------- */

static void mark_layers(struct pb_objective *o)
{
  memset(o->layer_of, PB_PADDING, o->net->n_params);
  for (size_t l = 0; l < o->net->n_layers; l++) {
    const struct layer *y = &o->net->layer[l];
    for (size_t j = 0; j < y->rows; j++)
      memset(o->layer_of + y->w_at + j * y->w_stride, (int)l, y->cols);
    if (y->bias)
      memset(o->layer_of + y->b_at, (int)l, y->rows);
  }
}

enum status pb_objective_init(struct pb_objective *o, const struct exec *x, const struct probe_subject *s, const float *prior_mean,
                              bool per_layer, double n, double delta, double cap, double scale, struct err *e)
{
  size_t p = s->net->n_params;
  *o = (struct pb_objective){.x = x, .net = s->net, .capped = {s->loss, cap, scale}, .prior_mean = prior_mean, .per_layer = per_layer, .n = n, .delta = delta};
  o->loss = (struct object){&capped_loss.m, &o->capped};
  enum status status = mem_new(&o->memory, p, 2 * sizeof(float) + 1, "the optimisation of a posterior", e);
  if (status)
    return status;
  o->w = o->memory;
  o->g = o->w + p;
  o->layer_of = (uint8_t *)(o->g + p);
  mark_layers(o);
  return STATUS_OK;
}

void pb_objective_done(struct pb_objective *o) { free(o->memory); }

size_t pb_objective_size(const struct pb_objective *o)
{
  return o->net->n_params + (o->per_layer ? round_up(o->net->n_layers, 16) : o->net->n_params);
}

/* Where the log sd of parameter i stands. */
static size_t log_sd_at(const struct pb_objective *o, size_t i) { return o->net->n_params + (o->per_layer ? o->layer_of[i] : i); }

void pb_objective_sd(const struct pb_objective *o, const float *theta, float *sd)
{
  for (size_t i = 0; i < o->net->n_params; i++)
    sd[i] = o->layer_of[i] == PB_PADDING ? 0 : expf(theta[log_sd_at(o, i)]);
}

/* --- value and gradient --------------------------------------------------------------------------------------------- */

/* Draw the weights; *variance becomes that of the best prior. Returns KL. */
static double draw(struct pb_objective *o, const float *theta, const float *noise, double *variance)
{
  double log_sd = 0, square = 0, d = (double)o->net->n_logical;
  for (size_t i = 0; i < o->net->n_params; i++) {
    if (o->layer_of[i] == PB_PADDING) {
      o->w[i] = 0;
      continue;
    }
    double rho = (double)theta[log_sd_at(o, i)], sd = exp(rho), off = (double)theta[i] - (double)o->prior_mean[i];
    log_sd += rho;
    square += sd * sd + off * off;
    o->w[i] = (float)fma(sd, (double)noise[i], (double)theta[i]);
  }
  *variance = square / d;
  return d / 2 * log(*variance) - log_sd;
}

enum status pb_objective_at(struct pb_objective *o, const float *theta, const struct batch *b, const float *noise, double *value,
                            float *gradient, struct err *e)
{
  double variance, risk, kl = draw(o, theta, noise, &variance), half = (kl + log(2 * sqrt(o->n) / o->delta)) / (2 * o->n);
  enum status s = net_gradient_f32(o->x, o->net, &o->loss, o->w, b, &risk, o->g, e);
  if (s)
    return s;
  double a = sqrt(risk + half), root = a + sqrt(half), by_risk = root / a, by_kl = root * (1 / a + 1 / sqrt(half)) / (2 * o->n);
  *value = root * root;
  memset(gradient + o->net->n_params, 0, (pb_objective_size(o) - o->net->n_params) * sizeof *gradient);
  for (size_t i = 0; i < o->net->n_params; i++) {
    gradient[i] = 0;
    if (o->layer_of[i] == PB_PADDING)
      continue;
    size_t at = log_sd_at(o, i);
    double sd = exp((double)theta[at]), off = (double)theta[i] - (double)o->prior_mean[i], slope = by_risk * (double)o->g[i];
    gradient[i] = (float)(slope + by_kl * off / variance);
    gradient[at] += (float)(slope * sd * (double)noise[i] + by_kl * (sd * sd / variance - 1));
  }
  return STATUS_OK;
}
