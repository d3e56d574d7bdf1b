/* runs_asking.c: the line in which the filter of the screen of runs is typed: what it would leave, or what is wrong with it, is said
 * above it at every key. */
#include <stdlib.h>
#include <string.h>

#include "app/ui/runs_int.h"
#include "experiments/kernel/mem.h"

/* While a filter is typed: how many runs it would leave, or what is wrong with it. */
struct checking {
  struct aside_job job; /* first */
  struct runs *view;
  char *text, *problem;
  struct names params, results;
  int64_t count;
};

static void checking_work(struct aside_job *job, struct app *app, struct store *s)
{
  struct checking *c = (struct checking *)job;
  if (s)
    c->count = filter_count(app, s, c->text, &c->params, &c->results, &c->problem);
}

static void checking_done(struct aside_job *job)
{
  struct checking *c = (struct checking *)job;
  struct runs *v = c->view;
  bool unfinished = c->problem && strncmp(c->problem, WHERE_UNFINISHED, strlen(WHERE_UNFINISHED)) == 0;
  v->checking = NULL;
  if (c->problem)
    ui_ask_remark(v->ui, v, c->text, !unfinished, "%s", c->problem);
  else if (c->count >= 0)
    ui_ask_remark(v->ui, v, c->text, false, "%lld run%s match%s", (long long)c->count, c->count == 1 ? "" : "s", c->count == 1 ? "es" : "");
}

static void checking_release(struct aside_job *job)
{
  struct checking *c = (struct checking *)job;
  names_free(&c->params);
  names_free(&c->results);
  free(c->text);
  free(c->problem);
  free(c);
}

void runs_stop_checking(struct runs *v)
{
  if (v->checking)
    aside_drop(ui_aside(v->ui), &v->checking->job);
  v->checking = NULL;
}

static void copy_names(struct names *to, const struct names *from)
{
  for (size_t i = 0; i < from->n; i++)
    names_add(to, from->name[i]);
}

static void filter_changed(void *self, const char *text)
{
  struct runs *v = self;
  runs_stop_checking(v);
  struct checking *c = v->checking = xcalloc(1, sizeof *c);
  *c = (struct checking){.job = {.work = checking_work, .done = checking_done, .release = checking_release}, .view = v, .text = xstrdup(text), .count = -1};
  copy_names(&c->params, &v->data.list.params);
  copy_names(&c->results, &v->data.list.keys);
  aside_ask(ui_aside(v->ui), &c->job);
}

static void try_filter(void *self, const char *text)
{
  struct runs *v = self;
  runs_stop_checking(v);
  free(v->typed);
  v->typed = xstrdup(text);
  runs_reload(v);
}

static char *candidates(void *self, const char *text, size_t cursor)
{
  const struct runs *v = self;
  return filter_candidates(&v->data.list, text, cursor);
}

void runs_ask_filter(struct runs *v, const char *initial)
{
  ui_ask(v->ui, &(struct ui_question){.label = "filter (SQL, or words):", .initial = initial, .history = "filter", .self = v,
                                      .accept = try_filter, .changed = filter_changed, .candidates = candidates});
}
