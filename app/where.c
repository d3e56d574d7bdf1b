/* where.c: --where: a SQL expression over the columns of `runs`, the parameters and the results.
 *
 * A name that is a parameter or a result becomes a column made by a sub-select, so only the names that are
 * used cost anything. Names with dots (optimizer.lr) would read as table.column in SQL: they are found in the
 * text and quoted. Where a parameter and a result share a name, the parameter is meant; result.NAME and
 * param.NAME say which. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/reading.h"
#include "experiments/kernel/mem.h"
#include "experiments/params.h"

static const char *const run_columns[] = { "id", "uid", "experiment", "status", "seed", "started_at", "ended_at", "wall_s",
  "cpu_s", "peak_memory_b", "host", "error", "config", "config_hash", "group_hash", "script_hash", "experiment_id",
  "environment_id", "tags", "note" };
enum { RUN_COLUMNS = sizeof run_columns / sizeof *run_columns };

/* A text that grows. */
struct text { char *s; size_t n, capacity; };

static void append(struct text *t, const char *s, size_t n)
{
  if (t->n + n + 1 > t->capacity) {
    t->capacity = 2 * (t->n + n + 1);
    t->s = xrealloc(t->s, t->capacity);
  }
  memcpy(t->s + t->n, s, n);
  t->s[t->n += n] = '\0';
}

static void append_quoted(struct text *t, const char *s, char quote)
{
  append(t, &quote, 1);
  for (; *s; s++) {
    append(t, s, 1);
    if (*s == quote)
      append(t, s, 1);
  }
  append(t, &quote, 1);
}

static void append_string(struct text *t, const char *s) { append(t, s, strlen(s)); }

/* (SELECT value FROM param WHERE run_id = v.id AND key = 'lr') AS "lr" */
static void add_column(struct text *columns, struct names *used, const char *table, const char *key, const char *as)
{
  if (names_has(used, as))
    return;
  names_add(used, as);
  append_string(columns, ", (SELECT value FROM ");
  append_string(columns, table);
  append_string(columns, " WHERE run_id = v.id AND key = ");
  append_quoted(columns, key, '\'');
  append_string(columns, ") AS ");
  append_quoted(columns, as, '"');
}

static bool is_run_column(const char *name)
{
  for (size_t i = 0; i < RUN_COLUMNS; i++)
    if (strcmp(name, run_columns[i]) == 0)
      return true;
  return false;
}

/* Make `name` available as a column; false if it is neither parameter nor result. */
static bool resolve(struct text *columns, struct names *used, const char *name, const struct names *params, const struct names *results)
{
  if (is_run_column(name))
    return false;
  if (names_has(params, name))
    add_column(columns, used, "param", name, name);
  else if (names_has(results, name))
    add_column(columns, used, "result", name, name);
  else if (strncmp(name, "param.", 6) == 0 && names_has(params, name + 6))
    add_column(columns, used, "param", name + 6, name);
  else if (strncmp(name, "result.", 7) == 0 && names_has(results, name + 7))
    add_column(columns, used, "result", name + 7, name);
  else
    return false;
  return true;
}

static bool is_word(char c) { return isalnum((unsigned char)c) || c == '_' || c == '$' || (c & 0x80); }

/* The length of a bare name with dots, or of a quoted part, at s. */
static size_t name_length(const char *s)
{
  size_t n = 0;
  while (is_word(s[n]) || (s[n] == '.' && n && is_word(s[n + 1])))
    n++;
  return n;
}

static size_t number_length(const char *s)
{
  char *end;
  strtod(s, &end);
  return (size_t)(end - s);
}

static size_t quoted_length(const char *s)
{
  size_t n = 1;
  while (s[n] && (s[n] != s[0] || s[n + 1] == s[0]))
    n += s[n] == s[0] ? 2 : 1;
  return s[n] ? n + 1 : n;
}

char *where_from(const char *view, const char *where, const struct names *params, const struct names *results)
{
  struct text columns = {0}, condition = {0};
  struct names used = {0};
  append(&columns, "", 0);
  append(&condition, "", 0);
  for (const char *s = where ? where : ""; *s;) {
    size_t n = *s == '\'' || *s == '"' ? quoted_length(s) : isdigit((unsigned char)*s) ? number_length(s) : name_length(s);
    bool quoted = *s == '"' && n > 1;
    if (n == 0)
      n = 1;
    char *name = quoted ? xasprintf("%.*s", (int)n - 2, s + 1) : xasprintf("%.*s", (int)n, s);
    if ((quoted || (is_word(*s) && !isdigit((unsigned char)*s))) && resolve(&columns, &used, name, params, results))
      append_quoted(&condition, name, '"');
    else
      append(&condition, s, n);
    free(name);
    s += n;
  }
  char *sql = used.n ? xasprintf("FROM (SELECT v.*%s FROM %s v) AS r WHERE (%s\n)", columns.s, view, condition.s)
                     : xasprintf("FROM %s AS r WHERE (%s\n)", view, where ? condition.s : "1");
  names_free(&used);
  free(columns.s);
  free(condition.s);
  return sql;
}

/* The nearest name to the one in "no such column: NAME"; NULL when the message says something else. */
static const char *suggest(const char *message, const struct names *params, const struct names *results)
{
  const char *at = strstr(message, "no such column: ");
  if (!at)
    return NULL;
  size_t n = 0;
  const char **all = xcalloc(RUN_COLUMNS + params->n + results->n, sizeof *all);
  for (size_t i = 0; i < RUN_COLUMNS; i++)
    all[n++] = run_columns[i];
  for (size_t i = 0; i < params->n; i++)
    all[n++] = params->name[i];
  for (size_t i = 0; i < results->n; i++)
    all[n++] = results->name[i];
  const char *near = nearest_name(at + strlen("no such column: "), all, n);
  free(all);
  return near;
}

/* "lr, momentum, seed; val_error, …": the first names that a filter could use. Caller frees. */
static char *names_here(const struct names *params, const struct names *results)
{
  enum { MOST = 12 };
  struct text t = {0};
  size_t n = 0;
  append(&t, "", 0);
  for (int k = 0; k < 2; k++) {
    const struct names *list = k ? results : params;
    for (size_t i = 0; i < list->n && n <= MOST; i++) {
      if (k && result_is_derived(list->name[i]))
        continue;
      append_string(&t, n ? ", " : "");
      append_string(&t, n++ < MOST ? list->name[i] : "…");
    }
  }
  return t.s;
}

/* Closing brackets less opening ones, outside of quotes. */
static int open_brackets(const char *where)
{
  int depth = 0;
  for (const char *s = where; *s;) {
    depth += (*s == '(') - (*s == ')');
    s += *s == '\'' || *s == '"' ? quoted_length(s) : 1;
  }
  return depth;
}

/* The store sees the expression between brackets of ours: what it says about the closing one means the end. NULL: another message. */
static const char *ends_badly(const char *message, const char *where)
{
  if (strncmp(message, "unrecognized token: ", 20) == 0 && strstr(message, "\n)"))
    return WHERE_UNFINISHED ": a quote is open";
  if (strcmp(message, "near \")\": syntax error") != 0 && strcmp(message, "incomplete input") != 0)
    return NULL;
  return open_brackets(where) < 0 ? "one closing bracket too many" : WHERE_UNFINISHED ": something is missing at the end";
}

char *where_problem(const struct store *s, const char *where, const struct names *params, const struct names *results)
{
  const char *message = store_message(s), *near = suggest(message, params, results);
  if (ends_badly(message, where))
    return xstrdup(ends_badly(message, where));
  bool unknown = !near && strstr(message, "no such column: ") && params->n;
  char *names = unknown ? names_here(params, results) : NULL;
  char *text = xasprintf("%s%s%s", message, near ? "; did you mean " : unknown ? "; there are " : "", near ? near : unknown ? names : "");
  free(names);
  return text;
}

int where_refused(struct app *app, const struct store *s, const char *where, const struct names *params, const struct names *results)
{
  if (!where || app->cancel)
    return reading_failed(app, s);
  char *problem = where_problem(s, where, params, results);
  app_complain("--where %s: %s", where, problem);
  free(problem);
  return EXIT_USAGE;
}
