/* ui.c: `assay ui`, and `assay` alone: the workbench. */
#include "app/ui/ui.h"

static int run(struct app *app, const struct arguments *a)
{
  (void)a;
  return ui_run(app);
}

static const struct option_row options[] = {{0}};

const struct command command_ui = {
  .name = "ui",
  .summary = "the workbench: browse, start, watch and compare runs",
  .usage = "",
  .help = "Opens the workbench on the store; 'assay' without a command does the same. It needs a terminal of at least\n"
          "40 x 10. The last line shows the keys that work; ? shows all of them, : finds any command by its name.\n",
  .options = options,
  .run = run,
};
