/* object_params.c: parameters of methods between Lua and C: tables, lists, matrices and methods as values for params_parse, and
 * what a method was given as values for scripts. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "lua/bind/bind.h"

/* --- from Lua ------------------------------------------------------------------------------------- */

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
struct named_value *object_read_params(lua_State *L, int at, const struct method *m, size_t *n)
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

/* --- to Lua --------------------------------------------------------------------------------------- */

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
