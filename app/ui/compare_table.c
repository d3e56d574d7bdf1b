/* compare_table.c: the table of effects: each result of each group against A, the scores first. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "app/ui/compare_int.h"
#include "app/ui/rows.h"
#include "experiments/kernel/mem.h"

enum shown { SHOW_RESULT, SHOW_GROUP, SHOW_MEAN, SHOW_MEAN_A, SHOW_DIFFERENCE, SHOW_INTERVAL, SHOW_PAIRS, SHOW_SIZE, SHOW_T, SHOW_HOLM, SHOW_WILCOXON, SHOWN };

static const char *result_name(const struct compare *v, const struct effect *e) { return v->data.list.results.name[e->result]; }

const struct effect *compare_selected(const struct compare *v) { return v->list.at < v->n_shown ? &v->data.effect[v->order[v->list.at]] : NULL; }

/* --- order -------------------------------------------------------------------------------------------------------- */

/* What a column says of an effect, as a number to sort by; NaN stands last. */
static double sort_value(const struct effect *e, enum shown column)
{
  switch (column) {
  case SHOW_DIFFERENCE: case SHOW_INTERVAL: return e->difference;
  case SHOW_PAIRS: return (double)e->pairs;
  case SHOW_T: return e->t_p;
  case SHOW_HOLM: return e->holm_p;
  case SHOW_WILCOXON: return e->wilcoxon_p;
  case SHOW_GROUP: return (double)e->group;
  case SHOW_SIZE: return -fabs(e->size); /* the greatest first */
  default: return (double)e->result;
  }
}

static int by_column(const void *a, const void *b, void *self)
{
  const struct compare *v = self;
  size_t i = *(const size_t *)a, k = *(const size_t *)b;
  double x = sort_value(&v->data.effect[i], (enum shown)v->list.sort_column), y = sort_value(&v->data.effect[k], (enum shown)v->list.sort_column);
  int order = isnan(x) || isnan(y) ? isnan(x) - isnan(y) : v->list.descending ? (x < y) - (x > y) : (x > y) - (x < y);
  return order ? order : (i > k) - (i < k);
}

static void arrange(struct compare *v)
{
  v->n_shown = 0;
  for (size_t i = 0; i < v->data.n_effects; i++)
    if (!v->filter || strcasestr(result_name(v, &v->data.effect[i]), v->filter))
      v->order[v->n_shown++] = i;
  if (v->list.sorted && v->n_shown)
    qsort_r(v->order, v->n_shown, sizeof *v->order, by_column, v);
  v->list.n_rows = v->n_shown;
  list_select(&v->list, v->list.at);
}

void compare_table_sort(struct compare *v)
{
  size_t source = list_cursor(&v->list);
  bool again = v->list.sorted && v->list.sort_column == source;
  v->list.sorted = !again || !v->list.descending;
  v->list.descending = again && !v->list.descending;
  v->list.sort_column = source;
  arrange(v);
}

static void filter_changed(void *self, const char *text)
{
  struct compare *v = self;
  free(v->filter);
  v->filter = *text ? xstrdup(text) : NULL;
  if (v->order)
    arrange(v);
  ui_redraw(v->ui);
}

void compare_table_filter(struct compare *v)
{
  ui_ask(v->ui, &(struct ui_question){.label = "results with", .initial = v->filter ? v->filter : "", .history = "results", .self = v,
                                      .accept = filter_changed, .changed = filter_changed});
}

/* --- columns ------------------------------------------------------------------------------------------------------- */

void compare_table_set(struct compare *v)
{
  static const char *const two[] = {"result", "to", "B", "A", "B - A", "95 % interval", "pairs", "effect", "t p", "Holm p", "Wilcoxon p"};
  static const char *const more[] = {"result", "X", "mean of X", "of A", "X - A", "95 % interval", "pairs", "effect", "t p", "Holm p", "Wilcoxon p"};
  if (!v->list.n_columns || v->many != (v->data.n > 2)) {
    v->many = v->data.n > 2;
    list_clear_columns(&v->list);
    list_set_columns(&v->list, v->many ? more : two, SHOWN);
    list_column(&v->list, SHOW_GROUP)->hidden = list_column(&v->list, SHOW_HOLM)->hidden = !v->many;
    v->list.sorted = false;
  }
  free(v->order);
  v->order = xcalloc(v->data.n_effects + 1, sizeof *v->order);
  arrange(v);
}

static char *p_text(double p, bool star) { return isnan(p) ? xstrdup("") : xasprintf("%.2g%s", p, star ? " *" : ""); }

static char *cell(void *self, size_t at, size_t column, struct plot_cell *style)
{
  const struct compare *v = self;
  const struct effect *e = &v->data.effect[v->order[at]];
  bool clear = !isnan(e->holm_p) && e->holm_p < 0.05;
  if (clear && column >= SHOW_DIFFERENCE)
    style->fg = UI_ORANGE;
  if (column == SHOW_RESULT && e->score)
    style->attr = PLOT_BOLD;
  switch ((enum shown)column) {
  case SHOW_RESULT: return xstrdup(result_name(v, e));
  case SHOW_GROUP: style->fg = plot_colour_cell(e->group); return xasprintf("%c", compare_letter(e->group));
  case SHOW_MEAN: return summary_text(compare_summary(&v->data, e->group, e->result), v->data.list.by_run);
  case SHOW_MEAN_A: return summary_text(compare_summary(&v->data, 0, e->result), v->data.list.by_run);
  case SHOW_DIFFERENCE: return isnan(e->difference) ? xstrdup("") : xasprintf("%+.4g", e->difference);
  case SHOW_INTERVAL: return isnan(e->low) ? xstrdup("") : xasprintf("[%.3g, %.3g]", e->low, e->high);
  case SHOW_PAIRS: return xasprintf("%zu", e->pairs);
  case SHOW_SIZE: return isnan(e->size) ? xstrdup("") : xasprintf("%+.2f", e->size);
  case SHOW_T: return p_text(e->t_p, clear && v->data.n < 3);
  case SHOW_HOLM: return p_text(e->holm_p, clear);
  case SHOW_WILCOXON: return p_text(e->wilcoxon_p, false);
  case SHOWN: break;
  }
  return xstrdup("");
}

static void draw_foot(const struct compare *v, struct plot_grid *g, int row, int width)
{
  char *kept = v->filter ? xasprintf("%zu of %zu with \"%s\"; ", v->n_shown, v->data.n_effects, v->filter) : xstrdup("");
  char *text = xasprintf("-- %s%s (mean paired difference / its deviation); intervals, bands 95 %%; * p < 0.05%s ", kept,
                         v->list.sorted ? "effect" : "scores first, then by effect", v->data.n > 2 ? " after Holm" : "");
  int used = draw_text(g, row, 1, width - 2, text, UI_GREY, 0);
  for (int col = 1 + used; col < width - 1; col++)
    plot_put(g, row, col, '-', UI_GREY);
  free(text);
  free(kept);
}

void compare_table_draw(struct compare *v, struct plot_grid *g, struct area a)
{
  list_draw(&v->list, g, (struct area){a.row, a.col, a.height - 1, a.width});
  draw_foot(v, g, a.row + a.height - 1, a.width);
}

void compare_table_init(struct compare *v) { v->list = (struct list){.self = v, .cell = cell}; }

void compare_table_free(struct compare *v)
{
  list_free(&v->list);
  free(v->order);
  free(v->filter);
}
