/* experiments_find.c: the scripts of screen 8: files that describe an experiment or a claim, in the working directory, in its
 * experiments/compare and experiments/papers, and in the installed ones. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/ui/experiments_int.h"
#include "experiments/kernel/mem.h"

enum { MOST_SCRIPTS = 500, MOST_BYTES = 1 << 20 };

/* Does the file describe an experiment or a claim? */
static bool is_experiment(const char *path)
{
  struct stat st;
  bool found = false;
  FILE *f = stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= MOST_BYTES ? fopen(path, "re") : NULL;
  char *text = f ? xcalloc((size_t)st.st_size + 1, 1) : NULL;
  if (f && fread(text, 1, (size_t)st.st_size, f) > 0)
    found = strstr(text, "assay.experiment") != NULL;
  if (f)
    fclose(f);
  free(text);
  return found;
}

static void add_script(struct experiments *v, const char *path, const char *name)
{
  for (size_t i = 0; i < v->n; i++)
    if (strcmp(v->script[i].name, name) == 0)
      return; /* the working directory's own comes first */
  if (v->n == MOST_SCRIPTS || !is_experiment(path))
    return;
  v->script = xrealloc(v->script, (v->n + 1) * sizeof *v->script);
  v->script[v->n++] = (struct script){.path = xstrdup(path), .name = xstrdup(name)};
}

static int by_name(const struct dirent **a, const struct dirent **b) { return strcmp((*a)->d_name, (*b)->d_name); }

static void find_in(struct experiments *v, const char *folder, const char *shown)
{
  struct dirent **entry = NULL;
  int n = scandir(folder, &entry, NULL, by_name);
  for (int i = 0; i < n; i++) {
    size_t length = strlen(entry[i]->d_name);
    if (length > 4 && strcmp(entry[i]->d_name + length - 4, ".lua") == 0) {
      char *path = xasprintf("%s/%s", folder, entry[i]->d_name), *name = xasprintf("%s%s", shown, entry[i]->d_name);
      add_script(v, path, name);
      free(path);
      free(name);
    }
    free(entry[i]);
  }
  free(entry);
}

void experiments_find(struct experiments *v)
{
  static const char *const folders[] = {"compare", "papers"};
  find_in(v, ".", "");
  for (size_t i = 0; i < 2; i++) {
    char *here = xasprintf("experiments/%s", folders[i]), *shown = xasprintf("%s/", folders[i]), *there = NULL;
    if (ui_app(v->ui)->share_dir)
      there = xasprintf("%s/experiments/%s", ui_app(v->ui)->share_dir, folders[i]);
    find_in(v, here, shown);
    if (there)
      find_in(v, there, shown);
    free(here);
    free(shown);
    free(there);
  }
}
