/* frame.c: what surrounds every view: which one is shown, messages, and where keys go. */
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

void *frame_state(struct ui *ui, size_t i)
{
  if (!ui->slot[i].state)
    ui->slot[i].state = ui->slot[i].view->open(ui);
  return ui->slot[i].state;
}

void *ui_view_state(struct ui *ui, const struct view *v) { return frame_state(ui, index_of(ui, v)); }

const struct view *ui_current(const struct ui *ui, void **state)
{
  if (state)
    *state = ui->slot[ui->current].state;
  return ui->slot[ui->current].view;
}

static void show(struct ui *ui, size_t i)
{
  ui->current = i;
  void *state = frame_state(ui, i);
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
  void *state = frame_state(ui, ui->current);
  if (v->refresh)
    v->refresh(state, store_changed);
}

const enum request *frame_hints(const struct ui *ui)
{
  const struct view *v = ui->slot[ui->current].view;
  return v->hints_now ? v->hints_now(ui->slot[ui->current].state) : v->hints;
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
  if (r >= REQUEST_SCREEN_RUNS && r <= REQUEST_SCREEN_PROMPT) {
    ui_go(ui, r);
    return UI_HANDLED;
  }
  switch (r) {
  case REQUEST_QUIT: quit(ui); break;
  case REQUEST_BACK: go_back(ui); break;
  case REQUEST_HELP: frame_show_help(ui); break;
  case REQUEST_PALETTE: frame_show_palette(ui); break;
  case REQUEST_SUSPEND: ui->suspend = true; break;
  case REQUEST_REDRAW: ui->clear = true; ui_refresh(ui, true); break;
  case REQUEST_COPY: frame_copy(ui); break;
  case REQUEST_EXPORT: frame_export(ui); break;
  default: return 0;
  }
  return UI_HANDLED | UI_REDRAW;
}

void frame_handle(struct ui *ui, enum request r, const struct ui_event *ev)
{
  const struct view *v = ui->slot[ui->current].view;
  void *state = frame_state(ui, ui->current);
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
  void *state = frame_state(ui, ui->current);
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
    frame_handle(ui, ev->key == UI_KEY_MOUSE ? (ev->button == UI_BUTTON_DOUBLE ? REQUEST_OPEN : REQUEST_NONE) : key_request(ui, v->keys, ev->key), ev);
}

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
