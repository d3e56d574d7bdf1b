/* study.h: what screens 4 to 6 share: the configs of one experiment, read aside and grouped over seeds, with every
 * result; and a table of what was compared (schedules, bounds, methods). The state of such a view begins with its
 * struct study, so that the functions study_view_… are functions of its struct view as they stand. */
#ifndef ASSAY_UI_STUDY_H
#define ASSAY_UI_STUDY_H

#include "app/listing.h"
#include "app/ui/ui.h"

struct study;

/* What kind of study a view shows. */
struct study_kind {
  size_t size;               /* bytes of the view's state */
  const char *param;         /* what an experiment must have to belong here: a parameter, or a result (GLOB) */
  bool by_result;
  const char *hint;          /* for a store without such runs */
  void (*judge)(struct study *s); /* in the loop, after the runs were read: fill in the table */
  char *(*cell)(void *self, size_t row, size_t column, struct plot_cell *style); /* of the table */
};

struct study {
  struct ui *ui;
  const struct study_kind *kind;
  struct names experiments;  /* that belong here, the newest first */
  char *name;                /* the one that is shown; NULL: none */
  struct listing list;       /* its configs, under all settings */
  struct names settings;     /* "epochs=3 train=8000": script and parameters of the script, what differs of them; of the newest run first */
  size_t setting;            /* the one that is shown: runs under different settings are not compared */
  bool chosen;               /* somebody has asked for it: else the newest is shown */
  size_t *row, n_rows;       /* its configs, as rows of the listing */
  bool loaded;
  char *problem;
  struct studying *job;
  struct list table;         /* n_rows 0: nothing to show */
  struct area drawn;         /* where the table stands */
  bool own_model_key;        /* REQUEST_MODEL is the view's own: it does not step through the settings */
};

/* A view's state, zeroed but for its study. The first look at it reads the store. */
void *study_open(struct ui *ui, const struct study_kind *kind);
/* Frees what the study holds, and the state itself. */
void study_close(struct study *s);

/* --- as functions of struct view ----------------------------------------------------------------------------- */

void study_view_refresh(void *self, bool store_changed);
void study_view_title(void *self, char *out, size_t size); /* the experiment */
char *study_view_text(void *self, bool whole);             /* of the table */

/* Another experiment or setting; movement in the table. 0: nothing for a study. */
unsigned study_request(struct study *s, enum request r, const struct ui_event *ev);
/* Screen 2 with the runs of a config. */
void study_show_runs(struct study *s, size_t listing_row);

/* --- drawing ------------------------------------------------------------------------------------------------- */

/* What to say while there is nothing to show; true when it was said. */
bool study_draw_missing(const struct study *s, struct plot_grid *g, struct area a);
/* The table at the top of `a`, at most `most` lines; what is left of `a` below it. */
struct area study_draw_table(struct study *s, struct plot_grid *g, struct area a, int most);

/* --- the numbers --------------------------------------------------------------------------------------------- */

/* A parameter of a config that is a number; NaN: none. */
double study_param(const struct study *s, size_t row, size_t param);
/* Mean of a result over the seeds of a config; NaN where there is none, also for the result SIZE_MAX, or one is NaN. */
double study_mean(const struct study *s, size_t row, size_t result);
/* Is the parameter's text this? */
bool study_has(const struct study *s, size_t row, size_t param, const char *text);
/* Distinct values of a parameter, sorted (numbers by size, then words); the text of each. Of all configs, or of n rows of the listing. */
void study_values(const struct study *s, size_t param, struct names *out);
void study_values_of(const struct study *s, const size_t *row, size_t n, size_t param, struct names *out);
/* The first of these names (ends with NULL) that is there; SIZE_MAX: none. */
size_t study_first(const struct names *names, const char *const *wanted);

#endif
