/* view_experiments.c: screen 8: scripts that were found, their parameters as a form, and the experiments that run. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ui/experiments_int.h"
#include "app/ui/job_watch.h"
#include "app/ui/run_view.h"
#include "experiments/kernel/mem.h"

/* --- requests ---------------------------------------------------------------------------------------------------------------- */

static void set_value(void *self, const char *text)
{
  struct experiments *v = self;
  struct script *s = &v->script[v->scripts.at];
  const char *name = s->param.name[v->params.at];
  struct names kept = {0};
  for (size_t i = 0; i < s->set.n; i++)
    if (strncmp(s->set.name[i], name, strlen(name)) != 0 || s->set.name[i][strlen(name)] != '=')
      names_add(&kept, s->set.name[i]);
  if (*text) {
    char *word = xasprintf("%s=%s", name, text);
    names_add(&kept, word);
    free(word);
  }
  names_free(&s->set);
  s->set = kept;
  experiments_look_at(v, v->scripts.at); /* the script itself says what is wrong with a value */
}

static void edit_param(struct experiments *v)
{
  const struct script *s = &v->script[v->scripts.at];
  if (v->params.at >= s->param.n)
    return;
  char *label = xasprintf("%s (empty: the script's own):", s->param.name[v->params.at]);
  ui_ask(v->ui, &(struct ui_question){.label = label, .initial = s->value.name[v->params.at], .history = "param", .self = v, .accept = set_value});
  free(label);
}

/* Go on with a job that has ended: what is finished is kept. */
static void resume_job(struct experiments *v)
{
  const struct job *job = jobs_count(ui_jobs(v->ui)) ? jobs_at(ui_jobs(v->ui), v->jobs.at) : NULL;
  if (!job)
    return;
  if (job->state == JOB_WAITING || job->state == JOB_RUNNING) {
    ui_say(v->ui, "%s is %s already; x stops it", job_name(job), job_state_name(job->state));
    return;
  }
  job_resume(ui_jobs(v->ui), job);
  list_select(&v->jobs, 0); /* the newest is first */
  ui_say(v->ui, "goes on: what is finished is kept");
}

static void start_script(struct experiments *v)
{
  struct script *s = &v->script[v->scripts.at];
  if (s->problem) {
    ui_complain(v->ui, "%s", s->problem);
    return;
  }
  bool waits = jobs_running(ui_jobs(v->ui));
  jobs_start(ui_jobs(v->ui), &(struct job_request){.script = s->path, .set = (const char *const *)s->set.name, .n_sets = s->set.n});
  ui_redraw(v->ui);
  const char *what = waits ? "queued behind the one that runs" : "started";
  if (s->looked)
    ui_say(v->ui, "%s: %zu runs to do, %zu are finished already", what, s->total - s->kept, s->kept);
  else
    ui_say(v->ui, "%s", what);
  s->looked = false; /* what is finished changes from now on */
}

static void show_job(struct experiments *v)
{
  const struct job *job = jobs_count(ui_jobs(v->ui)) ? jobs_at(ui_jobs(v->ui), v->jobs.at) : NULL;
  if (!job)
    return;
  char *text = job->report || job->log ? xasprintf("%s\n%s", job->report ? job->report : "", job->log ? job->log : "") : xstrdup("its report comes at the end; the runs are on screen 1");
  ui_page(v->ui, job->script, text);
  free(text);
}

static unsigned open_part(struct experiments *v)
{
  if (v->part == PART_SCRIPTS)
    v->part = PART_PARAMS;
  else if (v->part == PART_PARAMS)
    edit_param(v);
  else
    show_job(v);
  return UI_HANDLED | UI_REDRAW;
}

static unsigned request_in_list(struct experiments *v, enum request r, const struct ui_event *ev)
{
  struct list *lists[PARTS] = {&v->scripts, &v->params, &v->jobs};
  if (ev->key == UI_KEY_MOUSE)
    for (enum part p = 0; p < PARTS; p++)
      if (ev->row >= v->area[p].row && ev->row < v->area[p].row + v->area[p].height && lists[p]->n_rows)
        v->part = p;
  unsigned answer = list_request(lists[v->part], r, ev, v->area[v->part]);
  if (answer && v->part == PART_SCRIPTS) {
    list_select(&v->params, 0);
    experiments_look_next(v);
    experiments_ask_time(v);
  }
  return answer;
}

static unsigned request(void *self, enum request r, const struct ui_event *ev)
{
  struct experiments *v = self;
  if (!v->n)
    return 0;
  switch (r) {
  case REQUEST_OPEN: return open_part(v);
  case REQUEST_START:
    if (v->part == PART_JOBS)
      resume_job(v);
    else
      start_script(v);
    break;
  case REQUEST_CANCEL:
    if (jobs_cancel(ui_jobs(v->ui), v->part == PART_JOBS ? v->jobs.at : 0))
      ui_say(v->ui, "stopping; what is finished is kept");
    break;
  case REQUEST_NEXT_PART: case REQUEST_PREVIOUS_PART:
    v->part = (v->part + (r == REQUEST_NEXT_PART ? 1 : PARTS - 1)) % PARTS;
    if (v->part == PART_JOBS && !jobs_count(ui_jobs(v->ui)))
      v->part = r == REQUEST_NEXT_PART ? PART_SCRIPTS : PART_PARAMS;
    break;
  case REQUEST_BACK:
    if (v->part == PART_SCRIPTS)
      return 0;
    v->part = PART_SCRIPTS;
    break;
  default: return request_in_list(v, r, ev);
  }
  return UI_HANDLED | UI_REDRAW;
}

static void say_title(void *self, char *out, size_t size)
{
  const struct experiments *v = self;
  snprintf(out, size, "%zu script%s; S starts one, Enter sets its parameters", v->n, v->n == 1 ? "" : "s");
}

/* --- the view ------------------------------------------------------------------------------------------------------------------ */

static void *open_view(struct ui *ui)
{
  struct experiments *v = xcalloc(1, sizeof *v);
  v->ui = ui;
  v->mean_s = NAN;
  experiments_lists(v);
  experiments_find(v);
  v->scripts.n_rows = v->n;
  return v;
}

static void close_view(void *self)
{
  struct experiments *v = self;
  child_drop(v->child);
  aside_drop(ui_aside(v->ui), v->timing);
  for (size_t i = 0; i < v->n; i++) {
    struct script *s = &v->script[i];
    free(s->path);
    free(s->name);
    free(s->experiment);
    free(s->problem);
    names_free(&s->param);
    names_free(&s->value);
    names_free(&s->set);
  }
  free(v->script);
  list_free(&v->scripts);
  list_free(&v->params);
  list_free(&v->jobs);
  free(v->mean_of);
  free(v->wanted);
  free(v);
}

static void refresh(void *self, bool store_changed)
{
  struct experiments *v = self;
  if (store_changed && v->n && !jobs_running(ui_jobs(v->ui)))
    v->script[v->scripts.at].looked = false;
  experiments_look_next(v);
}

void experiments_select(struct ui *ui, const char *experiment)
{
  struct experiments *v = ui_view_state(ui, &view_experiments);
  free(v->wanted);
  v->wanted = xstrdup(experiment);
  experiments_select_wanted(v);
}

static const enum request hints[] = {REQUEST_START, REQUEST_OPEN, REQUEST_NEXT_PART, REQUEST_CANCEL, REQUEST_SCREEN_RUNS, REQUEST_BACK, REQUEST_NONE};

const struct view view_experiments = {
  .name = "Experiments",
  .screen = REQUEST_SCREEN_EXPERIMENTS,
  .summary = "Scripts found in the working directory and among the installed ones. S starts one, or queues it behind"
             " the one that runs; Tab goes to its parameters and to what was started: there x stops a job, S goes on with one that has ended, Enter shows all it said.",
  .hints = hints,
  .open = open_view,
  .close = close_view,
  .refresh = refresh,
  .draw = experiments_draw,
  .request = request,
  .title = say_title,
};
