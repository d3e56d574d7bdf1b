/* mask_view.h: the mask of a layer drawn as densities, and what was kept by size of the weights, for screen 6. */
#ifndef ASSAY_UI_MASK_VIEW_H
#define ASSAY_UI_MASK_VIEW_H

#include "app/ui/study.h"
#include "experiments/kernel/mat.h"

/* A part of a matrix: what is looked at. zoom 0 is all of it, each step halves both sides. */
struct mask_window { int zoom; double row, col; /* of the upper left corner, 0..1 of what there is to move */ };

struct mask_view;
struct mask_view *mask_view_new(struct ui *ui);
void mask_view_free(struct mask_view *v);
/* Ask for the mask of layer `layer` (from 1) at a sparsity in one of these runs; the same again does nothing. */
void mask_view_ask(struct mask_view *v, const int64_t *run, size_t n, size_t layer, double sparsity);
/* The store has changed: what was asked for may be there now. */
void mask_view_forget(struct mask_view *v);
/* + and - look closer and from further away; where it is close, arrows move. 0: nothing for a mask. */
unsigned mask_view_request(struct mask_view *v, enum request r);
bool mask_view_is_close(const struct mask_view *v);
/* What is there, or why nothing is; `what` says which mask. */
void mask_view_draw(const struct mask_view *v, struct plot_grid *g, struct area a, const char *what);
void mask_view_draw_histogram(const struct mask_view *v, struct plot_grid *g, struct area a);

/* Mean of each of rows x cols blocks of the window into z; exposed for its test. */
void mask_density(const struct mat *m, const struct mask_window *w, size_t rows, size_t cols, double *z);
/* Rows [r0, r1) and columns [c0, c1) that the window shows. */
void mask_window_place(const struct mat *m, const struct mask_window *w, size_t *r0, size_t *r1, size_t *c0, size_t *c1);

#endif
