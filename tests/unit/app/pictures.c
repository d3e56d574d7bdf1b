/* pictures.c: plots as pixels, and pixels as sixels and as kitty's graphics, decoded again as a terminal would. */
#include <math.h>

#include "app/graphics.h"
#include "tests/unit/app/pixels.h"

static uint64_t state = 1;

static uint32_t draw_bits(void) /* SplitMix64 */
{
  uint64_t z = state += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return (uint32_t)(z >> 32);
}

/* Runs and single pixels of so many colours, and holes. */
static struct raster random_raster(int width, int height, uint32_t colours)
{
  struct raster r;
  raster_init(&r, width, height);
  for (int i = 0; i < width * height;) {
    uint32_t bits = draw_bits(), rgb = bits % colours * 0x9e3779b1u & 0xffffff;
    for (int run = bits >> 28 ? 1 : (int)(bits >> 20 & 63); run-- > 0 && i < width * height; i++)
      if (bits >> 16 & 3)
        raster_dot(&r, i % width, i / width, rgb);
  }
  return r;
}

/* The largest difference in a channel; 256 where one has a pixel and the other none. */
static int difference(const struct raster *a, const struct raster *b)
{
  int most = a->width == b->width && a->height == b->height ? 0 : 256;
  for (size_t i = 0; most < 256 && i < (size_t)a->width * (size_t)a->height; i++) {
    if (a->pixel[i] >> 24 != b->pixel[i] >> 24)
      return 256;
    for (int shift = 0; shift < 24; shift += 8) {
      int d = abs((int)(a->pixel[i] >> shift & 255) - (int)(b->pixel[i] >> shift & 255));
      most = d > most ? d : most;
    }
  }
  return most;
}

static void sixels(int width, int height, uint32_t colours, int most)
{
  struct raster r = random_raster(width, height, colours), back;
  const char *end;
  char *text = raster_sixel(&r);
  back = pixels_of_sixel(text, &end);
  int d = difference(&r, &back);
  tap_ok(d <= most, "%d x %d pixels of %u colours come back from sixels (largest difference %d of %d)", width, height, colours, d, most);
  tap_is_str(end, "\033\\", "and nothing follows them");
  free(text);
  raster_free(&r);
  raster_free(&back);
}

static void kitty(int width, int height, uint32_t colours, int least_pieces)
{
  struct raster r = random_raster(width, height, colours), back;
  int cols, rows, pieces;
  char *text = raster_kitty(&r, 7, 3);
  back = pixels_of_kitty(text, &cols, &rows, &pieces);
  tap_is_int(difference(&r, &back), 0, "%d x %d pixels come back from kitty's graphics exactly", width, height);
  tap_ok(cols == 7 && rows == 3 && pieces >= least_pieces, "over 7 x 3 cells, in %d pieces", pieces);
  free(text);
  raster_free(&r);
  raster_free(&back);
}

static uint32_t pixel_at(const struct raster *r, int x, int y) { return r->pixel[(size_t)y * (size_t)r->width + (size_t)x]; }
static uint32_t series(size_t k) { return 0xff000000u | plot_rgb(plot_colour_cell(k)); }

/* From (0, 0) to (1, 1): the diagonal of the inside, as thick as the pen. */
static void diagonal(void)
{
  static const double y[] = {0, 1};
  struct plot_series s = {.n = 2, .x = y, .y = y};
  struct plot_spec spec = {.kind = PLOT_LINE, .n_series = 1, .series = &s, .width = 60, .height = 20, .colour = PLOT_ON_DARK};
  struct plot_picture p;
  double worst = 0;
  tap_ok(plot_picture(&p, &spec, 8, 16), "a line is a picture");
  tap_ok(p.raster.width == 8 * p.cols && p.raster.height == 16 * p.rows && p.row + p.rows + 2 == p.grid.height, "of the cells inside the axes");
  bool blank = true;
  for (int row = 0; row < p.rows; row++)
    for (int col = 0; col < p.cols; col++)
      blank = blank && p.grid.cell[(p.row + row) * p.grid.width + p.col + col].rune == ' ';
  tap_ok(blank, "which are left blank in the text");
  for (int x = 8; x < p.raster.width - 8; x++) /* the markers at its ends are wider */
    for (int row = 0; row < p.raster.height; row++)
      if (pixel_at(&p.raster, x, row) == series(0))
        worst = fmax(worst, fabs(row - (1 - (double)x / (p.raster.width - 1)) * (p.raster.height - 1)));
  double slope = (p.raster.height - 1.0) / (p.raster.width - 1.0); /* the pen reaches a pixel up and one to the left; rounding is 1/2 */
  tap_ok(worst <= 1.5 + slope + 1e-9, "every pixel of the line lies on the diagonal (within %.2f)", worst);
  tap_is_int(pixel_at(&p.raster, p.raster.width - 1, 0), series(0), "its end is the corner");
  plot_picture_free(&p);
  plot_picture_free(&p);
}

static void light_ground(void)
{
  static const double y[] = {0, 1};
  struct plot_series s = {.n = 2, .y = y};
  struct plot_spec spec = {.kind = PLOT_LINE, .n_series = 1, .series = &s, .colour = PLOT_ON_LIGHT};
  struct plot_picture p;
  tap_ok(plot_picture(&p, &spec, 8, 16) && pixel_at(&p.raster, p.raster.width - 1, 0) == (0xff000000u | plot_rgb(plot_on_light(plot_colour_cell(0)))),
         "on light ground it has the colour for that");
  plot_picture_free(&p);
}

/* Four elements are four quarters; what is not finite is left out. */
static void heat(void)
{
  static const double z[] = {0, 1, NAN, 0};
  struct plot_spec spec = {.kind = PLOT_HEAT, .rows = 2, .cols = 2, .z = z, .width = 40, .colour = PLOT_ON_DARK};
  struct plot_picture p;
  tap_ok(plot_picture(&p, &spec, 10, 20), "a matrix is a picture");
  int w = p.raster.width, h = p.raster.height;
  tap_is_int(pixel_at(&p.raster, 0, 0), 0xff440154, "the least value has the first colour of viridis");
  tap_is_int(pixel_at(&p.raster, w - 1, 0), 0xfffde725, "the greatest the last");
  tap_is_int(pixel_at(&p.raster, w / 2, 0), 0xfffde725, "from the middle on");
  tap_is_int(pixel_at(&p.raster, w / 2 - 1, 0), 0xff440154, "and not before");
  tap_is_int(pixel_at(&p.raster, 0, h - 1), 0, "NaN is no pixel");
  tap_is_int(pixel_at(&p.raster, w - 1, h - 1), 0xff440154, "rows go down");
  plot_picture_free(&p);
}

/* More elements than pixels: a pixel is the mean of its own. A chequered matrix is then one colour, that of 1/2. */
static void fine_heat(void)
{
  enum { N = 2000 };
  double *z = calloc((size_t)N * N, sizeof *z);
  for (int i = 0; i < N * N; i++)
    z[i] = (i / N + i % N) % 2;
  struct plot_spec spec = {.kind = PLOT_HEAT, .rows = N, .cols = N, .z = z, .width = 25, .height = 14, .colour = PLOT_ON_DARK};
  struct plot_picture p;
  tap_ok(plot_picture(&p, &spec, 8, 8), "a matrix larger than the picture is one");
  int most = 0;
  for (int i = 0; i < p.raster.width * p.raster.height; i++)
    for (int shift = 0; shift < 24; shift += 8) {
      int d = abs((int)(p.raster.pixel[i] >> shift & 255) - (int)(p.raster.pixel[0] >> shift & 255));
      most = d > most ? d : most;
    }
  /* blocks of 10 to 12 elements a side hold as many ones as zeros but for one element of 100 or more: a hundredth of the scale */
  tap_ok(most <= 8, "of means: chequers are one colour (channels differ by %d)", most);
  plot_picture_free(&p);
  free(z);
}

static int run_of(const struct raster *r, int y, uint32_t rgb)
{
  int n = 0;
  for (int x = 0; x < r->width; x++)
    n += pixel_at(r, x, y) == rgb;
  return n;
}

static void bars(void)
{
  static const double y[] = {1, 2, 4};
  struct plot_series s = {.n = 3, .y = y};
  struct plot_spec spec = {.kind = PLOT_BAR, .n_series = 1, .series = &s, .width = 60, .colour = PLOT_ON_DARK};
  struct plot_picture p;
  tap_ok(plot_picture(&p, &spec, 8, 16), "bars are a picture");
  int length[3];
  for (int i = 0; i < 3; i++)
    length[i] = run_of(&p.raster, i * 16 + 8, series(0));
  tap_ok(abs(length[2] - 2 * length[1]) <= 2 && abs(length[2] - 4 * length[0]) <= 4, "as long as their numbers: %d, %d, %d", length[0], length[1], length[2]);
  plot_picture_free(&p);
}

static void nothing(void)
{
  static const double y[] = {NAN, INFINITY};
  struct plot_series s = {.n = 2, .y = y};
  struct plot_spec line = {.kind = PLOT_LINE, .n_series = 1, .series = &s}, heat_of_none = {.kind = PLOT_HEAT}, bars_of_none = {.kind = PLOT_BAR};
  struct plot_picture p;
  tap_ok(!plot_picture(&p, &line, 8, 16), "numbers that are not finite are no picture");
  tap_ok(!plot_picture(&p, &heat_of_none, 8, 16), "an empty matrix is none");
  tap_ok(!plot_picture(&p, &bars_of_none, 8, 16), "no bars are none");
}

static struct graphics read_back(const char *answers)
{
  struct graphics g;
  graphics_read(&g, answers, strlen(answers));
  return g;
}

static void answers(void)
{
  struct graphics g = read_back("\033_Gi=31;OK\033\\\033[6;20;10t\033]11;rgb:ffff/ffff/ffff\033\\\033[?62;c");
  tap_ok(g.complete && g.kitty && !g.sixel && g.cell_h == 20 && g.cell_w == 10 && g.background == BACKGROUND_LIGHT, "a kitty on light ground, cells of 10 x 20");
  g = read_back("\033[6;18;9t\033]11;rgb:0000/0000/0000\a\033[?64;1;2;4;6;22c");
  tap_ok(g.complete && g.sixel && !g.kitty && g.cell_w == 9 && g.background == BACKGROUND_DARK, "an xterm with sixels");
  g = read_back("\033[?1;2c");
  tap_ok(g.complete && !g.sixel && !g.kitty && g.cell_w == 0, "a terminal with neither");
  g = read_back("\033[?62;14;41c");
  tap_ok(g.complete && !g.sixel, "14 and 41 are not 4");
  g = read_back("\033[?4c");
  tap_ok(g.sixel, "4 alone is");
  g = read_back("ls\r\033_Gi=31;ENOTSUP\033\\j\033[?62;4");
  tap_ok(!g.complete && !g.kitty && !g.sixel, "an answer that is not whole yet is waited for");
  g = read_back("q\033OAx\033[?62;4cdd");
  tap_ok(g.complete && g.sixel, "keys among the answers do no harm");
  g = read_back("\033[6;0;0t\033[6;99999;3t\033[?1c");
  tap_ok(g.cell_w == 0 && g.cell_h == 0, "a cell without a size, or with an absurd one, is none");
}

int main(void)
{
  sixels(37, 23, 5, 2); /* shares of 100: 255 / 200, and rounding */
  sixels(1, 1, 1, 2);
  sixels(300, 61, 200, 2);
  sixels(200, 100, 5000, 255); /* more than registers: the nearest, but the same holes */
  kitty(37, 23, 5, 1);
  kitty(200, 100, 0xffffff, 2);
  diagonal();
  light_ground();
  heat();
  fine_heat();
  bars();
  nothing();
  answers();
  return tap_done();
}
