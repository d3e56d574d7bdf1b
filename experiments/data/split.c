/* split.c: from the rows of a table to training, validation and test parts.
 *
 * Whatever is learnt from numbers here (means for missing inputs, means and standard deviations for scaling) is
 * learnt from the training part only: statistics of the other parts would leak into training (Hastie,
 * Tibshirani and Friedman 2009, The elements of statistical learning, section 7.10.2). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/data/data_int.h"
#include "experiments/kernel/mem.h"
#include "experiments/kernel/rng.h"

struct plan {
  size_t train, valid, test;
};

static enum status make_plan(struct plan *p, size_t n, const struct data_counts *c, struct err *e)
{
  size_t fifth = (n + 2) / 5; /* rounded */
  p->test = c->test == PARAM_AUTO_INT ? fifth : (size_t)c->test;
  p->valid = c->valid == PARAM_AUTO_INT ? fifth : (size_t)c->valid;
  size_t left = p->test < n && p->valid < n - p->test ? n - p->test - p->valid : 0;
  p->train = c->train == PARAM_AUTO_INT ? left : (size_t)c->train;
  if (n > UINT32_MAX)
    return err_set(e, STATUS_UNSUPPORTED, "%zu rows; at most %u can be split", n, UINT32_MAX);
  if (p->train == 0 || p->train > left)
    return err_set(e, STATUS_BAD_ARG,
                   "of %zu rows, %zu are left for training after %zu for validation and %zu for test, but train is %zu",
                   n, left, p->valid, p->test, p->train);
  return STATUS_OK;
}

static enum status copy_part(struct examples *p, const struct rows *r, const uint32_t *order, size_t n,
                             const struct exec *x, struct err *e)
{
  enum status s = part_new(p, n, r->d, r->task, r->outputs, e);
  for (size_t i = 0; i < n && s == STATUS_OK; i++) {
    size_t from = order[i];
    memcpy(part_row(p, i), r->x + from * r->d, r->d * sizeof(float));
    if (r->task == TASK_CLASSES)
      part_labels(p)[i] = r->label[from];
    else
      memcpy(part_targets(p) + i * r->outputs, r->target + from * r->outputs, r->outputs * sizeof(float));
    if (i % 1024 == 0)
      s = data_cancelled(x, e);
  }
  return s;
}

/* What the training part says about one input. */
struct column {
  double sum, mean, square;
  float least, most;
  size_t seen;
};

/* Means over the values that are not missing. */
static void column_means(struct column *c, const struct examples *train)
{
  for (size_t i = 0; i < train->n; i++) {
    const float *row = train->x + i * train->stride;
    for (size_t j = 0; j < train->d; j++) {
      if (isnan(row[j]))
        continue;
      c[j].least = c[j].seen ? fminf(c[j].least, row[j]) : row[j];
      c[j].most = c[j].seen ? fmaxf(c[j].most, row[j]) : row[j];
      c[j].sum += (double)row[j];
      c[j].seen++;
    }
  }
  for (size_t j = 0; j < train->d; j++) /* a constant's mean must be that constant, not nearly */
    c[j].mean = c[j].seen == 0 ? 0 : c[j].least == c[j].most ? (double)c[j].least : c[j].sum / (double)c[j].seen;
}

static void fill_missing(struct examples *p, const struct column *c)
{
  for (size_t i = 0; i < p->n; i++) {
    float *row = part_row(p, i);
    for (size_t j = 0; j < p->d; j++)
      if (isnan(row[j]))
        row[j] = (float)c[j].mean;
  }
}

/* Sums of squared deviations, in a second pass: no cancellation. */
static void column_squares(struct column *c, const struct examples *train)
{
  for (size_t i = 0; i < train->n; i++) {
    const float *row = train->x + i * train->stride;
    for (size_t j = 0; j < train->d; j++) {
      double deviation = (double)row[j] - c[j].mean;
      c[j].square += deviation * deviation;
    }
  }
}

static void scale_part(struct examples *p, const struct column *c, size_t n_train)
{
  for (size_t i = 0; i < p->n; i++) {
    float *row = part_row(p, i);
    for (size_t j = 0; j < p->d; j++) {
      double sd = sqrt(c[j].square / (double)n_train);
      row[j] = (float)(((double)row[j] - c[j].mean) / (sd > 0 ? sd : 1));
    }
  }
}

static enum status clean(struct dataset *out, bool standardize, struct err *e)
{
  struct examples *parts[] = {&out->train, &out->valid, &out->test};
  void *memory;
  enum status s = mem_new(&memory, out->d, sizeof(struct column), "means of the inputs", e);
  if (s != STATUS_OK)
    return s;
  struct column *c = memory;
  column_means(c, &out->train);
  for (int k = 0; k < 3; k++)
    fill_missing(parts[k], c);
  if (standardize) {
    column_squares(c, &out->train);
    for (int k = 0; k < 3; k++)
      scale_part(parts[k], c, out->train.n);
  }
  free(memory);
  return STATUS_OK;
}

/* The first so many rows of a test file. */
static enum status count_test(const struct rows *test, int64_t wanted, size_t *n, struct err *e)
{
  *n = wanted == PARAM_AUTO_INT ? test->n : (size_t)wanted;
  return *n <= test->n ? STATUS_OK
                       : err_set(e, STATUS_BAD_ARG, "test is %zu, but the test file has %zu rows", *n, test->n);
}

/* The rows of the test part, then those of validation, then of training. */
static void order_rows(uint32_t *order, size_t n, const struct plan *p, const struct data_split *how)
{
  struct rng rng = rng_make((uint64_t)how->split_seed, RNG_SPLIT, 0);
  if (how->order == DATA_ORDER_RANDOM) {
    rng_permutation(&rng, order, n);
    return;
  }
  for (size_t i = 0; i < p->test; i++)
    *order++ = (uint32_t)(p->train + p->valid + i);
  for (size_t i = 0; i < p->valid; i++)
    *order++ = (uint32_t)(p->train + i);
  for (size_t i = 0; i < p->train; i++)
    *order++ = (uint32_t)i;
}

enum status rows_split_files(struct dataset *out, const struct rows *r, const struct rows *test,
                             const struct data_split *how, const struct exec *x, struct err *e)
{
  struct plan plan;
  struct data_counts counts = how->counts;
  void *memory = NULL;
  size_t n_test = 0;
  enum status s = test ? count_test(test, counts.test, &n_test, e) : STATUS_OK;
  counts.test = test ? 0 : counts.test;
  if (s == STATUS_OK)
    s = make_plan(&plan, r->n, &counts, e);
  if (s == STATUS_OK)
    s = mem_new(&memory, r->n > n_test ? r->n : n_test, sizeof(uint32_t), "order of the rows", e);
  if (s != STATUS_OK)
    return s;
  uint32_t *order = memory;
  order_rows(order, r->n, &plan, how);
  out->task = r->task;
  out->d = r->d;
  if (!test)
    s = copy_part(&out->test, r, order, plan.test, x, e);
  if (s == STATUS_OK)
    s = copy_part(&out->valid, r, order + plan.test, plan.valid, x, e);
  if (s == STATUS_OK)
    s = copy_part(&out->train, r, order + plan.test + plan.valid, plan.train, x, e);
  for (size_t i = 0; i < n_test; i++)
    order[i] = (uint32_t)i;
  if (s == STATUS_OK && test)
    s = copy_part(&out->test, test, order, n_test, x, e);
  if (s == STATUS_OK)
    s = clean(out, how->standardize, e);
  free(memory);
  return s;
}

enum status rows_split(struct dataset *out, const struct rows *r, const struct data_split *how, const struct exec *x,
                       struct err *e)
{
  return rows_split_files(out, r, NULL, how, x, e);
}
