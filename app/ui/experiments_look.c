/* experiments_look.c: what the scripts of screen 8 would do. A script is looked at by `assay run --dry-run --json` in a child, so that
 * a broken one cannot hurt the workbench. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "app/ui/experiments_int.h"
#include "app/ui/ui_jobs.h"
#include "experiments/kernel/mem.h"
#include "experiments/params.h"

static char *value_text(const json_t *value);

/* "1,2,5", as --set takes a list. */
static char *items_text(const json_t *list)
{
  char *out = xstrdup("");
  size_t i;
  json_t *item;
  json_array_foreach(list, i, item) {
    char *text = value_text(item), *longer = xasprintf("%s%s%s", out, i ? "," : "", text);
    free(text);
    free(out);
    out = longer;
  }
  return out;
}

static char *value_text(const json_t *value)
{
  char number[32];
  if (json_is_string(value))
    return xstrdup(json_string_value(value));
  if (json_is_array(value))
    return items_text(value);
  if (json_is_real(value)) {
    json_number(json_real_value(value), number); /* the shortest that means the same number */
    return xstrdup(number);
  }
  char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT), *copy = xstrdup(text ? text : "");
  free(text);
  return copy;
}

static void take_params(struct script *s, json_t *params)
{
  const char *key;
  json_t *value;
  names_free(&s->param);
  names_free(&s->value);
  json_object_foreach(params, key, value) {
    char *text = value_text(value);
    names_add(&s->param, key);
    names_add(&s->value, text);
    free(text);
  }
}

static void take_plan(struct script *s, const char *out)
{
  json_t *plan = json_loads(out, JSON_DISABLE_EOF_CHECK, NULL), *counts = json_object_get(plan, "counts");
  const char *name = json_string_value(json_object_get(plan, "experiment"));
  s->total = (size_t)json_number_value(json_object_get(counts, "total"));
  s->kept = (size_t)json_number_value(json_object_get(counts, "kept"));
  free(s->experiment);
  s->experiment = name ? xstrdup(name) : NULL;
  take_params(s, json_object_get(plan, "params"));
  json_decref(plan);
}

void experiments_select_wanted(struct experiments *v)
{
  for (size_t i = 0; v->wanted && i < v->n; i++)
    if (v->script[i].experiment && strcmp(v->script[i].experiment, v->wanted) == 0) {
      list_select(&v->scripts, i);
      v->part = PART_PARAMS;
      free(v->wanted);
      v->wanted = NULL;
    }
}

static void looked(void *self, const char *out, const char *err, int code)
{
  struct experiments *v = self;
  struct script *s = &v->script[v->looking];
  v->child = NULL;
  s->looked = true;
  free(s->problem);
  s->problem = NULL;
  if (code == EXIT_DONE) {
    take_plan(s, out);
  } else {
    s->problem = xasprintf("%.*s", (int)strcspn(err, "\n"), strncmp(err, "assay: ", 7) == 0 ? err + 7 : err);
  }
  experiments_select_wanted(v);
  v->params.n_rows = v->script[v->scripts.at].param.n;
  experiments_ask_time(v);
  experiments_look_next(v);
  ui_redraw(v->ui);
}

void experiments_look_at(struct experiments *v, size_t i)
{
  struct script *s = &v->script[i];
  const char *words[520];
  size_t n = 0;
  words[n++] = "run";
  words[n++] = s->path;
  words[n++] = "--dry-run";
  words[n++] = "--json";
  for (size_t k = 0; k < s->set.n && n + 3 < sizeof words / sizeof *words; k++) {
    words[n++] = "--set";
    words[n++] = s->set.name[k];
  }
  words[n] = NULL;
  child_drop(v->child);
  v->looking = i;
  v->child = child_start(v->ui, words, v, looked);
}

void experiments_look_next(struct experiments *v)
{
  if (v->child || !v->n)
    return;
  if (!v->script[v->scripts.at].looked) {
    experiments_look_at(v, v->scripts.at);
    return;
  }
  for (size_t i = 0; i < v->n; i++)
    if (!v->script[i].looked) {
      experiments_look_at(v, i);
      return;
    }
}

/* --- how long a run takes, by the runs in the store ------------------------------------------------------------------- */

struct timing { struct aside_job job; struct experiments *view; char *experiment; double mean; };

static void timing_work(struct aside_job *job, struct app *app, struct store *s)
{
  struct timing *t = (struct timing *)job;
  int code;
  struct store_query *q = s ? reading_query(app, s, "SELECT avg(wall_s) FROM runs WHERE experiment = ?1 AND status = 'done'") : NULL;
  t->mean = NAN;
  if (!q)
    return;
  store_query_bind_text(q, 1, t->experiment);
  if (reading_next(q, &code) && store_query_cell(q, 0).type == STORE_REAL)
    t->mean = store_query_cell(q, 0).r;
  store_query_close(q);
}

static void timing_done(struct aside_job *job)
{
  struct timing *t = (struct timing *)job;
  t->view->timing = NULL;
  t->view->mean_s = t->mean;
  free(t->view->mean_of);
  t->view->mean_of = xstrdup(t->experiment);
  ui_redraw(t->view->ui);
}

static void timing_release(struct aside_job *job)
{
  free(((struct timing *)job)->experiment);
  free(job);
}

void experiments_ask_time(struct experiments *v)
{
  const struct script *s = v->n ? &v->script[v->scripts.at] : NULL;
  if (!s || !s->experiment || v->timing || (v->mean_of && strcmp(v->mean_of, s->experiment) == 0))
    return;
  struct timing *t = xcalloc(1, sizeof *t);
  t->job = (struct aside_job){.work = timing_work, .done = timing_done, .release = timing_release};
  t->view = v;
  t->experiment = xstrdup(s->experiment);
  v->timing = &t->job;
  aside_ask(ui_aside(v->ui), &t->job);
}
