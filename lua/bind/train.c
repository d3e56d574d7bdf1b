/* train.c: assay.train and assay.train_many: read the request, have it executed, return its results.
 *
 * Inside a run of an experiment the request is yielded to the scheduler (run.c), which gathers the requests of all
 * runs in hand and executes them together (train_execute.c). Elsewhere it is executed at once. */
#include "lua/bind/train_int.h"

/* What went wrong with a request, if anything: its own status, then its replicas'. */
static enum status failure(const struct train_request *r, const struct err **e)
{
  *e = &r->error;
  if (r->status != STATUS_OK)
    return r->status;
  for (size_t i = 0; i < r->n; i++)
    if (r->result[i].status != STATUS_OK && r->result[i].status != STATUS_DIVERGED) {
      *e = &r->result[i].error;
      return r->result[i].status;
    }
  return STATUS_OK;
}

/* The request (index 2) has been executed: push its results, or raise. */
static int finish(lua_State *L, int status, lua_KContext context)
{
  (void)status;
  (void)context;
  const struct train_request *r = lua_touserdata(L, 2);
  struct lua_host *h = bind_host(L);
  const struct err *e;
  long run = run_current(L);
  if (failure(r, &e) != STATUS_OK)
    bind_raise(L, e);
  for (size_t i = 0; i < r->n; i++) {
    run_add_time(h, run, r->result[i].wall_s, r->result[i].cpu_s);
    if (r->result[i].status == STATUS_DIVERGED && !r->diverged_ok)
      run_note_divergence(h, run, r->result[i].error.message);
  }
  if (!r->many) {
    train_result_push(L, r, 0);
    return 1;
  }
  lua_createtable(L, (int)r->n, 0);
  for (size_t i = 0; i < r->n; i++) {
    train_result_push(L, r, i);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

static int train(lua_State *L, bool many)
{
  struct train_request *r = train_request_push(L, many);
  if (run_owns(L)) {
    lua_pushvalue(L, 2);
    return lua_yieldk(L, 1, 0, finish);
  }
  struct train_request *one[] = {r};
  train_execute(bind_host(L), one, 1);
  return finish(L, LUA_OK, 0);
}

static int train_single(lua_State *L) { return train(L, false); }
static int train_many(lua_State *L) { return train(L, true); }

void train_open(lua_State *L)
{
  static const struct function_row rows[] = {
      {"train", train_single,
       "assay.train{data =, model =, steps = or epochs =, schedule = or lr = or controller =, …}",
       "Train a model. Returns train_loss, val_loss, val_error, test_loss, test_error, best_…, avg_…, cost, steps, wall_s, cpu_s, diverged, "
       "weights (which remember model, data, loss and start: probes and bounds take the result as their subject). What it takes, "
       "with defaults in parentheses:"},
      {"train_many", train_many, "assay.train_many{replicas = {{lr = 0.1}, {lr = 0.2}}, data =, model =, …}",
       "Train several replicas in one call; each may have its own optimizer, schedule, lr, controller, average, selector, init_seed, init, mask, "
       "layer_rates, rows, replace. A list of results as of assay.train. coupled = true: the first is the base of neighbours with one example "
       "replaced; `distances` are those to the base after each of `checkpoints` (numbers of updates). What it takes:"},
      {0}};
  train_request_open(L);
  train_result_open(L);
  bind_functions(L, rows);
}
