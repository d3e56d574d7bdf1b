/* reader.c: queries, and what keeps them harmless.
 *
 * A query is one statement that only reads: an authorizer decides at preparation, so that nothing of a
 * hostile text or a hostile view runs. Time limit and cancel flag are looked at every few thousand steps of
 * SQLite's machine. */
#include "store/store_int.h"

#include <ctype.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STEPS_BETWEEN_LOOKS = 4000, ROWS_BETWEEN_LOOKS = 256, LONGEST_VALUE_B = 512 << 20, LONGEST_SQL_B = 4 << 20,
       UNKNOWN_VIEW_S = 5 };

struct store_query {
  struct store *store;
  sqlite3_stmt *st;
  const atomic_int *cancel;
  double seconds, deadline; /* 0: none */
  unsigned rows;
};

/* --- what is allowed -------------------------------------------------------------------------- */

static bool pragma_is_harmless(const char *name, const char *argument)
{
  static const char *const describing[] = { "table_info", "table_xinfo", "table_list", "index_list", "index_info",
    "index_xinfo", "foreign_key_list" };
  static const char *const reading[] = { "user_version", "application_id", "schema_version", "page_count", "page_size",
    "freelist_count", "journal_mode", "database_list", "encoding", "compile_options", "function_list" };
  for (size_t i = 0; i < sizeof describing / sizeof *describing; i++)
    if (sqlite3_stricmp(name, describing[i]) == 0)
      return true;
  for (size_t i = 0; i < sizeof reading / sizeof *reading; i++)
    if (!argument && sqlite3_stricmp(name, reading[i]) == 0)
      return true;
  return false;
}

static int authorize(void *self, int action, const char *a, const char *b, const char *database, const char *view)
{
  const struct store *s = self;
  (void)database, (void)view;
  if (!s->restricted)
    return SQLITE_OK;
  switch (action) {
  case SQLITE_SELECT:
  case SQLITE_READ:
  case SQLITE_RECURSIVE:
    return SQLITE_OK;
  case SQLITE_FUNCTION:
    return sqlite3_stricmp(b, "load_extension") == 0 || sqlite3_stricmp(b, "fts3_tokenizer") == 0 ? SQLITE_DENY : SQLITE_OK;
  case SQLITE_PRAGMA:
    return pragma_is_harmless(a, b) ? SQLITE_OK : SQLITE_DENY;
  case SQLITE_UPDATE: /* how SQLite asks when it declares pragma_table_info() and its kin; an UPDATE of that
                         table is refused by SQLite itself and by the check for statements that only read */
    return strcmp(a, "sqlite_master") == 0 ? SQLITE_OK : SQLITE_DENY;
  default:
    return SQLITE_DENY;
  }
}

int store_reader_guard(struct store *s)
{
  sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
  sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
  sqlite3_db_config(s->db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
  sqlite3_limit(s->db, SQLITE_LIMIT_ATTACHED, 0);
  sqlite3_limit(s->db, SQLITE_LIMIT_LENGTH, LONGEST_VALUE_B);
  sqlite3_limit(s->db, SQLITE_LIMIT_SQL_LENGTH, LONGEST_SQL_B);
  if (sqlite3_set_authorizer(s->db, authorize, s) != SQLITE_OK)
    return store_fail_sqlite(s, "setting up");
  return STORE_OK;
}

/* --- queries ---------------------------------------------------------------------------------- */

static bool is_cancelled(const struct store_query *q) { return q->cancel && atomic_load_explicit(q->cancel, memory_order_relaxed); }
static bool is_late(const struct store_query *q) { return q->seconds > 0 && store_clock() > q->deadline; }

/* Only while a query runs: the same connection may write between its rows. */
static int look(void *self)
{
  const struct store_query *q = self;
  return q->store->restricted && (is_cancelled(q) || is_late(q));
}

static void enter(struct store_query *q)
{
  q->store->restricted++;
  if (q->store->watched != q) {
    sqlite3_progress_handler(q->store->db, STEPS_BETWEEN_LOOKS, look, q);
    q->store->watched = q;
  }
}

static void leave(struct store_query *q) { q->store->restricted--; }

static int query_stopped(struct store_query *q)
{
  if (is_cancelled(q))
    return store_fail(q->store, STORE_INTERRUPTED, "query cancelled");
  return store_fail(q->store, STORE_INTERRUPTED, "query stopped after its limit of %g s; narrow it (where, limit) or "
                    "raise the limit with --timeout", q->seconds);
}

static int query_failed(struct store_query *q)
{
  struct store *s = q->store;
  switch (sqlite3_errcode(s->db) & 0xff) {
  case SQLITE_INTERRUPT:
    return query_stopped(q);
  case SQLITE_AUTH:
    return store_fail(s, STORE_BAD_SQL, "only reading is allowed here, in one SELECT (%s)", sqlite3_errmsg(s->db));
  case SQLITE_NOMEM:
    return store_fail(s, STORE_INTERRUPTED, "query stopped: it needs more memory than it may have (512 MB); narrow it "
                      "(where, limit)");
  case SQLITE_ERROR:
  case SQLITE_RANGE:
  case SQLITE_MISMATCH:
  case SQLITE_TOOBIG:
    return store_fail(s, STORE_BAD_SQL, "%s", sqlite3_errmsg(s->db));
  default:
    return store_fail_sqlite(s, "answering a query");
  }
}

/* Only white space, comments and semicolons are left. */
static bool is_blank(struct store *s, const char *sql)
{
  for (const char *tail = sql; *sql; sql = tail) {
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(s->db, sql, -1, &st, &tail);
    bool empty = rc == SQLITE_OK && !st;
    sqlite3_finalize(st);
    if (!empty)
      return false;
  }
  return true;
}

static int prepare_query(struct store_query *q, const char *sql)
{
  struct store *s = q->store;
  const char *tail = NULL;
  int code = STORE_OK;
  enter(q);
  if (sqlite3_prepare_v2(s->db, sql, -1, &q->st, &tail) != SQLITE_OK)
    code = query_failed(q);
  else if (!q->st)
    code = store_fail(s, STORE_BAD_SQL, "the query is empty");
  else if (!is_blank(s, tail))
    code = store_fail(s, STORE_BAD_SQL, "one statement at a time: something follows the first one: %.60s", tail);
  else if (!sqlite3_stmt_readonly(q->st))
    code = store_fail(s, STORE_BAD_SQL, "only reading is allowed here, in one SELECT");
  leave(q);
  return code;
}

int store_query_open(struct store_query **out, struct store *s, const char *sql, const struct store_limits *limits)
{
  int code = store_flush(s); /* a writer sees its own latest metrics */
  *out = NULL;
  if (code)
    return code;
  struct store_query *q = store_alloc(NULL, sizeof *q);
  *q = (struct store_query){.store = s};
  if (limits) {
    q->cancel = limits->cancel;
    q->seconds = limits->seconds;
  }
  if (s->newer && q->seconds <= 0) /* its views are not known here, and may be anything */
    q->seconds = UNKNOWN_VIEW_S;
  q->deadline = store_clock() + q->seconds;
  if ((code = prepare_query(q, sql)))
    store_query_close(q);
  else
    *out = q;
  return code;
}

static int bound(struct store_query *q, int rc) { return rc == SQLITE_OK ? STORE_OK : query_failed(q); }

int store_query_bind_text(struct store_query *q, int at, const char *value)
{
  return bound(q, sqlite3_bind_text(q->st, at, value, -1, SQLITE_TRANSIENT));
}

int store_query_bind_int(struct store_query *q, int at, int64_t value) { return bound(q, sqlite3_bind_int64(q->st, at, value)); }
int store_query_bind_real(struct store_query *q, int at, double value) { return bound(q, sqlite3_bind_double(q->st, at, value)); }

size_t store_query_columns(const struct store_query *q) { return (size_t)sqlite3_column_count(q->st); }

const char *store_query_name(const struct store_query *q, size_t column)
{
  const char *name = sqlite3_column_name(q->st, (int)column);
  return name ? name : "";
}

int store_query_next(struct store_query *q, bool *row)
{
  int code = STORE_OK;
  *row = false;
  enter(q);
  /* A query whose time goes by between its rows may never reach the progress handler. */
  bool stop = q->rows++ % ROWS_BETWEEN_LOOKS == 0 && look(q);
  int rc = stop ? SQLITE_INTERRUPT : sqlite3_step(q->st);
  if (rc == SQLITE_ROW)
    *row = true;
  else if (rc != SQLITE_DONE)
    code = stop ? query_stopped(q) : query_failed(q);
  leave(q);
  return code;
}

struct store_cell store_query_cell(const struct store_query *q, size_t column)
{
  int at = (int)column;
  struct store_cell c = {.type = STORE_NULL};
  switch (sqlite3_column_type(q->st, at)) {
  case SQLITE_INTEGER:
    c.type = STORE_INTEGER;
    c.i = sqlite3_column_int64(q->st, at);
    c.r = (double)c.i;
    break;
  case SQLITE_FLOAT:
    c.type = STORE_REAL;
    c.r = sqlite3_column_double(q->st, at);
    break;
  case SQLITE_TEXT:
    c.type = STORE_TEXT;
    c.text = (const char *)sqlite3_column_text(q->st, at);
    break;
  case SQLITE_BLOB:
    c.type = STORE_BLOB;
    c.text = sqlite3_column_blob(q->st, at);
    break;
  default:
    break;
  }
  if (c.type == STORE_TEXT || c.type == STORE_BLOB) {
    c.size = (size_t)sqlite3_column_bytes(q->st, at);
    if (!c.text)
      c.text = "";
  }
  return c;
}

void store_query_close(struct store_query *q)
{
  if (!q)
    return;
  sqlite3_finalize(q->st);
  if (q->store->watched == q) {
    sqlite3_progress_handler(q->store->db, 0, NULL, NULL);
    q->store->watched = NULL;
  }
  free(q);
}

/* --- integrity -------------------------------------------------------------------------------- */

int store_integrity(struct store *s, bool full, struct store_check *out)
{
  sqlite3_stmt *st = NULL;
  size_t n = 0;
  int rc = SQLITE_ROW;
  out->ok = false;
  out->text[0] = '\0';
  if (sqlite3_prepare_v2(s->db, full ? "PRAGMA integrity_check(20)" : "PRAGMA quick_check(20)", -1, &st, NULL) != SQLITE_OK)
    return store_fail_sqlite(s, "checking it");
  while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
    const char *line = (const char *)sqlite3_column_text(st, 0);
    if (n < sizeof out->text)
      n += (size_t)snprintf(out->text + n, sizeof out->text - n, "%s%s", n ? "\n" : "", line ? line : "");
  }
  int code = rc == SQLITE_DONE ? STORE_OK : store_fail_sqlite(s, "checking it");
  sqlite3_finalize(st);
  out->ok = !code && strcmp(out->text, "ok") == 0;
  return code;
}
