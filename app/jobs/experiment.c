/* experiment.c: one experiment script from file to report. See jobs.h and run_experiment in app.h.
 *
 * A run is known by the hash of its config (the script's parameters are part of it) and of the script with
 * all that it requires; one that finished under the same hash is not done again. */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xxhash.h>

#include "app/jobs/jobs.h"
#include "app/signals.h"
#include "app/verdict.h"
#include "experiments/kernel/blas.h"
#include "experiments/kernel/mem.h"

int app_default_jobs(void)
{
  cpu_set_t set;
  CPU_ZERO(&set);
  int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
  return n > 0 ? n : 1;
}

/* --- identity and what is done ------------------------------------------------------------------ */

static void identify(const struct sweep *s, size_t run, char out[33])
{
  const char *config = lua_experiment_config(s->experiment, run);
  XXH3_state_t *x = XXH3_createState();
  XXH128_canonical_t canonical;
  XXH3_128bits_reset(x);
  XXH3_128bits_update(x, config, strlen(config) + 1);
  for (size_t i = 0; i < s->n_files; i++) {
    XXH3_128bits_update(x, &s->files[i].size, sizeof s->files[i].size);
    XXH3_128bits_update(x, s->files[i].text, s->files[i].size);
  }
  XXH128_canonicalFromHash(&canonical, XXH3_128bits_digest(x));
  XXH3_freeState(x);
  for (int i = 0; i < 16; i++)
    sprintf(out + 2 * i, "%02x", canonical.digest[i]);
}


/* The finished run of this identity. A divergence is deterministic: it stands as finished, too. */
static const char find_diverged[] =
  "select id, error from run where config_hash = ? and status = 'failed' and error like 'diverged%'"
  " and trashed_at is null order by id desc limit 1";

static bool find_finished(struct sweep *s, struct run_state *r)
{
  struct store_query *q = NULL;
  bool row = false;
  int code = store_find_done(s->store, r->hash, &r->id);
  if (code != STORE_OK || r->id > 0) {
    record_check(s, code);
    return code == STORE_OK;
  }
  if ((code = store_query_open(&q, s->store, find_diverged, NULL)) == STORE_OK) {
    store_query_bind_text(q, 1, r->hash);
    if ((code = store_query_next(q, &row)) == STORE_OK && row) {
      r->id = store_query_cell(q, 0).i;
      r->error = xstrdup(store_query_cell(q, 1).text);
      r->status = STATUS_DIVERGED;
    }
  }
  store_query_close(q);
  record_check(s, code);
  return row;
}

/* The runs that the script has beyond those known: which are done? */
static void find_runs(struct sweep *s)
{
  size_t from = s->n;
  s->n = s->counts.total = lua_experiment_runs(s->experiment);
  s->n_files = lua_experiment_files(s->experiment, &s->files);
  s->runs = xrealloc(s->runs, (s->n + 1) * sizeof *s->runs);
  for (size_t i = from; i < s->n; i++) {
    s->runs[i] = (struct run_state){.phase = RUN_WAITING};
    identify(s, i, s->runs[i].hash);
  }
  if (s->options->shards)
    shard_choose(s);
  for (size_t i = from; i < s->n && !s->store_problem; i++) {
    struct run_state *r = &s->runs[i];
    if (r->phase == RUN_ELSEWHERE)
      continue;
    bool kept = s->store && !s->options->rerun && find_finished(s, r);
    r->phase = kept ? RUN_KEPT : RUN_WAITING;
    if (kept)
      s->counts.kept++;
    else
      s->counts.waiting++;
  }
}

/* --- the store ---------------------------------------------------------------------------------- */

/* Returns false after a message. A dry run only looks, and does without when there is none. */
static bool open_store(struct sweep *s)
{
  char message[1024] = "";
  bool dry = s->options->dry_run;
  int code = store_open(&s->store, s->app->db, dry ? STORE_READ : STORE_WRITE, message, sizeof message);
  if (*message && !(dry && code == STORE_ABSENT))
    app_complain("%s", message);
  return code == STORE_OK || (dry && code == STORE_ABSENT);
}

static bool describe_experiment(struct sweep *s)
{
  lua_experiment_files(s->experiment, &s->files); /* the list moves when setup requires more */
  struct store_script *scripts = xcalloc(s->n_files + 1, sizeof *scripts);
  char *environment = environment_json(s->options->path), hash[33];
  const struct store_environment env = {.json = environment};
  for (size_t i = 0; i < s->n_files; i++)
    scripts[i] = (struct store_script){.name = s->files[i].name, .text = s->files[i].text, .size = s->files[i].size};
  record_check(s, store_experiment(s->store, lua_experiment_name(s->experiment), lua_experiment_summary(s->experiment), scripts,
                                   s->n_files, lua_experiment_params(s->experiment), &s->experiment_id, hash));
  record_check(s, store_environment(s->store, &env, &s->environment_id));
  free(environment);
  free(scripts);
  return !s->store_problem;
}

/* --- the sweep ---------------------------------------------------------------------------------- */

/* The message and exit code of what went wrong outside the runs. */
static int complain(const struct err *e)
{
  if (e->code == STATUS_CANCELLED)
    return signals_exit_code();
  app_complain("%s", e->message);
  return EXIT_USAGE;
}

static void do_runs(struct sweep *s)
{
  int workers = s->options->jobs;
  if ((size_t)workers > s->counts.waiting)
    workers = (int)s->counts.waiting;
  plan_init(&s->plan, s);
  s->plan.one_by_one = s->options->isolate;
  s->progress = progress_new(s, workers);
  pool_run(s);
  record_flush(s);
  progress_free(s->progress);
  plan_free(&s->plan);
  s->counts.waiting = 0;
  for (size_t i = 0; i < s->n; i++)
    s->counts.waiting += s->runs[i].phase == RUN_WAITING;
}

/* A paper's script whose runs all ended well: what do they say about its claim? NULL where that is not asked. */
static enum status ask_verdict(struct sweep *s, char **json, struct err *e)
{
  *json = NULL;
  if (!lua_experiment_claim(s->experiment) || s->options->shards || s->options->again)
    return STATUS_OK;
  if (s->counts.failed) {
    app_complain("no verdict: %zu of %zu runs failed", s->counts.failed, s->counts.total);
    return STATUS_OK;
  }
  if (!s->experiment_id && !describe_experiment(s))
    return STATUS_OK;
  return report_verdict(s, json, e);
}

static enum status report(struct sweep *s, struct err *e)
{
  char *verdict = NULL;
  enum status status = s->options->json || s->options->no_report ? STATUS_OK : report_show(s, e);
  if (status == STATUS_OK)
    status = ask_verdict(s, &verdict, e);
  if (status == STATUS_OK && s->options->json)
    report_json(s, verdict);
  else if (status == STATUS_OK && verdict && !s->options->no_report) {
    printf("\nVerdict of %s:\n", lua_experiment_name(s->experiment));
    verdict_print(s->app, verdict);
  }
  free(verdict);
  return status;
}

static int conclude(struct sweep *s, struct err *e)
{
  size_t safe = s->counts.kept + s->counts.done + s->counts.diverged;
  if (s->store_problem) {
    app_complain("%s; %zu of %zu runs are finished", s->store_problem, safe, s->counts.total);
    return EXIT_RUN_FAILED;
  }
  if (signals_count()) {
    app_complain("stopped; %zu of %zu runs are finished and stored; the same command goes on from there", safe, s->counts.total);
    return signals_exit_code();
  }
  if (s->options->shards && !s->options->json)
    report_shard(s);
  else if ((s->options->json || !(s->stopping && s->counts.failed)) && report(s, e) != STATUS_OK)
    return complain(e);
  if (s->store_problem) {
    app_complain("%s; the verdict is not recorded", s->store_problem);
    return EXIT_USAGE;
  }
  return s->counts.failed ? EXIT_RUN_FAILED : EXIT_DONE;
}

/* The waiting runs, with what they share set up and described before the first. */
static enum status do_stage(struct sweep *s, struct err *e)
{
  if (s->counts.waiting == 0 || s->store_problem)
    return STATUS_OK;
  if (!s->is_set_up) {
    enum status status = lua_experiment_setup(s->experiment, e);
    if (status != STATUS_OK)
      return status;
    s->is_set_up = true;
  }
  if (s->experiment_id || describe_experiment(s))
    do_runs(s);
  return STATUS_OK;
}

/* Ask for runs that depend on those so far, where these have all ended well. A shard does not know those of the others. */
static enum status grow(struct sweep *s, bool *grown, struct err *e)
{
  size_t added = 0;
  *grown = false;
  if (!lua_experiment_grows(s->experiment) || s->options->shards || s->options->again || s->store_problem || s->stopping || signals_count() || s->counts.failed ||
      s->counts.waiting)
    return STATUS_OK;
  enum status status = report_more(s, &added, e);
  if (status == STATUS_OK && added)
    find_runs(s);
  *grown = status == STATUS_OK && added && !s->store_problem;
  return status;
}

static enum status do_stages(struct sweep *s, struct err *e)
{
  bool grown = true;
  enum status status = STATUS_OK;
  while (grown && status == STATUS_OK) {
    status = s->options->dry_run ? STATUS_OK : do_stage(s, e);
    if (status == STATUS_OK)
      status = grow(s, &grown, e);
  }
  return status;
}

static enum status open_script(struct sweep *s, struct err *e)
{
  const struct run_options *o = s->options;
  if (o->again)
    lua_host_give_files(s->host, o->again->files, o->again->n_files);
  return lua_experiment_open_one(&s->experiment, s->host, o->path, o->again ? &o->again->one : NULL, o->sets, o->n_sets, e);
}

static int run_sweep(struct sweep *s, struct err *e)
{
  const struct run_options *o = s->options;
  if (open_script(s, e) != STATUS_OK)
    return complain(e);
  if (!open_store(s))
    return EXIT_USAGE;
  find_runs(s);
  if (do_stages(s, e) != STATUS_OK)
    return complain(e);
  if (!s->store_problem && o->dry_run) {
    report_dry_run(s);
    return EXIT_DONE;
  }
  if (!s->store_problem && !s->is_set_up && !o->quiet) {
    fprintf(stderr, "all %zu runs%s are finished already in %s; --rerun does them again\n", s->counts.total,
            s->options->shards ? " of this shard" : "", s->app->db);
  }
  return conclude(s, e);
}

static void sweep_done(struct sweep *s)
{
  if (s->options->again)
    s->options->again->made = s->n ? s->runs[0].id : 0;
  for (size_t i = 0; i < s->n; i++)
    free(s->runs[i].error);
  free(s->runs);
  free(s->store_problem);
  free(s->last_failure);
  if (s->store)
    store_close(s->store);
  if (s->experiment)
    lua_experiment_close(s->experiment);
  if (s->host)
    lua_host_free(s->host);
}

int run_experiment(struct app *app, const struct run_options *o)
{
  struct run_options options = *o;
  char *path = o->again ? NULL : lua_script_path(app->share_dir, o->path);
  options.path = path ? path : o->path;
  struct sweep s = {.app = app, .options = &options};
  struct err e = {0};
  struct lua_host *outer = NULL;
  int code;
  signals_install(&app->cancel);
  bool second_ends = signals_second_ends(false); /* here the second interrupt kills the workers */
  signal(SIGPIPE, SIG_IGN); /* a reader that leaves must not end the sweep */
  blas_set_threads(1);
  if (blas_check(false, &e) != STATUS_OK || app_host_new(app, 1, &s.host, &e) != STATUS_OK) {
    code = complain(&e);
  } else {
    outer = signals_set_host(s.host);
    code = run_sweep(&s, &e);
    signals_set_host(outer);
  }
  sweep_done(&s);
  signals_second_ends(second_ends);
  free(path);
  return code;
}
