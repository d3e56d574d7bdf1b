/* obc.c: optimal brain compression: per row the weight that costs least goes first, the others make good its loss exactly,
 * until all are gone; then the rows are compared by what each removal cost (Frantar, Singh and Alistarh 2022).
 *
 * Removing w_q costs w_q^2 / P_qq with P = H^-1 over the survivors, w -= (w_q / P_qq) P_:q, P -= P_:q P_q: / P_qq. Any
 * exact sequence of eliminations ends at the least-squares weights of the survivors, which is how the final weights are
 * computed.
 *
 * All rows start from one inverse. The downdates wait: 64 removals keep their columns v = P_:q / sqrt(P_qq) aside, from which
 * the next column and the diagonal follow, and go into P with one product, P -= V V'; then P shrinks to the survivors. It
 * drifts as it is downdated: P (H 1) = 1 is checked each time, and P made anew from H where that has become inexact. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/blas.h"
#include "experiments/kernel/mem.h"
#include "experiments/kernel/select.h"
#include "experiments/kernel/vec.h"
#include "experiments/pruning/pruning_int.h"

enum { BATCH = 64 }; /* removals that wait */
#define EXACT 1e-9     /* error of P (H 1) = 1 that is always good enough */
#define DRIFT 100      /* else: times that of a new inverse */

struct conf {
  struct prune_common common;
  double damp;
};

static const struct param params[] = {
  PRUNE_COMMON_PARAMS(struct conf, common, PRUNE_LAYER),
  {.id = "damp", .type = PARAM_REAL, .at = offsetof(struct conf, damp), .def = 0, .min = 0, .max = 100,
   .unit = "fraction of mean(diag H)", .doc = "added to the diagonal; a singular H is damped by 1e-6 or more in any case",
   .example = "0.01"},
  {0},
};
static const char *const needs[] = {"gram", NULL};

/* One row in work, compressed to those that survived the last batch. */
struct row {
  const double *a, *inverse, *dense; /* damped H and its inverse (d x d); the row's dense weights */
  double exact, good;          /* error of the inverse: as it was made first; up to which it stays in use */
  size_t d, n;                 /* inputs; survivors of the last batch */
  size_t *at, *columns;        /* n: their columns, and the same again for the work of settle() */
  double *w, *p, *diagonal;    /* n; n x n, without the removals that wait; n, with them */
  double *v;                   /* n x BATCH */
  size_t waiting;
  bool *gone;                  /* n: removed since */
  size_t *group_left;          /* d/m: weights that may still go from each group; NULL: no limit */
  size_t m;
  double *scratch;             /* 2 d d + d */
};

/* Largest error of P (H 1) = 1 over the survivors. */
static double drift(const struct row *r)
{
  double most = 0, *y = r->scratch;
  for (size_t i = 0; i < r->n; i++) {
    const double *h = r->a + r->at[i] * r->d;
    y[i] = 0;
    for (size_t j = 0; j < r->n; j++)
      y[i] += h[r->at[j]];
  }
  for (size_t i = 0; i < r->n; i++) {
    double error = fabs(vec_dot_f64(r->p + i * r->n, y, r->n) - 1);
    most = error > most || isnan(error) ? error : most;
  }
  return most;
}

static void read_diagonal(struct row *r)
{
  for (size_t i = 0; i < r->n; i++)
    r->diagonal[i] = r->p[i * r->n + i];
}

static void mirror(double *p, size_t n)
{
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < i; j++)
      p[j * n + i] = p[i * n + j];
}

/* Exact weights and inverse of the survivors anew. */
static enum status renew(struct row *r, struct err *e)
{
  size_t n = r->n, d = r->d;
  for (size_t i = 0; i < n; i++) {
    const double *h = r->a + r->at[i] * d;
    r->w[i] = vec_dot_f64(h, r->dense, d);
    for (size_t j = 0; j < n; j++)
      r->p[i * n + j] = h[r->at[j]];
  }
  if (blas_potrf_f64(n, r->p, n))
    return err_set(e, STATUS_BAD_DATA, "the Gram matrix of the kept inputs is not positive definite; raise damp");
  prune_back_solve(r->p, n, r->w);
  blas_potri_f64(n, r->p, n);
  mirror(r->p, n);
  r->good = DRIFT * drift(r);
  read_diagonal(r);
  return STATUS_OK;
}

/* Survivors only, of P, weights and columns. */
static void compress(struct row *r)
{
  size_t n = r->n, left = 0;
  for (size_t i = 0; i < n; i++)
    if (!r->gone[i])
      r->at[left++] = i; /* for now where they stand */
  for (size_t i = 0; i < left; i++) {
    r->w[i] = r->w[r->at[i]];
    r->columns[i] = r->columns[r->at[i]];
    for (size_t j = 0; j < left; j++)
      r->p[i * left + j] = r->p[r->at[i] * n + r->at[j]];
  }
  memcpy(r->at, r->columns, left * sizeof *r->at);
  memset(r->gone, 0, left * sizeof *r->gone);
  r->n = left;
}

/* The removals that wait go into P. */
static enum status settle(struct row *r, struct err *e)
{
  blas_gemm_f64(false, true, r->n, r->n, r->waiting, -1, r->v, BATCH, r->v, BATCH, 1, r->p, r->n);
  r->waiting = 0;
  compress(r);
  double error = drift(r);
  if (!(error <= EXACT || error <= r->good))
    return renew(r, e);
  read_diagonal(r);
  return STATUS_OK;
}

/* The survivor that costs least, and its cost; n if there is none, or if an entry of the diagonal has drifted below 0. */
static size_t cheapest(const struct row *r, double *cost)
{
  size_t best = r->n;
  for (size_t i = 0; i < r->n; i++) {
    if (r->gone[i] || (r->group_left && r->group_left[r->at[i] / r->m] == 0))
      continue;
    if (!(r->diagonal[i] > 0))
      return r->n;
    double c = r->w[i] * r->w[i] / r->diagonal[i];
    if (best == r->n || c < *cost) {
      best = i;
      *cost = c;
    }
  }
  return best;
}

/* Take out survivor q: exact update of the weights and the diagonal; the inverse waits. */
static void eliminate(struct row *r, size_t q)
{
  size_t k = r->waiting++;
  const double *pq = r->p + q * r->n, *vq = r->v + q * BATCH;
  double pivot = r->diagonal[q], root = sqrt(pivot), step = r->w[q] / pivot;
  for (size_t i = 0; i < r->n; i++) {
    double *v = r->v + i * BATCH, c = pq[i];
    for (size_t t = 0; t < k; t++)
      c -= v[t] * vq[t];
    c = r->gone[i] ? 0.0 : c;
    r->w[i] -= step * c;
    r->diagonal[i] -= c / pivot * c;
    v[k] = c / root;
  }
  r->w[q] = 0;
  r->gone[q] = true;
  if (r->group_left)
    r->group_left[r->at[q] / r->m]--;
}

static void begin(struct row *r)
{
  r->n = r->d;
  r->waiting = 0;
  r->good = DRIFT * r->exact;
  memcpy(r->p, r->inverse, r->d * r->d * sizeof *r->p);
  for (size_t i = 0; i < r->d; i++) {
    r->at[i] = r->columns[i] = i;
    r->gone[i] = false;
  }
  read_diagonal(r);
}

/* Remove `count` weights, cheapest first: their columns in order[], the cost of each in cost[]. */
static enum status trace(struct row *r, const struct exec *x, size_t count, uint32_t *order, double *cost, struct err *e)
{
  enum status status;
  begin(r);
  memcpy(r->w, r->dense, r->d * sizeof *r->w);
  for (size_t t = 0; t < count; t++) {
    if (r->waiting == BATCH && (status = settle(r, e)))
      return status;
    if (exec_cancelled(x))
      return err_set(e, STATUS_CANCELLED, "cancelled");
    size_t q = cheapest(r, &cost[t]);
    if (q == r->n) { /* drifted */
      if ((status = settle(r, e)) || (status = renew(r, e)))
        return status;
      q = cheapest(r, &cost[t]);
    }
    if (q == r->n)
      return err_set(e, STATUS_BAD_DATA, "the inverse of the Gram matrix is not positive definite; raise damp");
    order[t] = (uint32_t)r->at[q];
    eliminate(r, q);
  }
  return STATUS_OK;
}

/* keep from the traces: each row loses as many of the first in its order as it has among the k cheapest of all. */
static enum status choose(const struct prune_common *c, size_t out, size_t d, size_t count, double sparsity,
                          const uint32_t *order, const double *cost, uint8_t *keep, struct err *e)
{
  void *memory;
  size_t n = out * count;
  if (n > UINT32_MAX)
    return err_set(e, STATUS_UNSUPPORTED, "%zu weights are too many to rank at once (at most 2^32 - 1)", n);
  enum status status = mem_new(&memory, n, sizeof(double) + 1, "the ranking of the weights", e);
  if (status)
    return status;
  uint8_t *stays = (uint8_t *)memory + n * sizeof(double);
  memset(stays, 0, n);
  if (c->compare == PRUNE_LAYER)
    select_lowest_f64(cost, n, prune_count(sparsity, n), memory, stays);
  memset(keep, 1, out * d);
  for (size_t i = 0; i < out; i++) {
    size_t goes = 0;
    for (size_t t = 0; t < count; t++)
      goes += !stays[i * count + t];
    for (size_t t = 0; t < goes; t++)
      keep[i * d + order[i * count + t]] = 0;
  }
  free(memory);
  return STATUS_OK;
}

/* All rows: traces, masks, weights. memory holds the row's arrays. */
static enum status prune_rows(const struct conf *c, const struct exec *x, const struct prune_layer *l, double sparsity,
                              struct row *r, double mean, const double *plain, double damp, double *w, uint8_t *keep,
                              struct err *e)
{
  const struct prune_common *common = &c->common;
  size_t d = l->in, m = r->m, count = common->compare == PRUNE_ROW ? prune_count(sparsity, d) : d;
  if (common->compare == PRUNE_N_OF_M)
    count = d / m * (m - (size_t)common->n);
  void *memory;
  enum status status = mem_new(&memory, l->out * count, sizeof(double) + sizeof(uint32_t), "the order of removal", e);
  if (status)
    return status;
  double *cost = memory, used = 0;
  uint32_t *order = (void *)(cost + l->out * count);
  for (size_t i = 0; i < l->out && status == STATUS_OK; i++) {
    r->dense = w + i * d; /* the dense weights, without dead inputs */
    for (size_t g = 0; r->group_left && g < d / m; g++)
      r->group_left[g] = m - (size_t)common->n;
    status = trace(r, x, count, order + i * count, cost + i * count, e);
  }
  if (status == STATUS_OK)
    status = choose(common, l->out, d, count, sparsity, order, cost, keep, e);
  for (size_t i = 0; i < l->out && status == STATUS_OK; i++)
    status = prune_least_squares(plain, d, mean, damp, w + i * d, keep + i * d, w + i * d, r->scratch, &used, e);
  free(memory);
  return status;
}

/* The inverse that all rows start from, and how exact it is. */
static enum status invert(struct row *r, double *inverse, struct err *e)
{
  memcpy(inverse, r->a, r->d * r->d * sizeof *inverse);
  if (blas_potrf_f64(r->d, inverse, r->d))
    return err_set(e, STATUS_BAD_DATA, "the Gram matrix of the inputs is not positive definite; raise damp");
  blas_potri_f64(r->d, inverse, r->d);
  mirror(inverse, r->d);
  begin(r);
  r->exact = drift(r);
  return STATUS_OK;
}

static enum status solve(const void *conf, const struct exec *x, const struct prune_layer *l, double sparsity, double *w,
                         uint8_t *keep, struct prune_note *note, struct err *e)
{
  const struct conf *c = conf;
  size_t d = l->in;
  void *memory;
  if (c->common.compare == PRUNE_GLOBAL)
    return err_set(e, STATUS_BAD_ARG, "compare must be row, layer or n:m: a solver works on one layer at a time");
  enum status status = mem_new(&memory, d * (6 * d + BATCH + 3), sizeof(double), "inverse Gram matrices", e);
  if (status)
    return status;
  double *plain = memory, *damped = plain + d * d, *inverse = damped + d * d, mean = prune_repaired_gram(l->gram, d, plain);
  struct row r = {.a = damped, .inverse = inverse, .d = d, .p = inverse + d * d, .w = inverse + 2 * d * d, .m = (size_t)c->common.m};
  r.diagonal = r.w + d;
  r.v = r.diagonal + d;
  r.scratch = r.v + d * BATCH; /* 2 d d + d */
  void *flags = NULL;
  if ((status = mem_new(&flags, d, 3 * sizeof(size_t) + sizeof(bool), "the state of a row", e)))
    goto done;
  r.at = (size_t *)flags + d;
  r.columns = r.at + d;
  r.gone = (bool *)(r.columns + d);
  r.group_left = c->common.compare == PRUNE_N_OF_M ? flags : NULL;
  double needed = c->damp;
  if ((status = prune_factor(plain, d, mean, c->damp, damped, &needed, e)))
    goto done;
  note->damp = needed;
  memcpy(damped, plain, d * d * sizeof *damped);
  for (size_t j = 0; j < d; j++)
    damped[j * d + j] += needed * mean;
  if ((status = invert(&r, inverse, e)))
    goto done;
  for (size_t i = 0; i < l->out * d; i++)
    w[i] = l->gram[i % d * d + i % d] == 0 ? 0.0 : l->w[i];
  status = prune_rows(c, x, l, sparsity, &r, mean, plain, needed, w, keep, e);
done:
  free(flags);
  free(memory);
  return status;
}

const struct solver solver_obc = {
  .m = {.kind = KIND_SOLVER,
        .id = "obc",
        .name = "Optimal brain compression",
        .summary = "greedy per row: remove the weight that costs least and update the others exactly",
        .formula = "cost_q = w_q^2 / [H^-1]_qq;  w -= (w_q / [H^-1]_qq) H^-1_:q;\n"
                   "H^-1 -= H^-1_:q H^-1_q: / [H^-1]_qq",
        .cite = "Frantar, Singh, Alistarh 2022, Optimal brain compression: a framework for accurate post-training quantization "
                "and pruning",
        .notes = "About out * in^3 operations: for in up to about 1024. compare = layer ranks the costs of all rows' removals; "
                 "a row then loses as many as it has among the cheapest, in its own order. A singular H is damped, and the "
                 "damping used is reported.",
        .example = "assay.solver(\"obc\", {sparsity = 0.5})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .needs = needs,
        .resolve = prune_resolve},
  .solve = solve,
};
