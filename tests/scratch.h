/* scratch.h: a temporary folder of the test that is removed when the process ends. */
#ifndef TESTS_SCRATCH_H
#define TESTS_SCRATCH_H

#include <stdio.h>
#include <stdlib.h>

#include "tests/tap.h"

static char scratch_folder[64];

static inline void scratch_remove(void)
{
  char command[96];
  snprintf(command, sizeof command, "rm -rf '%s'", scratch_folder);
  if (system(command) != 0)
    tap_diag("could not remove %s", scratch_folder);
}

/* A path in the folder; valid until the next call. */
static inline const char *scratch_path(const char *name)
{
  static char path[256];
  if (!*scratch_folder) {
    snprintf(scratch_folder, sizeof scratch_folder, "/tmp/assay-test-XXXXXX");
    if (!mkdtemp(scratch_folder) || atexit(scratch_remove) != 0)
      tap_bail("no temporary folder");
  }
  snprintf(path, sizeof path, "%s/%s", scratch_folder, name);
  return path;
}

#endif
