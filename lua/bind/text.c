/* text.c: a growing text owned by a userdata, so that an error that jumps past its user frees it. */
#include "lua/bind/bind.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"

#define TEXT "assay.text"

static int text_free(lua_State *L)
{
  struct text *t = lua_touserdata(L, 1);
  free(t->s);
  *t = (struct text){0};
  return 0;
}

struct text *text_push(lua_State *L)
{
  struct text *t = lua_newuserdatauv(L, sizeof *t, 0);
  *t = (struct text){0};
  if (luaL_newmetatable(L, TEXT)) {
    lua_pushcfunction(L, text_free);
    lua_setfield(L, -2, "__gc");
  }
  lua_setmetatable(L, -2);
  text_add(t, "");
  return t;
}

void text_add_n(struct text *t, const char *s, size_t n)
{
  if (t->n + n + 1 > t->room) {
    t->room = 2 * (t->n + n + 1);
    t->s = xrealloc(t->s, t->room);
  }
  memcpy(t->s + t->n, s, n);
  t->n += n;
  t->s[t->n] = '\0';
}

void text_add(struct text *t, const char *s) { text_add_n(t, s, strlen(s)); }

void text_format(struct text *t, const char *format, ...)
{
  char line[512];
  va_list args;
  va_start(args, format);
  int n = vsnprintf(line, sizeof line, format, args);
  va_end(args);
  text_add_n(t, line, n < (int)sizeof line ? (size_t)n : sizeof line - 1);
}
