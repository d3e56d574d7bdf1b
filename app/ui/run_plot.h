/* run_plot.h: the curves of a run: which of its metrics, how they are drawn, and a cursor that reads them. */
#ifndef ASSAY_UI_RUN_PLOT_H
#define ASSAY_UI_RUN_PLOT_H

#include "app/ui/run_data.h"

struct run_plot {
  const struct run_data *data; /* borrowed; NULL: nothing read yet */
  size_t n_runs;               /* that a curve is the mean of */
  struct names chosen;         /* metrics that are drawn together */
  bool log_y, log_x, cursor_on;
  int smooth;                  /* half-life of the smoothing in points; 0: none */
  double from, to;             /* shown part of the steps, 0..1 */
  double cursor;               /* 0..1 of the shown part */
};

void run_plot_init(struct run_plot *p);
void run_plot_free(struct run_plot *p);
/* New data: what was chosen stays where the run has it; else the metrics that people look at first. */
void run_plot_take(struct run_plot *p, const struct run_data *data, size_t n_runs);
/* Index of a metric that is wanted and not read yet (or not since the store has changed); SIZE_MAX: all is there. */
size_t run_plot_wants(const struct run_plot *p);
/* Draw those of these metrics that are marked, one flag each; none: left as it was. */
void run_plot_choose(struct run_plot *p, const struct names *metrics, const bool *marked);
void run_plot_next(struct run_plot *p);                       /* the next metric alone */
/* Axes, smoothing, zoom, pan and cursor; false: not for a plot. */
bool run_plot_request(struct run_plot *p, enum request r);
void run_plot_draw(const struct run_plot *p, struct plot_grid *g, struct area a); /* the last row: the values at the cursor */
char *run_plot_csv(const struct run_plot *p);                 /* caller frees; NULL: no points */

#endif
