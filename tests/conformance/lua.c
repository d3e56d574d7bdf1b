/* Descriptors as Lua and the command line see them: every example runs as it stands, and a method that
 * only this test knows is made, explained, completed and listed like any other. */
#include <stdio.h>
#include <unistd.h>

#include "app/app.h"
#include "lua/host.h"
#include "tests/conformance/canary.h"
#include "tests/conformance/walk.h"
#include "tests/unit/lua/candidates.h"

static struct lua_host *host;
static struct app app = {.width = 80};

static enum status eval(const char *code, struct err *e)
{
  *e = (struct err){0};
  return lua_host_eval(host, code, "=test", NULL, e);
}

/* What `call` prints to standard output. Caller frees. */
static char *printed(void (*call)(const void *with), const void *with)
{
  FILE *file = tmpfile();
  fflush(stdout);
  int old = dup(STDOUT_FILENO);
  if (!file || old < 0 || dup2(fileno(file), STDOUT_FILENO) < 0)
    tap_bail("standard output cannot be caught");
  call(with);
  fflush(stdout);
  dup2(old, STDOUT_FILENO);
  close(old);
  long size = lseek(fileno(file), 0, SEEK_END) > 0 ? (long)lseek(fileno(file), 0, SEEK_END) : 0;
  char *text = xcalloc((size_t)size + 1, 1);
  if (pread(fileno(file), text, (size_t)size, 0) != size)
    tap_bail("what was printed cannot be read");
  fclose(file);
  return text;
}

static void eval_or_say(const void *code)
{
  struct err e;
  if (eval(code, &e) != STATUS_OK)
    puts(e.message);
}

static void run_command(const void *arguments)
{
  const struct arguments *a = arguments;
  a->command->run(&app, a);
}

static void check_example(const struct method *m)
{
  struct err e;
  char *code = xasprintf("local made = %s\nassert(made ~= nil)", m->example);
  enum status s = eval(code, &e);
  if (s == STATUS_IO)
    tap_skip(1, "%s", e.message);
  else
    tap_ok(s == STATUS_OK, "%s %s: the example runs as it stands%s%s", kind_name(m->kind), m->id, s ? ": " : "",
           s ? e.message : "");
  free(code);
}

static void check_help(const struct method *m)
{
  char *code = xasprintf("help('%s')", m->id), *text = printed(eval_or_say, code), *help = method_help(m, 80);
  char *first = xasprintf("%.*s", (int)strcspn(help, "\n"), help);
  tap_has(text, first, "%s %s: help() at the prompt explains it", kind_name(m->kind), m->id);
  free(code);
  free(text);
  free(help);
  free(first);
}

static void completes(const char *line, const char *expected)
{
  char *seen = names_of(lua_host_complete(host, line, strlen(line), NULL));
  tap_is_str(seen, expected, "at the prompt, %s is completed", line);
  free(seen);
}

static void test_canary_in_lua(void)
{
  struct err e;
  tap_ok(eval("c = assay.schedule('canary-fall', {sharpness = 3, peak = 0.5})", &e) == STATUS_OK,
         "Lua makes the canary %s", e.message);
  tap_ok(eval("s = tostring(c) assert(s:find('canary%-fall') and s:find('sharpness 3'))", &e) == STATUS_OK,
         "and shows it %s", e.message);
  tap_ok(eval("assay.schedule('canary-fell')", &e) == STATUS_BAD_ARG, "a misspelt canary is refused");
  tap_has(e.message, "did you mean \"canary-fall\"", "and suggested");
  tap_ok(eval("assay.schedule('canary-fall', {sharpnes = 3})", &e) == STATUS_BAD_ARG, "so is its misspelt parameter");
  tap_has(e.message, "did you mean \"sharpness\"", "which is suggested, too");
  completes("assay.schedule('canar", "canary-fall");
  completes("assay.schedule('canary-fall', {sha", "sharpness");
}

static void test_canary_in_commands(void)
{
  const char *words[] = {"schedule", "canary-fall"};
  struct arguments a = {.command = command_find("methods"), .word = words};
  tap_ok(a.command != NULL, "there is a command `methods`");
  if (!a.command)
    return;
  char *all = printed(run_command, &a);
  tap_has(all, "canary-fall", "`assay methods` lists the canary");
  a.n_words = 2;
  char *one = printed(run_command, &a);
  tap_has(one, "how steeply the canary falls", "`assay methods schedule canary-fall` explains it");
  free(all);
  free(one);
}

int main(void)
{
  struct err e = {0};
  struct lua_host_config config = {.share_dir = source_dir(), .threads = 1};
  if (!config.share_dir) {
    tap_skip(1, "the source is not here: run from its folder or set ASSAY_SOURCE");
    return tap_done();
  }
  registry_set_extra(&canary.m);
  if (lua_host_new(&host, &config, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  walk(0, check_example);
  walk(0, check_help);
  test_canary_in_lua();
  test_canary_in_commands();
  lua_host_free(host);
  registry_set_extra(NULL);
  return tap_done();
}
