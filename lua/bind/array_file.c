/* array_file.c: arrays in NPY, NPZ, safetensors and llama2.c files as matrices, and trained weights for a model. */
#include <string.h>

#include "experiments/data/read_llama2c.h"
#include "experiments/data/read_npy.h"
#include "experiments/data/read_npz.h"
#include "experiments/data/read_safetensors.h"
#include "experiments/models/weights.h"
#include "lua/bind/array_file.h"

#define TENSORS_BOX "assay.tensors"

static int tensors_gc(lua_State *L)
{
  tensors_free(lua_touserdata(L, 1));
  return 0;
}

static enum status read_llama2c(struct tensors *out, const char *path, struct err *e)
{
  struct llama2c config;
  return llama2c_read(out, &config, path, e);
}

static const struct array_format {
  const char *suffix;
  enum status (*read)(struct tensors *out, const char *path, struct err *e);
} formats[] = {{".npy", npy_read}, {".npz", npz_read}, {".safetensors", safetensors_read}, {".bin", read_llama2c}};

static const struct array_format *find_format(const char *path)
{
  size_t n = strlen(path);
  for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
    size_t m = strlen(formats[i].suffix);
    if (n >= m && strcmp(path + n - m, formats[i].suffix) == 0)
      return &formats[i];
  }
  return NULL;
}

bool array_file_known(const char *path) { return find_format(path) != NULL; }

/* The arrays of a file, in a userdata. */
static struct tensors *read_tensors(lua_State *L, const struct array_format *format, const char *path)
{
  struct tensors *t = lua_newuserdatauv(L, sizeof *t, 0);
  struct err e = {0};
  *t = (struct tensors){0};
  if (luaL_newmetatable(L, TENSORS_BOX)) {
    lua_pushcfunction(L, tensors_gc);
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
  if (format->read(t, path, &e) != STATUS_OK)
    bind_raise(L, &e);
  return t;
}

/* Floats of up to 32 bits stay float32, all else becomes float64. */
static enum dtype own_type(const struct tensor *t)
{
  return t->type >= ELEMENT_F8_E4M3 && t->type <= ELEMENT_F32 ? DTYPE_F32 : DTYPE_F64;
}

static void push_matrix(lua_State *L, const struct tensor *t, int type)
{
  struct err e = {0};
  struct lua_matrix *m = matrix_push(L);
  if (tensor_matrix(&m->m, t, matrix_type_arg(L, type, own_type(t)), &e) != STATUS_OK)
    bind_raise(L, &e);
  matrix_account(L, m);
}

static void push_shape(lua_State *L, const struct tensor *t)
{
  lua_createtable(L, (int)t->ndim, 0);
  for (size_t k = 0; k < t->ndim; k++) {
    lua_pushinteger(L, (lua_Integer)t->dim[k]);
    lua_rawseti(L, -2, (lua_Integer)k + 1);
  }
}

int array_file_load(lua_State *L, const char *path, int type)
{
  const struct tensors *all = read_tensors(L, find_format(path), path);
  if (all->n == 1 && !all->t[0].name) {
    push_matrix(L, &all->t[0], type);
    push_shape(L, &all->t[0]);
    return 2;
  }
  lua_createtable(L, 0, (int)all->n);
  lua_createtable(L, 0, (int)all->n);
  for (size_t i = 0; i < all->n; i++) {
    push_matrix(L, &all->t[i], type);
    lua_setfield(L, -3, all->t[i].name);
    push_shape(L, &all->t[i]);
    lua_setfield(L, -2, all->t[i].name);
  }
  return 2;
}

/* The sizes of a model that is to hold these weights: the file's, and the batch's where there is one. */
static struct io_shape find_sizes(lua_State *L, const struct tensors *file, int batch)
{
  struct io_shape io;
  struct err e = {0};
  if (weights_shape(file, &io, &e) != STATUS_OK)
    bind_raise(L, &e);
  if (!lua_isnoneornil(L, batch)) {
    lua_getfield(L, batch, "x");
    io.in = matrix_from(L, -1, DTYPE_F32, "batch.x")->m.cols;
  }
  if (io.in == 0)
    bind_error(L, "the first layer of %s is a convolution, which does not tell the size of the image: give a batch, "
                  "model:load(path, batch)", file->file.name);
  return io;
}

int model_load(lua_State *L)
{
  const struct lua_object *o = object_check(L, 1, KIND_MODEL);
  lua_settop(L, 3);
  const char *path = bind_push_path(L, luaL_checkstring(L, 2));
  const struct array_format *format = find_format(path);
  if (!format || format->read != safetensors_read)
    bind_error(L, "weights are read from .safetensors files, got %s", path);
  const struct tensors *file = read_tensors(L, format, path);
  const struct io_shape io = find_sizes(L, file, 3);
  struct net *net = lua_newuserdatauv(L, sizeof *net, 0);
  struct err e = {0};
  *net = (struct net){0};
  if (((const struct model *)o->o.method)->build(o->o.conf, &io, net, &e) != STATUS_OK)
    bind_raise(L, &e);
  struct lua_matrix *w = matrix_push(L);
  if (mat_new(&w->m, DTYPE_F32, 1, net->n_logical, &e) != STATUS_OK || weights_take(net, file, w->m.data, &e) != STATUS_OK)
    bind_raise(L, &e);
  matrix_account(L, w);
  return 1;
}
