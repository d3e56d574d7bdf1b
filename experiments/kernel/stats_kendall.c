/* stats_kendall.c: Kendall's tau-b by sorting. See stats.h.
 *
 * Sort the pairs by x, then by y. The swaps that a merge sort by y then makes are the discordant pairs, because pairs
 * tied in x are in order already and equal y never pass each other (Knight 1966). Notation: n0 = n(n-1)/2 pairs; n1,
 * n2, n3 of them tied in x, in y, in both; S = concordant - discordant; tau-b = S / sqrt((n0 - n1)(n0 - n2)). */
#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_cdf.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/stats_int.h"

#define KENDALL_EXACT 50

struct pair { double x, y; };

/* Sums over the groups of t tied values, as the variance needs them. */
struct ties {
  double pairs;    /* t (t-1) / 2 */
  double triples;  /* t (t-1) (t-2) */
  double variance; /* t (t-1) (2t+5) */
};

static int by_x_then_y(const void *a, const void *b)
{
  const struct pair *p = a, *q = b;
  if (p->x != q->x)
    return p->x > q->x ? 1 : -1;
  return (p->y > q->y) - (p->y < q->y);
}

static bool same_x(const struct pair *p, const struct pair *q) { return p->x == q->x; }
static bool same_y(const struct pair *p, const struct pair *q) { return p->y == q->y; }
static bool same_both(const struct pair *p, const struct pair *q) { return p->x == q->x && p->y == q->y; }

/* Over the runs of pairs that are the same. */
static struct ties count_ties(const struct pair *p, size_t n, bool (*same)(const struct pair *, const struct pair *))
{
  struct ties ties = {0};
  for (size_t first = 0, end; first < n; first = end) {
    for (end = first + 1; end < n && same(&p[first], &p[end]); end++) {}
    double t = (double)(end - first);
    ties.pairs += t * (t - 1.0) / 2.0;
    ties.triples += t * (t - 1.0) * (t - 2.0);
    ties.variance += t * (t - 1.0) * (2.0 * t + 5.0);
  }
  return ties;
}

/* Merge sort by y; returns the number of pairs out of order. n^2/2 stays below 2^53 for n < 10^8. */
static double sort_by_y(struct pair *p, struct pair *scratch, size_t n)
{
  if (n < 2)
    return 0.0;
  size_t half = n / 2, i = 0, j = half, to = 0;
  double swaps = sort_by_y(p, scratch, half) + sort_by_y(p + half, scratch, n - half);
  while (i < half && j < n)
    if (p[j].y < p[i].y) {
      swaps += (double)(half - i);
      scratch[to++] = p[j++];
    } else {
      scratch[to++] = p[i++];
    }
  while (i < half)
    scratch[to++] = p[i++];
  for (size_t k = 0; k < to; k++) /* the rest of the right half is in place */
    p[k] = scratch[k];
  return swaps;
}

/* Two-sided p of `discordant` pairs among n untied ones. With i values placed, the next one passes 0 … i of them with
 * equal probability: the distribution is the convolution of these. */
static double exact_p(double discordant, size_t n)
{
  enum { PAIRS = KENDALL_EXACT * (KENDALL_EXACT - 1) / 2 };
  double share[PAIRS + 1] = {1.0}, next[PAIRS + 1], n0 = (double)n * (double)(n - 1) / 2.0, tail = 0.0;
  size_t reach = 0;
  for (size_t i = 1; i < n; i++) {
    for (size_t s = 0; s <= reach + i; s++) {
      next[s] = 0.0;
      for (size_t passed = s > reach ? s - reach : 0; passed <= i && passed <= s; passed++)
        next[s] += share[s - passed];
    }
    reach += i;
    for (size_t s = 0; s <= reach; s++)
      share[s] = next[s] / (double)(i + 1);
  }
  for (size_t s = 0; s <= (size_t)fmin(discordant, n0 - discordant); s++) /* the distribution is symmetric */
    tail += share[s];
  return fmin(1.0, 2.0 * tail);
}

/* Kendall 1970, equation (4.4): variance of S under independence with ties. */
static double normal_p(double s, double n, const struct ties *x, const struct ties *y)
{
  double variance = (n * (n - 1.0) * (2.0 * n + 5.0) - x->variance - y->variance) / 18.0 + 2.0 * x->pairs * y->pairs / (n * (n - 1.0));
  if (n > 2.0)
    variance += x->triples * y->triples / (9.0 * n * (n - 1.0) * (n - 2.0));
  return 2.0 * gsl_cdf_ugaussian_Q(fabs(s) / sqrt(variance));
}

static struct interval fieller(double tau, double n, double level)
{
  if (n <= 4.0)
    return (struct interval){-1.0, 1.0};
  double z = atanh(tau), margin = gsl_cdf_ugaussian_Qinv(0.5 * (1.0 - level)) * sqrt(0.437 / (n - 4.0));
  return (struct interval){tanh(z - margin), tanh(z + margin)};
}

static enum status from_sorted(struct pair *p, struct pair *scratch, size_t n, double level, struct stats_kendall *out, struct err *e)
{
  double n0 = (double)n * ((double)n - 1.0) / 2.0;
  struct ties x = count_ties(p, n, same_x), both = count_ties(p, n, same_both);
  double discordant = sort_by_y(p, scratch, n);
  struct ties y = count_ties(p, n, same_y);
  if (x.pairs >= n0 || y.pairs >= n0)
    return err_set(e, STATUS_BAD_ARG, "Kendall's tau: the %s input is constant", x.pairs >= n0 ? "first" : "second");
  double s = n0 - x.pairs - y.pairs + both.pairs - 2.0 * discordant;
  double tau = s / sqrt((n0 - x.pairs) * (n0 - y.pairs));
  tau = fmax(-1.0, fmin(1.0, tau)); /* the root may round below s */
  out->tau = tau;
  out->exact = n <= KENDALL_EXACT && x.pairs == 0.0 && y.pairs == 0.0;
  out->p = out->exact ? exact_p(discordant, n) : normal_p(s, (double)n, &x, &y);
  out->interval = fieller(tau, (double)n, level);
  return STATUS_OK;
}

enum status stats_kendall(const double *x, const double *y, size_t n, double level, struct stats_kendall *out, struct err *e)
{
  void *pairs = NULL, *scratch = NULL;
  enum status status;
  if ((status = stats_check_level(level, e)) || (status = stats_check_sample(x, n, 2, "Kendall's tau, first input", e)) ||
      (status = stats_check_sample(y, n, 2, "Kendall's tau, second input", e)) ||
      (status = mem_new(&pairs, n, sizeof(struct pair), "Kendall's tau", e)) ||
      (status = mem_new(&scratch, n, sizeof(struct pair), "Kendall's tau", e)))
    goto done;
  struct pair *p = pairs;
  for (size_t i = 0; i < n; i++)
    p[i] = (struct pair){x[i], y[i]};
  qsort(p, n, sizeof *p, by_x_then_y);
  status = from_sorted(p, scratch, n, level, out, e);
done:
  free(pairs);
  free(scratch);
  return status;
}
