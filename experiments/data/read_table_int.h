/* read_table_int.h: what read_table.c and read_number.c share. Not for others. */
#ifndef ASSAY_DATA_READ_TABLE_INT_H
#define ASSAY_DATA_READ_TABLE_INT_H

#include <locale.h>

#include "experiments/data/read_table.h"

#define RECORD_MAX (64u << 20) /* bytes of one record */
#define FIELDS_MAX (4u << 20)  /* fields of one record */

struct table_state {
  struct byte_source *source; /* owned */
  int separator;
  bool decimal_comma;
  locale_t c_locale;
  char *text;        /* the fields of the record, one after the other, each ended by a zero; owned */
  size_t length, room;
  size_t *start;     /* where each field starts in text; owned */
  size_t fields, field_room;
  uint64_t next_line, record_line, first_line;
  bool held;         /* the first record is data and has not been handed out */
  enum status failed; /* of the source */
  struct err why;
  size_t at, end;    /* unread bytes of the chunk */
  unsigned char chunk[64 * 1024];
};

NODISCARD enum status numbers_start(struct table_state *s, struct err *e);
void numbers_end(struct table_state *s);

#endif
