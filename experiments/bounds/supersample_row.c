/* supersample_row.c: supersample bounds by row: the mean over supersamples and rows of sqrt(2 I(view; U)), where the
 * information is that of the k2 masks of one supersample. */
#include <stdlib.h>
#include <string.h>

#include "experiments/bounds/supersample.h"
#include "experiments/kernel/mem.h"
#include "experiments/kernel/stats.h"

struct study {
  struct supersample s;
  const struct exec *x;
  double *log_of;           /* c ln c for c = 0 … k2 */
  uint32_t *cell, *deal;    /* counts of (code, u) of one row */
  double *mean, *values;    /* of each supersample; of each shuffle */
};

/* Losses of opposite sign stay apart, equal ones come together. */
static void merge_equal_losses(struct supersample *s)
{
  static const uint16_t difference[4] = {1, 0, 2, 1};
  for (size_t i = 0; i < s->k1 * s->n * s->k2; i++)
    s->code[i] = difference[s->code[i]];
  for (size_t i = 0; i < s->k1 * s->n; i++)
    s->codes[i] = 3;
}

/* Information in nats from the counts of one row: sum c ln c over cells, less that over codes and over bits. */
static double information(const struct study *d, size_t codes, bool corrected)
{
  double sum = 0, N = (double)d->s.k2;
  uint32_t bit[2] = {0};
  int cells = 0, used = 0;
  for (size_t c = 0; c < codes; c++) {
    uint32_t a = d->cell[2 * c], b = d->cell[2 * c + 1];
    sum += d->log_of[a] + d->log_of[b] - d->log_of[a + b];
    bit[0] += a, bit[1] += b;
    cells += (a > 0) + (b > 0), used += a + b > 0;
  }
  sum += d->log_of[d->s.k2] - d->log_of[bit[0]] - d->log_of[bit[1]];
  double bias = corrected ? (cells - used - (bit[0] > 0) - (bit[1] > 0) + 1) / (2 * N) : 0;
  return supersample_information(sum, N, bias);
}

/* Mean over the rows of supersample z. */
static double mean_root(struct study *d, size_t z, const uint32_t *deal, bool corrected)
{
  const struct supersample *s = &d->s;
  double sum = 0;
  for (size_t i = 0; i < s->n; i++) {
    const uint16_t *code = s->code + (z * s->n + i) * s->k2;
    const uint8_t *mask = s->mask + (z * s->n + i) * s->k2;
    size_t codes = s->codes[z * s->n + i];
    memset(d->cell, 0, 2 * codes * sizeof *d->cell);
    for (size_t k = 0; k < s->k2; k++)
      d->cell[2 * code[k] + mask[deal ? deal[k] : k]]++;
    sum += sqrt(2 * information(d, codes, corrected));
  }
  return sum / (double)s->n;
}

static double mean_of_all(struct study *d, const uint32_t *deal, bool corrected)
{
  double sum = 0;
  for (size_t z = 0; z < d->s.k1; z++) {
    d->mean[z] = mean_root(d, z, deal ? deal + z * d->s.k2 : NULL, corrected);
    sum += d->mean[z];
  }
  return sum / (double)d->s.k1;
}

static enum status make_study(struct study *d, size_t shuffles, struct err *e)
{
  void *log_of = NULL, *cell = NULL, *deal = NULL, *mean = NULL, *values = NULL;
  size_t k2 = d->s.k2;
  enum status s = mem_new(&log_of, k2 + 1, sizeof *d->log_of, "logarithms", e);
  s = s ? s : mem_new(&cell, k2 < 4 ? 4 : k2, 2 * sizeof *d->cell, "counts", e);
  s = s ? s : mem_new(&deal, d->s.k1 * k2, sizeof *d->deal, "shuffled masks", e);
  s = s ? s : mem_new(&mean, d->s.k1, sizeof *d->mean, "means", e);
  s = s ? s : mem_new(&values, shuffles + 1, sizeof *d->values, "null values", e);
  d->log_of = log_of, d->cell = cell, d->deal = deal, d->mean = mean, d->values = values;
  for (size_t c = 2; c <= k2 && !s; c++)
    d->log_of[c] = (double)c * log((double)c);
  return s;
}

static enum status conclude(struct study *d, const struct supersample_conf *c, struct bound_value *out, struct err *e)
{
  bound_term(out, "miller_madow", mean_of_all(d, NULL, true));
  for (size_t shuffle = 0; shuffle < (size_t)c->shuffles; shuffle++) {
    if (exec_cancelled(d->x))
      return err_set(e, STATUS_CANCELLED, "cancelled");
    supersample_deal(&d->s, (uint64_t)c->seed, shuffle, d->deal);
    d->values[shuffle] = mean_of_all(d, d->deal, false);
  }
  enum status s = supersample_null(out, d->values, (size_t)c->shuffles, e);
  out->value = mean_of_all(d, NULL, false);
  struct interval i = {NAN, NAN};
  if (!s && d->s.k1 > 1)
    s = stats_mean_interval(d->mean, d->s.k1, 0.95, &i, e);
  out->low = i.low, out->high = i.high;
  return s;
}

enum status supersample_by_row(const void *conf, const struct exec *x, enum row_view view, struct bound_value *out, struct err *e)
{
  const struct supersample_conf *c = conf;
  struct study d = {.x = x};
  out->on_gap = true;
  enum status s = supersample_read(&d.s, c, view == ROW_PREDICTIONS, e);
  if (!s && view == ROW_DIFFERENCE)
    merge_equal_losses(&d.s);
  if (!s)
    s = make_study(&d, (size_t)c->shuffles, e);
  if (!s)
    s = conclude(&d, c, out, e);
  supersample_free(&d.s);
  free(d.log_of);
  free(d.cell);
  free(d.deal);
  free(d.mean);
  free(d.values);
  return s;
}
