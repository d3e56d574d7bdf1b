/* try_form.c: see try_form.h. Values are judged as --set judges them, at every change. */
#include "app/ui/try_form.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/registry.h"

static const struct param *param_of(const struct try_form *t, size_t field) { return &t->m->params[field]; }

/* Is the field part of the object: changed, or required? */
static bool counts(const struct try_form *t, size_t field)
{
  return form_edited(&t->form.field[field]) || (param_of(t, field)->flags & PARAM_REQUIRED);
}

static void judge(void *self)
{
  struct try_form *t = self;
  struct names words = {0};
  struct object o = {0};
  struct err e = {0};
  for (size_t i = 0; i < t->form.n; i++)
    if (counts(t, i)) {
      char *word = xasprintf("%s=%s", t->form.field[i].name, t->form.field[i].value);
      names_add(&words, word);
      free(word);
    }
  enum status s = params_from_words(&o, t->m, (const char *const *)words.name, words.n, registry_find, &e);
  form_blame(&t->form, s == STATUS_OK ? NULL : e.message);
  if (s == STATUS_OK)
    object_free(&o);
  names_free(&words);
}

void try_form_init(struct try_form *t, struct ui *ui)
{
  *t = (struct try_form){0};
  form_init(&t->form, ui, t, judge);
}

void try_form_free(struct try_form *t) { form_free(&t->form); }

static bool fillable(const struct method *m)
{
  size_t n = 0;
  for (const struct param *p = m->params; p && p->id; p++, n++)
    if (p->type == PARAM_METHODS || (p->type == PARAM_TABLE && (p->flags & PARAM_REQUIRED)))
      return false;
  return n > 0;
}

bool try_form_open(struct try_form *t, const struct method *m)
{
  try_form_close(t);
  if (!fillable(m))
    return false;
  t->m = m;
  for (const struct param *p = m->params; p->id; p++) {
    char *own = p->flags & PARAM_REQUIRED ? xstrdup(p->example ? p->example : "") : param_default_text(p);
    form_add(&t->form, p->id, own ? own : "", NULL, p->doc);
    free(own);
  }
  judge(t);
  return true;
}

void try_form_close(struct try_form *t)
{
  form_clear(&t->form);
  t->m = NULL;
}

void try_form_draw(struct try_form *t, struct plot_grid *g, struct area a)
{
  char *head = xasprintf("%s \"%s\": Enter changes a value, u takes a change back, S tries it, Esc goes back", kind_name(t->m->kind), t->m->id);
  draw_text(g, a.row, 2, a.width - 4, head, UI_GREY, 0);
  form_draw(&t->form, g, (struct area){a.row + 1, a.col, a.height - 1, a.width});
  free(head);
}

/* --- from values to Lua ------------------------------------------------------------------------------------------ */

static char *quoted(const char *text)
{
  size_t n = strlen(text);
  char *out = xmalloc(4 * n + 3), *at = out;
  *at++ = '"';
  for (const char *c = text; *c; c++) {
    if ((unsigned char)*c < 32)
      at += sprintf(at, "\\%03d", *c);
    else if (*c == '"' || *c == '\\')
      at += sprintf(at, "\\%c", *c);
    else
      *at++ = *c;
  }
  strcpy(at, "\"");
  return out;
}

static char *literal(const struct param *p, const char *text)
{
  bool word = p->type == PARAM_CHOICE || p->type == PARAM_STRING || p->type == PARAM_METHOD || strcmp(text, "auto") == 0 || strcmp(text, "none") == 0;
  if (p->type == PARAM_LIST && !word)
    return *text == '{' ? xstrdup(text) : xasprintf("{%s}", text);
  return word ? quoted(text) : xstrdup(text);
}

char *try_form_lua(const struct try_form *t)
{
  if (t->form.problem)
    return NULL;
  char *out = xasprintf("assay.%s(\"%s\", {", kind_name(t->m->kind), t->m->id);
  for (size_t i = 0; i < t->form.n; i++)
    if (counts(t, i)) {
      char *value = literal(param_of(t, i), t->form.field[i].value), *longer = xasprintf("%s[\"%s\"] = %s, ", out, t->form.field[i].name, value);
      free(value);
      free(out);
      out = longer;
    }
  char *whole = xasprintf("%s})", out);
  free(out);
  return whole;
}
