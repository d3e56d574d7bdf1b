/* job_watch.c: see job_watch.h. */
#include "app/ui/job_watch.h"

#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"

/* "worker 1  ███░░░  43 %  run 812 and 3 more, for 3.2 s" */
static void draw_worker(const struct job_worker *w, size_t i, struct plot_grid *g, struct area a)
{
  int col = a.col + draw_format(g, a.row, a.col, a.width, UI_GREY, 0, "worker %zu", i + 1) + 2, width = a.width >= 80 ? 20 : 10;
  if (!w->runs) {
    draw_text(g, a.row, col, a.width - col, "idle", UI_GREY, 0);
    return;
  }
  draw_bar(g, a.row, col, width, w->share, UI_BLUE);
  col += width + 2;
  if (!w->run)
    draw_format(g, a.row, col, a.width - col, 0, 0, "%3.0f %%  %zu run%s to begin", 100 * w->share, w->runs, w->runs == 1 ? "" : "s");
  else if (w->runs == 1)
    draw_format(g, a.row, col, a.width - col, 0, 0, "%3.0f %%  run %lld, for %.1f s", 100 * w->share, (long long)w->run, w->seconds);
  else
    draw_format(g, a.row, col, a.width - col, 0, 0, "%3.0f %%  run %lld, for %.1f s, of %zu together", 100 * w->share, (long long)w->run, w->seconds, w->runs);
}

/* The last lines that fit. */
static void draw_tail(const char *text, struct plot_grid *g, struct area a)
{
  const char *from = text + strlen(text);
  for (int lines = 0; from > text; from--)
    if (from[-1] == '\n' && *from && ++lines == a.height)
      break;
  for (int i = 0; i < a.height && *from; i++) {
    char *line = xasprintf("%.*s", (int)strcspn(from, "\n"), from);
    draw_text(g, a.row + i, a.col, a.width, line, UI_GREY, 0);
    free(line);
    from += strcspn(from, "\n");
    from += *from == '\n';
  }
}

void job_watch_draw(const struct job *job, struct plot_grid *g, struct area a)
{
  char text[200];
  int row = a.row, end = a.row + a.height;
  job_describe(job, text, sizeof text);
  draw_bar(g, row, a.col + 2, a.width >= 80 ? 30 : 10, job_progress(job), UI_BLUE);
  draw_text(g, row, a.col + (a.width >= 80 ? 34 : 14), a.width - (a.width >= 80 ? 34 : 14), text, 0, PLOT_BOLD);
  row++;
  for (size_t i = 0; i < job->n_sets && row < end; i++)
    draw_format(g, row++, a.col + 2, a.width - 4, UI_ORANGE, 0, "set %s", job->set[i]);
  for (size_t i = 0; i < job->n_workers && row < end - 1; i++)
    draw_worker(&job->worker[i], i, g, (struct area){row++, a.col + 2, 1, a.width - 4});
  const char *said = job->state == JOB_DONE && job->report && *job->report ? job->report : job->log;
  if (row + 1 < end)
    draw_tail(said ? said : "", g, (struct area){row + 1, a.col + 2, end - row - 1, a.width - 4});
}

int job_resume(struct jobs *j, const struct job *job)
{
  return jobs_start(j, &(struct job_request){.script = job->script, .again = job->again, .set = (const char *const *)job->set, .n_sets = job->n_sets,
                                             .workers = job->workers_wanted, .rerun = job->rerun});
}
