/* Plots as cells: what is drawn must lie where the numbers say, whatever the size. */
#include "app/plot/plot_int.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/tap.h"

#define MARKER 0x25cf

static uint32_t rune_at(const struct plot_grid *g, int row, int col) { return g->cell[row * g->width + col].rune; }

static bool is_braille(uint32_t r) { return r > 0x2800 && r <= 0x28ff; }

/* The first row, from the top, of column col whose cell is of the line; -1: none. */
static int line_row(const struct plot_grid *g, int col)
{
  for (int row = 0; row < g->height; row++)
    if (is_braille(rune_at(g, row, col)) || rune_at(g, row, col) == MARKER)
      return row;
  return -1;
}

static size_t count_rune(const struct plot_grid *g, uint32_t rune)
{
  size_t n = 0;
  for (int i = 0; i < g->width * g->height; i++)
    n += g->cell[i].rune == rune;
  return n;
}

static size_t count_text(const char *text, const char *part)
{
  size_t n = 0;
  for (const char *at = text; (at = strstr(at, part)); at += strlen(part))
    n++;
  return n;
}

static void test_straight_line(void)
{
  static const int sizes[][2] = {{20, 5}, {40, 10}, {72, 18}, {200, 60}};
  double y[200];
  for (int i = 0; i < 200; i++)
    y[i] = 3 + 2 * i;
  struct plot_series s = {.n = 200, .y = y};
  for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
    struct plot_spec spec = {.kind = PLOT_LINE, .n_series = 1, .series = &s, .width = sizes[k][0], .height = sizes[k][1]};
    struct plot_grid g;
    plot_draw(&g, &spec);
    int last = g.height, falls = 0, first = -1, end = -1, seen = 0;
    for (int col = 0; col < g.width; col++) {
      int row = line_row(&g, col);
      if (row < 0)
        continue;
      first = first < 0 ? row : first;
      end = row;
      falls += row > last;
      last = row;
      seen++;
    }
    tap_ok(falls == 0 && seen > g.width / 2, "a rising line never falls, at %d x %d", sizes[k][0], sizes[k][1]);
    tap_ok(end == 0 && first == g.height - 3, "and goes from the bottom row to the top row");
    plot_grid_free(&g);
    plot_grid_free(&g);
  }
}

static void test_golden(void)
{
  double y[] = {0, 1, 2, 3, 4};
  struct plot_series s = {.label = "up", .n = 5, .y = y};
  struct plot_spec spec = {.kind = PLOT_LINE,
                           .title = "Title",
                           .y_label = "y",
                           .x_label = "x",
                           .n_series = 1,
                           .series = &s,
                           .width = 30,
                           .height = 10};
  char *text = plot_text(&spec);
  tap_is_str(text,
             "Title\n"
             "y\n"
             "4┤                  ⣀⠤⠒● ● up\n"
             " │             ⢀⡠⠔●⠉\n"
             "2┤         ⣀⡠●⠊⠁\n"
             " │    ⣀●⠔⠒⠉\n"
             "0┤●⠤⠒⠉\n"
             " └┬──────────┬─────────┬\n"
             "  0          2         4\n"
             "            x\n",
             "a small plot, cell by cell (recorded from this program, checked by eye)");
  free(text);
  spec.ascii = 1;
  text = plot_text(&spec);
  bool plain = true;
  for (const char *c = text; *c; c++)
    plain = plain && (unsigned char)*c < 0x80;
  tap_ok(plain, "an ASCII plot holds nothing but ASCII");
  free(text);
}

static void test_spike(void)
{
  size_t n = 1000000;
  double *y = calloc(n, sizeof *y);
  y[777777] = 1;
  struct plot_series s = {.n = n, .y = y};
  struct plot_spec spec = {.kind = PLOT_LINE, .n_series = 1, .series = &s, .width = 60, .height = 12};
  struct plot_grid g;
  plot_draw(&g, &spec);
  int columns = 0, where = -1;
  for (int col = 0; col < g.width; col++)
    if (is_braille(rune_at(&g, 0, col)))
      columns++, where = col;
  tap_is_int(columns, 1, "one point in a million reaches the top row in one column");
  tap_ok(abs(where - (4 + (int)(0.777777 * 55))) <= 1, "at its place (column %d)", where);
  plot_grid_free(&g);
  free(y);
}

static void test_not_finite(void)
{
  double y[40];
  for (int i = 0; i < 40; i++)
    y[i] = i;
  y[20] = NAN, y[10] = INFINITY, y[30] = -INFINITY;
  struct plot_series s = {.n = 40, .y = y};
  struct plot_spec spec = {.kind = PLOT_LINE, .n_series = 1, .series = &s, .width = 84, .height = 14};
  struct plot_grid g;
  plot_draw(&g, &spec);
  int axis = g.height - 2, x_col = -1;
  for (int col = 0; col < g.width; col++)
    if (rune_at(&g, axis, col) == 'x')
      x_col = col;
  tap_ok(x_col > 35 && x_col < 50 && count_rune(&g, 'x') == 1, "nan is an x on the axis at its place");
  tap_ok(line_row(&g, x_col) < 0, "and the line has a gap there");
  tap_ok(count_rune(&g, 0x2191) == 1 && count_rune(&g, 0x2193) == 1, "infinities are arrows");
  tap_ok(count_rune(&(struct plot_grid){.width = g.width, .height = 1, .cell = g.cell}, 0x2191) == 1, "the one upward in the top row");
  plot_grid_free(&g);

  spec.log_y = 1;
  y[5] = 0, y[6] = -1;
  plot_draw(&g, &spec);
  tap_is_int((long long)count_rune(&g, 'x'), 3, "what is below 0 has no place on a log axis (-1, -inf, and nan)");
  tap_is_int((long long)count_rune(&g, 0x2193), 2, "and 0 lies below it (twice)");
  plot_grid_free(&g);
}

static void test_empty(void)
{
  double one = 5, none = NAN, extreme[] = {-DBL_MAX, DBL_MAX}, close[] = {1, 1 + DBL_EPSILON}, tiny[] = {0, DBL_TRUE_MIN};
  struct plot_series s = {.n = 1, .y = &one};
  struct plot_spec spec = {.kind = PLOT_LINE, .width = 50, .height = 12};
  char *text = plot_text(&spec);
  tap_has(text, "no data", "a plot without series says so");
  free(text);
  spec.series = &s, spec.n_series = 1;
  struct plot_grid g;
  plot_draw(&g, &spec);
  tap_is_int((long long)count_rune(&g, MARKER), 1, "a single point is one marker");
  plot_grid_free(&g);
  s.y = &none;
  text = plot_text(&spec);
  tap_has(text, "no data", "a series of nan has no data");
  free(text);
  const double *awkward[] = {extreme, close, tiny};
  for (size_t i = 0; i < 3; i++)
    for (int log_y = 0; log_y < 2; log_y++) {
      s = (struct plot_series){.n = 2, .y = awkward[i]};
      spec.log_y = log_y;
      text = plot_text(&spec);
      tap_ok(strlen(text) > 50 && !strstr(text, "nan") && !strstr(text, "inf"),
             "extreme range %zu has an axis of numbers (log %d)", i, log_y);
      free(text);
    }
  spec.width = 1 << 30, spec.height = 1 << 30;
  plot_draw(&g, &spec);
  tap_ok(g.width == 1000 && g.height == 400, "an absurd size is cut");
  plot_grid_free(&g);
  spec.width = 1, spec.height = 1;
  plot_draw(&g, &spec);
  tap_ok(g.width == 20 && g.height == 5, "and a size too small for anything is raised");
  plot_grid_free(&g);
}

static void test_series(void)
{
  enum { N = 100, SERIES = 30 };
  double y[SERIES][N];
  struct plot_series s[SERIES];
  char labels[SERIES][8];
  for (int k = 0; k < SERIES; k++) {
    snprintf(labels[k], sizeof labels[k], "s%02u", (unsigned)k % 100);
    for (int i = 0; i < N; i++)
      y[k][i] = k * 1e-3 + i;
    s[k] = (struct plot_series){.label = labels[k], .n = N, .y = y[k]};
  }
  struct plot_spec spec = {.kind = PLOT_LINE, .n_series = 2, .series = s, .width = 70, .height = 16};
  char *text = plot_text(&spec);
  tap_ok(strstr(text, "● s00") && strstr(text, "○ s01"), "each series has its marker and label at the line's end");
  tap_ok(count_text(text, "●") >= 3 && count_text(text, "○") >= 3,
         "and its marker on the line, so that lines can be told apart without colour");
  free(text);
  spec.n_series = 12;
  text = plot_text(&spec);
  size_t seen = 0;
  for (int k = 0; k < 12; k++)
    seen += strstr(text, labels[k]) != NULL;
  tap_is_int((long long)seen, 12, "labels that would meet are moved apart");
  free(text);
  spec.n_series = SERIES;
  text = plot_text(&spec);
  tap_has(text, " more", "where there are more series than rows, it says how many are left out");
  free(text);
  spec.n_series = 1;
  tap_ok(!strstr(text = plot_text(&spec), "\x1b"), "there are no colours unless asked for");
  free(text);
  spec.colour = 1;
  tap_has(text = plot_text(&spec), "\x1b[0;38;5;33m", "and colours when asked for");
  free(text);
}

static void test_band(void)
{
  double y[50], low[50], high[50];
  for (int i = 0; i < 50; i++)
    y[i] = 10, low[i] = 10 - i * 0.1, high[i] = 10 + i * 0.1;
  struct plot_series s = {.n = 50, .y = y, .low = low, .high = high};
  struct plot_spec spec = {.kind = PLOT_LINE, .n_series = 1, .series = &s, .width = 64, .height = 22};
  struct plot_grid g;
  plot_draw(&g, &spec);
  int last = 0, shrinks = 0;
  for (int col = 5; col < g.width - 2; col++) {
    int rows = 0;
    for (int row = 0; row < g.height; row++)
      rows += rune_at(&g, row, col) == 0x2591;
    shrinks += rows < last - 1;
    last = rows;
  }
  tap_ok(shrinks == 0 && last >= 16, "a widening band widens column by column (at last %d rows)", last);
  plot_grid_free(&g);
  s.n = 3;
  spec.kind = PLOT_SCATTER;
  s.low = (double[]){8, 8, 8}, s.high = (double[]){12, 12, 12};
  plot_draw(&g, &spec);
  tap_ok(count_rune(&g, 0x252c) >= 3 && count_rune(&g, 0x2534) == 3, "points have error bars with ends");
  plot_grid_free(&g);
}

/* Bands a hundred times as wide as the lines differ: the axis has the line, and as much on either side, or an eighth of the bands. */
static void test_wide_band(void)
{
  double y[] = {1, 2}, low[] = {-99, -98}, high[] = {101, 102}, near[] = {1, 1.5}, far[] = {2, 3.5};
  struct plot_series s = {.n = 2, .y = y, .low = low, .high = high};
  struct plot_spec spec = {.kind = PLOT_LINE, .n_series = 1, .series = &s};
  struct plot_axis x, axis;
  plot_ranges(&spec, &x, &axis);
  tap_near(axis.lo, 1 - 201.0 / 8, 0, 1e-12, "a band of 201 around a line from 1 to 2 is cut an eighth of it below");
  tap_near(axis.hi, 2 + 201.0 / 8, 0, 1e-12, "and above");
  s.low = near, s.high = far;
  plot_ranges(&spec, &x, &axis);
  tap_ok(axis.lo >= 1 && axis.lo <= 1 && axis.hi >= 3 && axis.hi <= 3, "a narrow one only beyond as much as the line takes: [%g, %g]", axis.lo, axis.hi);
  spec.kind = PLOT_SCATTER;
  plot_ranges(&spec, &x, &axis);
  tap_near(axis.hi, 3.5, 0, 1e-12, "error bars of points are whole");
}

static void test_log_axis(void)
{
  double x[] = {1e-3, 1e-2, 1e-1, 1}, y[] = {1, 2, 3, 4};
  struct plot_series s = {.n = 4, .x = x, .y = y};
  struct plot_spec spec = {.kind = PLOT_SCATTER, .n_series = 1, .series = &s, .log_x = 1, .width = 64, .height = 16};
  struct plot_grid g;
  plot_draw(&g, &spec);
  int at[4], n = 0;
  for (int col = 0; col < g.width; col++)
    for (int row = 0; row < g.height; row++)
      if (rune_at(&g, row, col) == MARKER && n < 4)
        at[n++] = col;
  tap_is_int(n, 4, "four points are four markers");
  tap_ok(n == 4 && abs((at[1] - at[0]) - (at[2] - at[1])) <= 1 && abs((at[2] - at[1]) - (at[3] - at[2])) <= 1,
         "decades are equally far apart on a log axis");
  char *text = plot_grid_text(&g, 0);
  tap_ok(strstr(text, "0.001") && strstr(text, "0.01") && strstr(text, "0.1"), "and labelled");
  free(text);
  plot_grid_free(&g);
}

static size_t filled(const struct plot_grid *g, int row)
{
  size_t n = 0;
  for (int col = 0; col < g->width; col++)
    n += rune_at(g, row, col) == 0x2588;
  return n;
}

static void test_bars(void)
{
  double y[] = {1, 2, 4, NAN}, negative[] = {-1, 1};
  const char *names[] = {"one", "two", "four", "none"};
  struct plot_series s = {.n = 4, .y = y};
  struct plot_spec spec = {.kind = PLOT_BAR, .n_series = 1, .series = &s, .names = names, .n_names = 4, .width = 60};
  struct plot_grid g;
  plot_draw(&g, &spec);
  tap_ok(labs((long)filled(&g, 1) - 2 * (long)filled(&g, 0)) <= 2 &&
             labs((long)filled(&g, 2) - 4 * (long)filled(&g, 0)) <= 4,
         "lengths of bars are in proportion");
  char *text = plot_grid_text(&g, 0);
  tap_ok(strstr(text, "one") && strstr(text, "four") && strstr(text, "nan") && filled(&g, 3) == 0,
         "names and values stand beside them, nan has no bar");
  free(text);
  plot_grid_free(&g);
  s = (struct plot_series){.n = 2, .y = negative};
  plot_draw(&g, &spec);
  int end_left = -1, start_right = -1;
  for (int col = 0; col < g.width; col++) {
    if (rune_at(&g, 0, col) == 0x2588)
      end_left = col;
    if (rune_at(&g, 1, col) == 0x2588 && start_right < 0)
      start_right = col;
  }
  tap_ok(end_left < start_right + 1 && end_left > 0, "negative bars end where positive ones begin");
  plot_grid_free(&g);
  double many[500] = {0};
  s = (struct plot_series){.n = 500, .y = many};
  spec.height = 10;
  text = plot_text(&spec);
  tap_ok(count_text(text, "\n") == 10 && strstr(text, "and 491 more"),
         "more bars than rows are counted, not dropped in silence");
  free(text);
}

static void test_heat(void)
{
  double z[6 * 8];
  for (int i = 0; i < 48; i++)
    z[i] = i;
  z[10] = NAN;
  struct plot_spec spec = {.kind = PLOT_HEAT, .rows = 6, .cols = 8, .z = z, .width = 40};
  struct plot_grid g;
  plot_draw(&g, &spec);
  static const uint32_t shade[] = {0x00b7, 0x2591, 0x2592, 0x2593, 0x2588};
  int last = 0, falls = 0;
  for (int i = 0; i < 48; i++) {
    uint32_t r = rune_at(&g, i / 8, i % 8 * (g.width / 8));
    for (int k = 0; k < 5 && i != 10; k++)
      if (r == shade[k]) {
        falls += k < last;
        last = k;
      }
  }
  tap_ok(falls == 0 && last == 4, "greater values have darker shades");
  tap_ok(rune_at(&g, 1, 2 * (g.width / 8)) == 'x', "nan is an x");
  char *text = plot_grid_text(&g, 0);
  tap_ok(strstr(text, "0 ·░▒▓█ 47"), "a legend gives the range");
  free(text);
  plot_grid_free(&g);
  double *big = calloc(300 * 300, sizeof *big);
  spec = (struct plot_spec){.kind = PLOT_HEAT, .rows = 300, .cols = 300, .z = big, .width = 40, .height = 20};
  text = plot_text(&spec);
  tap_has(text, "means of 16 x 8", "a matrix larger than the room is shown in blocks, and says so");
  free(text);
  free(big);
}

static void test_hostile_text(void)
{
  double y[] = {1, 2};
  struct plot_series s = {.label = "a\x1b[2J\x07 \xff 日本", .n = 2, .y = y};
  struct plot_spec spec = {
      .kind = PLOT_LINE, .title = "\xe2\x80\xae evil \x9b", .n_series = 1, .series = &s, .width = 60, .height = 8};
  char *text = plot_text(&spec);
  tap_ok(!strchr(text, '\x1b') && !strchr(text, '\x07') && !strstr(text, "\xe2\x80\xae"),
         "control characters and direction overrides are not drawn");
  tap_has(text, "日本", "wide characters are");
  free(text);
}

int main(void)
{
  test_straight_line();
  test_golden();
  test_spike();
  test_not_finite();
  test_empty();
  test_series();
  test_band();
  test_wide_band();
  test_log_axis();
  test_bars();
  test_heat();
  test_hostile_text();
  return tap_done();
}
