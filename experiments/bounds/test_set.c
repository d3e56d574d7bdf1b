/* test_set.c: see test_set.h. */
#include "experiments/bounds/test_set.h"

#include <inttypes.h>

#include "experiments/kernel/stats.h"

const char *const test_counts_required[] = {"n", "errors", NULL};

enum status test_counts_resolve(void *conf, struct err *e)
{
  const struct test_counts *c = conf;
  if (c->n != PARAM_AUTO_INT && c->errors != PARAM_AUTO_INT && c->errors > c->n)
    return err_set(e, STATUS_BAD_ARG, "errors must be at most n (%" PRId64 "), got %" PRId64, c->n, c->errors);
  return STATUS_OK;
}

enum status test_set_checked(const void *conf, const struct bound_input *in, bool *checked, struct err *e)
{
  (void)conf;
  const struct dataset *d = in->subject->data;
  if (in->trained && in->subject->part == &d->train)
    return err_set(e, STATUS_BAD_ARG, "these weights were trained on the train part, so it cannot test them: take part = \"test\"");
  *checked = in->trained && in->subject->part == &d->test;
  return STATUS_OK;
}

enum status test_mean_of(const struct test_mean *t, struct mean_and_size *out, struct err *e)
{
  if (t->losses.n == 0) {
    *out = (struct mean_and_size){t->risk, (double)t->n};
    return isnan(t->risk) ? bound_missing(e, "risk") : t->n == PARAM_AUTO_INT ? bound_missing(e, "n") : STATUS_OK;
  }
  if (t->n != PARAM_AUTO_INT && t->n != (int64_t)t->losses.n)
    return err_set(e, STATUS_BAD_ARG, "n must be the number of losses (%zu), got %" PRId64, t->losses.n, t->n);
  out->n = (double)t->losses.n;
  return stats_mean(t->losses.v, t->losses.n, &out->mean, e);
}
