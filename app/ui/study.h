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
/* The next experiment of this kind. */
void study_next(struct study *s);
/* What to say instead of numbers; NULL: there are some. */
const char *study_missing(const struct study *s);
/* Menu of the experiments. */
void study_choose(struct study *s);
/* Number in a parameter or a result's mean; NaN: none. */
double study_param(const struct study *s, size_t row, size_t param);
/* Distinct values of a parameter, sorted (numbers by size, then words); the text of each. */
void study_values(const struct study *s, size_t param, struct names *out);

#endif
