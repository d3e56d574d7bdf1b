/* rm.c: `assay rm`: runs into the trash. */
#include <stdio.h>

#include "app/choosing.h"

static const struct option_row options[] = {
  CHOOSING_OPTIONS,
  {.name = "json", .doc = "print the numbers of the runs as one JSON object"},
  {0},
};

static int run(struct app *app, const struct arguments *a)
{
  struct chosen runs;
  struct store *s = writing_open(app);
  if (!s)
    return EXIT_USAGE;
  int code = choosing_runs(app, s, a, 0, false, false, &runs);
  if (!code && store_trash(s, runs.id, runs.n, true) != STORE_OK)
    code = reading_failed(app, s);
  if (!code && arg_flag(a, "json"))
    chosen_print_json(&runs);
  else if (!code)
    fprintf(stderr, "%zu run%s moved to the trash; 'assay restore' takes them out, 'assay gc' deletes them for good\n",
            runs.n, runs.n == 1 ? "" : "s");
  chosen_free(&runs);
  store_close(s);
  return code;
}

const struct command command_rm = {
  .name = "rm",
  .summary = "put runs into the trash",
  .usage = "[--where SQL] [--experiment NAME] [--json] [RUN…]",
  .help = "Examples:\n"
          "  assay rm 17 18\n"
          "  assay rm --where \"status = 'failed'\"\n"
          "Runs in the trash are not listed, plotted or reported, and are done again by the next `assay run`.\n"
          "`assay ls --trash` lists them, `assay restore` takes them out, `assay gc` deletes them for good.\n",
  .options = options,
  .words = "run",
  .run = run,
};
