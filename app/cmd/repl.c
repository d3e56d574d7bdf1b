/* repl.c: `assay repl`: Lua at a prompt (app/prompt.c), from -e, from a file or from a pipe. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/app.h"
#include "app/lua_error.h"
#include "app/prompt.h"
#include "app/prompt_jobs.h"
#include "app/signals.h"
#include "experiments/kernel/blas.h"

static const struct option_row options[] = {
  {.name = "execute", .letter = 'e', .arg = "CODE", .repeat = true, .doc = "run this and leave"},
  {.name = "interactive", .letter = 'i', .doc = "go to the prompt after CODE or FILE"},
  {0},
};

/* --- running code ------------------------------------------------------------------------------- */

/* Report what went wrong; returns the exit code. */
static int complain(const struct err *e, const char *name, const char *code)
{
  lua_error_tell(e, name, code);
  return e->code == STATUS_CANCELLED ? signals_exit_code() : EXIT_RUN_FAILED;
}

static int run_code(struct lua_host *h, const char *code, const char *name)
{
  struct err e = {0};
  enum status status = lua_host_eval(h, code, name, NULL, &e);
  return status == STATUS_OK ? EXIT_DONE : complain(&e, name, code);
}

static int run_file(struct lua_host *h, const char *path)
{
  struct err e = {0};
  if (access(path, R_OK) != 0) {
    app_complain("cannot open %s: %s", path, strerror(errno));
    return EXIT_USAGE;
  }
  return lua_host_file(h, path, &e) == STATUS_OK ? EXIT_DONE : complain(&e, path, NULL);
}

static int run_stdin(struct lua_host *h)
{
  char *text = NULL;
  size_t size = 0;
  ssize_t n = getdelim(&text, &size, '\0', stdin);
  int code = n > 0 ? run_code(h, text, "stdin") : EXIT_DONE;
  free(text);
  return code;
}

/* --- the command -------------------------------------------------------------------------------- */

/* After code that was not typed: its jobs go on to their end, unless it failed or is interrupted. What failed is told,
 * whether the code has looked at it or not. */
static int finish_jobs(struct prompt_jobs *jobs, int code)
{
  bool is_failure;
  for (char *old; (old = prompt_jobs_news(jobs, NULL)); free(old))
    ; /* the code has seen these end */
  if (code == EXIT_DONE)
    prompt_jobs_finish(jobs);
  if (code == EXIT_DONE && signals_last())
    code = signals_exit_code();
  for (char *news; (news = prompt_jobs_news(jobs, &is_failure)); free(news))
    if (!is_failure)
      app_complain("%s", news);
  char *failed = prompt_jobs_failures(jobs);
  if (failed)
    app_complain("%s", failed);
  code = failed && code == EXIT_DONE ? EXIT_RUN_FAILED : code;
  free(failed);
  return code;
}

static int run_all(struct lua_host *h, struct prompt_jobs *jobs, const struct arguments *a, int colours)
{
  const char *code[256];
  size_t n = arg_values(a, "execute", code, sizeof code / sizeof *code);
  int result = EXIT_DONE;
  bool terminal = isatty(STDIN_FILENO);
  for (size_t i = 0; i < n && result == EXIT_DONE; i++)
    result = run_code(h, code[i], "-e");
  if (a->n_words && result == EXIT_DONE)
    result = run_file(h, a->word[0]);
  if (arg_flag(a, "interactive") || (n == 0 && a->n_words == 0))
    result = terminal ? prompt_run(h, jobs, colours) : run_stdin(h);
  else
    terminal = false;
  return terminal ? result : finish_jobs(jobs, result);
}

static int run(struct app *app, const struct arguments *a)
{
  const int colours = app_colours(app, app->light);
  struct lua_host *h = NULL;
  struct err e = {0};
  if (a->n_words > 1)
    return app_usage(a->command, "repl takes one file, not also '%s'", a->word[1]);
  signals_install(&app->cancel);
  signals_second_ends(true);
  struct prompt_jobs *jobs = prompt_jobs_new(app->db);
  app->services.jobs = prompt_jobs_services(jobs);
  if (blas_check(false, &e) != STATUS_OK || app_host_new(app, app_default_jobs(), &h, &e) != STATUS_OK) {
    app_complain("%s", e.message);
    prompt_jobs_free(jobs);
    return EXIT_USAGE;
  }
  signals_set_host(h);
  if (lua_host_eval(h, "require 'assay.prompt'; _ = nil", "prompt", NULL, &e) != STATUS_OK)
    app_complain("%s", e.message);
  int code = run_all(h, jobs, a, colours);
  signals_set_host(NULL);
  lua_host_free(h);
  prompt_jobs_free(jobs);
  return code;
}

const struct command command_repl = {
  .name = "repl",
  .summary = "the Lua prompt",
  .usage = "[-e CODE]… [-i] [FILE]",
  .help = "Examples:\n"
          "  assay repl\n"
          "  assay repl -e 'assay.schedule(\"cosine\", {peak = 0.1, steps = 100}):at(50)'\n"
          "  echo 'print(assay.zeros(2, 3))' | assay repl\n"
          "\n"
          "An expression prints its value. Ctrl-C stops what runs, or drops the line being typed, and keeps\n"
          "everything else. What was typed is kept in $XDG_STATE_HOME/assay/history.\n"
          "\n"
          "Exit codes: 0 done, 1 the code or a job that it started failed, 2 usage, 130 interrupted.\n",
  .options = options,
  .words = "file",
  .run = run,
};
