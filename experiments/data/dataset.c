/* dataset.c: loading, sharing and releasing data sets; see data.h. */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "experiments/data/data_int.h"
#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"

#define HASH_SEED    0
#define ROWS_AT_ONCE 64 /* checked, then hashed, while they are in cache */

static enum status bad_input(const struct examples *p, const char *part, size_t row, struct err *e)
{
  const float *x = p->x + row * p->stride;
  size_t j = 0;
  while (j + 1 < p->d && isfinite(x[j]))
    j++;
  return err_set(e, STATUS_BAD_DATA, "%s example %zu, input %zu is %g; inputs must be finite", part, row + 1, j + 1,
                 (double)x[j]);
}

/* Check and hash rows [from, to). The padding is left out: it is no part of the data. */
static enum status take_rows(XXH3_state_t *h, const struct examples *p, const char *part, size_t from, size_t to,
                             struct err *e)
{
  for (size_t i = from; i < to; i++)
    if (!vec_finite_f32(p->x + i * p->stride, p->d))
      return bad_input(p, part, i, e);
  if (p->d == p->stride)
    XXH3_64bits_update(h, p->x + from * p->stride, (to - from) * p->d * sizeof(float));
  else
    for (size_t i = from; i < to; i++)
      XXH3_64bits_update(h, p->x + i * p->stride, p->d * sizeof(float));
  return STATUS_OK;
}

static enum status take_answers(XXH3_state_t *h, const struct dataset *d, const struct examples *p, const char *part,
                                struct err *e)
{
  if (d->task == TASK_CLASSES) {
    for (size_t i = 0; i < p->n; i++)
      if (p->label[i] < 0 || (size_t)p->label[i] >= d->classes)
        return err_set(e, STATUS_BAD_DATA, "%s example %zu has label %d; labels must be 0 to %zu", part, i + 1,
                       p->label[i], d->classes - 1);
    XXH3_64bits_update(h, p->label, p->n * sizeof *p->label);
    return STATUS_OK;
  }
  for (size_t i = 0; i < p->n * d->outputs; i++)
    if (!isfinite(p->target[i]))
      return err_set(e, STATUS_BAD_DATA, "%s example %zu, target %zu is %g; targets must be finite", part,
                     i / d->outputs + 1, i % d->outputs + 1, (double)p->target[i]);
  XXH3_64bits_update(h, p->target, p->n * d->outputs * sizeof *p->target);
  return STATUS_OK;
}

static enum status take_part(XXH3_state_t *h, const struct dataset *d, const struct examples *p, const char *part,
                             const struct exec *x, struct err *e)
{
  uint64_t shape[2] = {p->n, p->d};
  enum status s = STATUS_OK;
  XXH3_64bits_update(h, shape, sizeof shape);
  if (p->n == 0)
    return STATUS_OK;
  for (size_t i = 0; i < p->n && s == STATUS_OK; i += ROWS_AT_ONCE) {
    s = data_cancelled(x, e);
    if (s == STATUS_OK)
      s = take_rows(h, p, part, i, p->n - i < ROWS_AT_ONCE ? p->n : i + ROWS_AT_ONCE, e);
  }
  return s == STATUS_OK ? take_answers(h, d, p, part, e) : s;
}

/* The last guard, and the fingerprint: every number finite, every label in range. */
static enum status check_and_hash(struct dataset *d, const struct exec *x, struct err *e)
{
  const struct examples *parts[] = {&d->train, &d->valid, &d->test};
  static const char *const names[] = {"training", "validation", "test"};
  uint64_t shape[3] = {d->task, d->classes, d->outputs};
  enum status s = STATUS_OK;
  if (d->task == TASK_CLASSES && d->classes < 2)
    return err_set(e, STATUS_BAD_DATA, "all examples have the same label; at least 2 classes are needed");
  XXH3_state_t *h = XXH3_createState();
  if (!h)
    return err_set(e, STATUS_NO_MEMORY, "no memory for the state of the hash");
  XXH3_64bits_reset_withSeed(h, HASH_SEED);
  XXH3_64bits_update(h, shape, sizeof shape);
  for (int k = 0; k < 3 && s == STATUS_OK; k++)
    s = take_part(h, d, parts[k], names[k], x, e);
  d->content_hash = XXH3_64bits_digest(h);
  XXH3_freeState(h);
  return s;
}

static size_t part_bytes(const struct dataset *d, const struct examples *p)
{
  size_t answers = d->task == TASK_CLASSES ? sizeof(int32_t) : d->outputs * sizeof(float);
  return p->n * (p->stride * sizeof(float) + answers);
}

static enum status fill(struct dataset *d, const struct object *o, const struct data_env *env, struct err *e)
{
  const struct data_method *method = (const struct data_method *)o->method;
  enum status s = method->load(o->conf, env, d, e);
  if (s != STATUS_OK)
    return s;
  if (d->task == TASK_CLASSES)
    d->outputs = d->classes;
  s = check_and_hash(d, env->exec, e);
  if (!d->name)
    d->name = xstrdup(o->method->id);
  d->config = object_json(o);
  d->bytes = part_bytes(d, &d->train) + part_bytes(d, &d->valid) + part_bytes(d, &d->test) + mat_bytes(&d->teacher);
  return s;
}

enum status dataset_load(struct dataset **out, const struct object *o, const struct data_env *env, struct err *e)
{
  struct err local = {0}; /* messages get a prefix even when the caller wants none */
  struct dataset *d = xcalloc(1, sizeof *d);
  assert(o->method->kind == KIND_DATA);
  e = e ? e : &local;
  d->references = 1;
  d->bayes_error = NAN;
  enum status s = fill(d, o, env, e);
  if (s != STATUS_OK) {
    err_prefix(e, "data \"%s\"", o->method->id);
    dataset_release(d);
    d = NULL;
  }
  *out = d;
  return s;
}

struct dataset *dataset_retain(struct dataset *d)
{
  d->references++;
  return d;
}

void dataset_release(struct dataset *d)
{
  if (!d || --d->references > 0)
    return;
  part_free(&d->train);
  part_free(&d->valid);
  part_free(&d->test);
  mat_free(&d->teacher);
  for (size_t c = 0; d->class_names && c < d->classes; c++)
    free(d->class_names[c]);
  free(d->class_names);
  free(d->name);
  free(d->config);
  free(d);
}
