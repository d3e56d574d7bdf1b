/* run_again.h: doing runs of the store again from screen 2: as they were, or with changes by a form. */
#ifndef ASSAY_UI_RUN_AGAIN_H
#define ASSAY_UI_RUN_AGAIN_H

#include "app/jobs/child.h"
#include "app/ui/form.h"
#include "app/ui/run_data.h"

struct run_again_form {
  struct ui *ui;
  struct form form;
  bool open;
  int64_t *run; size_t n;   /* what is to be done again */
  struct child *check;      /* asks the script about the values */
  bool checked;             /* … which it has accepted */
};

void run_again_init(struct run_again_form *f, struct ui *ui);
void run_again_free(struct run_again_form *f);
/* Start these runs again as they were; asks first when they are several. The ids are copied. */
void run_again_start(struct run_again_form *f, const int64_t *run, size_t n);
/* Open the form with the config of `data`; several runs of one config keep their seeds. */
void run_again_open(struct run_again_form *f, const struct run_data *data, const int64_t *run, size_t n);
void run_again_draw(struct run_again_form *f, struct plot_grid *g, struct area a);
unsigned run_again_request(struct run_again_form *f, enum request r, const struct ui_event *ev);

#endif
