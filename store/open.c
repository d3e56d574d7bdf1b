/* open.c: opening and closing a store.
 *
 * Nothing is changed in a file before it is known to be a store of this program and of a known format. The
 * wait for locks (busy_timeout) is set before the first statement. */
#include "store/store_int.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUSY_WAIT_MS = 30000, HEAP_MAX_B = 512 << 20 };

/* How long to wait for another writer that is about to finish (many processes starting together). */
static const double writer_wait_s = 2;

static const char *default_path(const char *path)
{
  if (path && *path)
    return path;
  path = getenv("ASSAY_DB");
  return path && *path ? path : "assay.db";
}

/* The directory that a path names a file of. */
static void directory_of(const char *path, char dir[4096])
{
  snprintf(dir, 4096, "%s", path);
  char *slash = strrchr(dir, '/');
  if (slash == dir)
    slash++;
  if (slash)
    *slash = '\0';
  else
    memcpy(dir, ".", 2);
}

/* Why SQLite could not open the file, told by what the file system says. */
static int explain_open(struct store *s)
{
  struct stat st;
  char dir[4096];
  directory_of(s->path, dir);
  if (stat(s->path, &st) == 0) {
    if (S_ISDIR(st.st_mode))
      return store_fail(s, STORE_NOT_OURS, "%s: is a directory; name a file in it with --db", s->path);
    if (access(s->path, R_OK) != 0)
      return store_fail(s, STORE_READONLY, "%s: cannot be read: %s; change its permissions or choose another file with "
                        "--db", s->path, strerror(errno));
    return store_fail_sqlite(s, "opening it");
  }
  if (stat(dir, &st) != 0 || !S_ISDIR(st.st_mode))
    return store_fail(s, STORE_ABSENT, "%s: there is no directory %s; create it, or choose another place with --db",
                      s->path, dir);
  if (s->mode == STORE_READ)
    return store_fail(s, STORE_ABSENT, "%s: there is no such store; `assay run FILE.lua` makes one, --db FILE or "
                      "$ASSAY_DB name another", s->path);
  if (access(dir, W_OK | X_OK) != 0)
    return store_fail(s, STORE_READONLY, "%s: cannot be made: directory %s cannot be written (%s); choose another place "
                      "with --db", s->path, dir, strerror(errno));
  return store_fail_sqlite(s, "opening it");
}

/* Is this file empty (*version = 0), or a store of a known format? Looked at in one transaction: another
 * process may be making it just now. */
static int check_kind(struct store *s, int64_t *version)
{
  int64_t application, tables;
  int code = store_exec(s, "BEGIN");
  if (!code)
    code = store_scalar(s, "SELECT count(*) FROM sqlite_schema", &tables);
  if (!code)
    code = store_scalar(s, "PRAGMA application_id", &application);
  if (!code)
    code = store_scalar(s, "PRAGMA user_version", version);
  sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL); /* no kept statement yet: the file may be opened anew */
  if (code)
    return code;
  if (application == 0 && tables == 0 && *version == 0)
    return STORE_OK;
  if (application != STORE_APPLICATION_ID)
    return store_fail(s, STORE_NOT_OURS, "%s: is an SQLite database of another program (application id %lld); choose "
                      "another file with --db", s->path, (long long)application);
  if (*version < 1)
    return store_fail(s, STORE_CORRUPT, "%s: has no format number (%lld), so it was changed by hand or damaged; restore a "
                      "backup, or choose another file with --db", s->path, (long long)*version);
  s->newer = *version > STORE_FORMAT;
  if (s->newer && s->mode == STORE_WRITE)
    return store_fail(s, STORE_TOO_NEW, "%s: was written by a newer assay (format %lld, this one knows %d) and can only "
                      "be read; use that assay to write it, or choose another file with --db", s->path,
                      (long long)*version, STORE_FORMAT);
  return STORE_OK;
}

static int set_up(struct store *s)
{
  sqlite3_hard_heap_limit64(HEAP_MAX_B); /* of the process: whatever a file makes SQLite do ends there */
  sqlite3_extended_result_codes(s->db, 1);
  sqlite3_busy_timeout(s->db, BUSY_WAIT_MS);
  int code = store_reader_guard(s);
  return code ? code : store_exec(s, "PRAGMA cell_size_check = ON; PRAGMA foreign_keys = ON; PRAGMA cache_size = -16384");
}

/* Does a journal with content lie beside the store? */
static bool has_journal(const char *path, const char *suffix)
{
  struct stat st;
  size_t size = strlen(path) + strlen(suffix) + 1;
  char *name = store_alloc(NULL, size);
  snprintf(name, size, "%s%s", path, suffix);
  bool found = stat(name, &st) == 0 && st.st_size > 0;
  free(name);
  return found;
}

/* file:PATH?immutable=1, with PATH escaped. */
static char *immutable_uri(const char *path)
{
  char *uri = store_alloc(NULL, strlen(path) * 3 + 32), *out = uri;
  out += sprintf(out, "file:");
  for (const unsigned char *p = (const unsigned char *)path; *p; p++)
    out += *p == '?' || *p == '#' || *p == '%' ? sprintf(out, "%%%02x", *p) : sprintf(out, "%c", *p);
  sprintf(out, "?immutable=1");
  return uri;
}

/* A store in WAL mode cannot be read where its index cannot be made beside it (a directory or medium that is
 * not writable). Without pending changes in a -wal the file is complete, and is read as it stands. */
static int reopen_immutable(struct store *s)
{
  if (has_journal(s->path, "-wal") || has_journal(s->path, "-journal"))
    return store_fail(s, STORE_READONLY, "%s: has changes that are still in its journal, and its directory cannot be "
                      "written, so they cannot be brought in; copy the store with its -wal or -journal file to a "
                      "directory of your own and read it there", s->path);
  char *uri = immutable_uri(s->path);
  sqlite3_close(s->db);
  s->db = NULL;
  int rc = sqlite3_open_v2(uri, &s->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI, NULL);
  free(uri);
  return rc == SQLITE_OK ? STORE_OK : explain_open(s);
}

static int look_at(struct store *s, int64_t *version)
{
  int code = set_up(s);
  return code ? code : check_kind(s, version);
}

static int open_read(struct store *s)
{
  int64_t version;
  if (sqlite3_open_v2(s->path, &s->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
    return explain_open(s);
  int code = look_at(s, &version);
  if (code == STORE_READONLY || code == STORE_ERROR)
    if ((code = reopen_immutable(s)) == STORE_OK)
      code = look_at(s, &version);
  if (code)
    return code;
  if (version == 0)
    return store_fail(s, STORE_ABSENT, "%s: is an empty file; `assay run FILE.lua` makes a store of it", s->path);
  if (version < STORE_FORMAT)
    return store_fail(s, STORE_ERROR, "%s: is of the older format %lld; any command that writes brings it to %d (after "
                      "making a copy)", s->path, (long long)version, STORE_FORMAT);
  if (!(code = store_check_schema(s)) && s->newer)
    store_fail(s, STORE_OK, "%s: was written by a newer assay (format %lld, this one knows %d): what is new in it is not "
               "shown", s->path, (long long)version, STORE_FORMAT);
  return code;
}

/* A store that is there can be written only where its journal can be made beside it. */
static int check_writable(struct store *s)
{
  char dir[4096];
  directory_of(s->path, dir);
  if (access(s->path, F_OK) != 0 || access(dir, W_OK | X_OK) == 0)
    return STORE_OK;
  return store_fail(s, STORE_READONLY, "%s: can only be read: its directory %s cannot be written (%s); choose another "
                    "place with --db, or copy the store there first", s->path, dir, strerror(errno));
}

static int open_write(struct store *s)
{
  int64_t version;
  if (check_writable(s) != STORE_OK)
    return STORE_READONLY;
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
  if (sqlite3_open_v2(s->path, &s->db, flags, NULL) != SQLITE_OK)
    return explain_open(s);
  int code = look_at(s, &version);
  if (code)
    return code;
  if (sqlite3_db_readonly(s->db, "main") == 1)
    return store_fail(s, STORE_READONLY, "%s: is read-only; change its permissions, or choose another file with --db",
                      s->path);
  owner_self(&s->self);
  if ((code = store_check_triggers(s)) || (code = store_journal_set(s)) || (version == 0 && (code = store_create(s))))
    return code;
  if ((code = store_take_writer(s, writer_wait_s)))
    return code;
  s->message[0] = '\0'; /* who had to be waited for; what is said from here on is about the format */
  if ((code = store_migrate_known(s)) ||
      (code = store_check_schema(s)) || (code = store_mark_lost(s)))
    return code;
  return buffer_open(s);
}

int store_open(struct store **out, const char *path, enum store_mode mode, char *message, size_t message_size)
{
  struct store *s = store_alloc(NULL, sizeof *s);
  *s = (struct store){.mode = mode, .path = NULL};
  path = default_path(path);
  s->path = store_copy(path);
  int code = mode == STORE_READ ? open_read(s) : open_write(s);
  if (message_size)
    snprintf(message, message_size, "%s", s->message);
  if (code) {
    store_close(s);
    s = NULL;
  }
  *out = s;
  return code;
}

/* A writer that is not the last to close leaves its log behind, and readers cannot take it in: do it now, if no one is reading just
 * then, so that the file alone is the store. */
static void take_in_log(struct store *s)
{
  sqlite3_busy_timeout(s->db, 200);
  sqlite3_exec(s->db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL);
}

void store_close(struct store *s)
{
  if (!s)
    return;
  bool wrote = s->buffer != NULL;
  if (s->buffer) {
    store_flush(s);
    sqlite3_exec(s->db, "PRAGMA optimize", NULL, NULL, NULL);
  }
  store_leave_writer(s);
  buffer_close(s);
  for (size_t i = 0; i < STMT_COUNT; i++)
    sqlite3_finalize(s->stmt[i]);
  if (wrote && s->wal)
    take_in_log(s);
  sqlite3_close(s->db);
  free(s->path);
  free(s);
}
