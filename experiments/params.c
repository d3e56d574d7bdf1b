/* params.c: objects: a method with its parameters. See params.h; one value into one field is in
 * params_set.c, text in params_text.c, JSON in params_json.c. */
#include "experiments/params.h"

#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/params_int.h"

static size_t params_count(const struct method *m)
{
  size_t n = 0;
  while (m->params && m->params[n].id)
    n++;
  return n;
}

const struct param *params_find(const struct method *m, const char *id)
{
  for (const struct param *p = m->params; p && p->id; p++)
    if (strcmp(p->id, id) == 0)
      return p;
  return NULL;
}

/* schedule "cosine" has no parameter "pek"; did you mean "peak"? */
static enum status unknown_name(const struct method *m, const char *name, struct err *e)
{
  char seen[SHOWN_MAX], list[400] = "";
  size_t n = params_count(m), length = 0;
  const char **names = xcalloc(n, sizeof *names);
  for (size_t i = 0; i < n; i++) {
    names[i] = m->params[i].id;
    if (length < sizeof list)
      length += (size_t)snprintf(list + length, sizeof list - length, "%s%s", i ? ", " : "", names[i]);
  }
  const char *near = nearest_name(name, names, n);
  free(names);
  text_show(name, seen);
  if (near)
    return err_set(e, STATUS_BAD_ARG, "%s \"%s\" has no parameter %s; did you mean \"%s\"?", kind_name(m->kind), m->id,
                   seen, near);
  return err_set(e, STATUS_BAD_ARG, "%s \"%s\" has no parameter %s; it takes %s", kind_name(m->kind), m->id, seen,
                 n ? list : "none");
}

static enum status set_defaults(struct object *o, method_finder *find, struct err *e)
{
  for (const struct param *p = o->method->params; p && p->id; p++) {
    enum status s = param_set_default(p, o->conf, find, e);
    if (s != STATUS_OK)
      return s;
  }
  return STATUS_OK;
}

/* Were all required parameters given? */
static enum status check_required(const struct method *m, const struct named_value *values, size_t n, struct err *e)
{
  for (const struct param *p = m->params; p && p->id; p++) {
    bool given = !(p->flags & PARAM_REQUIRED);
    for (size_t i = 0; i < n && !given; i++)
      given = values[i].value.kind != VALUE_NIL && strcmp(values[i].name, p->id) == 0;
    if (!given) {
      char allowed[400];
      param_allowed(p, allowed, sizeof allowed);
      return err_set(e, STATUS_BAD_ARG, "%s is required: %s (%s)", p->id, allowed, p->doc);
    }
  }
  return STATUS_OK;
}

/* `schedule "cosine": ` in front of a message that does not have it yet. */
static void name_method(const struct method *m, struct err *e)
{
  char head[160];
  snprintf(head, sizeof head, "%s \"%s\"", kind_name(m->kind), m->id);
  if (strncmp(e->message, head, strlen(head)) != 0)
    err_prefix(e, "%s", head);
}

enum status params_parse(struct object *out, const struct method *m, const struct named_value *values, size_t n,
                         method_finder *find, struct err *e)
{
  struct err local = {0}; /* messages get a prefix even when the caller wants none */
  e = e ? e : &local;
  *out = (struct object){.method = m, .conf = xcalloc(1, m->conf_size)};
  enum status s = set_defaults(out, find, e);
  for (size_t i = 0; i < n && s == STATUS_OK; i++) {
    const struct param *p = params_find(m, values[i].name);
    if (!p) {
      s = unknown_name(m, values[i].name, e);
      object_free(out);
      return s;
    }
    if (values[i].value.kind != VALUE_NIL)
      s = param_set(p, out->conf, &values[i].value, find, e);
  }
  if (s == STATUS_OK)
    s = check_required(m, values, n, e);
  if (s == STATUS_OK && m->resolve)
    s = m->resolve(out->conf, e);
  if (s != STATUS_OK) {
    name_method(m, e);
    object_free(out);
  }
  return s;
}

void object_free(struct object *o)
{
  if (!o || !o->method)
    return;
  for (const struct param *p = o->method->params; o->conf && p && p->id; p++)
    param_release(p, o->conf);
  if (o->conf && o->method->forget)
    o->method->forget(o->conf);
  free(o->conf);
  *o = (struct object){0};
}

static enum status copy_list(struct param_list *out, const struct param_list *from, const char *what, struct err *e)
{
  void *v;
  enum status s = mem_new(&v, from->n, sizeof *from->v, what, e);
  if (s != STATUS_OK)
    return s;
  if (from->n)
    memcpy(v, from->v, from->n * sizeof *from->v);
  *out = (struct param_list){from->n, v};
  return STATUS_OK;
}

static enum status copy_table(struct param_table **out, const struct param_table *from, const char *what, struct err *e)
{
  struct param_list numbers = {from->rows * from->cols, from->v}, copy;
  enum status s = copy_list(&copy, &numbers, what, e);
  if (s != STATUS_OK)
    return s;
  *out = xmalloc(sizeof **out);
  **out = (struct param_table){from->rows, from->cols, copy.v};
  return STATUS_OK;
}

static enum status copy_objects(struct param_objects *out, const struct param_objects *from, struct err *e)
{
  *out = (struct param_objects){0, xcalloc(from->n, sizeof *out->v)};
  for (; out->n < from->n; out->n++) {
    enum status s = object_copy(&out->v[out->n], &from->v[out->n], e);
    if (s != STATUS_OK)
      return s; /* what has been copied is released with the conf */
  }
  return STATUS_OK;
}

/* The owned part of one parameter; *to is already zero. */
static enum status copy_owned(const struct param *p, void *to, const void *from, struct err *e)
{
  const struct param_table *table;
  const char *text;
  const struct object *object;
  switch (p->type) {
  case PARAM_STRING:
    text = *(char *const *)from;
    *(char **)to = text ? xstrdup(text) : NULL;
    return STATUS_OK;
  case PARAM_LIST: return copy_list(to, from, p->id, e);
  case PARAM_TABLE:
    table = *(struct param_table *const *)from;
    return table ? copy_table(to, table, p->id, e) : STATUS_OK;
  case PARAM_METHOD:
    object = from;
    return object->method ? object_copy(to, object, e) : STATUS_OK;
  case PARAM_METHODS: return copy_objects(to, from, e);
  default: return STATUS_OK;
  }
}

static void forget_owned(const struct param *p, void *at)
{
  switch (p->type) {
  case PARAM_STRING: *(char **)at = NULL; break;
  case PARAM_LIST: *(struct param_list *)at = (struct param_list){0}; break;
  case PARAM_TABLE: *(struct param_table **)at = NULL; break;
  case PARAM_METHOD: *(struct object *)at = (struct object){0}; break;
  case PARAM_METHODS: *(struct param_objects *)at = (struct param_objects){0}; break;
  default: break;
  }
}

enum status object_copy(struct object *out, const struct object *o, struct err *e)
{
  const struct method *m = o->method;
  enum status s = STATUS_OK;
  *out = (struct object){.method = m, .conf = xcalloc(1, m->conf_size)};
  if (m->conf_size)
    memcpy(out->conf, o->conf, m->conf_size);
  if (m->share)
    m->share(out->conf);
  for (const struct param *p = m->params; p && p->id; p++)
    forget_owned(p, param_at(p, out->conf));
  for (const struct param *p = m->params; p && p->id && s == STATUS_OK; p++)
    s = copy_owned(p, param_at(p, out->conf), param_at_const(p, o->conf), e);
  if (s != STATUS_OK)
    object_free(out);
  return s;
}
