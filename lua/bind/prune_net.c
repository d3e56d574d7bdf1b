/* prune_net.c: pruner:prune{…}: a whole net at once; assay.quality{…}: what pruned weights do, compared with the dense ones. */
#include "experiments/pruning/net.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "lua/bind/subject.h"

#define BOX "assay.pruned.box"
#define MAX_NETS 10000
#define PRUNED "assay.pruned"

static const char *const prune_keys[] = {"model", "weights", "data", "part", "loss", "seed", "examples", "batch", "inputs", "curvature",
                                         "allocator", "correction", "damp", "skip", "sparsity", "cache", NULL};
static const char *const quality_keys[] = {"model", "weights", "pruned", "data", "part", "loss", "seed", "examples", NULL};

/* --- reading ------------------------------------------------------------------------------------------------ */

/* The subject in the table at `at`: the keys that belong to it, in a table of their own. */
static struct lua_subject *read_subject(lua_State *L, int at, const char *part, const char *what)
{
  lua_newtable(L);
  for (size_t i = 0; subject_keys[i]; i++) {
    lua_getfield(L, at, subject_keys[i]);
    lua_setfield(L, -2, subject_keys[i]);
  }
  if (lua_getfield(L, -1, "part") == LUA_TNIL) {
    lua_pushstring(L, part);
    lua_setfield(L, -3, "part");
  }
  lua_pop(L, 1);
  return subject_push(L, lua_gettop(L), what);
}

static size_t read_count(lua_State *L, const char *key, size_t least, size_t def)
{
  size_t n = lua_getfield(L, 2, key) == LUA_TNIL ? def : bind_size_arg(L, lua_gettop(L), key, least, (size_t)1 << 31);
  lua_pop(L, 1);
  return n;
}

static double read_real(lua_State *L, const char *key, double def)
{
  double v = def;
  if (lua_getfield(L, 2, key) != LUA_TNIL) {
    if (lua_type(L, -1) != LUA_TNUMBER)
      bind_error(L, "prune: %s must be a number, got %s", key, luaL_tolstring(L, -1, NULL));
    v = lua_tonumber(L, -1);
  }
  lua_pop(L, 1);
  return v;
}

static int read_choice(lua_State *L, const char *key, const char *const *words)
{
  char hint[96];
  size_t n = 0;
  const char *word = lua_getfield(L, 2, key) == LUA_TNIL ? words[0] : lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : NULL;
  for (; words[n]; n++)
    if (word && strcmp(word, words[n]) == 0) {
      lua_pop(L, 1);
      return (int)n;
    }
  const char *shown = luaL_tolstring(L, -1, NULL);
  bind_error(L, "prune: %s must be one of \"%s\", …, got %s%s", key, words[0], shown, bind_did_you_mean(shown, words, n, hint, sizeof hint));
}

/* An allocator by its id gets the sparsity of the pruner; NULL without one. Stays on the stack. */
static const struct object *read_allocator(lua_State *L, const struct object *method)
{
  if (lua_getfield(L, 2, "allocator") == LUA_TNIL)
    return NULL;
  if (lua_type(L, -1) == LUA_TSTRING) {
    lua_newtable(L);
    lua_pushnumber(L, ((const struct prune_common *)method->conf)->sparsity);
    lua_setfield(L, -2, "sparsity");
    return &object_build(L, KIND_ALLOCATOR, lua_tostring(L, -2), lua_gettop(L))->o;
  }
  return &object_from(L, lua_gettop(L), KIND_ALLOCATOR, "allocator")->o;
}

/* skip = {1, 3}: the first and third of the layers with weights stay dense. */
static void read_skip(lua_State *L, const struct net *net, bool *skip)
{
  size_t place[NET_MAX_LAYERS], n = 0;
  for (size_t l = 0; l < net->n_layers; l++)
    if (net->layer[l].rows)
      place[n++] = l;
  if (lua_getfield(L, 2, "skip") != LUA_TNIL) {
    if (!lua_istable(L, -1))
      bind_error(L, "prune: skip is a list of layers, counted from 1 over those with weights, got %s", luaL_typename(L, -1));
    for (lua_Integer i = 1; i <= (lua_Integer)lua_rawlen(L, -1); i++) {
      lua_rawgeti(L, -1, i);
      skip[place[bind_size_arg(L, lua_gettop(L), "skip", 1, n) - 1]] = true;
      lua_pop(L, 1);
    }
  }
  lua_pop(L, 1);
}

static void read_plan(lua_State *L, const struct lua_object *method, const struct net *net, struct prune_plan *p)
{
  *p = (struct prune_plan){.method = &method->o,
                           .inputs = (enum prune_inputs)read_choice(L, "inputs", prune_inputs_names),
                           .curvature = (enum prune_curvature)read_choice(L, "curvature", prune_curvature_names),
                           .examples = read_count(L, "examples", 0, 1000),
                           .batch = read_count(L, "batch", 1, 128),
                           .correction = read_real(L, "correction", 1),
                           .damp = read_real(L, "damp", 0.01)};
  read_skip(L, net, p->skip);
  p->allocator = read_allocator(L, p->method);
}

/* --- results ------------------------------------------------------------------------------------------------ */

static void set_number(lua_State *L, const char *key, double v)
{
  if (isnan(v))
    return;
  lua_pushnumber(L, v);
  lua_setfield(L, -2, key);
}

static void set_count(lua_State *L, const char *key, size_t v)
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
  set_count(L, "layer", r->layer + 1);
  set_count(L, "out", r->out);
  set_count(L, "in", r->in);
  set_count(L, "positions", r->positions);
  set_count(L, "kept", r->kept);
  set_number(L, "sparsity", n ? 1 - (double)r->kept / (double)n : 0);
  set_count(L, "empty_rows", r->empty_rows);
  lua_pushboolean(L, r->kept == 0);
  lua_setfield(L, -2, "empty");
  set_number(L, "damp", r->damp);
}

static void set_size(lua_State *L, const struct prune_size *s)
{
  set_count(L, "total", s->weights);
  set_count(L, "kept", s->kept);
  set_count(L, "biases", s->biases);
  set_number(L, "sparsity", 1 - (double)s->kept / (double)s->weights);
  set_number(L, "dense_bytes", s->dense_bytes);
  set_number(L, "csr_bytes", s->csr_bytes);
  set_number(L, "pattern_bytes", s->pattern_bytes);
  set_number(L, "dense_flops", s->dense_flops);
  set_number(L, "flops", s->flops);
}

static void push_pruned(lua_State *L, const struct prune_net *p, const struct net *net)
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
  set_count(L, "examples", p->examples);
  set_number(L, "calibrate_s", p->calibrate_s);
  set_number(L, "calibrate_cpu_s", p->calibrate_cpu_s);
  set_number(L, "wall_s", p->wall_s);
  set_number(L, "cpu_s", p->cpu_s);
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

struct box { size_t n; struct prune_net net[]; };

static int box_gc(lua_State *L)
{
  struct box *b = lua_touserdata(L, 1);
  for (size_t i = 0; i < b->n; i++)
    prune_net_free(&b->net[i]);
  return 0;
}

static struct box *box_push(lua_State *L, size_t n)
{
  struct box *b = lua_newuserdatauv(L, sizeof *b + n * sizeof *b->net, 0);
  memset(b, 0, sizeof *b + n * sizeof *b->net);
  b->n = n;
  luaL_setmetatable(L, BOX);
  return b;
}

/* sparsity = 0.5 or {0, 0.5, …}: pushes the numbers; NULL and 0 without it. */
static const double *read_sparsities(lua_State *L, size_t *n, bool *list)
{
  int type = lua_getfield(L, 2, "sparsity"), at = lua_gettop(L);
  *list = type == LUA_TTABLE;
  *n = *list ? (size_t)lua_rawlen(L, at) : type != LUA_TNIL;
  if (*n > MAX_NETS || (*list && *n == 0))
    bind_error(L, "prune: sparsity must be a number or a list of 1 to %d numbers", MAX_NETS);
  double *s = lua_newuserdatauv(L, *n * sizeof *s + 1, 0);
  for (size_t i = 0; i < *n; i++) {
    if (*list)
      lua_rawgeti(L, at, (lua_Integer)i + 1);
    else
      lua_pushvalue(L, at);
    if (lua_type(L, -1) != LUA_TNUMBER)
      bind_error(L, "prune: sparsity must be a number or a list of numbers, got %s", luaL_tolstring(L, -1, NULL));
    s[i] = lua_tonumber(L, -1);
    lua_pop(L, 1);
  }
  return *n ? s : NULL;
}

/* --- the functions -------------------------------------------------------------------------------------------- */

int pruner_prune(lua_State *L)
{
  struct err e = {0};
  struct lua_host *h = bind_host(L);
  const struct lua_object *method = object_check(L, 1, 0);
  struct prune_plan plan;
  lua_settop(L, 2);
  luaL_checktype(L, 2, LUA_TTABLE);
  bind_check_keys(L, 2, "prune", prune_keys);
  const struct lua_subject *s = read_subject(L, 2, "train", "prune");
  read_plan(L, method, &s->net, &plan);
  size_t n;
  bool list;
  const double *sparsity = read_sparsities(L, &n, &list);
  struct box *out = box_push(L, n ? n : 1);
  subject_trim(L);
  if (!h->probes)
    h->probes = probe_cache_new();
  bool anew = lua_getfield(L, 2, "cache") == LUA_TBOOLEAN && !lua_toboolean(L, -1);
  if (prune_net_run(&h->exec, &s->s, &plan, sparsity, n, anew ? NULL : h->probes, out->net, &e) != STATUS_OK)
    bind_raise(L, &e);
  if (list)
    lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < out->n; i++) {
    push_pruned(L, &out->net[i], &s->net);
    if (list)
      lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

static void push_quality(lua_State *L, const struct prune_quality *q)
{
  lua_newtable(L);
  set_count(L, "n", q->n);
  set_number(L, "loss", q->loss);
  set_number(L, "error", q->error);
  set_number(L, "dense_loss", q->dense_loss);
  set_number(L, "dense_error", q->dense_error);
  set_number(L, "kl", q->kl);
  set_number(L, "agreement", q->agreement);
  set_count(L, "layer_examples", q->layer_examples);
  lua_createtable(L, (int)q->n_layers, 0);
  for (size_t i = 0; i < q->n_layers; i++) {
    lua_newtable(L);
    set_count(L, "layer", q->layer[i] + 1);
    set_number(L, "output_error", q->output_error[i]);
    set_number(L, "drift", q->drift[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_setfield(L, -2, "layers");
}

/* The weights at the top, as the subject in the table at index 1 reads its own: through a subject that has them, which stays
 * on the stack in their place. */
static const float *read_pruned(lua_State *L)
{
  int weights = lua_gettop(L);
  lua_newtable(L);
  for (size_t i = 0; subject_keys[i]; i++) {
    lua_getfield(L, 1, subject_keys[i]);
    lua_setfield(L, -2, subject_keys[i]);
  }
  lua_pushvalue(L, weights);
  lua_setfield(L, -2, "weights");
  const float *w = read_subject(L, lua_gettop(L), "test", "quality")->s.weights;
  lua_replace(L, weights);
  lua_settop(L, weights);
  return w;
}

/* One set of weights under the key "pruned", or a list of them. */
static const float **read_all_pruned(lua_State *L, size_t *n, bool *list)
{
  int type = lua_getfield(L, 1, "pruned"), at = lua_gettop(L);
  if (type == LUA_TNIL)
    bind_error(L, "quality: pruned is missing: the weights that are compared with the dense ones under `weights`");
  *list = type == LUA_TTABLE && (lua_rawgeti(L, at, 1), matrix_test(L, -1) != NULL);
  lua_settop(L, at);
  *n = *list ? lua_rawlen(L, at) : 1;
  if (*n > MAX_NETS)
    bind_error(L, "quality: pruned is a list of at most %d sets of weights, got %zu", MAX_NETS, *n);
  luaL_checkstack(L, (int)*n + LUA_MINSTACK, "too many sets of weights");
  const float **w = lua_newuserdatauv(L, *n * sizeof(float *), 0);
  for (size_t i = 0; i < *n; i++) {
    if (*list)
      lua_rawgeti(L, at, (lua_Integer)i + 1);
    else
      lua_pushvalue(L, at);
    w[i] = read_pruned(L);
  }
  return w;
}

static int quality(lua_State *L)
{
  struct err e = {0};
  size_t n;
  bool list;
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  bind_check_keys(L, 1, "quality", quality_keys);
  lua_pushvalue(L, 1); /* counts are read from index 2 */
  size_t examples = read_count(L, "examples", 0, 1000);
  const struct lua_subject *s = read_subject(L, 1, "test", "quality");
  const float **pruned = read_all_pruned(L, &n, &list);
  struct prune_quality *q = lua_newuserdatauv(L, n * sizeof *q, 0);
  if (prune_net_quality(&bind_host(L)->exec, &s->s, pruned, n, examples, q, &e) != STATUS_OK)
    bind_raise(L, &e);
  if (list)
    lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    push_quality(L, &q[i]);
    if (list)
      lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

void prune_net_open(lua_State *L)
{
  static const luaL_Reg box[] = {{"__gc", box_gc}, {NULL, NULL}};
  static const luaL_Reg pruned[] = {{"__tostring", pruned_tostring}, {NULL, NULL}};
  static const struct function_row functions[] = {
      {"quality", quality, "assay.quality{model =, weights =, pruned =, data = [, part = \"test\", loss =, seed = 0, examples = 1000]}",
       "What pruned weights do on data, compared with the dense ones: n, loss, error, dense_loss, dense_error, kl (of dense || pruned, "
       "nats), agreement of the first class, and layers {output_error: ||(W - V) X||^2 / ||W X||^2 of the layer alone; drift: the same "
       "with the inputs that the pruned layers before it deliver} on so many examples (0: none). A list of weights gives a list."},
      {0}};
  bind_metatable(L, BOX, box, NULL);
  bind_metatable(L, PRUNED, pruned, NULL);
  bind_functions(L, functions);
}
