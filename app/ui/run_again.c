/* run_again.c: see run_again.h. Each run is a job of its own, `assay rerun RUN`; the values of the form are judged by the
 * script itself, in a dry run of the same command. */
#include "app/ui/run_again.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/ui/ui_jobs.h"
#include "experiments/kernel/mem.h"

enum { MOST_WORDS = 512 };

static void start_all(struct run_again_form *f)
{
  struct names words = {0};
  if (f->open)
    form_words(&f->form, &words);
  for (size_t i = 0; i < f->n; i++)
    jobs_start(ui_jobs(f->ui), &(struct job_request){.again = f->run[i], .set = (const char *const *)words.name, .n_sets = words.n});
  if (f->n == 1)
    ui_say(f->ui, "run %lld starts again%s; screen 8 watches it", (long long)f->run[0], f->open ? " with changes" : "");
  else
    ui_say(f->ui, "%zu runs start again, one after the other%s; screen 8 watches them", f->n, f->open ? ", with changes" : "");
  names_free(&words);
  f->open = false;
}

static void confirmed(void *self, const char *text)
{
  (void)text;
  start_all(self);
}

static void take_runs(struct run_again_form *f, const int64_t *run, size_t n)
{
  free(f->run);
  f->run = xcalloc(n + 1, sizeof *f->run);
  memcpy(f->run, run, n * sizeof *run);
  f->n = n;
}

static void start_or_ask(struct run_again_form *f)
{
  if (f->n > 1) {
    char *question = xasprintf("do all %zu runs again%s? y/n", f->n, f->open ? " with these changes" : "");
    ui_confirm(f->ui, question, f, confirmed);
    free(question);
  } else {
    start_all(f);
  }
}

void run_again_start(struct run_again_form *f, const int64_t *run, size_t n)
{
  f->open = false;
  take_runs(f, run, n);
  start_or_ask(f);
}

/* --- the form ----------------------------------------------------------------------------------------------------- */

static void checked(void *self, const char *out, const char *err, int code)
{
  struct run_again_form *f = self;
  (void)out;
  f->check = NULL;
  f->checked = code == EXIT_DONE;
  char *text = f->checked ? NULL : xasprintf("%.*s", (int)strcspn(err, "\n"), strncmp(err, "assay: ", 7) == 0 ? err + 7 : err);
  form_blame(&f->form, text);
  free(text);
  ui_redraw(f->ui);
}

/* What the script says to these values. */
static void check(void *self)
{
  struct run_again_form *f = self;
  const char *words[MOST_WORDS];
  char run[32];
  struct names set = {0};
  size_t n = 0;
  form_words(&f->form, &set);
  snprintf(run, sizeof run, "%lld", (long long)f->run[0]);
  words[n++] = "rerun";
  words[n++] = run;
  words[n++] = "--dry-run";
  words[n++] = "--json";
  for (size_t i = 0; i < set.n && n + 3 < MOST_WORDS; i++) {
    words[n++] = "--set";
    words[n++] = set.name[i];
  }
  words[n] = NULL;
  child_drop(f->check);
  f->checked = false;
  f->check = child_start(f->ui, words, f, checked);
  names_free(&set);
}

void run_again_init(struct run_again_form *f, struct ui *ui)
{
  *f = (struct run_again_form){.ui = ui};
  form_init(&f->form, ui, f, check);
}

void run_again_free(struct run_again_form *f)
{
  child_drop(f->check);
  form_free(&f->form);
  free(f->run);
}

void run_again_open(struct run_again_form *f, const struct run_data *data, const int64_t *run, size_t n)
{
  take_runs(f, run, n);
  form_clear(&f->form);
  for (size_t i = 0; i < data->params.n; i++) {
    bool param = strncmp(data->params.name[i], "params.", 7) == 0;
    if (n > 1 && strcmp(data->params.name[i], "seed") == 0)
      continue; /* each keeps its own */
    form_add(&f->form, data->params.name[i], data->values.name[i], NULL, param ? "parameter of the script" : "config of the run");
  }
  f->form.self = f;
  f->open = true;
  check(f);
}

void run_again_draw(struct run_again_form *f, struct plot_grid *g, struct area a)
{
  char runs[64];
  struct names set = {0};
  form_words(&f->form, &set);
  snprintf(runs, sizeof runs, f->n == 1 ? "run %lld again with changes" : "all runs of this config again with changes", (long long)f->run[0]);
  int col = 1 + draw_text(g, a.row, 1, a.width - 2, runs, 0, PLOT_BOLD) + 3;
  draw_format(g, a.row, col, a.width - col, f->form.problem ? UI_RED : UI_GREY, 0, "%s", f->check ? "asking the script …" : f->form.problem ? "the script refuses this"
              : set.n ? "the script accepts this: S starts" : "Enter edits a value, u takes an edit back, S starts, Esc leaves");
  names_free(&set);
  form_draw(&f->form, g, (struct area){a.row + 1, a.col, a.height - 1, a.width});
}

unsigned run_again_request(struct run_again_form *f, enum request r, const struct ui_event *ev)
{
  if (r == REQUEST_BACK)
    f->open = false;
  else if (r == REQUEST_START && f->form.problem)
    ui_complain(f->ui, "%s", f->form.problem);
  else if (r == REQUEST_START)
    start_or_ask(f);
  else
    return form_request(&f->form, r, ev);
  return UI_HANDLED | UI_REDRAW;
}
