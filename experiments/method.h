/* method.h: what every method shares.
 *
 * A method (schedule, optimizer, sampler, model, loss, data set, …) is one C file that ends in one
 * const descriptor, plus one line in methods.def. From the descriptor alone come the Lua constructor,
 * argument checks, help, completion, forms, `assay methods --json`, the reference, and the
 * conformance tests. Kinds embed struct method as their first member. */
#ifndef ASSAY_METHOD_H
#define ASSAY_METHOD_H

#include <stdbool.h>
#include <stddef.h>

#include "experiments/kernel/err.h"

/* Explicit numbers: they reach stored configs. Append only. */
enum kind {
  KIND_DATA = 1,
  KIND_MODEL = 2,
  KIND_LOSS = 3,
  KIND_OPTIMIZER = 4,
  KIND_SAMPLER = 5,
  KIND_SCHEDULE = 6,
  KIND_CONTROLLER = 7,
  KIND_AVERAGE = 8,
  KIND_PROBE = 9,
  KIND_BOUND = 10,
  KIND_SCORE = 11,     /* pruning: weights -> numbers */
  KIND_SOLVER = 12,    /* pruning: layer and budget -> new weights */
  KIND_ALLOCATOR = 13, /* pruning: budgets per layer */
  KIND_RESTORER = 14,  /* pruning: repair after a mask */
  KIND_OBJECTIVE = 15, /* a function of float64 weights */
  KIND_MINIMIZER = 16, /* objective -> weights */
  KIND_SELECTOR = 17,  /* losses of a mini-batch -> weights of its examples */
  KIND_BATCHING = 18,  /* how many mini-batches make an update */
  KIND_COUNT = 19,
};
const char *kind_name(enum kind k);              /* "schedule" */
bool kind_parse(const char *word, enum kind *k); /* singular or plural */

/* What kind of statement a bound or measure makes. Stored and shown with every number it gives, so that an
 * estimate is never read as a guarantee. Explicit numbers: they reach stored results. */
enum statement {
  STATEMENT_NONE = 0,     /* not a bound */
  STATEMENT_HP = 1,       /* upper bound on the true risk or gap, with probability at least 1 - delta over the sample */
  STATEMENT_HP_FIXED = 2, /* the same, for a hypothesis chosen without the evaluation sample */
  STATEMENT_E = 3,        /* bounds the expectation of the gap; says nothing about one run */
  STATEMENT_E_EST = 4,    /* such a bound with a population quantity replaced by a Monte Carlo estimate */
  STATEMENT_COND = 5,     /* holds under a condition on the loss that the program cannot verify */
  STATEMENT_EST = 6,      /* estimate of the test risk, no one-sided guarantee */
  STATEMENT_C = 7,        /* complexity measure: ranks models; constants dropped */
};
const char *statement_tag(enum statement s);     /* "HP-fixed"; "" for none */
const char *statement_meaning(enum statement s); /* one sentence for people */
/* The strongest words that may stand beside a number: "guaranteed" only for HP, and with its condition for HP-fixed, whose
 * assumptions the program has checked; "if the assumption holds", "in expectation", "estimate", "measure" otherwise. */
const char *statement_claim(enum statement s, bool assumptions_checked);

enum param_type {
  PARAM_REAL = 1, /* double in the conf */
  PARAM_INT,      /* int64_t */
  PARAM_BOOL,     /* bool */
  PARAM_CHOICE,   /* int: index into choices */
  PARAM_STRING,   /* char *, owned by the conf, may be NULL when the default is none */
  PARAM_LIST,     /* struct param_list, owned */
  PARAM_METHOD,   /* struct object, owned: a method of kind `of` */
  PARAM_TABLE,    /* struct param_table *: a raw table of numbers (rows), owned; for `assay.data{…}` */
  PARAM_METHODS,  /* struct param_objects, owned: a list of methods of kind `of` */
};

enum param_flag {
  PARAM_REQUIRED = 1,
  PARAM_LOG = 2,        /* lives on a log scale: grids, sliders */
  PARAM_TUNED = 4,      /* belongs in a search */
  PARAM_ADVANCED = 8,   /* hidden from short help */
  PARAM_MIN_OPEN = 16,  /* the minimum itself is excluded */
  PARAM_MAX_OPEN = 32,
  PARAM_AUTO = 64,      /* the default is "auto": resolve() fills it in; stored in the conf as NaN (real),
                           PARAM_AUTO_INT (int) */
  PARAM_FILE = 128,     /* a string that names a file */
};
#define PARAM_AUTO_INT INT64_MIN

struct quantity; /* experiments/bounds/quantity.h */
struct param_list { size_t n; double *v; };
struct param_table { size_t rows, cols; double *v; /* row major */ };
struct param_objects { size_t n; struct object *v; };

struct param {
  const char *id;         /* name in Lua, on the command line, and in the store */
  enum param_type type;
  size_t at;              /* offsetof in struct conf */
  double def;             /* default of real, int, bool, choice (index) */
  const char *def_text;   /* default of string, list ("256,256") and method ("relu") */
  double min, max;        /* range; both 0 = unlimited */
  unsigned flags;
  enum kind of;           /* PARAM_METHOD, PARAM_METHODS: the kind */
  const char *const *choices; /* NULL-terminated */
  const char *unit;       /* "steps", "nats", "fraction of peak"; may be NULL */
  const char *doc;        /* one sentence */
  const char *example;    /* a value for docs and tests */
  const struct quantity *from; /* bounds: what a subject gives where this is not given (bounds/quantity.h); may be NULL */
  const char *unless;     /* … unless this other parameter is given; may be NULL */
};

struct method {
  enum kind kind;
  const char *id;      /* "random-reshuffling": lower case, digits, hyphens */
  const char *name;    /* "Random reshuffling" */
  const char *summary; /* one line */
  const char *formula; /* in text, one or more lines; may be NULL */
  const char *cite;    /* authors, year, title: "Loshchilov and Hutter 2017, SGDR: …" */
  const char *notes;   /* conventions, pitfalls; may be NULL */
  const char *example; /* a Lua expression that runs as it stands */
  size_t conf_size;
  const struct param *params;      /* rows end with {0}; NULL: none */
  const char *const *needs;        /* probe ids and capabilities, NULL-terminated; may be NULL */
  enum statement statement;        /* bounds and measures only */
  /* Fill `auto` values, check rules between parameters. May be NULL. */
  enum status (*resolve)(void *conf, struct err *e);
  /* For a conf that owns more than its rows say: what resolve computed from them, once and never changed. share: the
   * copy `conf` holds it too; forget: `conf`, which may hold nothing yet, no longer does. Both or neither. */
  void (*share)(void *conf);
  void (*forget)(void *conf);
};

/* A method with its parameters: what a Lua constructor returns and a config stores. */
struct object {
  const struct method *method;
  void *conf; /* owned, method->conf_size bytes, filled by params_parse */
};

#endif
