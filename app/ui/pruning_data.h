/* pruning_data.h: quality against sparsity of the pruning methods of a study, for screen 6.
 *
 * An experiment has them whose runs return results "STAGE MEASURE @SPARSITY" ("plain error @0.9"), as compare/pruning.lua
 * does. "layer N kept @SPARSITY" with the text "layer N shape" ("64x784") says what is left of a layer, and the artifact
 * "layer N mask @SPARSITY" where; "layer N histogram @SPARSITY" has three rows: the least weight of each bin, weights kept and
 * removed. "STAGE break" and times ("calibrate_s", "method_s", "repair_s", "tune_s") are used where they are there. */
#ifndef ASSAY_UI_PRUNING_DATA_H
#define ASSAY_UI_PRUNING_DATA_H

#include "app/ui/study.h"

enum { PRUNING_POINTS = 64, PRUNING_LAYERS = 64 };

/* A mean over seeds and half its 95 % interval (NaN: none). */
struct mean_of_seeds { double mean, half; size_t n; };

/* One config (a method on the chosen model) at the chosen stage and measure. */
struct prune_curve {
  size_t row;                      /* of the listing */
  char *name;                      /* owned */
  size_t n;
  double x[PRUNING_POINTS];        /* sparsities, ascending */
  struct mean_of_seeds y[PRUNING_POINTS];
  struct mean_of_seeds area;       /* mean height of the curve over its sparsities (trapezoids), by seed */
  double p;                        /* of its area against the best one's, paired by seed, Holm; NaN: no test */
  double least_break, most_break;  /* NaN: none */
  double seconds;                  /* what the stage has cost; NaN: not known */
};

struct pruning_data {
  struct names stages, measures, models;
  size_t stage, measure, model;    /* the chosen ones */
  size_t method, model_param;      /* parameters; SIZE_MAX: none */
  struct prune_curve *curve; size_t n; /* the most sparsities first, then the best */
  double sparsity[PRUNING_POINTS]; size_t n_sparsities; /* of all curves */
};

/* The stages, measures and models of a study; keeps what is chosen where that is still there. */
void pruning_read(struct pruning_data *d, const struct study *s);
/* The curves of the chosen stage, measure and model. */
void pruning_choose(struct pruning_data *d, const struct study *s);
void pruning_free(struct pruning_data *d);
bool pruning_larger_is_better(const struct pruning_data *d);

/* The layers of a config at a sparsity: what is kept of each, as a share. Returns how many there are. */
struct prune_layer { size_t number, rows, cols; struct mean_of_seeds kept; };
size_t pruning_layers(const struct study *s, size_t row, double sparsity, struct prune_layer out[PRUNING_LAYERS]);

#endif
