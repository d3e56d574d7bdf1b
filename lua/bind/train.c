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
       "Train a model; schedule is an object, an id with lr as its peak, or a function of (t, T). Also: loss, optimizer (sgd), "
       "average, selector (which examples of a mini-batch count: chosen), sampler (random-reshuffling), batch (64), batching (an update takes several mini-batches: \"batch-grow\", \"batch-norm-test\"; steps go on counting mini-batches, "
       "updates is how many updates they made), seed, init_seed, order_seed, eval_every, log_every, plan, "
       "keep_weights, until_loss (stop after the first epoch of at most this mean loss), init, mask, layer_rates (factors of the rate: a list, one for each layer that has weights, or by name, {input = 1, hidden = 0.5, "
       "output = 0.1}, or {mup = \"adam\", width = 64}: those that keep the best rate of a net of that width as layers grow), rows (the training examples to use), replace ({at =, by =} a test example, or by_train =), skip_test, keep_losses (those of "
       "mini-batches, every log_every updates: losses), norms (log grad_norm and grad_norm_l1 of their gradients; kept with "
       "keep_losses: norms, norms_l1), keep_evaluations ({step =, val_error =, cost =, …} of each), probe (measured along the way and logged by "
       "name: {\"sharpness\", \"trace\", \"grad_noise\"}, or {top = assay.probe(\"hessian-top\"), sharpness = {rho = 0.1}}, on the weights that are "
       "evaluated, before the first update, every probe_every updates and after the last, always on the same probe_examples training examples; "
       "no part of cost), keep_probes (probes: {step =, sharpness =, …} of each), run, label, diverged (\"ok\": a "
       "result, not a failure). "
       "Returns train_loss, val_loss, val_error, test_loss, test_error, best_…, avg_…, cost, steps, wall_s, cpu_s, diverged, weights "
       "(which remember model, data, loss and start: probes and bounds take the result as their subject)."},
      {"train_many", train_many, "assay.train_many{replicas = {{lr = 0.1}, {lr = 0.2}}, data =, model =, …}",
       "Train several replicas in one call; each may have its own optimizer, schedule, lr, controller, average, selector, init_seed, init, mask, "
       "layer_rates, rows, replace. A list of results as of assay.train. coupled = true: the first is the base of neighbours with one example "
       "replaced; `distances` are those to the base after each of `checkpoints` (numbers of updates)."},
      {0}};
  train_request_open(L);
  train_result_open(L);
  bind_functions(L, rows);
}
