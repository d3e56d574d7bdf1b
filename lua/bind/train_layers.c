/* train_layers.c: layer_rates: a factor of the learning rate for each layer, as a list, by name, or by the rule of muP.
 *
 * muP (Yang, Hu, Babuschkin, Sidor, Liu, Farhi, Ryder, Pachocki, Chen and Gao 2021, Tensor programs V, table 3): relative to
 * a net of width w in which a rate was found, with fan the number of inputs (of the input layer under SGD: of outputs),
 *   Adam: input 1, hidden w/fan, output w/fan;    SGD: input fan/w, hidden 1, output w/fan
 * so that the best rate stays where it is as layers grow. Its smaller initial output weights are left to init. */
#include "lua/bind/train_int.h"

#include <math.h>
#include <string.h>

#include "experiments/kernel/mem.h"

enum place { PLACE_INPUT, PLACE_HIDDEN, PLACE_OUTPUT };
static const char *const place_names[] = {"input", "hidden", "output", NULL};
static const char *const table_keys[] = {"input", "hidden", "output", "mup", "width", NULL};

static bool has_weights(const struct net *net, size_t l) { return net->layer[l].rows > 0; }

static size_t count_layers(const struct net *net)
{
  size_t n = 0;
  for (size_t l = 0; l < net->n_layers; l++)
    n += has_weights(net, l);
  return n;
}

/* Of the k-th of n layers with weights; a single one is the output. */
static enum place place_of(size_t k, size_t n) { return k + 1 == n ? PLACE_OUTPUT : k == 0 ? PLACE_INPUT : PLACE_HIDDEN; }

static double check_factor(lua_State *L, int at, const char *what)
{
  double v = lua_tonumber(L, at);
  if (lua_type(L, at) != LUA_TNUMBER || !(v >= 0 && isfinite(v)))
    bind_error(L, "train: layer_rates: the factor of %s must be a number >= 0, got %s", what, luaL_tolstring(L, at, NULL));
  return v;
}

/* The list at `at`: a factor for each layer that has weights. */
static void read_list(lua_State *L, int at, const struct net *net, double *out)
{
  size_t n = count_layers(net), k = 0;
  char what[32];
  if (lua_rawlen(L, at) != n)
    bind_error(L, "train: layer_rates lists %zu factors, but the model has %zu layers with weights", (size_t)lua_rawlen(L, at), n);
  for (size_t l = 0; l < net->n_layers; l++) {
    if (!has_weights(net, l))
      continue;
    snprintf(what, sizeof what, "layer %zu", ++k);
    lua_rawgeti(L, at, (lua_Integer)k);
    out[l] = check_factor(L, -1, what);
    lua_pop(L, 1);
  }
}

/* {input =, hidden =, output =}: what is not named keeps 1. */
static void read_names(lua_State *L, int at, const struct net *net, double *out)
{
  double factor[3] = {1, 1, 1};
  for (size_t i = 0; i < 3; i++) {
    if (lua_getfield(L, at, place_names[i]) != LUA_TNIL)
      factor[i] = check_factor(L, -1, place_names[i]);
    lua_pop(L, 1);
  }
  for (size_t l = 0, k = 0, n = count_layers(net); l < net->n_layers; l++)
    if (has_weights(net, l))
      out[l] = factor[place_of(k++, n)];
}

static double mup_factor(const struct layer *y, enum place place, bool adam, double width)
{
  if (place == PLACE_INPUT)
    return adam ? 1 : (double)y->out / width;
  return place == PLACE_HIDDEN && !adam ? 1 : width / (double)y->in;
}

/* {mup = "adam" or "sgd", width = that of the net where the rate was found} */
static void read_mup(lua_State *L, int at, const struct net *net, double *out)
{
  lua_getfield(L, at, "mup");
  const char *rule = lua_type(L, -1) == LUA_TSTRING ? lua_tostring(L, -1) : "";
  bool adam = strcmp(rule, "adam") == 0;
  if (!adam && strcmp(rule, "sgd") != 0)
    bind_error(L, "train: layer_rates: mup must be \"adam\" or \"sgd\", got %s", luaL_tolstring(L, -1, NULL));
  lua_getfield(L, at, "width");
  double width = lua_tonumber(L, -1);
  if (lua_type(L, -1) != LUA_TNUMBER || !(width > 0 && isfinite(width)))
    bind_error(L, "train: layer_rates: mup needs width, the positive width of the net where the rate was found, got %s",
               luaL_tolstring(L, -1, NULL));
  for (size_t i = 0; i < 3; i++)
    if (lua_getfield(L, at, place_names[i]) != LUA_TNIL)
      bind_error(L, "train: layer_rates: mup sets the factor of %s itself", place_names[i]);
  for (size_t l = 0, k = 0, n = count_layers(net); l < net->n_layers; l++) {
    if (net->layer[l].kind != LAYER_DENSE)
      bind_error(L, "train: layer_rates: mup is for nets of dense layers: give factors by list or name");
    out[l] = mup_factor(&net->layer[l], place_of(k++, n), adam, width);
  }
}

void train_read_layers(lua_State *L, const struct train_settings *s, const struct train_request *r, struct replica_parts *p)
{
  struct err e = {0};
  int type = train_setting(L, s, "layer_rates"), at = lua_gettop(L);
  if (type == LUA_TNIL) {
    lua_pop(L, 1);
    return;
  }
  if (type != LUA_TTABLE)
    bind_error(L, "train: layer_rates is a list of factors, or a table like {hidden = 0.5}, got %s", luaL_typename(L, at));
  if (mem_new((void **)&p->layer_rates, r->net.n_layers, sizeof *p->layer_rates, "factors of layers", &e) != STATUS_OK)
    bind_raise(L, &e);
  for (size_t l = 0; l < r->net.n_layers; l++)
    p->layer_rates[l] = 1;
  if (lua_rawlen(L, at) == 0)
    bind_check_keys(L, at, "layer_rates", table_keys);
  bool mup = lua_getfield(L, at, "mup") != LUA_TNIL, width = lua_getfield(L, at, "width") != LUA_TNIL;
  if (width && !mup)
    bind_error(L, "train: layer_rates: width goes with mup");
  lua_settop(L, at);
  if (lua_rawlen(L, at) > 0)
    read_list(L, at, &r->net, p->layer_rates);
  else if (mup)
    read_mup(L, at, &r->net, p->layer_rates);
  else
    read_names(L, at, &r->net, p->layer_rates);
  lua_settop(L, at - 1);
}
