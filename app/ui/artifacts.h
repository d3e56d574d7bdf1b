/* artifacts.h: the larger products of runs on screen 2: a table of them, a look at one, and saving it to a file. */
#ifndef ASSAY_UI_ARTIFACTS_H
#define ASSAY_UI_ARTIFACTS_H

#include "app/ui/run_data.h"

struct artifacts {
  struct ui *ui;
  const struct run_data *data; /* borrowed; NULL: none */
  struct list list;
  struct area area;
  struct aside_job *fetching;
};

void artifacts_init(struct artifacts *p, struct ui *ui);
void artifacts_free(struct artifacts *p);
void artifacts_take(struct artifacts *p, const struct run_data *data);
void artifacts_draw(struct artifacts *p, struct plot_grid *g, struct area a);
/* Enter shows the selected one, e saves it; 0: not for these. */
unsigned artifacts_request(struct artifacts *p, enum request r, const struct ui_event *ev);

#endif
