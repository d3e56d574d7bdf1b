/* memory.c: what the user chose to see, kept per store: lines "key<TAB>value" in a file of the state directory
 * that is named after the store's path, and lines "history NAME<TAB>text" of what was typed. Losing it costs nothing
 * but the choice. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "app/paths.h"
#include "app/ui/ui_int.h"
#include "experiments/kernel/mem.h"

#define HISTORY "history "

struct memory {
  char *path; /* NULL: nothing is kept */
  struct { char *key, *value; } *item;
  size_t n;
  bool changed;
};

/* Does it fit on a line of the file? */
static bool fits(const char *value) { return !strpbrk(value, "\n\t"); }

static char *memory_path(const char *db)
{
  char *state = path_state_dir(), *whole = realpath(db, NULL), *path = NULL;
  const char *name = whole ? whole : db;
  if (state)
    path = xasprintf("%s/ui-%016llx", state, (unsigned long long)XXH3_64bits(name, strlen(name)));
  free(whole);
  free(state);
  return path;
}

static void put(struct memory *m, const char *key, const char *value)
{
  for (size_t i = 0; i < m->n; i++)
    if (strcmp(m->item[i].key, key) == 0) {
      free(m->item[i].value);
      m->item[i].value = xstrdup(value);
      return;
    }
  m->item = xrealloc(m->item, (m->n + 1) * sizeof *m->item);
  m->item[m->n].key = xstrdup(key);
  m->item[m->n++].value = xstrdup(value);
}

void memory_open(struct ui *ui)
{
  struct memory *m = ui->memory = xcalloc(1, sizeof *m);
  char *line = NULL, *tab;
  size_t size = 0;
  m->path = memory_path(ui->app->db);
  FILE *f = m->path ? fopen(m->path, "re") : NULL;
  while (f && m->n < 1000 && getline(&line, &size, f) > 0) {
    line[strcspn(line, "\n")] = '\0';
    if ((tab = strchr(line, '\t'))) {
      *tab = '\0';
      if (strncmp(line, HISTORY, strlen(HISTORY)) == 0)
        history_keep(ui, line + strlen(HISTORY), tab + 1);
      else
        put(m, line, tab + 1);
    }
  }
  if (f)
    fclose(f);
  ui->history_changed = false;
  free(line);
}

/* Written beside and renamed, so that two workbenches never leave half a file. */
static void write_out(const struct ui *ui)
{
  const struct memory *m = ui->memory;
  char *beside = xasprintf("%s.%ld", m->path, (long)getpid());
  FILE *f = fopen(beside, "we");
  for (size_t i = 0; f && i < m->n; i++)
    fprintf(f, "%s\t%s\n", m->item[i].key, m->item[i].value);
  for (size_t i = 0; f && i < ui->n_history; i++)
    if (fits(ui->history[i].text))
      fprintf(f, HISTORY "%s\t%s\n", ui->history[i].name, ui->history[i].text);
  if (f && fclose(f) == 0 && rename(beside, m->path) == 0)
    f = NULL;
  if (f)
    unlink(beside);
  free(beside);
}

void memory_close(struct ui *ui)
{
  struct memory *m = ui->memory;
  if ((m->changed || ui->history_changed) && m->path)
    write_out(ui);
  for (size_t i = 0; i < m->n; i++) {
    free(m->item[i].key);
    free(m->item[i].value);
  }
  free(m->item);
  free(m->path);
  free(m);
}

const char *ui_recall(struct ui *ui, const char *key)
{
  for (size_t i = 0; i < ui->memory->n; i++)
    if (strcmp(ui->memory->item[i].key, key) == 0)
      return ui->memory->item[i].value;
  return NULL;
}

void ui_remember(struct ui *ui, const char *key, const char *value)
{
  const char *old = ui_recall(ui, key);
  if ((old && strcmp(old, value) == 0) || !fits(value))
    return;
  put(ui->memory, key, value);
  ui->memory->changed = true;
}

void ui_recall_all(struct ui *ui, const char *beginning, struct names *out)
{
  size_t n = strlen(beginning);
  for (size_t i = 0; i < ui->memory->n; i++)
    if (strncmp(ui->memory->item[i].key, beginning, n) == 0 && *ui->memory->item[i].value)
      names_add(out, ui->memory->item[i].key + n);
}
