/* run_results.c: what runs returned, for screen 2: of several runs the mean with its interval. See run_data.h. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/listing.h"
#include "app/ui/run_data.h"
#include "experiments/kernel/mem.h"
#include "experiments/kernel/stats.h"

/* One result of all runs: their numbers, or the different texts. */
struct result { char *key; double *value; size_t n; char *text; };
struct results { struct result *row; size_t n; };

static void take_result(void *self, struct store_query *q)
{
  struct results *all = self;
  struct store_cell key = store_query_cell(q, 0), c = store_query_cell(q, 1);
  struct result *r = all->n ? &all->row[all->n - 1] : NULL;
  if (!r || strlen(r->key) != key.size || memcmp(r->key, key.text, key.size) != 0) {
    all->row = xrealloc(all->row, (all->n + 1) * sizeof *all->row);
    *(r = &all->row[all->n++]) = (struct result){.key = xasprintf("%.*s", (int)key.size, key.text)};
  }
  if (c.type == STORE_TEXT) {
    char *longer = !r->text ? xasprintf("%.*s", (int)c.size, c.text) : strlen(r->text) < 200 ? xasprintf("%s, %.*s", r->text, (int)c.size, c.text) : NULL;
    if (longer && (!r->text || strncmp(r->text, c.text, c.size) != 0)) { /* what is always the same is said once */
      free(r->text);
      r->text = longer;
    } else {
      free(longer);
    }
    return;
  }
  r->value = xrealloc(r->value, (r->n + 1) * sizeof *r->value);
  r->value[r->n++] = c.type == STORE_INTEGER ? (double)c.i : c.type == STORE_REAL ? c.r : NAN;
}

/* "0.1042", of several runs "0.1042 ±0.0011 (5)": mean, half of the 95 % interval, count. */
static char *describe_result(const struct result *r)
{
  struct interval i;
  struct err e;
  double sum = 0;
  if (r->text || !r->n)
    return xstrdup(r->text ? r->text : "");
  for (size_t k = 0; k < r->n; k++)
    sum += r->value[k];
  double mean = sum / (double)r->n;
  if (r->n == 1)
    return xasprintf("%.6g", mean);
  if (!isfinite(mean) || stats_mean_interval(r->value, r->n, 0.95, &i, &e) != STATUS_OK)
    return xasprintf("%.5g (%zu)", mean, r->n);
  return xasprintf("%.5g %s%.2g (%zu)", mean, plus_minus(), (i.high - i.low) / 2, r->n);
}

/* What people look at first comes first. */
static int rank(const char *key)
{
  static const char *const first[] = {"test_error", "val_error", "error", "test_loss", "val_loss", "loss", "gap"};
  for (int i = 0; i < 7; i++)
    if (strcmp(key, first[i]) == 0)
      return i;
  return strncmp(key, "best_", 5) == 0 ? 7 : 8;
}

static void add_facts(FILE *f, const struct results *all, int wanted)
{
  for (size_t i = 0; i < all->n; i++)
    if (rank(all->row[i].key) == wanted && all->row[i].n && !result_is_timing(all->row[i].key)) {
      char *value = describe_result(&all->row[i]);
      fprintf(f, "%s %s   ", all->row[i].key, value);
      free(value);
    }
}

void run_results_load(struct run_data *d, struct app *app, struct store *s, const char *ids)
{
  struct results all = {0};
  size_t size;
  run_data_each(app, s, "SELECT key, value FROM result WHERE run_id IN (%s) AND NOT " RESULT_IS_DERIVED " ORDER BY key, run_id", ids, &all, take_result);
  FILE *f = xstream_open(&d->facts, &size);
  for (int i = 0; i <= 8; i++)
    add_facts(f, &all, i);
  xstream_close(f);
  f = xstream_open(&d->section[SECTION_RESULTS], &size);
  for (size_t i = 0; i < all.n; i++) {
    char *value = describe_result(&all.row[i]);
    fprintf(f, "%-28s %s\n", all.row[i].key, value);
    free(value);
    free(all.row[i].key);
    free(all.row[i].value);
    free(all.row[i].text);
  }
  xstream_close(f);
  free(all.row);
}
