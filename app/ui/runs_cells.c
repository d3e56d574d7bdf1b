/* runs_cells.c: what stands in the cells of the screen of runs, and the same for a file, with every digit. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ui/runs_int.h"
#include "experiments/kernel/mem.h"

/* --- cells ------------------------------------------------------------------------------------------------------ */

static const char *status_word(const struct listing_row *r)
{
  for (enum store_status st = STORE_RUNNING; st <= STORE_LOST; st++)
    if (r->count[st])
      return store_status_name(st);
  return "";
}

static char *count_text(const struct listing_row *r, struct plot_cell *style)
{
  size_t done = r->count[STORE_DONE];
  if (r->count[STORE_RUNNING])
    style->fg = UI_BLUE;
  else if (done < r->n)
    style->fg = UI_RED;
  return done == r->n ? xasprintf("%zu", r->n) : xasprintf("%zu/%zu", done, r->n);
}

static char *against_text(const struct runs *v, size_t row, struct plot_cell *style)
{
  const struct against *a = &v->data.against[row];
  style->fg = UI_GREY;
  if (row == v->data.best)
    return xstrdup("best");
  if (!a->known)
    return xstrdup("");
  if (isnan(a->p))
    return xasprintf("%+.2g", a->difference);
  if (a->p < 0.05)
    style->fg = UI_ORANGE;
  return xasprintf("%+.2g p=%.2g%s", a->difference, a->p, a->p < 0.05 ? " *" : "");
}

/* The mean of fewer runs than are done says of how many. */
static char *mean_text(const struct runs *v, const struct listing_row *r, const struct summary *x)
{
  char *text = summary_text(x, v->data.list.by_run);
  if (v->data.list.by_run || !x->n || x->n_nan || x->varies || x->n == r->count[STORE_DONE])
    return text;
  char *longer = xasprintf("%s (%zu)", text, x->n);
  free(text);
  return longer;
}

/* Where nothing is done yet, what became of the runs: "2 running", "5 failed". */
static char *result_text(const struct runs *v, const struct listing_row *r, size_t result, struct plot_cell *style)
{
  const struct summary *x = r->result ? &r->result[result] : NULL;
  if (x && (x->n || x->n_nan || x->one.type == STORE_TEXT))
    return mean_text(v, r, x);
  if (result != v->data.score || r->count[STORE_DONE])
    return xstrdup(x ? "-" : "");
  style->fg = r->count[STORE_RUNNING] ? UI_BLUE : UI_RED;
  enum store_status st = STORE_RUNNING;
  while (st < STORE_LOST && !r->count[st])
    st++;
  return v->data.list.by_run ? xstrdup(status_word(r)) : xasprintf("%zu %s", r->count[st], status_word(r));
}

char *runs_cell(void *self, size_t at, size_t source, struct plot_cell *style)
{
  const struct runs *v = self;
  const struct listing *l = &v->data.list;
  size_t row = v->data.order[at];
  const struct listing_row *r = &l->row[row];
  const struct shown *c = &v->shown[source];
  switch (c->what) {
  case SHOW_ID: return xasprintf("%lld", (long long)r->id);
  case SHOW_STATUS:
    style->fg = r->count[STORE_DONE] ? UI_GREY : r->count[STORE_RUNNING] ? UI_BLUE : UI_RED;
    return xstrdup(status_word(r));
  case SHOW_CONFIG: return row_config_text(l, row);
  case SHOW_EXPERIMENT: return xstrdup(l->experiments.name[r->experiment]);
  case SHOW_N: return count_text(r, style);
  case SHOW_CHOSEN_FROM: return xasprintf("%zu", r->chosen_from);
  case SHOW_TAGS: style->fg = UI_GREEN; return listing_tags_text(r);
  case SHOW_NOTE: return xstrdup(r->note ? r->note : "");
  case SHOW_RESULT: return result_text(v, r, c->index, style);
  case SHOW_BEST: return against_text(v, row, style);
  case SHOW_PARAM: return row_param_text(&r->param[c->index]);
  case SHOW_WALL: return isnan(r->wall_s) ? xstrdup("") : xasprintf("%.3g", r->wall_s);
  case SHOW_STARTED: return xasprintf("%.16s", r->started);
  case SHOW_CURVE: break;
  }
  return xasprintf("%*s", SPARK_POINTS, ""); /* as wide as the picture */
}

bool runs_draw_cell(void *self, struct plot_grid *g, size_t at, size_t source, struct area a)
{
  struct runs *v = self;
  if (v->shown[source].what != SHOW_CURVE)
    return false;
  const double *value = curves_find(v->curves, v->data.list.row[v->data.order[at]].id, v->data.metric_id[v->shown[source].index]);
  if (value)
    draw_spark(g, a.row, a.col, a.width < SPARK_POINTS ? a.width : SPARK_POINTS, value, SPARK_POINTS, UI_BLUE);
  return true;
}

/* --- for a file -------------------------------------------------------------------------------------------------------- */

struct csv { FILE *f; bool any; }; /* any: a cell stands in the line already */

static void put(struct csv *c, const char *text)
{
  if (c->any)
    fputc(',', c->f);
  c->any = true;
  if (*text)
    csv_write(c->f, text, false);
}

static void put_number(struct csv *c, double x)
{
  char *text = isnan(x) ? xstrdup("") : xasprintf("%.17g", x);
  put(c, text);
  free(text);
}

static void end_line(struct csv *c)
{
  fputc('\n', c->f);
  c->any = false;
}

/* A mean has its interval and count beside it. */
static bool with_interval(const struct runs *v, const struct shown *c) { return c->what == SHOW_RESULT && !v->data.list.by_run; }

static void put_names(struct csv *csv, const char *name, bool interval)
{
  static const char *const suffix[] = {"", ".low", ".high", ".n"};
  for (int i = 0; i < (interval ? 4 : 1); i++) {
    char *text = xasprintf("%s%s", name, suffix[i]);
    put(csv, text);
    free(text);
  }
}

static void put_summary(struct csv *csv, const struct summary *x)
{
  double mean = x->n && !x->n_nan ? x->mean : NAN;
  char *count = xasprintf("%zu", x->n);
  put_number(csv, mean);
  put_number(csv, mean - x->half);
  put_number(csv, mean + x->half);
  put(csv, count);
  free(count);
}

/* A number with every digit, else the text that is seen. */
static char *exact_text(struct runs *v, size_t at, size_t source)
{
  const struct listing_row *r = &v->data.list.row[v->data.order[at]];
  const struct shown *c = &v->shown[source];
  const struct store_cell *value = c->what == SHOW_PARAM ? &r->param[c->index] : c->what == SHOW_RESULT && r->result ? &r->result[c->index].one : NULL;
  struct plot_cell style = {0};
  if (value && value->type == STORE_REAL)
    return xasprintf("%.17g", value->r);
  if (c->what == SHOW_WALL && !isnan(r->wall_s))
    return xasprintf("%.17g", r->wall_s);
  return c->what == SHOW_STARTED ? xstrdup(r->started) : runs_cell(v, at, source, &style);
}

static void put_cell(struct csv *csv, struct runs *v, size_t at, size_t source)
{
  const struct shown *c = &v->shown[source];
  if (with_interval(v, c)) {
    put_summary(csv, &v->data.list.row[v->data.order[at]].result[c->index]);
  } else {
    char *text = exact_text(v, at, source);
    put(csv, text);
    free(text);
  }
}

char *runs_csv(struct runs *v)
{
  char *text;
  size_t size;
  struct csv csv = {.f = xstream_open(&text, &size)};
  for (size_t at = SIZE_MAX; at == SIZE_MAX || at < v->list.n_rows; at++) { /* SIZE_MAX: the names */
    for (size_t i = 0; i < v->list.n_columns; i++) {
      const struct list_column *column = &v->list.column[i];
      const struct shown *c = &v->shown[column->source];
      if (column->hidden || c->what == SHOW_CURVE)
        continue;
      if (at == SIZE_MAX)
        put_names(&csv, column->name, with_interval(v, c));
      else
        put_cell(&csv, v, at, column->source);
    }
    end_line(&csv);
  }
  xstream_close(csv.f);
  return text;
}
