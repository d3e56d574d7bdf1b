/* formats.c: migration with made-up formats, and the choice of the journal. */
#include <sys/stat.h>
#include <sys/vfs.h>

#include "store/store_int.h"
#include "tests/unit/store/fixture.h"
#include "tests/unit/store/format_1.h"

static const struct migrate_step good[] = {
  {STORE_FORMAT + 1, "ALTER TABLE run ADD COLUMN rank INTEGER; UPDATE run SET rank = id * 10"},
  {STORE_FORMAT + 2, "CREATE TABLE extra (x INTEGER) STRICT; INSERT INTO extra SELECT rank FROM run"},
  {0, NULL},
};
static const struct migrate_step broken[] = {
  {STORE_FORMAT + 1, "ALTER TABLE run ADD COLUMN rank INTEGER; UPDATE run SET rank = 1; INSERT INTO nowhere VALUES (1)"},
  {0, NULL},
};

static struct store *s;

static int columns_of_run(void) { return (int)fixture_int(s, "SELECT count(*) FROM pragma_table_info('run')"); }

static void test_failed_migration(void)
{
  int before = columns_of_run();
  tap_is_int(store_migrate(s, STORE_FORMAT + 1, broken), STORE_ERROR, "a step that fails is an error");
  tap_has(store_message(s), "unchanged", "and the message says that the store is as before");
  tap_is_int(columns_of_run(), before, "as it is");
  tap_is_int(fixture_int(s, "PRAGMA user_version"), STORE_FORMAT, "with its old format");
  tap_is_int(store_migrate(s, STORE_FORMAT + 3, good), STORE_ERROR, "a missing step is an error");
  tap_is_int(columns_of_run(), before, "that changes nothing either");
}

static void test_migration(const char *path)
{
  char backup[200];
  struct stat st;
  sqlite3 *db;
  sqlite3_stmt *q;
  tap_is_int(store_migrate(s, STORE_FORMAT + 2, good), STORE_OK, "two steps bring a store two formats forward");
  tap_is_int(fixture_int(s, "PRAGMA user_version"), STORE_FORMAT + 2, "its format is the new one");
  tap_is_int(fixture_int(s, "SELECT x FROM extra"), 10, "the steps ran in order on its rows");
  snprintf(backup, sizeof backup, "%s.format-%d.bak", path, STORE_FORMAT);
  tap_ok(stat(backup, &st) == 0, "a copy of the old store was made");
  tap_has(store_message(s), backup, "and is named");
  sqlite3_open(backup, &db);
  sqlite3_prepare_v2(db, "SELECT count(*), (SELECT user_version FROM pragma_user_version) FROM run", -1, &q, NULL);
  tap_ok(sqlite3_step(q) == SQLITE_ROW && sqlite3_column_int(q, 0) == 1 && sqlite3_column_int(q, 1) == STORE_FORMAT, "with all its rows, in the old format");
  sqlite3_finalize(q);
  sqlite3_close(db);
  tap_is_int(store_migrate(s, STORE_FORMAT + 2, good), STORE_OK, "a store of the wanted format is left alone");
}

static void test_older(const char *path)
{
  char message[1024];
  sqlite3 *db;
  sqlite3_open(path, &db);
  sqlite3_exec(db, "PRAGMA user_version = 0", NULL, NULL, NULL);
  sqlite3_close(db);
  tap_is_int(store_open(&s, path, STORE_READ, message, sizeof message), STORE_CORRUPT, "a store without a format number is not read");
  tap_is_int(store_open(&s, path, STORE_WRITE, message, sizeof message), STORE_CORRUPT, "nor written");
  tap_diag("%s", message);
}

static const char objects[] = "SELECT group_concat(name || ' ' || type || CASE type WHEN 'view' THEN sql ELSE '' END, '|') FROM"
                              " (SELECT * FROM sqlite_schema ORDER BY name)";
static const char columns[] = "SELECT group_concat(name || ' ' || type, '|') FROM pragma_table_info('run')";

static void test_format_1(void)
{
  char path[128], message[1024], fresh_objects[4096], fresh_columns[4096];
  struct store *fresh;
  if (store_open(&fresh, fixture_path("fresh.db"), STORE_WRITE, message, sizeof message) != STORE_OK)
    tap_bail("%s", message);
  snprintf(fresh_objects, sizeof fresh_objects, "%s", fixture_text(fresh, objects));
  snprintf(fresh_columns, sizeof fresh_columns, "%s", fixture_text(fresh, columns));
  store_close(fresh);
  strcpy(path, fixture_path("one.db"));
  make_format_1(path);
  tap_is_int(store_open(&s, path, STORE_READ, message, sizeof message), STORE_ERROR, "a store of format 1 is not read as it is");
  tap_has(message, "any command that writes", "and the message says what brings it forward");
  if (!tap_is_int(store_open(&s, path, STORE_WRITE, message, sizeof message), STORE_OK, "a store of format 1 is brought forward"))
    tap_bail("%s", message);
  tap_is_str(fixture_text(s, objects), fresh_objects, "it has the tables, indices and views of a new one");
  tap_is_str(fixture_text(s, columns), fresh_columns, "and the columns of its runs in the same order");
  tap_is_str(fixture_text(s, "SELECT runs.id || runs.uid || m.value || r.value || p.value FROM runs JOIN metrics m ON m.run_id = 7 JOIN results r"
                          " ON r.run_id = 7 JOIN params p ON p.run_id = 7"), "7abc0.530.1", "the run is there with all that belongs to it");
  tap_is_int(store_trash(s, &(int64_t){7}, 1, true), STORE_OK, "and can be put into the trash");
  store_close(s);
  tap_is_int(store_open(&s, path, STORE_READ, message, sizeof message), STORE_OK, "from then on it can be read");
  store_close(s);
}

static void test_file_systems(void)
{
  static const char mounts[] =
    "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
    "23 22 0:5 / /tmp rw - tmpfs tmpfs rw\n"
    "24 22 0:6 / /home rw,relatime - nfs4 server:/home rw\n"
    "25 22 0:7 / /mnt/my\\040disk rw - fuse.sshfs me@host: rw\n"
    "26 22 0:8 / /lustre rw - lustre x rw\n"
    "27 24 0:9 / /home/me/local rw - xfs /dev/sdb rw\n"
    "28 22 0:10 / /odd rw - quantumfs q rw\n"
    "29 22 0:11 / /over rw - ext4 /dev/sdc rw\n"
    "30 29 0:12 / /over rw - 9p share rw\n";
  static const struct { const char *path; bool local; const char *type; } cases[] = {
    {"/data/a.db", true, "ext4"}, {"/tmp/a.db", true, "tmpfs"}, {"/tmpx/a.db", true, "ext4"},
    {"/home/me/a.db", false, "nfs4"}, {"/home/me/local/a.db", true, "xfs"}, {"/mnt/my disk/a.db", false, "fuse.sshfs"},
    {"/lustre/a.db", false, "lustre"}, {"/odd/a.db", false, "quantumfs"}, {"/over/a.db", false, "9p"},
  };
  char type[64];
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    bool local = store_path_is_local(mounts, cases[i].path, type);
    tap_ok(local == cases[i].local && strcmp(type, cases[i].type) == 0, "%s is on %s, %s", cases[i].path, cases[i].type,
           cases[i].local ? "where WAL is safe" : "where it is not");
  }
  tap_ok(!store_path_is_local("", "/a.db", type), "where nothing is known WAL is not used");
}

static void test_statfs(void)
{
  struct statfs st;
  tap_ok(!store_magic_is_local("/proc"), "statfs: /proc is no place for WAL");
  tap_ok(!store_magic_is_local("/no/such/place"), "statfs: nor is what is not there");
  if (statfs("/dev/shm", &st) == 0 && st.f_type == 0x01021994)
    tap_ok(store_magic_is_local("/dev/shm"), "statfs: a tmpfs is");
  else
    tap_skip(1, "/dev/shm is no tmpfs here");
}

static bool has(const char *name) { return access(fixture_path(name), F_OK) == 0; }

/* Not by a query of the store, which may not look at this. */
static int64_t number(struct store *w, const char *sql)
{
  int64_t n = -1;
  return store_scalar(w, sql, &n) == STORE_OK ? n : -1;
}

/* As on a network file system: the journal that a store gets there, beside a reader, and back. */
static void test_rollback_journal(void)
{
  char message[1024], path[128];
  struct store *w, *r;
  snprintf(path, sizeof path, "%s", fixture_path("net.db"));
  if (store_open(&w, path, STORE_WRITE, message, sizeof message))
    tap_bail("%s", message);
  bool was_wal = w->wal;
  tap_is_int(store_journal_choose(w, false), STORE_OK, "a store that lay on a local disk can be written on another file system");
  tap_ok(!w->wal && !has("net.db-wal"), "with a rollback journal instead of the log");
  tap_is_int(number(w, "PRAGMA synchronous"), 2, "every commit is synced in full");
  int64_t run = fixture_run(w, fixture_experiment(w), "{\"a\":1}", 1);
  for (int i = 0; i < 1000; i++)
    store_metric(w, run, "loss", i, i);
  tap_is_int(store_run_end(w, run, &(struct store_run_end){.status = STORE_DONE}), STORE_OK, "a run is written");
  if (tap_is_int(store_open(&r, path, STORE_READ, message, sizeof message), STORE_OK, "and read by another connection while the writer is there"))
    tap_is_int(fixture_int(r, "SELECT count(*) FROM metrics"), 1000, "with all its points");
  run = fixture_run(w, 1, "{\"a\":2}", 1);
  tap_is_int(store_run_end(w, run, &(struct store_run_end){.status = STORE_DONE}), STORE_OK, "which goes on writing");
  tap_is_int(fixture_int(r, "SELECT count(*) FROM runs"), 2, "and is read again");
  store_close(r);
  store_close(w);
  if (store_open(&w, path, STORE_WRITE, message, sizeof message))
    tap_bail("%s", message);
  tap_ok(w->wal == was_wal, "back on a local disk it has its log again");
  store_close(w);
}

int main(void)
{
  char path[128], message[1024];
  snprintf(path, sizeof path, "%s", fixture_path("store.db"));
  if (store_open(&s, path, STORE_WRITE, message, sizeof message) != STORE_OK)
    tap_bail("%s", message);
  int64_t run = fixture_run(s, fixture_experiment(s), "{\"lr\":0.1}", 1);
  store_run_end(s, run, &(struct store_run_end){.status = STORE_DONE});
  test_failed_migration();
  test_migration(path);
  store_close(s);
  test_older(path);
  test_format_1();
  test_file_systems();
  test_statfs();
  test_rollback_journal();
  fixture_done();
  return tap_done();
}
