/* run_data.c: see run_data.h. */
#include "app/ui/run_data.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"

const char *const run_section_names[] = {"config", "results", "environment", "script", "error", NULL};

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

#define AVERAGED "SELECT key, CASE WHEN count(value) > 0 AND typeof(min(value)) <> 'text' THEN avg(value) ELSE min(value) END" \
                 " FROM result WHERE run_id IN (%s) AND NOT " RESULT_IS_DERIVED " GROUP BY key ORDER BY key"

bool run_data_load(struct run_data *d, struct app *app, struct store *s, const int64_t *run, size_t n)
{
  char *ids = run_list(run, n);
  *d = (struct run_data){0};
  d->head = n == 1 ? one_text(app, s, "SELECT printf('run %%d  %%s  %%s  %%s%%s%%s', id, substr(uid, 1, 8), experiment, status,"
                                      " coalesce(printf('  %%.3g s', wall_s), ''), coalesce('  tags ' || tags, '')) FROM runs WHERE id IN (%s)", ids)
                   : one_text(app, s, "SELECT printf('%%d runs of one config  %%s  %%d done', count(*), min(experiment), sum(status = 'done')) FROM runs WHERE id IN (%s)", ids);
  d->facts = one_text(app, s, "SELECT group_concat(printf('%%s %%.4g', key, v), '   ') FROM (SELECT key, avg(value) v FROM result WHERE run_id IN (%s)"
                              " AND typeof(value) IN ('real', 'integer') AND NOT " RESULT_IS_DERIVED " AND key NOT LIKE '%%\\_s' ESCAPE '\\' GROUP BY key ORDER BY key)", ids);
  d->section[SECTION_CONFIG] = rows_text(app, s, "SELECT key, CASE WHEN count(DISTINCT value) = 1 THEN min(value) ELSE group_concat(value, ', ') END FROM param"
                                                 " WHERE run_id IN (%s) GROUP BY key ORDER BY key", ids);
  d->section[SECTION_RESULTS] = rows_text(app, s, AVERAGED, ids);
  d->section[SECTION_ENVIRONMENT] = rows_text(app, s, "SELECT key, value FROM json_each((SELECT json FROM environment WHERE id = (SELECT environment_id FROM run"
                                                      " WHERE id IN (%s) LIMIT 1)))", ids);
  d->section[SECTION_SCRIPT] = rows_text(app, s, "SELECT text FROM script JOIN experiment_script x ON x.script_id = script.id WHERE x.position = 0 AND x.experiment_id ="
                                                 " (SELECT experiment_id FROM run WHERE id IN (%s) LIMIT 1)", ids);
  d->section[SECTION_ERROR] = rows_text(app, s, "SELECT id, error FROM run WHERE error IS NOT NULL AND id IN (%s)", ids);
  char *keys = rows_text(app, s, "SELECT name FROM metric_key k WHERE EXISTS (SELECT 1 FROM metric WHERE key_id = k.id AND run_id IN (%s)) ORDER BY name", ids);
  char *save = NULL;
  for (char *name = keys ? strtok_r(keys, "\n", &save) : NULL; name; name = strtok_r(NULL, "\n", &save))
    names_add(&d->metrics, name);
  d->curve = xcalloc(d->metrics.n + 1, sizeof *d->curve);
  free(keys);
  free(ids);
  return d->head != NULL;
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
