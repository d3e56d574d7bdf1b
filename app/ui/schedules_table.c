/* schedules_table.c: the two tables of screen 4: the ranks within a facet, and the places over all of them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/ui/rows.h"
#include "app/ui/schedules_view.h"
#include "experiments/kernel/mem.h"

/* --- ranks within a facet ---------------------------------------------------------------------------------------- */

enum { RANK, NAME, SCORE, PEAK, VS_BEST, RANGE, SHAPE, LAST_BEST, AVG_LAST, TARGET, TWICE, COST, LOST, COLUMNS };

static size_t prefixed(const struct names *results, const char *prefix, size_t result)
{
  char *name = xasprintf("%s%s", prefix, results->name[result]);
  size_t at = row_find(results, name);
  free(name);
  return at;
}

static void choose_results(struct schedules *v)
{
  const struct names *results = &v->study.list.results;
  v->best_iterate = prefixed(results, "best_", v->data.score);
  v->average = prefixed(results, "avg_", v->data.score);
  const size_t wanted[] = {v->data.tuned, v->data.score, v->best_iterate, v->average};
  v->n_shown = 0;
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++)
    if (wanted[i] != SIZE_MAX && (i == 0 || wanted[i] != wanted[0]))
      v->shown[v->n_shown++] = wanted[i];
  v->metric = v->metric < v->n_shown ? v->metric : 0;
}

/* Columns that say nothing are not shown. */
static void hide_columns(struct schedules *v)
{
  const struct facet *f = schedules_facet(v);
  bool target = false, twice = false, cost = false, lost = false;
  for (size_t i = 0; i < f->n; i++) {
    const struct standing *st = &f->standing[i];
    target = target || st->course.n > 1;
    twice = twice || isfinite(st->twice);
    cost = cost || (isfinite(st->cost) && st->cost != f->standing[0].cost);
    lost = lost || st->lost;
  }
  list_column(&v->study.table, LAST_BEST)->hidden = v->best_iterate == SIZE_MAX;
  list_column(&v->study.table, AVG_LAST)->hidden = v->average == SIZE_MAX;
  list_column(&v->study.table, TARGET)->hidden = !target;
  list_column(&v->study.table, TWICE)->hidden = !twice;
  list_column(&v->study.table, COST)->hidden = !cost; /* where all cost the same there is nothing to say */
  list_column(&v->study.table, LOST)->hidden = !lost;
  list_column(&v->study.table, SHAPE)->width = 10;
}

void schedules_set_columns(struct schedules *v)
{
  choose_results(v);
  const char *const columns[COLUMNS] = {"rank", "schedule", v->study.list.results.name[v->data.score], "best peak", "vs best", "good range", "shape",
                                        "last-best", "avg-last", "to target", "2T-T", "cost", "lost"};
  list_set_columns(&v->study.table, columns, COLUMNS);
  v->study.table.n_rows = schedules_facet(v)->n;
  hide_columns(v);
}

static char *difference(const struct schedules *v, size_t row, size_t a, size_t b)
{
  double d = study_mean(&v->study, row, a) - study_mean(&v->study, row, b);
  return isnan(d) ? xstrdup("-") : xasprintf("%+.4f", d);
}

static char *against_best(const struct standing *s, size_t row)
{
  if (row == 0 || isnan(s->difference))
    return xstrdup(row == 0 && s->rank ? "best" : "-");
  return isnan(s->p) ? xasprintf("%+.4f  no test", s->difference) : xasprintf("%+.4f p=%.2g%s", s->difference, s->p, s->p < 0.05 ? " *" : "");
}

static char *target_text(const struct standing *s)
{
  return !s->course.n ? xstrdup("-") : isnan(s->target) ? xstrdup("never") : xasprintf("%.0f %%", 100 * s->target);
}

static char *rank_text(const struct standing *s, size_t row)
{
  return s->rank ? xasprintf(s->rank == 1 && row ? "1 =" : "%d", s->rank) : xstrdup("-");
}

/* The colour of a schedule's line; grey: it has none. */
static uint32_t line_colour(const struct schedules *v, size_t row)
{
  for (size_t i = 0; i < SCHEDULES_LINES && i < schedules_facet(v)->n; i++)
    if (schedules_line(v, i) == row)
      return plot_colour_cell(i);
  return UI_GREY;
}

char *schedules_cell(void *self, size_t row, size_t column, struct plot_cell *style)
{
  const struct schedules *v = self;
  const struct standing *s = &schedules_facet(v)->standing[row];
  switch (column) {
  case RANK: return rank_text(s, row);
  case NAME:
    style->fg = line_colour(v, row);
    return xstrdup(s->name);
  case SCORE: return summary_text(&v->study.list.row[s->row].result[v->data.score], false);
  case PEAK:
    style->fg = s->edge ? UI_RED : 0;
    return isfinite(s->peak) ? xasprintf("%.4g%s", s->peak, s->edge ? " edge" : "") : xstrdup("-"); /* a rule without one */
  case VS_BEST: return against_best(s, row);
  case RANGE: return isfinite(s->peak) ? xasprintf("%.1f decades", s->decades) : xstrdup("-");
  case SHAPE: return s->shape.n ? xstrdup("") : xstrdup("-");
  case LAST_BEST: return difference(v, s->row, v->data.score, v->best_iterate);
  case AVG_LAST: return difference(v, s->row, v->average, v->data.score);
  case TARGET: return target_text(s);
  case TWICE: return isnan(s->twice) ? xstrdup("-") : xasprintf("%+.4f", s->twice);
  case COST: return isnan(s->cost) ? xstrdup("-") : xasprintf("%.2f", s->cost);
  default: return s->lost ? xasprintf("%zu", s->lost) : xstrdup("-");
  }
}

/* The learning rate, from 0 to its greatest. */
bool schedules_draw_cell(void *self, struct plot_grid *g, size_t row, size_t column, struct area a)
{
  const struct schedules *v = self;
  const struct curve *c = &schedules_facet(v)->standing[row].shape;
  double top = 0;
  for (size_t i = 0; i < c->n; i++)
    top = fmax(top, c->y[i]);
  if (column != SHAPE || !c->n || MB_CUR_MAX == 1)
    return false;
  for (int i = 0; i < a.width; i++) {
    double share = c->y[(size_t)i * (c->n - 1) / (size_t)(a.width > 1 ? a.width - 1 : 1)] / top;
    if (share >= 0)
      plot_put(g, a.row, a.col + i, 0x2581 + (uint32_t)(7 * share + 0.5), line_colour(v, row));
  }
  return true;
}

/* --- places over all facets -------------------------------------------------------------------------------------- */

enum { PLACE_NUMBER, PLACE_NAME, PLACE_MEAN, PLACE_WORST, PLACE_IN, PLACE_OF, PLACE_COLUMNS };

void schedules_set_places(struct schedules *v)
{
  static const char *const columns[PLACE_COLUMNS] = {"", "schedule", "mean place", "at worst above the best", "worst in", "of"};
  list_set_columns(&v->places, columns, PLACE_COLUMNS);
  v->places.n_rows = v->whole.n;
  list_select(&v->places, v->places.at);
}

char *schedules_place_cell(void *self, size_t row, size_t column, struct plot_cell *style)
{
  const struct schedules *v = self;
  const struct placing *p = &v->whole.placing[row];
  switch (column) {
  case PLACE_NUMBER:
    style->fg = UI_GREY;
    return xasprintf("%zu", row + 1);
  case PLACE_NAME: return xstrdup(p->name);
  case PLACE_MEAN: return xasprintf("%.1f", p->place);
  case PLACE_WORST: return isnan(p->worst) ? xstrdup("-") : xasprintf("%.0f %%", 100 * p->worst);
  case PLACE_IN: return xstrdup(isnan(p->worst) ? "-" : v->data.facet[p->worst_in].name);
  default: return xasprintf("%zu", p->n);
  }
}
