/* batch_norm_test.c: grow the batch when the noise of its gradient drowns the gradient.
 *
 * The mini-batches of an update fall in G groups of c_g each, with mean gradients m_g; their mean is g. Then
 * b sum_g c_g |m_g - g|^2/(G - 1) has the variance of one example's gradient as its mean, whatever the c_g are; with the
 * two half-batches a and b of one batch B it is B |g_a - g_b|^2/4. */
#include <math.h>
#include <stddef.h>

#include "experiments/schedules/batching.h"

enum test { TEST_NORM = 0, TEST_INNER_PRODUCT = 1 };
static const char *const test_names[] = {"norm", "inner-product", NULL};

struct conf {
  double theta;
  int64_t start, most;
  int test; /* enum test */
};

struct state {
  size_t count; /* of mini-batches; 0: at the start */
};

static const struct param params[] = {
  {.id = "theta", .type = PARAM_REAL, .at = offsetof(struct conf, theta), .def = 0.9, .min = 0, .max = 1e6,
   .flags = PARAM_MIN_OPEN | PARAM_LOG | PARAM_TUNED, .doc = "noise that is borne, as a part of the gradient: 0.5 to 0.9", .example = "0.5"},
  {.id = "test", .type = PARAM_CHOICE, .at = offsetof(struct conf, test), .def = TEST_NORM, .choices = test_names,
   .doc = "norm: of all the noise; inner-product: of its part along the gradient", .example = "inner-product"},
  {.id = "start", .type = PARAM_INT, .at = offsetof(struct conf, start), .def = 2, .min = 2, .max = 1e9, .unit = "mini-batches",
   .doc = "mini-batches of the first updates; the noise is seen in what they differ by", .example = "4"},
  BATCHING_MOST_PARAM(struct conf, most),
  {0},
};

static size_t next(const void *conf, void *state, const struct batching_frame *f, double *rate)
{
  const struct conf *c = conf;
  struct state *s = state;
  (void)f, (void)rate;
  if (s->count == 0)
    s->count = (size_t)c->start;
  return s->count;
}

/* |m_g - g|^2, or ((m_g - g).g)^2 */
static double square(const struct conf *c, const struct batching_seen *s, const double *m)
{
  double sum = 0;
  for (size_t i = 0; i < s->n; i++) {
    double d = m[i] - s->gradient[i];
    sum += d * (c->test == TEST_NORM ? d : s->gradient[i]);
  }
  return c->test == TEST_NORM ? sum : sum * sum;
}

static void see(const void *conf, void *state, const struct batching_frame *f, const struct batching_seen *s)
{
  const struct conf *c = conf;
  struct state *own = state;
  double variance = 0, signal = 0;
  if (s->groups < 2) /* a last update that was cut short */
    return;
  for (size_t i = 0; i < s->n; i++)
    signal += s->gradient[i] * s->gradient[i];
  for (size_t k = 0; k < s->groups; k++) {
    size_t batches = (s->count - k + s->groups - 1) / s->groups; /* group k holds every groups-th of them */
    variance += (double)batches * square(c, s, s->group[k]);
  }
  variance *= (double)f->batch / (double)(s->groups - 1);
  double wanted = variance / (c->theta * c->theta * (c->test == TEST_NORM ? signal : signal * signal)) / (double)f->batch;
  size_t most = batching_most(c->most, f);
  if (wanted > (double)s->count && most > own->count)
    own->count = wanted < (double)most ? (size_t)ceil(wanted) : most;
}

const struct batching batching_batch_norm_test = {
  .m = {.kind = KIND_BATCHING,
        .id = "batch-norm-test",
        .name = "Norm test",
        .summary = "grow the batch when the noise of its gradient exceeds a part of the gradient",
        .formula = "norm: B <- ceil(V/(theta^2 |g|^2)) where V/B > theta^2 |g|^2,  V = E|g_i - g|^2\n"
                   "inner-product: B <- ceil(V/(theta^2 |g|^4)) where V/B > theta^2 |g|^4,  V = E((g_i - g).g)^2",
        .cite = "Byrd, Chin, Nocedal and Wu 2012, Sample size selection in optimization methods for machine learning; "
                "Bollapragada, Byrd and Nocedal 2018, Adaptive sampling strategies for stochastic optimization",
        .notes = "g is the gradient of the update, g_i that of an example. The variance is taken between up to 8 groups of the update's "
                 "mini-batches, and B is a multiple of the training's batch that never shrinks. The inner-product test asks only that the "
                 "step goes downhill, and grows later. The rate is left to the schedule. Near the optimum the batch grows without end: "
                 "`most` bounds it.",
        .example = "assay.batching(\"batch-norm-test\", {theta = 0.5})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .state_size = sizeof(struct state),
  .next = next,
  .see = see,
};
