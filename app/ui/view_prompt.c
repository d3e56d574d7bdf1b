/* view_prompt.c: screen 0: the Lua prompt. It is `assay repl` on a pseudo-terminal of its own, shown through the terminal
 * emulator of libvterm: line editing, history, completion, help and plots are the prompt's own, a long kernel holds up
 * nothing here, and a crash costs the prompt only. The runs marked on screen 1 are its global `sel`. */
#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vterm.h>

#include "app/ui/run_view.h"
#include "experiments/kernel/mem.h"

enum { SCROLLBACK = 5000 };

struct old_line { int n; VTermScreenCell *cell; };

struct prompt {
  struct ui *ui;
  VTerm *vt;
  VTermScreen *screen;
  pid_t pid;               /* 0: not running */
  int fd, width, height;
  struct old_line old[SCROLLBACK]; /* lines that scrolled out: a ring */
  size_t n_old, scrolled;  /* how far back the view is */
  char *selection;         /* file with the marked runs */
  VTermPos cursor;
  char part[4]; size_t n_part; /* of a character whose rest is still to come: libvterm 0.1 draws each byte of such a one */
  bool cursor_seen, ended;
};

/* --- the emulator's side -------------------------------------------------------------------------------------------- */

static void send_bytes(const char *bytes, size_t n, void *self)
{
  struct prompt *v = self;
  while (n && v->fd >= 0) {
    ssize_t sent = write(v->fd, bytes, n);
    if (sent < 0 && errno == EINTR)
      continue;
    if (sent <= 0)
      return; /* a full pseudo-terminal drops keys, as a real one does */
    bytes += sent;
    n -= (size_t)sent;
  }
}

static int on_damage(VTermRect rect, void *self)
{
  (void)rect;
  ui_redraw(((struct prompt *)self)->ui);
  return 1;
}

static int on_cursor(VTermPos pos, VTermPos old, int visible, void *self)
{
  struct prompt *v = self;
  (void)old;
  v->cursor = pos;
  v->cursor_seen = visible;
  ui_redraw(v->ui);
  return 1;
}

static int on_push(int cols, const VTermScreenCell *cells, void *self)
{
  struct prompt *v = self;
  struct old_line *line = &v->old[v->n_old++ % SCROLLBACK];
  line->cell = xrealloc(line->cell, (size_t)cols * sizeof *line->cell);
  memcpy(line->cell, cells, (size_t)cols * sizeof *line->cell);
  line->n = cols;
  if (v->scrolled)
    v->scrolled++; /* what is looked at stays where it is */
  return 1;
}

static const VTermScreenCallbacks callbacks = {.damage = on_damage, .movecursor = on_cursor, .sb_pushline = on_push};

/* --- the child --------------------------------------------------------------------------------------------------------- */

static void stop(struct prompt *v)
{
  if (v->fd >= 0) {
    ui_unwatch(v->ui, v->fd);
    close(v->fd); /* SIGHUP for the prompt: it saves its history and goes */
  }
  v->fd = -1;
  for (int i = 0; v->pid && i < 200; i++) {
    if (waitpid(v->pid, NULL, WNOHANG) == v->pid)
      v->pid = 0;
    else
      usleep(5000);
  }
  if (v->pid) {
    kill(v->pid, SIGKILL);
    while (waitpid(v->pid, NULL, 0) < 0 && errno == EINTR)
      ;
  }
  v->pid = 0;
}

static void readable(void *self)
{
  struct prompt *v = self;
  char bytes[16384];
  for (int i = 0; i < 16; i++) { /* a flood of output must not hold up the keys */
    memcpy(bytes, v->part, v->n_part);
    ssize_t n = read(v->fd, bytes + v->n_part, sizeof bytes - v->n_part);
    if (n < 0 && (errno == EINTR || errno == EAGAIN))
      return;
    if (n <= 0) {
      stop(v);
      v->ended = true;
      ui_redraw(v->ui);
      return;
    }
    size_t have = v->n_part + (size_t)n, whole = text_whole(bytes, have);
    vterm_input_write(v->vt, bytes, whole);
    v->n_part = have - whole;
    memcpy(v->part, bytes + whole, v->n_part);
  }
}

/* The environment of the prompt: ours, with the terminal it really has. Made before the fork. */
static char **make_environment(const struct prompt *v, bool true_colour)
{
  extern char **environ;
  static const char *const replaced[] = {"TERM=", "ASSAY_SELECTION=", "COLUMNS=", "LINES=", "COLORTERM=",
                                       "COLORFGBG=" /* the frame has the colours for light ground */};
  size_t n = 0, kept = 0;
  while (environ[n])
    n++;
  char **out = xcalloc(n + 5, sizeof *out);
  for (size_t i = 0; i < n; i++) {
    bool drop = false;
    for (size_t k = 0; k < sizeof replaced / sizeof *replaced; k++)
      drop = drop || strncmp(environ[i], replaced[k], strlen(replaced[k])) == 0;
    if (!drop)
      out[kept++] = xstrdup(environ[i]);
  }
  out[kept++] = xstrdup("TERM=xterm-256color");
  if (true_colour)
    out[kept++] = xstrdup("COLORTERM=truecolor");
  out[kept++] = xasprintf("ASSAY_SELECTION=%s", v->selection);
  return out;
}

static void start(struct prompt *v, bool true_colour)
{
  struct winsize size = {.ws_row = (unsigned short)v->height, .ws_col = (unsigned short)v->width};
  char *argv[] = {xstrdup("assay"), xstrdup("--db"), xstrdup(ui_app(v->ui)->db), xstrdup("--graphics=text"), xstrdup("repl"), NULL}, **env = make_environment(v, true_colour);
  sigset_t none;
  sigemptyset(&none);
  v->pid = forkpty(&v->fd, NULL, NULL, &size);
  if (v->pid == 0) {
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve("/proc/self/exe", argv, env);
    _exit(127);
  }
  for (size_t i = 0; argv[i]; i++)
    free(argv[i]);
  for (size_t i = 0; env[i]; i++)
    free(env[i]);
  free(env);
  v->ended = false;
  if (v->pid < 0) {
    v->pid = 0;
    v->fd = -1;
    ui_complain(v->ui, "cannot start the prompt: %s", strerror(errno));
    return;
  }
  fcntl(v->fd, F_SETFD, FD_CLOEXEC);
  fcntl(v->fd, F_SETFL, O_NONBLOCK);
  ui_watch(v->ui, v->fd, readable, v);
}

/* Tell the prompt which runs are marked, a number each, and which are on screen 2: "run 12". The file is replaced as a whole: the
 * prompt may be reading it. */
static void write_selection(const struct prompt *v)
{
  const int64_t *run, *shown;
  size_t n = ui_marked(v->ui, &run), n_shown = run_view_shown(v->ui, &shown);
  if (!v->selection)
    return;
  char *fresh = xasprintf("%s.new", v->selection);
  FILE *f = fopen(fresh, "wxe");
  for (size_t i = 0; f && i < n; i++)
    fprintf(f, "%lld\n", (long long)run[i]);
  for (size_t i = 0; f && i < n_shown; i++)
    fprintf(f, "run %lld\n", (long long)shown[i]);
  if (f && fclose(f) == 0)
    rename(fresh, v->selection);
  else
    unlink(fresh);
  free(fresh);
}

static void resize(struct prompt *v, struct area a)
{
  if (a.width == v->width && a.height == v->height)
    return;
  struct winsize size = {.ws_row = (unsigned short)a.height, .ws_col = (unsigned short)a.width};
  v->width = a.width;
  v->height = a.height;
  vterm_set_size(v->vt, a.height, a.width);
  if (v->fd >= 0)
    ioctl(v->fd, TIOCSWINSZ, &size);
}

/* --- drawing ------------------------------------------------------------------------------------------------------------- */

static uint32_t colour_of(const struct prompt *v, VTermColor c)
{
  if (VTERM_COLOR_IS_DEFAULT_FG(&c))
    return 0;
  if (VTERM_COLOR_IS_INDEXED(&c))
    return c.indexed.idx;
  vterm_screen_convert_color_to_rgb(v->screen, &c);
  return PLOT_EXACT | (uint32_t)c.rgb.red << 16 | (uint32_t)c.rgb.green << 8 | c.rgb.blue;
}

static void draw_cell(const struct prompt *v, struct plot_grid *g, int row, int col, const VTermScreenCell *cell)
{
  uint32_t rune = cell->chars[0] == (uint32_t)-1 ? 0 : cell->chars[0] ? cell->chars[0] : ' ';
  plot_put(g, row, col, rune, colour_of(v, cell->fg));
  uint8_t attr = (cell->attrs.bold ? PLOT_BOLD : 0) | (cell->attrs.reverse ? PLOT_REVERSE : 0) | (cell->attrs.underline ? PLOT_UNDERLINE : 0);
  draw_attr(g, (struct area){row, col, 1, 1}, attr);
}

static void draw(void *self, struct plot_grid *g, struct area a)
{
  struct prompt *v = self;
  resize(v, a);
  if (!v->pid && !v->ended)
    start(v, g->colours == PLOT_TRUE_COLOURS);
  size_t held = v->n_old < SCROLLBACK ? v->n_old : SCROLLBACK;
  if (v->scrolled > held)
    v->scrolled = held;
  for (int row = 0; row < a.height; row++) {
    long at = row - (long)v->scrolled; /* negative: a line that scrolled out */
    const struct old_line *old = at < 0 ? &v->old[(v->n_old - (size_t)-at) % SCROLLBACK] : NULL;
    for (int col = 0; col < a.width; col++) {
      VTermScreenCell cell;
      if (old ? col < old->n : vterm_screen_get_cell(v->screen, (VTermPos){(int)at, col}, &cell))
        draw_cell(v, g, a.row + row, a.col + col, old ? &old->cell[col] : &cell);
    }
  }
  if (v->ended)
    draw_text(g, a.row + a.height - 1, 1, a.width - 2, "the prompt has ended; Enter starts a new one", UI_ORANGE, PLOT_BOLD);
}

static void cursor(void *self, int *row, int *col)
{
  const struct prompt *v = self;
  if (!v->cursor_seen || v->scrolled || v->ended)
    return;
  *row = 1 + v->cursor.row;
  *col = v->cursor.col;
}

/* --- keys ------------------------------------------------------------------------------------------------------------------ */

static VTermKey special(uint32_t key)
{
  static const struct { uint32_t key; VTermKey vt; } table[] = {
    {'\r', VTERM_KEY_ENTER}, {'\t', VTERM_KEY_TAB}, {UI_KEY_BACKSPACE, VTERM_KEY_BACKSPACE}, {UI_KEY_UP, VTERM_KEY_UP}, {UI_KEY_DOWN, VTERM_KEY_DOWN},
    {UI_KEY_LEFT, VTERM_KEY_LEFT}, {UI_KEY_RIGHT, VTERM_KEY_RIGHT}, {UI_KEY_HOME, VTERM_KEY_HOME}, {UI_KEY_END, VTERM_KEY_END},
    {UI_KEY_DELETE, VTERM_KEY_DEL}, {UI_KEY_INSERT, VTERM_KEY_INS},
  };
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    if (table[i].key == key)
      return table[i].vt;
  return VTERM_KEY_NONE;
}

static bool scroll(struct prompt *v, const struct ui_event *ev)
{
  size_t page = v->height > 2 ? (size_t)v->height - 2 : 1;
  if (ev->key == UI_KEY_PAGE_UP || (ev->key == UI_KEY_MOUSE && ev->button == UI_BUTTON_WHEEL_UP))
    v->scrolled += ev->key == UI_KEY_MOUSE ? 3 : page;
  else if (ev->key == UI_KEY_PAGE_DOWN || (ev->key == UI_KEY_MOUSE && ev->button == UI_BUTTON_WHEEL_DOWN))
    v->scrolled -= v->scrolled < page ? v->scrolled : ev->key == UI_KEY_MOUSE ? 3 : page;
  else
    return ev->key == UI_KEY_MOUSE;
  return true;
}

static void type(struct prompt *v, const struct ui_event *ev)
{
  VTermKey key = special(ev->key);
  if (ev->pasted && ev->key == '\r')
    send_bytes("\r", 1, v);
  else if (key != VTERM_KEY_NONE)
    vterm_keyboard_key(v->vt, key, VTERM_MOD_NONE);
  else if (ev->key == UI_KEY_SHIFT_TAB)
    vterm_keyboard_key(v->vt, VTERM_KEY_TAB, VTERM_MOD_SHIFT);
  else if (ev->key < 32) {
    char byte = (char)ev->key;
    send_bytes(&byte, 1, v);
  } else if (ev->key < UI_KEY_UP)
    vterm_keyboard_unichar(v->vt, ev->key, VTERM_MOD_NONE);
}

/* Everything goes to the prompt but the keys that leave it: Esc, F1 to F10 (help, screens) and those for scrolling. */
static unsigned take_key(void *self, const struct ui_event *ev)
{
  struct prompt *v = self;
  if (ev->key == 27)
    return 0;
  if (ev->key >= UI_KEY_F1 && ev->key <= UI_KEY_F12) {
    if (ev->key >= UI_KEY_F1 + 1 && ev->key <= UI_KEY_F1 + 9)
      ui_go(v->ui, REQUEST_SCREEN_RUNS + (enum request)(ev->key - UI_KEY_F1 - 1));
    return ev->key == UI_KEY_F1 ? 0 : UI_HANDLED;
  }
  if (v->ended) {
    if (ev->key == '\r')
      v->ended = false; /* drawing starts it */
    return ev->key == '\r' ? UI_HANDLED | UI_REDRAW : 0;
  }
  if (scroll(v, ev))
    return UI_HANDLED | UI_REDRAW;
  v->scrolled = 0;
  type(v, ev);
  return UI_HANDLED;
}

static void say_title(void *self, char *out, size_t size)
{
  const int64_t *run;
  const struct prompt *v = self;
  size_t n = ui_marked(v->ui, &run);
  snprintf(out, size, "Lua; Esc goes back%s", n ? "; sel: the marked runs" : "");
}

/* --- the view ----------------------------------------------------------------------------------------------------------------- */

static void *open_view(struct ui *ui)
{
  struct prompt *v = xcalloc(1, sizeof *v);
  char path[] = "/tmp/assay-selection-XXXXXX";
  int fd = mkstemp(path);
  v->ui = ui;
  v->fd = -1;
  v->width = 80;
  v->height = 24;
  v->selection = fd >= 0 ? xstrdup(path) : NULL;
  if (fd >= 0)
    close(fd);
  v->vt = vterm_new(v->height, v->width);
  vterm_set_utf8(v->vt, MB_CUR_MAX > 1);
  vterm_output_set_callback(v->vt, send_bytes, v);
  v->screen = vterm_obtain_screen(v->vt);
  vterm_screen_set_callbacks(v->screen, &callbacks, v);
  vterm_screen_enable_altscreen(v->screen, 1);
  vterm_screen_reset(v->screen, 1);
  return v;
}

static void close_view(void *self)
{
  struct prompt *v = self;
  stop(v);
  if (v->selection)
    unlink(v->selection);
  free(v->selection);
  for (size_t i = 0; i < SCROLLBACK; i++)
    free(v->old[i].cell);
  vterm_free(v->vt);
  free(v);
}

static void refresh(void *self, bool store_changed)
{
  (void)store_changed;
  write_selection(self);
}

static const struct binding keys[] = {{0}};
static const enum request hints[] = {REQUEST_BACK, REQUEST_NONE};

const struct view view_prompt = {
  .name = "Prompt",
  .screen = REQUEST_SCREEN_PROMPT,
  .summary = "The Lua prompt, as 'assay repl'. Keys go to it; Esc leaves, PgUp scrolls back, F2 to F10 go to screens 1 to 9. sel holds the marked runs, run the one on screen 2.",
  .keys = keys,
  .hints = hints,
  .open = open_view,
  .close = close_view,
  .refresh = refresh,
  .draw = draw,
  .cursor = cursor,
  .title = say_title,
  .key = take_key,
};
