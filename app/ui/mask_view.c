/* mask_view.c: see mask_view.h. The artifacts come from a store, maybe of others: they are checked as they are read. */
#include "app/ui/mask_view.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ui/run_data.h"
#include "experiments/data/matrix_pack.h"
#include "experiments/kernel/mem.h"

enum { MOST_ZOOM = 12, MOST_BINS = 1000 };
static const size_t most_weights = (size_t)1 << 24; /* to look at: 64 MB as float32 */

struct mask_reading {
  struct aside_job job; /* first */
  struct mask_view *view;
  int64_t *id; size_t n;
  char *name[2];        /* of the mask and the histogram */
  struct mat m[2];
};

struct mask_view {
  struct ui *ui;
  struct mat mask, histogram; /* 0 x 0: none */
  char *asked;                /* what was asked for last; NULL: nothing */
  char *problem;
  struct mask_reading *reading;
  struct mask_window window;
};

/* --- reading ----------------------------------------------------------------------------------------------------- */

static void read_one(struct mask_reading *r, struct app *app, struct store *s, size_t k)
{
  char *ids = run_list(r->id, r->n), *sql = xasprintf("SELECT content FROM artifact WHERE run_id IN (%s) AND name = ?1 AND kind IN ('mask', 'matrix')"
                                                     " ORDER BY run_id LIMIT 1", ids);
  struct store_query *q = reading_query(app, s, sql);
  struct err e = {0};
  int code;
  free(ids);
  free(sql);
  if (!q) {
    aside_fail(&r->job, "%s", store_message(s));
    return;
  }
  store_query_bind_text(q, 1, r->name[k]);
  if (reading_next(q, &code)) {
    struct store_cell c = store_query_cell(q, 0);
    if (c.type != STORE_BLOB || matrix_unpack(&r->m[k], c.text, c.size, &e) != STATUS_OK)
      aside_fail(&r->job, "%s: %s", r->name[k], e.code ? e.message : "it is not kept in the store");
    else if (r->m[k].rows > most_weights / (r->m[k].cols ? r->m[k].cols : 1))
      aside_fail(&r->job, "%s: %zu x %zu weights are too many to be drawn", r->name[k], r->m[k].rows, r->m[k].cols);
  }
  store_query_close(q);
}

static void work(struct aside_job *job, struct app *app, struct store *s)
{
  struct mask_reading *r = (struct mask_reading *)job;
  for (size_t k = 0; s && k < 2 && !job->error; k++)
    read_one(r, app, s, k);
}

static void done(struct aside_job *job)
{
  struct mask_reading *r = (struct mask_reading *)job;
  struct mask_view *v = r->view;
  v->reading = NULL;
  v->problem = job->error ? xstrdup(job->error) : NULL;
  if (!v->problem) {
    v->mask = r->m[0];
    r->m[0] = (struct mat){0};
    if (r->m[1].rows == 3 && r->m[1].cols <= MOST_BINS) {
      v->histogram = r->m[1];
      r->m[1] = (struct mat){0};
    }
  }
  ui_redraw(v->ui);
}

static void release(struct aside_job *job)
{
  struct mask_reading *r = (struct mask_reading *)job;
  for (size_t k = 0; k < 2; k++) {
    mat_free(&r->m[k]);
    free(r->name[k]);
  }
  free(r->id);
  free(r);
}

struct mask_view *mask_view_new(struct ui *ui)
{
  struct mask_view *v = xcalloc(1, sizeof *v);
  v->ui = ui;
  return v;
}

void mask_view_forget(struct mask_view *v)
{
  if (v->reading)
    aside_drop(ui_aside(v->ui), &v->reading->job);
  v->reading = NULL;
  mat_free(&v->mask);
  mat_free(&v->histogram);
  free(v->asked);
  free(v->problem);
  v->asked = v->problem = NULL;
}

void mask_view_free(struct mask_view *v)
{
  mask_view_forget(v);
  free(v);
}

void mask_view_ask(struct mask_view *v, const int64_t *run, size_t n, size_t layer, double sparsity)
{
  char *asked = xasprintf("%lld+%zu %zu %g", n ? (long long)run[0] : 0, n, layer, sparsity);
  if (v->asked && strcmp(asked, v->asked) == 0) {
    free(asked);
    return;
  }
  mask_view_forget(v);
  v->asked = asked;
  struct mask_reading *r = v->reading = xcalloc(1, sizeof *r);
  r->job = (struct aside_job){.work = work, .done = done, .release = release};
  r->view = v;
  r->id = xcalloc(n + 1, sizeof *r->id);
  memcpy(r->id, run, n * sizeof *run);
  r->n = n;
  r->name[0] = xasprintf("layer %zu mask @%g", layer, sparsity);
  r->name[1] = xasprintf("layer %zu histogram @%g", layer, sparsity);
  aside_ask(ui_aside(v->ui), &r->job);
}

/* --- densities --------------------------------------------------------------------------------------------------- */

static void place(size_t n, int zoom, double at, size_t *from, size_t *to)
{
  size_t shown = n >> zoom;
  shown = shown ? shown : 1;
  *from = (size_t)(at * (double)(n - shown) + 0.5);
  *to = *from + shown;
}

void mask_window_place(const struct mat *m, const struct mask_window *w, size_t *r0, size_t *r1, size_t *c0, size_t *c1)
{
  place(m->rows, w->zoom, w->row, r0, r1);
  place(m->cols, w->zoom, w->col, c0, c1);
}

void mask_density(const struct mat *m, const struct mask_window *w, size_t rows, size_t cols, double *z)
{
  size_t r0, r1, c0, c1;
  mask_window_place(m, w, &r0, &r1, &c0, &c1);
  for (size_t i = 0; i < rows; i++)
    for (size_t j = 0; j < cols; j++) {
      size_t from_r = r0 + i * (r1 - r0) / rows, to_r = r0 + (i + 1) * (r1 - r0) / rows;
      size_t from_c = c0 + j * (c1 - c0) / cols, to_c = c0 + (j + 1) * (c1 - c0) / cols;
      double sum = 0;
      for (size_t r = from_r; r < to_r; r++)
        for (size_t c = from_c; c < to_c; c++)
          sum += mat_get(m, r, c);
      z[i * cols + j] = sum / ((double)(to_r - from_r) * (double)(to_c - from_c));
    }
}

/* --- requests ---------------------------------------------------------------------------------------------------- */

bool mask_view_is_close(const struct mask_view *v) { return v->window.zoom > 0; }

/* A quarter of what is shown, as a share of what there is to move. */
static double step(const struct mask_view *v) { return 0.25 / (ldexp(1, v->window.zoom) - 1); }

static double bounded(double x) { return x < 0 ? 0 : x > 1 ? 1 : x; }

unsigned mask_view_request(struct mask_view *v, enum request r)
{
  struct mask_window *w = &v->window;
  bool close = mask_view_is_close(v);
  if (!v->mask.rows || !v->mask.cols)
    return 0;
  if (r == REQUEST_ZOOM_IN && w->zoom == 0)
    w->row = w->col = 0;
  if (r == REQUEST_ZOOM_IN)
    w->zoom += w->zoom < MOST_ZOOM && (v->mask.rows >> w->zoom > 1 || v->mask.cols >> w->zoom > 1);
  else if (r == REQUEST_ZOOM_OUT)
    w->zoom -= w->zoom > 0;
  else if (close && r == REQUEST_LEFT)
    w->col = bounded(w->col - step(v));
  else if (close && r == REQUEST_RIGHT)
    w->col = bounded(w->col + step(v));
  else if (close && r == REQUEST_UP)
    w->row = bounded(w->row - step(v));
  else if (close && r == REQUEST_DOWN)
    w->row = bounded(w->row + step(v));
  else
    return 0;
  return UI_HANDLED | UI_REDRAW;
}

/* --- drawing ----------------------------------------------------------------------------------------------------- */

static size_t least(size_t a, size_t b) { return a < b ? a : b; }

void mask_view_draw(const struct mask_view *v, struct plot_grid *g, struct area a, const char *what)
{
  size_t r0, r1, c0, c1;
  if (!v->mask.rows || !v->mask.cols) {
    const char *why = v->reading ? "reading …" : v->problem ? v->problem
      : "no mask of this layer at this sparsity is kept: runs of compare/pruning.lua keep those of the first seed (masks=1), but none at sparsity 0";
    draw_text(g, a.row, a.col, a.width, what, 0, PLOT_BOLD);
    draw_wrapped(g, (struct area){a.row + 1, a.col, a.height - 1, a.width}, why, UI_GREY, 0);
    return;
  }
  mask_window_place(&v->mask, &v->window, &r0, &r1, &c0, &c1);
  size_t rows = least(r1 - r0, a.height > 3 ? (size_t)a.height - 3 : 1), cols = least(c1 - c0, (size_t)a.width); /* title, axis, scale */
  double *z = xcalloc(rows * cols + 1, sizeof *z);
  mask_density(&v->mask, &v->window, rows, cols, z);
  char *title = v->window.zoom ? xasprintf("%s, outputs %zu to %zu, inputs %zu to %zu (arrows move)", what, r0 + 1, r1, c0 + 1, c1)
                               : xasprintf("%s, %zu outputs by %zu inputs", what, v->mask.rows, v->mask.cols);
  char *axis = xasprintf("share kept, a cell is %.3g x %.3g weights", (double)(r1 - r0) / (double)rows, (double)(c1 - c0) / (double)cols);
  struct plot_spec spec = {.kind = PLOT_HEAT, .title = title, .x_label = axis, .rows = rows, .cols = cols, .z = z};
  draw_plot(g, a, &spec);
  free(title);
  free(axis);
  free(z);
}

void mask_view_draw_histogram(const struct mask_view *v, struct plot_grid *g, struct area a)
{
  size_t n = v->histogram.rows == 3 ? v->histogram.cols : 0;
  double *x = xcalloc(4 * n + 1, sizeof *x);
  struct plot_series series[2] = {{.label = "kept"}, {.label = "removed"}};
  for (size_t k = 0; k < 2; k++) {
    double *weight = x + 2 * k * n, *count = weight + n;
    size_t some = 0;
    for (size_t i = 0; i < n; i++)
      if (mat_get(&v->histogram, 1 + k, i) > 0) { /* the axis of counts is logarithmic */
        weight[some] = mat_get(&v->histogram, 0, i);
        count[some++] = mat_get(&v->histogram, 1 + k, i);
      }
    series[k].n = some;
    series[k].x = weight;
    series[k].y = count;
  }
  struct plot_spec spec = {.kind = PLOT_LINE, .title = "weights of the layer, by size", .x_label = "weight", .log_y = 1, .n_series = 2, .series = series};
  if (n)
    draw_plot(g, a, &spec);
  free(x);
}
