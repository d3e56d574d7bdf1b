/* input_gram.c: the Gram matrix of what goes into each layer: calibration data for pruning. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/gram.h"
#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"
#include "experiments/models/derivatives.h"
#include "experiments/probe/probe.h"

/* The columns that layer l multiplies: its inputs, or the patches of each position. */
static size_t columns_of(const struct layer *y) { return y->kind == LAYER_CONV ? y->conv.out_height * y->conv.out_width : 1; }

/* gram += A A' (lower triangle), sum += A 1, for n columns of a. */
static void add_columns(const double *a, size_t lda, size_t n, struct mat *gram, struct mat *sum, void *work)
{
  gram_add_f64(gram->rows, n, a, lda, gram->data, gram->stride, work);
  for (size_t i = 0; i < gram->rows; i++)
    mat_row_f64(sum, i)[0] += vec_sum_f64(a + i * lda, n);
}

/* Numbers n..ldb of each ldb belong to no example, but are not 0. */
static void clear_lanes(double *a, size_t columns, size_t n, size_t ldb)
{
  for (size_t i = 0; i < columns && n < ldb; i++)
    memset(a + i * ldb + n, 0, (ldb - n) * sizeof *a);
}

static void add_block(const struct net_block_f64 *b, size_t l, struct mat *gram, struct mat *sum, void *work)
{
  const struct layer *y = &b->net->layer[l];
  const struct conv_shape *s = &y->conv;
  if (y->kind == LAYER_DENSE)
    add_columns(b->act[l], b->ldb, b->n, gram, sum, work);
  for (size_t oy = 0; y->kind == LAYER_CONV && oy < s->out_height; oy++) {
    conv_patches_f64(s, b->act[l], b->ldb, oy, b->patches);
    clear_lanes(b->patches, y->cols * s->out_width, b->n, b->ldb);
    add_columns(b->patches, s->out_width * b->ldb, s->out_width * b->ldb, gram, sum, work);
  }
}

/* Scratch for the layer with most inputs. */
static enum status new_work(const struct net *net, void **work, struct err *e)
{
  size_t most = 0;
  for (size_t l = 0; l < net->n_layers; l++)
    most = net->layer[l].cols > most ? net->layer[l].cols : most;
  return mem_new(work, gram_work(most), sizeof(double), "a chunk of inputs", e);
}

static enum status walk(const struct exec *x, const struct probe_subject *s, const double *w, struct mat *gram, struct mat *sum,
                        struct err *e)
{
  struct net_block_f64 b;
  struct batch batch = probe_batch(s);
  void *memory = NULL, *work = NULL;
  enum status status = net_block_new_f64(&b, s->net, w, &batch, &memory, e);
  status = status ? status : new_work(s->net, &work, e);
  for (size_t at = 0; at < batch.n && !status; at += NET_BLOCK) {
    net_block_forward_f64(&b, &batch, at);
    for (size_t l = 0; l < s->net->n_layers; l++)
      add_block(&b, l, &gram[l], &sum[l], work);
    if (exec_cancelled(x))
      status = err_set(e, STATUS_CANCELLED, "cancelled");
  }
  free(work);
  free(memory);
  return status;
}

static enum status add_results(const struct probe_subject *s, size_t l, struct mat *gram, struct mat *sum, struct probe_value *out,
                               struct err *e)
{
  if (!mat_all_finite(gram))
    return err_set(e, STATUS_DIVERGED, "an input of layer %zu is not finite", l + 1);
  gram_mirror(gram->rows, gram->data, gram->stride);
  probe_add(out, "input_gram", l, gram, (double)NAN);
  probe_add(out, "input_sum", l, sum, (double)NAN);
  return probe_add_number(out, "columns", l, (double)s->part->n * (double)columns_of(&s->net->layer[l]), (double)NAN, e);
}

static enum status measure(const void *conf, const struct exec *x, const struct probe_subject *s, struct probe_value *out, struct err *e)
{
  struct mat gram[NET_MAX_LAYERS] = {{0}}, sum[NET_MAX_LAYERS] = {{0}};
  double *w = NULL;
  (void)conf;
  enum status status = probe_weights(s, &w, e);
  for (size_t l = 0; l < s->net->n_layers && !status; l++) {
    size_t in = s->net->layer[l].cols;
    status = in ? mat_new(&gram[l], DTYPE_F64, in, in, e) : STATUS_OK;
    status = status || !in ? status : mat_new(&sum[l], DTYPE_F64, in, 1, e);
  }
  status = status ? status : walk(x, s, w, gram, sum, e);
  for (size_t l = 0; l < s->net->n_layers; l++) {
    if (!status && s->net->layer[l].cols)
      status = add_results(s, l, &gram[l], &sum[l], out, e);
    mat_free(&gram[l]);
    mat_free(&sum[l]);
  }
  free(w);
  return status ? status : probe_add_number(out, "count", PROBE_WHOLE, (double)s->part->n, (double)NAN, e);
}

const struct probe probe_input_gram = {
  .m = {.kind = KIND_PROBE, .id = "input-gram", .name = "Gram matrices of layer inputs", .summary = "X X' of the inputs of each layer, in float64",
        .formula = "input_gram = sum a a' (inputs x inputs), input_sum = sum a, over the columns a of X: count = n examples, and for a\n"
                   "convolution all their patches (taps x taps, in the order of a filter's weights): columns = count x positions",
        .cite = "Frantar and Alistarh 2023, SparseGPT: massive language models can be accurately pruned in one-shot",
        .notes = "A sum, not a mean: divide by columns. Inputs are those of the dense (unpruned) net. The diagonal holds the squared "
                 "column norms of Wanda. A patch holds 0 where its tap lies outside the image. Poolings have none.",
        .example = "assay.probe(\"input-gram\")"},
  .measure = measure,
};
