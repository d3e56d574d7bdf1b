/* config.c: the config of a run as rows of `param`, and the hash of its group.
 *
 * {"optimizer":{"id":"sgd","momentum":0.9},"widths":[256,256]} becomes
 *   optimizer.id = 'sgd'   optimizer.momentum = 0.9   widths = '[256,256]' */
#include "store/store_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

/* Bind a JSON value; text that must live until the statement has run goes to *owned. */
static void bind_json(sqlite3_stmt *st, int at, const json_t *v, char **owned)
{
  switch (json_typeof(v)) {
  case JSON_INTEGER: sqlite3_bind_int64(st, at, json_integer_value(v)); break;
  case JSON_REAL: sqlite3_bind_double(st, at, json_real_value(v)); break;
  case JSON_TRUE: sqlite3_bind_int64(st, at, 1); break;
  case JSON_FALSE: sqlite3_bind_int64(st, at, 0); break;
  case JSON_NULL: sqlite3_bind_null(st, at); break;
  case JSON_STRING:
    sqlite3_bind_text64(st, at, json_string_value(v), json_string_length(v), SQLITE_STATIC, SQLITE_UTF8);
    break;
  case JSON_ARRAY:
  case JSON_OBJECT:
    *owned = json_dumps(v, JSON_COMPACT | JSON_SORT_KEYS);
    sqlite3_bind_text(st, at, *owned, -1, SQLITE_STATIC);
    break;
  }
}

static int put_param(struct store *s, int64_t run_id, const char *key, const json_t *v)
{
  sqlite3_stmt *st = NULL;
  char *owned = NULL;
  int code = store_stmt(s, STMT_PARAM, &st);
  if (code)
    return code;
  sqlite3_bind_int64(st, 1, run_id);
  sqlite3_bind_text(st, 2, key, -1, SQLITE_STATIC);
  bind_json(st, 3, v, &owned);
  code = store_run(s, st, "storing the config of a run");
  free(owned);
  return code;
}

/* Walk nested objects; empty ones are values. Jansson limits how deep a text may nest. */
static int flatten(struct store *s, int64_t run_id, const char *prefix, const json_t *object)
{
  const char *key;
  json_t *v;
  int code = STORE_OK;
  json_object_foreach((json_t *)object, key, v) {
    size_t size = strlen(prefix) + strlen(key) + 2;
    char *name = store_alloc(NULL, size);
    snprintf(name, size, "%s%s%s", prefix, *prefix ? "." : "", key);
    code = json_is_object(v) && json_object_size(v) ? flatten(s, run_id, name, v) : put_param(s, run_id, name, v);
    free(name);
    if (code)
      break;
  }
  return code;
}

int store_config_params(struct store *s, int64_t run_id, const json_t *config)
{
  return flatten(s, run_id, "", config);
}

int store_config_group(struct store *s, const json_t *config, char hash[33])
{
  json_t *rest = json_copy((json_t *)config); /* shallow: only the top level changes */
  json_object_del(rest, "seed");
  char *text = json_dumps(rest, JSON_COMPACT | JSON_SORT_KEYS);
  json_decref(rest);
  if (!text)
    return store_fail(s, STORE_ERROR, "out of memory while hashing a config");
  store_hash_hex(text, strlen(text), hash);
  free(text);
  return STORE_OK;
}
