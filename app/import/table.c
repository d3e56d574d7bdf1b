/* table.c: CSV and TSV, plain or gzipped, as rows. See import.h.
 *
 * An empty field is no value: in a long table a point that is NaN (so writes `assay export`), in a wide one none. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <utf8proc.h>

#include "app/import/import.h"
#include "experiments/data/read_table.h"
#include "experiments/kernel/mem.h"

/* nan, inf and their signed and long forms, which are no decimal numbers but numbers to everybody who writes tables. */
static bool not_finite(const char *s, double *v)
{
  const char *word = s + (*s == '-' || *s == '+');
  if (strcasecmp(word, "nan") == 0)
    *v = (double)NAN;
  else if (strcasecmp(word, "inf") == 0 || strcasecmp(word, "infinity") == 0)
    *v = *s == '-' ? -(double)INFINITY : (double)INFINITY;
  else
    return false;
  return true;
}

static bool whole(const char *s, int64_t *v)
{
  char *end;
  if (s[strspn(s, "+-0123456789")])
    return false;
  errno = 0;
  *v = strtoll(s, &end, 10);
  return end != s && !*end && !errno;
}

static bool is_utf8(const char *s)
{
  utf8proc_int32_t c;
  for (utf8proc_ssize_t n; *s; s += n)
    if ((n = utf8proc_iterate((const utf8proc_uint8_t *)s, -1, &c)) <= 0)
      return false;
  return true;
}

static struct import_cell read_cell(struct table *t, size_t j)
{
  struct import_cell c = {.name = t->names[j]};
  const char *text = table_text(t, j);
  if (!*text || strcmp(text, "\\N") == 0) /* NULL in the TSV of `assay export` and of databases */
    c.kind = CELL_NONE;
  else if (whole(text, &c.whole))
    c.kind = CELL_WHOLE;
  else if (not_finite(text, &c.number) || table_is_number(t, j, &c.number))
    c.kind = CELL_NUMBER;
  else {
    c.kind = CELL_TEXT;
    c.text = text;
  }
  return c;
}

static enum status check_names(const struct table *t, const char *path, struct err *e)
{
  char quoted[TEXT_QUOTE_MAX];
  if (!t->names)
    return err_set(e, STATUS_BAD_DATA, "%s: line 1 must name the columns", path);
  for (size_t j = 0; j < t->cols; j++) {
    if (!is_utf8(t->names[j]))
      return err_set(e, STATUS_BAD_DATA, "%s: line 1: the name of column %zu is not UTF-8", path, j + 1);
    for (size_t k = 0; k < j; k++)
      if (strcmp(t->names[j], t->names[k]) == 0)
        return err_set(e, STATUS_BAD_DATA, "%s: line 1: two columns are called %s", path, text_quote(t->names[j], quoted));
  }
  return STATUS_OK;
}

static enum status take_record(struct import_rows *rows, struct table *t, struct import_cell *cell, const char *path, struct err *e)
{
  enum status s = STATUS_OK;
  for (size_t j = 0; j < t->cols && s == STATUS_OK; j++) {
    cell[j] = read_cell(t, j);
    if (cell[j].kind == CELL_TEXT && !is_utf8(cell[j].text))
      s = table_error(t, j, e, "not UTF-8 text");
  }
  char *where = xasprintf("%s: line %llu", path, (unsigned long long)t->line);
  if (s == STATUS_OK)
    s = import_rows_take(rows, cell, t->cols, where, e);
  free(where);
  return s;
}

enum status import_table(struct import *m, const char *path, struct err *e)
{
  struct table t;
  bool more = true;
  const struct table_options options = {.header = TABLE_HEADER_YES};
  enum status s = table_open(&t, path, &options, e);
  if (s != STATUS_OK)
    return s;
  struct import_rows *rows = import_rows_new(m);
  struct import_cell *cell = xcalloc(t.cols + 1, sizeof *cell);
  if (t.cols)
    s = check_names(&t, path, e);
  while (s == STATUS_OK && t.cols && (s = table_next(&t, &more, e)) == STATUS_OK && more)
    s = take_record(rows, &t, cell, path, e);
  free(cell);
  import_rows_free(rows);
  table_close(&t);
  return s;
}
