/* errors.c: every kind of trouble has its own code, and a message with cause and cure. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "store/store_int.h"
#include "tests/unit/store/fixture.h"

static char message[1024];

static int try_open(const char *path, enum store_mode mode)
{
  struct store *s;
  message[0] = '\0';
  int code = store_open(&s, path, mode, message, sizeof message);
  store_close(s);
  return code;
}

static void run_sql(const char *path, const char *sql)
{
  sqlite3 *db;
  if (sqlite3_open(path, &db) != SQLITE_OK || sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
    tap_bail("%s: %s", sql, sqlite3_errmsg(db));
  sqlite3_close(db);
}

static char *path_of(const char *name)
{
  static char path[4][128];
  static int turn;
  turn = (turn + 1) % 4;
  snprintf(path[turn], sizeof path[turn], "%s", fixture_path(name));
  return path[turn];
}

static char *make_store(const char *name, size_t points)
{
  char *path = path_of(name);
  struct store *s;
  if (store_open(&s, path, STORE_WRITE, message, sizeof message) != STORE_OK)
    tap_bail("%s", message);
  int64_t run = fixture_run(s, fixture_experiment(s), "{\"lr\":0.1}", 1);
  for (size_t i = 0; i < points; i++)
    store_metric(s, run, "loss", (int64_t)i, 1.0 / (double)(i + 1));
  store_run_end(s, run, &(struct store_run_end){.status = STORE_DONE});
  store_close(s);
  return path;
}

static void test_absent(void)
{
  tap_is_int(try_open(path_of("none.db"), STORE_READ), STORE_ABSENT, "reading a store that is not there is STORE_ABSENT");
  tap_has(message, "assay run", "and the message says what makes one");
  tap_ok(access(path_of("none.db"), F_OK) != 0, "and reading makes no file");
  tap_is_int(try_open(path_of("no/such/dir.db"), STORE_WRITE), STORE_ABSENT, "so is a missing directory");
  tap_has(message, "there is no directory", "which is named");
  fclose(fopen(path_of("empty.db"), "w"));
  tap_is_int(try_open(path_of("empty.db"), STORE_READ), STORE_ABSENT, "an empty file holds no store yet");
  tap_is_int(try_open(path_of("empty.db"), STORE_WRITE), STORE_OK, "and can become one");
  tap_is_int(try_open(fixture_dir, STORE_WRITE), STORE_NOT_OURS, "a directory is no store");
}

static void test_others(void)
{
  char *path = path_of("other.db");
  run_sql(path, "CREATE TABLE t (x); INSERT INTO t VALUES (1)");
  tap_is_int(try_open(path, STORE_READ), STORE_NOT_OURS, "a database of another program is not read");
  tap_is_int(try_open(path, STORE_WRITE), STORE_NOT_OURS, "nor written");
  tap_has(message, "another program", "the message says why");
  sqlite3 *db;
  sqlite3_stmt *st;
  sqlite3_open(path, &db);
  sqlite3_prepare_v2(db, "PRAGMA journal_mode", -1, &st, NULL);
  sqlite3_step(st);
  tap_is_str((const char *)sqlite3_column_text(st, 0), "delete", "and the file is left as it was");
  sqlite3_finalize(st);
  sqlite3_close(db);
  FILE *f = fopen(path_of("text.db"), "w");
  for (int i = 0; i < 300; i++)
    fputs("this is a text file, not a database\n", f);
  fclose(f);
  tap_is_int(try_open(path_of("text.db"), STORE_READ), STORE_NOT_OURS, "a text file is not a store");
}

static void test_newer(void)
{
  char *path = make_store("newer.db", 1);
  run_sql(path, "PRAGMA user_version = 999");
  tap_is_int(try_open(path, STORE_WRITE), STORE_TOO_NEW, "a store of a newer format is not written");
  tap_has(message, "format 999", "the message names the format");
  tap_is_int(try_open(path, STORE_READ), STORE_OK, "but read");
  tap_has(message, "format 999", "with a message that says so");
  tap_has(message, "not shown", "and what that means");
  run_sql(path, "DROP VIEW runs; CREATE VIEW runs AS SELECT *, 'more' AS later FROM run WHERE trashed_at IS NULL");
  struct store *s;
  if (tap_is_int(store_open(&s, path, STORE_READ, message, sizeof message), STORE_OK, "its views may have more than ours"))
    tap_is_str(fixture_text(s, "SELECT status FROM runs"), "done", "and are read");
  store_close(s);
  run_sql(path, "DROP VIEW runs; CREATE VIEW runs AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
          " SELECT i AS id FROM n");
  if (tap_is_int(store_open(&s, path, STORE_READ, message, sizeof message), STORE_OK, "or be endless")) {
    double began = store_clock();
    tap_has(fixture_text(s, "SELECT count(*) FROM runs"), "limit of 5 s", "then a query is cut off");
    tap_ok(store_clock() - began < 10, "after 5 seconds");
  }
  store_close(s);
  run_sql(path, "DROP TABLE tag");
  tap_is_int(try_open(path, STORE_READ), STORE_TOO_NEW, "without what this assay reads it is refused");
}

static void test_changed_schema(void)
{
  char *path = make_store("view.db", 1);
  run_sql(path, "DROP VIEW runs; CREATE VIEW runs AS SELECT * FROM run");
  tap_is_int(try_open(path, STORE_READ), STORE_NOT_OURS, "a changed view is not trusted");
  tap_has(message, "view runs", "and is named");
  path = make_store("trigger.db", 1);
  run_sql(path, "CREATE TRIGGER t AFTER INSERT ON metric BEGIN DELETE FROM run; END");
  tap_is_int(try_open(path, STORE_WRITE), STORE_NOT_OURS, "a store with a trigger is not written");
  tap_is_int(try_open(path, STORE_READ), STORE_OK, "but read: triggers do not fire then");
  path = make_store("computed.db", 1);
  run_sql(path, "DROP TABLE tag; CREATE TABLE tag (run_id INTEGER, tag TEXT AS (hex(zeroblob(400000000))) VIRTUAL)");
  tap_is_int(try_open(path, STORE_READ), STORE_NOT_OURS, "a table that computes its values is not trusted");
  tap_has(message, "table tag", "and is named");
  path = make_store("posing.db", 1);
  run_sql(path, "DROP VIEW results; CREATE TABLE results (x)");
  tap_is_int(try_open(path, STORE_READ), STORE_NOT_OURS, "nor is a table in the place of a view");
  path = make_store("virtual.db", 1);
  run_sql(path, "DROP TABLE script; CREATE VIRTUAL TABLE script USING fts5(id, hash, text)");
  tap_is_int(try_open(path, STORE_READ), STORE_NOT_OURS, "nor a virtual one in the place of a table");
  path = make_store("dropped.db", 1);
  run_sql(path, "DROP TABLE tag");
  tap_is_int(try_open(path, STORE_READ), STORE_CORRUPT, "a missing table is damage");
  path = make_store("added.db", 1);
  run_sql(path, "CREATE TABLE notes_of_mine (x); CREATE VIEW my_view AS SELECT * FROM runs; CREATE INDEX mine ON run (seed)");
  tap_is_int(try_open(path, STORE_WRITE), STORE_OK, "tables, views and indexes of the user do not disturb");
}

static void test_corrupt(void)
{
  char *path = make_store("corrupt.db", 20000);
  struct store *s;
  struct store_check check;
  int fd = open(path, O_RDWR);
  unsigned char junk[4096];
  struct stat st;
  memset(junk, 0xa5, sizeof junk);
  fstat(fd, &st);
  for (off_t at = 4096 * 20; at + 4096 <= st.st_size; at += 4096 * 3)
    if (pwrite(fd, junk, sizeof junk, at) != sizeof junk)
      tap_bail("could not damage %s", path);
  close(fd);
  int code = store_open(&s, path, STORE_READ, message, sizeof message);
  if (code == STORE_OK) {
    struct store_query *q;
    bool row = true;
    code = store_query_open(&q, s, "SELECT total(value) FROM metric", NULL);
    if (!code)
      code = store_query_next(q, &row);
    tap_is_int(code, STORE_CORRUPT, "reading damaged pages is an error, not a number");
    tap_has(store_message(s), "| sqlite3 rescued.db", "whose message says how to rescue");
    store_query_close(q);
    store_integrity(s, false, &check);
    tap_ok(!check.ok && check.text[0], "the check finds the damage");
    store_close(s);
  } else {
    tap_is_int(code, STORE_CORRUPT, "a damaged store is refused");
    tap_has(message, "| sqlite3 rescued.db", "with a message that says how to rescue");
    tap_skip(1, "the file does not even open");
  }
}

static void overwrite(const char *path, off_t at, size_t n)
{
  unsigned char junk[4096];
  int fd = open(path, O_RDWR);
  memset(junk, 0xa5, sizeof junk);
  if (fd < 0 || pwrite(fd, junk, n, at) != (ssize_t)n || close(fd) != 0)
    tap_bail("could not damage %s", path);
}

/* The command of the message does what it says, in the folder where it is given, whatever the file's name. */
static void test_rescue(void)
{
  char *path = make_store("it's here.db", 2000), command[2400];
  struct store *s;
  const char *told = "rescue what can be read with: ";
  struct stat st;
  if (stat(path, &st) != 0)
    tap_bail("%s is not there", path);
  overwrite(path, st.st_size - 3 * 4096, 4096); /* a page of metrics: they came last */
  if (store_open(&s, path, STORE_READ, message, sizeof message) == STORE_OK) {
    fixture_text(s, "SELECT total(value) FROM metric");
    snprintf(message, sizeof message, "%s", store_message(s));
    store_close(s);
  }
  const char *cure = strstr(message, told);
  tap_ok(cure != NULL, "a damaged page is noticed, and the message has a command: %s", message);
  if (!cure || system("command -v sqlite3 sed >/dev/null") != 0) {
    tap_skip(3, cure ? "sqlite3 or sed is not installed" : "no command");
    return;
  }
  snprintf(command, sizeof command, "cd '%s' && { %s; } 2>/dev/null", fixture_dir, cure + strlen(told));
  tap_is_int(system(command), 0, "the command runs");
  tap_is_int(store_open(&s, path_of("rescued.db"), STORE_WRITE, message, sizeof message), STORE_OK, "what it makes is a store: %s", message);
  if (s)
    tap_is_int(fixture_int(s, "SELECT count(*) FROM run WHERE status = 'done'"), 1, "with the run in it");
  store_close(s);
}

static void test_head(void)
{
  char *path = make_store("head.db", 1);
  overwrite(path, 20, 25);
  tap_is_int(try_open(path, STORE_READ), STORE_CORRUPT, "an SQLite file whose first bytes are wrong is damaged, not another program's");
  tap_has(message, "go back to a copy", "and what is to be done");
}

static void test_memory(void)
{
  struct store *s;
  if (store_open(&s, make_store("memory.db", 1), STORE_READ, message, sizeof message))
    tap_bail("%s", message);
  tap_is_int(fixture_int(s, "SELECT length(hex(zeroblob(50000000)))"), 100000000, "a value of 100 MB is within the limits");
  tap_has(fixture_text(s, "SELECT length(hex(zeroblob(300000000)))"), "too big", "a value beyond 512 MB is refused");
  tap_has(fixture_text(s, "SELECT length(hex(zeroblob(200000000)) || 'x')"), "512 MB", "and so is a query that needs more");
  tap_is_int(fixture_int(s, "SELECT count(*) FROM runs"), 1, "after it the store is read as before");
  store_close(s);
}

/* Run `check` as an ordinary user in a child, because root may write everywhere. Prints no TAP: 0 is well. */
static int as_nobody(int (*check)(const char *path), const char *path)
{
  pid_t pid = fork();
  if (pid == 0) {
    if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
      _exit(99);
    _exit(check(path));
  }
  int status;
  waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}

static int read_in_closed_dir(const char *path)
{
  struct store *s;
  if (store_open(&s, path, STORE_READ, message, sizeof message) != STORE_OK) {
    tap_diag("%s", message);
    return 1;
  }
  int n = (int)fixture_int(s, "SELECT count(*) FROM metrics");
  store_close(s);
  return n == 10 ? 0 : 2;
}

static int write_is_refused(const char *path)
{
  int code = try_open(path, STORE_WRITE);
  if (code != STORE_READONLY)
    tap_diag("code %d: %s", code, message);
  return code == STORE_READONLY && strstr(message, "--db") ? 0 : 1;
}

static int journal_is_refused(const char *path)
{
  int code = try_open(path, STORE_READ);
  if (code != STORE_READONLY)
    tap_diag("code %d: %s", code, message);
  return code == STORE_READONLY && strstr(message, "copy the store") ? 0 : 1;
}

static void test_read_only(void)
{
  char dir[128], path[160], wal[170];
  snprintf(dir, sizeof dir, "%s", path_of("closed"));
  chmod(fixture_dir, 0755);
  mkdir(dir, 0755);
  snprintf(path, sizeof path, "%s", make_store("closed/a?b#c %41.db", 10));
  chmod(path, 0444);
  chmod(dir, 0555);
  tap_is_int(as_nobody(read_in_closed_dir, path), 0, "a store in a directory that cannot be written is read as it stands");
  tap_is_int(as_nobody(write_is_refused, path), 0, "and writing it is STORE_READONLY with a cure");
  snprintf(wal, sizeof wal, "%s/new.db", dir);
  tap_is_int(as_nobody(write_is_refused, wal), 0, "so is making a store there");
  chmod(dir, 0755);
  snprintf(wal, sizeof wal, "%s-wal", path);
  FILE *f = fopen(wal, "w");
  fputs("something", f);
  fclose(f);
  chmod(dir, 0555);
  tap_is_int(as_nobody(journal_is_refused, path), 0, "with changes in a journal it is refused, and the message says what to do");
  chmod(dir, 0755);
}

/* Write until it fails; then everything that ended before must be there. Returns the code of the failure. */
static int fill(const char *path, int *ended)
{
  struct store *s;
  int code = store_open(&s, path, STORE_WRITE, message, sizeof message);
  *ended = 0;
  if (code)
    return code;
  int64_t experiment = fixture_experiment(s);
  for (int r = 0; r < 10000 && !code; r++) {
    char config[40];
    int64_t run;
    snprintf(config, sizeof config, "{\"r\":%d}", r);
    struct store_run_start start = {.experiment_id = experiment, .config_json = config, .config_hash = "x", .seed = 1};
    if ((code = store_run_begin(s, &start, &run)))
      break;
    for (int i = 0; i < 3000 && !code; i++)
      code = store_metric(s, run, "loss", i, i * 0.37);
    if (!code && !(code = store_run_end(s, run, &(struct store_run_end){.status = STORE_DONE})))
      ++*ended;
  }
  snprintf(message, sizeof message, "%s", store_message(s));
  store_close(s);
  return code;
}

static void check_after_full(const char *path, int ended, const char *how)
{
  struct store *s;
  struct store_check check = {.ok = false};
  if (store_open(&s, path, STORE_READ, message, sizeof message) != STORE_OK) {
    tap_ok(false, "%s: the store opens again (%s)", how, message);
    return;
  }
  store_integrity(s, true, &check);
  tap_ok(check.ok, "%s: the file passes the integrity check", how);
  tap_is_int(fixture_int(s, "SELECT count(*) FROM runs WHERE status = 'done'"), ended, "%s: every run that ended is there", how);
  tap_is_int(fixture_int(s, "SELECT count(*) FROM metrics m JOIN runs r ON r.id = m.run_id WHERE r.status = 'done'"),
             3000LL * ended, "%s: with all its points", how);
  store_close(s);
}

static void test_size_limit(void)
{
  char *path = path_of("limited.db");
  int ended = 0;
  struct rlimit old, limit;
  getrlimit(RLIMIT_FSIZE, &old);
  limit = (struct rlimit){.rlim_cur = 1500000, .rlim_max = old.rlim_max};
  signal(SIGXFSZ, SIG_IGN);
  setrlimit(RLIMIT_FSIZE, &limit);
  int code = fill(path, &ended);
  setrlimit(RLIMIT_FSIZE, &old);
  tap_is_int(code, STORE_FULL, "a file size limit is STORE_FULL");
  tap_has(message, "free", "and the message says what to do");
  tap_ok(ended > 0, "some runs ended before it (%d)", ended);
  check_after_full(path, ended, "size limit");
}

static void test_full_disk(void)
{
  char dir[128], path[160];
  int ended = 0;
  snprintf(dir, sizeof dir, "%s", path_of("small"));
  mkdir(dir, 0755);
  if (geteuid() != 0 || mount("tmpfs", dir, "tmpfs", 0, "size=2m") != 0) {
    tap_skip(5, "cannot mount a small tmpfs here");
    return;
  }
  snprintf(path, sizeof path, "%s/full.db", dir);
  tap_is_int(fill(path, &ended), STORE_FULL, "a full disk is STORE_FULL");
  tap_has(message, "bytes free", "and the message says how much room is left");
  check_after_full(path, ended, "full disk");
  umount2(dir, MNT_DETACH);
}

/* The disk is full for a while only: what waits is written later. */
static void test_room_again(void)
{
  struct rlimit old, limit;
  struct store *s;
  int code = STORE_OK;
  getrlimit(RLIMIT_FSIZE, &old);
  if (store_open(&s, path_of("again.db"), STORE_WRITE, message, sizeof message) != STORE_OK)
    tap_bail("%s", message);
  int64_t run = fixture_run(s, fixture_experiment(s), "{\"a\":1}", 1);
  limit = (struct rlimit){.rlim_cur = 400000, .rlim_max = old.rlim_max};
  setrlimit(RLIMIT_FSIZE, &limit);
  for (int i = 0; i < 60000; i++)
    store_metric(s, run, "loss", i, i * 0.37);
  struct store_run_end end = {.status = STORE_DONE};
  tap_is_int(store_run_end(s, run, &end), STORE_FULL, "a run cannot end while there is no room");
  setrlimit(RLIMIT_FSIZE, &old);
  code = store_run_end(s, run, &end);
  tap_is_int(code, STORE_OK, "and ends once there is");
  tap_is_int(fixture_int(s, "SELECT count(*) FROM metrics"), 60000, "with everything that had to wait");
  store_close(s);
}

int main(void)
{
  fixture_path("");
  test_absent();
  test_others();
  test_newer();
  test_changed_schema();
  test_corrupt();
  test_rescue();
  test_head();
  test_memory();
  test_read_only();
  test_size_limit();
  test_full_disk();
  test_room_again();
  fixture_done();
  return tap_done();
}
