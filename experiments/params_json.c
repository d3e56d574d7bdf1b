/* params_json.c: objects as canonical JSON, and back.
 *
 * Canonical means: keys sorted, no blanks, every parameter present, numbers as the shortest of 15, 16
 * or 17 digits that read back to the same double. Runs are hashed by this text. */
#include <inttypes.h>
#include <jansson.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/params_int.h"

#define NESTING_MAX 32 /* objects inside objects */

void json_number(double v, char out[32])
{
  if (isnan(v) || isinf(v)) {
    snprintf(out, 32, "%s", isnan(v) ? "null" : v > 0 ? "\"inf\"" : "\"-inf\"");
    return;
  }
  if (v == 0) {
    snprintf(out, 32, "%s", signbit(v) ? "-0.0" : "0");
    return;
  }
  for (int digits = 15; digits <= 17; digits++) {
    snprintf(out, 32, "%.*g", digits, v);
    if (strtod(out, NULL) == v)
      break;
  }
  const char *point = localeconv()->decimal_point;
  char *found = strcmp(point, ".") ? strstr(out, point) : NULL;
  if (found) {
    *found = '.';
    memmove(found + 1, found + strlen(point), strlen(found + strlen(point)) + 1);
  }
}

static void write_string(FILE *f, const char *s)
{
  fputc('"', f);
  for (; *s; s++) {
    unsigned char c = (unsigned char)*s;
    if (c == '"' || c == '\\')
      fprintf(f, "\\%c", c);
    else if (c == '\n' || c == '\t')
      fputs(c == '\n' ? "\\n" : "\\t", f);
    else if (c < 0x20)
      fprintf(f, "\\u%04x", c);
    else
      fputc(c, f);
  }
  fputc('"', f);
}

static void write_numbers(FILE *f, const double *v, size_t n)
{
  fputc('[', f);
  for (size_t i = 0; i < n; i++) {
    char number[32];
    json_number(v[i], number);
    fprintf(f, "%s%s", i ? "," : "", number);
  }
  fputc(']', f);
}

static void write_table(FILE *f, const struct param_table *t)
{
  fputc('[', f);
  for (size_t i = 0; i < t->rows; i++) {
    fputs(i ? "," : "", f);
    write_numbers(f, t->v + i * t->cols, t->cols);
  }
  fputc(']', f);
}

static void write_object(FILE *f, const struct object *o);

static void write_objects(FILE *f, const struct param_objects *list)
{
  fputc('[', f);
  for (size_t i = 0; i < list->n; i++) {
    fputs(i ? "," : "", f);
    write_object(f, &list->v[i]);
  }
  fputc(']', f);
}

static void write_param(FILE *f, const struct param *p, const void *conf)
{
  const void *at = param_at_const(p, conf);
  const struct param_list *list = at;
  const struct object *object = at;
  char number[32];
  switch (p->type) {
  case PARAM_REAL:
    json_number(*(const double *)at, number);
    fputs(p->flags & PARAM_AUTO && isnan(*(const double *)at) ? "\"auto\"" : number, f);
    break;
  case PARAM_INT:
    if (p->flags & PARAM_AUTO && *(const int64_t *)at == PARAM_AUTO_INT)
      fputs("\"auto\"", f);
    else
      fprintf(f, "%" PRId64, *(const int64_t *)at);
    break;
  case PARAM_BOOL: fputs(*(const bool *)at ? "true" : "false", f); break;
  case PARAM_CHOICE: write_string(f, p->choices[*(const int *)at]); break;
  case PARAM_STRING:
    if (*(char *const *)at)
      write_string(f, *(char *const *)at);
    else
      fputs("null", f);
    break;
  case PARAM_LIST: write_numbers(f, list->v, list->n); break;
  case PARAM_METHOD:
    if (object->method)
      write_object(f, object);
    else
      fputs("null", f);
    break;
  case PARAM_METHODS: write_objects(f, at); break;
  case PARAM_TABLE:
    if (*(struct param_table *const *)at)
      write_table(f, *(struct param_table *const *)at);
    else
      fputs("null", f);
    break;
  }
}

static int by_id(const void *a, const void *b)
{
  return strcmp((*(const struct param *const *)a)->id, (*(const struct param *const *)b)->id);
}

static void write_object(FILE *f, const struct object *o)
{
  size_t n = 0;
  for (const struct param *p = o->method->params; p && p->id; p++)
    n++;
  const struct param **rows = xcalloc(n, sizeof(struct param *));
  for (size_t i = 0; i < n; i++)
    rows[i] = &o->method->params[i];
  qsort(rows, n, sizeof(struct param *), by_id);
  fputs("{\"id\":", f);
  write_string(f, o->method->id);
  fprintf(f, ",\"kind\":\"%s\",\"params\":{", kind_name(o->method->kind));
  for (size_t i = 0; i < n; i++) {
    fprintf(f, "%s\"%s\":", i ? "," : "", rows[i]->id);
    write_param(f, rows[i], o->conf);
  }
  fputs("}}", f);
  free(rows);
}

char *object_json(const struct object *o)
{
  char *text;
  size_t size;
  FILE *f = xstream_open(&text, &size);
  write_object(f, o);
  xstream_close(f);
  return text;
}

/* What the values of one object borrow while it is parsed. */
struct borrowed {
  double *numbers;
  struct object object;
  struct param_objects objects;
  const struct object **pointers; /* to each of objects */
};

static void borrowed_free(struct borrowed *b)
{
  free(b->numbers);
  object_free(&b->object);
  for (size_t i = 0; i < b->objects.n; i++)
    object_free(&b->objects.v[i]);
  free(b->objects.v);
  free(b->pointers);
}

static enum status read_object(struct object *out, const json_t *root, int depth, method_finder *find, struct err *e);

static enum status bad_entry(const char *name, const char *what, struct err *e)
{
  char seen[SHOWN_MAX];
  text_show(name, seen);
  return err_set(e, STATUS_BAD_DATA, "parameter %s holds %s", seen, what);
}

/* [1, 2] -> list; [[1, 2], [3, 4]] -> table. */
static enum status read_array(struct value *v, struct borrowed *b, const char *name, const json_t *array, struct err *e)
{
  size_t n = json_array_size(array), cols = 0;
  bool rows = n && json_is_array(json_array_get(array, 0));
  if (rows)
    cols = json_array_size(json_array_get(array, 0));
  size_t total = rows ? n * cols : n;
  void *numbers;
  enum status s = mem_new(&numbers, total, sizeof(double), name, e);
  if (s != STATUS_OK)
    return s;
  b->numbers = numbers;
  for (size_t i = 0; i < n; i++) {
    const json_t *row = json_array_get(array, i);
    if (rows && (!json_is_array(row) || json_array_size(row) != cols))
      return bad_entry(name, "rows of different lengths", e);
    for (size_t j = 0; j < (rows ? cols : 1); j++) {
      const json_t *x = rows ? json_array_get(row, j) : row;
      if (!json_is_number(x))
        return bad_entry(name, "a list with something else than numbers", e);
      b->numbers[rows ? i * cols + j : i] = json_number_value(x);
    }
  }
  if (rows) {
    v->kind = VALUE_TABLE;
    v->as.table.rows = n, v->as.table.cols = cols, v->as.table.v = b->numbers;
  } else {
    v->kind = VALUE_LIST;
    v->as.list.n = n, v->as.list.v = b->numbers;
  }
  return STATUS_OK;
}

/* [{"id": …}, …] -> objects. */
static enum status read_objects(struct value *v, struct borrowed *b, const json_t *array, int depth, method_finder *find, struct err *e)
{
  size_t n = json_array_size(array);
  b->objects.v = xcalloc(n, sizeof *b->objects.v);
  b->pointers = xcalloc(n, sizeof(const struct object *));
  for (size_t i = 0; i < n; i++) {
    enum status s = read_object(&b->objects.v[i], json_array_get(array, i), depth + 1, find, e);
    if (s != STATUS_OK)
      return s;
    b->pointers[b->objects.n] = &b->objects.v[i];
    b->objects.n++;
  }
  v->kind = VALUE_OBJECTS;
  v->as.objects.n = n, v->as.objects.v = b->pointers;
  return STATUS_OK;
}

static enum status read_value(struct value *v, struct borrowed *b, const char *name, const json_t *from, int depth,
                              method_finder *find, struct err *e)
{
  switch (json_typeof(from)) {
  case JSON_NULL: v->kind = VALUE_NIL; return STATUS_OK;
  case JSON_TRUE:
  case JSON_FALSE: v->kind = VALUE_BOOL, v->as.b = json_is_true(from); return STATUS_OK;
  case JSON_INTEGER: v->kind = VALUE_INT, v->as.i = json_integer_value(from); return STATUS_OK;
  case JSON_REAL: v->kind = VALUE_REAL, v->as.r = json_real_value(from); return STATUS_OK;
  case JSON_STRING: v->kind = VALUE_STRING, v->as.s = json_string_value(from); return STATUS_OK;
  case JSON_ARRAY:
    return json_is_object(json_array_get(from, 0)) ? read_objects(v, b, from, depth, find, e) : read_array(v, b, name, from, e);
  case JSON_OBJECT:
    v->kind = VALUE_OBJECT, v->as.object = &b->object;
    return read_object(&b->object, from, depth + 1, find, e);
  }
  return bad_entry(name, "a value of an unknown type", e);
}

static enum status read_params(struct object *out, const struct method *m, json_t *params, int depth,
                               method_finder *find, struct err *e)
{
  size_t n = json_object_size(params), i = 0;
  struct named_value *values = xcalloc(n, sizeof *values);
  struct borrowed *b = xcalloc(n, sizeof *b);
  enum status s = STATUS_OK;
  const char *name;
  json_t *from;
  json_object_foreach(params, name, from) {
    values[i].name = name;
    s = read_value(&values[i].value, &b[i], name, from, depth, find, e);
    i++;
    if (s != STATUS_OK) {
      err_prefix(e, "%s \"%s\"", kind_name(m->kind), m->id);
      break;
    }
  }
  if (s == STATUS_OK)
    s = params_parse(out, m, values, n, find, e);
  for (size_t k = 0; k < n; k++)
    borrowed_free(&b[k]);
  free(b);
  free(values);
  return s;
}

static enum status read_object(struct object *out, const json_t *root, int depth, method_finder *find, struct err *e)
{
  const char *id, *kind_text, *key;
  json_t *params = NULL, *entry;
  enum kind kind;
  char seen[SHOWN_MAX];
  *out = (struct object){0};
  if (depth > NESTING_MAX)
    return err_set(e, STATUS_BAD_DATA, "methods inside methods more than %d deep", NESTING_MAX);
  if (json_unpack((json_t *)root, "{s:s, s:s, s?o}", "id", &id, "kind", &kind_text, "params", &params) != 0 ||
      (params && !json_is_object(params)))
    return err_set(e, STATUS_BAD_DATA, "not a method: expected {\"id\": …, \"kind\": …, \"params\": {…}}");
  json_object_foreach((json_t *)root, key, entry)
    if (strcmp(key, "id") != 0 && strcmp(key, "kind") != 0 && strcmp(key, "params") != 0) {
      text_show(key, seen);
      return err_set(e, STATUS_BAD_DATA, "a method has id, kind and params, but no %s", seen);
    }
  if (!kind_parse(kind_text, &kind)) {
    text_show(kind_text, seen);
    return err_set(e, STATUS_BAD_DATA, "unknown kind of method %s", seen);
  }
  const struct method *m = find(kind, id);
  if (!m) {
    text_show(id, seen);
    return err_set(e, STATUS_BAD_ARG, "there is no %s %s", kind_name(kind), seen);
  }
  return read_params(out, m, params, depth, find, e);
}

enum status object_from_json(struct object *out, const char *json, method_finder *find, struct err *e)
{
  struct err local = {0};
  json_error_t why;
  e = e ? e : &local;
  *out = (struct object){0};
  json_t *root = json_loads(json, JSON_REJECT_DUPLICATES, &why);
  if (!root)
    return err_set(e, STATUS_BAD_DATA, "not JSON: %s (byte %d)", why.text, why.position);
  enum status s = read_object(out, root, 0, find, e);
  json_decref(root);
  return s;
}
