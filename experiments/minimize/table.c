/* table.c: see table.h.
 *
 * Sparse rows: only the weights of a row are touched. The others follow when they are next needed: with c_t = (1 - rate l2)^t and w = c_t v
 * an iteration that leaves mean_j alone moves v_j by -(rate/c_{t+1}) mean_j, so v_j -= mean_j (S_t - S_seen), S_t = sum_{s<t} rate/c_{s+1}
 * (just-in-time updates: Schmidt, Le Roux and Bach 2017, section 4). Entry v, mean and S_seen stand together: one cache line. */
#include "experiments/minimize/table.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/objective/glm.h"

#define SCALE_MIN 1e-100 /* of c_t: below it v is scaled anew */
#define REFRESH 16       /* passes after which the mean is computed anew, for rounding adds up in it */

struct entry { double v, mean, seen; }; /* sparse: weight j is scale * v */

struct work {
  const struct glm *g;
  struct sum_order order;
  const struct table_rule *rule;
  size_t batch, d;       /* d: padded where dense */
  double rate, share;    /* share = 1/n, or 0 where the table stands still */
  double *tab;           /* n slopes */
  double *w, *mean;      /* dense: d each */
  struct entry *entry;   /* sparse: d */
  double scale, drift;   /* sparse: c_t, S_t */
  double since;          /* evaluations since the last reference point or refresh */
  double *last_w, *last_g, *now_w, *now_g; /* SVRG-BB: reference points and gradients there */
  bool has_last;
};

enum status table_accepts(const void *conf, const struct objective *f, struct err *e)
{
  (void)conf;
  return f->glm ? STATUS_OK : err_set(e, STATUS_UNSUPPORTED, "objective \"%s\" is no linear model, whose gradients fit into a table of n numbers",
                                      f->of.method->id);
}

static void work_free(struct work *k)
{
  double *owned[] = {k->tab, k->w, k->mean, k->last_w, k->last_g, k->now_w, k->now_g};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
    free(owned[i]);
  free(k->entry);
  sum_order_free(&k->order);
}

static enum status new_numbers(double **out, size_t n, struct err *e)
{
  void *p;
  enum status s = mem_new(&p, n, sizeof(double), "a method for finite sums", e);
  if (s == STATUS_OK)
    *out = p;
  return s;
}

static enum status work_new(struct work *k, const struct sum_conf *c, struct minimize *m, struct err *e)
{
  void *entry = NULL;
  double **dense[] = {&k->w, &k->mean}, **bb[] = {&k->last_w, &k->last_g, &k->now_w, &k->now_g};
  enum status s = sum_order_new(&k->order, &c->sampler, m, e);
  if (s == STATUS_OK)
    s = new_numbers(&k->tab, m->f->n, e);
  for (size_t i = 0; i < 2 && s == STATUS_OK && k->g->x; i++)
    s = new_numbers(dense[i], k->d, e);
  for (size_t i = 0; i < 4 && s == STATUS_OK && k->rule->bb > 0; i++)
    s = new_numbers(bb[i], k->d, e);
  if (s == STATUS_OK && !k->g->x)
    s = mem_new(&entry, k->d, sizeof(struct entry), "weights and the mean gradient", e);
  k->entry = entry;
  return s;
}

/* --- between iterations ------------------------------------------------------------------------ */

/* m->w = the iterate; sparse weights catch up, and c = 1 again. */
static void settle(struct work *k, struct minimize *m)
{
  if (k->g->x) {
    memcpy(m->w, k->w, m->f->d * sizeof *m->w);
    return;
  }
  for (size_t j = 0; j < k->d; j++) {
    struct entry *t = &k->entry[j];
    t->v = k->scale * (t->v - t->mean * (k->drift - t->seen));
    t->seen = 0;
    m->w[j] = t->v;
  }
  k->scale = 1;
  k->drift = 0;
}

/* mean = (1/n) sum tab_i a_i, by blocks where dense; `sum` has room for it. */
static void mean_of_table(struct work *k)
{
  const struct glm *g = k->g;
  double n = (double)g->n;
  if (!g->x) {
    for (size_t j = 0; j < k->d; j++)
      k->entry[j].mean = 0;
    for (size_t i = 0; i < g->n; i++)
      for (size_t p = g->start[i]; p < g->start[i + 1]; p++)
        k->entry[g->index[p]].mean += k->tab[i] / n * (double)g->value[p];
    return;
  }
  memset(k->mean, 0, k->d * sizeof *k->mean);
  for (size_t i = 0; i < g->n; i += GLM_BLOCK) {
    const float *row[GLM_BLOCK];
    g->rows->add(row, glm_block(g, i, row), k->tab + i, k->mean, k->d);
  }
  for (size_t j = 0; j < k->d; j++)
    k->mean[j] /= n;
}

/* The whole table at m->w: one pass. */
static void fill_table(struct work *k, struct minimize *m)
{
  const struct glm *g = k->g;
  m->count.gradients += (double)g->n;
  if (!g->x)
    for (size_t i = 0; i < g->n; i++)
      k->tab[i] = glm_slope(g->link, glm_dot(g, i, m->w), g->y[i]);
  for (size_t i = 0; g->x && i < g->n; i += GLM_BLOCK) {
    const float *row[GLM_BLOCK];
    double z[GLM_BLOCK];
    size_t n = glm_block(g, i, row);
    g->rows->dot(row, n, k->w, k->d, z);
    glm_links(g, z, g->y + i, n, k->tab + i, NULL);
  }
  mean_of_table(k);
}

static double mean_at(const struct work *k, size_t j) { return k->g->x ? k->mean[j] : k->entry[j].mean; }

/* Barzilai and Borwein's rate from the last two reference points, over the iterations of an epoch (Tan, Ma, Dai and Qian 2016). */
static void bb_rate(struct work *k, const struct minimize *m)
{
  double ss = 0, sy = 0, steps = k->rule->period * (double)k->g->n / (double)k->batch;
  for (size_t j = 0; j < m->f->d; j++) {
    k->now_w[j] = m->w[j];
    k->now_g[j] = mean_at(k, j) + k->g->l2 * m->w[j];
  }
  for (size_t j = 0; j < m->f->d && k->has_last; j++) {
    double s = k->now_w[j] - k->last_w[j], y = k->now_g[j] - k->last_g[j];
    ss += s * s, sy += s * y;
  }
  if (k->has_last && sy > 0 && ss > 0)
    k->rate = fmin(ss / (sy * steps), 0.9 / fmax(k->g->l2, 1e-300));
  memcpy(k->last_w, k->now_w, m->f->d * sizeof *k->now_w);
  memcpy(k->last_g, k->now_g, m->f->d * sizeof *k->now_g);
  k->has_last = true;
}

/* What is due between iterations: a reference point (SVRG), or a fresh mean. The iterate is in m->w. */
static void renew(struct work *k, struct minimize *m)
{
  k->since = 0;
  if (k->rule->period == 0) {
    mean_of_table(k);
    return;
  }
  fill_table(k, m);
  if (k->rule->bb > 0)
    bb_rate(k, m);
}

/* --- iterations -------------------------------------------------------------------------------- */

static void prefetch_rows(const struct glm *g, const uint32_t *index, size_t b)
{
  for (size_t k = 0; k < b; k++) {
    const char *row = (const char *)(g->x + index[k] * g->stride);
    for (size_t byte = 0; byte < g->stride * sizeof(float) && byte < 1024; byte += 64)
      __builtin_prefetch(row + byte);
  }
}

static void dense_step(struct work *k, const uint32_t *index, size_t b, size_t ahead)
{
  const struct glm *g = k->g;
  const float *row[GLM_ROWS_MAX];
  double z[GLM_ROWS_MAX], y[GLM_ROWS_MAX], change[GLM_ROWS_MAX];
  prefetch_rows(g, index + b, ahead);
  for (size_t i = 0; i < b; i++) {
    row[i] = g->x + index[i] * g->stride;
    y[i] = g->y[index[i]];
  }
  g->rows->dot(row, b, k->w, k->d, z);
  glm_links(g, z, y, b, change, NULL);
  for (size_t i = 0; i < b; i++) { /* a component that stands twice in the batch counts once */
    double *tab = &k->tab[index[i]], slope = change[i];
    change[i] = slope - *tab;
    if (k->share > 0)
      *tab = slope;
  }
  struct glm_move by = {.keep = 1 - k->rate * g->l2, .step = k->rate * (k->rule->sag ? 1 / (double)g->n : 1 / (double)b), .pull = k->rate,
                        .share = k->share};
  g->rows->move(row, b, change, &by, k->w, k->mean, k->d);
}

static void sparse_step(struct work *k, size_t i)
{
  const struct glm *g = k->g;
  size_t from = g->start[i], to = g->start[i + 1];
  double z = 0, before = k->drift;
  for (size_t p = from; p < to; p++) {
    struct entry *t = &k->entry[g->index[p]];
    t->v -= t->mean * (before - t->seen);
    z += (double)g->value[p] * t->v;
  }
  double slope = glm_slope(g->link, k->scale * z, g->y[i]), change = slope - k->tab[i];
  k->scale *= 1 - k->rate * g->l2;
  double pull = k->rate / k->scale, own = pull * change * (k->rule->sag ? 1 / (double)g->n : 1), share = k->share * change;
  k->drift += pull;
  for (size_t p = from; p < to; p++) {
    struct entry *t = &k->entry[g->index[p]];
    double a = (double)g->value[p];
    t->v -= pull * t->mean + own * a;
    t->mean += share * a;
    t->seen = k->drift;
  }
  if (k->share > 0)
    k->tab[i] = slope;
}

/* Up to `most` components: one mini-batch where dense. *used: how many. */
static enum status step(struct work *k, struct minimize *m, size_t *used, struct err *e)
{
  const uint32_t *index;
  enum status s = sum_order_next(&k->order, k->batch, &index, used, e);
  if (s != STATUS_OK)
    return s;
  if (k->g->x) {
    size_t left = k->order.n - k->order.at;
    dense_step(k, index, *used, left < k->batch ? left : k->batch);
    return STATUS_OK;
  }
  for (size_t i = 0; i < *used; i++)
    sparse_step(k, index[i]);
  if (k->scale < SCALE_MIN)
    settle(k, m);
  return STATUS_OK;
}

static double renew_after(const struct work *k) { return (k->rule->period > 0 ? k->rule->period : REFRESH) * (double)k->g->n; }

/* Iterations until the run wants to be asked again, or something is due. */
static enum status advance(struct work *k, struct minimize *m, double *iterations, struct err *e)
{
  uint64_t room = minimize_room(m, (double)k->batch);
  enum status s = STATUS_OK;
  double done = 0;
  for (uint64_t i = 0; i < room && s == STATUS_OK && k->since < renew_after(k); i++) {
    size_t used = 0;
    s = step(k, m, &used, e);
    done += 1;
    k->since += (double)used;
    m->count.gradients += (double)used;
  }
  *iterations = done;
  settle(k, m);
  return s;
}

static void begin(struct work *k, const struct minimize *m)
{
  k->scale = 1;
  for (size_t j = 0; j < m->f->d; j++)
    if (k->g->x)
      k->w[j] = m->w[j];
    else
      k->entry[j].v = m->w[j];
}

static enum status check_rate(const struct work *k, struct err *e)
{
  if (k->rate * k->g->l2 < 1)
    return STATUS_OK;
  return err_set(e, STATUS_BAD_ARG, "rate %g is too large: it must be below 1/l2 = %g", k->rate, 1 / k->g->l2);
}

enum status table_run(const struct sum_conf *c, const struct table_rule *rule, struct minimize *m, struct err *e)
{
  const struct glm *g = m->f->glm;
  struct work k = {.g = g, .rule = rule, .d = g->x ? glm_padded(g) : g->d, .share = rule->period > 0 ? 0 : 1 / (double)g->n};
  struct minimize_point p = {.w = m->w, .step = NAN};
  bool first = true;
  enum status s = work_new(&k, c, m, e);
  while (s == STATUS_OK && minimize_go_on(m, &p)) {
    if (first)
      s = sum_resolve(c, m, rule->factor, &k.batch, &k.rate, e);
    if (first && s == STATUS_OK)
      s = check_rate(&k, e);
    if (first && s == STATUS_OK) {
      begin(&k, m);
      fill_table(&k, m);
      if (rule->bb > 0)
        bb_rate(&k, m);
    }
    first = false;
    if (s == STATUS_OK && k.since >= renew_after(&k))
      renew(&k, m);
    if (s == STATUS_OK)
      s = advance(&k, m, &p.iterations, e);
    p.step = k.rate;
  }
  work_free(&k);
  return s == STATUS_OK ? m->status : s;
}
