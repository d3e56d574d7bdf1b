/* matrix.c: matrices as Lua values: making, copying, comparing, printing, and the tables of their methods, which stand in
 * matrix_index.c, matrix_math.c and matrix_pick.c.
 *
 * Rows and columns are numbered from 1. A matrix of one row or one column is indexed as a vector. A view
 * shares its numbers with its base: the buffer is reference counted, and borrowed memory (a data set's)
 * is kept alive by the first user value. */
#include "lua/bind/matrix_int.h"

#include <math.h>
#include <string.h>

#define ACCOUNT_STEP ((size_t)256 << 10)

struct lua_matrix *matrix_push(lua_State *L)
{
  struct lua_matrix *m = lua_newuserdatauv(L, sizeof *m, 1);
  memset(m, 0, sizeof *m);
  m->m.type = DTYPE_F64;
  luaL_setmetatable(L, BIND_MATRIX);
  return m;
}

struct lua_matrix *matrix_test(lua_State *L, int at) { return luaL_testudata(L, at, BIND_MATRIX); }

struct lua_matrix *matrix_check(lua_State *L, int at)
{
  struct lua_matrix *m = matrix_test(L, at);
  if (!m)
    bind_error(L, "argument %d: matrix expected, got %s", at, luaL_typename(L, at));
  return m;
}

void bind_account(lua_State *L, size_t bytes)
{
  struct lua_host *h = bind_host(L);
  h->unreported += bytes;
  if (h->unreported < ACCOUNT_STEP)
    return;
  size_t kb = h->unreported >> 10;
  h->unreported = 0;
  lua_gc(L, LUA_GCSTEP, kb > 1 << 20 ? 1 << 20 : (int)kb);
}

void matrix_account(lua_State *L, const struct lua_matrix *m) { bind_account(L, mat_bytes(&m->m)); }

size_t bind_size_arg(lua_State *L, int at, const char *what, size_t min, size_t max)
{
  int whole;
  lua_Integer v = lua_tointegerx(L, at, &whole);
  if (!whole || lua_type(L, at) != LUA_TNUMBER)
    bind_error(L, "%s must be a whole number, got %s", what, luaL_tolstring(L, at, NULL));
  if (v < 0 || (size_t)v < min || (size_t)v > max)
    bind_error(L, "%s must be from %zu to %zu, got %lld", what, min, max, (long long)v);
  return (size_t)v;
}

enum dtype matrix_type_arg(lua_State *L, int at, enum dtype def)
{
  if (lua_isnoneornil(L, at))
    return def;
  const char *s = lua_type(L, at) == LUA_TSTRING ? lua_tostring(L, at) : "";
  if (!strcmp(s, "f32") || !strcmp(s, "float32"))
    return DTYPE_F32;
  if (!strcmp(s, "f64") || !strcmp(s, "float64"))
    return DTYPE_F64;
  bind_error(L, "a matrix type is \"f32\" or \"f64\", got %s", luaL_tolstring(L, at, NULL));
}

const char *matrix_type_name(enum dtype t) { return t == DTYPE_F32 ? "f32" : "f64"; }

/* Raise e, or count the new matrix and return 1: the end of most functions here. */
int matrix_finish(lua_State *L, enum status status, const struct err *e, const struct lua_matrix *m)
{
  if (status != STATUS_OK)
    bind_raise(L, e);
  matrix_account(L, m);
  return 1;
}

const struct mat *matrix_packed(lua_State *L, const struct mat *m)
{
  if (m->stride == m->cols || m->rows <= 1)
    return m;
  struct lua_matrix *copy = matrix_push(L);
  struct err e = {0};
  if (mat_copy(&copy->m, m, m->type, &e) != STATUS_OK)
    bind_raise(L, &e);
  return &copy->m;
}

/* --- from lists ---------------------------------------------------------------------------------- */

static void fill_row(lua_State *L, int list, struct mat *m, size_t i, const char *what)
{
  if (lua_rawlen(L, list) != m->cols)
    bind_error(L, "%s: row %zu has %zu numbers, the first has %zu", what, i + 1, (size_t)lua_rawlen(L, list), m->cols);
  for (size_t j = 0; j < m->cols; j++) {
    if (lua_geti(L, list, (lua_Integer)j + 1) != LUA_TNUMBER)
      bind_error(L, "%s: item %zu of row %zu is a %s, not a number", what, j + 1, i + 1, luaL_typename(L, -1));
    mat_set(m, i, j, lua_tonumber(L, -1));
    lua_pop(L, 1);
  }
}

/* A list (one row) or a list of lists as a matrix; pushed. */
static struct lua_matrix *push_from_table(lua_State *L, int at, enum dtype type, const char *what)
{
  size_t rows = lua_rawlen(L, at);
  bool nested = lua_geti(L, at, 1) == LUA_TTABLE;
  size_t cols = nested ? (size_t)lua_rawlen(L, -1) : rows;
  lua_pop(L, 1);
  struct lua_matrix *m = matrix_push(L);
  struct err e = {0};
  if (mat_new(&m->m, type, nested ? rows : rows > 0, cols, &e) != STATUS_OK)
    bind_raise(L, &e);
  matrix_account(L, m);
  if (!nested && rows > 0)
    fill_row(L, at, &m->m, 0, what);
  for (size_t i = 0; nested && i < rows; i++) {
    if (lua_geti(L, at, (lua_Integer)i + 1) != LUA_TTABLE)
      bind_error(L, "%s: row %zu is a %s, not a list", what, i + 1, luaL_typename(L, -1));
    fill_row(L, lua_gettop(L), &m->m, i, what);
    lua_pop(L, 1);
  }
  return m;
}

struct lua_matrix *matrix_from(lua_State *L, int at, enum dtype type, const char *what)
{
  at = lua_absindex(L, at);
  struct lua_matrix *m = matrix_test(L, at);
  if (m)
    lua_pushvalue(L, at);
  else if (lua_istable(L, at))
    m = push_from_table(L, at, type, what);
  else
    bind_error(L, "%s must be a matrix or a list of numbers, got %s", what,
               luaL_getmetafield(L, at, "__name") == LUA_TSTRING ? lua_tostring(L, -1) : luaL_typename(L, at));
  return m;
}

static int matrix_call_new(lua_State *L)
{
  struct err e = {0};
  if (lua_istable(L, 1)) {
    push_from_table(L, 1, matrix_type_arg(L, 2, DTYPE_F64), "matrix");
    return 1;
  }
  size_t rows = bind_size_arg(L, 1, "rows", 0, SIZE_MAX >> 1), cols = bind_size_arg(L, 2, "cols", 0, SIZE_MAX >> 1);
  enum dtype type = matrix_type_arg(L, 3, DTYPE_F64);
  struct lua_matrix *m = matrix_push(L);
  return matrix_finish(L, mat_new(&m->m, type, rows, cols, &e), &e, m);
}

static int matrix_gc(lua_State *L)
{
  struct lua_matrix *m = luaL_checkudata(L, 1, BIND_MATRIX);
  mat_free(&m->m);
  return 0;
}

static int matrix_copy(lua_State *L)
{
  struct err e = {0};
  const struct lua_matrix *m = matrix_check(L, 1);
  enum dtype type = matrix_type_arg(L, 2, m->m.type);
  struct lua_matrix *out = matrix_push(L);
  return matrix_finish(L, mat_copy(&out->m, &m->m, type, &e), &e, out);
}

static int matrix_equal(lua_State *L)
{
  const struct lua_matrix *a = matrix_test(L, 1), *b = matrix_test(L, 2);
  bool same = a && b && a->m.rows == b->m.rows && a->m.cols == b->m.cols;
  for (size_t i = 0; same && i < a->m.rows; i++)
    for (size_t j = 0; same && j < a->m.cols; j++)
      same = !(mat_get(&a->m, i, j) < mat_get(&b->m, i, j)) && !(mat_get(&a->m, i, j) > mat_get(&b->m, i, j)) &&
             !isnan(mat_get(&a->m, i, j)) && !isnan(mat_get(&b->m, i, j));
  lua_pushboolean(L, same);
  return 1;
}

/* --- as text ------------------------------------------------------------------------------------- */

#define SHOWN 8 /* rows and columns shown in full; larger ones show both ends */

static bool hidden(size_t i, size_t n) { return n > SHOWN && i >= SHOWN / 2 && i < n - SHOWN / 2; }

static void show_row(struct text *t, const struct mat *m, size_t i)
{
  for (size_t j = 0; j < m->cols; j++) {
    if (hidden(j, m->cols)) {
      text_add(t, "        …");
      j = m->cols - SHOWN / 2 - 1;
      continue;
    }
    text_format(t, " %10.5g", mat_get(m, i, j));
  }
}

static int matrix_tostring(lua_State *L)
{
  const struct lua_matrix *m = matrix_check(L, 1);
  struct text *t = text_push(L);
  text_format(t, "%zu x %zu matrix of %s", m->m.rows, m->m.cols, matrix_type_name(m->m.type));
  for (size_t i = 0; i < m->m.rows && m->m.cols > 0; i++) {
    text_add(t, "\n");
    if (hidden(i, m->m.rows)) {
      text_add(t, "          …");
      i = m->m.rows - SHOWN / 2 - 1;
      continue;
    }
    show_row(t, &m->m, i);
  }
  lua_pushlstring(L, t->s, t->n);
  return 1;
}

/* --- the tables ---------------------------------------------------------------------------------- */

static const struct function_row methods[] = {
    {"rows", matrix_rows, "m:rows()", "Number of rows."},
    {"cols", matrix_cols, "m:cols()", "Number of columns."},
    {"type", matrix_type, "m:type()", "\"f32\" or \"f64\"."},
    {"set", matrix_set, "m:set(i, j, x)", "Change one item; returns m."},
    {"view", matrix_view, "m:view([r0[, r1[, c0[, c1]]]])",
     "Rows r0 to r1 and columns c0 to c1, both included; the view shares the numbers of m."},
    {"list", matrix_list, "m:list()", "A list of lists of numbers (a flat list for one row)."},
    {"take", matrix_take, "m:take(rows)", "A new matrix of the rows listed (from 1), in that order."},
    {"argmax", matrix_argmax, "m:argmax()", "The column (from 1) of each row's largest item, the first of equals (n x 1)."},
    {"copy", matrix_copy, "m:copy([type])", "A new matrix with the same numbers."},
    {"t", matrix_transpose, "m:t()", "The transpose (a new matrix)."},
    {"mul", matrix_mul, "a:mul(b)", "Matrix product; a * b is elementwise."},
    {"sum", matrix_sum, "m:sum([axis])", "Sum of all items; axis 1: of each column, axis 2: of each row."},
    {"mean", matrix_mean, "m:mean([axis])", "Mean; axes as for sum."},
    {"min", matrix_min, "m:min([axis])", "Smallest item; axes as for sum."},
    {"max", matrix_max, "m:max([axis])", "Largest item; axes as for sum."},
    {"norm", matrix_norm, "m:norm()", "Euclidean (Frobenius) norm."},
    {"minimum", matrix_minimum, "a:minimum(b)", "Elementwise smaller of the two, with broadcasting."},
    {"maximum", matrix_maximum, "a:maximum(b)", "Elementwise larger of the two, with broadcasting."},
    {"exp", matrix_exp, "m:exp()", "Elementwise exponential."},
    {"log", matrix_log, "m:log()", "Elementwise natural logarithm."},
    {"sqrt", matrix_sqrt, "m:sqrt()", "Elementwise square root."},
    {"abs", matrix_abs, "m:abs()", "Elementwise absolute value."},
    {"tanh", matrix_tanh, "m:tanh()", "Elementwise hyperbolic tangent."},
    {"sign", matrix_sign, "m:sign()", "Elementwise sign."},
    {"log1p", matrix_log1p, "m:log1p()", "Elementwise log(1 + x)."},
    {"expm1", matrix_expm1, "m:expm1()", "Elementwise exp(x) - 1."},
    {"solve", matrix_solve, "a:solve(b)", "x with a x = b, by LU, in f64."},
    {"cholesky", matrix_cholesky, "a:cholesky()", "Lower L with L L' = a, in f64."},
    {"eigh", matrix_eigh, "a:eigh()", "Eigenvalues (ascending) and eigenvectors (columns) of a symmetric matrix, in f64."},
    {"svd", matrix_svd, "a:svd()", "Thin U, s, V' with a = U diag(s) V', in f64."},
    {0}};

void matrix_open(lua_State *L)
{
  static const luaL_Reg meta[] = {
      {"__gc", matrix_gc},     {"__close", matrix_gc},          {"__index", matrix_index}, {"__newindex", matrix_newindex},
      {"__call", matrix_call}, {"__len", matrix_len},           {"__eq", matrix_equal},    {"__tostring", matrix_tostring},
      {"__add", matrix_add},   {"__sub", matrix_sub},           {"__mul", matrix_times},   {"__div", matrix_div},
      {"__pow", matrix_pow},   {"__unm", matrix_neg},           {NULL, NULL}};
  static const struct function_row functions[] = {
      {"matrix", matrix_call_new, "assay.matrix(rows, cols[, type]) or assay.matrix({{…}, …}[, type])",
       "A zero matrix, or one with the numbers given; type is \"f64\" (default) or \"f32\". m[i][j] or m(i, j), from 1."},
      {"mul", matrix_mul, "assay.mul(a, b)", "Matrix product."},
      {0}};
  bind_metatable(L, BIND_MATRIX, meta, methods);
  bind_functions(L, functions);
}
