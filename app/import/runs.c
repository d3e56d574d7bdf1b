/* runs.c: whole runs, one JSON object a line, as `assay export --format runs` writes them. See import.h.
 *
 * {"assay_run":1, "uid":…, "experiment":{name, summary, params, scripts:[{name, text}]}, "environment":{…}, "config":{…},
 *  "config_hash":…, "status":…, "started_at":…, "ended_at":…, "wall_s":…, "cpu_s":…, "peak_memory_b":…, "host":…, "error":…,
 *  "note":…, "tags":[…], "results":{…}, "metrics":{key:[[step, value], …]}, "artifacts":[{name, kind, content: base64}]} */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/import/import.h"
#include "experiments/kernel/mem.h"

bool import_is_run(const json_t *o) { return json_object_get(o, "assay_run") != NULL; }

/* A text, or NULL where it is null or absent. */
static const char *text_of(const json_t *o, const char *key) { return json_string_value(json_object_get(o, key)); }

static double number_of(const json_t *o, const char *key)
{
  const json_t *v = json_object_get(o, key);
  return json_is_number(v) ? json_number_value(v) : (double)NAN;
}

static bool is_hash(const char *s) { return s && strlen(s) == 32 && strspn(s, "0123456789abcdef") == 32; }

/* Only the characters of a time: it is compared and cut as one. */
static bool is_time(const char *s) { return s && strlen(s) >= 20 && strlen(s) < 32 && !s[strspn(s, "0123456789-:.TZ")]; }

static enum status check(const json_t *o, const char *where, struct err *e)
{
  const json_t *experiment = json_object_get(o, "experiment");
  static const char *const objects[] = {"config", "results", "metrics"};
  if (json_integer_value(json_object_get(o, "assay_run")) != 1)
    return err_set(e, STATUS_UNSUPPORTED, "%s: a run in a form of a newer assay", where);
  if (!is_hash(text_of(o, "uid")) || !is_hash(text_of(o, "config_hash")))
    return err_set(e, STATUS_BAD_DATA, "%s: uid and config_hash must be 32 hexadecimal digits", where);
  if (!text_of(experiment, "name") || !*text_of(experiment, "name"))
    return err_set(e, STATUS_BAD_DATA, "%s: the run's experiment has no name", where);
  if (!is_time(text_of(o, "started_at")) || (text_of(o, "ended_at") && !is_time(text_of(o, "ended_at"))))
    return err_set(e, STATUS_BAD_DATA, "%s: started_at and ended_at must be times like 2026-01-31T12:00:00.000Z", where);
  for (size_t i = 0; i < sizeof objects / sizeof *objects; i++)
    if (!json_is_object(json_object_get(o, objects[i])))
      return err_set(e, STATUS_BAD_DATA, "%s: %s must be an object", where, objects[i]);
  return STATUS_OK;
}

static enum status read_status(const json_t *o, const char *where, enum store_status *status, struct err *e)
{
  const char *word = text_of(o, "status");
  for (*status = STORE_DONE; word && *status <= STORE_LOST; ++*status)
    if (strcmp(word, store_status_name(*status)) == 0)
      return STATUS_OK;
  return err_set(e, STATUS_BAD_DATA, "%s: status must be done, failed, cancelled or lost", where);
}

/* Null is NaN; "inf" and "-inf" are the infinities. */
static bool read_value(const json_t *v, double *out)
{
  const char *word = json_string_value(v);
  if (json_is_number(v))
    *out = json_number_value(v);
  else if (json_is_null(v))
    *out = (double)NAN;
  else if (word && (strcmp(word, "inf") == 0 || strcmp(word, "-inf") == 0))
    *out = *word == '-' ? -(double)INFINITY : (double)INFINITY;
  else
    return false;
  return true;
}

static enum status add_series(struct import *m, size_t at, const char *key, const json_t *points, const char *where, struct err *e)
{
  enum status s = STATUS_OK;
  double value;
  if (!json_is_array(points))
    return err_set(e, STATUS_BAD_DATA, "%s: metric \"%.60s\" must be a list of points", where, key);
  for (size_t i = 0; s == STATUS_OK && i < json_array_size(points); i++) {
    const json_t *p = json_array_get(points, i), *step = json_array_get(p, 0);
    if (json_array_size(p) != 2 || !json_is_integer(step) || !read_value(json_array_get(p, 1), &value))
      return err_set(e, STATUS_BAD_DATA, "%s: metric \"%.60s\": point %zu must be [step, value], a whole number and a number, null, "
                     "\"inf\" or \"-inf\"", where, key, i + 1);
    s = import_point(m, at, key, json_integer_value(step), value, e);
  }
  return s;
}

/* Value of a base64 digit; 64: none. */
static unsigned digit_value(char c)
{
  if (c >= 'A' && c <= 'Z')
    return (unsigned)(c - 'A');
  if (c >= 'a' && c <= 'z')
    return (unsigned)(c - 'a') + 26;
  if (c >= '0' && c <= '9')
    return (unsigned)(c - '0') + 52;
  return c == '+' ? 62 : c == '/' ? 63 : 64;
}

/* RFC 4648, section 4, padded, without blanks; false: no base64. out: 3 bytes for each 4 of text. */
static bool decode_base64(const char *text, size_t size, unsigned char *out, size_t *n)
{
  if (size % 4 != 0)
    return false;
  size_t padding = size == 0 || text[size - 1] != '=' ? 0 : text[size - 2] != '=' ? 1 : 2;
  *n = size / 4 * 3 - padding;
  for (size_t i = 0; i < size; i += 4, out += 3) {
    unsigned long v = 0;
    for (size_t k = i; k < i + 4; k++) {
      unsigned d = k >= size - padding ? 0 : digit_value(text[k]);
      if (d > 63)
        return false;
      v = v << 6 | d;
    }
    out[0] = (unsigned char)(v >> 16);
    out[1] = (unsigned char)(v >> 8);
    out[2] = (unsigned char)v;
  }
  return true;
}

static enum status add_artifact(struct import *m, size_t at, const json_t *o, const char *where, struct err *e)
{
  const json_t *content = json_object_get(o, "content");
  struct store_artifact a = {.name = text_of(o, "name"), .kind = text_of(o, "kind")};
  if (!a.name || !*a.name || !a.kind || !json_is_string(content))
    return err_set(e, STATUS_BAD_DATA, "%s: an artifact must have a name, a kind and a content", where);
  void *bytes;
  enum status s = mem_new(&bytes, json_string_length(content) / 4 * 3 + 3, 1, "an artifact", e);
  if (s != STATUS_OK)
    return s;
  if (decode_base64(json_string_value(content), json_string_length(content), bytes, &a.size)) {
    a.content = bytes;
    s = import_artifact(m, at, &a, e);
  } else {
    s = err_set(e, STATUS_BAD_DATA, "%s: the content of the artifact \"%.60s\" is not base64", where, a.name);
  }
  free(bytes);
  return s;
}

static enum status add_belongings(struct import *m, size_t at, const json_t *o, const char *where, struct err *e)
{
  json_t *results = json_object_get(o, "results"), *metrics = json_object_get(o, "metrics"), *tags = json_object_get(o, "tags"), *artifacts = json_object_get(o, "artifacts");
  enum status s = STATUS_OK;
  for (void *i = json_object_iter(metrics); i && s == STATUS_OK; i = json_object_iter_next(metrics, i))
    s = add_series(m, at, json_object_iter_key(i), json_object_iter_value(i), where, e);
  for (void *i = json_object_iter(results); i && s == STATUS_OK; i = json_object_iter_next(results, i))
    s = import_result(m, at, json_object_iter_key(i), json_object_iter_value(i), e);
  for (size_t i = 0; i < json_array_size(tags) && s == STATUS_OK; i++) {
    const char *tag = json_string_value(json_array_get(tags, i));
    s = tag ? import_tag(m, at, tag, e) : err_set(e, STATUS_BAD_DATA, "%s: a tag must be a text", where);
  }
  for (size_t i = 0; i < json_array_size(artifacts) && s == STATUS_OK; i++)
    s = add_artifact(m, at, json_array_get(artifacts, i), where, e);
  return s;
}

/* The scripts of the experiment; the texts stay those of the JSON. */
static struct store_script *read_scripts(const json_t *experiment, size_t *n)
{
  const json_t *list = json_object_get(experiment, "scripts");
  struct store_script *out = xcalloc(json_array_size(list) + 1, sizeof *out);
  for (size_t i = *n = 0; i < json_array_size(list); i++) {
    const json_t *item = json_array_get(list, i), *text = json_object_get(item, "text");
    if (text_of(item, "name") && json_is_string(text))
      out[(*n)++] = (struct store_script){.name = text_of(item, "name"), .text = json_string_value(text), .size = json_string_length(text)};
  }
  return out;
}

static enum status begin(struct import *m, const json_t *o, size_t *at, struct err *e)
{
  const json_t *x = json_object_get(o, "experiment"), *env = json_object_get(o, "environment"), *params = json_object_get(x, "params");
  struct import_head h = {
    .uid = text_of(o, "uid"), .experiment = text_of(x, "name"), .summary = text_of(x, "summary"), .config = json_object_get(o, "config"),
    .config_hash = text_of(o, "config_hash"), .note = text_of(o, "note"), .host = text_of(o, "host"),
    .started_at = text_of(o, "started_at"), .ended_at = text_of(o, "ended_at")};
  struct store_script *scripts = read_scripts(x, &h.n_scripts);
  char *environment = json_is_object(env) ? import_canonical(env) : NULL;
  char *parameters = json_is_object(params) ? import_canonical(params) : NULL;
  h.script = scripts;
  h.environment_json = environment;
  h.params_json = parameters;
  enum status s = import_begin(m, &h, at, e);
  free(parameters);
  free(environment);
  free(scripts);
  return s;
}

enum status import_run_object(struct import *m, const json_t *o, const char *where, struct err *e)
{
  size_t at;
  struct store_run_end end = {.error = text_of(o, "error"), .wall_s = number_of(o, "wall_s"), .cpu_s = number_of(o, "cpu_s"),
                              .peak_memory_b = json_integer_value(json_object_get(o, "peak_memory_b"))};
  enum status s = check(o, where, e);
  if (s == STATUS_OK)
    s = read_status(o, where, &end.status, e);
  if (s == STATUS_OK)
    s = begin(m, o, &at, e);
  if (s == STATUS_OK)
    s = add_belongings(m, at, o, where, e);
  if (s == STATUS_OK)
    import_end(m, at, &end);
  return s;
}
