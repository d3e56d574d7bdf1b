/* bound.c: bound:evaluate{…}, and the inverses that bounds rest on in assay.math. */
#include "experiments/bounds/bound.h"

#include <math.h>

#include "experiments/kernel/tail.h"
#include "lua/bind/subject.h"

static void set_number(lua_State *L, const char *key, double v)
{
  lua_pushnumber(L, v);
  lua_setfield(L, -2, key);
}

static void set_text(lua_State *L, const char *key, const char *s)
{
  lua_pushstring(L, s);
  lua_setfield(L, -2, key);
}

static void push_result(lua_State *L, const struct lua_object *o, const struct bound_value *v)
{
  lua_newtable(L);
  set_text(L, "bound", o->o.method->id);
  set_number(L, "value", v->value);
  set_number(L, "log10", v->log_value / M_LN10);
  set_text(L, "of", v->statement == STATEMENT_C ? "measure" : v->on_gap ? "gap" : "risk");
  lua_pushboolean(L, v->vacuous);
  lua_setfield(L, -2, "vacuous");
  set_text(L, "statement", statement_tag(v->statement));
  set_text(L, "claim", statement_claim(v->statement, v->assumptions_checked));
  set_text(L, "meaning", statement_meaning(v->statement));
  if (!isnan(v->low)) {
    set_number(L, "low", v->low);
    set_number(L, "high", v->high);
  }
  lua_newtable(L);
  for (size_t i = 0; i < v->n_terms; i++)
    set_number(L, v->term[i].name, v->term[i].value);
  lua_setfield(L, -2, "terms");
}

/* Split the table at `at`: pushes a copy without its subject, and the subject (nil if there is none). */
static bool split(lua_State *L, int at)
{
  lua_newtable(L);
  for (lua_pushnil(L); lua_next(L, at); lua_pop(L, 1)) {
    lua_pushvalue(L, -2);
    lua_pushvalue(L, -2);
    lua_rawset(L, at + 1);
  }
  bool found = lua_getfield(L, at + 1, "subject") != LUA_TNIL;
  lua_pushnil(L);
  lua_setfield(L, at + 1, "subject");
  return found;
}

/* The part that a bound looks at where none is named: a bound for a fixed hypothesis tests it on the test part. */
static void choose_part(lua_State *L, struct lua_subject *s, const struct method *m)
{
  if (s->part_given || m->statement != STATEMENT_HP_FIXED)
    return;
  s->s.part = &s->s.data->test;
  if (s->s.part->n == 0)
    bind_error(L, "bound \"%s\": data \"%s\" has no test part", m->id, s->s.data->name);
}

static struct bound_input input_of(lua_State *L, struct lua_subject *s)
{
  subject_trim(L);
  return (struct bound_input){.subject = &s->s, .cache = subject_cache(L), .trained = s->trained};
}

/* bound:evaluate([{subject =, n =, delta =, …}]): the same bound with these values on top of its own. */
static int evaluate(lua_State *L)
{
  const struct lua_object *o = object_check(L, 1, KIND_BOUND);
  struct bound_input in = {0};
  struct bound_value v;
  struct err e = {0};
  lua_settop(L, 2);
  if (!lua_isnil(L, 2)) {
    luaL_checktype(L, 2, LUA_TTABLE);
    bool with_subject = split(L, 2);
    o = object_with(L, o, 3);
    if (with_subject) {
      struct lua_subject *s = subject_push(L, 4, "subject");
      choose_part(L, s, o->o.method);
      in = input_of(L, s);
    }
  }
  if (bound_evaluate(&o->o, &bind_host(L)->exec, &in, &v, &e) != STATUS_OK)
    bind_raise(L, &e);
  push_result(L, o, &v);
  return 1;
}

const struct function_row bound_methods[] = {
    {"evaluate", evaluate, "bound:evaluate([{subject =, n =, delta =, …}])",
     "The bound for these inputs: {value =, of = \"risk\", \"gap\" or \"measure\", vacuous =, statement =, claim =, terms =, …}. "
     "The inputs are its parameters. subject = {weights =, model =, data =[, part =, loss =, start =, seed =]} supplies those that are not "
     "given, as the bound's help says; a result of assay.train{keep_weights = true} serves as the weights, or as the whole subject. "
     "part is \"train\", or \"test\" for bounds on a fixed hypothesis. Only where the program has taken and checked everything "
     "itself does the claim say guaranteed."},
    {0}};

/* --- assay.math ----------------------------------------------------------------------------------- */

/* The number at `at`; raises unless it is in [low, high]. */
static double number_in(lua_State *L, int at, const char *what, double low, double high)
{
  double v = luaL_checknumber(L, at);
  if (!(v >= low && v <= high)) {
    if (isinf(high))
      bind_error(L, "%s must be a number >= %g, got %g", what, low, v);
    bind_error(L, "%s must be a number in [%g, %g], got %g", what, low, high, v);
  }
  return v;
}

static int call_kl(lua_State *L)
{
  lua_pushnumber(L, kl_bernoulli(number_in(L, 1, "q", 0, 1), number_in(L, 2, "p", 0, 1)));
  return 1;
}

static int call_kl_inv(lua_State *L)
{
  lua_pushnumber(L, kl_inv(number_in(L, 1, "q", 0, 1), number_in(L, 2, "c", 0, INFINITY)));
  return 1;
}

static int call_kl_inv_lower(lua_State *L)
{
  lua_pushnumber(L, kl_inv_lower(number_in(L, 1, "q", 0, 1), number_in(L, 2, "c", 0, INFINITY)));
  return 1;
}

struct counts { int64_t k, n; };

static struct counts counts_arg(lua_State *L)
{
  struct counts c = {luaL_checkinteger(L, 1), luaL_checkinteger(L, 2)};
  if (c.n < 1 || c.n > BIN_N_MAX)
    bind_error(L, "n must be a whole number in [1, %lld], got %lld", (long long)BIN_N_MAX, (long long)c.n);
  if (c.k < 0 || c.k > c.n)
    bind_error(L, "k must be a whole number in [0, %lld], got %lld", (long long)c.n, (long long)c.k);
  return c;
}

static double delta_arg(lua_State *L)
{
  double delta = luaL_checknumber(L, 3);
  if (!(delta > 0 && delta <= 1))
    bind_error(L, "delta must be a number in (0, 1], got %g", delta);
  return delta;
}

static int call_bin_inv(lua_State *L)
{
  struct counts c = counts_arg(L);
  lua_pushnumber(L, bin_inv(c.k, c.n, delta_arg(L)));
  return 1;
}

static int call_bin_inv_lower(lua_State *L)
{
  struct counts c = counts_arg(L);
  lua_pushnumber(L, bin_inv_lower(c.k, c.n, delta_arg(L)));
  return 1;
}

static int call_bin_inv_log(lua_State *L)
{
  struct counts c = counts_arg(L);
  double log_delta = luaL_checknumber(L, 3);
  if (!(log_delta <= 0))
    bind_error(L, "log_delta must be a number <= 0, got %g", log_delta);
  lua_pushnumber(L, bin_inv_log(c.k, c.n, log_delta));
  return 1;
}

static int call_bin_log_cdf(lua_State *L)
{
  struct counts c = counts_arg(L);
  lua_pushnumber(L, bin_log_cdf(c.k, c.n, number_in(L, 3, "p", 0, 1)));
  return 1;
}

static int call_log_choose(lua_State *L)
{
  double n = number_in(L, 1, "n", 0, INFINITY);
  lua_pushnumber(L, log_choose(n, number_in(L, 2, "k", 0, n)));
  return 1;
}

static int call_kl_gaussian(lua_State *L)
{
  double v[4];
  for (int i = 0; i < 4; i++)
    v[i] = luaL_checknumber(L, i + 1);
  if (!(v[1] > 0 && v[3] > 0))
    bind_error(L, "standard deviations must be numbers > 0, got %g and %g", v[1], v[3]);
  lua_pushnumber(L, kl_gaussian(v[0], v[1], v[2], v[3]));
  return 1;
}

const struct function_row bound_math[] = {
    {"kl", call_kl, "assay.math.kl(q, p)", "Relative entropy of two coins in nats: q ln(q/p) + (1-q) ln((1-q)/(1-p))."},
    {"kl_inv", call_kl_inv, "assay.math.kl_inv(q, c)", "The largest p in [q, 1] with kl(q, p) <= c; never rounded below it."},
    {"kl_inv_lower", call_kl_inv_lower, "assay.math.kl_inv_lower(q, c)",
     "The smallest p in [0, q] with kl(q, p) <= c; never rounded above it."},
    {"bin_inv", call_bin_inv, "assay.math.bin_inv(k, n, delta)",
     "The largest p with P(Bin(n, p) <= k) >= delta: upper limit for an error rate after k errors in n."},
    {"bin_inv_lower", call_bin_inv_lower, "assay.math.bin_inv_lower(k, n, delta)",
     "The smallest p with P(Bin(n, p) >= k) >= delta: lower limit for an error rate."},
    {"bin_inv_log", call_bin_inv_log, "assay.math.bin_inv_log(k, n, log_delta)", "bin_inv for a delta given by its logarithm."},
    {"bin_log_cdf", call_bin_log_cdf, "assay.math.bin_log_cdf(k, n, p)", "ln P(Bin(n, p) <= k)."},
    {"log_choose", call_log_choose, "assay.math.log_choose(n, k)", "ln of the binomial coefficient."},
    {"kl_gaussian", call_kl_gaussian, "assay.math.kl_gaussian(mean_q, sd_q, mean_p, sd_p)",
     "KL of two normal distributions in nats."},
    {0}};
