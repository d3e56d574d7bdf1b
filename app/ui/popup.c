/* popup.c: a page of text, and a menu that is searched as you type. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "app/ui/ui_int.h"
#include "experiments/kernel/mem.h"

void popup_end(struct ui *ui)
{
  struct popup *p = &ui->popup;
  for (size_t i = 0; i < p->n_lines; i++)
    free(p->line[i]);
  for (size_t i = 0; i < p->n; i++) {
    free(p->item[i]);
    free(p->note[i]);
  }
  free(p->line);
  free(p->item);
  free(p->note);
  free(p->shown);
  free(p->title);
  line_free(&p->search);
  *p = (struct popup){0};
}

/* --- pages -------------------------------------------------------------------------------------------- */

void ui_page(struct ui *ui, const char *title, const char *text)
{
  struct popup *p = &ui->popup;
  popup_end(ui);
  p->kind = POPUP_PAGE;
  p->title = xstrdup(title);
  while (*text) {
    size_t n = strcspn(text, "\n");
    p->line = xrealloc(p->line, (p->n_lines + 1) * sizeof *p->line);
    p->line[p->n_lines++] = xasprintf("%.*s", (int)n, text);
    text += n + (text[n] == '\n');
  }
  ui->dirty = true;
}

static void draw_frame(struct plot_grid *g, struct area a, const char *title)
{
  draw_fill(g, a, ' ');
  draw_fill(g, (struct area){a.row, a.col, 1, a.width}, 0x2500);
  draw_format(g, a.row, a.col + 2, a.width - 4, UI_BLUE, PLOT_BOLD, " %s ", title);
}

static void page_draw(const struct popup *p, struct plot_grid *g)
{
  struct area a = {1, 0, g->height - 2, g->width};
  draw_frame(g, a, p->title);
  for (int i = 0; i < a.height - 1 && p->top + (size_t)i < p->n_lines; i++) {
    const char *line = p->line[p->top + (size_t)i];
    bool head = *line && *line != ' ' && line[strlen(line) - 1] == ':';
    draw_text(g, a.row + 1 + i, 2, g->width - 3, line, head ? UI_BLUE : 0, head ? PLOT_BOLD : 0);
  }
  draw_fill(g, (struct area){g->height - 1, 0, 1, g->width}, ' ');
  draw_format(g, g->height - 1, 1, g->width - 2, UI_GREY, 0, "arrows and PgUp/PgDn scroll   Esc closes   line %zu of %zu",
              p->n_lines ? p->top + 1 : 0, p->n_lines);
}

static unsigned page_key(struct ui *ui, const struct ui_event *ev)
{
  struct popup *p = &ui->popup;
  enum request r = key_request(ui, NULL, ev->key);
  size_t page = ui->body.height > 2 ? (size_t)ui->body.height - 2 : 1, last = p->n_lines ? p->n_lines - 1 : 0;
  if (ev->key == UI_KEY_MOUSE)
    r = ev->button == UI_BUTTON_WHEEL_UP ? REQUEST_UP : ev->button == UI_BUTTON_WHEEL_DOWN ? REQUEST_DOWN : REQUEST_NONE;
  switch (r) {
  case REQUEST_UP: p->top -= p->top > 0; break;
  case REQUEST_DOWN: p->top += p->top < last; break;
  case REQUEST_PAGE_UP: p->top = p->top > page ? p->top - page : 0; break;
  case REQUEST_PAGE_DOWN: p->top = p->top + page < last ? p->top + page : last; break;
  case REQUEST_FIRST: p->top = 0; break;
  case REQUEST_LAST: p->top = last > page ? last - page : 0; break;
  case REQUEST_BACK: case REQUEST_QUIT: case REQUEST_HELP: case REQUEST_OPEN: popup_end(ui); break;
  default: break;
  }
  return UI_HANDLED | UI_REDRAW;
}

/* --- menus --------------------------------------------------------------------------------------------- */

/* Do the letters of the pattern stand in the text in this order? The gap cost: smaller is better, -1: no. */
static int fuzzy(const char *text, const char *pattern)
{
  int cost = 0, run = 0;
  for (; *pattern; text++) {
    if (!*text)
      return -1;
    if (tolower((unsigned char)*text) == tolower((unsigned char)*pattern)) {
      pattern++;
      run++;
    } else {
      cost += run ? 2 : 1;
      run = 0;
    }
  }
  return cost;
}

static void choose_shown(struct popup *p)
{
  char *pattern = line_text(&p->search);
  int *cost = xcalloc(p->n + 1, sizeof *cost);
  p->n_shown = 0;
  for (size_t i = 0; i < p->n; i++) {
    int c = fuzzy(p->item[i], pattern);
    if (c < 0 && strcasestr(p->note[i], pattern)) /* names by their letters, notes by their words */
      c = 1000;
    if (c < 0)
      continue;
    size_t at = p->n_shown++;
    for (; at && *pattern && cost[at - 1] > c; at--) { /* insertion keeps equals in their order */
      cost[at] = cost[at - 1];
      p->shown[at] = p->shown[at - 1];
    }
    cost[at] = c;
    p->shown[at] = i;
  }
  p->at = 0;
  free(cost);
  free(pattern);
}

void ui_menu(struct ui *ui, const struct ui_menu *m)
{
  struct popup *p = &ui->popup;
  popup_end(ui);
  *p = (struct popup){.kind = POPUP_MENU, .title = xstrdup(m->title), .n = m->n, .marked = m->marked, .self = m->self, .accept = m->accept};
  p->item = xcalloc(m->n + 1, sizeof *p->item);
  p->note = xcalloc(m->n + 1, sizeof *p->note);
  p->shown = xcalloc(m->n + 1, sizeof *p->shown);
  for (size_t i = 0; i < m->n; i++) {
    p->item[i] = xstrdup(m->item[i]);
    p->note[i] = xstrdup(m->note && m->note[i] ? m->note[i] : "");
  }
  choose_shown(p);
  ui->dirty = true;
}

static void menu_draw(const struct popup *p, struct plot_grid *g, int *row, int *col)
{
  int height = g->height - 4 < 24 ? g->height - 4 : 24, width = g->width < 104 ? g->width : 96, name = 12; /* no slivers at its sides */
  struct area a = {1, (g->width - width) / 2, height, width};
  size_t rows = (size_t)(height - 2), top = p->at >= rows ? p->at - rows + 1 : 0;
  draw_frame(g, a, p->title);
  plot_put(g, a.row + 1, a.col + 1, '>', UI_ORANGE);
  *row = a.row + 1;
  *col = line_draw(&p->search, g, a.row + 1, a.col + 3, a.width - 4);
  for (size_t i = 0; i < p->n; i++)
    name = (int)text_width(p->item[i]) > name ? (int)text_width(p->item[i]) : name;
  name = name > width / 2 ? width / 2 : name;
  for (size_t i = top; i < p->n_shown && i < top + rows; i++) {
    int at = a.row + 2 + (int)(i - top);
    size_t item = p->shown[i];
    const char *box = !p->marked ? "" : p->marked[item] ? "[x] " : "[ ] ";
    int room = *p->note[item] ? name + 1 + (int)strlen(box) : a.width - 2; /* the note begins behind it */
    draw_format(g, at, a.col + 1, room < a.width - 2 ? room : a.width - 2, 0, 0, "%s%s", box, p->item[item]);
    draw_text(g, at, a.col + 3 + name + (int)strlen(box), a.width - name - 5 - (int)strlen(box), p->note[item], UI_GREY, 0);
    if (i == p->at)
      draw_attr(g, (struct area){at, a.col + 1, 1, a.width - 2}, PLOT_REVERSE);
  }
  draw_fill(g, (struct area){g->height - 1, 0, 1, g->width}, ' ');
  draw_text(g, g->height - 1, 1, g->width - 2, p->marked ? "type to search   Tab tick   Enter done   Esc closes" : "type to search   Enter choose   Esc closes", UI_GREY, 0);
}

static void menu_accept(struct ui *ui)
{
  struct popup p = ui->popup;
  size_t item = p.marked ? SIZE_MAX : p.n_shown ? p.shown[p.at] : SIZE_MAX;
  popup_end(ui); /* accept may open the next one */
  if (p.marked || item != SIZE_MAX)
    p.accept(p.self, item);
}

static unsigned menu_key(struct ui *ui, const struct ui_event *ev)
{
  struct popup *p = &ui->popup;
  if (ev->key == UI_KEY_UP || (ev->key == UI_KEY_MOUSE && ev->button == UI_BUTTON_WHEEL_UP))
    p->at -= p->at > 0;
  else if (ev->key == UI_KEY_DOWN || (ev->key == UI_KEY_MOUSE && ev->button == UI_BUTTON_WHEEL_DOWN))
    p->at += p->at + 1 < p->n_shown;
  else if (ev->key == UI_KEY_PAGE_UP)
    p->at = p->at > 10 ? p->at - 10 : 0;
  else if (ev->key == UI_KEY_PAGE_DOWN)
    p->at = p->at + 10 < p->n_shown ? p->at + 10 : p->n_shown ? p->n_shown - 1 : 0;
  else if (ev->key == 27 || ev->key == ('C' & 31))
    popup_end(ui);
  else if (ev->key == '\r')
    menu_accept(ui);
  else if (ev->key == '\t' && p->marked && p->n_shown)
    p->marked[p->shown[p->at]] = !p->marked[p->shown[p->at]];
  else if (ev->key != UI_KEY_MOUSE && line_key(&p->search, ev))
    choose_shown(p);
  return UI_HANDLED | UI_REDRAW;
}

/* --- both ---------------------------------------------------------------------------------------------- */

unsigned popup_key(struct ui *ui, const struct ui_event *ev)
{
  return ui->popup.kind == POPUP_PAGE ? page_key(ui, ev) : menu_key(ui, ev);
}

void popup_draw(struct ui *ui, struct plot_grid *g, int *row, int *col)
{
  if (ui->popup.kind == POPUP_PAGE)
    page_draw(&ui->popup, g);
  else if (ui->popup.kind == POPUP_MENU)
    menu_draw(&ui->popup, g, row, col);
}
