/* view_bounds.c: screen 5: bounds and measures beside the gap that was measured: how often a bound is wrong, how tight
 * it is, and whether it ranks nets as their gaps do. The numbers are those of bounds_data.c. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ui/bounds_data.h"
#include "experiments/kernel/mem.h"
#include "experiments/method.h"

enum { MOST_SERIES = 12, DIAGONAL = 48 };

struct bounds {
  struct study study; /* first */
  struct bounds_data data;
  bool alone;         /* the picture shows what is selected, else all bounds */
};

static void judge(struct study *s)
{
  static const char *const columns[] = {"bound or measure", "kind", "median", "vacuous", "violated", "held-out", "tightness", "tau with the gap", "Psi", "runs"};
  struct bounds *v = (struct bounds *)s;
  bounds_judge(&v->data, s);
  s->table.n_rows = v->data.n;
  list_set_columns(&s->table, columns, sizeof columns / sizeof *columns);
}

/* --- drawing ----------------------------------------------------------------------------------------------------- */

static char *correlation(const struct over_seeds *x)
{
  return !x->n ? xstrdup("-") : x->n == 1 ? xasprintf("%+.2f", x->mean) : xasprintf("%+.2f [%+.2f, %+.2f]", x->mean, x->interval.low, x->interval.high);
}

static char *number(double v) { return isnan(v) ? xstrdup("-") : xasprintf(fabs(v) < 1e4 ? "%.3g" : "%.1e", v); }

static char *share(size_t some, size_t all, bool any) { return any ? xasprintf("%zu of %zu", some, all) : xstrdup("-"); }

static char *cell(void *self, size_t row, size_t column, struct plot_cell *style)
{
  const struct bounds *v = self;
  const struct judged *j = &v->data.judged[row];
  switch (column) {
  case 0: return xstrdup(v->study.list.results.name[j->result]);
  case 1: return xstrdup(j->kind);
  case 2: return j->bound && j->value >= 1 ? xstrdup("vacuous") : number(j->value);
  case 3: return share(j->vacuous, j->n, j->bound);
  case 4:
    style->fg = j->violated ? UI_RED : 0;
    return j->bound ? share(j->violated, j->n, true) : xstrdup("no bound");
  case 5: return number(j->truth);
  case 6: return isnan(j->tightness) ? xstrdup("-") : xasprintf(fabs(j->tightness) < 1e4 ? "%.3gx" : "%.1ex", j->tightness);
  case 7: return correlation(&j->tau);
  case 8: return correlation(&j->psi);
  default: return xasprintf("%zu", j->n);
  }
}

/* Series of one picture; what they point to is owned. */
struct scatter { struct plot_series series[MOST_SERIES]; double *owned[2 * MOST_SERIES]; size_t n; double low, high; };

static void add_points(struct scatter *p, const struct bounds *v, const struct judged *j)
{
  if (p->n + 1 >= MOST_SERIES) /* the last place is the diagonal's */
    return;
  double *x = xcalloc(v->study.list.n_runs + 1, sizeof *x), *y = xcalloc(v->study.list.n_runs + 1, sizeof *y);
  size_t n = bounds_points(&v->data, &v->study, j, x, y);
  for (size_t i = 0; i < n; i++) {
    p->low = fmin(p->low, x[i]);
    p->high = fmax(p->high, x[i]);
  }
  p->owned[2 * p->n] = x;
  p->owned[2 * p->n + 1] = y;
  p->series[p->n++] = (struct plot_series){.label = v->study.list.results.name[j->result], .n = n, .x = x, .y = y};
}

/* Where bound and gap are equal: a bound on the gap lies above it. */
static void add_diagonal(struct scatter *p)
{
  double *x = p->owned[2 * p->n] = xcalloc(DIAGONAL, sizeof *x);
  for (size_t i = 0; i < DIAGONAL; i++)
    x[i] = p->low * pow(p->high / p->low, (double)i / (DIAGONAL - 1));
  p->series[p->n++] = (struct plot_series){.label = "equal", .n = DIAGONAL, .x = x, .y = x};
}

static void draw_scatter(const struct bounds *v, struct plot_grid *g, struct area a)
{
  struct scatter p = {.low = INFINITY, .high = 0};
  const struct judged *chosen = &v->data.judged[v->study.table.at];
  bool all = chosen->bound && !v->alone;
  for (size_t i = 0; i < v->data.n; i++)
    if (all ? v->data.judged[i].bound : &v->data.judged[i] == chosen)
      add_points(&p, v, &v->data.judged[i]);
  if (chosen->bound && p.high > 0)
    add_diagonal(&p);
  const char *name = v->study.list.results.name[chosen->result];
  char *title = all ? xstrdup("bounds on the gap (bound less training error) against the measured gap, a run each")
                : chosen->bound ? xasprintf("%s less training error against the measured gap, a run each", name)
                                : xasprintf("%s against the measured gap, a run each", name);
  struct plot_spec spec = {.kind = PLOT_SCATTER, .title = title, .x_label = "measured gap", .log_x = 1, .log_y = 1, .n_series = p.n, .series = p.series};
  draw_plot(g, a, &spec);
  free(title);
  for (size_t i = 0; i < 2 * MOST_SERIES; i++)
    free(p.owned[i]);
}

/* What statement of a kind means; "" for a kind that this assay does not know. */
static const char *meaning(const char *tag)
{
  for (enum statement s = STATEMENT_HP; s <= STATEMENT_C; s++)
    if (strcmp(statement_tag(s), tag) == 0)
      return statement_meaning(s);
  return "";
}

/* What the selected one claims, and what the words mean. */
static int draw_notes(const struct bounds *v, struct plot_grid *g, struct area a)
{
  const struct judged *j = &v->data.judged[v->study.table.at];
  int col = 1;
  if (v->data.lost)
    col += 2 + draw_format(g, a.row, col, a.width - 2, UI_RED, 0, "left out, as short of the training loss: %zu", v->data.lost);
  draw_format(g, a.row, col, a.width - col - 1, 0, 0, "%s: %s%s%s", v->study.list.results.name[j->result], j->claim, *j->claim ? ".  " : "", meaning(j->kind));
  return 1 + draw_wrapped(g, (struct area){a.row + 1, 1, a.height < 16 ? 0 : 2, a.width - 2},
                          "tightness: (bound - training error)/(held-out - training error) of the bound's own predictor.  tau: Kendall's within a seed; Psi: among nets "
                          "that differ in one setting alone; mean and 95 % interval over seeds", UI_GREY, 0);
}

static bool nothing_counts(const struct bounds *v)
{
  for (size_t i = 0; i < v->data.n; i++)
    if (v->data.judged[i].n)
      return false;
  return v->data.lost > 0;
}

static void draw(void *self, struct plot_grid *g, struct area a)
{
  struct bounds *v = self;
  if (study_draw_missing(&v->study, g, a))
    return;
  struct area below = study_draw_table(&v->study, g, a, a.height / 2);
  int used = draw_notes(v, g, below);
  struct area rest = {below.row + used, 0, below.height - used, below.width};
  if (nothing_counts(v))
    draw_wrapped(g, (struct area){rest.row + 1, 2, rest.height - 1, rest.width - 4},
                 "no run counts: all stopped before they reached the training loss that the script asks for (its parameter until_loss), and nets that fit "
                 "their data differently well cannot be compared by their gaps. More epochs let them reach it.", UI_ORANGE, 0);
  else
    draw_scatter(v, g, rest);
}

static unsigned request(void *self, enum request r, const struct ui_event *ev)
{
  struct bounds *v = self;
  if (r != REQUEST_NEXT_PART && r != REQUEST_PREVIOUS_PART)
    return study_request(&v->study, r, ev);
  v->alone = !v->alone;
  return UI_HANDLED | UI_REDRAW;
}

static const struct study_kind kind = {.size = sizeof(struct bounds), .param = "*.kind", .by_result = true, .judge = judge, .cell = cell,
                                       .hint = "no runs with bounds yet: screen 8 starts compare/bounds.lua"};

static void *open_view(struct ui *ui) { return study_open(ui, &kind); }

static void close_view(void *self)
{
  struct bounds *v = self;
  bounds_free(&v->data);
  study_close(&v->study);
}

static const enum request hints[] = {REQUEST_NEXT_PART, REQUEST_STUDY, REQUEST_SCREEN_RUNS, REQUEST_EXPORT, REQUEST_BACK, REQUEST_NONE};

const struct view view_bounds = {
  .name = "Bounds",
  .screen = REQUEST_SCREEN_BOUNDS,
  .summary = "Bounds and measures with the kind of their statement: medians, violations counted, tightness, and how they rank nets by their gap. "
             "Tab shows the selected one alone or all bounds.",
  .hints = hints,
  .open = open_view,
  .close = close_view,
  .refresh = study_view_refresh,
  .draw = draw,
  .request = request,
  .title = study_view_title,
  .text = study_view_text,
};
