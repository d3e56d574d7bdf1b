/* query_words.c: completion of queries from what the store holds: its tables and views, their columns, and the names that its runs
 * gave to parameters, results and metrics. */
#include <stdlib.h>
#include <string.h>

#include "app/ui/query_data.h"
#include "app/ui/sql_words.h"
#include "experiments/kernel/mem.h"

/* --- reading ---------------------------------------------------------------------------------------------------- */

static void load_names(struct names *out, struct app *app, struct store *s, const char *sql)
{
  int code;
  struct store_query *q = reading_query(app, s, sql);
  while (q && reading_next(q, &code))
    names_add(out, store_query_cell(q, 0).text);
  if (q)
    store_query_close(q);
}

/* What cannot be read is not offered: completion is a convenience. */
void query_schema_load(struct query_schema *q, struct app *app, struct store *s)
{
  static const char from[] = "FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite%' ORDER BY m.name, c.cid";
  char *tables = xasprintf("SELECT m.name %s", from), *columns = xasprintf("SELECT c.name %s", from);
  *q = (struct query_schema){0};
  load_names(&q->tables, app, s, "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite%' ORDER BY name");
  load_names(&q->table_of, app, s, tables);
  load_names(&q->columns, app, s, columns);
  load_names(&q->metrics, app, s, "SELECT name FROM metric_key ORDER BY name");
  load_names(&q->experiments, app, s, "SELECT DISTINCT name FROM experiment ORDER BY name");
  if (reading_keys(app, s, "param", &q->params) != STORE_OK || reading_keys(app, s, "result", &q->results) != STORE_OK)
    names_free(&q->results);
  free(tables);
  free(columns);
}

void query_schema_free(struct query_schema *q)
{
  enum { LISTS = 7 };
  struct names *const all[LISTS] = {&q->tables, &q->table_of, &q->columns, &q->params, &q->results, &q->metrics, &q->experiments};
  for (size_t i = 0; i < LISTS; i++)
    names_free(all[i]);
}

/* --- which tables the text names ------------------------------------------------------------------------------------ */

/* The name of the table among the schema's, in any case; NULL: none. */
static const char *table_named(const struct query_schema *q, const char *word, size_t n)
{
  for (size_t i = 0; i < q->tables.n; i++)
    if (strlen(q->tables.name[i]) == n && strncasecmp(q->tables.name[i], word, n) == 0)
      return q->tables.name[i];
  return NULL;
}

struct named { const char *table; char alias[64]; };

/* Tables and what stands behind them: "runs r", "results AS x". Returns the count. */
static size_t find_tables(const struct query_schema *q, const char *text, struct named *out, size_t most)
{
  static const char *const no_alias[] = {"where", "join", "on", "left", "inner", "cross", "group", "order", "limit", "using", "union", "natural", NULL};
  const char *end = text + strlen(text);
  size_t n = 0;
  bool open, behind = false; /* behind a table: a word is its alias */
  for (const char *s = text; s < end;) {
    size_t length = sql_piece(s, end, &open);
    const char *table = sql_is_word(*s) ? table_named(q, s, length) : NULL;
    bool is_as = length == 2 && strncasecmp(s, "as", 2) == 0, word = sql_is_word(*s), alias = behind && word && !is_as && !table;
    for (size_t i = 0; alias && no_alias[i]; i++)
      alias = strlen(no_alias[i]) != length || strncasecmp(no_alias[i], s, length) != 0;
    if (table && n < most)
      out[n++] = (struct named){.table = table};
    else if (alias && n)
      snprintf(out[n - 1].alias, sizeof out[n - 1].alias, "%.*s", (int)length, s);
    behind = table || (behind && (is_as || *s == ' '));
    s += length;
  }
  return n;
}

static bool has_column(const struct query_schema *q, const char *table, size_t i) { return strcmp(q->table_of.name[i], table) == 0; }

/* Behind "r." the columns of the table that is called r here. */
static void offer_dotted(FILE *f, const struct query_schema *q, const struct sql_spot *at, size_t dot, const struct named *named, size_t n)
{
  for (size_t k = 0; k < n; k++) {
    bool by_alias = strlen(named[k].alias) == dot && strncasecmp(named[k].alias, at->word, dot) == 0;
    if (!by_alias && !(strlen(named[k].table) == dot && strncasecmp(named[k].table, at->word, dot) == 0))
      continue;
    for (size_t i = 0; i < q->columns.n; i++)
      if (has_column(q, named[k].table, i)) {
        char *whole = xasprintf("%.*s.%s", (int)dot, at->word, q->columns.name[i]);
        sql_offer(f, at, whole);
        free(whole);
      }
    return;
  }
}

static void offer_once(FILE *f, const struct sql_spot *at, struct names *seen, const char *name)
{
  if (names_has(seen, name))
    return;
  names_add(seen, name);
  sql_offer_name(f, at, name);
}

/* Columns of the tables that the text names, before it names any those of all; then words of SQL. */
static void offer_columns(FILE *f, const struct query_schema *q, const struct sql_spot *at, const struct named *named, size_t n)
{
  static const char *const words[] = {"select", "from", "where", "group by", "order by", "limit", "join", "having", "distinct", "count(*)", "avg(", "min(",
                                      "max(", "sum(", "round(", "and", "or", "not", "like", "between", "is null", "desc", "as", "case when"};
  struct names seen = {0};
  for (size_t i = 0; i < q->columns.n; i++) {
    bool wanted = n == 0;
    for (size_t k = 0; k < n && !wanted; k++)
      wanted = has_column(q, named[k].table, i);
    if (wanted && (at->n || n))
      offer_once(f, at, &seen, q->columns.name[i]);
  }
  for (size_t i = 0; i < q->tables.n && at->n; i++)
    offer_once(f, at, &seen, q->tables.name[i]);
  for (size_t i = 0; i < sizeof words / sizeof *words && at->n; i++)
    sql_offer(f, at, words[i]);
  names_free(&seen);
}

/* False: nothing is known of that name's values. */
static bool offer_values(FILE *f, const struct query_schema *q, const struct sql_spot *at)
{
  const char *dot = strrchr(at->name, '.'), *name = dot ? dot + 1 : at->name;
  const struct names *lists[3] = {0};
  struct names seen = {0};
  if (strcasecmp(name, "key") == 0) {
    lists[0] = &q->params;
    lists[1] = &q->results;
    lists[2] = &q->metrics;
  } else if (strcasecmp(name, "experiment") == 0) {
    lists[0] = &q->experiments;
  } else if (strcasecmp(name, "name") == 0) {
    lists[0] = &q->metrics;
    lists[1] = &q->experiments;
  } else if (strcasecmp(name, "status") == 0) {
    for (enum store_status st = STORE_RUNNING; st <= STORE_LOST; st++)
      sql_offer_text(f, at, store_status_name(st));
    return true;
  }
  for (size_t k = 0; k < 3 && lists[k]; k++)
    for (size_t i = 0; i < lists[k]->n; i++)
      if (!names_has(&seen, lists[k]->name[i])) {
        names_add(&seen, lists[k]->name[i]);
        sql_offer_text(f, at, lists[k]->name[i]);
      }
  names_free(&seen);
  return lists[0];
}

/* Behind FROM and JOIN: tables, and behind a table what may follow it. False: no table begins so. */
static bool offer_tables(FILE *f, const struct query_schema *q, const struct sql_spot *at)
{
  static const char *const next[] = {"where", "join", "group by", "order by", "limit"};
  bool behind = !at->n && table_named(q, at->name, strlen(at->name));
  for (size_t i = 0; i < q->tables.n && !behind; i++)
    sql_offer_name(f, at, q->tables.name[i]);
  for (size_t i = 0; i < sizeof next / sizeof *next && behind; i++)
    sql_offer(f, at, next[i]);
  return ftell(f) > 0;
}

char *query_candidates(const struct query_schema *q, const char *text, size_t cursor)
{
  struct sql_spot at = sql_spot_find(text, cursor);
  const char *dot = at.n ? memchr(at.word, '.', at.n) : NULL;
  struct named named[16];
  size_t n = find_tables(q, text, named, sizeof named / sizeof *named), size;
  char *out;
  FILE *f = xstream_open(&out, &size);
  bool known = at.value && offer_values(f, q, &at);
  if (!known && !at.in_quotes && (strcmp(at.keyword, "from") == 0 || strcmp(at.keyword, "join") == 0))
    known = offer_tables(f, q, &at);
  if (!known && !at.in_quotes && dot)
    offer_dotted(f, q, &at, (size_t)(dot - at.word), named, n);
  else if (!known && !at.in_quotes)
    offer_columns(f, q, &at, named, n);
  xstream_close(f);
  return out;
}
