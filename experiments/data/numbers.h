/* numbers.h: decimal numbers in memory, read in the C locale whatever the user's is. */
#ifndef ASSAY_DATA_NUMBERS_H
#define ASSAY_DATA_NUMBERS_H

#include <locale.h>
#include <stdbool.h>
#include <stddef.h>

/* The number that all of s[0..n) spells: optional sign, digits with at most one decimal mark ('.' or ','), optional
 * exponent; no hexadecimal, "inf" or "nan". False if it is none. A number too large gives infinity. c: the C locale. */
bool number_parse(const char *s, size_t n, char mark, locale_t c, double *v);

#endif
