/* form.h: names with values that can be edited: parameters of a script, the config of a run, a method's parameters. What a
 * value may be is judged by its owner, who is told of every change and says what is wrong. */
#ifndef ASSAY_UI_FORM_H
#define ASSAY_UI_FORM_H

#include "app/reading.h"
#include "app/ui/ui.h"

struct form_field { char *name, *value, *own, *note; }; /* owned; own: the value without an edit; note: what is allowed */

struct form {
  struct ui *ui;
  struct list list;
  struct form_field *field; size_t n;
  char *problem;            /* owned; NULL: none */
  void *self;
  void (*changed)(void *self);
  struct area area;         /* of the fields, as last drawn */
};

void form_init(struct form *f, struct ui *ui, void *self, void (*changed)(void *self));
void form_free(struct form *f);
void form_clear(struct form *f);
/* value NULL: as `own`. note may be NULL. */
void form_add(struct form *f, const char *name, const char *own, const char *value, const char *note);
/* Says what is wrong; NULL: nothing. Names of fields in the text are not needed: it stands below the form. */
void form_blame(struct form *f, const char *problem);
bool form_edited(const struct form_field *field);
/* "name=value" of the fields that were edited. */
void form_words(const struct form *f, struct names *out);
void form_draw(struct form *f, struct plot_grid *g, struct area a);
/* Moving, Enter to edit, u to take an edit back; 0: not for a form. */
unsigned form_request(struct form *f, enum request r, const struct ui_event *ev);

#endif
