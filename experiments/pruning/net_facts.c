/* net_facts.c: a net taken apart for pruning: its weight matrices, a calibration sample, gradients and curvatures. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/blas.h"
#include "experiments/kernel/mem.h"
#include "experiments/pruning/net_int.h"

const char *const prune_inputs_names[] = {"dense", "sequential", "sequential-dense-target", NULL};
const char *const prune_curvature_names[] = {"gauss-newton", "fisher", NULL};

static enum status own(struct net_facts *f, void **out, size_t count, size_t size, const char *what, struct err *e)
{
  enum status status = mem_new(out, count, size, what, e);
  if (status)
    return status;
  f->owned = xrealloc(f->owned, (f->n_owned + 1) * sizeof *f->owned);
  f->owned[f->n_owned++] = *out;
  return STATUS_OK;
}

enum status net_facts_take(struct net_facts *f, double **out, size_t count, const char *what, struct err *e)
{
  void *memory;
  enum status status = own(f, &memory, count, sizeof **out, what, e);
  if (!status)
    *out = memory;
  return status;
}

void net_facts_release(struct net_facts *f, size_t owned)
{
  while (f->n_owned > owned)
    free(f->owned[--f->n_owned]);
}

void net_facts_free(struct net_facts *f)
{
  net_facts_release(f, 0);
  probe_value_free(&f->gram);
  free(f->owned);
  *f = (struct net_facts){0};
}

/* --- the sample ---------------------------------------------------------------------------------------- */

static enum status copy_rows(struct net_facts *f, const uint32_t *index, size_t k, struct err *e)
{
  const struct examples *p = f->s.part;
  size_t outputs = f->s.data->outputs;
  void *x, *label = NULL, *target = NULL;
  enum status status = own(f, &x, k * p->stride, sizeof *p->x, "calibration examples", e);
  if (p->label && !status)
    status = own(f, &label, k, sizeof *p->label, "labels", e);
  if (p->target && !status)
    status = own(f, &target, k * outputs, sizeof *p->target, "targets", e);
  for (size_t i = 0; i < k && !status; i++) {
    memcpy((float *)x + i * p->stride, p->x + index[i] * p->stride, p->stride * sizeof *p->x);
    if (label)
      ((int32_t *)label)[i] = p->label[index[i]];
    if (target)
      memcpy((float *)target + i * outputs, p->target + index[i] * outputs, outputs * sizeof *p->target);
  }
  f->sample = (struct examples){.n = k, .d = p->d, .stride = p->stride, .x = x, .label = label, .target = target};
  return status;
}

static enum status draw_sample(struct net_facts *f, size_t k, struct err *e)
{
  void *index;
  f->sample = *f->s.part;
  if (k == 0 || k >= f->sample.n)
    return STATUS_OK;
  enum status status = mem_new(&index, k, sizeof(uint32_t), "the numbers of the examples", e);
  if (status)
    return status;
  struct rng r = probe_rng(f->s.seed, PROBE_STREAM_SAMPLE, 0);
  rng_sample(&r, index, k, f->sample.n);
  status = copy_rows(f, index, k, e);
  free(index);
  return status;
}

/* --- the layers ---------------------------------------------------------------------------------------- */

/* A layer's part of a padded flat vector as a packed matrix. */
static void pack(const struct layer *y, const double *flat, double *out)
{
  for (size_t i = 0; i < y->rows; i++)
    memcpy(out + i * y->cols, flat + y->w_at + i * y->w_stride, y->cols * sizeof *out);
}

static enum status add_layer(struct net_facts *f, size_t at, struct err *e)
{
  const struct layer *y = &f->s.net->layer[at];
  double *w;
  enum status status = net_facts_take(f, &w, y->rows * y->cols, "weights", e);
  if (status)
    return status;
  pack(y, f->dense, w);
  f->at[f->n] = at;
  f->layer[f->n] = (struct prune_layer){.w = w, .out = y->rows, .in = y->cols, .place = f->n};
  f->n++;
  return STATUS_OK;
}

enum status net_facts_new(struct net_facts *f, const struct exec *x, const struct probe_subject *s, size_t k, const bool *skip,
                          struct err *e)
{
  *f = (struct net_facts){.x = x, .s = *s};
  if (s->part->n == 0)
    return err_set(e, STATUS_BAD_ARG, "there are no examples to calibrate with");
  enum status status = probe_weights(s, &f->dense, e);
  if (status)
    return status;
  f->owned = xrealloc(f->owned, sizeof *f->owned);
  f->owned[f->n_owned++] = f->dense;
  status = draw_sample(f, k, e);
  f->s.part = &f->sample;
  for (size_t l = 0; l < s->net->n_layers && !status; l++)
    if (s->net->layer[l].rows && !skip[l])
      status = add_layer(f, l, e);
  return status;
}

/* --- gradients ------------------------------------------------------------------------------------------ */

static enum status one_gradient(const struct net_facts *f, size_t at, size_t n, double *flat, struct err *e)
{
  size_t outputs = f->s.data->outputs;
  struct examples part = f->sample;
  double loss;
  part.n = n;
  part.x += at * part.stride;
  part.label = part.label ? part.label + at : NULL;
  part.target = part.target ? part.target + at * outputs : NULL;
  struct batch batch = batch_of(&part, outputs, NULL, n);
  return net_gradient_f64(f->x, f->s.net, f->s.loss, f->dense, &batch, &loss, flat, e);
}

enum status net_facts_gradients(struct net_facts *f, size_t batch, struct err *e)
{
  size_t n = (f->sample.n + batch - 1) / batch;
  double *gradient[NET_MAX_LAYERS];
  void *flat;
  enum status status = mem_new(&flat, f->s.net->n_params, sizeof(double), "a gradient", e);
  for (size_t i = 0; i < f->n && !status; i++) {
    size_t all;
    if (!size_mul(n, f->layer[i].out * f->layer[i].in, &all))
      all = SIZE_MAX;
    status = net_facts_take(f, &gradient[i], all, "gradients (larger batches make fewer)", e);
  }
  for (size_t b = 0; b < n && !status; b++) {
    size_t at = b * batch;
    status = one_gradient(f, at, f->sample.n - at < batch ? f->sample.n - at : batch, flat, e);
    for (size_t i = 0; i < f->n && !status; i++)
      pack(&f->s.net->layer[f->at[i]], flat, gradient[i] + b * f->layer[i].out * f->layer[i].in);
  }
  for (size_t i = 0; i < f->n && !status; i++) {
    f->layer[i].gradient = gradient[i];
    f->layer[i].n_gradients = n;
  }
  free(flat);
  return status;
}
