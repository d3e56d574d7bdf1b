/* migration.c: bringing a store of format 1 forward is killed at every statement in turn. After each, the file is
 * the old format or the new one, whole, with its copy or without, and the next opening brings it forward.
 *
 * SQLite calls back before each statement of every connection of the process (an auto-extension sets the trace). */
#define FIXTURE_FOLDER "/dev/shm"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/store_int.h"
#include "tests/unit/store/fixture.h"
#include "tests/unit/store/format_1.h"

static long countdown; /* statements until the process dies; 0: it lives */
static char path[128], backup[160], message[1024];

static int before_statement(unsigned what, void *self, void *st, void *text)
{
  (void)what, (void)self, (void)st, (void)text;
  if (countdown > 0 && --countdown == 0)
    raise(SIGKILL);
  return 0;
}

static int watch(sqlite3 *db, char **why, const void *api)
{
  (void)why, (void)api;
  return sqlite3_trace_v2(db, SQLITE_TRACE_STMT, before_statement, NULL);
}

/* Open for writing in a child that is killed before statement n; was it? */
static bool killed_at(long n)
{
  int status;
  pid_t pid = fork();
  if (pid == 0) {
    struct store *s;
    countdown = n;
    int code = store_open(&s, path, STORE_WRITE, message, sizeof message);
    countdown = 0;
    store_close(s);
    _exit(code == STORE_OK ? 0 : 1);
  }
  if (pid < 0 || waitpid(pid, &status, 0) != pid)
    tap_bail("no child process");
  if (WIFEXITED(status) && WEXITSTATUS(status))
    tap_bail("opening fails by itself");
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static long number(const char *file, const char *sql)
{
  sqlite3 *db = NULL;
  sqlite3_stmt *st = NULL;
  long n = -1;
  if (sqlite3_open_v2(file, &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK && sqlite3_prepare_v2(db, sql, -1, &st, NULL) == SQLITE_OK &&
      sqlite3_step(st) == SQLITE_ROW)
    n = (long)sqlite3_column_int64(st, 0);
  sqlite3_finalize(st);
  sqlite3_close(db);
  return n;
}

/* The columns and views that came with format 2, or its trash alone: all there in the new format, none in the old. */
static const char new_parts[] = "SELECT (SELECT count(*) FROM pragma_table_info('run') WHERE name IN ('note', 'trashed_at')) +"
                                " (SELECT count(*) FROM sqlite_schema WHERE name IN ('run_trashed', 'trash'))";
static const char whole[] = "SELECT (SELECT integrity_check = 'ok' FROM pragma_integrity_check) AND (SELECT count(*) FROM run) = 1"
                            " AND (SELECT count(*) FROM metric) = 1 AND (SELECT count(*) FROM result) = 1";

struct tally { long killed, old, new, torn, copies, bad_copies, stuck; };

static void look(struct tally *t)
{
  long format = number(path, "PRAGMA user_version"), parts = number(path, new_parts);
  bool good = number(path, whole) == 1 && ((format == 1 && parts == 0) || (format == STORE_FORMAT && parts == 4));
  t->torn += !good;
  t->old += format == 1;
  t->new += format == STORE_FORMAT;
  if (!good)
    tap_diag("killed at statement %ld: format %ld with %ld parts of the new one", t->killed, format, parts);
  if (format == STORE_FORMAT) { /* brought forward: then the copy of before is whole */
    t->copies++;
    t->bad_copies += number(backup, "PRAGMA user_version") != 1 || number(backup, whole) != 1;
  }
  struct store *s = NULL;
  t->stuck += store_open(&s, path, STORE_WRITE, message, sizeof message) != STORE_OK ||
              fixture_int(s, "SELECT count(*) FROM runs WHERE uid = 'abc'") != 1;
  store_close(s);
}

static void clean_up(void)
{
  static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
  for (size_t i = 0; i < 4; i++) {
    char name[200];
    snprintf(name, sizeof name, "%s%s", path, endings[i]);
    unlink(name);
    snprintf(name, sizeof name, "%s%s", backup, endings[i]);
    unlink(name);
  }
}

int main(void)
{
  struct tally t = {0};
  bool killed = true;
  snprintf(path, sizeof path, "%s", fixture_path("old.db"));
  snprintf(backup, sizeof backup, "%s.format-1.bak", path);
  if (sqlite3_auto_extension((void (*)(void))watch) != SQLITE_OK)
    tap_bail("no auto-extension");
  while (killed) {
    clean_up();
    make_format_1(path);
    if ((killed = killed_at(t.killed + 1))) {
      t.killed++;
      look(&t);
    }
  }
  tap_diag("%ld statements: after %ld kills the store was of format 1, after %ld of format %d", t.killed, t.old, t.new, STORE_FORMAT);
  tap_ok(t.killed > 20, "opening an old store has statements to be killed at (%ld)", t.killed);
  tap_is_int(t.torn, 0, "killed at any of them, the store is of the old format or the new one, and whole");
  tap_ok(t.old > 0 && t.new > 0, "both occur");
  tap_is_int(t.bad_copies, 0, "where it is of the new one, the copy of before is whole (%ld times)", t.copies);
  tap_is_int(t.stuck, 0, "and each time the next opening finishes the work");
  fixture_done();
  return tap_done();
}
