/* app.h: the program: commands, their options, and what they share.
 *
 * A command is one file app/cmd/<command>.c ending in one const struct command, plus its line in
 * app/commands.def. From its rows come option parsing, `assay COMMAND --help`, the man page and the bash
 * completion. Exit codes: 0 done, 1 a run failed (diff: differs), 2 usage or trouble, 130 interrupted. */
#ifndef ASSAY_APP_H
#define ASSAY_APP_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "experiments/kernel/err.h"
#include "lua/host.h"
#include "store/store.h"

/* Where nobody watches, a full disk is waited for so long: quotas are raised and old files removed by then, or not. */
enum { APP_SPACE_WAIT_S = 60 };

enum exit_code { EXIT_DONE = 0, EXIT_RUN_FAILED = 1, EXIT_USAGE = 2, EXIT_INTERRUPTED = 130 };

struct option_row {   /* rows end with {0} */
  const char *name;   /* "jobs": given as --jobs N or --jobs=N */
  const char *arg;    /* "N"; NULL: a flag */
  const char *doc;    /* one line */
  const char *complete; /* bash completion: "file", "experiment", "run", "metric", "result", "method", "paper", words "a b c"; NULL: none */
  char letter;        /* 'j', or 0 */
  bool repeat;        /* may be given several times */
};

/* The parsed command line of one command. */
struct arguments {
  const struct command *command;
  size_t n_options;
  struct { const struct option_row *row; const char *value; } option[256];
  size_t n_words;
  const char **word;
};
/* Parse what follows the command's name. Returns false after a message on stderr; --help and --version
 * are ordinary flags of the result. Free with arguments_free. */
bool arguments_parse(struct arguments *a, const struct command *c, int argc, char **argv);
/* Parse the options before the command; *used is the count of argv that they took. */
bool arguments_parse_leading(struct arguments *a, int argc, char **argv, int *used);
void arguments_free(struct arguments *a);
extern const struct option_row common_options[]; /* --db, --color, --help, --version: every command has them */

const char *arg_value(const struct arguments *a, const char *name);  /* last value, NULL if absent */
bool arg_flag(const struct arguments *a, const char *name);
/* Values of a repeated option, in order; returns the count, out may hold up to max. */
size_t arg_values(const struct arguments *a, const char *name, const char **out, size_t max);
/* A whole number in [min, max], or a message on stderr and false. */
bool arg_integer(const struct arguments *a, const char *name, long min, long max, long def, long *out);

struct app {
  const char *db;          /* --db, else $ASSAY_DB, else ./assay.db */
  char *share_dir;         /* …/share/assay, found from /proc/self/exe */
  bool colour_out, colour_err; /* from --color, NO_COLOR, isatty */
  bool tty_out, tty_err;
  bool light;              /* COLORFGBG says that the terminal is light */
  bool true_colour;        /* COLORTERM says that it shows colours of 24 bits */
  int graphics;            /* enum graphics_mode, from --graphics */
  int width;               /* columns of the terminal, 80 when unknown */
  bool utf8;
  atomic_int cancel;       /* set by SIGINT/SIGTERM/SIGHUP */
  struct lua_services services;
};

struct command {
  const char *name;
  const char *summary;     /* one line */
  const char *usage;       /* "FILE.lua [--set k=v]… [--jobs N]": printed after "assay NAME" */
  const char *help;        /* a few lines: what it does; examples first */
  const struct option_row *options;
  const char *words;       /* completion of the positional words, like option_row.complete */
  int (*run)(struct app *app, const struct arguments *a);
};

/* app/cmd/NAME.c defines `const struct command command_NAME`. */
#define COMMAND(name) extern const struct command command_##name;
#include "app/commands.def"
#undef COMMAND

size_t command_count(void);
const struct command *command_at(size_t i);
const struct command *command_find(const char *name);
const struct command *command_get(const char *name); /* or NULL after a message that names the nearest one */

/* Of enum plot_colours: what to print in on stdout. */
int app_colours(const struct app *app, bool light);

/* The whole program: parse, run one command, flush. Returns the exit code. */
int program_main(int argc, char **argv);
/* A host with the services, the store and the cancel flag of this program. */
NODISCARD enum status app_host_new(struct app *app, int threads, struct lua_host **out, struct err *e);
/* Workers when --jobs is absent: the cores that this process may use. */
int app_default_jobs(void);
/* "assay: …" on stderr, made safe for a terminal. */
void app_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Usage error: the line, then "try 'assay NAME --help'". Returns EXIT_USAGE. */
int app_usage(const struct command *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Text that came from a store, a file or a script, made safe for a terminal: C0 (but newline and tab when
 * `lines`), DEL, C1, bidi overrides and invalid UTF-8 are shown escaped. Caller frees. */
char *text_safe(const char *s, bool lines);
/* Columns that a UTF-8 string takes on a terminal. */
size_t text_width(const char *s);
/* Bytes of its longest start that takes at most so many columns. */
size_t text_fit(const char *s, size_t columns);
/* Of n bytes that arrived in pieces: those before a character of UTF-8 whose rest is still to come. */
size_t text_whole(const char *s, size_t n);

/* Tables for people and machines: one writer for ls, query, methods, diff. */
enum table_format { TABLE_HUMAN, TABLE_CSV, TABLE_TSV, TABLE_JSON, TABLE_JSONL, TABLE_MD };
bool table_format_parse(const char *word, enum table_format *f);
struct table; /* rows of store_cell, printed at the end (human) or at once (the others) */
struct table *table_new(enum table_format f, size_t columns, const char *const *names, int width /* 0: never cut */);
void table_row(struct table *t, const struct store_cell *cells);
/* One cell of CSV, quoted where it must be, or always. */
void csv_write(FILE *f, const char *s, bool quote);
void table_end(struct table *t); /* prints what is left to stdout and frees */

/* One cell as JSON on stdout: numbers with all their bits, NaN null, infinities "inf" and "-inf". */
void cell_print_json(const struct store_cell *c);

/* Run an experiment script with workers: `assay run`, and assay.run at the prompt. */
struct run_options {
  const char *path;
  const char *const *sets; size_t n_sets;
  int jobs;            /* >= 1 */
  bool rerun, dry_run, quiet, json;
  bool progress_json;  /* progress as lines of JSON */
  bool fail_fast;
  bool isolate;        /* each run in a process of its own, forked after the script's setup */
  bool no_report;      /* print nothing but messages; a paper's verdict is recorded all the same */
  double space_wait_s; /* how long a full disk is waited for; below 0: until a signal */
  long shard, shards;  /* only this part of the runs, from 1; shards 0: all */
  struct run_again *again; /* one run of the store again instead of the script at `path`; NULL: none */
};
/* A run as it was given: its script and what that required, its experiment's parameters, its config. */
struct run_again {
  const struct script_file *files; size_t n_files;
  struct lua_one_run one;
  int64_t made;        /* out: the new run in the store; 0: none */
};
int run_experiment(struct app *app, const struct run_options *o); /* exit code */

#endif
