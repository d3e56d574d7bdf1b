/* matrix_file.c: assay.load and assay.save: matrices in CSV and TSV files (by the reader of data/) and, by
 * array_file.c, in array formats. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/data/read_npy.h"
#include "experiments/data/read_table.h"
#include "lua/bind/array_file.h"

#define TABLE_BOX "assay.open_table"

static int table_gc(lua_State *L)
{
  table_close(lua_touserdata(L, 1));
  return 0;
}

const char *bind_push_path(lua_State *L, const char *path)
{
  const struct lua_host *h = bind_host(L);
  if (*path == '/' || !h->base_dir)
    return lua_pushstring(L, path);
  return lua_pushfstring(L, "%s/%s", h->base_dir, path);
}

/* The numbers of all records, as bytes, into `block`; returns how many records there are. */
static size_t read_records(lua_State *L, struct table *t, struct text *block)
{
  struct err e = {0};
  for (size_t rows = 0;; rows++) {
    bool more;
    double v;
    if (table_next(t, &more, &e) != STATUS_OK)
      bind_raise(L, &e);
    if (!more)
      return rows;
    for (size_t j = 0; j < t->cols; j++) {
      if (table_number(t, j, &v, &e) != STATUS_OK)
        bind_raise(L, &e);
      text_add_n(block, (const char *)&v, sizeof v);
    }
    if (exec_cancelled(&bind_host(L)->exec))
      bind_raise(L, &(struct err){.code = STATUS_CANCELLED});
  }
}

/* assay.load(path[, type]): the matrix, and the column names if the file has a header. */
static int load_matrix(lua_State *L)
{
  lua_settop(L, 2);
  const char *path = bind_push_path(L, luaL_checkstring(L, 1));
  if (array_file_known(path))
    return array_file_load(L, path, 2);
  enum dtype type = matrix_type_arg(L, 2, DTYPE_F64);
  struct table *t = lua_newuserdatauv(L, sizeof *t, 0);
  struct err e = {0};
  if (table_open(t, path, &(struct table_options){0}, &e) != STATUS_OK)
    bind_raise(L, &e);
  luaL_setmetatable(L, TABLE_BOX);
  struct text *block = text_push(L);
  size_t rows = read_records(L, t, block);
  struct lua_matrix *m = matrix_push(L);
  struct mat seen = mat_wrap(DTYPE_F64, block->s, rows, t->cols, t->cols);
  if (mat_copy(&m->m, &seen, type, &e) != STATUS_OK)
    bind_raise(L, &e);
  matrix_account(L, m);
  if (!t->names)
    return 1;
  lua_createtable(L, (int)t->cols, 0);
  for (size_t j = 0; j < t->cols; j++) {
    lua_pushstring(L, t->names[j]);
    lua_rawseti(L, -2, (lua_Integer)j + 1);
  }
  return 2;
}

/* The whole file as text: numbers that read back to the same bits. */
static void write_rows(struct text *t, const struct mat *m, char separator)
{
  char number[32];
  for (size_t i = 0; i < m->rows; i++) {
    for (size_t j = 0; j < m->cols; j++) {
      json_number(mat_get(m, i, j), number);
      double v = mat_get(m, i, j);
      const char *shown = v != v ? "nan" : v - v != 0 ? (v > 0 ? "inf" : "-inf") : number;
      text_add_n(t, &separator, j > 0);
      text_add(t, shown);
    }
    text_add(t, "\n");
  }
}

static void write_header(lua_State *L, struct text *t, int names, size_t cols, char separator)
{
  if (lua_rawlen(L, names) != cols)
    bind_error(L, "save: %zu names for %zu columns", (size_t)lua_rawlen(L, names), cols);
  for (size_t j = 0; j < cols; j++) {
    lua_geti(L, names, (lua_Integer)j + 1);
    const char *name = luaL_tolstring(L, -1, NULL);
    bool quote = name[strcspn(name, ",\t\"\n\r")] != '\0';
    text_add_n(t, &separator, j > 0);
    text_add(t, quote ? "\"" : "");
    for (; *name; name++) {
      text_add(t, *name == '"' ? "\"" : "");
      text_add_n(t, name, 1);
    }
    text_add(t, quote ? "\"" : "");
    lua_pop(L, 2);
  }
  text_add(t, "\n");
}

/* Written beside and renamed, so that a full disk leaves the old file. Returns 0 or an errno. */
static int write_file(const char *path, const char *part, const void *bytes, size_t n)
{
  FILE *f = fopen(part, "w");
  int problem = f ? 0 : errno;
  if (f && fwrite(bytes, 1, n, f) != n)
    problem = errno;
  if (f && fclose(f) != 0 && !problem)
    problem = errno;
  if (!problem && rename(part, path) != 0)
    problem = errno;
  if (problem && f)
    remove(part);
  return problem;
}

static int save_text(lua_State *L, const char *path, const char *part, const struct mat *m)
{
  size_t n = strlen(path);
  char separator = n > 4 && !strcmp(path + n - 4, ".tsv") ? '\t' : ',';
  struct text *t = text_push(L);
  if (!lua_isnil(L, 3)) {
    luaL_checktype(L, 3, LUA_TTABLE);
    write_header(L, t, 3, m->cols, separator);
  }
  write_rows(t, m, separator);
  return write_file(path, part, t->s, t->n);
}

static int save_npy(lua_State *L, const char *path, const char *part, const struct mat *m)
{
  struct err e = {0};
  unsigned char *bytes;
  size_t n;
  if (!lua_isnil(L, 3))
    bind_error(L, "save: an NPY file has no column names");
  if (npy_format(m, &bytes, &n, &e) != STATUS_OK)
    bind_raise(L, &e);
  int problem = write_file(path, part, bytes, n);
  free(bytes);
  return problem;
}

/* assay.save(path, m[, names]): NPY or, separated by commas or (.tsv) tabs, text. */
static int save_matrix(lua_State *L)
{
  lua_settop(L, 3);
  const char *path = bind_push_path(L, luaL_checkstring(L, 1));
  const struct lua_matrix *m = matrix_from(L, 2, DTYPE_F64, "save: the matrix");
  const char *part = lua_pushfstring(L, "%s.part", path);
  size_t n = strlen(path);
  bool npy = n > 4 && !strcmp(path + n - 4, ".npy");
  int problem = npy ? save_npy(L, path, part, &m->m) : save_text(L, path, part, &m->m);
  if (problem)
    bind_error(L, "cannot write %s: %s", path, strerror(problem));
  lua_pushvalue(L, 2);
  return 1;
}

void matrix_file_open(lua_State *L)
{
  static const luaL_Reg meta[] = {{"__gc", table_gc}, {NULL, NULL}};
  static const struct function_row rows[] = {
      {"load", load_matrix, "assay.load(path[, type])", 
       "The numbers of a CSV or TSV file (also .gz) as a matrix, and its column names if it has a header; of an .npy file, and its shape; "
       "of .npz, .safetensors and llama2.c's .bin a table of matrices by name, and one of shapes."},
      {"save", save_matrix, "assay.save(path, m[, names])", "Write a matrix as CSV (TSV if the name ends in .tsv, NPY in its own type if in .npy), numbers to the last bit."},
      {0}};
  bind_metatable(L, TABLE_BOX, meta, NULL);
  bind_functions(L, rows);
}
