/* compare_draw.c: the marked runs under letters and what differs among them, their curves with 95 % bands, and the pairs of the
 * selected result seed by seed. */
#include <math.h>
#include <stdlib.h>

#include "app/ui/compare_int.h"
#include "app/ui/rows.h"
#include "experiments/kernel/mem.h"

enum { MOST_BANDS = 3 };

/* --- groups, and the parameters that differ ----------------------------------------------------------------------------- */

/* The cell of a group in the table of parameters: experiment first where there are several. SIZE_MAX: the name of the column. */
static char *group_cell(const struct compare *v, size_t group, size_t param)
{
  const struct listing *l = &v->data.list;
  const struct listing_row *r = group == SIZE_MAX ? NULL : &l->row[v->data.row[group]];
  if (param == SIZE_MAX)
    return xstrdup(r ? l->experiments.name[r->experiment] : "experiment");
  return r ? row_param_text(&r->param[param]) : xstrdup(row_param_name(l->params.name[param]));
}

/* One column of it at `col`; the columns taken. */
static int draw_group_column(const struct compare *v, struct plot_grid *g, struct area a, int col, size_t param)
{
  int width = 0;
  for (size_t k = 0; k <= v->data.n; k++) {
    char *text = group_cell(v, k ? k - 1 : SIZE_MAX, param);
    int used = draw_text(g, a.row + (int)k, col, a.width - col < 40 ? a.width - col : 40, text, k ? 0 : UI_GREY, 0);
    width = used > width ? used : width;
    free(text);
  }
  return width + 2;
}

int compare_draw_groups(const struct compare *v, struct plot_grid *g, struct area a)
{
  const struct listing *l = &v->data.list;
  int col = 12;
  draw_right(g, a.row, 6, 4, l->by_run ? "run" : "n", UI_GREY, 0);
  for (size_t i = 0; i < v->data.n; i++) {
    const struct listing_row *r = &l->row[v->data.row[i]];
    char *count = xasprintf("%lld", l->by_run ? (long long)r->id : (long long)r->count[STORE_DONE]);
    plot_put(g, a.row + 1 + (int)i, 1, plot_marker(i, MB_CUR_MAX == 1), plot_colour_cell(i));
    draw_format(g, a.row + 1 + (int)i, 3, 2, plot_colour_cell(i), PLOT_BOLD, "%c", compare_letter(i));
    draw_right(g, a.row + 1 + (int)i, 5, 5, count, 0, 0);
    free(count);
  }
  if (l->experiments.n > 1)
    col += draw_group_column(v, g, a, col, SIZE_MAX);
  for (size_t k = 0; k < l->params.n && col < a.width - 4; k++)
    if (v->data.differs[k])
      col += draw_group_column(v, g, a, col, k);
  if (v->data.left_out)
    draw_format(g, a.row + 1 + (int)v->data.n, 3, a.width - 4, UI_ORANGE, 0, "and %zu more that are not shown: mark fewer", v->data.left_out);
  return 1 + (int)v->data.n + (v->data.left_out > 0);
}

/* --- pictures ---------------------------------------------------------------------------------------------------------- */

/* More bands than a few hide each other and the lines: then A has one, and the group of the selected row. */
static bool has_band(const struct compare *v, size_t group)
{
  const struct effect *e = compare_selected(v);
  return v->data.n <= MOST_BANDS || group == 0 || (e && e->group == group);
}

void compare_draw_curves(const struct compare *v, struct plot_grid *g, struct area a)
{
  struct plot_series series[COMPARE_GROUPS];
  char label[COMPARE_GROUPS][2];
  size_t n = 0;
  for (size_t i = 0; i < v->data.n; i++) {
    const struct curve *c = &v->data.curve[i];
    label[i][0] = compare_letter(i);
    label[i][1] = '\0';
    if (!c->n)
      continue;
    series[n] = (struct plot_series){.label = label[i], .n = c->n, .x = c->x, .y = c->y, .low = has_band(v, i) ? c->low : NULL, .high = has_band(v, i) ? c->high : NULL};
    n++;
  }
  struct plot_spec spec = {.kind = PLOT_LINE, .title = v->data.metric, .x_label = "step", .log_y = v->log_y, .n_series = n, .series = series};
  draw_plot(g, a, &spec);
}

/* One pair on a line from -most to most. */
static void draw_pair(struct plot_grid *g, struct area a, int64_t seed, double d, double most, size_t group)
{
  int width = a.width - 28;
  draw_format(g, a.row, a.col, 12, UI_GREY, 0, "seed %lld", (long long)seed);
  for (int c = 0; c < width; c++)
    plot_put(g, a.row, a.col + 12 + c, c == width / 2 ? 0x2502 : 0x2500, UI_GREY);
  if (width > 2)
    plot_put(g, a.row, a.col + 12 + (int)lround((most > 0 ? d / most : 0) * (0.5 * width - 1)) + width / 2, plot_marker(group, MB_CUR_MAX == 1), plot_colour_cell(group));
  draw_format(g, a.row, a.col + a.width - 14, 14, 0, 0, "%+.4g", d);
}

struct pair { int64_t seed; double difference; };

/* Runs of the same seed, in the order of y; returns the count. */
static size_t find_pairs(const struct summary *x, const struct summary *y, struct pair *out)
{
  size_t n = 0;
  for (size_t i = 0; i < y->n; i++)
    for (size_t k = 0; k < x->n; k++)
      if (x->seed[k] == y->seed[i] && y->seed[i] != INT64_MIN) {
        out[n++] = (struct pair){y->seed[i], y->value[i] - x->value[k]};
        break;
      }
  return n;
}

void compare_draw_pairs(const struct compare *v, struct plot_grid *g, struct area a)
{
  const struct effect *e = compare_selected(v);
  if (!e)
    return;
  const struct summary *x = compare_summary(&v->data, 0, e->result), *y = compare_summary(&v->data, e->group, e->result);
  struct pair *pair = xcalloc(y->n + 1, sizeof *pair);
  size_t n = find_pairs(x, y, pair);
  double most = 0;
  draw_format(g, a.row, a.col, a.width, 0, PLOT_BOLD, "%c - A by seed: %s", compare_letter(e->group), v->data.list.results.name[e->result]);
  for (size_t i = 0; i < n; i++)
    most = fmax(most, fabs(pair[i].difference));
  for (size_t i = 0; i < n && (int)i + 1 < a.height; i++)
    draw_pair(g, (struct area){a.row + 1 + (int)i, a.col, 1, a.width}, pair[i].seed, pair[i].difference, most, e->group);
  if (!n)
    draw_text(g, a.row + 1, a.col, a.width, "no seed in common: nothing to pair", UI_GREY, 0);
  free(pair);
}
