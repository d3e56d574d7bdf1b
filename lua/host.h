/* lua/host.h: the embedded Lua as the rest of the program sees it. No Lua header is needed to use it.
 *
 * A host is one Lua state with the `assay` library loaded. The program gives it services (drawing,
 * starting experiments) as plain C function pointers, so that this folder depends on nothing in app/. */
#ifndef ASSAY_LUA_HOST_H
#define ASSAY_LUA_HOST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "experiments/kernel/err.h"

struct lua_host;

/* A picture made of text cells. Both `assay.plot` and the commands fill this in; app/plot draws it. */
enum plot_kind { PLOT_LINE = 1, PLOT_BAR = 2, PLOT_HEAT = 3, PLOT_SCATTER = 4 };
/* PLOT_TRUE is added to one of the others on terminals that show 24 bits. */
enum plot_colours { PLOT_NO_COLOUR, PLOT_ON_DARK, PLOT_ON_LIGHT, PLOT_TRUE = 4 };
struct plot_series {
  const char *label;
  size_t n;
  const double *x, *y;          /* x NULL: 0, 1, 2, … */
  const double *low, *high;     /* band or error bars; NULL: none */
};
struct plot_spec {
  enum plot_kind kind;
  const char *title, *x_label, *y_label;
  int log_x, log_y;
  const double *rule_x;         /* lines, in cells: a vertical rule at this x; NULL: none */
  size_t n_series;
  const struct plot_series *series;
  /* bars: labels and values in series[0].y with names; heat: z is rows x cols, row major */
  const char *const *names; size_t n_names;       /* bar names, or heat column names */
  const char *const *row_names;                   /* heat */
  size_t rows, cols; const double *z;
  int width, height;            /* cells; 0: default */
  int ascii;                    /* no braille, no blocks */
  int colour;                   /* ANSI colours: enum plot_colours */
};

/* Experiments that run beside the prompt, each in a process of its own. Jobs are numbered from 1. */
struct lua_job_request { const char *path; const char *const *sets; size_t n_sets; int workers /* 0: default */; int rerun; };
struct lua_job { /* texts are borrowed, until the next call of a service */
  const char *script, *state;   /* state: waiting, running, done, failed, cancelled */
  const char *line;             /* "12/60 runs  2 workers": how far it is */
  const char *report, *log;     /* what it printed; NULL until it has ended */
  double progress;              /* 0 to 1 */
  int ended, code;              /* code: how it left, as a shell says it */
};
struct lua_job_services {       /* start NULL: none of them is there */
  void *self;
  int (*start)(void *self, const struct lua_job_request *r); /* returns the job's number */
  int (*count)(void *self);
  void (*look)(void *self, int job, struct lua_job *out);
  void (*cancel)(void *self, int job);          /* stop it in order: finished runs are kept */
  void (*wait)(void *self, int job, double seconds); /* for its end, a stop signal, or so long; shows how far it is */
};

struct lua_services {
  void *self;
  char *(*plot_text)(const struct plot_spec *spec);  /* caller frees; NULL on failure */
  char *(*plot_svg)(const struct plot_spec *spec);
  void (*plot_show)(void *self, const struct plot_spec *spec); /* on the program's output, as well as it can; may be NULL */
  int (*terminal_width)(void *self);
  /* Run an experiment file or a loaded experiment from the prompt: fills a message on failure. May be NULL. */
  int (*run_script)(void *self, const char *path, const char *const *sets, size_t n_sets);
  struct lua_job_services jobs;
};

struct lua_host_config {
  const char *share_dir;        /* installed share/assay */
  const char *db;               /* path of the store for assay.db; NULL: the default */
  const struct lua_services *services;
  atomic_int *cancel;           /* set by the signal handler; polled by kernels and by the hook */
  int threads;
  size_t memory_limit;          /* bytes for Lua's own allocator; 0: none */
};

NODISCARD enum status lua_host_new(struct lua_host **out, const struct lua_host_config *config, struct err *e);
void lua_host_free(struct lua_host *h);

/* Async-signal-safe: stop what runs now (kernel by the flag, Lua by a hook on the running coroutine). Sticky
 * through pcall until the host is back at its caller with STATUS_CANCELLED. The caller clears its own
 * config.cancel before it calls again: while it is set, every call returns STATUS_CANCELLED at once. */
void lua_host_interrupt(struct lua_host *h);

/* Messages of script errors have one line, then a line "  called from FILE:LINE in 'name'" for each caller
 * in the user's own code (none of ours). STATUS_NO_MEMORY when config.memory_limit is reached. */

/* Evaluate a chunk as the prompt does: an expression prints its value (kept in _), ?name prints help.
 * STATUS_OK with *incomplete = 1 when the text ends too early ("near <eof>") and more lines are wanted:
 * nothing was evaluated. Output goes to stdout. */
NODISCARD enum status lua_host_eval(struct lua_host *h, const char *code, const char *chunk_name, int *incomplete, struct err *e);
/* Where an experiment script lies: the path as given if it can be read (or is absolute), else the installed experiment of
 * that name ("compare/schedules.lua"), else as given. Caller frees. */
char *lua_script_path(const char *share_dir, const char *path);
NODISCARD enum status lua_host_file(struct lua_host *h, const char *path, struct err *e);
/* Candidates for what ends at the cursor: sorted lines "name\tone line on what it is" (which may be empty). A name takes the
 * place of text[*from .. cursor), and begins with it: "assay.sche" gives "schedule", from 6. `from` may be NULL. Caller
 * frees. */
char *lua_host_complete(struct lua_host *h, const char *text, size_t cursor, size_t *from);

/* --- experiments ------------------------------------------------------------------------------ */

struct lua_experiment;

struct script_file { char *name; char *text; size_t size; };

/* Load a script, apply --set words ("k=v"), check it and expand its grid. The list of files and the modules
 * loaded are the host's: use one host per experiment that is open at a time. */
NODISCARD enum status lua_experiment_open(struct lua_experiment **out, struct lua_host *h, const char *path,
                                          const char *const *sets, size_t n_sets, struct err *e);
/* One run of a store again: what its experiment and it were given there, as canonical JSON. */
struct lua_one_run { const char *params, *config; };
/* The same with one configuration in place of the grid: that of `one`. `sets` then change a value of the configuration
 * ("lr=0.2", "optimizer.momentum=0") or else a parameter ("epochs=3"; "params.lr" where both have the name). */
NODISCARD enum status lua_experiment_open_one(struct lua_experiment **out, struct lua_host *h, const char *path, const struct lua_one_run *one,
                                              const char *const *sets, size_t n_sets, struct err *e);
/* From now on load these texts in place of files on the disk, as scripts and as modules, by their recorded names.
 * Borrowed until n is 0. */
void lua_host_give_files(struct lua_host *h, const struct script_file *files, size_t n);
void lua_experiment_close(struct lua_experiment *x);
const char *lua_experiment_name(const struct lua_experiment *x);
const char *lua_experiment_summary(const struct lua_experiment *x);
const char *lua_experiment_params(const struct lua_experiment *x);               /* canonical JSON */
const char *lua_experiment_claim(const struct lua_experiment *x);                /* of a paper's script: JSON; else NULL */
size_t lua_experiment_runs(const struct lua_experiment *x);
const char *lua_experiment_config(const struct lua_experiment *x, size_t run);   /* canonical JSON of run's config */
int64_t lua_experiment_seed(const struct lua_experiment *x, size_t run);         /* INT64_MIN: none */
/* Files that took part so far: the script itself first, then what it required. */
size_t lua_experiment_files(const struct lua_experiment *x, const struct script_file **files);
/* Call the script's `setup` (once, before workers are forked: load data here, it is then shared). */
NODISCARD enum status lua_experiment_setup(struct lua_experiment *x, struct err *e);
/* A number that says which runs may profitably share a worker (equal numbers: group them); from the
 * script's `group` function or, by default, equal seeds (runs without a seed are all equal). */
uint64_t lua_experiment_group(const struct lua_experiment *x, size_t run);

/* A larger product of a run: "matrix" or "mask" (the bytes are those of experiments/data/matrix_pack.h), or "text". */
struct run_artifact { const char *name, *kind; const void *bytes; size_t n; };
enum { RUN_ARTIFACT_MOST = 1 << 24 }; /* bytes */

/* What a run says while it runs. `run` is the index in the experiment. Called in the worker. */
struct run_sink {
  void *self;
  void (*start)(void *self, size_t run);
  void (*metric)(void *self, size_t run, const char *key, int64_t step, double value);
  void (*result_number)(void *self, size_t run, const char *key, double value);
  void (*result_text)(void *self, size_t run, const char *key, const char *value);
  void (*artifact)(void *self, size_t run, const struct run_artifact *a); /* the last one of a name stands */
  void (*message)(void *self, size_t run, const char *text);
  void (*progress)(void *self, size_t run, double fraction);
  /* status: STATUS_OK -> done, CANCELLED -> cancelled, anything else -> failed with `error`. */
  void (*end)(void *self, size_t run, enum status status, const char *error, double wall_s, double cpu_s);
};

/* Execute these runs together: each is a coroutine; trainings that may be grouped become replicas of one
 * engine call. Returns OK when every run has ended (each with its own status), CANCELLED if stopped. */
NODISCARD enum status lua_experiment_run(struct lua_experiment *x, const size_t *runs, size_t n, const struct run_sink *sink, struct err *e);

/* The finished runs, for the report: each with config and results as JSON objects; id: its number in the store, 0 without. */
struct report_run { size_t run; const char *config_json; const char *results_json; const char *status; int64_t id; };
/* Has the script a function more()? Ask it, with all runs so far: it adds runs at the end of the list, of which the number is *added. */
bool lua_experiment_grows(const struct lua_experiment *x);
NODISCARD enum status lua_experiment_more(struct lua_experiment *x, const struct report_run *runs, size_t n, size_t *added, struct err *e);
NODISCARD enum status lua_experiment_report(struct lua_experiment *x, const struct report_run *runs, size_t n, struct err *e);
/* Ask a paper's script (one with a claim) for its verdict on these runs: a JSON object, see lua/assay/claims.lua.
 * Caller frees. */
NODISCARD enum status lua_experiment_verdict(struct lua_experiment *x, const struct report_run *runs, size_t n, char **json, struct err *e);

#endif
