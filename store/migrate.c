/* migrate.c: creating a store, bringing an older one forward, and checking what stands in a file.
 *
 * store/schema.sql has the tables of the newest format, store/views.sql its views; store/migrate/NNN.sql brings the
 * tables of format NNN - 1 to NNN. All are compiled in (store_sql.h is made by the build). A migration copies the file
 * first, then does all its steps in one transaction: whatever happens, the file holds the old format or the new one. */
#include "store/store_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_sql.h"

int store_create(struct store *s)
{
  int64_t version;
  int code = store_begin(s);
  if (code)
    return code;
  code = store_scalar(s, "PRAGMA user_version", &version); /* another process may have been quicker */
  if (!code && version == 0)
    if (!(code = store_exec(s, (const char *)schema_sql)))
      code = store_exec(s, (const char *)views_sql);
  if (code) {
    store_rollback(s);
    return code;
  }
  return store_commit(s);
}

/* A copy of the whole store beside it, named after its format. */
static int back_up(struct store *s, int version)
{
  size_t size = strlen(s->path) + 40;
  char *name = store_alloc(NULL, size), why[256];
  int code = STORE_OK;
  snprintf(name, size, "%s.format-%d.bak", s->path, version);
  if (store_copy_database(s->db, name, why, sizeof why) != SQLITE_OK)
    code = store_fail(s, STORE_ERROR, "%s: nothing was changed, because the copy to make before bringing it to the "
                      "newer format, %s, cannot be written: %s", s->path, name, why);
  free(name);
  return code;
}

static int apply(struct store *s, int from, int to, const struct migrate_step *steps)
{
  int reached = from;
  char sql[64];
  for (; steps->version; steps++) {
    if (steps->version <= from || steps->version > to)
      continue;
    int code = store_exec(s, steps->sql);
    if (code)
      return code;
    reached = steps->version;
  }
  if (reached != to)
    return store_fail(s, STORE_ERROR, "%s: no way from format %d to format %d; use the assay that wrote it", s->path,
                      from, to);
  int code = store_exec(s, (const char *)views_sql);
  snprintf(sql, sizeof sql, "PRAGMA user_version = %d", to);
  return code ? code : store_exec(s, sql);
}

int store_migrate(struct store *s, int to, const struct migrate_step *steps)
{
  int64_t from;
  int code = store_scalar(s, "PRAGMA user_version", &from);
  if (code || from >= to)
    return code;
  if ((code = back_up(s, (int)from)) || (code = store_begin(s)))
    return code;
  if ((code = apply(s, (int)from, to, steps))) {
    char cause[sizeof s->message];
    snprintf(cause, sizeof cause, "%s", s->message);
    store_rollback(s);
    return store_fail(s, code, "%.700s (still in format %d, unchanged)", cause, (int)from);
  }
  if ((code = store_commit(s)))
    return code;
  store_fail(s, STORE_OK, "%s: brought from format %d to %d; the old one is kept as %s.format-%d.bak", s->path,
             (int)from, to, s->path, (int)from);
  return STORE_OK;
}

int store_migrate_known(struct store *s) { return store_migrate(s, STORE_FORMAT, migrate_steps); }

/* --- what stands in a file ---------------------------------------------------------------------- */

enum shape { OTHER, TABLE, VIEW };

static enum shape shape_of_ours(const char *name)
{
  static const char *const tables[] = { "script", "experiment", "experiment_script", "environment", "run", "param",
    "metric_key", "metric", "result", "artifact", "tag", "verdict", "writer" };
  static const char *const views[] = { "runs", "trash", "metrics", "results", "params" };
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
    if (strcmp(name, tables[i]) == 0)
      return TABLE;
  for (size_t i = 0; i < sizeof views / sizeof *views; i++)
    if (strcmp(name, views[i]) == 0)
      return VIEW;
  return OTHER;
}

enum { OURS = 13 + 5 }; /* tables and views */

/* A column that computes its value could make any value out of none. `table` is one of our names. */
static int check_columns(struct store *s, const char *table, bool *sound)
{
  sqlite3_stmt *st = NULL;
  char sql[64];
  int rc;
  snprintf(sql, sizeof sql, "PRAGMA table_xinfo(%s)", table);
  if (sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) != SQLITE_OK)
    return store_fail_sqlite(s, "reading the schema");
  while ((rc = sqlite3_step(st)) == SQLITE_ROW)
    *sound = *sound && sqlite3_column_int(st, 6) == 0;
  int code = rc == SQLITE_DONE ? STORE_OK : store_fail_sqlite(s, "reading the schema");
  sqlite3_finalize(st);
  return code;
}

/* One entry of the schema. The views of a newer format may read otherwise than ours; its queries are limited
 * in time instead. */
static int check_entry(struct store *s, const char *type, const char *name, const char *sql, bool *ours)
{
  enum shape shape = strcmp(type, "index") == 0 ? OTHER : shape_of_ours(name);
  bool sound = true;
  int code = STORE_OK;
  *ours = shape != OTHER;
  if (shape == VIEW)
    sound = strcmp(type, "view") == 0 && sql && (s->newer || strstr((const char *)views_sql, sql));
  else if (shape == TABLE && strcmp(type, "table") == 0 && sql && strncmp(sql, "CREATE TABLE ", 13) == 0)
    code = check_columns(s, name, &sound);
  else if (shape == TABLE)
    sound = false;
  if (!code && !sound)
    code = store_fail(s, STORE_NOT_OURS, "%s: its %s %.100s is not the one assay makes; if you added it, drop it, "
                      "otherwise do not trust this file", s->path, type, name);
  return code;
}

int store_check_triggers(struct store *s)
{
  int64_t n;
  int code = store_scalar(s, "SELECT count(*) FROM sqlite_schema WHERE type = 'trigger'", &n);
  return code || !n ? code : store_fail(s, STORE_NOT_OURS, "%s: has a trigger, which would run when it is written, and assay "
                                        "makes none; if you added it, drop it, otherwise do not trust this file", s->path);
}

/* A store from elsewhere may carry our names over other things. Our views must read as we wrote them, and our
 * tables must be ordinary tables. */
int store_check_schema(struct store *s)
{
  sqlite3_stmt *st = NULL;
  size_t seen = 0;
  int code = STORE_OK, rc = SQLITE_ROW;
  if (sqlite3_prepare_v2(s->db, "SELECT type, name, sql FROM sqlite_schema", -1, &st, NULL) != SQLITE_OK)
    return store_fail_sqlite(s, "reading the schema");
  while (!code && (rc = sqlite3_step(st)) == SQLITE_ROW) {
    const char *type = (const char *)sqlite3_column_text(st, 0), *name = (const char *)sqlite3_column_text(st, 1);
    bool ours = false;
    if (type && name)
      code = check_entry(s, type, name, (const char *)sqlite3_column_text(st, 2), &ours);
    seen += ours;
  }
  if (!code && rc != SQLITE_DONE)
    code = store_fail_sqlite(s, "reading the schema");
  sqlite3_finalize(st);
  if (!code && seen < OURS)
    code = store_fail(s, s->newer ? STORE_TOO_NEW : STORE_CORRUPT, "%s: some tables of a store are missing from it (%zu "
                      "of %d are there); %s", s->path, seen, OURS, s->newer ? "use the assay that wrote it"
                      : "restore a backup, or choose another file with --db");
  return code;
}
