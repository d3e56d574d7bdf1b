/* note.c: `assay note`: a text of your own beside a run. */
#include <stdio.h>
#include <stdlib.h>

#include "app/choosing.h"

static const struct option_row options[] = {{0}};

static int print_note(struct app *app, struct store *s, int64_t id)
{
  struct store_query *q = reading_query(app, s, "SELECT note FROM run WHERE id = ?1");
  int code;
  if (!q)
    return reading_failed(app, s);
  store_query_bind_int(q, 1, id);
  if (reading_next(q, &code) && store_query_cell(q, 0).type == STORE_TEXT) {
    char *safe = app->tty_out ? text_safe(store_query_cell(q, 0).text, true) : NULL;
    puts(safe ? safe : store_query_cell(q, 0).text);
    free(safe);
  }
  store_query_close(q);
  return code ? reading_failed(app, s) : EXIT_DONE;
}

static int run(struct app *app, const struct arguments *a)
{
  int64_t id;
  if (a->n_words < 1 || a->n_words > 2)
    return app_usage(a->command, a->n_words ? "the note must be one word: put it in quotes" : "which run?");
  struct store *s = a->n_words == 1 ? reading_open(app) : writing_open(app);
  if (!s)
    return EXIT_USAGE;
  int code = reading_run(app, s, a->word[0], &id);
  if (!code && a->n_words == 1)
    code = print_note(app, s, id);
  else if (!code && store_note(s, id, a->word[1]) != STORE_OK)
    code = reading_failed(app, s);
  store_close(s);
  return code;
}

const struct command command_note = {
  .name = "note",
  .summary = "write a note beside a run, or read it",
  .usage = "RUN [TEXT]",
  .help = "Examples:\n"
          "  assay note 17 \"the peak after step 300 is real\"\n"
          "  assay note 17         print it\n"
          "  assay note 17 \"\"      take it away\n"
          "Notes stand in `assay show`, and in the column `note` of the view runs.\n",
  .options = options,
  .words = "run",
  .run = run,
};
