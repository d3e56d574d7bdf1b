/* copy.c: copies of a whole store, by SQLite's backup: consistent also while somebody writes. */
#include "store/store_int.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int store_copy_database(sqlite3 *from, const char *to, char *why, size_t why_size)
{
  sqlite3 *copy = NULL;
  int rc = sqlite3_open(to, &copy);
  sqlite3_backup *b = rc == SQLITE_OK ? sqlite3_backup_init(copy, "main", from, "main") : NULL;
  if (b) {
    sqlite3_backup_step(b, -1);
    rc = sqlite3_backup_finish(b);
  } else if (rc == SQLITE_OK) {
    rc = sqlite3_errcode(copy);
  }
  if (rc != SQLITE_OK)
    snprintf(why, why_size, "%s", sqlite3_errmsg(copy));
  sqlite3_close(copy);
  return rc;
}

/* Make of the copy what others shall read: nobody writes it, nothing lies in its trash, no log beside it. */
static int make_public(const char *name, char *why, size_t why_size)
{
  struct store copy = {.mode = STORE_WRITE, .path = store_copy(name)};
  struct store_gc gc = {0};
  int code = sqlite3_open_v2(name, &copy.db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK
               ? STORE_OK : store_fail_sqlite(&copy, "opening the copy");
  if (!code)
    code = store_exec(&copy, "PRAGMA foreign_keys = ON; PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL; BEGIN;"
                      "DELETE FROM writer");
  if (!code && !(code = store_empty_trash(&copy, &gc)) && !(code = store_exec(&copy, "COMMIT")))
    code = store_vacuum(&copy);
  snprintf(why, why_size, "%.*s", (int)why_size - 1, copy.message);
  sqlite3_close(copy.db);
  free(copy.path);
  return code;
}

/* "FILE.part" while it is being made; in the way, it is left from a publishing that was killed. */
int store_publish(struct store *s, const char *path)
{
  size_t size = strlen(path) + 6;
  char *part = store_alloc(NULL, size), why[sizeof s->message] = "";
  int code = store_flush(s);
  snprintf(part, size, "%s.part", path);
  if (!code && access(path, F_OK) == 0)
    code = store_fail(s, STORE_ERROR, "%s: exists already; remove it first, or name another file", path);
  if (code) {
    free(part);
    return code;
  }
  unlink(part);
  bool good = store_copy_database(s->db, part, why, sizeof why) == SQLITE_OK && make_public(part, why, sizeof why) == STORE_OK;
  if (good && rename(part, path) != 0) {
    snprintf(why, sizeof why, "%s", strerror(errno));
    good = false;
  }
  if (!good) {
    unlink(part);
    code = store_fail(s, STORE_ERROR, "%.300s: the copy cannot be written: %.600s", path, why);
  }
  free(part);
  return code;
}
