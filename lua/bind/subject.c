/* subject.c: see subject.h. */
#include "lua/bind/subject.h"

#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "lua/bind/origin.h"

#define CACHE_BYTES ((size_t)256 << 20) /* held between calls */

/* Slots of the userdata, each for one thing that it borrows. */
enum { HOLD_MODEL = 1, HOLD_DATA, HOLD_LOSS, HOLD_WEIGHTS, HOLD_START, HOLD_ORIGIN, HOLD_COUNT = HOLD_ORIGIN };

const char *const subject_keys[] = {"model", "weights", "data", "part", "loss", "start", "seed", NULL};

struct reader {
  lua_State *L;
  int table, self; /* stack indices: the table, the new userdata */
  const char *what;
  const struct weights_origin *origin; /* of the weights; NULL: unknown */
};

/* Keep the value at the top alive as long as the subject, and pop it. */
static void hold(const struct reader *r, int slot) { lua_setiuservalue(r->L, r->self, slot); }

static bool is_training(lua_State *L, int at)
{
  if (!lua_istable(L, at) || !lua_getmetatable(L, at))
    return false;
  luaL_getmetatable(L, BIND_TRAINING);
  bool same = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return same;
}

/* Push the value of a key: of a result of assay.train only its weights count. */
static int push_field(const struct reader *r, const char *key)
{
  lua_State *L = r->L;
  bool all = is_training(L, r->table);
  if (all && strcmp(key, "weights") != 0) {
    lua_pushnil(L);
    return LUA_TNIL;
  }
  int type = lua_getfield(L, r->table, key);
  if (is_training(L, -1)) {
    type = lua_getfield(L, -1, "weights");
    lua_remove(L, -2);
    all = true;
  }
  if (all && type == LUA_TNIL)
    bind_error(L, "%s: this training has no weights: train with keep_weights = true", r->what);
  return type;
}

/* The object under a key; without one, the one that the weights know; without that, the id `def`. */
static const struct object *read_object(const struct reader *r, const char *key, enum kind kind, const struct object *known,
                                        const char *def, int slot)
{
  lua_State *L = r->L;
  if (push_field(r, key) == LUA_TNIL && (known || def)) {
    lua_pop(L, 1);
    if (known)
      return known;
    lua_pushstring(L, def);
  }
  if (lua_isnil(L, -1))
    bind_error(L, "%s: %s is missing", r->what, key);
  struct lua_object *o = object_from(L, lua_gettop(L), kind, key);
  hold(r, slot);
  return &o->o;
}

static const struct dataset *read_data(const struct reader *r)
{
  lua_State *L = r->L;
  if (push_field(r, "data") == LUA_TNIL && r->origin) {
    lua_pop(L, 1);
    return r->origin->data;
  }
  if (lua_isnil(L, -1))
    bind_error(L, "%s: data is missing", r->what);
  const struct dataset *d = data_get(L, object_from(L, lua_gettop(L), KIND_DATA, "data"));
  hold(r, HOLD_DATA);
  return d;
}

static const struct examples *read_part(const struct reader *r, const struct dataset *d)
{
  static const char *const names[] = {"train", "valid", "test"};
  const struct examples *const parts[] = {&d->train, &d->valid, &d->test};
  char hint[96];
  const char *word = push_field(r, "part") == LUA_TNIL ? "train" : lua_tostring(r->L, -1);
  for (size_t i = 0; word && i < 3; i++)
    if (!strcmp(word, names[i])) {
      lua_pop(r->L, 1);
      return parts[i];
    }
  bind_error(r->L, "%s: part must be \"train\", \"valid\" or \"test\", got %s%s", r->what, luaL_tolstring(r->L, -1, NULL),
             word ? bind_did_you_mean(word, names, 3, hint, sizeof hint) : "");
}

/* Room for the net's weights, in logical order and then padded, in a userdata on the stack. */
static float *push_room(lua_State *L, const struct net *net, float **padded)
{
  float *logical = lua_newuserdatauv(L, (net->n_logical + net->n_params) * sizeof(float) + MEM_ALIGN, 0), *end = logical + net->n_logical;
  *padded = end + (MEM_ALIGN - (uintptr_t)end % MEM_ALIGN) / sizeof(float);
  return logical;
}

/* Weights under a key, packed for the net into a userdata that the subject holds; NULL where there are none. */
static const float *read_weights(const struct reader *r, const char *key, const struct net *net, int slot)
{
  lua_State *L = r->L;
  float *padded, *logical;
  int top = lua_gettop(L);
  if (push_field(r, key) == LUA_TNIL) {
    lua_pop(L, 1);
    return NULL;
  }
  const struct lua_matrix *m = matrix_from(L, lua_gettop(L), DTYPE_F32, key);
  size_t n = m->m.rows * m->m.cols;
  if (n != net->n_logical)
    bind_error(L, "%s: %s needs %zu numbers (the model's weights), got %zu", r->what, key, net->n_logical, n);
  logical = push_room(L, net, &padded);
  for (size_t i = 0; i < n; i++)
    logical[i] = (float)mat_get(&m->m, i / m->m.cols, i % m->m.cols);
  net_pack_f32(net, logical, padded);
  hold(r, slot);
  lua_settop(L, top);
  return padded;
}

/* What is known of a start that was given: it may itself come from a training. */
static void recognise_start(const struct reader *r, struct probe_subject *s)
{
  push_field(r, "start");
  const struct weights_origin *o = origin_of(r->L, lua_gettop(r->L));
  s->start_known = o && o->apart && o->data == s->data;
  s->start_used = s->start_known ? o->used : 0;
  lua_pop(r->L, 1);
}

/* The start as given, or as the weights know it. */
static const float *read_start(const struct reader *r, const struct net *net, bool same_model, struct probe_subject *s)
{
  struct err e = {0};
  float *padded, *logical;
  const float *given = read_weights(r, "start", net, HOLD_START);
  if (given)
    recognise_start(r, s);
  if (given || !r->origin || !same_model)
    return given;
  s->start_known = !r->origin->init;
  logical = push_room(r->L, net, &padded);
  if (origin_start(r->origin, net, logical, &e) != STATUS_OK)
    bind_raise(r->L, &e);
  net_pack_f32(net, logical, padded);
  hold(r, HOLD_START);
  return padded;
}

/* Find out where the weights come from, and hold on to them. */
static void read_origin(struct reader *r)
{
  if (push_field(r, "weights") == LUA_TNIL)
    bind_error(r->L, "%s: weights are missing: a model's numbers, or what assay.train{keep_weights = true} returns", r->what);
  r->origin = origin_of(r->L, lua_gettop(r->L));
  hold(r, HOLD_ORIGIN);
}

static bool same_object(const struct object *a, const struct object *b)
{
  char *x = object_json(a), *y = object_json(b);
  bool same = !strcmp(x, y);
  free(x);
  free(y);
  return same;
}

static uint64_t read_seed(const struct reader *r)
{
  int whole = 1;
  lua_Integer seed = push_field(r, "seed") == LUA_TNIL ? 0 : lua_tointegerx(r->L, -1, &whole);
  if (!whole || lua_type(r->L, -1) == LUA_TSTRING)
    bind_error(r->L, "%s: seed must be a whole number, got %s", r->what, luaL_tolstring(r->L, -1, NULL));
  lua_pop(r->L, 1);
  return (uint64_t)seed;
}

struct lua_subject *subject_push(lua_State *L, int at, const char *what)
{
  struct err e = {0};
  if (!lua_istable(L, at))
    bind_error(L, "%s: a table {weights =, model =, data =, …} expected, got %s", what, luaL_typename(L, at));
  if (!is_training(L, at))
    bind_check_keys(L, at, what, subject_keys);
  struct lua_subject *new = lua_newuserdatauv(L, sizeof *new, HOLD_COUNT);
  memset(new, 0, sizeof *new);
  struct reader r = {L, lua_absindex(L, at), lua_gettop(L), what, NULL};
  read_origin(&r);
  const struct weights_origin *known = r.origin;
  const struct object *model = read_object(&r, "model", KIND_MODEL, known ? &known->model : NULL, NULL, HOLD_MODEL);
  const struct dataset *data = read_data(&r);
  const struct object *loss = read_object(&r, "loss", KIND_LOSS, known ? &known->loss : NULL,
                                          data->task == TASK_CLASSES ? "cross-entropy" : "squared", HOLD_LOSS);
  bool same_model = known && (model == &known->model || same_object(model, &known->model));
  if (model_build(&new->net, model, loss, data, &e) != STATUS_OK)
    bind_raise(L, &e);
  new->s = (struct probe_subject){.net = &new->net, .model = model, .loss = loss, .data = data, .part = read_part(&r, data),
                                  .weights = read_weights(&r, "weights", &new->net, HOLD_WEIGHTS), .seed = read_seed(&r)};
  new->s.start = read_start(&r, &new->net, same_model, &new->s);
  new->trained = same_model && known->apart && known->data == data;
  new->part_given = push_field(&r, "part") != LUA_TNIL;
  lua_pop(L, 1);
  return new;
}

struct probe_cache *subject_cache(lua_State *L)
{
  struct lua_host *h = bind_host(L);
  if (!h->probes)
    h->probes = probe_cache_new();
  return h->probes;
}

void subject_trim(lua_State *L) { probe_cache_trim(subject_cache(L), CACHE_BYTES); }

const struct probe_value *subject_probe(lua_State *L, const struct lua_subject *s, const struct object *probe)
{
  struct err e = {0};
  const struct probe_value *value;
  if (probe_cache_get(subject_cache(L), probe, &bind_host(L)->exec, &s->s, &value, &e) != STATUS_OK)
    bind_raise(L, &e);
  return value;
}
