/* train_setting.c: one setting of assay.train: looked up by name, checked for its type, converted. */
#include "lua/bind/train_int.h"

int train_setting(lua_State *L, const struct train_settings *s, const char *key)
{
  if (s->own) {
    if (lua_getfield(L, s->own, key) != LUA_TNIL)
      return lua_type(L, -1);
    lua_pop(L, 1);
  }
  return lua_getfield(L, s->common, key);
}

bool train_setting_object(lua_State *L, const struct train_settings *s, const char *key, enum kind kind, const char *def,
                          struct object *out)
{
  struct err e = {0};
  if (train_setting(L, s, key) == LUA_TNIL || (lua_isboolean(L, -1) && !lua_toboolean(L, -1))) {
    lua_pop(L, 1);
    if (!def)
      return false;
    lua_pushstring(L, def);
  }
  struct lua_object *o = object_from(L, lua_gettop(L), kind, key);
  if (object_copy(out, &o->o, &e) != STATUS_OK)
    bind_raise(L, &e);
  lua_pop(L, 1);
  return true;
}

int64_t train_setting_integer(lua_State *L, const struct train_settings *s, const char *key, int64_t min, int64_t def)
{
  int whole = 1;
  int64_t v = train_setting(L, s, key) == LUA_TNIL ? def : lua_tointegerx(L, -1, &whole);
  if (!whole || lua_type(L, -1) == LUA_TSTRING)
    bind_error(L, "train: %s must be a whole number, got %s", key, luaL_tolstring(L, -1, NULL));
  if (v < min)
    bind_error(L, "train: %s must be at least %lld, got %lld", key, (long long)min, (long long)v);
  lua_pop(L, 1);
  return v;
}

double train_setting_real(lua_State *L, const struct train_settings *s, const char *key, double def)
{
  double v = def;
  if (train_setting(L, s, key) != LUA_TNIL) {
    if (lua_type(L, -1) != LUA_TNUMBER)
      bind_error(L, "train: %s must be a number, got %s", key, luaL_tolstring(L, -1, NULL));
    v = lua_tonumber(L, -1);
  }
  lua_pop(L, 1);
  return v;
}

bool train_setting_bool(lua_State *L, const struct train_settings *s, const char *key)
{
  int type = train_setting(L, s, key);
  if (type != LUA_TNIL && type != LUA_TBOOLEAN)
    bind_error(L, "train: %s must be true or false, got %s", key, luaL_tolstring(L, -1, NULL));
  bool v = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return v;
}

int64_t train_setting_seed(lua_State *L, const struct train_settings *s)
{
  int64_t own = run_seed(bind_host(L), run_current(L));
  return train_setting_integer(L, s, "seed", INT64_MIN, own == INT64_MIN ? 0 : own);
}
