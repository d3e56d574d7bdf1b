/* allocate.c: using allocators, and whole counts that add up. */
#include <math.h>
#include <stdlib.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"
#include "experiments/pruning/pruning_int.h"

static size_t weights_of(const struct prune_layer *l) { return l->out * l->in; }

/* The layer that is best given one more removal (or back one): the one furthest from its share. */
static size_t furthest(const struct prune_layer *l, size_t n_layers, const double *share, const size_t *count, bool more)
{
  size_t best = n_layers;
  double distance = 0;
  for (size_t i = 0; i < n_layers; i++) {
    double gap = more ? share[i] - (double)count[i] : (double)count[i] - share[i];
    if ((more ? count[i] < weights_of(&l[i]) : count[i] > 0) && (best == n_layers || gap > distance)) {
      best = i;
      distance = gap;
    }
  }
  return best;
}

void prune_whole_counts(const struct prune_layer *l, size_t n_layers, double sparsity, double *per_layer)
{
  size_t total = 0, sum = 0, *count = xcalloc(n_layers + 1, sizeof *count);
  for (size_t i = 0; i < n_layers; i++) {
    total += weights_of(&l[i]);
    sum += count[i] = prune_count(per_layer[i], weights_of(&l[i]));
    per_layer[i] *= (double)weights_of(&l[i]);
  }
  size_t wanted = prune_count(sparsity, total);
  for (; sum < wanted; sum++)
    count[furthest(l, n_layers, per_layer, count, true)]++;
  for (; sum > wanted; sum--)
    count[furthest(l, n_layers, per_layer, count, false)]--;
  for (size_t i = 0; i < n_layers; i++)
    per_layer[i] = weights_of(&l[i]) ? (double)count[i] / (double)weights_of(&l[i]) : 0.0;
  free(count);
}

enum status prune_allocate(const struct object *allocator, const struct exec *x, const struct prune_layer *l,
                           size_t n_layers, double *per_layer, struct err *e)
{
  const struct allocator *a = (const struct allocator *)allocator->method;
  size_t total = 0;
  if (n_layers == 0)
    return STATUS_OK;
  for (size_t i = 0; i < n_layers; i++) {
    if (__builtin_add_overflow(total, weights_of(&l[i]), &total))
      return err_set(e, STATUS_BAD_ARG, "allocator \"%s\": the layers hold too many weights", a->m.id);
    if (prune_wants(allocator, "inputs") && !l[i].norm2)
      return err_set(e, STATUS_BAD_ARG, "allocator \"%s\" needs the inputs X of every layer", a->m.id);
    if (!vec_finite_f64(l[i].w, weights_of(&l[i])))
      return err_set(e, STATUS_BAD_DATA, "allocator \"%s\": the weights of layer %zu hold NaN or infinity", a->m.id, i + 1);
  }
  enum status status = a->allocate(allocator->conf, x, l, n_layers, per_layer, e);
  if (status && e)
    err_prefix(e, "allocator \"%s\"", a->m.id);
  return status;
}
