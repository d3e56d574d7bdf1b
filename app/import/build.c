/* build.c: the runs of an import in a store of their own. See import.h. */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>
#include <xxhash.h>

#include "app/import/import.h"
#include "experiments/data/read_whole.h"
#include "experiments/kernel/mem.h"

static enum status store_err(const struct import *m, struct err *e) { return err_set(e, STATUS_IO, "%s", store_message(m->store)); }

static void hash_hex(const void *data, size_t size, char out[33])
{
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, XXH3_128bits(data, size));
  for (int i = 0; i < 16; i++)
    sprintf(out + 2 * i, "%02x", canonical.digest[i]);
}

void import_time(double seconds, char out[32])
{
  time_t whole = (time_t)floor(seconds);
  struct tm tm;
  char text[24];
  if (!gmtime_r(&whole, &tm) || !strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm))
    snprintf(text, sizeof text, "1970-01-01T00:00:00");
  snprintf(out, 32, "%s.%03dZ", text, (int)((seconds - floor(seconds)) * 1000));
}

/* --- opening ---------------------------------------------------------------------------------- */

/* {"import":{"format":…,"hash":…,"source":…}}: the hash is that of a file's bytes; of a folder there is none. */
static enum status describe(struct import *m, const char *source, const char *format, const struct stat *st, struct err *e)
{
  char hash[33] = "", *full = realpath(source, NULL);
  if (!S_ISDIR(st->st_mode)) {
    struct whole w;
    enum status s = whole_read(&w, source, e);
    if (s != STATUS_OK) {
      free(full);
      return s;
    }
    hash_hex(w.bytes, w.n, hash);
    whole_free(&w);
  }
  json_t *text = json_string(full ? full : source); /* NULL for a path that is not UTF-8 */
  json_t *o = json_pack("{s:{s:s,s:s*,s:o}}", "import", "format", format, "hash", *hash ? hash : NULL, "source", text ? text : json_null());
  m->environment = json_dumps(o, JSON_COMPACT | JSON_SORT_KEYS);
  json_decref(o);
  free(full);
  return m->environment ? STATUS_OK : err_set(e, STATUS_NO_MEMORY, "no memory to describe %s", source);
}

/* "curves" of "../logs/curves.csv.gz"; a folder keeps its whole name. */
static char *plain_name(const char *source, bool folder)
{
  char *copy = xstrdup(source);
  size_t n = strlen(copy);
  while (n > 1 && copy[n - 1] == '/')
    copy[--n] = '\0';
  const char *slash = strrchr(copy, '/');
  char *name = xstrdup(slash && slash[1] ? slash + 1 : copy), *dot = folder ? NULL : strchr(name + 1, '.');
  if (dot)
    *dot = '\0';
  free(copy);
  return name;
}

static enum status make_store(struct import *m, struct err *e)
{
  const char *base = getenv("TMPDIR");
  char message[1024] = "";
  m->folder = xasprintf("%s/assay-import-XXXXXX", base && *base ? base : "/tmp");
  if (!mkdtemp(m->folder)) {
    enum status s = err_set(e, STATUS_IO, "cannot make a temporary folder %s (TMPDIR says where)", m->folder);
    free(m->folder);
    m->folder = NULL;
    return s;
  }
  m->file = xasprintf("%s/runs.db", m->folder);
  return store_open(&m->store, m->file, STORE_WRITE, message, sizeof message) == STORE_OK ? STATUS_OK : err_set(e, STATUS_IO, "%s", message);
}

enum status import_open(struct import *m, const char *source, const char *format, const struct import_settings *settings, struct err *e)
{
  struct stat st;
  *m = (struct import){.settings = settings};
  if (stat(source, &st) != 0)
    return err_set(e, STATUS_IO, "cannot open %s: no such file or folder", source);
  import_time((double)st.st_mtim.tv_sec + 1e-9 * (double)st.st_mtim.tv_nsec, m->time);
  m->name = plain_name(source, S_ISDIR(st.st_mode));
  enum status s = describe(m, source, format, &st, e);
  return s ? s : make_store(m, e);
}

/* --- runs ------------------------------------------------------------------------------------- */

static void make_uid(const char *experiment, const char *label, char out[33])
{
  char *text = xasprintf("import\n%s\n%s", experiment, label);
  hash_hex(text, strlen(text), out);
  free(text);
}

static enum status begin(struct import *m, const struct import_head *h, const char *uid, const char *experiment, int64_t *id, struct err *e)
{
  char script_hash[33], config_hash[33];
  const struct store_environment env = {.json = h->environment_json ? h->environment_json : m->environment};
  struct store_run_start start = {.seed = INT64_MIN, .config_hash = h->config_hash ? h->config_hash : config_hash};
  const json_t *seed = json_object_get(h->config, "seed");
  hash_hex(uid, strlen(uid), config_hash); /* no run of ours has this identity: an import is never taken for a finished run */
  char *config = import_canonical(h->config);
  if (json_is_integer(seed))
    start.seed = json_integer_value(seed);
  start.config_json = config;
  int code = store_experiment(m->store, experiment, h->summary, h->script, h->n_scripts, h->params_json, &start.experiment_id, script_hash);
  if (!code)
    code = store_environment(m->store, &env, &start.environment_id);
  if (!code)
    code = store_run_begin(m->store, &start, id);
  if (!code && h->note)
    code = store_note(m->store, *id, h->note);
  free(config);
  return code ? store_err(m, e) : STATUS_OK;
}

enum status import_begin(struct import *m, const struct import_head *h, size_t *at, struct err *e)
{
  const char *experiment = m->settings->experiment ? m->settings->experiment : h->experiment ? h->experiment : m->name;
  struct import_run r = {.end = {.status = STORE_DONE, .wall_s = NAN, .cpu_s = NAN}};
  if (h->uid)
    snprintf(r.uid, sizeof r.uid, "%s", h->uid);
  else
    make_uid(experiment, h->label, r.uid);
  enum status s = begin(m, h, r.uid, experiment, &r.id, e);
  if (s != STATUS_OK)
    return s;
  snprintf(r.started_at, sizeof r.started_at, "%s", h->started_at ? h->started_at : m->time);
  snprintf(r.ended_at, sizeof r.ended_at, "%s", h->ended_at ? h->ended_at : h->started_at ? h->started_at : m->time);
  r.host = xstrdup(h->host ? h->host : "(imported)");
  if ((m->n & (m->n - 1)) == 0)
    m->run = xrealloc(m->run, (m->n ? 2 * m->n : 1) * sizeof *m->run);
  m->run[m->n] = r;
  *at = m->n++;
  return STATUS_OK;
}

enum status import_point(struct import *m, size_t at, const char *key, int64_t step, double value, struct err *e)
{
  m->n_points++;
  if (store_metric(m->store, m->run[at].id, key, step, value) || (m->n_points % 65536 == 0 && store_flush(m->store)))
    return store_err(m, e);
  return STATUS_OK;
}

enum status import_result(struct import *m, size_t at, const char *key, const json_t *value, struct err *e)
{
  const char *real = json_string_value(json_object_get(value, "real"));
  double number = real ? (strcmp(real, "inf") == 0 ? (double)INFINITY : strcmp(real, "-inf") == 0 ? -(double)INFINITY : (double)NAN)
                       : json_is_number(value) ? json_number_value(value) : (double)NAN;
  int code = json_is_string(value) ? store_result_text(m->store, m->run[at].id, key, json_string_value(value))
                                   : store_result_number(m->store, m->run[at].id, key, number);
  return code ? store_err(m, e) : STATUS_OK;
}

enum status import_tag(struct import *m, size_t at, const char *tag, struct err *e)
{
  return store_tag(m->store, m->run[at].id, tag, true) ? store_err(m, e) : STATUS_OK;
}

enum status import_artifact(struct import *m, size_t at, const struct store_artifact *a, struct err *e)
{
  return store_artifact(m->store, m->run[at].id, a) ? store_err(m, e) : STATUS_OK;
}

void import_end(struct import *m, size_t at, const struct store_run_end *end)
{
  m->run[at].end = *end;
  m->run[at].end.error = end->error ? xstrdup(end->error) : NULL;
}

/* --- into the user's store -------------------------------------------------------------------- */

static int end_runs(struct import *m)
{
  int64_t *id = xcalloc(m->n + 1, sizeof *id);
  struct store_run_end *end = xcalloc(m->n + 1, sizeof *end);
  for (size_t i = 0; i < m->n; i++) {
    id[i] = m->run[i].id;
    end[i] = m->run[i].end;
  }
  int code = store_runs_end(m->store, id, end, m->n);
  for (size_t i = 0; !code && i < m->n; i++) {
    const struct import_run *r = &m->run[i];
    const struct store_origin origin = {.uid = r->uid, .host = r->host, .started_at = r->started_at, .ended_at = r->ended_at};
    code = store_run_origin(m->store, r->id, &origin);
  }
  free(id);
  free(end);
  return code;
}

/* Is the run here, from this source when its bytes were others? */
static int differs(struct import *m, struct store *to, const struct import_run *r, bool *out)
{
  struct store_query *q;
  bool row = false;
  int code = store_query_open(&q, to, "SELECT json_extract(e.json, '$.import.source') = json_extract(?2, '$.import.source') AND"
                              " json_extract(e.json, '$.import.hash') <> json_extract(?2, '$.import.hash') FROM run r"
                              " JOIN environment e ON e.id = r.environment_id WHERE r.uid = ?1 AND json_valid(e.json)", NULL);
  if (code)
    return code;
  store_query_bind_text(q, 1, r->uid);
  store_query_bind_text(q, 2, m->environment);
  code = store_query_next(q, &row);
  *out = !code && row && store_query_cell(q, 0).type == STORE_INTEGER && store_query_cell(q, 0).i != 0;
  store_query_close(q);
  return code;
}

enum status import_merge(struct import *m, struct store *to, struct store_merged *merged, size_t *changed, struct err *e)
{
  *changed = 0;
  if (end_runs(m))
    return store_err(m, e);
  for (size_t i = 0; i < m->n; i++) {
    bool other;
    if (differs(m, to, &m->run[i], &other))
      return err_set(e, STATUS_IO, "%s", store_message(to));
    *changed += other;
  }
  store_close(m->store);
  m->store = NULL;
  return store_merge(to, m->file, merged) ? err_set(e, STATUS_IO, "%s", store_message(to)) : STATUS_OK;
}

void import_close(struct import *m)
{
  static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
  if (m->store)
    store_close(m->store);
  for (size_t i = 0; m->file && i < sizeof suffixes / sizeof *suffixes; i++) {
    char *path = xasprintf("%s%s", m->file, suffixes[i]);
    unlink(path);
    free(path);
  }
  if (m->folder)
    rmdir(m->folder);
  for (size_t i = 0; i < m->n; i++) {
    free(m->run[i].host);
    free((char *)m->run[i].end.error);
  }
  free(m->run);
  free(m->folder);
  free(m->file);
  free(m->name);
  free(m->environment);
  *m = (struct import){0};
}
