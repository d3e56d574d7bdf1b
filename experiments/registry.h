/* registry.h: the one list of methods (methods.def), and what can be derived from it. */
#ifndef ASSAY_REGISTRY_H
#define ASSAY_REGISTRY_H

#include "experiments/method.h"
#include "experiments/params.h"

size_t registry_count(void);
const struct method *registry_at(size_t i);                              /* sorted by kind, then id */
const struct method *registry_find(enum kind kind, const char *id);      /* NULL if absent; a method_finder */
/* Find or explain: unknown id -> STATUS_BAD_ARG with the nearest one suggested. */
NODISCARD enum status registry_get(const struct method **out, enum kind kind, const char *id, struct err *e);
/* registry_get + params_parse. */
NODISCARD enum status registry_object(struct object *out, enum kind kind, const char *id,
                                      const struct named_value *values, size_t n, struct err *e);

/* Tests register one more method at run time (the canary); NULL takes it away. */
void registry_set_extra(const struct method *m);

/* Everything about one method or all of them: for `assay methods`, help(x), the manual. Caller frees. */
char *method_help(const struct method *m, int width);   /* formula, parameters with ranges, citation, example */
char *methods_json(enum kind kind /* 0: all */, const char *id /* NULL: all */);
char *methods_table(enum kind kind, int width);         /* one line each: id, summary */

#endif
