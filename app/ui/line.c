/* line.c: editing one line of text, and the question at the bottom of the screen. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "app/ui/ui_int.h"
#include "experiments/kernel/mem.h"

/* --- the line ------------------------------------------------------------------------------------- */

static void insert_rune(struct line *l, uint32_t rune)
{
  if (l->n == l->room)
    l->rune = xrealloc(l->rune, (l->room = l->room ? 2 * l->room : 64) * sizeof *l->rune);
  if (l->n > l->at)
    memmove(l->rune + l->at + 1, l->rune + l->at, (l->n - l->at) * sizeof *l->rune);
  l->rune[l->at++] = rune;
  l->n++;
}

void line_insert(struct line *l, const char *text)
{
  utf8proc_int32_t rune;
  while (*text) {
    utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)text, -1, &rune);
    insert_rune(l, n > 0 ? (uint32_t)rune : '?');
    text += n > 0 ? n : 1;
  }
}

void line_set(struct line *l, const char *text)
{
  l->n = l->at = 0;
  line_insert(l, text ? text : "");
}

static char *encode(const struct line *l, size_t n, size_t *bytes)
{
  char *out = xmalloc(4 * n + 1);
  size_t used = 0;
  for (size_t i = 0; i < n; i++)
    used += (size_t)utf8proc_encode_char((utf8proc_int32_t)l->rune[i], (utf8proc_uint8_t *)out + used);
  out[used] = '\0';
  if (bytes)
    *bytes = used;
  return out;
}

char *line_text(const struct line *l) { return encode(l, l->n, NULL); }

size_t line_bytes(const struct line *l, size_t at)
{
  size_t bytes;
  free(encode(l, at, &bytes));
  return bytes;
}

void line_free(struct line *l)
{
  free(l->rune);
  *l = (struct line){0};
}

static void erase(struct line *l, size_t from, size_t to)
{
  if (l->n > to)
    memmove(l->rune + from, l->rune + to, (l->n - to) * sizeof *l->rune);
  l->n -= to - from;
  l->at = from;
}

static size_t word_before(const struct line *l)
{
  size_t i = l->at;
  while (i && l->rune[i - 1] == ' ')
    i--;
  while (i && l->rune[i - 1] != ' ')
    i--;
  return i;
}

bool line_key(struct line *l, const struct ui_event *ev)
{
  switch (ev->key) {
  case UI_KEY_LEFT: case 'B' & 31: l->at -= l->at > 0; return true;
  case UI_KEY_RIGHT: case 'F' & 31: l->at += l->at < l->n; return true;
  case UI_KEY_HOME: case 'A' & 31: l->at = 0; return true;
  case UI_KEY_END: case 'E' & 31: l->at = l->n; return true;
  case UI_KEY_BACKSPACE: if (l->at) erase(l, l->at - 1, l->at); return true;
  case UI_KEY_DELETE: case 'D' & 31: if (l->at < l->n) erase(l, l->at, l->at + 1); return true;
  case 'U' & 31: erase(l, 0, l->at); return true;
  case 'K' & 31: l->n = l->at; return true;
  case 'W' & 31: erase(l, word_before(l), l->at); return true;
  default: break;
  }
  if (ev->key < 32 || ev->key >= UI_KEY_UP)
    return false;
  insert_rune(l, ev->key);
  return true;
}

int line_draw(const struct line *l, struct plot_grid *g, int row, int col, int room)
{
  int width = 0;
  size_t from = 0;
  for (size_t i = 0; i < l->at; i++)
    width += utf8proc_charwidth((utf8proc_int32_t)l->rune[i]);
  while (width >= room && from < l->at) /* what is left of the cursor must fit */
    width -= utf8proc_charwidth((utf8proc_int32_t)l->rune[from++]);
  struct line rest = {.rune = l->rune + from, .n = l->n - from};
  char *text = line_text(&rest);
  draw_text(g, row, col, room, text, 0, 0);
  free(text);
  return col + width;
}

/* --- the question ----------------------------------------------------------------------------------- */

void ui_ask(struct ui *ui, const struct ui_question *q)
{
  asking_end(ui);
  struct asking *a = ui->asking = xcalloc(1, sizeof *a);
  a->q = *q;
  a->q.label = a->label = xstrdup(q->label);
  a->q.history = a->history = q->history ? xstrdup(q->history) : NULL;
  line_set(&a->line, q->initial);
  ui->dirty = true;
}

void ui_confirm(struct ui *ui, const char *question, void *self, void (*accept)(void *self, const char *text))
{
  ui_ask(ui, &(struct ui_question){.label = question, .self = self, .accept = accept});
  ui->asking->confirm = true;
}

static void free_asking(struct asking *a)
{
  line_free(&a->line);
  free(a->label);
  free(a->history);
  free(a->choices);
  free(a->remark);
  free(a);
}

void ui_ask_remark(struct ui *ui, const void *self, const char *about, bool bad, const char *format, ...)
{
  struct asking *a = ui->asking;
  if (!a || a->q.self != self)
    return;
  char *text = line_text(&a->line);
  if (strcmp(text, about) == 0) {
    va_list args;
    va_start(args, format);
    free(a->remark);
    if (vasprintf(&a->remark, format, args) < 0)
      a->remark = NULL;
    va_end(args);
    a->remark_bad = bad;
    ui->dirty = true;
  }
  free(text);
}

void asking_end(struct ui *ui)
{
  if (ui->asking)
    free_asking(ui->asking);
  ui->asking = NULL;
}

void history_keep(struct ui *ui, const char *name, const char *text)
{
  if (!name || !*text)
    return;
  for (size_t i = ui->n_history; i-- > 0;) /* the latest of this name once */
    if (strcmp(ui->history[i].name, name) == 0) {
      if (strcmp(ui->history[i].text, text) == 0)
        return;
      break;
    }
  if (ui->n_history == UI_HISTORY) {
    free(ui->history[0].name);
    free(ui->history[0].text);
    memmove(ui->history, ui->history + 1, --ui->n_history * sizeof *ui->history);
  }
  ui->history = xrealloc(ui->history, (ui->n_history + 1) * sizeof *ui->history);
  ui->history_changed = true;
  ui->history[ui->n_history].name = xstrdup(name);
  ui->history[ui->n_history++].text = xstrdup(text);
}

void ui_ask_history(const struct ui *ui, const char *name, size_t most, struct names *out)
{
  for (size_t i = ui->n_history; i-- > 0 && out->n < most;)
    if (strcmp(ui->history[i].name, name) == 0 && !names_has(out, ui->history[i].text))
      names_add(out, ui->history[i].text);
}

/* Step through the lines kept under this name; 0 is an empty line. */
static void walk_history(struct ui *ui, struct asking *a, int step)
{
  size_t wanted = step > 0 ? a->history_at + 1 : a->history_at ? a->history_at - 1 : 0, seen = 0;
  if (!a->q.history)
    return;
  if (!wanted)
    line_set(&a->line, "");
  for (size_t i = ui->n_history; wanted && i-- > 0;)
    if (strcmp(ui->history[i].name, a->q.history) == 0 && ++seen == wanted) {
      line_set(&a->line, ui->history[i].text);
      break;
    }
  if (!wanted || seen == wanted)
    a->history_at = wanted;
}

/* What all names of a list share at their beginning: the bytes; *n: how many names. */
static size_t shared_beginning(const char *list, size_t *n)
{
  size_t common = strcspn(list, "\n");
  *n = 0;
  for (const char *name = list; *name; ++*n) {
    size_t same = 0, length = strcspn(name, "\n");
    while (same < common && same < length && name[same] == list[same])
      same++;
    common = same;
    name += length + (name[length] == '\n');
  }
  return common;
}

/* How much of the beginning of `name` stands before the cursor already, in any case. */
static size_t typed_of(const char *name, size_t n, const char *text, size_t cursor)
{
  for (size_t k = n < cursor ? n : cursor; k; k--)
    if (strncasecmp(text + cursor - k, name, k) == 0)
      return k;
  return 0;
}

/* Insert what all candidates share beyond the word; show them where there are several. A candidate in quotes takes the place of
 * what was typed without them. */
static void complete(struct asking *a)
{
  char *text = line_text(&a->line);
  size_t cursor = line_bytes(&a->line, a->line.at), n = 0;
  char *list = a->q.candidates ? a->q.candidates(a->q.self, text, cursor) : NULL;
  size_t common = list ? shared_beginning(list, &n) : 0, typed = common ? typed_of(list, common, text, cursor) : 0;
  free(a->choices);
  a->choices = NULL;
  if (common && !typed && (*list == '"' || *list == '\'')) /* without its quote */
    for (size_t k = typed_of(list + 1, common - 1, text, cursor); k; k--)
      line_key(&a->line, &(struct ui_event){.key = UI_KEY_BACKSPACE});
  if (common > typed) {
    char *more = xasprintf("%.*s", (int)(common - typed), list + typed);
    line_insert(&a->line, more);
    free(more);
  }
  if (n > 1) {
    for (char *c = list; *c; c++)
      *c = *c == '\n' ? ' ' : *c;
    a->choices = list;
    list = NULL;
  }
  free(list);
  free(text);
}

static void accept(struct ui *ui, struct asking *a)
{
  char *text = line_text(&a->line);
  history_keep(ui, a->q.history, text);
  ui->asking = NULL; /* accept may ask again */
  a->q.accept(a->q.self, text);
  free(text);
  free_asking(a);
}

static unsigned confirm_key(struct ui *ui, struct asking *a, uint32_t key)
{
  if (key == 'y' || key == 'Y') {
    ui->asking = NULL;
    a->q.accept(a->q.self, "y");
    free_asking(a);
  } else if (key == 'n' || key == 'N' || key == 27 || key == ('C' & 31)) {
    asking_end(ui);
  }
  return UI_HANDLED | UI_REDRAW;
}

unsigned asking_key(struct ui *ui, const struct ui_event *ev)
{
  struct asking *a = ui->asking;
  if (ev->key == UI_KEY_MOUSE)
    return UI_HANDLED;
  if (a->confirm)
    return confirm_key(ui, a, ev->key);
  bool edited = false;
  if (ev->key == '\r' && !ev->pasted) {
    accept(ui, a);
    return UI_HANDLED | UI_REDRAW;
  }
  if (ev->key != '\t') {
    free(a->choices);
    a->choices = NULL;
  }
  if (ev->key == 27 || ev->key == ('C' & 31))
    asking_end(ui);
  else if (ev->key == UI_KEY_UP || ev->key == UI_KEY_DOWN)
    walk_history(ui, a, ev->key == UI_KEY_UP ? 1 : -1), edited = true;
  else if (ev->key == '\t')
    complete(a), edited = true;
  else if (ev->pasted && (ev->key == '\r' || ev->key == '\n')) /* one line is asked for */
    line_insert(&a->line, " "), edited = true;
  else
    edited = line_key(&a->line, ev);
  if (edited && a->q.changed) {
    char *text = line_text(&a->line);
    a->q.changed(a->q.self, text);
    free(text);
  }
  return UI_HANDLED | UI_REDRAW;
}

void asking_draw(struct ui *ui, struct plot_grid *g, int *row, int *col)
{
  const struct asking *a = ui->asking;
  int at = g->height - 1, used;
  draw_fill(g, (struct area){at, 0, 1, g->width}, ' ');
  used = draw_text(g, at, 1, g->width - 2, a->q.label, UI_BLUE, PLOT_BOLD) + 1;
  if (a->choices || a->remark) {
    bool bad = !a->choices && a->remark_bad;
    draw_fill(g, (struct area){at - 1, 0, 1, g->width}, ' ');
    draw_text(g, at - 1, 1, g->width - 2, a->choices ? a->choices : a->remark, bad ? UI_RED : UI_GREY, bad ? PLOT_BOLD : 0);
  }
  *row = at;
  *col = a->confirm ? used + 1 : line_draw(&a->line, g, at, used + 1, g->width - used - 2);
}
