/* supersample.c: reading the tables, shuffling the masks. */
#include "experiments/bounds/supersample.h"

#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/rng.h"
#include "experiments/kernel/stats.h"

#define MOST_MASKS 65535 /* per supersample: codes are 16 bits */

/* --- checks ------------------------------------------------------------------------------------------- */

static enum status check_shapes(const struct supersample_conf *c, const struct param_table *t, const char *name, struct err *e)
{
  const struct param_table *m = c->masks;
  if (!t)
    return bound_missing(e, name);
  if (!m)
    return bound_missing(e, "masks");
  if (m->rows == 0 || m->cols == 0)
    return err_set(e, STATUS_BAD_ARG, "masks is empty: it has a row per trained model");
  if (t->rows != m->rows || t->cols != 2 * m->cols)
    return err_set(e, STATUS_BAD_ARG, "%s must be %zu x %zu (a row per model as masks, both columns of the supersample), got %zu x %zu",
                   name, m->rows, 2 * m->cols, t->rows, t->cols);
  if (m->rows % (size_t)c->supersamples)
    return err_set(e, STATUS_BAD_ARG, "%zu models cannot be %lld supersamples with equally many masks", m->rows, (long long)c->supersamples);
  if (m->rows / (size_t)c->supersamples > MOST_MASKS)
    return err_set(e, STATUS_BAD_ARG, "at most %d masks per supersample", MOST_MASKS);
  return STATUS_OK;
}

static enum status check_binary(const struct param_table *t, const char *name, const char *why, struct err *e)
{
  for (size_t i = 0; i < t->rows * t->cols; i++)
    if (!(t->v[i] == 0 || t->v[i] == 1))
      return err_set(e, STATUS_BAD_ARG, "%s must hold 0 and 1%s, got %g in row %zu, column %zu", name, why, t->v[i], i / t->cols + 1,
                     i % t->cols + 1);
  return STATUS_OK;
}

static enum status check_labels(const struct param_table *t, struct err *e)
{
  for (size_t i = 0; i < t->rows * t->cols; i++)
    if (!(t->v[i] >= 0 && t->v[i] < 1e6 && t->v[i] == floor(t->v[i])))
      return err_set(e, STATUS_BAD_ARG, "predictions must hold labels, whole numbers from 0, got %g in row %zu, column %zu", t->v[i],
                     i / t->cols + 1, i % t->cols + 1);
  return STATUS_OK;
}

static enum status check(const struct supersample_conf *c, bool predictions, struct err *e)
{
  const struct param_table *t = predictions ? c->predictions : c->losses;
  enum status s = check_shapes(c, t, predictions ? "predictions" : "losses", e);
  if (!s)
    s = check_binary(c->masks, "masks", "", e);
  if (!s)
    s = predictions ? check_labels(t, e) : check_binary(t, "losses", " (other losses must be cut at a threshold)", e);
  return s;
}

/* --- codes -------------------------------------------------------------------------------------------- */

static enum status make_room(struct supersample *s, struct err *e)
{
  size_t rows, cells = 0, bytes;
  if (!size_mul(s->k1, s->n, &rows) || !size_mul(rows, s->k2, &cells) || !size_mul(cells, sizeof *s->code + 1, &bytes) ||
      __builtin_add_overflow(bytes, rows * sizeof *s->codes, &bytes))
    bytes = SIZE_MAX;
  enum status status = mem_new(&s->memory, bytes, 1, "supersample", e);
  if (status)
    return status;
  s->code = s->memory;
  s->codes = s->code + cells;
  s->mask = (uint8_t *)(s->codes + rows);
  return STATUS_OK;
}

/* Numbers for the different pairs of labels of row i of supersample z, in order of appearance. */
static void number_pairs(struct supersample *s, const struct param_table *t, size_t z, size_t i)
{
  uint16_t *code = s->code + (z * s->n + i) * s->k2, used = 0;
  for (size_t k = 0; k < s->k2; k++) {
    const double *row = t->v + (z * s->k2 + k) * t->cols;
    size_t first = 0;
    while (first < k && !(row[i] == t->v[(z * s->k2 + first) * t->cols + i] &&
                          row[s->n + i] == t->v[(z * s->k2 + first) * t->cols + s->n + i]))
      first++;
    code[k] = first < k ? code[first] : used++;
  }
  s->codes[z * s->n + i] = used;
}

static void number_losses(struct supersample *s, const struct param_table *t, size_t z, size_t i)
{
  uint16_t *code = s->code + (z * s->n + i) * s->k2;
  for (size_t k = 0; k < s->k2; k++) {
    const double *row = t->v + (z * s->k2 + k) * t->cols;
    code[k] = (uint16_t)((row[i] > 0) + 2 * (row[s->n + i] > 0));
  }
  s->codes[z * s->n + i] = 4;
}

enum status supersample_read(struct supersample *s, const struct supersample_conf *c, bool predictions, struct err *e)
{
  *s = (struct supersample){0};
  enum status status = check(c, predictions, e);
  if (status)
    return status;
  s->k1 = (size_t)c->supersamples, s->k2 = c->masks->rows / s->k1, s->n = c->masks->cols;
  status = make_room(s, e);
  for (size_t z = 0; z < s->k1 && !status; z++)
    for (size_t i = 0; i < s->n; i++) {
      uint8_t *mask = s->mask + (z * s->n + i) * s->k2;
      for (size_t k = 0; k < s->k2; k++)
        mask[k] = c->masks->v[(z * s->k2 + k) * s->n + i] > 0;
      if (predictions)
        number_pairs(s, c->predictions, z, i);
      else
        number_losses(s, c->losses, z, i);
    }
  return status;
}

void supersample_free(struct supersample *s)
{
  free(s->memory);
  s->memory = NULL;
}

/* --- null level --------------------------------------------------------------------------------------- */

void supersample_deal(const struct supersample *s, uint64_t seed, uint64_t shuffle, uint32_t *deal)
{
  struct rng r = rng_make(seed, RNG_SAMPLE, shuffle);
  for (size_t z = 0; z < s->k1; z++)
    rng_permutation(&r, deal + z * s->k2, s->k2);
}

enum status supersample_null(struct bound_value *out, double *values, size_t n, struct err *e)
{
  double mean, high;
  if (n == 0)
    return STATUS_OK;
  enum status s = stats_mean(values, n, &mean, e);
  if (!s)
    s = stats_quantile(values, n, 0.95, &high, e);
  if (s)
    return s;
  bound_term(out, "null", mean);
  bound_term(out, "null_high", high);
  return STATUS_OK;
}
