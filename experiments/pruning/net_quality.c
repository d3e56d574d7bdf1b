/* net_quality.c: what pruned weights do on data, compared with the dense ones: loss, error, Kullback-Leibler divergence,
 * agreement, and the output errors of each layer. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/blas.h"
#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"
#include "experiments/pruning/net_int.h"

/* --- the whole net -------------------------------------------------------------------------------------------- */

/* Probabilities as the loss reads them from the outputs: one output is the log-odds of the second class, several are
 * softmax's. */
static void log_probabilities(const float *z, size_t k, double *p)
{
  size_t classes = k == 1 ? 2 : k;
  p[0] = 0;
  for (size_t j = 0; j < k; j++)
    p[k == 1 ? 1 : j] = (double)z[j];
  double all = logsumexp_f64(p, classes);
  for (size_t j = 0; j < classes; j++)
    p[j] -= all;
}

static double divergence(const double *p, const double *q, size_t classes)
{
  double sum = 0;
  for (size_t j = 0; j < classes; j++)
    sum += exp(p[j]) * (p[j] - q[j]);
  return sum > 0 ? sum : 0.0; /* never negative but by rounding */
}

static size_t first_class(const double *p, size_t classes)
{
  size_t best = 0;
  for (size_t j = 1; j < classes; j++)
    best = p[j] > p[best] ? j : best;
  return best;
}

static void compare_outputs(const float *dense, const float *pruned, size_t n, size_t k, double *scratch, struct prune_quality *out)
{
  size_t classes = k == 1 ? 2 : k, same = 0;
  double *p = scratch, *q = p + classes, *each = q + classes;
  for (size_t i = 0; i < n; i++) {
    log_probabilities(dense + i * k, k, p);
    log_probabilities(pruned + i * k, k, q);
    each[i] = divergence(p, q, classes);
    same += first_class(p, classes) == first_class(q, classes);
  }
  out->kl = vec_sum_f64(each, n) / (double)n;
  out->agreement = (double)same / (double)n;
}

/* Losses, errors and outputs of the dense net and then of all others; one pass each. */
static enum status compare_nets(const struct exec *x, const struct probe_subject *s, const float *const *weights, size_t n_nets,
                                struct prune_quality *out, struct err *e)
{
  size_t n = s->part->n, k = s->net->out;
  struct batch batch = probe_batch(s);
  void *outputs, *scratch = NULL;
  enum status status = mem_new(&outputs, 2 * n * k, sizeof(float), "outputs", e);
  if (status)
    return status;
  float *dense = outputs, *pruned = dense + n * k;
  double loss = 0, error = 0, *errors;
  status = mem_new(&scratch, n + 2 * (k + 1), sizeof(double), "divergences", e);
  errors = scratch;
  if (!status) {
    status = net_evaluate_f32(x, s->net, s->loss, s->weights, &batch, &loss, NULL, errors, dense, e);
    error = loss_mean(errors, n);
  }
  for (size_t i = 0; i < n_nets && !status; i++) {
    out[i] = (struct prune_quality){.n = n, .kl = (double)NAN, .agreement = (double)NAN, .dense_loss = loss, .dense_error = error};
    status = net_evaluate_f32(x, s->net, s->loss, weights[i], &batch, &out[i].loss, NULL, errors, pruned, e);
    out[i].error = loss_mean(errors, n);
    if (!status && s->data->task == TASK_CLASSES)
      compare_outputs(dense, pruned, n, k, scratch, &out[i]);
  }
  free(scratch);
  free(outputs);
  return status;
}

/* --- layer by layer --------------------------------------------------------------------------------------------- */

struct walk {
  struct net_facts *f;
  struct net_block_f64 dense, pruned;
  double *v, *gap;               /* padded: the pruned weights, and dense - pruned */
  double *columns, *columns_pruned, *product;
};

static double squares(const double *x, size_t n) { return vec_dot_f64(x, x, n); }

/* Add a piece's squares of layer i: of W a, of (W - V) a, and of W a - V a* = (W - V) a + V (a - a*), which is exactly 0
 * where nothing has changed. */
static void add_squares(struct walk *k, size_t i, size_t piece, double sum[3])
{
  size_t l = k->f->at[i];
  const struct layer *y = &k->f->s.net->layer[l];
  struct net_columns a = net_columns_of(&k->dense, y, l, piece, k->columns);
  struct net_columns b = net_columns_of(&k->pruned, y, l, piece, k->columns_pruned);
  size_t n = y->rows * a.n;
  blas_gemm_f64(false, false, y->rows, a.n, y->cols, 1, k->f->dense + y->w_at, y->w_stride, a.a, a.ld, 0, k->product, a.n);
  sum[0] += squares(k->product, n);
  blas_gemm_f64(false, false, y->rows, a.n, y->cols, 1, k->gap + y->w_at, y->w_stride, a.a, a.ld, 0, k->product, a.n);
  sum[1] += squares(k->product, n);
  for (size_t j = 0; j < y->cols; j++)
    for (size_t t = 0; t < a.n; t++)
      b.a[j * b.ld + t] = a.a[j * a.ld + t] - b.a[j * b.ld + t];
  blas_gemm_f64(false, false, y->rows, a.n, y->cols, 1, k->v + y->w_at, y->w_stride, b.a, b.ld, 1, k->product, a.n);
  sum[2] += squares(k->product, n);
}

static enum status make_walk(struct walk *k, const float *weights, const struct batch *batch, void *memory[3], struct err *e)
{
  const struct net *net = k->f->s.net;
  size_t scratch = 0, product = 0;
  for (size_t i = 0; i < k->f->n; i++) {
    const struct layer *y = &net->layer[k->f->at[i]];
    size_t s = net_columns_scratch(y), p = y->out / net_columns_pieces(y) * NET_BLOCK;
    scratch = s > scratch ? s : scratch;
    product = p > product ? p : product;
  }
  enum status status = mem_new(&memory[0], 2 * (scratch + net->n_params) + product, sizeof(double), "outputs of a layer", e);
  if (status)
    return status;
  k->v = memory[0]; /* first: aligned, as the padded weights are */
  k->gap = k->v + net->n_params;
  k->columns = k->gap + net->n_params;
  k->columns_pruned = k->columns + scratch;
  k->product = k->columns_pruned + scratch;
  for (size_t i = 0; i < net->n_params; i++) {
    k->v[i] = (double)weights[i];
    k->gap[i] = k->f->dense[i] - k->v[i];
  }
  status = net_block_new_f64(&k->dense, net, k->f->dense, batch, &memory[1], e);
  return status ? status : net_block_new_f64(&k->pruned, net, k->v, batch, &memory[2], e);
}

static enum status layer_errors(struct net_facts *f, const float *weights, struct prune_quality *out, struct err *e)
{
  struct walk k = {.f = f};
  struct batch batch = probe_batch(&f->s);
  void *memory[3] = {NULL, NULL, NULL};
  double sum[NET_MAX_LAYERS][3] = {{0}};
  enum status status = make_walk(&k, weights, &batch, memory, e);
  for (size_t at = 0; at < batch.n && !status; at += NET_BLOCK) {
    net_block_forward_f64(&k.dense, &batch, at);
    net_block_forward_f64(&k.pruned, &batch, at);
    for (size_t i = 0; i < f->n; i++)
      for (size_t piece = 0; piece < net_columns_pieces(&f->s.net->layer[f->at[i]]); piece++)
        add_squares(&k, i, piece, sum[i]);
    if (exec_cancelled(f->x))
      status = err_set(e, STATUS_CANCELLED, "cancelled");
  }
  for (size_t i = 0; i < f->n && !status; i++) {
    out->layer[i] = f->at[i];
    out->output_error[i] = sum[i][1] > 0 ? sum[i][1] / sum[i][0] : 0.0;
    out->drift[i] = sum[i][2] > 0 ? sum[i][2] / sum[i][0] : 0.0;
  }
  out->n_layers = f->n;
  out->layer_examples = f->sample.n;
  for (size_t i = 0; i < 3; i++)
    free(memory[i]);
  return status;
}

enum status prune_net_quality(const struct exec *x, const struct probe_subject *s, const float *const *weights, size_t n,
                              size_t layer_examples, struct prune_quality *out, struct err *e)
{
  struct net_facts f = {0};
  if (s->part->n == 0)
    return err_set(e, STATUS_BAD_ARG, "there are no examples to evaluate on");
  enum status status = compare_nets(x, s, weights, n, out, e);
  if (!status && layer_examples) {
    status = net_facts_new(&f, x, s, layer_examples, (const bool[NET_MAX_LAYERS]){false}, e);
    for (size_t i = 0; i < n && !status; i++)
      status = layer_errors(&f, weights[i], &out[i], e);
  }
  net_facts_free(&f);
  return status;
}
