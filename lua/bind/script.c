/* script.c: finding and loading Lua files. Text only: a binary chunk can crash Lua, which verifies none.
 *
 * A module is looked for beside the script, then along LUA_PATH_5_4 (or LUA_PATH), then in the installed
 * library. Every file of the user's that is loaded is kept with its text: it takes part in the identity
 * of the runs. */
#include "lua/bind/bind.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "experiments/kernel/mem.h"

#define MAX_SCRIPT ((size_t)64 << 20)

void script_forget(struct lua_host *h)
{
  for (size_t i = 0; i < h->n_files; i++) {
    free(h->file[i].name);
    free(h->file[i].text);
  }
  free(h->file);
  h->file = NULL;
  h->n_files = 0;
}

/* The name under which a file is recorded: relative to the script's folder where it lies inside it. */
static const char *recorded_name(const struct lua_host *h, const char *path)
{
  if (!strncmp(path, "./", 2))
    path += 2;
  if (!h->base_dir) {
    const char *slash = strrchr(path, '/');
    return slash && h->n_files == 0 ? slash + 1 : path;
  }
  size_t n = strlen(h->base_dir);
  return !strncmp(path, h->base_dir, n) && path[n] == '/' ? path + n + 1 : path;
}

char *lua_script_path(const char *share_dir, const char *path)
{
  if (share_dir && *path && *path != '/' && access(path, R_OK) != 0) {
    char *installed = xasprintf("%s/experiments/%s", share_dir, path);
    if (access(installed, R_OK) == 0)
      return installed;
    free(installed);
  }
  return xstrdup(path);
}

/* Read a whole file into a text at the top of the stack; raises. */
static const struct text *push_file(lua_State *L, const char *path)
{
  struct text *t = text_push(L);
  FILE *f = fopen(path, "rb");
  if (!f)
    bind_error(L, "cannot open %s: %s", path, strerror(errno));
  char block[8192];
  size_t got;
  while (t->n <= MAX_SCRIPT && (got = fread(block, 1, sizeof block, f)) > 0)
    text_add_n(t, block, got);
  int problem = ferror(f) ? errno : 0;
  fclose(f);
  if (problem)
    bind_error(L, "cannot read %s: %s", path, strerror(problem));
  if (t->n > MAX_SCRIPT)
    bind_error(L, "%s is larger than %zu MB: not a script", path, MAX_SCRIPT >> 20);
  return t;
}

void script_push_lines(lua_State *L, const char *source, int first, int last)
{
  int top = lua_gettop(L);
  const char *start = source, *end;
  if (*source == '@')
    start = access(source + 1, R_OK) == 0 ? push_file(L, source + 1)->s : "";
  else if (*source == '=')
    start = "";
  for (int line = 1; line < first && start; line++)
    start = strchr(start, '\n') ? strchr(start, '\n') + 1 : NULL;
  end = start;
  for (int line = first; line <= last && end && *end; line++)
    end = strchr(end, '\n') ? strchr(end, '\n') + 1 : end + strlen(end);
  lua_pushlstring(L, start ? start : "", start ? (size_t)(end - start) : 0);
  lua_replace(L, top + 1);
  lua_settop(L, top + 1);
}

/* --- texts in place of files ------------------------------------------------------------------------ */

void lua_host_give_files(struct lua_host *h, const struct script_file *files, size_t n)
{
  h->given = files;
  h->n_given = n;
}

/* Does the path end in these whole names? */
static bool ends_in(const char *path, const char *names)
{
  size_t n = strlen(path), k = strlen(names);
  return n >= k && !strcmp(path + n - k, names) && (n == k || path[n - k - 1] == '/');
}

/* By its name, or as the same place seen from another folder. */
static const struct script_file *given_file(const struct lua_host *h, const char *path)
{
  if (!strncmp(path, "./", 2))
    path += 2;
  for (int exact = 1; exact >= 0; exact--)
    for (size_t i = 0; i < h->n_given; i++)
      if (exact ? !strcmp(h->given[i].name, path) : ends_in(h->given[i].name, path) || ends_in(path, h->given[i].name))
        return &h->given[i];
  return NULL;
}

/* The given text of a module "a.b": a/b.lua or a/b/init.lua. Those of the library are never given. */
static const struct script_file *given_module(lua_State *L, const struct lua_host *h, const char *module)
{
  static const char *const forms[] = {"%s.lua", "%s/init.lua"};
  const struct script_file *found = NULL;
  if (!strncmp(module, "assay.", 6))
    return NULL;
  const char *path = luaL_gsub(L, module, ".", "/");
  for (size_t k = 0; k < 2; k++) {
    const char *name = lua_pushfstring(L, forms[k], path);
    for (size_t i = 0; i < h->n_given && !found; i++)
      found = ends_in(h->given[i].name, name) ? &h->given[i] : NULL;
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return found;
}

static const struct text *push_given(lua_State *L, const struct script_file *f)
{
  struct text *t = text_push(L);
  text_add_n(t, f->text, f->size);
  return t;
}

static void record(struct lua_host *h, const char *name, const struct text *t)
{
  for (size_t i = 0; i < h->n_files; i++)
    if (!strcmp(h->file[i].name, name))
      return;
  h->file = xrealloc(h->file, (h->n_files + 1) * sizeof *h->file);
  struct script_file *f = &h->file[h->n_files++];
  *f = (struct script_file){.name = xstrdup(name), .text = xmalloc(t->n + 1), .size = t->n};
  memcpy(f->text, t->s, t->n + 1);
}

#define GLOBALS "assay.globals" /* registry: what the user's files have for _ENV */

/* An assignment to a global of the user's. While runs are done it would reach into the other runs that this
 * worker does, so that a result depended on how many workers there are. */
static int set_global(lua_State *L)
{
  const char *name = luaL_tolstring(L, 2, NULL);
  if (bind_host(L)->batch)
    bind_error(L, "run sets the global \"%s\", which would change the runs after it: write local %s = …", name, name);
  lua_settop(L, 3);
  lua_pushglobaltable(L);
  lua_replace(L, 1);
  lua_rawset(L, 1);
  return 0;
}

/* An empty table that reads and writes the globals, and thus sees every assignment. */
static void make_globals(lua_State *L)
{
  lua_newtable(L);
  lua_createtable(L, 0, 2);
  lua_pushglobaltable(L);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, set_global);
  lua_setfield(L, -2, "__newindex");
  lua_setmetatable(L, -2);
  lua_setfield(L, LUA_REGISTRYINDEX, GLOBALS);
}

void script_load(lua_State *L, const char *path)
{
  struct lua_host *h = bind_host(L);
  bool library = bind_is_library(h, lua_pushfstring(L, "@%s", path));
  lua_pop(L, 1);
  const struct script_file *given = library ? NULL : given_file(h, path);
  const struct text *t = given ? push_given(L, given) : push_file(L, path);
  const char *start = t->s, *end = t->s + t->n;
  if (!strncmp(start, "\xEF\xBB\xBF", 3))
    start += 3;
  if (*start == '#') { /* "#!/usr/bin/env assay": the line stays, empty, so that numbers are right */
    while (start < end && *start != '\n')
      start++;
  }
  lua_pushfstring(L, "@%s", path);
  if (!library)
    record(h, given ? given->name : recorded_name(h, path), t);
  if (*start == LUA_SIGNATURE[0])
    bind_error(L, "%s is a compiled chunk; assay loads Lua text only", path);
  if (luaL_loadbufferx(L, start, (size_t)(end - start), lua_tostring(L, -1), "t") != LUA_OK)
    lua_error(L);
  if (!library) {
    lua_getfield(L, LUA_REGISTRYINDEX, GLOBALS);
    lua_setupvalue(L, -2, 1);
  }
  lua_replace(L, -3);
  lua_pop(L, 1);
}

#define MODULES "assay.modules" /* registry: names of the user's modules that require has loaded */

/* package.searchers[2]: as Lua's own, through script_load. */
static int search_module(lua_State *L)
{
  luaL_checkstring(L, 1);
  lua_settop(L, 1);
  const struct script_file *given = given_module(L, bind_host(L), lua_tostring(L, 1));
  lua_getglobal(L, "package");
  if (given) {
    lua_pushstring(L, given->name);
  } else {
    lua_getfield(L, -1, "searchpath");
    lua_pushvalue(L, 1);
    lua_getfield(L, 2, "path");
    lua_call(L, 2, 2);
    if (lua_isnil(L, -2))
      return 1; /* where it was looked for */
    lua_pop(L, 1);
  }
  script_load(L, lua_tostring(L, 3));
  lua_pushfstring(L, "@%s", lua_tostring(L, 3));
  if (!bind_is_library(bind_host(L), lua_tostring(L, -1))) {
    luaL_getsubtable(L, LUA_REGISTRYINDEX, MODULES);
    lua_pushvalue(L, 1);
    lua_pushboolean(L, 1);
    lua_settable(L, -3);
  }
  lua_settop(L, 4);
  lua_pushvalue(L, 3);
  return 2;
}

/* load: as Lua's own, text only. */
static int load_text(lua_State *L)
{
  int n = lua_gettop(L);
  if (n < 3)
    lua_settop(L, 3);
  lua_pushliteral(L, "t");
  lua_replace(L, 3);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, n < 3 ? 3 : n, LUA_MULTRET);
  return lua_gettop(L);
}

static int load_file(lua_State *L)
{
  script_load(L, luaL_checkstring(L, 1));
  if (!lua_isnone(L, 3)) {
    lua_pushvalue(L, 3);
    lua_setupvalue(L, -2, 1);
  }
  return 1;
}

static int do_file(lua_State *L)
{
  script_load(L, luaL_checkstring(L, 1));
  lua_replace(L, 1);
  lua_settop(L, 1);
  lua_call(L, 0, LUA_MULTRET);
  return lua_gettop(L);
}

/* package.path: beside the script, then the environment's, then the installed library. */
static void set_path(lua_State *L)
{
  struct lua_host *h = bind_host(L);
  const char *dir = h->base_dir ? h->base_dir : ".";
  const char *env = getenv("LUA_PATH_5_4");
  if (!env)
    env = getenv("LUA_PATH");
  lua_getglobal(L, "package");
  luaL_gsub(L, env ? env : "", ";;", ";");
  lua_pushfstring(L, "%s/?.lua;%s/?/init.lua;%s", dir, dir, lua_tostring(L, -1));
  if (h->share_dir) {
    lua_pushfstring(L, ";%s/lua/?.lua", h->share_dir);
    lua_concat(L, 2);
  }
  lua_setfield(L, -3, "path");
  lua_pop(L, 2);
}

/* Make require load the user's modules anew: they belong to the next script's identity too. */
static void unload_modules(lua_State *L)
{
  luaL_getsubtable(L, LUA_REGISTRYINDEX, MODULES);
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  for (lua_pushnil(L); lua_next(L, -3); lua_pop(L, 1)) {
    lua_pushvalue(L, -2);
    lua_pushnil(L);
    lua_settable(L, -5);
  }
  lua_pop(L, 2);
  lua_newtable(L);
  lua_setfield(L, LUA_REGISTRYINDEX, MODULES);
}

void script_begin(lua_State *L, const char *path)
{
  struct lua_host *h = bind_host(L);
  script_forget(h);
  free(h->base_dir);
  const char *slash = path ? strrchr(path, '/') : NULL;
  h->base_dir = !slash ? NULL : slash == path ? xstrdup("/") : xasprintf("%.*s", (int)(slash - path), path);
  unload_modules(L);
  set_path(L);
}

void script_open(lua_State *L)
{
  make_globals(L);
  lua_getglobal(L, "package");
  lua_getfield(L, -1, "searchers");
  lua_pushcfunction(L, search_module);
  lua_rawseti(L, -2, 2);
  lua_pop(L, 2);
  lua_pushcfunction(L, load_file);
  lua_setglobal(L, "loadfile");
  lua_pushcfunction(L, do_file);
  lua_setglobal(L, "dofile");
  lua_getglobal(L, "load");
  lua_pushcclosure(L, load_text, 1);
  lua_setglobal(L, "load");
}
