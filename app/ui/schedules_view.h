/* schedules_view.h: the state of screen 4, for the files that draw its parts. */
#ifndef ASSAY_UI_SCHEDULES_VIEW_H
#define ASSAY_UI_SCHEDULES_VIEW_H

#include "app/ui/schedules_overall.h"

enum { SCHEDULES_LINES = 10 }; /* drawn in one picture */
enum schedules_part { SCHEDULES_SENSITIVITY, SCHEDULES_ANYTIME, SCHEDULES_HEAT, SCHEDULES_SHAPES, SCHEDULES_PARTS };

struct schedules {
  struct study study;            /* first; its table: the ranks of the facet that is shown */
  struct schedules_data data;
  size_t at;                     /* the facet */
  bool overall;                  /* all facets in one table instead */
  char *wanted;                  /* the facet that somebody has asked for, or "*" for all; owned; NULL: nobody has */
  struct overall whole;
  struct list places;            /* the table over all facets */
  struct area drawn;             /* where that stands */
  struct schedules_reading *reading;
  size_t shown[4], n_shown, metric; /* results that the pictures can show, and which they do */
  size_t best_iterate, average;  /* results of the score at the best evaluation, and of the averaged iterate; SIZE_MAX: none */
  enum schedules_part part;
};

/* The facet that is shown; there is one. */
static inline struct facet *schedules_facet(const struct schedules *v) { return &v->data.facet[v->at]; }

/* Curves of the facet that is shown, read aside (schedules_curves.c): rates by step, and the course of what is tuned. */
void schedules_curves_ask(struct schedules *v);
void schedules_curves_drop(struct schedules *v);
/* Keep the curves of the last reading until they are read anew. */
void schedules_curves_inherit(struct facet *f, struct facet *old);

/* The table of ranks (schedules_table.c). */
void schedules_set_columns(struct schedules *v);
char *schedules_cell(void *self, size_t row, size_t column, struct plot_cell *style);
bool schedules_draw_cell(void *self, struct plot_grid *g, size_t row, size_t column, struct area a);
/* The table over all facets. */
void schedules_set_places(struct schedules *v);
char *schedules_place_cell(void *self, size_t row, size_t column, struct plot_cell *style);

/* One of the pictures (schedules_plots.c). */
void schedules_draw_part(const struct schedules *v, struct plot_grid *g, struct area a, int part);
/* How far each schedule stays behind the best one in each facet. */
void schedules_draw_places(const struct schedules *v, struct plot_grid *g, struct area a);
/* The standing that is drawn as line i: the first ones, and the selected one. */
size_t schedules_line(const struct schedules *v, size_t i);

#endif
