/* ui.h: the workbench: one frame, ten views, and what they share.
 *
 * Data flows one way: store -> model (read aside, on a thread) -> view -> grid of cells -> screen.c, the one file
 * that knows curses. A view is a const struct view plus its own state; it draws into a grid of cells, so that a
 * test reads the same text without a terminal. The frame owns the title line, the tabs, the line of keys, the
 * input line and the pop-ups. Nothing here blocks: what takes longer than a moment is a struct aside_job. */
#ifndef ASSAY_UI_H
#define ASSAY_UI_H

#include "app/app.h"
#include "app/background.h"
#include "app/plot/plot.h"

struct ui;

/* --- what a key asks for ------------------------------------------------------------------------- */

enum request {
  REQUEST_NONE,
#define REQUEST(id, name, group, keys, help) REQUEST_##id,
#include "app/ui/requests.def"
#undef REQUEST
  REQUEST_COUNT,
};

struct request_row { const char *name, *group, *keys, *help; };
const struct request_row *request_row(enum request r); /* NULL for REQUEST_NONE */

/* Keys that are no characters; a character is its own code point. */
enum ui_key {
  UI_KEY_UP = 0x110000, UI_KEY_DOWN, UI_KEY_LEFT, UI_KEY_RIGHT, UI_KEY_PAGE_UP, UI_KEY_PAGE_DOWN, UI_KEY_HOME, UI_KEY_END,
  UI_KEY_SHIFT_TAB, UI_KEY_DELETE, UI_KEY_INSERT, UI_KEY_BACKSPACE, UI_KEY_F1, UI_KEY_F12 = UI_KEY_F1 + 11,
  UI_KEY_MOUSE,   /* row, col, and button */
  UI_KEY_RESIZE,
};

enum ui_button { UI_BUTTON_LEFT = 1, UI_BUTTON_DOUBLE, UI_BUTTON_WHEEL_UP, UI_BUTTON_WHEEL_DOWN };

struct ui_event {
  uint32_t key;
  int row, col;            /* of the mouse */
  enum ui_button button;
  bool pasted;             /* part of a bracketed paste: text, never a command */
};

/* "Enter", "Ctrl-L", "PgUp", "x" <-> key. 0: no such name. */
uint32_t key_from_name(const char *name, size_t n);
const char *key_label(uint32_t key, char out[16]);

/* A view's own keys come before the common ones. Lists end with {0}. */
struct binding { const char *keys; enum request request; };
/* The request of a key: the user's bindings, the view's, then requests.def. `own` may be NULL. */
enum request key_request(const struct ui *ui, const struct binding *own, uint32_t key);
/* The first key bound to a request in that view; "" when there is none. */
const char *request_key(const struct ui *ui, const struct binding *own, enum request r, char out[16]);
/* Bind "Ctrl-R" to a request by name, for this program. What is wrong, or NULL. */
const char *key_bind(struct ui *ui, const char *key, const char *request);

/* --- views -------------------------------------------------------------------------------------- */

struct area { int row, col, height, width; };

/* What a handler answers. */
enum { UI_HANDLED = 1, UI_REDRAW = 2, UI_RELOAD = 4, UI_CLOSE = 8 };

struct view {
  const char *name;                  /* "Runs" */
  enum request screen;               /* REQUEST_SCREEN_RUNS; its key stands in the tab */
  const char *summary;               /* one sentence for the help page */
  const struct binding *keys;        /* may be NULL */
  const enum request *hints;         /* for the last line, most useful first; ends with REQUEST_NONE */
  /* The same where it depends on what is shown (a form, a part of the screen). May be NULL. */
  const enum request *(*hints_now)(void *self);
  void *(*open)(struct ui *ui);      /* the state; never NULL */
  void (*close)(void *self);
  /* Shown, or the store has changed: ask for what is needed. Cheap; called often. */
  void (*refresh)(void *self, bool store_changed);
  void (*draw)(void *self, struct plot_grid *g, struct area a);
  unsigned (*request)(void *self, enum request r, const struct ui_event *ev);
  /* For line 1, after the name of the store. May be NULL. */
  void (*title)(void *self, char *out, size_t size);
  /* Every key as it comes (a prompt, an editor); 0 passes it on as a request. May be NULL. */
  unsigned (*key)(void *self, const struct ui_event *ev);
  /* Text that `y` copies and `e` writes as CSV; caller frees; NULL: nothing. May be NULL. */
  char *(*text)(void *self, bool whole);
  /* Where the cursor stands, or nothing. May be NULL. */
  void (*cursor)(void *self, int *row, int *col);
};

/* app/ui/view_NAME.c defines `const struct view view_NAME`. */
#define VIEW(name) extern const struct view view_##name;
#include "app/ui/views.def"
#undef VIEW

/* --- colours by their meaning ------------------------------------------------------------------- */

/* As on dark ground; app/plot/palette.c has what stands for each on light ground. */
enum ui_colour { UI_PLAIN = 0, UI_GREY = 245, UI_BLUE = 33, UI_ORANGE = 214, UI_GREEN = 36, UI_RED = 203, UI_PINK = 175 };

/* --- drawing ------------------------------------------------------------------------------------- */

/* UTF-8 text made safe, cut at `room` columns; returns the columns used. */
int draw_text(struct plot_grid *g, int row, int col, int room, const char *text, uint32_t fg, uint8_t attr);
int draw_format(struct plot_grid *g, int row, int col, int room, uint32_t fg, uint8_t attr, const char *format, ...)
    __attribute__((format(printf, 7, 8)));
/* Right-aligned in its room. */
void draw_right(struct plot_grid *g, int row, int col, int room, const char *text, uint32_t fg, uint8_t attr);
void draw_fill(struct plot_grid *g, struct area a, uint32_t rune);
void draw_attr(struct plot_grid *g, struct area a, uint8_t attr); /* adds attributes to what stands there */
/* A picture into an area; sizes are set from it. */
void draw_plot(struct plot_grid *g, struct area a, struct plot_spec *spec);
/* The largest plot that a view draws, as SVG; NULL when it draws none. Caller frees. */
char *draw_picture(void (*draw)(void *self, struct plot_grid *g, struct area a), void *self, struct area a);
/* "text wrapped at width" from `row` on; returns the rows used. */
int draw_wrapped(struct plot_grid *g, struct area a, const char *text, uint32_t fg, uint8_t attr);
/* A bar of `width` cells, `share` of them full. */
void draw_bar(struct plot_grid *g, int row, int col, int width, double share, uint32_t fg);
/* Eight-step sparkline of n values (NaN: a gap) in `width` cells. */
void draw_spark(struct plot_grid *g, int row, int col, int width, const double *value, size_t n, uint32_t fg);

/* --- a table on the screen (list.c, list_columns.c) ---------------------------------------------------- */

enum { LIST_WIDEST_COLUMN = 200 };

struct list_column {
  char *name;           /* owned */
  size_t source;        /* its number among the names given to list_set_columns */
  int width;            /* columns; 0: as wide as its cells, within limits */
  bool right, hidden;
  bool grows;           /* takes what is left over */
};

/* Rows are asked for when they are drawn; the list keeps position and columns, never data. Columns stand in the order in which
 * they are seen, which people change; the view knows each by its source. */
struct list {
  struct list_column *column;
  size_t n_columns, cursor_column;   /* cursor_column: a place on the screen; list_cursor gives the source */
  size_t n_rows, top, at;   /* rows; the first shown; the selected one */
  size_t sort_column; bool sorted, descending; /* sort_column: a source */
  int height;               /* rows that were visible when it was last drawn */
  bool *ticked;             /* for list_choose_columns; owned */
  void *self;
  /* Text of a cell, to be freed; `style` comes as plain. */
  char *(*cell)(void *self, size_t row, size_t source, struct plot_cell *style);
  /* The same for a file, with every digit. NULL: as it is seen. */
  char *(*exact)(void *self, size_t row, size_t source);
  /* Draw a cell in its own way; false: as text. May be NULL. */
  bool (*draw)(void *self, struct plot_grid *g, size_t row, size_t source, struct area a);
  bool (*marked)(void *self, size_t row); /* may be NULL */
};

void list_free(struct list *l);
void list_set_columns(struct list *l, const char *const *names, size_t n); /* keeps widths and order of those that stay */
void list_clear_columns(struct list *l);                                   /* forgets them */
struct list_column *list_column(struct list *l, size_t source);            /* NULL: none */
size_t list_cursor(const struct list *l);                                  /* the source under the cursor; SIZE_MAX: no columns */
void list_draw(struct list *l, struct plot_grid *g, struct area a); /* one line of names, then rows */
/* Movement, columns, mouse (with the area it was drawn into). 0: not for a list. */
unsigned list_request(struct list *l, enum request r, const struct ui_event *ev, struct area a);
unsigned list_column_request(struct list *l, enum request r);
void list_resize_column(struct list *l, int step);     /* the one under the cursor */
bool list_request_changes_columns(enum request r);     /* what is worth keeping has changed */
void list_choose_columns(struct list *l, struct ui *ui); /* a menu: which of them are shown */
/* Order, widths and what is hidden, as a line to be kept (caller frees); list_restore before the names are set. */
char *list_layout(const struct list *l);
void list_restore(struct list *l, const char *layout);
void list_select(struct list *l, size_t row);
/* CSV (whole) or tab-separated text of the selected row. Caller frees. */
char *list_text(struct list *l, bool whole);

/* --- work aside (aside.c) --------------------------------------------------------------------------- */

/* A piece of work for the thread that reads the store. work() runs there, with a store of its own opened for
 * reading (NULL when that failed; the message then stands in `error`) and an app whose cancel flag is set by
 * aside_cancel; it must not touch the ui. done() runs in the loop afterwards, unless the job was dropped. release()
 * frees the job itself, always, in the loop. */
struct aside_job {
  void (*work)(struct aside_job *job, struct app *app, struct store *s);
  void (*done)(struct aside_job *job);
  void (*release)(struct aside_job *job);
  bool write;              /* open the store for writing, for this job alone */
  char *error;             /* owned; what went wrong */
  double seconds;          /* that work() took */
  /* of aside.c */
  struct aside_job *next;
  atomic_int state;
};

struct aside *aside_new(const struct app *app);
void aside_free(struct aside *a);               /* stops the work in hand; what shall be written is written */
void aside_ask(struct aside *a, struct aside_job *job);
/* done() will not be called; running work is stopped at its next query step. NULL is harmless. */
void aside_drop(struct aside *a, struct aside_job *job);
int aside_fd(const struct aside *a);            /* readable when something is finished */
void aside_finish(struct aside *a);             /* calls done() and release() of what is finished */
bool aside_idle(struct aside *a);
double aside_cost(struct aside *a);             /* seconds that the last work took */
/* For work(): note what went wrong (the first message is kept). */
void aside_fail(struct aside_job *job, const char *format, ...) __attribute__((format(printf, 2, 3)));

struct names;

/* --- the line of input and pop-ups (line.c, popup.c) ----------------------------------------------------- */

/* Ask for a line of text at the bottom. accept() gets it; candidates() may offer completions: names separated by
 * newlines for the word that ends at `cursor`, caller frees (one that begins with a quote takes the place of the
 * word). history: a name under which lines are kept. */
struct ui_question {
  const char *label, *initial, *history;
  void *self;
  void (*accept)(void *self, const char *text);
  void (*changed)(void *self, const char *text);                       /* at each key; may be NULL */
  char *(*candidates)(void *self, const char *text, size_t cursor);    /* may be NULL */
};
void ui_ask(struct ui *ui, const struct ui_question *q);
/* The lines that were given under this name, the latest first, each once; at most `most`. */
void ui_ask_history(const struct ui *ui, const char *name, size_t most, struct names *out);
/* Say something above the line that is being asked for, if it still is `about` and the question is of `self`. */
void ui_ask_remark(struct ui *ui, const void *self, const char *about, bool bad, const char *format, ...) __attribute__((format(printf, 5, 6)));
/* yes/no: accept is called for yes only. */
void ui_confirm(struct ui *ui, const char *question, void *self, void (*accept)(void *self, const char *text));
/* A menu with search as you type. Items are copied; `marked` may be NULL (no check boxes) or n flags that are toggled
 * by Space. accept gets the item (or, with marks, is called once at the end with index SIZE_MAX). */
struct ui_menu {
  const char *title;
  const char *const *item, *const *note;   /* note: text at the right of each, or NULL */
  size_t n;
  bool *marked;
  void *self;
  void (*accept)(void *self, size_t index);
};
void ui_menu(struct ui *ui, const struct ui_menu *m);
/* Text in a pager. */
void ui_page(struct ui *ui, const char *title, const char *text);

/* --- the frame ----------------------------------------------------------------------------------------- */

struct ui *ui_new(struct app *app);
void ui_free(struct ui *ui);
struct app *ui_app(struct ui *ui);
struct aside *ui_aside(struct ui *ui);
struct aside *ui_aside_slow(struct ui *ui);      /* another thread: for what may take minutes, so that no screen waits behind it */
struct jobs *ui_jobs(struct ui *ui);             /* see ui_jobs.h */
/* One line above the keys, until the next key. */
void ui_say(struct ui *ui, const char *format, ...) __attribute__((format(printf, 2, 3)));
void ui_complain(struct ui *ui, const char *format, ...) __attribute__((format(printf, 2, 3)));
void ui_redraw(struct ui *ui);                   /* something has changed */
void ui_go(struct ui *ui, enum request screen);  /* to a screen; Esc comes back */
void *ui_view_state(struct ui *ui, const struct view *v); /* opened when it was not yet */
void ui_event(struct ui *ui, const struct ui_event *ev);
void ui_refresh(struct ui *ui, bool store_changed);
/* Draw everything into a grid of the size it has; *row, *col: the cursor, row < 0: hidden. */
void ui_draw(struct ui *ui, struct plot_grid *g, int *row, int *col);
bool ui_left(const struct ui *ui);               /* the user has asked to leave */
bool ui_wants_draw(struct ui *ui);               /* since the last ui_draw */
const struct view *ui_current(const struct ui *ui, void **state);
const struct view *ui_view_at(size_t i); /* every view, in the order of views.def; NULL behind the last */

/* What the loop does for the frame: text for the clipboard (caller frees; NULL: none), whether to suspend, whether
 * to draw the terminal anew. Each is told once. */
char *ui_take_copied(struct ui *ui);
bool ui_take_suspend(struct ui *ui);
bool ui_take_clear(struct ui *ui);

/* Call readable(self) whenever the descriptor can be read, until it is unwatched. */
void ui_watch(struct ui *ui, int fd, void (*readable)(void *self), void *self);
void ui_unwatch(struct ui *ui, int fd);
struct ui_watched { int fd; void (*readable)(void *self); void *self; };
size_t ui_watches(const struct ui *ui, const struct ui_watched **out);

/* What the user chose to see, kept per store in the state directory (memory.c). Values are short texts. */
const char *ui_recall(struct ui *ui, const char *key); /* NULL: nothing kept */
/* What is kept under keys that begin so: the rest of the keys. Forgotten ("") ones are left out. */
void ui_recall_all(struct ui *ui, const char *beginning, struct names *out);
void ui_remember(struct ui *ui, const char *key, const char *value);

/* What the terminal says of its background; init.lua has the last word. */
void ui_set_background(struct ui *ui, enum background b);

/* From init.lua: columns that the user wants on screen 1, and own queries. */
const struct names *ui_columns(const struct ui *ui);
size_t ui_queries(const struct ui *ui, const struct names **names, const struct names **texts);

/* Marked runs, shared by all screens. */
bool ui_is_marked(const struct ui *ui, int64_t run);
void ui_mark(struct ui *ui, const int64_t *run, size_t n, bool on);
size_t ui_marked(const struct ui *ui, const int64_t **run);

/* The whole program on a terminal: events, timers, drawing. Returns the exit code. */
int ui_run(struct app *app);

#endif
