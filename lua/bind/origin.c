/* origin.c: see origin.h. */
#include "lua/bind/origin.h"

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "experiments/kernel/mem.h"

#define ORIGIN "assay.origin"

static int origin_gc(lua_State *L)
{
  struct weights_origin *o = lua_touserdata(L, 1);
  object_free(&o->model);
  object_free(&o->loss);
  if (o->data)
    dataset_release(o->data);
  free(o->init);
  memset(o, 0, sizeof *o);
  return 0;
}

struct weights_origin *origin_push(lua_State *L)
{
  struct weights_origin *o = lua_newuserdatauv(L, sizeof *o, 0);
  memset(o, 0, sizeof *o);
  if (luaL_newmetatable(L, ORIGIN)) {
    lua_pushcfunction(L, origin_gc);
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
  return o;
}

/* 0: not one packed block of float32. */
static uint64_t hash_of(const struct mat *m)
{
  bool packed = m->type == DTYPE_F32 && (m->stride == m->cols || m->rows <= 1);
  return packed ? XXH3_64bits(m->data, m->rows * m->cols * sizeof(float)) : 0;
}

void origin_attach(lua_State *L)
{
  struct weights_origin *o = lua_touserdata(L, -1);
  o->hash = hash_of(&matrix_check(L, lua_absindex(L, -2))->m);
  lua_setiuservalue(L, -2, 1);
}

const struct weights_origin *origin_of(lua_State *L, int at)
{
  const struct lua_matrix *m = matrix_test(L, at);
  const struct weights_origin *o = NULL;
  if (m) {
    lua_getiuservalue(L, at, 1);
    o = luaL_testudata(L, -1, ORIGIN);
    lua_pop(L, 1);
  }
  return o && o->hash == hash_of(&m->m) ? o : NULL;
}

enum status origin_start(const struct weights_origin *o, const struct net *net, float *out, struct err *e)
{
  if (o->init) {
    memcpy(out, o->init, net->n_logical * sizeof *out);
    return STATUS_OK;
  }
  void *padded;
  enum status s = mem_new(&padded, net->n_params, sizeof(float), "weights at the start", e);
  if (s != STATUS_OK)
    return s;
  s = ((const struct model *)(const void *)o->model.method)->init(o->model.conf, net, o->init_seed, padded, e);
  net_unpack_f32(net, padded, out);
  free(padded);
  return s;
}
