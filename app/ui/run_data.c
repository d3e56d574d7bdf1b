/* run_data.c: see run_data.h. What it asks of the store is one query for each part of the screen. */
#include "app/ui/run_data.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/lua_colour.h"
#include "experiments/kernel/mem.h"
#include "experiments/params.h"

const char *const run_section_names[] = {"config", "results", "environment", "script", "artifacts", "error", NULL};

char *run_list(const int64_t *run, size_t n)
{
  char *text = xmalloc(21 * n + 2);
  size_t used = (size_t)sprintf(text, "%s", n ? "" : "0");
  for (size_t i = 0; i < n; i++)
    used += (size_t)sprintf(text + used, "%s%lld", i ? "," : "", (long long)run[i]);
  return text;
}

/* Rows of a query as text, the cells of a row joined: "name  value", one line each; NULL: nothing. */
static char *rows_text(struct app *app, struct store *s, const char *format, const char *ids)
{
  char *sql = xasprintf(format, ids), *text;
  size_t size;
  int code;
  struct store_query *q = reading_query(app, s, sql);
  free(sql);
  if (!q) {
    reading_failed(app, s);
    return NULL;
  }
  FILE *f = xstream_open(&text, &size);
  while (reading_next(q, &code)) {
    for (size_t i = 0; i < store_query_columns(q); i++) {
      struct store_cell c = store_query_cell(q, i);
      bool name = i == 0 && store_query_columns(q) > 1;
      if (c.type == STORE_TEXT)
        fprintf(f, name ? "%-28.*s " : "%.*s", (int)c.size, c.text);
      else if (c.type == STORE_INTEGER)
        fprintf(f, name ? "%-10lld " : "%lld", (long long)c.i);
      else if (c.type == STORE_REAL)
        fprintf(f, "%.6g", c.r);
      else
        fputs("nan", f);
      fputs(i + 1 < store_query_columns(q) && !name ? "  " : "", f);
    }
    fputc('\n', f);
  }
  store_query_close(q);
  xstream_close(f);
  if (code)
    reading_failed(app, s);
  if (size == 0) {
    free(text);
    return NULL;
  }
  return text;
}

static char *one_text(struct app *app, struct store *s, const char *format, const char *ids)
{
  char *text = rows_text(app, s, format, ids);
  if (text)
    text[strcspn(text, "\n")] = '\0';
  return text;
}

/* Call take(self, query) for each row of a query about the runs. */
void run_data_each(struct app *app, struct store *s, const char *format, const char *ids, void *self, void (*take)(void *self, struct store_query *q))
{
  char *sql = xasprintf(format, ids);
  struct store_query *q = reading_query(app, s, sql);
  int code = 0;
  free(sql);
  while (q && reading_next(q, &code))
    take(self, q);
  store_query_close(q);
  if (!q || code)
    reading_failed(app, s);
}

/* --- parts ------------------------------------------------------------------------------------------------------ */

/* Files after the first are told apart by a line of comment. */
static void take_script(void *self, struct store_query *q)
{
  FILE *f = self;
  struct store_cell name = store_query_cell(q, 0), text = store_query_cell(q, 1);
  if (store_query_cell(q, 2).i > 0)
    fprintf(f, "\n-- == %.*s ==\n", (int)name.size, name.text);
  fwrite(text.text ? text.text : "", 1, text.size, f);
}

static void load_script(struct run_data *d, struct app *app, struct store *s, const char *ids)
{
  size_t size;
  FILE *f = xstream_open(&d->section[SECTION_SCRIPT], &size);
  run_data_each(app, s, "SELECT x.name, text, x.position FROM script JOIN experiment_script x ON x.script_id = script.id WHERE x.experiment_id ="
                   " (SELECT experiment_id FROM run WHERE id IN (%s) LIMIT 1) ORDER BY x.position", ids, f, take_script);
  xstream_close(f);
  if (!size) { /* imported */
    free(d->section[SECTION_SCRIPT]);
    d->section[SECTION_SCRIPT] = NULL;
    return;
  }
  size = strlen(d->section[SECTION_SCRIPT]); /* a script with a NUL in it ends there */
  d->script_class = xcalloc(size + 1, 1);
  lua_colour_bytes(d->section[SECTION_SCRIPT], size, d->script_class);
}

static char *cell_as_text(struct store_cell c)
{
  char number[32];
  if (c.type == STORE_INTEGER)
    return xasprintf("%lld", (long long)c.i);
  if (c.type != STORE_REAL)
    return c.text ? xasprintf("%.*s", (int)c.size, c.text) : xstrdup("nan");
  json_number(c.r, number);
  return xstrdup(number);
}

/* Lists stand in the store as JSON: "[256,256]" is edited as "256,256". */
static void take_param(void *self, struct store_query *q)
{
  struct run_data *d = self;
  struct store_cell c = store_query_cell(q, 1);
  char *value = cell_as_text(c), *out = value;
  size_t n = strlen(value);
  if (c.type == STORE_TEXT && n >= 2 && value[0] == '[' && value[n - 1] == ']') {
    for (char *in = value + 1; in < value + n - 1; in++)
      if (*in != '"')
        *out++ = *in;
    *out = '\0';
  }
  char *key = xasprintf("%.*s", (int)store_query_cell(q, 0).size, store_query_cell(q, 0).text);
  names_add(&d->params, key);
  names_add(&d->values, value);
  free(key);
  free(value);
}

static void take_artifact(void *self, struct store_query *q)
{
  struct run_data *d = self;
  struct store_cell name = store_query_cell(q, 2), kind = store_query_cell(q, 3);
  d->artifact = xrealloc(d->artifact, (d->n_artifacts + 1) * sizeof *d->artifact);
  d->artifact[d->n_artifacts++] = (struct kept_artifact){store_query_cell(q, 0).i, store_query_cell(q, 1).i, store_query_cell(q, 4).i,
    xasprintf("%.*s", (int)name.size, name.text), xasprintf("%.*s", (int)kind.size, kind.text)};
}

static void take_metric(void *self, struct store_query *q)
{
  struct run_data *d = self;
  struct store_cell c = store_query_cell(q, 0);
  char *name = xasprintf("%.*s", (int)c.size, c.text);
  names_add(&d->metrics, name);
  free(name);
}

static void load_head(struct run_data *d, struct app *app, struct store *s, const char *ids, size_t n)
{
  d->head = n == 1 ? one_text(app, s, "SELECT printf('run %%d  %%s  %%s  %%s%%s%%s', id, substr(uid, 1, 8), experiment, status,"
                                      " coalesce(printf('  %%.3g s', wall_s), ''), coalesce('  tags ' || tags, '')) FROM runs WHERE id IN (%s)", ids)
                   : one_text(app, s, "SELECT printf('%%d runs of one config  %%s  %%d done', count(*), min(experiment), sum(status = 'done')) FROM runs WHERE id IN (%s)", ids);
  d->status = one_text(app, s, "SELECT min(status) FROM run WHERE id IN (%s) HAVING min(status) = max(status)", ids);
}

bool run_data_load(struct run_data *d, struct app *app, struct store *s, const int64_t *run, size_t n)
{
  char *ids = run_list(run, n);
  *d = (struct run_data){0};
  load_head(d, app, s, ids, n);
  d->section[SECTION_CONFIG] = rows_text(app, s, "SELECT key, CASE WHEN count(DISTINCT value) = 1 THEN min(value) ELSE group_concat(value, ', ') END FROM param"
                                                 " WHERE run_id IN (%s) GROUP BY key ORDER BY key", ids);
  run_results_load(d, app, s, ids);
  d->section[SECTION_ENVIRONMENT] = rows_text(app, s, "SELECT key, value FROM json_each((SELECT json FROM environment WHERE id = (SELECT environment_id FROM run"
                                                      " WHERE id IN (%s) LIMIT 1)))", ids);
  d->section[SECTION_ERROR] = rows_text(app, s, n == 1 ? "SELECT error FROM run WHERE error IS NOT NULL AND id IN (%s)"
                                                       : "SELECT id, error FROM run WHERE error IS NOT NULL AND id IN (%s)", ids);
  load_script(d, app, s, ids);
  run_data_each(app, s, "SELECT key, value FROM param WHERE run_id = (SELECT min(id) FROM run WHERE id IN (%s)) ORDER BY key LIKE 'params.%%', key", ids, d, take_param);
  run_data_each(app, s, "SELECT id, run_id, name, kind, size_b FROM artifact WHERE run_id IN (%s) ORDER BY run_id, name", ids, d, take_artifact);
  run_data_each(app, s, "SELECT name FROM metric_key k WHERE EXISTS (SELECT 1 FROM metric WHERE key_id = k.id AND run_id IN (%s)) ORDER BY name", ids, d, take_metric);
  d->curve = xcalloc(d->metrics.n + 1, sizeof *d->curve);
  if (d->n_artifacts)
    d->section[SECTION_ARTIFACTS] = xstrdup(""); /* a table of its own */
  free(ids);
  return d->head != NULL;
}

void run_data_inherit(struct run_data *d, struct run_data *old)
{
  for (size_t i = 0; i < d->metrics.n; i++)
    for (size_t k = 0; k < old->metrics.n; k++)
      if (strcmp(d->metrics.name[i], old->metrics.name[k]) == 0) {
        d->curve[i] = old->curve[k];
        d->curve[i].stale = true;
        old->curve[k] = (struct curve){0};
      }
}

void curve_free(struct curve *c)
{
  free(c->x);
  free(c->y);
  free(c->low);
  free(c->high);
  *c = (struct curve){0};
}

void run_data_free(struct run_data *d)
{
  free(d->head);
  free(d->facts);
  for (size_t i = 0; i < SECTION_COUNT; i++)
    free(d->section[i]);
  for (size_t i = 0; d->curve && i < d->metrics.n; i++)
    curve_free(&d->curve[i]);
  free(d->curve);
  free(d->status);
  free(d->script_class);
  for (size_t i = 0; i < d->n_artifacts; i++) {
    free(d->artifact[i].name);
    free(d->artifact[i].kind);
  }
  free(d->artifact);
  names_free(&d->params);
  names_free(&d->values);
  names_free(&d->metrics);
  *d = (struct run_data){0};
}

static double cell_number(struct store_cell c)
{
  return c.type == STORE_INTEGER ? (double)c.i : c.type == STORE_REAL ? c.r : NAN;
}

/* Width of a bucket of steps, so that there are at most CURVE_POINTS of them. */
static int64_t bucket_width(struct app *app, struct store *s, const char *ids, const char *metric)
{
  int64_t width = 1;
  int code;
  char *sql = xasprintf("SELECT (max(step) - min(step)) / %d + 1 FROM metric WHERE run_id IN (%s) AND key_id = (SELECT id FROM metric_key WHERE name = ?1)",
                        CURVE_POINTS, ids);
  struct store_query *q = reading_query(app, s, sql);
  free(sql);
  if (!q)
    return 1;
  store_query_bind_text(q, 1, metric);
  if (reading_next(q, &code) && store_query_cell(q, 0).type == STORE_INTEGER)
    width = store_query_cell(q, 0).i;
  store_query_close(q);
  return width < 1 ? 1 : width;
}

bool curve_load(struct curve *c, struct app *app, struct store *s, const int64_t *run, size_t n, const char *metric)
{
  char *ids = run_list(run, n);
  int64_t width = bucket_width(app, s, ids, metric);
  int code = STORE_OK;
  size_t room = 0;
  char *sql = xasprintf("SELECT max(step), avg(value), min(value), max(value) FROM metric WHERE run_id IN (%s) AND key_id ="
                        " (SELECT id FROM metric_key WHERE name = ?1) GROUP BY step / %lld ORDER BY 1", ids, (long long)width);
  struct store_query *q = reading_query(app, s, sql);
  free(sql);
  free(ids);
  *c = (struct curve){0};
  if (!q)
    return false;
  store_query_bind_text(q, 1, metric);
  while (reading_next(q, &code)) {
    double **column[] = {&c->x, &c->y, &c->low, &c->high};
    if (c->n == room) {
      room = room ? 2 * room : 256;
      for (int i = 0; i < 4; i++)
        *column[i] = xrealloc(*column[i], room * sizeof(double));
    }
    for (size_t i = 0; i < 4; i++)
      (*column[i])[c->n] = cell_number(store_query_cell(q, i));
    c->n++;
  }
  store_query_close(q);
  return code == STORE_OK;
}
