/* read_safetensors.c: see read_safetensors.h. */
#include "experiments/data/read_safetensors.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/data/read_table.h"
#include "experiments/kernel/mem.h"

#define HEADER_MAX 100000000u /* bytes: what the reference reader allows */

/* A tensor and where its data claims to be, until the order is known. */
struct claim {
  struct tensor t;
  size_t begin, end;
};

static enum status bad(const struct tensors *s, const char *name, struct err *e, const char *what)
{
  char seen[TEXT_QUOTE_MAX];
  return err_set(e, STATUS_BAD_DATA, "%s: tensor %s: %s", s->file.name, text_quote(name, seen), what);
}

/* A JSON integer that is no less than 0. */
static bool size_value(const json_t *j, size_t *out)
{
  if (!json_is_integer(j) || json_integer_value(j) < 0)
    return false;
  *out = (size_t)json_integer_value(j);
  return true;
}

static enum status read_dtype(const struct tensors *s, const char *name, const json_t *entry, struct tensor *t,
                              struct err *e)
{
  const char *dtype = json_string_value(json_object_get(entry, "dtype"));
  char seen[TEXT_QUOTE_MAX], which[TEXT_QUOTE_MAX];
  if (!dtype)
    return bad(s, name, e, "its dtype is missing");
  /* E4M3FN is another spelling of the same format */
  if (element_find(strcmp(dtype, "F8_E4M3FN") == 0 ? "F8_E4M3" : dtype, &t->type))
    return STATUS_OK;
  return err_set(e, STATUS_UNSUPPORTED, "%s: tensor %s: the dtype %s cannot be read", s->file.name,
                 text_quote(name, which), text_quote(dtype, seen));
}

static enum status read_shape(const struct tensors *s, const char *name, const json_t *entry, struct tensor *t,
                              struct err *e)
{
  const json_t *shape = json_object_get(entry, "shape");
  if (!json_is_array(shape))
    return bad(s, name, e, "its shape is missing");
  t->ndim = json_array_size(shape);
  if (t->ndim > TENSOR_NDIM_MAX)
    return bad(s, name, e, "it has more than 32 dimensions");
  for (size_t k = 0; k < t->ndim; k++)
    if (!size_value(json_array_get(shape, k), &t->dim[k]))
      return bad(s, name, e, "its shape must be whole numbers");
  return STATUS_OK;
}

static enum status read_entry(const struct tensors *s, const char *name, const json_t *entry, size_t room,
                              struct claim *c, struct err *e)
{
  const json_t *offsets = json_object_get(entry, "data_offsets");
  size_t bytes = 0;
  if (!json_is_object(entry) || json_object_size(entry) != 3)
    return bad(s, name, e, "it must have dtype, shape and data_offsets and nothing else");
  enum status status = read_dtype(s, name, entry, &c->t, e);
  if (status == STATUS_OK)
    status = read_shape(s, name, entry, &c->t, e);
  if (status != STATUS_OK)
    return status;
  if (json_array_size(offsets) != 2 || !size_value(json_array_get(offsets, 0), &c->begin) ||
      !size_value(json_array_get(offsets, 1), &c->end) || c->begin > c->end)
    return bad(s, name, e, "its data_offsets must be two whole numbers, the smaller first");
  if (c->end > room)
    return bad(s, name, e, "its data_offsets end past the file");
  if (!tensor_measure(&c->t, &bytes))
    return bad(s, name, e, "its shape is more than 64 bits can count");
  if (bytes != c->end - c->begin)
    return bad(s, name, e, "its data_offsets do not hold what its shape and dtype say");
  c->t.name = xstrdup(name);
  return STATUS_OK;
}

/* __metadata__: words about the file. */
static enum status check_metadata(const struct tensors *s, const json_t *m, struct err *e)
{
  const char *key;
  const json_t *v;
  bool good = json_is_object(m);
  void *at = json_object_iter((json_t *)m);
  for (; good && at; at = json_object_iter_next((json_t *)m, at)) {
    key = json_object_iter_key(at);
    v = json_object_iter_value(at);
    good = key && json_is_string(v);
  }
  return good ? STATUS_OK : err_set(e, STATUS_BAD_DATA, "%s: __metadata__ must hold strings", s->file.name);
}

static int by_place(const void *a, const void *b)
{
  const struct claim *x = a, *y = b;
  if (x->begin != y->begin)
    return x->begin < y->begin ? -1 : 1;
  if (x->end != y->end)
    return x->end < y->end ? -1 : 1;
  return strcmp(x->t.name, y->t.name);
}

/* The sorted claims must tile `room` bytes. */
static enum status check_tiling(const struct tensors *s, const struct claim *c, size_t n, size_t room, struct err *e)
{
  size_t at = 0;
  for (size_t i = 0; i < n; at = c[i++].end)
    if (c[i].begin != at)
      return bad(s, c[i].t.name, e, c[i].begin > at ? "the bytes before it belong to no tensor"
                                                    : "it overlaps the tensor before it");
  if (at != room)
    return err_set(e, STATUS_BAD_DATA, "%s: the last %zu bytes belong to no tensor", s->file.name, room - at);
  return STATUS_OK;
}

static enum status read_header(struct tensors *s, json_t *header, size_t data_at, struct err *e)
{
  size_t n = 0, room = s->file.n - data_at;
  struct claim *c = xcalloc(json_object_size(header) + 1, sizeof *c);
  enum status status = STATUS_OK;
  for (void *at = json_object_iter(header); at && status == STATUS_OK; at = json_object_iter_next(header, at)) {
    const char *key = json_object_iter_key(at);
    if (strcmp(key, "__metadata__") == 0)
      status = check_metadata(s, json_object_iter_value(at), e);
    else
      status = read_entry(s, key, json_object_iter_value(at), room, &c[n++], e);
  }
  if (status == STATUS_OK) {
    qsort(c, n, sizeof *c, by_place);
    status = check_tiling(s, c, n, room, e);
  }
  s->t = xcalloc(n + 1, sizeof *s->t);
  s->n = n;
  for (size_t i = 0; i < n; i++) {
    s->t[i] = c[i].t;
    s->t[i].data = s->file.bytes + data_at + c[i].begin;
  }
  free(c);
  return status;
}

enum status safetensors_parse(struct tensors *out, struct err *e)
{
  const struct whole *f = &out->file;
  uint64_t length = 0;
  json_error_t why;
  for (size_t k = 8; f->n >= 8 && k-- > 0;)
    length = length << 8 | f->bytes[k];
  if (f->n < 8)
    return err_set(e, STATUS_BAD_DATA, "%s: %zu bytes are too few for a safetensors file", f->name, f->n);
  if (length > f->n - 8 || length > HEADER_MAX)
    return err_set(e, STATUS_BAD_DATA, "%s: byte 0: a header of %llu bytes, but %zu follow (and at most %u are allowed)",
                   f->name, (unsigned long long)length, f->n - 8, HEADER_MAX);
  if (length < 2 || f->bytes[8] != '{')
    return err_set(e, STATUS_BAD_DATA, "%s: byte 8: the header must be a JSON object", f->name);
  json_t *header = json_loadb((const char *)f->bytes + 8, (size_t)length, JSON_REJECT_DUPLICATES, &why);
  if (!header)
    return err_set(e, STATUS_BAD_DATA, "%s: byte %d: the header is no sound JSON: %s", f->name, 8 + why.position,
                   why.text);
  enum status s = read_header(out, header, 8 + (size_t)length, e);
  json_decref(header);
  return s;
}

enum status safetensors_read(struct tensors *out, const char *path, struct err *e)
{
  *out = (struct tensors){0};
  enum status s = whole_read(&out->file, path, e);
  if (s == STATUS_OK)
    s = safetensors_parse(out, e);
  if (s != STATUS_OK)
    tensors_free(out);
  return s;
}
