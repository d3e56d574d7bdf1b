/* along.c: see along.h. */
#include "experiments/probe/along.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"

/* --- the examples ------------------------------------------------------------------------------------ */

static int ascending(const void *a, const void *b)
{
  uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
  return (x > y) - (x < y);
}

/* Which of n examples: k of them, ascending. */
static enum status choose(uint64_t seed, size_t n, size_t k, uint32_t **index, struct err *e)
{
  struct rng r = probe_rng(seed, PROBE_STREAM_ALONG, 0);
  enum status s = mem_new((void **)index, k, sizeof **index, "examples to probe", e);
  if (s)
    return s;
  rng_sample(&r, *index, k, n);
  qsort(*index, k, sizeof **index, ascending);
  return STATUS_OK;
}

static enum status copy_examples(struct along *a, const uint32_t *index, const uint32_t *rows, struct err *e)
{
  const struct examples *from = &a->data->train;
  struct examples *to = &a->part;
  size_t width = a->data->outputs;
  void *x = NULL, *label = NULL, *target = NULL;
  enum status s = mem_new(&x, to->n, from->stride * sizeof(float), "examples to probe", e);
  if (!s && from->label)
    s = mem_new(&label, to->n, sizeof *from->label, "their labels", e);
  if (!s && from->target)
    s = mem_new(&target, to->n, width * sizeof *from->target, "their targets", e);
  to->x = x, to->label = label, to->target = target;
  for (size_t i = 0; i < to->n && !s; i++) {
    size_t at = rows ? rows[index[i]] : index[i];
    memcpy((float *)x + i * from->stride, from->x + at * from->stride, from->stride * sizeof *from->x);
    if (label)
      ((int32_t *)label)[i] = from->label[at];
    if (target)
      memcpy((float *)target + i * width, from->target + at * width, width * sizeof *from->target);
  }
  return s;
}

enum status along_begin(struct along *a, const uint32_t *rows, size_t n_rows, size_t examples, struct err *e)
{
  const struct examples *from = &a->data->train;
  size_t n = rows ? n_rows : from->n;
  uint32_t *index = NULL;
  a->part = (struct examples){.n = examples < n ? examples : n, .d = from->d, .stride = from->stride};
  a->start = NULL;
  enum status s = choose(a->seed, n, a->part.n, &index, e);
  s = s ? s : copy_examples(a, index, rows, e);
  free(index);
  return s;
}

void along_free(struct along *a)
{
  free((void *)a->part.x);
  free((void *)a->part.label);
  free((void *)a->part.target);
  free(a->start);
  a->part = (struct examples){0};
  a->start = NULL;
}

/* --- a look ------------------------------------------------------------------------------------------ */

/* Does the entry's name say already what the array is? */
static bool says(const char *name, const char *array)
{
  size_t n = strlen(name), m = strlen(array);
  return n >= m && strcmp(name + n - m, array) == 0 && (n == m || name[n - m - 1] == '_');
}

static void tell(const struct along_sink *sink, const char *name, size_t layer, size_t place, double value, double se)
{
  char in_layer[32] = "", in_list[32] = "";
  if (layer != PROBE_WHOLE)
    snprintf(in_layer, sizeof in_layer, "_%zu", layer + 1);
  if (place)
    snprintf(in_list, sizeof in_list, "_%zu", place);
  char *whole = xasprintf("%s%s%s", name, in_layer, in_list), *error = xasprintf("%s_se", whole);
  sink->number(sink->self, whole, value);
  if (!isnan(se))
    sink->number(sink->self, error, se);
  free(whole);
  free(error);
}

static bool is_list(const struct mat *m) { return m->cols == 1 && m->rows >= 1 && m->rows <= ALONG_LIST_MOST; }

/* How many of its arrays could be told. */
static size_t tell_all(const struct along_sink *sink, const char *entry, const struct probe_value *v)
{
  size_t told = 0;
  for (size_t i = 0; i < v->n; i++) {
    const struct probe_array *a = &v->array[i];
    if (!is_list(&a->value))
      continue;
    char *name = says(entry, a->name) ? xstrdup(entry) : xasprintf("%s_%s", entry, a->name);
    for (size_t k = 0; k < a->value.rows; k++)
      tell(sink, name, a->layer, a->value.rows > 1 ? k + 1 : 0, mat_get(&a->value, k, 0), a->standard_error);
    free(name);
    told++;
  }
  return told;
}

static enum status look(const struct along_entry *entry, const struct exec *x, const struct probe_subject *subject,
                        const struct along_sink *sink, struct err *e)
{
  struct probe_value v;
  enum status s = probe_measure(&entry->probe, x, subject, &v, e);
  if (s)
    return s == STATUS_DIVERGED ? STATUS_OK : s;
  if (tell_all(sink, entry->name, &v) == 0)
    s = err_set(e, STATUS_BAD_ARG, "probe \"%s\" gives no number to log: its values are matrices or more than %d numbers",
                entry->probe.method->id, ALONG_LIST_MOST);
  probe_value_free(&v);
  return s;
}

enum status along_look(struct along *a, const struct exec *x, const struct net *net, const float *w, const struct along_sink *sink,
                       struct err *e)
{
  enum status s = STATUS_OK;
  if (!a->start) {
    s = mem_new((void **)&a->start, net->n_params, sizeof *w, "weights at the start", e);
    if (s)
      return s;
    memcpy(a->start, w, net->n_params * sizeof *w);
  }
  const struct probe_subject subject = {.net = net, .model = a->model, .loss = a->loss, .weights = w, .start = a->start,
                                        .data = a->data, .part = &a->part, .seed = a->seed};
  for (size_t i = 0; i < a->n && !s; i++)
    s = look(&a->entry[i], x, &subject, sink, e);
  return s;
}
