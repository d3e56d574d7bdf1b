/* sql_words.h: what may be completed in a line of SQL, for the filter of runs and for queries. */
#ifndef ASSAY_UI_SQL_WORDS_H
#define ASSAY_UI_SQL_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* What is written before the cursor: the beginning of a word or of a text in quotes, and the name whose value it is. */
struct sql_spot {
  const char *word; size_t n; /* what has been typed of it */
  bool value, in_quotes;      /* a value is due; its quote stands already */
  char name[128];             /* the name before: whose value it is behind an operator */
  char keyword[16];           /* the last word of SQL that says what follows: select, from, where, … ; lower case */
};

struct sql_spot sql_spot_find(const char *text, size_t cursor);

/* Write a candidate, on a line of its own, if it begins as the spot does: as it stands; a name, in quotes where SQL needs them; a
 * text as SQL writes it, behind an opening quote only what follows that. */
void sql_offer(FILE *f, const struct sql_spot *at, const char *text);
void sql_offer_name(FILE *f, const struct sql_spot *at, const char *name);
void sql_offer_text(FILE *f, const struct sql_spot *at, const char *text);

/* One piece of SQL at s: a text in quotes (open: it does not end before `end`), a word with its dots, or one other character. */
size_t sql_piece(const char *s, const char *end, bool *open);
bool sql_is_word(char c);

#endif
