/* environment.c: what a run's numbers and times may depend on beside its config: machine, BLAS, compiler,
 * versions, and the state of the git repository that the script lies in. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "app/jobs/jobs.h"
#include "experiments/kernel/blas.h"
#include "experiments/kernel/cpu.h"
#include "experiments/kernel/mem.h"

extern char **environ;

/* First line that a program prints (at most size - 1 bytes); false when it fails or is absent. */
static bool first_line(char *const argv[], char *out, size_t size)
{
  posix_spawn_file_actions_t actions;
  int fds[2], status = 1;
  pid_t pid;
  size_t n = 0;
  if (pipe2(fds, O_CLOEXEC) != 0)
    return false;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  bool started = posix_spawnp(&pid, argv[0], &actions, NULL, argv, environ) == 0;
  posix_spawn_file_actions_destroy(&actions);
  close(fds[1]);
  for (ssize_t got; started && n < size - 1;) {
    if ((got = read(fds[0], out + n, size - 1 - n)) > 0)
      n += (size_t)got;
    else if (got == 0 || errno != EINTR)
      break;
  }
  close(fds[0]);
  if (started)
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
      ;
  out[n] = '\0';
  out[strcspn(out, "\n")] = '\0';
  return started && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Commit and dirty flag of the repository around the script; nothing when there is none. */
static void add_git(json_t *env, const char *script_path)
{
  char line[256], *slash, *dir = xstrdup(script_path);
  if ((slash = strrchr(dir, '/')))
    slash[slash == dir] = '\0';
  char *argv[] = {"git", "-C", slash ? dir : ".", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*", NULL};
  if (first_line(argv, line, sizeof line)) {
    char *dirty = strstr(line, "-dirty");
    if (dirty)
      *dirty = '\0';
    json_object_set_new(env, "git_commit", json_string(line));
    json_object_set_new(env, "git_dirty", json_boolean(dirty != NULL));
  }
  free(dir);
}

/* Variables that change which code computes. */
static void add_variables(json_t *env)
{
  json_t *set = json_object();
  for (char **v = environ; *v; v++) {
    const char *equals = strchr(*v, '=');
    if (!equals || (strncmp(*v, "OPENBLAS_", 9) != 0 && strncmp(*v, "OMP_", 4) != 0 && strncmp(*v, "ASSAY_", 6) != 0))
      continue;
    char *name = xasprintf("%.*s", (int)(equals - *v), *v);
    json_object_set_new(set, name, json_string(equals + 1)); /* NULL where the value is no UTF-8: left out */
    free(name);
  }
  json_object_set_new(env, "variables", set);
}

char *environment_json(const char *script_path)
{
  json_t *env = json_object();
  struct blas_info blas = blas_info();
  struct utsname machine;
  json_object_set_new(env, "assay", json_string(ASSAY_VERSION));
  json_object_set_new(env, "cpu", json_string(cpu_model()));
  json_object_set_new(env, "isa", json_string(isa_name(cpu_best_isa())));
  json_object_set_new(env, "cores", json_integer(app_default_jobs()));
  json_object_set_new(env, "blas", json_string(blas.name));
  json_object_set_new(env, "blas_core", json_string(blas.core));
  json_object_set_new(env, "blas_parallel", json_string(blas.parallel));
  json_object_set_new(env, "blas_threads", json_integer(1)); /* in workers */
  json_object_set_new(env, "compiler", json_string(ASSAY_COMPILER));
  json_object_set_new(env, "flags", json_string(ASSAY_FLAGS));
  json_object_set_new(env, "lua", json_string(ASSAY_LUA_VERSION));
  json_object_set_new(env, "sqlite", json_string(ASSAY_SQLITE_VERSION));
  if (uname(&machine) == 0) {
    json_object_set_new(env, "host", json_string(machine.nodename));
    json_object_set_new(env, "kernel", json_string(machine.release));
  }
  add_git(env, script_path);
  add_variables(env);
  char *text = json_dumps(env, JSON_COMPACT | JSON_SORT_KEYS);
  json_decref(env);
  return text ? text : xstrdup("{}");
}
