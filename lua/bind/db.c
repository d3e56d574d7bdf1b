/* db.c: assay.db: read-only SQL over the store, from scripts and the prompt. */
#include "lua/bind/bind.h"

#include <stdlib.h>
#include <string.h>

#include "store/store.h"

#define STORE_BOX "assay.store"
#define ROWS "assay.rows" /* what a list of rows is called */

/* What a query holds open; closed by the collector if an error jumps past. */
struct reading { struct store *store; struct store_query *query; };

static int reading_gc(lua_State *L)
{
  struct reading *r = lua_touserdata(L, 1);
  if (r->query)
    store_query_close(r->query);
  if (r->store)
    store_close(r->store);
  *r = (struct reading){0};
  return 0;
}

static void push_cell(lua_State *L, struct store_cell cell)
{
  switch (cell.type) {
  case STORE_INTEGER: lua_pushinteger(L, cell.i); return;
  case STORE_REAL: lua_pushnumber(L, cell.r); return;
  case STORE_TEXT:
  case STORE_BLOB: lua_pushlstring(L, cell.text ? cell.text : "", cell.size); return;
  default: lua_pushnil(L); return;
  }
}

static void bind_values(lua_State *L, struct reading *r, int from, int to)
{
  for (int i = from; i <= to; i++) {
    int at = i - from + 1, code;
    if (lua_isinteger(L, i))
      code = store_query_bind_int(r->query, at, lua_tointeger(L, i));
    else if (lua_type(L, i) == LUA_TNUMBER)
      code = store_query_bind_real(r->query, at, lua_tonumber(L, i));
    else if (lua_type(L, i) == LUA_TSTRING)
      code = store_query_bind_text(r->query, at, lua_tostring(L, i));
    else
      bind_error(L, "value %d of the query must be a number or a string, got %s", at, luaL_typename(L, i));
    if (code != STORE_OK)
      bind_error(L, "value %d: %s", at, store_message(r->store));
  }
}

static void push_row(lua_State *L, const struct store_query *q)
{
  size_t n = store_query_columns(q);
  lua_createtable(L, 0, (int)n);
  for (size_t c = 0; c < n; c++) {
    push_cell(L, store_query_cell(q, c));
    lua_setfield(L, -2, store_query_name(q, c));
  }
}

/* Note on the list at the top the order of its columns, for those who show it. */
static void name_columns(lua_State *L, const struct store_query *q)
{
  size_t n = store_query_columns(q);
  lua_createtable(L, 0, 2);
  lua_pushliteral(L, ROWS);
  lua_setfield(L, -2, "__name");
  lua_createtable(L, (int)n, 0);
  for (size_t c = 0; c < n; c++) {
    lua_pushstring(L, store_query_name(q, c));
    lua_rawseti(L, -2, (lua_Integer)c + 1);
  }
  lua_setfield(L, -2, "columns");
  lua_setmetatable(L, -2);
}

/* assay.db(sql, …): a list of rows, each a table by column name; NULL is nil. */
int db_query(lua_State *L)
{
  const char *sql = luaL_checkstring(L, 1);
  int n_args = lua_gettop(L);
  struct lua_host *h = bind_host(L);
  struct reading *r = lua_newuserdatauv(L, sizeof *r, 0);
  *r = (struct reading){0};
  luaL_setmetatable(L, STORE_BOX);
  char message[512];
  if (store_open(&r->store, h->db, STORE_READ, message, sizeof message) != STORE_OK) {
    r->store = NULL;
    bind_error(L, "%s", message);
  }
  struct store_limits limits = {.cancel = h->cancel};
  if (store_query_open(&r->query, r->store, sql, &limits) != STORE_OK) {
    r->query = NULL;
    bind_error(L, "%s", store_message(r->store));
  }
  bind_values(L, r, 2, n_args);
  lua_newtable(L);
  bool row = true;
  for (lua_Integer i = 1;; i++) {
    int code = store_query_next(r->query, &row);
    if (code == STORE_INTERRUPTED && atomic_load(h->cancel))
      bind_raise(L, &(struct err){.code = STATUS_CANCELLED});
    if (code != STORE_OK)
      bind_error(L, "%s", store_message(r->store));
    if (!row)
      break;
    push_row(L, r->query);
    lua_rawseti(L, -2, i);
  }
  name_columns(L, r->query);
  lua_pushvalue(L, n_args + 1);
  lua_pushcfunction(L, reading_gc);
  lua_insert(L, -2);
  lua_call(L, 1, 0);
  return 1;
}

void db_open(lua_State *L)
{
  static const luaL_Reg meta[] = {{"__gc", reading_gc}, {NULL, NULL}};
  static const struct function_row rows[] = {
      {"db", db_query, "assay.db(sql[, value …])",
       "Rows of a read-only query over the store, each a table by column name; ? stands for a value. See assay.db_path."},
      {0}};
  bind_metatable(L, STORE_BOX, meta, NULL);
  bind_functions(L, rows);
  const char *path = bind_host(L)->db, *env = getenv("ASSAY_DB");
  lua_pushstring(L, path ? path : env && *env ? env : "assay.db");
  lua_setfield(L, -2, "db_path");
}
