/* config.c: the user's init.lua. It is read in a child (lua/assay/ui_config.lua says what may stand in it), which prints a
 * line for each setting; the workbench is there before, and takes the settings when they come. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/paths.h"
#include "app/ui/ui_int.h"
#include "app/ui/ui_jobs.h"
#include "experiments/kernel/mem.h"

static void set_colour(struct ui *ui, const char *name, const char *value)
{
  static const struct { const char *name; enum ui_colour colour; } known[] = {
    {"grey", UI_GREY}, {"blue", UI_BLUE}, {"orange", UI_ORANGE}, {"green", UI_GREEN}, {"red", UI_RED}, {"pink", UI_PINK}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (strcmp(known[i].name, name) == 0) {
      ui->recolour[known[i].colour] = *value == '#' ? PLOT_EXACT | (uint32_t)strtoul(value + 1, NULL, 16) : (uint32_t)strtoul(value, NULL, 10);
      return;
    }
  ui_complain(ui, "init.lua: no colour '%s'; there are grey, blue, orange, green, red and pink", name);
}

static void apply(struct ui *ui, char *line)
{
  char *word[3] = {line, NULL, NULL};
  const char *why;
  for (int i = 1; i < 3 && word[i - 1]; i++)
    if ((word[i] = strchr(word[i - 1], '\t')))
      *word[i]++ = '\0';
  if (!word[1])
    return;
  if (strcmp(line, "column") == 0)
    names_add(&ui->columns, word[1]);
  else if (strcmp(line, "background") == 0)
    ui->wished = strcmp(word[1], "light") == 0 ? BACKGROUND_LIGHT : BACKGROUND_DARK;
  else if (!word[2])
    return;
  else if (strcmp(line, "key") == 0 && (why = key_bind(ui, word[1], word[2])))
    ui_complain(ui, "init.lua: %s", why);
  else if (strcmp(line, "colour") == 0)
    set_colour(ui, word[1], word[2]);
  else if (strcmp(line, "query") == 0) {
    names_add(&ui->query_names, word[1]);
    names_add(&ui->query_texts, word[2]);
  }
}

static void done(void *self, const char *out, const char *err, int code)
{
  struct ui *ui = self;
  char *copy = xstrdup(out), *save = NULL;
  ui->config = NULL;
  for (char *line = strtok_r(copy, "\n", &save); line && code == EXIT_DONE; line = strtok_r(NULL, "\n", &save))
    apply(ui, line);
  free(copy);
  if (code != EXIT_DONE)
    ui_complain(ui, "init.lua is left out: %.*s", (int)strcspn(err, "\n"), err);
  ui_refresh(ui, true);
  ui->dirty = true;
}

void config_read(struct ui *ui)
{
  char *dir = path_config_dir(), *path = dir ? xasprintf("%s/init.lua", dir) : NULL;
  if (path && access(path, F_OK) == 0 && !strpbrk(path, "]\n")) { /* it is quoted below */
    char *code = xasprintf("require 'assay.ui_config'.print_all [==[%s]==]", path);
    const char *const words[] = {"repl", "-e", code, NULL};
    ui->config = child_start(ui, words, ui, done);
    free(code);
  }
  free(path);
  free(dir);
}

const struct names *ui_columns(const struct ui *ui) { return &ui->columns; }

size_t ui_queries(const struct ui *ui, const struct names **names, const struct names **texts)
{
  *names = &ui->query_names;
  *texts = &ui->query_texts;
  return ui->query_names.n;
}
