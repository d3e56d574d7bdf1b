/* query_data.h: the answer to a question in SQL, read aside, and the names by which one can ask. */
#ifndef ASSAY_UI_QUERY_DATA_H
#define ASSAY_UI_QUERY_DATA_H

#include "app/reading.h"
#include "app/ui/ui.h"

struct query_result {
  struct names names;        /* columns */
  struct store_cell *cell;   /* rows x names.n, owned */
  size_t n_rows;
  bool cut;                  /* there were more rows than the memory of a workbench is for */
  size_t *order;             /* rows as seen */
};

/* Ask and read. False: *problem says why (caller frees); *refused: the SQL itself is at fault. */
bool query_ask(struct query_result *r, struct app *app, struct store *s, const char *sql, char **problem, bool *refused);
void query_result_free(struct query_result *r);
const struct store_cell *query_cell(const struct query_result *r, size_t at, size_t column); /* `at`: as seen */
double query_number(const struct store_cell *c); /* NaN: it is none */
bool query_is_number(const struct query_result *r, size_t column); /* the first value that there is, is a number */
void query_sort(struct query_result *r, size_t column, bool descending); /* numbers, texts, then nothing, as SQL orders them but for that */

/* Tables and views with their columns, and the keys that runs, results and metrics have. */
struct query_schema {
  struct names tables, table_of, columns; /* columns.name[i] is one of table_of.name[i] */
  struct names params, results, metrics, experiments;
};
void query_schema_load(struct query_schema *q, struct app *app, struct store *s);
void query_schema_free(struct query_schema *q);
/* What may stand at the cursor, for ui_question.candidates: tables behind FROM, columns of the tables that the text names, keys and
 * states as values, else words of SQL. Caller frees. */
char *query_candidates(const struct query_schema *q, const char *text, size_t cursor);

#endif
