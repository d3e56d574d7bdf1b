/* runs_columns.c: the columns of the screen of runs: which there are by themselves, which were chosen, and what they are sorted by. A column whose cells are all the same is left out unless somebody has asked for it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ui/runs_int.h"
#include "experiments/kernel/mem.h"

/* --- which there are ------------------------------------------------------------------------------------------ */

struct making { struct runs *v; char **name; size_t n; };

static void add(struct making *m, enum what what, size_t index, const char *name)
{
  m->name = xrealloc(m->name, (m->n + 1) * sizeof *m->name);
  m->v->shown = xrealloc(m->v->shown, (m->n + 1) * sizeof *m->v->shown);
  m->v->shown[m->n] = (struct shown){what, index};
  m->name[m->n++] = what == SHOW_CURVE ? xasprintf("~%s", name) : xstrdup(name);
}

/* By the user, here or in init.lua. */
static bool asked_for(const struct runs *v, const char *name)
{
  return names_has(&v->ask.columns, name) || names_has(ui_columns(v->ui), name);
}

/* The one that was chosen with m, else the one that goes with the score. */
static size_t usual_curve(const struct runs *v)
{
  size_t chosen = v->curve ? row_find(&v->data.metrics, v->curve) : SIZE_MAX;
  return chosen != SIZE_MAX ? chosen : v->data.curve;
}

static void add_curves(struct making *m)
{
  const struct names *metrics = &m->v->data.metrics;
  size_t usual = usual_curve(m->v);
  for (size_t i = 0; i < metrics->n; i++) {
    char *name = xasprintf("~%s", metrics->name[i]);
    if (i == usual || asked_for(m->v, name))
      add(m, SHOW_CURVE, i, metrics->name[i]);
    free(name);
  }
}

static void add_result(struct making *m, size_t index)
{
  const struct runs_data *d = &m->v->data;
  add(m, SHOW_RESULT, index, d->list.results.name[index]);
  if (index == d->score && m->v->data.fold == FOLD_CONFIGS)
    add(m, SHOW_BEST, 0, "vs best");
  if (index == d->score)
    add_curves(m);
}

static void add_results(struct making *m)
{
  const struct runs *v = m->v;
  const struct listing *l = &v->data.list;
  for (size_t i = 0; i < l->usual.n; i++) {
    size_t k = row_find(&l->results, l->usual.name[i]);
    if (k == v->data.score || asked_for(v, l->usual.name[i]) || !runs_result_same(l, k))
      add_result(m, k);
  }
  for (size_t k = 0; k < l->results.n; k++)
    if (!names_has(&l->usual, l->results.name[k]) && (k == v->data.score || asked_for(v, l->results.name[k])))
      add_result(m, k);
  if (v->data.score == SIZE_MAX)
    add_curves(m);
}

static void collect(struct making *m)
{
  struct runs *v = m->v;
  const struct listing *l = &v->data.list;
  bool single = v->data.fold != FOLD_CONFIGS;
  if (single)
    add(m, SHOW_ID, 0, "run");
  if (v->data.fold == FOLD_RUNS || asked_for(v, "status"))
    add(m, SHOW_STATUS, 0, "status");
  add(m, SHOW_CONFIG, 0, "config");
  if (asked_for(v, "experiment"))
    add(m, SHOW_EXPERIMENT, 0, "experiment");
  if (!single)
    add(m, SHOW_N, 0, "n");
  if (v->data.fold == FOLD_BEST)
    add(m, SHOW_CHOSEN_FROM, 0, "of");
  if (v->data.any_tag || asked_for(v, "tags"))
    add(m, SHOW_TAGS, 0, "tags");
  add_results(m);
  for (size_t k = 0; k < l->params.n; k++)
    if (asked_for(v, l->params.name[k]))
      add(m, SHOW_PARAM, k, l->params.name[k]);
  if (v->data.any_note || asked_for(v, "note"))
    add(m, SHOW_NOTE, 0, "note");
  add(m, SHOW_WALL, 0, "wall_s");
  if (single || asked_for(v, "started"))
    add(m, SHOW_STARTED, 0, "started");
}

/* The name that a column is sorted by; a curve by its last value. NULL: it has none. Caller frees. */
static char *sort_name(const struct runs *v, size_t source)
{
  const struct names *names = &v->data.list.results;
  switch (v->shown[source].what) {
  case SHOW_ID: return xstrdup("id");
  case SHOW_STARTED: return xstrdup("started_at");
  case SHOW_WALL: return xstrdup("wall_s");
  case SHOW_N: return xstrdup("n");
  case SHOW_EXPERIMENT: return xstrdup("experiment");
  case SHOW_CONFIG: return xstrdup(runs_sorts[SORT_CONFIG]);
  case SHOW_BEST: return xstrdup(runs_sorts[SORT_AGAINST]);
  case SHOW_STATUS: return xstrdup(runs_sorts[SORT_STATUS]);
  case SHOW_TAGS: return xstrdup(runs_sorts[SORT_TAGS]);
  case SHOW_NOTE: return xstrdup(runs_sorts[SORT_NOTE]);
  case SHOW_CHOSEN_FROM: return xstrdup(runs_sorts[SORT_CHOSEN_FROM]);
  case SHOW_PARAM: names = &v->data.list.params; break;
  case SHOW_RESULT: break;
  case SHOW_CURVE: {
    char *last = xasprintf("%s.last", v->data.metrics.name[v->shown[source].index]);
    if (names_has(&v->data.list.keys, last))
      return last;
    free(last);
    return NULL;
  }
  }
  return xstrdup(names->name[v->shown[source].index]);
}

static void mark_sorted(struct runs *v)
{
  v->list.sorted = false;
  for (size_t i = 0; i < v->list.n_columns && !v->list.sorted; i++) {
    char *name = sort_name(v, i);
    if (name && strcmp(name, v->data.sorted_by) == 0) {
      v->list.sorted = true;
      v->list.sort_column = i;
      v->list.descending = v->data.descending;
    }
    free(name);
  }
}

static const char *layout_key(const struct runs *v)
{
  static const char *const keys[] = {[FOLD_CONFIGS] = "runs.layout.configs", [FOLD_RUNS] = "runs.layout.runs", [FOLD_BEST] = "runs.layout.best"};
  return keys[v->data.fold];
}

void runs_make_columns(struct runs *v)
{
  struct making m = {.v = v};
  if (!v->columns_stand || v->columns_fold != v->data.fold) { /* each has its own order and widths */
    const char *layout = ui_recall(v->ui, layout_key(v));
    list_restore(&v->list, layout ? layout : "");
    v->columns_stand = true;
    v->columns_fold = v->data.fold;
  }
  collect(&m);
  list_set_columns(&v->list, (const char *const *)m.name, m.n);
  for (size_t i = 0; i < m.n; i++) {
    struct list_column *c = list_column(&v->list, i);
    enum what what = v->shown[i].what;
    c->grows = what == SHOW_CONFIG;
    c->right = what == SHOW_N || what == SHOW_ID || what == SHOW_WALL || what == SHOW_CHOSEN_FROM;
    free(m.name[i]);
  }
  free(m.name);
  mark_sorted(v);
}

/* --- choosing and sorting ------------------------------------------------------------------------------------------- */

const char *runs_result_here(const struct runs *v)
{
  size_t source = list_cursor(&v->list);
  const struct shown *c = source == SIZE_MAX ? NULL : &v->shown[source];
  return c && c->what == SHOW_RESULT ? v->data.list.results.name[c->index] : NULL;
}

unsigned runs_sort_here(struct runs *v)
{
  size_t source = list_cursor(&v->list);
  char *name = source == SIZE_MAX ? NULL : sort_name(v, source);
  if (!name) {
    ui_say(v->ui, "no last values to sort this curve by");
    return UI_HANDLED;
  }
  bool same = strcmp(v->data.sorted_by, name) == 0;
  v->ask.descending = same ? !v->data.descending : result_higher_better(name);
  v->ask.sort_given = true;
  free(v->ask.sort);
  v->ask.sort = name;
  ui_remember(v->ui, "runs.sort", name);
  ui_remember(v->ui, "runs.descending", v->ask.descending ? "1" : "0");
  runs_reload(v);
  return UI_HANDLED;
}

/* Is there such a column, and is it seen? */
static struct list_column *column_named(struct runs *v, const char *name)
{
  for (size_t i = 0; i < v->list.n_columns; i++)
    if (strcmp(v->list.column[i].name, name) == 0)
      return &v->list.column[i];
  return NULL;
}

static void drop_name(struct names *list, const char *name)
{
  size_t kept = 0;
  for (size_t i = 0; i < list->n; i++)
    if (strcmp(list->name[i], name) == 0)
      free(list->name[i]);
    else
      list->name[kept++] = list->name[i];
  list->n = kept;
}

static void accept_columns(void *self, size_t index)
{
  struct runs *v = self;
  (void)index;
  for (size_t i = 0; i < v->choosing.all.n; i++) {
    const char *name = v->choosing.all.name[i];
    struct list_column *c = column_named(v, name);
    bool on = v->choosing.on[i], seen = c && !c->hidden;
    if (on == seen)
      continue;
    if (c)
      c->hidden = !on;
    if (!on)
      drop_name(&v->ask.columns, name);
    else if (!names_has(&v->ask.columns, name))
      names_add(&v->ask.columns, name);
  }
  runs_keep_columns(v);
  runs_reload(v);
}

static void offer(struct names *all, const char *name)
{
  if (!names_has(all, name))
    names_add(all, name);
}

/* What is seen first, then all that could be. */
static void collect_choices(struct runs *v)
{
  static const char *const facts[] = {"status", "experiment", "tags", "note", "wall_s", "started"};
  struct names *all = &v->choosing.all;
  names_free(all);
  for (size_t i = 0; i < v->list.n_columns; i++)
    offer(all, v->list.column[i].name);
  for (size_t i = 0; i < v->data.list.params.n; i++)
    offer(all, v->data.list.params.name[i]);
  for (size_t i = 0; i < v->data.list.keys.n; i++)
    offer(all, v->data.list.keys.name[i]);
  for (size_t i = 0; i < v->data.metrics.n; i++) {
    char *curve = xasprintf("~%s", v->data.metrics.name[i]);
    offer(all, curve);
    free(curve);
  }
  for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
    offer(all, facts[i]);
}

static const char *kind_of(const struct runs *v, const char *name)
{
  return *name == '~'                             ? "curve"
         : names_has(&v->data.list.params, name)  ? "parameter"
         : !names_has(&v->data.list.keys, name)   ? ""
         : result_is_derived(name)                ? "of a metric"
                                                  : "result";
}

unsigned runs_choose_columns(struct runs *v)
{
  struct names *all = &v->choosing.all;
  collect_choices(v);
  const char **note = xcalloc(all->n + 1, sizeof *note);
  free(v->choosing.on);
  v->choosing.on = xcalloc(all->n + 1, sizeof *v->choosing.on);
  for (size_t i = 0; i < all->n; i++) {
    const struct list_column *c = column_named(v, all->name[i]);
    v->choosing.on[i] = c && !c->hidden;
    note[i] = kind_of(v, all->name[i]);
  }
  ui_menu(v->ui, &(struct ui_menu){.title = "columns", .item = (const char *const *)all->name, .note = note, .n = all->n, .marked = v->choosing.on,
                                   .self = v, .accept = accept_columns});
  free(note);
  return UI_HANDLED;
}

/* --- kept for the next time ----------------------------------------------------------------------------------------- */

void runs_keep_columns(struct runs *v)
{
  char *layout = list_layout(&v->list), *text;
  size_t size;
  FILE *f = xstream_open(&text, &size);
  for (size_t i = 0; i < v->ask.columns.n; i++)
    fprintf(f, "%s%s", i ? "\x1f" : "", v->ask.columns.name[i]);
  xstream_close(f);
  ui_remember(v->ui, layout_key(v), layout);
  ui_remember(v->ui, "runs.columns", text);
  free(layout);
  free(text);
}

void runs_recall_columns(struct runs *v)
{
  const char *columns = ui_recall(v->ui, "runs.columns");
  char *copy = xstrdup(columns ? columns : ""), *save = NULL;
  names_free(&v->ask.columns);
  for (char *name = strtok_r(copy, "\x1f", &save); name; name = strtok_r(NULL, "\x1f", &save))
    names_add(&v->ask.columns, name);
  free(copy);
}
