/* gibbs.c: see gibbs.h. */
#include "experiments/probe/gibbs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/train/train.h"

const char *const gibbs_prior_names[] = {"auto", "zero", "start", "init", NULL};

enum status gibbs_part(const struct gibbs_conf *c, const struct probe_subject *s, struct examples *out, struct err *e)
{
  size_t skip = (size_t)c->skip;
  *out = *s->part;
  if (!out->label)
    return err_set(e, STATUS_BAD_ARG, "the data set \"%s\" has no classes, so there are no wrong answers to count",
                   s->data->name ? s->data->name : "?");
  if (skip >= out->n)
    return err_set(e, STATUS_BAD_ARG, "skip must leave some of the %zu examples, got %zu", out->n, skip);
  out->n -= skip;
  out->x += skip * out->stride;
  out->label += skip;
  return STATUS_OK;
}

/* Has none of the examples that are counted gone into the start? */
static bool start_is_apart(const struct gibbs_conf *c, const struct probe_subject *s)
{
  bool counted_later = s->start_used <= (size_t)c->skip && s->part == &s->data->train;
  return s->start_known && (s->start_used == 0 || counted_later);
}

enum status gibbs_prior_mean(const struct gibbs_conf *c, const struct probe_subject *s, float **w, bool *known, struct err *e)
{
  const struct model *model = (const struct model *)(const void *)s->model->method;
  int prior = c->prior == GIBBS_PRIOR_AUTO ? (s->start ? GIBBS_PRIOR_START : GIBBS_PRIOR_ZERO) : c->prior;
  *known = prior != GIBBS_PRIOR_START || start_is_apart(c, s);
  if (prior == GIBBS_PRIOR_START && !s->start)
    return err_set(e, STATUS_BAD_ARG, "the prior is to be centred on the start, which is not known: give start = weights");
  enum status status = mem_new((void **)w, s->net->n_params, sizeof **w, "the prior's mean", e);
  if (status)
    return status;
  if (prior == GIBBS_PRIOR_START)
    memcpy(*w, s->start, s->net->n_params * sizeof **w);
  if (prior == GIBBS_PRIOR_INIT)
    status = model->init(s->model->conf, s->net, (uint64_t)c->init_seed, *w, e);
  if (status) {
    free(*w);
    *w = NULL;
  }
  return status;
}

void gibbs_noise(const struct net *net, struct rng r, float *logical, float *padded)
{
  rng_fill_normal_f32(&r, logical, net->n_logical, 0, 1);
  net_pack_f32(net, logical, padded);
}

/* --- sampling -------------------------------------------------------------------------------------------------- */

/* Means over the draws of the two risks, and sums of squared deviations from them (Welford). */
struct tally { double mean[2], square[2]; };

struct sampler {
  const struct gibbs_conf *c;
  const struct exec *x;
  const struct probe_subject *s;
  const struct gibbs_posteriors *q;
  struct examples part, batch; /* all that count; those of a draw: in own memory, or all */
  struct train_evaluator *evaluator;
  struct tally *tally;         /* of each posterior */
  float *logical, *noise, *w, *x_own;
  int32_t *label_own;
  uint32_t *index;
  double *loss, *error;
  void *memory[8];
};

static void tally_add(struct tally *t, size_t which, double value, double count)
{
  double off = value - t->mean[which];
  t->mean[which] += off / count;
  t->square[which] += off * (value - t->mean[which]);
}

/* The examples of draw i, without replacement: a mean over them is unbiased, and no two draws share the choice. */
static void choose_examples(struct sampler *m, uint32_t i)
{
  if (m->batch.x == m->part.x)
    return;
  struct rng r = probe_rng(m->s->seed, PROBE_STREAM_POSTERIOR_ROWS, i);
  size_t stride = m->part.stride;
  rng_sample(&r, m->index, m->batch.n, m->part.n);
  for (size_t j = 0; j < m->batch.n; j++) {
    memcpy(m->x_own + j * stride, m->part.x + m->index[j] * stride, stride * sizeof *m->x_own);
    m->label_own[j] = m->part.label[m->index[j]];
  }
}

static enum status try_posterior(struct sampler *m, size_t k, double count, struct err *e)
{
  size_t n = m->s->net->n_params;
  const float *sd = m->q->sd + k * n;
  double error = 0, bounded = 0;
  for (size_t i = 0; i < n; i++)
    m->w[i] = fmaf(sd[i], m->noise[i], m->q->mean[i]);
  enum status s = train_evaluator_run(m->x, m->evaluator, &m->batch, m->s->data->outputs, m->w, m->loss, m->error, e);
  for (size_t i = 0; i < m->batch.n && !s; i++) {
    error += m->error[i];
    bounded += m->loss[i] < m->c->cap ? m->loss[i] / m->c->cap : 1; /* a loss that is not a number counts as 1 */
  }
  tally_add(&m->tally[k], 0, error / (double)m->batch.n, count);
  tally_add(&m->tally[k], 1, bounded / (double)m->batch.n, count);
  return s;
}

static enum status sample(struct sampler *m, struct err *e)
{
  enum status s = STATUS_OK;
  for (int64_t i = 0; i < m->c->draws && !s; i++) {
    gibbs_noise(m->s->net, probe_rng(m->s->seed, PROBE_STREAM_POSTERIOR, (uint32_t)i), m->logical, m->noise);
    choose_examples(m, (uint32_t)i);
    for (size_t k = 0; k < m->q->k && !s; k++)
      s = try_posterior(m, k, (double)i + 1, e);
  }
  return s;
}

/* Take memory for count x size bytes, to be freed with the sampler. */
static enum status take(struct sampler *m, size_t which, void *out, size_t count, size_t size, struct err *e)
{
  enum status s = mem_new(&m->memory[which], count, size, "draws of a posterior", e);
  memcpy(out, &m->memory[which], sizeof m->memory[which]);
  return s;
}

static enum status prepare(struct sampler *m, struct err *e)
{
  const struct net *net = m->s->net;
  size_t wanted = (size_t)m->c->examples, n = wanted && wanted < m->part.n ? wanted : m->part.n;
  bool all = n == m->part.n;
  enum status s = train_evaluator_new(&m->evaluator, net, m->s->loss, e);
  s = s ? s : take(m, 0, &m->tally, m->q->k, sizeof *m->tally, e);
  s = s ? s : take(m, 1, &m->logical, 2 * net->n_params + round_up(net->n_logical, 16), sizeof *m->logical, e);
  s = s ? s : take(m, 2, &m->loss, 2 * n, sizeof *m->loss, e);
  s = s ? s : take(m, 3, &m->x_own, all ? 0 : n, m->part.stride * sizeof *m->x_own, e);
  s = s ? s : take(m, 4, &m->label_own, all ? 0 : n, sizeof *m->label_own, e);
  s = s ? s : take(m, 5, &m->index, all ? 0 : n, sizeof *m->index, e);
  if (s)
    return s;
  m->noise = m->logical + round_up(net->n_logical, 16);
  m->w = m->noise + net->n_params;
  m->error = m->loss + n;
  m->batch = m->part;
  if (!all)
    m->batch = (struct examples){.n = n, .d = m->part.d, .stride = m->part.stride, .x = m->x_own, .label = m->label_own};
  return STATUS_OK;
}

/* --- results --------------------------------------------------------------------------------------------------- */

static enum status add_risks(const struct sampler *m, struct probe_value *out, struct err *e)
{
  static const char *const names[2][2] = {{"error", "error_se"}, {"bounded", "bounded_se"}};
  double draws = (double)m->c->draws;
  enum status s = STATUS_OK;
  for (size_t which = 0; which < 2 && !s; which++) {
    struct mat mean = {0}, se = {0};
    s = mat_new(&mean, DTYPE_F64, m->q->k, 1, e);
    s = s ? s : mat_new(&se, DTYPE_F64, m->q->k, 1, e);
    for (size_t k = 0; k < m->q->k && !s; k++) {
      mat_set(&mean, k, 0, fmin(fmax(m->tally[k].mean[which], 0), 1));
      mat_set(&se, k, 0, sqrt(m->tally[k].square[which] / (draws - 1) / draws));
    }
    if (!s) {
      probe_add(out, names[which][0], PROBE_WHOLE, &mean, (double)NAN);
      probe_add(out, names[which][1], PROBE_WHOLE, &se, (double)NAN);
    }
    mat_free(&mean), mat_free(&se);
  }
  return s;
}

/* Sums over one row of parameters of layer y, which starts at `from`. */
static void add_row(const struct gibbs_posteriors *q, const float *sd, size_t from, size_t n, double sum[3])
{
  for (size_t i = from; i < from + n; i++) {
    double off = (double)q->mean[i] - (double)q->prior_mean[i];
    sum[0] += log((double)sd[i]);
    sum[1] += (double)sd[i] * (double)sd[i];
    sum[2] += off * off;
  }
}

static enum status add_layer(const struct sampler *m, size_t l, struct probe_value *out, struct err *e)
{
  const struct layer *y = &m->s->net->layer[l];
  static const char *const names[] = {"log_sd", "variance"};
  struct mat mats[2] = {{0}, {0}};
  double distance2 = 0;
  enum status s = STATUS_OK;
  for (size_t which = 0; which < 2 && !s; which++)
    s = mat_new(&mats[which], DTYPE_F64, m->q->k, 1, e);
  for (size_t k = 0; k < m->q->k && !s; k++) {
    double sum[3] = {0};
    const float *sd = m->q->sd + k * m->s->net->n_params;
    for (size_t j = 0; j < y->rows; j++)
      add_row(m->q, sd, y->w_at + j * y->w_stride, y->cols, sum);
    if (y->bias)
      add_row(m->q, sd, y->b_at, y->rows, sum);
    mat_set(&mats[0], k, 0, sum[0]);
    mat_set(&mats[1], k, 0, sum[1]);
    distance2 = sum[2];
  }
  for (size_t which = 0; which < 2 && !s; which++)
    probe_add(out, names[which], l, &mats[which], (double)NAN);
  mat_free(&mats[0]), mat_free(&mats[1]);
  s = s ? s : probe_add_number(out, "distance2", l, distance2, (double)NAN, e);
  return s ? s : probe_add_number(out, "parameters", l, (double)(y->rows * y->cols + (y->bias ? y->rows : 0)), (double)NAN, e);
}

static enum status add_results(const struct sampler *m, struct probe_value *out, struct err *e)
{
  enum status s = add_risks(m, out, e);
  for (size_t l = 0; l < m->s->net->n_layers && !s; l++)
    if (m->s->net->layer[l].rows)
      s = add_layer(m, l, out, e);
  s = s ? s : probe_add_number(out, "draws", PROBE_WHOLE, (double)m->c->draws, (double)NAN, e);
  s = s ? s : probe_add_number(out, "known", PROBE_WHOLE, m->q->prior_known, (double)NAN, e);
  return s ? s : probe_add_number(out, "n", PROBE_WHOLE, (double)m->part.n, (double)NAN, e);
}

enum status gibbs_measure(const struct gibbs_conf *c, const struct exec *x, const struct probe_subject *s,
                          const struct gibbs_posteriors *q, struct probe_value *out, struct err *e)
{
  struct sampler m = {.c = c, .x = x, .s = s, .q = q};
  enum status status = gibbs_part(c, s, &m.part, e);
  status = status ? status : prepare(&m, e);
  status = status ? status : sample(&m, e);
  status = status ? status : add_results(&m, out, e);
  train_evaluator_free(m.evaluator);
  for (size_t i = 0; i < sizeof m.memory / sizeof *m.memory; i++)
    free(m.memory[i]);
  return status;
}
