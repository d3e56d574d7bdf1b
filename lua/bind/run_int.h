/* run_int.h: the runs in hand, for run.c (what scripts and other files see of them) and run_batch.c (executing them). */
#ifndef ASSAY_LUA_RUN_INT_H
#define ASSAY_LUA_RUN_INT_H

#include "experiments/kernel/rng.h"
#include "lua/bind/experiment_int.h"

struct one_run {
  size_t run;                    /* index in the experiment */
  lua_State *co;                 /* NULL before the start */
  struct train_request *request; /* what it waits for; lives on its stack */
  bool started, ended;
  char *diverged;                /* message of a training that diverged, when the script did not expect it */
  double wall_s, cpu_s;
  struct rng random;             /* of math.random */
};

struct batch_of_runs {
  struct lua_experiment *x;
  const struct run_sink *sink;
  struct one_run *run;
  size_t n;
  long current; /* index of the run whose code runs; -1: none */
  unsigned serial;
};

struct lua_run { unsigned serial; size_t at; }; /* userdata: `run` in the script */

/* Send the value at the top as a result; returns false for what cannot be one (a matrix). */
bool run_send_result(lua_State *L, const struct batch_of_runs *b, size_t at, const char *key);
/* A message for whoever watches. */
void run_say(const struct batch_of_runs *b, size_t at, const char *s);

#endif
