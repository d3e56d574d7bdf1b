/* migrate.c: creating a store, bringing an older one forward, and checking what stands in a file.
 *
 * store/schema.sql is the newest format; store/migrate/NNN.sql brings format NNN - 1 to NNN. Both are
 * compiled in (store_sql.h is made by the build). A migration copies the file first, then does all its
 * steps in one transaction: whatever happens, the file holds the old format or the new one. */
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
    code = store_exec(s, (const char *)schema_sql);
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
  snprintf(sql, sizeof sql, "PRAGMA user_version = %d", to);
  return store_exec(s, sql);
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

/* A store from elsewhere may carry our names over other things. Our views must read as we wrote them, our
 * tables must be ordinary tables, and nothing may run by itself when we write. */
int store_check_schema(struct store *s)
{
  static const char *const tables[] = { "script", "experiment", "experiment_script", "environment", "run", "param",
    "metric_key", "metric", "result", "artifact", "tag", "verdict", "writer", "runs", "trash", "metrics", "results",
    "params" };
  sqlite3_stmt *st = NULL;
  size_t seen = 0;
  int code = STORE_OK, rc;
  if (sqlite3_prepare_v2(s->db, "SELECT type, name, sql FROM sqlite_schema", -1, &st, NULL) != SQLITE_OK)
    return store_fail_sqlite(s, "reading the schema");
  while (!code && (rc = sqlite3_step(st)) == SQLITE_ROW) {
    const char *type = (const char *)sqlite3_column_text(st, 0), *name = (const char *)sqlite3_column_text(st, 1);
    const char *sql = (const char *)sqlite3_column_text(st, 2);
    bool ours = false, sound = true;
    if (!type || !name)
      continue;
    for (size_t i = 0; i < sizeof tables / sizeof *tables && strcmp(type, "index") != 0; i++)
      ours = ours || strcmp(name, tables[i]) == 0;
    if (ours && strcmp(type, "view") == 0)
      sound = sql && strstr((const char *)schema_sql, sql);
    else if (ours)
      sound = strcmp(type, "table") == 0 && sql && strncmp(sql, "CREATE TABLE ", 13) == 0;
    else if (strcmp(type, "trigger") == 0)
      sound = s->mode == STORE_READ;
    seen += ours;
    if (!sound)
      code = store_fail(s, STORE_NOT_OURS, "%s: its %s %.100s is not the one assay makes; if you added it, drop it, "
                        "otherwise do not trust this file", s->path, type, name);
  }
  if (!code && rc != SQLITE_DONE)
    code = store_fail_sqlite(s, "reading the schema");
  sqlite3_finalize(st);
  if (!code && seen < sizeof tables / sizeof *tables)
    code = store_fail(s, STORE_CORRUPT, "%s: some tables of a store are missing from it (%zu of %zu are there); "
                      "restore a backup, or choose another file with --db", s->path, seen,
                      sizeof tables / sizeof *tables);
  return code;
}
