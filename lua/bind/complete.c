/* complete.c: what may stand at the cursor of the prompt: global names, fields and methods after . and :,
 * ids of methods inside assay.KIND(", parameter names inside the table that follows and the values that they may
 * have; inside any other text, files. Each with one line on what it is. lua/assay/complete.lua is asked first: it knows
 * scripts, the store, and what functions take.
 *
 * Nothing is executed: only raw tables are looked into, and the types that we know. */
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/registry.h"
#include "lua/bind/bind.h"
#include "lua/bind/complete_int.h"

struct completion { const char *line; size_t cursor, from; char *out; };

/* Add a candidate to the table at the top when it starts with the prefix; `about` is one line on it, or NULL. */
static void offer_about(lua_State *L, const char *name, const char *about, const char *prefix, size_t n)
{
  if (strncmp(name, prefix, n) != 0)
    return;
  lua_pushstring(L, about ? about : "");
  lua_setfield(L, -2, name);
}

static void offer(lua_State *L, const char *name, const char *prefix, size_t n) { offer_about(L, name, NULL, prefix, n); }

/* Push what is known of the value at `at`, in a line: the first sentence of a function's help, else its type. */
static void push_about(lua_State *L, int at)
{
  at = lua_absindex(L, at);
  if (lua_isfunction(L, at) && help_push_function(L, at)) {
    const char *text = strchr(lua_tostring(L, -1), '\n'), *end;
    text = text ? text + strspn(text, "\n ") : "";
    end = strstr(text, ". ");
    lua_pushlstring(L, text, end ? (size_t)(end - text) + 1 : strcspn(text, "\n"));
    lua_remove(L, -2);
    return;
  }
  if (luaL_getmetafield(L, at, "__help") == LUA_TSTRING) { /* a module: "assay.report: the runs of …" */
    const char *text = lua_tostring(L, -1), *colon = strchr(text, ':'), *what = colon && colon[1] == ' ' ? colon + 2 : text;
    lua_pushlstring(L, what, strcspn(what, "\n"));
    lua_remove(L, -2);
    return;
  }
  const struct lua_object *o = object_test(L, at);
  lua_pushstring(L, o && o->o.method ? o->o.method->summary : lua_isnil(L, at) ? "" : luaL_typename(L, at));
}

/* Offer the string keys of the table at `at`; `call_only`: functions only (after a colon). */
static void offer_keys(lua_State *L, int at, const char *prefix, size_t n, bool call_only)
{
  at = lua_absindex(L, at);
  for (lua_pushnil(L); lua_next(L, at); lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING || (call_only && !lua_isfunction(L, -1)) || (lua_isfunction(L, -1) && help_is_internal(L, -1)))
      continue;
    const char *key = lua_tostring(L, -2);
    if (strncmp(key, prefix, n) != 0)
      continue;
    push_about(L, -1);
    lua_pushvalue(L, -4);
    offer_about(L, key, lua_tostring(L, -2), prefix, n);
    lua_pop(L, 2);
  }
}

/* assay.KIND("pre|: ids. */
static bool offer_ids(lua_State *L, const char *line, long quote, const char *prefix, size_t n)
{
  enum kind kind;
  size_t end = (size_t)quote;
  while (end > 0 && (line[end - 1] == ' ' || line[end - 1] == '('))
    end--;
  if (!complete_kind_before(line, end, &kind)) { /* schedule = "pre|: the field of a training */
    while (end > 0 && (line[end - 1] == ' ' || line[end - 1] == '='))
      end--;
    size_t start = complete_name_start(line, end);
    char name[32];
    if (end == start || end - start >= sizeof name)
      return false;
    memcpy(name, line + start, end - start);
    name[end - start] = '\0';
    if (!kind_parse(name, &kind))
      return false;
  }
  for (size_t i = 0; i < registry_count(); i++)
    if (registry_at(i)->kind == kind)
      offer_about(L, registry_at(i)->id, registry_at(i)->summary, prefix, n);
  return true;
}

static void push_path(lua_State *L, const char *path, size_t n);

/* The method whose parameters the brace takes: assay.KIND("id", {, NAME:evaluate{ or :with{, the same behind the call; NULL:
 * none. *input: it is asked for a value, so that a subject may stand there too. */
static const struct method *method_of_table(lua_State *L, const char *line, size_t brace, bool *input)
{
  size_t end = brace;
  while (end > 0 && (line[end - 1] == ' ' || line[end - 1] == '('))
    end--;
  size_t start = complete_name_start(line, end), verb = end;
  while (verb > start && complete_is_word(line[verb - 1]))
    verb--;
  bool with = end - verb == 4 && !strncmp(line + verb, "with", 4);
  *input = end - verb == 8 && !strncmp(line + verb, "evaluate", 8);
  if (verb == 0 || line[verb - 1] != ':' || !(with || *input))
    return complete_method_before(line, brace);
  if (verb - 1 == start)
    return complete_method_before(line, start);
  push_path(L, line + start, verb - 1 - start);
  const struct lua_object *o = object_test(L, -1);
  lua_pop(L, 1);
  return o ? o->o.method : NULL;
}

/* {pre|: parameters; with `value`, the choices of the parameter of that name. The brace stands at `brace`. */
static bool offer_params(lua_State *L, const char *line, long brace, const char *value, const char *prefix, size_t n)
{
  bool input;
  const struct method *m = method_of_table(L, line, (size_t)brace, &input);
  for (const struct param *p = m ? m->params : NULL; p && p->id; p++)
    if (!value)
      offer_about(L, p->id, p->doc, prefix, n);
    else if (strcmp(p->id, value) == 0)
      for (const char *const *c = p->choices; p->type == PARAM_CHOICE && c && *c; c++)
        offer(L, *c, prefix, n);
  if (m && input && !value)
    offer_about(L, "subject", "a trained net that supplies what is not given", prefix, n);
  return m != NULL;
}

/* Offer what objects of a kind can be asked for. */
static void offer_methods(lua_State *L, int candidates, enum kind kind, const char *prefix, size_t n)
{
  const int kinds[] = {0, (int)kind}; /* 0: what every kind has */
  lua_getfield(L, LUA_REGISTRYINDEX, "assay.object.methods");
  for (int i = 0; i < 2; i++) {
    if (lua_rawgeti(L, -1, kinds[i]) == LUA_TTABLE) {
      lua_pushvalue(L, candidates);
      offer_keys(L, -2, prefix, n, true);
      lua_pop(L, 1);
    }
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

/* Offer the members of the userdata at the top: methods of its type, parameters of an object. */
static void offer_members(lua_State *L, int candidates, const char *prefix, size_t n, bool methods_only)
{
  int at = lua_gettop(L);
  const struct lua_object *o = object_test(L, at);
  if (o) {
    offer_methods(L, candidates, o->o.method->kind, prefix, n);
    lua_pushvalue(L, candidates);
    for (const struct param *p = methods_only ? NULL : o->o.method->params; p && p->id; p++)
      offer_about(L, p->id, p->doc, prefix, n);
  } else if (luaL_getmetafield(L, at, "methods") == LUA_TTABLE) {
    lua_pushvalue(L, candidates);
    offer_keys(L, -2, prefix, n, true);
  }
  lua_settop(L, at);
}

/* Is the value at `at` the table `assay`? */
static bool is_library(lua_State *L, int at)
{
  at = lua_absindex(L, at);
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_getfield(L, -1, "assay");
  bool same = lua_rawequal(L, at, -1);
  lua_pop(L, 2);
  return same;
}

/* Walk a.b.c raw from the globals; pushes the value (nil if it breaks off). */
static void push_path(lua_State *L, const char *path, size_t n)
{
  lua_pushglobaltable(L);
  size_t at = 0;
  while (at < n) {
    size_t len = 0;
    while (at + len < n && complete_is_word(path[at + len]))
      len++;
    if (!lua_istable(L, -1) || len == 0) {
      lua_pop(L, 1);
      lua_pushnil(L);
      return;
    }
    lua_pushlstring(L, path + at, len);
    if (is_library(L, -2) && plot_is_module(lua_tostring(L, -1)))
      lua_gettable(L, -2); /* loads it */
    else
      lua_rawget(L, -2);
    lua_remove(L, -2);
    at += len + 1;
  }
}

/* Offer the modules of the library, which stands below the candidates at the top; those that fit are loaded. */
static void offer_modules(lua_State *L, const char *prefix, size_t n)
{
  for (size_t i = 0; plot_modules[i]; i++)
    if (strncmp(plot_modules[i], prefix, n) == 0) {
      lua_getfield(L, -2, plot_modules[i]);
      push_about(L, -1);
      lua_pushvalue(L, -3);
      offer_about(L, plot_modules[i], lua_tostring(L, -2), prefix, n);
      lua_pop(L, 3);
    }
}

/* a.b.pre| or a:pre| or pre| */
static void offer_names(lua_State *L, const char *line, size_t start, size_t cursor)
{
  int candidates = lua_gettop(L);
  size_t word = cursor;
  while (word > start && complete_is_word(line[word - 1]))
    word--;
  bool member = word > start;
  bool colon = member && line[word - 1] == ':';
  if (member && word - 1 == start) { /* behind a call, an index or a text */
    const struct method *m = colon ? complete_method_before(line, start) : NULL;
    if (m)
      offer_methods(L, candidates, m->kind, line + word, cursor - word);
    return;
  }
  push_path(L, line + start, member ? word - 1 - start : 0);
  if (lua_istable(L, -1)) {
    lua_pushvalue(L, candidates);
    offer_keys(L, -2, line + word, cursor - word, colon);
    if (is_library(L, -2) && !colon)
      offer_modules(L, line + word, cursor - word);
    lua_pop(L, 1);
  } else if (lua_isuserdata(L, -1))
    offer_members(L, candidates, line + word, cursor - word, colon);
  else if (lua_type(L, -1) == LUA_TSTRING) {
    lua_getglobal(L, "string");
    lua_pushvalue(L, candidates);
    offer_keys(L, -2, line + word, cursor - word, colon);
  }
  lua_settop(L, candidates);
  if (!member) {
    static const char *const keywords[] = {"and", "break", "do", "else", "elseif", "end", "false", "for", "function", "goto", "if",
        "in", "local", "nil", "not", "or", "repeat", "return", "then", "true", "until", "while", NULL};
    for (size_t i = 0; cursor > word && keywords[i]; i++)
      offer(L, keywords[i], line + word, cursor - word);
  }
}

/* assay.KIND("id", {key = "pre|: the values that the parameter may have; `brace` is the bracket around the quote, or -1. */
static bool offer_values(lua_State *L, const char *line, long quote, long brace, const char *prefix, size_t n)
{
  size_t end = (size_t)quote;
  char name[64];
  while (end > 0 && strchr(" =", line[end - 1]))
    end--;
  size_t start = complete_name_start(line, end);
  if (end == start || end == (size_t)quote || end - start >= sizeof name || brace < 0 || line[brace] != '{')
    return false;
  memcpy(name, line + start, end - start);
  name[end - start] = '\0';
  return offer_params(L, line, brace, name, prefix, n);
}

/* --- what the library is asked ---------------------------------------------------------------------- */

/* files(prefix): a list of files whose names begin so, folders with a slash; none that would break a line. */
static int list_files(lua_State *L)
{
  const char *prefix = luaL_checkstring(L, 1);
  struct text *pattern = text_push(L);
  glob_t found;
  for (const char *c = prefix; *c; c++)
    text_format(pattern, strchr("*?[\\", *c) ? "\\%c" : "%c", *c);
  text_add(pattern, "*");
  lua_newtable(L);
  if (glob(pattern->s, GLOB_MARK, NULL, &found) != 0)
    return 1;
  for (size_t i = 0, n = 0; i < found.gl_pathc && n < 1000; i++)
    if (!strpbrk(found.gl_pathv[i], "\n\t")) {
      lua_pushstring(L, found.gl_pathv[i]);
      lua_rawseti(L, -2, (lua_Integer)++n);
    }
  globfree(&found);
  return 1;
}

static void offer_files(lua_State *L, const char *prefix, size_t n)
{
  lua_pushcfunction(L, list_files);
  lua_pushlstring(L, prefix, n);
  lua_call(L, 1, 1);
  for (lua_Integer i = 1; lua_rawgeti(L, -1, i) == LUA_TSTRING; i++) {
    lua_pushvalue(L, -3);
    offer(L, lua_tostring(L, -2), prefix, n);
    lua_pop(L, 2);
  }
  lua_pop(L, 2);
}

static void push_list(lua_State *L, const char *const *words)
{
  lua_newtable(L);
  for (lua_Integer i = 0; words[i]; i++) {
    lua_pushstring(L, words[i]);
    lua_rawseti(L, -2, i + 1);
  }
}

/* Push what lua/assay/complete.lua is told. */
static void push_known(lua_State *L)
{
  static const struct { const char *name; const char *const *words; } lists[] = {
      {"modules", plot_modules}, {"train", train_keys}, {"train_many", train_many_keys}, {"train_replica", train_replica_keys},
      {"experiment", experiment_keys}};
  lua_newtable(L);
  for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
    push_list(L, lists[i].words);
    lua_setfield(L, -2, lists[i].name);
  }
  lua_newtable(L);
  for (size_t i = 0; i < registry_count(); i++) {
    lua_pushstring(L, registry_at(i)->summary);
    lua_setfield(L, -2, registry_at(i)->id);
  }
  lua_setfield(L, -2, "ids");
  lua_pushcfunction(L, list_files);
  lua_setfield(L, -2, "files");
}

/* Offer what the library says; false where it knows nothing: then *open and *outer are the innermost bracket or quote
 * that is open and the one around it, or -1. */
static bool offer_from_library(lua_State *L, struct completion *c, long *open, long *outer)
{
  int candidates = lua_gettop(L);
  lua_getglobal(L, "require");
  lua_pushliteral(L, "assay.complete");
  lua_call(L, 1, 1);
  lua_getfield(L, -1, "offer");
  lua_pushlstring(L, c->line, c->cursor);
  push_known(L);
  lua_call(L, 2, 3);
  bool known = lua_istable(L, -3);
  if (known) {
    size_t n;
    const char *typed = lua_tolstring(L, -2, &n);
    c->from = c->cursor - n;
    for (lua_pushnil(L); lua_next(L, -4); lua_pop(L, 1)) {
      lua_pushvalue(L, candidates);
      offer_about(L, lua_tostring(L, -3), lua_tostring(L, -2), typed, n);
      lua_pop(L, 1);
    }
  } else {
    *open = (long)lua_tointeger(L, -2) - 1;
    *outer = (long)lua_tointeger(L, -1) - 1;
  }
  lua_settop(L, candidates);
  return known;
}

static void offer_all(lua_State *L, struct completion *c)
{
  const char *line = c->line;
  size_t cursor = c->cursor, start = complete_name_start(line, cursor);
  long open = -1, outer = -1;
  if (offer_from_library(L, c, &open, &outer))
    return;
  if (open >= 0 && (line[open] == '"' || line[open] == '\'')) {
    const char *prefix = line + open + 1;
    size_t n = cursor - (size_t)open - 1;
    c->from = cursor - n;
    if (!offer_values(L, line, open, outer, prefix, n) && !offer_ids(L, line, open, prefix, n))
      offer_files(L, prefix, n);
    return; /* inside a text nothing else is a name */
  }
  c->from = cursor;
  while (c->from > start && complete_is_word(line[c->from - 1]))
    c->from--;
  if (open >= 0 && line[open] == '{') {
    size_t before = start;
    while (before > 0 && strchr(" \t\r\n", line[before - 1]))
      before--;
    bool key = before > 0 && strchr("{,;", line[before - 1]);
    if (key && offer_params(L, line, open, NULL, line + start, cursor - start))
      return;
  }
  offer_names(L, line, start, cursor);
}

/* --- the list ------------------------------------------------------------------------------------------ */

static int by_bytes(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

static void add_line(struct text *t, const char *name, const char *about)
{
  text_format(t, "%s\t", name);
  for (const char *c = about; *c; c++)
    text_add_n(t, *c == '\n' || *c == '\t' ? " " : c, 1);
  text_add(t, "\n");
}

static int complete(lua_State *L)
{
  struct completion *c = lua_touserdata(L, 1);
  lua_newtable(L);
  offer_all(L, c);
  size_t n = 0;
  for (lua_pushnil(L); lua_next(L, 2); lua_pop(L, 1))
    n++;
  const char **name = lua_newuserdatauv(L, (n + 1) * sizeof *name, 0);
  size_t i = 0;
  for (lua_pushnil(L); lua_next(L, 2); lua_pop(L, 1))
    name[i++] = lua_tostring(L, -2);
  qsort(name, n, sizeof *name, by_bytes);
  struct text *t = text_push(L);
  for (i = 0; i < n; i++) {
    lua_getfield(L, 2, name[i]);
    add_line(t, name[i], lua_tostring(L, -1));
    lua_pop(L, 1);
  }
  c->out = xstrdup(t->s);
  return 0;
}

/* Without a message handler: the last error, which traceback() shows, stays the user's own. */
static int complete_quietly(lua_State *L)
{
  lua_pushcfunction(L, complete);
  lua_insert(L, 1);
  if (lua_pcall(L, 1, 0, 0) != LUA_OK)
    lua_settop(L, 0);
  return 0;
}

char *lua_host_complete(struct lua_host *h, const char *text, size_t cursor, size_t *from)
{
  size_t n = strlen(text);
  struct err e;
  struct completion c = {.line = text, .cursor = cursor > n ? n : cursor};
  c.from = c.cursor;
  enum status status = bind_protect(h, complete_quietly, &c, &e);
  if (from)
    *from = c.from;
  return status == STATUS_OK && c.out ? c.out : xstrdup("");
}
