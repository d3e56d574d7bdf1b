/* run_parts.c: see run_parts.h. */
#include "app/ui/run_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/lua_colour.h"
#include "experiments/kernel/mem.h"

/* --- texts ---------------------------------------------------------------------------------------------------------- */

static const char *text_of(const struct run_parts *p)
{
  const char *text = p->data ? p->data->section[p->section] : NULL;
  return text ? text : "";
}

static size_t count_lines(const char *text)
{
  size_t n = 0;
  for (; *text; n++) {
    text += strcspn(text, "\n");
    text += *text == '\n';
  }
  return n;
}

/* Short lines of a text that is too long for its place stand in columns. */
static int columns_for(const char *text, struct area a, int *width)
{
  size_t longest = 1, lines = count_lines(text);
  for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
    char *one = xasprintf("%.*s", (int)strcspn(line, "\n"), line);
    size_t w = text_width(one);
    longest = w > longest ? w : longest;
    free(one);
  }
  *width = (int)(longest < 1000 ? longest : 1000) + 3;
  int fit = a.width / *width;
  return lines <= (size_t)a.height || fit < 1 ? 1 : fit;
}

/* One line of the script, each part in its colour. */
static void draw_code(const struct run_parts *p, struct plot_grid *g, struct area a, size_t at, size_t n)
{
  const char *text = text_of(p);
  const uint8_t *class = p->data->script_class;
  for (size_t i = at, col = 0; i < at + n && (int)col < a.width;) {
    size_t k = i;
    while (k < at + n && class[k] == class[i])
      k++;
    char *part = xasprintf("%.*s", (int)(k - i), text + i);
    for (char *c = part; *c; c++)
      *c = *c == '\t' ? ' ' : *c;
    col += (size_t)draw_text(g, a.row, a.col + (int)col, a.width - (int)col, part, lua_colour_of((enum lua_class)class[i]), 0);
    free(part);
    i = k;
  }
}

static void draw_lines(struct run_parts *p, struct plot_grid *g, struct area a)
{
  const char *text = text_of(p), *line = text;
  bool script = p->section == SECTION_SCRIPT;
  int width = a.width, columns = script ? 1 : columns_for(text, a, &width);
  size_t lines = count_lines(text), rows = (lines + (size_t)columns - 1) / (size_t)columns;
  p->height = a.height;
  if (p->top + (size_t)a.height > rows)
    p->top = rows > (size_t)a.height ? rows - (size_t)a.height : 0;
  for (size_t i = 0; i < lines; i++) {
    size_t n = strcspn(line, "\n"), row = i % rows, column = i / rows;
    if (row >= p->top && row < p->top + (size_t)a.height) {
      struct area at = {a.row + (int)(row - p->top), a.col + (columns > 1 ? (int)column * width : 0), 1, columns > 1 ? width - 1 : a.width};
      char *part = script ? xasprintf("%4zu", i + 1) : xasprintf("%.*s", (int)n, line);
      draw_text(g, at.row, at.col, at.width, part, script ? UI_GREY : p->section == SECTION_ERROR ? UI_RED : 0, 0);
      free(part);
      if (script)
        draw_code(p, g, (struct area){at.row, at.col + 6, 1, at.width - 6}, (size_t)(line - text), n);
    }
    line += n;
    line += *line == '\n';
  }
}

/* --- all of them ------------------------------------------------------------------------------------------------------ */

void run_parts_init(struct run_parts *p, struct ui *ui)
{
  *p = (struct run_parts){.ui = ui};
  artifacts_init(&p->artifacts, ui);
}

void run_parts_free(struct run_parts *p) { artifacts_free(&p->artifacts); }

void run_parts_take(struct run_parts *p, const struct run_data *data, bool other)
{
  p->data = data;
  artifacts_take(&p->artifacts, data);
  if (data && other) {
    p->section = data->section[SECTION_ERROR] ? SECTION_ERROR : SECTION_CONFIG;
    p->top = 0;
    p->whole = false;
  }
  if (data && !data->section[p->section])
    p->section = SECTION_CONFIG;
}

void run_parts_draw(struct run_parts *p, struct plot_grid *g, struct area a)
{
  int col = a.col + 1;
  for (size_t i = 0; i < SECTION_COUNT; i++) {
    bool here = i == p->section;
    if (p->data->section[i])
      col += draw_format(g, a.row, col, a.width - col, here ? UI_ORANGE : UI_GREY, here ? PLOT_BOLD : 0, here ? "[%s]" : "%s", run_section_names[i]) + 2;
  }
  p->area = (struct area){a.row + 1, a.col + 2, a.height - 1, a.width - 3};
  if (p->area.height < 1)
    return;
  if (p->section == SECTION_ARTIFACTS)
    artifacts_draw(&p->artifacts, g, p->area);
  else
    draw_lines(p, g, p->area);
}

static void next_section(struct run_parts *p, size_t step)
{
  for (size_t i = 1; i <= SECTION_COUNT; i++) {
    size_t at = (p->section + i * step) % SECTION_COUNT;
    if (p->data->section[at]) {
      p->section = at;
      break;
    }
  }
  p->top = 0;
}

static bool scroll(struct run_parts *p, enum request r, const struct ui_event *ev)
{
  size_t page = p->height > 2 ? (size_t)p->height - 1 : 1;
  if (ev->key == UI_KEY_MOUSE)
    r = ev->button == UI_BUTTON_WHEEL_UP ? REQUEST_UP : ev->button == UI_BUTTON_WHEEL_DOWN ? REQUEST_DOWN : REQUEST_NONE;
  switch (r) {
  case REQUEST_UP: p->top -= p->top > 0; break;
  case REQUEST_DOWN: p->top++; break; /* drawing stops it at the end */
  case REQUEST_PAGE_UP: p->top = p->top > page ? p->top - page : 0; break;
  case REQUEST_PAGE_DOWN: p->top += page; break;
  case REQUEST_FIRST: p->top = 0; break;
  case REQUEST_LAST: p->top = count_lines(text_of(p)); break;
  default: return false;
  }
  return true;
}

unsigned run_parts_request(struct run_parts *p, enum request r, const struct ui_event *ev)
{
  bool artifacts = p->section == SECTION_ARTIFACTS;
  if (r == REQUEST_NEXT_PART || r == REQUEST_PREVIOUS_PART)
    next_section(p, r == REQUEST_NEXT_PART ? 1 : SECTION_COUNT - 1);
  else if ((r == REQUEST_OPEN && !artifacts) || (r == REQUEST_BACK && p->whole))
    p->whole = !p->whole;
  else if (artifacts)
    return artifacts_request(&p->artifacts, r, ev);
  else if (!scroll(p, r, ev))
    return 0;
  return UI_HANDLED | UI_REDRAW;
}
