/* buffer.c: metrics and results on their way to the file.
 *
 * Points wait in one array per run and key ("series") and are written in the order of the table's key, many
 * rows a statement: SQLite then appends to the end of each series instead of searching, which is what makes
 * the writer fast however runs are interleaved. Nothing leaves the buffer before its transaction has been
 * committed, so a full disk loses nothing as long as the process lives. */
#include "store/store_int.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  ROWS = 50,              /* rows of one statement */
  FLUSH_POINTS = 1 << 19, /* written when so many wait (8 MB, 0.3 s of work): more rows to append to each series */
  FLUSH_BYTES = 1 << 23,  /* and when so many bytes of artifacts do */
};

struct point { int64_t step; double value; };

struct series {
  struct point *waiting;
  size_t n, capacity;
  int64_t last_step;
  double last, min, max;  /* NaN: none */
};

struct live_run {
  int64_t id;
  struct series **series; /* by key id; NULL where the run has none */
  size_t n_series;
};

struct waiting_artifact { int64_t run_id; char *name, *kind; void *content; size_t size; };
struct waiting_result { int64_t run_id; char *key, *text; double number; };

struct buffer {
  struct live_run *run;   /* by id */
  size_t n_runs, capacity, current;
  char **key;             /* name of key id + 1, or NULL */
  size_t n_keys;
  int64_t *sorted;        /* key ids by name */
  size_t n_sorted;
  struct waiting_result *result;
  size_t n_results, result_capacity;
  struct waiting_artifact *artifact;
  size_t n_artifacts, artifact_capacity, artifact_bytes;
  size_t n_points;        /* waiting, in all series */
  double oldest;          /* when the oldest of what waits came (monotonic) */
  double heartbeat;       /* when the lock was last renewed */
};

static bool is_empty(const struct buffer *b) { return b->n_points == 0 && b->n_results == 0 && b->n_artifacts == 0; }

/* --- keys ------------------------------------------------------------------------------------- */

/* Position of name in the sorted list, or where it belongs. */
static size_t key_position(const struct buffer *b, const char *name, bool *found)
{
  size_t low = 0, high = b->n_sorted;
  *found = false;
  while (low < high) {
    size_t middle = (low + high) / 2;
    int order = strcmp(b->key[b->sorted[middle]], name);
    if (order == 0)
      *found = true;
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static void key_learn(struct buffer *b, int64_t id, const char *name)
{
  bool found;
  size_t at = key_position(b, name, &found);
  if ((size_t)id >= b->n_keys) {
    size_t n = (size_t)id + 64;
    b->key = store_alloc(b->key, n * sizeof *b->key);
    memset(b->key + b->n_keys, 0, (n - b->n_keys) * sizeof *b->key);
    b->n_keys = n;
  }
  b->key[id] = store_copy(name);
  b->sorted = store_alloc(b->sorted, (b->n_sorted + 1) * sizeof *b->sorted);
  memmove(b->sorted + at + 1, b->sorted + at, (b->n_sorted - at) * sizeof *b->sorted);
  b->sorted[at] = id;
  b->n_sorted++;
}

static int key_add(struct store *s, const char *name, int64_t *id)
{
  sqlite3_stmt *st = NULL;
  int code = store_begin(s);
  if (code)
    return code;
  if (!(code = store_stmt(s, STMT_KEY_ADD, &st))) {
    sqlite3_bind_text(st, 1, name, -1, SQLITE_STATIC);
    code = store_run(s, st, "storing the name of a metric");
  }
  *id = sqlite3_last_insert_rowid(s->db);
  if (code) {
    store_rollback(s);
    return code;
  }
  if (!(code = store_commit(s)))
    key_learn(s->buffer, *id, name);
  return code;
}

int store_metric_key(struct store *s, const char *key, int64_t *key_id)
{
  bool found;
  if (!s->buffer)
    return store_fail(s, STORE_READONLY, "%s: was opened for reading only", s->path);
  size_t at = key_position(s->buffer, key, &found);
  if (!found)
    return key_add(s, key, key_id);
  *key_id = s->buffer->sorted[at];
  return STORE_OK;
}

/* Ids in a file are small and dense, unless somebody made them otherwise: then refuse rather than allocate. */
static int key_load(struct store *s)
{
  sqlite3_stmt *st = NULL;
  int rc, code = STORE_OK;
  if (sqlite3_prepare_v2(s->db, "SELECT id, name FROM metric_key ORDER BY name", -1, &st, NULL) != SQLITE_OK)
    return store_fail_sqlite(s, "reading the names of metrics");
  while (!code && (rc = sqlite3_step(st)) == SQLITE_ROW) {
    int64_t id = sqlite3_column_int64(st, 0);
    const char *name = (const char *)sqlite3_column_text(st, 1);
    if (id < 1 || id > 10000000 || !name)
      code = store_fail(s, STORE_CORRUPT, "%s: metric key %lld is out of range", s->path, (long long)id);
    else
      key_learn(s->buffer, id, name);
  }
  if (!code && rc != SQLITE_DONE)
    code = store_fail_sqlite(s, "reading the names of metrics");
  sqlite3_finalize(st);
  return code;
}

/* --- runs ------------------------------------------------------------------------------------- */

static struct live_run *find_run(struct buffer *b, int64_t id)
{
  if (b->current < b->n_runs && b->run[b->current].id == id)
    return &b->run[b->current];
  size_t low = 0, high = b->n_runs;
  while (low < high) {
    size_t middle = (low + high) / 2;
    if (b->run[middle].id < id)
      low = middle + 1;
    else
      high = middle;
  }
  b->current = low;
  return low < b->n_runs && b->run[low].id == id ? &b->run[low] : NULL;
}

int buffer_run_add(struct store *s, int64_t run_id)
{
  struct buffer *b = s->buffer;
  if (b->n_runs && b->run[b->n_runs - 1].id >= run_id)
    return store_fail(s, STORE_ERROR, "run %lld was begun out of order", (long long)run_id);
  if (b->n_runs == b->capacity) {
    b->capacity = b->capacity ? 2 * b->capacity : 64;
    b->run = store_alloc(b->run, b->capacity * sizeof *b->run);
  }
  b->run[b->n_runs++] = (struct live_run){.id = run_id};
  return STORE_OK;
}

static void run_free(struct live_run *r)
{
  for (size_t k = 0; k < r->n_series; k++)
    if (r->series[k]) {
      free(r->series[k]->waiting);
      free(r->series[k]);
    }
  free(r->series);
}

void buffer_run_drop(struct store *s, int64_t run_id)
{
  struct buffer *b = s->buffer;
  struct live_run *r = find_run(b, run_id);
  if (!r)
    return;
  run_free(r);
  b->n_runs--;
  memmove(r, r + 1, (b->n_runs - (size_t)(r - b->run)) * sizeof *r);
}

/* --- taking in -------------------------------------------------------------------------------- */

static struct series *find_series(struct live_run *r, int64_t key_id)
{
  size_t k = (size_t)key_id;
  if (k >= r->n_series) {
    r->series = store_alloc(r->series, (k + 8) * sizeof(struct series *));
    memset(r->series + r->n_series, 0, (k + 8 - r->n_series) * sizeof(struct series *));
    r->n_series = k + 8;
  }
  if (!r->series[k]) {
    r->series[k] = store_alloc(NULL, sizeof **r->series);
    *r->series[k] = (struct series){.last_step = INT64_MIN, .last = NAN, .min = NAN, .max = NAN};
  }
  return r->series[k];
}

static void summarise(struct series *x, int64_t step, double value)
{
  if (step >= x->last_step) {
    x->last_step = step;
    x->last = value;
  }
  x->min = fmin(x->min, value); /* fmin and fmax pass over NaN */
  x->max = fmax(x->max, value);
}

static void note_time(struct buffer *b)
{
  if (is_empty(b))
    b->oldest = store_clock();
}

int store_metric_by_id(struct store *s, int64_t run_id, int64_t key_id, int64_t step, double value)
{
  struct buffer *b = s->buffer;
  struct live_run *r = b ? find_run(b, run_id) : NULL;
  if (!r)
    return store_fail(s, STORE_ERROR, "run %lld is not being written here", (long long)run_id);
  if (key_id < 1 || (size_t)key_id >= b->n_keys || !b->key[key_id])
    return store_fail(s, STORE_ERROR, "there is no metric key %lld", (long long)key_id);
  struct series *x = find_series(r, key_id);
  if (x->n == x->capacity) {
    x->capacity = x->capacity ? 2 * x->capacity : 16;
    x->waiting = store_alloc(x->waiting, x->capacity * sizeof *x->waiting);
  }
  note_time(b);
  x->waiting[x->n++] = (struct point){step, value};
  summarise(x, step, value);
  return ++b->n_points >= FLUSH_POINTS ? store_flush(s) : STORE_OK;
}

int store_metric(struct store *s, int64_t run_id, const char *key, int64_t step, double value)
{
  int64_t key_id = 0;
  int code = store_metric_key(s, key, &key_id);
  return code ? code : store_metric_by_id(s, run_id, key_id, step, value);
}

static int take_result(struct store *s, int64_t run_id, const char *key, double number, const char *text)
{
  struct buffer *b = s->buffer;
  if (!b || !find_run(b, run_id))
    return store_fail(s, STORE_ERROR, "run %lld is not being written here", (long long)run_id);
  if (b->n_results == b->result_capacity) {
    b->result_capacity = b->result_capacity ? 2 * b->result_capacity : 64;
    b->result = store_alloc(b->result, b->result_capacity * sizeof *b->result);
  }
  note_time(b);
  b->result[b->n_results++] = (struct waiting_result){
    .run_id = run_id, .number = number, .key = store_copy(key),
    .text = text ? store_copy(text) : NULL};
  return STORE_OK;
}

int store_result_number(struct store *s, int64_t run_id, const char *key, double value)
{
  return take_result(s, run_id, key, value, NULL);
}

int store_result_text(struct store *s, int64_t run_id, const char *key, const char *value)
{
  return take_result(s, run_id, key, NAN, value);
}

int store_artifact(struct store *s, int64_t run_id, const struct store_artifact *a)
{
  struct buffer *b = s->buffer;
  if (!b || !find_run(b, run_id))
    return store_fail(s, STORE_ERROR, "run %lld is not being written here", (long long)run_id);
  if (b->n_artifacts == b->artifact_capacity) {
    b->artifact_capacity = b->artifact_capacity ? 2 * b->artifact_capacity : 16;
    b->artifact = store_alloc(b->artifact, b->artifact_capacity * sizeof *b->artifact);
  }
  struct waiting_artifact *w = &b->artifact[b->n_artifacts];
  *w = (struct waiting_artifact){.run_id = run_id, .content = malloc(a->size + 1), .size = a->size};
  if (!w->content)
    return store_fail(s, STORE_ERROR, "no memory for the artifact %.100s of %zu bytes", a->name, a->size);
  if (a->size)
    memcpy(w->content, a->content, a->size);
  w->name = store_copy(a->name);
  w->kind = store_copy(a->kind);
  b->n_artifacts++;
  note_time(b);
  b->artifact_bytes += a->size;
  return b->artifact_bytes >= FLUSH_BYTES ? store_flush(s) : STORE_OK;
}

static void forget_artifacts(struct buffer *b)
{
  for (size_t i = 0; i < b->n_artifacts; i++) {
    free(b->artifact[i].name);
    free(b->artifact[i].kind);
    free(b->artifact[i].content);
  }
  b->n_artifacts = b->artifact_bytes = 0;
}

/* --- writing out ------------------------------------------------------------------------------ */

/* INSERT … VALUES (?1, ?2, ?3, ?4), (?1, ?2, ?5, ?6), …: the run and the key are bound once. */
static int points_statement(struct store *s, sqlite3_stmt **out)
{
  if (!s->stmt[STMT_POINTS]) {
    char sql[128 + 24 * ROWS];
    size_t n = (size_t)snprintf(sql, sizeof sql, "INSERT OR REPLACE INTO metric (run_id, key_id, step, value) VALUES");
    for (int i = 0; i < ROWS; i++)
      n += (size_t)snprintf(sql + n, sizeof sql - n, "%s(?1,?2,?%d,?%d)", i ? "," : " ", 2 * i + 3, 2 * i + 4);
    if (sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->stmt[STMT_POINTS], NULL) != SQLITE_OK)
      return store_fail_sqlite(s, "preparing to write metrics");
  }
  *out = s->stmt[STMT_POINTS];
  return STORE_OK;
}

static int step_points(struct store *s, sqlite3_stmt *st, const struct point *p, size_t n)
{
  for (size_t i = 0; i < n; i++) {
    sqlite3_bind_int64(st, (int)(2 * i + 3), p[i].step);
    sqlite3_bind_double(st, (int)(2 * i + 4), p[i].value); /* NaN becomes NULL */
  }
  int rc = sqlite3_step(st);
  int code = rc == SQLITE_DONE ? STORE_OK : store_fail_sqlite(s, "writing metrics");
  sqlite3_reset(st);
  return code;
}

static int by_step(const void *a, const void *b)
{
  const struct point *p = *(const struct point *const *)a, *q = *(const struct point *const *)b;
  if (p->step != q->step)
    return p->step < q->step ? -1 : 1;
  return p < q ? -1 : p > q; /* stable: of equal steps the last one written stands */
}

/* Steps nearly always rise; sort a copy of pointers when they do not. */
static void put_in_order(struct series *x)
{
  size_t i = 1;
  while (i < x->n && x->waiting[i - 1].step < x->waiting[i].step)
    i++;
  if (i >= x->n)
    return;
  const struct point **order = store_alloc(NULL, x->n * sizeof(struct point *));
  struct point *sorted = store_alloc(NULL, x->capacity * sizeof *sorted);
  for (i = 0; i < x->n; i++)
    order[i] = &x->waiting[i];
  qsort(order, x->n, sizeof(struct point *), by_step);
  for (i = 0; i < x->n; i++)
    sorted[i] = *order[i];
  free(order);
  free(x->waiting);
  x->waiting = sorted;
}

static int write_series(struct store *s, int64_t run_id, int64_t key_id, struct series *x)
{
  sqlite3_stmt *many = NULL, *one = NULL;
  int code = points_statement(s, &many);
  if (code || (code = store_stmt(s, STMT_POINT, &one)))
    return code;
  put_in_order(x);
  sqlite3_bind_int64(many, 1, run_id);
  sqlite3_bind_int64(many, 2, key_id);
  sqlite3_bind_int64(one, 1, run_id);
  sqlite3_bind_int64(one, 2, key_id);
  size_t i = 0;
  for (; !code && i + ROWS <= x->n; i += ROWS)
    code = step_points(s, many, x->waiting + i, ROWS);
  for (; !code && i < x->n; i++)
    code = step_points(s, one, x->waiting + i, 1);
  return code;
}

static int write_result(struct store *s, const struct waiting_result *r)
{
  sqlite3_stmt *st = NULL;
  int code = store_stmt(s, STMT_RESULT, &st);
  if (code)
    return code;
  sqlite3_bind_int64(st, 1, r->run_id);
  sqlite3_bind_text(st, 2, r->key, -1, SQLITE_STATIC);
  if (r->text)
    sqlite3_bind_text(st, 3, r->text, -1, SQLITE_STATIC);
  else
    sqlite3_bind_double(st, 3, r->number);
  return store_run(s, st, "writing results");
}

static int write_artifact(struct store *s, const struct waiting_artifact *a)
{
  sqlite3_stmt *st = NULL;
  char hash[33];
  int code = store_stmt(s, STMT_ARTIFACT, &st);
  if (code)
    return code;
  store_hash_hex(a->content, a->size, hash);
  sqlite3_bind_int64(st, 1, a->run_id);
  sqlite3_bind_text(st, 2, a->name, -1, SQLITE_STATIC);
  sqlite3_bind_text(st, 3, a->kind, -1, SQLITE_STATIC);
  sqlite3_bind_text(st, 4, hash, -1, SQLITE_STATIC);
  sqlite3_bind_int64(st, 5, (int64_t)a->size);
  sqlite3_bind_blob64(st, 6, a->content, a->size, SQLITE_STATIC);
  return store_run(s, st, "writing artifacts");
}

int buffer_write(struct store *s)
{
  struct buffer *b = s->buffer;
  int code = store_heartbeat(s);
  for (size_t i = 0; !code && b->n_points && i < b->n_runs; i++)
    for (size_t k = 0; !code && k < b->run[i].n_series; k++)
      if (b->run[i].series[k] && b->run[i].series[k]->n)
        code = write_series(s, b->run[i].id, (int64_t)k, b->run[i].series[k]);
  for (size_t i = 0; !code && i < b->n_results; i++)
    code = write_result(s, &b->result[i]);
  for (size_t i = 0; !code && i < b->n_artifacts; i++)
    code = write_artifact(s, &b->artifact[i]);
  return code;
}

void buffer_written(struct store *s)
{
  struct buffer *b = s->buffer;
  for (size_t i = 0; b->n_points && i < b->n_runs; i++)
    for (size_t k = 0; k < b->run[i].n_series; k++)
      if (b->run[i].series[k])
        b->run[i].series[k]->n = 0;
  for (size_t i = 0; i < b->n_results; i++) {
    free(b->result[i].key);
    free(b->result[i].text);
  }
  b->n_points = b->n_results = 0;
  forget_artifacts(b);
  b->heartbeat = store_clock();
}

bool buffer_due(const struct store *s)
{
  const struct buffer *b = s->buffer;
  double now = store_clock();
  return (!is_empty(b) && now - b->oldest >= 1) || now - b->heartbeat >= 30;
}

int store_flush(struct store *s)
{
  if (!s->buffer || (is_empty(s->buffer) && !buffer_due(s)))
    return STORE_OK;
  int code = store_begin(s);
  if (code)
    return code;
  if ((code = buffer_write(s))) {
    store_rollback(s);
    return code;
  }
  if (!(code = store_commit(s)))
    buffer_written(s);
  return code;
}

int store_tick(struct store *s) { return s->buffer && buffer_due(s) ? store_flush(s) : STORE_OK; }

int buffer_summaries(struct store *s, int64_t run_id,
                     int (*visit)(struct store *s, int64_t run_id, const struct series_summary *m))
{
  struct live_run *r = find_run(s->buffer, run_id);
  int code = STORE_OK;
  for (size_t k = 0; r && !code && k < r->n_series; k++) {
    const struct series *x = r->series[k];
    if (x)
      code = visit(s, run_id, &(struct series_summary){s->buffer->key[k], x->last, x->min, x->max});
  }
  return code;
}

int buffer_open(struct store *s)
{
  s->buffer = store_alloc(NULL, sizeof *s->buffer);
  *s->buffer = (struct buffer){.heartbeat = store_clock()};
  return key_load(s);
}

void buffer_close(struct store *s)
{
  struct buffer *b = s->buffer;
  if (!b)
    return;
  b->n_points = 0; /* what could not be written goes with the runs */
  for (size_t i = 0; i < b->n_results; i++) {
    free(b->result[i].key);
    free(b->result[i].text);
  }
  for (size_t i = 0; i < b->n_runs; i++)
    run_free(&b->run[i]);
  for (size_t k = 0; k < b->n_keys; k++)
    free(b->key[k]);
  free(b->key);
  free(b->sorted);
  free(b->run);
  forget_artifacts(b);
  free(b->artifact);
  free(b->result);
  free(b);
  s->buffer = NULL;
}
