/* rows.h: how a row of a listing is called on the screen. */
#ifndef ASSAY_UI_ROWS_H
#define ASSAY_UI_ROWS_H

#include "app/listing.h"

/* A parameter's value for people. Caller frees. */
char *row_param_text(const struct store_cell *c);
/* Its name without the prefix of what are a script's own parameters. */
const char *row_param_name(const char *name);
/* "cosine peak=0.1": what tells this row from the others; words stand alone, numbers with their name. Caller frees. */
char *row_config_text(const struct listing *l, size_t row);
/* The order of two rows by what that text shows, part by part: numbers by their value. <0, 0, >0. */
int row_config_compare(const struct listing *l, size_t a, size_t b);
/* Index of a parameter or result; SIZE_MAX: none. */
size_t row_find(const struct names *names, const char *name);

#endif
