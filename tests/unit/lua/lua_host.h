/* lua_host.h: what the tests of the Lua layer share: a host over the source tree, and temporary scripts. */
#ifndef TESTS_LUA_HOST_H
#define TESTS_LUA_HOST_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lua/host.h"
#include "tests/scratch.h"
#include "tests/tap.h"

/* The source tree: $ASSAY_SOURCE, else found upward from the working directory. */
static inline const char *source_dir(void)
{
  static char found[4096];
  const char *env = getenv("ASSAY_SOURCE");
  if (env)
    return env;
  for (const char *up = "."; strlen(up) < 30; up = found) {
    char probe[5000];
    snprintf(probe, sizeof probe, "%s/lua/host.h", up);
    if (access(probe, R_OK) == 0) {
      if (up != found)
        snprintf(found, sizeof found, "%s", up);
      return found;
    }
    char next[4096];
    snprintf(next, sizeof next, "%.4000s/..", up);
    memcpy(found, next, sizeof next);
  }
  tap_bail("run this from inside the source tree, or set ASSAY_SOURCE");
  return ".";
}

static inline struct lua_host *new_host(const struct lua_host_config *more)
{
  struct lua_host_config config = more ? *more : (struct lua_host_config){0};
  config.share_dir = source_dir();
  struct lua_host *h = NULL;
  struct err e = {0};
  if (lua_host_new(&h, &config, &e) != STATUS_OK)
    tap_bail("no Lua host: %s", e.message);
  return h;
}

/* A script in a temporary folder; the path is valid until the next call. */
static inline const char *write_script(const char *name, const char *text)
{
  const char *path = scratch_path(name);
  FILE *f = fopen(path, "w");
  if (!f || fputs(text, f) < 0 || fclose(f) != 0)
    tap_bail("cannot write %s", path);
  return path;
}

#endif
