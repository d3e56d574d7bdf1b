/* papers.c: see papers.h. */
#include "app/papers.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include "app/signals.h"
#include "experiments/kernel/mem.h"

static const char suffix[] = ".lua";

void papers_add(struct papers *list, const char *id, const char *path)
{
  list->item = xrealloc(list->item, (list->n + 1) * sizeof *list->item);
  list->item[list->n++] = (struct paper){.id = xstrdup(id), .path = path ? xstrdup(path) : NULL};
}

static bool has(const struct papers *list, const char *id)
{
  for (size_t i = 0; i < list->n; i++)
    if (strcmp(list->item[i].id, id) == 0)
      return true;
  return false;
}

static void find_in(struct papers *list, const char *folder)
{
  DIR *dir = opendir(folder);
  for (struct dirent *d; dir && (d = readdir(dir));) {
    size_t n = strlen(d->d_name);
    if (n < sizeof suffix || d->d_name[0] == '.' || strcmp(d->d_name + n - (sizeof suffix - 1), suffix) != 0)
      continue;
    char *path = xasprintf("%s/%s", folder, d->d_name);
    d->d_name[n - (sizeof suffix - 1)] = '\0';
    if (!has(list, d->d_name))
      papers_add(list, d->d_name, path);
    free(path);
  }
  if (dir)
    closedir(dir);
}

static int by_id(const void *a, const void *b)
{
  return strcmp(((const struct paper *)a)->id, ((const struct paper *)b)->id);
}

void papers_find(const struct app *app, struct papers *out)
{
  find_in(out, "experiments/papers");
  if (app->share_dir) {
    char *folder = xasprintf("%s/experiments/papers", app->share_dir);
    find_in(out, folder);
    free(folder);
  }
  if (out->n)
    qsort(out->item, out->n, sizeof *out->item, by_id);
}

static void keep(struct paper *p, const struct lua_experiment *x)
{
  const struct script_file *files;
  size_t n = lua_experiment_files(x, &files);
  struct store_script *scripts = xcalloc(n + 1, sizeof *scripts);
  for (size_t i = 0; i < n; i++)
    scripts[i] = (struct store_script){.name = files[i].name, .text = files[i].text, .size = files[i].size};
  store_scripts_hash(scripts, n, p->hash);
  free(scripts);
  free(p->id);
  p->id = xstrdup(lua_experiment_name(x));
  p->params = xstrdup(lua_experiment_params(x));
  if (lua_experiment_claim(x))
    p->claim = xstrdup(lua_experiment_claim(x));
  else
    p->problem = xasprintf("%s claims nothing: assay.experiment{…} lacks claim and verdict (assay help run)", p->path);
}

void paper_load(struct app *app, struct paper *p)
{
  struct lua_host *h = NULL;
  struct lua_experiment *x = NULL;
  struct err e = {0};
  enum status status = app_host_new(app, 1, &h, &e);
  if (status == STATUS_OK) {
    struct lua_host *outer = signals_set_host(h);
    status = lua_experiment_open(&x, h, p->path, NULL, 0, &e);
    signals_set_host(outer);
  }
  if (status == STATUS_OK)
    keep(p, x);
  else
    p->problem = xstrdup(e.message);
  lua_experiment_close(x);
  if (h)
    lua_host_free(h);
}

void papers_free(struct papers *list)
{
  for (size_t i = 0; i < list->n; i++) {
    free(list->item[i].id);
    free(list->item[i].path);
    free(list->item[i].claim);
    free(list->item[i].params);
    free(list->item[i].problem);
  }
  free(list->item);
  *list = (struct papers){0};
}
