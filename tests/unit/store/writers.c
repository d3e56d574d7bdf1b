/* writers.c: one writer at a time, dead writers, many at once, and readers beside a writer. */
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#include "store/store_int.h"
#include "tests/unit/store/fixture.h"

static char path[128], message[1024];

static void nap(double s)
{
  nanosleep(&(struct timespec){.tv_sec = (time_t)s, .tv_nsec = (long)(1e9 * (s - (double)(time_t)s))}, NULL);
}

static struct store *open_or_bail(enum store_mode mode)
{
  struct store *s;
  if (store_open(&s, path, mode, message, sizeof message) != STORE_OK)
    tap_bail("%s", message);
  return s;
}

static void test_second_writer(void)
{
  struct store *first = open_or_bail(STORE_WRITE), *second;
  char pid[32];
  snprintf(pid, sizeof pid, "process %d on ", (int)getpid());
  tap_is_int(store_open(&second, path, STORE_WRITE, message, sizeof message), STORE_BUSY, "a second writer is STORE_BUSY");
  tap_has(message, pid, "and is told which process holds the store");
  tap_has(message, "since 20", "and since when");
  tap_ok(second == NULL, "and gets no handle");
  store_close(first);
  tap_is_int(store_open(&second, path, STORE_WRITE, message, sizeof message), STORE_OK, "after the first has closed it may write");
  store_close(second);
}

/* A child begins a run, writes a few points, and is killed. */
static void make_dead_writer(void)
{
  int ready[2];
  char c;
  if (pipe(ready) != 0)
    tap_bail("no pipe");
  pid_t pid = fork();
  if (pid == 0) {
    struct store *s = open_or_bail(STORE_WRITE);
    int64_t run = fixture_run(s, fixture_experiment(s), "{\"dead\":1}", 1);
    store_metric(s, run, "loss", 0, 4);
    store_metric(s, run, "loss", 1, NAN);
    store_metric(s, run, "loss", 2, 3);
    store_result_number(s, run, "loss.max", 99);
    store_flush(s);
    if (write(ready[1], "x", 1) != 1)
      _exit(1);
    pause();
  }
  if (read(ready[0], &c, 1) != 1)
    tap_bail("the child did not start");
  kill(pid, SIGKILL);
  nap(0.02); /* a zombie until waited for below: it counts as dead all the same */
  struct store *s;
  tap_is_int(store_open(&s, path, STORE_WRITE, message, sizeof message), STORE_OK, "the lock of a killed writer is free at once");
  store_close(s);
  waitpid(pid, NULL, 0);
  close(ready[0]);
  close(ready[1]);
}

static void test_dead_writer(void)
{
  make_dead_writer();
  struct store *s = open_or_bail(STORE_READ);
  tap_is_str(fixture_text(s, "SELECT status FROM runs WHERE config LIKE '%dead%'"), "lost", "its run is lost");
  tap_has(fixture_text(s, "SELECT error FROM runs WHERE config LIKE '%dead%'"), "ended without finishing", "the error says why");
  tap_is_int(fixture_int(s, "SELECT count(*) FROM metrics WHERE key = 'loss'"), 3, "its metrics are kept");
  tap_near(fixture_real(s, "SELECT value FROM results WHERE key = 'loss.last'"), 3, 0, 0, "its last value stands among the results");
  tap_near(fixture_real(s, "SELECT value FROM results WHERE key = 'loss.min'"), 3, 0, 0, "its minimum too");
  tap_near(fixture_real(s, "SELECT value FROM results WHERE key = 'loss.max'"), 99, 0, 0, "and what the run itself gave stands");
  tap_is_str(fixture_text(s, "SELECT count(*) FROM run WHERE ended_at LIKE '20__-__-__T__:__:__.___Z' AND status = 'lost'"), "1",
             "the time of the loss is written as all times are");
  store_close(s);
}

static void test_owner(void)
{
  struct owner me, o;
  owner_self(&me);
  tap_ok(me.pid == getpid() && me.pid_start > 0 && me.boot_id[0] && me.host[0], "a process knows itself");
  tap_is_int(owner_check(&me, &me), OWNER_ALIVE, "a living process is alive");
  o = me;
  o.pid_start++;
  tap_is_int(owner_check(&me, &o), OWNER_DEAD, "a reused pid is another process");
  o = me;
  strcpy(o.boot_id, "another boot");
  tap_is_int(owner_check(&me, &o), OWNER_DEAD, "a process from before the reboot is dead");
  strcpy(o.host, "elsewhere");
  tap_is_int(owner_check(&me, &o), OWNER_UNKNOWN, "of another machine nothing is known");
  o = me;
  strcpy(o.pid_ns, "pid:[1]");
  tap_is_int(owner_check(&me, &o), OWNER_UNKNOWN, "nor of another container");
}

static void set_holder(const char *seen)
{
  char sql[400];
  sqlite3 *db;
  sqlite3_open(path, &db);
  sqlite3_busy_timeout(db, 10000);
  snprintf(sql, sizeof sql, "INSERT OR REPLACE INTO writer VALUES (1, 'other', 'elsewhere', 'b', 'n', 7, 8, "
           "'2026-01-01T00:00:00.000Z', %s)", seen);
  if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
    tap_bail("%s", sqlite3_errmsg(db));
  sqlite3_close(db);
}

static void test_other_machine(void)
{
  struct store *s;
  set_holder("unixepoch()");
  tap_is_int(store_open(&s, path, STORE_WRITE, message, sizeof message), STORE_BUSY, "a writer on another machine counts while it is heard of");
  tap_has(message, "process 7 on elsewhere", "and is named");
  set_holder("unixepoch() - 601");
  tap_is_int(store_open(&s, path, STORE_WRITE, message, sizeof message), STORE_OK, "after ten minutes of silence it no longer counts");
  set_holder("unixepoch()");
  int64_t run;
  struct store_run_start start = {.experiment_id = 1, .config_json = "{}", .config_hash = "x", .seed = 1};
  tap_is_int(store_run_begin(s, &start, &run), STORE_BUSY, "a writer whose lock was taken over writes nothing more");
  tap_has(store_message(s), "taken over", "and is told so");
  store_close(s);
  s = open_or_bail(STORE_READ);
  tap_is_int(fixture_int(s, "SELECT count(*) FROM writer WHERE token = 'other'"), 1, "closing does not drop the other's lock");
  store_close(s);
}

/* Each child opens the new store for writing (again and again while others hold it) and adds one run. */
static int open_and_add(int i)
{
  struct store *s;
  int code;
  double give_up = store_clock() + 60;
  while ((code = store_open(&s, path, STORE_WRITE, message, sizeof message)) == STORE_BUSY && strstr(message, "is being written by"))
    if (store_clock() > give_up)
      return 3;
  if (code) {
    printf("# child %d: %s\n", i, message);
    return 1;
  }
  char config[40];
  snprintf(config, sizeof config, "{\"child\":%d}", i);
  int64_t run = fixture_run(s, fixture_experiment(s), config, i);
  code = store_run_end(s, run, &(struct store_run_end){.status = STORE_DONE});
  store_close(s);
  return code ? 2 : 0;
}

static void test_simultaneous(void)
{
  enum { CHILDREN = 32 };
  pid_t pid[CHILDREN];
  int gate[2], failed = 0;
  char c;
  snprintf(path, sizeof path, "%s", fixture_path("many.db"));
  if (pipe(gate) != 0)
    tap_bail("no pipe");
  for (int i = 0; i < CHILDREN; i++)
    if ((pid[i] = fork()) == 0) {
      close(gate[1]);
      if (read(gate[0], &c, 1) != 0) /* all start when the gate closes */
        _exit(9);
      _exit(open_and_add(i));
    }
  close(gate[1]);
  for (int i = 0; i < CHILDREN; i++) {
    int status;
    waitpid(pid[i], &status, 0);
    failed += !(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  }
  close(gate[0]);
  tap_is_int(failed, 0, "32 processes open a new store at the same moment, none fails");
  struct store *s = open_or_bail(STORE_READ);
  tap_is_int(fixture_int(s, "SELECT count(DISTINCT config_hash) FROM runs WHERE status = 'done'"), CHILDREN, "and every run is there");
  tap_is_int(fixture_int(s, "SELECT count(*) FROM experiment"), 1, "of one experiment");
  store_close(s);
}

static void test_reader_beside_writer(void)
{
  snprintf(path, sizeof path, "%s", fixture_path("beside.db"));
  struct store *w = open_or_bail(STORE_WRITE);
  int64_t run = fixture_run(w, fixture_experiment(w), "{\"a\":1}", 1);
  struct store *r = open_or_bail(STORE_READ);
  struct store_query *q;
  bool row;
  tap_is_str(fixture_text(r, "SELECT status FROM runs"), "running", "a reader sees a run as soon as it has begun");
  for (int i = 0; i < 1000; i++)
    store_metric(w, run, "loss", i, i);
  store_flush(w);
  char wal[4096];
  snprintf(wal, sizeof wal, "%s", fixture_path("beside.db-wal"));
  if (access(wal, F_OK) != 0) { /* with a rollback journal a reader does hold up the writer */
    tap_skip(5, "the file system of the temporary folder gets a rollback journal");
    store_close(r);
    store_close(w);
    return;
  }
  store_query_open(&q, r, "SELECT step FROM metrics ORDER BY step", NULL);
  store_query_next(q, &row);
  int failed = 0;
  for (int i = 1000; i < 3000; i++)
    failed += store_metric(w, run, "loss", i, i) != STORE_OK || (i % 100 == 0 && store_flush(w) != STORE_OK);
  failed += store_run_end(w, run, &(struct store_run_end){.status = STORE_DONE}) != STORE_OK;
  tap_is_int(failed, 0, "a reader in the middle of a query does not hold up the writer");
  int rows = 1;
  while (store_query_next(q, &row) == STORE_OK && row)
    rows++;
  store_query_close(q);
  tap_is_int(rows, 1000, "and sees the state in which its query began");
  tap_is_int(fixture_int(r, "SELECT count(*) FROM metrics"), 3000, "its next query sees the rest");
  tap_is_int(store_metric(r, run, "loss", 0, 0), STORE_READONLY, "a handle for reading does not write");
  tap_is_int(store_tag(r, run, "x", true), STORE_READONLY, "nor tag");
  store_close(r);
  store_close(w);
}

/* What a workbench does: open, look at the runs, close, ten times a second. The number of looks that failed. */
static int look_now_and_then(void)
{
  int failed = 0;
  for (int i = 0; i < 10; i++, nap(0.1)) {
    struct store *s;
    if (store_open(&s, path, STORE_READ, message, sizeof message) != STORE_OK) {
      printf("# look %d: %s\n", i, message);
      failed++;
      continue;
    }
    failed += strcmp(fixture_text(s, "SELECT status FROM runs"), "running") != 0 || fixture_int(s, "SELECT count(*) FROM metrics") < 0;
    store_close(s);
  }
  return failed;
}

static void test_poll_beside_writer(void)
{
  snprintf(path, sizeof path, "%s", fixture_path("polled.db"));
  struct store *w = open_or_bail(STORE_WRITE);
  int64_t run = fixture_run(w, fixture_experiment(w), "{\"a\":1}", 1), points = 0;
  int status = 0, failed = 0;
  fflush(stdout);
  pid_t pid = fork();
  if (pid == 0) {
    int looks = look_now_and_then();
    fflush(stdout);
    _exit(looks);
  }
  for (; waitpid(pid, &status, WNOHANG) == 0 && points < 4000000; points++)
    failed += store_metric(w, run, "loss", points, 0.5) != STORE_OK || (points % 10000 == 0 && store_flush(w) != STORE_OK);
  if (points == 4000000)
    waitpid(pid, &status, 0);
  tap_diag("%lld points written in about a second", (long long)points);
  tap_is_int(failed, 0, "a writer at full speed is not held up by somebody who looks ten times a second");
  tap_ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "who sees the run each time");
  tap_is_int(store_run_end(w, run, &(struct store_run_end){.status = STORE_DONE}), STORE_OK, "and the run ends");
  tap_is_int(fixture_int(w, "SELECT count(*) FROM metrics"), points, "with all its points");
  store_close(w);
}

static void test_tick(void)
{
  snprintf(path, sizeof path, "%s", fixture_path("tick.db"));
  struct store *w = open_or_bail(STORE_WRITE), *r;
  int64_t run = fixture_run(w, fixture_experiment(w), "{\"a\":1}", 1);
  r = open_or_bail(STORE_READ);
  store_metric(w, run, "loss", 0, 1);
  store_result_number(w, run, "early", 5);
  store_tick(w);
  tap_is_int(fixture_int(r, "SELECT count(*) FROM metrics"), 0, "a tick before a second has passed writes nothing");
  nap(1.05);
  store_tick(w);
  tap_is_int(fixture_int(r, "SELECT count(*) FROM metrics"), 1, "a tick after a second writes what waits");
  tap_is_int(fixture_int(r, "SELECT value FROM results WHERE key = 'early'"), 5, "results of a running run too");
  store_close(r);
  store_close(w);
}

/* The size of the log beside the store; 0 where there is none. */
static long long log_size(void)
{
  char file[4096 + 8];
  struct stat st;
  snprintf(file, sizeof file, "%s-wal", path);
  return stat(file, &st) == 0 ? (long long)st.st_size : 0;
}

/* A copy of the file alone must be the whole store, also while somebody looks at it. */
static void test_log_is_taken_in(void)
{
  snprintf(path, sizeof path, "%s", fixture_path("log.db"));
  struct store *w = open_or_bail(STORE_WRITE), *r = open_or_bail(STORE_READ);
  fixture_run(w, fixture_experiment(w), "{\"log\":1}", 1);
  store_flush(w);
  if (log_size() == 0)
    tap_skip(1, "the file system of the temporary folder gets a rollback journal");
  store_close(w);
  tap_is_int(log_size(), 0, "a writer that closes takes the log in although a reader stays");
  store_close(r);
}

int main(void)
{
  snprintf(path, sizeof path, "%s", fixture_path("store.db"));
  test_second_writer();
  test_dead_writer();
  test_owner();
  test_other_machine();
  test_simultaneous();
  test_reader_beside_writer();
  test_poll_beside_writer();
  test_tick();
  test_log_is_taken_in();
  fixture_done();
  return tap_done();
}
