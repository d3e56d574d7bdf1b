/* matrix_math.c: arithmetic, elementwise functions, reductions and linear algebra on matrices. */
#include <math.h>

#include "lua/bind/matrix_int.h"

/* The operand at `at`: a matrix, or a number as a 1 x 1 of the other one's type (f32 stays f32). */
static const struct mat *operand(lua_State *L, int at, int other)
{
  struct lua_matrix *m = matrix_test(L, at);
  if (m)
    return &m->m;
  if (lua_type(L, at) != LUA_TNUMBER)
    bind_error(L, "arithmetic needs matrices or numbers, got %s", luaL_typename(L, at));
  const struct lua_matrix *o = matrix_test(L, other);
  struct err e = {0};
  m = matrix_push(L);
  if (mat_new(&m->m, o ? o->m.type : DTYPE_F64, 1, 1, &e) != STATUS_OK)
    bind_raise(L, &e);
  mat_set(&m->m, 0, 0, lua_tonumber(L, at));
  return &m->m;
}

static int binary(lua_State *L, enum mat_op op)
{
  struct err e = {0};
  lua_settop(L, 2);
  const struct mat *a = operand(L, 1, 2), *b = operand(L, 2, 1);
  struct lua_matrix *out = matrix_push(L);
  return matrix_finish(L, mat_binary(&out->m, op, a, b, &e), &e, out);
}

int matrix_add(lua_State *L) { return binary(L, MAT_ADD); }
int matrix_sub(lua_State *L) { return binary(L, MAT_SUB); }
int matrix_times(lua_State *L) { return binary(L, MAT_MUL); }
int matrix_div(lua_State *L) { return binary(L, MAT_DIV); }
int matrix_pow(lua_State *L) { return binary(L, MAT_POW); }
int matrix_minimum(lua_State *L) { return binary(L, MAT_MIN); }
int matrix_maximum(lua_State *L) { return binary(L, MAT_MAX); }

static int map(lua_State *L, enum mat_fn fn)
{
  struct err e = {0};
  const struct lua_matrix *m = matrix_check(L, 1);
  struct lua_matrix *out = matrix_push(L);
  return matrix_finish(L, mat_map(&out->m, fn, &m->m, &e), &e, out);
}

int matrix_exp(lua_State *L) { return map(L, MAT_EXP); }
int matrix_log(lua_State *L) { return map(L, MAT_LOG); }
int matrix_sqrt(lua_State *L) { return map(L, MAT_SQRT); }
int matrix_abs(lua_State *L) { return map(L, MAT_ABS); }
int matrix_tanh(lua_State *L) { return map(L, MAT_TANH); }
int matrix_neg(lua_State *L) { return map(L, MAT_NEG); }
int matrix_sign(lua_State *L) { return map(L, MAT_SIGN); }
int matrix_log1p(lua_State *L) { return map(L, MAT_LOG1P); }
int matrix_expm1(lua_State *L) { return map(L, MAT_EXPM1); }

/* Without an axis a number; along axis 1 (down the rows) or 2 (along the columns) a matrix. */
static int reduce(lua_State *L, enum mat_reduction r)
{
  struct err e = {0};
  const struct lua_matrix *m = matrix_check(L, 1);
  int axis = lua_isnoneornil(L, 2) ? -1 : (int)bind_size_arg(L, 2, "axis", 1, 2) - 1;
  struct lua_matrix *out = matrix_push(L);
  matrix_finish(L, mat_reduce(&out->m, r, &m->m, axis, &e), &e, out);
  if (axis < 0)
    lua_pushnumber(L, mat_get(&out->m, 0, 0));
  return 1;
}

int matrix_sum(lua_State *L) { return reduce(L, MAT_SUM); }
int matrix_mean(lua_State *L) { return reduce(L, MAT_MEAN); }
int matrix_min(lua_State *L) { return reduce(L, MAT_AMIN); }
int matrix_max(lua_State *L) { return reduce(L, MAT_AMAX); }

int matrix_norm(lua_State *L)
{
  struct err e = {0};
  const struct lua_matrix *m = matrix_check(L, 1);
  struct lua_matrix *sum = matrix_push(L);
  matrix_finish(L, mat_reduce(&sum->m, MAT_SUMSQ, &m->m, -1, &e), &e, sum);
  lua_pushnumber(L, sqrt(mat_get(&sum->m, 0, 0)));
  return 1;
}

/* --- linear algebra ------------------------------------------------------------------------------ */

int matrix_transpose(lua_State *L)
{
  struct err e = {0};
  const struct lua_matrix *m = matrix_check(L, 1);
  struct lua_matrix *out = matrix_push(L);
  return matrix_finish(L, mat_transpose(&out->m, &m->m, &e), &e, out);
}

int matrix_mul(lua_State *L)
{
  struct err e = {0};
  const struct lua_matrix *a = matrix_check(L, 1), *b = matrix_check(L, 2);
  struct lua_matrix *out = matrix_push(L);
  return matrix_finish(L, mat_mul_exec(&bind_host(L)->exec, &out->m, &a->m, false, &b->m, false, &e), &e, out);
}

int matrix_solve(lua_State *L)
{
  struct err e = {0};
  const struct lua_matrix *a = matrix_check(L, 1), *b = matrix_from(L, 2, DTYPE_F64, "the right side");
  struct lua_matrix *out = matrix_push(L);
  return matrix_finish(L, mat_solve(&out->m, &a->m, &b->m, &e), &e, out);
}

int matrix_cholesky(lua_State *L)
{
  struct err e = {0};
  const struct lua_matrix *a = matrix_check(L, 1);
  struct lua_matrix *out = matrix_push(L);
  return matrix_finish(L, mat_cholesky(&out->m, &a->m, &e), &e, out);
}

int matrix_eigh(lua_State *L)
{
  struct err e = {0};
  const struct lua_matrix *a = matrix_check(L, 1);
  struct lua_matrix *values = matrix_push(L), *vectors = matrix_push(L);
  matrix_finish(L, mat_eigh(&values->m, &vectors->m, &a->m, &e), &e, vectors);
  return 2;
}

int matrix_svd(lua_State *L)
{
  struct err e = {0};
  const struct lua_matrix *a = matrix_check(L, 1);
  struct lua_matrix *u = matrix_push(L), *s = matrix_push(L), *vt = matrix_push(L);
  matrix_finish(L, mat_svd(&u->m, &s->m, &vt->m, &a->m, &e), &e, u);
  return 3;
}
