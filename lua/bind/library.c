/* library.c: registering C functions together with their help. */
#include "lua/bind/bind.h"

#include <string.h>

#define HELP "assay.help" /* registry: function -> "usage\n  doc"; false: not for users */

void bind_functions(lua_State *L, const struct function_row *rows)
{
  luaL_getsubtable(L, LUA_REGISTRYINDEX, HELP);
  for (const struct function_row *r = rows; r->name; r++) {
    lua_pushcfunction(L, r->call);
    if (r->usage) {
      lua_pushvalue(L, -1);
      lua_pushfstring(L, "%s\n  %s", r->usage, r->doc);
      lua_rawset(L, -4);
    } else { /* for the library's own use */
      lua_pushvalue(L, -1);
      lua_pushboolean(L, false);
      lua_rawset(L, -4);
    }
    lua_setfield(L, -3, r->name);
  }
  lua_pop(L, 1);
}

void bind_metatable(lua_State *L, const char *name, const luaL_Reg *meta, const struct function_row *methods)
{
  luaL_newmetatable(L, name);
  luaL_setfuncs(L, meta, 0);
  if (methods) {
    lua_newtable(L);
    bind_functions(L, methods);
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "methods");
    if (lua_getfield(L, -2, "__index") == LUA_TNIL) {
      lua_pushvalue(L, -2);
      lua_setfield(L, -4, "__index");
    }
    lua_pop(L, 2);
  }
  lua_pop(L, 1);
}
