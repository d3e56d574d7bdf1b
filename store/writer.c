/* writer.c: experiments, environments, and the beginning and end of runs.
 *
 * A run's row is committed when it begins, so that a killed sweep shows what it was doing. Its end, with
 * everything that waits, is one commit with full sync: whoever sees "done" can pull the plug. */
#include "store/store_int.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

/* Step `insert` (which ignores duplicates), then the `find` that returns the id. Both are finalized. */
static int get_or_make(struct store *s, sqlite3_stmt *insert, sqlite3_stmt *find, int64_t *id)
{
  int code = store_run(s, insert, "writing");
  if (!code && sqlite3_step(find) == SQLITE_ROW)
    *id = sqlite3_column_int64(find, 0);
  else if (!code)
    code = store_fail_sqlite(s, "writing");
  sqlite3_finalize(insert);
  sqlite3_finalize(find);
  return code;
}

/* --- experiment and environment --------------------------------------------------------------- */

static int by_hash(const void *a, const void *b) { return memcmp(a, b, 33); }

/* The identity of a script: its own text first, then the texts it requires in any order; names do not count. */
void store_scripts_hash(const struct store_script *scripts, size_t n, char hash[33])
{
  char (*each)[33] = store_alloc(NULL, (n ? n : 1) * sizeof *each);
  for (size_t i = 0; i < n; i++)
    store_hash_hex(scripts[i].text, scripts[i].size, each[i]);
  if (n > 1)
    qsort(each + 1, n - 1, sizeof *each, by_hash);
  store_hash_hex(each, n * sizeof *each, hash);
  free(each);
}

static int put_script(struct store *s, int64_t experiment_id, size_t position, const struct store_script *f)
{
  sqlite3_stmt *insert = NULL, *find = NULL, *link = NULL;
  char hash[33];
  int64_t id = 0;
  store_hash_hex(f->text, f->size, hash);
  int code = store_prepare(s, "INSERT OR IGNORE INTO script (hash, text) VALUES (?1, ?2)", &insert);
  if (code || (code = store_prepare(s, "SELECT id FROM script WHERE hash = ?1", &find))) {
    sqlite3_finalize(insert);
    return code;
  }
  sqlite3_bind_text(insert, 1, hash, -1, SQLITE_STATIC);
  sqlite3_bind_text64(insert, 2, f->text, f->size, SQLITE_STATIC, SQLITE_UTF8);
  sqlite3_bind_text(find, 1, hash, -1, SQLITE_STATIC);
  if ((code = get_or_make(s, insert, find, &id)))
    return code;
  if ((code = store_prepare(s, "INSERT OR IGNORE INTO experiment_script VALUES (?1, ?2, ?3, ?4)", &link)))
    return code;
  sqlite3_bind_int64(link, 1, experiment_id);
  sqlite3_bind_int64(link, 2, (int64_t)position);
  sqlite3_bind_text(link, 3, f->name, -1, SQLITE_STATIC);
  sqlite3_bind_int64(link, 4, id);
  code = store_run(s, link, "storing a script");
  sqlite3_finalize(link);
  return code;
}

static int put_experiment(struct store *s, const char *name, const char *summary, const char *params, const char *hash,
                          int64_t *id)
{
  sqlite3_stmt *insert = NULL, *find = NULL;
  char now[32];
  store_now(now);
  int code = store_prepare(s, "INSERT OR IGNORE INTO experiment (name, summary, script_hash, params, created_at)"
                     " VALUES (?1, ?2, ?3, ?4, ?5)", &insert);
  if (code || (code = store_prepare(s, "SELECT id FROM experiment WHERE name = ?1 AND script_hash = ?2 AND params = ?3", &find))) {
    sqlite3_finalize(insert);
    return code;
  }
  sqlite3_bind_text(insert, 1, name, -1, SQLITE_STATIC);
  sqlite3_bind_text(insert, 2, summary, -1, SQLITE_STATIC);
  sqlite3_bind_text(insert, 3, hash, -1, SQLITE_STATIC);
  sqlite3_bind_text(insert, 4, params, -1, SQLITE_STATIC);
  sqlite3_bind_text(insert, 5, now, -1, SQLITE_STATIC);
  sqlite3_bind_text(find, 1, name, -1, SQLITE_STATIC);
  sqlite3_bind_text(find, 2, hash, -1, SQLITE_STATIC);
  sqlite3_bind_text(find, 3, params, -1, SQLITE_STATIC);
  return get_or_make(s, insert, find, id);
}

int store_experiment(struct store *s, const char *name, const char *summary, const struct store_script *scripts, size_t n_scripts,
                     const char *params_json, int64_t *experiment_id, char script_hash_hex[33])
{
  int code = store_writable(s);
  if (code || (code = store_begin(s)))
    return code;
  store_scripts_hash(scripts, n_scripts, script_hash_hex);
  code = put_experiment(s, name, summary, params_json ? params_json : "{}", script_hash_hex, experiment_id);
  for (size_t i = 0; !code && i < n_scripts; i++)
    code = put_script(s, *experiment_id, i, &scripts[i]);
  return store_finish(s, code);
}

int store_environment(struct store *s, const struct store_environment *env, int64_t *environment_id)
{
  sqlite3_stmt *insert = NULL, *find = NULL;
  char hash[33];
  int code = store_writable(s);
  if (code || (code = store_begin(s)))
    return code;
  store_hash_hex(env->json, strlen(env->json), hash);
  code = store_prepare(s, "INSERT OR IGNORE INTO environment (hash, json) VALUES (?1, ?2)", &insert);
  if (!code && !(code = store_prepare(s, "SELECT id FROM environment WHERE hash = ?1", &find))) {
    sqlite3_bind_text(insert, 1, hash, -1, SQLITE_STATIC);
    sqlite3_bind_text(insert, 2, env->json, -1, SQLITE_STATIC);
    sqlite3_bind_text(find, 1, hash, -1, SQLITE_STATIC);
    return store_finish(s, get_or_make(s, insert, find, environment_id));
  }
  sqlite3_finalize(insert);
  return store_finish(s, code);
}

/* --- runs ------------------------------------------------------------------------------------- */

int store_find_done(struct store *s, const char *config_hash, int64_t *run_id)
{
  sqlite3_stmt *st = NULL;
  int code = store_stmt(s, STMT_FIND_DONE, &st);
  if (code)
    return code;
  *run_id = 0;
  sqlite3_bind_text(st, 1, config_hash, -1, SQLITE_STATIC);
  int rc = sqlite3_step(st);
  if (rc == SQLITE_ROW)
    *run_id = sqlite3_column_int64(st, 0);
  else if (rc != SQLITE_DONE)
    code = store_fail_sqlite(s, "looking for a finished run");
  sqlite3_reset(st);
  return code;
}

static int put_run(struct store *s, const struct store_run_start *r, const char *group, int64_t *run_id)
{
  sqlite3_stmt *st = NULL;
  char now[32], uid[33];
  int code = store_stmt(s, STMT_RUN_BEGIN, &st);
  if (code)
    return code;
  store_now(now);
  if (store_random_hex(uid))
    return store_fail(s, STORE_ERROR, "the system gives no random numbers");
  sqlite3_bind_text(st, 1, uid, -1, SQLITE_STATIC);
  sqlite3_bind_int64(st, 2, r->experiment_id);
  if (r->environment_id > 0)
    sqlite3_bind_int64(st, 3, r->environment_id);
  sqlite3_bind_text(st, 4, r->config_json, -1, SQLITE_STATIC);
  sqlite3_bind_text(st, 5, r->config_hash, -1, SQLITE_STATIC);
  sqlite3_bind_text(st, 6, group, -1, SQLITE_STATIC);
  if (r->seed != INT64_MIN)
    sqlite3_bind_int64(st, 7, r->seed);
  sqlite3_bind_text(st, 8, now, -1, SQLITE_STATIC);
  sqlite3_bind_text(st, 9, s->self.host, -1, SQLITE_STATIC);
  sqlite3_bind_text(st, 10, s->self.boot_id, -1, SQLITE_STATIC);
  sqlite3_bind_int64(st, 11, s->self.pid);
  sqlite3_bind_int64(st, 12, s->self.pid_start);
  if (r->worker_pid > 0)
    sqlite3_bind_int(st, 13, r->worker_pid);
  code = store_run(s, st, "beginning a run");
  *run_id = sqlite3_last_insert_rowid(s->db);
  return code;
}

int store_run_begin(struct store *s, const struct store_run_start *r, int64_t *run_id)
{
  json_error_t problem;
  char group[33];
  int code = store_writable(s);
  if (code)
    return code;
  json_t *config = json_loads(r->config_json, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &problem);
  if (!json_is_object(config)) {
    json_decref(config);
    return store_fail(s, STORE_ERROR, "the config of a run must be a JSON object: %s", problem.text);
  }
  if (!(code = store_config_group(s, config, group)) && !(code = store_begin(s))) {
    if (!(code = store_heartbeat(s)) && !(code = put_run(s, r, group, run_id)))
      code = store_config_params(s, *run_id, config);
    code = store_finish(s, code);
  }
  json_decref(config);
  return code ? code : buffer_run_add(s, *run_id);
}

static int put_derived(struct store *s, int64_t run_id, const char *key, const char *suffix, double value)
{
  sqlite3_stmt *st = NULL;
  int code = store_stmt(s, STMT_RESULT_DERIVED, &st);
  if (code)
    return code;
  size_t size = strlen(key) + strlen(suffix) + 1;
  char *name = store_alloc(NULL, size);
  snprintf(name, size, "%s%s", key, suffix);
  sqlite3_bind_int64(st, 1, run_id);
  sqlite3_bind_text(st, 2, name, -1, SQLITE_STATIC);
  sqlite3_bind_double(st, 3, value);
  code = store_run(s, st, "writing results");
  free(name);
  return code;
}

/* What the run itself returned under such a name stands (INSERT OR IGNORE). */
static int put_summary(struct store *s, int64_t run_id, const struct series_summary *m)
{
  int code = put_derived(s, run_id, m->key, ".last", m->last);
  if (!code)
    code = put_derived(s, run_id, m->key, ".min", m->min);
  return code ? code : put_derived(s, run_id, m->key, ".max", m->max);
}

static int put_end(struct store *s, int64_t run_id, const struct store_run_end *end)
{
  sqlite3_stmt *st = NULL;
  char now[32];
  int code = buffer_summaries(s, run_id, put_summary);
  if (code || (code = store_stmt(s, STMT_RUN_END, &st)))
    return code;
  store_now(now);
  sqlite3_bind_int64(st, 1, run_id);
  sqlite3_bind_text(st, 2, store_status_name(end->status), -1, SQLITE_STATIC);
  sqlite3_bind_text(st, 3, now, -1, SQLITE_STATIC);
  sqlite3_bind_double(st, 4, end->wall_s);
  sqlite3_bind_double(st, 5, end->cpu_s);
  if (end->peak_memory_b > 0)
    sqlite3_bind_int64(st, 6, end->peak_memory_b);
  sqlite3_bind_text(st, 7, end->error, -1, SQLITE_STATIC);
  if ((code = store_run(s, st, "ending a run")))
    return code;
  return sqlite3_changes(s->db) == 1 ? STORE_OK
                                     : store_fail(s, STORE_ERROR, "run %lld is not running", (long long)run_id);
}

int store_runs_end(struct store *s, const int64_t *run_ids, const struct store_run_end *ends, size_t n)
{
  int code = store_writable(s);
  if (code || (code = store_full_sync(s, true)))
    return code;
  if (!(code = store_begin(s))) {
    code = buffer_write(s);
    for (size_t i = 0; !code && i < n; i++)
      code = put_end(s, run_ids[i], &ends[i]);
    code = store_finish(s, code);
  }
  if (!code) {
    buffer_written(s);
    for (size_t i = 0; i < n; i++)
      buffer_run_drop(s, run_ids[i]);
  }
  int sync = store_full_sync(s, false);
  return code ? code : sync;
}

int store_run_end(struct store *s, int64_t run_id, const struct store_run_end *end)
{
  return store_runs_end(s, &run_id, end, 1);
}

int store_run_origin(struct store *s, int64_t run_id, const struct store_origin *o)
{
  sqlite3_stmt *st = NULL;
  int code = store_writable(s);
  if (code || (code = store_prepare(s, "UPDATE run SET uid = ?2, host = ?3, boot_id = '', pid = 0, pid_start = 0, started_at = ?4,"
                                    " ended_at = ?5 WHERE id = ?1 AND status <> 'running'", &st)))
    return code;
  sqlite3_bind_int64(st, 1, run_id);
  sqlite3_bind_text(st, 2, o->uid, -1, SQLITE_STATIC);
  sqlite3_bind_text(st, 3, o->host, -1, SQLITE_STATIC);
  sqlite3_bind_text(st, 4, o->started_at, -1, SQLITE_STATIC);
  sqlite3_bind_text(st, 5, o->ended_at, -1, SQLITE_STATIC);
  code = store_run(s, st, "noting where a run comes from");
  if (!code && sqlite3_changes(s->db) != 1)
    code = store_fail(s, STORE_ERROR, "run %lld has not ended", (long long)run_id);
  sqlite3_finalize(st);
  return code;
}

int store_tag(struct store *s, int64_t run_id, const char *tag, bool add)
{
  sqlite3_stmt *st = NULL;
  int code = store_writable(s);
  if (code || (code = store_prepare(s, add ? "INSERT OR IGNORE INTO tag (run_id, tag) VALUES (?1, ?2)"
                                     : "DELETE FROM tag WHERE run_id = ?1 AND tag = ?2", &st)))
    return code;
  sqlite3_bind_int64(st, 1, run_id);
  sqlite3_bind_text(st, 2, tag, -1, SQLITE_STATIC);
  code = store_run(s, st, add ? "tagging a run" : "removing a tag");
  sqlite3_finalize(st);
  return code;
}
