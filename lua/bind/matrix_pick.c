/* matrix_pick.c: rows of a matrix by number, and the column of each row's largest item. */
#include <math.h>
#include <string.h>

#include "lua/bind/bind.h"

/* A new matrix on the stack. */
static struct mat *push_new(lua_State *L, enum dtype type, size_t rows, size_t cols)
{
  struct err e = {0};
  struct lua_matrix *m = matrix_push(L);
  if (mat_new(&m->m, type, rows, cols, &e) != STATUS_OK)
    bind_raise(L, &e);
  matrix_account(L, m);
  return &m->m;
}

int matrix_take(lua_State *L)
{
  const struct mat *from = &matrix_check(L, 1)->m;
  lua_settop(L, 2);
  const struct mat *rows = &matrix_from(L, 2, DTYPE_F64, "rows")->m;
  size_t n = rows->rows * rows->cols;
  struct mat *out = push_new(L, from->type, n, from->cols);
  for (size_t i = 0; i < n; i++) {
    double at = mat_get(rows, i / rows->cols, i % rows->cols);
    if (!(at >= 1 && at <= (double)from->rows && at == floor(at)))
      bind_error(L, "take: row %zu of the list is %g; rows are 1 to %zu", i + 1, at, from->rows);
    size_t size = dtype_size(from->type);
    memcpy((char *)out->data + i * out->stride * size, (const char *)from->data + ((size_t)at - 1) * from->stride * size, from->cols * size);
  }
  return 1;
}

int matrix_argmax(lua_State *L)
{
  const struct mat *m = &matrix_check(L, 1)->m;
  if (m->cols == 0)
    bind_error(L, "argmax: the matrix has no columns");
  struct mat *out = push_new(L, DTYPE_F64, m->rows, 1);
  for (size_t i = 0; i < m->rows; i++) {
    size_t best = 0;
    for (size_t j = 1; j < m->cols; j++)
      if (mat_get(m, i, j) > mat_get(m, i, best))
        best = j;
    mat_set(out, i, 0, (double)best + 1);
  }
  return 1;
}
