/* frame_help.c: the page of help and the palette of commands, both made from requests.def. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ui/ui_int.h"
#include "experiments/kernel/mem.h"

static void help_group(struct ui *ui, FILE *f, const struct view *v, const char *group, const char *title)
{
  fprintf(f, "\n%s:\n", title);
  for (enum request r = REQUEST_NONE + 1; r < REQUEST_COUNT; r++) {
    char key[16];
    if (strcmp(request_row(r)->group, group) == 0 && *request_key(ui, v->keys, r, key))
      fprintf(f, "  %-10s %-14s %s\n", key, request_row(r)->name, request_row(r)->help);
  }
}

/* Lines of at most `width` bytes, broken at blanks. */
static void write_wrapped(FILE *f, const char *text, size_t width)
{
  while (*text) {
    size_t n = strlen(text);
    for (size_t i = 0, blank = 0; i < n; i++) {
      blank = text[i] == ' ' ? i : blank;
      if (i >= width && blank) {
        n = blank;
        break;
      }
    }
    fprintf(f, "%.*s\n", (int)n, text);
    text += n + (text[n] == ' ');
  }
}

void frame_show_help(struct ui *ui)
{
  const struct view *v = ui->slot[ui->current].view;
  char *text;
  size_t size;
  FILE *f = xstream_open(&text, &size);
  write_wrapped(f, v->summary, ui->body.width > 24 ? (size_t)ui->body.width - 4 : 20);
  fputs("\nMost useful here:\n", f);
  for (const enum request *r = frame_hints(ui); *r; r++) {
    char key[16];
    fprintf(f, "  %-10s %-14s %s\n", request_key(ui, v->keys, *r, key), request_row(*r)->name, request_row(*r)->help);
  }
  help_group(ui, f, v, "go", "Going about");
  help_group(ui, f, v, "move", "Moving");
  help_group(ui, f, v, "choose", "Choosing");
  help_group(ui, f, v, "look", "Looking");
  help_group(ui, f, v, "do", "Doing");
  fprintf(f, "\nKeys are bound in init.lua of the configuration directory; 'assay ui --help' says how.\n");
  xstream_close(f);
  char *title = xasprintf("help: %s", v->name);
  ui_page(ui, title, text);
  free(title);
  free(text);
}

/* --- the palette -------------------------------------------------------------------------------------------------- */

static bool palette_has(const struct palette *p, enum request r)
{
  for (size_t i = 0; i < p->n; i++)
    if (p->request[i] == r)
      return true;
  return false;
}

static void palette_add_group(struct palette *p, const char *group)
{
  for (enum request r = REQUEST_NONE + 1; r < REQUEST_COUNT; r++)
    if (strcmp(request_row(r)->group, group) == 0 && !palette_has(p, r))
      p->request[p->n++] = r;
}

/* What is most useful here comes first, moving about, which keys do better, last. */
static void palette_fill(struct palette *p, const enum request *hints)
{
  static const char *const group[] = {"do", "choose", "look", "go", "move"};
  p->n = 0;
  for (const enum request *r = hints; *r; r++)
    if (!palette_has(p, *r))
      p->request[p->n++] = *r;
  for (size_t i = 0; i < sizeof group / sizeof *group; i++)
    palette_add_group(p, group[i]);
  assert(p->n == REQUEST_COUNT - 1);
}

static void palette_accept(void *self, size_t index)
{
  struct ui *ui = self;
  struct ui_event none = {0};
  frame_handle(ui, ui->palette.request[index], &none);
}

void frame_show_palette(struct ui *ui)
{
  const struct view *v = ui->slot[ui->current].view;
  const char *item[REQUEST_COUNT];
  char *note[REQUEST_COUNT];
  palette_fill(&ui->palette, frame_hints(ui));
  for (size_t i = 0; i < ui->palette.n; i++) {
    char key[16];
    enum request r = ui->palette.request[i];
    item[i] = request_row(r)->name;
    note[i] = xasprintf("%-9s %s", request_key(ui, v->keys, r, key), request_row(r)->help);
  }
  ui_menu(ui, &(struct ui_menu){.title = "commands", .item = item, .note = (const char *const *)note, .n = ui->palette.n, .self = ui, .accept = palette_accept});
  for (size_t i = 0; i < ui->palette.n; i++)
    free(note[i]);
}
