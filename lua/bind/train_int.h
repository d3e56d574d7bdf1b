/* train_int.h: what the files of assay.train share: train.c (the Lua functions), train_request.c (a table of settings
 * becomes a request), train_setting.c (one setting), train_group.c (what its replicas share), train_replica.c (what each
 * has for itself), train_execute.c (requests become calls of the engine), train_result.c (what Lua gets back). */
#ifndef ASSAY_LUA_TRAIN_INT_H
#define ASSAY_LUA_TRAIN_INT_H

#include "experiments/probe/along.h"
#include "experiments/registry.h"
#include "experiments/train/train.h"
#include "lua/bind/bind.h"

/* One evaluation on the validation part, by enum train_metric; NaN where it was not reported. */
struct evaluation {
  uint64_t step;
  double of[TRAIN_METRICS];
};

struct series { /* one number at every log_every updates; v NULL: not kept */
  double *v;
  size_t n;
};

/* One number that a probe gave; the look after `step` updates. */
struct looked { uint64_t step; char *name; double value; };

struct looks { /* of one replica */
  struct along along;
  bool kept;        /* the result has them */
  struct looked *v; /* n of them, owned */
  size_t n;
};

struct replica_parts { /* what a replica owns; struct train_replica borrows it */
  struct object optimizer, schedule, controller, average, selector, batching;
  uint32_t *rows;
  struct series loss, norm, norm_l1; /* of the mini-batches and their gradients */
  struct evaluation *evaluation; /* where they are kept */
  size_t n_evaluations, evaluations_room;
  struct looks looks;
  float *init;
  uint8_t *mask;
  double *layer_rates;
};

struct train_request {
  struct train_group group; /* points to the objects below */
  struct object model, loss, sampler;
  struct dataset *data;
  struct net net;
  size_t n;
  struct train_replica *replica;
  struct replica_parts *parts;
  struct train_result *result;
  uint64_t *checkpoints; /* what group borrows */
  struct along_entry *probe; /* probes along the training, by name */
  size_t n_probes, probe_examples;
  uint64_t probe_seed;
  bool many;         /* assay.train_many: a list of results */
  bool diverged_ok;  /* divergence is a result for this script, not a failure */
  long run;          /* index in the batch of runs; -1: not logged */
  char *label;       /* "teacher": metrics are logged as teacher/loss; NULL: none */
  enum status status;
  struct err error;
};

/* --- one setting (train_setting.c); a wrong type or range raises an error that names the key ------- */

/* Settings are looked up in the replica's own table first (0: none), then in the common one. */
struct train_settings { int common, own; };

/* Push the value of a key; returns its type. */
int train_setting(lua_State *L, const struct train_settings *s, const char *key);
/* Copy the object under a key into *out (an id string makes one); false if there is none and no default. */
bool train_setting_object(lua_State *L, const struct train_settings *s, const char *key, enum kind kind, const char *def,
                          struct object *out);
/* A whole number >= min, a number, true or false; without the key def, or false. */
int64_t train_setting_integer(lua_State *L, const struct train_settings *s, const char *key, int64_t min, int64_t def);
double train_setting_real(lua_State *L, const struct train_settings *s, const char *key, double def);
bool train_setting_bool(lua_State *L, const struct train_settings *s, const char *key);
/* The seed of everything: given, else the run's own, else 0. */
int64_t train_setting_seed(lua_State *L, const struct train_settings *s);

/* --- a request ------------------------------------------------------------------------------------- */

/* The request that the table at index 1 describes; pushed as index 2. */
struct train_request *train_request_push(lua_State *L, bool many);
/* Its parts: all but replicas, parts and results; then those of replica i, for which there is room. */
void train_read_group(lua_State *L, const struct train_settings *s, struct train_request *r);
void train_read_replica(lua_State *L, const struct train_settings *s, struct train_request *r, size_t i);
/* Push the training examples (from 1) that a replica uses, as one matrix; NULL: all, and what was pushed is nil. */
const struct mat *train_rows_push(lua_State *L, const struct train_settings *s);

/* layer_rates: a factor of the rate for each layer of the net, owned by the parts; NULL: not given (train_layers.c). */
void train_read_layers(lua_State *L, const struct train_settings *s, const struct train_request *r, struct replica_parts *p);

/* --- probes along a training (train_probe.c) --------------------------------------------------------- */

/* probe, probe_every, probe_examples of the group; then what replica i looks at, once its rows are read. */
void train_read_probes(lua_State *L, const struct train_settings *s, struct train_request *r);
void train_read_looks(lua_State *L, const struct train_settings *s, struct train_request *r, size_t i);
/* Look at the weights of replica i after `step` updates, keep what is kept and log what is logged. */
NODISCARD enum status train_look(struct lua_host *h, struct train_request *r, size_t i, uint64_t step, const struct net *net,
                                 const float *w, struct err *e);
/* Set the field `probes` of the table at the top. */
void train_set_looks(lua_State *L, const struct replica_parts *p);
void train_free_probes(struct train_request *r);
void train_forget_looks(struct looks *l); /* for another training of the same request */

/* A number of replica i for its run: under the request's label, if it has one. */
void train_log(struct lua_host *h, const struct train_request *r, const char *name, uint64_t step, double value);

/* Push the table of results of replica i, which has been trained. */
void train_result_push(lua_State *L, const struct train_request *r, size_t i);

/* Metatables. */
void train_request_open(lua_State *L);
void train_result_open(lua_State *L);

#endif
