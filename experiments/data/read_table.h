/* read_table.h: text tables (CSV, TSV), plain or gzipped, one record at a time.
 *
 * Read: UTF-8 with or without byte order mark; LF, CRLF or CR; fields in double quotes with "" for a
 * quote, and separators and newlines inside (RFC 4180); blank lines are skipped. Refused, with the line:
 * rows of another length than the first, an open quote, text after a closing quote, zero bytes.
 * Numbers are read in the C locale whatever the user's is. */
#ifndef ASSAY_DATA_READ_TABLE_H
#define ASSAY_DATA_READ_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "experiments/kernel/err.h"

/* AUTO: a first line of numbers is data, one of words is a header, one with both is refused. */
enum table_header { TABLE_HEADER_AUTO, TABLE_HEADER_YES, TABLE_HEADER_NO };
/* AUTO: a tab if the first line has tabs and no commas, else a comma. A first line that seems to be
 * separated by semicolons is refused with the cure: it is never guessed. */
enum table_separator { TABLE_AUTO, TABLE_COMMA, TABLE_TAB, TABLE_SEMICOLON };

struct table_options {
  enum table_header header;
  enum table_separator separator;
  bool decimal_comma; /* 1,5 means 1.5 */
  size_t skip;        /* lines before the table */
};

struct table_state; /* private to read_table.c */

struct table {
  size_t cols;
  char **names;   /* cols column names, or NULL: no header */
  char **field;   /* cols fields of the current record, owned, until the next call */
  uint64_t line;  /* line on which the current record starts, from 1 */
  struct table_state *state;
};

/* Open, and read as far as the header. cols = 0: there is no line at all. */
NODISCARD enum status table_open(struct table *t, const char *path, const struct table_options *o, struct err *e);
void table_close(struct table *t); /* twice is harmless */
/* The next record; *more = false after the last. */
NODISCARD enum status table_next(struct table *t, bool *more, struct err *e);

/* Is field j empty, `?` or `NA` (blanks around it do not count)? */
bool table_missing(const struct table *t, size_t j);
/* Field j as a finite number; the error names file, line and column. */
NODISCARD enum status table_number(struct table *t, size_t j, double *v, struct err *e);
/* The same without a message; false if it is none (or not finite). */
bool table_is_number(const struct table *t, size_t j, double *v);
/* Field j without the blanks around it, which are cut off in place. */
char *table_text(struct table *t, size_t j);
/* Fill e with "FILE: line 3, column 2 (name): …". */
enum status table_error(const struct table *t, size_t j, struct err *e, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* s in quotes, shortened and printable, for messages; returns out. */
#define TEXT_QUOTE_MAX 64
const char *text_quote(const char *s, char out[TEXT_QUOTE_MAX]);

#endif
