/* runs_int.h: the screen of runs, for the files that make it up: view_runs.c the screen, runs_draw.c what
 * surrounds the table, runs_asking.c the filter being typed, runs_columns.c its columns, runs_cells.c what
 * stands in them, runs_curves.c sparklines, runs_changes.c tags, notes, trash and their undoing. */
#ifndef ASSAY_UI_RUNS_INT_H
#define ASSAY_UI_RUNS_INT_H

#include "app/ui/rows.h"
#include "app/ui/run_again.h"
#include "app/ui/runs_data.h"
#include "app/ui/runs_filter.h"

enum { SPARK_POINTS = 10 };

/* What a column shows. */
enum what { SHOW_ID, SHOW_STATUS, SHOW_CONFIG, SHOW_EXPERIMENT, SHOW_N, SHOW_CHOSEN_FROM, SHOW_TAGS, SHOW_NOTE, SHOW_RESULT, SHOW_BEST, SHOW_CURVE, SHOW_PARAM,
            SHOW_WALL, SHOW_STARTED };
struct shown { enum what what; size_t index; }; /* index: of a result, parameter or metric */

struct runs {
  struct ui *ui;
  struct list list;
  struct shown *shown;           /* one per column, by its source */
  bool columns_stand; enum runs_fold columns_fold; /* what the columns are of */
  struct runs_ask ask;
  struct runs_data data;
  bool loaded, again;            /* data stands; ask once more when the job is back */
  char *problem;                 /* why there is nothing; owned */
  struct loading *job;
  char *typed;                   /* the filter that was typed and is being tried; owned */
  struct checking *checking;     /* of the filter while it is typed */
  char *curve;                   /* metric of the column of curves; NULL: the one that goes with the score */
  struct curves *curves;
  struct changes *changes;
  struct run_again_form again_form; /* for doing runs again as they were; its form is never open here */
  struct area body, table;
  struct { struct names all; bool *on; } choosing; /* columns: what the menu offers, and what is ticked */
};

void runs_reload(struct runs *v);
/* The runs of a row. Caller frees *out. */
size_t runs_of_row(const struct runs *v, size_t at, int64_t **out);

/* --- around the table (runs_draw.c), the filter being typed (runs_asking.c) ----------------------------------------- */

void runs_draw_same(const struct runs *v, struct plot_grid *g, int row, int width);
void runs_draw_foot(const struct runs *v, struct plot_grid *g, int row, int width);
void runs_draw_nothing(const struct runs *v, struct plot_grid *g, struct area a);
void runs_say_title(void *self, char *out, size_t size);
void runs_ask_filter(struct runs *v, const char *initial);
void runs_stop_checking(struct runs *v);

/* --- columns and cells (runs_columns.c, runs_cells.c) ------------------------------------------------------------------------ */

void runs_make_columns(struct runs *v);
char *runs_cell(void *self, size_t at, size_t source, struct plot_cell *style);
bool runs_draw_cell(void *self, struct plot_grid *g, size_t at, size_t source, struct area a);
unsigned runs_choose_columns(struct runs *v);
unsigned runs_sort_here(struct runs *v);
/* The result under the cursor; NULL: none there. */
const char *runs_result_here(const struct runs *v);
/* All rows as CSV: numbers with every digit, a mean with its interval and count. Caller frees. */
char *runs_csv(struct runs *v);
/* Columns as they are, kept for the next time; and which were asked for the last time. */
void runs_keep_columns(struct runs *v);
void runs_recall_columns(struct runs *v);

/* --- sparklines (runs_curves.c) ---------------------------------------------------------------------------------- */

struct curves *curves_new(struct ui *ui);
void curves_free(struct curves *c); /* drops its job */
/* Values of a run's metric at SPARK_POINTS steps; NULL: not read yet. */
const double *curves_find(const struct curves *c, int64_t run, int64_t metric_id);
/* They may have grown: read again what is seen of runs that run. */
void curves_outdate(struct curves *c);
/* Ask for the curves of these runs that are not there; busy: something is being read already. */
void curves_want(struct curves *c, const int64_t *run, const int64_t *metric_id, size_t n);

/* --- changes (runs_changes.c) ---------------------------------------------------------------------------------------- */

struct changes *changes_new(struct runs *v);
void changes_free(struct changes *c); /* when the workbench ends: what was asked for is still written */
unsigned changes_ask(struct changes *c, enum request r); /* tag, note or trash: of the marked runs, or the selected row's */
unsigned changes_undo(struct changes *c);

#endif
