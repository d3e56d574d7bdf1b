/* export_runs.c: see export_runs.h. Written piece by piece, so that long curves are never in memory. */
#include "app/export_runs.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The run itself. Texts that are JSON go out as they are; where a store from elsewhere holds something else, null. */
#define VALID(x) "CASE WHEN json_valid(" x ") THEN " x " ELSE 'null' END"
static const char head_sql[] =
  "SELECT r.uid, r.status, r.started_at, r.ended_at, r.wall_s, r.cpu_s, r.peak_memory_b, r.host, r.error, r.note, r.config_hash,"
  " " VALID("r.config") ", e.name, e.summary, " VALID("e.params") ", " VALID("coalesce(v.json, 'null')") ", r.experiment_id FROM runs x"
  " JOIN run r ON r.id = x.id JOIN experiment e ON e.id = r.experiment_id LEFT JOIN environment v ON v.id = r.environment_id WHERE r.id = ?1";
enum { PLAIN = 11, CONFIG = PLAIN, NAME, SUMMARY, PARAMS, ENVIRONMENT, EXPERIMENT };
static const char *const plain[PLAIN] = {"uid", "status", "started_at", "ended_at", "wall_s", "cpu_s", "peak_memory_b", "host", "error", "note",
                                         "config_hash"};

static const char scripts_sql[] = "SELECT x.name, t.text FROM experiment_script x JOIN script t ON t.id = x.script_id WHERE x.experiment_id = ?1"
                                  " ORDER BY x.position";
static const char tags_sql[] = "SELECT tag FROM tag WHERE run_id = ?1 ORDER BY tag";
static const char results_sql[] = "SELECT key, value FROM result WHERE run_id = ?1 ORDER BY key";
static const char metrics_sql[] = "SELECT k.name, m.step, m.value, m.key_id FROM metric_key k CROSS JOIN metric m ON m.run_id = ?1 AND m.key_id = k.id"
                                  " ORDER BY k.name, m.step";

static const char artifacts_sql[] = "SELECT name, kind, content FROM artifact WHERE run_id = ?1 AND content IS NOT NULL ORDER BY name";

static void put(const char *s) { fputs(s, stdout); }

static void put_text(const struct store_query *q, size_t column)
{
  const struct store_cell c = store_query_cell(q, column);
  cell_print_json(&c);
}

/* JSON text as it is; on the way to a terminal with what could move the cursor escaped, which means the same in JSON. */
static void put_raw(const struct store_query *q, size_t column)
{
  const struct store_cell c = store_query_cell(q, column);
  char *safe = c.type == STORE_TEXT ? text_safe(c.text, false) : NULL;
  put(safe ? safe : "null");
  free(safe);
}

/* A number, a text, null for NaN; an infinity is an object, as a result may also be the text "inf". */
static void put_result(const struct store_query *q)
{
  const struct store_cell c = store_query_cell(q, 1);
  if (c.type == STORE_REAL && isinf(c.r))
    put(c.r > 0 ? "{\"real\":\"inf\"}" : "{\"real\":\"-inf\"}");
  else
    cell_print_json(&c);
}

/* Every row of a query for one id, by `row`; separated by commas. */
static int each(struct app *app, struct store *s, const char *sql, int64_t id, void (*row)(const struct store_query *q))
{
  struct store_query *q = reading_query(app, s, sql);
  int code;
  if (!q)
    return reading_failed(app, s);
  store_query_bind_int(q, 1, id);
  for (size_t n = 0; reading_next(q, &code); n++) {
    put(n ? "," : "");
    row(q);
  }
  store_query_close(q);
  return code ? reading_failed(app, s) : EXIT_DONE;
}

static void script_row(const struct store_query *q)
{
  put("{\"name\":");
  put_text(q, 0);
  put(",\"text\":");
  put_text(q, 1);
  put("}");
}

/* RFC 4648, section 4. */
static void put_base64(const unsigned char *b, size_t n)
{
  static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t i = 0; i < n; i += 3) {
    unsigned long v = (unsigned long)b[i] << 16 | (i + 1 < n ? (unsigned long)b[i + 1] << 8 : 0) | (i + 2 < n ? b[i + 2] : 0);
    putchar(digit[v >> 18]);
    putchar(digit[v >> 12 & 63]);
    putchar(i + 1 < n ? digit[v >> 6 & 63] : '=');
    putchar(i + 2 < n ? digit[v & 63] : '=');
  }
}

static void artifact_row(const struct store_query *q)
{
  const struct store_cell content = store_query_cell(q, 2);
  put("{\"name\":");
  put_text(q, 0);
  put(",\"kind\":");
  put_text(q, 1);
  put(",\"content\":\"");
  put_base64((const unsigned char *)content.text, content.size);
  put("\"}");
}

static void tag_row(const struct store_query *q) { put_text(q, 0); }

static void result_row(const struct store_query *q)
{
  put_text(q, 0);
  put(":");
  put_result(q);
}

static int put_metrics(struct app *app, struct store *s, int64_t id)
{
  struct store_query *q = reading_query(app, s, metrics_sql);
  int64_t key = -1;
  int code;
  if (!q)
    return reading_failed(app, s);
  store_query_bind_int(q, 1, id);
  while (reading_next(q, &code)) {
    int64_t now = store_query_cell(q, 3).i;
    if (now != key) {
      put(key < 0 ? "" : "],");
      put_text(q, 0);
    }
    put(now != key ? ":[[" : ",[");
    put_text(q, 1);
    put(",");
    put_text(q, 2);
    put("]");
    key = now;
  }
  put(key < 0 ? "" : "]");
  store_query_close(q);
  return code ? reading_failed(app, s) : EXIT_DONE;
}

static int put_head(struct app *app, struct store *s, const struct store_query *q)
{
  put("{\"assay_run\":1");
  for (size_t k = 0; k < PLAIN; k++) {
    printf(",\"%s\":", plain[k]);
    put_text(q, k);
  }
  put(",\"config\":");
  put_raw(q, CONFIG);
  put(",\"environment\":");
  put_raw(q, ENVIRONMENT);
  put(",\"experiment\":{\"name\":");
  put_text(q, NAME);
  put(",\"summary\":");
  put_text(q, SUMMARY);
  put(",\"params\":");
  put_raw(q, PARAMS);
  put(",\"scripts\":[");
  int code = each(app, s, scripts_sql, store_query_cell(q, EXPERIMENT).i, script_row);
  put("]}");
  return code;
}

static int put_run(struct app *app, struct store *s, int64_t id, const struct store_query *q)
{
  int code = put_head(app, s, q);
  put(",\"tags\":[");
  if (!code)
    code = each(app, s, tags_sql, id, tag_row);
  put("],\"results\":{");
  if (!code)
    code = each(app, s, results_sql, id, result_row);
  put("},\"metrics\":{");
  if (!code)
    code = put_metrics(app, s, id);
  put("},\"artifacts\":[");
  if (!code)
    code = each(app, s, artifacts_sql, id, artifact_row);
  put("]}\n");
  return code;
}

int export_runs(struct app *app, struct store *s, const struct chosen *runs)
{
  size_t running = 0;
  int code = EXIT_DONE;
  for (size_t i = 0; !code && i < runs->n; i++) {
    struct store_query *q = reading_query(app, s, head_sql);
    if (!q)
      return reading_failed(app, s);
    store_query_bind_int(q, 1, runs->id[i]);
    if (reading_next(q, &code)) {
      struct store_cell status = store_query_cell(q, 1);
      bool left = status.type == STORE_TEXT && strcmp(status.text, "running") == 0;
      running += left;
      if (!left)
        code = put_run(app, s, runs->id[i], q);
    } else if (code) {
      code = reading_failed(app, s);
    }
    store_query_close(q);
  }
  if (running)
    app_complain("%zu runs are not finished and were left", running);
  return code;
}
