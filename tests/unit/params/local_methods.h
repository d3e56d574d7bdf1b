/* local_methods.h: small descriptors that the tests of this folder share. */
#ifndef TESTS_LOCAL_METHODS_H
#define TESTS_LOCAL_METHODS_H

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/params.h"
#include "tests/tap.h"

struct inner_conf { double rate; };
static const struct param inner_params[] = {
  {.id = "rate", .type = PARAM_REAL, .at = offsetof(struct inner_conf, rate), .def = 0.5, .min = 0, .max = 1,
   .doc = "rate"},
  {0},
};
static const struct method inner = {.kind = KIND_OPTIMIZER, .id = "inner", .name = "Inner", .summary = "s",
                                    .conf_size = sizeof(struct inner_conf), .params = inner_params};

static const struct method bare = {.kind = KIND_SAMPLER, .id = "bare", .name = "Bare", .summary = "s"};

struct outer_conf {
  double peak, ratio, gap;
  int64_t steps, count;
  bool warm;
  int shape;
  char *file;
  struct param_list hidden;
  struct object rule;
  struct param_table *rows;
};
static const char *const shapes[] = {"linear", "cosine", "constant", NULL};
#define AT(field) offsetof(struct outer_conf, field)
static const struct param outer_params[] = {
  {.id = "peak", .type = PARAM_REAL, .at = AT(peak), .def = 0.1, .min = 0, .max = INFINITY, .flags = PARAM_MIN_OPEN,
   .doc = "largest rate"},
  {.id = "ratio", .type = PARAM_REAL, .at = AT(ratio), .def = 0.5, .min = 0, .max = 1, .flags = PARAM_MAX_OPEN,
   .doc = "ratio"},
  {.id = "gap", .type = PARAM_REAL, .at = AT(gap), .flags = PARAM_AUTO, .min = -1, .max = 1, .doc = "gap"},
  {.id = "steps", .type = PARAM_INT, .at = AT(steps), .flags = PARAM_AUTO, .min = 1, .max = 1e12, .doc = "updates"},
  {.id = "count", .type = PARAM_INT, .at = AT(count), .def = 3, .doc = "unlimited"},
  {.id = "warm", .type = PARAM_BOOL, .at = AT(warm), .def = 1, .doc = "warm"},
  {.id = "shape", .type = PARAM_CHOICE, .at = AT(shape), .def = 1, .choices = shapes, .doc = "shape"},
  {.id = "file", .type = PARAM_STRING, .at = AT(file), .doc = "file"},
  {.id = "hidden", .type = PARAM_LIST, .at = AT(hidden), .def_text = "256,256", .min = 1, .max = 1e6, .doc = "sizes"},
  {.id = "rule", .type = PARAM_METHOD, .at = AT(rule), .of = KIND_OPTIMIZER, .def_text = "inner", .doc = "rule"},
  {.id = "rows", .type = PARAM_TABLE, .at = AT(rows), .doc = "rows"},
  {0},
};
static inline enum status outer_resolve(void *conf, struct err *e)
{
  struct outer_conf *c = conf;
  if (isnan(c->gap))
    c->gap = c->ratio / 2;
  return c->ratio > 0.9 && c->warm ? err_set(e, STATUS_BAD_ARG, "ratio above 0.9 needs warm = false") : STATUS_OK;
}
static const struct method outer = {.kind = KIND_SCHEDULE, .id = "outer", .name = "Outer", .summary = "s",
                                    .conf_size = sizeof(struct outer_conf), .params = outer_params,
                                    .resolve = outer_resolve};

struct strict_conf { char *path; };
static const struct param strict_params[] = {
  {.id = "path", .type = PARAM_STRING, .at = offsetof(struct strict_conf, path),
   .flags = PARAM_REQUIRED | PARAM_FILE, .doc = "the file to read"},
  {0},
};
static const struct method strict = {.kind = KIND_DATA, .id = "strict", .name = "Strict", .summary = "s",
                                     .conf_size = sizeof(struct strict_conf), .params = strict_params};

struct many_conf { struct param_objects rules; };
static const struct param many_params[] = {
  {.id = "rules", .type = PARAM_METHODS, .at = offsetof(struct many_conf, rules), .of = KIND_OPTIMIZER, .def_text = "inner,inner",
   .doc = "rules"},
  {0},
};
static const struct method many = {.kind = KIND_SCHEDULE, .id = "many", .name = "Many", .summary = "s",
                                   .conf_size = sizeof(struct many_conf), .params = many_params};

static inline const struct method *local_find(enum kind kind, const char *id)
{
  static const struct method *const all[] = {&inner, &bare, &outer, &strict, &many};
  for (size_t i = 0; i < sizeof all / sizeof(struct method *); i++)
    if (all[i]->kind == kind && strcmp(all[i]->id, id) == 0)
      return all[i];
  return NULL;
}

static inline struct named_value real(const char *name, double v)
{
  return (struct named_value){name, {.kind = VALUE_REAL, .as.r = v}};
}
static inline struct named_value integer(const char *name, int64_t v)
{
  return (struct named_value){name, {.kind = VALUE_INT, .as.i = v}};
}
static inline struct named_value string(const char *name, const char *v)
{
  return (struct named_value){name, {.kind = VALUE_STRING, .as.s = v}};
}
static inline struct named_value boolean(const char *name, bool v)
{
  return (struct named_value){name, {.kind = VALUE_BOOL, .as.b = v}};
}
static inline struct named_value list(const char *name, size_t n, const double *v)
{
  return (struct named_value){name, {.kind = VALUE_LIST, .as.list = {n, v}}};
}
static inline struct named_value table(const char *name, size_t rows, size_t cols, const double *v)
{
  return (struct named_value){name, {.kind = VALUE_TABLE, .as.table = {rows, cols, v}}};
}
static inline struct named_value object(const char *name, const struct object *o)
{
  return (struct named_value){name, {.kind = VALUE_OBJECT, .as.object = o}};
}

#endif
