/* experiment.c: experiments from outside: parameters, grid, configurations, the scheduler, reports. */
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <time.h>

#include "experiments/kernel/mem.h"
#include "tests/unit/lua/lua_host.h"

/* --- a sink that remembers ------------------------------------------------------------------------------ */

#define MAX_RUNS 64
struct memory {
  int started[MAX_RUNS], ended[MAX_RUNS];
  enum status status[MAX_RUNS];
  char error[MAX_RUNS][600];
  char results[MAX_RUNS][4096]; /* "key=value;" in order, numbers with all their bits */
  size_t metrics[MAX_RUNS];
  double metric_sum[MAX_RUNS];
  char messages[2048];
};

static void on_start(void *self, size_t run) { ((struct memory *)self)->started[run]++; }

static void on_metric(void *self, size_t run, const char *key, int64_t step, double value)
{
  struct memory *m = self;
  m->metrics[run]++;
  m->metric_sum[run] += value * (double)(step + 1) + (double)strlen(key);
}

static void on_number(void *self, size_t run, const char *key, double value)
{
  struct memory *m = self;
  size_t n = strlen(m->results[run]);
  if (strlen(key) < 2 || strcmp(key + strlen(key) - 2, "_s") != 0) /* timings differ from time to time */
    snprintf(m->results[run] + n, sizeof m->results[run] - n, "%s=%a;", key, value);
}

static void on_text(void *self, size_t run, const char *key, const char *value)
{
  struct memory *m = self;
  size_t n = strlen(m->results[run]);
  snprintf(m->results[run] + n, sizeof m->results[run] - n, "%s=%s;", key, value);
}

static void on_artifact(void *self, size_t run, const struct run_artifact *a)
{
  struct memory *m = self;
  size_t n = strlen(m->results[run]);
  snprintf(m->results[run] + n, sizeof m->results[run] - n, "%s:%s:%zu;", a->name, a->kind, a->n);
}

static void on_message(void *self, size_t run, const char *text)
{
  struct memory *m = self;
  size_t n = strlen(m->messages);
  snprintf(m->messages + n, sizeof m->messages - n, "%zu:%s;", run, text);
}

static void on_end(void *self, size_t run, enum status status, const char *error, double wall_s, double cpu_s)
{
  struct memory *m = self;
  (void)cpu_s;
  m->ended[run] += wall_s >= 0;
  m->status[run] = status;
  snprintf(m->error[run], sizeof m->error[run], "%s", error ? error : "");
}

static struct run_sink sink_of(struct memory *m)
{
  memset(m, 0, sizeof *m);
  return (struct run_sink){.self = m, .start = on_start, .metric = on_metric, .result_number = on_number, .result_text = on_text, .artifact = on_artifact,
                           .message = on_message, .end = on_end};
}

static struct lua_experiment *open_script(struct lua_host *h, const char *text, const char *const *sets, size_t n_sets)
{
  struct lua_experiment *x = NULL;
  struct err e = {0};
  if (lua_experiment_open(&x, h, write_script("exp.lua", text), sets, n_sets, &e) != STATUS_OK)
    tap_bail("the experiment does not open: %s", e.message);
  return x;
}

static void is_refused(struct lua_host *h, const char *text, const char *set, const char *part, const char *name)
{
  struct lua_experiment *x = NULL;
  struct err e = {0};
  enum status status = lua_experiment_open(&x, h, write_script("exp.lua", text), &set, set != NULL, &e);
  tap_ok(status == STATUS_BAD_ARG, "%s is refused", name);
  tap_has(e.message, part, "%s: the message says so", name);
  if (status == STATUS_OK)
    lua_experiment_close(x);
}

/* --- opening ----------------------------------------------------------------------------------------------- */

#define HEAD "return assay.experiment{name = 'x', run = function() end, "

static void test_refusals(struct lua_host *h)
{
  is_refused(h, "return 1", NULL, "must return assay.experiment", "a script that returns a number");
  is_refused(h, "local x = \nreturn assay.experiment{name = 'x', run = print, prams = {}}", NULL, "exp.lua:2:", "a syntax error");
  is_refused(h, "\nreturn assay.experiment{name = 'x', run = print, prams = {}}", NULL, "exp.lua:2: experiment has no key \"prams\"; did you mean \"params\"?", "an unknown key");
  is_refused(h, "return assay.experiment{name = 'x'}", NULL, "run must be a function, got nil", "an experiment without run");
  is_refused(h, "return assay.experiment{run = print}", NULL, "name must be a string", "an experiment without a name");
  is_refused(h, HEAD "params = {epochs = 5}}", "epoch=3", "has no parameter \"epoch\"; did you mean \"epochs\"?", "an unknown parameter");
  is_refused(h, HEAD "params = {epochs = 5}}", "epochs=many", "epochs must be a number, got \"many\"", "a word for a number");
  is_refused(h, HEAD "params = {epochs = 5}}", "epochs=2.5", "epochs must be a whole number", "a fraction for a whole number");
  is_refused(h, HEAD "params = {quick = true}}", "quick=yes", "quick must be true or false", "a word for a boolean");
  is_refused(h, HEAD "params = {epochs = 5}}", "epochs", "name=value", "a word without =");
  is_refused(h, HEAD "grid = function(p)\n return {lr = {}} end}", NULL, "lr has no values", "an empty axis");
  is_refused(h, HEAD "grid = function(p)\n return {lr = p.nothing.x} end}", NULL, "exp.lua:2:", "an error in grid");
  is_refused(h, HEAD "grid = {lr = {0.1, print}}}", NULL, "cannot hold a function", "a function in the grid");
  is_refused(h, HEAD "grid = {{lr = 1}, {lr = 1}}}", NULL, "runs 1 and 2 have the same configuration", "a configuration twice");
  is_refused(h, HEAD "grid = {lr = {1}, params = {2}}}", NULL, "\"params\" is taken", "a grid key called params");
  is_refused(h, HEAD "grid = function() return 3 end}", NULL, "grid must return a table", "a grid that is a number");
  is_refused(h, HEAD "grid = {a = assay.range(2000), b = assay.range(2000)}}", NULL, "more than 1000000 runs", "an absurd grid");
}

/* Whichever runs came before in the same worker, a run sees the globals of the script alone. */
static void test_globals(struct lua_host *h)
{
  struct lua_experiment *x = open_script(h, "count = 1\nreturn assay.experiment{name = 'g', grid = {k = {1, 2}},\n"
      "run = function(run, c)\n if c.k == 2 then count = count + 1 end\n return {count = count} end}", NULL, 0);
  struct memory m;
  struct run_sink sink = sink_of(&m);
  struct err e = {0};
  size_t runs[2] = {0, 1};
  tap_ok(lua_experiment_run(x, runs, 2, &sink, &e) == STATUS_OK, "runs end");
  tap_has(m.results[0], "count=0x1p+0", "a run reads a global of the script");
  tap_has(m.error[1], "exp.lua:4: run sets the global \"count\"", "but setting one is an error, with its line");
  tap_has(m.error[1], "write local count", "and a cure");
  lua_experiment_close(x);
}

static void test_artifacts(struct lua_host *h)
{
  struct lua_experiment *x = open_script(h, "return assay.experiment{name = 'a', grid = {k = {1, 2, 3, 4, 5}}, run = function(run, c)\n"
      "if c.k == 1 then run:artifact('mask', assay.ones(2, 3)); run:artifact('note', 'abc') end\n"
      "if c.k == 2 then run:artifact('weights', assay.ones(2, 3, 'f32') * 0.5) end\n"
      "if c.k == 3 then run:artifact('', assay.ones(2, 3)) end\n"
      "if c.k == 4 then run:artifact('list', {1, 2}) end\n"
      "if c.k == 5 then run:artifact('text', ('x'):rep((1 << 24) + 1)) end end}", NULL, 0);
  struct memory m;
  struct run_sink sink = sink_of(&m);
  struct err e = {0};
  size_t runs[5] = {0, 1, 2, 3, 4};
  tap_ok(lua_experiment_run(x, runs, 5, &sink, &e) == STATUS_OK, "runs with artifacts end");
  tap_has(m.results[0], "mask:mask:33;note:text:3;", "a matrix of ones is a mask: 24 bytes and a byte, deflated; a string is a text");
  tap_has(m.results[1], "weights:matrix:", "other numbers are a matrix");
  tap_has(m.error[2], "a name has 1 to 200 bytes", "an artifact needs a name");
  tap_has(m.error[3], "list must be a matrix or a string, got table", "a table is none");
  tap_has(m.error[4], "text takes 16777217 bytes; at most 16777216 are kept", "nor is what is too large");
  lua_experiment_close(x);
}

static void test_grid_params(struct lua_host *h)
{
  static const char *const text =
      "return assay.experiment{name = 'g', params = {seeds = 2, epochs = 3}, grid_params = {'seeds'},\n"
      "grid = function(p) return {seed = assay.range(p.seeds)} end,\n"
      "run = function(run, c, p) return {epochs = p.epochs, other = p.other == nil and 1 or 0,\n"
      "  read = pcall(function() return p.seeds end) and 1 or 0} end}";
  const char *set = "seeds=3";
  struct lua_experiment *few = open_script(h, text, NULL, 0);
  char *first = xstrdup(lua_experiment_config(few, 0));
  lua_experiment_close(few);
  struct lua_experiment *x = open_script(h, text, &set, 1);
  tap_is_int((long long)lua_experiment_runs(x), 3, "a grid parameter shapes the grid");
  tap_is_str(lua_experiment_config(x, 0), first, "and leaves the identity of a run alone");
  tap_is_str(first, "{\"params\":{\"epochs\":3},\"seed\":1}", "which holds the other parameters");
  struct memory m;
  struct run_sink sink = sink_of(&m);
  struct err e = {0};
  size_t run = 0;
  tap_ok(lua_experiment_run(x, &run, 1, &sink, &e) == STATUS_OK, "the run ends");
  tap_has(m.results[0], "read=0x0p+0", "a run cannot read it");
  tap_has(m.results[0], "epochs=0x1.8p+1", "but the others");
  tap_has(m.results[0], "other=0x1p+0", "and what is no parameter is nil, as in any table");
  lua_experiment_close(x);
  free(first);
  is_refused(h, HEAD "params = {a = 1}, grid_params = {'b'}}", NULL, "grid_params names \"b\"", "an unknown grid parameter");
}

static void test_configs(struct lua_host *h)
{
  const char *sets[] = {"epochs=3", "quick=true", "rates=0.5,1", "name=a b"};
  struct lua_experiment *x = open_script(h,
      "return assay.experiment{name = 'grid', summary = 'what', params = {epochs = 5, quick = false, rates = {0.1}, name = 'n', lr = 0.1},\n"
      "grid = function(p) return {seed = assay.range(2), lr = p.rates, schedule = 'cosine', model = assay.model('linear')} end,\n"
      "run = function() end}", sets, 4);
  tap_is_str(lua_experiment_name(x), "grid", "the name");
  tap_is_str(lua_experiment_summary(x), "what", "the summary");
  tap_is_str(lua_experiment_params(x), "{\"epochs\":3,\"lr\":0.1,\"name\":\"a b\",\"quick\":true,\"rates\":[0.5,1]}", "parameters are canonical, --set applied by type");
  tap_is_int((long long)lua_experiment_runs(x), 4, "the grid is the product of its lists");
  tap_has(lua_experiment_config(x, 0), "{\"lr\":0.5,\"model\":{\"id\":\"linear\"", "a configuration is canonical, objects in full");
  tap_has(lua_experiment_config(x, 0), "\"params\":{\"epochs\":3,", "it holds the parameters");
  tap_is_int(lua_experiment_seed(x, 0), 1, "the last key varies fastest: seed 1");
  tap_is_int(lua_experiment_seed(x, 1), 2, "then seed 2");
  tap_has(lua_experiment_config(x, 2), "\"lr\":1,", "then the next rate");
  tap_ok(lua_experiment_group(x, 0) == lua_experiment_group(x, 2) && lua_experiment_group(x, 0) != lua_experiment_group(x, 1),
         "equal seeds make a group");
  const struct script_file *files;
  tap_is_int((long long)lua_experiment_files(x, &files), 1, "the script is recorded");
  tap_is_str(files[0].name, "exp.lua", "under its name in its folder");
  lua_experiment_close(x);
  x = open_script(h, HEAD "grid = {{b = 1}, {a = 2, seed = 7}}}", NULL, 0);
  tap_is_str(lua_experiment_config(x, 1), "{\"a\":2,\"seed\":7}", "an explicit list keeps its order");
  tap_is_int(lua_experiment_seed(x, 0), INT64_MIN, "a run may have no seed");
  lua_experiment_close(x);
  x = open_script(h, HEAD "}", NULL, 0);
  tap_is_int((long long)lua_experiment_runs(x), 1, "no grid is one run");
  tap_is_str(lua_experiment_config(x, 0), "{}", "with an empty configuration");
  lua_experiment_close(x);
  x = open_script(h, HEAD "grid = {a = {1, 2, 3}}, group = function(c) return c.a % 2 end}", NULL, 0);
  tap_ok(lua_experiment_group(x, 0) == lua_experiment_group(x, 2) && lua_experiment_group(x, 0) != lua_experiment_group(x, 1), "the script may group");
  lua_experiment_close(x);
}

static void test_modules(struct lua_host *h)
{
  const struct script_file *files;
  for (int i = 0; i < 2; i++) {
    write_script("helper.lua", i ? "return 'second'" : "return 'first'");
    struct lua_experiment *x = open_script(h, "local v = require 'helper'\nreturn assay.experiment{name = v, run = function() end}", NULL, 0);
    tap_is_int((long long)lua_experiment_files(x, &files), 2, "a required module is recorded");
    tap_is_str(files[1].text, i ? "return 'second'" : "return 'first'", "with its text of now");
    tap_is_str(lua_experiment_name(x), i ? "second" : "first", "and loaded anew for each script");
    lua_experiment_close(x);
  }
}

/* --- running -------------------------------------------------------------------------------------------------- */

static void test_runs(struct lua_host *h)
{
  struct lua_experiment *x = open_script(h,
      "return assay.experiment{name = 'r', params = {k = 2}, grid = {a = {1, 2, 3, 4}, seed = 5},\n"
      "setup = function(p) return {base = 10 * p.k} end,\n"
      "run = function(run, c, p, shared)\n"
      "  if c.a == 2 then error('no twos') end\n"
      "  if c.a == 3 then coroutine.yield() end\n"
      "  run:log(0, {loss = c.a}) run:log(1, {loss = c.a / 2, other = 1})\n"
      "  run:note('at ' .. run.seed) run:result('kept', 'text')\n"
      "  if c.a == 4 then return 5 end\n"
      "  c.a = 100 p.k = 100\n"
      "  return {sum = shared.base + 1, fine = true, list = {1, 2}, m = assay.zeros(1, 1)}\n"
      "end}", NULL, 0);
  struct memory m;
  struct run_sink sink = sink_of(&m);
  struct err e = {0};
  size_t runs[] = {0, 1, 2, 3};
  tap_ok(lua_experiment_setup(x, &e) == STATUS_OK, "setup %s", e.message);
  tap_ok(lua_experiment_run(x, runs, 4, &sink, &e) == STATUS_OK, "four runs together %s", e.message);
  tap_is_int(m.status[0], STATUS_OK, "the first is done");
  tap_has(m.results[0], "kept=text;", "a result given while running");
  tap_has(m.results[0], "sum=0x1.5p+4;", "a number that setup had a part in");
  tap_has(m.results[0], "fine=0x1p+0;", "a boolean is a number");
  tap_has(m.results[0], "list=[1,2];", "a list is JSON");
  tap_has(m.messages, "0:result \"m\" is a matrix", "a matrix is not stored, and that is said");
  tap_has(m.messages, "0:at 5;", "a note");
  tap_is_int((long long)m.metrics[0], 3, "three numbers logged");
  tap_is_int(m.status[1], STATUS_BAD_ARG, "an error fails its run alone");
  tap_has(m.error[1], "exp.lua:4: no twos", "with the script's line");
  tap_has(m.error[2], "coroutine.yield", "a stray yield is explained");
  tap_has(m.error[3], "must return a table", "a number is not a table of results");
  for (size_t i = 0; i < 4; i++)
    tap_ok(m.started[i] == 1 && m.ended[i] == 1, "run %zu started and ended once", i + 1);
  struct memory again;
  sink = sink_of(&again);
  tap_ok(lua_experiment_run(x, runs, 1, &sink, &e) == STATUS_OK && !strcmp(again.results[0], m.results[0]),
         "a run that changed its configuration and parameters changed copies");
  lua_experiment_close(x);
}

static void test_report(struct lua_host *h)
{
  struct lua_experiment *x = open_script(h,
      "return assay.experiment{name = 'r', grid = {lr = {0.1, 0.2}, seed = {1, 2}}, run = function() end,\n"
      "report = function(results, p) assert(#results == 4) assert(results[1].config.lr == 0.1)\n"
      " assert(results[1].id == 7 and results[2].id == nil) assert(results[2].status == 'failed') assert(results[3].error_rate == 0.25) assert(results[3].results.bad ~= results[3].results.bad)\n"
      " assert(results:group('lr'):table{'error_rate'}:text():find('0.25 (2)', 1, true)) end}", NULL, 0);
  struct report_run rows[4] = {{0, NULL, "{\"error_rate\":0.5}", "done", 7}, {1, NULL, "{}", "failed", 0},
                               {2, NULL, "{\"error_rate\":0.25,\"bad\":null}", "done", 0}, {3, NULL, "{\"error_rate\":0.25}", "done", 0}};
  struct err e = {0};
  for (size_t i = 0; i < 4; i++)
    rows[i].config_json = lua_experiment_config(x, i);
  tap_ok(lua_experiment_report(x, rows, 4, &e) == STATUS_OK, "a report sees configurations, results and states %s", e.message);
  lua_experiment_close(x);
}

/* --- claims ----------------------------------------------------------------------------------------------------- */

#define CLAIM "claim = {title = 't', authors = 'a', year = 2000, published = 'p', statement = 's', kind = 'exact'}, "

static void test_claim_refusals(struct lua_host *h)
{
  is_refused(h, HEAD CLAIM "}", NULL, "claim and verdict belong together, and verdict is missing", "a claim without a verdict");
  is_refused(h, HEAD "verdict = print}", NULL, "and claim is missing", "a verdict without a claim");
  is_refused(h, HEAD "verdict = print, claim = 'x'}", NULL, "claim must be a table", "a claim that is a string");
  is_refused(h, "\n" HEAD "verdict = print, claim = {titel = 'x'}}", NULL, "exp.lua:2: claim has no key \"titel\"", "an unknown key of a claim");
  is_refused(h, HEAD "verdict = print, claim = {title = 'x'}}", NULL, "is missing", "a claim without authors");
}

static void test_verdict(struct lua_host *h)
{
  static const char script[] = HEAD CLAIM "params = {most = 1.0},\n"
      "verdict = function(results, p) return {effect = results:done()[1].x, at_most = p.most, why = #results .. ' runs'} end}";
  struct err e = {0};
  char *json = NULL;
  struct lua_experiment *x = open_script(h, HEAD "}", NULL, 0);
  tap_ok(lua_experiment_claim(x) == NULL, "an ordinary script claims nothing");
  lua_experiment_close(x);
  x = open_script(h, script, NULL, 0);
  tap_is_str(lua_experiment_claim(x), "{\"authors\":\"a\",\"kind\":\"exact\",\"published\":\"p\",\"statement\":\"s\",\"title\":\"t\",\"year\":2000}",
             "a claim is canonical JSON");
  struct report_run row = {0, lua_experiment_config(x, 0), "{\"x\":1.5}", "done", 0};
  tap_ok(lua_experiment_verdict(x, &row, 1, &json, &e) == STATUS_OK, "a verdict is asked for %s", e.message);
  tap_has(json, "\"verdict\":\"fails\"", "what follows from the figures");
  tap_has(json, "\"effect\":1.5", "the figure");
  tap_has(json, "\"why\":\"1 runs\"", "what it rests on");
  free(json);
  row.results_json = "{\"x\":\"text\"}";
  tap_ok(lua_experiment_verdict(x, &row, 1, &json, &e) == STATUS_BAD_ARG, "a text is no effect");
  tap_has(e.message, "effect must be a number, got string", "and that is said");
  tap_ok(json == NULL, "without a verdict");
  lua_experiment_close(x);
}

/* --- cancelling ------------------------------------------------------------------------------------------------ */

static struct lua_host *interrupted_host;
static double interrupted_at;

/* Seconds of this process's processor time: what others do to the machine does not count. */
static double now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

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

/* Run all runs of the script with an interrupt 50 ms after the start. */
static enum status run_interrupted(struct lua_host *h, const char *text, struct memory *m)
{
  struct lua_experiment *x = open_script(h, text, NULL, 0);
  struct run_sink sink = sink_of(m);
  struct err e = {0};
  size_t runs[MAX_RUNS], n = lua_experiment_runs(x);
  for (size_t i = 0; i < n; i++)
    runs[i] = i;
  pthread_t me = pthread_self(), other;
  interrupted_host = h;
  pthread_create(&other, NULL, signal_later, &me);
  enum status status = lua_experiment_run(x, runs, n, &sink, &e);
  double took = now() - interrupted_at;
  pthread_join(other, NULL);
  tap_ok(took < 0.1, "stopped within 100 ms (took %.1f ms)", 1000 * took);
  lua_experiment_close(x);
  return status;
}

static void test_cancel(void)
{
  static atomic_int cancel;
  struct lua_host *h = new_host(&(struct lua_host_config){.cancel = &cancel});
  struct memory m;
  signal(SIGUSR1, on_signal);
  enum status status = run_interrupted(h,
      "return assay.experiment{name = 'r', grid = {a = {1, 2, 3}}, run = function(run, c)\n"
      "while c.a == 2 do pcall(function() while true do end end) end return {a = c.a} end}", &m);
  tap_is_int(status, STATUS_CANCELLED, "an endless run is cancelled");
  tap_is_int(m.status[0], STATUS_OK, "the run before it stays done");
  tap_is_int(m.status[1], STATUS_CANCELLED, "the endless run is cancelled, not failed");
  tap_is_int(m.started[2], 0, "the run after it never started");
  atomic_store(&cancel, 0);
  lua_host_free(h);
}

/* --- trainings -------------------------------------------------------------------------------------------------- */

/* Two classes, small enough for many trainings a second; one dataset for all. */
#define TRAINING \
  "local data = assay.data('gaussian-mixture', {d = 6, train = 200, valid = 100, test = 100})\n" \
  "return assay.experiment{name = 't', grid = {lr = {0.05, 0.1, 0.2}, seed = {1, 2}}, run = function(run, c)\n" \
  "  local common = {data = data, model = assay.model('mlp', {hidden = {8}}), epochs = 2, batch = 16, log_every = 1}\n" \
  "  common.lr = c.lr math.random(c.seed, 100)\n" \
  "  local first = assay.train(common)\n" \
  "  common.optimizer = 'heavy-ball' common.label = 'second' common.probe = {'trace', 'grad_noise'} common.probe_every = 20\n" \
  "  local second = assay.train(common)\n" \
  "  return {r = math.random(), k = math.random(10), a = first.val_loss, b = second.test_error, c = second.val_loss, steps = second.steps}\n" \
  "end}"

static void test_grouping(struct lua_host *h)
{
  struct lua_experiment *x = open_script(h, TRAINING, NULL, 0);
  struct memory together, alone;
  struct run_sink sink = sink_of(&together);
  struct err e = {0};
  size_t runs[] = {0, 1, 2, 3, 4, 5};
  tap_ok(lua_experiment_run(x, runs, 6, &sink, &e) == STATUS_OK, "six runs with two trainings each, together %s", e.message);
  sink = sink_of(&alone);
  for (size_t i = 6; i-- > 0;)
    if (lua_experiment_run(x, &runs[i], 1, &sink, &e) != STATUS_OK)
      tap_diag("run %zu: %s", i + 1, e.message);
  for (size_t i = 0; i < 6; i++) {
    tap_ok(together.status[i] == STATUS_OK && alone.status[i] == STATUS_OK, "run %zu is done both ways (%s)", i + 1, together.error[i]);
    tap_ok(*together.results[i] && !strcmp(together.results[i], alone.results[i]), "run %zu has the same bits together and alone", i + 1);
    tap_ok(together.metrics[i] > 50 && together.metrics[i] == alone.metrics[i] && together.metric_sum[i] == alone.metric_sum[i],
           "and the same %zu logged numbers", together.metrics[i]);
  }
  tap_ok(strcmp(together.results[0], together.results[1]) != 0, "different seeds give different results");
  lua_experiment_close(x);
}

static void test_divergence(struct lua_host *h)
{
  struct lua_experiment *x = open_script(h,
      "return assay.experiment{name = 'd', grid = {lr = {0.1, 1e6}, ok = {false, true}}, run = function(run, c)\n"
      "  local r = assay.train{data = assay.data('linear-teacher', {d = 6, train = 200, valid = 100, test = 100}), model = 'linear',\n"
      "    steps = 500, lr = c.lr, diverged = c.ok and 'ok' or nil}\n"
      "  if r.diverged then assert(r.val_loss ~= r.val_loss and r.diverged_at < 500) end\n"
      "  return r end}", NULL, 0);
  struct memory m;
  struct run_sink sink = sink_of(&m);
  struct err e = {0};
  size_t runs[] = {0, 1, 2, 3};
  tap_ok(lua_experiment_run(x, runs, 4, &sink, &e) == STATUS_OK, "a diverged run does not stop the others %s", e.message);
  tap_is_int(m.status[0], STATUS_OK, "the tame run is done");
  tap_is_int(m.status[2], STATUS_DIVERGED, "the wild one has diverged");
  tap_has(m.error[2], "diverged at step", "the message says when");
  tap_has(m.results[2], "diverged=0x1p+0;", "its results are kept");
  tap_is_int(m.status[3], STATUS_OK, "unless the script expects divergence");
  lua_experiment_close(x);
}

/* One run that trains, one that only asks for something impossible, one without training. */
static void test_mixture(struct lua_host *h)
{
  struct lua_experiment *x = open_script(h,
      "return assay.experiment{name = 'm', grid = {what = {'train', 'wrong', 'plain'}}, run = function(run, c)\n"
      "  if c.what == 'plain' then return {x = 1} end\n"
      "  local ok, r = pcall(assay.train, {data = assay.data('gaussian-mixture', {d = 4, train = 50, valid = 20, test = 20}), model = 'softmax',\n"
      "    steps = 5, lr = 0.1, batc = c.what == 'wrong' and 3 or nil})\n"
      "  if not ok then error(r, 0) end\n"
      "  return r end}", NULL, 0);
  struct memory m;
  struct run_sink sink = sink_of(&m);
  struct err e = {0};
  size_t runs[] = {0, 1, 2};
  tap_ok(lua_experiment_run(x, runs, 3, &sink, &e) == STATUS_OK, "runs of all sorts together");
  tap_is_int(m.status[0], STATUS_OK, "a training inside pcall is done (%s)", m.error[0]);
  tap_is_int(m.status[1], STATUS_BAD_ARG, "a wrong key fails its run");
  tap_has(m.error[1], "train has no key \"batc\"; did you mean \"batch\"?", "with the suggestion");
  tap_is_str(m.results[2], "x=0x1p+0;", "a run without training ends at once");
  lua_experiment_close(x);
}

static void test_cancelled_training(void)
{
  static atomic_int cancel;
  struct lua_host *h = new_host(&(struct lua_host_config){.cancel = &cancel});
  struct memory m;
  enum status status = run_interrupted(h,
      "return assay.experiment{name = 'long', grid = {lr = {0.01, 0.02}}, run = function(run, c)\n"
      "return assay.train{data = assay.data('gaussian-mixture', {d = 20, train = 1000, valid = 10, test = 10}), model = assay.model('mlp', {hidden = {64}}),\n"
      "  steps = 10000000, lr = c.lr} end}", &m);
  tap_is_int(status, STATUS_CANCELLED, "a long training is cancelled");
  tap_is_int(m.status[0], STATUS_CANCELLED, "and its run");
  tap_is_int(m.ended[1], 1, "the run beside it has ended too");
  atomic_store(&cancel, 0);
  lua_host_free(h);
}

int main(void)
{
  struct lua_host *h = new_host(NULL);
  test_refusals(h);
  test_globals(h);
  test_artifacts(h);
  test_grid_params(h);
  test_configs(h);
  test_modules(h);
  test_runs(h);
  test_report(h);
  test_claim_refusals(h);
  test_verdict(h);
  test_cancel();
  test_grouping(h);
  test_divergence(h);
  test_mixture(h);
  test_cancelled_training();
  lua_host_free(h);
  return tap_done();
}
