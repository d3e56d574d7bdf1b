/* merge.c: `assay merge`: the runs of several stores in one. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "app/reading.h"

static const struct option_row options[] = {
  {.name = "quiet", .letter = 'q', .doc = "no messages; errors remain"},
  {.name = "json", .doc = "print the figures as one JSON object for each source"},
  {0},
};

static void tell(const struct arguments *a, const char *source, const struct store_merged *m)
{
  char *name = text_safe(source, false);
  if (arg_flag(a, "json"))
    printf("{\"runs\":%" PRId64 ",\"known\":%" PRId64 ",\"running\":%" PRId64 ",\"points\":%" PRId64 "}\n", m->runs, m->known,
           m->running, m->points);
  else if (!arg_flag(a, "quiet"))
    fprintf(stderr, "%s: %" PRId64 " runs with %" PRId64 " points, %" PRId64 " known already\n", name, m->runs, m->points, m->known);
  if (m->running)
    app_complain("%s: %" PRId64 " runs are not finished and were left; merge it again when they are (if no process writes it any more, "
                 "'assay gc --db %s' marks them lost)", name, m->running, name);
  free(name);
}

static int run(struct app *app, const struct arguments *a)
{
  char message[1024] = "";
  struct store *s;
  if (a->n_words < 2)
    return app_usage(a->command, a->n_words ? "from which stores?" : "into which store?");
  int code = store_open(&s, a->word[0], STORE_WRITE, message, sizeof message);
  if (*message)
    app_complain("%s", message);
  if (code)
    return EXIT_USAGE;
  for (size_t i = 1; i < a->n_words && !code; i++) {
    struct store_merged merged;
    if (!(code = store_merge(s, a->word[i], &merged)))
      tell(a, a->word[i], &merged);
  }
  code = code ? reading_failed(app, s) : EXIT_DONE;
  store_close(s);
  return code;
}

const struct command command_merge = {
  .name = "merge",
  .summary = "bring the runs of other stores into one",
  .usage = "[--quiet] [--json] DEST SRC…",
  .help = "Examples:\n"
          "  assay run sweep.lua --shard 1/2 --db part-1.db    on one machine\n"
          "  assay run sweep.lua --shard 2/2 --db part-2.db    on another\n"
          "  assay merge all.db part-1.db part-2.db\n"
          "  assay run sweep.lua --db all.db                   nothing is left to do: prints the report\n"
          "\n"
          "DEST is made when it is absent; sources are only read. A run is known by its uid: one that is in DEST\n"
          "already is left as it is, so merging twice is harmless. Each source comes whole or not at all; runs\n"
          "that still run there and runs in its trash are left.\n",
  .options = options,
  .words = "file",
  .run = run,
};
