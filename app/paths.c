/* paths.c: see paths.h. An installed tree and a build tree have the same shape (bin beside share), so
 * the program finds its files one way only: from /proc/self/exe. */
#include "app/paths.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "experiments/kernel/mem.h"

char *path_share_dir(void)
{
  char exe[4096];
  ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
  if (n <= 0)
    return NULL;
  exe[n] = '\0';
  for (int up = 0; up < 2; up++) {
    char *slash = strrchr(exe, '/');
    if (!slash)
      return NULL;
    *slash = '\0';
  }
  char *dir = xasprintf("%s/share/assay", exe);
  struct stat st;
  if (stat(dir, &st) == 0 && S_ISDIR(st.st_mode))
    return dir;
  free(dir);
  return NULL;
}

/* $variable/assay, or ~/fallback/assay. A relative value is ignored, as the XDG rules ask. */
static char *xdg_dir(const char *variable, const char *fallback)
{
  const char *base = getenv(variable), *home = getenv("HOME");
  if (base && base[0] == '/')
    return xasprintf("%s/assay", base);
  return home && home[0] == '/' ? xasprintf("%s/%s/assay", home, fallback) : NULL;
}

static void make_dirs(char *path)
{
  for (char *p = strchr(path + 1, '/'); p; p = strchr(p + 1, '/')) {
    *p = '\0';
    mkdir(path, 0700);
    *p = '/';
  }
  mkdir(path, 0700);
}

char *path_state_dir(void)
{
  char *dir = xdg_dir("XDG_STATE_HOME", ".local/state");
  if (dir)
    make_dirs(dir);
  return dir;
}

char *path_config_dir(void) { return xdg_dir("XDG_CONFIG_HOME", ".config"); }
