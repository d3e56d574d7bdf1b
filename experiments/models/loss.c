/* loss.c: a loss over a float32 mini-batch, and the mean of losses. See model.h. */
#include "experiments/models/model.h"

double loss_mean(const double *loss, size_t n)
{
  double sum = 0;
  for (size_t b = 0; b < n; b++)
    sum += loss[b];
  return n ? sum / (double)n : 0;
}

/* Example by example in float64; the derivatives are rounded to float32, then scaled. */
static void run_generic(const struct object *object, const struct loss_batch *b)
{
  const struct loss *loss = (const struct loss *)object->method;
  double *z = b->scratch, *g = b->scratch + b->k;
  for (size_t i = 0; i < b->n; i++) {
    int32_t label = b->label ? b->label[i] : 0;
    const float *target = b->target ? b->target + i * b->target_stride : NULL;
    for (size_t j = 0; j < b->k; j++)
      z[j] = (double)b->z[j * b->ldb + i];
    if (b->error)
      b->error[i] = loss->error(object->conf, z, b->k, label, target);
    b->loss[i] = loss->gradient(object->conf, z, b->k, label, target, g);
    for (size_t j = 0; j < b->k; j++)
      b->d[j * b->ldb + i] = (float)g[j] * b->scale;
  }
  for (size_t j = 0; j < b->k; j++)
    for (size_t i = b->n; i < b->ldb; i++)
      b->d[j * b->ldb + i] = 0.0f;
}

void loss_batch_run(const struct object *object, const struct product *p, const struct loss_batch *b)
{
  const struct loss *loss = (const struct loss *)object->method;
  if (loss->fast)
    loss->fast(object->conf, p, b);
  else
    run_generic(object, b);
}
