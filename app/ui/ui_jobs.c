/* ui_jobs.c: see ui_jobs.h. */
#include "app/ui/ui_jobs.h"

#include <errno.h>
#include <string.h>

/* --- the workbench as a loop for children --------------------------------------------------------------------- */

static void watch(void *self, int fd, void (*readable)(void *of), void *of) { ui_watch(self, fd, readable, of); }
static void unwatch(void *self, int fd) { ui_unwatch(self, fd); }
static void changed(void *self) { ui_redraw(self); }

struct child_loop ui_child_loop(struct ui *ui) { return (struct child_loop){ui, watch, unwatch, changed}; }

struct child *child_start(struct ui *ui, const char *const *words, void *self,
                          void (*done)(void *self, const char *out, const char *err, int code))
{
  struct child *c = child_open(ui_loop(ui), ui_app(ui)->db, words, &(struct child_user){self, NULL, done});
  if (!c)
    ui_complain(ui, "cannot start a process: %s", strerror(errno));
  return c;
}

/* --- jobs ------------------------------------------------------------------------------------------------------- */

static void ended(void *self, const struct job *job)
{
  struct ui *ui = self;
  if (job->state == JOB_FAILED)
    ui_complain(ui, "%s failed (exit %d): screen 8 shows its log", job_name(job), job->code);
  else
    ui_say(ui, "%s %s in %.1f s%s", job_name(job), job_state_name(job->state), job->took, job->state == JOB_DONE ? "; screen 8 shows its report" : "");
  ui_refresh(ui, true);
}

struct jobs *ui_jobs_new(struct ui *ui) { return jobs_new(ui_loop(ui), ui_app(ui)->db, &(struct jobs_user){ui, ended}); }

int jobs_lines(const struct jobs *j) { return jobs_running(j) ? 1 : 0; }

void jobs_draw(const struct jobs *j, struct plot_grid *g, struct area a)
{
  for (size_t i = 0; i < jobs_count(j) && a.height; i++) {
    const struct job *job = jobs_at(j, i);
    char text[160];
    if (job->state != JOB_RUNNING)
      continue;
    int col = 1 + draw_format(g, a.row, 1, 40, UI_BLUE, PLOT_BOLD, "%s", job_name(job)) + 2;
    int width = a.width >= 100 ? 24 : 10;
    draw_bar(g, a.row, col, width, job_progress(job), UI_BLUE);
    job_describe(job, text, sizeof text);
    draw_text(g, a.row, col + width + 2, a.width - col - width - 3, text, 0, 0);
    return;
  }
}
