/* batch.c: gathering mini-batches.
 *
 * The rows that an update needs lie scattered over the data set. They are copied together once per group
 * of replicas, row major (for the gradient of the first layer) and feature major (for its products). */
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/train/train_int.h"

void *arena_take(struct arena *a, size_t count, size_t size)
{
  size_t bytes, used;
  void *at = a->base ? a->base + a->used : NULL;
  if (!size_mul(count, size, &bytes) || bytes > SIZE_MAX - MEM_ALIGN ||
      __builtin_add_overflow(a->used, round_up(bytes, MEM_ALIGN), &used))
    a->overflow = true;
  else
    a->used = used;
  return at;
}

static size_t target_width(const struct dataset *data) { return data->task == TASK_REGRESSION ? data->outputs : 0; }

size_t gather_bytes(const struct dataset *data, size_t batch)
{
  return sizeof(float) * (batch * data->train.stride + data->d * round_up(batch, 16) + batch * (2 + target_width(data)));
}

void gather_layout(struct gather *g, struct arena *a, bool own)
{
  const struct dataset *data = g->data;
  size_t width = target_width(data), all = g->capacity * g->batch, filled = g->positions ? 0 : all;
  g->xr = arena_take(a, filled, g->ldx * sizeof(float));
  g->x = arena_take(a, g->positions ? 0 : g->capacity * data->d, g->ldb * sizeof(float));
  g->label = arena_take(a, filled, sizeof(int32_t));
  g->target = arena_take(a, filled, width * sizeof(float));
  g->index = arena_take(a, all, sizeof(uint32_t));
  if (!own)
    return;
  g->own_index = arena_take(a, g->batch, sizeof(uint32_t));
  g->own_xr = arena_take(a, g->batch, g->ldx * sizeof(float));
  g->own_x = arena_take(a, data->d, g->ldb * sizeof(float));
  g->own_label = arena_take(a, g->batch, sizeof(int32_t));
  g->own_target = arena_take(a, g->batch, width * sizeof(float));
}

/* Rows lie anywhere in memory: ask for one while its predecessor is copied. */
static void prefetch_row(const struct examples *ex, size_t i)
{
  const float *row = ex->x + i * ex->stride;
  for (size_t k = 0; k < ex->stride; k += 64 / sizeof(float))
    __builtin_prefetch(row + k, 0, 0);
}

/* One mini-batch: the examples at `index`, gathered into these buffers. */
static void copy_examples(const struct gather *g, const uint32_t *index, float *xr, float *x, int32_t *label, float *target)
{
  const struct examples *ex = &g->data->train;
  size_t width = target_width(g->data);
  for (size_t b = 0; b < g->batch; b++) {
    size_t i = index[b];
    if (b + 1 < g->batch)
      prefetch_row(ex, index[b + 1]);
    memcpy(xr + b * g->ldx, ex->x + i * ex->stride, ex->stride * sizeof(float));
    if (ex->label)
      label[b] = ex->label[i];
    if (width)
      memcpy(target + b * width, ex->target + i * width, width * sizeof(float));
  }
  g->p->transpose(g->batch, g->data->d, xr, g->ldx, x, g->ldb);
}

static void gather_one(struct gather *g, size_t slot)
{
  size_t at = slot * g->batch;
  copy_examples(g, g->index + at, g->xr + at * g->ldx, g->x + slot * g->data->d * g->ldb, g->label + at,
                g->target + at * target_width(g->data));
}

enum status gather_fill(struct gather *g, uint64_t first, size_t count, struct err *e)
{
  g->first = first;
  g->count = count;
  for (size_t slot = 0; slot < count; slot++) {
    enum status s = sample_stream_batch(g->stream, first + slot, g->batch, g->index + slot * g->batch, e);
    if (s)
      return s;
    for (size_t b = 0; g->rows && b < g->batch; b++)
      g->index[slot * g->batch + b] = g->rows[g->index[slot * g->batch + b]];
    if (!g->positions)
      gather_one(g, slot);
  }
  return STATUS_OK;
}

struct prepared gather_at(const struct gather *g, uint64_t t)
{
  size_t slot = (size_t)(t - g->first), width = target_width(g->data), at = slot * g->batch;
  return (struct prepared){.n = g->batch, .ldb = g->ldb, .ldx = g->ldx, .xr = g->xr + at * g->ldx,
                           .x = g->x + slot * g->data->d * g->ldb, .label = g->label + at, .target = g->target + at * width,
                           .target_stride = width, .index = g->index + at};
}

static bool contains(const uint32_t *index, size_t n, size_t at)
{
  bool found = false;
  for (size_t b = 0; b < n; b++)
    found |= index[b] == at;
  return found;
}

struct prepared gather_replaced(const struct gather *g, uint64_t t, size_t at, const struct examples *from, size_t by)
{
  struct prepared p = gather_at(g, t);
  size_t d = g->data->d, width = p.target_stride;
  if (!contains(p.index, p.n, at))
    return p;
  memcpy(g->own_xr, p.xr, p.n * p.ldx * sizeof(float));
  memcpy(g->own_x, p.x, d * p.ldb * sizeof(float));
  memcpy(g->own_label, p.label, p.n * sizeof(int32_t));
  memcpy(g->own_target, p.target, p.n * width * sizeof(float));
  for (size_t b = 0; b < p.n; b++) {
    if (p.index[b] != at)
      continue;
    const float *row = from->x + by * from->stride;
    memcpy(g->own_xr + b * p.ldx, row, d * sizeof(float));
    for (size_t i = 0; i < d; i++)
      g->own_x[i * p.ldb + b] = row[i];
    if (from->label)
      g->own_label[b] = from->label[by];
    if (width)
      memcpy(g->own_target + b * width, from->target + by * width, width * sizeof(float));
  }
  p.xr = g->own_xr, p.x = g->own_x, p.label = g->own_label, p.target = g->own_target;
  return p;
}

struct prepared gather_rows(const struct gather *g, uint64_t t, const uint32_t *rows)
{
  const uint32_t *place = g->index + (size_t)(t - g->first) * g->batch;
  for (size_t b = 0; b < g->batch; b++)
    g->own_index[b] = rows[place[b]];
  copy_examples(g, g->own_index, g->own_xr, g->own_x, g->own_label, g->own_target);
  return (struct prepared){.n = g->batch, .ldb = g->ldb, .ldx = g->ldx, .xr = g->own_xr, .x = g->own_x, .label = g->own_label,
                           .target = g->own_target, .target_stride = target_width(g->data), .index = g->own_index};
}

bool gather_draws(const struct gather *g, size_t at) { return contains(g->index, g->count * g->batch, at); }
