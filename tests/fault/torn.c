/* torn.c: the power fails. What is on the disk then is the file and a beginning of its log (or of its rollback journal);
 * wherever that ends, the store opens, is whole, and holds the runs that ended before it, each with all its points.
 *
 * With ASSAY_LONG the log is cut at each 512 bytes; else at each 4 KB of its first and its last part. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "store/store_int.h"
#include "tests/unit/store/fixture.h"

enum { RUNS = 12, POINTS = 700 };

static char message[1024];

/* A file's bytes on the heap. */
static char *slurp(const char *path, size_t *n)
{
  struct stat st;
  FILE *f = fopen(path, "rb");
  if (!f || fstat(fileno(f), &st) != 0)
    tap_bail("%s is not there", path);
  char *bytes = malloc((size_t)st.st_size + 1);
  *n = fread(bytes, 1, (size_t)st.st_size, f);
  fclose(f);
  return bytes;
}

static void put(const char *path, const char *bytes, size_t n)
{
  FILE *f = fopen(path, "wb");
  if (!f || fwrite(bytes, 1, n, f) != n || fclose(f) != 0)
    tap_bail("%s cannot be written", path);
}

/* Path of a file of the fixture with an ending, in one of a few buffers. */
static const char *named(const char *name, const char *ending)
{
  static char path[8][160];
  static int turn;
  turn = (turn + 1) % 8;
  snprintf(path[turn], sizeof path[turn], "%s%s", fixture_path(name), ending);
  return path[turn];
}

static void add_runs(struct store *s, int from, int to)
{
  int64_t experiment = fixture_experiment(s);
  for (int r = from; r < to; r++) {
    char config[40];
    snprintf(config, sizeof config, "{\"r\":%d}", r);
    int64_t run = fixture_run(s, experiment, config, r);
    for (int i = 0; i < POINTS; i++)
      store_metric(s, run, "loss", i, i * 0.37 + r);
    store_result_number(s, run, "r", r);
    if (store_run_end(s, run, &(struct store_run_end){.status = STORE_DONE}))
      tap_bail("%s", store_message(s));
  }
}

struct tally { long cuts, refused, unsound, partial, gap, back; long long least, most; };

/* The machine was switched off, so its writer is dead: this test's own process stands for it, and lives. */
static void bury_writer(void)
{
  sqlite3 *db;
  if (sqlite3_open(named("after.db", ""), &db) != SQLITE_OK || sqlite3_exec(db, "DELETE FROM writer", NULL, NULL, NULL) != SQLITE_OK)
    tap_diag("%s", sqlite3_errmsg(db));
  sqlite3_close(db);
}

/* The store after the power came back: opened for writing, as the next sweep does. */
static void look(struct tally *t, long long *before)
{
  struct store *s = NULL;
  struct store_check check = {.ok = false};
  t->cuts++;
  bury_writer();
  if (store_open(&s, named("after.db", ""), STORE_WRITE, message, sizeof message)) {
    if (t->refused++ == 0)
      tap_diag("%s", message);
    return;
  }
  t->unsound += store_integrity(s, true, &check) != STORE_OK || !check.ok;
  long long done = fixture_int(s, "SELECT count(*) FROM runs WHERE status = 'done'");
  t->partial += fixture_int(s, "SELECT count(*) FROM runs r WHERE status = 'done' AND ((SELECT count(*) FROM metrics m WHERE"
                            " m.run_id = r.id) <> 700 OR (SELECT value FROM results x WHERE x.run_id = r.id AND key = 'r') <> r.seed)") != 0;
  t->gap += fixture_int(s, "SELECT coalesce(max(seed) + 1, 0) FROM runs WHERE status = 'done'") != done;
  t->back += done < *before; /* more of the log holds more runs */
  *before = done;
  t->least = t->cuts == 1 || done < t->least ? done : t->least;
  t->most = done > t->most ? done : t->most;
  store_close(s);
}

static void forget(const char *name)
{
  static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
  for (size_t i = 0; i < 4; i++)
    remove(named(name, endings[i]));
}

/* The file with each beginning of its log. */
static struct tally cut(const char *name)
{
  size_t n_file, n_log, step = getenv("ASSAY_LONG") ? 512 : 4096;
  struct tally t = {0};
  char *bytes = slurp(named(name, ""), &n_file), *log = slurp(named(name, "-wal"), &n_log);
  long long before = 0;
  tap_diag("%s: %zu bytes, and %zu in its log", name, n_file, n_log);
  for (size_t at = 0;; at = at + step < n_log ? at + step : n_log) {
    if (step == 4096 && at > 20 * step && at + 20 * step < n_log)
      at = n_log - 20 * step;
    forget("after.db");
    put(named("after.db", ""), bytes, n_file);
    put(named("after.db", "-wal"), log, at);
    look(&t, &before);
    if (at == n_log)
      break;
  }
  forget("after.db");
  free(bytes);
  free(log);
  return t;
}

static void report(const struct tally *t, const char *name)
{
  tap_ok(t->cuts > 10, "%s: cut at %ld lengths", name, t->cuts);
  tap_is_int(t->refused, 0, "%s: the store opens after every one", name);
  tap_is_int(t->unsound, 0, "%s: and passes the integrity check", name);
  tap_is_int(t->partial, 0, "%s: no run is done without all its points and results", name);
  tap_is_int(t->gap, 0, "%s: no run is there without those before it", name);
}

/* All runs in the log: nothing has been brought into the file since the third run. */
static void test_log(void)
{
  struct store *s;
  if (store_open(&s, named("wal.db", ""), STORE_WRITE, message, sizeof message))
    tap_bail("%s", message);
  add_runs(s, 0, 3);
  if (!s->wal || store_exec(s, "PRAGMA wal_checkpoint(TRUNCATE)") || store_exec(s, "PRAGMA wal_autocheckpoint = 0")) {
    tap_skip(8, "the temporary folder gets a rollback journal");
    store_close(s);
    return;
  }
  add_runs(s, 3, RUNS);
  struct tally t = cut("wal.db");
  report(&t, "log");
  tap_is_int(t.back, 0, "log: more of it never holds fewer runs");
  tap_is_int(t.least, 3, "log: without any of it there are the runs of the file");
  tap_is_int(t.most, RUNS, "log: with all of it, every run that was called done");
  store_close(s);
}

static char *journal_at_commit;
static size_t journal_size;

/* Between a transaction's last statement and its commit: keep file and journal as they lie on the disk. */
static int before_commit(void *self)
{
  (void)self;
  size_t n;
  char *bytes = slurp(named("roll.db", ""), &n);
  put(named("torn.db", ""), bytes, n);
  free(bytes);
  free(journal_at_commit);
  journal_at_commit = slurp(named("roll.db", "-journal"), &journal_size);
  return 0;
}

/* With a rollback journal, as on network file systems: a transaction larger than the cache has spilled into the file
 * when the power fails; the journal, synced before, takes it back. */
static void test_journal(void)
{
  struct store *s;
  if (store_open(&s, named("roll.db", ""), STORE_WRITE, message, sizeof message))
    tap_bail("%s", message);
  if (store_exec(s, "PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = FULL; PRAGMA cache_size = 10"))
    tap_bail("%s", store_message(s));
  s->wal = false;
  add_runs(s, 0, 5);
  sqlite3_commit_hook(s->db, before_commit, NULL);
  add_runs(s, 5, 6);
  sqlite3_commit_hook(s->db, NULL, NULL);
  tap_ok(journal_size > 4096, "journal: a transaction was caught in the middle of it (%zu bytes)", journal_size);
  struct tally t = {0};
  long long before = 0;
  size_t n;
  char *bytes = slurp(named("torn.db", ""), &n);
  put(named("after.db", ""), bytes, n);
  put(named("after.db", "-journal"), journal_at_commit, journal_size);
  look(&t, &before);
  tap_ok(!t.refused && !t.unsound && !t.partial && t.most == 5, "journal: the runs of before it are there, and whole");
  free(bytes);
  free(journal_at_commit);
  store_close(s);
}

int main(void)
{
  fixture_path("");
  test_log();
  test_journal();
  fixture_done();
  return tap_done();
}
