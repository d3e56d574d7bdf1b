/* matrix_index.c: items, rows and views of matrices, and their shapes. */
#include "lua/bind/matrix_int.h"

/* A second header on m's numbers that keeps the same owner alive; pushed. */
static struct lua_matrix *push_view(lua_State *L, int at, size_t r0, size_t r1, size_t c0, size_t c1)
{
  at = lua_absindex(L, at);
  struct lua_matrix *base = lua_touserdata(L, at), *v = matrix_push(L);
  struct err e = {0};
  if (mat_view(&v->m, &base->m, r0, r1, c0, c1, &e) != STATUS_OK)
    bind_raise(L, &e);
  v->read_only = base->read_only;
  lua_getiuservalue(L, at, 1);
  lua_setiuservalue(L, -2, 1);
  return v;
}

static bool is_vector(const struct mat *m) { return m->rows == 1 || m->cols == 1; }

static size_t vector_length(const struct mat *m) { return m->rows == 1 ? m->cols : m->rows; }

static double vector_get(const struct mat *m, size_t k) { return m->rows == 1 ? mat_get(m, 0, k) : mat_get(m, k, 0); }

/* Index k (from 1) below n, or an error; 0 when the value is no whole number. */
static size_t check_index(lua_State *L, int at, size_t n, const char *what, const struct mat *m)
{
  int whole;
  lua_Integer k = lua_tointegerx(L, at, &whole);
  if (!whole)
    bind_error(L, "a matrix is indexed by whole numbers, got %s", luaL_tolstring(L, at, NULL));
  if (k < 1 || (size_t)k > n)
    bind_error(L, "%s %lld is outside 1 to %zu (the matrix is %zu x %zu)", what, (long long)k, n, m->rows, m->cols);
  return (size_t)k - 1;
}

int matrix_index(lua_State *L)
{
  struct lua_matrix *m = luaL_checkudata(L, 1, BIND_MATRIX);
  if (lua_type(L, 2) == LUA_TSTRING) {
    luaL_getmetafield(L, 1, "methods");
    lua_pushvalue(L, 2);
    if (lua_rawget(L, -2) == LUA_TNIL)
      bind_error(L, "a matrix has no method \"%s\"; help(\"matrix\") lists them", lua_tostring(L, 2));
    return 1;
  }
  if (is_vector(&m->m)) {
    lua_pushnumber(L, vector_get(&m->m, check_index(L, 2, vector_length(&m->m), "item", &m->m)));
    return 1;
  }
  size_t i = check_index(L, 2, m->m.rows, "row", &m->m);
  push_view(L, 1, i, i + 1, 0, m->m.cols);
  return 1;
}

static void check_writable(lua_State *L, const struct lua_matrix *m)
{
  if (m->read_only)
    bind_error(L, "this matrix is part of a data set and cannot be changed; use :copy()");
}

int matrix_newindex(lua_State *L)
{
  struct lua_matrix *m = luaL_checkudata(L, 1, BIND_MATRIX);
  check_writable(L, m);
  if (is_vector(&m->m) && lua_type(L, 3) == LUA_TNUMBER) {
    size_t k = check_index(L, 2, vector_length(&m->m), "item", &m->m);
    mat_set(&m->m, m->m.rows == 1 ? 0 : k, m->m.rows == 1 ? k : 0, lua_tonumber(L, 3));
    return 0;
  }
  size_t i = check_index(L, 2, m->m.rows, "row", &m->m);
  const struct lua_matrix *row = matrix_from(L, 3, m->m.type, "a row");
  if (!is_vector(&row->m) || vector_length(&row->m) != m->m.cols)
    bind_error(L, "a row of %zu numbers is expected, got %zu x %zu", m->m.cols, row->m.rows, row->m.cols);
  for (size_t j = 0; j < m->m.cols; j++)
    mat_set(&m->m, i, j, vector_get(&row->m, j));
  return 0;
}

int matrix_call(lua_State *L)
{
  struct lua_matrix *m = luaL_checkudata(L, 1, BIND_MATRIX);
  size_t i = check_index(L, 2, m->m.rows, "row", &m->m), j = check_index(L, 3, m->m.cols, "column", &m->m);
  lua_pushnumber(L, mat_get(&m->m, i, j));
  return 1;
}

int matrix_set(lua_State *L)
{
  struct lua_matrix *m = matrix_check(L, 1);
  check_writable(L, m);
  size_t i = check_index(L, 2, m->m.rows, "row", &m->m), j = check_index(L, 3, m->m.cols, "column", &m->m);
  mat_set(&m->m, i, j, luaL_checknumber(L, 4));
  lua_settop(L, 1);
  return 1;
}

/* m:view(r0, r1, c0, c1): rows r0 to r1 and columns c0 to c1, both included, as Lua's own ranges. */
int matrix_view(lua_State *L)
{
  struct lua_matrix *m = matrix_check(L, 1);
  size_t end[4] = {1, m->m.rows, 1, m->m.cols};
  static const char *const name[4] = {"first row", "last row", "first column", "last column"};
  for (int i = 0; i < 4; i++)
    if (!lua_isnoneornil(L, i + 2))
      end[i] = bind_size_arg(L, i + 2, name[i], i % 2 ? 0 : 1, i < 2 ? m->m.rows : m->m.cols);
  for (int i = 0; i < 4; i += 2)
    if (end[i + 1] + 1 < end[i])
      bind_error(L, "%s %zu comes after %s %zu", name[i], end[i], name[i + 1], end[i + 1]);
  push_view(L, 1, end[0] - 1, end[1], end[2] - 1, end[3]);
  return 1;
}

int matrix_len(lua_State *L)
{
  const struct lua_matrix *m = matrix_check(L, 1);
  lua_pushinteger(L, (lua_Integer)(is_vector(&m->m) ? vector_length(&m->m) : m->m.rows));
  return 1;
}

int matrix_rows(lua_State *L)
{
  lua_pushinteger(L, (lua_Integer)matrix_check(L, 1)->m.rows);
  return 1;
}

int matrix_cols(lua_State *L)
{
  lua_pushinteger(L, (lua_Integer)matrix_check(L, 1)->m.cols);
  return 1;
}

int matrix_type(lua_State *L)
{
  lua_pushstring(L, matrix_type_name(matrix_check(L, 1)->m.type));
  return 1;
}

int matrix_list(lua_State *L)
{
  const struct lua_matrix *m = matrix_check(L, 1);
  lua_createtable(L, (int)m->m.rows, 0);
  for (size_t i = 0; i < m->m.rows; i++) {
    lua_createtable(L, (int)m->m.cols, 0);
    for (size_t j = 0; j < m->m.cols; j++) {
      lua_pushnumber(L, mat_get(&m->m, i, j));
      lua_rawseti(L, -2, (lua_Integer)j + 1);
    }
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  if (m->m.rows == 1) /* one row: a flat list */
    lua_rawgeti(L, -1, 1);
  return 1;
}
