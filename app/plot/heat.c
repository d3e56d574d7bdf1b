/* heat.c: a matrix as shades. Row 0 is at the top. Where the matrix is larger than the room, a cell
 * shows the mean of the finite values of its block, and a line below says how large the blocks are. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/plot/plot_int.h"
#include "experiments/kernel/mem.h"

void plot_heat_range(const struct plot_spec *spec, double *lo, double *hi)
{
  *lo = INFINITY, *hi = -INFINITY;
  for (size_t i = 0; spec->z && i < spec->rows * spec->cols; i++)
    if (isfinite(spec->z[i])) {
      *lo = fmin(*lo, spec->z[i]);
      *hi = fmax(*hi, spec->z[i]);
    }
}

double plot_heat_place(double z, double lo, double hi)
{
  double t = hi > lo ? (z / 2 - lo / 2) / (hi / 2 - lo / 2) : 0.5;
  return t < 0 ? 0 : t > 1 ? 1 : t;
}

struct heat {
  struct plot_grid *g;
  const struct plot_spec *spec;
  double lo, hi;
  int top, left;
  size_t block_r, block_c;     /* matrix elements per cell */
  size_t cells_r, cells_c;     /* cells that stand for the matrix */
  int cell_w;                  /* columns per cell */
  bool frame;                  /* what surrounds the cells alone */
};

static size_t divide_up(size_t a, size_t b) { return (a + b - 1) / b; }

/* Mean of the finite values of a block; nan when there is none and one is nan, else an infinity. */
static double block_value(const struct heat *h, size_t row, size_t col)
{
  double sum = 0, other = NAN;
  size_t n = 0;
  for (size_t i = row * h->block_r; i < (row + 1) * h->block_r && i < h->spec->rows; i++)
    for (size_t j = col * h->block_c; j < (col + 1) * h->block_c && j < h->spec->cols; j++) {
      double z = h->spec->z[i * h->spec->cols + j];
      if (isfinite(z))
        n++, sum += (z - sum) / (double)n; /* the running mean cannot overflow */
      else
        other = z;
    }
  return n ? sum : other;
}

static void put_shade(struct heat *h, int row, int col, uint32_t rune, uint32_t fg)
{
  plot_put(h->g, row, col, rune, fg);
  if (fg && col < h->g->width && row < h->g->height)
    h->g->cell[(size_t)row * (size_t)h->g->width + (size_t)col].attr = PLOT_FIXED;
}

static void draw_cell(struct heat *h, size_t row, size_t col)
{
  double z = block_value(h, row, col), t = plot_heat_place(z, h->lo, h->hi);
  bool ascii = h->spec->ascii, colour = h->spec->colour && !ascii;
  uint32_t rune = isnan(z) ? 'x' : isinf(z) ? (z > 0 ? '^' : 'v') : colour ? 0x2588 : plot_heat_rune(t, ascii);
  for (int i = 0; i < h->cell_w; i++)
    put_shade(h, h->top + (int)row, h->left + (int)col * h->cell_w + i, rune, isfinite(z) && colour ? plot_heat_cell(t) : 0);
}

/* Column names under the matrix, as many as fit. */
static void draw_column_names(struct heat *h, int row)
{
  int free_from = 0;
  for (size_t j = 0; h->spec->names && j < h->spec->n_names && j < h->spec->cols; j++) {
    int at = h->left + (int)(j / h->block_c) * h->cell_w, w = plot_text_width(h->spec->names[j]);
    if (at < free_from || at + w > h->g->width)
      continue;
    plot_puts(h->g, row, at, w, h->spec->names[j], 0, 0, h->spec->ascii);
    free_from = at + w + 1;
  }
}

static void draw_legend(struct heat *h, int row)
{
  char low[24], high[24];
  bool ascii = h->spec->ascii, colour = h->spec->colour && !ascii;
  int col = h->left, steps = colour ? 10 : ascii ? 9 : 5;
  plot_number(h->lo, low);
  plot_number(h->hi, high);
  if (col + (int)(strlen(low) + strlen(high)) + steps + 2 > h->g->width)
    col = 0;
  col += plot_puts(h->g, row, col, h->g->width - col, low, 0, 0, ascii) + 1;
  for (int i = 0; i < steps; i++, col++) {
    double t = (i + 0.5) / steps;
    put_shade(h, row, col, colour ? 0x2588 : plot_heat_rune(t, ascii), colour ? plot_heat_cell(t) : 0);
  }
  col += 1 + plot_puts(h->g, row, col + 1, h->g->width - col - 1, high, 0, 0, ascii) + 2;
  if (!h->frame && (h->block_r > 1 || h->block_c > 1)) {
    char *text = xasprintf("means of %zu x %zu", h->block_r, h->block_c);
    plot_puts(h->g, row, col, h->g->width - col, text, 0, PLOT_DIM, ascii);
    free(text);
  }
}

static int row_name_width(const struct plot_spec *spec)
{
  int widest = 0;
  for (size_t i = 0; spec->row_names && i < spec->rows; i++) {
    int w = plot_text_width(spec->row_names[i]) + 1;
    widest = w > widest ? w : widest;
  }
  return widest;
}

void plot_draw_heat(struct plot_grid *g, const struct plot_spec *spec, struct plot_inset *inset)
{
  struct heat h = {.g = g, .spec = spec, .frame = inset != NULL};
  bool x_names = spec->names && spec->n_names, empty = !spec->z || !spec->rows || !spec->cols;
  int width = plot_width(spec, 72), most = plot_height(spec, 40), row = 0;
  h.top = (spec->title != NULL) + (spec->y_label != NULL);
  h.left = row_name_width(spec);
  h.left = h.left > width / 3 ? width / 3 : h.left;
  int below = x_names + (spec->x_label != NULL) + 1, room_r = most - h.top - below, room_c = width - h.left;
  if (room_r < 1)
    room_r = 1;
  h.block_r = empty ? 1 : divide_up(spec->rows, (size_t)room_r);
  h.block_c = empty ? 1 : divide_up(spec->cols, (size_t)room_c);
  h.cells_r = empty ? 1 : divide_up(spec->rows, h.block_r);
  h.cells_c = empty ? 1 : divide_up(spec->cols, h.block_c);
  h.cell_w = room_c / (int)h.cells_c;
  h.cell_w = h.cell_w > 8 ? 8 : h.cell_w;
  plot_grid_init(g, width, h.top + (int)h.cells_r + below);
  if (spec->title)
    plot_puts(g, row++, 0, width, spec->title, 0, PLOT_BOLD, spec->ascii);
  if (spec->y_label)
    plot_puts(g, row++, 0, width, spec->y_label, 0, PLOT_DIM, spec->ascii);
  if (empty) {
    plot_puts(g, row, 0, width, "no data", 0, PLOT_DIM, spec->ascii);
    return;
  }
  plot_heat_range(spec, &h.lo, &h.hi);
  if (inset)
    *inset = (struct plot_inset){.row = row, .col = h.left, .rows = (int)h.cells_r, .cols = (int)h.cells_c * h.cell_w};
  for (size_t i = 0; i < h.cells_r; i++, row++) {
    if (spec->row_names && (i * h.block_r) < spec->rows)
      plot_puts(g, row, 0, h.left - 1, spec->row_names[i * h.block_r], 0, 0, spec->ascii);
    for (size_t j = 0; !h.frame && j < h.cells_c; j++)
      draw_cell(&h, i, j);
  }
  if (x_names)
    draw_column_names(&h, row++);
  if (spec->x_label)
    plot_puts(g, row++, h.left, width - h.left, spec->x_label, 0, PLOT_DIM, spec->ascii);
  if (h.lo <= h.hi)
    draw_legend(&h, row);
}
