/* ui_int.h: the frame's own state, for frame*.c, marks.c, keys.c, line.c, popup.c, memory.c, config.c and loop.c. */
#ifndef ASSAY_UI_INT_H
#define ASSAY_UI_INT_H

#include "app/jobs/child.h"
#include "app/reading.h"
#include "app/ui/ui.h"

enum { UI_VIEWS_MAX = 16, UI_HISTORY = 200 };

/* A line being edited: runes, so that the cursor never stands inside a character. */
struct line {
  uint32_t *rune;
  size_t n, at, room;
};
void line_set(struct line *l, const char *text);
char *line_text(const struct line *l);              /* caller frees */
size_t line_bytes(const struct line *l, size_t at); /* bytes of UTF-8 before that place */
bool line_key(struct line *l, const struct ui_event *ev); /* false: not a key of editing */
void line_insert(struct line *l, const char *text);
/* Draw from `col`, scrolled so that the cursor is seen; returns the cursor's column. */
int line_draw(const struct line *l, struct plot_grid *g, int row, int col, int room);
void line_free(struct line *l);

/* The input line at the bottom. */
struct asking {
  struct ui_question q; /* its texts are those below */
  char *label, *history; /* owned */
  struct line line;
  char *choices;        /* candidates shown above; owned */
  char *remark; bool remark_bad; /* what is said of the line as it stands; owned */
  size_t history_at;    /* 0: the line being typed; else how far back */
  bool confirm;
};

enum popup_kind { POPUP_NONE, POPUP_PAGE, POPUP_MENU };

struct popup {
  enum popup_kind kind;
  char *title;
  char **line; size_t n_lines, top;       /* page */
  char **item, **note; size_t n;          /* menu */
  size_t *shown, n_shown, at;             /* items that match */
  struct line search;
  bool *marked;
  void *self;
  void (*accept)(void *self, size_t index);
};

/* The requests of the palette, in its order. */
struct palette { enum request request[REQUEST_COUNT]; size_t n; };

struct ui {
  struct app *app;
  struct aside *aside, *slow; /* slow: made when it is first asked for */
  struct { const struct view *view; void *state; } slot[UI_VIEWS_MAX];
  size_t n_views, current;
  size_t back[32], n_back;
  struct asking *asking;
  struct popup popup;
  struct palette palette;
  char *message; bool message_bad;
  bool dirty, left, suspend, clear;
  char *copied;           /* for the clipboard; owned */
  struct { int col, width; } tab[UI_VIEWS_MAX];
  struct area body;
  int64_t *mark; size_t n_marks; /* sorted */
  struct { uint32_t key; enum request request; } bound[128];
  size_t n_bound;
  struct { char *name, *text; } *history; size_t n_history; bool history_changed;
  struct memory *memory;
  struct ui_watched watch[64]; size_t n_watches;
  struct child_loop loop;        /* this one, for children */
  struct jobs *jobs;
  struct child *config;          /* reading init.lua */
  struct names columns, query_names, query_texts;
  uint32_t recolour[256];        /* what init.lua wants drawn for a colour; 0: nothing special */
  enum background background, wished; /* as found, and by init.lua */
};

void *frame_state(struct ui *ui, size_t i);            /* of a view, which is opened when it was not yet */
const enum request *frame_hints(const struct ui *ui);  /* of the view that is shown */
void frame_handle(struct ui *ui, enum request r, const struct ui_event *ev);
void frame_show_help(struct ui *ui);
void frame_show_palette(struct ui *ui);
void frame_copy(struct ui *ui);
void frame_export(struct ui *ui);                      /* asks for the name of a file */

unsigned asking_key(struct ui *ui, const struct ui_event *ev);
void asking_draw(struct ui *ui, struct plot_grid *g, int *row, int *col);
void asking_end(struct ui *ui);
void history_keep(struct ui *ui, const char *name, const char *text); /* the oldest gives way */

unsigned popup_key(struct ui *ui, const struct ui_event *ev);
void popup_draw(struct ui *ui, struct plot_grid *g, int *row, int *col);
void popup_end(struct ui *ui);

void config_read(struct ui *ui);

void memory_open(struct ui *ui);
void memory_close(struct ui *ui); /* writes what has changed */

#endif
