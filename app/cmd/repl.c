/* repl.c: `assay repl`: Lua at a prompt, from -e, from a file or from a pipe.
 *
 * The prompt uses readline's callback interface inside our own poll loop: an interrupt while typing drops
 * the line, an interrupt while Lua or a kernel runs stops that and nothing else. */
#include <errno.h>
#include <poll.h>
#include <readline/history.h>
#include <readline/readline.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/above.h"
#include "app/app.h"
#include "app/paths.h"
#include "app/prompt_jobs.h"
#include "app/signals.h"
#include "experiments/kernel/blas.h"
#include "experiments/kernel/mem.h"

static const struct option_row options[] = {
  {.name = "execute", .letter = 'e', .arg = "CODE", .repeat = true, .doc = "run this and leave"},
  {.name = "interactive", .letter = 'i', .doc = "go to the prompt after CODE or FILE"},
  {0},
};

/* --- running code ------------------------------------------------------------------------------- */

/* The n-th line of a text, from 1; "" when there is none. Caller frees. */
static char *line_of(const char *text, long n)
{
  while (text && --n > 0 && (text = strchr(text, '\n')))
    text++;
  return text ? xasprintf("%.*s", (int)strcspn(text, "\n"), text) : xstrdup("");
}

/* Below "NAME:LINE: …": the line itself, and a caret under the word that the message names ("near 'x'"). `code` is what
 * was typed; lines of files are shown by editors. */
static void show_place(const char *message, const char *name, const char *code)
{
  size_t n = strlen(name);
  const char *at = strncmp(message, name, n) == 0 && message[n] == ':' ? message + n + 1 : NULL, *near = strstr(message, "near '");
  if (!at || !code || !(strchr(code, '\n') || near))
    return;
  char *line = line_of(code, strtol(at, NULL, 10)), *word = near ? xasprintf("%.*s", (int)strcspn(near + 6, "'"), near + 6) : xstrdup("");
  char *safe = text_safe(line, false), *found = *word ? strstr(safe, word) : NULL;
  if (*safe)
    fprintf(stderr, "  %s\n", safe);
  if (found)
    fprintf(stderr, "  %*s^\n", (int)(found - safe), "");
  free(line);
  free(word);
  free(safe);
}

/* Report what went wrong; returns the exit code. */
static int complain(const struct err *e, const char *name, const char *code)
{
  fflush(stdout);
  if (e->code == STATUS_CANCELLED) {
    fputs("interrupted\n", stderr);
    return signals_exit_code();
  }
  char *safe = text_safe(e->message, true);
  fprintf(stderr, "%s\n", safe);
  free(safe);
  show_place(e->message, name, code);
  return EXIT_USAGE;
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

/* --- the prompt --------------------------------------------------------------------------------- */

static struct prompt {
  struct lua_host *host;
  struct prompt_jobs *jobs;
  char *pending;      /* lines of a statement that is not complete yet; owned, NULL: none */
  char *history_path; /* owned; NULL: none is kept */
  bool leave, colour;
  bool asked; /* whether to leave while jobs run */
} prompt; /* readline's callbacks carry no pointer of ours */

static char **candidates; /* of the completion in progress: NULL-terminated, owned until given away */

static char *next_candidate(const char *text, int state)
{
  static size_t at;
  if (state == 0)
    at = 0;
  while (candidates && candidates[at]) {
    const char *c = candidates[at++];
    if (strncmp(c, text, strlen(text)) == 0)
      return strdup(c);
  }
  return NULL;
}

static char *abouts; /* "name\tone line" of the candidates of the last completion; owned */

/* What stands beside a candidate in the list; empty when nothing is known. */
static const char *about(const char *name, int *length)
{
  size_t n = strlen(name);
  *length = 0;
  for (const char *line = abouts; line && *line; line += strcspn(line, "\n"), line += *line == '\n')
    if (strncmp(line, name, n) == 0 && line[n] == '\t') {
      *length = (int)strcspn(line + n + 1, "\n");
      return line + n + 1;
    }
  return "";
}

/* The list of candidates: a name a line with what it is where there are few, else readline's own columns. */
static void show_matches(char **matches, int n, int longest)
{
  int rows, width, length;
  rl_get_screen_size(&rows, &width);
  bool lines = n <= rows - 2 && width >= 40;
  for (int i = 1; lines && i <= n; i++) {
    const char *text = about(matches[i], &length);
    int room = width - longest - 4 > 0 ? width - longest - 4 : 0;
    char *part = xasprintf("%.*s", length, text), *safe = text_safe(part, false);
    if (i == 1)
      putc('\n', rl_outstream);
    fprintf(rl_outstream, "%-*s  %s%.*s%s\n", longest, matches[i], prompt.colour ? "\033[2m" : "", (int)text_fit(safe, (size_t)room), safe, prompt.colour ? "\033[0m" : "");
    free(part);
    free(safe);
  }
  if (!lines)
    rl_display_match_list(matches, n, longest);
  above_forget();
  rl_forced_update_display();
}

static char **complete(const char *text, int start, int end)
{
  char *all = lua_host_complete(prompt.host, rl_line_buffer, (size_t)end), **matches, *save = NULL;
  size_t n = 0;
  free(abouts);
  abouts = lua_host_complete_about(prompt.host, rl_line_buffer, (size_t)end);
  (void)start;
  rl_attempted_completion_over = 1;
  rl_completion_append_character = '\0';
  for (char *name = all ? strtok_r(all, "\n", &save) : NULL; name; name = strtok_r(NULL, "\n", &save)) {
    candidates = xrealloc(candidates, (n + 2) * sizeof *candidates);
    candidates[n++] = name;
    candidates[n] = NULL;
  }
  matches = n ? rl_completion_matches(text, next_candidate) : NULL;
  free(candidates);
  candidates = NULL;
  free(all);
  return matches;
}

/* What ends a word: inside quotes stand ids, which have hyphens. */
static char *word_breaks(void)
{
  static char code[] = " \t\n\"'><=;+-*/%^&|~#(){}[],.:", quoted[] = "\"'";
  int quotes = 0;
  for (int i = 0; i < rl_point; i++)
    quotes += rl_line_buffer[i] == '"' || rl_line_buffer[i] == '\'';
  return quotes % 2 ? quoted : code;
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

static void on_line(char *line);

static void install(void) { rl_callback_handler_install(prompt.pending ? ">> " : "> ", on_line); }

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
    complain(&e, "prompt", prompt.pending);
  remember(prompt.pending);
  free(prompt.pending);
  prompt.pending = NULL;
  prompt.leave = signals_last() == SIGTERM || signals_last() == SIGHUP;
  if (!prompt.leave)
    signals_clear();
}

/* What has happened to jobs meanwhile, where no prompt stands. */
static void tell_news(void)
{
  for (char *news; (news = prompt_jobs_news(prompt.jobs)); free(news)) {
    char *safe = text_safe(news, false);
    puts(safe);
    free(safe);
  }
  fflush(stdout);
}

/* Above the prompt: news, which stay, and how far the job is that runs. */
static void show_jobs(void)
{
  char line[256];
  if (!above_possible())
    return;
  for (char *news; (news = prompt_jobs_news(prompt.jobs)); free(news))
    above_show(news, true);
  if (!prompt.pending && prompt_jobs_line(prompt.jobs, line, sizeof line))
    above_show(line, false);
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

/* One more line of what is being typed. */
static void take_line(char *line)
{
  char *whole = prompt.pending ? xasprintf("%s\n%s", prompt.pending, line) : xstrdup(line);
  free(prompt.pending);
  free(line);
  prompt.asked = false;
  prompt.pending = whole;
  if (prompt.pending[strspn(prompt.pending, " \t\n")]) {
    evaluate();
  } else {
    free(prompt.pending);
    prompt.pending = NULL;
  }
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

static void drop_line(void)
{
  free(prompt.pending);
  prompt.pending = NULL;
  rl_point = rl_end;
  rl_redisplay();
  fputs("^C\n", stdout); /* now: removing the handler moves the cursor to the line's start */
  fflush(stdout);
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

/* Wait for a key, a signal or a job, and do what it asks for; false at trouble. */
static bool wait_once(void)
{
  struct pollfd fds[2 + PROMPT_JOBS_FDS] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = signals_fd(), .events = POLLIN}};
  size_t n = prompt_jobs_fds(prompt.jobs, fds + 2);
  if (poll(fds, 2 + n, -1) < 0)
    return errno == EINTR;
  prompt_jobs_heed(prompt.jobs, fds + 2, n);
  heed_size();
  if (fds[1].revents)
    heed_signals();
  else if (fds[0].revents)
    rl_callback_read_char();
  return true;
}

static int interact(struct lua_host *h, struct prompt_jobs *jobs, bool colour)
{
  prompt = (struct prompt){.host = h, .jobs = jobs, .colour = colour};
  open_history();
  rl_readline_name = "assay";
  rl_catch_signals = 0;
  rl_catch_sigwinch = 0;
  rl_completion_word_break_hook = word_breaks;
  rl_attempted_completion_function = complete;
  rl_completion_display_matches_hook = show_matches;
  if (getenv("ASSAY_SELECTION")) /* inside the workbench */
    run_code(h, "sel = require 'assay.selection'", "sel");
  signals_set_host(NULL);
  printf("assay %s, %s. help() explains, Tab completes, Ctrl-D leaves.\n", ASSAY_VERSION, "Lua 5.4");
  fflush(stdout);
  install();
  while (!prompt.leave && wait_once())
    show_jobs();
  rl_callback_handler_remove();
  free(prompt.history_path);
  free(prompt.pending);
  clear_history();
  free(abouts);
  abouts = NULL;
  return signals_last() ? signals_exit_code() : EXIT_DONE;
}

/* --- the command -------------------------------------------------------------------------------- */

/* After code that was not typed: its jobs go on to their end, unless it failed or is interrupted. */
static int finish_jobs(struct prompt_jobs *jobs, int code)
{
  for (char *old; (old = prompt_jobs_news(jobs)); free(old))
    ; /* the code has seen these end */
  if (code == EXIT_DONE)
    prompt_jobs_finish(jobs);
  if (code == EXIT_DONE && signals_last())
    code = signals_exit_code();
  for (char *news; (news = prompt_jobs_news(jobs)); free(news))
    app_complain("%s", news);
  return code;
}

static int run_all(struct lua_host *h, struct prompt_jobs *jobs, const struct arguments *a, bool colour)
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
    result = terminal ? interact(h, jobs, colour) : run_stdin(h);
  else
    terminal = false;
  return terminal ? result : finish_jobs(jobs, result);
}

static int run(struct app *app, const struct arguments *a)
{
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
  int code = run_all(h, jobs, a, app->colour_out);
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
          "everything else. What was typed is kept in $XDG_STATE_HOME/assay/history.\n",
  .options = options,
  .words = "file",
  .run = run,
};
