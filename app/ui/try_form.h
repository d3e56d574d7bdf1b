/* try_form.h: the parameters of a method as a form, and from it the line of Lua that tries the method on a small input. */
#ifndef ASSAY_UI_TRY_FORM_H
#define ASSAY_UI_TRY_FORM_H

#include "app/ui/form.h"
#include "experiments/method.h"

struct try_form {
  struct form form;
  const struct method *m; /* NULL: closed */
};

void try_form_init(struct try_form *t, struct ui *ui);
void try_form_free(struct try_form *t);
/* Open it for a method. False where there is nothing to fill in, or a table that a form cannot hold. */
bool try_form_open(struct try_form *t, const struct method *m);
void try_form_close(struct try_form *t);
void try_form_draw(struct try_form *t, struct plot_grid *g, struct area a);
/* assay.KIND("id", {…}) with what was changed and what is required; NULL while a value is refused. Caller frees. */
char *try_form_lua(const struct try_form *t);

#endif
