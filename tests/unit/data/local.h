/* local.h: what the tests of this folder share: where fixtures are, and small files made on the spot. */
#ifndef TESTS_DATA_LOCAL_H
#define TESTS_DATA_LOCAL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/tap.h"

static inline bool path_exists(const char *path)
{
  struct stat info;
  return stat(path, &info) == 0;
}

/* <shared>/data/NAME in a static buffer; NULL if it is absent. */
static inline const char *shared_path(const char *name)
{
  static char path[1024];
  const char *shared = getenv("ASSAY_SHARED");
  snprintf(path, sizeof path, "%s/data/%s", shared ? shared : "../shared", name);
  return path_exists(path) ? path : NULL;
}

/* The folder that holds experiments/data/tables: share/assay of the build tree, or the source; NULL if neither. */
static inline const char *share_dir(void)
{
  static char dir[1100];
  char exe[1000], probe[1200];
  ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
  exe[n > 0 ? n : 0] = '\0';
  char *slash = strrchr(exe, '/');
  if (slash)
    *slash = '\0';
  for (int i = 0; i < 2; i++) {
    snprintf(dir, sizeof dir, "%s%s", i ? "." : exe, i ? "" : "/../share/assay");
    snprintf(probe, sizeof probe, "%s/experiments/data/tables/digits.csv.gz", dir);
    if (path_exists(probe))
      return dir;
  }
  return NULL;
}

/* A new file of its own with these bytes; the path lives in a static buffer until the next call. */
static inline const char *file_of(const void *bytes, size_t n, const char *suffix)
{
  static char path[64];
  snprintf(path, sizeof path, "/tmp/assay-data-XXXXXX%s", suffix);
  int fd = mkstemps(path, (int)strlen(suffix));
  if (fd < 0 || write(fd, bytes, n) != (ssize_t)n)
    tap_bail("cannot write %s", path);
  close(fd);
  return path;
}
static inline const char *file_of_text(const char *text) { return file_of(text, strlen(text), ".csv"); }

/* The whole file; *n bytes. Caller frees. */
static inline unsigned char *slurp(const char *path, size_t *n)
{
  FILE *f = fopen(path, "rb");
  if (!f)
    tap_bail("cannot read %s", path);
  unsigned char *bytes = malloc(1 << 20);
  *n = fread(bytes, 1, 1 << 20, f);
  fclose(f);
  return bytes;
}

#endif
