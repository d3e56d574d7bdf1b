/* margin.c: see margin.h. */
#include "experiments/bounds/margin.h"

#include <inttypes.h>

#define RHO_STEPS 60 /* powers of 2 that are tried below the largest margin */

struct margin_fraction { double risk, n; };

/* Fraction of margins <= rho and n from whichever was given; asks for what is missing. */
static enum status fraction_of(const struct margin_input *m, double rho, struct margin_fraction *out, struct err *e)
{
  size_t small = 0, n = m->margins.n;
  if (n == 0) {
    *out = (struct margin_fraction){m->risk, (double)m->n};
    return isnan(m->risk) ? bound_missing(e, "margins") : m->n == PARAM_AUTO_INT ? bound_missing(e, "n") : STATUS_OK;
  }
  if (m->n != PARAM_AUTO_INT && m->n != (int64_t)n)
    return err_set(e, STATUS_BAD_ARG, "n must be the number of margins (%zu), got %" PRId64, n, m->n);
  for (size_t i = 0; i < n; i++)
    small += m->margins.v[i] <= rho;
  *out = (struct margin_fraction){(double)small / (double)n, (double)n};
  return STATUS_OK;
}

static enum status at_rho(const struct margin_input *m, double log_scale, double norm_cost, struct grid_point rho, struct margin_bound *out,
                          struct err *e)
{
  struct margin_fraction small = {0};
  enum status s = fraction_of(m, exp(rho.log_value), &small, e);
  if (s == STATUS_OK)
    *out = (struct margin_bound){exp(rho.log_value), small.risk, log_scale - rho.log_value,
                                 3 * sqrt((log(2 / m->delta) + norm_cost + rho.cost) / (2 * small.n))};
  return s;
}

static double log_sum(const struct margin_bound *b)
{
  double rest = log(b->risk + b->confidence);
  return fmax(b->log_complexity, rest) + log1p(exp(-fabs(b->log_complexity - rest)));
}

/* Downwards from the largest margin. A power that more than half of the margins do not exceed gives nothing worth having, but
 * would be the best of what is vacuous anyway: it is left out, so that vacuous values stay comparable. */
static enum status best_rho(const struct margin_input *m, double log_scale, double norm_cost, struct margin_bound *out, struct err *e)
{
  struct margin_bound b;
  double largest = 0;
  bool found = false;
  for (size_t i = 0; i < m->margins.n; i++)
    largest = fmax(largest, m->margins.v[i]);
  double top = largest > 0 ? log(largest) : 0;
  for (int step = 0; step < RHO_STEPS; step++) {
    enum status s = at_rho(m, log_scale, norm_cost, grid_below(top - step * M_LN2), &b, e);
    if (s != STATUS_OK)
      return s;
    if ((b.risk <= 0.5 && (!found || log_sum(&b) < log_sum(out))) || step == 0)
      *out = b;
    found = found || b.risk <= 0.5;
  }
  return STATUS_OK;
}

enum status margin_bound_of(const struct margin_input *m, double log_scale, double log_norm, struct margin_bound *out, struct err *e)
{
  struct grid_point norm = {log_norm, 0}, rho = {log(m->rho), 0};
  if (m->grid) {
    norm = grid_above(log_norm);
    rho = isnan(m->rho) ? rho : grid_below(rho.log_value);
  }
  log_scale += norm.log_value - log_norm;
  if (!isnan(m->rho))
    return at_rho(m, log_scale, norm.cost, rho, out, e);
  return m->grid && m->margins.n > 0 ? best_rho(m, log_scale, norm.cost, out, e) : bound_missing(e, "rho");
}

void margin_settle(const struct margin_bound *b, struct bound_value *out)
{
  out->value = b->risk + b->confidence + exp(b->log_complexity);
  out->log_value = log_sum(b);
  bound_term(out, "margin_risk", b->risk);
  bound_term(out, "rho", b->rho);
  bound_term(out, "log10_complexity", b->log_complexity / M_LN10);
  bound_term(out, "complexity", exp(b->log_complexity));
  bound_term(out, "confidence", b->confidence);
}

enum status margin_checked(const void *conf, const struct bound_input *in, bool *checked, struct err *e)
{
  const struct margin_input *m = conf;
  (void)in, (void)e;
  *checked = m->grid && isnan(m->risk);
  return STATUS_OK;
}

static struct grid_point grid_at(double i)
{
  return (struct grid_point){i * M_LN2, log(M_PI * M_PI / 3 - 1) + 2 * log1p(fabs(i))};
}

struct grid_point grid_above(double log_v) { return grid_at(ceil(log_v / M_LN2)); }

struct grid_point grid_below(double log_v) { return grid_at(floor(log_v / M_LN2)); }
