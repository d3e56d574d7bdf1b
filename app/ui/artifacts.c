/* artifacts.c: see artifacts.h. */
#include "app/ui/artifacts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/data/matrix_pack.h"
#include "experiments/data/read_npy.h"
#include "experiments/kernel/mem.h"

static char *size_text(int64_t bytes)
{
  return bytes < 10000 ? xasprintf("%lld bytes", (long long)bytes) : bytes < 10000000 ? xasprintf("%.0f kB", (double)bytes / 1e3) : xasprintf("%.0f MB", (double)bytes / 1e6);
}

static char *artifact_cell(void *self, size_t row, size_t column, struct plot_cell *style)
{
  const struct artifacts *p = self;
  const struct kept_artifact *x = &p->data->artifact[row];
  style->fg = column == 1 ? UI_GREY : 0;
  return column == 0 ? xstrdup(x->name) : column == 1 ? xstrdup(x->kind) : column == 2 ? size_text(x->size_b) : xasprintf("%lld", (long long)x->run);
}

struct fetch {
  struct aside_job job; /* first */
  struct artifacts *of;
  int64_t id;
  char *name, *kind, *path;  /* path NULL: show it */
  char *bytes; size_t n;
  struct mat matrix;         /* owned */
};

static void read_artifact(struct fetch *f, struct app *app, struct store *s)
{
  struct store_query *q = reading_query(app, s, "SELECT content, path FROM artifact WHERE id = ?1");
  int code = 0;
  if (q)
    store_query_bind_int(q, 1, f->id);
  if (q && reading_next(q, &code)) {
    struct store_cell c = store_query_cell(q, 0), path = store_query_cell(q, 1);
    if (c.type == STORE_BLOB || c.type == STORE_TEXT) {
      f->bytes = xcalloc(c.size + 1, 1);
      memcpy(f->bytes, c.text ? c.text : "", f->n = c.size);
    } else {
      aside_fail(&f->job, "%s lies outside the store, in %s", f->name, path.type == STORE_TEXT ? path.text : "an unknown place");
    }
  } else {
    aside_fail(&f->job, "%s cannot be read: %s", f->name, code || !q ? store_message(s) : "it is gone");
  }
  store_query_close(q);
}

static bool is_matrix(const struct fetch *f) { return strcmp(f->kind, "matrix") == 0 || strcmp(f->kind, "mask") == 0; }

static void write_file(struct fetch *f, const void *bytes, size_t n)
{
  FILE *file = fopen(f->path, "wxe");
  bool written = file && fwrite(bytes, 1, n, file) == n;
  int problem = errno;
  if (file && fclose(file) != 0) {
    written = false;
    problem = errno;
  }
  if (!written)
    aside_fail(&f->job, "cannot write %s: %s%s", f->path, strerror(problem), file ? "" : " (an existing file is left alone)");
}

/* A matrix as an .npy file, which everybody reads. */
static void write_matrix(struct fetch *f)
{
  unsigned char *bytes = NULL;
  size_t n;
  struct err e;
  if (npy_format(&f->matrix, &bytes, &n, &e) == STATUS_OK)
    write_file(f, bytes, n);
  else
    aside_fail(&f->job, "%s: %s", f->name, e.message);
  free(bytes);
}

static void fetch_work(struct aside_job *job, struct app *app, struct store *s)
{
  struct fetch *f = (struct fetch *)job;
  struct err e;
  if (s)
    read_artifact(f, app, s);
  if (f->bytes && is_matrix(f) && matrix_unpack(&f->matrix, f->bytes, f->n, &e) != STATUS_OK)
    aside_fail(&f->job, "%s: %s", f->name, e.message);
  else if (f->bytes && f->path && is_matrix(f))
    write_matrix(f);
  else if (f->bytes && f->path)
    write_file(f, f->bytes, f->n);
}

/* Aligned numbers under their shape; a mask as a picture, a character each. */
static char *matrix_text(const struct fetch *f)
{
  enum { MOST_ROWS = 1000, MOST_COLS = 40, MOST_MASK = 400 };
  bool mask = strcmp(f->kind, "mask") == 0;
  const struct mat *m = &f->matrix;
  size_t most = mask ? MOST_MASK : MOST_COLS, size, ones = 0;
  char *text;
  FILE *out = xstream_open(&text, &size);
  for (size_t i = 0; mask && i < m->rows; i++)
    for (size_t j = 0; j < m->cols; j++)
      ones += mat_get(m, i, j) > 0;
  fprintf(out, "%zu x %zu %s", m->rows, m->cols, mask ? "mask" : m->type == DTYPE_F32 ? "float32" : "float64");
  if (mask)
    fprintf(out, ", %zu ones (%.3g %%)", ones, 100 * (double)ones / (m->rows && m->cols ? (double)m->rows * (double)m->cols : 1));
  fprintf(out, "%s%s\n\n", m->cols > most ? "; only the first columns are shown" : "", m->rows > MOST_ROWS ? "; only the first rows are shown" : "");
  for (size_t i = 0; i < m->rows && i < MOST_ROWS; i++) {
    for (size_t j = 0; j < m->cols && j < most; j++)
      if (mask)
        fputs(mat_get(m, i, j) > 0 ? MB_CUR_MAX > 1 ? "█" : "#" : MB_CUR_MAX > 1 ? "·" : ".", out);
      else
        fprintf(out, "%12.5g", mat_get(m, i, j));
    fputc('\n', out);
  }
  xstream_close(out);
  return text;
}

static void show_artifact(struct artifacts *p, const struct fetch *f)
{
  char *text = NULL, *title = xasprintf("%s (%s)", f->name, f->kind);
  if (is_matrix(f))
    text = matrix_text(f);
  else if (strlen(f->bytes) == f->n)
    text = xstrdup(f->bytes);
  if (text)
    ui_page(p->ui, title, text);
  else
    ui_complain(p->ui, "%s is no text; e saves it to a file", f->name);
  free(text);
  free(title);
}

static void fetch_done(struct aside_job *job)
{
  struct fetch *f = (struct fetch *)job;
  f->of->fetching = NULL;
  if (job->error)
    ui_complain(f->of->ui, "%s", job->error);
  else if (f->path)
    ui_say(f->of->ui, "%s written to %s", f->name, f->path);
  else
    show_artifact(f->of, f);
}

static void fetch_release(struct aside_job *job)
{
  struct fetch *f = (struct fetch *)job;
  free(f->name);
  free(f->kind);
  free(f->path);
  free(f->bytes);
  mat_free(&f->matrix);
  free(f);
}

/* Read the selected artifact, to show it or (path) to write it to a file. */
static void fetch(struct artifacts *p, const char *path)
{
  const struct kept_artifact *x = p->list.at < p->data->n_artifacts ? &p->data->artifact[p->list.at] : NULL;
  if (!x || p->fetching)
    return;
  struct fetch *f = xcalloc(1, sizeof *f);
  *f = (struct fetch){.job = {.work = fetch_work, .done = fetch_done, .release = fetch_release}, .of = p, .id = x->id,
                      .name = xstrdup(x->name), .kind = xstrdup(x->kind), .path = path ? xstrdup(path) : NULL};
  p->fetching = &f->job;
  aside_ask(ui_aside(p->ui), &f->job);
}

static void save_to(void *self, const char *path)
{
  if (*path)
    fetch(self, path);
}

/* A name for the file of an artifact: its own, with the usual ending. */
static char *file_name(const struct kept_artifact *x)
{
  bool matrix = strcmp(x->kind, "matrix") == 0 || strcmp(x->kind, "mask") == 0;
  const char *end = matrix ? ".npy" : strchr(x->name, '.') ? "" : ".txt";
  size_t n = strlen(x->name), k = strlen(end);
  char *name = xasprintf("%s%s", x->name, n >= k && strcmp(x->name + n - k, end) == 0 ? "" : end);
  for (char *c = name; *c; c++)
    *c = *c == '/' ? '-' : *c;
  return name;
}

static void ask_where(struct artifacts *p)
{
  char *initial = file_name(&p->data->artifact[p->list.at]);
  ui_ask(p->ui, &(struct ui_question){.label = "save the artifact to file:", .initial = initial, .history = "file", .self = p, .accept = save_to});
  free(initial);
}

/* --- the table ---------------------------------------------------------------------------------------------------------- */

void artifacts_init(struct artifacts *p, struct ui *ui)
{
  static const char *const names[] = {"name", "kind", "size", "run"};
  *p = (struct artifacts){.ui = ui, .list = {.cell = artifact_cell}};
  list_set_columns(&p->list, names, 4);
  p->list.column[2].right = p->list.column[3].right = true;
}

void artifacts_free(struct artifacts *p)
{
  aside_drop(ui_aside(p->ui), p->fetching);
  list_free(&p->list);
}

void artifacts_take(struct artifacts *p, const struct run_data *data)
{
  aside_drop(ui_aside(p->ui), p->fetching);
  p->fetching = NULL;
  p->data = data;
  p->list.n_rows = data ? data->n_artifacts : 0;
}

void artifacts_draw(struct artifacts *p, struct plot_grid *g, struct area a)
{
  p->area = a;
  p->list.self = p;
  list_draw(&p->list, g, a);
}

unsigned artifacts_request(struct artifacts *p, enum request r, const struct ui_event *ev)
{
  if (r == REQUEST_EXPORT)
    ask_where(p);
  else if (r == REQUEST_OPEN)
    fetch(p, NULL);
  else if (r == REQUEST_LEFT || r == REQUEST_RIGHT) /* the cursor of the plot */
    return 0;
  else
    return list_request(&p->list, r, ev, p->area);
  return UI_HANDLED | UI_REDRAW;
}
