/* form.c: see form.h. */
#include "app/ui/form.h"

#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"

static char *cell(void *self, size_t row, size_t column, struct plot_cell *style)
{
  const struct form *f = self;
  const struct form_field *field = &f->field[row];
  bool edited = form_edited(field);
  style->fg = edited && column < 2 ? UI_ORANGE : column == 2 ? UI_GREY : 0;
  if (column == 2 && edited)
    return xasprintf("was %s%s%s", *field->own ? field->own : "not given", field->note ? "; " : "", field->note ? field->note : "");
  const char *text = column == 0 ? field->name : column == 1 ? field->value : field->note;
  return xstrdup(text ? text : "");
}

void form_init(struct form *f, struct ui *ui, void *self, void (*changed)(void *self))
{
  static const char *const names[] = {"name", "value", "what it may be"};
  *f = (struct form){.ui = ui, .self = self, .changed = changed, .list = {.cell = cell}};
  list_set_columns(&f->list, names, 3);
  f->list.column[2].grows = true;
}

void form_clear(struct form *f)
{
  for (size_t i = 0; i < f->n; i++) {
    free(f->field[i].name);
    free(f->field[i].value);
    free(f->field[i].own);
    free(f->field[i].note);
  }
  free(f->field);
  f->field = NULL;
  f->n = f->list.n_rows = 0;
  form_blame(f, NULL);
}

void form_free(struct form *f)
{
  form_clear(f);
  list_free(&f->list);
}

void form_add(struct form *f, const char *name, const char *own, const char *value, const char *note)
{
  f->field = xrealloc(f->field, (f->n + 1) * sizeof *f->field);
  f->field[f->n++] = (struct form_field){xstrdup(name), xstrdup(value ? value : own), xstrdup(own), note ? xstrdup(note) : NULL};
  f->list.n_rows = f->n;
}

void form_blame(struct form *f, const char *problem)
{
  free(f->problem);
  f->problem = problem ? xstrdup(problem) : NULL;
}

bool form_edited(const struct form_field *field) { return strcmp(field->value, field->own) != 0; }

void form_words(const struct form *f, struct names *out)
{
  for (size_t i = 0; i < f->n; i++)
    if (form_edited(&f->field[i])) {
      char *word = xasprintf("%s=%s", f->field[i].name, f->field[i].value);
      names_add(out, word);
      free(word);
    }
}

void form_draw(struct form *f, struct plot_grid *g, struct area a)
{
  int below = f->problem ? (int)text_width(f->problem) / (a.width > 4 ? a.width - 4 : 1) + 2 : 0;
  below = below < a.height / 2 ? below : a.height / 2;
  f->area = (struct area){a.row, a.col, a.height - below, a.width};
  f->list.self = f;
  list_draw(&f->list, g, f->area);
  if (f->problem)
    draw_wrapped(g, (struct area){a.row + a.height - below, a.col + 2, below, a.width - 4}, f->problem, UI_RED, PLOT_BOLD);
}

/* --- editing ---------------------------------------------------------------------------------------------------- */

static void set_value(struct form *f, const char *text)
{
  struct form_field *field = f->list.at < f->n ? &f->field[f->list.at] : NULL;
  if (!field)
    return;
  free(field->value);
  field->value = xstrdup(text);
  f->changed(f->self);
  ui_redraw(f->ui);
}

static void accept(void *self, const char *text) { set_value(self, text); }

static void edit(struct form *f)
{
  const struct form_field *field = &f->field[f->list.at];
  char *label = xasprintf("%s%s%s%s:", field->name, field->note ? " (" : "", field->note ? field->note : "", field->note ? ")" : "");
  ui_ask(f->ui, &(struct ui_question){.label = label, .initial = field->value, .history = "value", .self = f, .accept = accept});
  free(label);
}

unsigned form_request(struct form *f, enum request r, const struct ui_event *ev)
{
  if (!f->n)
    return 0;
  if (r == REQUEST_OPEN)
    edit(f);
  else if (r == REQUEST_UNDO)
    set_value(f, f->field[f->list.at].own);
  else
    return list_request(&f->list, r, ev, f->area);
  return UI_HANDLED | UI_REDRAW;
}
