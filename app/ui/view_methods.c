/* view_methods.c: screen 7: the catalogue of methods; Enter opens the page of one, S opens the form that tries it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ui/try_form.h"
#include "app/ui/ui_jobs.h"
#include "experiments/kernel/mem.h"
#include "experiments/registry.h"

struct methods {
  struct ui *ui;
  struct list list;
  size_t *shown, n_shown;   /* of the registry */
  char *filter;
  struct area table;
  struct try_form form;     /* parameters of the method to be tried */
  struct child *child;      /* what is being tried */
};

static char *cell(void *self, size_t row, size_t column, struct plot_cell *style)
{
  const struct methods *v = self;
  const struct method *m = registry_at(v->shown[row]);
  style->fg = column == 0 ? UI_GREY : 0;
  return xstrdup(column == 0 ? kind_name(m->kind) : column == 1 ? m->id : m->summary);
}

static bool matches(const struct method *m, const char *filter)
{
  return !filter || strcasestr(m->id, filter) || strcasestr(m->summary, filter) || strcasestr(kind_name(m->kind), filter) ||
         (m->cite && strcasestr(m->cite, filter));
}

static void choose(struct methods *v)
{
  v->n_shown = 0;
  for (size_t i = 0; i < registry_count(); i++)
    if (matches(registry_at(i), v->filter))
      v->shown[v->n_shown++] = i;
  v->list.n_rows = v->n_shown;
  list_select(&v->list, 0);
  ui_redraw(v->ui);
}

static void set_filter(void *self, const char *text)
{
  struct methods *v = self;
  free(v->filter);
  v->filter = *text ? xstrdup(text) : NULL;
  choose(v);
}

static void show_page(struct methods *v)
{
  const struct method *m = registry_at(v->shown[v->list.at]);
  int width = v->table.width > 104 ? 100 : v->table.width - 4;
  char *text = method_help(m, width), *title = xasprintf("%s %s", kind_name(m->kind), m->id);
  ui_page(v->ui, title, text);
  free(title);
  free(text);
}

/* --- trying -------------------------------------------------------------------------------------------------- */

static void tried(void *self, const char *out, const char *err, int code)
{
  struct methods *v = self;
  (void)code;
  v->child = NULL;
  char *text = xasprintf("%s%s", out, err);
  ui_page(v->ui, "what came out", *text ? text : "(nothing was printed)");
  free(text);
}

static void try_it(void *self, const char *code)
{
  struct methods *v = self;
  const char *const words[] = {"repl", "-e", code, NULL};
  child_drop(v->child);
  v->child = *code ? child_start(v->ui, words, v, tried) : NULL;
  if (v->child)
    ui_say(v->ui, "running …");
}

/* The line that puts an object to work on a small input of its kind (lua/assay/try.lua). */
static char *trying_line(const struct methods *v, const struct method *m, const char *object)
{
  return xasprintf("print(require \"assay.try\"(\"%s\", %s, %d))", kind_name(m->kind), object, v->table.width > 106 ? 100 : v->table.width - 6);
}

/* The form; where it cannot hold the parameters, the example of the page as a line to be edited. */
static void ask_to_try(struct methods *v)
{
  const struct method *m = registry_at(v->shown[v->list.at]);
  if (try_form_open(&v->form, m))
    return;
  char *code = trying_line(v, m, m->example);
  ui_ask(v->ui, &(struct ui_question){.label = "Lua:", .initial = code, .history = "try", .self = v, .accept = try_it});
  free(code);
}

static unsigned in_form(struct methods *v, enum request r, const struct ui_event *ev)
{
  char *object = r == REQUEST_START ? try_form_lua(&v->form) : NULL;
  if (object) {
    char *code = trying_line(v, v->form.m, object);
    try_it(v, code);
    free(code);
    free(object);
  }
  if (r == REQUEST_BACK)
    try_form_close(&v->form);
  else if (r != REQUEST_START)
    return form_request(&v->form.form, r, ev);
  return UI_HANDLED | UI_REDRAW;
}

/* --- the view --------------------------------------------------------------------------------------------------- */

static void draw(void *self, struct plot_grid *g, struct area a)
{
  struct methods *v = self;
  if (v->form.m) {
    try_form_draw(&v->form, g, a);
    return;
  }
  int page = a.height >= 24 ? a.height / 3 : 0;
  v->table = (struct area){a.row, a.col, a.height - page, a.width};
  if (!v->n_shown) {
    draw_text(g, a.row + 1, 2, a.width - 4, "no method matches; / changes the search", UI_GREY, 0);
    return;
  }
  list_draw(&v->list, g, v->table);
  if (page) { /* the beginning of the page of the selected one */
    char *text = method_help(registry_at(v->shown[v->list.at]), a.width > 104 ? 100 : a.width - 4);
    draw_fill(g, (struct area){a.row + a.height - page, 0, 1, a.width}, 0x2500);
    draw_wrapped(g, (struct area){a.row + a.height - page + 1, 2, page - 1, a.width - 4}, text, 0, 0);
    free(text);
  }
}

static unsigned request(void *self, enum request r, const struct ui_event *ev)
{
  struct methods *v = self;
  if (v->form.m)
    return in_form(v, r, ev);
  if (r == REQUEST_FILTER) {
    ui_ask(v->ui, &(struct ui_question){.label = "search:", .initial = v->filter, .history = "methods", .self = v, .accept = set_filter, .changed = set_filter});
    return UI_HANDLED;
  }
  if (!v->n_shown)
    return 0;
  if (r == REQUEST_OPEN)
    show_page(v);
  else if (r == REQUEST_START)
    ask_to_try(v);
  else
    return list_request(&v->list, r, ev, v->table);
  return UI_HANDLED | UI_REDRAW;
}

static void say_title(void *self, char *out, size_t size)
{
  const struct methods *v = self;
  snprintf(out, size, v->filter ? "%zu method%s for '%s'" : "%zu method%s", v->n_shown, v->n_shown == 1 ? "" : "s", v->filter);
}

static char *copied(void *self, bool whole)
{
  struct methods *v = self;
  return v->n_shown ? list_text(&v->list, whole) : NULL;
}

static void *open_view(struct ui *ui)
{
  static const char *const names[] = {"kind", "id", "what it is"};
  struct methods *v = xcalloc(1, sizeof *v);
  v->ui = ui;
  v->shown = xcalloc(registry_count() + 1, sizeof *v->shown);
  v->list = (struct list){.self = v, .cell = cell};
  list_set_columns(&v->list, names, 3);
  v->list.column[0].width = 10;
  v->list.column[1].width = 24;
  v->list.column[2].grows = true;
  try_form_init(&v->form, ui);
  choose(v);
  return v;
}

static void close_view(void *self)
{
  struct methods *v = self;
  child_drop(v->child);
  try_form_free(&v->form);
  list_free(&v->list);
  free(v->shown);
  free(v->filter);
  free(v);
}

static const enum request hints[] = {REQUEST_OPEN, REQUEST_FILTER, REQUEST_START, REQUEST_BACK, REQUEST_NONE};

const struct view view_methods = {
  .name = "Methods",
  .screen = REQUEST_SCREEN_METHODS,
  .summary = "Everything that is built in, with formula, parameters, kind of statement and citation. Enter opens a page, S opens a form that tries the method: it draws its curve, or works on a small input.",
  .hints = hints,
  .open = open_view,
  .close = close_view,
  .draw = draw,
  .request = request,
  .title = say_title,
  .text = copied,
};
