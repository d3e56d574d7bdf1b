/* trash.c: notes, the trash, and deleting for good.
 *
 * A run in the trash keeps its rows; only its trashed_at says so, and the views leave it out. `gc` deletes the
 * rows in one transaction and rebuilds the file, since SQLite by itself never gives space back. */
#include "store/store_int.h"

#include <stdio.h>
#include <string.h>

int store_note(struct store *s, int64_t run_id, const char *note)
{
  sqlite3_stmt *st = NULL;
  int code = store_writable(s);
  if (code || (code = store_prepare(s, "UPDATE run SET note = nullif(?2, '') WHERE id = ?1", &st)))
    return code;
  sqlite3_bind_int64(st, 1, run_id);
  sqlite3_bind_text(st, 2, note, -1, SQLITE_STATIC);
  code = store_run(s, st, "writing a note");
  sqlite3_finalize(st);
  return code;
}

/* The time of the first rm stays. */
static const char into_trash[] = "UPDATE run SET trashed_at = coalesce(trashed_at, ?2) WHERE id = ?1";
static const char out_of_trash[] = "UPDATE run SET trashed_at = NULL WHERE id = ?1";

int store_trash(struct store *s, const int64_t *run_ids, size_t n, bool in)
{
  sqlite3_stmt *st = NULL;
  char now[32];
  int code = store_writable(s);
  if (code || (code = store_begin(s)))
    return code;
  store_now(now);
  code = store_prepare(s, in ? into_trash : out_of_trash, &st);
  for (size_t i = 0; !code && i < n; i++) {
    sqlite3_bind_int64(st, 1, run_ids[i]);
    if (in)
      sqlite3_bind_text(st, 2, now, -1, SQLITE_STATIC);
    code = store_run(s, st, in ? "moving a run to the trash" : "restoring a run");
    if (!code && sqlite3_changes(s->db) != 1)
      code = store_fail(s, STORE_ERROR, "%s: there is no run %lld", s->path, (long long)run_ids[i]);
  }
  sqlite3_finalize(st);
  return store_finish(s, code);
}

int store_empty_trash(struct store *s, struct store_gc *out)
{
  int code = store_scalar(s, "SELECT count(*) FROM run WHERE trashed_at IS NOT NULL", &out->runs);
  if (code || (code = store_scalar(s, "SELECT count(*) FROM metric WHERE run_id IN (SELECT id FROM run WHERE trashed_at"
                                   " IS NOT NULL)", &out->points)))
    return code;
  if (out->runs == 0)
    return STORE_OK;
  /* param, result, tag and artifact follow their run, experiment_script its experiment. The names of metrics
   * stay: a writer has them in memory, and they are few. */
  return store_exec(s,
    "DELETE FROM metric WHERE run_id IN (SELECT id FROM run WHERE trashed_at IS NOT NULL);"
    "DELETE FROM run WHERE trashed_at IS NOT NULL;"
    "DELETE FROM experiment WHERE id NOT IN (SELECT experiment_id FROM run)"
    " AND id NOT IN (SELECT experiment_id FROM verdict WHERE experiment_id IS NOT NULL);"
    "DELETE FROM script WHERE id NOT IN (SELECT script_id FROM experiment_script);"
    "DELETE FROM environment WHERE id NOT IN (SELECT environment_id FROM run WHERE environment_id IS NOT NULL)");
}

/* VACUUM attaches the file that it builds, which is forbidden otherwise. */
int store_vacuum(struct store *s)
{
  int limit = sqlite3_limit(s->db, SQLITE_LIMIT_ATTACHED, 1);
  int rc = sqlite3_exec(s->db, "VACUUM", NULL, NULL, NULL);
  int code = rc == SQLITE_OK ? STORE_OK : store_fail_sqlite(s, "giving deleted space back");
  sqlite3_limit(s->db, SQLITE_LIMIT_ATTACHED, limit);
  if (!code && s->wal) /* where readers hold the log the file shrinks when they have gone */
    sqlite3_exec(s->db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL);
  return code;
}

static int size_b(struct store *s, int64_t *out)
{
  return store_scalar(s, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size", out);
}

int store_gc(struct store *s, struct store_gc *out)
{
  *out = (struct store_gc){0};
  int code = store_writable(s);
  if (code || (code = store_flush(s)) || (code = size_b(s, &out->before_b)) || (code = store_begin(s)))
    return code;
  if ((code = store_finish(s, store_empty_trash(s, out))) || (code = store_vacuum(s)))
    return code;
  return size_b(s, &out->after_b);
}
