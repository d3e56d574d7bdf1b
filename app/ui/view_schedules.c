/* view_schedules.c: screen 4: which schedule is best, by how much, and how much it matters that its peak rate is tuned.
 *
 * Where the runs differ in more (problems, optimizers), each combination is a facet with ranks of its own, and one table
 * stands over all of them. Above the ranks, below them pictures (schedules_plots.c). The numbers are those of
 * schedules_data.c and schedules_overall.c. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ui/schedules_view.h"
#include "experiments/kernel/mem.h"

static const char all_facets[] = "*", memory_key[] = "schedules.facet";

/* --- which facet is shown ---------------------------------------------------------------------------------------- */

static void select_schedule(struct schedules *v, const char *name)
{
  const struct facet *f = schedules_facet(v);
  size_t row = v->study.table.at;
  for (size_t i = 0; i < f->n && name; i++)
    row = strcmp(f->standing[i].name, name) == 0 ? i : row;
  list_select(&v->study.table, row);
}

static void show_facet(struct schedules *v, const char *selected)
{
  schedules_set_columns(v);
  select_schedule(v, selected);
  schedules_curves_ask(v);
}

/* Somebody asks for a facet, or for all: it is shown the next time too. */
static void want(struct schedules *v, size_t facet, bool overall)
{
  char *selected = xstrdup(schedules_facet(v)->standing[v->study.table.at].name);
  bool another = facet != v->at;
  v->at = facet;
  v->overall = overall;
  free(v->wanted);
  v->wanted = xstrdup(overall ? all_facets : schedules_facet(v)->name);
  ui_remember(v->study.ui, memory_key, v->wanted);
  if (another)
    show_facet(v, selected);
  free(selected);
}

/* The one that was wanted last, else what is said over all. */
static void choose_facet(struct schedules *v)
{
  const char *wanted = v->wanted ? v->wanted : ui_recall(v->study.ui, memory_key);
  size_t at = wanted ? facets_named(&v->data, wanted) : SIZE_MAX;
  v->overall = v->data.n > 1 && at == SIZE_MAX;
  v->at = at < v->data.n ? at : v->at < v->data.n ? v->at : 0;
}

static void judge(struct study *s)
{
  struct schedules *v = (struct schedules *)s;
  struct schedules_data old = v->data;
  char *shown = old.n ? xstrdup(schedules_facet(v)->name) : NULL;
  char *selected = old.n ? xstrdup(schedules_facet(v)->standing[s->table.at].name) : NULL;
  size_t old_at = v->at;
  schedules_curves_drop(v);
  v->data = (struct schedules_data){0};
  schedules_judge(&v->data, s);
  overall_judge(&v->whole, &v->data, s);
  s->own_model_key = v->data.n > 1;
  if (v->data.n) {
    choose_facet(v);
    if (shown && strcmp(shown, schedules_facet(v)->name) == 0)
      schedules_curves_inherit(schedules_facet(v), &old.facet[old_at]);
    schedules_set_places(v);
    show_facet(v, selected);
  }
  schedules_free(&old);
  free(shown);
  free(selected);
}

/* --- drawing ----------------------------------------------------------------------------------------------------- */

static const struct binding keys[] = {{"f", REQUEST_FACET}, {"v", REQUEST_SECOND_FACET}, {".", REQUEST_NEXT_FACET}, {",", REQUEST_PREVIOUS_FACET},
                                      {"o", REQUEST_OVERALL}, {0}};

static int draw_key(const struct schedules *v, struct plot_grid *g, struct area a, int col, enum request r)
{
  char key[16];
  return draw_format(g, a.row, col, a.width - col - 1, UI_GREY, 0, "%s ", request_key(v->study.ui, keys, r, key));
}

/* "f optimizer sgd (1 of 3)   v problem fashion-mlp (2 of 3)   o over all 9" */
static void draw_facet_line(const struct schedules *v, struct plot_grid *g, struct area a)
{
  const enum request step[] = {REQUEST_FACET, REQUEST_SECOND_FACET};
  const struct schedules_data *d = &v->data;
  int col = 1;
  for (size_t k = 0; k < d->n_keys; k++) {
    size_t at = schedules_facet(v)->at[k];
    if (k < sizeof step / sizeof *step)
      col += draw_key(v, g, a, col, step[k]);
    col += draw_format(g, a.row, col, a.width - col - 1, UI_GREY, 0, "%s ", v->study.list.params.name[d->key[k]]);
    col += draw_text(g, a.row, col, a.width - col - 1, d->value[k].name[at], 0, PLOT_BOLD);
    col += draw_format(g, a.row, col, a.width - col - 1, UI_GREY, 0, " (%zu of %zu)   ", at + 1, d->value[k].n);
  }
  col += draw_key(v, g, a, col, REQUEST_OVERALL);
  draw_format(g, a.row, col, a.width - col - 1, 0, 0, "over all %zu", d->n);
}

/* "over all 9: optimizer (3), problem (3)   o one of them" */
static void draw_overall_line(const struct schedules *v, struct plot_grid *g, struct area a)
{
  const struct schedules_data *d = &v->data;
  int col = 1 + draw_format(g, a.row, 1, a.width - 2, 0, PLOT_BOLD, "over all %zu", d->n);
  for (size_t k = 0; k < d->n_keys; k++)
    col += draw_format(g, a.row, col, a.width - col - 1, UI_GREY, 0, "%s%s (%zu)", k ? ", " : ": ", v->study.list.params.name[d->key[k]], d->value[k].n);
  if (d->left_out)
    col += draw_format(g, a.row, col, a.width - col - 1, UI_ORANGE, 0, "  %zu more are left out", d->left_out);
  col = 2 + draw_key(v, g, a, col + 3, REQUEST_OVERALL) + col;
  draw_text(g, a.row, col + 1, a.width - col - 2, "one of them", 0, 0);
}

static struct area below(struct area a, int rows) { return (struct area){a.row + rows, a.col, a.height - rows, a.width}; }

static void draw_overall(struct schedules *v, struct plot_grid *g, struct area a)
{
  int rows = v->places.n_rows < (size_t)a.height / 2 ? (int)v->places.n_rows + 1 : a.height / 2;
  draw_overall_line(v, g, a);
  a = below(a, 1);
  v->drawn = (struct area){a.row, a.col, rows, a.width};
  list_draw(&v->places, g, v->drawn);
  a = below(a, rows);
  draw_text(g, a.row, 1, a.width - 2, "place by mean score in each.  Enter: where the selected one is worst", UI_GREY, 0);
  schedules_draw_places(v, g, below(a, 1));
}

static void draw_pictures(const struct schedules *v, struct plot_grid *g, struct area a)
{
  bool two = a.width >= 110, three = two && a.height >= 28;
  int width = two ? a.width * 3 / 5 : a.width, right = a.width - width - 1, upper = three ? a.height / 2 : a.height;
  schedules_draw_part(v, g, (struct area){a.row, 0, a.height, width}, (int)v->part);
  if (two)
    schedules_draw_part(v, g, (struct area){a.row, width + 1, upper, right}, (int)v->part + 1);
  if (three)
    schedules_draw_part(v, g, (struct area){a.row + upper, width + 1, a.height - upper, right}, (int)v->part + 2);
}

static void draw_ranks(struct schedules *v, struct plot_grid *g, struct area a)
{
  if (v->data.n > 1) {
    draw_facet_line(v, g, a);
    a = below(a, 1);
  }
  a = study_draw_table(&v->study, g, a, a.height / 2);
  const char *tuned = v->study.list.results.name[v->data.tuned];
  draw_format(g, a.row, 1, a.width - 2, UI_GREY, 0, "1 =: cannot be told from the best (paired t over seeds, Holm, 5 %%).  peak: best by %s.  good range: peaks within 10 %% of the best."
              "  to target: the part of T until %s is within 10 %% of the least of all", tuned, tuned);
  draw_pictures(v, g, below(a, 1));
}

static void draw(void *self, struct plot_grid *g, struct area a)
{
  struct schedules *v = self;
  if (study_draw_missing(&v->study, g, a))
    return;
  if (v->overall)
    draw_overall(v, g, a);
  else
    draw_ranks(v, g, a);
}

/* --- requests ---------------------------------------------------------------------------------------------------- */

/* From the table of all to the facet in which the selected schedule is worst. */
static void open_worst(struct schedules *v)
{
  const struct placing *p = &v->whole.placing[v->places.at];
  const char *name = p->name;
  want(v, p->worst_in, false);
  select_schedule(v, name);
}

/* From the table of all, the first step shows the facet that was shown before. */
static bool request_facet(struct schedules *v, enum request r)
{
  size_t to, n = v->data.n;
  switch (r) {
  case REQUEST_OVERALL: want(v, v->at, !v->overall); return true;
  case REQUEST_FACET: to = facets_step(&v->data, v->at, 0); break;
  case REQUEST_SECOND_FACET: to = v->data.n_keys > 1 ? facets_step(&v->data, v->at, 1) : v->at; break;
  case REQUEST_NEXT_FACET: to = (v->at + 1) % n; break;
  case REQUEST_PREVIOUS_FACET: to = (v->at + n - 1) % n; break;
  default: return false;
  }
  want(v, v->overall ? v->at : to, false);
  return true;
}

static unsigned request_overall(struct schedules *v, enum request r, const struct ui_event *ev)
{
  if (r == REQUEST_STUDY)
    return study_request(&v->study, r, ev);
  if (r != REQUEST_OPEN)
    return v->places.n_rows ? list_request(&v->places, r, ev, v->drawn) : 0;
  if (v->whole.n)
    open_worst(v);
  return UI_HANDLED | UI_REDRAW;
}

static unsigned request_ranks(struct schedules *v, enum request r, const struct ui_event *ev)
{
  switch (r) {
  case REQUEST_METRIC: v->metric = (v->metric + 1) % v->n_shown; break;
  case REQUEST_NEXT_PART: v->part = (v->part + 1) % SCHEDULES_PARTS; break;
  case REQUEST_PREVIOUS_PART: v->part = (v->part + SCHEDULES_PARTS - 1) % SCHEDULES_PARTS; break;
  case REQUEST_OPEN: study_show_runs(&v->study, schedules_facet(v)->standing[v->study.table.at].row); break;
  default: return study_request(&v->study, r, ev);
  }
  return UI_HANDLED | UI_REDRAW;
}

static unsigned request(void *self, enum request r, const struct ui_event *ev)
{
  struct schedules *v = self;
  if (v->data.n > 1 && request_facet(v, r))
    return UI_HANDLED | UI_REDRAW;
  if (r == REQUEST_FACET)
    r = REQUEST_MODEL; /* without facets, f steps through the settings as on the other screens */
  if (!v->data.n)
    return study_request(&v->study, r, ev);
  return v->overall ? request_overall(v, r, ev) : request_ranks(v, r, ev);
}

static char *text(void *self, bool whole)
{
  struct schedules *v = self;
  return !v->overall ? study_view_text(self, whole) : v->places.n_rows ? list_text(&v->places, whole) : NULL;
}

static const struct study_kind kind = {.size = sizeof(struct schedules), .param = "schedule", .judge = judge, .cell = schedules_cell,
                                       .hint = "no runs with the parameters schedule and peak yet: screen 8 starts compare/schedules.lua"};

static void *open_view(struct ui *ui)
{
  struct schedules *v = study_open(ui, &kind);
  v->study.table.draw = schedules_draw_cell;
  v->places = (struct list){.self = v, .cell = schedules_place_cell};
  return v;
}

static void close_view(void *self)
{
  struct schedules *v = self;
  schedules_curves_drop(v);
  overall_free(&v->whole);
  schedules_free(&v->data);
  list_free(&v->places);
  free(v->wanted);
  study_close(&v->study);
}

/* --- hints ------------------------------------------------------------------------------------------------------- */

static const enum request *hints_now(void *self)
{
  static const enum request alone[] = {REQUEST_NEXT_PART, REQUEST_METRIC, REQUEST_OPEN, REQUEST_STUDY, REQUEST_EXPORT, REQUEST_BACK, REQUEST_NONE};
  static const enum request one[] = {REQUEST_FACET, REQUEST_SECOND_FACET, REQUEST_NEXT_FACET, REQUEST_OVERALL, REQUEST_NEXT_PART, REQUEST_METRIC, REQUEST_OPEN, REQUEST_STUDY,
                                     REQUEST_EXPORT, REQUEST_BACK, REQUEST_NONE};
  static const enum request one_key[] = {REQUEST_FACET, REQUEST_OVERALL, REQUEST_NEXT_PART, REQUEST_METRIC, REQUEST_OPEN, REQUEST_STUDY, REQUEST_EXPORT, REQUEST_BACK, REQUEST_NONE};
  static const enum request all[] = {REQUEST_OPEN, REQUEST_OVERALL, REQUEST_FACET, REQUEST_NEXT_FACET, REQUEST_STUDY, REQUEST_EXPORT, REQUEST_BACK, REQUEST_NONE};
  const struct schedules *v = self;
  return v->data.n < 2 ? alone : v->overall ? all : v->data.n_keys < 2 ? one_key : one;
}

const struct view view_schedules = {
  .name = "Schedules",
  .screen = REQUEST_SCREEN_SCHEDULES,
  .summary = "Schedules ranked at their best peak rate, with paired tests, and how sensitive each is to that rate. Where runs differ in more (problem, "
             "optimizer), f and v step through what they differ in, each combination has ranks of its own, and o holds the schedules together over all. Tab turns "
             "to the course of the training, the heat map and the shapes, m chooses the result, Enter opens the runs.",
  .keys = keys,
  .hints_now = hints_now,
  .open = open_view,
  .close = close_view,
  .refresh = study_view_refresh,
  .draw = draw,
  .request = request,
  .title = study_view_title,
  .text = text,
};
