/* Every controller, on a quadratic: a positive rate that lowers the loss, costs counted, a flat state. */
#include <math.h>

#include "experiments/schedules/schedule.h"
#include "tests/conformance/walk.h"

#define N 8

/* f(w) = 1/2 sum a_i w_i^2; calls are counted. */
struct problem {
  float w[N], g[N];
  int calls;
};

static double value(const float *w)
{
  double f = 0;
  for (int i = 0; i < N; i++)
    f += 0.5 * (1 + i) * (double)w[i] * (double)w[i];
  return f;
}

static enum status loss_along(struct control *c, double lr, double *loss, struct err *e)
{
  struct problem *p = c->self;
  float w[N];
  (void)e;
  for (int i = 0; i < N; i++)
    w[i] = c->w[i] - (float)lr * c->direction[i];
  *loss = value(w);
  p->calls++;
  c->cost += 1.0 / 3;
  return STATUS_OK;
}

static enum status grad_at(struct control *c, const float *w, double *loss, float *g, struct err *e)
{
  (void)e;
  ((struct problem *)c->self)->calls++;
  *loss = value(w);
  for (int i = 0; i < N; i++)
    g[i] = (float)(1 + i) * w[i];
  c->cost += 1;
  return STATUS_OK;
}

static enum status hvp(struct control *c, const float *v, float *out, struct err *e)
{
  (void)e;
  ((struct problem *)c->self)->calls++;
  for (int i = 0; i < N; i++)
    out[i] = (float)(1 + i) * v[i];
  c->cost += 2;
  return STATUS_OK;
}

static struct control control_of(struct problem *p, uint64_t t)
{
  struct control c = {.self = p, .t = t, .batches_per_epoch = 10, .n = N, .w = p->w, .g = p->g, .direction = p->g,
                      .loss_along = loss_along, .grad_at = grad_at, .hvp = hvp};
  for (int i = 0; i < N; i++) {
    p->g[i] = (float)(1 + i) * p->w[i];
    c.grad_norm2 += (double)p->g[i] * (double)p->g[i];
  }
  c.slope = c.grad_norm2;
  c.loss = value(p->w);
  return c;
}

static const struct controller *rule_of(const struct object *o) { return (const struct controller *)o->method; }

static void start(struct problem *p)
{
  *p = (struct problem){.calls = 0};
  for (int i = 0; i < N; i++)
    p->w[i] = 1;
}

/* One update; false when the rate is not a number >= 0. */
static bool update(const struct object *o, void *state, struct problem *p, uint64_t t, double *cost)
{
  struct control c = control_of(p, t);
  double lr = NAN;
  if (rule_of(o)->rate(o->conf, state, &c, &lr, NULL) != STATUS_OK || !isfinite(lr) || lr < 0)
    return false;
  for (int i = 0; i < N; i++)
    p->w[i] -= (float)lr * p->g[i];
  *cost += c.cost;
  return true;
}

static void check_descent(const struct object *o, void *state, size_t size)
{
  struct problem p, clone;
  void *copy = xcalloc(1, size);
  double cost = 0, ignored = 0;
  bool good = true;
  start(&p);
  rule_of(o)->init(o->conf, state, N);
  double first = value(p.w);
  for (uint64_t t = 0; t < 100; t++) {
    if (t == 50) {
      clone = p;
      memcpy(copy, state, size);
    }
    good = good && update(o, state, &p, t, &cost);
  }
  double last = value(p.w);
  tap_ok(good, "%s: every rate is a number >= 0", o->method->id);
  tap_ok(last < 1e-3 * first, "%s: 100 updates leave less than a thousandth of a quadratic (%.2g of %.2g)",
         o->method->id, last, first);
  tap_ok((p.calls == 0) == (cost == 0), "%s: what it evaluates is counted (%d calls, cost %.1f)", o->method->id,
         p.calls, cost);
  for (uint64_t t = 50; t < 100; t++)
    good = good && update(o, copy, &clone, t, &ignored);
  tap_ok(same_bits(p.w, clone.w, sizeof p.w) && same_bits(state, copy, size),
         "%s: a state copied midway goes on with the same bits", o->method->id);
  free(copy);
}

static void check_trouble(const struct object *o, void *state)
{
  struct problem p;
  double lr = 1;
  start(&p);
  rule_of(o)->init(o->conf, state, N);
  struct control c = control_of(&p, 0);
  c.loss = (double)NAN;
  tap_ok(rule_of(o)->rate(o->conf, state, &c, &lr, NULL) == STATUS_DIVERGED, "%s: a loss that is nan is a divergence",
         o->method->id);
  memset(p.w, 0, sizeof p.w);
  c = control_of(&p, 0);
  tap_ok(rule_of(o)->rate(o->conf, state, &c, &lr, NULL) == STATUS_OK && isfinite(lr) && lr >= 0,
         "%s: a gradient of zero is no trouble", o->method->id);
}

static void check(const struct method *m)
{
  struct object o;
  struct err e;
  void *state;
  if (base_object(&o, m, NULL, 0, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  size_t size = rule_of(&o)->state_size(o.conf, N);
  if (mem_new(&state, size, 1, "state", &e) != STATUS_OK)
    tap_bail("%s", e.message);
  check_descent(&o, state, size);
  check_trouble(&o, state);
  free(state);
  object_free(&o);
}

int main(void)
{
  size_t n = walk(KIND_CONTROLLER, check);
  tap_ok(n > 0, "the registry holds controllers (%zu)", n);
  return tap_done();
}
