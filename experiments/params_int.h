/* params_int.h: what the params_*.c files share. Not for others. */
#ifndef ASSAY_PARAMS_INT_H
#define ASSAY_PARAMS_INT_H

#include <stdio.h>

#include "experiments/params.h"

/* Room for a value as it appears in a message. */
#define SHOWN_MAX 96

static inline void *param_at(const struct param *p, void *conf) { return (char *)conf + p->at; }
static inline const void *param_at_const(const struct param *p, const void *conf) { return (const char *)conf + p->at; }

/* Set one parameter. The message starts with the parameter's name; the caller puts the method in front. */
NODISCARD enum status param_set(const struct param *p, void *conf, const struct value *v, method_finder *find,
                                struct err *e);
/* Set one parameter to its default. */
NODISCARD enum status param_set_default(const struct param *p, void *conf, method_finder *find, struct err *e);
/* Release what one parameter owns and zero it. */
void param_release(const struct param *p, void *conf);

/* "a number in [0, 1)", "one of \"linear\", \"cosine\"", … */
void param_allowed(const struct param *p, char *out, size_t size);
/* A value as a message shows it: short, printable, strings in quotes. */
void value_show(const struct value *v, char out[SHOWN_MAX]);
/* A string in quotes: shortened, control characters escaped. */
void text_show(const char *s, char out[SHOWN_MAX]);
/* Like json_number, but "1e12" rather than "1000000000000", and nan, inf, -inf without quotes. */
void number_show(double v, char out[32]);

/* "1,2.5" or "[1, 2.5]" or "{1, 2.5}" -> numbers; false when it is none. Caller frees out->v. */
bool list_from_text(struct param_list *out, const char *text);
/* A whole text as one number, in the C locale, blanks around it allowed; false when it is none. */
bool number_from_text(double *out, const char *text);
/* The default of a list row. */
bool list_default(struct param_list *out, const struct param *p);

#endif
