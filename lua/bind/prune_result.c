/* prune_result.c: a pruned net as scripts see it: a table of weights, mask, layers, sizes and times. */
#include <math.h>
#include <string.h>

#include "lua/bind/prune_net.h"

#define PRUNED "assay.pruned"

void prune_set_number(lua_State *L, const char *key, double v)
{
  if (isnan(v))
    return;
  lua_pushnumber(L, v);
  lua_setfield(L, -2, key);
}

void prune_set_count(lua_State *L, const char *key, size_t v)
{
  lua_pushinteger(L, (lua_Integer)v);
  lua_setfield(L, -2, key);
}

static struct mat *new_row(lua_State *L, size_t n)
{
  struct err e = {0};
  struct lua_matrix *m = matrix_push(L);
  if (mat_new(&m->m, DTYPE_F32, 1, n, &e) != STATUS_OK)
    bind_raise(L, &e);
  matrix_account(L, m);
  return &m->m;
}

/* Set a layer's part of a vector in logical order as a matrix that shares its numbers. */
static void set_part(lua_State *L, const char *key, const struct mat *vector, size_t at, const struct prune_layer_report *r)
{
  struct lua_matrix *part = matrix_push(L);
  part->m = mat_retain(vector);
  part->m.rows = r->out;
  part->m.cols = part->m.stride = r->in;
  part->m.data = (float *)part->m.data + at;
  lua_setfield(L, -2, key);
}

static void push_layer(lua_State *L, const struct prune_layer_report *r)
{
  size_t n = r->out * r->in;
  lua_newtable(L);
  prune_set_count(L, "layer", r->layer + 1);
  prune_set_count(L, "out", r->out);
  prune_set_count(L, "in", r->in);
  prune_set_count(L, "positions", r->positions);
  prune_set_count(L, "kept", r->kept);
  prune_set_number(L, "sparsity", n ? 1 - (double)r->kept / (double)n : 0);
  prune_set_count(L, "empty_rows", r->empty_rows);
  lua_pushboolean(L, r->kept == 0);
  lua_setfield(L, -2, "empty");
  prune_set_number(L, "damp", r->damp);
}

static void set_size(lua_State *L, const struct prune_size *s)
{
  prune_set_count(L, "total", s->weights);
  prune_set_count(L, "kept", s->kept);
  prune_set_count(L, "biases", s->biases);
  prune_set_number(L, "sparsity", 1 - (double)s->kept / (double)s->weights);
  prune_set_number(L, "dense_bytes", s->dense_bytes);
  prune_set_number(L, "csr_bytes", s->csr_bytes);
  prune_set_number(L, "pattern_bytes", s->pattern_bytes);
  prune_set_number(L, "dense_flops", s->dense_flops);
  prune_set_number(L, "flops", s->flops);
}

void prune_push_net(lua_State *L, const struct prune_net *p, const struct net *net)
{
  size_t n = net->n_logical, at = 0;
  lua_newtable(L);
  luaL_setmetatable(L, PRUNED);
  const struct mat *weights = new_row(L, n);
  memcpy(weights->data, p->weights, n * sizeof *p->weights);
  lua_setfield(L, -2, "weights");
  struct mat *mask = new_row(L, n);
  for (size_t i = 0; i < n; i++)
    ((float *)mask->data)[i] = p->mask[i];
  lua_setfield(L, -2, "mask");
  lua_createtable(L, (int)p->n_layers, 0);
  for (size_t i = 0; i < p->n_layers; i++) {
    push_layer(L, &p->layer[i]);
    set_part(L, "weights", weights, at, &p->layer[i]);
    set_part(L, "mask", mask, at, &p->layer[i]);
    at += p->layer[i].out * (p->layer[i].in + net->layer[p->layer[i].layer].bias); /* its biases follow */
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_setfield(L, -2, "layers");
  set_size(L, &p->size);
  prune_set_count(L, "examples", p->examples);
  prune_set_number(L, "calibrate_s", p->calibrate_s);
  prune_set_number(L, "calibrate_cpu_s", p->calibrate_cpu_s);
  prune_set_number(L, "wall_s", p->wall_s);
  prune_set_number(L, "cpu_s", p->cpu_s);
}

static int pruned_tostring(lua_State *L)
{
  struct text *t = text_push(L);
  lua_getfield(L, 1, "sparsity");
  lua_getfield(L, 1, "kept");
  lua_getfield(L, 1, "total");
  lua_getfield(L, 1, "wall_s");
  text_format(t, "pruned net  sparsity %.4g  kept %lld of %lld weights  wall_s %.3g", lua_tonumber(L, -4), (long long)lua_tointeger(L, -3),
              (long long)lua_tointeger(L, -2), lua_tonumber(L, -1));
  lua_pushlstring(L, t->s, t->n);
  return 1;
}

void prune_result_open(lua_State *L)
{
  static const luaL_Reg pruned[] = {{"__tostring", pruned_tostring}, {NULL, NULL}};
  bind_metatable(L, PRUNED, pruned, NULL);
}
