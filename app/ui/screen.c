/* screen.c: see screen.h. The terminal is left as it was found, whatever ends the program: by screen_close, by
 * atexit, and by the handlers of deadly signals, which write a fixed string and put the saved mode back (both are
 * async-signal-safe) before the signal takes its course. */
#include "app/ui/screen.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <termios.h>
#include <unistd.h>

#include "app/base64.h"
#include "app/true_colour.h"
#include "app/ui/answers.h"
#include "app/ui/fallback.h"
#include "app/ui/true_cells.h"

enum { KEY_PASTE_BEGIN = KEY_MAX + 1, KEY_PASTE_END, MAX_SEQUENCE = 1 << 20 };

static struct {
  SCREEN *curses;
  struct termios before;
  bool open, colour, utf8, pasting, mouse;
  int colours;
  struct answers answers;
  struct true_cells cells;    /* where there are colours of 24 bits */
  bool wipe;                  /* the screen is to be drawn from nothing */
} term; /* there is one terminal */

static volatile sig_atomic_t stop_asked; /* SIGTSTP has come: the loop gives the terminal back, then stops */
static volatile sig_atomic_t continued;  /* SIGCONT has come: somebody may have used the terminal meanwhile */

/* Leave the alternate screen, show the cursor, no mouse, no bracketed paste, plain text. */
static const char restore[] = "\033[?2004l\033[?1000l\033[?1002l\033[?1006l\033[0m\033[?25h\033[?1049l";

static void raw_write(const char *bytes, size_t n)
{
  while (n) {
    ssize_t sent = write(STDOUT_FILENO, bytes, n);
    if (sent < 0 && errno == EINTR)
      continue;
    if (sent <= 0)
      return;
    bytes += sent;
    n -= (size_t)sent;
  }
}

static void on_crash(int number)
{
  raw_write(restore, sizeof restore - 1);
  tcsetattr(STDIN_FILENO, TCSANOW, &term.before);
  signal(number, SIG_DFL);
  raise(number);
}

/* Only where nobody else (a sanitizer) waits for the signal. */
static void guard(void)
{
  static const int deadly[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGQUIT};
  for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++) {
    struct sigaction now, mine = {.sa_handler = on_crash, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&mine.sa_mask);
    if (sigaction(deadly[i], NULL, &now) == 0 && now.sa_handler == SIG_DFL)
      sigaction(deadly[i], &mine, NULL);
  }
}

static void on_stop(int number)
{
  if (number == SIGTSTP)
    stop_asked = 1;
  else
    continued = 1;
}

/* In place of the handler of curses, which knows nothing of bracketed paste. Without SA_RESTART poll() returns. */
static void heed_stop(void)
{
  struct sigaction mine = {.sa_handler = on_stop};
  sigemptyset(&mine.sa_mask);
  sigaction(SIGTSTP, &mine, NULL);
  sigaction(SIGCONT, &mine, NULL);
}

bool screen_stop_asked(void) { return stop_asked; }

static void define_keys(void)
{
  static char begin[] = "\033[200~", end[] = "\033[201~";
  define_key(begin, KEY_PASTE_BEGIN);
  define_key(end, KEY_PASTE_END);
}

/* As the terminal's description has it: xterm's extension "RGB", of any type, or "Tc" of tmux. */
static bool described_as_true(void)
{
  static char rgb[] = "RGB", tc[] = "Tc";
  const char *text = tigetstr(rgb);
  return tigetflag(rgb) > 0 || tigetnum(rgb) > 0 || (text && (intptr_t)text != -1) || tigetflag(tc) > 0;
}

int screen_described_colours(void)
{
  static char colours[] = "colors";
  int known;
  if (setupterm(NULL, STDOUT_FILENO, &known) == ERR)
    return -1;
  int n = described_as_true() ? PLOT_TRUE_COLOURS : tigetnum(colours);
  del_curterm(cur_term);
  return n < 0 ? 0 : n;
}

static void start_colours(void)
{
  term.colours = 0;
  if (!term.colour || !has_colors() || start_color() == ERR)
    return;
  use_default_colors();
  term.colours = COLORS >= 256 && COLOR_PAIRS >= 256 ? 256 : 8;
  for (int i = 1; i < term.colours; i++)
    init_pair((short)i, (short)i, -1);
  if (true_colour_of_environment(getenv("COLORTERM"), getenv("TERM"), getenv("TMUX")) || described_as_true())
    term.colours = PLOT_TRUE_COLOURS;
}

/* Linux's console and terminals without colours have no answer, and some show the question. */
static void ask(void)
{
  static const char questions[] = "\033]11;?\033\\" TRUE_COLOUR_QUESTION;
  const char *name = getenv("TERM");
  if (!term.colours || !name || strcmp(name, "linux") == 0)
    return;
  answers_await(&term.answers);
  raw_write(questions, sizeof questions - 1);
}

static void enter(void)
{
  raw();
  noecho();
  nonl();
  keypad(stdscr, TRUE);
  nodelay(stdscr, TRUE);
  meta(stdscr, TRUE);
  leaveok(stdscr, FALSE);
  scrollok(stdscr, FALSE);
  set_escdelay(25);
  term.mouse = mousemask(BUTTON1_CLICKED | BUTTON1_PRESSED | BUTTON1_DOUBLE_CLICKED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL) != 0;
  mouseinterval(0);
  raw_write("\033[?2004h", 8);
}

bool screen_open(bool colour, bool utf8, char *why, size_t size)
{
  const char *name = getenv("TERM");
  if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &term.before) != 0) {
    snprintf(why, size, "the workbench needs a terminal on stdin and stdout; without one use 'assay ls', 'assay show' and the other commands (assay --help)");
    return false;
  }
  if ((term.curses = newterm(NULL, stdout, stdin)) && !tigetstr("cup")) { /* it cannot place the cursor (dumb) */
    endwin();
    delscreen(term.curses);
    term.curses = NULL;
  }
  if (!term.curses) {
    snprintf(why, size, "this terminal (TERM=%s) cannot show the workbench; the other commands work everywhere", name ? name : "");
    return false;
  }
  term.colour = colour;
  term.utf8 = utf8;
  term.open = term.wipe = true;
  atexit(screen_close);
  guard();
  heed_stop();
  start_colours();
  define_keys();
  enter();
  ask();
  return true;
}

/* Who leaves at once leaves before the terminal has answered: the shell must not read that as typed. */
static void drop_answer(void)
{
  struct pollfd p = {.fd = STDIN_FILENO, .events = POLLIN};
  if (!answers_fresh(&term.answers))
    return;
  poll(&p, 1, 100);
  tcflush(STDIN_FILENO, TCIFLUSH);
}

void screen_close(void)
{
  if (!term.open)
    return;
  term.open = false;
  endwin();
  raw_write(restore, sizeof restore - 1);
  drop_answer();
  tcsetattr(STDIN_FILENO, TCSADRAIN, &term.before);
  delscreen(term.curses);
  term.curses = NULL;
}

void screen_size(int *width, int *height)
{
  *width = COLS;
  *height = LINES;
}

int screen_colours(void)
{
  if (term.answers.true_colour && term.colours && term.colours != PLOT_TRUE_COLOURS) {
    term.colours = PLOT_TRUE_COLOURS;
    screen_clear();
  }
  return term.colours;
}

void screen_resize(void)
{
  struct winsize w;
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col && w.ws_row)
    resizeterm(w.ws_row, w.ws_col);
  screen_clear();
}

/* --- drawing ------------------------------------------------------------------------------------- */

static attr_t attr_of(const struct plot_cell *c)
{
  bool grey = term.colours == 8 && plot_colour_256(c->fg) >= 232; /* of eight colours none is grey */
  return ((c->attr & PLOT_BOLD) ? A_BOLD : grey ? A_DIM : 0) | ((c->attr & PLOT_DIM) ? A_DIM : 0) | ((c->attr & PLOT_REVERSE) ? A_REVERSE : 0) |
         ((c->attr & PLOT_UNDERLINE) ? A_UNDERLINE : 0);
}

static void show_cell(int row, int col, const struct plot_cell *c)
{
  wchar_t text[2] = {L' ', L'\0'};
  cchar_t cell;
  uint32_t rune = c->rune > 0x7e && !term.utf8 ? fallback_ascii(c->rune) : c->rune;
  int colour = plot_colour_256(c->fg), pair = term.colours >= 256 ? colour : term.colours && colour ? fallback_basic(colour) : 0;
  text[0] = (wchar_t)rune;
  if (setcchar(&cell, text, attr_of(c), (short)pair, NULL) == OK)
    mvadd_wch(row, col, &cell);
}

/* Curses thinks that the screen is blank; it writes only to make it so. */
static void show_true(const struct plot_grid *g, int cursor_row, int cursor_col)
{
  size_t n;
  if (term.wipe)
    refresh();
  term.wipe = false;
  char *text = true_cells_show(&term.cells, g, term.utf8, cursor_row, cursor_col, &n);
  raw_write(text, n);
  free(text);
}

void screen_show(const struct plot_grid *g, int cursor_row, int cursor_col)
{
  if (term.colours == PLOT_TRUE_COLOURS) {
    show_true(g, cursor_row, cursor_col);
    return;
  }
  for (int row = 0; row < g->height && row < LINES; row++)
    for (int col = 0; col < g->width && col < COLS; col++)
      if (g->cell[(size_t)row * (size_t)g->width + (size_t)col].rune) /* 0: the right half of a wide one */
        show_cell(row, col, &g->cell[(size_t)row * (size_t)g->width + (size_t)col]);
  curs_set(cursor_row >= 0);
  move(cursor_row >= 0 ? cursor_row : LINES - 1, cursor_row >= 0 ? cursor_col : COLS - 1);
  refresh();
}

void screen_clear(void)
{
  clearok(curscr, TRUE);
  term.wipe = true;
  true_cells_forget(&term.cells);
}

/* --- keys ---------------------------------------------------------------------------------------- */

static uint32_t special_key(wint_t code)
{
  static const struct { int code; uint32_t key; } table[] = {
    {KEY_UP, UI_KEY_UP}, {KEY_DOWN, UI_KEY_DOWN}, {KEY_LEFT, UI_KEY_LEFT}, {KEY_RIGHT, UI_KEY_RIGHT}, {KEY_PPAGE, UI_KEY_PAGE_UP},
    {KEY_NPAGE, UI_KEY_PAGE_DOWN}, {KEY_HOME, UI_KEY_HOME}, {KEY_END, UI_KEY_END}, {KEY_BTAB, UI_KEY_SHIFT_TAB},
    {KEY_DC, UI_KEY_DELETE}, {KEY_IC, UI_KEY_INSERT}, {KEY_BACKSPACE, UI_KEY_BACKSPACE}, {KEY_ENTER, '\r'}, {KEY_RESIZE, UI_KEY_RESIZE},
  };
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    if ((wint_t)table[i].code == code)
      return table[i].key;
  if (code >= KEY_F(1) && code <= KEY_F(12))
    return UI_KEY_F1 + (code - KEY_F(1));
  return 0;
}

static bool mouse_event(struct ui_event *ev)
{
  MEVENT m;
  if (getmouse(&m) != OK)
    return false;
  *ev = (struct ui_event){.key = UI_KEY_MOUSE, .row = m.y, .col = m.x};
  if (m.bstate & BUTTON4_PRESSED)
    ev->button = UI_BUTTON_WHEEL_UP;
  else if (m.bstate & BUTTON5_PRESSED)
    ev->button = UI_BUTTON_WHEEL_DOWN;
  else if (m.bstate & BUTTON1_DOUBLE_CLICKED)
    ev->button = UI_BUTTON_DOUBLE;
  else if (m.bstate & (BUTTON1_PRESSED | BUTTON1_CLICKED))
    ev->button = UI_BUTTON_LEFT;
  else
    return false;
  return true;
}

/* After ESC the next key tells whether the terminal answers. */
static bool answer_begins(wint_t code)
{
  wint_t next;
  if (code != 27 || !answers_awaited(&term.answers))
    return false;
  int kind = get_wch(&next);
  if (kind == OK && answers_begin(&term.answers, (wchar_t)next))
    return true;
  if (kind == OK)
    unget_wch((wchar_t)next);
  else if (kind == KEY_CODE_YES)
    ungetch((int)next);
  return false;
}

enum background screen_background(void)
{
  enum background b = term.answers.background;
  term.answers.background = BACKGROUND_UNKNOWN;
  return b;
}

bool screen_event(struct ui_event *ev)
{
  wint_t code;
  for (;;) {
    int kind = get_wch(&code);
    if (kind == ERR)
      return false;
    if (term.answers.on ? answers_go_on(&term.answers, kind == OK, (wchar_t)code) : kind == OK && answer_begins(code))
      continue;
    *ev = (struct ui_event){.pasted = term.pasting};
    if (kind == OK) {
      ev->key = code == 0x7f || code == '\b' ? UI_KEY_BACKSPACE : code == '\n' ? '\r' : (uint32_t)code;
      return true;
    }
    if (code == KEY_PASTE_BEGIN || code == KEY_PASTE_END) {
      term.pasting = code == KEY_PASTE_BEGIN;
      continue;
    }
    if (code == KEY_MOUSE ? mouse_event(ev) : (ev->key = special_key(code)) != 0)
      return true;
  }
}

/* --- the rest -------------------------------------------------------------------------------------- */

void screen_suspend(void)
{
  stop_asked = 0;
  endwin();
  raw_write("\033[?2004l\033[?25h", 14);
  signal(SIGTSTP, SIG_DFL);
  kill(0, SIGTSTP); /* the whole job, as a shell expects it */
  heed_stop();
  continued = 0;
  enter();
  screen_resize();
  refresh();
}

bool screen_continued(void)
{
  if (!continued)
    return false;
  continued = 0;
  enter();
  screen_resize();
  return true;
}

void screen_write(const char *bytes, size_t n) { raw_write(bytes, n); }

/* Base64 in an OSC 52 sequence; terminals without it ignore it. */
void screen_copy(const char *text)
{
  size_t n = strlen(text), length;
  char *digits = base64_text(text, n > MAX_SEQUENCE ? MAX_SEQUENCE : n, &length);
  raw_write("\033]52;c;", 7);
  raw_write(digits, length);
  raw_write("\a", 1);
  free(digits);
}
