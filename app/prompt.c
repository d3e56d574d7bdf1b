/* prompt.c: see prompt.h. Readline's callback interface stands inside our own poll loop: an interrupt while typing drops the
 * line, an interrupt while Lua or a kernel runs stops that and nothing else. */
#include "app/prompt.h"

#include <errno.h>
#include <poll.h>
#include <readline/history.h>
#include <readline/readline.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "app/above.h"
#include "app/app.h"
#include "app/lua_error.h"
#include "app/paths.h"
#include "app/prompt_complete.h"
#include "app/prompt_echo.h"
#include "app/signals.h"
#include "experiments/kernel/mem.h"

static struct prompt {
  struct lua_host *host;
  struct prompt_jobs *jobs;
  char *pending;      /* lines of a statement that is not complete yet; owned, NULL: none */
  char *history_path; /* owned; NULL: none is kept */
  bool leave;
  bool asked; /* whether to leave while jobs run */
} prompt; /* readline's callbacks carry no pointer of ours */

/* --- history -------------------------------------------------------------------------------------- */

static void open_history(void)
{
  char *dir = path_state_dir();
  history_comment_char = '#'; /* with time stamps an entry may have many lines */
  history_write_timestamps = 1;
  using_history();
  if (!dir)
    return;
  prompt.history_path = xasprintf("%s/history", dir);
  read_history(prompt.history_path);
  free(dir);
}

static void remember(const char *entry)
{
  HIST_ENTRY *last = history_length ? history_get(history_base + history_length - 1) : NULL;
  if (!*entry || (last && strcmp(last->line, entry) == 0))
    return;
  add_history(entry);
  if (prompt.history_path && append_history(1, prompt.history_path) == ENOENT)
    write_history(prompt.history_path);
}

/* --- a line that was typed ------------------------------------------------------------------------ */

static void on_line(char *line);

/* Ready for a line: the first of a statement, or one more of it. */
static void install(void)
{
  prompt_echo_context(prompt.pending);
  prompt_complete_context(prompt.pending);
  rl_callback_handler_install(prompt.pending ? ">> " : "> ", on_line);
}

static void forget_pending(void)
{
  free(prompt.pending);
  prompt.pending = NULL;
}

/* Evaluate what has been typed so far; keeps it pending when more lines are wanted. */
static void evaluate(void)
{
  struct err e = {0};
  int incomplete = 0;
  signals_clear();
  signals_set_host(prompt.host);
  enum status status = lua_host_eval(prompt.host, prompt.pending, "prompt", &incomplete, &e);
  signals_set_host(NULL);
  fflush(stdout);
  if (incomplete)
    return;
  if (status != STATUS_OK)
    lua_error_tell(&e, "prompt", prompt.pending);
  remember(prompt.pending);
  forget_pending();
  prompt.leave = signals_last() == SIGTERM || signals_last() == SIGHUP;
  if (!prompt.leave)
    signals_clear();
}

/* One more line of what is being typed. */
static void take_line(char *line)
{
  char *whole = prompt.pending ? xasprintf("%s\n%s", prompt.pending, line) : xstrdup(line);
  free(prompt.pending);
  free(line);
  prompt.asked = false;
  prompt.pending = whole;
  if (prompt.pending[strspn(prompt.pending, " \t\n")])
    evaluate();
  else
    forget_pending();
}

/* Ctrl-D: leave, but with jobs only when it is said twice. */
static void want_to_leave(void)
{
  prompt.leave = prompt.asked || !prompt_jobs_busy(prompt.jobs);
  prompt.asked = true;
  if (prompt.leave || !rl_eof_found)
    putchar('\n'); /* else readline has gone to the next line */
  rl_eof_found = 0;
  if (!prompt.leave)
    puts("jobs are running: Ctrl-D again stops them and leaves; finished runs are kept");
}

/* What has happened to jobs meanwhile, where no prompt stands. */
static void tell_news(void)
{
  for (char *news; (news = prompt_jobs_news(prompt.jobs, NULL)); free(news)) {
    char *safe = text_safe(news, false);
    puts(safe);
    free(safe);
  }
  fflush(stdout);
}

static void on_line(char *line)
{
  rl_callback_handler_remove();
  above_forget();
  if (line)
    take_line(line);
  else
    want_to_leave();
  tell_news();
  if (!prompt.leave)
    install();
}

/* --- signals and jobs ----------------------------------------------------------------------------- */

static void drop_line(void)
{
  prompt_echo_drop();
  forget_pending();
  above_forget();
  rl_free_line_state();
  rl_callback_sigcleanup();
  rl_callback_handler_remove();
  signals_clear();
  install();
}

static void heed_size(void)
{
  if (!signals_resized())
    return;
  above_forget();
  rl_resize_terminal();
}

static void heed_signals(void)
{
  signals_drain();
  heed_size();
  if (signals_last() == SIGINT)
    drop_line();
  else if (signals_last())
    prompt.leave = true;
}

/* Above the prompt: news, which stay, and how far the job is that runs. */
static void show_jobs(void)
{
  char line[256];
  if (!above_possible())
    return;
  for (char *news; (news = prompt_jobs_news(prompt.jobs, NULL)); free(news))
    above_show(news, true);
  if (!prompt.pending && prompt_jobs_line(prompt.jobs, line, sizeof line))
    above_show(line, false);
}

/* Wait for a key, a signal or a job, and do what it asks for; false at trouble. */
static bool wait_once(void)
{
  struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = signals_fd(), .events = POLLIN},
                         {.fd = prompt_jobs_fd(prompt.jobs), .events = POLLIN}};
  if (poll(fds, sizeof fds / sizeof *fds, -1) < 0)
    return errno == EINTR;
  prompt_jobs_heard(prompt.jobs);
  heed_size();
  if (fds[1].revents)
    heed_signals();
  else if (fds[0].revents)
    rl_callback_read_char();
  return true;
}

/* --- the whole ------------------------------------------------------------------------------------ */

static void start(int colours)
{
  open_history();
  rl_readline_name = "assay";
  rl_catch_signals = 0;
  rl_catch_sigwinch = 0;
  prompt_complete_install(prompt.host, colours != PLOT_NO_COLOUR);
  rl_initialize(); /* reads the user's inputrc */
  prompt_echo_install(colours);
}

/* Inside the workbench: the marked runs. */
static void define_selection(void)
{
  struct err e = {0};
  if (getenv("ASSAY_SELECTION") && lua_host_eval(prompt.host, "sel = require 'assay.selection'; run = sel.run", "sel", NULL, &e) != STATUS_OK)
    lua_error_tell(&e, "sel", "");
}

int prompt_run(struct lua_host *h, struct prompt_jobs *jobs, int colours)
{
  prompt = (struct prompt){.host = h, .jobs = jobs};
  start(colours);
  define_selection();
  signals_set_host(NULL);
  printf("assay %s, %s. help() explains, Tab completes, Ctrl-D leaves.\n", ASSAY_VERSION, "Lua 5.4");
  fflush(stdout);
  install();
  while (!prompt.leave && wait_once())
    show_jobs();
  rl_callback_handler_remove();
  free(prompt.history_path);
  forget_pending();
  clear_history();
  prompt_complete_done();
  return signals_last() ? signals_exit_code() : EXIT_DONE;
}
