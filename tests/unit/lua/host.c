/* host.c: the Lua host from outside: evaluation, errors, files, interrupts, memory, completion; and every
 * tests/lua/ *.lua, each of which prints its own TAP and is one test here. */
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "experiments/registry.h"
#include "store/store.h"
#include "tests/unit/lua/candidates.h"
#include "tests/unit/lua/lua_host.h"

/* Seconds of this process's processor time: what others do to the machine does not count. */
static double now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void is_error(struct lua_host *h, const char *code, const char *part, const char *name)
{
  struct err e = {0};
  enum status status = lua_host_eval(h, code, "script.lua", NULL, &e);
  tap_ok(status == STATUS_BAD_ARG, "%s is refused", name);
  tap_has(e.message, part, "%s: the message says so", name);
}

static void test_errors(struct lua_host *h)
{
  is_error(h, "local x = 1\nassay.schedule('cosin')", "script.lua:2: ", "an unknown id");
  is_error(h, "assay.schedule('cosin')", "did you mean \"cosine\"", "a near miss of an id");
  is_error(h, "assay.schedule('cosine', {pek = 1})", "did you mean \"peak\"", "a near miss of a parameter");
  is_error(h, "\n\nassay.schedule('cosine', {peak = 'x'})", "script.lua:3: schedule \"cosine\": peak", "a parameter of the wrong type");
  is_error(h, "assay.schedule('cosine', {peak = -1})", "peak", "a parameter out of range");
  is_error(h, "local function f() error('boom') end\nlocal function g() f() end\ng()", "boom\n  called from script.lua:2",
           "an error inside functions");
  is_error(h, "x = = 1", "script.lua:1: unexpected symbol", "a syntax error");
  is_error(h, "error({})", "table: ", "an error that is no text");
  is_error(h, "load('\\27Lua')()", "attempt to call", "a binary chunk");
  is_error(h, "assay.matrix(2,3):mul(assay.matrix(2,3))", "2", "a product of matrices that do not fit");
}

static void test_prompt(struct lua_host *h)
{
  struct err e = {0};
  int incomplete = 0;
  tap_ok(lua_host_eval(h, "for i = 1, 2 do", "=stdin", &incomplete, &e) == STATUS_OK && incomplete, "an open loop wants more lines");
  tap_ok(lua_host_eval(h, "t = {", "=stdin", &incomplete, &e) == STATUS_OK && incomplete, "an open table wants more lines");
  tap_ok(lua_host_eval(h, "x = 1", "=stdin", &incomplete, &e) == STATUS_OK && !incomplete, "a statement is complete");
  tap_ok(lua_host_eval(h, "x = )", "=stdin", &incomplete, &e) == STATUS_BAD_ARG && !incomplete, "a wrong line is not incomplete");
  tap_ok(lua_host_eval(h, "assert(x == 1)", "=stdin", NULL, &e) == STATUS_OK, "globals last from line to line");
  tap_ok(lua_host_eval(h, "1 + 1", "=stdin", NULL, &e) == STATUS_OK && lua_host_eval(h, "assert(_ == 2)", "=stdin", NULL, &e) == STATUS_OK,
         "_ is the last value shown");
}

/* The list of candidates at the end of this line holds this text. */
static void offers(struct lua_host *h, const char *line, const char *expected)
{
  char *seen = lua_host_complete(h, line, strlen(line), NULL);
  tap_has(seen, expected, "completing %s tells what it is", line);
  free(seen);
}

static void completes(struct lua_host *h, const char *line, const char *expected)
{
  char *seen = names_of(lua_host_complete(h, line, strlen(line), NULL));
  tap_is_str(seen, expected, "completion of: %s", line);
  free(seen);
}

/* Every key that the program takes has a line on what it is. */
static void test_keys(struct lua_host *h)
{
  static const char *const lines[] = {"assay.train{", "assay.train_many{", "assay.train_many{replicas = {{", "assay.experiment{", "assay.start('x', {"};
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
    char *seen = lua_host_complete(h, lines[i], strlen(lines[i]), NULL);
    tap_ok(*seen && !strstr(seen, "\t\n"), "each key of %s is explained", lines[i]);
    free(seen);
  }
}

/* A completion that fails says nothing, and leaves the traceback of the user's last error. */
static void test_traceback_stays(struct lua_host *h)
{
  struct err e = {0};
  tap_ok(lua_host_eval(h, "x = 1 error 'my own'", "=stdin", NULL, &e) == STATUS_BAD_ARG, "an error of the user's");
  tap_ok(lua_host_eval(h, "kept, require = require, nil", "=stdin", NULL, &e) == STATUS_OK, "what completion needs is taken away");
  completes(h, "assay.tr", "");
  tap_ok(lua_host_eval(h, "require, told = kept, print print = function(s) said = s end assay.traceback() print = told", "=stdin", NULL, &e) == STATUS_OK,
         "the traceback is asked for");
  tap_ok(lua_host_eval(h, "x = assert(said:find('my own', 1, true), said)", "=stdin", NULL, &e) == STATUS_OK, "it is the user's own %s", e.message);
}

static void test_completion(struct lua_host *h)
{
  struct err e = {0};
  tap_ok(lua_host_eval(h, "sch = assay.schedule('cosine'); mat = assay.zeros(1, 1)", "=stdin", NULL, &e) == STATUS_OK, "objects to complete");
  completes(h, "assay.sche", "schedule");
  completes(h, "x = assay.logsp", "logspace");
  completes(h, "assay.schedule(\"cos", "cosine");
  completes(h, "assay.schedule(\"cosine\", {warmup_s", "warmup_shape\nwarmup_start");
  completes(h, "assay.schedule(\"cosine\", {peak = 1, pea", "peak");
  completes(h, "assay.train{lo", "log_every\nloss");
  completes(h, "sch:val", "values");
  completes(h, "sch.pea", "peak");
  completes(h, "mat:chol", "cholesky");
  completes(h, "assay.stats.kend", "kendall");
  completes(h, "whi", "while");
  completes(h, "assay.schedule(\"cosine\", {last = \"in", "inclusive");
  completes(h, "dofile(\"/et", "/etc/");
  offers(h, "assay.schedule(\"cos", "cosine\thalf a cosine from peak to end");
  offers(h, "assay.schedule(\"cosine\", {pea", "peak\tlargest learning rate");
  offers(h, "assay.lin", "linspace\t");
  offers(h, "sc", "sch\thalf a cosine");
  completes(h, "assay.schedule(\"nothing-like-it", "");
  completes(h, "assay.bound('test-binomial'):ev", "evaluate");
  completes(h, "assay.bound 'test-binomial':evaluate{", "delta\nerrors\nn\nsubject");
  completes(h, "assay.bound('test-binomial', {n = 1}):evaluate({n = 1, e", "errors");
  completes(h, "sch:with{pea", "peak");
  completes(h, "sch:with{last = 'in", "inclusive");
  completes(h, "assay.zeros(1, 1):", "");
  completes(h, "x = {\n  pri", "print");
  completes(h, "assay.check", "");
  completes(h, "assay.repo", "report");
  completes(h, "assay.report.summ", "summary");
  offers(h, "assay.repo", "report\tthe runs of an experiment");
  offers(h, "assay.quality{pa", "part\tdefault \"test\"");
  test_keys(h);
  test_traceback_stays(h);
}

/* --- interrupts --------------------------------------------------------------------------------------- */

/* In the program a signal handler calls lua_host_interrupt; the other thread only stands in for the user,
 * and sends this one the signal. */
static struct lua_host *interrupted_host;
static double interrupted_at;

static void on_signal(int number)
{
  (void)number;
  interrupted_at = now();
  lua_host_interrupt(interrupted_host); /* flags and a hook, as lua.c does: NOLINT(bugprone-signal-handler) */
}

static void *signal_later(void *self)
{
  nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
  pthread_kill(*(pthread_t *)self, SIGUSR1);
  return NULL;
}

static void is_interrupted(struct lua_host *h, atomic_int *cancel, const char *code, const char *name)
{
  pthread_t me = pthread_self(), other;
  struct err e = {0};
  interrupted_host = h;
  atomic_store(cancel, 0);
  pthread_create(&other, NULL, signal_later, &me);
  enum status status = lua_host_eval(h, code, "script.lua", NULL, &e);
  double took = now() - interrupted_at;
  pthread_join(other, NULL);
  tap_ok(status == STATUS_CANCELLED, "%s is interrupted (%s)", name, status == STATUS_OK ? "it ended" : e.message);
  tap_ok(took < 0.1, "%s ends within 100 ms (took %.1f ms)", name, 1000 * took);
  atomic_store(cancel, 0);
  tap_ok(lua_host_eval(h, "y = 1", "script.lua", NULL, &e) == STATUS_OK, "after %s the host goes on", name);
}

static void test_interrupts(void)
{
  static atomic_int cancel;
  struct lua_host *h = new_host(&(struct lua_host_config){.cancel = &cancel});
  signal(SIGUSR1, on_signal);
  is_interrupted(h, &cancel, "while true do end", "a loop");
  is_interrupted(h, &cancel, "while true do pcall(function() while true do end end) end", "a loop inside pcall inside a loop");
  is_interrupted(h, &cancel, "coroutine.wrap(function() while true do end end)()", "a coroutine");
  is_interrupted(h, &cancel,
                 "while true do local c = coroutine.create(function() while true do pcall(error) end end) coroutine.resume(c) end",
                 "a loop that swallows errors of coroutines");
  is_interrupted(h, &cancel, "assay.stats.bootstrap(assay.range(10000), {resamples = 10000000})", "a kernel");
  is_interrupted(h, &cancel, "while true do pcall(assay.stats.bootstrap, assay.range(10000), {resamples = 10000000}) end",
                 "a kernel inside pcall");
  is_interrupted(h, &cancel, "table.sort(assay.range(1000000), function(a, b) while true do end end)", "a callback of a C function");
  struct err e = {0};
  atomic_store(&cancel, 1);
  tap_ok(lua_host_eval(h, "z = 1", "script.lua", NULL, &e) == STATUS_CANCELLED, "nothing starts while the flag is set");
  lua_host_free(h);
}

/* --- memory --------------------------------------------------------------------------------------------- */

static void runs_out(const char *code, const char *name)
{
  struct lua_host *h = new_host(&(struct lua_host_config){.memory_limit = (size_t)64 << 20});
  struct err e = {0};
  tap_is_int(lua_host_eval(h, code, "script.lua", NULL, &e), STATUS_NO_MEMORY, "%s runs out of its memory", name);
  tap_has(e.message, "64 MB", "%s: the message names the limit", name);
  tap_ok(lua_host_eval(h, "t = nil collectgarbage() x = 1", "script.lua", NULL, &e) == STATUS_OK, "after %s the host goes on", name);
  lua_host_free(h);
}

/* Memory of this process in kB. */
static long resident(void)
{
  long pages = 0;
  FILE *f = fopen("/proc/self/statm", "r");
  if (!f || fscanf(f, "%*d %ld", &pages) != 1)
    pages = 0;
  if (f)
    fclose(f);
  return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void test_memory(void)
{
  runs_out("t = {} for i = 1, 1e9 do t[i] = {i} end", "a table bomb");
  runs_out("t = string.rep('x', 1 << 30)", "a string bomb");
  struct lua_host *h = new_host(NULL);
  struct err e = {0};
  long before = resident();
  tap_ok(lua_host_eval(h, "for i = 1, 3000 do local m = assay.ones(512, 256) end", "script.lua", NULL, &e) == STATUS_OK,
         "3000 matrices of 1 MB each come and go %s", e.message);
  long grown = resident() - before;
  tap_ok(grown < 300000, "the collector knows of their memory: grown by %ld kB", grown);
  is_error(h, "assay.zeros(1 << 40, 1 << 40)", "", "an absurd size");
  is_error(h, "local function f() return 1 + f() end f()", "stack overflow", "endless recursion");
  lua_host_free(h);
}

/* --- files ----------------------------------------------------------------------------------------------- */

static void test_files(struct lua_host *h)
{
  struct err e = {0};
  write_script("part.lua", "return {answer = 42}");
  const char *path = write_script("whole.lua", "local part = require 'part'\nassert(part.answer == 42)\nassert(require 'assay' == assay)\n");
  tap_ok(lua_host_file(h, path, &e) == STATUS_OK, "a script finds the module beside it %s", e.message);
  tap_ok(lua_host_file(h, "/nonexistent/x.lua", &e) == STATUS_BAD_ARG, "a missing script is an error");
  tap_has(e.message, "/nonexistent/x.lua: No such file", "the message names it");
  tap_ok(lua_host_file(h, "/tmp", &e) == STATUS_BAD_ARG, "a folder is no script");
  tap_ok(lua_host_file(h, write_script("broken.lua", "#!/usr/bin/env assay\nlocal x = \nfor"), &e) == STATUS_BAD_ARG, "a syntax error is an error");
  tap_has(e.message, "broken.lua:3:", "its line counts the #! line");
  tap_ok(lua_host_file(h, write_script("binary.lua", "\x1bLua rest"), &e) == STATUS_BAD_ARG, "a binary chunk is refused");
  tap_has(e.message, "compiled chunk", "the message says what it is");
  tap_ok(lua_host_file(h, write_script("exp.lua", "return assay.experiment{name = 'x', run = function() end}"), &e) == STATUS_BAD_ARG,
         "an experiment is not run as a script");
  tap_has(e.message, "assay run", "the message tells how it is run");
}

/* --- the store ----------------------------------------------------------------------------------------------- */

static void test_store(void)
{
  char path[256], message[512];
  snprintf(path, sizeof path, "%s", scratch_path("t.db"));
  struct store *s;
  if (store_open(&s, path, STORE_WRITE, message, sizeof message) != STORE_OK)
    tap_bail("%s", message);
  int64_t experiment;
  char hash[33];
  struct store_script script = {"x.lua", "return 1", 8};
  tap_is_int(store_experiment(s, "db-test", "sum", &script, 1, "{}", &experiment, hash), STORE_OK, "a store with an experiment");
  store_close(s);
  struct lua_host *h = new_host(&(struct lua_host_config){.db = path});
  struct err e = {0};
  tap_ok(lua_host_eval(h, "local r = assay.db('select name, ? + 1 as n from experiment where name = ?', 41, 'db-test') "
                          "assert(#r == 1 and r[1].name == 'db-test' and r[1].n == 42)", "script.lua", NULL, &e) == STATUS_OK,
         "assay.db gives rows by column name %s", e.message);
  is_error(h, "assay.db('delete from experiment')", "script.lua:1: ", "a statement that writes");
  is_error(h, "assay.db('selec 1')", "syntax error", "wrong SQL");
  is_error(h, "assay.db('select ?', {})", "must be a number or a string", "a table for a value");
  lua_host_free(h);
  h = new_host(&(struct lua_host_config){.db = "/nonexistent/x.db"});
  is_error(h, "assay.db('select 1')", "/nonexistent/x.db", "a store that is not there");
  lua_host_free(h);
}

/* --- plots ---------------------------------------------------------------------------------------------------- */

/* Stands in for the program's drawing: says what it was asked to draw. */
static char *describe(const struct plot_spec *s)
{
  char *out = malloc(400);
  snprintf(out, 400, "kind %d title %s series %zu n %zu x1 %g low %d log_x %d names %zu cells %zux%zu z1 %g", s->kind, s->title ? s->title : "-",
           s->n_series, s->n_series ? s->series[0].n : 0, s->n_series && s->series[0].x ? s->series[0].x[1] : -1,
           s->n_series && s->series[0].low != NULL, s->log_x, s->n_names, s->rows, s->cols, s->z ? s->z[1] : -1);
  return out;
}

static void plots(struct lua_host *h, const char *code, const char *expected)
{
  char chunk[800];
  struct err e = {0};
  snprintf(chunk, sizeof chunk, "local seen = tostring(%s) assert(seen == '%s', seen)", code, expected);
  tap_ok(lua_host_eval(h, chunk, "script.lua", NULL, &e) == STATUS_OK, "%s %s", code, e.message);
}

static void test_plots(void)
{
  struct lua_services services = {.plot_text = describe};
  struct lua_host *h = new_host(&(struct lua_host_config){.services = &services});
  plots(h, "assay.plot{1, 2, 3}", "kind 1 title - series 1 n 3 x1 -1 low 0 log_x 0 names 0 cells 0x0 z1 -1");
  plots(h, "assay.plot({y = {1, 2}, x = {5, 6}, low = {0, 0}, high = {2, 2}}, {title = \"t\", log_x = true})",
        "kind 1 title t series 1 n 2 x1 6 low 1 log_x 1 names 0 cells 0x0 z1 -1");
  plots(h, "assay.plot{series = {{y = {1}}, {y = assay.ones(4, 1)}}}", "kind 1 title - series 2 n 1 x1 -1 low 0 log_x 0 names 0 cells 0x0 z1 -1");
  plots(h, "assay.plot.bar{a = 1, b = 2}", "kind 2 title - series 1 n 2 x1 -1 low 0 log_x 0 names 2 cells 0x0 z1 -1");
  plots(h, "assay.plot.heatmap{{1, 2}, {3, 4}}", "kind 3 title - series 0 n 0 x1 -1 low 0 log_x 0 names 0 cells 2x2 z1 2");
  plots(h, "assay.plot.scatter({x = {1, 2}, y = {3, 4}})", "kind 4 title - series 1 n 2 x1 2 low 0 log_x 0 names 0 cells 0x0 z1 -1");
  is_error(h, "assay.plot{series = {{y = {1}}}, titel = 'x'}", "no key \"titel\"", "an unknown key of a plot");
  is_error(h, "tostring(assay.plot{y = {1, 2}, x = {1}})", "x has 1 numbers, expected 2", "lists of different length");
  is_error(h, "tostring(assay.plot.line('x'))", "needs a list of numbers", "a text for a plot");
  lua_host_free(h);
}

/* --- a method that exists only here ------------------------------------------------------------------------ */

struct canary_conf { double wing; };
static const struct param canary_params[] = {
    {.id = "wing", .type = PARAM_REAL, .at = offsetof(struct canary_conf, wing), .def = 2, .min = 0, .max = 5, .doc = "span", .example = "3"},
    {0}};
static const struct method canary = {.kind = KIND_BOUND, .id = "canary", .name = "Canary", .summary = "a bird", .cite = "Bird 1900",
                                     .example = "assay.bound(\"canary\")", .conf_size = sizeof(struct canary_conf), .params = canary_params};

static void test_canary(struct lua_host *h)
{
  struct err e = {0};
  is_error(h, "assay.bound('canary')", "bound", "a method that is not there yet");
  registry_set_extra(&canary);
  tap_ok(lua_host_eval(h, "b = assay.bound('canary', {wing = 3}) assert(b.wing == 3 and b.id == 'canary' and b.kind == 'bound')",
                       "script.lua", NULL, &e) == STATUS_OK, "a new method has its constructor by itself %s", e.message);
  tap_ok(lua_host_eval(h, "local seen; local old = print; print = function(s) seen = s end; help('canary'); print = old; "
                          "assert(seen:find('wing'))", "script.lua", NULL, &e) == STATUS_OK, "and its help %s", e.message);
  is_error(h, "assay.bound('canary', {wing = 9})", "wing", "its range");
  completes(h, "assay.bound(\"cana", "canary");
  completes(h, "assay.bound(\"canary\", {w", "wing");
  registry_set_extra(NULL);
}

/* --- tests/lua --------------------------------------------------------------------------------------------- */

static int by_name(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* Each script runs in its own host; its "ok" and "not ok" lines become comments here. */
static void run_lua_test(const char *dir, const char *file)
{
  char path[5000];
  snprintf(path, sizeof path, "%s/%s", dir, file);
  struct lua_host *h = new_host(NULL);
  struct err e = {0};
  printf("# %s\n", file);
  enum status status = lua_host_eval(h, "function print(...) io.write('#   ', table.concat({...}, '\\t'):gsub('\\n', '\\n#   '), '\\n') end",
                                     "quiet", NULL, &e);
  if (status == STATUS_OK)
    status = lua_host_file(h, path, &e);
  tap_ok(status == STATUS_OK, "%s passes", file);
  if (status != STATUS_OK)
    tap_diag("%s", e.message);
  lua_host_free(h);
}

static void test_lua_files(void)
{
  char dir[4096];
  snprintf(dir, sizeof dir, "%s/tests/lua", source_dir());
  DIR *d = opendir(dir);
  char *name[256];
  size_t n = 0;
  for (struct dirent *entry; d && (entry = readdir(d)) && n < 256;) {
    size_t length = strlen(entry->d_name);
    if (length > 4 && !strcmp(entry->d_name + length - 4, ".lua") && strcmp(entry->d_name, "tap.lua") != 0)
      name[n++] = strdup(entry->d_name);
  }
  if (d)
    closedir(d);
  tap_ok(n > 0, "there are Lua tests in %s", dir);
  qsort(name, n, sizeof *name, by_name);
  for (size_t i = 0; i < n; i++) {
    run_lua_test(dir, name[i]);
    free(name[i]);
  }
}

int main(void)
{
  struct lua_host *h = new_host(NULL);
  test_errors(h);
  test_prompt(h);
  test_completion(h);
  test_files(h);
  test_canary(h);
  lua_host_free(h);
  test_interrupts();
  test_memory();
  test_store();
  test_plots();
  test_lua_files();
  return tap_done();
}
