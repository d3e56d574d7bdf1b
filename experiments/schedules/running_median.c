/* running_median.c: see running_median.h. The window is a count for every rank of the whole series, kept as a binary
 * indexed tree (Fenwick 1994, A new data structure for cumulative frequency tables): entering, leaving and asking for the
 * median cost log n each, however wide the window is. */
#include "experiments/schedules/running_median.h"

#include <stdint.h>
#include <stdlib.h>

#include "experiments/kernel/mem.h"

struct item {
  double x;
  size_t at;
};

static int by_value(const void *a, const void *b)
{
  const struct item *p = a, *q = b;
  if (p->x != q->x)
    return p->x < q->x ? -1 : 1;
  return p->at < q->at ? -1 : p->at > q->at;
}

struct window {
  size_t n, top;      /* values; the largest power of two up to n */
  struct item *order; /* by rank */
  size_t *rank;       /* of each place, from 1 */
  size_t *count;      /* the tree, [n + 1] */
};

static void add(struct window *w, size_t rank, size_t by)
{
  for (size_t i = rank; i <= w->n; i += i & -i)
    w->count[i] += by; /* by is 1, or -1 modulo the size of size_t */
}

/* The value of which `below` in the window are smaller or come before. */
static double find(const struct window *w, size_t below)
{
  size_t at = 0;
  for (size_t step = w->top; step > 0; step /= 2)
    if (at + step <= w->n && w->count[at + step] <= below) {
      at += step;
      below -= w->count[at];
    }
  return w->order[at].x;
}

/* The place in the series that stands for place k - half of the window's walk. */
static size_t place(size_t n, size_t k, size_t half)
{
  if (k <= half || n == 1)
    return 0;
  size_t period = 2 * (n - 1), at = (k - half) % period;
  return at < n ? at : period - at;
}

static void rank_all(struct window *w, const double *x)
{
  for (size_t i = 0; i < w->n; i++)
    w->order[i] = (struct item){x[i], i};
  qsort(w->order, w->n, sizeof *w->order, by_value);
  for (size_t i = 0; i < w->n; i++)
    w->rank[w->order[i].at] = i + 1;
  for (w->top = 1; w->top <= w->n / 2;)
    w->top *= 2;
}

static enum status make_room(struct window *w, struct err *e)
{
  void *order = NULL, *rank = NULL, *count = NULL;
  enum status s = w->n < SIZE_MAX / 4 ? STATUS_OK : err_set(e, STATUS_NO_MEMORY, "a running median of %zu numbers", w->n);
  s = s ? s : mem_new(&order, w->n, sizeof *w->order, "running median", e);
  s = s ? s : mem_new(&rank, w->n, sizeof *w->rank, "running median", e);
  s = s ? s : mem_new(&count, w->n + 1, sizeof *w->count, "running median", e);
  w->order = order, w->rank = rank, w->count = count;
  return s;
}

enum status running_median(double *out, const double *x, size_t n, size_t half, struct err *e)
{
  struct window w = {.n = n};
  enum status s = n ? make_room(&w, e) : STATUS_OK;
  if (s || n == 0)
    goto done;
  rank_all(&w, x);
  for (size_t i = 0; i <= n; i++)
    w.count[i] = 0;
  for (size_t k = 0; k < n + 2 * half; k++) {
    add(&w, w.rank[place(n, k, half)], 1);
    if (k < 2 * half)
      continue;
    out[k - 2 * half] = find(&w, half);
    add(&w, w.rank[place(n, k - 2 * half, half)], (size_t)-1);
  }
done:
  free(w.order);
  free(w.rank);
  free(w.count);
  return s;
}
