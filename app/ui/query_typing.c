/* query_typing.c: while a query is typed: what is wrong with it, or what it will show, read aside at every key. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ui/query_int.h"
#include "experiments/kernel/mem.h"

struct checking_sql {
  struct aside_job job; /* first */
  struct query *view;
  char *text, *remark;
  bool bad;
  struct query_schema schema;
  bool schema_wanted;
};

static char *columns_text(const struct store_query *q)
{
  char *text;
  size_t size, n = store_query_columns(q);
  FILE *f = xstream_open(&text, &size);
  fprintf(f, "%zu column%s", n, n == 1 ? ":" : "s:");
  for (size_t i = 0; i < n && i < 30; i++)
    fprintf(f, "%s %s", i ? "," : "", store_query_name(q, i));
  xstream_close(f);
  return text;
}

static void check_work(struct aside_job *job, struct app *app, struct store *s)
{
  struct checking_sql *c = (struct checking_sql *)job;
  if (s && c->schema_wanted)
    query_schema_load(&c->schema, app, s);
  struct store_query *q = s && *c->text ? reading_query(app, s, c->text) : NULL;
  if (q) {
    c->remark = columns_text(q);
    store_query_close(q);
  } else if (s && *c->text && !app->cancel) {
    const char *message = store_message(s);
    bool unfinished = strstr(message, "incomplete input") || strstr(message, "unrecognized token: \"'");
    c->remark = xstrdup(unfinished ? "unfinished" : message);
    c->bad = !unfinished;
  }
}

static void check_done(struct aside_job *job)
{
  struct checking_sql *c = (struct checking_sql *)job;
  struct query *v = c->view;
  v->checking = NULL;
  if (c->schema.tables.n) {
    query_schema_free(&v->schema);
    v->schema = c->schema;
    c->schema = (struct query_schema){0};
  }
  if (c->remark)
    ui_ask_remark(v->ui, v, c->text, c->bad, "%s", c->remark);
}

static void check_release(struct aside_job *job)
{
  struct checking_sql *c = (struct checking_sql *)job;
  query_schema_free(&c->schema);
  free(c->text);
  free(c->remark);
  free(c);
}

static void check(struct query *v, const char *text, bool schema_wanted)
{
  if (v->checking && !v->checking->schema_wanted)
    aside_drop(ui_aside(v->ui), &v->checking->job);
  struct checking_sql *c = v->checking = xcalloc(1, sizeof *c);
  *c = (struct checking_sql){.job = {.work = check_work, .done = check_done, .release = check_release}, .view = v, .text = xstrdup(text),
                             .schema_wanted = schema_wanted};
  aside_ask(ui_aside(v->ui), &c->job);
}

static void sql_changed(void *self, const char *text) { check(self, text, false); }

static void accept_sql(void *self, const char *text)
{
  if (*text)
    query_start(self, text);
}

static char *candidates(void *self, const char *text, size_t cursor)
{
  const struct query *v = self;
  return query_candidates(&v->schema, text, cursor);
}

void query_type(struct query *v, const char *initial)
{
  ui_ask(v->ui, &(struct ui_question){.label = "SQL:", .initial = initial, .history = "sql", .self = v, .accept = accept_sql, .changed = sql_changed,
                                      .candidates = candidates});
}

void query_edit(struct query *v)
{
  const char *last = v->sql ? v->sql : ui_recall(v->ui, "query.last");
  check(v, "", true); /* keys may have come */
  query_type(v, last ? last : "SELECT ");
}


void query_typing_end(struct query *v)
{
  if (v->checking)
    aside_drop(ui_aside(v->ui), &v->checking->job);
  query_schema_free(&v->schema);
}
