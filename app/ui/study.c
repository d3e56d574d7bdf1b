/* study.c: see study.h. */
#include "app/ui/study.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ui/rows.h"
#include "experiments/kernel/mem.h"

struct studying {
  struct aside_job job; /* first */
  struct study *study;
  char *wanted;          /* experiment; NULL: the newest */
  struct names experiments;
  struct listing list;
  bool good;
};

static void find_experiments(struct studying *k, struct app *app, struct store *s)
{
  int code;
  const char *sql = k->study->by_result
    ? "SELECT experiment FROM runs r WHERE EXISTS (SELECT 1 FROM result p WHERE p.run_id = r.id AND p.key GLOB ?1) GROUP BY experiment ORDER BY max(id) DESC"
    : "SELECT experiment FROM runs r WHERE EXISTS (SELECT 1 FROM param p WHERE p.run_id = r.id AND p.key GLOB ?1) GROUP BY experiment ORDER BY max(id) DESC";
  struct store_query *q = reading_query(app, s, sql);
  if (!q) {
    aside_fail(&k->job, "%s", store_message(s));
    return;
  }
  store_query_bind_text(q, 1, k->study->param);
  while (reading_next(q, &code))
    names_add(&k->experiments, store_query_cell(q, 0).text);
  store_query_close(q);
}

static void work(struct aside_job *job, struct app *app, struct store *s)
{
  struct studying *k = (struct studying *)job;
  if (!s)
    return;
  find_experiments(k, app, s);
  if (!k->experiments.n)
    return;
  if (!k->wanted || !names_has(&k->experiments, k->wanted)) {
    free(k->wanted);
    k->wanted = xstrdup(k->experiments.name[0]);
  }
  const struct listing_ask ask = {.seeds = true, .experiment = k->wanted, .most_results = SIZE_MAX, .timings = true};
  k->good = listing_load(&k->list, app, s, &ask) == EXIT_DONE;
}

static void done(struct aside_job *job)
{
  struct studying *k = (struct studying *)job;
  struct study *s = k->study;
  s->job = NULL;
  free(s->problem);
  s->problem = job->error ? xstrdup(job->error) : NULL;
  names_free(&s->experiments);
  s->experiments = k->experiments;
  k->experiments = (struct names){0};
  listing_free(&s->list);
  s->list = k->list;
  k->list = (struct listing){0};
  s->loaded = true;
  free(s->name);
  s->name = k->good ? xstrdup(k->wanted) : NULL;
  if (s->changed)
    s->changed(s->self);
  ui_redraw(s->ui);
}

static void release(struct aside_job *job)
{
  struct studying *k = (struct studying *)job;
  listing_free(&k->list);
  names_free(&k->experiments);
  free(k->wanted);
  free(k);
}

static void load(struct study *s, const char *wanted)
{
  if (s->job)
    aside_drop(ui_aside(s->ui), &s->job->job);
  struct studying *k = s->job = xcalloc(1, sizeof *k);
  k->job = (struct aside_job){.work = work, .done = done, .release = release};
  k->study = s;
  k->wanted = wanted ? xstrdup(wanted) : NULL;
  aside_ask(ui_aside(s->ui), &k->job);
}

void study_load(struct study *s) { load(s, s->name); }

void study_refresh(struct study *s, bool store_changed)
{
  if (!s->job && (store_changed || !s->loaded))
    study_load(s);
}

void study_title(const struct study *s, char *out, size_t size)
{
  snprintf(out, size, "%s%s", s->name ? s->name : "", s->experiments.n > 1 ? "  (m: another experiment)" : "");
}

static void accept(void *self, size_t index)
{
  struct study *s = self;
  load(s, s->experiments.name[index]);
}

void study_choose(struct study *s)
{
  ui_menu(s->ui, &(struct ui_menu){.title = "experiments", .item = (const char *const *)s->experiments.name, .n = s->experiments.n, .self = s, .accept = accept});
}

void study_free(struct study *s)
{
  if (s->job)
    aside_drop(ui_aside(s->ui), &s->job->job);
  listing_free(&s->list);
  names_free(&s->experiments);
  free(s->name);
  free(s->problem);
}

bool study_draw_missing(const struct study *s, struct plot_grid *g, struct area a, bool empty, const char *hint)
{
  const char *text = !s->loaded ? "reading …" : s->problem ? s->problem : !s->name || !s->list.n_rows || empty ? hint : NULL;
  if (text)
    draw_wrapped(g, (struct area){a.row + 1, 2, a.height - 1, a.width - 4}, text, UI_GREY, 0);
  return text != NULL;
}

double study_param(const struct study *s, size_t row, size_t param)
{
  const struct store_cell *c = param < s->list.params.n ? &s->list.row[row].param[param] : NULL;
  return c && (c->type == STORE_INTEGER || c->type == STORE_REAL) ? c->r : NAN;
}

static int by_value(const void *a, const void *b)
{
  const char *p = *(char *const *)a, *q = *(char *const *)b;
  char *p_end, *q_end;
  double x = strtod(p, &p_end), y = strtod(q, &q_end);
  bool numbers = p_end != p && q_end != q && !*p_end && !*q_end;
  return numbers ? (x > y) - (x < y) : strcmp(p, q);
}

void study_values(const struct study *s, size_t param, struct names *out)
{
  for (size_t i = 0; i < s->list.n_rows; i++) {
    char *text = row_param_text(&s->list.row[i].param[param]);
    if (!names_has(out, text))
      names_add(out, text);
    free(text);
  }
  if (out->n)
    qsort(out->name, out->n, sizeof *out->name, by_value);
}
