/* probe.c: probe:measure{model = …, weights = …, data = …}: facts about a trained model, kept by the host's cache. */
#include <math.h>

#include "lua/bind/subject.h"

/* Numbers as numbers, the rest as read-only matrices that share the cache's memory. */
static void push_array(lua_State *L, const struct probe_array *a)
{
  if (a->value.rows == 1 && a->value.cols == 1) {
    lua_pushnumber(L, mat_get(&a->value, 0, 0));
    return;
  }
  struct lua_matrix *m = matrix_push(L);
  m->m = mat_retain(&a->value);
  m->read_only = true;
  matrix_account(L, m);
}

/* A table: name = value, name = {value of the first layer that has one, …}, name_se = standard error. Layers come in order. */
static void push_value(lua_State *L, const struct probe_value *v)
{
  lua_newtable(L);
  int table = lua_gettop(L);
  for (size_t i = 0; i < v->n; i++) {
    const struct probe_array *a = &v->array[i];
    if (a->layer == PROBE_WHOLE) {
      push_array(L, a);
      lua_setfield(L, table, a->name);
    } else {
      luaL_getsubtable(L, table, a->name);
      push_array(L, a);
      lua_rawseti(L, -2, (lua_Integer)lua_rawlen(L, -2) + 1);
      lua_pop(L, 1);
    }
    if (!isnan(a->standard_error)) {
      lua_pushfstring(L, "%s_se", a->name);
      lua_pushnumber(L, a->standard_error);
      lua_rawset(L, table);
    }
  }
}

static int probe_run(lua_State *L)
{
  const struct lua_object *probe = object_check(L, 1, KIND_PROBE);
  lua_settop(L, 2);
  const struct lua_subject *s = subject_push(L, 2, "measure");
  subject_trim(L);
  push_value(L, subject_probe(L, s, &probe->o));
  return 1;
}

const struct function_row probe_methods[] = {
    {"measure", probe_run, "probe:measure{weights = …, model = …, data = …[, part = \"train\", loss = …, start = …, seed = 0]}",
     "A table of its values: numbers, matrices, or a list with one for each layer that has any (poolings have no weights); the standard error of name is name_se. Weights from "
     "assay.train{keep_weights = true} know their model, data, loss and start; weights may also be its whole result, and "
     "probe:measure(result) is enough. Equal questions are answered from memory."},
    {0}};
