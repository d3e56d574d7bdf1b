/* net_prune.c: pruning a whole net: facts, budgets, masks and new weights layer by layer, and the report. See net.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "experiments/kernel/blas.h"
#include "experiments/kernel/mem.h"
#include "experiments/pruning/net_int.h"
#include "experiments/pruning/pruning_int.h"

struct work {
  const struct prune_plan *plan;
  struct object method, allocator; /* copies with the sparsity in hand; no method: none */
  struct net_facts f;
  double *w[NET_MAX_LAYERS];       /* new weights: numbers that float32 can hold, once a layer is done */
  uint8_t *keep[NET_MAX_LAYERS];
  struct prune_note note[NET_MAX_LAYERS];
  double budget[NET_MAX_LAYERS], *sparsity; /* sparsity: budget, or NULL */
  double *pruned;                  /* padded: the net as far as it is done */
};

static double seconds(clockid_t clock)
{
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static const struct prune_common *common_of(const struct work *k) { return k->method.conf; }

static bool at_once(const struct work *k) { return prune_at_once(&k->method); }

static bool wants(const struct work *k, const char *need)
{
  return prune_wants(&k->method, need) || (k->allocator.method && prune_wants(&k->allocator, need));
}

/* --- preparing -------------------------------------------------------------------------------------------- */

static enum status check_plan(const struct work *k, struct err *e)
{
  const struct prune_plan *p = k->plan;
  const struct method *m = p->method->method;
  if (p->inputs != PRUNE_DENSE && at_once(k) && (prune_mask_wants(&k->method, "inputs") || prune_mask_wants(&k->method, "gram")))
    return err_set(e, STATUS_BAD_ARG, "%s \"%s\" ranks all layers at once, so its inputs cannot come from layers pruned before: "
                   "inputs must be dense (or compare row or layer)", kind_name(m->kind), m->id);
  if (p->batch == 0)
    return err_set(e, STATUS_BAD_ARG, "batch must be at least 1");
  if (!(p->correction >= 0 && p->correction <= 1) || !(p->damp >= 0 && p->damp <= 100))
    return err_set(e, STATUS_BAD_ARG, "correction must be from 0 to 1 and its damping from 0 to 100, got %g and %g", p->correction, p->damp);
  if (k->f.n == 0)
    return err_set(e, STATUS_BAD_ARG, "the net has no layer to prune");
  return STATUS_OK;
}

static enum status make_room(struct work *k, struct err *e)
{
  enum status status = net_facts_take(&k->f, &k->pruned, k->f.s.net->n_params, "new weights", e);
  for (size_t i = 0; i < k->f.n && !status; i++) {
    size_t n = k->f.layer[i].out * k->f.layer[i].in;
    double *mask;
    status = net_facts_take(&k->f, &k->w[i], n, "new weights", e);
    if (!status)
      status = net_facts_take(&k->f, &mask, n / sizeof(double) + 1, "masks", e);
    if (!status)
      k->keep[i] = (uint8_t *)mask;
  }
  if (!status)
    memcpy(k->pruned, k->f.dense, k->f.s.net->n_params * sizeof *k->pruned);
  return status;
}

/* All that does not depend on what is pruned first. */
static enum status collect(struct work *k, struct probe_cache *cache, struct err *e)
{
  const struct prune_plan *p = k->plan;
  bool dense = p->inputs == PRUNE_DENSE, gram = dense && wants(k, "gram");
  bool inputs = (dense && wants(k, "inputs")) || (k->allocator.method && prune_wants(&k->allocator, "inputs"));
  net_facts_flow(&k->f);
  enum status status = gram || inputs ? net_facts_inputs(&k->f, gram, cache, e) : STATUS_OK;
  if (!status && wants(k, "gradients"))
    status = net_facts_gradients(&k->f, p->batch, e);
  if (!status && wants(k, "curvature"))
    status = net_facts_curvature(&k->f, p->curvature, e);
  return status;
}

/* --- pruning ---------------------------------------------------------------------------------------------- */

/* Layer i is done: its weights as float32 will hold them, into the net. */
static void settle(struct work *k, size_t i)
{
  const struct layer *y = &k->f.s.net->layer[k->f.at[i]];
  for (size_t r = 0; r < y->rows; r++)
    for (size_t c = 0; c < y->cols; c++) {
      double *w = &k->w[i][r * y->cols + c];
      *w = (double)(float)*w;
      k->pruned[y->w_at + r * y->w_stride + c] = *w;
    }
}

/* W + a W D (H* + damp)^-1 becomes the weights of the layer. */
static enum status correct(struct work *k, size_t i, const double *cross, struct err *e)
{
  struct prune_layer *l = &k->f.layer[i];
  size_t d = l->in;
  double *w, *a, *factor, used = 0;
  enum status status = net_facts_take(&k->f, &w, l->out * d, "corrected weights", e);
  status = status ? status : net_facts_take(&k->f, &a, d * d, "Gram matrix", e);
  status = status ? status : net_facts_take(&k->f, &factor, d * d, "factor", e);
  if (status)
    return status;
  double mean = prune_repaired_gram(l->gram, d, a);
  blas_gemm_f64(false, false, l->out, d, d, k->plan->correction, l->w, d, cross, d, 0, w, d);
  if ((status = prune_factor(a, d, mean, k->plan->damp, factor, &used, e)))
    return status;
  for (size_t r = 0; r < l->out; r++) {
    prune_back_solve(factor, d, w + r * d);
    for (size_t j = 0; j < d; j++)
      w[r * d + j] += l->w[r * d + j];
  }
  l->w = w;
  return STATUS_OK;
}

/* The facts about layer i that depend on the layers pruned before it. */
static enum status collect_next(struct work *k, size_t i, struct err *e)
{
  struct prune_layer *l = &k->f.layer[i];
  struct net_sums sums = {0};
  bool target = k->plan->inputs == PRUNE_SEQUENTIAL_DENSE_TARGET, gram = target || prune_wants(&k->method, "gram");
  enum status status = STATUS_OK;
  if (!gram && !prune_wants(&k->method, "inputs"))
    return STATUS_OK;
  status = net_facts_take(&k->f, &sums.norm2, l->in, "norms of inputs", e);
  if (!status && gram)
    status = net_facts_take(&k->f, &sums.gram, l->in * l->in, "Gram matrix", e);
  if (!status && target && i > 0)
    status = net_facts_take(&k->f, &sums.cross, l->in * l->in, "Gram matrix of two nets", e);
  if (!status)
    status = net_facts_sum(&k->f, k->f.at[i], k->pruned, &sums, e);
  l->norm2 = sums.norm2;
  l->gram = sums.gram;
  return status || !sums.cross ? status : correct(k, i, sums.cross, e);
}

/* Where the mask stands already: masked weights, restored. */
static enum status finish_masked(struct work *k, size_t i, struct err *e)
{
  const struct prune_layer *l = &k->f.layer[i];
  for (size_t j = 0; j < l->out * l->in; j++)
    k->w[i][j] = k->keep[i][j] ? l->w[j] : 0.0;
  const struct object *restore = &common_of(k)->restore;
  return restore->method ? prune_restore(restore, k->f.x, l, k->keep[i], k->w[i], &k->note[i], e) : STATUS_OK;
}

static enum status run_sequential(struct work *k, struct err *e)
{
  enum status status = STATUS_OK;
  if (at_once(k))
    status = prune_mask(&k->method, k->f.x, k->f.layer, k->f.n, k->sparsity, k->keep, e);
  for (size_t i = 0; i < k->f.n && !status; i++) {
    status = collect_next(k, i, e);
    if (!status && at_once(k))
      status = finish_masked(k, i, e);
    else if (!status)
      status = prune_apply(&k->method, k->f.x, &k->f.layer[i], 1, k->sparsity ? k->sparsity + i : NULL, &k->w[i], &k->keep[i],
                           &k->note[i], e);
    if (!status)
      settle(k, i);
    else
      err_prefix(e, "layer %zu", k->f.at[i] + 1);
  }
  return status;
}

static enum status run_dense(struct work *k, struct err *e)
{
  enum status status = prune_apply(&k->method, k->f.x, k->f.layer, k->f.n, k->sparsity, k->w, k->keep, k->note, e);
  for (size_t i = 0; i < k->f.n && !status; i++)
    settle(k, i);
  return status;
}

/* --- the report --------------------------------------------------------------------------------------------- */

static void report_layer(const struct work *k, size_t l, struct prune_layer_report *r)
{
  const struct layer *y = &k->f.s.net->layer[l];
  *r = (struct prune_layer_report){.layer = l, .out = y->rows, .in = y->cols, .kept = y->rows * y->cols, .positions = y->out / y->rows};
  for (size_t i = 0; i < k->f.n; i++) {
    if (k->f.at[i] != l)
      continue;
    r->damp = k->note[i].damp;
    r->kept = 0;
    for (size_t row = 0; row < y->rows; row++) {
      size_t kept = 0;
      for (size_t j = 0; j < y->cols; j++)
        kept += k->keep[i][row * y->cols + j];
      r->kept += kept;
      r->empty_rows += kept == 0;
    }
  }
}

static double index_bits(int64_t m)
{
  double bits = 0;
  while (((int64_t)1 << (int)bits) < m)
    bits++;
  return bits;
}

static struct prune_size size_of(const struct work *k, const struct prune_net *out)
{
  const struct prune_common *c = common_of(k);
  struct prune_size s = {.biases = k->f.s.net->n_logical};
  double pattern = 0;
  for (size_t i = 0; i < out->n_layers; i++) {
    const struct prune_layer_report *r = &out->layer[i];
    double all = (double)(r->out * r->in), kept = (double)r->kept;
    s.weights += r->out * r->in;
    s.kept += r->kept;
    s.csr_bytes += 8 * kept + 4 * (double)(r->out + 1);
    pattern += r->kept < r->out * r->in ? 4 * kept + ceil(kept * index_bits(c->m) / 8) : 4 * all;
    s.dense_flops += 2 * all * (double)r->positions;
    s.flops += 2 * kept * (double)r->positions;
  }
  s.biases -= s.weights;
  double biases = 4 * (double)s.biases;
  s.dense_bytes = 4 * (double)s.weights + biases;
  s.csr_bytes += biases;
  s.pattern_bytes = c->compare == PRUNE_N_OF_M ? pattern + biases : (double)NAN;
  return s;
}

/* Weights and mask in logical order: the mask travels as a padded vector of numbers, 1 for biases. */
static enum status deliver(const struct work *k, struct prune_net *out, struct err *e)
{
  const struct net *net = k->f.s.net;
  void *memory, *weights = NULL, *mask = NULL;
  enum status status = mem_new(&memory, 2 * net->n_params + net->n_logical, sizeof(float), "new weights", e);
  if (status)
    return status;
  float *flat = memory, *kept = flat + net->n_params, *logical = kept + net->n_params;
  for (size_t i = 0; i < net->n_params; i++) {
    flat[i] = (float)k->pruned[i];
    kept[i] = 1;
  }
  for (size_t i = 0; i < k->f.n; i++) {
    const struct layer *y = &net->layer[k->f.at[i]];
    for (size_t j = 0; j < y->rows * y->cols; j++)
      kept[y->w_at + j / y->cols * y->w_stride + j % y->cols] = k->keep[i][j];
  }
  status = mem_new(&weights, net->n_logical, sizeof *out->weights, "new weights", e);
  if (!status)
    status = mem_new(&mask, net->n_logical, sizeof *out->mask, "masks", e);
  out->weights = weights;
  out->mask = mask;
  if (!status) {
    net_unpack_f32(net, flat, out->weights);
    net_unpack_f32(net, kept, logical);
    for (size_t i = 0; i < net->n_logical; i++)
      out->mask[i] = logical[i] != 0;
  }
  free(memory);
  return status;
}

static enum status report(const struct work *k, struct prune_net *out, struct err *e)
{
  out->examples = k->f.sample.n;
  for (size_t l = 0; l < k->f.s.net->n_layers; l++)
    if (k->f.s.net->layer[l].rows)
      report_layer(k, l, &out->layer[out->n_layers++]);
  out->size = size_of(k, out);
  return deliver(k, out, e);
}

/* --- one sparsity after the other ------------------------------------------------------------------------------ */

/* The parameter of that name, if the method has one, is `sparsity` from now on. */
static enum status set_sparsity(struct object *o, double sparsity, struct err *e)
{
  const struct param *p = params_find(o->method, "sparsity");
  if (!(sparsity >= 0 && sparsity <= 1))
    return err_set(e, STATUS_BAD_ARG, "sparsity must be from 0 to 1, got %g", sparsity);
  if (p && p->type == PARAM_REAL)
    *(double *)(void *)((char *)o->conf + p->at) = sparsity;
  return o->method->resolve ? o->method->resolve(o->conf, e) : STATUS_OK;
}

static enum status prune(struct work *k, struct prune_net *out, struct err *e)
{
  double start = seconds(CLOCK_MONOTONIC), cpu = seconds(CLOCK_THREAD_CPUTIME_ID);
  enum status status = make_room(k, e);
  if (!status && k->allocator.method) {
    status = prune_allocate(&k->allocator, k->f.x, k->f.layer, k->f.n, k->budget, e);
    k->sparsity = k->budget;
  }
  if (!status)
    status = k->plan->inputs == PRUNE_DENSE ? run_dense(k, e) : run_sequential(k, e);
  out->wall_s = seconds(CLOCK_MONOTONIC) - start;
  out->cpu_s = seconds(CLOCK_THREAD_CPUTIME_ID) - cpu;
  return status ? status : report(k, out, e);
}

/* Once for each sparsity, from the same facts. */
static enum status prune_each(struct work *k, const double *sparsity, size_t n, struct prune_net *out, struct err *e)
{
  size_t owned = k->f.n_owned;
  struct prune_layer dense[NET_MAX_LAYERS];
  enum status status = STATUS_OK;
  memcpy(dense, k->f.layer, sizeof dense);
  for (size_t i = 0; (i < n || i == 0) && !status; i++) {
    memcpy(k->f.layer, dense, sizeof dense);
    memset(k->note, 0, sizeof k->note);
    if (i < n)
      status = set_sparsity(&k->method, sparsity[i], e);
    if (i < n && !status && k->allocator.method)
      status = set_sparsity(&k->allocator, sparsity[i], e);
    status = status ? status : prune(k, &out[i], e);
    net_facts_release(&k->f, owned);
  }
  return status;
}

enum status prune_net_run(const struct exec *x, const struct probe_subject *s, const struct prune_plan *plan, const double *sparsity,
                          size_t n, struct probe_cache *cache, struct prune_net *out, struct err *e)
{
  struct work k = {.plan = plan};
  double begin = seconds(CLOCK_MONOTONIC), begin_cpu = seconds(CLOCK_THREAD_CPUTIME_ID);
  memset(out, 0, (n ? n : 1) * sizeof *out);
  enum status status = net_facts_new(&k.f, x, s, plan->examples, plan->skip, e);
  status = status ? status : object_copy(&k.method, plan->method, e);
  if (!status && plan->allocator)
    status = object_copy(&k.allocator, plan->allocator, e);
  status = status ? status : check_plan(&k, e);
  status = status ? status : collect(&k, cache, e);
  double calibrate_s = seconds(CLOCK_MONOTONIC) - begin, calibrate_cpu_s = seconds(CLOCK_THREAD_CPUTIME_ID) - begin_cpu;
  status = status ? status : prune_each(&k, sparsity, n, out, e);
  for (size_t i = 0; i < n || i == 0; i++) {
    out[i].calibrate_s = calibrate_s;
    out[i].calibrate_cpu_s = calibrate_cpu_s;
    if (status)
      prune_net_free(&out[i]);
  }
  net_facts_free(&k.f);
  object_free(&k.allocator);
  object_free(&k.method);
  return status;
}

void prune_net_free(struct prune_net *p)
{
  free(p->weights);
  free(p->mask);
  *p = (struct prune_net){0};
}
