/* compare_int.h: screen 3, for its own files: view_compare.c reads and answers keys, compare_table.c has the table of effects,
 * compare_draw.c the groups and the pictures above it. */
#ifndef ASSAY_UI_COMPARE_INT_H
#define ASSAY_UI_COMPARE_INT_H

#include "app/ui/compare_data.h"

struct compare {
  struct ui *ui;
  struct comparison data;
  bool loaded, log_y;
  bool many;                     /* more groups than two: the columns say which */
  struct list list;              /* of effects */
  size_t *order, n_shown;        /* of data.effect, as seen: those whose result the filter lets through */
  char *filter;                  /* part of a result's name; NULL: all; owned */
  struct area table;
  int64_t *asked; size_t n_asked; /* the marks that `data` is of */
  struct compare_ask ask;        /* but for the runs */
  struct comparing *job;
};

static inline char compare_letter(size_t group) { return (char)('A' + group); }

/* --- the table of effects (compare_table.c) -------------------------------------------------------------------- */

void compare_table_init(struct compare *v);
/* After `data` has changed: columns, rows and their order. */
void compare_table_set(struct compare *v);
/* The effect of the selected row; NULL: there is none. */
const struct effect *compare_selected(const struct compare *v);
/* By the column under the cursor, then the other way round, then as at first: scores, then the greatest effect. */
void compare_table_sort(struct compare *v);
void compare_table_filter(struct compare *v); /* asks for a part of a name */
void compare_table_draw(struct compare *v, struct plot_grid *g, struct area a); /* with the line below */
void compare_table_free(struct compare *v);

/* --- above it (compare_draw.c) ---------------------------------------------------------------------------------- */

/* A line of names, then a line a group; the rows taken. */
int compare_draw_groups(const struct compare *v, struct plot_grid *g, struct area a);
void compare_draw_curves(const struct compare *v, struct plot_grid *g, struct area a);
/* The selected result seed by seed: what each pair says. */
void compare_draw_pairs(const struct compare *v, struct plot_grid *g, struct area a);

#endif
