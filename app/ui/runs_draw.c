/* runs_draw.c: what surrounds the table of runs: what is the same in all, how far the table may be believed, the title. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/ui/runs_int.h"
#include "experiments/kernel/mem.h"

static void say_same(FILE *f, const char *name, char *value)
{
  fprintf(f, " %s %s ", name, value);
  free(value);
}

/* "same in all: data fashion-mnist  batch 64": said once. */
void runs_draw_same(const struct runs *v, struct plot_grid *g, int row, int width)
{
  const struct listing *l = &v->data.list;
  char *text;
  size_t size;
  if (l->n_rows < 2)
    return;
  FILE *f = xstream_open(&text, &size);
  fputs("same in all:", f);
  for (size_t k = 0; k < l->params.n; k++)
    if (!l->differs[k] && l->row[0].param[k].type != STORE_NULL && (l->by_run || strcmp(l->params.name[k], "seed") != 0))
      say_same(f, row_param_name(l->params.name[k]), row_param_text(&l->row[0].param[k]));
  for (size_t k = 0; k < l->results.n; k++)
    if (runs_result_same(l, k) && l->row[0].result[k].one.type != STORE_NULL)
      say_same(f, l->results.name[k], summary_text(&l->row[0].result[k], true));
  bool any = ftell(f) > (long)strlen("same in all:");
  xstream_close(f);
  if (any)
    draw_text(g, row, 1, width - 2, text, UI_GREY, 0);
  free(text);
}

/* What the table says, and how far it may be believed. */
static char *foot_text(const struct runs *v)
{
  const struct runs_data *d = &v->data;
  const char *score = d->score != SIZE_MAX ? d->list.results.name[d->score] : "";
  bool known = strstr(score, "error") || strstr(score, "loss"); /* else nobody knows which way is better: the lowest is called best */
  const char *way = strcmp(d->sorted_by, score) != 0 ? "" : d->higher_better ? " (higher is better)" : known ? " (lower is better)" : " (the lowest is called best)";
  if (d->fold == FOLD_RUNS)
    return xasprintf("-- single runs, sorted by %s ", d->sorted_by);
  if (!*score) /* nothing has ended yet */
    return xasprintf("-- sorted by %s ", d->sorted_by);
  if (d->fold == FOLD_BEST)
    return xasprintf("-- sorted by %s; of each config the run with the %s %s: the best of several flatters its config ", d->sorted_by,
                     d->higher_better ? "highest" : "lowest", score);
  return xasprintf("-- sorted by %s%s; %s 95 %% interval; * differs from the best in %s (paired t, Holm) ", d->sorted_by, way, plus_minus(), score);
}

void runs_draw_foot(const struct runs *v, struct plot_grid *g, int row, int width)
{
  char *text = foot_text(v);
  int used = draw_text(g, row, 1, width - 2, text, UI_GREY, 0);
  for (int col = 1 + used; col < width - 1; col++)
    plot_put(g, row, col, '-', UI_GREY);
  free(text);
}

void runs_draw_nothing(const struct runs *v, struct plot_grid *g, struct area a)
{
  bool absent = access(ui_app(v->ui)->db, F_OK) != 0; /* the usual beginning, no mistake */
  const char *text = absent                     ? "no store here yet: 8 shows experiments, S there starts one; or 'assay run FILE.lua' in a shell"
                     : v->problem               ? v->problem
                     : !v->loaded               ? "reading …"
                     : v->ask.where             ? "no run matches the filter; / changes it, an empty filter shows all"
                                                : "no runs yet: 8 starts an experiment, or 'assay run FILE.lua' in a shell";
  draw_wrapped(g, (struct area){a.row + 1, 2, a.height - 2, a.width - 4}, text, v->problem && !absent ? UI_RED : UI_GREY, 0);
}

void runs_say_title(void *self, char *out, size_t size)
{
  const struct runs *v = self;
  const struct listing *l = &v->data.list;
  const int64_t *marks;
  size_t n_marks = ui_marked(v->ui, &marks);
  int n = 0;
  if (v->loaded && v->data.fold == FOLD_RUNS)
    n = snprintf(out, size, "%zu run%s", l->n_runs, l->n_runs == 1 ? "" : "s");
  else if (v->loaded && v->data.fold == FOLD_BEST)
    n = snprintf(out, size, "best of %zu config%s", l->n_rows, l->n_rows == 1 ? "" : "s");
  else if (v->loaded)
    n = snprintf(out, size, "%s%s%zu run%s  %zu config%s", l->experiments.n == 1 ? l->experiments.name[0] : "", l->experiments.n == 1 ? "  " : "",
                 l->n_runs, l->n_runs == 1 ? "" : "s", l->n_rows, l->n_rows == 1 ? "" : "s");
  if (n >= 0 && (size_t)n < size && v->data.n_running)
    n += snprintf(out + n, size - (size_t)n, "  %zu running", v->data.n_running);
  if (n >= 0 && (size_t)n < size && n_marks)
    n += snprintf(out + n, size - (size_t)n, "  %zu marked", n_marks);
  if (n >= 0 && (size_t)n < size && v->ask.where)
    snprintf(out + n, size - (size_t)n, "  where %s", v->ask.where);
}
