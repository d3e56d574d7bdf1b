/* stats.c: assay.stats and assay.math: statistics of lists (or matrices) of numbers, over kernel/stats.h. */
#include "experiments/kernel/stats.h"

#include <string.h>

#include "experiments/kernel/vec.h"
#include "lua/bind/bind.h"

/* Numbers of a list or matrix in one block: borrowed from a value left on the stack. */
struct numbers { const double *v; size_t n; };

static struct numbers numbers_arg(lua_State *L, int at, const char *what)
{
  const struct lua_matrix *m = matrix_from(L, at, DTYPE_F64, what);
  if (m->m.type == DTYPE_F64) {
    const struct mat *p = matrix_packed(L, &m->m);
    return (struct numbers){p->data, p->rows * p->cols};
  }
  struct lua_matrix *wide = matrix_push(L);
  struct err e = {0};
  if (mat_copy(&wide->m, &m->m, DTYPE_F64, &e) != STATUS_OK)
    bind_raise(L, &e);
  return (struct numbers){wide->m.data, wide->m.rows * wide->m.cols};
}

/* Two lists of equal length. */
static void pair_args(lua_State *L, struct numbers *x, struct numbers *y)
{
  *x = numbers_arg(L, 1, "x");
  *y = numbers_arg(L, 2, "y");
  if (x->n != y->n)
    bind_error(L, "x and y must have equally many numbers, got %zu and %zu", x->n, y->n);
}

static double level_arg(lua_State *L, int at) { return lua_isnoneornil(L, at) ? 0.95 : luaL_checknumber(L, at); }

static void check(lua_State *L, enum status status, const struct err *e)
{
  if (status != STATUS_OK)
    bind_raise(L, e);
}

static void set_number(lua_State *L, const char *key, double v)
{
  lua_pushnumber(L, v);
  lua_setfield(L, -2, key);
}

static void set_interval(lua_State *L, const struct interval *i)
{
  set_number(L, "low", i->low);
  set_number(L, "high", i->high);
}

/* A statistic of one list. */
static int push_statistic(lua_State *L, enum status (*statistic)(const double *x, size_t n, double *out, struct err *e))
{
  struct err e = {0};
  struct numbers x = numbers_arg(L, 1, "x");
  double out = 0;
  check(L, statistic(x.v, x.n, &out, &e), &e);
  lua_pushnumber(L, out);
  return 1;
}

static int stats_call_mean(lua_State *L) { return push_statistic(L, stats_mean); }
static int stats_call_sd(lua_State *L) { return push_statistic(L, stats_sd); }
static int stats_call_median(lua_State *L) { return push_statistic(L, stats_median); }

static int stats_call_quantile(lua_State *L)
{
  struct err e = {0};
  double q = luaL_checknumber(L, 2), out = 0;
  struct numbers x = numbers_arg(L, 1, "x");
  check(L, stats_quantile(x.v, x.n, q, &out, &e), &e);
  lua_pushnumber(L, out);
  return 1;
}

static int stats_call_hill(lua_State *L)
{
  struct err e = {0};
  lua_Integer k = luaL_checkinteger(L, 2);
  struct numbers x = numbers_arg(L, 1, "x");
  double out = 0;
  check(L, stats_hill(x.v, x.n, k > 0 ? (size_t)k : 0, &out, &e), &e);
  lua_pushnumber(L, out);
  return 1;
}

/* Two numbers: the ends of an interval. */
static int push_ends(lua_State *L, const struct interval *i)
{
  lua_pushnumber(L, i->low);
  lua_pushnumber(L, i->high);
  return 2;
}

static int stats_call_ci(lua_State *L)
{
  struct err e = {0};
  double level = level_arg(L, 2);
  struct numbers x = numbers_arg(L, 1, "x");
  struct interval out = {0};
  check(L, stats_mean_interval(x.v, x.n, level, &out, &e), &e);
  return push_ends(L, &out);
}

/* stats.bootstrap(x[, {level =, resamples =, seed =, kind = "bca"}]) */
static int stats_call_bootstrap(lua_State *L)
{
  static const char *const keys[] = {"level", "resamples", "seed", "kind", NULL};
  struct err e = {0};
  double level = 0.95;
  lua_Integer resamples = 10000, seed = 0;
  enum stats_bootstrap kind = STATS_BCA;
  lua_settop(L, 2);
  if (!lua_isnil(L, 2)) {
    luaL_checktype(L, 2, LUA_TTABLE);
    bind_check_keys(L, 2, "bootstrap", keys);
    lua_getfield(L, 2, "level");
    level = level_arg(L, -1);
    lua_getfield(L, 2, "resamples");
    resamples = luaL_optinteger(L, -1, resamples);
    lua_getfield(L, 2, "seed");
    seed = luaL_optinteger(L, -1, seed);
    lua_getfield(L, 2, "kind");
    const char *word = luaL_optstring(L, -1, "bca");
    if (strcmp(word, "bca") != 0 && strcmp(word, "percentile") != 0)
      bind_error(L, "bootstrap: kind must be \"bca\" or \"percentile\", got \"%s\"", word);
    kind = !strcmp(word, "bca") ? STATS_BCA : STATS_PERCENTILE;
  }
  if (resamples < 0)
    bind_error(L, "bootstrap: resamples must not be negative, got %lld", (long long)resamples);
  struct numbers x = numbers_arg(L, 1, "x");
  struct interval out = {0};
  check(L, stats_bootstrap_mean(&bind_host(L)->exec, x.v, x.n, kind, level, (size_t)resamples, (uint64_t)seed, &out, &e), &e);
  return push_ends(L, &out);
}

static int stats_call_paired_t(lua_State *L)
{
  struct err e = {0};
  struct numbers x, y;
  struct stats_t_test t = {0};
  double level = level_arg(L, 3);
  pair_args(L, &x, &y);
  check(L, stats_paired_t(x.v, y.v, x.n, level, &t, &e), &e);
  lua_newtable(L);
  set_number(L, "mean", t.mean_difference);
  set_number(L, "t", t.t);
  set_number(L, "df", t.df);
  set_number(L, "p", t.p);
  set_interval(L, &t.interval);
  return 1;
}

static int stats_call_wilcoxon(lua_State *L)
{
  struct err e = {0};
  struct numbers x, y;
  struct stats_wilcoxon w = {0};
  pair_args(L, &x, &y);
  check(L, stats_wilcoxon(x.v, y.v, x.n, &w, &e), &e);
  lua_newtable(L);
  set_number(L, "w_plus", w.w_plus);
  set_number(L, "w_minus", w.w_minus);
  set_number(L, "p", w.p);
  lua_pushinteger(L, (lua_Integer)w.used);
  lua_setfield(L, -2, "used");
  lua_pushinteger(L, (lua_Integer)w.zeros);
  lua_setfield(L, -2, "zeros");
  lua_pushboolean(L, w.exact);
  lua_setfield(L, -2, "exact");
  return 1;
}

static void push_list(lua_State *L, const double *v, size_t n)
{
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    lua_pushnumber(L, v[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

static int stats_call_holm(lua_State *L)
{
  struct err e = {0};
  struct numbers p = numbers_arg(L, 1, "p");
  double *adjusted = lua_newuserdatauv(L, (p.n + 1) * sizeof *adjusted, 0);
  check(L, stats_holm(p.v, p.n, adjusted, &e), &e);
  push_list(L, adjusted, p.n);
  return 1;
}

static int stats_call_ranks(lua_State *L)
{
  struct err e = {0};
  struct numbers x = numbers_arg(L, 1, "x");
  double *rank = lua_newuserdatauv(L, (x.n + 1) * sizeof *rank, 0);
  check(L, stats_ranks(x.v, x.n, rank, NULL, &e), &e);
  push_list(L, rank, x.n);
  return 1;
}

static int stats_call_kendall(lua_State *L)
{
  struct err e = {0};
  struct numbers x, y;
  struct stats_kendall k = {0};
  double level = level_arg(L, 3);
  pair_args(L, &x, &y);
  check(L, stats_kendall(x.v, y.v, x.n, level, &k, &e), &e);
  lua_newtable(L);
  set_number(L, "tau", k.tau);
  set_number(L, "p", k.p);
  lua_pushboolean(L, k.exact);
  lua_setfield(L, -2, "exact");
  set_interval(L, &k.interval);
  return 1;
}

static int stats_call_spearman(lua_State *L)
{
  struct err e = {0};
  struct numbers x, y;
  struct stats_spearman s = {0};
  pair_args(L, &x, &y);
  check(L, stats_spearman(x.v, y.v, x.n, &s, &e), &e);
  lua_newtable(L);
  set_number(L, "rho", s.rho);
  set_number(L, "p", s.p);
  lua_pushboolean(L, s.exact);
  lua_setfield(L, -2, "exact");
  return 1;
}

static int math_logsumexp(lua_State *L)
{
  struct numbers x = numbers_arg(L, 1, "x");
  lua_pushnumber(L, logsumexp_f64(x.v, x.n));
  return 1;
}

static int math_softmax(lua_State *L)
{
  struct numbers x = numbers_arg(L, 1, "x");
  double *p = lua_newuserdatauv(L, (x.n + 1) * sizeof *p, 0);
  softmax_f64(x.v, p, x.n);
  push_list(L, p, x.n);
  return 1;
}

void stats_open(lua_State *L)
{
  static const struct function_row stats[] = {
      {"mean", stats_call_mean, "assay.stats.mean(x)", "Arithmetic mean of a list or matrix."},
      {"sd", stats_call_sd, "assay.stats.sd(x)", "Standard deviation, divisor n - 1."},
      {"median", stats_call_median, "assay.stats.median(x)", "Median."},
      {"quantile", stats_call_quantile, "assay.stats.quantile(x, q)", "Quantile q in [0, 1] (type 7, as R and NumPy)."},
      {"hill", stats_call_hill, "assay.stats.hill(x, k)", "Hill's tail index from the k largest values (5 % to 10 % of them is usual)."},
      {"ci", stats_call_ci, "assay.stats.ci(x[, level])", "Student's t interval of the mean: low, high; level 0.95."},
      {"bootstrap", stats_call_bootstrap, "assay.stats.bootstrap(x[, {level =, resamples =, seed =, kind =}])",
       "Bootstrap interval of the mean: low, high; kind \"bca\" (default) or \"percentile\"."},
      {"paired_t", stats_call_paired_t, "assay.stats.paired_t(x, y[, level])",
       "Paired t test: {mean = of x - y, t =, df =, p =, low =, high =}."},
      {"wilcoxon", stats_call_wilcoxon, "assay.stats.wilcoxon(x, y)", "Signed-rank test: {w_plus =, w_minus =, used =, zeros =, p =, exact =}."},
      {"holm", stats_call_holm, "assay.stats.holm(p)", "Holm's adjustment of p-values, a list."},
      {"ranks", stats_call_ranks, "assay.stats.ranks(x)", "Ranks from 1, ties sharing the average."},
      {"kendall", stats_call_kendall, "assay.stats.kendall(x, y[, level])", "Kendall's tau-b: {tau =, p =, exact =, low =, high =}."},
      {"spearman", stats_call_spearman, "assay.stats.spearman(x, y)", "Spearman's rho: {rho =, p =, exact =}."},
      {0}};
  static const struct function_row math[] = {
      {"logsumexp", math_logsumexp, "assay.math.logsumexp(x)", "log of the sum of exponentials, without overflow."},
      {"softmax", math_softmax, "assay.math.softmax(x)", "exp(x) / sum exp(x) as a list, without overflow."},
      {0}};
  lua_newtable(L);
  bind_functions(L, stats);
  bind_functions(L, ranking_stats);
  lua_setfield(L, -2, "stats");
  lua_newtable(L);
  bind_functions(L, math);
  bind_functions(L, bound_math);
  bind_functions(L, schedule_math);
  lua_setfield(L, -2, "math");
}
