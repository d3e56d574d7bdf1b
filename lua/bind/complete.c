/* complete.c: what may stand at the cursor of the prompt: global names, fields and methods after . and :,
 * ids of methods inside assay.KIND(", parameter names inside the table that follows and the values that they may
 * have; inside any other text, files. Each with one line on what it is.
 *
 * Nothing is executed: only raw tables are looked into, and the types that we know. */
#include <ctype.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/registry.h"
#include "lua/bind/bind.h"

struct completion { const char *line; size_t cursor; bool about; char *out; };

static bool is_word(char c) { return isalnum((unsigned char)c) || c == '_'; }

static const char *const train_keys[] = {"average", "batch", "controller", "data", "diverged", "epochs", "eval_every", "init",
    "init_seed", "keep_losses", "keep_weights", "label", "log_every", "loss", "lr", "mask", "model", "norms", "optimizer", "order_seed", "plan",
    "replace", "run", "sampler", "schedule", "seed", "steps", "until_loss", NULL};
static const char *const experiment_keys[] = {"claim", "grid", "grid_params", "group", "name", "params", "report", "run", "setup", "summary",
                                              "verdict", NULL};

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
  const struct lua_object *o = object_test(L, at);
  lua_pushstring(L, o && o->o.method ? o->o.method->summary : lua_isnil(L, at) ? "" : luaL_typename(L, at));
}

/* Offer the string keys of the table at `at`; `call_only`: functions only (after a colon). */
static void offer_keys(lua_State *L, int at, const char *prefix, size_t n, bool call_only)
{
  at = lua_absindex(L, at);
  for (lua_pushnil(L); lua_next(L, at); lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING || (call_only && !lua_isfunction(L, -1)))
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

/* The innermost open bracket or quote before the cursor: its position, or -1. */
static long open_bracket(const char *line, size_t end)
{
  long stack[64];
  int depth = 0;
  char quote = 0;
  for (size_t i = 0; i < end; i++) {
    char c = line[i];
    if (quote) {
      if (c == '\\')
        i++;
      else if (c == quote) {
        quote = 0;
        depth -= depth > 0;
      }
    } else if (c == '"' || c == '\'') {
      quote = c;
      if (depth < 64)
        stack[depth++] = (long)i;
    } else if (strchr("({[", c)) {
      if (depth < 64)
        stack[depth++] = (long)i;
    } else if (strchr(")}]", c))
      depth -= depth > 0;
  }
  return depth > 0 ? stack[depth - 1] : -1;
}

/* The dotted name that ends at `end` (exclusive, spaces skipped): its start. */
static size_t name_start(const char *line, size_t end)
{
  size_t i = end;
  while (i > 0 && (is_word(line[i - 1]) || line[i - 1] == '.' || line[i - 1] == ':'))
    i--;
  return i;
}

/* Is the name that ends at `end` assay.KIND? */
static bool kind_before(const char *line, size_t end, enum kind *kind)
{
  while (end > 0 && line[end - 1] == ' ')
    end--;
  size_t start = name_start(line, end);
  char name[64];
  if (end - start < 7 || end - start >= sizeof name || strncmp(line + start, "assay.", 6) != 0)
    return false;
  memcpy(name, line + start + 6, end - start - 6);
  name[end - start - 6] = '\0';
  return kind_parse(name, kind) && !strcmp(kind_name(*kind), name);
}

static bool name_before(const char *line, size_t end, const char *name)
{
  while (end > 0 && strchr(" (", line[end - 1]))
    end--;
  size_t start = name_start(line, end);
  return end - start == strlen(name) && !strncmp(line + start, name, end - start);
}

/* assay.KIND("pre|: ids. */
static bool offer_ids(lua_State *L, const char *line, long quote, const char *prefix, size_t n)
{
  enum kind kind;
  size_t end = (size_t)quote;
  while (end > 0 && (line[end - 1] == ' ' || line[end - 1] == '('))
    end--;
  if (!kind_before(line, end, &kind)) { /* schedule = "pre|: the field of a training */
    while (end > 0 && (line[end - 1] == ' ' || line[end - 1] == '='))
      end--;
    size_t start = name_start(line, end);
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

/* assay.KIND("id", {pre|: parameters; with `value`, the choices of the parameter of that name. The brace stands at `brace`. */
static bool offer_params(lua_State *L, const char *line, long brace, const char *value, const char *prefix, size_t n)
{
  size_t end = (size_t)brace;
  while (end > 0 && (line[end - 1] == ' ' || line[end - 1] == ','))
    end--;
  if (end < 2 || (line[end - 1] != '"' && line[end - 1] != '\''))
    return false;
  size_t id_end = --end;
  while (end > 0 && line[end - 1] != line[id_end])
    end--;
  if (end < 2)
    return false;
  size_t id_start = end--;
  while (end > 0 && (line[end - 1] == ' ' || line[end - 1] == '('))
    end--;
  enum kind kind;
  char id[64];
  if (!kind_before(line, end, &kind) || id_end - id_start >= sizeof id)
    return false;
  memcpy(id, line + id_start, id_end - id_start);
  id[id_end - id_start] = '\0';
  const struct method *m = registry_find(kind, id);
  for (const struct param *p = m ? m->params : NULL; p && p->id; p++)
    if (!value)
      offer_about(L, p->id, p->doc, prefix, n);
    else if (strcmp(p->id, value) == 0)
      for (const char *const *c = p->choices; p->type == PARAM_CHOICE && c && *c; c++)
        offer(L, *c, prefix, n);
  return m != NULL;
}

static bool offer_table_keys(lua_State *L, const char *line, long brace, const char *prefix, size_t n)
{
  const char *const *keys = name_before(line, (size_t)brace, "assay.train")        ? train_keys
                            : name_before(line, (size_t)brace, "assay.train_many") ? train_keys
                            : name_before(line, (size_t)brace, "assay.experiment") ? experiment_keys
                                                                                   : NULL;
  for (size_t i = 0; keys && keys[i]; i++)
    offer(L, keys[i], prefix, n);
  return keys != NULL;
}

/* Offer the members of the userdata at the top: methods of its type, parameters of an object. */
static void offer_members(lua_State *L, int candidates, const char *prefix, size_t n, bool methods_only)
{
  int at = lua_gettop(L);
  const struct lua_object *o = object_test(L, at);
  if (o) {
    lua_getfield(L, LUA_REGISTRYINDEX, "assay.object.methods");
    const int kinds[] = {0, (int)o->o.method->kind}; /* 0: what every kind has */
    for (int i = 0; i < 2; i++) {
      if (lua_rawgeti(L, -1, kinds[i]) == LUA_TTABLE) {
        lua_pushvalue(L, candidates);
        offer_keys(L, -2, prefix, n, true);
        lua_pop(L, 1);
      }
      lua_pop(L, 1);
    }
    lua_pushvalue(L, candidates);
    for (const struct param *p = methods_only ? NULL : o->o.method->params; p && p->id; p++)
      offer_about(L, p->id, p->doc, prefix, n);
  } else if (luaL_getmetafield(L, at, "methods") == LUA_TTABLE) {
    lua_pushvalue(L, candidates);
    offer_keys(L, -2, prefix, n, true);
  }
  lua_settop(L, at);
}

/* Walk a.b.c raw from the globals; pushes the value (nil if it breaks off). */
static void push_path(lua_State *L, const char *path, size_t n)
{
  lua_pushglobaltable(L);
  size_t at = 0;
  while (at < n) {
    size_t len = 0;
    while (at + len < n && is_word(path[at + len]))
      len++;
    if (!lua_istable(L, -1) || len == 0) {
      lua_pop(L, 1);
      lua_pushnil(L);
      return;
    }
    lua_pushlstring(L, path + at, len);
    lua_rawget(L, -2);
    lua_remove(L, -2);
    at += len + 1;
  }
}

/* a.b.pre| or a:pre| or pre| */
static void offer_names(lua_State *L, const char *line, size_t start, size_t cursor)
{
  int candidates = lua_gettop(L);
  size_t word = cursor;
  while (word > start && is_word(line[word - 1]))
    word--;
  bool member = word > start;
  bool colon = member && line[word - 1] == ':';
  push_path(L, line + start, member ? word - 1 - start : 0);
  if (lua_istable(L, -1)) {
    lua_pushvalue(L, candidates);
    offer_keys(L, -2, line + word, cursor - word, colon);
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

/* assay.KIND("id", {key = "pre|: the values that the parameter may have. */
static bool offer_values(lua_State *L, const char *line, long quote, const char *prefix, size_t n)
{
  size_t end = (size_t)quote;
  char name[64];
  while (end > 0 && strchr(" =", line[end - 1]))
    end--;
  size_t start = name_start(line, end);
  long open = open_bracket(line, start);
  if (end == start || end == (size_t)quote || end - start >= sizeof name || open < 0 || line[open] != '{')
    return false;
  memcpy(name, line + start, end - start);
  name[end - start] = '\0';
  return offer_params(L, line, open, name, prefix, n);
}

/* Files whose names begin with the text that is open, folders with a slash. */
static void offer_files(lua_State *L, const char *prefix, size_t n)
{
  char *pattern = xasprintf("%.*s*", (int)n, prefix);
  glob_t found;
  if (n < 400 && !memchr(prefix, '*', n) && glob(pattern, GLOB_MARK, NULL, &found) == 0) {
    for (size_t i = 0; i < found.gl_pathc && i < 1000; i++)
      offer(L, found.gl_pathv[i], prefix, n);
    globfree(&found);
  }
  free(pattern);
}

static void offer_all(lua_State *L, const char *line, size_t cursor)
{
  size_t start = name_start(line, cursor);
  long open = open_bracket(line, cursor);
  if (open >= 0 && (line[open] == '"' || line[open] == '\'')) {
    const char *prefix = line + open + 1;
    size_t n = cursor - (size_t)open - 1;
    if (!offer_values(L, line, open, prefix, n) && !offer_ids(L, line, open, prefix, n))
      offer_files(L, prefix, n);
    return; /* inside a text nothing else is a name */
  }
  if (open >= 0 && line[open] == '{') {
    size_t before = start;
    while (before > 0 && line[before - 1] == ' ')
      before--;
    bool key = before > 0 && strchr("{,;", line[before - 1]);
    if (key && (offer_params(L, line, open, NULL, line + start, cursor - start) ||
                offer_table_keys(L, line, open, line + start, cursor - start)))
      return;
  }
  offer_names(L, line, start, cursor);
}

static int by_bytes(const void *a, const void *b) { return strcmp(*(const char *const *)a, *(const char *const *)b); }

static int complete(lua_State *L)
{
  struct completion *c = lua_touserdata(L, 1);
  lua_newtable(L);
  offer_all(L, c->line, c->cursor);
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
    text_add(t, i ? "\n" : "");
    text_add(t, name[i]);
    lua_getfield(L, 2, name[i]);
    if (c->about)
      text_format(t, "\t%s", lua_tostring(L, -1));
    lua_pop(L, 1);
  }
  c->out = xstrdup(t->s);
  return 0;
}

static char *list_candidates(struct lua_host *h, const char *line, size_t cursor, bool about)
{
  size_t n = strlen(line);
  struct completion c = {line, cursor > n ? n : cursor, about, NULL};
  struct err e;
  if (bind_protect(h, complete, &c, &e) != STATUS_OK || !c.out)
    return xstrdup("");
  return c.out;
}

char *lua_host_complete(struct lua_host *h, const char *line, size_t cursor) { return list_candidates(h, line, cursor, false); }
char *lua_host_complete_about(struct lua_host *h, const char *line, size_t cursor) { return list_candidates(h, line, cursor, true); }
