/* list.c: a table on the screen. It knows how many rows there are and asks for the cells that are seen; a store
 * of a hundred thousand runs costs no more to draw than one of ten. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ui/ui.h"
#include "experiments/kernel/mem.h"

enum { GAP = 2, WIDEST = 60, NARROWEST = 4 };

void list_select(struct list *l, size_t row)
{
  l->at = l->n_rows == 0 ? 0 : row < l->n_rows ? row : l->n_rows - 1;
  if (l->at < l->top)
    l->top = l->at;
  if (l->height > 0 && l->at >= l->top + (size_t)l->height)
    l->top = l->at - (size_t)l->height + 1;
}

/* --- widths ------------------------------------------------------------------------------------------ */

static int natural_width(struct list *l, size_t column)
{
  int width = (int)text_width(l->column[column].name) + 1; /* room for the arrow of sorting */
  for (size_t row = l->top; row < l->n_rows && row < l->top + (size_t)l->height; row++) {
    struct plot_cell style = {0};
    char *text = l->cell(l->self, row, l->column[column].source, &style);
    int w = text ? (int)text_width(text) : 0;
    width = w > width ? w : width;
    free(text);
  }
  return width > WIDEST ? WIDEST : width < NARROWEST ? NARROWEST : width;
}

/* Columns for the visible rows into width[]; what is left over goes to the one that grows. */
static void fit_columns(struct list *l, int room, int *width)
{
  int sum = 0;
  size_t grower = SIZE_MAX;
  for (size_t i = 0; i < l->n_columns; i++) {
    width[i] = l->column[i].hidden ? 0 : l->column[i].width ? l->column[i].width : natural_width(l, i);
    sum += width[i] ? width[i] + GAP : 0;
    if (l->column[i].grows && !l->column[i].hidden && grower == SIZE_MAX)
      grower = i;
  }
  if (grower == SIZE_MAX || l->column[grower].width)
    return;
  if (sum > room) { /* the growing column gives way first */
    int least = 36 < width[grower] ? 36 : width[grower], cut = sum - room;
    width[grower] = width[grower] - cut < least ? least : width[grower] - cut;
  } else if (width[grower] == WIDEST) { /* it was cut: give it what is left over */
    width[grower] += room - sum;
  }
}

/* --- drawing ----------------------------------------------------------------------------------------- */

static void draw_names(struct list *l, struct plot_grid *g, struct area a, const int *width, size_t first)
{
  int col = a.col + GAP;
  for (size_t i = first; i < l->n_columns && col < a.col + a.width; i++) {
    if (!width[i])
      continue;
    int room = width[i] < a.col + a.width - col ? width[i] : a.col + a.width - col;
    bool sorts = l->sorted && l->sort_column == l->column[i].source;
    char *name = xasprintf("%s%s", l->column[i].name, !sorts ? "" : l->descending ? "↓" : "↑");
    uint8_t attr = i == l->cursor_column ? PLOT_UNDERLINE : 0;
    if (l->column[i].right)
      draw_right(g, a.row, col, room, name, UI_GREY, attr);
    else
      draw_text(g, a.row, col, room, name, UI_GREY, attr);
    free(name);
    col += width[i] + GAP;
  }
}

static void draw_row(struct list *l, struct plot_grid *g, struct area a, size_t row, const int *width, size_t first)
{
  int col = a.col + GAP;
  bool selected = row == l->at;
  plot_put(g, a.row, a.col, selected ? (MB_CUR_MAX > 1 ? 0x25b8 : '>') : ' ', UI_ORANGE);
  if (l->marked && l->marked(l->self, row))
    plot_put(g, a.row, a.col + 1, '*', UI_PINK);
  for (size_t i = first; i < l->n_columns && col < a.col + a.width; i++) {
    if (!width[i])
      continue;
    int room = width[i] < a.col + a.width - col ? width[i] : a.col + a.width - col;
    if (!l->draw || !l->draw(l->self, g, row, l->column[i].source, (struct area){a.row, col, 1, room})) {
      struct plot_cell style = {0};
      char *text = l->cell(l->self, row, l->column[i].source, &style);
      if (l->column[i].right)
        draw_right(g, a.row, col, room, text ? text : "", style.fg, style.attr);
      else
        draw_text(g, a.row, col, room, text, style.fg, style.attr);
      free(text);
    }
    col += width[i] + GAP;
  }
  if (selected)
    draw_attr(g, (struct area){a.row, a.col + GAP, 1, a.width - GAP}, PLOT_BOLD);
}

/* The first column to be shown, so that the one under the cursor is seen. */
static size_t first_shown(const struct list *l, const int *width, int room)
{
  size_t first = 0;
  for (;;) {
    int sum = 0;
    for (size_t i = first; i <= l->cursor_column && i < l->n_columns; i++)
      sum += width[i] ? width[i] + GAP : 0;
    if (sum - GAP <= room || first >= l->cursor_column)
      return first;
    first++;
  }
}

void list_draw(struct list *l, struct plot_grid *g, struct area a)
{
  int *width = xcalloc(l->n_columns + 1, sizeof *width);
  l->height = a.height - 1;
  if (l->at >= l->n_rows)
    l->at = l->n_rows ? l->n_rows - 1 : 0;
  list_select(l, l->at);
  if (l->top && l->n_rows < l->top + (size_t)(l->height > 0 ? l->height : 0)) /* no empty rows below the last */
    l->top = l->n_rows > (size_t)l->height ? l->n_rows - (size_t)l->height : 0;
  fit_columns(l, a.width - GAP, width);
  size_t first = first_shown(l, width, a.width - GAP);
  draw_names(l, g, a, width, first);
  for (int i = 0; i < l->height && l->top + (size_t)i < l->n_rows; i++)
    draw_row(l, g, (struct area){a.row + 1 + i, a.col, 1, a.width}, l->top + (size_t)i, width, first);
  free(width);
}

/* --- requests ---------------------------------------------------------------------------------------- */

void list_resize_column(struct list *l, int step)
{
  struct list_column *c = &l->column[l->cursor_column];
  int width = (c->width ? c->width : natural_width(l, l->cursor_column)) + step;
  c->width = width < NARROWEST ? NARROWEST : width > LIST_WIDEST_COLUMN ? LIST_WIDEST_COLUMN : width;
}

static unsigned mouse(struct list *l, const struct ui_event *ev, struct area a)
{
  if (ev->button == UI_BUTTON_WHEEL_UP)
    list_select(l, l->at > 3 ? l->at - 3 : 0);
  else if (ev->button == UI_BUTTON_WHEEL_DOWN)
    list_select(l, l->at + 3);
  else if (ev->row > a.row && ev->row < a.row + a.height)
    list_select(l, l->top + (size_t)(ev->row - a.row - 1));
  else
    return 0;
  return UI_HANDLED | UI_REDRAW;
}

unsigned list_request(struct list *l, enum request r, const struct ui_event *ev, struct area a)
{
  size_t page = l->height > 1 ? (size_t)l->height - 1 : 1;
  if (ev && ev->key == UI_KEY_MOUSE)
    return mouse(l, ev, a);
  switch (r) {
  case REQUEST_UP: list_select(l, l->at ? l->at - 1 : 0); break;
  case REQUEST_DOWN: list_select(l, l->at + 1); break;
  case REQUEST_PAGE_UP: list_select(l, l->at > page ? l->at - page : 0); break;
  case REQUEST_PAGE_DOWN: list_select(l, l->at + page); break;
  case REQUEST_FIRST: list_select(l, 0); break;
  case REQUEST_LAST: list_select(l, SIZE_MAX); break;
  default: return list_column_request(l, r);
  }
  return UI_HANDLED | UI_REDRAW;
}

/* --- as text ------------------------------------------------------------------------------------------ */

static void write_row(struct list *l, FILE *f, size_t row, bool csv)
{
  bool any = false;
  for (size_t i = 0; i < l->n_columns; i++) {
    struct plot_cell style = {0};
    if (l->column[i].hidden)
      continue;
    if (any)
      fputc(csv ? ',' : '\t', f);
    any = true;
    char *text = row == SIZE_MAX ? xstrdup(l->column[i].name)
                 : l->exact && csv ? l->exact(l->self, row, l->column[i].source) : l->cell(l->self, row, l->column[i].source, &style);
    if (csv && text && *text)
      csv_write(f, text, false);
    else
      fputs(text ? text : "", f);
    free(text);
  }
  fputc('\n', f);
}

char *list_text(struct list *l, bool whole)
{
  char *text;
  size_t size;
  FILE *f = xstream_open(&text, &size);
  if (whole)
    write_row(l, f, SIZE_MAX, true);
  for (size_t row = whole ? 0 : l->at; row < l->n_rows && (whole || row == l->at); row++)
    write_row(l, f, row, whole);
  xstream_close(f);
  return text;
}
