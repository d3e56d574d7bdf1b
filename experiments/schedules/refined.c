/* refined.c: the schedule that the gradient norms of an earlier run ask for.
 *
 * Defazio, Cutkosky, Mehta and Mishchenko 2023. The last iterate of SGD has a bound that holds for any weights w_t > 0
 * when eta_t = w_t sum_{p>t} w_p; for known norms it is least near w_t = G_t^-2. The norms are smoothed by a running
 * median, so that one odd batch does not decide a rate; its right edge is mirrored, because the tail decides the decay.
 *
 * All of it is done once, when the object is made; what a training asks for is a table. */
#include <assert.h>
#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "experiments/kernel/mem.h"
#include "experiments/schedules/running_median.h"
#include "experiments/schedules/schedule.h"

enum norm { NORM_L2, NORM_L1 };
static const char *const norm_names[] = {"l2", "l1", NULL};

#define FLOOR 1e-12 /* least norm, as part of the largest: a norm of 0 would have an infinite weight */

/* The multipliers, shared by all copies of an object: they follow from its parameters. */
struct rates {
  atomic_int holders;
  double v[];
};

struct conf {
  struct schedule_common common;
  struct param_list norms;
  double tau;
  int norm;
  struct rates *rates; /* one per norm */
};

static const struct param params[] = {
  SCHEDULE_COMMON_PARAMS(struct conf, common),
  {.id = "norms", .type = PARAM_LIST, .at = offsetof(struct conf, norms), .min = 0, .max = 1e300, .flags = PARAM_REQUIRED,
   .doc = "norm of the mini-batch gradient at each update of an earlier run, before clipping", .example = "4,2,2,1,1"},
  {.id = "tau", .type = PARAM_REAL, .at = offsetof(struct conf, tau), .def = 0.1, .min = 0, .max = 1, .flags = PARAM_MAX_OPEN,
   .unit = "fraction of steps", .doc = "width of the running median; 0: no smoothing", .example = "0.1"},
  {.id = "norm", .type = PARAM_CHOICE, .at = offsetof(struct conf, norm), .def = NORM_L2, .choices = norm_names,
   .doc = "what was recorded: l2 for SGD (weights G^-2), l1 for Adam and its kin (weights G^-1)", .example = "l1"},
  {0},
};

/* Norms -> weights, in place; they lie in [1, 1e24] whatever the unit of the norms. */
static void to_weights(double *v, size_t n, int norm)
{
  double top = 0;
  for (size_t t = 0; t < n; t++)
    top = fmax(top, v[t]);
  for (size_t t = 0; t < n; t++) {
    double w = 1 / fmax(v[t] / top, FLOOR);
    v[t] = norm == NORM_L1 ? w : w * w;
  }
}

/* Weights -> w_t times the sum of the later ones, over the largest of these products. */
static void to_rates(double *v, size_t n)
{
  double later = 0, top = 0;
  for (size_t t = n; t-- > 0;) {
    double w = v[t];
    v[t] = w * later;
    later += w;
    top = fmax(top, v[t]);
  }
  for (size_t t = 0; t < n; t++)
    v[t] = n > 1 ? v[t] / top : 1.0;
}

static enum status resolve(void *conf, struct err *e)
{
  struct conf *c = conf;
  size_t n = c->norms.n;
  bool moves = false;
  void *memory;
  static_assert(sizeof *c->rates == sizeof(double), "the count takes the room of one rate");
  for (size_t t = 0; t < n; t++)
    moves |= c->norms.v[t] > 0;
  if (!moves)
    return err_set(e, STATUS_BAD_ARG, "norms must hold at least one number > 0, got %zu numbers, none of them > 0", n);
  enum status s = mem_new(&memory, n + 1, sizeof(double), "refined schedule", e);
  if (s != STATUS_OK)
    return s;
  c->rates = memory;
  atomic_init(&c->rates->holders, 1);
  s = running_median(c->rates->v, c->norms.v, n, (size_t)floor(floor(c->tau * (double)n) / 2), e);
  if (s != STATUS_OK)
    return s;
  to_weights(c->rates->v, n, c->norm);
  to_rates(c->rates->v, n);
  return schedule_resolve(conf, e);
}

static void share(void *conf) { atomic_fetch_add(&((struct conf *)conf)->rates->holders, 1); }

static void forget(void *conf)
{
  struct conf *c = conf;
  if (c->rates && atomic_fetch_sub(&c->rates->holders, 1) == 1)
    free(c->rates);
  c->rates = NULL;
}

static double body(const void *conf, int64_t t, int64_t total)
{
  const struct conf *c = conf;
  return schedule_interpolate(c->rates->v, c->norms.n, t, total);
}

const struct schedule schedule_refined = {
  .m = {.kind = KIND_SCHEDULE,
        .id = "refined",
        .name = "Refined schedule",
        .summary = "the schedule that the gradient norms of an earlier run ask for",
        .formula = "G^ = running median of G over 2 floor(floor(tau T)/2) + 1 updates (first value repeated, end mirrored)\n"
                   "w_t = G^_t^-2 (l2) or G^_t^-1 (l1);  eta_t = peak * w_t sum_{p>t} w_p, over its largest value;  eta_{T-1} = 0",
        .cite = "Defazio, Cutkosky, Mehta and Mishchenko 2023, When, why and how much? Adaptive learning rate scheduling by "
                "refinement",
        .notes = "Constant norms give exactly linear decay (inclusive); large early norms give a warm-up, norms that fall toward "
                 "the end a rate that stays high and drops fast. The scale of the norms does not matter. Tune the peak anew. "
                 "The last update does nothing. A record of n norms serves a training of any T: the rates are stretched over it, "
                 "linear in between. Norms of 0 count as 1e-12 of the largest. assay.refine{…} records, refines and trains again "
                 "in one call; assay.train{norms = true} records. The parameter `last` has no effect.",
        .example = "assay.schedule(\"refined\", {peak = 0.1, steps = 1000, norms = {4, 2, 2, 1, 1}})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .resolve = resolve,
        .share = share,
        .forget = forget},
  .body = body,
};
