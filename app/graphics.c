/* graphics.c: see graphics.h. A picture is text with a hole, into which the pixels are put: titles, axes and labels are
 * cells. The cursor is saved below, moved up to the hole, and restored, so that it does not matter where a terminal
 * leaves it behind a picture. */
#include "app/graphics.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "app/plot/raster.h"
#include "app/true_colour.h"

enum { PATIENCE_MS = 1000, ANSWERS_MAX = 1024 }; /* a terminal behind a slow line has so long */

bool graphics_mode_parse(const char *word, enum graphics_mode *m)
{
  static const char *const name[] = {"auto", "text", "sixel", "kitty"};
  for (size_t i = 0; i < sizeof name / sizeof *name; i++)
    if (strcmp(word, name[i]) == 0) {
      *m = (enum graphics_mode)i;
      return true;
    }
  return false;
}

/* --- asking ----------------------------------------------------------------------------------------- */

/* Where the first two are shown as text, in terminals that know nothing of APC and DCS, they are wiped away. */
const char graphics_questions[] = "\0337\033_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\033\\" TRUE_COLOUR_QUESTION "\0338\033[K\033[16t\033]11;?\033\\\033[c";

/* "\033[?62;4;22c" behind "\033[?": is it whole, and does it have a 4? */
static void read_attributes(struct graphics *g, const char *at)
{
  size_t n = strspn(at, "0123456789;");
  if (at[n] != 'c')
    return;
  g->complete = true;
  for (const char *end = at + n; at < end; at += strcspn(at, ";c") + 1)
    g->sixel = g->sixel || (at[0] == '4' && (at[1] == ';' || at[1] == 'c'));
}

void graphics_read(struct graphics *g, const char *bytes, size_t n)
{
  char text[ANSWERS_MAX + 1];
  int h, w;
  size_t used = 0;
  for (size_t i = 0; i < n && used < ANSWERS_MAX; i++)
    if (bytes[i])
      text[used++] = bytes[i];
  text[used] = '\0';
  *g = (struct graphics){.kitty = strstr(text, "\033_Gi=31;OK\033\\") != NULL};
  for (const char *at = text; (at = strchr(at, '\033')); at++) {
    if (strncmp(at, "\033[?", 3) == 0)
      read_attributes(g, at + 3);
    else if (sscanf(at, "\033[6;%4d;%4dt", &h, &w) == 2 && h > 0 && h < 1000 && w > 0 && w < 1000)
      g->cell_h = h, g->cell_w = w;
    else if (strncmp(at, "\033P", 2) == 0) {
      char answer[64];
      snprintf(answer, sizeof answer, "%.*s", (int)strcspn(at + 2, "\033\a"), at + 2);
      g->true_colour = g->true_colour || true_colour_of_answer(answer);
    } else if (strncmp(at, "\033]11;", 5) == 0) {
      char answer[64];
      snprintf(answer, sizeof answer, "%.*s", (int)strcspn(at + 2, "\033\a"), at + 2);
      g->background = background_of_answer(answer);
    }
  }
}

static int ms_since(const struct timespec *begun)
{
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int)((now.tv_sec - begun->tv_sec) * 1000 + (now.tv_nsec - begun->tv_nsec) / 1000000);
}

/* Write the questions and gather answers until the last has come, or the time is over. */
static void converse(int fd, struct graphics *g)
{
  char bytes[ANSWERS_MAX];
  size_t n = 0;
  struct timespec begun;
  clock_gettime(CLOCK_MONOTONIC, &begun);
  if (write(fd, graphics_questions, strlen(graphics_questions)) < 0)
    return;
  while (!g->complete && n < sizeof bytes) {
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int left = PATIENCE_MS - ms_since(&begun);
    ssize_t got = left > 0 && poll(&p, 1, left) > 0 ? read(fd, bytes + n, sizeof bytes - n) : -1;
    if (got <= 0)
      return;
    n += (size_t)got;
    graphics_read(g, bytes, n);
  }
}

/* Ask the terminal, without echo, if it is ours to ask: in the foreground, and nothing typed ahead that would be lost. */
static bool ask(struct graphics *g)
{
  struct termios before, quiet;
  struct pollfd p = {.events = POLLIN};
  int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  bool ours = fd >= 0 && tcgetpgrp(fd) == getpgrp() && tcgetattr(fd, &before) == 0;
  p.fd = fd;
  if (ours) {
    quiet = before;
    quiet.c_lflag &= (tcflag_t)~(ECHO | ICANON);
    quiet.c_cc[VMIN] = 0;
    quiet.c_cc[VTIME] = 0;
    ours = tcsetattr(fd, TCSANOW, &quiet) == 0; /* what was typed ahead shows only now */
    bool typed = ours && poll(&p, 1, 0) > 0;
    if (ours && !typed)
      converse(fd, g);
    tcsetattr(fd, TCSANOW, &before);
    ours = ours && !typed;
  }
  if (fd >= 0)
    close(fd);
  return ours;
}

/* Consoles that show such questions as text are not asked. */
const struct graphics *graphics_terminal(void)
{
  static struct graphics known;
  static bool asked;
  const char *name = getenv("TERM");
  struct winsize w;
  if (asked)
    return &known;
  if (name && *name && strcmp(name, "linux") != 0 && strcmp(name, "dumb") != 0)
    asked = ask(&known);
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_xpixel && w.ws_ypixel && w.ws_col && w.ws_row) {
    known.cell_w = w.ws_xpixel / w.ws_col;
    known.cell_h = w.ws_ypixel / w.ws_row;
  }
  return &known;
}

/* --- showing ------------------------------------------------------------------------------------------ */

/* How to show it here; a picture needs to know the size of a cell, but who asks for one by name gets that of a VT340. */
static enum graphics_mode choose(const struct app *app, const struct graphics *g, int *cell_w, int *cell_h)
{
  *cell_w = g->cell_w > 0 ? g->cell_w : 10;
  *cell_h = g->cell_h > 0 ? g->cell_h : 20;
  if (app->graphics != GRAPHICS_AUTO)
    return app->graphics;
  if (g->cell_w < 2 || g->cell_h < 4)
    return GRAPHICS_TEXT;
  return g->kitty ? GRAPHICS_KITTY : g->sixel ? GRAPHICS_SIXEL : GRAPHICS_TEXT;
}

static bool higher_than_screen(int rows)
{
  struct winsize w;
  return ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_row && rows >= w.ws_row;
}

/* The text, then the pixels in its hole. False: there is nothing to show in pixels. */
static bool show_picture(const struct plot_spec *spec, enum graphics_mode mode, int cell_w, int cell_h)
{
  struct plot_picture p;
  if (!plot_picture(&p, spec, cell_w, cell_h))
    return false;
  bool fits = !higher_than_screen(p.grid.height);
  if (fits) {
    char *text = plot_grid_text(&p.grid, spec->colour), *pixels = mode == GRAPHICS_KITTY ? raster_kitty(&p.raster, p.cols, p.rows) : raster_sixel(&p.raster);
    printf("%s\0337\033[%dA\033[%dG%s\0338", text, p.grid.height - p.row, p.col + 1, pixels);
    free(pixels);
    free(text);
  }
  plot_picture_free(&p);
  return fits;
}

void graphics_show(const struct app *app, const struct plot_spec *spec)
{
  struct plot_spec own = *spec;
  bool may = app->tty_out && app->colour_out && app->utf8 && !spec->ascii && app->graphics != GRAPHICS_TEXT;
  int cell_w, cell_h;
  fflush(stdout);
  const struct graphics none = {0}, *g = may ? graphics_terminal() : &none;
  enum graphics_mode mode = may ? choose(app, g, &cell_w, &cell_h) : GRAPHICS_TEXT;
  bool light = g->background ? g->background == BACKGROUND_LIGHT : app->light;
  own.colour = app_colours(app, light) | (app->colour_out && g->true_colour ? PLOT_TRUE : 0);
  own.ascii = spec->ascii || !app->utf8;
  if (mode == GRAPHICS_TEXT || !show_picture(&own, mode, cell_w, cell_h)) {
    char *text = plot_text(&own);
    fputs(text, stdout);
    free(text);
  }
  fflush(stdout);
}
