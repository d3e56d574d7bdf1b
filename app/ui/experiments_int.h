/* experiments_int.h: screen 8, for its own files: experiments_find.c finds scripts, experiments_look.c asks them what they would do,
 * experiments_draw.c shows them, view_experiments.c answers keys. */
#ifndef ASSAY_UI_EXPERIMENTS_INT_H
#define ASSAY_UI_EXPERIMENTS_INT_H

#include "app/reading.h"
#include "app/ui/ui.h"

struct script {
  char *path, *name;        /* name: as shown */
  char *experiment;         /* its own name; NULL until looked at */
  size_t total, kept;
  bool looked;
  char *problem;            /* why it cannot run; owned */
  struct names param, value, set;   /* parameters; "k=v" words that differ from the script's own */
};

enum part { PART_SCRIPTS, PART_PARAMS, PART_JOBS, PARTS };

struct experiments {
  struct ui *ui;
  struct script *script; size_t n;
  struct list scripts, params, jobs;
  enum part part;
  struct child *child;      /* looking at script `looking` */
  size_t looking;
  struct area area[PARTS];
  double mean_s;            /* seconds of a run of the selected experiment, from the store; NaN: unknown */
  char *mean_of;
  char *wanted;             /* experiment to be selected when its script is found */
  struct aside_job *timing;
};

/* All in the working directory and among the installed ones. */
void experiments_find(struct experiments *v);

/* Ask a script, with the parameters that were set, for its plan; what was being asked is given up. */
void experiments_look_at(struct experiments *v, size_t i);
/* Ask one that has not been asked, the selected one first; one at a time. */
void experiments_look_next(struct experiments *v);
/* How long a run of the selected script's experiment takes, by those in the store. */
void experiments_ask_time(struct experiments *v);
/* Select the script of the experiment that was asked for, once it has told its name. */
void experiments_select_wanted(struct experiments *v);

void experiments_lists(struct experiments *v); /* sets up their columns */
void experiments_draw(void *self, struct plot_grid *g, struct area a);

#endif
