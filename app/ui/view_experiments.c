/* view_experiments.c: screen 8: scripts that were found, their parameters as a form, and the experiments that run. A
 * script is looked at by `assay run --dry-run --json` in a child, so that a broken one cannot hurt the workbench. */
#include <dirent.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "app/reading.h"
#include "app/ui/run_view.h"
#include "app/ui/job_watch.h"
#include "experiments/kernel/mem.h"
#include "experiments/params.h"

enum { MOST_SCRIPTS = 500, MOST_BYTES = 1 << 20 };

struct script {
  char *path, *name;        /* name: as shown */
  char *experiment;         /* its own name; NULL until looked at */
  size_t total, kept;
  bool looked;
  char *problem;            /* why it cannot run; owned */
  struct names param, value, set;   /* parameters; "k=v" words that differ from the script's own */
};

enum part { PART_SCRIPTS, PART_PARAMS, PART_JOBS, PARTS };

struct experiments {
  struct ui *ui;
  struct script *script; size_t n;
  struct list scripts, params, jobs;
  enum part part;
  struct child *child;      /* looking at script `looking` */
  size_t looking;
  struct area area[PARTS];
  double mean_s;            /* seconds of a run of the selected experiment, from the store; NaN: unknown */
  char *mean_of;
  char *wanted;             /* experiment to be selected when its script is found */
  struct aside_job *timing;
};

/* --- finding scripts ------------------------------------------------------------------------------------------- */

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

static void find_scripts(struct experiments *v)
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

/* --- looking at one ------------------------------------------------------------------------------------------------ */

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

static void look_next(struct experiments *v);
static void ask_time(struct experiments *v);

/* Select the script of the experiment that was asked for, once it has told its name. */
static void select_wanted(struct experiments *v)
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
  select_wanted(v);
  v->params.n_rows = v->script[v->scripts.at].param.n;
  ask_time(v);
  look_next(v);
  ui_redraw(v->ui);
}

static void look_at(struct experiments *v, size_t i)
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

/* The selected one first, then the others. */
static void look_next(struct experiments *v)
{
  if (v->child || !v->n)
    return;
  if (!v->script[v->scripts.at].looked) {
    look_at(v, v->scripts.at);
    return;
  }
  for (size_t i = 0; i < v->n; i++)
    if (!v->script[i].looked) {
      look_at(v, i);
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

static void ask_time(struct experiments *v)
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

/* --- cells ---------------------------------------------------------------------------------------------------------------- */

static char *script_cell(void *self, size_t row, size_t column, struct plot_cell *style)
{
  const struct experiments *v = self;
  const struct script *s = &v->script[row];
  if (column == 0)
    return xstrdup(s->name);
  if (!s->looked)
    return xstrdup(column == 1 ? "…" : "");
  if (s->problem) {
    style->fg = UI_RED;
    return xstrdup(column == 3 ? s->problem : "-");
  }
  if (column == 1)
    return xasprintf("%zu", s->total);
  if (column == 2)
    return xasprintf("%zu", s->kept);
  style->fg = UI_GREY;
  char *text = xstrdup("");
  for (size_t i = 0; i < s->param.n; i++) {
    char *longer = xasprintf("%s%s %s  ", text, s->param.name[i], s->value.name[i]);
    free(text);
    text = longer;
  }
  return text;
}

static bool is_set(const struct script *s, const char *name)
{
  size_t n = strlen(name);
  for (size_t i = 0; i < s->set.n; i++)
    if (strncmp(s->set.name[i], name, n) == 0 && s->set.name[i][n] == '=')
      return true;
  return false;
}

static char *param_cell(void *self, size_t row, size_t column, struct plot_cell *style)
{
  const struct experiments *v = self;
  const struct script *s = &v->script[v->scripts.at];
  style->fg = is_set(s, s->param.name[row]) ? UI_ORANGE : 0;
  return xstrdup(column == 0 ? s->param.name[row] : s->value.name[row]);
}

static char *job_cell(void *self, size_t row, size_t column, struct plot_cell *style)
{
  const struct experiments *v = self;
  const struct job *job = jobs_at(ui_jobs(v->ui), row);
  char text[160];
  style->fg = job->state == JOB_FAILED ? UI_RED : job->state == JOB_RUNNING ? UI_BLUE : UI_GREY;
  if (column == 0)
    return xstrdup(strrchr(job->script, '/') ? strrchr(job->script, '/') + 1 : job->script);
  if (column == 1)
    return job->state == JOB_RUNNING || job->state == JOB_WAITING ? xstrdup("") : xasprintf("%.1f s", job->took);
  job_describe(job, text, sizeof text);
  return xstrdup(text);
}

/* --- drawing ---------------------------------------------------------------------------------------------------------------- */

static void draw_head(struct plot_grid *g, struct area a, const char *title, bool here)
{
  draw_fill(g, (struct area){a.row, a.col, 1, a.width}, 0x2500);
  draw_format(g, a.row, a.col + 2, a.width - 4, here ? UI_ORANGE : UI_GREY, here ? PLOT_BOLD : 0, " %s ", title);
}

/* "280 runs, 56 finished, 224 to do, about 35 s" */
static void describe_plan(const struct experiments *v, const struct script *s, char *out, size_t size)
{
  size_t to_do = s->total - s->kept;
  int n = snprintf(out, size, "%zu run%s, %zu finished earlier, %zu to do", s->total, s->total == 1 ? "" : "s", s->kept, to_do);
  double seconds = v->mean_of && s->experiment && strcmp(v->mean_of, s->experiment) == 0 ? v->mean_s * (double)to_do / app_default_jobs() : NAN;
  if (!isnan(seconds) && to_do && n > 0 && (size_t)n < size)
    snprintf(out + n, size - (size_t)n, seconds < 90 ? ", about %.0f s" : ", about %.0f min", seconds < 90 ? ceil(seconds) : ceil(seconds / 60));
}

static void draw(void *self, struct plot_grid *g, struct area a)
{
  struct experiments *v = self;
  char plan[160] = "";
  size_t n_jobs = jobs_count(ui_jobs(v->ui));
  if (!v->n) {
    draw_text(g, a.row + 1, 2, a.width - 4, "no experiment scripts here or among the installed ones", UI_GREY, 0);
    return;
  }
  const struct script *s = &v->script[v->scripts.at];
  int jobs = n_jobs ? (n_jobs < 5 ? (int)n_jobs : 5) + 2 : 0, rest = a.height - jobs, scripts = rest / 2;
  v->area[PART_SCRIPTS] = (struct area){a.row, a.col, scripts, a.width};
  v->area[PART_PARAMS] = (struct area){a.row + scripts + 1, a.col, rest - scripts - 1, a.width};
  v->area[PART_JOBS] = (struct area){a.row + rest + 1, a.col, jobs - 1, a.width};
  list_draw(&v->scripts, g, v->area[PART_SCRIPTS]);
  if (s->looked && !s->problem)
    describe_plan(v, s, plan, sizeof plan);
  const struct job *watched = v->part == PART_JOBS && v->jobs.at < n_jobs ? jobs_at(ui_jobs(v->ui), v->jobs.at) : NULL;
  char *head = watched ? xasprintf("%s: %s", job_name(watched), job_state_name(watched->state)) : xasprintf("%s: %s", s->name, s->problem ? "cannot run" : s->looked ? plan : "looking …");
  draw_head(g, (struct area){a.row + scripts, 0, 1, a.width}, head, v->part == PART_PARAMS);
  free(head);
  v->params.n_rows = s->param.n;
  if (watched)
    job_watch_draw(watched, g, v->area[PART_PARAMS]);
  else if (s->problem)
    draw_wrapped(g, (struct area){v->area[PART_PARAMS].row, 2, v->area[PART_PARAMS].height, a.width - 4}, s->problem, UI_RED, 0);
  else
    list_draw(&v->params, g, v->area[PART_PARAMS]);
  if (jobs) {
    v->jobs.n_rows = n_jobs;
    draw_head(g, (struct area){a.row + rest, 0, 1, a.width}, "started here", v->part == PART_JOBS);
    list_draw(&v->jobs, g, v->area[PART_JOBS]);
  }
}

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
  look_at(v, v->scripts.at); /* the script itself says what is wrong with a value */
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
    look_next(v);
    ask_time(v);
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
  snprintf(out, size, "%zu script%s; S starts the selected one, Enter edits its parameters", v->n, v->n == 1 ? "" : "s");
}

/* --- the view ------------------------------------------------------------------------------------------------------------------ */

static void *open_view(struct ui *ui)
{
  static const char *const script_names[] = {"script", "runs", "done", "parameters"}, *const param_names[] = {"parameter", "value"};
  static const char *const job_names[] = {"script", "took", "state"};
  struct experiments *v = xcalloc(1, sizeof *v);
  v->ui = ui;
  v->mean_s = NAN;
  v->scripts = (struct list){.self = v, .cell = script_cell};
  v->params = (struct list){.self = v, .cell = param_cell};
  v->jobs = (struct list){.self = v, .cell = job_cell};
  list_set_columns(&v->scripts, script_names, 4);
  v->scripts.column[0].width = 36;
  v->scripts.column[1].right = v->scripts.column[2].right = true;
  v->scripts.column[3].grows = true;
  list_set_columns(&v->params, param_names, 2);
  v->params.column[0].width = 24;
  list_set_columns(&v->jobs, job_names, 3);
  v->jobs.column[0].width = 28;
  find_scripts(v);
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
  look_next(v);
}

void experiments_select(struct ui *ui, const char *experiment)
{
  struct experiments *v = ui_view_state(ui, &view_experiments);
  free(v->wanted);
  v->wanted = xstrdup(experiment);
  select_wanted(v);
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
  .draw = draw,
  .request = request,
  .title = say_title,
};
