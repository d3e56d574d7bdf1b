/* store.c: the handle: messages, prepared statements, transactions, and small helpers of the folder.
 *
 * Every SQLite error is translated here, once, into a store code and a message with cause and cure. */
#include "store/store_int.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/statvfs.h>
#include <time.h>

#include <xxhash.h>

static const char *const stmt_sql[STMT_COUNT] = {
  [STMT_BEGIN] = "BEGIN IMMEDIATE",
  [STMT_COMMIT] = "COMMIT",
  [STMT_ROLLBACK] = "ROLLBACK",
  [STMT_HEARTBEAT] = "UPDATE writer SET seen_at = ?1 WHERE token = ?2",
  [STMT_FIND_DONE] = ("SELECT id FROM run WHERE config_hash = ?1 AND status = 'done' AND trashed_at IS NULL"
                     " ORDER BY id DESC LIMIT 1"),
  [STMT_RUN_BEGIN] = ("INSERT INTO run (uid, experiment_id, environment_id, config, config_hash, group_hash, seed,"
                     " status, started_at, host, boot_id, pid, pid_start, worker_pid)"
                     " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, 'running', ?8, ?9, ?10, ?11, ?12, ?13)"),
  [STMT_PARAM] = "INSERT OR REPLACE INTO param (run_id, key, value) VALUES (?1, ?2, ?3)",
  [STMT_RUN_END] = ("UPDATE run SET status = ?2, ended_at = ?3, wall_s = ?4, cpu_s = ?5, peak_memory_b = ?6,"
                   " error = ?7 WHERE id = ?1 AND status = 'running'"),
  [STMT_RESULT] = "INSERT OR REPLACE INTO result (run_id, key, value) VALUES (?1, ?2, ?3)",
  [STMT_ARTIFACT] = "INSERT OR REPLACE INTO artifact (run_id, name, kind, hash, size_b, content) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
  [STMT_RESULT_DERIVED] = "INSERT OR IGNORE INTO result (run_id, key, value) VALUES (?1, ?2, ?3)",
  [STMT_KEY_ADD] = "INSERT INTO metric_key (name) VALUES (?1)",
  [STMT_POINT] = "INSERT OR REPLACE INTO metric (run_id, key_id, step, value) VALUES (?1, ?2, ?3, ?4)",
  [STMT_POINTS] = NULL, /* many rows; made by buffer.c */
};

const char *store_message(const struct store *s) { return s->message; }
const char *store_path(const struct store *s) { return s->path; }

const char *store_status_name(enum store_status st)
{
  switch (st) {
  case STORE_RUNNING: return "running";
  case STORE_DONE: return "done";
  case STORE_FAILED: return "failed";
  case STORE_CANCELLED: return "cancelled";
  case STORE_LOST: return "lost";
  }
  return "unknown";
}

int store_fail(struct store *s, int code, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  vsnprintf(s->message, sizeof s->message, format, args);
  va_end(args);
  return code;
}

static int fail_full(struct store *s, const char *doing)
{
  char dir[4096];
  struct statvfs fs;
  snprintf(dir, sizeof dir, "%s", s->path);
  char *slash = strrchr(dir, '/');
  snprintf(slash ? slash + 1 : dir, 2, ".");
  if (statvfs(dir, &fs) != 0)
    return store_fail(s, STORE_FULL, "%s: no space left while %s; free space or choose another place with --db",
                      s->path, doing);
  return store_fail(s, STORE_FULL,
                    "%s: no space left while %s (%llu bytes free there, or a quota or file size limit is reached); "
                    "finished runs are intact: free space and run again to continue, or choose another place with --db",
                    s->path, doing, (unsigned long long)fs.f_bavail * fs.f_frsize);
}

/* 'path', so that a shell takes it as it stands; to be freed. */
static char *shell_word(const char *path)
{
  char *word = store_alloc(NULL, 4 * strlen(path) + 3), *out = word;
  *out++ = '\'';
  for (const char *p = path; *p; p++)
    if (*p == '\'')
      out += sprintf(out, "'\\''");
    else
      *out++ = *p;
  memcpy(out, "'", 2);
  return word;
}

/* The format that the file's head names, which is often still readable; else the present one. */
static int format_named(struct store *s)
{
  sqlite3_stmt *st = NULL;
  int format = STORE_FORMAT;
  if (sqlite3_prepare_v2(s->db, "PRAGMA user_version", -1, &st, NULL) == SQLITE_OK && sqlite3_step(st) == SQLITE_ROW && sqlite3_column_int(st, 0) > 0)
    format = sqlite3_column_int(st, 0);
  sqlite3_finalize(st);
  return format;
}

/* .recover of the sqlite3 program could save more, but fails on every file where its library has no table of pages, as Debian's. */
const char *store_rescue(struct store *s)
{
  char *word = shell_word(s->path);
  snprintf(s->rescue, sizeof s->rescue, "(sqlite3 %s .dump | sed 's/^ROLLBACK.*/COMMIT;/'; echo 'PRAGMA application_id = %d; PRAGMA "
           "user_version = %d;') | sqlite3 rescued.db", word, STORE_APPLICATION_ID, format_named(s));
  free(word);
  return s->rescue;
}

static int fail_corrupt(struct store *s, const char *text, const char *doing)
{
  char kept[256]; /* the handle's text changes with what is asked of it next */
  snprintf(kept, sizeof kept, "%s", text);
  return store_fail(s, STORE_CORRUPT, "%s: damaged (%s, noticed while %s); go back to a copy, or rescue what can be read with: %s", s->path,
                    kept, doing, store_rescue(s));
}

/* SQLite knows a database by its first 16 bytes, and then expects sizes in those that follow. */
static int fail_not_database(struct store *s, const char *text)
{
  static const char magic[16] = "SQLite format 3";
  char head[sizeof magic] = {0};
  FILE *f = fopen(s->path, "rb");
  bool is_one = f && fread(head, 1, sizeof head, f) == sizeof head && memcmp(head, magic, sizeof head) == 0;
  if (f)
    fclose(f);
  if (is_one)
    return store_fail(s, STORE_CORRUPT, "%s: damaged: the first 100 bytes of an SQLite database are wrong (%s); go back to a copy, or choose "
                      "another file with --db", s->path, text);
  return store_fail(s, STORE_NOT_OURS, "%s: not a store of assay (%s); choose another file with --db", s->path, text);
}

int store_fail_sqlite(struct store *s, const char *doing)
{
  int code = sqlite3_extended_errcode(s->db), os = sqlite3_system_errno(s->db);
  const char *text = sqlite3_errmsg(s->db);
  switch (code & 0xff) {
  case SQLITE_FULL:
    return fail_full(s, doing);
  case SQLITE_IOERR:
    /* SQLite loses errno when a write to the log came out short: a quota or a size limit */
    if (os == ENOSPC || os == EDQUOT || os == EFBIG || (code == SQLITE_IOERR_WRITE && os == 0))
      return fail_full(s, doing);
    return store_fail(s, STORE_ERROR, "%s: input/output error while %s: %s", s->path, doing, strerror(os));
  case SQLITE_READONLY:
    return store_fail(s, STORE_READONLY,
                      "%s: cannot be written while %s (%s); change its permissions or choose another place with --db",
                      s->path, doing, text);
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
    return store_fail(s, STORE_BUSY, "%s: locked by another program while %s; close it (an open transaction in an "
                      "SQLite client?) and try again", s->path, doing);
  case SQLITE_CORRUPT:
    return fail_corrupt(s, text, doing);
  case SQLITE_NOTADB:
    return fail_not_database(s, text);
  case SQLITE_INTERRUPT:
    return store_fail(s, STORE_INTERRUPTED, "%s: interrupted while %s", s->path, doing);
  case SQLITE_CANTOPEN:
    if (os == EACCES || os == EROFS || os == EPERM)
      return store_fail(s, STORE_READONLY, "%s: cannot be opened while %s: %s; choose another place with --db",
                        s->path, doing, strerror(os));
    return store_fail(s, STORE_ERROR, "%s: cannot be opened while %s: %s", s->path, doing, os ? strerror(os) : text);
  default:
    return store_fail(s, STORE_ERROR, "%s: %s while %s", s->path, text, doing);
  }
}

int store_exec(struct store *s, const char *sql)
{
  return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? STORE_OK : store_fail_sqlite(s, "setting up");
}

int store_stmt(struct store *s, enum stmt_id id, sqlite3_stmt **out)
{
  if (!s->stmt[id] && sqlite3_prepare_v3(s->db, stmt_sql[id], -1, SQLITE_PREPARE_PERSISTENT, &s->stmt[id], NULL) != SQLITE_OK)
    return store_fail_sqlite(s, "preparing a statement");
  *out = s->stmt[id];
  return STORE_OK;
}

int store_run(struct store *s, sqlite3_stmt *st, const char *doing)
{
  int rc = sqlite3_step(st), code = STORE_OK;
  if (rc != SQLITE_DONE && rc != SQLITE_ROW)
    code = store_fail_sqlite(s, doing);
  sqlite3_reset(st);
  sqlite3_clear_bindings(st);
  return code;
}

int store_scalar(struct store *s, const char *sql, int64_t *out)
{
  sqlite3_stmt *st = NULL;
  int code = STORE_OK;
  *out = 0;
  if (sqlite3_prepare_v2(s->db, sql, -1, &st, NULL) != SQLITE_OK)
    return store_fail_sqlite(s, "reading");
  int rc = sqlite3_step(st);
  if (rc == SQLITE_ROW)
    *out = sqlite3_column_int64(st, 0);
  else if (rc != SQLITE_DONE)
    code = store_fail_sqlite(s, "reading");
  sqlite3_finalize(st);
  return code;
}

static int simple(struct store *s, enum stmt_id id, const char *doing)
{
  sqlite3_stmt *st = NULL;
  int code = store_stmt(s, id, &st);
  return code ? code : store_run(s, st, doing);
}

int store_begin(struct store *s) { return simple(s, STMT_BEGIN, "beginning to write"); }

void store_rollback(struct store *s)
{
  char kept[sizeof s->message]; /* the reason for rolling back is what the caller wants to read */
  memcpy(kept, s->message, sizeof kept);
  if (!sqlite3_get_autocommit(s->db))
    simple(s, STMT_ROLLBACK, "rolling back");
  memcpy(s->message, kept, sizeof kept);
}

int store_commit(struct store *s)
{
  int code = simple(s, STMT_COMMIT, "writing");
  if (code)
    store_rollback(s);
  return code;
}

int store_finish(struct store *s, int code)
{
  if (!code)
    return store_commit(s);
  store_rollback(s);
  return code;
}

int store_prepare(struct store *s, const char *sql, sqlite3_stmt **st)
{
  return sqlite3_prepare_v2(s->db, sql, -1, st, NULL) == SQLITE_OK ? STORE_OK : store_fail_sqlite(s, "preparing to write");
}

int store_writable(struct store *s)
{
  return s->buffer ? STORE_OK : store_fail(s, STORE_READONLY, "%s: was opened for reading only", s->path);
}

int store_full_sync(struct store *s, bool on)
{
  return s->wal ? store_exec(s, on ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL") : STORE_OK;
}

void store_now(char out[32])
{
  struct timespec t;
  struct tm tm;
  clock_gettime(CLOCK_REALTIME, &t);
  gmtime_r(&t.tv_sec, &tm);
  size_t n = strftime(out, 32, "%Y-%m-%dT%H:%M:%S", &tm);
  snprintf(out + n, 32 - n, ".%03dZ", (int)(t.tv_nsec / 1000000 % 1000));
}

double store_clock(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void hex(const unsigned char *bytes, size_t n, char *out)
{
  static const char digit[] = "0123456789abcdef";
  for (size_t i = 0; i < n; i++) {
    out[2 * i] = digit[bytes[i] >> 4];
    out[2 * i + 1] = digit[bytes[i] & 15];
  }
  out[2 * n] = '\0';
}

int store_random_hex(char out[33])
{
  unsigned char bytes[16];
  if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
    return STORE_ERROR;
  hex(bytes, sizeof bytes, out);
  return STORE_OK;
}

void store_hash_hex(const void *data, size_t size, char out[33])
{
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(data, size));
  hex(canonical.digest, sizeof canonical.digest, out);
}

char *store_copy(const char *s)
{
  size_t size = strlen(s) + 1;
  return memcpy(store_alloc(NULL, size), s, size);
}

void *store_alloc(void *old, size_t size)
{
  void *p = realloc(old, size ? size : 1);
  if (!p) {
    fprintf(stderr, "assay: out of memory (%zu bytes for the book-keeping of the store)\n", size);
    abort();
  }
  return p;
}
