/* net_inputs.c: what goes into the weights of each layer: of the dense net, or from pruned layers before it. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/blas.h"
#include "experiments/kernel/gram.h"
#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"
#include "experiments/params.h"
#include "experiments/pruning/net_int.h"

extern const struct probe probe_input_gram; /* the one probe this layer asks for by name */

size_t net_columns_pieces(const struct layer *y) { return y->kind == LAYER_CONV ? y->conv.out_height : 1; }

size_t net_columns_scratch(const struct layer *y)
{
  return y->kind == LAYER_CONV ? conv_patch_size(&y->conv, NET_BLOCK) : 0;
}

struct net_columns net_columns_of(const struct net_block_f64 *b, const struct layer *y, size_t layer, size_t piece, double *scratch)
{
  if (y->kind != LAYER_CONV)
    return (struct net_columns){b->act[layer], b->n, b->ldb};
  size_t n = y->conv.out_width * b->ldb;
  conv_patches_f64(&y->conv, b->act[layer], b->ldb, piece, scratch);
  for (size_t i = 0; i < y->cols * y->conv.out_width && b->n < b->ldb; i++)
    memset(scratch + i * b->ldb + b->n, 0, (b->ldb - b->n) * sizeof *scratch);
  return (struct net_columns){scratch, n, n};
}

/* Both blocks are cut off at the layer, so that no more is computed than goes into it. */
struct pair {
  struct net cut;
  struct net_block_f64 pruned, dense;
  void *memory[3];
  double *work, *columns, *columns_dense; /* scratch */
};

static enum status pair_new(struct pair *p, const struct net_facts *f, size_t layer, const double *weights, bool both,
                            const struct batch *batch, struct err *e)
{
  size_t scratch = net_columns_scratch(&f->s.net->layer[layer]), work = round_up(gram_work(f->s.net->layer[layer].cols), 8);
  p->cut = *f->s.net;
  memset(p->memory, 0, sizeof p->memory);
  enum status status = net_block_new_f64(&p->pruned, &p->cut, weights, batch, &p->memory[0], e);
  if (!status && both)
    status = net_block_new_f64(&p->dense, &p->cut, f->dense, batch, &p->memory[1], e);
  if (!status)
    status = mem_new(&p->memory[2], work + 2 * scratch, sizeof(double), "patches", e);
  p->work = p->memory[2];
  p->columns = p->work + work;
  p->columns_dense = p->columns + scratch;
  p->cut.n_layers = layer; /* after the buffers are cut out: a net without layers has inputs all the same */
  return status;
}

static void pair_free(struct pair *p)
{
  for (size_t i = 0; i < 3; i++)
    free(p->memory[i]);
}

/* Add a piece's share. */
static void add(struct pair *p, size_t layer, const struct layer *y, size_t piece, const struct net_sums *out)
{
  struct net_columns a = net_columns_of(&p->pruned, y, layer, piece, p->columns);
  size_t d = y->cols;
  for (size_t i = 0; i < d && out->norm2; i++)
    out->norm2[i] += vec_dot_f64(a.a + i * a.ld, a.a + i * a.ld, a.n);
  if (out->gram)
    gram_add_f64(d, a.n, a.a, a.ld, out->gram, d, p->work);
  if (!out->cross)
    return;
  struct net_columns b = net_columns_of(&p->dense, y, layer, piece, p->columns_dense);
  for (size_t i = 0; i < d; i++)
    for (size_t t = 0; t < a.n; t++)
      b.a[i * b.ld + t] -= a.a[i * a.ld + t];
  blas_gemm_f64(false, true, d, d, a.n, 1, b.a, b.ld, a.a, a.ld, 1, out->cross, d);
}

enum status net_facts_sum(const struct net_facts *f, size_t layer, const double *pruned, const struct net_sums *out, struct err *e)
{
  struct pair p;
  struct batch batch = probe_batch(&f->s);
  const struct layer *y = &f->s.net->layer[layer];
  size_t d = y->cols;
  enum status status = pair_new(&p, f, layer, pruned, out->cross != NULL, &batch, e);
  for (size_t at = 0; at < batch.n && !status; at += NET_BLOCK) {
    net_block_forward_f64(&p.pruned, &batch, at);
    if (out->cross)
      net_block_forward_f64(&p.dense, &batch, at);
    for (size_t piece = 0; piece < net_columns_pieces(y); piece++)
      add(&p, layer, y, piece, out);
    if (exec_cancelled(f->x))
      status = err_set(e, STATUS_CANCELLED, "cancelled");
  }
  pair_free(&p);
  if (out->gram && !status)
    gram_mirror(d, out->gram, d);
  if (!status && out->gram && !vec_finite_f64(out->gram, d * d))
    status = err_set(e, STATUS_DIVERGED, "an input of layer %zu is not finite", layer + 1);
  if (!status && out->norm2 && !vec_finite_f64(out->norm2, d))
    status = err_set(e, STATUS_DIVERGED, "an input of layer %zu is not finite", layer + 1);
  return status;
}

/* --- dense inputs, all layers ----------------------------------------------------------------------------- */

static enum status norms_only(struct net_facts *f, struct err *e)
{
  enum status status = STATUS_OK;
  for (size_t i = 0; i < f->n && !status; i++) {
    double *norm2;
    if ((status = net_facts_take(f, &norm2, f->layer[i].in, "norms of inputs", e)))
      return status;
    status = net_facts_sum(f, f->at[i], f->dense, &(struct net_sums){.norm2 = norm2}, e);
    f->layer[i].norm2 = norm2;
  }
  return status;
}

static enum status from_probe(struct net_facts *f, size_t i, const struct probe_value *v, struct err *e)
{
  const struct probe_array *a = probe_find(v, "input_gram", f->at[i]);
  struct prune_layer *l = &f->layer[i];
  double *norm2;
  if (!a || a->value.rows != l->in || a->value.stride != l->in)
    return err_set(e, STATUS_UNSUPPORTED, "probe \"input-gram\" knows nothing about layer %zu", f->at[i] + 1);
  enum status status = net_facts_take(f, &norm2, l->in, "norms of inputs", e);
  for (size_t j = 0; j < l->in && !status; j++)
    norm2[j] = mat_get(&a->value, j, j);
  l->norm2 = norm2;
  l->gram = a->value.data;
  return status;
}

enum status net_facts_inputs(struct net_facts *f, bool gram, struct probe_cache *cache, struct err *e)
{
  struct object probe;
  const struct probe_value *v = &f->gram;
  if (!gram)
    return norms_only(f, e);
  enum status status = params_parse(&probe, &probe_input_gram.m, NULL, 0, NULL, e);
  if (status)
    return status;
  status = cache ? probe_cache_get(cache, &probe, f->x, &f->s, &v, e) : probe_measure(&probe, f->x, &f->s, &f->gram, e);
  for (size_t i = 0; i < f->n && !status; i++)
    status = from_probe(f, i, v, e);
  object_free(&probe);
  return status;
}
