/* train_probe.c: probes along a training: which, under what names, and where their numbers go. */
#include "lua/bind/train_int.h"

#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"

#define EXAMPLES 256 /* looked at unless more or fewer are asked for */
#define LOOKS 10     /* in a training that does not say how many */

/* --- which probes -------------------------------------------------------------------------------------- */

static char *with(const char *word, char from, char to)
{
  char *copy = xstrdup(word);
  for (char *c = copy; *c; c++)
    *c = *c == from ? to : *c;
  return copy;
}

/* Does a word name the probe of this id: as it is, or by its last part, "trace" for hessian-trace? */
static bool ends_in(const char *id, const char *word)
{
  size_t n = strlen(id), m = strlen(word);
  return n > m && strcmp(id + n - m, word) == 0 && id[n - m - 1] == '-';
}

/* Push the id that a word means: with - for _, and the last part of an id where it is the last of one probe alone. A word
 * that means none is pushed as it is, for whoever looks it up to refuse. */
static void push_id(lua_State *L, const char *word)
{
  char *id = with(word, '_', '-');
  const struct method *found = registry_find(KIND_PROBE, id);
  size_t hits = 0;
  for (size_t i = 0; !found && i < registry_count(); i++)
    hits += registry_at(i)->kind == KIND_PROBE && ends_in(registry_at(i)->id, id);
  for (size_t i = 0; hits == 1 && i < registry_count(); i++)
    if (registry_at(i)->kind == KIND_PROBE && ends_in(registry_at(i)->id, id))
      found = registry_at(i);
  free(id);
  lua_pushstring(L, found ? found->id : word);
}

/* Add the probe at the top of the stack (an object, a word, or settings of the probe `name`) under a name (NULL: the word,
 * or the id). Pops it. */
static void add_probe(lua_State *L, struct train_request *r, const char *name)
{
  struct err e = {0};
  int at = lua_gettop(L);
  const char *word = lua_type(L, at) == LUA_TSTRING ? lua_tostring(L, at) : NULL;
  bool settings = name && lua_type(L, at) == LUA_TTABLE;
  if (word || settings) {
    push_id(L, word ? word : name);
    object_build(L, KIND_PROBE, lua_tostring(L, -1), settings ? at : 0);
    lua_replace(L, -2);
  } else {
    lua_pushvalue(L, at);
  }
  const struct lua_object *o = object_from(L, lua_gettop(L), KIND_PROBE, "probe");
  char *named = with(name ? name : word ? word : o->o.method->id, '-', '_');
  for (size_t i = 0; i < r->n_probes; i++)
    if (!strcmp(r->probe[i].name, named)) {
      lua_pushstring(L, named);
      free(named);
      bind_error(L, "train: two probes are called \"%s\": name them, probe = {first = …, second = …}", lua_tostring(L, -1));
    }
  r->probe = xrealloc(r->probe, (r->n_probes + 1) * sizeof *r->probe);
  struct along_entry *new = &r->probe[r->n_probes++];
  *new = (struct along_entry){.name = named};
  if (object_copy(&new->probe, &o->o, &e) != STATUS_OK)
    bind_raise(L, &e);
  lua_settop(L, at - 1);
}

static int by_name(const void *a, const void *b)
{
  return strcmp(((const struct along_entry *)a)->name, ((const struct along_entry *)b)->name);
}

/* The table at the top: a list, names, or both; named ones in the order of their names, since a table has none. */
static void add_probes(lua_State *L, struct train_request *r)
{
  int table = lua_gettop(L);
  size_t listed = lua_rawlen(L, table);
  for (size_t i = 0; i < listed; i++) {
    lua_rawgeti(L, table, (lua_Integer)i + 1);
    add_probe(L, r, NULL);
  }
  size_t first = r->n_probes;
  for (lua_pushnil(L); lua_next(L, table);) {
    if (lua_type(L, -2) == LUA_TSTRING)
      add_probe(L, r, lua_tostring(L, -2));
    else if (lua_isinteger(L, -2) && lua_tointeger(L, -2) >= 1 && (lua_Unsigned)lua_tointeger(L, -2) <= listed)
      lua_pop(L, 1);
    else
      bind_error(L, "train: probe is a list of probes or a table of them by name; it has the key %s", luaL_tolstring(L, -2, NULL));
  }
  if (r->n_probes > first)
    qsort(r->probe + first, r->n_probes - first, sizeof *r->probe, by_name);
  if (r->n_probes == 0)
    bind_error(L, "train: probe is an empty table: probe = {\"sharpness\", \"trace\"}");
}

void train_read_probes(lua_State *L, const struct train_settings *s, struct train_request *r)
{
  int top = lua_gettop(L), type = train_setting(L, s, "probe");
  uint64_t tenth = (r->group.steps + LOOKS - 1) / LOOKS;
  if (type == LUA_TTABLE)
    add_probes(L, r);
  else if (type != LUA_TNIL)
    add_probe(L, r, NULL);
  lua_settop(L, top);
  static const char *const keys[] = {"probe_every", "probe_examples"};
  for (size_t i = 0; i < 2 && !r->n_probes; i++) {
    if (train_setting(L, s, keys[i]) != LUA_TNIL)
      bind_error(L, "train: %s is about the probes of a training: give probe = {\"sharpness\", …} with it", keys[i]);
    lua_settop(L, top);
  }
  if (!r->n_probes)
    return;
  r->group.observe_every = (uint64_t)train_setting_integer(L, s, "probe_every", 1, (int64_t)tenth);
  r->probe_examples = (size_t)train_setting_integer(L, s, "probe_examples", 1, EXAMPLES);
  r->probe_seed = (uint64_t)train_setting_seed(L, s);
}

void train_read_looks(lua_State *L, const struct train_settings *s, struct train_request *r, size_t i)
{
  struct err e = {0};
  struct looks *l = &r->parts[i].looks;
  l->kept = train_setting_bool(L, s, "keep_probes");
  if (l->kept && !r->n_probes)
    bind_error(L, "train: keep_probes keeps what probes give along a training: give probe = {\"sharpness\", …} with it");
  if (!r->n_probes)
    return;
  l->along = (struct along){.n = r->n_probes, .entry = r->probe, .model = &r->model, .loss = &r->loss, .data = r->data, .seed = r->probe_seed};
  if (along_begin(&l->along, r->parts[i].rows, r->group.n_rows, r->probe_examples, &e) != STATUS_OK)
    bind_raise(L, &e);
}

void train_free_probes(struct train_request *r)
{
  for (size_t i = 0; i < r->n_probes; i++) {
    free(r->probe[i].name);
    object_free(&r->probe[i].probe);
  }
  free(r->probe);
  r->probe = NULL;
  r->n_probes = 0;
}

/* --- what they give ------------------------------------------------------------------------------------ */

struct look {
  struct lua_host *h;
  const struct train_request *r;
  struct looks *looks;
  uint64_t step;
};

static void on_number(void *self, const char *name, double value)
{
  const struct look *k = self;
  struct looks *l = k->looks;
  train_log(k->h, k->r, name, k->step, value);
  if (!l->kept)
    return;
  l->v = xrealloc(l->v, (l->n + 1) * sizeof *l->v);
  l->v[l->n++] = (struct looked){k->step, xstrdup(name), value};
}

enum status train_look(struct lua_host *h, struct train_request *r, size_t i, uint64_t step, const struct net *net, const float *w,
                       struct err *e)
{
  struct look k = {h, r, &r->parts[i].looks, step};
  struct along_sink sink = {&k, on_number};
  if (!r->n_probes)
    return STATUS_OK;
  enum status s = along_look(&k.looks->along, &h->exec, net, w, &sink, e);
  if (s && s != STATUS_CANCELLED)
    err_prefix(e, "at step %llu", (unsigned long long)step);
  return s;
}

void train_forget_looks(struct looks *l)
{
  for (size_t i = 0; i < l->n; i++)
    free(l->v[i].name);
  free(l->v);
  free(l->along.start);
  l->v = NULL;
  l->n = 0;
  l->along.start = NULL;
}

/* probes = {{step =, sharpness =, …}, …}: what belongs to one step stands together. */
void train_set_looks(lua_State *L, const struct replica_parts *p)
{
  const struct looks *l = &p->looks;
  if (!l->kept)
    return;
  lua_newtable(L);
  for (size_t i = 0; i < l->n; i++) {
    if (i == 0 || l->v[i].step != l->v[i - 1].step) {
      lua_newtable(L);
      lua_pushvalue(L, -1);
      lua_rawseti(L, -3, (lua_Integer)lua_rawlen(L, -3) + 1);
      lua_pushinteger(L, (lua_Integer)l->v[i].step);
      lua_setfield(L, -2, "step");
    } else
      lua_rawgeti(L, -1, (lua_Integer)lua_rawlen(L, -1));
    lua_pushnumber(L, l->v[i].value);
    lua_setfield(L, -2, l->v[i].name);
    lua_pop(L, 1);
  }
  lua_setfield(L, -2, "probes");
}
