/* run_view.h: screen 2, for the screens that send people there. */
#ifndef ASSAY_UI_RUN_VIEW_H
#define ASSAY_UI_RUN_VIEW_H

#include "app/ui/ui.h"

/* Show these runs (of one config, or a single one) when the screen is next looked at. */
void run_view_show(struct ui *ui, const int64_t *run, size_t n);

/* The runs that it shows. The ids are borrowed until the next call that changes them. */
size_t run_view_shown(struct ui *ui, const int64_t **run);

/* Screen 8 with the script of this experiment selected, its parameters at hand. */
void experiments_select(struct ui *ui, const char *experiment);

#endif
