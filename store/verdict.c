/* verdict.c: what came out when a published claim was put to the test.
 *
 * A verdict belongs to an experiment row, and so to a script text and its parameters: whoever reads it can tell
 * whether the script has changed since. The same verdict from the same script twice is one row. */
#include <math.h>
#include <string.h>

#include "store/store_int.h"

static void bind_number(sqlite3_stmt *st, int at, double v)
{
  if (isnan(v))
    sqlite3_bind_null(st, at);
  else
    sqlite3_bind_double(st, at, v);
}

/* Nothing is inserted when the latest verdict from this experiment says the same. */
static const char insert_sql[] =
  "INSERT INTO verdict (paper, experiment_id, verdict, effect, low, high, detail, created_at) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8"
  " WHERE NOT EXISTS (SELECT 1 FROM verdict v WHERE v.paper = ?1 AND v.experiment_id = ?2 AND v.verdict = ?3 AND v.effect IS ?4"
  " AND v.low IS ?5 AND v.high IS ?6 AND v.detail = ?7 AND v.id = (SELECT max(id) FROM verdict w WHERE w.paper = ?1))";

int store_verdict(struct store *s, const struct store_verdict *v, bool *is_new)
{
  sqlite3_stmt *st = NULL;
  char now[32];
  int code = store_writable(s);
  if (code || (code = store_prepare(s, insert_sql, &st)))
    return code;
  store_now(now);
  sqlite3_bind_text(st, 1, v->paper, -1, SQLITE_STATIC);
  sqlite3_bind_int64(st, 2, v->experiment_id);
  sqlite3_bind_text(st, 3, v->verdict, -1, SQLITE_STATIC);
  bind_number(st, 4, v->effect);
  bind_number(st, 5, v->low);
  bind_number(st, 6, v->high);
  sqlite3_bind_text(st, 7, v->detail_json, -1, SQLITE_STATIC);
  sqlite3_bind_text(st, 8, now, -1, SQLITE_STATIC);
  code = store_run(s, st, "writing a verdict");
  *is_new = !code && sqlite3_changes(s->db) == 1;
  sqlite3_finalize(st);
  return code;
}
