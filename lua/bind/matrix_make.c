/* matrix_make.c: ready-made matrices, and lists of numbers for grids. */
#include "lua/bind/bind.h"

#include <math.h>
#include <string.h>

#include "experiments/kernel/rng.h"

#define MAX_LIST 10000000

static struct lua_matrix *push_new(lua_State *L, int at_type, size_t rows, size_t cols)
{
  struct err e = {0};
  enum dtype type = matrix_type_arg(L, at_type, DTYPE_F64);
  struct lua_matrix *m = matrix_push(L);
  if (mat_new(&m->m, type, rows, cols, &e) != STATUS_OK)
    bind_raise(L, &e);
  matrix_account(L, m);
  return m;
}

static int make_zeros(lua_State *L)
{
  push_new(L, 3, bind_size_arg(L, 1, "rows", 0, SIZE_MAX >> 1), bind_size_arg(L, 2, "cols", 0, SIZE_MAX >> 1));
  return 1;
}

static int make_ones(lua_State *L)
{
  make_zeros(L);
  struct mat *m = &matrix_check(L, -1)->m;
  for (size_t i = 0; i < m->rows; i++)
    for (size_t j = 0; j < m->cols; j++)
      mat_set(m, i, j, 1);
  return 1;
}

static int make_eye(lua_State *L)
{
  size_t n = bind_size_arg(L, 1, "n", 0, SIZE_MAX >> 1);
  struct lua_matrix *m = push_new(L, 2, n, n);
  for (size_t i = 0; i < n; i++)
    mat_set(&m->m, i, i, 1);
  return 1;
}

/* assay.random("normal", rows, cols[, seed[, type]]): the same bits for the same arguments. */
static int make_random(lua_State *L)
{
  static const char *const kinds[] = {"normal", "uniform", NULL};
  const char *kind = luaL_checkstring(L, 1);
  bool normal = !strcmp(kind, kinds[0]);
  if (!normal && strcmp(kind, kinds[1]) != 0) {
    char hint[96];
    bind_error(L, "no random numbers called \"%s\" (normal, uniform)%s", kind,
               bind_did_you_mean(kind, kinds, 2, hint, sizeof hint));
  }
  size_t rows = bind_size_arg(L, 2, "rows", 0, SIZE_MAX >> 1), cols = bind_size_arg(L, 3, "cols", 0, SIZE_MAX >> 1);
  lua_Integer seed = luaL_optinteger(L, 4, 0);
  struct lua_matrix *m = push_new(L, 5, rows, cols);
  struct rng r = rng_make((uint64_t)seed, RNG_USER, 0);
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < cols; j++)
      mat_set(&m->m, i, j, normal ? rng_normal(&r) : rng_uniform(&r));
  return 1;
}

static double real_arg(lua_State *L, int at, const char *what)
{
  if (lua_type(L, at) != LUA_TNUMBER)
    bind_error(L, "%s must be a number, got %s", what, luaL_tolstring(L, at, NULL));
  double x = lua_tonumber(L, at);
  if (!isfinite(x))
    bind_error(L, "%s must be finite, got %g", what, x);
  return x;
}

/* The rows of a spaced list: both ends are hit exactly, whatever the rounding in between. */
static int spaced(lua_State *L, bool log_scale)
{
  double a = real_arg(L, 1, "the first value"), b = real_arg(L, 2, "the last value");
  size_t n = bind_size_arg(L, 3, "the count", 1, MAX_LIST);
  if (log_scale && (a <= 0 || b <= 0))
    bind_error(L, "logspace needs positive ends, got %g and %g", a, b);
  double la = log_scale ? log10(a) : a, lb = log_scale ? log10(b) : b;
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    double x = n == 1 ? la : la + (lb - la) * (double)i / (double)(n - 1);
    lua_pushnumber(L, i == 0 ? a : i == n - 1 ? b : log_scale ? pow(10, x) : x);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

static int make_linspace(lua_State *L) { return spaced(L, false); }
static int make_logspace(lua_State *L) { return spaced(L, true); }

/* range(n): 1 … n; range(a, b[, step]): a, a + step, … up to b, whole numbers staying whole. */
static int make_range(lua_State *L)
{
  bool one = lua_isnoneornil(L, 2);
  double a = one ? 1 : real_arg(L, 1, "the first value"), b = real_arg(L, one ? 1 : 2, "the last value");
  double step = lua_isnoneornil(L, 3) ? 1 : real_arg(L, 3, "the step");
  if (step == 0)
    bind_error(L, "the step of a range must not be 0");
  double count = floor((b - a) / step + 1e-9) + 1;
  if (count > MAX_LIST)
    bind_error(L, "a range of %g values is too long (at most %d)", count, MAX_LIST);
  size_t n = count > 0 ? (size_t)count : 0;
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    double x = a + step * (double)i;
    if (a == floor(a) && step == floor(step) && fabs(x) < 1e15)
      lua_pushinteger(L, (lua_Integer)x);
    else
      lua_pushnumber(L, x);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

/* assay.sample(k, n[, seed[, stream]]): k different numbers of 1 … n; the same arguments give the same numbers. */
static int make_sample(lua_State *L)
{
  struct err e = {0};
  size_t n = bind_size_arg(L, 2, "n", 0, UINT32_MAX), k = bind_size_arg(L, 1, "k", 0, n);
  struct rng r = rng_make((uint64_t)luaL_optinteger(L, 3, 0), RNG_SAMPLE, (uint64_t)luaL_optinteger(L, 4, 0));
  lua_settop(L, 4);
  struct lua_matrix *box = matrix_push(L), *m = push_new(L, 6, 1, k);
  if (mat_new(&box->m, DTYPE_F32, 1, k, &e) != STATUS_OK) /* room for k 32-bit numbers */
    bind_raise(L, &e);
  uint32_t *taken = box->m.data;
  rng_sample(&r, taken, k, n);
  for (size_t i = 0; i < k; i++)
    mat_set(&m->m, 0, i, (double)taken[i] + 1);
  return 1;
}

void matrix_make_open(lua_State *L)
{
  static const struct function_row rows[] = {
      {"zeros", make_zeros, "assay.zeros(rows, cols[, type])", "A matrix of zeros; type \"f64\" (default) or \"f32\"."},
      {"ones", make_ones, "assay.ones(rows, cols[, type])", "A matrix of ones."},
      {"eye", make_eye, "assay.eye(n[, type])", "The identity matrix."},
      {"random", make_random, "assay.random(kind, rows, cols[, seed[, type]])",
       "A matrix of \"normal\" or \"uniform\" numbers; the same seed (default 0) gives the same numbers."},
      {"sample", make_sample, "assay.sample(k, n[, seed[, stream]])",
       "k different numbers of 1 … n in random order, as one row; the same seed and stream (default 0) give the same numbers."},
      {"linspace", make_linspace, "assay.linspace(a, b, n)", "A list of n evenly spaced numbers from a to b."},
      {"logspace", make_logspace, "assay.logspace(a, b, n)", "A list of n numbers from a to b, evenly spaced on a log scale."},
      {"range", make_range, "assay.range(n) or assay.range(a, b[, step])", "The list 1 … n, or a, a + step, … up to b."},
      {0}};
  bind_functions(L, rows);
}
