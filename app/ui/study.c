/* study.c: see study.h. */
#include "app/ui/study.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ui/rows.h"
#include "app/ui/run_view.h"
#include "experiments/kernel/mem.h"

struct studying {
  struct aside_job job; /* first */
  struct study *study;
  const char *param; bool by_result; /* of its kind */
  char *wanted;          /* experiment; NULL: the newest */
  struct names experiments;
  struct listing list;
  bool good;
};

static void find_experiments(struct studying *k, struct app *app, struct store *s)
{
  int code;
  char *sql = xasprintf("SELECT experiment FROM runs r WHERE EXISTS (SELECT 1 FROM %s p WHERE p.run_id = r.id AND p.key GLOB ?1)"
                        " GROUP BY experiment ORDER BY max(id) DESC", k->by_result ? "result" : "param");
  struct store_query *q = reading_query(app, s, sql);
  free(sql);
  if (!q) {
    aside_fail(&k->job, "%s", store_message(s));
    return;
  }
  store_query_bind_text(q, 1, k->param);
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

/* --- settings ------------------------------------------------------------------------------------------------ */

/* What a config is under, as far as that differs within the experiment: the script's own parameters, and its text. */
static char *setting_text(const struct study *s, size_t row)
{
  const struct listing *l = &s->list;
  char *text = l->scripts_differ ? xasprintf("script %.8s", l->row[row].script) : xstrdup("");
  for (size_t k = 0; k < l->params.n; k++) {
    const char *name = row_param_name(l->params.name[k]);
    bool of_script = name != l->params.name[k];
    if (!of_script || !l->differs[k] || l->row[row].param[k].type == STORE_NULL)
      continue;
    char *value = row_param_text(&l->row[row].param[k]), *longer = xasprintf("%s%s%s=%s", text, *text ? " " : "", name, value);
    free(value);
    free(text);
    text = longer;
  }
  return text;
}

/* Its configs, and what follows from them. */
static void choose_setting(struct study *s, size_t setting)
{
  free(s->row);
  s->row = xcalloc(s->list.n_rows + 1, sizeof *s->row);
  s->n_rows = 0;
  s->setting = setting;
  for (size_t i = 0; i < s->list.n_rows; i++) {
    char *text = setting_text(s, i);
    if (strcmp(text, s->settings.name[setting]) == 0)
      s->row[s->n_rows++] = i;
    free(text);
  }
  s->table.n_rows = 0;
  s->kind->judge(s);
  list_select(&s->table, s->table.at);
  ui_redraw(s->ui);
}

/* The newest that has something to show. */
static void choose_newest(struct study *s)
{
  for (size_t i = 0; i < s->settings.n && (i == 0 || !s->table.n_rows); i++)
    choose_setting(s, i);
  if (!s->table.n_rows)
    choose_setting(s, 0);
}

/* Runs are sorted by age. */
static void find_settings(struct study *s, const char *wanted)
{
  size_t last = SIZE_MAX;
  names_free(&s->settings);
  for (size_t i = s->list.n_runs; i-- > 0;) {
    if (s->list.run[i].row == last)
      continue;
    last = s->list.run[i].row;
    char *text = setting_text(s, last);
    if (!names_has(&s->settings, text))
      names_add(&s->settings, text);
    free(text);
  }
  if (s->settings.n == 0)
    names_add(&s->settings, "");
  if (wanted && names_has(&s->settings, wanted))
    choose_setting(s, row_find(&s->settings, wanted));
  else
    choose_newest(s);
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
  bool same = s->name && k->good && strcmp(s->name, k->wanted) == 0 && s->chosen; /* else the newest */
  char *setting = same ? xstrdup(s->settings.name[s->setting]) : NULL;
  free(s->name);
  s->name = k->good ? xstrdup(k->wanted) : NULL;
  find_settings(s, setting);
  free(setting);
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
  k->param = s->kind->param;
  k->by_result = s->kind->by_result;
  k->wanted = wanted ? xstrdup(wanted) : NULL;
  aside_ask(ui_aside(s->ui), &k->job);
}

void *study_open(struct ui *ui, const struct study_kind *kind)
{
  struct study *s = xcalloc(1, kind->size);
  s->ui = ui;
  s->kind = kind;
  s->table = (struct list){.self = s, .cell = kind->cell};
  return s;
}

void study_close(struct study *s)
{
  if (s->job)
    aside_drop(ui_aside(s->ui), &s->job->job);
  listing_free(&s->list);
  names_free(&s->experiments);
  names_free(&s->settings);
  list_free(&s->table);
  free(s->row);
  free(s->name);
  free(s->problem);
  free(s);
}

/* --- as functions of struct view ----------------------------------------------------------------------------- */

void study_view_refresh(void *self, bool store_changed)
{
  struct study *s = self;
  if (!s->job && (store_changed || !s->loaded))
    load(s, s->name);
}

void study_view_title(void *self, char *out, size_t size)
{
  const struct study *s = self;
  const char *setting = s->settings.n ? s->settings.name[s->setting] : "";
  bool several = s->settings.n > 1, by_menu = several || s->experiments.n > 1;
  snprintf(out, size, "%s%s%s%s", s->name ? s->name : "", *setting ? "  " : "", setting,
           several && !s->own_model_key ? "  (E, f: another)" : by_menu ? "  (E: another)" : "");
}

char *study_view_text(void *self, bool whole)
{
  struct study *s = self;
  return s->table.n_rows ? list_text(&s->table, whole) : NULL;
}

/* The settings of the experiment that is shown, then the other experiments. */
static void accept(void *self, size_t index)
{
  struct study *s = self;
  s->chosen = index < s->settings.n;
  if (s->chosen)
    choose_setting(s, index);
  else if (index - s->settings.n < s->experiments.n)
    load(s, s->experiments.name[index - s->settings.n]);
}

static void choose(struct study *s)
{
  struct names items = {0};
  for (size_t i = 0; i < s->settings.n; i++) {
    char *text = xasprintf("%s  %s", s->name ? s->name : "", s->settings.name[i]);
    names_add(&items, text);
    free(text);
  }
  for (size_t i = 0; i < s->experiments.n; i++)
    names_add(&items, s->experiments.name[i]);
  ui_menu(s->ui, &(struct ui_menu){.title = "experiments", .item = (const char *const *)items.name, .n = items.n, .self = s, .accept = accept});
  names_free(&items);
}

unsigned study_request(struct study *s, enum request r, const struct ui_event *ev)
{
  if (r == REQUEST_MODEL && s->settings.n > 1) {
    size_t from = s->setting;
    do /* past those that have nothing to show */
      accept(s, (s->setting + 1) % s->settings.n);
    while (!s->table.n_rows && s->setting != from);
    return UI_HANDLED | UI_REDRAW;
  }
  if (r == REQUEST_STUDY && s->experiments.n) {
    choose(s);
    return UI_HANDLED;
  }
  return s->table.n_rows ? list_request(&s->table, r, ev, s->drawn) : 0;
}

void study_show_runs(struct study *s, size_t listing_row)
{
  int64_t *id = xcalloc(s->list.n_runs + 1, sizeof *id);
  size_t n = 0;
  for (size_t i = 0; i < s->list.n_runs; i++)
    if (s->list.run[i].row == listing_row)
      id[n++] = s->list.run[i].id;
  run_view_show(s->ui, id, n);
  free(id);
  ui_go(s->ui, REQUEST_SCREEN_RUN);
}

/* --- drawing ------------------------------------------------------------------------------------------------- */

bool study_draw_missing(const struct study *s, struct plot_grid *g, struct area a)
{
  const char *text = !s->loaded ? "reading …" : s->problem ? s->problem : !s->table.n_rows ? s->kind->hint : NULL;
  if (text)
    draw_wrapped(g, (struct area){a.row + 1, 2, a.height - 1, a.width - 4}, text, UI_GREY, 0);
  return text != NULL;
}

struct area study_draw_table(struct study *s, struct plot_grid *g, struct area a, int most)
{
  int rows = s->table.n_rows < (size_t)most ? (int)s->table.n_rows + 1 : most;
  s->drawn = (struct area){a.row, a.col, rows, a.width};
  list_draw(&s->table, g, s->drawn);
  return (struct area){a.row + rows, a.col, a.height - rows, a.width};
}
