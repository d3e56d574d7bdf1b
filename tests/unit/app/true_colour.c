/* true_colour.c: who is believed to show colours of 24 bits, and the cells that are written to such a terminal: after any
 * sequence of screens, an emulator behind them has what the last grid has. */
#include "app/true_colour.h"

#include <stdlib.h>
#include <vterm.h>

#include "app/ui/true_cells.h"
#include "tests/tap.h"

static void environment(void)
{
  static const struct { const char *colorterm, *term, *tmux; bool is; } row[] = {
    {"truecolor", "xterm-256color", NULL, true}, {"24bit", "foot", NULL, true},       {"yes", "xterm-256color", NULL, false},
    {NULL, "xterm-256color", NULL, false},       {"truecolor", "dumb", NULL, false},  {"truecolor", NULL, NULL, false},
    {"truecolor", "screen.xterm-256color", NULL, false}, {"truecolor", "screen-256color", "/tmp/tmux-0/default,1,0", true}, {"", "xterm", NULL, false},
  };
  for (size_t i = 0; i < sizeof row / sizeof *row; i++)
    tap_ok(true_colour_of_environment(row[i].colorterm, row[i].term, row[i].tmux) == row[i].is, "COLORTERM=%s TERM=%s%s: %s",
           row[i].colorterm ? row[i].colorterm : "(none)", row[i].term ? row[i].term : "(none)", row[i].tmux ? " in tmux" : "", row[i].is ? "yes" : "no");
}

static void answers(void)
{
  tap_ok(true_colour_of_answer("1$r0;38:2::1:2:3m"), "xterm and foot answer with colons and an empty colour space");
  tap_ok(true_colour_of_answer("1$r0;38:2:1:2:3m"), "VTE and kitty without one");
  tap_ok(true_colour_of_answer("1$r38;2;1;2;3m"), "others with semicolons");
  tap_ok(true_colour_of_answer("1$r0;38:2:1:1:2:3m"), "iTerm2 with the colour space");
  tap_ok(!true_colour_of_answer("1$r0;38:5:16m"), "a colour of the 256 is not the one that was set");
  tap_ok(!true_colour_of_answer("1$r0m"), "none is none");
  tap_ok(!true_colour_of_answer("0$r"), "who does not know the question has not answered it");
  tap_ok(!true_colour_of_answer("1$r0;38:2::1:2:4m"), "another colour is another");
  tap_ok(!true_colour_of_answer(""), "nothing is nothing");
}

/* --- cells ----------------------------------------------------------------------------------------------------------------- */

enum { WIDTH = 23, HEIGHT = 7, SCREENS = 300 };

/* A few cells become something else, wide characters among them. */
static void change(struct plot_grid *g)
{
  static const char *const text[] = {"a", "bcd", "\xe6\xbc\xa2\xe5\xad\x97", "  ", "\xe2\x96\x88", "x\xe6\xbc\xa2"};
  for (int i = rand() % 6; i >= 0; i--) {
    int row = rand() % HEIGHT, col = rand() % WIDTH, kind = rand() % 4;
    uint32_t colour = kind == 0 ? 0 : kind == 1 ? (uint32_t)(16 + rand() % 240) : kind == 2 ? plot_colour_cell((size_t)rand() % 16) : PLOT_EXACT | ((uint32_t)rand() & 0xffffff);
    if (col > 0 && g->cell[row * WIDTH + col].rune == 0) /* no half of a wide one is left over */
      plot_put(g, row, col - 1, ' ', 0);
    int used = plot_puts(g, row, col, WIDTH - col, text[rand() % 6], colour, (uint8_t)(rand() % 2 ? PLOT_BOLD : rand() % 2 ? PLOT_REVERSE : 0), false);
    if (col + used < WIDTH && g->cell[row * WIDTH + col + used].rune == 0)
      plot_put(g, row, col + used, ' ', 0);
  }
}

static bool shows(VTermScreen *screen, const struct plot_grid *g, int row, int col)
{
  const struct plot_cell *c = &g->cell[row * WIDTH + col];
  VTermScreenCell is;
  vterm_screen_get_cell(screen, (VTermPos){row, col}, &is);
  uint32_t rune = is.chars[0] == (uint32_t)-1 ? 0 : is.chars[0] ? is.chars[0] : ' ', rgb = (uint32_t)is.fg.rgb.red << 16 | (uint32_t)is.fg.rgb.green << 8 | is.fg.rgb.blue;
  if (rune != c->rune)
    return false;
  if (rune == 0)
    return true; /* the left half has the style */
  bool colour = c->fg ? VTERM_COLOR_IS_RGB(&is.fg) && rgb == plot_rgb(c->fg) : VTERM_COLOR_IS_DEFAULT_FG(&is.fg);
  return colour && !is.attrs.bold == !(c->attr & PLOT_BOLD) && !is.attrs.reverse == !(c->attr & PLOT_REVERSE);
}

static void cells(void)
{
  VTerm *vt = vterm_new(HEIGHT, WIDTH);
  VTermScreen *screen = vterm_obtain_screen(vt);
  struct true_cells t = {0};
  struct plot_grid g;
  int wrong = 0;
  size_t n = 0;
  vterm_set_utf8(vt, 1);
  vterm_screen_reset(screen, 1);
  plot_grid_init(&g, WIDTH, HEIGHT);
  srand(7);
  for (int i = 0; i < SCREENS; i++) {
    change(&g);
    char *bytes = true_cells_show(&t, &g, true, i % 3 - 1, 2, &n);
    vterm_input_write(vt, bytes, n);
    free(bytes);
    for (int at = 0; at < WIDTH * HEIGHT; at++)
      wrong += !shows(screen, &g, at / WIDTH, at % WIDTH);
  }
  tap_is_int(wrong, 0, "%d screens, changed at random, wide characters among them: every cell is what the grid says, in its exact colour", SCREENS);
  size_t before = n;
  free(true_cells_show(&t, &g, true, -1, 0, &n));
  tap_ok(n < 40, "a screen that has not changed takes %zu bytes (the last took %zu)", n, before);
  true_cells_forget(&t);
  free(true_cells_show(&t, &g, true, -1, 0, &n));
  tap_ok(n > WIDTH * HEIGHT, "after it was forgotten it is written whole, %zu bytes", n);
  true_cells_forget(&t);
  char *ascii = true_cells_show(&t, &g, false, -1, 0, &n);
  bool plain = true;
  for (size_t i = 0; i < n; i++)
    plain = plain && !((unsigned char)ascii[i] & 0x80);
  tap_ok(plain, "without UTF-8 nothing beyond ASCII is written");
  free(ascii);
  true_cells_forget(&t);
  plot_grid_free(&g);
  vterm_free(vt);
}

int main(void)
{
  environment();
  answers();
  cells();
  return tap_done();
}
