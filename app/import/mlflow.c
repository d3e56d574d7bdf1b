/* mlflow.c: the folder that MLflow's file store writes: mlruns/<experiment>/<run>/{meta.yaml, params/, metrics/, tags/}.
 *
 * A parameter is a file that holds its value, a metric a file of lines "time value step", a tag a file. A tag has a
 * value there and comes in as a result of the run, tag.NAME. Names with slashes are folders. Read are a folder mlruns, one experiment in it, or one run. (MLflow: mlflow/store/tracking/
 * file_store.py) Parameters are texts there; those that are numbers become numbers. */
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/import/import.h"
#include "experiments/data/read_whole.h"
#include "experiments/kernel/mem.h"

/* --- small files ------------------------------------------------------------------------------ */

static char *join(const char *folder, const char *name) { return xasprintf("%s/%s", folder, name); }

static bool is_folder(const char *path)
{
  struct stat st;
  return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool is_file(const char *path)
{
  struct stat st;
  return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static bool has_meta(const char *folder)
{
  char *meta = join(folder, "meta.yaml");
  bool found = is_file(meta);
  free(meta);
  return found;
}

/* The value of `key: value` on a line of its own in a flat YAML text, without quotes; NULL: none. Caller frees. */
static char *yaml_value(const char *text, const char *key)
{
  size_t n = strlen(key);
  for (const char *at = text; at; at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL) {
    if (strncmp(at, key, n) != 0 || at[n] != ':')
      continue;
    const char *from = at + n + 1;
    from += strspn(from, " ");
    size_t length = strcspn(from, "\r\n");
    while (length && from[length - 1] == ' ')
      length--;
    bool quoted = length > 1 && (*from == '\'' || *from == '"') && from[length - 1] == *from;
    if (quoted) {
      from++;
      length -= 2;
    }
    bool null = !quoted && (length == 0 || (length == 4 && strncmp(from, "null", 4) == 0));
    return null ? NULL : xasprintf("%.*s", (int)length, from);
  }
  return NULL;
}

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* The names in a folder, sorted, without those that begin with a dot. */
struct listing { char **name; size_t n; };

static struct listing list_folder(const char *path)
{
  struct listing l = {0};
  DIR *dir = opendir(path);
  for (struct dirent *d; dir && (d = readdir(dir));) {
    if (d->d_name[0] == '.')
      continue;
    if ((l.n & (l.n - 1)) == 0)
      l.name = xrealloc(l.name, (l.n ? 2 * l.n : 1) * sizeof *l.name);
    l.name[l.n++] = xstrdup(d->d_name);
  }
  if (dir)
    closedir(dir);
  if (l.n)
    qsort(l.name, l.n, sizeof *l.name, by_name);
  return l;
}

static void listing_done(struct listing *l)
{
  for (size_t i = 0; i < l->n; i++)
    free(l->name[i]);
  free(l->name);
}

/* Call visit for every file below `folder` with its name there ("a/b") and its text. */
struct reading { struct import *m; size_t at; json_t *config; };
typedef enum status visit_file(struct reading *r, const char *path, const char *name, const struct whole *text, struct err *e);

enum { DEPTH_MAX = 8 };

static enum status each_file(struct reading *r, const char *folder, const char *prefix, int depth, visit_file *visit, struct err *e)
{
  struct listing l = list_folder(folder);
  enum status s = depth > DEPTH_MAX ? err_set(e, STATUS_BAD_DATA, "%s: folders nest more than %d deep", folder, DEPTH_MAX) : STATUS_OK;
  for (size_t i = 0; i < l.n && s == STATUS_OK; i++) {
    char *path = join(folder, l.name[i]), *name = xasprintf("%s%s%s", prefix, *prefix ? "/" : "", l.name[i]);
    struct whole text = {0};
    if (is_folder(path))
      s = each_file(r, path, name, depth + 1, visit, e);
    else if (is_file(path) && (s = whole_read(&text, path, e)) == STATUS_OK)
      s = visit(r, path, name, &text, e);
    whole_free(&text);
    free(name);
    free(path);
  }
  listing_done(&l);
  return s;
}

/* --- parameters, metrics, tags ---------------------------------------------------------------- */

static enum status not_text(const char *path, struct err *e) { return err_set(e, STATUS_BAD_DATA, "%s: not UTF-8 text", path); }

/* A number where the whole text is a decimal one, as MLflow's user gave it. */
static json_t *param_value(const char *text)
{
  char *end;
  if (*text && !text[strspn(text, "+-0123456789")]) {
    errno = 0;
    long long whole = strtoll(text, &end, 10);
    if (!*end && end != text && !errno)
      return json_integer(whole);
  }
  if (*text && !text[strspn(text, "+-.0123456789eE")]) {
    double v = strtod(text, &end);
    if (!*end && end != text && isfinite(v))
      return json_real(v);
  }
  return json_string(text);
}

static enum status take_param(struct reading *r, const char *path, const char *name, const struct whole *text, struct err *e)
{
  json_t *v = strlen((const char *)text->bytes) == text->n ? param_value((const char *)text->bytes) : NULL;
  return json_object_set_new(r->config, name, v) == 0 ? STATUS_OK : not_text(path, e); /* a NULL value is refused */
}

static enum status take_tag(struct reading *r, const char *path, const char *name, const struct whole *text, struct err *e)
{
  if (strncmp(name, "mlflow.", 7) == 0) /* MLflow's own notes: source, user, commit */
    return STATUS_OK;
  char *key = xasprintf("tag.%s", name);
  json_t *value = json_stringn((const char *)text->bytes, text->n), *check = json_string(key);
  enum status s = value && check ? import_result(r->m, r->at, key, value, e) : not_text(path, e);
  json_decref(value);
  json_decref(check);
  free(key);
  return s;
}

/* "1700000000000 0.25 3": time in ms, value, step; the oldest form has no step. */
static enum status take_point(struct reading *r, const char *path, const char *name, const char *line, size_t number, int64_t before,
                              struct err *e)
{
  char *end;
  strtoll(line, &end, 10);
  const char *value = end;
  double v = strtod(value, &end);
  if (value == line || *value != ' ' || end == value)
    return err_set(e, STATUS_BAD_DATA, "%s: line %zu must be \"time value step\"", path, number);
  const char *rest = end;
  long long step = strtoll(rest, &end, 10);
  if (*end || (end == rest && *rest))
    return err_set(e, STATUS_BAD_DATA, "%s: line %zu must be \"time value step\"", path, number);
  return import_point(r->m, r->at, name, end == rest ? before : step, v, e);
}

static enum status take_metric(struct reading *r, const char *path, const char *name, const struct whole *text, struct err *e)
{
  char *copy = xasprintf("%s", (const char *)text->bytes), *rest = NULL;
  size_t number = 0;
  json_t *check = json_string(name);
  enum status s = check ? STATUS_OK : not_text(path, e);
  for (char *line = strtok_r(copy, "\r\n", &rest); line && s == STATUS_OK; line = strtok_r(NULL, "\r\n", &rest)) {
    number++;
    s = take_point(r, path, name, line, number, (int64_t)number - 1, e);
  }
  json_decref(check);
  free(copy);
  return s;
}

/* --- runs and experiments --------------------------------------------------------------------- */

static double milliseconds(const char *text)
{
  char *end;
  double v = text ? strtod(text, &end) : (double)NAN;
  return text && end != text && !*end && v >= 0 && v < 1e15 ? v / 1000 : (double)NAN;
}

/* MLflow writes the status as a number: 1 running, 2 scheduled, 3 finished, 4 failed, 5 killed. */
static enum store_status status_of(const char *word)
{
  static const enum store_status by_number[] = {STORE_LOST, STORE_RUNNING, STORE_RUNNING, STORE_DONE, STORE_FAILED, STORE_CANCELLED};
  static const char *const names[] = {"", "RUNNING", "SCHEDULED", "FINISHED", "FAILED", "KILLED"};
  for (size_t i = 1; word && i < sizeof names / sizeof *names; i++)
    if (strcmp(word, names[i]) == 0 || (word[0] == (char)('0' + i) && !word[1]))
      return by_number[i];
  return STORE_LOST;
}

static enum status take_run(struct import *m, const char *folder, const char *meta, const char *experiment, const char *label, struct err *e)
{
  char *uid = yaml_value(meta, "run_uuid"), *name = yaml_value(meta, "run_name"), *word = yaml_value(meta, "status");
  char *start = yaml_value(meta, "start_time"), *stop = yaml_value(meta, "end_time"), began[32], ended[32];
  double from = milliseconds(start), to = milliseconds(stop);
  bool known = uid && strlen(uid) == 32 && !uid[strspn(uid, "0123456789abcdef")];
  struct reading r = {.m = m, .config = json_object()};
  char *params = join(folder, "params"), *metrics = join(folder, "metrics"), *tags = join(folder, "tags");
  enum status s = each_file(&r, params, "", 0, take_param, e);
  if (json_object_size(r.config) == 0)
    json_object_set_new(r.config, "run", json_string(label));
  struct import_head head = {.uid = known ? uid : NULL, .label = label, .experiment = experiment, .config = r.config, .note = name,
                             .started_at = isnan(from) ? NULL : began, .ended_at = isnan(to) ? NULL : ended};
  import_time(isnan(from) ? 0 : from, began);
  import_time(isnan(to) ? 0 : to, ended);
  if (s == STATUS_OK)
    s = import_begin(m, &head, &r.at, e);
  if (s == STATUS_OK)
    s = each_file(&r, metrics, "", 0, take_metric, e);
  if (s == STATUS_OK)
    s = each_file(&r, tags, "", 0, take_tag, e);
  if (s == STATUS_OK)
    import_end(m, r.at, &(struct store_run_end){.status = status_of(word), .wall_s = to - from, .cpu_s = (double)NAN,
                                                .error = status_of(word) == STORE_FAILED ? "failed, says MLflow" : NULL});
  json_decref(r.config);
  char *owned[] = {params, metrics, tags, uid, name, word, start, stop};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
    free(owned[i]);
  return s;
}

/* A run that MLflow still writes is left, as `assay merge` leaves one; a deleted one, too. */
static enum status take_run_folder(struct import *m, const char *folder, const char *experiment, struct err *e)
{
  struct whole w;
  char *path = join(folder, "meta.yaml");
  const char *slash = strrchr(folder, '/');
  enum status s = whole_read(&w, path, e);
  if (s == STATUS_OK) {
    const char *meta = (const char *)w.bytes;
    char *stage = yaml_value(meta, "lifecycle_stage"), *word = yaml_value(meta, "status");
    if (stage && strcmp(stage, "deleted") == 0)
      ;
    else if (status_of(word) == STORE_RUNNING)
      m->n_running++;
    else
      s = take_run(m, folder, meta, experiment, slash ? slash + 1 : folder, e);
    free(stage);
    free(word);
    whole_free(&w);
  }
  free(path);
  return s;
}

/* The name of the experiment whose folder this is; NULL: its meta.yaml has none. */
static char *experiment_name(const char *folder)
{
  struct whole w;
  char *path = join(folder, "meta.yaml"), *name = NULL;
  if (whole_read(&w, path, NULL) == STATUS_OK) {
    name = yaml_value((const char *)w.bytes, "name");
    whole_free(&w);
  }
  free(path);
  return name;
}

static bool is_run_folder(const char *folder)
{
  char *metrics = join(folder, "metrics"), *params = join(folder, "params");
  bool is_run = has_meta(folder) && (is_folder(metrics) || is_folder(params));
  free(metrics);
  free(params);
  return is_run;
}

static enum status take_experiment(struct import *m, const char *folder, struct err *e)
{
  struct listing l = list_folder(folder);
  char *name = experiment_name(folder);
  enum status s = STATUS_OK;
  for (size_t i = 0; i < l.n && s == STATUS_OK; i++) {
    char *path = join(folder, l.name[i]);
    if (is_run_folder(path))
      s = take_run_folder(m, path, name, e);
    free(path);
  }
  free(name);
  listing_done(&l);
  return s;
}

enum status import_mlflow(struct import *m, const char *path, struct err *e)
{
  char *folder = xstrdup(path);
  for (size_t n = strlen(folder); n > 1 && folder[n - 1] == '/'; n--)
    folder[n - 1] = '\0';
  enum status s = STATUS_OK;
  if (is_run_folder(folder))
    s = take_run_folder(m, folder, NULL, e);
  else if (has_meta(folder))
    s = take_experiment(m, folder, e);
  else {
    struct listing l = list_folder(folder);
    for (size_t i = 0; i < l.n && s == STATUS_OK; i++) {
      char *inner = join(folder, l.name[i]);
      if (has_meta(inner))
        s = take_experiment(m, inner, e);
      free(inner);
    }
    listing_done(&l);
  }
  if (s == STATUS_OK && m->n + m->n_running == 0)
    s = err_set(e, STATUS_BAD_DATA, "%s: no runs of MLflow's file store (mlruns/<experiment>/<run>/meta.yaml)", path);
  free(folder);
  return s;
}
