/* bind.h: what the files of lua/bind share. Only files of this folder include it, or any Lua header.
 *
 * Order inside every C function that Lua calls: read and check the arguments, call C, release, and only
 * then push results or raise. Raising jumps, so when it may happen the function owns nothing that a
 * userdata does not own: the userdata is made first and filled afterwards. */
#ifndef ASSAY_LUA_BIND_H
#define ASSAY_LUA_BIND_H

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "experiments/data/data.h"
#include "experiments/kernel/exec.h"
#include "experiments/kernel/mat.h"
#include "experiments/params.h"
#include "lua/host.h"

#define BIND_OBJECT "assay.object"
#define BIND_MATRIX "assay.matrix"
#define BIND_EXPERIMENT "assay.experiment"
#define BIND_RUN "assay.run"
#define BIND_TRAINING "assay.training"

struct batch_of_runs; /* run_int.h */
struct rng;
struct objective;

struct loaded_data { char *config; struct dataset *data; };
struct made_objective { char *config; struct objective *objective; };

struct lua_host {
  lua_State *L;                  /* the main state */
  lua_State *_Atomic running;    /* the coroutine that runs now: the interrupt's hook goes there */
  atomic_int interrupted;        /* sticky until the outermost call returns */
  atomic_int own_cancel;         /* used when the caller gave no flag */
  atomic_int *cancel;            /* never NULL */
  int depth;                     /* host calls in progress */
  struct exec exec;
  char *share_dir, *db;          /* may be NULL */
  char *base_dir;                /* folder of the script in hand; NULL: the working directory */
  struct lua_services services;  /* members may be NULL */
  size_t memory, memory_limit;   /* bytes held by Lua's allocator */
  size_t memory_floor;           /* what the call in progress may always use: else nothing could be freed at the limit */
  size_t unreported;             /* bytes of C memory that the collector has not been told of */
  struct script_file *file;      /* what the script in hand has loaded */
  size_t n_files;
  const struct script_file *given; /* texts that stand in for files, borrowed */
  size_t n_given;
  struct probe_cache *probes;    /* what probes have measured; NULL before the first */
  struct loaded_data *data;      /* data sets loaded so far */
  size_t n_data;
  struct made_objective *objectives; /* objectives made so far */
  size_t n_objectives;
  struct batch_of_runs *batch;   /* the runs in hand; NULL outside experiments */
  unsigned batches;              /* batches so far: tells a run's userdata from those of earlier batches */
};

static inline struct lua_host *bind_host(lua_State *L) { return *(struct lua_host **)lua_getextraspace(L); }

/* --- calls and errors (call.c) ------------------------------------------------------------------ */

/* Run f protected, with `arg` as its one light userdata; an error becomes *e. */
NODISCARD enum status bind_protect(struct lua_host *h, lua_CFunction f, void *arg, struct err *e);
/* Message handler: adds the callers in the user's own code, a line each. */
int bind_on_error(lua_State *L);
/* Push the text of the error value at the top of `co`, with its callers, on L. */
void bind_push_failure(lua_State *L, lua_State *co);
/* "the script needs more memory than Lua may use (64 MB)", STATUS_NO_MEMORY. */
void bind_no_memory(const struct lua_host *h, struct err *e);
/* Push "script.lua:12: ", the place in the user's code that called what runs now ("" if there is none). */
void bind_where(lua_State *L);
/* Raise a message at the user's line. */
void bind_error(lua_State *L, const char *format, ...) __attribute__((noreturn, format(printf, 2, 3)));
/* Push a path as scripts mean it: relative to the script's folder (matrix_file.c). */
const char *bind_push_path(lua_State *L, const char *path);
void bind_raise(lua_State *L, const struct err *e) __attribute__((noreturn));
/* Is this source ("@/usr/share/assay/lua/…") part of the installed library? */
bool bind_is_library(const struct lua_host *h, const char *source);
/* Raise unless all keys of the table at `at` are among `known` (NULL-terminated); `what` names it. */
void bind_check_keys(lua_State *L, int at, const char *what, const char *const *known);
/* " ; did you mean ..." part, or "": valid until the next call with the same buffer. */
const char *bind_did_you_mean(const char *word, const char *const *known, size_t n, char *buffer, size_t size);

/* --- interrupts (interrupt.c) ------------------------------------------------------------------- */

void interrupt_open(lua_State *L); /* our coroutine.resume and coroutine.wrap */
/* lua_resume that records who runs, so that an interrupt reaches it. */
int interrupt_resume(lua_State *L, lua_State *co, int n_args, int *n_results);
void interrupt_enter(struct lua_host *h); /* outermost call begins, ends */
void interrupt_leave(struct lua_host *h);

/* --- functions with help (library.c, help.c) ----------------------------------------------------- */

struct function_row { /* rows end with {0} */
  const char *name;
  lua_CFunction call;
  const char *usage; /* "assay.zeros(rows, cols[, type])" */
  const char *doc;   /* one or two sentences */
};
/* Set the functions as fields of the table at the top of the stack, and remember their help. */
void bind_functions(lua_State *L, const struct function_row *rows);
/* A metatable `name`: metamethods (luaL_Reg), and `methods` under __index when it is not NULL. */
void bind_metatable(lua_State *L, const char *name, const luaL_Reg *meta, const struct function_row *methods);
/* Push the help of the function at `at`, "usage\n  text"; false, and nothing pushed, if it has none. */
bool help_push_function(lua_State *L, int at);
/* Is the function at `at` for the library's own use? */
bool help_is_internal(lua_State *L, int at);
/* Is assay.NAME a module that is loaded when it is asked for? */
bool plot_is_module(const char *name);
extern const char *const plot_modules[]; /* their names; ends with NULL */
void call_open(lua_State *L);
void help_open(lua_State *L);      /* global help, assay.help */
int bind_help(lua_State *L);       /* help(x) */

void matrix_open(lua_State *L);    /* each adds its part to the `assay` table at the top */
void matrix_make_open(lua_State *L);
void matrix_file_open(lua_State *L);
void object_open(lua_State *L);
void train_open(lua_State *L);
void experiment_open(lua_State *L);
void run_open(lua_State *L);
void stats_open(lua_State *L);
void plot_open(lua_State *L);
void db_open(lua_State *L);
void artifact_open(lua_State *L);
void random_open(lua_State *L);
void pruner_open(lua_State *L);
void job_open(lua_State *L);
void prune_net_open(lua_State *L);
int db_query(lua_State *L);     /* assay.db */
int pruner_prune(lua_State *L); /* score:prune, solver:prune */

/* The table at `at` (or nil) as "name=value" words for --set; pushes what keeps them alive, and returns how many. */
enum { BIND_SETS_MAX = 64 };
size_t bind_sets(lua_State *L, int at, const char *what, const char *sets[BIND_SETS_MAX]);

/* --- scripts (script.c) ------------------------------------------------------------------------- */

void script_open(lua_State *L);    /* package.path, searcher, load, loadfile, dofile */
/* Forget what was loaded, and look for modules beside this script (NULL: the working directory). */
void script_begin(lua_State *L, const char *path);
/* Push the chunk of a file (text only), remembering the file; raises. */
void script_load(lua_State *L, const char *path);
void script_forget(struct lua_host *h);
/* Push lines first … last (from 1) of a chunk by its source, "@file" or the text itself; "" where they cannot be had. */
void script_push_lines(lua_State *L, const char *source, int first, int last);

/* --- text (text.c) and JSON (json.c) ------------------------------------------------------------- */

struct text { char *s; size_t n, room; }; /* always ends with a zero byte */
struct text *text_push(lua_State *L);     /* a new empty text, owned by a userdata on the stack */
void text_add(struct text *t, const char *s);
void text_add_n(struct text *t, const char *s, size_t n);
void text_format(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Append the canonical JSON of the value at `at`; raises, naming `what`, where a value has none. */
void json_add(lua_State *L, int at, struct text *t, const char *what);
void json_add_object(lua_State *L, int at, struct text *t, const char *what); /* a table, {} even when empty */
void json_add_string(struct text *t, const char *s, size_t n);
void json_push(lua_State *L, const char *json); /* parse; raises on bad text */
void json_open(lua_State *L);

/* Push a deep copy of the table (or any value) at `at`. */
void bind_push_copy(lua_State *L, int at, int depth);

/* --- matrices (matrix.c) ------------------------------------------------------------------------ */

struct lua_matrix { struct mat m; bool read_only; };
/* A new empty matrix on the stack, to be filled: m->m starts as 0 x 0. */
struct lua_matrix *matrix_push(lua_State *L);
struct lua_matrix *matrix_check(lua_State *L, int at);
struct lua_matrix *matrix_test(lua_State *L, int at);
int matrix_take(lua_State *L);   /* methods of matrices that stand in matrix_pick.c */
int matrix_argmax(lua_State *L);
/* Tell the collector about the memory of a matrix just filled. */
void matrix_account(lua_State *L, const struct lua_matrix *m);
void bind_account(lua_State *L, size_t bytes);
enum dtype matrix_type_arg(lua_State *L, int at, enum dtype def);
/* Numbers from a matrix, a list, or a list of lists: pushes a matrix (the same one when it is one). */
struct lua_matrix *matrix_from(lua_State *L, int at, enum dtype type, const char *what);
size_t bind_size_arg(lua_State *L, int at, const char *what, size_t min, size_t max);
/* The same numbers in one packed block: m itself when it is packed, else a copy pushed on the stack. */
const struct mat *matrix_packed(lua_State *L, const struct mat *m);

/* --- objects (object.c) ------------------------------------------------------------------------- */

struct lua_object {
  struct object o;        /* o.method is NULL until it is filled */
  struct dataset *data;   /* of a data object, once loaded */
  struct objective *objective; /* of an objective, once made */
  void *state;            /* of an optimizer or average, once used */
  size_t state_size, state_n, state_rows;
  enum dtype state_type;
  uint64_t steps;         /* updates made with this state */
};
struct lua_object *object_push(lua_State *L);
struct lua_object *object_check(lua_State *L, int at, enum kind kind); /* kind 0: any */
struct lua_object *object_test(lua_State *L, int at);
/* The object of this kind at `at`: an object, or a string that is an id (then a new object replaces it). */
struct lua_object *object_from(lua_State *L, int at, enum kind kind, const char *what);
/* A new object on the stack from an id and a table of parameters (at_params 0: none). */
struct lua_object *object_build(lua_State *L, enum kind kind, const char *id, int at_params);
/* Push a copy of o with the values of the table at `at` on top of its own. */
struct lua_object *object_with(lua_State *L, const struct lua_object *o, int at);
/* All pairs of the table as named values: an array in a userdata on the stack, with all it borrows (object_params.c). */
struct named_value *object_read_params(lua_State *L, int at, const struct method *m, size_t *n);
/* Push the value of one parameter. */
void object_push_param(lua_State *L, const struct param *p, const void *conf);
extern const struct function_row schedule_methods[], optimizer_methods[], average_methods[], selector_methods[], sampler_methods[],
    model_methods[], data_methods[], probe_methods[], bound_methods[], score_methods[], solver_methods[], allocator_methods[],
    restorer_methods[], objective_methods[], minimizer_methods[];
extern const struct function_row bound_math[];    /* what bounds add to assay.math, */
extern const struct function_row schedule_math[]; /* and schedules */
extern const struct function_row ranking_stats[]; /* and rankings (ranking.c) to assay.stats */

/* assay.schedule(f, {steps = T, …}) with the arguments at 1 and 2: the table of what f(t, T) returns; pushed. */
int schedule_tabulate(lua_State *L);
int schedule_add(lua_State *L); /* a + b: one after the other; a * b: multiplied, by a schedule or a number */
int schedule_multiply(lua_State *L);

/* The loaded data of a data object (loads it, or takes it from the host's cache); raises. */
struct dataset *data_get(lua_State *L, struct lua_object *o);
/* The same for C code that may not raise: a reference of the caller's. */
NODISCARD enum status data_share(struct lua_host *h, const struct object *o, struct dataset **out, struct err *e);
/* The function of an objective object (makes it, or takes it from the host's cache); raises. */
struct objective *objective_get(lua_State *L, struct lua_object *o);
void objective_forget(struct lua_host *h); /* the cache */
/* The weights at `at` (a matrix or a list of d numbers) as float64; what holds them stays on the stack. */
const double *objective_weights(lua_State *L, int at, size_t d, const char *what);
/* Push 1 x d zeros, and return their place. */
double *objective_push_weights(lua_State *L, size_t d);
/* A field of data objects (n, d, classes, …): pushes it and returns true, or returns false. */
bool data_field(lua_State *L, struct lua_object *o, const char *key);

/* Keys that assay.train, assay.train_many, one of its replicas, and assay.experiment take; each ends with NULL. */
extern const char *const train_keys[], *const train_many_keys[], *const train_replica_keys[], *const experiment_keys[];

/* --- experiments -------------------------------------------------------------------------------- */

struct train_request; /* train_int.h */
/* If this state is the coroutine of a run, give the request to the scheduler: yields, does not return here. */
bool run_owns(lua_State *L);
/* The run that the code belongs to: its index in the batch, or -1 outside runs. */
long run_current(lua_State *L);
void run_log(struct lua_host *h, long at, const char *key, int64_t step, double value);
void run_progress(struct lua_host *h, long at, double fraction);
void run_note_divergence(struct lua_host *h, long at, const char *message);
void run_add_time(struct lua_host *h, long at, double wall_s, double cpu_s);
int64_t run_seed(struct lua_host *h, long at); /* INT64_MIN: none */
struct rng *run_random(struct lua_host *h, long at); /* the run's own stream; NULL outside runs */

/* Requests at the given addresses (in order) that were yielded by runs: execute them in groups. Each gets its
 * result or its error inside. Never raises a Lua error. */
void train_execute(struct lua_host *h, struct train_request *const *requests, size_t n);
struct train_request *train_request_test(lua_State *L, int at);

#endif
