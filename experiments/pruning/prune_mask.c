/* prune_mask.c: from scores to masks: exact counts per row, layer or net, and n:m patterns. */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/select.h"
#include "experiments/pruning/pruning_int.h"

const char *const prune_compare_names[] = {"row", "layer", "global", "n:m", NULL};

enum status prune_resolve(void *conf, struct err *e)
{
  struct prune_common *c = conf;
  if (c->compare != PRUNE_N_OF_M) {
    c->sparsity = isnan(c->sparsity) ? 0.5 : c->sparsity;
    return STATUS_OK;
  }
  if (c->n > c->m)
    return err_set(e, STATUS_BAD_ARG, "n must be at most m (%" PRId64 "), as n of every m are kept, got %" PRId64, c->m, c->n);
  double s = 1.0 - (double)c->n / (double)c->m;
  if (!isnan(c->sparsity) && fabs(c->sparsity - s) > 1e-12)
    return err_set(e, STATUS_BAD_ARG, "sparsity must be %g, as %" PRId64 " of every %" PRId64 " are kept (leave it out), got %g",
                   s, c->n, c->m, c->sparsity);
  c->sparsity = s;
  return STATUS_OK;
}

size_t prune_count(double sparsity, size_t n)
{
  double k = floor(sparsity * (double)n + 0.5);
  return k >= (double)n ? n : (size_t)k;
}

static inline void choose_groups(const double *score, size_t groups, size_t n, size_t m, uint8_t *keep)
{
  for (size_t g = 0; g < groups; g++, score += m, keep += m)
    for (size_t j = 0; j < m; j++) { /* how many go before j: counted without a branch */
      size_t before = 0;
      for (size_t t = 0; t < j; t++)
        before += score[t] <= score[j];
      for (size_t t = j + 1; t < m; t++)
        before += score[t] < score[j];
      keep[j] = before >= m - n;
    }
}

void prune_choose_groups(const double *score, size_t groups, size_t n, size_t m, uint8_t *keep)
{
  if (m == 4) /* the compiler unrolls a known number */
    choose_groups(score, groups, n, 4, keep);
  else
    choose_groups(score, groups, n, m, keep);
}

enum status prune_check_groups(const struct prune_common *c, size_t in, struct err *e)
{
  if (in % (size_t)c->m)
    return err_set(e, STATUS_BAD_ARG, "%" PRId64 ":%" PRId64 " needs a number of inputs that is a multiple of %" PRId64
                   ", this layer has %zu", c->n, c->m, c->m, in);
  return STATUS_OK;
}

enum status prune_choose(const struct prune_common *c, const double *score, size_t out, size_t in, double sparsity,
                         uint8_t *keep, struct err *e)
{
  bool rows = c->compare == PRUNE_ROW;
  size_t span = rows ? in : out * in, n = rows ? out : 1;
  void *work;
  enum status status;
  if (c->compare == PRUNE_N_OF_M) {
    if ((status = prune_check_groups(c, in, e)) == STATUS_OK)
      prune_choose_groups(score, out * in / (size_t)c->m, (size_t)c->n, (size_t)c->m, keep);
    return status;
  }
  if (span > UINT32_MAX)
    return err_set(e, STATUS_UNSUPPORTED, "%zu weights are too many to rank at once (at most 2^32 - 1)", span);
  if ((status = mem_new(&work, span, sizeof(double), "the ranking of the weights", e)))
    return status;
  for (size_t i = 0; i < n; i++)
    select_lowest_f64(score + i * span, span, prune_count(sparsity, span), work, keep + i * span);
  free(work);
  return STATUS_OK;
}

/* One ranking over all layers: their scores one after the other. */
static enum status choose_global(const struct prune_common *c, const struct prune_layer *l, size_t n_layers, double *const *score,
                                 uint8_t *const *keep, struct err *e)
{
  const struct prune_common flat = {.compare = PRUNE_LAYER};
  size_t total = 0, at = 0;
  void *memory;
  for (size_t i = 0; i < n_layers; i++)
    total += l[i].out * l[i].in;
  enum status status = mem_new(&memory, total, sizeof(double) + 1, "scores of all layers", e);
  if (status)
    return status;
  double *all = memory;
  uint8_t *mask = (uint8_t *)(all + total);
  for (size_t i = 0; i < n_layers; at += l[i].out * l[i].in, i++)
    memcpy(all + at, score[i], l[i].out * l[i].in * sizeof *all);
  status = prune_choose(&flat, all, 1, total, c->sparsity, mask, e);
  at = 0;
  for (size_t i = 0; i < n_layers && !status; at += l[i].out * l[i].in, i++)
    memcpy(keep[i], mask + at, l[i].out * l[i].in);
  free(memory);
  return status;
}

enum status prune_choose_all(const struct prune_common *c, const struct prune_layer *l, size_t n_layers, const double *sparsity,
                             double *const *score, uint8_t *const *keep, struct err *e)
{
  if (c->compare == PRUNE_GLOBAL)
    return choose_global(c, l, n_layers, score, keep, e);
  enum status status = STATUS_OK;
  for (size_t i = 0; i < n_layers && !status; i++)
    status = prune_choose(c, score[i], l[i].out, l[i].in, sparsity ? sparsity[i] : c->sparsity, keep[i], e);
  return status;
}
