/* complete.c: what may stand at the cursor of the prompt: global names, fields and methods after . and :,
 * ids of methods inside assay.KIND(", parameter names inside the table that follows and the values that they may
 * have; inside any other text, files. Each with one line on what it is. lua/assay/complete.lua is asked first: it knows
 * scripts, the store, and what functions take.
 *
 * Nothing is executed: only raw tables are looked into, and the types that we know. */
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "lua/bind/complete_int.h"

static void offer_all(lua_State *L, struct completion *c)
{
  const char *line = c->line;
  size_t cursor = c->cursor, start = complete_name_start(line, cursor);
  long open = -1, outer = -1;
  if (complete_offer_from_library(L, c, &open, &outer))
    return;
  if (open >= 0 && (line[open] == '"' || line[open] == '\'')) {
    const char *prefix = line + open + 1;
    size_t n = cursor - (size_t)open - 1;
    c->from = cursor - n;
    if (!complete_offer_values(L, line, open, outer, prefix, n) && !complete_offer_ids(L, line, open, prefix, n))
      complete_offer_files(L, prefix, n);
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
    if (key && complete_offer_params(L, line, open, NULL, line + start, cursor - start))
      return;
  }
  complete_offer_names(L, line, start, cursor);
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
