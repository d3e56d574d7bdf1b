/* input_gram.c: the Gram matrix of what goes into each layer: calibration data for pruning. */
#include <math.h>
#include <stdlib.h>

#include "experiments/kernel/blas.h"
#include "experiments/kernel/vec.h"
#include "experiments/models/derivatives.h"
#include "experiments/probe/probe.h"

/* gram += A A', sum += A 1, for A = inputs of layer l of the block's examples. */
static void add_block(const struct net_block_f64 *b, size_t l, struct mat *gram, struct mat *sum)
{
  size_t in = b->net->layer[l].in;
  const double *a = b->act[l];
  blas_gemm_f64(false, true, in, in, b->n, 1, a, b->ldb, a, b->ldb, 1, gram->data, gram->stride);
  for (size_t i = 0; i < in; i++)
    mat_row_f64(sum, i)[0] += vec_sum_f64(a + i * b->ldb, b->n);
}

/* A product need not be symmetric to the last bit: the lower triangle stands for both. */
static void mirror(struct mat *gram)
{
  for (size_t i = 0; i < gram->rows; i++)
    for (size_t j = 0; j < i; j++)
      mat_row_f64(gram, j)[i] = mat_row_f64(gram, i)[j];
}

static enum status walk(const struct exec *x, const struct probe_subject *s, const double *w, struct mat *gram, struct mat *sum,
                        struct err *e)
{
  struct net_block_f64 b;
  struct batch batch = probe_batch(s);
  void *memory;
  enum status status = net_block_new_f64(&b, s->net, w, &batch, &memory, e);
  for (size_t at = 0; at < batch.n && !status; at += NET_BLOCK) {
    net_block_forward_f64(&b, &batch, at);
    for (size_t l = 0; l < s->net->n_layers; l++)
      add_block(&b, l, &gram[l], &sum[l]);
    if (exec_cancelled(x))
      status = err_set(e, STATUS_CANCELLED, "cancelled");
  }
  free(memory);
  return status;
}

static enum status measure(const void *conf, const struct exec *x, const struct probe_subject *s, struct probe_value *out, struct err *e)
{
  struct mat gram[NET_MAX_LAYERS] = {{0}}, sum[NET_MAX_LAYERS] = {{0}};
  double *w = NULL;
  (void)conf;
  enum status status = probe_weights(s, &w, e);
  for (size_t l = 0; l < s->net->n_layers && !status; l++) {
    status = mat_new(&gram[l], DTYPE_F64, s->net->layer[l].in, s->net->layer[l].in, e);
    status = status ? status : mat_new(&sum[l], DTYPE_F64, s->net->layer[l].in, 1, e);
  }
  status = status ? status : walk(x, s, w, gram, sum, e);
  for (size_t l = 0; l < s->net->n_layers; l++) {
    if (!status && !mat_all_finite(&gram[l]))
      status = err_set(e, STATUS_DIVERGED, "an input of layer %zu is not finite", l + 1);
    if (!status) {
      mirror(&gram[l]);
      probe_add(out, "input_gram", l, &gram[l], (double)NAN);
      probe_add(out, "input_sum", l, &sum[l], (double)NAN);
    }
    mat_free(&gram[l]);
    mat_free(&sum[l]);
  }
  free(w);
  return status ? status : probe_add_number(out, "count", PROBE_WHOLE, (double)s->part->n, (double)NAN, e);
}

const struct probe probe_input_gram = {
  .m = {.kind = KIND_PROBE, .id = "input-gram", .name = "Gram matrices of layer inputs", .summary = "X X' of the inputs of each layer, in float64",
        .formula = "input_gram = sum_i a_i a_i' (inputs x inputs), input_sum = sum_i a_i, count = n",
        .cite = "Frantar and Alistarh 2023, SparseGPT: massive language models can be accurately pruned in one-shot",
        .notes = "A sum, not a mean: divide by count. Inputs are those of the dense (unpruned) net. The diagonal holds the squared "
                 "column norms of Wanda.",
        .example = "assay.probe(\"input-gram\")"},
  .measure = measure,
};
