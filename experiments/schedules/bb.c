/* bb.c: see bb.h. Barzilai and Borwein 1988. */
#include "experiments/schedules/bb.h"

#include <math.h>
#include <string.h>

enum gradients { GRADIENTS_LAST, GRADIENTS_SAME_BATCH };
static const char *const gradients_names[] = {"last", "same-batch", NULL};

const struct param bb_params[] = {
  {.id = "eta0", .type = PARAM_REAL, .at = offsetof(struct bb_conf, eta0), .def = 0.1, .min = 0, .max = 1e6,
   .flags = PARAM_MIN_OPEN | PARAM_LOG | PARAM_TUNED, .doc = "rate of the first update", .example = "0.1"},
  {.id = "eta_min", .type = PARAM_REAL, .at = offsetof(struct bb_conf, eta_min), .def = 1e-10, .min = 0, .max = 1e10,
   .flags = PARAM_MIN_OPEN | PARAM_LOG | PARAM_ADVANCED, .doc = "least rate", .example = "1e-6"},
  {.id = "eta_max", .type = PARAM_REAL, .at = offsetof(struct bb_conf, eta_max), .def = 1e10, .min = 0, .max = 1e10,
   .flags = PARAM_MIN_OPEN | PARAM_LOG | PARAM_ADVANCED, .doc = "largest rate", .example = "10"},
  {.id = "gradients", .type = PARAM_CHOICE, .at = offsetof(struct bb_conf, gradients), .def = GRADIENTS_LAST,
   .choices = gradients_names,
   .doc = "the earlier gradient: of the last update's batch, or of this batch at the last weights, computed anew",
   .example = "same-batch"},
  {0},
};

struct state {
  double eta;    /* the last rate; 0 before the first update */
  float last[];  /* weights, then gradient */
};

size_t bb_state_size(const void *conf, size_t n)
{
  size_t bytes;
  (void)conf;
  if (__builtin_mul_overflow(n, 2 * sizeof(float), &bytes) || __builtin_add_overflow(bytes, sizeof(struct state), &bytes))
    return SIZE_MAX;
  return bytes;
}

void bb_init(const void *conf, void *state, size_t n) { memset(state, 0, bb_state_size(conf, n)); }

static struct bb_change change_since(const float *w, const float *g, const struct control *k)
{
  struct bb_change b = {0};
  for (size_t i = 0; i < k->n; i++) {
    double s = (double)k->w[i] - (double)w[i], y = (double)k->g[i] - (double)g[i];
    b.ss += s * s;
    b.sy += s * y;
    b.yy += y * y;
  }
  return b;
}

enum status bb_rate(const struct bb_conf *c, void *state, struct control *k, double (*quotient)(const struct bb_change *b), double *lr,
                    struct err *e)
{
  struct state *last = state;
  float *w = last->last, *g = w + k->n;
  double loss;
  enum status s = controller_check(k, e);
  if (s == STATUS_OK && last->eta > 0 && c->gradients == GRADIENTS_SAME_BATCH)
    s = k->grad_at(k, w, &loss, g, e);
  if (s != STATUS_OK)
    return s;
  struct bb_change b = change_since(w, g, k);
  if (last->eta == 0) /* exact: what init wrote */
    last->eta = c->eta0;
  else if (b.sy > 0)
    last->eta = fmin(fmax(quotient(&b), c->eta_min), c->eta_max);
  memcpy(w, k->w, k->n * sizeof *w);
  memcpy(g, k->g, k->n * sizeof *g);
  *lr = last->eta;
  return STATUS_OK;
}
