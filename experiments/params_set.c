/* params_set.c: one value into one field of a conf, checked against the descriptor's row. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/params_int.h"

static enum status refuse(const struct param *p, const struct value *v, struct err *e)
{
  char allowed[400], seen[SHOWN_MAX];
  param_allowed(p, allowed, sizeof allowed);
  value_show(v, seen);
  return err_set(e, STATUS_BAD_ARG, "%s must be %s, got %s", p->id, allowed, seen);
}

/* Finite and inside the range; a row with both ends 0 has no range. */
static bool in_range(const struct param *p, double v)
{
  if (!isfinite(v))
    return false;
  if (p->min == 0 && p->max == 0)
    return true;
  if (p->flags & PARAM_MIN_OPEN ? v <= p->min : v < p->min)
    return false;
  return !(p->flags & PARAM_MAX_OPEN ? v >= p->max : v > p->max);
}

static bool is_auto(const struct param *p, const struct value *v)
{
  return p->flags & PARAM_AUTO && v->kind == VALUE_STRING && strcmp(v->as.s, "auto") == 0;
}

static enum status set_real(const struct param *p, double *at, const struct value *v, struct err *e)
{
  if (is_auto(p, v)) {
    *at = NAN;
    return STATUS_OK;
  }
  double r = v->kind == VALUE_INT ? (double)v->as.i : v->kind == VALUE_REAL ? v->as.r : NAN;
  if (!in_range(p, r))
    return refuse(p, v, e);
  *at = r + 0.0; /* -0 becomes 0, so that equal settings have equal text */
  return STATUS_OK;
}

static enum status set_int(const struct param *p, int64_t *at, const struct value *v, struct err *e)
{
  int64_t i;
  if (is_auto(p, v)) {
    *at = PARAM_AUTO_INT;
    return STATUS_OK;
  }
  if (v->kind == VALUE_INT)
    i = v->as.i;
  else if (v->kind == VALUE_REAL && fabs(v->as.r) < 0x1p63 && v->as.r == trunc(v->as.r))
    i = (int64_t)v->as.r;
  else
    return refuse(p, v, e);
  if (i == PARAM_AUTO_INT || !in_range(p, (double)i))
    return refuse(p, v, e);
  *at = i;
  return STATUS_OK;
}

static enum status set_choice(const struct param *p, int *at, const struct value *v, struct err *e)
{
  size_t n = 0;
  for (; v->kind == VALUE_STRING && p->choices[n]; n++)
    if (strcmp(p->choices[n], v->as.s) == 0) {
      *at = (int)n;
      return STATUS_OK;
    }
  const char *near = v->kind == VALUE_STRING ? nearest_name(v->as.s, p->choices, n) : NULL;
  if (!near)
    return refuse(p, v, e);
  char allowed[400], seen[SHOWN_MAX];
  param_allowed(p, allowed, sizeof allowed);
  value_show(v, seen);
  return err_set(e, STATUS_BAD_ARG, "%s must be %s, got %s; did you mean \"%s\"?", p->id, allowed, seen, near);
}

/* Well-formed UTF-8 (RFC 3629): no stray or missing continuation, overlong form, surrogate, or value
 * above U+10FFFF. The canonical text of a config is JSON, which can hold nothing else. */
static bool utf8_valid(const char *text)
{
  const unsigned char *s = (const unsigned char *)text;
  while (*s) {
    unsigned c = *s++, more = c < 0x80 ? 0 : c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
    if (c >= 0x80 && (c < 0xc2 || c > 0xf4))
      return false;
    uint32_t rune = more ? c & (0x3fu >> more) : c;
    for (unsigned i = 0; i < more; i++, s++) {
      if ((*s & 0xc0) != 0x80)
        return false;
      rune = rune << 6 | (*s & 0x3fu);
    }
    if ((more == 2 && (rune < 0x800 || (rune >= 0xd800 && rune < 0xe000))) ||
        (more == 3 && (rune < 0x10000 || rune > 0x10ffff)))
      return false;
  }
  return true;
}

static enum status set_string(const struct param *p, char **at, const struct value *v, struct err *e)
{
  if (v->kind != VALUE_STRING)
    return refuse(p, v, e);
  if (!utf8_valid(v->as.s))
    return err_set(e, STATUS_BAD_ARG, "%s must be valid UTF-8 text (%zu bytes were given)", p->id, strlen(v->as.s));
  char *copy = xstrdup(v->as.s);
  free(*at);
  *at = copy;
  return STATUS_OK;
}

/* A copy of n numbers, each checked; `row` > 0 says how many stand in a row, for the message. */
static enum status copy_numbers(const struct param *p, double **out, const double *v, size_t n, size_t row, struct err *e)
{
  char allowed[400], seen[32];
  for (size_t i = 0; i < n; i++) {
    if (in_range(p, v[i]))
      continue;
    param_allowed(p, allowed, sizeof allowed);
    number_show(v[i], seen);
    if (row)
      return err_set(e, STATUS_BAD_ARG, "%s must be %s, got %s in row %zu, column %zu", p->id, allowed, seen,
                     i / row + 1, i % row + 1);
    return err_set(e, STATUS_BAD_ARG, "%s must be %s, got %s at position %zu", p->id, allowed, seen, i + 1);
  }
  void *copy;
  enum status s = mem_new(&copy, n, sizeof **out, p->id, e);
  if (s != STATUS_OK)
    return s;
  *out = copy;
  for (size_t i = 0; i < n; i++)
    (*out)[i] = v[i] + 0.0;
  return STATUS_OK;
}

/* The numbers of a list, a one-row table, a single number or a text "256,256". *made: what to free. */
static bool list_numbers(const struct value *v, struct param_list *out, double *one, double **made)
{
  *made = NULL;
  switch (v->kind) {
  case VALUE_LIST: *out = (struct param_list){v->as.list.n, (double *)v->as.list.v}; return true;
  case VALUE_TABLE: *out = (struct param_list){v->as.table.cols, (double *)v->as.table.v}; return v->as.table.rows == 1;
  case VALUE_INT: *one = (double)v->as.i; break;
  case VALUE_REAL: *one = v->as.r; break;
  case VALUE_STRING:
    if (!list_from_text(out, v->as.s))
      return false;
    *made = out->v;
    return true;
  default: return false;
  }
  *out = (struct param_list){1, one};
  return true;
}

static enum status set_list(const struct param *p, struct param_list *at, const struct value *v, struct err *e)
{
  struct param_list given;
  double one, *made, *copy;
  if (!list_numbers(v, &given, &one, &made))
    return refuse(p, v, e);
  enum status s = copy_numbers(p, &copy, given.v, given.n, 0, e);
  if (s == STATUS_OK) {
    free(at->v);
    *at = (struct param_list){given.n, copy};
  }
  free(made);
  return s;
}

/* A table; a list of numbers is a table of one column, an empty list a table of no rows. */
static enum status set_table(const struct param *p, struct param_table **at, const struct value *v, struct err *e)
{
  struct param_table t = {0};
  const double *from;
  size_t n;
  if (v->kind == VALUE_TABLE)
    t.rows = v->as.table.rows, t.cols = v->as.table.cols, from = v->as.table.v;
  else if (v->kind == VALUE_LIST)
    t.rows = v->as.list.n, t.cols = t.rows ? 1 : 0, from = v->as.list.v;
  else
    return refuse(p, v, e);
  if (!size_mul(t.rows, t.cols, &n))
    return err_set(e, STATUS_NO_MEMORY, "%s: %zu x %zu numbers are more than this machine can address", p->id, t.rows,
                   t.cols);
  enum status s = copy_numbers(p, &t.v, from, n, t.cols, e);
  if (s != STATUS_OK)
    return s;
  param_release(p, (char *)at - p->at);
  *at = xmalloc(sizeof **at);
  **at = t;
  return STATUS_OK;
}

static enum status set_method(const struct param *p, struct object *at, const struct value *v, method_finder *find,
                              struct err *e)
{
  struct object made = {0};
  enum status s;
  if (v->kind == VALUE_OBJECT && v->as.object->method->kind == p->of) {
    s = object_copy(&made, v->as.object, e);
  } else if (v->kind == VALUE_STRING) {
    const struct method *m = find ? find(p->of, v->as.s) : NULL;
    s = m ? params_parse(&made, m, NULL, 0, find, e) : refuse(p, v, e);
  } else {
    s = refuse(p, v, e);
  }
  if (s == STATUS_OK) {
    object_free(at);
    *at = made;
  }
  return s;
}

static void free_objects(struct param_objects *list)
{
  for (size_t i = 0; i < list->n; i++)
    object_free(&list->v[i]);
  free(list->v);
  *list = (struct param_objects){0};
}

/* The methods named by a text "warmup,cosine", each with its defaults. */
static enum status objects_from_text(const struct param *p, struct param_objects *out, const struct value *v, method_finder *find,
                                     struct err *e)
{
  size_t room = 1;
  char *copy = xstrdup(v->as.s), *rest = copy;
  for (const char *c = copy; *c; c++)
    room += *c == ',';
  *out = (struct param_objects){0, xcalloc(room, sizeof *out->v)};
  enum status s = STATUS_OK;
  for (char *id; *copy && s == STATUS_OK && (id = strsep(&rest, ",")); out->n += s == STATUS_OK) {
    const struct method *m = find ? find(p->of, id + strspn(id, " ")) : NULL;
    s = m ? params_parse(&out->v[out->n], m, NULL, 0, find, e) : refuse(p, v, e);
  }
  free(copy);
  return s;
}

static enum status copy_given(const struct param *p, struct param_objects *out, const struct object *const *from, size_t n,
                              const struct value *v, struct err *e)
{
  *out = (struct param_objects){0, xcalloc(n, sizeof *out->v)};
  for (size_t i = 0; i < n; i++, out->n++) {
    enum status s = from[i]->method->kind == p->of ? object_copy(&out->v[i], from[i], e) : refuse(p, v, e);
    if (s != STATUS_OK)
      return s;
  }
  return STATUS_OK;
}

static enum status set_methods(const struct param *p, struct param_objects *at, const struct value *v, method_finder *find,
                               struct err *e)
{
  struct param_objects made = {0};
  enum status s;
  switch (v->kind) {
  case VALUE_STRING: s = objects_from_text(p, &made, v, find, e); break;
  case VALUE_OBJECT: s = copy_given(p, &made, &v->as.object, 1, v, e); break;
  case VALUE_OBJECTS: s = copy_given(p, &made, v->as.objects.v, v->as.objects.n, v, e); break;
  case VALUE_LIST: s = v->as.list.n == 0 ? STATUS_OK : refuse(p, v, e); break; /* {} is a list of none */
  default: s = refuse(p, v, e);
  }
  if (s != STATUS_OK) {
    free_objects(&made);
    return s;
  }
  free_objects(at);
  *at = made;
  return STATUS_OK;
}

enum status param_set(const struct param *p, void *conf, const struct value *v, method_finder *find, struct err *e)
{
  void *at = param_at(p, conf);
  switch (p->type) {
  case PARAM_REAL: return set_real(p, at, v, e);
  case PARAM_INT: return set_int(p, at, v, e);
  case PARAM_BOOL:
    if (v->kind != VALUE_BOOL)
      return refuse(p, v, e);
    *(bool *)at = v->as.b;
    return STATUS_OK;
  case PARAM_CHOICE: return set_choice(p, at, v, e);
  case PARAM_STRING: return set_string(p, at, v, e);
  case PARAM_LIST: return set_list(p, at, v, e);
  case PARAM_METHOD: return set_method(p, at, v, find, e);
  case PARAM_METHODS: return set_methods(p, at, v, find, e);
  case PARAM_TABLE: return set_table(p, at, v, e);
  }
  return err_set(e, STATUS_UNSUPPORTED, "%s has a type that this build does not know", p->id);
}

enum status param_set_default(const struct param *p, void *conf, method_finder *find, struct err *e)
{
  void *at = param_at(p, conf);
  bool automatic = p->flags & PARAM_AUTO;
  switch (p->type) {
  case PARAM_REAL: *(double *)at = automatic ? (double)NAN : p->def; break;
  case PARAM_INT: *(int64_t *)at = automatic ? PARAM_AUTO_INT : (int64_t)p->def; break;
  case PARAM_BOOL: *(bool *)at = p->def != 0; break;
  case PARAM_CHOICE: *(int *)at = (int)p->def; break;
  case PARAM_STRING: *(char **)at = p->def_text ? xstrdup(p->def_text) : NULL; break;
  case PARAM_TABLE: break; /* none */
  case PARAM_LIST:
    if (!list_default(at, p))
      return err_set(e, STATUS_UNSUPPORTED, "%s has a default that is no list: \"%s\"", p->id, p->def_text);
    break;
  case PARAM_METHOD:
    if (p->def_text) {
      struct value v = {.kind = VALUE_STRING, .as.s = p->def_text};
      return set_method(p, at, &v, find, e);
    }
    break;
  case PARAM_METHODS:
    if (p->def_text) {
      struct value v = {.kind = VALUE_STRING, .as.s = p->def_text};
      return set_methods(p, at, &v, find, e);
    }
    break;
  }
  return STATUS_OK;
}

void param_release(const struct param *p, void *conf)
{
  void *at = param_at(p, conf);
  if (p->type == PARAM_STRING) {
    free(*(char **)at);
    *(char **)at = NULL;
  } else if (p->type == PARAM_LIST) {
    free(((struct param_list *)at)->v);
    *(struct param_list *)at = (struct param_list){0};
  } else if (p->type == PARAM_METHOD) {
    object_free(at);
  } else if (p->type == PARAM_METHODS) {
    free_objects(at);
  } else if (p->type == PARAM_TABLE) {
    struct param_table **t = at;
    if (*t)
      free((*t)->v);
    free(*t);
    *t = NULL;
  }
}
