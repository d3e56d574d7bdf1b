/* loop.c: the workbench on a terminal: one loop over keys, finished reading, signals, children and a clock. What other
 * code writes to stderr would tear the picture: it is caught in a pipe and shown as a message. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "app/signals.h"
#include "app/ui/screen.h"
#include "app/ui/ui_int.h"
#include "experiments/kernel/mem.h"

enum { WATCH_MS = 250 }; /* how often the store is looked at */

struct loop {
  struct app *app;
  struct ui *ui;
  struct plot_grid grid;
  int stderr_before, messages; /* the terminal's stderr; the reading end of what is written to it now */
  struct stat seen[2];         /* the store and its log, as they were last */
  double watched, refreshed;
  bool lost;                   /* the terminal has gone */
};

static double now_s(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* --- what is written to stderr ---------------------------------------------------------------------------- */

static void catch_stderr(struct loop *l)
{
  int fds[2];
  l->messages = l->stderr_before = -1;
  if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) != 0)
    return;
  l->stderr_before = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
  l->messages = fds[0];
  fflush(stderr);
  dup2(fds[1], STDERR_FILENO);
  close(fds[1]);
}

static void give_stderr_back(struct loop *l)
{
  if (l->messages < 0)
    return;
  fflush(stderr);
  dup2(l->stderr_before, STDERR_FILENO);
  close(l->stderr_before);
  close(l->messages);
}

/* The last line of what has come. */
static void show_messages(struct loop *l)
{
  char text[4096];
  ssize_t n = read(l->messages, text, sizeof text - 1);
  if (n <= 0)
    return;
  while (n && text[n - 1] == '\n')
    n--;
  text[n] = '\0';
  char *line = strrchr(text, '\n');
  line = line ? line + 1 : text;
  ui_complain(l->ui, "%s", strncmp(line, "assay: ", 7) == 0 ? line + 7 : line);
}

/* --- the store ------------------------------------------------------------------------------------------------ */

/* Has the store, or its write-ahead log, changed? Two look-ups in the file system. */
static bool store_changed(struct loop *l)
{
  bool changed = false;
  for (int i = 0; i < 2; i++) {
    struct stat now = {0};
    char *path = xasprintf("%s%s", l->app->db, i ? "-wal" : "");
    if (stat(path, &now) != 0)
      now = (struct stat){0};
    free(path);
    changed = changed || now.st_size != l->seen[i].st_size || now.st_mtim.tv_sec != l->seen[i].st_mtim.tv_sec ||
              now.st_mtim.tv_nsec != l->seen[i].st_mtim.tv_nsec || now.st_ino != l->seen[i].st_ino;
    l->seen[i] = now;
  }
  return changed;
}

/* Refresh after a change, but spend at most a tenth of the time on it. */
static void watch(struct loop *l)
{
  double now = now_s();
  if (now - l->watched < WATCH_MS / 1000.0 || !aside_idle(ui_aside(l->ui)))
    return;
  l->watched = now;
  if (now - l->refreshed >= 10 * aside_cost(ui_aside(l->ui)) && store_changed(l)) {
    l->refreshed = now;
    ui_refresh(l->ui, true);
  }
}

/* --- the loop --------------------------------------------------------------------------------------------------- */

static void draw(struct loop *l)
{
  int width, height, row, col;
  screen_size(&width, &height);
  if (l->grid.width != width || l->grid.height != height) {
    plot_grid_free(&l->grid);
    plot_grid_init(&l->grid, width, height);
  }
  l->grid.colours = screen_colours();
  ui_draw(l->ui, &l->grid, &row, &col);
  screen_show(&l->grid, row, col);
}

static void look_after_terminal(struct loop *l)
{
  char *text = ui_take_copied(l->ui);
  if (text)
    screen_copy(text);
  free(text);
  if (signals_resized()) {
    screen_resize();
    ui_redraw(l->ui);
  }
  if (screen_colours() != l->grid.colours)
    ui_redraw(l->ui);
  enum background ground = screen_background();
  if (ground)
    ui_set_background(l->ui, ground);
  if (ui_take_clear(l->ui))
    screen_clear();
  if (screen_continued())
    ui_redraw(l->ui);
  if (ui_take_suspend(l->ui) || screen_stop_asked()) {
    screen_suspend();
    ui_redraw(l->ui);
  }
}

static bool still_watched(const struct ui *ui, const struct ui_watched *w)
{
  const struct ui_watched *watched;
  for (size_t i = ui_watches(ui, &watched); i-- > 0;)
    if (watched[i].fd == w->fd && watched[i].self == w->self)
      return true;
  return false;
}

static void wait_for_something(struct loop *l)
{
  const struct ui_watched *watched;
  size_t n = ui_watches(l->ui, &watched), first = 4;
  struct pollfd fds[4 + 64] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = aside_fd(ui_aside(l->ui)), .events = POLLIN},
                               {.fd = signals_fd(), .events = POLLIN}, {.fd = l->messages, .events = POLLIN}};
  struct ui_watched now[64];
  for (size_t i = 0; i < n; i++) {
    now[i] = watched[i];
    fds[first + i] = (struct pollfd){.fd = now[i].fd, .events = POLLIN};
  }
  if (poll(fds, (nfds_t)(first + n), WATCH_MS) <= 0)
    return;
  if (fds[2].revents)
    signals_drain();
  if (fds[1].revents)
    aside_finish(ui_aside(l->ui));
  if (fds[3].revents)
    show_messages(l);
  for (size_t i = 0; i < n; i++)
    if (fds[first + i].revents && still_watched(l->ui, &now[i])) /* what was called before may have ended it */
      now[i].readable(now[i].self);
  if (fds[0].revents & (POLLHUP | POLLERR))
    l->app->cancel = l->lost = true;
}

static void loop_main(struct loop *l)
{
  struct ui_event ev;
  while (!ui_left(l->ui) && !l->app->cancel) {
    if (ui_wants_draw(l->ui))
      draw(l);
    wait_for_something(l);
    while (!ui_left(l->ui) && screen_event(&ev))
      ui_event(l->ui, &ev);
    look_after_terminal(l);
    watch(l);
  }
}

int ui_run(struct app *app)
{
  struct loop l = {.app = app};
  char why[256];
  if (!screen_open(app->colour_out, app->utf8, why, sizeof why)) {
    app_complain("%s", why);
    return EXIT_USAGE;
  }
  signals_install(&app->cancel);
  catch_stderr(&l);
  l.ui = ui_new(app);
  store_changed(&l);
  ui_refresh(l.ui, false);
  config_read(l.ui);
  loop_main(&l);
  ui_free(l.ui);
  plot_grid_free(&l.grid);
  give_stderr_back(&l);
  screen_close();
  return signals_count() ? signals_exit_code() : l.lost ? 128 + SIGHUP : EXIT_DONE;
}
