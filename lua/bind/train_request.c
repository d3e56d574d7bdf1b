/* train_request.c: the table of settings of assay.train or assay.train_many becomes a request: its keys, its memory. */
#include "lua/bind/train_int.h"

#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"

#define REQUEST "assay.request"
#define MAX_REPLICAS 100000

static void free_parts(struct replica_parts *p)
{
  object_free(&p->optimizer);
  object_free(&p->schedule);
  object_free(&p->controller);
  object_free(&p->average);
  object_free(&p->selector);
  object_free(&p->batching);
  free(p->rows);
  free(p->loss.v);
  free(p->norm.v);
  free(p->norm_l1.v);
  free(p->evaluation);
  train_forget_looks(&p->looks);
  along_free(&p->looks.along);
  free(p->init);
  free(p->mask);
  free(p->layer_rates);
}

static int request_gc(lua_State *L)
{
  struct train_request *r = lua_touserdata(L, 1);
  for (size_t i = 0; i < r->n; i++) {
    if (r->parts)
      free_parts(&r->parts[i]);
    if (r->result)
      train_result_free(&r->result[i]);
  }
  free(r->parts);
  free(r->replica);
  free(r->result);
  free(r->label);
  free(r->checkpoints);
  train_free_probes(r);
  object_free(&r->model);
  object_free(&r->loss);
  object_free(&r->sampler);
  if (r->data)
    dataset_release(r->data);
  memset(r, 0, sizeof *r);
  return 0;
}

/* The keys of assay.train, of assay.train_many, and of one of its replicas. */
const char *const train_keys[] = {"data", "model", "loss", "optimizer", "schedule", "controller", "average", "selector", "sampler", "batch", "batching",
    "steps", "epochs", "lr", "seed", "init_seed", "order_seed", "eval_every", "log_every", "plan", "keep_weights",
    "until_loss", "layer_rates", "mask", "init", "replace", "rows", "skip_test", "keep_losses", "keep_evaluations", "norms", "probe", "probe_every",
    "probe_examples", "keep_probes", "run", "label", "diverged", NULL};
const char *const train_many_keys[] = {"replicas", "data", "model", "loss", "optimizer", "schedule", "controller", "average",
    "selector", "sampler", "batch", "batching", "steps", "epochs", "lr", "seed", "init_seed", "order_seed", "eval_every", "log_every", "plan",
    "keep_weights", "until_loss", "layer_rates", "mask", "init", "replace", "rows", "skip_test", "keep_losses", "keep_evaluations", "norms", "probe",
    "probe_every", "probe_examples", "keep_probes", "coupled", "checkpoints", "diverged", NULL};
const char *const train_replica_keys[] = {"optimizer", "schedule", "controller", "average", "selector", "batching", "lr", "init_seed",
    "keep_weights", "until_loss", "layer_rates", "mask", "init", "replace", "rows", "skip_test", "keep_losses", "keep_evaluations", "keep_probes", NULL};

static void make_room(struct train_request *r, size_t n)
{
  r->parts = xcalloc(n, sizeof *r->parts);
  r->replica = xcalloc(n, sizeof *r->replica);
  r->result = xcalloc(n, sizeof *r->result);
  r->n = n;
}

/* The list `replicas`; the request is at index 2. */
static void read_replicas(lua_State *L, struct train_request *r)
{
  if (lua_getfield(L, 1, "replicas") != LUA_TTABLE || lua_rawlen(L, 3) == 0 || lua_rawlen(L, 3) > MAX_REPLICAS)
    bind_error(L, "train_many: replicas must be a list of 1 to %d tables", MAX_REPLICAS);
  make_room(r, lua_rawlen(L, 3));
  for (size_t i = 0; i < r->n; i++) {
    if (lua_geti(L, 3, (lua_Integer)i + 1) != LUA_TTABLE)
      bind_error(L, "train_many: replica %zu is a %s, not a table", i + 1, luaL_typename(L, 4));
    bind_check_keys(L, 4, "a replica", train_replica_keys);
    train_read_replica(L, &(struct train_settings){1, 4}, r, i);
    lua_settop(L, 3);
  }
  lua_settop(L, 2);
}

struct train_request *train_request_push(lua_State *L, bool many)
{
  const char *name = many ? "train_many" : "train";
  if (!lua_istable(L, 1))
    bind_error(L, "assay.%s takes one table: {data = …, model = …, steps = …, …}, got %s", name, luaL_typename(L, 1));
  lua_settop(L, 1);
  bind_check_keys(L, 1, name, many ? train_many_keys : train_keys);
  struct train_request *r = lua_newuserdatauv(L, sizeof *r, 0);
  memset(r, 0, sizeof *r);
  r->many = many;
  luaL_setmetatable(L, REQUEST);
  train_read_group(L, &(struct train_settings){1, 0}, r);
  if (many) {
    read_replicas(L, r);
  } else {
    make_room(r, 1);
    train_read_replica(L, &(struct train_settings){1, 0}, r, 0);
  }
  return r;
}

struct train_request *train_request_test(lua_State *L, int at) { return luaL_testudata(L, at, REQUEST); }

void train_request_open(lua_State *L)
{
  static const luaL_Reg meta[] = {{"__gc", request_gc}, {NULL, NULL}};
  bind_metatable(L, REQUEST, meta, NULL);
}
