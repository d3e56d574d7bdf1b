/* merge.c: bringing the runs of another store into this one.
 *
 * A run is known everywhere by its uid, so merging is adding the runs whose uid is not here. Ids differ between
 * stores and are given anew; scripts and environments are shared by the hash of their text, which is computed
 * here and not believed, experiments by name, script hash and parameters. The source is a store from elsewhere:
 * it is opened as every reader opens it, read-only and checked, and read in one transaction. */
#include "store/store_int.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* The statements of a merge. "from" reads the source, "to" writes here. */
enum part {
  FROM_RUN, TO_RUN, FROM_EXPERIMENT, TO_EXPERIMENT, FIND_EXPERIMENT, FROM_SCRIPT, TO_SCRIPT, FIND_SCRIPT, TO_LINK,
  FROM_ENVIRONMENT, TO_ENVIRONMENT, FIND_ENVIRONMENT, FIND_UID,
  FROM_PARAM, TO_PARAM, FROM_RESULT, TO_RESULT, FROM_TAG, TO_TAG, FROM_ARTIFACT, TO_ARTIFACT, FROM_METRIC, TO_METRIC,
  FROM_VERDICT, TO_VERDICT,
  PARTS
};

#define RUN_COLUMNS "uid, config, config_hash, group_hash, seed, status, started_at, ended_at, wall_s, cpu_s, peak_memory_b," \
                    " error, host, boot_id, pid, pid_start, worker_pid, note"

/* What is copied row by row reads columns for ?2, ?3, … of the statement that follows; ?1 is an id. */
static const char *const part_sql[PARTS] = {
  [FROM_RUN] = ("SELECT " RUN_COLUMNS ", id, experiment_id, environment_id FROM run WHERE trashed_at IS NULL ORDER BY id"),
  [TO_RUN] = ("INSERT INTO run (experiment_id, environment_id, " RUN_COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,"
             " ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)"),
  [FROM_EXPERIMENT] = "SELECT name, script_hash, params, summary, created_at FROM experiment WHERE id = ?1",
  [TO_EXPERIMENT] = "INSERT INTO experiment (name, script_hash, params, summary, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
  [FIND_EXPERIMENT] = "SELECT id FROM experiment WHERE name = ?1 AND script_hash = ?2 AND params = ?3",
  [FROM_SCRIPT] = ("SELECT x.position, x.name, t.text FROM experiment_script x JOIN script t ON t.id = x.script_id"
                  " WHERE x.experiment_id = ?1 ORDER BY x.position"),
  [TO_SCRIPT] = "INSERT OR IGNORE INTO script (hash, text) VALUES (?1, ?2)",
  [FIND_SCRIPT] = "SELECT id FROM script WHERE hash = ?1",
  [TO_LINK] = "INSERT OR IGNORE INTO experiment_script (experiment_id, position, name, script_id) VALUES (?1, ?2, ?3, ?4)",
  [FROM_ENVIRONMENT] = "SELECT json FROM environment WHERE id = ?1",
  [TO_ENVIRONMENT] = "INSERT OR IGNORE INTO environment (hash, json) VALUES (?1, ?2)",
  [FIND_ENVIRONMENT] = "SELECT id FROM environment WHERE hash = ?1",
  [FIND_UID] = "SELECT id FROM run WHERE uid = ?1",
  [FROM_PARAM] = "SELECT key, value FROM param WHERE run_id = ?1",
  [TO_PARAM] = "INSERT INTO param (run_id, key, value) VALUES (?1, ?2, ?3)",
  [FROM_RESULT] = "SELECT key, value FROM result WHERE run_id = ?1",
  [TO_RESULT] = "INSERT INTO result (run_id, key, value) VALUES (?1, ?2, ?3)",
  [FROM_TAG] = "SELECT tag FROM tag WHERE run_id = ?1",
  [TO_TAG] = "INSERT INTO tag (run_id, tag) VALUES (?1, ?2)",
  [FROM_ARTIFACT] = "SELECT name, kind, hash, size_b, path, content FROM artifact WHERE run_id = ?1",
  [TO_ARTIFACT] = "INSERT INTO artifact (run_id, name, kind, hash, size_b, path, content) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
  [FROM_METRIC] = "SELECT k.name, m.step, m.value FROM metric m CROSS JOIN metric_key k ON k.id = m.key_id WHERE m.run_id = ?1",
  [TO_METRIC] = "INSERT INTO metric (run_id, key_id, step, value) SELECT ?1, id, ?3, ?4 FROM metric_key WHERE name = ?2",
  [FROM_VERDICT] = "SELECT paper, verdict, effect, low, high, detail, created_at, experiment_id FROM verdict ORDER BY id",
  [TO_VERDICT] = ("INSERT INTO verdict (experiment_id, paper, verdict, effect, low, high, detail, created_at)"
                 " SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 WHERE NOT EXISTS (SELECT 1 FROM verdict WHERE paper = ?2 AND"
                 " created_at = ?8 AND detail = ?7)"),
};

struct merge {
  struct store *to, *from;
  struct store_merged *out;
  sqlite3_stmt *st[PARTS];
  int64_t experiment_from, experiment_to; /* the last one looked up: runs of an experiment stand together */
  int64_t environment_from, environment_to;
};

static bool reads_source(enum part p)
{
  return strncmp(part_sql[p], "SELECT", 6) == 0 && p != FIND_EXPERIMENT && p != FIND_SCRIPT && p != FIND_ENVIRONMENT && p != FIND_UID;
}

/* What went wrong in the source, told by the store that the caller holds. */
static int source_failed(struct merge *m, const char *doing)
{
  int code = store_fail_sqlite(m->from, doing);
  return store_fail(m->to, code, "%.*s", (int)sizeof m->to->message - 1, m->from->message);
}

static int prepare_parts(struct merge *m)
{
  for (enum part p = 0; p < PARTS; p++) {
    struct store *s = reads_source(p) ? m->from : m->to;
    if (sqlite3_prepare_v2(s->db, part_sql[p], -1, &m->st[p], NULL) != SQLITE_OK)
      return s == m->from ? source_failed(m, "preparing to merge") : store_fail_sqlite(m->to, "preparing to merge");
  }
  return STORE_OK;
}

/* The next row of a statement over the source; at the end *row is false and it can be used again. */
static int next(struct merge *m, enum part p, bool *row)
{
  int rc = sqlite3_step(m->st[p]);
  *row = rc == SQLITE_ROW;
  if (*row)
    return STORE_OK;
  int code = rc == SQLITE_DONE ? STORE_OK : source_failed(m, "merging from it");
  sqlite3_reset(m->st[p]);
  return code;
}

/* The id that a "find" gives for the values bound to it; 0 when there is none. */
static int find(struct merge *m, enum part p, int64_t *id)
{
  int rc = sqlite3_step(m->st[p]), code = STORE_OK;
  *id = rc == SQLITE_ROW ? sqlite3_column_int64(m->st[p], 0) : 0;
  if (rc != SQLITE_ROW && rc != SQLITE_DONE)
    code = store_fail_sqlite(m->to, "merging");
  sqlite3_reset(m->st[p]);
  return code;
}

static void bind_columns(sqlite3_stmt *to, int first, sqlite3_stmt *from, int columns)
{
  for (int k = 0; k < columns; k++)
    sqlite3_bind_value(to, first + k, sqlite3_column_value(from, k));
}

/* Every row of `from` for the id there into `to` under the id here. */
static int copy_rows(struct merge *m, enum part from, enum part to, int64_t id_there, int64_t id_here, int64_t *count)
{
  bool row;
  int code;
  sqlite3_bind_int64(m->st[from], 1, id_there);
  while (!(code = next(m, from, &row)) && row) {
    sqlite3_bind_int64(m->st[to], 1, id_here);
    bind_columns(m->st[to], 2, m->st[from], sqlite3_column_count(m->st[from]));
    if ((code = store_run(m->to, m->st[to], "merging")))
      break;
    if (count)
      ++*count;
  }
  sqlite3_reset(m->st[from]);
  return code;
}

/* --- what runs share -------------------------------------------------------------------------- */

/* The id of a text here, by its hash; it is added when it is new. */
static int share_text(struct merge *m, sqlite3_stmt *from, int column, enum part to, enum part find_part, int64_t *id)
{
  char hash[33];
  const void *text = sqlite3_column_text(from, column);
  int size = sqlite3_column_bytes(from, column);
  store_hash_hex(text ? text : "", (size_t)size, hash);
  sqlite3_bind_text(m->st[to], 1, hash, -1, SQLITE_STATIC);
  sqlite3_bind_value(m->st[to], 2, sqlite3_column_value(from, column));
  int code = store_run(m->to, m->st[to], "merging");
  if (code)
    return code;
  sqlite3_bind_text(m->st[find_part], 1, hash, -1, SQLITE_TRANSIENT);
  return find(m, find_part, id);
}

static int add_scripts(struct merge *m, int64_t there, int64_t here)
{
  bool row;
  int code;
  int64_t script;
  sqlite3_stmt *from = m->st[FROM_SCRIPT], *link = m->st[TO_LINK];
  sqlite3_bind_int64(from, 1, there);
  while (!(code = next(m, FROM_SCRIPT, &row)) && row) {
    if ((code = share_text(m, from, 2, TO_SCRIPT, FIND_SCRIPT, &script)))
      break;
    sqlite3_bind_int64(link, 1, here);
    bind_columns(link, 2, from, 2);
    sqlite3_bind_int64(link, 4, script);
    if ((code = store_run(m->to, link, "merging")))
      break;
  }
  sqlite3_reset(from);
  return code;
}

/* The experiment here that is the experiment `there` of the source. */
static int share_experiment(struct merge *m, int64_t there, int64_t *here)
{
  bool row;
  *here = m->experiment_to;
  if (there == m->experiment_from)
    return STORE_OK;
  sqlite3_stmt *from = m->st[FROM_EXPERIMENT];
  sqlite3_bind_int64(from, 1, there);
  int code = next(m, FROM_EXPERIMENT, &row);
  if (code)
    return code;
  if (!row)
    return store_fail(m->to, STORE_CORRUPT, "%s: a run belongs to an experiment that is not there; nothing was merged", m->from->path);
  bind_columns(m->st[FIND_EXPERIMENT], 1, from, 3);
  if (!(code = find(m, FIND_EXPERIMENT, here)) && !*here) {
    bind_columns(m->st[TO_EXPERIMENT], 1, from, 5);
    code = store_run(m->to, m->st[TO_EXPERIMENT], "merging");
    *here = sqlite3_last_insert_rowid(m->to->db);
    if (!code)
      code = add_scripts(m, there, *here);
  }
  sqlite3_reset(from);
  m->experiment_from = there;
  m->experiment_to = *here;
  return code;
}

static int share_environment(struct merge *m, int64_t there, int64_t *here)
{
  bool row;
  *here = m->environment_to;
  if (there == m->environment_from)
    return STORE_OK;
  sqlite3_bind_int64(m->st[FROM_ENVIRONMENT], 1, there);
  int code = next(m, FROM_ENVIRONMENT, &row);
  *here = 0;
  if (!code && row)
    code = share_text(m, m->st[FROM_ENVIRONMENT], 0, TO_ENVIRONMENT, FIND_ENVIRONMENT, here);
  sqlite3_reset(m->st[FROM_ENVIRONMENT]);
  m->environment_from = there;
  m->environment_to = *here;
  return code;
}

/* --- runs ------------------------------------------------------------------------------------- */

enum { COLUMN_STATUS = 5, RUN_OWN = 18, COLUMN_ID = RUN_OWN, COLUMN_EXPERIMENT, COLUMN_ENVIRONMENT };

static int add_run(struct merge *m)
{
  static const enum part belongings[][2] = {
    {FROM_PARAM, TO_PARAM}, {FROM_RESULT, TO_RESULT}, {FROM_TAG, TO_TAG}, {FROM_ARTIFACT, TO_ARTIFACT}};
  sqlite3_stmt *from = m->st[FROM_RUN], *to = m->st[TO_RUN];
  int64_t there = sqlite3_column_int64(from, COLUMN_ID), experiment, environment = 0;
  int code = share_experiment(m, sqlite3_column_int64(from, COLUMN_EXPERIMENT), &experiment);
  if (!code && sqlite3_column_type(from, COLUMN_ENVIRONMENT) != SQLITE_NULL)
    code = share_environment(m, sqlite3_column_int64(from, COLUMN_ENVIRONMENT), &environment);
  if (code)
    return code;
  sqlite3_bind_int64(to, 1, experiment);
  if (environment)
    sqlite3_bind_int64(to, 2, environment);
  bind_columns(to, 3, from, RUN_OWN);
  if ((code = store_run(m->to, to, "merging a run")))
    return code;
  int64_t here = sqlite3_last_insert_rowid(m->to->db);
  for (size_t i = 0; !code && i < sizeof belongings / sizeof *belongings; i++)
    code = copy_rows(m, belongings[i][0], belongings[i][1], there, here, NULL);
  m->out->runs++;
  return code ? code : copy_rows(m, FROM_METRIC, TO_METRIC, there, here, &m->out->points);
}

static int add_runs(struct merge *m)
{
  sqlite3_stmt *from = m->st[FROM_RUN];
  bool row;
  int code;
  while (!(code = next(m, FROM_RUN, &row)) && row) {
    int64_t known;
    const char *status = (const char *)sqlite3_column_text(from, COLUMN_STATUS);
    if (status && strcmp(status, "running") == 0) {
      m->out->running++;
      continue;
    }
    sqlite3_bind_value(m->st[FIND_UID], 1, sqlite3_column_value(from, 0));
    if ((code = find(m, FIND_UID, &known)))
      break;
    if (known)
      m->out->known++;
    else if ((code = add_run(m)))
      break;
  }
  return code;
}

static int add_verdicts(struct merge *m)
{
  sqlite3_stmt *from = m->st[FROM_VERDICT], *to = m->st[TO_VERDICT];
  bool row;
  int code;
  while (!(code = next(m, FROM_VERDICT, &row)) && row) {
    int64_t experiment = 0;
    if (sqlite3_column_type(from, 7) != SQLITE_NULL)
      code = share_experiment(m, sqlite3_column_int64(from, 7), &experiment);
    if (code)
      break;
    if (experiment)
      sqlite3_bind_int64(to, 1, experiment);
    bind_columns(to, 2, from, 7);
    if ((code = store_run(m->to, to, "merging a verdict")))
      break;
  }
  return code;
}

/* Names of metrics are learnt before the transaction: the writer keeps its own list of them. */
static int share_keys(struct merge *m)
{
  sqlite3_stmt *st = NULL;
  int64_t id;
  int code = STORE_OK, rc;
  if (sqlite3_prepare_v2(m->from->db, "SELECT name FROM metric_key ORDER BY id", -1, &st, NULL) != SQLITE_OK)
    return source_failed(m, "reading the names of metrics");
  while (!code && (rc = sqlite3_step(st)) == SQLITE_ROW) {
    const char *name = (const char *)sqlite3_column_text(st, 0);
    if (name)
      code = store_metric_key(m->to, name, &id);
  }
  if (!code && rc != SQLITE_DONE)
    code = source_failed(m, "reading the names of metrics");
  sqlite3_finalize(st);
  return code;
}

static bool is_same_file(const char *a, const char *b)
{
  struct stat x, y;
  return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* One transaction of the source around all reading, one here around all writing. */
static int merge_all(struct merge *m)
{
  if (sqlite3_exec(m->from->db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
    return source_failed(m, "reading it");
  int code = share_keys(m);
  if (!code)
    code = prepare_parts(m);
  if (code || (code = store_full_sync(m->to, true)))
    return code;
  if (!(code = store_begin(m->to))) {
    if (!(code = store_heartbeat(m->to)) && !(code = add_runs(m)))
      code = add_verdicts(m);
    for (enum part p = 0; p < PARTS; p++)
      sqlite3_reset(m->st[p]);
    code = store_finish(m->to, code);
  }
  int sync = store_full_sync(m->to, false);
  return code ? code : sync;
}

int store_merge(struct store *s, const char *source, struct store_merged *out)
{
  struct merge m = {.to = s, .out = out};
  char message[sizeof s->message];
  *out = (struct store_merged){0};
  int code = store_writable(s);
  if (code || (code = store_flush(s)))
    return code;
  if (is_same_file(s->path, source))
    return store_fail(s, STORE_ERROR, "%s: is the store to merge into; name another one", source);
  if ((code = store_open(&m.from, source, STORE_READ, message, sizeof message)))
    return store_fail(s, code, "%.*s", (int)sizeof message - 1, message);
  code = m.from->newer ? store_fail(s, STORE_TOO_NEW, "%.*s: merge with that assay", (int)sizeof message - 40, message)
                       : merge_all(&m);
  for (enum part p = 0; p < PARTS; p++)
    sqlite3_finalize(m.st[p]);
  store_close(m.from);
  if (code)
    *out = (struct store_merged){0};
  return code;
}
