/* hostile.c: stores made to do harm. Opening and browsing them runs nothing of theirs: what is not as assay makes it is
 * refused by name, and what is merely huge or endless ends within 10 s of processor time and 700 MB (512 for SQLite,
 * and the program).
 *
 * With ASSAY_LONG every command is run on every store, else some. */
#include <limits.h>

#include "tests/fault/victim.h"

#if defined(__SANITIZE_ADDRESS__)
#define MEMORY_MAX_KB LONG_MAX /* the sanitizer's own */
#define FEW           21
#else
#define MEMORY_MAX_KB (700L * 1024)
#define FEW           10 /* of so many commands, one is run */
#endif

/* What is done to a good store; what reading it must come to. */
static const struct hostile { /* NOLINT(clang-analyzer-optin.performance.Padding): in the order in which it is read */
  const char *name, *sql;
  enum { READ, REFUSED, EITHER } reading;
  const char *says; /* in the message of a refusal */
  bool not_written; /* writing is refused, too */
} stores[] = {
  {"triggers on every table", "CREATE TABLE fired (t); CREATE TRIGGER a AFTER INSERT ON tag BEGIN INSERT INTO fired VALUES ('tag'); END;"
   "CREATE TRIGGER b AFTER UPDATE ON run BEGIN INSERT INTO fired VALUES ('run'); END;"
   "CREATE TRIGGER c AFTER INSERT ON writer BEGIN INSERT INTO fired VALUES ('writer'); END", READ, "has a trigger", true},
  {"an endless view in the place of runs", "DROP VIEW runs; CREATE VIEW runs AS WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1"
   " FROM n) SELECT id, id AS uid, 'x' AS experiment, 'done' AS status FROM n", REFUSED, "view runs", true},
  {"a view of huge values in the place of results", "DROP VIEW results; CREATE VIEW results AS SELECT run_id, key, hex(zeroblob(400000000)) AS value"
   " FROM result", REFUSED, "view results", true},
  {"a table that computes", "DROP TABLE tag; CREATE TABLE tag (run_id INTEGER, tag TEXT AS (hex(zeroblob(400000000))))", REFUSED, "table tag", true},
  {"a table in the place of a view", "DROP VIEW params; CREATE TABLE params (run_id, key, value)", REFUSED, "table params", true},
  {"a virtual table in the place of a table", "DROP TABLE tag; CREATE VIRTUAL TABLE tag USING fts5(run_id, word)", REFUSED, "table tag", true},
  {"an endless view beside ours", "CREATE VIEW mine AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) AS c FROM n", READ, NULL, false},
  {"a schema that does not parse", "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'CREATE TABLE run (' WHERE name = 'run'", REFUSED, "victim.db", true},
  {"a view whose text is a table's", "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET type = 'table' WHERE name = 'runs'", REFUSED, "victim.db", true},
  {"tables without their columns", "DROP VIEW runs; ALTER TABLE run RENAME COLUMN config TO conf", REFUSED, "victim.db", true},
  {"another program's number", "PRAGMA application_id = 252006673", REFUSED, "another program", true},
  {"a format from far ahead", "PRAGMA user_version = 2147483647", READ, "newer assay", true},
  {"a negative format", "PRAGMA user_version = -5", REFUSED, "format number", true},
  {"from far ahead, with endless views", "PRAGMA user_version = 99; DROP VIEW runs; CREATE VIEW runs AS WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL"
   " SELECT id + 1 FROM n) SELECT id FROM n", EITHER, NULL, true},
  {"a config of 20 MB", "UPDATE run SET config = '{\"a\":\"' || hex(zeroblob(10000000)) || '\"}'", READ, NULL, false},
  {"a config nested a million deep", "UPDATE run SET config = replace(hex(zeroblob(500000)), '00', '[[')", READ, NULL, false},
  {"a note and an error of 10 MB, a name of 10 KB", "UPDATE run SET note = hex(zeroblob(5000000)), error = hex(zeroblob(5000000));"
   "UPDATE experiment SET name = hex(zeroblob(5000))", READ, NULL, false},
  {"100,000 tags on a run", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000) INSERT INTO tag SELECT 1, 'tag' || i FROM n", READ, NULL, false},
  {"5,000 parameters in each run", "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO param SELECT id, 'p' || i, i FROM n, run", READ, NULL, false},
  {"20,000 runs that end at once", "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) INSERT INTO run (id, uid, experiment_id, config,"
   " config_hash, group_hash, status, started_at, host, boot_id, pid, pid_start) SELECT i, 'u' || i, 1, '{\"k\":' || i || '}', i, i, 'done', '', '', '', 1, 1 FROM n", READ, NULL, false},
  {"steps and values at their ends", "INSERT INTO metric VALUES (1, 1, 9223372036854775807, 1e308), (1, 1, -9223372036854775808, -1e308), (1, 1, 5000, 9e999),"
   " (1, 1, 5001, -9e999), (1, 1, 5002, NULL)", READ, NULL, false},
  {"run numbers at their ends", "UPDATE run SET id = 9223372036854775807 WHERE id = 3; UPDATE run SET id = -9223372036854775808 WHERE id = 4", READ, NULL, false},
  {"metric keys at their ends", "INSERT INTO metric_key VALUES (9223372036854775807, 'far'); INSERT INTO metric VALUES (1, 9223372036854775807, 0, 1)", READ, "out of range", true},
  {"values of the wrong type", "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = replace(replace(sql, 'STRICT, ', ''), 'STRICT', '') WHERE type = 'table';"
   "PRAGMA writable_schema = RESET; UPDATE run SET config = x'7b00ff7d', seed = 'text', started_at = x'00', cpu_s = 'long', error = 12, host = x'ff';"
   "UPDATE metric_key SET name = x'6c006f' WHERE id = 1; UPDATE result SET key = x'00' WHERE key = 'label'; UPDATE experiment SET name = x'41ff00'", READ, NULL, false},
  {"statuses that are none", "PRAGMA ignore_check_constraints = ON; UPDATE run SET status = 'superb'", READ, NULL, false},
  {"texts with NUL bytes", "UPDATE experiment SET name = 'a' || char(0) || 'b'; UPDATE run SET config = '{}' || char(0) || 'x', error = char(0)", READ, NULL, false},
  {"rows that refer to nothing", "PRAGMA foreign_keys = OFF; UPDATE run SET experiment_id = 77, environment_id = 78; INSERT INTO tag VALUES (99, 'lost'); DELETE FROM experiment", READ, NULL, false},
  {"an index that computes", "CREATE INDEX evil ON tag (hex(zeroblob(50000000)))", READ, NULL, false},
  {"3,000 more tables", "PRAGMA writable_schema = ON; WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000) INSERT INTO sqlite_schema"
   " SELECT 'table', 't' || i, 't' || i, 2, 'CREATE TABLE t' || i || ' (a)' FROM n", EITHER, NULL, false},
};

static char good[160];

static void lay_out(const struct hostile *h)
{
  char command[400];
  snprintf(command, sizeof command, "cp '%s' '%s'; rm -f '%s-wal' '%s-shm' '%s-journal'", good, victim_file(VICTIM_DB), victim_file(VICTIM_DB),
           victim_file(VICTIM_DB), victim_file(VICTIM_DB));
  if (system(command) != 0)
    tap_bail("cannot copy the store");
  victim_sql(victim_file(VICTIM_DB), h->sql);
}

static bool writes(const char *const *words)
{
  return (!strcmp(words[0], "tag") && words[1]) || (!strcmp(words[0], "note") && words[2]) || !strcmp(words[0], "rm") || !strcmp(words[0], "restore") ||
         (!strcmp(words[0], "gc") && !words[1]);
}

/* What this end should not have been, or NULL. */
static const char *disagreement(const struct hostile *h, const char *const *words, const struct ending *e)
{
  const char *problem = victim_problem(e);
  bool failed = !WIFEXITED(e->status) || WEXITSTATUS(e->status) != 0, doctor = !strcmp(words[0], "doctor");
  if (problem || doctor) /* doctor tells what it finds on its standard output, and its exit code tells of the machine, too */
    return problem;
  if (e->memory_kb > MEMORY_MAX_KB)
    return "takes too much memory";
  if (writes(words) ? h->not_written : h->reading == REFUSED)
    return !failed ? "is not refused" : h->says && !strstr(e->err, h->says) ? "is refused without its reason" : NULL;
  return NULL;
}

static void test_store(const struct hostile *h, bool all)
{
  long bad = 0, ran = 0, answered = 0;
  double slowest = 0;
  long most_kb = 0;
  lay_out(h);
  for (size_t k = 0; k < VICTIM_COMMANDS; k++) {
    const char *const *words = victim_commands[k];
    if (!all && k % FEW != (size_t)(h - stores) % FEW && !(writes(words) && h->not_written))
      continue;
    struct ending e = victim_run(words);
    const char *problem = disagreement(h, words, &e);
    if (problem) {
      bad++;
      tap_diag("%s: %s %s (%.1f s, %ld MB); it said: %.300s", h->name, victim_words(words), problem, e.cpu_s, e.memory_kb >> 10, e.err);
    }
    ran++;
    answered += WIFEXITED(e.status) && WEXITSTATUS(e.status) == 0 && e.out[0];
    slowest = e.cpu_s > slowest ? e.cpu_s : slowest;
    most_kb = e.memory_kb > most_kb ? e.memory_kb : most_kb;
  }
  tap_is_int(bad, 0, "%s: %ld commands end as they should (at most %.1f s, %ld MB)", h->name, ran, slowest, most_kb >> 10);
  if (h->reading == READ && all)
    tap_ok(answered > 0, "%s: and %ld of them answer", h->name, answered);
}

/* None of the triggers has fired. */
static void test_nothing_ran(void)
{
  sqlite3 *db;
  sqlite3_stmt *st;
  lay_out(&stores[0]);
  for (size_t k = 0; k < VICTIM_COMMANDS; k++)
    if (writes(victim_commands[k]))
      victim_run(victim_commands[k]);
  sqlite3_open(victim_file(VICTIM_DB), &db);
  sqlite3_prepare_v2(db, "SELECT count(*) FROM fired", -1, &st, NULL);
  tap_ok(sqlite3_step(st) == SQLITE_ROW && sqlite3_column_int(st, 0) == 0, "no command made a trigger fire");
  sqlite3_finalize(st);
  sqlite3_close(db);
}

int main(void)
{
  bool all = getenv("ASSAY_LONG") != NULL;
  fixture_path("");
  snprintf(good, sizeof good, "%s", victim_file("good.db"));
  victim_make(good);
  for (size_t i = 0; i < sizeof stores / sizeof *stores; i++)
    test_store(&stores[i], all);
  test_nothing_ran();
  fixture_done();
  return tap_done();
}
