/* subject.c: see subject.h. */
#include "lua/bind/subject.h"

#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/registry.h"

#define CACHE_BYTES ((size_t)256 << 20) /* held between calls */

/* Slots of the userdata, each for one thing that it borrows. */
enum { HOLD_MODEL = 1, HOLD_DATA, HOLD_LOSS, HOLD_WEIGHTS, HOLD_START, HOLD_COUNT = HOLD_START };

const char *const subject_keys[] = {"model", "weights", "data", "part", "loss", "start", "seed", NULL};

struct reader {
  lua_State *L;
  int table, self; /* stack indices: the table, the new userdata */
  const char *what;
};

/* Keep the value at the top alive as long as the subject, and pop it. */
static void hold(const struct reader *r, int slot)
{
  lua_setiuservalue(r->L, r->self, slot);
}

/* The object under a key; without one, the id `def`. */
static struct lua_object *read_object(const struct reader *r, const char *key, enum kind kind, const char *def, int slot)
{
  lua_State *L = r->L;
  if (lua_getfield(L, r->table, key) == LUA_TNIL && def) {
    lua_pop(L, 1);
    lua_pushstring(L, def);
  }
  if (lua_isnil(L, -1))
    bind_error(L, "%s: %s is missing", r->what, key);
  struct lua_object *o = object_from(L, lua_gettop(L), kind, key);
  hold(r, slot);
  return o;
}

static const struct examples *read_part(const struct reader *r, const struct dataset *d)
{
  static const char *const names[] = {"train", "valid", "test"};
  const struct examples *const parts[] = {&d->train, &d->valid, &d->test};
  char hint[96];
  const char *word = lua_getfield(r->L, r->table, "part") == LUA_TNIL ? "train" : lua_tostring(r->L, -1);
  for (size_t i = 0; word && i < 3; i++)
    if (!strcmp(word, names[i])) {
      lua_pop(r->L, 1);
      return parts[i];
    }
  bind_error(r->L, "%s: part must be \"train\", \"valid\" or \"test\", got %s%s", r->what, luaL_tolstring(r->L, -1, NULL),
             word ? bind_did_you_mean(word, names, 3, hint, sizeof hint) : "");
}

/* Weights under a key, packed for the net into a userdata that the subject holds; NULL where there are none. */
static const float *read_weights(const struct reader *r, const char *key, const struct net *net, int slot)
{
  lua_State *L = r->L;
  int top = lua_gettop(L);
  if (lua_getfield(L, r->table, key) == LUA_TNIL) {
    lua_pop(L, 1);
    return NULL;
  }
  const struct lua_matrix *m = matrix_from(L, lua_gettop(L), DTYPE_F32, key);
  size_t n = m->m.rows * m->m.cols;
  if (n != net->n_logical)
    bind_error(L, "%s: %s needs %zu numbers (the model's weights), got %zu", r->what, key, net->n_logical, n);
  float *logical = lua_newuserdatauv(L, (n + net->n_params) * sizeof(float) + MEM_ALIGN, 0);
  float *padded = logical + n + (MEM_ALIGN - (uintptr_t)(logical + n) % MEM_ALIGN) / sizeof(float);
  for (size_t i = 0; i < n; i++)
    logical[i] = (float)mat_get(&m->m, i / m->m.cols, i % m->m.cols);
  net_pack_f32(net, logical, padded);
  hold(r, slot);
  lua_settop(L, top);
  return padded;
}

static uint64_t read_seed(const struct reader *r)
{
  int whole = 1;
  lua_Integer seed = lua_getfield(r->L, r->table, "seed") == LUA_TNIL ? 0 : lua_tointegerx(r->L, -1, &whole);
  if (!whole || lua_type(r->L, -1) == LUA_TSTRING)
    bind_error(r->L, "%s: seed must be a whole number, got %s", r->what, luaL_tolstring(r->L, -1, NULL));
  lua_pop(r->L, 1);
  return (uint64_t)seed;
}

struct lua_subject *subject_push(lua_State *L, int at, const char *what)
{
  struct err e = {0};
  if (!lua_istable(L, at))
    bind_error(L, "%s: a table {model =, weights =, data =, …} expected, got %s", what, luaL_typename(L, at));
  bind_check_keys(L, at, what, subject_keys);
  struct lua_subject *new = lua_newuserdatauv(L, sizeof *new, HOLD_COUNT);
  memset(new, 0, sizeof *new);
  struct reader r = {L, lua_absindex(L, at), lua_gettop(L), what};
  const struct lua_object *model = read_object(&r, "model", KIND_MODEL, NULL, HOLD_MODEL);
  const struct dataset *data = data_get(L, read_object(&r, "data", KIND_DATA, NULL, HOLD_DATA));
  const struct lua_object *loss =
      read_object(&r, "loss", KIND_LOSS, data->task == TASK_CLASSES ? "cross-entropy" : "squared", HOLD_LOSS);
  if (model_build(&new->net, &model->o, &loss->o, data, &e) != STATUS_OK)
    bind_raise(L, &e);
  new->s = (struct probe_subject){.net = &new->net, .model = &model->o, .loss = &loss->o, .data = data, .part = read_part(&r, data),
                                  .weights = read_weights(&r, "weights", &new->net, HOLD_WEIGHTS),
                                  .start = read_weights(&r, "start", &new->net, HOLD_START), .seed = read_seed(&r)};
  if (!new->s.weights)
    bind_error(L, "%s: weights are missing: the model's %zu numbers (assay.train{keep_weights = true} returns them)", what,
               new->net.n_logical);
  return new;
}

const struct probe_value *subject_probe(lua_State *L, const struct lua_subject *s, const struct object *probe)
{
  struct lua_host *h = bind_host(L);
  struct err e = {0};
  const struct probe_value *value;
  if (!h->probes)
    h->probes = probe_cache_new();
  if (probe_cache_get(h->probes, probe, &h->exec, &s->s, &value, &e) != STATUS_OK)
    bind_raise(L, &e);
  return value;
}

void subject_trim(lua_State *L)
{
  struct lua_host *h = bind_host(L);
  if (h->probes)
    probe_cache_trim(h->probes, CACHE_BYTES);
}

const struct probe_value *const *subject_needs(lua_State *L, const struct lua_subject *s, const struct method *m)
{
  size_t n = 0;
  while (m->needs && m->needs[n])
    n++;
  if (n == 0) {
    lua_pushnil(L);
    return NULL;
  }
  const struct probe_value **value = lua_newuserdatauv(L, n * sizeof(struct probe_value *), 0);
  for (size_t i = 0; i < n; i++) {
    const struct lua_object *probe = object_build(L, KIND_PROBE, m->needs[i], 0);
    value[i] = subject_probe(L, s, &probe->o);
    lua_pop(L, 1);
  }
  return value;
}
