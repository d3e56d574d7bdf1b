/* list_columns.c: the columns of a table on the screen: which there are, in what order, how wide, and how that is kept.
 *
 * A column has two numbers: its place on the screen, which people change, and its source, the place of its name among those
 * that the view has given. Cells are asked for by source. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ui/ui.h"
#include "experiments/kernel/mem.h"

enum { KEPT_SEPARATOR = 0x1f };

static void free_columns(struct list_column *column, size_t n)
{
  for (size_t i = 0; i < n; i++)
    free(column[i].name);
  free(column);
}

void list_clear_columns(struct list *l)
{
  free_columns(l->column, l->n_columns);
  l->column = NULL;
  l->n_columns = l->cursor_column = 0;
  l->sorted = false;
}

void list_free(struct list *l)
{
  list_clear_columns(l);
  free(l->ticked);
  *l = (struct list){0};
}

/* The first old column of this name that no other has taken. */
static size_t take(const struct list_column *old, size_t n, bool *taken, const char *name)
{
  for (size_t i = 0; i < n; i++)
    if (!taken[i] && strcmp(old[i].name, name) == 0) {
      taken[i] = true;
      return i;
    }
  return SIZE_MAX;
}

static size_t place_of(const struct list *l, size_t source)
{
  for (size_t i = 0; i < l->n_columns; i++)
    if (l->column[i].source == source)
      return i;
  return SIZE_MAX;
}

/* What is new stands behind the column that is named before it. */
static void insert_column(struct list *l, size_t source, const char *name)
{
  size_t at = source ? place_of(l, source - 1) + 1 : 0;
  memmove(l->column + at + 1, l->column + at, (l->n_columns++ - at) * sizeof *l->column);
  l->column[at] = (struct list_column){.name = xstrdup(name), .source = source};
}

/* The next column that is seen in this direction; `at` itself when there is none. */
static size_t neighbour(const struct list *l, size_t at, int step)
{
  for (size_t i = at + (size_t)step; i < l->n_columns; i += (size_t)step)
    if (!l->column[i].hidden)
      return i;
  return at;
}

/* The cursor never stands on a column that is not seen. */
static void settle_cursor(struct list *l)
{
  size_t at = l->cursor_column;
  if (at >= l->n_columns)
    at = l->n_columns ? l->n_columns - 1 : 0;
  if (at < l->n_columns && l->column[at].hidden)
    at = neighbour(l, at, 1) != at ? neighbour(l, at, 1) : neighbour(l, at, -1);
  l->cursor_column = at;
}

void list_set_columns(struct list *l, const char *const *names, size_t n)
{
  struct list_column *old = l->column;
  size_t n_old = l->n_columns, *from = xcalloc(n + 1, sizeof *from);
  bool *taken = xcalloc(n_old + 1, sizeof *taken);
  const struct list_column *under = l->cursor_column < n_old ? &old[l->cursor_column] : NULL;
  size_t cursor = SIZE_MAX, sorted_by = l->sorted ? place_of(l, l->sort_column) : SIZE_MAX, sort = SIZE_MAX;
  for (size_t i = 0; i < n; i++)
    from[i] = take(old, n_old, taken, names[i]);
  l->column = xcalloc(n + 1, sizeof *l->column);
  l->n_columns = 0;
  for (size_t k = 0; old && k < n_old; k++) /* those that stay, in their order */
    for (size_t i = 0; i < n; i++)
      if (from[i] == k) {
        sort = sorted_by == k ? i : sort;
        cursor = under == &old[k] ? i : cursor;
        l->column[l->n_columns] = old[k];
        l->column[l->n_columns].name = xstrdup(names[i]);
        l->column[l->n_columns++].source = i;
      }
  for (size_t i = 0; i < n; i++)
    if (from[i] == SIZE_MAX)
      insert_column(l, i, names[i]);
  free_columns(old, n_old);
  free(from);
  free(taken);
  l->sorted = sort != SIZE_MAX;
  l->sort_column = l->sorted ? sort : 0;
  if (cursor != SIZE_MAX)
    l->cursor_column = place_of(l, cursor);
  settle_cursor(l);
}

struct list_column *list_column(struct list *l, size_t source)
{
  size_t at = place_of(l, source);
  return at < l->n_columns ? &l->column[at] : NULL;
}

size_t list_cursor(const struct list *l) { return l->cursor_column < l->n_columns ? l->column[l->cursor_column].source : SIZE_MAX; }

/* --- moving, resizing, hiding ------------------------------------------------------------------------------ */

static void move_column(struct list *l, int step)
{
  size_t at = l->cursor_column, to = neighbour(l, at, step);
  for (; at != to; at += (size_t)step) { /* past those that are hidden too */
    struct list_column one = l->column[at];
    l->column[at] = l->column[at + (size_t)step];
    l->column[at + (size_t)step] = one;
  }
  l->cursor_column = to;
}

static void hide_column(struct list *l)
{
  size_t at = l->cursor_column, left = neighbour(l, at, -1), next = left != at ? left : neighbour(l, at, 1);
  if (next == at)
    return; /* the last one stays */
  l->column[at].hidden = true;
  l->cursor_column = next;
}

unsigned list_column_request(struct list *l, enum request r)
{
  if (l->cursor_column >= l->n_columns)
    return 0;
  switch (r) {
  case REQUEST_LEFT: l->cursor_column = neighbour(l, l->cursor_column, -1); break;
  case REQUEST_RIGHT: l->cursor_column = neighbour(l, l->cursor_column, 1); break;
  case REQUEST_COLUMN_LEFT: move_column(l, -1); break;
  case REQUEST_COLUMN_RIGHT: move_column(l, 1); break;
  case REQUEST_WIDEN: list_resize_column(l, 2); break;
  case REQUEST_NARROW: list_resize_column(l, -2); break;
  case REQUEST_HIDE_COLUMN: hide_column(l); break;
  default: return 0;
  }
  return UI_HANDLED | UI_REDRAW;
}

bool list_request_changes_columns(enum request r)
{
  return r == REQUEST_COLUMN_LEFT || r == REQUEST_COLUMN_RIGHT || r == REQUEST_WIDEN || r == REQUEST_NARROW || r == REQUEST_HIDE_COLUMN;
}

/* --- choosing ------------------------------------------------------------------------------------------------- */

static void accept_ticked(void *self, size_t index)
{
  struct list *l = self;
  size_t n = 0;
  (void)index;
  for (size_t i = 0; i < l->n_columns; i++)
    n += l->ticked[i];
  for (size_t i = 0; i < l->n_columns && n; i++) /* none at all: as before */
    l->column[i].hidden = !l->ticked[i];
  settle_cursor(l);
}

void list_choose_columns(struct list *l, struct ui *ui)
{
  const char **item = xcalloc(l->n_columns + 1, sizeof *item);
  free(l->ticked);
  l->ticked = xcalloc(l->n_columns + 1, sizeof *l->ticked);
  for (size_t i = 0; i < l->n_columns; i++) {
    item[i] = l->column[i].name;
    l->ticked[i] = !l->column[i].hidden;
  }
  ui_menu(ui, &(struct ui_menu){.title = "columns that are shown", .item = item, .n = l->n_columns, .marked = l->ticked, .self = l, .accept = accept_ticked});
  free(item);
}

/* --- kept for the next time ---------------------------------------------------------------------------------------- */

/* "-12 name": hidden, its width, its name; joined by a separator that no name has. */
char *list_layout(const struct list *l)
{
  char *text;
  size_t size;
  FILE *f = xstream_open(&text, &size);
  for (size_t i = 0; i < l->n_columns; i++)
    if (!strchr(l->column[i].name, KEPT_SEPARATOR))
      fprintf(f, "%s%s%d %s", i ? (char[]){KEPT_SEPARATOR, '\0'} : "", l->column[i].hidden ? "-" : "", l->column[i].width, l->column[i].name);
  xstream_close(f);
  return text;
}

void list_restore(struct list *l, const char *layout)
{
  char *copy = xstrdup(layout), *save = NULL;
  const char separator[] = {KEPT_SEPARATOR, '\0'};
  list_clear_columns(l);
  for (char *part = strtok_r(copy, separator, &save); part; part = strtok_r(NULL, separator, &save)) {
    char *name;
    bool hidden = *part == '-';
    long width = strtol(part + hidden, &name, 10);
    if (*name != ' ')
      continue;
    l->column = xrealloc(l->column, (l->n_columns + 1) * sizeof *l->column);
    l->column[l->n_columns] = (struct list_column){.name = xstrdup(name + 1), .source = l->n_columns, .hidden = hidden,
                                                   .width = width > 0 && width <= LIST_WIDEST_COLUMN ? (int)width : 0};
    l->n_columns++;
  }
  free(copy);
}
