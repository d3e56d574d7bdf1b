/* fixture.h: a temporary folder with a store in it, and one-line queries, for the tests of store/. */
#ifndef ASSAY_TESTS_STORE_FIXTURE_H
#define ASSAY_TESTS_STORE_FIXTURE_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/store.h"
#include "tests/tap.h"

#define MAYBE_UNUSED __attribute__((unused))

static char fixture_dir[64];

/* Where the folder is made; tests of thousands of commits define it as a memory disk, which syncs at once. */
#ifndef FIXTURE_FOLDER
#define FIXTURE_FOLDER "/tmp"
#endif

/* A path in a new temporary folder; the same folder at each call. Kept until the next call. */
MAYBE_UNUSED static char *fixture_path(const char *name)
{
  static char file[128];
  if (!fixture_dir[0]) {
    snprintf(fixture_dir, sizeof fixture_dir, FIXTURE_FOLDER "/assay-store-XXXXXX");
    if (!mkdtemp(fixture_dir) && !mkdtemp(strcpy(fixture_dir, "/tmp/assay-store-XXXXXX")))
      tap_bail("no temporary folder");
  }
  snprintf(file, sizeof file, "%s/%s", fixture_dir, name);
  return file;
}

MAYBE_UNUSED static void fixture_done(void)
{
  char command[128];
  snprintf(command, sizeof command, "rm -rf '%s'", fixture_dir);
  if (fixture_dir[0] && system(command) != 0)
    tap_diag("could not remove %s", fixture_dir);
}

/* The first column of the first row as text; "(none)" without a row, the message on an error. */
MAYBE_UNUSED static const char *fixture_text(struct store *s, const char *sql)
{
  static char text[65536];
  struct store_query *q = NULL;
  bool row;
  snprintf(text, sizeof text, "(none)");
  if (store_query_open(&q, s, sql, NULL) != STORE_OK || store_query_next(q, &row) != STORE_OK) {
    snprintf(text, sizeof text, "%s", store_message(s));
    store_query_close(q);
    return text;
  }
  if (row) {
    struct store_cell c = store_query_cell(q, 0);
    if (c.type == STORE_INTEGER)
      snprintf(text, sizeof text, "%lld", (long long)c.i);
    else if (c.type == STORE_REAL)
      snprintf(text, sizeof text, "%.17g", c.r);
    else
      snprintf(text, sizeof text, "%.*s", (int)c.size, c.type == STORE_NULL ? "" : c.text);
  }
  store_query_close(q);
  return text;
}

MAYBE_UNUSED static long long fixture_int(struct store *s, const char *sql) { return strtoll(fixture_text(s, sql), NULL, 10); }
MAYBE_UNUSED static double fixture_real(struct store *s, const char *sql)
{
  char *end;
  const char *text = fixture_text(s, sql);
  double v = strtod(text, &end);
  return end == text ? NAN : v;
}

/* A stand-in for the identity hash of a run: 32 digits that depend on the config. */
MAYBE_UNUSED static const char *fixture_hash(const char *config)
{
  static char hash[33];
  unsigned long long h = 1469598103934665603ULL;
  for (; *config; config++)
    h = (h ^ (unsigned char)*config) * 1099511628211ULL;
  snprintf(hash, sizeof hash, "%032llx", h);
  return hash;
}

MAYBE_UNUSED static int64_t fixture_run(struct store *s, int64_t experiment, const char *config, int64_t seed)
{
  int64_t id = 0;
  struct store_run_start start = {.experiment_id = experiment, .config_json = config, .config_hash = fixture_hash(config), .seed = seed};
  if (store_run_begin(s, &start, &id) != STORE_OK)
    tap_bail("%s", store_message(s));
  return id;
}

MAYBE_UNUSED static int64_t fixture_experiment(struct store *s)
{
  int64_t id = 0;
  char hash[33];
  struct store_script file = {"exp.lua", "return {}", 9};
  if (store_experiment(s, "exp", NULL, &file, 1, NULL, &id, hash) != STORE_OK)
    tap_bail("%s", store_message(s));
  return id;
}

#endif
