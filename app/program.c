/* program.c: from argv to one command and its exit code. Nothing that costs time happens before the
 * command is known. */
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "app/app.h"
#include "app/background.h"
#include "app/graphics.h"
#include "app/help.h"
#include "app/paths.h"
#include "app/plot/plot.h"
#include "app/true_colour.h"
#include "experiments/kernel/blas.h"
#include "experiments/kernel/mem.h"
#include "experiments/params.h"

static const struct command *const commands[] = {
#define COMMAND(name) &command_##name,
#include "app/commands.def"
#undef COMMAND
};

size_t command_count(void) { return sizeof commands / sizeof commands[0]; }
const struct command *command_at(size_t i) { return commands[i]; }

const struct command *command_find(const char *name)
{
  for (size_t i = 0; i < command_count(); i++)
    if (strcmp(commands[i]->name, name) == 0)
      return commands[i];
  return NULL;
}

const struct command *command_get(const char *name)
{
  const char *names[64], *near;
  const struct command *c = command_find(name);
  if (c)
    return c;
  for (size_t i = 0; i < command_count(); i++)
    names[i] = commands[i]->name;
  if ((near = nearest_name(name, names, command_count())))
    app_usage(NULL, "unknown command '%s'; did you mean '%s'?", name, near);
  else
    app_usage(NULL, "unknown command '%s'", name);
  return NULL;
}

static void complain(const char *format, va_list args)
{
  char *text = NULL;
  if (vasprintf(&text, format, args) < 0)
    return;
  char *safe = text_safe(text, true);
  fprintf(stderr, "assay: %s\n", safe);
  free(safe);
  free(text);
}

void app_complain(const char *format, ...)
{
  va_list args;
  va_start(args, format);
  complain(format, args);
  va_end(args);
}

int app_usage(const struct command *c, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  complain(format, args);
  va_end(args);
  fprintf(stderr, "try 'assay %s%s--help'\n", c ? c->name : "", c ? " " : "");
  return EXIT_USAGE;
}

/* NO_COLOR, TERM=dumb and --color decide; "auto" looks at the stream. */
static bool wants_colour(const char *when, bool tty)
{
  const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
  if (when && strcmp(when, "always") == 0)
    return true;
  if ((when && strcmp(when, "never") == 0) || (no && *no))
    return false;
  return tty && term && strcmp(term, "dumb") != 0;
}

int app_colours(const struct app *app, bool light)
{
  if (!app->colour_out)
    return PLOT_NO_COLOUR;
  return (light ? PLOT_ON_LIGHT : PLOT_ON_DARK) | (app->true_colour ? PLOT_TRUE : 0);
}

static int terminal_columns(void)
{
  struct winsize size;
  const char *columns = getenv("COLUMNS");
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col)
    return size.ws_col;
  if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col)
    return size.ws_col;
  return columns && atoi(columns) > 0 ? atoi(columns) : 80;
}

/* As it is now: people resize their terminals. */
static int service_width(void *self) { return ((struct app *)self)->width = terminal_columns(); }

/* assay.run at the prompt: the same as `assay run` with as many workers as cores. */
static int service_run(void *self, const char *path, const char *const *sets, size_t n_sets)
{
  const struct run_options o = {.path = path, .sets = sets, .n_sets = n_sets, .jobs = app_default_jobs(),
                                .space_wait_s = ((struct app *)self)->tty_err ? -1 : APP_SPACE_WAIT_S};
  return run_experiment(self, &o);
}

static void service_show(void *self, const struct plot_spec *spec) { graphics_show(self, spec); }

static bool set_graphics(struct app *app, const struct arguments *leading, const struct arguments *a)
{
  const char *how = arg_value(a, "graphics") ? arg_value(a, "graphics") : arg_value(leading, "graphics");
  enum graphics_mode mode = GRAPHICS_AUTO;
  if (how && !graphics_mode_parse(how, &mode)) {
    app_usage(a->command, "--graphics must be auto, text, sixel or kitty, not '%s'", how);
    return false;
  }
  app->graphics = (int)mode;
  return true;
}

static bool app_init(struct app *app, const struct arguments *leading, const struct arguments *a)
{
  const char *when = arg_value(a, "color"), *db = arg_value(a, "db");
  memset(app, 0, sizeof *app);
  if (!when)
    when = arg_value(leading, "color");
  if (when && strcmp(when, "auto") != 0 && strcmp(when, "always") != 0 && strcmp(when, "never") != 0) {
    app_usage(a->command, "--color must be auto, always or never, not '%s'", when);
    return false;
  }
  if (!set_graphics(app, leading, a))
    return false;
  if (!db)
    db = arg_value(leading, "db");
  if (db && !*db) {
    app_usage(a->command, "--db needs the name of a file");
    return false;
  }
  if (!db)
    db = getenv("ASSAY_DB");
  app->db = db && *db ? db : "assay.db";
  setlocale(LC_CTYPE, "");
  app->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
  app->tty_out = isatty(STDOUT_FILENO);
  app->tty_err = isatty(STDERR_FILENO);
  app->colour_out = wants_colour(when, app->tty_out);
  app->colour_err = wants_colour(when, app->tty_err);
  app->light = background_of_environment(getenv("COLORFGBG")) == BACKGROUND_LIGHT;
  app->true_colour = true_colour_of_environment(getenv("COLORTERM"), getenv("TERM"), getenv("TMUX"));
  app->width = terminal_columns();
  app->share_dir = path_share_dir();
  app->services = (struct lua_services){
    .self = app, .plot_text = plot_text, .plot_show = service_show, .plot_svg = plot_svg, .terminal_width = service_width, .run_script = service_run};
  return true;
}

/* Bytes that Lua may use: $ASSAY_LUA_MEMORY in MB, else half the machine, at most 8 GB. A script out of bounds then
 * ends with an error before the machine does. */
static size_t lua_memory(void)
{
  const char *given = getenv("ASSAY_LUA_MEMORY");
  long mb = given ? strtol(given, NULL, 10) : 0, pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
  size_t half = pages > 0 && page > 0 ? (size_t)pages / 2 * (size_t)page : SIZE_MAX, most = (size_t)8 << 30;
  if (mb >= 16 && mb <= 1 << 24)
    return (size_t)mb << 20;
  return half < most ? half : most;
}

enum status app_host_new(struct app *app, int threads, struct lua_host **out, struct err *e)
{
  const struct lua_host_config config = {.share_dir = app->share_dir, .db = app->db, .services = &app->services,
                                         .cancel = &app->cancel, .threads = threads, .memory_limit = lua_memory()};
  if (!app->share_dir)
    return err_set(e, STATUS_IO, "the Lua library is missing: no ../share/assay beside the program; install it with "
                                 "cmake --install, or run it from its build folder");
  return lua_host_new(out, &config, e);
}

/* Has the reader of a pipe on stdout gone? */
static bool reader_left(void)
{
  struct pollfd fd = {.fd = STDOUT_FILENO, .events = POLLOUT};
  return poll(&fd, 1, 0) == 1 && (fd.revents & POLLERR);
}

/* What was printed must have arrived; a reader that went away is no error worth words. */
static int flush_stdout(int code)
{
  errno = 0;
  if ((fflush(stdout) == 0 && !ferror(stdout)) || errno == EPIPE || reader_left())
    return code;
  app_complain("cannot write the output%s%s", errno ? ": " : "", errno ? strerror(errno) : "");
  return code ? code : EXIT_USAGE;
}

static int run_command(const struct command *c, const struct arguments *leading, int argc, char **argv)
{
  struct arguments a;
  struct app app = {0};
  int code = EXIT_USAGE;
  if (!arguments_parse(&a, c, argc, argv))
    goto done;
  if (arg_flag(&a, "help")) {
    help_command(stdout, c);
    code = EXIT_DONE;
  } else if (arg_flag(&a, "version")) {
    help_version(stdout);
    code = EXIT_DONE;
  } else if (app_init(&app, leading, &a)) {
    code = c->run(&app, &a);
  }
done:
  free(app.share_dir);
  arguments_free(&a);
  return flush_stdout(code);
}

/* Descriptors 0 to 2 that are closed would be given to the next file or pipe, and messages written into it.
 * Open for reading only: writing to a closed stdout still fails, and is told. */
static void hold_standard_descriptors(void)
{
  for (int fd = 0; fd <= 2; fd++)
    if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDONLY) < 0)
      return; /* as it was, then */
}

int program_main(int argc, char **argv)
{
  struct arguments leading;
  int used;
  hold_standard_descriptors();
  signal(SIGXFSZ, SIG_IGN); /* a file size limit is an error of write, which is told */
  blas_rest();
  if (!arguments_parse_leading(&leading, argc - 1, argv + 1, &used))
    return EXIT_USAGE;
  argc -= 1 + used;
  argv += 1 + used;
  if (arg_flag(&leading, "help")) {
    help_program(stdout);
    return flush_stdout(EXIT_DONE);
  }
  if (arg_flag(&leading, "version")) {
    help_version(stdout);
    return flush_stdout(EXIT_DONE);
  }
  if (argc == 0) /* `assay` alone is the workbench */
    return run_command(&command_ui, &leading, 0, argv);
  const struct command *c = command_get(argv[0]);
  return c ? run_command(c, &leading, argc - 1, argv + 1) : EXIT_USAGE;
}
