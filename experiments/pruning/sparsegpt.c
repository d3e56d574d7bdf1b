/* sparsegpt.c: columns from left to right; what a removed weight cost is made good by the columns to its right (Frantar and
 * Alistarh 2023). With J the reversal and J H J = L L', U = J L^-1 J is the upper factor with U'U = H^-1: one Cholesky
 * factor and one triangular inverse, no explicit H^-1. Inside a block each row is done alone, in cache; what the block does
 * to all later columns is one product. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/blas.h"
#include "experiments/kernel/mem.h"
#include "experiments/pruning/pruning_int.h"

struct conf {
  struct prune_common common;
  double damp;
  int64_t block;
};

static const struct param params[] = {
  PRUNE_COMMON_PARAMS(struct conf, common, PRUNE_LAYER),
  {.id = "damp", .type = PARAM_REAL, .at = offsetof(struct conf, damp), .def = 0.01, .min = 0, .max = 100,
   .flags = PARAM_TUNED, .unit = "fraction of mean(diag H)", .doc = "added to the diagonal of H", .example = "0.01"},
  {.id = "block", .type = PARAM_INT, .at = offsetof(struct conf, block), .def = 128, .min = 1, .max = 65536,
   .unit = "columns", .doc = "columns that are ranked together and whose effect on later ones is applied at once",
   .example = "128"},
  {0},
};
static const char *const needs[] = {"gram", NULL};

/* a = J a J in place */
static void reverse(double *a, size_t d)
{
  for (size_t i = 0, j = d * d; i + 1 < j; i++) {
    double t = a[i];
    a[i] = a[--j];
    a[j] = t;
  }
}

/* Upper U with U'U = (H + damp)^-1 in u; its lower triangle is 0. */
static enum status inverse_factor(const double *gram, size_t d, double damp, double *a, double *u, double *used, struct err *e)
{
  double mean = prune_repaired_gram(gram, d, a);
  reverse(a, d);
  enum status status = prune_factor(a, d, mean, damp, u, used, e);
  if (status)
    return status;
  if (blas_trtri_f64(d, u, d))
    return err_set(e, STATUS_BAD_DATA, "the factor of the Gram matrix has no inverse");
  for (size_t i = 0; i < d; i++)
    for (size_t j = i + 1; j < d; j++)
      u[i * d + j] = 0;
  reverse(u, d);
  return STATUS_OK;
}

/* The mask of columns [at, end) of all rows, so that the counts up to each block add up to the exact ones. score: out x
 * (end - at). */
static enum status choose_block(const struct prune_common *c, const struct prune_layer *l, double sparsity, const double *w,
                                const double *u, size_t at, size_t end, double *score, uint8_t *block_keep, uint8_t *keep,
                                struct err *e)
{
  size_t d = l->in, width = end - at, rows = c->compare == PRUNE_ROW ? 1 : l->out;
  for (size_t i = 0; i < l->out; i++)
    for (size_t j = at; j < end; j++) {
      double s = w[i * d + j] / u[j * d + j];
      score[i * width + j - at] = s * s;
    }
  size_t k = prune_count(sparsity, rows * end) - prune_count(sparsity, rows * at);
  double part = (double)k / (double)(rows * width); /* comes back as exactly k */
  enum status status = prune_choose(c, score, l->out, width, part, block_keep, e);
  for (size_t i = 0; i < l->out && status == STATUS_OK; i++)
    memcpy(keep + i * d + at, block_keep + i * width, width);
  return status;
}

/* n:m: the mask of the group of columns from j on, of one row, with the weights as they are now. */
static void choose_group(const struct prune_common *c, const double *w, const double *u, size_t d, size_t j, double *score,
                         uint8_t *keep)
{
  for (size_t t = 0; t < (size_t)c->m; t++) {
    double s = w[j + t] / u[(j + t) * d + j + t];
    score[t] = s * s;
  }
  prune_choose_groups(score, 1, (size_t)c->n, (size_t)c->m, keep + j);
}

/* One row through columns [at, end); error[j - at] = what went, over U_jj. */
static void prune_row(const struct prune_common *c, double *w, const double *u, size_t d, size_t at, size_t end, double *error,
                      double *score, uint8_t *keep)
{
  for (size_t j = at; j < end; j++) {
    const double *row = u + j * d;
    if (c->compare == PRUNE_N_OF_M && j % (size_t)c->m == 0)
      choose_group(c, w, u, d, j, score, keep);
    double lost = keep[j] ? 0.0 : w[j] / row[j];
    error[j - at] = lost;
    if (keep[j])
      continue;
    for (size_t t = j + 1; t < end; t++)
      w[t] -= lost * row[t];
    w[j] = 0;
  }
}

struct work { double *a, *u, *error, *score; uint8_t *keep; };

static enum status run_blocks(const struct conf *c, const struct exec *x, const struct prune_layer *l, double sparsity,
                              double *w, uint8_t *keep, const struct work *k, size_t block, struct err *e)
{
  size_t d = l->in;
  enum status status = STATUS_OK;
  for (size_t at = 0; at < d && status == STATUS_OK; at += block) {
    size_t end = at + block < d ? at + block : d, width = end - at;
    if (c->common.compare != PRUNE_N_OF_M)
      status = choose_block(&c->common, l, sparsity, w, k->u, at, end, k->score, k->keep, keep, e);
    for (size_t i = 0; i < l->out && status == STATUS_OK; i++)
      prune_row(&c->common, w + i * d, k->u, d, at, end, k->error + i * width, k->score, keep + i * d);
    if (end < d && status == STATUS_OK)
      blas_gemm_f64(false, false, l->out, d - end, width, -1.0, k->error, width, k->u + at * d + end, d, 1.0, w + end, d);
    if (exec_cancelled(x) && status == STATUS_OK)
      status = err_set(e, STATUS_CANCELLED, "cancelled");
  }
  return status;
}

static enum status solve(const void *conf, const struct exec *x, const struct prune_layer *l, double sparsity, double *w,
                         uint8_t *keep, struct prune_note *note, struct err *e)
{
  const struct conf *c = conf;
  size_t d = l->in, block = (size_t)c->block < d ? (size_t)c->block : d;
  void *memory;
  if (c->common.compare == PRUNE_GLOBAL)
    return err_set(e, STATUS_BAD_ARG, "compare must be row, layer or n:m: a solver works on one layer at a time");
  if (c->common.compare == PRUNE_N_OF_M) /* groups do not straddle blocks */
    block = round_up(block, (size_t)c->common.m) < d ? round_up(block, (size_t)c->common.m) : d;
  size_t scores = l->out * block > (size_t)c->common.m ? l->out * block : (size_t)c->common.m;
  enum status status = mem_new(&memory, 2 * d * d + l->out * block + 2 * scores, sizeof(double), "factors of H", e);
  if (status)
    return status;
  struct work k = {.a = memory};
  k.u = k.a + d * d;
  k.error = k.u + d * d;
  k.score = k.error + l->out * block;
  k.keep = (uint8_t *)(k.score + scores);
  if ((status = inverse_factor(l->gram, d, c->damp, k.a, k.u, &note->damp, e)))
    goto done;
  for (size_t i = 0; i < l->out; i++)
    for (size_t j = 0; j < d; j++)
      w[i * d + j] = l->gram[j * d + j] == 0 ? 0.0 : l->w[i * d + j];
  status = run_blocks(c, x, l, sparsity, w, keep, &k, block, e);
done:
  free(memory);
  return status;
}

const struct solver solver_sparsegpt = {
  .m = {.kind = KIND_SOLVER,
        .id = "sparsegpt",
        .name = "SparseGPT",
        .summary = "removes weights column by column; the columns to the right make good what each removal cost",
        .formula = "U upper, U'U = H^-1; in a block: remove the lowest W_ij^2 / U_jj^2, then for each column j\n"
                   "e = (removed w_j) / U_jj;  W[:, j+1..] -= e U[j, j+1..]",
        .cite = "Frantar, Alistarh 2023, SparseGPT: massive language models can be accurately pruned in one-shot",
        .notes = "Masks are not nested in the sparsity. The result depends on the order of the columns and on block. A "
                 "singular H is damped more, and the damping used is reported. compare = row ranks inside the rows of a "
                 "block (not in the paper).",
        .example = "assay.solver(\"sparsegpt\", {sparsity = 0.5, damp = 0.01})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .needs = needs,
        .resolve = prune_resolve},
  .solve = solve,
};
