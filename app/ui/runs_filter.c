/* runs_filter.c: see runs_filter.h. */
#include "app/ui/runs_filter.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ui/rows.h"
#include "app/ui/sql_words.h"
#include "experiments/kernel/mem.h"

/* --- words or SQL -------------------------------------------------------------------------------------------- */

/* Does the text have an operator of SQL that is a word? "lr is null", "tags like 'x%'". */
static bool has_sql_word(const char *typed)
{
  static const char *const words[] = {"is", "in", "like", "glob", "between", "not", "and", "or", "null", NULL};
  char *copy = xstrdup(typed), *save = NULL;
  bool found = false;
  for (char *word = strtok_r(copy, " ", &save); word && !found; word = strtok_r(NULL, " ", &save))
    for (size_t i = 0; words[i]; i++)
      found = found || strcasecmp(word, words[i]) == 0;
  free(copy);
  return found;
}

/* Words without any operator of SQL are searched for. */
static bool bare_words(const char *typed)
{
  for (const char *c = typed; *c; c++)
    if (!isalnum((unsigned char)*c) && !(*c & 0x80) && !strchr(" _-./", *c))
      return false;
  return !has_sql_word(typed);
}

/* What a word is searched in. LIKE reads _ as any character: it is escaped. */
static void write_word(FILE *f, const char *word)
{
  static const char *const columns[] = {"experiment", "config", "note", "tags", NULL};
  char *pattern = xmalloc(2 * strlen(word) + 1), *out = pattern;
  for (const char *c = word; *c; c++) {
    if (*c == '_')
      *out++ = '\\';
    *out++ = *c;
  }
  *out = '\0';
  fputc('(', f);
  for (size_t i = 0; columns[i]; i++)
    fprintf(f, "%s LIKE '%%%s%%' ESCAPE '\\' OR ", columns[i], pattern);
  fprintf(f, "status = '%s' OR uid LIKE '%s%%' ESCAPE '\\')", word, pattern);
  free(pattern);
}

char *filter_where(const char *typed)
{
  char *where, *copy, *save = NULL;
  size_t size;
  while (*typed == ' ')
    typed++;
  if (!*typed)
    return NULL;
  if (strncasecmp(typed, "where ", 6) == 0)
    return xstrdup(typed + 6);
  if (!bare_words(typed))
    return xstrdup(typed);
  FILE *f = xstream_open(&where, &size);
  copy = xstrdup(typed);
  for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
    fputs(ftell(f) > 0 ? " AND " : "", f);
    write_word(f, word);
  }
  xstream_close(f);
  free(copy);
  return where;
}

/* --- what may stand at the cursor ------------------------------------------------------------------------------- */

static void offer_names(FILE *f, const struct listing *l, const struct sql_spot *at)
{
  static const char *const fixed[] = {"experiment", "status", "seed", "wall_s", "started_at", "tags", "note", "error", "host", "id"};
  static const char *const words[] = {"and", "or", "not", "is null", "like", "between", "in ("};
  for (size_t i = 0; i < l->params.n; i++)
    sql_offer_name(f, at, l->params.name[i]);
  for (size_t i = 0; i < l->keys.n; i++)
    if (at->n || !result_is_derived(l->keys.name[i]))
      sql_offer_name(f, at, l->keys.name[i]);
  for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
    sql_offer(f, at, fixed[i]);
  for (size_t i = 0; i < sizeof words / sizeof *words && at->n; i++)
    sql_offer(f, at, words[i]);
}

static void offer_value(FILE *f, const struct sql_spot *at, struct names *seen, const char *text, bool number)
{
  enum { MOST = 100 };
  if (seen->n >= MOST || names_has(seen, text) || (number && at->in_quotes))
    return;
  names_add(seen, text);
  if (number)
    sql_offer(f, at, text);
  else
    sql_offer_text(f, at, text);
}

static void offer_param_values(FILE *f, const struct listing *l, const struct sql_spot *at, size_t param, struct names *seen)
{
  for (size_t i = 0; i < l->n_rows; i++) {
    const struct store_cell *c = &l->row[i].param[param];
    char *text = row_param_text(c);
    if (c->type == STORE_TEXT || c->type == STORE_INTEGER) /* fractions are cut for people */
      offer_value(f, at, seen, text, c->type == STORE_INTEGER);
    free(text);
  }
}

/* False: nothing is known of the values of that name. */
static bool offer_values(FILE *f, const struct listing *l, const struct sql_spot *at)
{
  struct names seen = {0};
  size_t param = row_find(&l->params, at->name);
  bool known = true;
  if (param != SIZE_MAX)
    offer_param_values(f, l, at, param, &seen);
  else if (strcmp(at->name, "status") == 0)
    for (enum store_status st = STORE_RUNNING; st <= STORE_LOST; st++)
      offer_value(f, at, &seen, store_status_name(st), false);
  else if (strcmp(at->name, "experiment") == 0)
    for (size_t i = 0; i < l->experiments.n; i++)
      offer_value(f, at, &seen, l->experiments.name[i], false);
  else if (strcmp(at->name, "tags") == 0)
    for (size_t i = 0; i < l->n_rows; i++)
      for (size_t k = 0; k < l->row[i].n_tags; k++)
        offer_value(f, at, &seen, l->row[i].tag[k].name, false);
  else
    known = false;
  names_free(&seen);
  return known;
}

char *filter_candidates(const struct listing *l, const char *text, size_t cursor)
{
  struct sql_spot at = sql_spot_find(text, cursor);
  char *out;
  size_t size;
  FILE *f = xstream_open(&out, &size);
  if (!at.value || !offer_values(f, l, &at))
    offer_names(f, l, &at);
  xstream_close(f);
  return out;
}

/* --- counting ----------------------------------------------------------------------------------------------------- */

int64_t filter_count(struct app *app, struct store *s, const char *typed, const struct names *params, const struct names *results, char **problem)
{
  char *where = filter_where(typed), *from = where_from("runs", where, params, results), *sql = xasprintf("SELECT count(*) %s", from);
  struct store_query *q = reading_query(app, s, sql);
  int64_t count = -1;
  int code = STORE_OK;
  *problem = NULL;
  if (!q)
    *problem = where_problem(s, where, params, results);
  else if (reading_next(q, &code))
    count = store_query_cell(q, 0).i;
  else if (code && !app->cancel)
    *problem = xstrdup(store_message(s));
  if (q)
    store_query_close(q);
  free(where);
  free(from);
  free(sql);
  return count;
}
