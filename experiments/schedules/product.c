/* product.c: schedules multiplied update by update. */
#include <math.h>

#include "experiments/schedules/schedule.h"

struct conf {
  struct schedule_common common;
  struct param_objects factors;
};

static const struct param params[] = {
  SCHEDULE_SCALE_PARAM(struct conf, common, "a further factor; the schedules multiply with their own peaks"),
  SCHEDULE_FRAME_PARAMS(struct conf, common),
  {.id = "factors", .type = PARAM_METHODS, .at = offsetof(struct conf, factors), .of = KIND_SCHEDULE, .flags = PARAM_REQUIRED,
   .doc = "the schedules to multiply", .example = "untuned-linear,cosine"},
  {0},
};

/* Where a factor knows its length, the product is as long as the shortest of them. */
static enum status resolve(void *conf, struct err *e)
{
  struct conf *c = conf;
  int64_t least = PARAM_AUTO_INT;
  if (c->factors.n == 0)
    return err_set(e, STATUS_BAD_ARG, "factors must name at least one schedule");
  for (size_t i = 0; i < c->factors.n; i++) {
    int64_t own = ((const struct schedule_common *)c->factors.v[i].conf)->steps;
    if (own != PARAM_AUTO_INT && (least == PARAM_AUTO_INT || own < least))
      least = own;
  }
  if (c->common.steps == PARAM_AUTO_INT && least != PARAM_AUTO_INT)
    c->common.steps = c->common.warmup + least;
  return schedule_resolve(conf, e);
}

static enum status check(const void *conf, int64_t total, struct err *e)
{
  const struct conf *c = conf;
  for (size_t i = 0; i < c->factors.n && total > 0; i++) {
    enum status code = schedule_check(&c->factors.v[i], total, e);
    if (code != STATUS_OK)
      return err_prefix(e, "factor %zu", i + 1);
  }
  return STATUS_OK;
}

static double body(const void *conf, int64_t t, int64_t total)
{
  const struct conf *c = conf;
  double rate = 1;
  for (size_t i = 0; i < c->factors.n; i++)
    rate *= schedule_at(&c->factors.v[i], t, total);
  return rate;
}

/* That of the first factor that sets one. */
static double momentum(const void *conf, int64_t t, int64_t total)
{
  const struct conf *c = conf;
  double mu = NAN;
  for (size_t i = 0; i < c->factors.n && t >= 0 && isnan(mu); i++)
    mu = schedule_momentum_at(&c->factors.v[i], t, total);
  return mu;
}

const struct schedule schedule_product = {
  .m = {.kind = KIND_SCHEDULE,
        .id = "product",
        .name = "Product",
        .summary = "schedules multiplied: a warm-up over a body that is not shifted",
        .formula = "eta_t = peak * prod_i eta^(i)_t, every factor over the same T",
        .cite = "Ma and Yarats 2019, On the adequacy of untuned warmup for adaptive optimization (a warm-up as a factor)",
        .notes = "In Lua, a * b is the product of a and b. The rates are multiplied, peaks and all: give every factor but one the "
                 "peak 1. A warm-up as a factor leaves the body's count as it is, so that the body has fallen by the time the "
                 "warm-up ends; the parameter warmup shifts the body instead. The parameter `last` is that of each factor.",
        .example = "assay.schedule(\"product\", {factors = {assay.schedule(\"untuned-linear\"), assay.schedule(\"cosine\", {steps = 1000})}})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .resolve = resolve},
  .body = body,
  .momentum = momentum,
  .check = check,
};
