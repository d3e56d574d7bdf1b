/* study.h: the configs of one experiment, for the screens that know what its parameters mean (schedules, bounds,
 * pruning): read aside, grouped over seeds, with every result. */
#ifndef ASSAY_UI_STUDY_H
#define ASSAY_UI_STUDY_H

#include "app/listing.h"
#include "app/ui/ui.h"

struct study {
  struct ui *ui;
  const char *param;         /* what an experiment must have to belong here: a parameter, or a result (`result`) */
  bool by_result;
  struct names experiments;  /* that have it, the newest first */
  char *name;                /* the one that is shown; NULL: none */
  struct listing list;
  bool loaded;
  char *problem;
  struct studying *job;
  void *self;
  void (*changed)(void *self); /* after it was read, in the loop; may be NULL */
};

void study_free(struct study *s);
/* Read again; keeps the experiment that is shown. */
void study_load(struct study *s);
/* For a view's refresh: read when that was never done, or when the store has changed. */
void study_refresh(struct study *s, bool store_changed);
/* The name of the experiment, and how to see another one. */
void study_title(const struct study *s, char *out, size_t size);
/* What to say where there is nothing to show: `hint` is for a store without such runs. True when it was drawn. */
bool study_draw_missing(const struct study *s, struct plot_grid *g, struct area a, bool empty, const char *hint);
/* Menu of the experiments. */
void study_choose(struct study *s);
/* Number in a parameter or a result's mean; NaN: none. */
double study_param(const struct study *s, size_t row, size_t param);
/* Distinct values of a parameter, sorted (numbers by size, then words); the text of each. */
void study_values(const struct study *s, size_t param, struct names *out);

#endif
