/* owner.c: who writes, and whether that process still lives.
 *
 * The writer's lock is one row naming a process by host, boot, pid namespace, pid and start time. A row of a
 * dead process counts for nothing, so the lock dies with its holder, also after kill -9 or a power cut,
 * leaves no file behind, and works where file locks do not. Where liveness cannot be seen (another machine,
 * another container), the holder counts as alive until it has been silent for SILENCE_S. */
#include "store/store_int.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SILENCE_S = 600 };

static void read_line(const char *path, char *out, size_t size)
{
  FILE *f = fopen(path, "r");
  out[0] = '\0';
  if (f && fgets(out, (int)size, f))
    out[strcspn(out, "\n")] = '\0';
  if (f)
    fclose(f);
}

/* Start of a process in ticks since boot, or -1 when there is none (a zombie is none). */
static int64_t pid_start(int64_t pid)
{
  char path[64], line[1024], state;
  long long start;
  snprintf(path, sizeof path, "/proc/%" PRId64 "/stat", pid);
  read_line(path, line, sizeof line);
  const char *after = strrchr(line, ')'); /* the command's name may hold anything */
  if (!after || sscanf(after + 1, " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %lld",
                       &state, &start) != 2)
    return -1;
  return state == 'Z' || state == 'X' ? -1 : start;
}

void owner_self(struct owner *o)
{
  memset(o, 0, sizeof *o);
  if (gethostname(o->host, sizeof o->host - 1) != 0)
    strcpy(o->host, "unknown");
  read_line("/proc/sys/kernel/random/boot_id", o->boot_id, sizeof o->boot_id);
  if (readlink("/proc/self/ns/pid", o->pid_ns, sizeof o->pid_ns - 1) < 0)
    o->pid_ns[0] = '\0';
  o->pid = getpid();
  o->pid_start = pid_start(o->pid);
}

enum owner_state owner_check(const struct owner *self, const struct owner *o)
{
  if (strcmp(self->boot_id, o->boot_id) != 0)
    return strcmp(self->host, o->host) == 0 ? OWNER_DEAD : OWNER_UNKNOWN; /* rebooted, or elsewhere */
  if (strcmp(self->pid_ns, o->pid_ns) != 0)
    return OWNER_UNKNOWN;
  return pid_start(o->pid) == o->pid_start ? OWNER_ALIVE : OWNER_DEAD;
}

static void copy_text(sqlite3_stmt *st, int column, char *out, size_t size)
{
  const unsigned char *text = sqlite3_column_text(st, column);
  snprintf(out, size, "%s", text ? (const char *)text : "");
}

/* The row of `writer`, and whether somebody else holds it. */
static int find_holder(struct store *s, bool *held)
{
  sqlite3_stmt *st = NULL;
  struct owner o = {0};
  char since[32];
  *held = false;
  if (sqlite3_prepare_v2(s->db, "SELECT host, boot_id, pid_ns, pid, pid_start, since, seen_at FROM writer", -1, &st,
                         NULL) != SQLITE_OK)
    return store_fail_sqlite(s, "looking who writes");
  int rc = sqlite3_step(st), code = STORE_OK;
  if (rc == SQLITE_ROW) {
    copy_text(st, 0, o.host, sizeof o.host);
    copy_text(st, 1, o.boot_id, sizeof o.boot_id);
    copy_text(st, 2, o.pid_ns, sizeof o.pid_ns);
    o.pid = sqlite3_column_int64(st, 3);
    o.pid_start = sqlite3_column_int64(st, 4);
    copy_text(st, 5, since, sizeof since);
    int64_t silent_s = (int64_t)time(NULL) - sqlite3_column_int64(st, 6);
    enum owner_state state = owner_check(&s->self, &o);
    *held = state == OWNER_ALIVE || (state == OWNER_UNKNOWN && silent_s < SILENCE_S);
    if (*held)
      store_fail(s, STORE_BUSY, "%s: is being written by process %" PRId64 " on %s since %s; wait until it ends, stop "
                 "it there, or choose another file with --db", s->path, o.pid, o.host, since);
  } else if (rc != SQLITE_DONE) {
    code = store_fail_sqlite(s, "looking who writes");
  }
  sqlite3_finalize(st);
  return code;
}

static int put_self(struct store *s)
{
  sqlite3_stmt *st = NULL;
  char now[32];
  store_now(now);
  if (store_random_hex(s->token))
    return store_fail(s, STORE_ERROR, "the system gives no random numbers");
  if (sqlite3_prepare_v2(s->db, "INSERT OR REPLACE INTO writer VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)", -1, &st,
                         NULL) != SQLITE_OK)
    return store_fail_sqlite(s, "taking the writer's lock");
  sqlite3_bind_text(st, 1, s->token, -1, SQLITE_STATIC);
  sqlite3_bind_text(st, 2, s->self.host, -1, SQLITE_STATIC);
  sqlite3_bind_text(st, 3, s->self.boot_id, -1, SQLITE_STATIC);
  sqlite3_bind_text(st, 4, s->self.pid_ns, -1, SQLITE_STATIC);
  sqlite3_bind_int64(st, 5, s->self.pid);
  sqlite3_bind_int64(st, 6, s->self.pid_start);
  sqlite3_bind_text(st, 7, now, -1, SQLITE_STATIC);
  sqlite3_bind_int64(st, 8, (int64_t)time(NULL));
  int code = store_run(s, st, "taking the writer's lock");
  sqlite3_finalize(st);
  return code;
}

int store_take_writer(struct store *s, double wait_s)
{
  double deadline = store_clock() + wait_s;
  for (;;) {
    bool held = false;
    int code = store_begin(s);
    if (code)
      return code;
    code = find_holder(s, &held);
    if (!code && !held)
      code = put_self(s);
    if (code || held)
      store_rollback(s);
    else if (!(code = store_commit(s)))
      s->is_writer = true;
    if (code || !held)
      return code;
    if (store_clock() > deadline)
      return STORE_BUSY;
    nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
  }
}

int store_heartbeat(struct store *s)
{
  sqlite3_stmt *st = NULL;
  int code = store_stmt(s, STMT_HEARTBEAT, &st);
  if (code)
    return code;
  sqlite3_bind_int64(st, 1, (int64_t)time(NULL));
  sqlite3_bind_text(st, 2, s->token, -1, SQLITE_STATIC);
  if ((code = store_run(s, st, "renewing the writer's lock")))
    return code;
  if (sqlite3_changes(s->db) != 1)
    return store_fail(s, STORE_BUSY, "%s: another process has taken over writing, because this one was silent for "
                      "more than %d s; run again to continue", s->path, SILENCE_S);
  return STORE_OK;
}

void store_leave_writer(struct store *s)
{
  sqlite3_stmt *st = NULL;
  if (s->is_writer && sqlite3_prepare_v2(s->db, "DELETE FROM writer WHERE token = ?1", -1, &st, NULL) == SQLITE_OK) {
    sqlite3_bind_text(st, 1, s->token, -1, SQLITE_STATIC);
    sqlite3_step(st);
  }
  sqlite3_finalize(st);
  s->is_writer = false;
}

/* Who holds the writer's lock is the only one who can have running runs: all that still say so were left by
 * a process that died. Their metrics stay, and their last and best values are made from them. */
int store_mark_lost(struct store *s)
{
  int64_t running;
  int code = store_scalar(s, "SELECT count(*) FROM run WHERE status = 'running'", &running);
  if (code || !running)
    return code;
  if ((code = store_begin(s)))
    return code;
  code = store_exec(s,
    "INSERT OR IGNORE INTO result (run_id, key, value)"
    " SELECT run.id, metric_key.name || '.last', (SELECT value FROM metric m WHERE m.run_id = run.id AND m.key_id ="
    "  metric_key.id ORDER BY step DESC LIMIT 1)"
    " FROM run CROSS JOIN metric_key WHERE run.status = 'running' AND EXISTS"
    "  (SELECT 1 FROM metric m WHERE m.run_id = run.id AND m.key_id = metric_key.id);"
    "INSERT OR IGNORE INTO result (run_id, key, value)"
    " SELECT run_id, name || '.min', min(value) FROM metric JOIN metric_key ON metric_key.id = key_id"
    " WHERE run_id IN (SELECT id FROM run WHERE status = 'running') GROUP BY run_id, key_id;"
    "INSERT OR IGNORE INTO result (run_id, key, value)"
    " SELECT run_id, name || '.max', max(value) FROM metric JOIN metric_key ON metric_key.id = key_id"
    " WHERE run_id IN (SELECT id FROM run WHERE status = 'running') GROUP BY run_id, key_id;"
    "UPDATE run SET status = 'lost', ended_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now'),"
    " error = 'lost: process ' || pid || ' on ' || host || ' ended without finishing it' WHERE status = 'running'");
  if (code) {
    store_rollback(s);
    return code;
  }
  return store_commit(s);
}
