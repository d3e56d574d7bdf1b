/* stability.c: see stability.h. Two coupled runs differ in one example; away from it a step is a contraction, and
 * with probability b/n a step meets it and moves the runs apart by eta/b times a gradient difference. */
#include "experiments/bounds/stability.h"

#include <inttypes.h>

static bool fits(size_t n, size_t steps) { return n == 0 || n == 1 || n == steps; }

enum status stability_path_resolve(void *conf, struct err *e)
{
  const struct stability_path *p = conf;
  if (p->rates.n && !fits(p->risks.n, p->rates.n))
    return err_set(e, STATUS_BAD_ARG, "risks must be one number, or one per step (%zu), got %zu", p->rates.n, p->risks.n);
  if (p->rates.n && !fits(p->gradients.n, p->rates.n))
    return err_set(e, STATUS_BAD_ARG, "gradients must be one number, or one per step (%zu), got %zu", p->rates.n, p->gradients.n);
  if (p->n != PARAM_AUTO_INT && p->batch > p->n)
    return err_set(e, STATUS_BAD_ARG, "batch must be at most n (%" PRId64 "), got %" PRId64, p->n, p->batch);
  return STATUS_OK;
}

enum status stability_single_resolve(void *conf, struct err *e)
{
  struct stability_path *p = conf;
  p->batch = 1;
  p->measured = NAN;
  return stability_path_resolve(p, e);
}

enum status stability_path_check(const struct stability_path *p, struct err *e)
{
  if (p->n == PARAM_AUTO_INT)
    return bound_missing(e, "n");
  if (isnan(p->smoothness))
    return bound_missing(e, "smoothness");
  if (p->rates.n == 0)
    return bound_missing(e, "rates");
  return p->risks.n || p->gradients.n ? STATUS_OK : bound_missing(e, "risks");
}

double stability_hit(const struct stability_path *p, size_t step)
{
  if (p->gradients.n)
    return 4 * p->gradients.v[p->gradients.n == 1 ? 0 : step];
  return 8 * p->smoothness * p->risks.v[p->risks.n == 1 ? 0 : step];
}

double stability_largest_rate(const struct param_list *rates)
{
  double largest = 0;
  for (size_t t = 0; t < rates->n; t++)
    largest = fmax(largest, rates->v[t]);
  return largest;
}

double stability_l1(const struct stability_path *p)
{
  double sum = 0;
  for (size_t t = 0; t < p->rates.n; t++)
    sum += p->rates.v[t] * sqrt(stability_hit(p, t));
  return sum / (double)p->n;
}

/* (1 + 1/q)/(n b) sum_j (1 + q b/n)^(t-j) eta_j^2 hit_j, for one q. */
static double closed_at(const struct stability_path *p, double q)
{
  double n = (double)p->n, b = (double)p->batch, sum = 0;
  for (size_t t = 0; t < p->rates.n; t++)
    sum = sum * (1 + q * b / n) + p->rates.v[t] * p->rates.v[t] * stability_hit(p, t);
  return (1 + 1 / q) / (n * b) * sum;
}

double stability_l2_closed(const struct stability_path *p)
{
  double usual = (double)p->n / ((double)p->batch * (double)p->rates.n), best = closed_at(p, usual);
  for (int i = -20; i <= 20; i++) /* it holds for every q > 0 */
    best = fmin(best, closed_at(p, usual * exp2(i / 2.0)));
  return best;
}

double stability_l2_recursion(const struct stability_path *p, double mu)
{
  double b = (double)p->batch, hit = b / (double)p->n, u2 = 0;
  for (size_t t = 0; t < p->rates.n; t++) {
    double eta = p->rates.v[t], moved = sqrt(u2) + eta / b * sqrt(stability_hit(p, t));
    u2 = (1 - hit) * (1 - eta * mu) * u2 + hit * moved * moved;
  }
  return u2;
}

bool stability_constant_rate(const struct param_list *rates)
{
  bool constant = true;
  for (size_t t = 1; t < rates->n; t++)
    constant = constant && rates->v[t] == rates->v[0];
  return constant;
}

double stability_gap(double smoothness, double risk, double delta2)
{
  /* 0 * inf: without risk only the first term is left, which is infinite too. */
  double cross = risk > 0 ? sqrt(2 * smoothness * risk * delta2) : 0;
  return smoothness / 2 * delta2 + cross;
}

void stability_on_gap(const struct stability_path *p, struct bound_value *out)
{
  out->on_gap = true;
  out->trivial = isnan(p->loss_range) ? INFINITY : p->loss_range;
}

void stability_give(const struct stability_path *p, double risk, double delta2, struct bound_value *out)
{
  bound_term(out, "delta2", delta2);
  stability_on_gap(p, out);
  out->value = stability_gap(p->smoothness, risk, delta2);
}

struct stability_sums stability_sum(const struct stability_path *p)
{
  struct stability_sums s = {0};
  for (size_t t = 0; t < p->rates.n; t++) {
    double hit = stability_hit(p, t);
    s.hits += hit;
    s.roots += sqrt(hit);
  }
  return s;
}
