/* frame_draw.c: the frame as it is seen: title and tabs, the line of keys, messages, and the colours of the whole. */
#include <stdio.h>
#include <string.h>

#include "app/ui/ui_int.h"
#include "app/ui/ui_jobs.h"

/* Tabs from the right end: names where there is room, else numbers, else this one alone. Returns the columns taken. */
static int draw_tabs(struct ui *ui, struct plot_grid *g)
{
  int need = 0, col, own = (int)strlen(ui->slot[ui->current].view->name) + 8;
  for (size_t i = 0; i < ui->n_views; i++)
    need += (int)strlen(ui->slot[i].view->name) + 4;
  bool names = need <= g->width * 6 / 10;
  if (!names)
    need = 4 * (int)ui->n_views + (int)strlen(ui->slot[ui->current].view->name) + 1;
  bool alone = need > g->width * 7 / 10;
  if (alone)
    need = own;
  col = g->width - need;
  for (size_t i = 0; i < ui->n_views; i++) {
    const struct view *v = ui->slot[i].view;
    bool here = i == ui->current;
    char key[16];
    ui->tab[i].width = 0;
    if (alone && !here)
      continue;
    request_key(ui, NULL, v->screen, key);
    int used = draw_format(g, 0, col, g->width - col, here ? UI_ORANGE : UI_GREY, here ? PLOT_BOLD : 0, here ? "[%s%s%s]" : "%s%s%s", key,
                           names || here ? " " : "", names || here ? v->name : "");
    ui->tab[i].col = col;
    ui->tab[i].width = used;
    col += used + 1 + !here;
  }
  return need;
}

static void draw_title(struct ui *ui, struct plot_grid *g)
{
  const struct view *v = ui->slot[ui->current].view;
  char title[512] = "";
  int tabs = draw_tabs(ui, g), col = 1, room = g->width - tabs - 2;
  const char *name = strrchr(ui->app->db, '/');
  col += draw_text(g, 0, col, room, name ? name + 1 : ui->app->db, UI_BLUE, PLOT_BOLD) + 2;
  if (v->title)
    v->title(ui->slot[ui->current].state, title, sizeof title);
  draw_text(g, 0, col, room - col, title, 0, 0);
}

/* Draws what fits before `end`, most useful first; returns the column behind it. */
static int draw_keys(struct ui *ui, struct plot_grid *g, int row, int col, int end, const enum request *hints)
{
  const struct view *v = ui->slot[ui->current].view;
  for (const enum request *r = hints; *r; r++) {
    char key[16];
    const char *name = request_row(*r)->name;
    if (!*request_key(ui, v->keys, *r, key) || col + (int)(strlen(key) + strlen(name)) + 1 >= end)
      continue;
    col += draw_text(g, row, col, g->width - col, key, 0, PLOT_BOLD) + 1;
    col += draw_text(g, row, col, g->width - col, name, UI_GREY, 0) + 2;
  }
  return col;
}

/* The keys of the screen; the way to all others is always there. */
static void draw_hints(struct ui *ui, struct plot_grid *g, int row)
{
  static const enum request palette[] = {REQUEST_PALETTE, REQUEST_NONE}, help[] = {REQUEST_HELP, REQUEST_QUIT, REQUEST_NONE};
  enum { HELP_WIDTH = 8 }; /* "? help  " */
  int col = draw_keys(ui, g, row, 1, g->width - HELP_WIDTH, frame_hints(ui));
  col = draw_keys(ui, g, row, col, g->width - HELP_WIDTH, palette);
  draw_keys(ui, g, row, col, g->width, help);
}

void ui_set_background(struct ui *ui, enum background b)
{
  ui->dirty = ui->dirty || b != ui->background;
  ui->background = b;
}

/* The colours that the user chose, or those for the ground there is. */
static void recolour(const struct ui *ui, struct plot_grid *g)
{
  bool light = (ui->wished ? ui->wished : ui->background) == BACKGROUND_LIGHT;
  for (size_t i = 0; i < (size_t)g->width * (size_t)g->height; i++) {
    uint32_t fg = g->cell[i].fg;
    if (g->cell[i].attr & PLOT_FIXED)
      continue;
    if (g->colours < PLOT_TRUE_COLOURS)
      fg = plot_colour_256(fg);
    g->cell[i].fg = fg < 256 && ui->recolour[fg] ? ui->recolour[fg] : light ? plot_on_light(fg) : fg;
  }
}

void ui_draw(struct ui *ui, struct plot_grid *g, int *row, int *col)
{
  const struct view *v = ui->slot[ui->current].view;
  void *state = frame_state(ui, ui->current);
  *row = *col = -1;
  draw_fill(g, (struct area){0, 0, g->height, g->width}, ' ');
  ui->dirty = false;
  if (g->width < 40 || g->height < 10) {
    draw_text(g, 0, 0, g->width, "assay: at least 40 x 10, please", 0, 0);
    return;
  }
  int busy = jobs_lines(ui->jobs);
  ui->body = (struct area){1, 0, g->height - 2 - busy, g->width};
  jobs_draw(ui->jobs, g, (struct area){g->height - 1 - busy, 0, busy, g->width});
  draw_title(ui, g);
  v->draw(state, g, ui->body);
  if (ui->message)
    draw_text(g, g->height - 1, 1, g->width - 2, ui->message, ui->message_bad ? UI_RED : UI_GREEN, ui->message_bad ? PLOT_BOLD : 0);
  else
    draw_hints(ui, g, g->height - 1);
  popup_draw(ui, g, row, col);
  if (ui->asking)
    asking_draw(ui, g, row, col);
  else if (ui->popup.kind == POPUP_NONE && v->cursor)
    v->cursor(state, row, col);
  recolour(ui, g);
}

bool ui_wants_draw(struct ui *ui) { return ui->dirty; }
