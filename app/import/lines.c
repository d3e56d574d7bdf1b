/* lines.c: JSON lines, plain or gzipped: points or steps as flat objects, or whole runs. See import.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/import/import.h"
#include "experiments/data/read_whole.h"
#include "experiments/kernel/mem.h"

static enum status read_cell(const char *name, const json_t *v, const char *where, struct import_cell *c, struct err *e)
{
  *c = (struct import_cell){.name = name};
  switch (json_typeof(v)) {
  case JSON_INTEGER: c->kind = CELL_WHOLE; c->whole = json_integer_value(v); return STATUS_OK;
  case JSON_REAL: c->kind = CELL_NUMBER; c->number = json_real_value(v); return STATUS_OK;
  case JSON_TRUE:
  case JSON_FALSE: c->kind = CELL_TEXT; c->text = json_is_true(v) ? "true" : "false"; return STATUS_OK;
  case JSON_NULL: return STATUS_OK;
  case JSON_STRING:
    c->kind = CELL_TEXT;
    c->text = json_string_value(v);
    if (strcmp(c->text, "inf") == 0 || strcmp(c->text, "-inf") == 0) { /* as `assay export` writes them */
      c->kind = CELL_NUMBER;
      c->number = *c->text == '-' ? -(double)INFINITY : (double)INFINITY;
    }
    return STATUS_OK;
  default:
    return err_set(e, STATUS_BAD_DATA, "%s: \"%.60s\" is a list or an object; a row holds numbers and texts", where, name);
  }
}

static enum status take_row(struct import_rows *rows, const json_t *o, const char *where, struct err *e)
{
  struct import_cell *cell = xcalloc(json_object_size(o) + 1, sizeof *cell);
  size_t n = 0;
  enum status s = STATUS_OK;
  for (void *i = json_object_iter((json_t *)o); i && s == STATUS_OK; i = json_object_iter_next((json_t *)o, i))
    s = read_cell(json_object_iter_key(i), json_object_iter_value(i), where, &cell[n++], e);
  if (s == STATUS_OK)
    s = import_rows_take(rows, cell, n, where, e);
  free(cell);
  return s;
}

static enum status take_line(struct import *m, struct import_rows *rows, const char *text, size_t n, const char *where, struct err *e)
{
  json_error_t problem;
  json_t *o = json_loadb(text, n, JSON_REJECT_DUPLICATES, &problem);
  enum status s;
  if (!json_is_object(o))
    s = err_set(e, STATUS_BAD_DATA, "%s: not a JSON object: %s", where, o ? "it is a list" : problem.text);
  else
    s = import_is_run(o) ? import_run_object(m, o, where, e) : take_row(rows, o, where, e);
  json_decref(o);
  return s;
}

static bool is_blank(const char *s, size_t n)
{
  for (size_t i = 0; i < n; i++)
    if (!strchr(" \t\r", s[i]))
      return false;
  return true;
}

enum status import_lines(struct import *m, const char *path, struct err *e)
{
  struct whole w;
  enum status s = whole_read(&w, path, e);
  if (s != STATUS_OK)
    return s;
  struct import_rows *rows = import_rows_new(m);
  size_t line = 1;
  for (const char *at = (const char *)w.bytes, *end = at + w.n; s == STATUS_OK && at < end; line++) {
    const char *stop = memchr(at, '\n', (size_t)(end - at));
    size_t n = (size_t)((stop ? stop : end) - at);
    char *where = xasprintf("%s: line %zu", path, line);
    if (!is_blank(at, n))
      s = take_line(m, rows, at, n, where, e);
    free(where);
    at += n + (stop != NULL);
  }
  import_rows_free(rows);
  whole_free(&w);
  return s;
}
