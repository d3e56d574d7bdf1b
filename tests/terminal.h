/* terminal.h: a program in a pseudo-terminal with an emulator behind it (libvterm): keys in, cells out.
 *
 * The program is a job of a session leader, as under a shell: it can be stopped and continued, and the terminal's
 * settings are still there to be looked at when it has ended (the end of a session resets them). Nothing here waits for a time alone: terminal_await returns when the screen shows what is expected. What the
 * program has sent is kept, for questions about modes that it left switched on. */
#ifndef ASSAY_TESTS_TERMINAL_H
#define ASSAY_TESTS_TERMINAL_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <utmp.h>
#include <unistd.h>
#include <utf8proc.h>
#include <vterm.h>

#include "app/app.h"
#include "experiments/kernel/mem.h"
#include "tests/tap.h"

#define TERMINAL_UNUSED __attribute__((unused))

/* What this terminal says to a question that the program writes. */
struct terminal_answer { const char *question, *answer; };

struct terminal {
  VTerm *vt;
  VTermScreen *screen;
  pid_t leader, pid;      /* of the session; of the program */
  int fd, control;        /* the terminal; to the leader */
  int width, height;
  bool ended, stopped;    /* the program */
  int status;             /* as waitpid gives it, when it has ended */
  struct termios before;  /* settings of the terminal before the program had it */
  char *sent;             /* all that the program has written; owned */
  size_t n_sent;
  char *text;             /* of the last terminal_text; owned */
  char part[4];           /* of a character whose rest is still to come */
  size_t n_part;
  const struct terminal_answer *answers; /* given in place of libvterm's own; ends with {0}; NULL: those of libvterm */
  size_t asked;           /* up to where in `sent` questions have been answered */
};

TERMINAL_UNUSED static double terminal_clock(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* What the leader tells, and when: at the start, at a stop, at the end. */
enum terminal_event { TERMINAL_STARTED, TERMINAL_STOPPED, TERMINAL_ENDED };
struct terminal_news { enum terminal_event event; pid_t pid; int status; };

/* The leader: gives the terminal to its one job, tells of its stops and its end, and continues it when asked. */
static void terminal_lead(int control, char *const argv[], char *const env[])
{
  signal(SIGTTOU, SIG_IGN);
  signal(SIGHUP, SIG_IGN); /* it tells how the program took the loss of the terminal */
  struct terminal_news news = {.event = TERMINAL_STARTED, .pid = fork()};
  char order;
  if (news.pid == 0) {
    setpgid(0, 0);
    tcsetpgrp(STDIN_FILENO, getpid());
    signal(SIGTTOU, SIG_DFL);
    signal(SIGHUP, SIG_DFL);
    close(control);
    execve(argv[0], argv, env);
    _exit(127);
  }
  setpgid(news.pid, news.pid);
  for (;;) {
    if (write(control, &news, sizeof news) != (ssize_t)sizeof news || (news.event == TERMINAL_STOPPED && read(control, &order, 1) != 1))
      _exit(1);
    if (news.event == TERMINAL_ENDED)
      _exit(read(control, &order, 1) != 0); /* the other end is closed */
    if (news.event == TERMINAL_STOPPED) {
      tcsetpgrp(STDIN_FILENO, news.pid);
      kill(-news.pid, SIGCONT);
    }
    while (waitpid(news.pid, &news.status, WUNTRACED) != news.pid)
      ;
    news.event = WIFSTOPPED(news.status) ? TERMINAL_STOPPED : TERMINAL_ENDED;
    tcsetpgrp(STDIN_FILENO, getpgrp());
  }
}

/* Take what the leader has to tell. */
static void terminal_hear(struct terminal *t)
{
  struct terminal_news news;
  while (recv(t->control, &news, sizeof news, MSG_DONTWAIT) == (ssize_t)sizeof news) {
    t->pid = news.pid;
    t->status = news.status;
    t->stopped = news.event == TERMINAL_STOPPED;
    t->ended = news.event == TERMINAL_ENDED;
  }
}

/* Start argv in a terminal of that size; env: NULL-terminated, the whole environment. */
TERMINAL_UNUSED static void terminal_start(struct terminal *t, int width, int height, char *const argv[], char *const env[])
{
  struct winsize size = {.ws_row = (unsigned short)height, .ws_col = (unsigned short)width};
  int slave, pair[2];
  *t = (struct terminal){.width = width, .height = height};
  if (openpty(&t->fd, &slave, NULL, NULL, &size) != 0 || tcgetattr(slave, &t->before) != 0 || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) != 0)
    tap_bail("no pseudo-terminal");
  t->leader = fork();
  if (t->leader == 0) {
    close(t->fd);
    close(pair[0]);
    login_tty(slave);
    terminal_lead(pair[1], argv, env);
  }
  close(slave);
  close(pair[1]);
  t->control = pair[0];
  fcntl(t->fd, F_SETFL, O_NONBLOCK);
  struct pollfd p = {.fd = t->control, .events = POLLIN};
  if (poll(&p, 1, 30000) != 1)
    tap_bail("%s does not start", argv[0]);
  terminal_hear(t);
  t->vt = vterm_new(height, width);
  vterm_set_utf8(t->vt, 1);
  t->screen = vterm_obtain_screen(t->vt);
  vterm_screen_enable_altscreen(t->screen, 1);
  vterm_screen_reset(t->screen, 1);
}

static void terminal_write(struct terminal *t, const char *bytes, size_t n)
{
  double begun = terminal_clock();
  while (n && terminal_clock() - begun < 30) {
    ssize_t done = write(t->fd, bytes, n);
    if (done > 0) {
      bytes += done;
      n -= (size_t)done;
    } else if (errno != EAGAIN && errno != EINTR) {
      return;
    }
  }
}

TERMINAL_UNUSED static void terminal_type(struct terminal *t, const char *text) { terminal_write(t, text, strlen(text)); }

/* Answer what has been asked since the last time, in its order. */
static void terminal_answer_all(struct terminal *t)
{
  for (;;) {
    const struct terminal_answer *next = NULL;
    const char *first = NULL;
    for (const struct terminal_answer *a = t->answers; a->question; a++) {
      const char *at = strstr(t->sent + t->asked, a->question);
      if (at && (!first || at < first))
        first = at, next = a;
    }
    if (!next)
      return;
    t->asked = (size_t)(first - t->sent) + strlen(next->question);
    terminal_write(t, next->answer, strlen(next->answer));
  }
}

/* Read what comes within so long; false when nothing did. */
static bool terminal_pump(struct terminal *t, int wait_ms)
{
  struct pollfd p[2] = {{.fd = t->fd, .events = POLLIN}, {.fd = t->control, .events = POLLIN}};
  char bytes[16384] = {0};
  if (poll(p, t->ended ? 1 : 2, wait_ms) <= 0)
    return false;
  terminal_hear(t);
  memcpy(bytes, t->part, t->n_part);
  ssize_t n = p[0].revents ? read(t->fd, bytes + t->n_part, sizeof bytes - t->n_part) : 0;
  if (n <= 0)
    return false;
  size_t have = t->n_part + (size_t)n, whole = text_whole(bytes, have); /* libvterm 0.1 draws each byte of a part */
  vterm_input_write(t->vt, bytes, whole);
  t->sent = xrealloc(t->sent, t->n_sent + (size_t)n + 1);
  memcpy(t->sent + t->n_sent, bytes + t->n_part, (size_t)n);
  t->n_sent += (size_t)n;
  t->sent[t->n_sent] = '\0';
  t->n_part = have - whole;
  memcpy(t->part, bytes + whole, t->n_part);
  size_t back = vterm_output_read(t->vt, bytes, sizeof bytes); /* answers to questions about the terminal */
  if (t->answers)
    terminal_answer_all(t);
  else
    terminal_write(t, bytes, back);
  return true;
}

/* One cell; the right half of a wide character has chars[0] == -1. */
static VTermScreenCell terminal_cell(const struct terminal *t, int row, int col)
{
  VTermScreenCell cell = {0};
  vterm_screen_get_cell(t->screen, (VTermPos){row, col}, &cell);
  return cell;
}

/* The screen as lines of UTF-8, without blanks at their ends. Kept until the next call. */
TERMINAL_UNUSED static const char *terminal_text(struct terminal *t)
{
  size_t size;
  free(t->text);
  FILE *f = xstream_open(&t->text, &size);
  for (int row = 0; row < t->height; row++) {
    int blanks = 0;
    for (int col = 0; col < t->width; col++) {
      VTermScreenCell cell = terminal_cell(t, row, col);
      if (cell.chars[0] == (uint32_t)-1)
        continue;
      if (!cell.chars[0] || cell.chars[0] == ' ') {
        blanks++;
        continue;
      }
      for (; blanks; blanks--)
        fputc(' ', f);
      for (int i = 0; i < VTERM_MAX_CHARS_PER_CELL && cell.chars[i]; i++) {
        utf8proc_uint8_t bytes[4] = {0};
        fwrite(bytes, 1, (size_t)utf8proc_encode_char((utf8proc_int32_t)cell.chars[i], bytes), f);
      }
    }
    fputc('\n', f);
  }
  xstream_close(f);
  return t->text;
}

/* Wait until the screen shows a text, at most 30 s. */
TERMINAL_UNUSED static bool terminal_await(struct terminal *t, const char *text)
{
  double begun = terminal_clock();
  while (!strstr(terminal_text(t), text)) {
    if (t->ended || terminal_clock() - begun > 30)
      return false;
    terminal_pump(t, 200);
  }
  return true;
}

/* As terminal_await, as a test; a failure shows the screen. */
TERMINAL_UNUSED static bool terminal_shows(struct terminal *t, const char *text, const char *name)
{
  bool there = terminal_await(t, text);
  tap_ok(there, "%s", name);
  if (!there)
    tap_diag("not on the screen: %s\n%s", text, terminal_text(t));
  return there;
}

/* Until nothing has come for so long. */
TERMINAL_UNUSED static void terminal_settle(struct terminal *t, int quiet_ms)
{
  while (terminal_pump(t, quiet_ms))
    ;
}

TERMINAL_UNUSED static void terminal_resize(struct terminal *t, int width, int height)
{
  struct winsize size = {.ws_row = (unsigned short)height, .ws_col = (unsigned short)width};
  t->width = width;
  t->height = height;
  vterm_set_size(t->vt, height, width);
  ioctl(t->fd, TIOCSWINSZ, &size); /* sends SIGWINCH */
}

/* Keys by name, separated by blanks: Enter, Esc, Tab, Up …, Ctrl-X; anything else is typed as it stands. Between two
 * keys nothing is waited for, but Esc gets the time in which a program tells it from a sequence. */
TERMINAL_UNUSED static void terminal_keys(struct terminal *t, const char *keys)
{
  static const struct { const char *name, *bytes; } named[] = {
    {"Enter", "\r"}, {"Tab", "\t"}, {"Space", " "}, {"Up", "\033OA"}, {"Down", "\033OB"}, {"Right", "\033OC"}, {"Left", "\033OD"},
    {"PgUp", "\033[5~"}, {"PgDn", "\033[6~"}, {"Backspace", "\177"}, {"Esc", "\033"}};
  while (*keys) {
    size_t n = strcspn(keys, " "), i = 0;
    while (i < sizeof named / sizeof *named && !(strlen(named[i].name) == n && strncmp(named[i].name, keys, n) == 0))
      i++;
    if (i < sizeof named / sizeof *named)
      terminal_write(t, named[i].bytes, strlen(named[i].bytes));
    else if (n == 6 && strncmp(keys, "Ctrl-", 5) == 0)
      terminal_write(t, (char[]){(char)(keys[5] & 31)}, 1);
    else
      terminal_write(t, keys, n);
    if (n == 3 && strncmp(keys, "Esc", 3) == 0)
      for (double begun = terminal_clock(); terminal_clock() - begun < 0.05;)
        terminal_pump(t, 10);
    keys += n + strspn(keys + n, " ");
  }
}

/* Wait for the program's end, at most 30 s, then kill it. Returns its exit code; 128 + signal where one ended it. */
TERMINAL_UNUSED static int terminal_end(struct terminal *t)
{
  for (double begun = terminal_clock(); !t->ended;) {
    terminal_pump(t, 50);
    if (terminal_clock() - begun < 30)
      continue;
    tap_diag("it had to be killed");
    kill(t->pid, SIGKILL);
    begun = terminal_clock();
  }
  terminal_settle(t, 20);
  return WIFEXITED(t->status) ? WEXITSTATUS(t->status) : 128 + WTERMSIG(t->status);
}

/* Wait until the program has been stopped, at most 30 s. */
TERMINAL_UNUSED static bool terminal_stop(struct terminal *t)
{
  for (double begun = terminal_clock(); !t->stopped && !t->ended && terminal_clock() - begun < 30;)
    terminal_pump(t, 50);
  return t->stopped;
}

/* The line is cut: the program loses its terminal. */
TERMINAL_UNUSED static void terminal_hang_up(struct terminal *t)
{
  close(t->fd);
  t->fd = -1; /* poll passes over it */
}

/* "fg" of a stopped program. */
TERMINAL_UNUSED static void terminal_continue(struct terminal *t)
{
  t->stopped = false;
  if (write(t->control, "C", 1) != 1)
    tap_bail("the leader of the session has gone");
}

/* Modes that were switched on and not off again, as "25 1049 "; "" when the terminal is as it was. 25, the cursor, is
 * on at first; 12 (its blinking), and 1 and 7 (keypad, wrapping) belong to the sequences of its name in terminfo. */
TERMINAL_UNUSED static const char *terminal_modes(const struct terminal *t)
{
  static char left[256];
  static const int watched[] = {25, 1000, 1002, 1003, 1004, 1006, 1049, 2004, 2026};
  left[0] = '\0';
  for (size_t i = 0; i < sizeof watched / sizeof *watched; i++) {
    char on[16], off[16];
    const char *last_on = NULL, *last_off = NULL;
    snprintf(on, sizeof on, "\033[?%dh", watched[i]);
    snprintf(off, sizeof off, "\033[?%dl", watched[i]);
    for (const char *at = t->sent ? t->sent : ""; (at = strstr(at, on)); at++)
      last_on = at;
    for (const char *at = t->sent ? t->sent : ""; (at = strstr(at, off)); at++)
      last_off = at;
    if (watched[i] == 25 ? last_off > last_on : last_on > last_off)
      snprintf(left + strlen(left), sizeof left - strlen(left), "%d ", watched[i]);
  }
  return left;
}

/* Are its settings those of the beginning? */
TERMINAL_UNUSED static bool terminal_restored(const struct terminal *t)
{
  struct termios now;
  return tcgetattr(t->fd, &now) == 0 && now.c_iflag == t->before.c_iflag && now.c_oflag == t->before.c_oflag && now.c_cflag == t->before.c_cflag &&
         now.c_lflag == t->before.c_lflag && memcmp(now.c_cc, t->before.c_cc, sizeof now.c_cc) == 0;
}

TERMINAL_UNUSED static void terminal_free(struct terminal *t)
{
  terminal_end(t);
  close(t->control);
  if (t->fd >= 0)
    close(t->fd);
  while (waitpid(t->leader, NULL, 0) < 0 && errno == EINTR)
    ;
  vterm_free(t->vt);
  free(t->sent);
  free(t->text);
  *t = (struct terminal){0};
}

/* The program beside this test, BUILD/tests/NAME -> BUILD/bin/assay, unless $ASSAY names one. Owned by the caller. */
static char *terminal_program(void)
{
  const char *named = getenv("ASSAY");
  char self[4096] = "";
  ssize_t n = named ? 0 : readlink("/proc/self/exe", self, sizeof self - 1);
  for (int i = 0; i < 2 && n > 0; i++)
    while (n > 0 && self[--n] != '/')
      ;
  self[n > 0 ? n : 0] = '\0';
  char *program = named ? xstrdup(named) : xasprintf("%s/bin/assay", self);
  if (access(program, X_OK) != 0)
    tap_bail("%s is not built", program);
  return program;
}

/* Of a terminal with 256 colours: it does not know what was asked by DECRQSS. (libvterm itself has 24 bits.) */
static const struct terminal_answer terminal_of_256[] = {{"\033P$qm\033\\", "\033P0$r\033\\"}, {0}};

/* Start the workbench on a store, with nothing in its environment but a home (state is kept there by size, so that what
 * was chosen at one size is not seen at the next), a locale and perhaps one setting more, which comes first ("NO_COLOR=1",
 * "TERM=xterm"; or NULL), in a terminal of 256 colours. */
TERMINAL_UNUSED static void terminal_workbench(struct terminal *t, int width, int height, const char *db, const char *home, const char *locale,
                                               const char *extra)
{
  char *argv[] = {terminal_program(), xstrdup("--db"), xstrdup(db), NULL};
  const char *sanitizer = getenv("ASAN_OPTIONS");
  char *env[] = {xstrdup(extra ? extra : "TZ=UTC"), xasprintf("HOME=%s", home), xasprintf("XDG_STATE_HOME=%s/state%dx%d", home, width, height), xasprintf("LC_ALL=%s", locale),
                 xasprintf("PATH=%s", getenv("PATH")), xstrdup("TERM=xterm-256color"), xasprintf("ASAN_OPTIONS=%s", sanitizer ? sanitizer : ""),
                 NULL};
  terminal_start(t, width, height, argv, env);
  t->answers = terminal_of_256;
  for (int i = 0; env[i]; i++)
    free(env[i]);
  for (int i = 0; argv[i]; i++)
    free(argv[i]);
}

#endif
