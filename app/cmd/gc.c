/* gc.c: `assay gc`: delete for good what lies in the trash, and give the space back. */
#include <inttypes.h>
#include <stdio.h>

#include "app/choosing.h"

static const struct option_row options[] = {
  {.name = "dry-run", .letter = 'n', .doc = "say what would be deleted"},
  {.name = "json", .doc = "print the figures as one JSON object"},
  {0},
};

static const char counts_sql[] =
  "SELECT (SELECT count(*) FROM trash), (SELECT count(*) FROM metric WHERE run_id IN (SELECT id FROM trash)),"
  " page_count * page_size FROM pragma_page_count, pragma_page_size";

static int look(struct app *app, struct store *s, struct store_gc *gc)
{
  struct store_query *q = reading_query(app, s, counts_sql);
  int code;
  if (!q)
    return reading_failed(app, s);
  if (reading_next(q, &code))
    *gc = (struct store_gc){store_query_cell(q, 0).i, store_query_cell(q, 1).i, store_query_cell(q, 2).i, store_query_cell(q, 2).i};
  store_query_close(q);
  return code ? reading_failed(app, s) : EXIT_DONE;
}

static int run(struct app *app, const struct arguments *a)
{
  struct store_gc gc = {0};
  bool dry = arg_flag(a, "dry-run");
  if (a->n_words)
    return app_usage(a->command, "gc takes no words ('%s'): it deletes what 'assay rm' put into the trash", a->word[0]);
  struct store *s = dry ? reading_open(app) : writing_open(app);
  if (!s)
    return EXIT_USAGE;
  int code = dry ? look(app, s, &gc) : store_gc(s, &gc) ? reading_failed(app, s) : EXIT_DONE;
  store_close(s);
  if (code)
    return code;
  if (arg_flag(a, "json"))
    printf("{\"runs\":%" PRId64 ",\"points\":%" PRId64 ",\"before_b\":%" PRId64 ",\"after_b\":%" PRId64 ",\"dry_run\":%s}\n",
           gc.runs, gc.points, gc.before_b, gc.after_b, dry ? "true" : "false");
  else if (dry)
    fprintf(stderr, "would delete %" PRId64 " runs with %" PRId64 " points\n", gc.runs, gc.points);
  else
    fprintf(stderr, "deleted %" PRId64 " runs with %" PRId64 " points; %s: %.1f MB, was %.1f MB\n", gc.runs, gc.points, app->db,
            (double)gc.after_b / 1e6, (double)gc.before_b / 1e6);
  return EXIT_DONE;
}

const struct command command_gc = {
  .name = "gc",
  .summary = "delete for good what lies in the trash",
  .usage = "[--dry-run] [--json]",
  .help = "Examples:\n"
          "  assay gc --dry-run\n"
          "  assay gc\n"
          "Runs in the trash are deleted with their points, then the file is rebuilt without them, for which\n"
          "it needs its own size once more on the disk. This cannot be undone.\n",
  .options = options,
  .run = run,
};
