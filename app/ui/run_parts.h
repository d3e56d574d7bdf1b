/* run_parts.h: the lower half of screen 2: config, results, environment, script, artifacts, error, one at a time. */
#ifndef ASSAY_UI_RUN_PARTS_H
#define ASSAY_UI_RUN_PARTS_H

#include "app/ui/artifacts.h"

struct run_parts {
  struct ui *ui;
  const struct run_data *data; /* borrowed */
  size_t section, top;
  bool whole;                  /* the section has the screen for itself */
  struct artifacts artifacts;
  struct area area;            /* as last drawn */
  int height;                  /* rows of text that were seen */
};

void run_parts_init(struct run_parts *p, struct ui *ui);
void run_parts_free(struct run_parts *p);
/* New data; `other`: of another run, which begins with what matters most. */
void run_parts_take(struct run_parts *p, const struct run_data *data, bool other);
void run_parts_draw(struct run_parts *p, struct plot_grid *g, struct area a);
/* Sections, scrolling, artifacts; 0: not for these. */
unsigned run_parts_request(struct run_parts *p, enum request r, const struct ui_event *ev);

#endif
