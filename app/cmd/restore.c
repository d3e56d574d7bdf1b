/* restore.c: `assay restore`: runs out of the trash. */
#include <stdio.h>

#include "app/choosing.h"

static const struct option_row options[] = {
  CHOOSING_OPTIONS,
  {.name = "all", .letter = 'a', .doc = "everything that lies in the trash"},
  {.name = "json", .doc = "print the numbers of the runs as one JSON object"},
  {0},
};

static int run(struct app *app, const struct arguments *a)
{
  struct chosen runs;
  if (arg_flag(a, "all") && (a->n_words || arg_flag(a, "where") || arg_flag(a, "experiment")))
    return app_usage(a->command, "--all leaves nothing to choose: give it alone");
  struct store *s = writing_open(app);
  if (!s)
    return EXIT_USAGE;
  int code = choosing_runs(app, s, a, 0, true, arg_flag(a, "all"), &runs);
  if (!code && store_trash(s, runs.id, runs.n, false) != STORE_OK)
    code = reading_failed(app, s);
  if (!code && arg_flag(a, "json"))
    chosen_print_json(&runs);
  else if (!code)
    fprintf(stderr, "%zu run%s taken out of the trash\n", runs.n, runs.n == 1 ? "" : "s");
  chosen_free(&runs);
  store_close(s);
  return code;
}

const struct command command_restore = {
  .name = "restore",
  .summary = "take runs out of the trash",
  .usage = "[--where SQL] [--experiment NAME] [--all] [--json] [RUN…]",
  .help = "Examples:\n"
          "  assay restore 17\n"
          "  assay restore --all\n"
          "`assay ls --trash` lists what lies in the trash. A run that is not in it stays as it is.\n",
  .options = options,
  .words = "run",
  .run = run,
};
