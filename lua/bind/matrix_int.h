/* matrix_int.h: what the files about matrices share: the functions that matrix.c puts into the tables of methods. */
#ifndef ASSAY_LUA_MATRIX_INT_H
#define ASSAY_LUA_MATRIX_INT_H

#include "lua/bind/bind.h"

const char *matrix_type_name(enum dtype t);
/* Raise e, or count the new matrix and return 1: the end of most functions here. */
int matrix_finish(lua_State *L, enum status status, const struct err *e, const struct lua_matrix *m);

/* --- matrix_index.c */
int matrix_index(lua_State *L), matrix_newindex(lua_State *L), matrix_call(lua_State *L), matrix_set(lua_State *L),
    matrix_view(lua_State *L), matrix_len(lua_State *L), matrix_rows(lua_State *L), matrix_cols(lua_State *L),
    matrix_type(lua_State *L), matrix_list(lua_State *L);

/* --- matrix_math.c */
int matrix_add(lua_State *L), matrix_sub(lua_State *L), matrix_times(lua_State *L), matrix_div(lua_State *L),
    matrix_pow(lua_State *L), matrix_minimum(lua_State *L), matrix_maximum(lua_State *L), matrix_exp(lua_State *L),
    matrix_log(lua_State *L), matrix_sqrt(lua_State *L), matrix_abs(lua_State *L), matrix_tanh(lua_State *L),
    matrix_neg(lua_State *L), matrix_sign(lua_State *L), matrix_log1p(lua_State *L), matrix_expm1(lua_State *L),
    matrix_sum(lua_State *L), matrix_mean(lua_State *L), matrix_min(lua_State *L), matrix_max(lua_State *L),
    matrix_norm(lua_State *L);
int matrix_transpose(lua_State *L), matrix_mul(lua_State *L), matrix_solve(lua_State *L), matrix_cholesky(lua_State *L),
    matrix_eigh(lua_State *L), matrix_svd(lua_State *L);

#endif
