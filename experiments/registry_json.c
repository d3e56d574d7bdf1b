/* registry_json.c: everything the descriptors say, for machines (`assay methods --json`). */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/registry.h"

static const char *const type_names[] = {
  [PARAM_REAL] = "real",     [PARAM_INT] = "int",   [PARAM_BOOL] = "bool",     [PARAM_CHOICE] = "choice",
  [PARAM_STRING] = "string", [PARAM_LIST] = "list", [PARAM_METHOD] = "method", [PARAM_TABLE] = "table",
  [PARAM_METHODS] = "methods",
};

static json_t *text(const char *s) { return s ? json_string(s) : json_null(); }

/* A whole number stays whole; what is not finite (no limit) becomes null. */
static json_t *number(double v)
{
  if (!isfinite(v))
    return json_null();
  return v == trunc(v) && fabs(v) < 0x1p53 ? json_integer((json_int_t)v) : json_real(v);
}

static json_t *words(const char *const *list)
{
  json_t *a = json_array();
  for (; list && *list; list++)
    json_array_append_new(a, json_string(*list));
  return a;
}

static json_t *default_value(const struct param *p)
{
  if (p->flags & PARAM_REQUIRED)
    return json_null();
  if (p->flags & PARAM_AUTO)
    return json_string("auto");
  switch (p->type) {
  case PARAM_REAL:
  case PARAM_INT: return number(p->def);
  case PARAM_BOOL: return json_boolean(p->def != 0);
  case PARAM_CHOICE: return json_string(p->choices[(int)p->def]);
  case PARAM_TABLE: return json_null();
  case PARAM_STRING:
  case PARAM_LIST:
  case PARAM_METHODS:
  case PARAM_METHOD: return text(p->def_text);
  }
  return json_null();
}

static json_t *param_json(const struct param *p)
{
  json_t *o = json_object();
  bool limited = p->min != 0 || p->max != 0;
  json_object_set_new(o, "id", text(p->id));
  json_object_set_new(o, "type", text(type_names[p->type]));
  json_object_set_new(o, "default", default_value(p));
  json_object_set_new(o, "required", json_boolean(p->flags & PARAM_REQUIRED));
  json_object_set_new(o, "min", limited ? number(p->min) : json_null());
  json_object_set_new(o, "max", limited ? number(p->max) : json_null());
  json_object_set_new(o, "min_open", json_boolean(p->flags & PARAM_MIN_OPEN));
  json_object_set_new(o, "max_open", json_boolean(p->flags & PARAM_MAX_OPEN));
  json_object_set_new(o, "auto", json_boolean(p->flags & PARAM_AUTO));
  json_object_set_new(o, "log", json_boolean(p->flags & PARAM_LOG));
  json_object_set_new(o, "tuned", json_boolean(p->flags & PARAM_TUNED));
  json_object_set_new(o, "advanced", json_boolean(p->flags & PARAM_ADVANCED));
  json_object_set_new(o, "file", json_boolean(p->flags & PARAM_FILE));
  if (p->choices)
    json_object_set_new(o, "choices", words(p->choices));
  if (p->type == PARAM_METHOD || p->type == PARAM_METHODS)
    json_object_set_new(o, "of", text(kind_name(p->of)));
  json_object_set_new(o, "unit", text(p->unit));
  json_object_set_new(o, "doc", text(p->doc));
  json_object_set_new(o, "example", text(p->example));
  return o;
}

static json_t *method_json(const struct method *m)
{
  json_t *o = json_object(), *params = json_array();
  for (const struct param *p = m->params; p && p->id; p++)
    json_array_append_new(params, param_json(p));
  json_object_set_new(o, "kind", text(kind_name(m->kind)));
  json_object_set_new(o, "id", text(m->id));
  json_object_set_new(o, "name", text(m->name));
  json_object_set_new(o, "summary", text(m->summary));
  json_object_set_new(o, "formula", text(m->formula));
  json_object_set_new(o, "params", params);
  json_object_set_new(o, "needs", words(m->needs));
  if (m->statement)
    json_object_set_new(o, "statement", text(statement_tag(m->statement)));
  json_object_set_new(o, "notes", text(m->notes));
  json_object_set_new(o, "cite", text(m->cite));
  json_object_set_new(o, "example", text(m->example));
  return o;
}

char *methods_json(enum kind kind, const char *id)
{
  json_t *all = json_array();
  for (size_t i = 0; i < registry_count(); i++) {
    const struct method *m = registry_at(i);
    if ((!kind || m->kind == kind) && (!id || strcmp(m->id, id) == 0))
      json_array_append_new(all, method_json(m));
  }
  char *out = json_dumps(all, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
  json_decref(all);
  return out;
}
