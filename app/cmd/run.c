/* run.c: `assay run`: an experiment script with workers. The work is in app/jobs. */
#include "app/jobs/jobs.h"

#include <stdio.h>
#include <string.h>

static const struct option_row options[] = {
  {.name = "set", .letter = 's', .arg = "K=V", .repeat = true, .doc = "a parameter of the script"},
  {.name = "jobs", .letter = 'j', .arg = "N", .doc = "worker processes (default: the cores this process may use)"},
  {.name = "shard", .arg = "I/N", .doc = "do only part I of N; 'slurm': the place in a job array", .complete = "slurm"},
  {.name = "rerun", .doc = "do runs again that are finished already"},
  {.name = "dry-run", .letter = 'n', .doc = "list the runs and what would be done"},
  {.name = "isolate", .doc = "each run in a process of its own, where nothing that other runs left in the script can reach it"},
  {.name = "fail-fast", .doc = "stop at the first run that fails"},
  {.name = "wait-for-space", .arg = "SECONDS", .doc = "how long to wait when the disk is full (default: on a terminal until interrupted, else 60)"},
  {.name = "quiet", .letter = 'q', .doc = "no progress and no messages; errors and the report remain"},
  {.name = "progress", .arg = "FORM", .doc = "json: progress as lines of JSON on stderr, for a program that watches", .complete = "json"},
  {.name = "json", .doc = "print the runs with their results as one JSON object instead of the report"},
  {0},
};

static int run(struct app *app, const struct arguments *a)
{
  const char *sets[256];
  const char *shard = arg_value(a, "shard"), *progress = arg_value(a, "progress"), *wrong;
  long jobs, space_wait, shard_at = 0, shards = 0;
  if (a->n_words != 1)
    return app_usage(a->command, a->n_words ? "run takes one script, not also '%s'" : "which script?%s",
                     a->n_words ? a->word[1] : "");
  if (!arg_integer(a, "jobs", 1, 1024, app_default_jobs(), &jobs) ||
      !arg_integer(a, "wait-for-space", 0, 1000000000, app->tty_err ? -1 : APP_SPACE_WAIT_S, &space_wait))
    return EXIT_USAGE;
  if (shard && (wrong = shard_parse(shard, &shard_at, &shards)))
    return app_usage(a->command, "%s (given: '%s')", wrong, shard);
  if (progress && strcmp(progress, "json") != 0)
    return app_usage(a->command, "--progress can only be json, not '%s'", progress);
  const struct run_options o = {
    .path = a->word[0], .sets = sets, .n_sets = arg_values(a, "set", sets, sizeof sets / sizeof *sets), .jobs = (int)jobs,
    .rerun = arg_flag(a, "rerun"), .dry_run = arg_flag(a, "dry-run"), .quiet = arg_flag(a, "quiet"),
    .json = arg_flag(a, "json"), .progress_json = progress != NULL, .fail_fast = arg_flag(a, "fail-fast"), .isolate = arg_flag(a, "isolate"),
    .space_wait_s = (double)space_wait, .shard = shard_at, .shards = shards};
  return run_experiment(app, &o);
}

const struct command command_run = {
  .name = "run",
  .summary = "run an experiment script",
  .usage = "FILE.lua [--set K=V]… [--jobs N] [--shard I/N] [--rerun] [--isolate] [--dry-run] [--fail-fast] [--quiet] [--json]",
  .help = "Examples:\n"
          "  assay run experiments/compare/schedules.lua --jobs 4\n"
          "  assay run sweep.lua --set epochs=20 --set seeds=5 --db big.db\n"
          "  assay run sweep.lua --set seeds=1 --dry-run\n"
          "  assay run sweep.lua --shard 2/8 --db part-2.db    one of eight machines; then 'assay merge'\n"
          "\n"
          "The script's runs are done by worker processes and land in the store; its report follows on\n"
          "stdout. A run that finished with the same script, parameters and config is not done again, so\n"
          "the same command resumes a sweep that was stopped. Ctrl-C stops in order, twice kills.\n"
          "A worker does several runs one after the other and some together: a run that writes to a local\n"
          "variable of its script outside run() can change later ones. --isolate rules that out, for about a\n"
          "millisecond a run and without sharing trainings.\n"
          "On a full disk what was computed is kept, and goes on once there is space.\n"
          "With --shard the report is left out: it comes from the same command without --shard on the merged store.\n"
          "\n"
          "Exit codes: 0 all runs have a result (a divergence is one), 1 a run failed or could not be stored,\n"
          "2 usage or trouble before the first run,\n"
          "130, 143, 129 stopped by SIGINT, SIGTERM, SIGHUP.\n",
  .options = options,
  .words = "file",
  .run = run,
};
