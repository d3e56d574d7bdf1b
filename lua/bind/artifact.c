/* artifact.c: the larger products of runs: kept by run:artifact, read back by assay.artifact.
 *
 * A matrix is kept packed (experiments/data/matrix_pack.h); one of zeros and ones is a mask and takes a bit a number at
 * most. A string is kept as it is. What is read may come from a store of others and is checked as such. */
#include "lua/bind/artifact.h"

#include <stdlib.h>
#include <string.h>

#include "experiments/data/matrix_pack.h"

/* --- writing ----------------------------------------------------------------------------------------------------- */

const char *artifact_check_name(lua_State *L, int at)
{
  size_t n;
  const char *name = luaL_checklstring(L, at, &n);
  if (n == 0 || n > ARTIFACT_NAME_MOST || strlen(name) != n)
    bind_error(L, "run:artifact: a name has 1 to %d bytes, none of them 0; got %d", ARTIFACT_NAME_MOST, (int)n);
  return name;
}

struct run_artifact artifact_pack(lua_State *L, int at, const char *name, unsigned char **owned)
{
  struct run_artifact a = {.name = name, .kind = "text"};
  const struct lua_matrix *m = matrix_test(L, at);
  struct err e = {0};
  *owned = NULL;
  if (m) {
    if (matrix_pack(&m->m, owned, &a.n, &e) != STATUS_OK)
      bind_raise(L, &e);
    a.kind = matrix_is_mask(&m->m) ? "mask" : "matrix";
    a.bytes = *owned;
  } else if (lua_type(L, at) == LUA_TSTRING)
    a.bytes = lua_tolstring(L, at, &a.n);
  else
    bind_error(L, "run:artifact: %s must be a matrix or a string, got %s", name, luaL_typename(L, at));
  if (a.n > RUN_ARTIFACT_MOST) {
    free(*owned);
    bind_error(L, "run:artifact: %s takes %zu bytes; at most %d are kept", name, a.n, RUN_ARTIFACT_MOST);
  }
  return a;
}

/* --- reading ----------------------------------------------------------------------------------------------------- */

/* Push the rows of a query with the values at indices 1 to n. */
static void push_rows(lua_State *L, const char *sql, int n)
{
  lua_pushcfunction(L, db_query);
  lua_pushstring(L, sql);
  for (int i = 1; i <= n; i++)
    lua_pushvalue(L, i);
  lua_call(L, n + 1, 1);
}

static void check_run(lua_State *L)
{
  if (!lua_isinteger(L, 1) && lua_type(L, 1) != LUA_TSTRING)
    bind_error(L, "artifact: a run is its number or its uid, got %s", luaL_tolstring(L, 1, NULL));
}

#define OF_RUN "FROM artifact a JOIN runs r ON r.id = a.run_id WHERE (r.id = ?1 OR r.uid = ?1)"

/* assay.artifacts(run) */
static int list_artifacts(lua_State *L)
{
  lua_settop(L, 1);
  check_run(L);
  push_rows(L, "SELECT a.name, a.kind, a.size_b " OF_RUN " ORDER BY a.name", 1);
  return 1;
}

/* "; it has a, b" */
static void raise_absent(lua_State *L)
{
  struct text *t = text_push(L);
  push_rows(L, "SELECT a.name " OF_RUN " ORDER BY a.name LIMIT 20", 1);
  lua_Integer n = (lua_Integer)lua_rawlen(L, -1);
  for (lua_Integer i = 1; i <= n; i++) {
    lua_rawgeti(L, -1, i);
    lua_getfield(L, -1, "name");
    text_format(t, "%s%s", i == 1 ? "; it has " : ", ", lua_tostring(L, -1));
    lua_pop(L, 2);
  }
  bind_error(L, "run %s has no artifact \"%s\"%s", luaL_tolstring(L, 1, NULL), lua_tostring(L, 2), n ? t->s : "; it has none");
}

/* assay.artifact(run, name) */
static int read_artifact(lua_State *L)
{
  size_t n;
  struct err e = {0};
  lua_settop(L, 2);
  check_run(L);
  luaL_checkstring(L, 2);
  push_rows(L, "SELECT a.kind, a.content " OF_RUN " AND a.name = ?2", 2);
  if (lua_rawgeti(L, -1, 1) != LUA_TTABLE)
    raise_absent(L);
  lua_getfield(L, -1, "kind");
  lua_getfield(L, -2, "content");
  const char *kind = lua_tostring(L, -2), *bytes = lua_tolstring(L, -1, &n);
  if (!bytes)
    bind_error(L, "the artifact \"%s\" is kept outside the store", lua_tostring(L, 2));
  if (strcmp(kind ? kind : "", "mask") != 0 && strcmp(kind ? kind : "", "matrix") != 0)
    return 1;
  struct lua_matrix *m = matrix_push(L);
  if (matrix_unpack(&m->m, bytes, n, &e) != STATUS_OK)
    bind_error(L, "the artifact \"%s\": %s", lua_tostring(L, 2), e.message);
  matrix_account(L, m);
  return 1;
}

void artifact_open(lua_State *L)
{
  static const struct function_row rows[] = {
      {"artifact", read_artifact, "assay.artifact(run, name)", "What a run has kept under a name (run:artifact): a matrix, or a string. A run is its number or its uid."},
      {"artifacts", list_artifacts, "assay.artifacts(run)", "What a run has kept: a list of {name =, kind = \"matrix\", \"mask\" or \"text\", size_b = bytes in the store}."},
      {0}};
  bind_functions(L, rows);
}
