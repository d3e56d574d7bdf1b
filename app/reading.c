/* reading.c: see reading.h. */
#include "app/reading.h"

#include <ctype.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"

struct store *reading_open(struct app *app)
{
  struct store *s;
  char message[1024];
  int code = store_open(&s, app->db, STORE_READ, message, sizeof message);
  if (*message)
    app_complain("%s", message);
  return code ? NULL : s;
}

int reading_failed(struct app *app, const struct store *s)
{
  if (app->cancel)
    return EXIT_INTERRUPTED;
  app_complain("%s", store_message(s));
  return EXIT_USAGE;
}

struct store_query *reading_query(struct app *app, struct store *s, const char *sql)
{
  struct store_query *q;
  struct store_limits limits = {.cancel = &app->cancel};
  return store_query_open(&q, s, sql, &limits) == STORE_OK ? q : NULL;
}

bool reading_next(struct store_query *q, int *code)
{
  bool row = false;
  *code = store_query_next(q, &row);
  return *code == STORE_OK && row;
}

static bool all_in(const char *word, const char *set) { return *word && word[strspn(word, set)] == '\0'; }

/* Up to two runs that match; how many were found, or -1 on an error. */
static int find_runs(struct app *app, struct store *s, const char *sql, const char *word, int64_t *id)
{
  int found = 0, code;
  struct store_query *q = reading_query(app, s, sql);
  if (!q)
    return -1;
  store_query_bind_text(q, 1, word);
  while (reading_next(q, &code))
    if (found++ == 0)
      *id = store_query_cell(q, 0).i;
  store_query_close(q);
  return code ? -1 : found;
}

int reading_any_run(struct app *app, struct store *s, const char *word, int64_t *id)
{
  int found = 0;
  bool number = all_in(word, "0123456789");
  if (number && strlen(word) < 19)
    found = find_runs(app, s, "SELECT id FROM run WHERE id = CAST(?1 AS INTEGER)", word, id);
  /* a short number is a run's number, never a uid that happens to begin with it: `rm 77` must not hit 77ab… */
  if (found == 0 && all_in(word, "0123456789abcdef") && (!number || strlen(word) >= 8))
    found = find_runs(app, s, "SELECT id FROM run WHERE uid >= ?1 AND uid < ?1 || 'g' LIMIT 2", word, id);
  if (found < 0)
    return reading_failed(app, s);
  if (found == 1)
    return EXIT_DONE;
  if (found > 1)
    app_complain("more than one run begins with '%s' in %s; give more digits ('assay ls --runs' lists them)", word, app->db);
  else
    app_complain("no run '%s' in %s; name it by its number or the first digits of its uid ('assay ls --runs' lists them)",
                 word, app->db);
  return EXIT_USAGE;
}

int reading_run(struct app *app, struct store *s, const char *word, int64_t *id)
{
  int code = reading_any_run(app, s, word, id), row_code;
  struct store_query *q = code ? NULL : reading_query(app, s, "SELECT 1 FROM run WHERE id = ?1 AND trashed_at IS NOT NULL");
  if (code)
    return code;
  if (!q)
    return reading_failed(app, s);
  store_query_bind_int(q, 1, *id);
  bool trashed = reading_next(q, &row_code);
  store_query_close(q);
  if (row_code)
    return reading_failed(app, s);
  if (trashed)
    app_complain("run %lld is in the trash; 'assay restore %lld' takes it out", (long long)*id, (long long)*id);
  return trashed ? EXIT_USAGE : EXIT_DONE;
}

bool reading_format(const struct arguments *a, enum table_format *format)
{
  const char *word = arg_value(a, "format");
  *format = TABLE_HUMAN;
  if (!word || table_format_parse(word, format))
    return true;
  app_usage(a->command, "--format must be table, csv, tsv, json, jsonl or md, not '%s'", word);
  return false;
}

/* --- cells ------------------------------------------------------------------------------------ */

struct store_cell cell_copy(const struct store_cell *c)
{
  struct store_cell copy = *c;
  if (c->type == STORE_TEXT || c->type == STORE_BLOB) {
    char *text = xmalloc(c->size + 1);
    memcpy(text, c->text, c->size);
    text[c->size] = '\0';
    copy.text = text;
  }
  return copy;
}

void cell_free(struct store_cell *c)
{
  void *owned;
  memcpy(&owned, &c->text, sizeof owned); /* const for those who read, ours to release */
  if (c->type == STORE_TEXT || c->type == STORE_BLOB)
    free(owned);
  c->type = STORE_NULL;
}

/* Equal results are equal to the bit. */
static uint64_t bits_of(double v)
{
  uint64_t bits;
  memcpy(&bits, &v, sizeof bits);
  return bits;
}

bool cell_equal(const struct store_cell *a, const struct store_cell *b)
{
  if (a->type != b->type)
    return false;
  switch (a->type) {
  case STORE_NULL: return true;
  case STORE_INTEGER: return a->i == b->i;
  case STORE_REAL: return bits_of(a->r) == bits_of(b->r);
  case STORE_TEXT:
  case STORE_BLOB: return a->size == b->size && memcmp(a->text, b->text, a->size) == 0;
  }
  return false;
}

struct store_cell cell_text(const char *text)
{
  if (!text)
    return (struct store_cell){.type = STORE_NULL};
  return (struct store_cell){.type = STORE_TEXT, .text = text, .size = strlen(text)};
}

struct store_cell cell_real(double v)
{
  if (isnan(v))
    return (struct store_cell){.type = STORE_NULL};
  return (struct store_cell){.type = STORE_REAL, .r = v};
}

struct store_cell cell_integer(int64_t v) { return (struct store_cell){.type = STORE_INTEGER, .i = v, .r = (double)v}; }

/* --- names ------------------------------------------------------------------------------------ */

void names_add(struct names *list, const char *name)
{
  if ((list->n & (list->n - 1)) == 0) /* 0, 1, 2, 4, 8, … */
    list->name = xrealloc(list->name, (list->n ? 2 * list->n : 1) * sizeof *list->name);
  list->name[list->n++] = xstrdup(name);
}

bool names_has(const struct names *list, const char *name)
{
  for (size_t i = 0; i < list->n; i++)
    if (strcmp(list->name[i], name) == 0)
      return true;
  return false;
}

void names_free(struct names *list)
{
  for (size_t i = 0; i < list->n; i++)
    free(list->name[i]);
  free(list->name);
  *list = (struct names){0};
}

int reading_keys(struct app *app, struct store *s, const char *table, struct names *out)
{
  int code;
  /* Jumps from key to key in the index instead of walking over every row. */
  char *sql = xasprintf("WITH RECURSIVE k(key) AS (SELECT min(key) FROM %s UNION ALL"
                        " SELECT (SELECT min(key) FROM %s t WHERE t.key > k.key) FROM k WHERE k.key IS NOT NULL)"
                        " SELECT key FROM k WHERE key IS NOT NULL", table, table);
  struct store_query *q = reading_query(app, s, sql);
  free(sql);
  if (!q)
    return STORE_ERROR;
  while (reading_next(q, &code))
    names_add(out, store_query_cell(q, 0).text);
  store_query_close(q);
  return code;
}

static bool ends_in(const char *s, const char *end)
{
  size_t n = strlen(s), m = strlen(end);
  return n > m && strcmp(s + n - m, end) == 0;
}

bool result_is_derived(const char *key) { return ends_in(key, ".last") || ends_in(key, ".min") || ends_in(key, ".max"); }
bool result_is_timing(const char *key) { return ends_in(key, "_s") || ends_in(key, "_s.last") || ends_in(key, "_s.min") || ends_in(key, "_s.max"); }
