/* help.c: `assay help`, and the files that the build derives from the command table. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/app.h"
#include "app/help.h"
#include "experiments/params.h"
#include "experiments/registry.h"

static const struct option_row options[] = {
  {.name = "man", .doc = "print the man page (roff)"},
  {.name = "bash-completion", .doc = "print the completion script for bash"},
  {.name = "kinds", .doc = "print the kinds of methods, one a line"},
  {.name = "methods", .doc = "print the ids of all methods, one a line"},
  {0},
};

static void print_kinds(void)
{
  enum kind last = KIND_COUNT;
  for (size_t i = 0; i < registry_count(); i++) {
    if (registry_at(i)->kind != last)
      puts(kind_name(registry_at(i)->kind));
    last = registry_at(i)->kind;
  }
}

static void print_methods(void)
{
  for (size_t i = 0; i < registry_count(); i++)
    puts(registry_at(i)->id);
}

static int run(struct app *app, const struct arguments *a)
{
  (void)app;
  if (arg_flag(a, "man")) {
    help_man_page(stdout);
  } else if (arg_flag(a, "bash-completion")) {
    help_bash_completion(stdout);
  } else if (arg_flag(a, "kinds") || arg_flag(a, "methods")) {
    if (arg_flag(a, "kinds"))
      print_kinds();
    if (arg_flag(a, "methods"))
      print_methods();
  } else if (a->n_words == 0) {
    help_program(stdout);
  } else if (a->n_words > 1) {
    return app_usage(a->command, "help takes one command");
  } else {
    const struct command *c = command_get(a->word[0]);
    if (!c)
      return EXIT_USAGE;
    help_command(stdout, c);
  }
  return EXIT_DONE;
}

const struct command command_help = {
  .name = "help",
  .summary = "explain a command",
  .usage = "[COMMAND]",
  .help = "Examples:\n"
          "  assay help run                     the same as assay run --help\n"
          "  assay help --man | man -l -        the manual\n"
          "  source <(assay help --bash-completion)\n",
  .options = options,
  .words = "command",
  .run = run,
};
