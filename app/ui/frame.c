/* frame.c: what surrounds every view: title and tabs, the line of keys, messages, help, the palette, marks. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ui/ui_int.h"
#include "app/ui/ui_jobs.h"
#include "experiments/kernel/mem.h"

static const struct view *const views[] = {
#define VIEW(name) &view_##name,
#include "app/ui/views.def"
#undef VIEW
};
enum {
#define VIEW(name) N_##name,
#include "app/ui/views.def"
#undef VIEW
  N_VIEWS,
};

const struct view *ui_view_at(size_t i) { return i < N_VIEWS ? views[i] : NULL; }

struct ui *ui_new(struct app *app)
{
  struct ui *ui = xcalloc(1, sizeof *ui);
  ui->app = app;
  ui->aside = aside_new(app);
  ui->n_views = N_VIEWS;
  for (size_t i = 0; i < N_VIEWS; i++)
    ui->slot[i].view = views[i];
  memory_open(ui);
  ui->loop = ui_child_loop(ui);
  ui->jobs = ui_jobs_new(ui);
  ui->background = app->light ? BACKGROUND_LIGHT : BACKGROUND_UNKNOWN;
  ui->dirty = true;
  return ui;
}

void ui_free(struct ui *ui)
{
  for (size_t i = 0; i < ui->n_views; i++)
    if (ui->slot[i].state)
      ui->slot[i].view->close(ui->slot[i].state); /* drops its jobs */
  child_drop(ui->config);
  jobs_free(ui->jobs);
  aside_free(ui->aside);
  if (ui->slow)
    aside_free(ui->slow);
  asking_end(ui);
  popup_end(ui);
  memory_close(ui);
  for (size_t i = 0; i < ui->n_history; i++) {
    free(ui->history[i].name);
    free(ui->history[i].text);
  }
  free(ui->history);
  names_free(&ui->columns);
  names_free(&ui->query_names);
  names_free(&ui->query_texts);
  free(ui->mark);
  free(ui->message);
  free(ui->copied);
  free(ui);
}

struct app *ui_app(struct ui *ui) { return ui->app; }
struct aside *ui_aside(struct ui *ui) { return ui->aside; }

static void slow_finished(void *self) { aside_finish(((struct ui *)self)->slow); }

struct aside *ui_aside_slow(struct ui *ui)
{
  if (!ui->slow) {
    ui->slow = aside_new(ui->app);
    ui_watch(ui, aside_fd(ui->slow), slow_finished, ui);
  }
  return ui->slow;
}
struct jobs *ui_jobs(struct ui *ui) { return ui->jobs; }
const struct child_loop *ui_loop(struct ui *ui) { return &ui->loop; }
void ui_redraw(struct ui *ui) { ui->dirty = true; }
bool ui_left(const struct ui *ui) { return ui->left; }

static void set_message(struct ui *ui, bool bad, const char *format, va_list args)
{
  free(ui->message);
  if (vasprintf(&ui->message, format, args) < 0)
    ui->message = NULL;
  ui->message_bad = bad;
  ui->dirty = true;
}

void ui_say(struct ui *ui, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  set_message(ui, false, format, args);
  va_end(args);
}

void ui_complain(struct ui *ui, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  set_message(ui, true, format, args);
  va_end(args);
}

/* --- views ---------------------------------------------------------------------------------------------- */

static size_t index_of(const struct ui *ui, const struct view *v)
{
  for (size_t i = 0; i < ui->n_views; i++)
    if (ui->slot[i].view == v)
      return i;
  return 0;
}

static void *state_at(struct ui *ui, size_t i)
{
  if (!ui->slot[i].state)
    ui->slot[i].state = ui->slot[i].view->open(ui);
  return ui->slot[i].state;
}

void *ui_view_state(struct ui *ui, const struct view *v) { return state_at(ui, index_of(ui, v)); }

const struct view *ui_current(const struct ui *ui, void **state)
{
  if (state)
    *state = ui->slot[ui->current].state;
  return ui->slot[ui->current].view;
}

static void show(struct ui *ui, size_t i)
{
  ui->current = i;
  void *state = state_at(ui, i);
  if (ui->slot[i].view->refresh)
    ui->slot[i].view->refresh(state, false);
  ui->dirty = true;
}

void ui_go(struct ui *ui, enum request screen)
{
  for (size_t i = 0; i < ui->n_views; i++) {
    if (ui->slot[i].view->screen != screen)
      continue;
    if (i != ui->current) {
      if (ui->n_back == sizeof ui->back / sizeof *ui->back)
        memmove(ui->back, ui->back + 1, --ui->n_back * sizeof *ui->back);
      ui->back[ui->n_back++] = ui->current;
    }
    show(ui, i);
    return;
  }
}

static void go_back(struct ui *ui)
{
  if (ui->n_back)
    show(ui, ui->back[--ui->n_back]);
  else if (ui->current)
    show(ui, 0);
}

void ui_refresh(struct ui *ui, bool store_changed)
{
  const struct view *v = ui->slot[ui->current].view;
  void *state = state_at(ui, ui->current);
  if (v->refresh)
    v->refresh(state, store_changed);
}

/* --- descriptors ------------------------------------------------------------------------------------------ */

void ui_watch(struct ui *ui, int fd, void (*readable)(void *self), void *self)
{
  if (ui->n_watches < sizeof ui->watch / sizeof *ui->watch)
    ui->watch[ui->n_watches++] = (struct ui_watched){fd, readable, self};
}

void ui_unwatch(struct ui *ui, int fd)
{
  for (size_t i = ui->n_watches; i-- > 0;)
    if (ui->watch[i].fd == fd)
      ui->watch[i] = ui->watch[--ui->n_watches];
}

size_t ui_watches(const struct ui *ui, const struct ui_watched **out)
{
  *out = ui->watch;
  return ui->n_watches;
}

/* --- marks ---------------------------------------------------------------------------------------------- */

static size_t mark_place(const struct ui *ui, int64_t run)
{
  size_t low = 0, high = ui->n_marks;
  while (low < high) {
    size_t mid = low + (high - low) / 2;
    if (ui->mark[mid] < run)
      low = mid + 1;
    else
      high = mid;
  }
  return low;
}

bool ui_is_marked(const struct ui *ui, int64_t run)
{
  size_t at = mark_place(ui, run);
  return at < ui->n_marks && ui->mark[at] == run;
}

static int by_run(const void *a, const void *b)
{
  int64_t p = *(const int64_t *)a, q = *(const int64_t *)b;
  return (p > q) - (p < q);
}

/* Both lists sorted, so that marking a hundred thousand runs is one walk. */
void ui_mark(struct ui *ui, const int64_t *run, size_t n, bool on)
{
  int64_t *wanted = xcalloc(n + 1, sizeof *wanted), *merged = xcalloc(ui->n_marks + n + 1, sizeof *merged);
  size_t i = 0, k = 0, count = 0;
  for (size_t r = 0; r < n; r++)
    wanted[r] = run[r];
  qsort(wanted, n, sizeof *wanted, by_run);
  while (i < ui->n_marks || k < n) {
    bool old = k == n || (i < ui->n_marks && ui->mark[i] <= wanted[k]);
    int64_t next = old ? ui->mark[i] : wanted[k];
    bool named = k < n && wanted[k] == next;
    if (named ? on : old)
      merged[count++] = next;
    i += i < ui->n_marks && ui->mark[i] == next;
    while (k < n && wanted[k] == next)
      k++;
  }
  free(wanted);
  free(ui->mark);
  ui->mark = merged;
  ui->n_marks = count;
  ui->dirty = true;
}

size_t ui_marked(const struct ui *ui, const int64_t **run)
{
  *run = ui->mark;
  return ui->n_marks;
}

/* --- help and palette ------------------------------------------------------------------------------------- */

static void help_group(struct ui *ui, FILE *f, const struct view *v, const char *group, const char *title)
{
  fprintf(f, "\n%s:\n", title);
  for (enum request r = REQUEST_NONE + 1; r < REQUEST_COUNT; r++) {
    char key[16];
    if (strcmp(request_row(r)->group, group) == 0 && *request_key(ui, v->keys, r, key))
      fprintf(f, "  %-10s %-14s %s\n", key, request_row(r)->name, request_row(r)->help);
  }
}

static const enum request *hints_of(const struct ui *ui)
{
  const struct view *v = ui->slot[ui->current].view;
  return v->hints_now ? v->hints_now(ui->slot[ui->current].state) : v->hints;
}

/* Lines of at most `width` bytes, broken at blanks. */
static void write_wrapped(FILE *f, const char *text, size_t width)
{
  while (*text) {
    size_t n = strlen(text);
    for (size_t i = 0, blank = 0; i < n; i++) {
      blank = text[i] == ' ' ? i : blank;
      if (i >= width && blank) {
        n = blank;
        break;
      }
    }
    fprintf(f, "%.*s\n", (int)n, text);
    text += n + (text[n] == ' ');
  }
}

static void show_help(struct ui *ui)
{
  const struct view *v = ui->slot[ui->current].view;
  char *text;
  size_t size;
  FILE *f = xstream_open(&text, &size);
  write_wrapped(f, v->summary, ui->body.width > 24 ? (size_t)ui->body.width - 4 : 20);
  fputs("\nMost useful here:\n", f);
  for (const enum request *r = hints_of(ui); *r; r++) {
    char key[16];
    fprintf(f, "  %-10s %-14s %s\n", request_key(ui, v->keys, *r, key), request_row(*r)->name, request_row(*r)->help);
  }
  help_group(ui, f, v, "go", "Going about");
  help_group(ui, f, v, "move", "Moving");
  help_group(ui, f, v, "choose", "Choosing");
  help_group(ui, f, v, "look", "Looking");
  help_group(ui, f, v, "do", "Doing");
  fprintf(f, "\nKeys are bound in init.lua of the configuration directory; 'assay ui --help' says how.\n");
  xstream_close(f);
  char *title = xasprintf("help: %s", v->name);
  ui_page(ui, title, text);
  free(title);
  free(text);
}

static void handle(struct ui *ui, enum request r, const struct ui_event *ev);

static void palette_accept(void *self, size_t index)
{
  struct ui_event none = {0};
  handle(self, (enum request)(index + 1), &none);
}

static void show_palette(struct ui *ui)
{
  const char *item[REQUEST_COUNT], *note[REQUEST_COUNT];
  for (enum request r = REQUEST_NONE + 1; r < REQUEST_COUNT; r++) {
    item[r - 1] = request_row(r)->name;
    note[r - 1] = request_row(r)->help;
  }
  ui_menu(ui, &(struct ui_menu){.title = "commands", .item = item, .note = note, .n = REQUEST_COUNT - 1, .self = ui, .accept = palette_accept});
}

/* --- export ------------------------------------------------------------------------------------------------- */

/* What a file of this name shall hold: .svg the largest plot on the screen, anything else the table as CSV. */
static char *export_text(struct ui *ui, const char *path)
{
  const struct view *v = ui->slot[ui->current].view;
  size_t n = strlen(path);
  if (n > 4 && strcmp(path + n - 4, ".svg") == 0)
    return draw_picture(v->draw, ui->slot[ui->current].state, ui->body);
  return v->text ? v->text(ui->slot[ui->current].state, true) : NULL;
}

static void export_to(void *self, const char *path)
{
  struct ui *ui = self;
  char *text = *path ? export_text(ui, path) : NULL;
  FILE *f = text ? fopen(path, "wxe") : NULL;
  if (*path && !text)
    ui_complain(ui, "there is nothing on this screen for %s", path);
  else if (text && !f)
    ui_complain(ui, "cannot write %s: %s (an existing file is left alone)", path, strerror(errno));
  else if (f && (fputs(text, f) == EOF) + (fclose(f) != 0) == 0)
    ui_say(ui, "written to %s", path);
  else if (f)
    ui_complain(ui, "%s could not be written whole: %s", path, strerror(errno));
  free(text);
}

static void copy(struct ui *ui)
{
  const struct view *v = ui->slot[ui->current].view;
  char *text = v->text ? v->text(ui->slot[ui->current].state, false) : NULL;
  if (text) {
    free(ui->copied);
    ui->copied = text;
    ui_say(ui, "copied %zu bytes", strlen(text));
  } else {
    ui_say(ui, "nothing to copy here");
  }
}

/* --- events ------------------------------------------------------------------------------------------------ */

static void quit_anyway(void *self, const char *text)
{
  (void)text;
  ((struct ui *)self)->left = true;
}

/* Running experiments are stopped by leaving: ask. What is finished is in the store. */
static void quit(struct ui *ui)
{
  if (jobs_running(ui->jobs))
    ui_confirm(ui, "an experiment is running; leave and stop it? (what is finished is kept) y/n", ui, quit_anyway);
  else
    ui->left = true;
}

/* The rest of the program's own requests; 0: not one of them. */
static unsigned frame_request(struct ui *ui, enum request r)
{
  const struct view *v = ui->slot[ui->current].view;
  if (r >= REQUEST_SCREEN_RUNS && r <= REQUEST_SCREEN_PROMPT) {
    ui_go(ui, r);
    return UI_HANDLED;
  }
  switch (r) {
  case REQUEST_QUIT: quit(ui); break;
  case REQUEST_BACK: go_back(ui); break;
  case REQUEST_HELP: show_help(ui); break;
  case REQUEST_PALETTE: show_palette(ui); break;
  case REQUEST_SUSPEND: ui->suspend = true; break;
  case REQUEST_REDRAW: ui->clear = true; ui_refresh(ui, true); break;
  case REQUEST_COPY: copy(ui); break;
  case REQUEST_EXPORT:
    if (v->text)
      ui_ask(ui, &(struct ui_question){.label = "write to file (.csv the numbers, .svg the plot):", .initial = "assay.csv", .history = "file", .self = ui, .accept = export_to});
    else
      ui_say(ui, "nothing to write here");
    break;
  default: return 0;
  }
  return UI_HANDLED | UI_REDRAW;
}

static void handle(struct ui *ui, enum request r, const struct ui_event *ev)
{
  const struct view *v = ui->slot[ui->current].view;
  void *state = state_at(ui, ui->current);
  unsigned answer = v->request ? v->request(state, r, ev) : 0;
  if (!answer && r)
    answer = frame_request(ui, r);
  if (answer & UI_RELOAD)
    ui_refresh(ui, true);
  if (answer & UI_CLOSE)
    go_back(ui);
  if (!answer && r) {
    char key[16];
    ui_say(ui, "%s does nothing on this screen (? shows what does)", key_label(ev->key, key));
  }
  ui->dirty = true;
}

/* A click on the title line chooses a tab. */
static bool tab_clicked(struct ui *ui, const struct ui_event *ev)
{
  if (ev->key != UI_KEY_MOUSE || ev->row != 0 || ev->button != UI_BUTTON_LEFT)
    return false;
  for (size_t i = 0; i < ui->n_views; i++)
    if (ev->col >= ui->tab[i].col && ev->col < ui->tab[i].col + ui->tab[i].width) {
      ui_go(ui, ui->slot[i].view->screen);
      return true;
    }
  return true;
}

void ui_event(struct ui *ui, const struct ui_event *ev)
{
  const struct view *v = ui->slot[ui->current].view;
  void *state = state_at(ui, ui->current);
  free(ui->message);
  ui->message = NULL;
  ui->dirty = true;
  if (ev->key == UI_KEY_RESIZE)
    return;
  if (ui->asking)
    asking_key(ui, ev);
  else if (ui->popup.kind != POPUP_NONE)
    popup_key(ui, ev);
  else if (tab_clicked(ui, ev) || (v->key && v->key(state, ev)))
    return;
  else
    handle(ui, ev->key == UI_KEY_MOUSE ? (ev->button == UI_BUTTON_DOUBLE ? REQUEST_OPEN : REQUEST_NONE) : key_request(ui, v->keys, ev->key), ev);
}

/* --- drawing ------------------------------------------------------------------------------------------------ */

/* Tabs from the right end: names where there is room, else numbers, else this one alone. Returns the columns taken. */
static int draw_tabs(struct ui *ui, struct plot_grid *g)
{
  int need = 0, col, own = (int)strlen(ui->slot[ui->current].view->name) + 8;
  for (size_t i = 0; i < ui->n_views; i++)
    need += (int)strlen(ui->slot[i].view->name) + 4;
  bool names = need <= g->width * 6 / 10;
  if (!names)
    need = 4 * (int)ui->n_views + (int)strlen(ui->slot[ui->current].view->name) + 1;
  bool alone = need > g->width * 7 / 10;
  if (alone)
    need = own;
  col = g->width - need;
  for (size_t i = 0; i < ui->n_views; i++) {
    const struct view *v = ui->slot[i].view;
    bool here = i == ui->current;
    char key[16];
    ui->tab[i].width = 0;
    if (alone && !here)
      continue;
    request_key(ui, NULL, v->screen, key);
    int used = draw_format(g, 0, col, g->width - col, here ? UI_ORANGE : UI_GREY, here ? PLOT_BOLD : 0, here ? "[%s%s%s]" : "%s%s%s", key,
                           names || here ? " " : "", names || here ? v->name : "");
    ui->tab[i].col = col;
    ui->tab[i].width = used;
    col += used + 1 + !here;
  }
  return need;
}

static void draw_title(struct ui *ui, struct plot_grid *g)
{
  const struct view *v = ui->slot[ui->current].view;
  char title[512] = "";
  int tabs = draw_tabs(ui, g), col = 1, room = g->width - tabs - 2;
  const char *name = strrchr(ui->app->db, '/');
  col += draw_text(g, 0, col, room, name ? name + 1 : ui->app->db, UI_BLUE, PLOT_BOLD) + 2;
  if (v->title)
    v->title(ui->slot[ui->current].state, title, sizeof title);
  draw_text(g, 0, col, room - col, title, 0, 0);
}

/* Draws what fits before `end`, most useful first; returns the column behind it. */
static int draw_keys(struct ui *ui, struct plot_grid *g, int row, int col, int end, const enum request *hints)
{
  const struct view *v = ui->slot[ui->current].view;
  for (const enum request *r = hints; *r; r++) {
    char key[16];
    const char *name = request_row(*r)->name;
    if (!*request_key(ui, v->keys, *r, key) || col + (int)(strlen(key) + strlen(name)) + 1 >= end)
      continue;
    col += draw_text(g, row, col, g->width - col, key, 0, PLOT_BOLD) + 1;
    col += draw_text(g, row, col, g->width - col, name, UI_GREY, 0) + 2;
  }
  return col;
}

/* The keys of the screen; the way to all others is always there. */
static void draw_hints(struct ui *ui, struct plot_grid *g, int row)
{
  static const enum request palette[] = {REQUEST_PALETTE, REQUEST_NONE}, help[] = {REQUEST_HELP, REQUEST_QUIT, REQUEST_NONE};
  enum { HELP_WIDTH = 8 }; /* "? help  " */
  int col = draw_keys(ui, g, row, 1, g->width - HELP_WIDTH, hints_of(ui));
  col = draw_keys(ui, g, row, col, g->width - HELP_WIDTH, palette);
  draw_keys(ui, g, row, col, g->width, help);
}

void ui_set_background(struct ui *ui, enum background b)
{
  ui->dirty = ui->dirty || b != ui->background;
  ui->background = b;
}

/* The colours that the user chose, or those for the ground there is. */
static void recolour(const struct ui *ui, struct plot_grid *g)
{
  bool light = (ui->wished ? ui->wished : ui->background) == BACKGROUND_LIGHT;
  for (size_t i = 0; i < (size_t)g->width * (size_t)g->height; i++) {
    uint32_t fg = g->cell[i].fg;
    if (g->cell[i].attr & PLOT_FIXED)
      continue;
    if (g->colours < PLOT_TRUE_COLOURS)
      fg = plot_colour_256(fg);
    g->cell[i].fg = fg < 256 && ui->recolour[fg] ? ui->recolour[fg] : light ? plot_on_light(fg) : fg;
  }
}

void ui_draw(struct ui *ui, struct plot_grid *g, int *row, int *col)
{
  const struct view *v = ui->slot[ui->current].view;
  void *state = state_at(ui, ui->current);
  *row = *col = -1;
  draw_fill(g, (struct area){0, 0, g->height, g->width}, ' ');
  ui->dirty = false;
  if (g->width < 40 || g->height < 10) {
    draw_text(g, 0, 0, g->width, "assay: at least 40 x 10, please", 0, 0);
    return;
  }
  int busy = jobs_lines(ui->jobs);
  ui->body = (struct area){1, 0, g->height - 2 - busy, g->width};
  jobs_draw(ui->jobs, g, (struct area){g->height - 1 - busy, 0, busy, g->width});
  draw_title(ui, g);
  v->draw(state, g, ui->body);
  if (ui->message)
    draw_text(g, g->height - 1, 1, g->width - 2, ui->message, ui->message_bad ? UI_RED : UI_GREEN, ui->message_bad ? PLOT_BOLD : 0);
  else
    draw_hints(ui, g, g->height - 1);
  popup_draw(ui, g, row, col);
  if (ui->asking)
    asking_draw(ui, g, row, col);
  else if (ui->popup.kind == POPUP_NONE && v->cursor)
    v->cursor(state, row, col);
  recolour(ui, g);
}

bool ui_wants_draw(struct ui *ui) { return ui->dirty; }

/* --- what the loop does for the frame ------------------------------------------------------------------------ */

char *ui_take_copied(struct ui *ui)
{
  char *text = ui->copied;
  ui->copied = NULL;
  return text;
}

bool ui_take_suspend(struct ui *ui)
{
  bool wanted = ui->suspend;
  ui->suspend = false;
  return wanted;
}

bool ui_take_clear(struct ui *ui)
{
  bool wanted = ui->clear;
  ui->clear = false;
  return wanted;
}
