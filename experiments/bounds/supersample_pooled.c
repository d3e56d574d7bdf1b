/* supersample_pooled.c: supersample bounds from counts pooled over rows, supersamples and masks.
 *
 * Everything is kept in tallies: one per block (a supersample, or a model), whose sums are the estimate and whose
 * resampled sums are its bootstrap. A shuffle only changes the counts. */
#include <stdlib.h>
#include <string.h>

#include "experiments/bounds/supersample.h"
#include "experiments/kernel/mem.h"
#include "experiments/kernel/rng.h"
#include "experiments/kernel/stats.h"

#define BLOCKS_LEAST 10 /* supersamples for a bootstrap over them */

/* --- information ------------------------------------------------------------------------------------- */

/* Groups of the codes L0 + 2 L1. */
static size_t group_of(enum information what, size_t code)
{
  static const size_t difference[4] = {1, 0, 2, 1};
  switch (what) {
  case INFORMATION_DIFFERENCE: return difference[code];
  case INFORMATION_FIRST: return code & 1;
  case INFORMATION_SECOND: return code >> 1;
  case INFORMATION_PAIR: break;
  }
  return code;
}

double tally_information(const struct tally *t, enum information what)
{
  double cell[4][2] = {{0}}, group[4] = {0}, bit[2] = {0}, total = 0, sum = 0;
  int cells = 0, groups = 0, bits = 0;
  for (size_t c = 0; c < 8; c++) {
    size_t g = group_of(what, c / 2), u = c % 2;
    cell[g][u] += t->cell[c], group[g] += t->cell[c], bit[u] += t->cell[c], total += t->cell[c];
  }
  for (size_t u = 0; u < 2; u++)
    bits += bit[u] > 0;
  for (size_t g = 0; g < 4; g++) {
    groups += group[g] > 0;
    for (size_t u = 0; u < 2; u++)
      if (cell[g][u] > 0) {
        cells++;
        sum += cell[g][u] * log(cell[g][u] * total / (group[g] * bit[u]));
      }
  }
  double bias = t->corrected ? (cells - groups - bits + 1) / (2 * total) : 0;
  return supersample_information(sum, total, bias);
}

double tally_single(const struct tally *t)
{
  return (tally_information(t, INFORMATION_FIRST) + tally_information(t, INFORMATION_SECOND)) / 2;
}

double supersample_fast_information(const struct tally *t)
{
  return fmin(tally_information(t, INFORMATION_PAIR), 2 * tally_single(t));
}

static double weighted_at(double c2, double risk, double information)
{
  double c1 = -log1p(-expm1(c2)) / c2 - 1;
  return c1 * risk + information / c2;
}

double supersample_weighted(double risk, double information)
{
  enum { GRID = 400 };
  double best = information / M_LN2, at = 0; /* C2 -> ln 2, where the weight of the risk grows without end */
  if (risk > 0)
    best = INFINITY;
  for (int i = 1; i < GRID && risk > 0; i++) {
    double v = weighted_at(M_LN2 * i / GRID, risk, information);
    if (v < best)
      best = v, at = M_LN2 * i / GRID;
  }
  double low = at - M_LN2 / GRID, high = at + M_LN2 / GRID; /* it is convex in between */
  low = fmax(low, at / 64), high = fmin(high, M_LN2 * (1 - 1e-12));
  for (int i = 0; i < 100 && risk > 0; i++) {
    double a = low + (high - low) / 3, b = high - (high - low) / 3;
    double va = weighted_at(a, risk, information), vb = weighted_at(b, risk, information);
    best = fmin(best, fmin(va, vb));
    if (va < vb)
      high = b;
    else
      low = a;
  }
  return best;
}

/* With C1 = C1'/g^2 for the C1' that C2 allows, C1 (train - (1 - g^2) moment) = C1' ((train - moment)/g^2 + moment). */
double supersample_discounted(double gamma, double moment, const struct tally *t)
{
  double g = isnan(gamma) ? 1 : gamma;
  return supersample_weighted((t->train - moment) / (g * g) + moment, supersample_fast_information(t));
}

/* --- tallies ------------------------------------------------------------------------------------------ */

struct study {
  struct supersample s;
  const void *conf;
  const struct exec *x;
  supersample_rule *rule;
  size_t n_blocks, models_per_block;
  struct tally *block, total;
  uint32_t *deal;
  double *values;
};

/* Counts of one supersample, its masks dealt as said (NULL: as they are), into one tally per block of models. */
static void count(const struct study *d, size_t z, const uint32_t *deal, struct tally *to, size_t models_per_block)
{
  const struct supersample *s = &d->s;
  for (size_t i = 0; i < s->n; i++) {
    const uint16_t *code = s->code + (z * s->n + i) * s->k2;
    const uint8_t *mask = s->mask + (z * s->n + i) * s->k2;
    for (size_t k = 0; k < s->k2; k++)
      to[k / models_per_block].cell[2 * code[k] + mask[deal ? deal[k] : k]]++;
  }
}

/* Training and test loss of a code under a mask bit. */
static unsigned loss_of(unsigned code, unsigned column) { return code >> column & 1; }

/* Mean of (training loss)^2 given row, column and supersample, without bias: over pairs of different models. */
static double sharpness_of(const struct supersample *s, size_t z)
{
  double sum = 0, used = 0;
  for (size_t i = 0; i < s->n; i++)
    for (unsigned u = 0; u < 2; u++) {
      const uint16_t *code = s->code + (z * s->n + i) * s->k2;
      const uint8_t *mask = s->mask + (z * s->n + i) * s->k2;
      double models = 0, wrong = 0;
      for (size_t k = 0; k < s->k2; k++)
        if (mask[k] == u)
          models++, wrong += loss_of(code[k], u);
      if (models > 1)
        used++, sum += wrong * (wrong - 1) / (models * (models - 1));
    }
  return used > 0 ? sum / used : 0;
}

/* Means over the models of supersample z, into the tallies of their blocks. */
static void add_means(struct study *d, size_t z)
{
  const struct supersample *s = &d->s;
  double sharpness = sharpness_of(s, z);
  for (size_t k = 0; k < s->k2; k++) {
    struct tally *t = &d->block[(z * s->k2 + k) / d->models_per_block];
    double train = 0, test = 0, share = 1 / (double)d->models_per_block;
    for (size_t i = 0; i < s->n; i++) {
      size_t at = (z * s->n + i) * s->k2 + k;
      train += loss_of(s->code[at], s->mask[at]);
      test += loss_of(s->code[at], 1u - s->mask[at]);
    }
    train /= (double)s->n, test /= (double)s->n;
    t->train += share * train, t->test += share * test, t->train2 += share * train * train, t->sharpness += share * sharpness;
    t->worst_train = fmax(t->worst_train, train);
  }
}

/* to += from/parts for the means; counts are added. */
static void add_tally(struct tally *to, const struct tally *from, double parts)
{
  for (size_t c = 0; c < 8; c++)
    to->cell[c] += from->cell[c];
  to->train += from->train / parts, to->test += from->test / parts;
  to->train2 += from->train2 / parts, to->sharpness += from->sharpness / parts;
  to->worst_train = fmax(to->worst_train, from->worst_train);
}

static void fill_tallies(struct study *d)
{
  for (size_t z = 0; z < d->s.k1; z++) {
    count(d, z, NULL, d->block + z * d->s.k2 / d->models_per_block, d->models_per_block);
    add_means(d, z);
  }
  for (size_t i = 0; i < d->n_blocks; i++)
    add_tally(&d->total, &d->block[i], (double)d->n_blocks);
}

/* --- null level and interval -------------------------------------------------------------------------- */

static enum status null_values(struct study *d, const struct supersample_conf *c, struct err *e)
{
  for (size_t shuffle = 0; shuffle < (size_t)c->shuffles; shuffle++) {
    struct tally t = d->total;
    if (exec_cancelled(d->x))
      return err_set(e, STATUS_CANCELLED, "cancelled");
    memset(t.cell, 0, sizeof t.cell);
    supersample_deal(&d->s, (uint64_t)c->seed, shuffle, d->deal);
    for (size_t z = 0; z < d->s.k1; z++)
      count(d, z, d->deal + z * d->s.k2, &t, d->s.k2);
    d->values[shuffle] = d->rule(d->conf, &t);
  }
  return STATUS_OK;
}

static enum status bootstrap(struct study *d, const struct supersample_conf *c, struct bound_value *out, struct err *e)
{
  size_t n = (size_t)c->resamples;
  if (n == 0 || d->n_blocks < 2)
    return STATUS_OK;
  for (size_t b = 0; b < n; b++) {
    struct rng r = rng_make((uint64_t)c->seed, RNG_BOOTSTRAP, b);
    struct tally t = {0};
    if (exec_cancelled(d->x))
      return err_set(e, STATUS_CANCELLED, "cancelled");
    for (size_t i = 0; i < d->n_blocks; i++)
      add_tally(&t, &d->block[rng_below(&r, d->n_blocks)], (double)d->n_blocks);
    d->values[b] = d->rule(d->conf, &t);
  }
  enum status s = stats_quantile(d->values, n, 0.025, &out->low, e);
  return s ? s : stats_quantile(d->values, n, 0.975, &out->high, e);
}

/* --- the whole ---------------------------------------------------------------------------------------- */

static enum status make_study(struct study *d, const struct supersample_conf *c, struct err *e)
{
  void *block = NULL, *values = NULL, *deal = NULL;
  size_t models = d->s.k1 * d->s.k2, most = (size_t)(c->shuffles > c->resamples ? c->shuffles : c->resamples);
  d->models_per_block = d->s.k1 >= BLOCKS_LEAST ? d->s.k2 : 1;
  d->n_blocks = models / d->models_per_block;
  enum status s = mem_new(&block, d->n_blocks, sizeof *d->block, "tallies", e);
  if (!s)
    s = mem_new(&values, most + 1, sizeof *d->values, "null values", e);
  if (!s)
    s = mem_new(&deal, models, sizeof *d->deal, "shuffled masks", e);
  d->block = block, d->values = values, d->deal = deal;
  return s;
}

static enum status conclude(struct study *d, const struct supersample_conf *c, struct bound_value *out, struct err *e)
{
  struct tally corrected = d->total;
  corrected.corrected = true;
  out->value = d->rule(d->conf, &d->total);
  bound_term(out, "train", d->total.train);
  bound_term(out, "test", d->total.test);
  bound_term(out, "gap", d->total.test - d->total.train);
  bound_term(out, "miller_madow", d->rule(d->conf, &corrected));
  if (!isfinite(out->value)) /* a condition is not met: it is met by no shuffle either */
    return STATUS_OK;
  enum status s = null_values(d, c, e);
  if (!s)
    s = supersample_null(out, d->values, (size_t)c->shuffles, e);
  return s ? s : bootstrap(d, c, out, e);
}

enum status supersample_pooled(const void *conf, const struct exec *x, supersample_rule *rule, bool on_gap, struct bound_value *out,
                               struct err *e)
{
  const struct supersample_conf *c = conf;
  struct study d = {.conf = conf, .x = x, .rule = rule};
  out->on_gap = on_gap;
  enum status s = supersample_read(&d.s, c, false, e);
  if (!s)
    s = make_study(&d, c, e);
  if (!s) {
    fill_tallies(&d);
    s = conclude(&d, c, out, e);
  }
  supersample_free(&d.s);
  free(d.block);
  free(d.values);
  free(d.deal);
  return s;
}
