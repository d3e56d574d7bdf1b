/* frame_export.c: what is on the screen for the clipboard and for files. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ui/ui_int.h"

/* What a file of this name shall hold: .svg the largest plot on the screen, anything else the table as CSV. */
static char *export_text(struct ui *ui, const char *path)
{
  const struct view *v = ui->slot[ui->current].view;
  size_t n = strlen(path);
  if (n > 4 && strcmp(path + n - 4, ".svg") == 0)
    return draw_picture(v->draw, ui->slot[ui->current].state, ui->body);
  return v->text ? v->text(ui->slot[ui->current].state, true) : NULL;
}

static void export_to(void *self, const char *path)
{
  struct ui *ui = self;
  char *text = *path ? export_text(ui, path) : NULL;
  FILE *f = text ? fopen(path, "wxe") : NULL;
  if (*path && !text)
    ui_complain(ui, "there is nothing on this screen for %s", path);
  else if (text && !f)
    ui_complain(ui, "cannot write %s: %s (an existing file is left alone)", path, strerror(errno));
  else if (f && (fputs(text, f) == EOF) + (fclose(f) != 0) == 0)
    ui_say(ui, "written to %s", path);
  else if (f)
    ui_complain(ui, "%s could not be written whole: %s", path, strerror(errno));
  free(text);
}

void frame_copy(struct ui *ui)
{
  const struct view *v = ui->slot[ui->current].view;
  char *text = v->text ? v->text(ui->slot[ui->current].state, false) : NULL;
  if (text) {
    free(ui->copied);
    ui->copied = text;
    ui_say(ui, "copied %zu bytes", strlen(text));
  } else {
    ui_say(ui, "nothing to copy here");
  }
}


void frame_export(struct ui *ui)
{
  if (ui->slot[ui->current].view->text)
    ui_ask(ui, &(struct ui_question){.label = "write to file (.csv the numbers, .svg the plot):", .initial = "assay.csv", .history = "file", .self = ui, .accept = export_to});
  else
    ui_say(ui, "nothing to write here");
}
