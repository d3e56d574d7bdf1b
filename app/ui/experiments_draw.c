/* experiments_draw.c: screen 8 as it is seen: scripts, the parameters of the selected one, and what was started. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ui/experiments_int.h"
#include "app/ui/job_watch.h"
#include "experiments/kernel/mem.h"

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

void experiments_draw(void *self, struct plot_grid *g, struct area a)
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

/* --- columns ---------------------------------------------------------------------------------------------------------------- */

void experiments_lists(struct experiments *v)
{
  static const char *const script_names[] = {"script", "runs", "done", "parameters"}, *const param_names[] = {"parameter", "value"};
  static const char *const job_names[] = {"script", "took", "state"};
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
}
