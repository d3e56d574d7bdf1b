/* queries.c: what a query may do, and how it is stopped. */
#include <stdatomic.h>
#include <time.h>

#include "store/store_int.h"
#include "tests/unit/store/fixture.h"

static struct store *s;

static int code_of(const char *sql)
{
  struct store_query *q;
  bool row = true;
  int code = store_query_open(&q, s, sql, NULL);
  while (!code && row)
    code = store_query_next(q, &row);
  store_query_close(q);
  return code;
}

static void test_refused(void)
{
  static const char *const sql[] = {
    "INSERT INTO tag VALUES (1, 'x')", "UPDATE run SET status = 'done'", "DELETE FROM run", "DROP TABLE run",
    "CREATE TABLE t (x)", "CREATE TEMP TABLE t (x)", "CREATE TEMP VIEW v AS SELECT 1", "ALTER TABLE run ADD COLUMN x TEXT",
    "ATTACH ':memory:' AS other", "DETACH main", "PRAGMA user_version = 5", "PRAGMA journal_mode = DELETE",
    "PRAGMA writable_schema = ON", "PRAGMA synchronous = OFF", "PRAGMA trusted_schema = ON", "PRAGMA wal_checkpoint",
    "PRAGMA query_only", "UPDATE sqlite_master SET sql = ''", "DELETE FROM sqlite_master", "VACUUM", "VACUUM INTO '/tmp/x'", "REINDEX", "ANALYZE", "BEGIN", "COMMIT", "SAVEPOINT x",
    "SELECT load_extension('x')", "WITH x AS (SELECT 1) DELETE FROM tag", "EXPLAIN DELETE FROM tag", "",
    "-- nothing", ";", "SELECT 1; DELETE FROM run", "SELECT 1; SELECT 2", "SELECT nonsense FROM runs", "SELEC 1",
  };
  for (size_t i = 0; i < sizeof sql / sizeof *sql; i++)
    tap_is_int(code_of(sql[i]), STORE_BAD_SQL, "refused: %s", sql[i]);
  tap_ok(fixture_int(s, "SELECT count(*) FROM runs") == 1 && fixture_int(s, "PRAGMA user_version") == STORE_FORMAT,
         "and nothing was changed");
}

static void test_allowed(void)
{
  static const char *const sql[] = {
    "SELECT * FROM runs", "SELECT * FROM runs;  -- the end", "PRAGMA table_info(run)", "PRAGMA user_version",
    "SELECT name FROM pragma_table_info('run')", "SELECT * FROM sqlite_schema", "EXPLAIN QUERY PLAN SELECT * FROM runs",
    "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10) SELECT sum(i) FROM n",
    "SELECT json_extract(config, '$.lr') FROM runs", "SELECT sqrt(2), upper('x'), strftime('%Y', 'now')",
    "SELECT key, avg(value) OVER (PARTITION BY key) FROM metrics", "VALUES (1), (2)",
  };
  for (size_t i = 0; i < sizeof sql / sizeof *sql; i++)
    tap_is_int(code_of(sql[i]), STORE_OK, "allowed: %s", sql[i]);
}

#define ENDLESS "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"

static void test_limits(void)
{
  struct store_query *q;
  bool row;
  atomic_int cancel = 0;
  double started = store_clock();
  store_query_open(&q, s, ENDLESS, &(struct store_limits){.seconds = 0.2});
  tap_is_int(store_query_next(q, &row), STORE_INTERRUPTED, "an endless query ends at its time limit");
  tap_has(store_message(s), "limit of 0.2 s", "and the message says so");
  store_query_close(q);
  tap_ok(store_clock() - started < 2, "soon after the limit (%.2f s)", store_clock() - started);
  store_query_open(&q, s, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n",
                   &(struct store_limits){.cancel = &cancel});
  int code = STORE_OK;
  for (int i = 0; i < 100000 && !(code = store_query_next(q, &row)); i++)
    if (i == 1000)
      atomic_store(&cancel, 1);
  tap_is_int(code, STORE_INTERRUPTED, "the cancel flag ends a query between its rows");
  tap_is_str(store_message(s), "query cancelled", "with its own message");
  store_query_close(q);
  store_query_open(&q, s, ENDLESS, &(struct store_limits){.cancel = &cancel});
  tap_is_int(store_query_next(q, &row), STORE_INTERRUPTED, "a flag that is set already stops a query at once");
  store_query_close(q);
  tap_is_int(code_of("SELECT zeroblob(2000000000)"), STORE_BAD_SQL, "a value of 2 GB is refused");
  tap_is_int(code_of("SELECT 1"), STORE_OK, "the next query is not affected");
}

/* A query with a limit that has passed must not disturb writing on the same handle. */
static void test_writing_between_rows(void)
{
  struct store_query *q;
  bool row;
  store_query_open(&q, s, "SELECT * FROM metrics", &(struct store_limits){.seconds = 1e-6});
  store_query_next(q, &row);
  int64_t run = fixture_run(s, 1, "{\"b\":1}", 1);
  for (int i = 0; i < 20000; i++)
    store_metric(s, run, "loss", i, i);
  tap_is_int(store_run_end(s, run, &(struct store_run_end){.status = STORE_DONE}), STORE_OK,
             "writing goes on while a query whose time is over stands open");
  store_query_close(q);
}

static void test_binding(void)
{
  struct store_query *q;
  bool row;
  store_query_open(&q, s, "SELECT ?1, ?2, ?3, NULL, x'0001'", NULL);
  store_query_bind_text(q, 1, "it's");
  store_query_bind_int(q, 2, -5);
  store_query_bind_real(q, 3, 0.5);
  tap_is_int(store_query_bind_int(q, 9, 1), STORE_BAD_SQL, "binding a parameter that is not there is an error");
  tap_ok(store_query_next(q, &row) == STORE_OK && row && store_query_columns(q) == 5, "a query with parameters gives a row");
  tap_ok(store_query_cell(q, 0).type == STORE_TEXT && strcmp(store_query_cell(q, 0).text, "it's") == 0, "text is bound");
  tap_ok(store_query_cell(q, 1).type == STORE_INTEGER && store_query_cell(q, 1).i == -5, "a whole number is bound");
  tap_ok(store_query_cell(q, 2).type == STORE_REAL && store_query_cell(q, 2).r == 0.5, "a number is bound");
  tap_ok(store_query_cell(q, 3).type == STORE_NULL, "NULL is its own type");
  tap_ok(store_query_cell(q, 4).type == STORE_BLOB && store_query_cell(q, 4).size == 2, "a blob has its size");
  tap_ok(store_query_next(q, &row) == STORE_OK && !row, "and the end is no error");
  store_query_close(q);
}

int main(void)
{
  char message[1024], *path = fixture_path("store.db");
  struct store *w;
  if (store_open(&w, path, STORE_WRITE, message, sizeof message) != STORE_OK)
    tap_bail("%s", message);
  int64_t run = fixture_run(w, fixture_experiment(w), "{\"lr\":0.1}", 1);
  for (int i = 0; i < 100; i++)
    store_metric(w, run, "loss", i, i);
  store_flush(w);
  s = w;
  test_refused(); /* on a handle that could write: only the authorizer stands between */
  test_writing_between_rows();
  store_close(w);
  if (store_open(&s, path, STORE_READ, message, sizeof message) != STORE_OK)
    tap_bail("%s", message);
  test_allowed();
  test_limits();
  test_binding();
  store_close(s);
  fixture_done();
  return tap_done();
}
