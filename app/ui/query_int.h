/* query_int.h: screen 9, for its own files: view_query.c asks and answers keys, query_typing.c helps while a query is typed,
 * query_saved.c keeps queries, query_table.c shows the answer. */
#ifndef ASSAY_UI_QUERY_INT_H
#define ASSAY_UI_QUERY_INT_H

#include "app/ui/query_data.h"

struct query {
  struct ui *ui;
  struct list list;
  struct query_result result;
  char *sql;                 /* as asked last; owned */
  bool answered, plot, log_x, log_y;
  char *problem;
  double seconds;
  struct asking_store *job;
  struct checking_sql *checking;
  struct query_schema schema;
  struct names choices;      /* of the menu of queries: their texts */
  struct area table;
};

/* Ask the store; what was asked before is given up. */
void query_start(struct query *v, const char *sql);

/* Type a query; what is wrong with it, or the columns that it will show, stands above the line. */
void query_type(struct query *v, const char *initial);
/* The last one, or a new one. */
void query_edit(struct query *v);
void query_typing_end(struct query *v); /* for the view's end */

void query_choose(struct query *v); /* a menu of queries */
void query_save(struct query *v);   /* asks for a name */

void query_table_init(struct query *v);
void query_table_sort(struct query *v);           /* by the column under the cursor */
void query_table_mark(struct query *v, bool all); /* the runs of its rows */
void query_table_show_cell(struct query *v);      /* the whole of it, in a pager */
/* The column under the cursor as a plot. */
void query_draw_column(const struct query *v, struct plot_grid *g, struct area a);

#endif
