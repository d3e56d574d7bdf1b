/* object.c: methods with their parameters as Lua values.
 *
 * One constructor per kind, made from the list of kinds, and nothing per method: names, checks and
 * defaults come from the descriptor through params_parse. */
#include "lua/bind/bind.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/objective/objective.h"
#include "experiments/registry.h"

struct lua_object *object_push(lua_State *L)
{
  struct lua_object *o = lua_newuserdatauv(L, sizeof *o, 0);
  memset(o, 0, sizeof *o);
  luaL_setmetatable(L, BIND_OBJECT);
  return o;
}

struct lua_object *object_test(lua_State *L, int at)
{
  struct lua_object *o = luaL_testudata(L, at, BIND_OBJECT);
  return o && o->o.method ? o : NULL;
}

struct lua_object *object_check(lua_State *L, int at, enum kind kind)
{
  struct lua_object *o = object_test(L, at);
  const char *want = kind ? kind_name(kind) : "assay object";
  if (!o)
    bind_error(L, "argument %d: %s expected, got %s", at, want, luaL_typename(L, at));
  if (kind && o->o.method->kind != kind)
    bind_error(L, "argument %d: %s expected, got %s \"%s\"", at, want, kind_name(o->o.method->kind), o->o.method->id);
  return o;
}

static int object_gc(lua_State *L)
{
  struct lua_object *o = luaL_checkudata(L, 1, BIND_OBJECT);
  object_free(&o->o);
  if (o->data)
    dataset_release(o->data);
  objective_release(o->objective);
  free(o->state);
  memset(o, 0, sizeof *o);
  return 0;
}

/* --- parameters from Lua ------------------------------------------------------------------------- */

static bool is_list_of_lists(lua_State *L, int at)
{
  bool lists = lua_geti(L, at, 1) == LUA_TTABLE;
  lua_pop(L, 1);
  return lists;
}

/* n numbers of the list at `at` into out; false if an item is no number. */
static bool read_numbers(lua_State *L, int at, double *out, size_t n)
{
  bool fine = true;
  for (size_t i = 0; i < n && fine; i++) {
    fine = lua_geti(L, at, (lua_Integer)i + 1) == LUA_TNUMBER;
    out[i] = lua_tonumber(L, -1);
    lua_pop(L, 1);
  }
  return fine;
}

/* Rows of equal length; the numbers live in a userdata left on the stack. */
static void read_table(lua_State *L, int at, struct value *v, const char *what)
{
  size_t rows = lua_rawlen(L, at);
  lua_geti(L, at, 1);
  size_t cols = lua_rawlen(L, -1), count;
  lua_pop(L, 1);
  if (!size_mul(rows, cols, &count) || count > ((size_t)1 << 40))
    bind_error(L, "%s: a table of %zu x %zu numbers is too large", what, rows, cols);
  double *block = lua_newuserdatauv(L, (count + 1) * sizeof *block, 0);
  for (size_t i = 0; i < rows; i++) {
    if (lua_geti(L, at, (lua_Integer)i + 1) != LUA_TTABLE || lua_rawlen(L, -1) != cols)
      bind_error(L, "%s: row %zu is not a list of %zu numbers like the first", what, i + 1, cols);
    if (!read_numbers(L, lua_gettop(L), block + i * cols, cols))
      bind_error(L, "%s: row %zu holds something that is not a number", what, i + 1);
    lua_pop(L, 1);
  }
  v->kind = VALUE_TABLE;
  v->as.table.rows = rows;
  v->as.table.cols = cols;
  v->as.table.v = block;
}

static void read_list(lua_State *L, int at, struct value *v, const char *what)
{
  size_t n = lua_rawlen(L, at);
  if (n == 0 && (lua_pushnil(L), lua_next(L, at)))
    bind_error(L, "%s: expected a list of numbers, got a table with the key \"%s\"", what, luaL_tolstring(L, -2, NULL));
  double *block = lua_newuserdatauv(L, (n + 1) * sizeof *block, 0);
  if (!read_numbers(L, at, block, n))
    bind_error(L, "%s: the list holds something that is not a number", what);
  v->kind = VALUE_LIST;
  v->as.list.n = n;
  v->as.list.v = block;
}

static void read_matrix(lua_State *L, const struct mat *m, struct value *v)
{
  double *block = lua_newuserdatauv(L, (m->rows * m->cols + 1) * sizeof *block, 0);
  for (size_t i = 0; i < m->rows; i++)
    for (size_t j = 0; j < m->cols; j++)
      block[i * m->cols + j] = mat_get(m, i, j);
  v->kind = VALUE_TABLE;
  v->as.table.rows = m->rows;
  v->as.table.cols = m->cols;
  v->as.table.v = block;
}

/* A list of objects or ids for a row that takes methods; a table on the stack keeps those made here. */
static struct value read_methods(lua_State *L, int at, enum kind kind, const char *what)
{
  size_t n = lua_rawlen(L, at);
  const struct object **v = lua_newuserdatauv(L, (n + 1) * sizeof(const struct object *), 0);
  lua_createtable(L, (int)n, 0);
  int kept = lua_gettop(L);
  for (size_t i = 0; i < n; i++) {
    char item[200];
    snprintf(item, sizeof item, "%s, item %zu", what, i + 1);
    lua_geti(L, at, (lua_Integer)i + 1);
    v[i] = &object_from(L, kept + 1, kind, item)->o;
    lua_rawseti(L, kept, (lua_Integer)i + 1);
  }
  return (struct value){.kind = VALUE_OBJECTS, .as.objects = {n, v}};
}

/* The Lua value at `at` for row p (NULL: there is none of that name) as a struct value; what it borrows stays on the stack. */
static struct value read_value(lua_State *L, int at, const struct param *p, const char *what)
{
  struct value v = {.kind = VALUE_NIL};
  if (p && p->type == PARAM_METHODS && lua_istable(L, at))
    return read_methods(L, at, p->of, what);
  switch (lua_type(L, at)) {
  case LUA_TBOOLEAN: return (struct value){.kind = VALUE_BOOL, .as.b = lua_toboolean(L, at)};
  case LUA_TSTRING: return (struct value){.kind = VALUE_STRING, .as.s = lua_tostring(L, at)};
  case LUA_TNUMBER:
    if (lua_isinteger(L, at))
      return (struct value){.kind = VALUE_INT, .as.i = lua_tointeger(L, at)};
    return (struct value){.kind = VALUE_REAL, .as.r = lua_tonumber(L, at)};
  case LUA_TTABLE:
    if (is_list_of_lists(L, at))
      read_table(L, at, &v, what);
    else
      read_list(L, at, &v, what);
    return v;
  default: break;
  }
  const struct lua_object *o = object_test(L, at);
  const struct lua_matrix *m = matrix_test(L, at);
  if (o)
    return (struct value){.kind = VALUE_OBJECT, .as.object = &o->o};
  if (!m)
    bind_error(L, "%s cannot be a %s", what, luaL_typename(L, at));
  read_matrix(L, &m->m, &v);
  return v;
}

/* All pairs of the table as named values: an array in a userdata on the stack, with all it borrows. */
static struct named_value *read_params(lua_State *L, int at, const struct method *m, size_t *n)
{
  *n = 0;
  for (lua_pushnil(L); lua_next(L, at); lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING)
      bind_error(L, "%s \"%s\": parameters are given by name: {%s = …}", kind_name(m->kind), m->id,
                 m->params && m->params->id ? m->params->id : "name");
    ++*n;
  }
  struct named_value *values = lua_newuserdatauv(L, (*n + 1) * sizeof *values, 0);
  if (*n > 1000)
    bind_error(L, "%s \"%s\": %zu parameters are too many", kind_name(m->kind), m->id, *n);
  luaL_checkstack(L, (int)(3 * *n) + 16, "too many parameters");
  const char **names = lua_newuserdatauv(L, (*n + 1) * sizeof *names, 0);
  size_t i = 0;
  for (lua_pushnil(L); lua_next(L, at); lua_pop(L, 1))
    names[i++] = lua_tostring(L, -2); /* kept by the table */
  for (i = 0; i < *n; i++) {
    char what[160];
    snprintf(what, sizeof what, "%s \"%s\": %s", kind_name(m->kind), m->id, names[i]);
    lua_getfield(L, at, names[i]);
    values[i] = (struct named_value){names[i], read_value(L, lua_gettop(L), params_find(m, names[i]), what)};
  }
  return values;
}

struct lua_object *object_build(lua_State *L, enum kind kind, const char *id, int at_params)
{
  struct err e = {0};
  const struct method *m;
  if (registry_get(&m, kind, id, &e) != STATUS_OK)
    bind_raise(L, &e);
  struct lua_object *o = object_push(L);
  int top = lua_gettop(L);
  size_t n = 0;
  struct named_value *values = at_params ? read_params(L, at_params, m, &n) : NULL;
  if (params_parse(&o->o, m, values, n, registry_find, &e) != STATUS_OK)
    bind_raise(L, &e);
  lua_settop(L, top);
  return o;
}

struct lua_object *object_from(lua_State *L, int at, enum kind kind, const char *what)
{
  struct lua_object *o = object_test(L, at);
  if (o && o->o.method->kind == kind)
    return o;
  if (o || lua_type(L, at) != LUA_TSTRING)
    bind_error(L, "%s must be a %s or the id of one, got %s", what, kind_name(kind),
               o ? kind_name(o->o.method->kind) : luaL_typename(L, at));
  o = object_build(L, kind, lua_tostring(L, at), 0);
  lua_replace(L, at);
  return o;
}

/* assay.KIND(id[, params]); the kind is the upvalue. */
static int construct(lua_State *L)
{
  enum kind kind = (enum kind)lua_tointeger(L, lua_upvalueindex(1));
  const struct lua_object *o = object_test(L, 1);
  if (o && o->o.method->kind == kind && lua_isnoneornil(L, 2)) {
    lua_settop(L, 1);
    return 1;
  }
  if (kind == KIND_DATA && lua_istable(L, 1)) { /* assay.data{x = …, y = …}: numbers given in place */
    lua_settop(L, 1);
    object_build(L, kind, "table", 1);
    return 1;
  }
  if (kind == KIND_SCHEDULE && lua_isfunction(L, 1))
    return schedule_tabulate(L);
  if (lua_type(L, 1) != LUA_TSTRING)
    bind_error(L, "assay.%s takes the id of a %s and a table of parameters, got %s", kind_name(kind), kind_name(kind),
               luaL_typename(L, 1));
  if (!lua_isnoneornil(L, 2) && !lua_istable(L, 2))
    bind_error(L, "%s \"%s\": parameters are one table, {name = value, …}, got %s", kind_name(kind), lua_tostring(L, 1),
               luaL_typename(L, 2));
  object_build(L, kind, lua_tostring(L, 1), lua_istable(L, 2) ? 2 : 0);
  return 1;
}

/* --- parameters to Lua --------------------------------------------------------------------------- */

static void push_list(lua_State *L, const double *v, size_t n)
{
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    if (v[i] == floor(v[i]) && fabs(v[i]) < 1e15)
      lua_pushinteger(L, (lua_Integer)v[i]);
    else
      lua_pushnumber(L, v[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

static void push_method(lua_State *L, const struct object *of)
{
  struct err e = {0};
  if (!of->method) {
    lua_pushnil(L);
    return;
  }
  struct lua_object *o = object_push(L);
  if (object_copy(&o->o, of, &e) != STATUS_OK)
    bind_raise(L, &e);
}

static void push_methods(lua_State *L, const struct param_objects *list)
{
  lua_createtable(L, (int)list->n, 0);
  for (size_t i = 0; i < list->n; i++) {
    push_method(L, &list->v[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

static void push_table(lua_State *L, const struct param_table *t)
{
  struct err e = {0};
  if (!t) {
    lua_pushnil(L);
    return;
  }
  struct lua_matrix *m = matrix_push(L);
  if (mat_new(&m->m, DTYPE_F64, t->rows, t->cols, &e) != STATUS_OK)
    bind_raise(L, &e);
  for (size_t i = 0; i < t->rows; i++)
    memcpy(mat_row_f64(&m->m, i), t->v + i * t->cols, t->cols * sizeof(double));
}

void object_push_param(lua_State *L, const struct param *p, const void *conf)
{
  const void *at = (const char *)conf + p->at;
  switch (p->type) {
  case PARAM_REAL:
    if ((p->flags & PARAM_AUTO) && isnan(*(const double *)at))
      lua_pushliteral(L, "auto");
    else
      lua_pushnumber(L, *(const double *)at);
    return;
  case PARAM_INT:
    if ((p->flags & PARAM_AUTO) && *(const int64_t *)at == PARAM_AUTO_INT)
      lua_pushliteral(L, "auto");
    else
      lua_pushinteger(L, *(const int64_t *)at);
    return;
  case PARAM_BOOL: lua_pushboolean(L, *(const bool *)at); return;
  case PARAM_CHOICE: lua_pushstring(L, p->choices[*(const int *)at]); return;
  case PARAM_STRING: lua_pushstring(L, *(const char *const *)at); return;
  case PARAM_LIST: push_list(L, ((const struct param_list *)at)->v, ((const struct param_list *)at)->n); return;
  case PARAM_METHOD: push_method(L, at); return;
  case PARAM_METHODS: push_methods(L, at); return;
  case PARAM_TABLE: push_table(L, *(const struct param_table *const *)at); return;
  }
}

/* --- methods of every object --------------------------------------------------------------------- */

static int object_tostring(lua_State *L)
{
  const struct lua_object *o = object_test(L, 1);
  struct text *t = text_push(L);
  char *s = o ? object_text(&o->o) : NULL;
  if (o)
    text_format(t, "%s ", kind_name(o->o.method->kind));
  text_add(t, s ? s : "(closed)");
  free(s);
  lua_pushlstring(L, t->s, t->n);
  return 1;
}

static int object_to_json(lua_State *L)
{
  const struct lua_object *o = object_check(L, 1, 0);
  struct text *t = text_push(L);
  char *s = object_json(&o->o);
  text_add(t, s);
  free(s);
  lua_pushlstring(L, t->s, t->n);
  return 1;
}

static const struct param *find_param(lua_State *L, const struct lua_object *o, const char *key)
{
  const struct method *m = o->o.method;
  const struct param *p = params_find(m, key);
  if (p)
    return p;
  const char *known[128];
  size_t n = 0;
  for (const struct param *row = m->params; row && row->id && n < 128; row++)
    known[n++] = row->id;
  char hint[96];
  bind_error(L, "%s \"%s\" has no parameter or method \"%s\"%s", kind_name(m->kind), m->id, key,
             bind_did_you_mean(key, known, n, hint, sizeof hint));
}

static int object_param(lua_State *L)
{
  const struct lua_object *o = object_check(L, 1, 0);
  object_push_param(L, find_param(L, o, luaL_checkstring(L, 2)), o->o.conf);
  return 1;
}

static void push_params(lua_State *L, const struct object *o)
{
  lua_newtable(L);
  for (const struct param *p = o->method->params; p && p->id; p++) {
    object_push_param(L, p, o->conf);
    lua_setfield(L, -2, p->id);
  }
}

/* A list of the parameters' values by name. */
static int object_params(lua_State *L)
{
  push_params(L, &object_check(L, 1, 0)->o);
  return 1;
}

struct lua_object *object_with(lua_State *L, const struct lua_object *o, int at)
{
  push_params(L, &o->o);
  int all = lua_gettop(L);
  for (lua_pushnil(L); lua_next(L, at); lua_pop(L, 1)) {
    lua_pushvalue(L, -2);
    lua_pushvalue(L, -2);
    lua_rawset(L, all);
  }
  return object_build(L, o->o.method->kind, o->o.method->id, all);
}

/* The same method with some parameters changed. */
static int object_changed(lua_State *L)
{
  const struct lua_object *o = object_check(L, 1, 0);
  luaL_checktype(L, 2, LUA_TTABLE);
  object_with(L, o, 2);
  return 1;
}

static const struct function_row common_methods[] = {
    {"json", object_to_json, "obj:json()", "The canonical JSON text, defaults filled in."},
    {"param", object_param, "obj:param(name)", "The value of a parameter."},
    {"params", object_params, "obj:params()", "A table of all parameters."},
    {"with", object_changed, "obj:with{name = value}", "A copy with some parameters changed."},
    {0}};

/* Where the methods of a kind stand: registry table of tables, by the kind's number; 0: of every kind. */
#define METHODS "assay.object.methods"

static bool push_object_method(lua_State *L, int kind, const char *key)
{
  lua_getfield(L, LUA_REGISTRYINDEX, METHODS);
  if (lua_rawgeti(L, -1, kind) == LUA_TTABLE) {
    lua_pushstring(L, key);
    lua_rawget(L, -2);
    if (!lua_isnil(L, -1))
      return true;
    lua_pop(L, 1);
  }
  lua_pop(L, 2);
  return false;
}

static int object_index(lua_State *L)
{
  struct lua_object *o = luaL_checkudata(L, 1, BIND_OBJECT);
  const char *key = luaL_checkstring(L, 2);
  if (!o->o.method)
    bind_error(L, "this object has been closed");
  const struct method *m = o->o.method;
  if (!strcmp(key, "id")) {
    lua_pushstring(L, m->id);
    return 1;
  }
  if (!strcmp(key, "kind")) {
    lua_pushstring(L, kind_name(m->kind));
    return 1;
  }
  if (push_object_method(L, (int)m->kind, key) || push_object_method(L, 0, key))
    return 1;
  if (m->kind == KIND_DATA && data_field(L, o, key))
    return 1;
  object_push_param(L, find_param(L, o, key), o->o.conf);
  return 1;
}

/* Two objects are equal when their canonical texts are. */
static int object_equal(lua_State *L)
{
  const struct lua_object *a = object_test(L, 1), *b = object_test(L, 2);
  if (!a || !b) {
    lua_pushboolean(L, 0);
    return 1;
  }
  char *x = object_json(&a->o), *y = object_json(&b->o);
  bool same = !strcmp(x, y);
  free(x);
  free(y);
  lua_pushboolean(L, same);
  return 1;
}

static int object_newindex(lua_State *L)
{
  const struct lua_object *o = object_check(L, 1, 0);
  bind_error(L, "a %s does not change once made; obj:with{%s = …} gives a changed copy", kind_name(o->o.method->kind),
             luaL_checkstring(L, 2));
}

static void add_methods(lua_State *L, int kind, const struct function_row *rows)
{
  luaL_getsubtable(L, LUA_REGISTRYINDEX, METHODS);
  lua_newtable(L);
  bind_functions(L, rows);
  lua_rawseti(L, -2, kind);
  lua_pop(L, 1);
}

void object_open(lua_State *L)
{
  static const luaL_Reg meta[] = {{"__gc", object_gc},       {"__close", object_gc}, {"__tostring", object_tostring},
                                  {"__index", object_index}, {"__eq", object_equal}, {"__newindex", object_newindex},
                                  {"__add", schedule_add},   {"__mul", schedule_multiply}, {NULL, NULL}};
  bind_metatable(L, BIND_OBJECT, meta, NULL);
  add_methods(L, 0, common_methods);
  add_methods(L, KIND_SCHEDULE, schedule_methods);
  add_methods(L, KIND_OPTIMIZER, optimizer_methods);
  add_methods(L, KIND_AVERAGE, average_methods);
  add_methods(L, KIND_SELECTOR, selector_methods);
  add_methods(L, KIND_SAMPLER, sampler_methods);
  add_methods(L, KIND_MODEL, model_methods);
  add_methods(L, KIND_DATA, data_methods);
  add_methods(L, KIND_PROBE, probe_methods);
  add_methods(L, KIND_BOUND, bound_methods);
  add_methods(L, KIND_SCORE, score_methods);
  add_methods(L, KIND_SOLVER, solver_methods);
  add_methods(L, KIND_ALLOCATOR, allocator_methods);
  add_methods(L, KIND_RESTORER, restorer_methods);
  add_methods(L, KIND_OBJECTIVE, objective_methods);
  add_methods(L, KIND_MINIMIZER, minimizer_methods);
  for (int kind = 1; kind < KIND_COUNT; kind++) {
    lua_pushinteger(L, kind);
    lua_pushcclosure(L, construct, 1);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, "assay.help");
    lua_pushvalue(L, -2);
    const char *name = kind_name((enum kind)kind);
    lua_pushfstring(L, "assay.%s(id[, {parameter = value}])\n  A %s by its id; help(id) explains one, `assay methods %s` lists them.",
                    name, name, name);
    lua_rawset(L, -3);
    lua_pop(L, 1);
    lua_setfield(L, -2, name);
  }
}
