/* sparsegpt.c: columns from left to right; what a removed weight cost is made good by the columns to its right (Frantar and
 * Alistarh 2023).
 *
 * The paper takes e_j = (removed w_j) / U_jj from each column j and subtracts e_j U_jt from the later ones, with U'U = H^-1.
 * With T = U^-1 (cholesky.h) and M = new W - old W, E = -M T: summing S_t = -sum_(j < t) M_j T_jt over the columns already done
 * says what column t would become, W_t + S_t / T_tt, without any inverse: half the work. All columns of a block at once, as
 * the ranking wants them, are the triangular solve X T_block = S.
 *
 * M and S are kept in panels of 24 rows, one column after the other, so that each step is one of the tiles of tile.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/cholesky.h"
#include "experiments/kernel/mem.h"
#include "experiments/kernel/tile.h"
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

enum {
  ROWS = TILE_F64, /* rows of a panel */
  PIECE = 128,     /* columns of one call of a tile */
  STEP = 32        /* columns after which the rest of a block is brought up to date by tiles */
};

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

struct run {
  const struct tile *tile;
  const struct prune_common *common;
  size_t out, d, at, end, tall; /* columns [at, end) in work; tall: their number, rounded up to whole tiles */
  double *w;                    /* out x d: the old weights, from the left on the new ones */
  uint8_t *keep;                /* out x d */
  double *t;                    /* d x d: T */
  double *columns;              /* T of the block's columns: tiles of 8, [end][8] each */
  double *moved;                /* M: panels of [d][24] */
  double *sum;                  /* S of the block: panels of [tall][24] */
  double *block;                /* weights of the block: panels of [tall][24] */
  double *x;                    /* 2 x [tall][24]: scratch of one panel */
  uint64_t *stays;              /* [tall][24]: the mask of one panel, all bits 1 or 0 */
  double *score;                /* out x (end - at) */
  uint8_t *block_keep;          /* likewise */
};

/* --- T and S ---------------------------------------------------------------------------------------- */

static void pack_columns(const struct run *r)
{
  for (size_t j = 0; j < r->tall; j += TILE_ROWS) {
    double *tile = r->columns + j * r->end;
    size_t n = smaller(TILE_ROWS, r->end - r->at - j);
    for (size_t i = 0; i < r->end; i++)
      for (size_t c = 0; c < TILE_ROWS; c++)
        tile[i * TILE_ROWS + c] = c < n ? r->t[i * r->d + r->at + j + c] : 0.0;
  }
}

/* sum -= M T: the part of `n` columns of M from column i on in the block's columns from j on (j a multiple of 8). */
static void subtract(const struct run *r, size_t i, size_t n, const double *moved, size_t j, double *sum)
{
  for (; j < r->tall; j += TILE_ROWS)
    r->tile->sub_f64(n, r->columns + j * r->end + i * TILE_ROWS, TILE_ROWS, moved, sum + j * ROWS, ROWS);
}

/* S of the block over the columns before it, for one panel. */
static void sum_above(const struct run *r, const double *moved, double *sum)
{
  memset(sum, 0, r->tall * ROWS * sizeof *sum);
  for (size_t i = 0; i < r->at; i += PIECE)
    subtract(r, i, smaller(PIECE, r->at - i), moved + i * ROWS, 0, sum);
}

/* Column j has moved by m: what that does to the columns up to `end`, whose sums follow. */
static void push(const struct run *r, size_t j, size_t end, const double *m, double *sum)
{
  r->tile->rank_one(end - j - 1, r->t + j * (r->d + 1) + 1, m, sum);
}

/* x T = sum over columns [j, end), in place of sum. */
static void solve_columns(const struct run *r, size_t j, size_t end, double *x)
{
  for (; j < end; j++, x += ROWS) {
    double inverse = 1.0 / r->t[j * (r->d + 1)];
    for (size_t i = 0; i < ROWS; i++)
      x[i] *= inverse;
    push(r, j, end, x, x + ROWS);
  }
}

/* The same for the whole block. */
static void solve_block(const struct run *r, double *x)
{
  for (size_t j = r->at, next; j < r->end; j = next) {
    next = smaller(j + STEP, r->end);
    solve_columns(r, j, next, x + (j - r->at) * ROWS);
    if (next < r->end)
      subtract(r, j, next - j, x + (j - r->at) * ROWS, next - r->at, x);
  }
}

/* --- weights and masks ------------------------------------------------------------------------------ */

/* Weights of the block, rows [row, row + rows), to panel[j][24], 8 columns at a time: a line of memory. */
static void load_weights(const struct run *r, size_t row, size_t rows, double *panel)
{
  for (size_t j = r->at; j < r->end; j += 8)
    for (size_t i = 0; i < rows; i++)
      for (size_t c = j; c < j + 8 && c < r->end; c++)
        panel[(c - r->at) * ROWS + i] = r->w[(row + i) * r->d + c];
}

static void store_weights(const struct run *r, size_t row, size_t rows, const double *panel)
{
  for (size_t j = r->at; j < r->end; j += 8)
    for (size_t i = 0; i < rows; i++)
      for (size_t c = j; c < j + 8 && c < r->end; c++)
        r->w[(row + i) * r->d + c] = panel[(c - r->at) * ROWS + i];
}

/* stays[j][24] = the mask of columns [j, end). */
static void load_mask(const struct run *r, size_t row, size_t rows, size_t j, size_t end)
{
  for (size_t i = 0; i < rows; i++)
    for (size_t c = j; c < end; c++)
      r->stays[(c - r->at) * ROWS + i] = -(uint64_t)r->keep[(row + i) * r->d + c];
}

/* score = (current weight)^2 / U_jj^2 of the whole block, were all of it kept. */
static void rate_panel(const struct run *r, size_t row, size_t rows, const double *sum, const double *panel)
{
  size_t width = r->end - r->at;
  memcpy(r->x, sum, width * ROWS * sizeof *sum);
  if (r->at)
    solve_block(r, r->x);
  for (size_t j = 0; j < width; j++) {
    double root = r->t[(r->at + j) * (r->d + 1)];
    for (size_t i = 0; i < ROWS; i++) {
      double s = (panel[j * ROWS + i] + r->x[j * ROWS + i]) * root;
      r->x[j * ROWS + i] = s * s;
    }
  }
  for (size_t j = 0; j < width; j += 8)
    for (size_t i = 0; i < rows; i++)
      for (size_t c = j; c < j + 8 && c < width; c++)
        r->score[(row + i) * width + c] = r->x[c * ROWS + i];
}

/* The mask of the block's columns of all rows, so that the counts up to each block add up to the exact ones. */
static enum status choose_block(const struct run *r, double sparsity, struct err *e)
{
  size_t width = r->end - r->at, rows = r->common->compare == PRUNE_ROW ? 1 : r->out;
  size_t k = prune_count(sparsity, rows * r->end) - prune_count(sparsity, rows * r->at);
  double part = (double)k / (double)(rows * width); /* comes back as exactly k */
  enum status status = prune_choose(r->common, r->score, r->out, width, part, r->block_keep, e);
  for (size_t i = 0; i < r->out && status == STATUS_OK; i++)
    memcpy(r->keep + i * r->d + r->at, r->block_keep + i * width, width);
  return status;
}

/* n:m: the mask of the m columns from j on, of the rows of one panel, with the weights as they are now. */
static void choose_group(const struct run *r, size_t row, size_t rows, size_t j, const double *sum, const double *weight)
{
  size_t m = (size_t)r->common->m;
  double *x = r->x, *score = r->x + m * ROWS;
  memcpy(x, sum, m * ROWS * sizeof *sum);
  solve_columns(r, j, j + m, x);
  for (size_t i = 0; i < rows; i++) {
    for (size_t c = 0; c < m; c++) {
      double s = (weight[c * ROWS + i] + x[c * ROWS + i]) * r->t[(j + c) * (r->d + 1)];
      score[c] = s * s;
    }
    prune_choose_groups(score, 1, (size_t)r->common->n, m, r->keep + (row + i) * r->d + j);
  }
  load_mask(r, row, rows, j, j + m);
}

/* a where the bits of mask are 1, b where they are 0: without a branch, for masks are hard to predict. */
static inline double pick(uint64_t mask, double a, double b)
{
  uint64_t x, y;
  memcpy(&x, &a, sizeof x);
  memcpy(&y, &b, sizeof y);
  x = (x & mask) | (y & ~mask);
  memcpy(&a, &x, sizeof a);
  return a;
}

/* One column: its moves, and its new weights in place of the old. */
static void move(double inverse, const double *restrict sum, const uint64_t *restrict stays, double *restrict moved,
                 double *restrict weight)
{
  for (size_t i = 0; i < ROWS; i++) {
    double change = sum[i] * inverse, old = weight[i];
    moved[i] = pick(stays[i], change, -old);
    weight[i] = pick(stays[i], old + change, 0.0);
  }
}

/* Columns [j, end) one by one, of the rows of one panel, of which sum, moved and weight belong to column j. */
static void prune_columns(const struct run *r, size_t row, size_t rows, size_t j, size_t end, double *sum, double *moved,
                          double *weight)
{
  for (; j < end; j++, sum += ROWS, moved += ROWS, weight += ROWS) {
    if (r->common->compare == PRUNE_N_OF_M && j % (size_t)r->common->m == 0)
      choose_group(r, row, rows, j, sum, weight);
    move(1.0 / r->t[j * (r->d + 1)], sum, r->stays + (j - r->at) * ROWS, moved, weight);
    push(r, j, end, moved, sum + ROWS);
  }
}

/* Whole tiles and whole groups. */
static size_t step_of(const struct prune_common *c)
{
  size_t unit = TILE_ROWS;
  while (c->compare == PRUNE_N_OF_M && unit % (size_t)c->m)
    unit += TILE_ROWS;
  return round_up(STEP, unit);
}

/* The block's columns, of the rows of one panel. */
static void prune_panel(const struct run *r, size_t row, size_t rows, double *sum, double *moved, double *weight)
{
  if (r->common->compare != PRUNE_N_OF_M)
    load_mask(r, row, rows, r->at, r->end);
  for (size_t j = r->at, step = step_of(r->common), next; j < r->end; j = next) {
    size_t c = (j - r->at) * ROWS;
    next = smaller(j + step, r->end);
    prune_columns(r, row, rows, j, next, sum + c, moved + j * ROWS, weight + c);
    if (next < r->end)
      subtract(r, j, next - j, moved + j * ROWS, next - r->at, sum);
  }
  store_weights(r, row, rows, weight);
}

static enum status run_block(struct run *r, double sparsity, struct err *e)
{
  bool ranked = r->common->compare != PRUNE_N_OF_M;
  r->tall = round_up(r->end - r->at, TILE_ROWS);
  pack_columns(r);
  for (size_t row = 0; row < r->out; row += ROWS) {
    double *sum = r->sum + row * r->tall, *weight = r->block + row * r->tall;
    sum_above(r, r->moved + row * r->d, sum);
    load_weights(r, row, smaller(ROWS, r->out - row), weight);
    if (ranked)
      rate_panel(r, row, smaller(ROWS, r->out - row), sum, weight);
  }
  enum status status = ranked ? choose_block(r, sparsity, e) : STATUS_OK;
  for (size_t row = 0; row < r->out && status == STATUS_OK; row += ROWS)
    prune_panel(r, row, smaller(ROWS, r->out - row), r->sum + row * r->tall, r->moved + row * r->d, r->block + row * r->tall);
  return status;
}

/* Columns per block: groups do not straddle blocks. */
static size_t block_width(const struct conf *c, size_t d)
{
  size_t block = smaller((size_t)c->block, d);
  return c->common.compare == PRUNE_N_OF_M ? smaller(round_up(block, (size_t)c->common.m), d) : block;
}

/* Cut one allocation into the arrays of r; NULL: only measure. */
static size_t lay_out(struct run *r, size_t block, double *base)
{
  size_t tall = round_up(block, TILE_ROWS), rows = round_up(r->out, ROWS), d = r->d;
  const struct { double **to; size_t n; } part[] = {
    {&r->t, d * d}, {&r->columns, d * tall}, {&r->moved, rows * d}, {&r->sum, rows * tall}, {&r->block, rows * tall},
    {&r->x, 2 * tall * ROWS}, {&r->score, r->out * block}};
  size_t used = 0;
  for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
    *part[i].to = base ? base + used : NULL;
    used += round_up(part[i].n, MEM_ALIGN / sizeof(double));
  }
  r->stays = base ? (uint64_t *)(void *)(base + used) : NULL;
  r->block_keep = base ? (uint8_t *)(base + used + tall * ROWS) : NULL;
  return used + tall * ROWS + r->out * block / sizeof(double) + 1;
}

static enum status solve(const void *conf, const struct exec *x, const struct prune_layer *l, double sparsity, double *w,
                         uint8_t *keep, struct prune_note *note, struct err *e)
{
  const struct conf *c = conf;
  size_t d = l->in, block = block_width(c, d);
  struct run r = {.tile = tile_best(), .common = &c->common, .out = l->out, .d = d, .w = w, .keep = keep};
  void *memory, *work = NULL;
  if (c->common.compare == PRUNE_GLOBAL)
    return err_set(e, STATUS_BAD_ARG, "compare must be row, layer or n:m: a solver works on one layer at a time");
  enum status status = mem_new_columns(&memory, lay_out(&r, block, NULL), sizeof(double), "factor of H", e);
  if (status)
    return status;
  lay_out(&r, block, memory);
  if ((status = mem_new(&work, cholesky_work(d), sizeof(double), "a block of the factor", e)) ||
      (status = prune_upper_factor(x, l->gram, d, c->damp, r.t, work, &note->damp, e)))
    goto done;
  memcpy(w, l->w, l->out * d * sizeof *w);
  for (size_t j = 0; j < d; j++)
    for (size_t i = 0; l->gram[j * d + j] == 0 && i < l->out; i++) /* dead */
      w[i * d + j] = 0;
  for (; r.at < d && status == STATUS_OK; r.at = r.end) {
    r.end = smaller(r.at + block, d);
    status = exec_cancelled(x) ? err_set(e, STATUS_CANCELLED, "cancelled") : run_block(&r, sparsity, e);
  }
done:
  free(work);
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
