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
          "40 x 10. The last line shows the keys that work; ? shows all of them, : finds any command by its name.\n"
          "\n"
          "$XDG_CONFIG_HOME/assay/init.lua may return a table with these settings:\n"
          "  return {\n"
          "    keys = { F5 = \"redraw\", [\"Ctrl-R\"] = \"runs\" },      a key, and what it asks for (see ?)\n"
          "    columns = { \"test_error\", \"peak\" },             shown on screen 1 besides the first results\n"
          "    colours = { blue = 39, orange = '#ff8700' },     of the 256-colour palette, or exact\n"
          "    background = \"light\",                           or \"dark\"; by itself it asks the terminal, else COLORFGBG\n"
          "    queries = { { \"last five\", \"SELECT * FROM runs ORDER BY id DESC LIMIT 5\" } },\n"
          "  }\n"
          "Filter, columns and order are kept per store in $XDG_STATE_HOME/assay.\n",
  .options = options,
  .run = run,
};
