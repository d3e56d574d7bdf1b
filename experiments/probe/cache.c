/* cache.c: probe values by what they depend on, so that none is computed twice. See probe.h. */
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "experiments/kernel/mem.h"
#include "experiments/params.h"
#include "experiments/probe/probe.h"

struct entry {
  XXH128_hash_t key;
  struct probe_value *value;
  size_t bytes;
  uint64_t used; /* when it was last asked for */
};

struct probe_cache {
  struct entry *entry;
  size_t n;
  uint64_t clock, computed;
};

struct probe_cache *probe_cache_new(void) { return xcalloc(1, sizeof(struct probe_cache)); }

static void entry_free(struct entry *e)
{
  probe_value_free(e->value); /* NOLINT(clang-analyzer-unix.Malloc): the analyzer loses an entry that moves into a gap */
  free(e->value);
  e->value = NULL;
}

static void drop(struct probe_cache *c, size_t i)
{
  struct entry gone = c->entry[i];
  c->entry[i] = c->entry[--c->n];
  entry_free(&gone);
}

void probe_cache_free(struct probe_cache *c)
{
  if (!c)
    return;
  while (c->n)
    drop(c, c->n - 1);
  free(c->entry);
  free(c);
}

/* Each piece goes in with its length, so that no two lists of pieces look alike. */
static void add(XXH3_state_t *h, const void *data, size_t bytes)
{
  uint64_t size = data ? bytes : UINT64_MAX;
  XXH3_128bits_update(h, &size, sizeof size);
  if (data && bytes)
    XXH3_128bits_update(h, data, bytes);
}

static void add_object(XXH3_state_t *h, const struct object *o)
{
  char *json = o ? object_json(o) : NULL;
  add(h, o ? o->method->id : NULL, o ? strlen(o->method->id) : 0);
  add(h, json, json ? strlen(json) : 0);
  free(json);
}

static XXH128_hash_t key_of(const struct object *probe, const struct probe_subject *s)
{
  XXH3_state_t *h = XXH3_createState();
  const struct examples *p = s->part;
  size_t sizes[] = {p->n, p->d, p->stride, s->data->classes, s->data->outputs, s->net->in, s->net->out, s->net->n_params, s->start_known, s->start_used};
  XXH3_128bits_reset(h);
  add_object(h, probe);
  add_object(h, s->model);
  add_object(h, s->loss);
  add(h, sizes, sizeof sizes);
  add(h, s->weights, s->net->n_params * sizeof *s->weights);
  add(h, s->start, s->net->n_params * sizeof *s->start);
  add(h, p->x, p->n * p->stride * sizeof *p->x);
  add(h, p->label, p->n * sizeof *p->label);
  add(h, p->target, p->n * s->data->outputs * sizeof *p->target);
  add(h, &s->seed, sizeof s->seed);
  XXH128_hash_t key = XXH3_128bits_digest(h);
  XXH3_freeState(h);
  return key;
}

static size_t bytes_of(const struct probe_value *v)
{
  size_t bytes = sizeof *v + v->n * sizeof *v->array;
  for (size_t i = 0; i < v->n; i++)
    bytes += mat_bytes(&v->array[i].value);
  return bytes;
}

enum status probe_cache_get(struct probe_cache *c, const struct object *probe, const struct exec *x, const struct probe_subject *s,
                            const struct probe_value **out, struct err *e)
{
  XXH128_hash_t key = key_of(probe, s);
  c->clock++;
  for (size_t i = 0; i < c->n; i++)
    if (XXH128_isEqual(c->entry[i].key, key)) {
      c->entry[i].used = c->clock;
      *out = c->entry[i].value;
      return STATUS_OK;
    }
  struct probe_value value;
  enum status status = probe_measure(probe, x, s, &value, e);
  if (status)
    return status;
  struct entry new = {key, xmalloc(sizeof value), bytes_of(&value), c->clock};
  *new.value = value;
  c->entry = xrealloc(c->entry, (c->n + 1) * sizeof *c->entry);
  c->entry[c->n++] = new;
  c->computed++;
  *out = new.value;
  return STATUS_OK;
}

void probe_cache_trim(struct probe_cache *c, size_t bytes)
{
  size_t held = 0;
  for (size_t i = 0; i < c->n; i++)
    held += c->entry[i].bytes;
  while (c->n && held > bytes) {
    size_t oldest = 0;
    for (size_t i = 1; i < c->n; i++)
      oldest = c->entry[i].used < c->entry[oldest].used ? i : oldest;
    held -= c->entry[oldest].bytes;
    drop(c, oldest);
  }
}

uint64_t probe_cache_computed(const struct probe_cache *c) { return c->computed; }
