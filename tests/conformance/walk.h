/* walk.h: walking the registry, and an object of each method to start from. */
#ifndef TESTS_CONFORMANCE_WALK_H
#define TESTS_CONFORMANCE_WALK_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "experiments/kernel/mem.h"
#include "experiments/registry.h"
#include "tests/tap.h"

static inline size_t param_count(const struct method *m)
{
  size_t n = 0;
  while (m->params && m->params[n].id)
    n++;
  return n;
}

/* The values that a method must be given: the example of each required row. Caller frees the array. */
static inline struct named_value *required_values(const struct method *m, size_t *n)
{
  struct named_value *v = xcalloc(param_count(m) + 8, sizeof *v);
  *n = 0;
  for (const struct param *p = m->params; p && p->id; p++)
    if (p->flags & PARAM_REQUIRED) {
      static const double cells[] = {0, 1, 1, 0};
      v[*n].name = p->id;
      if (p->type == PARAM_TABLE)
        v[*n].value = (struct value){.kind = VALUE_TABLE, .as.table = {2, 2, cells}};
      else
        v[*n].value = value_from_text(p, p->example ? p->example : "");
      ++*n;
    }
  return v;
}

/* The bits, not the values: -0 differs from 0, and nan equals itself. */
static inline bool same_bits(const void *a, const void *b, size_t size) { return size == 0 || memcmp(a, b, size) == 0; }

/* The method with its defaults (and examples where values are required), and `more` on top. */
static inline enum status base_object(struct object *out, const struct method *m, const struct named_value *more,
                                      size_t n_more, struct err *e)
{
  size_t n;
  struct named_value *v = required_values(m, &n);
  for (size_t i = 0; i < n_more && i < 8; i++)
    v[n++] = more[i];
  enum status s = params_parse(out, m, v, n, registry_find, e);
  free(v);
  return s;
}

/* Calls visit for each method of a kind (0: all); returns how many there are. */
static inline size_t walk(enum kind kind, void (*visit)(const struct method *m))
{
  size_t n = 0;
  for (size_t i = 0; i < registry_count(); i++)
    if (!kind || registry_at(i)->kind == kind) {
      visit(registry_at(i));
      n++;
    }
  return n;
}

static inline struct named_value number_value(const char *name, double v)
{
  return (struct named_value){name, {.kind = VALUE_REAL, .as.r = v}};
}

/* Values that switch weight decay off, where the method has it. */
static inline size_t no_decay(const struct method *m, struct named_value out[2])
{
  static const char *const names[] = {"weight_decay", "l2"};
  size_t n = 0;
  for (size_t i = 0; i < 2; i++)
    if (params_find(m, names[i]))
      out[n++] = number_value(names[i], 0);
  return n;
}

/* The source directory: $ASSAY_SOURCE, or the first parent of the working directory that holds it. */
static inline const char *source_dir(void)
{
  static char path[4096];
  const char *given = getenv("ASSAY_SOURCE");
  if (given)
    return given;
  snprintf(path, sizeof path, ".");
  for (size_t i = 0; i < 6; i++) {
    char *file = xasprintf("%s/experiments/methods.def", path);
    bool stands = access(file, R_OK) == 0;
    free(file);
    if (stands)
      return path;
    snprintf(path + 1 + 3 * i, sizeof path - 1 - 3 * i, "/..");
  }
  return NULL;
}

#endif
