/* plot.c: from a plain table (made by lua/assay/plot.lua) to struct plot_spec and the program's drawing. */
#include <stdlib.h>
#include <string.h>

#include "lua/bind/bind.h"

static const char *const kinds[] = {"", "line", "bar", "heat", "scatter", NULL};

/* Everything below borrows strings and blocks that stay on the Lua stack until the picture is drawn. */

static const char *text_field(lua_State *L, int at, const char *key)
{
  lua_getfield(L, at, key);
  if (!lua_isnil(L, -1) && lua_type(L, -1) != LUA_TSTRING)
    bind_error(L, "plot: %s must be a text, got %s", key, luaL_typename(L, -1));
  return lua_tostring(L, -1);
}

static int bool_field(lua_State *L, int at, const char *key)
{
  lua_getfield(L, at, key);
  int v = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return v;
}

static int size_field(lua_State *L, int at, const char *key)
{
  int v = 0;
  if (lua_getfield(L, at, key) != LUA_TNIL)
    v = (int)bind_size_arg(L, -1, key, 1, 10000);
  lua_pop(L, 1);
  return v;
}

/* Numbers of a list or matrix; NaN marks a hole. *n is set, or must agree when it is not 0. */
static const double *numbers_field(lua_State *L, int at, const char *key, size_t *n)
{
  luaL_checkstack(L, 4, "too many series");
  if (lua_getfield(L, at, key) == LUA_TNIL)
    return NULL;
  const struct lua_matrix *m = matrix_from(L, -1, DTYPE_F64, key);
  struct lua_matrix *wide = matrix_push(L);
  struct err e = {0};
  if (mat_copy(&wide->m, &m->m, DTYPE_F64, &e) != STATUS_OK)
    bind_raise(L, &e);
  size_t count = m->m.rows * m->m.cols;
  if (*n && count != *n)
    bind_error(L, "plot: %s has %zu numbers, expected %zu", key, count, *n);
  *n = count;
  return wide->m.data;
}

static void read_series(lua_State *L, int at, struct plot_spec *s)
{
  lua_getfield(L, at, "series");
  int list = lua_gettop(L);
  if (!lua_istable(L, list))
    return;
  size_t n = lua_rawlen(L, list);
  struct plot_series *series = lua_newuserdatauv(L, (n + 1) * sizeof *series, 0);
  memset(series, 0, (n + 1) * sizeof *series);
  for (size_t i = 0; i < n; i++) {
    luaL_checkstack(L, 24, "too many series");
    lua_geti(L, list, (lua_Integer)i + 1);
    int one = lua_gettop(L);
    if (!lua_istable(L, one))
      bind_error(L, "plot: series %zu is a %s, not a table", i + 1, luaL_typename(L, one));
    series[i].label = text_field(L, one, "label");
    series[i].y = numbers_field(L, one, "y", &series[i].n);
    if (!series[i].y)
      bind_error(L, "plot: series %zu has no y", i + 1);
    series[i].x = numbers_field(L, one, "x", &series[i].n);
    series[i].low = numbers_field(L, one, "low", &series[i].n);
    series[i].high = numbers_field(L, one, "high", &series[i].n);
  }
  s->series = series;
  s->n_series = n;
}

static const char *const *names_field(lua_State *L, int at, const char *key, size_t *n)
{
  *n = 0;
  if (lua_getfield(L, at, key) != LUA_TTABLE)
    return NULL;
  int list = lua_gettop(L);
  *n = lua_rawlen(L, list);
  const char **names = lua_newuserdatauv(L, (*n + 1) * sizeof *names, 0);
  luaL_checkstack(L, (int)*n + 8, "too many names");
  for (size_t i = 0; i < *n; i++) {
    lua_geti(L, list, (lua_Integer)i + 1);
    names[i] = luaL_tolstring(L, -1, NULL);
    lua_remove(L, -2);
  }
  return names;
}

static void read_heat(lua_State *L, int at, struct plot_spec *s)
{
  size_t n = 0, rows;
  if (lua_getfield(L, at, "z") != LUA_TNIL) {
    const struct lua_matrix *m = matrix_from(L, -1, DTYPE_F64, "z");
    s->rows = m->m.rows;
    s->cols = m->m.cols;
    s->z = numbers_field(L, at, "z", &n);
  }
  s->row_names = names_field(L, at, "row_names", &rows);
  if (s->row_names && rows != s->rows)
    bind_error(L, "plot: %zu row names for %zu rows", rows, s->rows);
  if (s->z && s->n_names && s->n_names != s->cols)
    bind_error(L, "plot: %zu names for %zu columns", s->n_names, s->cols);
}

static void check_spec(lua_State *L, const struct plot_spec *s)
{
  if (s->kind == PLOT_HEAT ? !s->z : s->n_series == 0)
    bind_error(L, "plot: nothing to draw");
  if (s->kind == PLOT_BAR && s->n_names && s->n_names != s->series[0].n)
    bind_error(L, "plot: %zu names for %zu bars", s->n_names, s->series[0].n);
}

static struct plot_spec read_spec(lua_State *L, int at)
{
  luaL_checktype(L, at, LUA_TTABLE);
  luaL_checkstack(L, 40, "plot");
  struct plot_spec s = {.kind = PLOT_LINE};
  const char *kind = text_field(L, at, "kind");
  for (int i = 1; kind && kinds[i]; i++)
    if (!strcmp(kind, kinds[i]))
      s.kind = (enum plot_kind)i;
  s.title = text_field(L, at, "title");
  s.x_label = text_field(L, at, "x_label");
  s.y_label = text_field(L, at, "y_label");
  s.log_x = bool_field(L, at, "log_x");
  s.log_y = bool_field(L, at, "log_y");
  s.ascii = bool_field(L, at, "ascii");
  s.colour = bool_field(L, at, "colour");
  s.width = size_field(L, at, "width");
  s.height = size_field(L, at, "height");
  s.names = names_field(L, at, "names", &s.n_names);
  read_series(L, at, &s);
  read_heat(L, at, &s);
  check_spec(L, &s);
  return s;
}

static int draw(lua_State *L, char *(*drawing)(const struct plot_spec *), const char *what)
{
  lua_settop(L, 1);
  if (!drawing)
    bind_error(L, "no %s plots here", what);
  struct plot_spec s = read_spec(L, 1);
  struct text *t = text_push(L);
  char *out = drawing(&s);
  text_add(t, out ? out : "");
  bool drawn = out != NULL;
  free(out);
  if (!drawn)
    bind_error(L, "the plot cannot be drawn");
  lua_pushlstring(L, t->s, t->n);
  return 1;
}

static int plot_text(lua_State *L) { return draw(L, bind_host(L)->services.plot_text, "text"); }
static int plot_svg(lua_State *L) { return draw(L, bind_host(L)->services.plot_svg, "SVG"); }

/* plot_show(spec): draw it where the program's output goes; false where that is not for the program to say. */
static int plot_show(lua_State *L)
{
  const struct lua_services *services = &bind_host(L)->services;
  lua_settop(L, 1);
  if (services->plot_show) {
    struct plot_spec s = read_spec(L, 1);
    services->plot_show(services->self, &s);
  }
  lua_pushboolean(L, services->plot_show != NULL);
  return 1;
}

const char *const plot_modules[] = {"plot", "report", "claims", "pretty", "refine", "runs", "stability", "supersample", "tuning", NULL};

bool plot_is_module(const char *name)
{
  for (size_t i = 0; plot_modules[i]; i++)
    if (!strcmp(plot_modules[i], name))
      return true;
  return false;
}

/* "; did you mean "train"?" among the names in the library, or "". */
static void unknown_field(lua_State *L, const char *key)
{
  const char *names[256] = {0};
  char hint[128];
  size_t n = 0;
  for (lua_pushnil(L); n < 250 && lua_next(L, 1); lua_pop(L, 1))
    if (lua_type(L, -2) == LUA_TSTRING)
      names[n++] = lua_tostring(L, -2);
  for (size_t i = 0; plot_modules[i]; i++)
    names[n++] = plot_modules[i];
  bind_error(L, "assay has no \"%s\"%s", key, bind_did_you_mean(key, names, n, hint, sizeof hint));
}

/* assay.plot is lua/assay/plot.lua, loaded when it is first asked for. An unknown name is a mistake. */
static int load_lazily(lua_State *L)
{
  const char *key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : NULL;
  if (!key)
    return 0;
  if (!plot_is_module(key))
    unknown_field(L, key);
  lua_getglobal(L, "require");
  lua_pushfstring(L, "assay.%s", key);
  lua_call(L, 1, 1);
  lua_pushvalue(L, -1);
  lua_setfield(L, 1, key);
  return 1;
}

void plot_open(lua_State *L)
{
  static const struct function_row rows[] = {{"plot_text", plot_text, NULL, NULL}, {"plot_svg", plot_svg, NULL, NULL}, {"plot_show", plot_show, NULL, NULL}, {0}};
  bind_functions(L, rows);
  lua_newtable(L);
  lua_pushcfunction(L, load_lazily);
  lua_setfield(L, -2, "__index");
  lua_setmetatable(L, -2);
}
