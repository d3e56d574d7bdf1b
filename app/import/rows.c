/* rows.c: rows of named cells as runs, long or wide. See import.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "app/import/import.h"
#include "experiments/kernel/mem.h"

struct known_run {
  char *name;     /* experiment and label, with a line break between */
  json_t *config; /* as its first row had it */
  size_t at;
  int64_t steps;  /* rows so far: the step where there is no column for it (wide) */
  json_t *count;  /* the same for each key (long) */
};

struct import_rows {
  struct import *m;
  struct known_run *run;
  size_t n, last;
  size_t *slot, slots; /* open addressing: 1 + index into run; a power of two */
};

struct import_rows *import_rows_new(struct import *m)
{
  struct import_rows *r = xcalloc(1, sizeof *r);
  r->m = m;
  r->slots = 64;
  r->slot = xcalloc(r->slots, sizeof *r->slot);
  return r;
}

void import_rows_free(struct import_rows *r)
{
  for (size_t i = 0; i < r->n; i++) {
    free(r->run[i].name);
    json_decref(r->run[i].config);
    json_decref(r->run[i].count);
  }
  free(r->run);
  free(r->slot);
  free(r);
}

/* --- cells ------------------------------------------------------------------------------------ */

static const struct import_cell *find(const struct import_cell *cell, size_t n, const char *name)
{
  for (size_t i = 0; name && i < n; i++)
    if (strcmp(cell[i].name, name) == 0)
      return &cell[i];
  return NULL;
}

static bool listed(const char *const *list, size_t n, const char *name)
{
  for (size_t i = 0; i < n; i++)
    if (strcmp(list[i], name) == 0)
      return true;
  return false;
}

/* The cell as text, for labels; caller frees. */
static char *cell_label(const struct import_cell *c)
{
  switch (c->kind) {
  case CELL_TEXT: return xstrdup(c->text);
  case CELL_WHOLE: return xasprintf("%lld", (long long)c->whole);
  case CELL_NUMBER: return xasprintf("%.17g", c->number);
  default: return xstrdup("");
  }
}

static json_t *cell_json(const struct import_cell *c)
{
  switch (c->kind) {
  case CELL_TEXT: return json_string(c->text);
  case CELL_WHOLE: return json_integer(c->whole);
  case CELL_NUMBER: return isfinite(c->number) ? json_real(c->number) : json_string(isnan(c->number) ? "nan" : c->number > 0 ? "inf" : "-inf");
  default: return json_null();
  }
}

static double cell_number(const struct import_cell *c) { return c->kind == CELL_WHOLE ? (double)c->whole : c->number; }

static bool is_number(const struct import_cell *c) { return c->kind == CELL_NUMBER || c->kind == CELL_WHOLE; }

static bool is_uid(const char *s) { return strlen(s) == 32 && strspn(s, "0123456789abcdef") == 32; }

/* --- what the columns are --------------------------------------------------------------------- */

struct roles { const struct import_cell *run, *step, *key, *value, *experiment; bool uid; };

static enum status find_roles(const struct import_rows *r, const struct import_cell *cell, size_t n, const char *where, struct roles *out,
                              struct err *e)
{
  const struct import_settings *s = r->m->settings;
  *out = (struct roles){.run = find(cell, n, s->run), .step = find(cell, n, s->step), .key = find(cell, n, "key"),
                        .value = find(cell, n, "value"), .experiment = find(cell, n, "experiment")};
  if ((s->run && !out->run) || (s->step && !out->step))
    return err_set(e, STATUS_BAD_DATA, "%s: there is no column \"%s\"", where, s->run && !out->run ? s->run : s->step);
  if (!s->run) {
    const struct import_cell *uid = find(cell, n, "uid");
    out->uid = uid && uid->kind == CELL_TEXT && is_uid(uid->text);
    out->run = out->uid ? uid : find(cell, n, "run");
  }
  if (!out->step)
    out->step = find(cell, n, "step");
  if (!out->key || !out->value)
    out->key = out->value = NULL;
  return STATUS_OK;
}

/* Is this column a parameter of the run? Numbers in a wide table are only where --param says so, or for `seed`. */
static bool is_param(const struct import_rows *r, const struct roles *roles, const struct import_cell *c)
{
  const struct import_settings *s = r->m->settings;
  if (c == roles->run || c == roles->step || c == roles->key || c == roles->value || c == roles->experiment ||
      listed(s->skip, s->n_skipped, c->name) || (roles->uid && strcmp(c->name, "run") == 0))
    return false;
  return roles->key || c->kind == CELL_TEXT || strcmp(c->name, "seed") == 0 || listed(s->param, s->n_params, c->name);
}

static json_t *config_of(const struct import_rows *r, const struct roles *roles, const struct import_cell *cell, size_t n)
{
  json_t *o = json_object();
  for (size_t i = 0; i < n; i++)
    if (is_param(r, roles, &cell[i]) && cell[i].kind != CELL_NONE)
      json_object_set_new(o, cell[i].name, cell_json(&cell[i]));
  return o;
}

/* --- runs ------------------------------------------------------------------------------------- */

static size_t *slot_of(struct import_rows *r, const char *name)
{
  size_t i = XXH3_64bits(name, strlen(name)) & (r->slots - 1);
  while (r->slot[i] && strcmp(r->run[r->slot[i] - 1].name, name) != 0)
    i = (i + 1) & (r->slots - 1);
  return &r->slot[i];
}

static void grow(struct import_rows *r)
{
  free(r->slot);
  r->slots *= 2;
  r->slot = xcalloc(r->slots, sizeof *r->slot);
  for (size_t i = 0; i < r->n; i++)
    *slot_of(r, r->run[i].name) = i + 1;
}

/* A run whose parameters are unknown has its label for one: runs that may differ are never taken for repetitions. */
static enum status new_run(struct import_rows *r, const struct roles *roles, const char *name, json_t *config, struct err *e)
{
  const char *label = strchr(name, '\n') + 1;
  char *experiment = xasprintf("%.*s", (int)(label - 1 - name), name);
  struct known_run run = {.name = xstrdup(name), .config = config, .count = json_object()};
  json_t *own = json_copy(config);
  if (json_object_size(own) == (json_object_get(own, "seed") ? 1U : 0U))
    json_object_set_new(own, "run", json_string(label));
  const struct import_head head = {.uid = roles->uid ? label : NULL, .label = label, .experiment = experiment, .config = own,
                                   .note = roles->uid ? NULL : label};
  enum status s = import_begin(r->m, &head, &run.at, e);
  json_decref(own);
  free(experiment);
  if ((r->n & (r->n - 1)) == 0)
    r->run = xrealloc(r->run, (r->n ? 2 * r->n : 1) * sizeof *r->run);
  r->run[r->n] = run;
  *slot_of(r, name) = ++r->n;
  if (2 * r->n > r->slots)
    grow(r);
  return s;
}

/* The first parameter that a row gives otherwise than the run's first row; NULL: none. */
static const char *differing(const json_t *a, const json_t *b)
{
  for (void *i = json_object_iter((json_t *)b); i; i = json_object_iter_next((json_t *)b, i))
    if (!json_equal(json_object_iter_value(i), json_object_get(a, json_object_iter_key(i))))
      return json_object_iter_key(i);
  return NULL;
}

/* The run of a row: known, or begun with the parameters of this row. */
static enum status run_of(struct import_rows *r, const struct roles *roles, const struct import_cell *cell, size_t n, const char *where,
                          struct known_run **out, struct err *e)
{
  char *label = roles->run ? cell_label(roles->run) : xstrdup(r->m->name);
  char *experiment = roles->experiment && roles->experiment->kind != CELL_NONE ? cell_label(roles->experiment) : xstrdup(r->m->name);
  char *name = xasprintf("%s\n%s", experiment, label);
  json_t *config = config_of(r, roles, cell, n);
  enum status s = STATUS_OK;
  bool same = r->n && strcmp(r->run[r->last].name, name) == 0;
  size_t found = same ? r->last + 1 : *slot_of(r, name);
  const char *key = found ? differing(r->run[found - 1].config, config) : NULL;
  if (!*label || strchr(experiment, '\n'))
    s = err_set(e, STATUS_BAD_DATA, "%s: the row belongs to no run: column \"%s\" is empty", where, roles->run ? roles->run->name : "run");
  else if (key)
    s = err_set(e, STATUS_BAD_DATA, "%s: \"%.60s\" changes within run \"%.60s\": a parameter does not (a metric must be a number; --skip %.60s "
                "leaves the column out)", where, key, label, key);
  else if (!found)
    s = new_run(r, roles, name, json_incref(config), e);
  if (s == STATUS_OK) {
    r->last = found ? found - 1 : r->n - 1;
    *out = &r->run[r->last];
  }
  json_decref(config);
  free(name);
  free(experiment);
  free(label);
  return s;
}

/* --- points ----------------------------------------------------------------------------------- */

static enum status step_of(const struct import_cell *c, const char *where, int64_t otherwise, int64_t *step, struct err *e)
{
  *step = otherwise;
  if (!c)
    return STATUS_OK;
  if (c->kind == CELL_WHOLE) {
    *step = c->whole;
    return STATUS_OK;
  }
  if (c->kind != CELL_NUMBER || !(fabs(c->number) < 9e15) || floor(c->number) != c->number)
    return err_set(e, STATUS_BAD_DATA, "%s: column \"%s\" must hold a whole number, the step (--step names another column)", where, c->name);
  *step = (int64_t)c->number;
  return STATUS_OK;
}

static enum status take_long(struct import_rows *r, const struct roles *roles, struct known_run *run, const char *where, struct err *e)
{
  int64_t step;
  if (roles->key->kind != CELL_TEXT || !*roles->key->text)
    return err_set(e, STATUS_BAD_DATA, "%s: column \"key\" must hold the name of a metric", where);
  if (roles->value->kind == CELL_TEXT)
    return err_set(e, STATUS_BAD_DATA, "%s: column \"value\" must hold a number, not \"%.60s\"", where, roles->value->text);
  const char *key = roles->key->text;
  int64_t before = json_integer_value(json_object_get(run->count, key));
  if (!roles->step)
    json_object_set_new(run->count, key, json_integer(before + 1));
  enum status s = step_of(roles->step, where, before, &step, e);
  return s ? s : import_point(r->m, run->at, key, step, roles->value->kind == CELL_NONE ? (double)NAN : cell_number(roles->value), e);
}

static enum status take_wide(struct import_rows *r, const struct roles *roles, const struct import_cell *cell, size_t n, struct known_run *run,
                             const char *where, struct err *e)
{
  const struct import_settings *set = r->m->settings;
  int64_t step;
  enum status s = step_of(roles->step, where, run->steps++, &step, e);
  for (size_t i = 0; s == STATUS_OK && i < n; i++) {
    const struct import_cell *c = &cell[i];
    if (is_number(c) && c != roles->run && c != roles->step && c != roles->experiment && !is_param(r, roles, c) &&
        !listed(set->skip, set->n_skipped, c->name) && !(roles->uid && strcmp(c->name, "run") == 0))
      s = import_point(r->m, run->at, c->name, step, cell_number(c), e);
  }
  return s;
}

enum status import_rows_take(struct import_rows *r, const struct import_cell *cell, size_t n, const char *where, struct err *e)
{
  struct roles roles;
  struct known_run *run = NULL;
  enum status s = find_roles(r, cell, n, where, &roles, e);
  if (s == STATUS_OK)
    s = run_of(r, &roles, cell, n, where, &run, e);
  if (s != STATUS_OK)
    return s;
  return roles.key ? take_long(r, &roles, run, where, e) : take_wide(r, &roles, cell, n, run, where, e);
}
