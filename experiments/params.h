/* params.h: typed parameters: the only place that knows defaults, ranges and "did you mean".
 *
 * Values come from Lua tables, `k=v` words, forms or stored JSON; each source first becomes an array
 * of struct named_value, then params_parse() checks it against the descriptor's rows and fills the
 * method's own struct conf. */
#ifndef ASSAY_PARAMS_H
#define ASSAY_PARAMS_H

#include <stdint.h>

#include "experiments/method.h"

enum value_kind { VALUE_NIL, VALUE_BOOL, VALUE_INT, VALUE_REAL, VALUE_STRING, VALUE_LIST, VALUE_TABLE, VALUE_OBJECT, VALUE_OBJECTS };

struct value {
  enum value_kind kind;
  union {
    bool b;
    int64_t i;
    double r;
    const char *s;                   /* borrowed */
    struct { size_t n; const double *v; } list;  /* borrowed */
    struct { size_t rows, cols; const double *v; } table;
    const struct object *object;     /* borrowed; copied into the conf */
    struct { size_t n; const struct object *const *v; } objects; /* the same; none is NULL */
  } as;
};

struct named_value { const char *name; struct value value; };

/* How params_parse finds a method by kind and id (the registry stands to the right of this layer). */
typedef const struct method *method_finder(enum kind kind, const char *id);

/* out->conf = a new conf: defaults, then the values given. Errors name the method and the parameter,
 * the value seen, what is allowed, and the nearest valid name:
 *   schedule "cosine" has no parameter "pek"; did you mean "peak"?
 *   schedule "cosine": peak must be a number > 0, got "x"
 * A PARAM_METHOD accepts an object or the id of a method (with its defaults), through `find`; PARAM_METHODS a list of
 * objects, one object, or ids "warmup,cosine". A nil
 * value counts as not given; of equal names the last counts; "auto" stands for a PARAM_AUTO default.
 * Whole reals pass for integers, integers for reals, one number or "256,256" for a list. */
NODISCARD enum status params_parse(struct object *out, const struct method *m, const struct named_value *values,
                                   size_t n, method_finder *find, struct err *e);
void object_free(struct object *o); /* frees conf and what it owns; twice is harmless */
/* Deep. */
NODISCARD enum status object_copy(struct object *out, const struct object *o, struct err *e);

/* Canonical text: {"id":"cosine","kind":"schedule","params":{…}} with sorted keys, every default filled
 * in and shortest round-trip numbers. Caller frees. Equal objects give equal bytes. */
char *object_json(const struct object *o);
NODISCARD enum status object_from_json(struct object *out, const char *json, method_finder *find, struct err *e);
/* "cosine  peak 0.1  steps 1000  warmup 50": what differs from the defaults, readable. Caller frees. */
char *object_text(const struct object *o);

/* Does `needs` of the method hold this word? */
bool method_needs(const struct method *m, const char *need);
/* … or that of a method among its parameters? o may be NULL: no. */
bool object_needs(const struct object *o, const char *need);
/* The same without its parameters of kind `but`. */
bool object_needs_but(const struct object *o, const char *need, enum kind but);

const struct param *params_find(const struct method *m, const char *id); /* NULL if absent */
/* A word of the command line or of a form as a value for this row: a number, true or false where the
 * row wants one and the text is one; else the text itself, which params_parse accepts ("linear",
 * "256,256", "auto", "adam") or explains. Borrows text. */
struct value value_from_text(const struct param *p, const char *text);
/* params_parse for words "peak=0.1"; the last of equal names counts. */
NODISCARD enum status params_from_words(struct object *out, const struct method *m, const char *const *words, size_t n,
                                        method_finder *find, struct err *e);

/* The value of one parameter as text: "0.1", "auto", "256,256", "sgd(momentum 0.9)", "none". Caller frees. */
char *param_text(const struct param *p, const void *conf);
/* The same for the row's default; NULL for a required parameter. */
char *param_default_text(const struct param *p);

/* The nearest of n names within an edit distance of about a third of its length; NULL if none. */
const char *nearest_name(const char *word, const char *const *names, size_t n);

/* JSON numbers: shortest decimal that reads back to the same double ("0.1", not "0.10000000000000001");
 * buffer of at least 32 bytes. NaN and infinities become null, "inf", "-inf" (with quotes). */
void json_number(double v, char out[32]);

#endif
