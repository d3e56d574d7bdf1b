/* Step-size rules on quadratics f(w) = (1/2) sum a_i w_i^2, where their rates are known: Polyak's, Barzilai and Borwein's,
 * hypergradient descent. Weights and gradients are float32, so equalities hold to its rounding, 6e-8, times the condition. */
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "experiments/kernel/rng.h"
#include "experiments/schedules/schedule.h"
#include "tests/unit/objects.h"

extern const struct controller controller_bb1, controller_bb2, controller_hypergradient, controller_polyak, controller_sps_max;

#define N 5
#define F32 1e-6

struct problem {
  struct control c; /* first: the callbacks get it back as the problem */
  double a[N];
  float w[N], g[N], direction[N];
  size_t n;
  int gradients;
};

static void look(struct problem *p)
{
  p->c.loss = p->c.grad_norm2 = 0;
  for (size_t i = 0; i < p->n; i++) {
    p->g[i] = (float)(p->a[i] * (double)p->w[i]);
    p->c.loss += p->a[i] / 2 * (double)p->w[i] * (double)p->w[i];
    p->c.grad_norm2 += (double)p->g[i] * (double)p->g[i];
  p->c.slope = p->c.grad_norm2;
  }
}

static enum status grad_at(struct control *c, const float *w, double *loss, float *g, struct err *e)
{
  struct problem *p = (struct problem *)c;
  (void)e;
  *loss = 0;
  for (size_t i = 0; i < p->n; i++)
    g[i] = (float)(p->a[i] * (double)w[i]);
  p->gradients++;
  p->c.cost += 1;
  return STATUS_OK;
}

static struct problem *problem_new(size_t n, double first, double ratio)
{
  struct problem *p = calloc(1, sizeof *p);
  p->n = n;
  p->c = (struct control){.self = p, .n = n, .w = p->w, .g = p->g, .direction = p->g, .batches_per_epoch = 4, .grad_at = grad_at};
  for (size_t i = 0; i < n; i++) {
    p->a[i] = first * pow(ratio, (double)i);
    p->w[i] = 1 - 0.3f * (float)i;
  }
  look(p);
  return p;
}

static void *state_new(const struct object *o, size_t n)
{
  const struct controller *m = (const struct controller *)o->method;
  void *state = calloc(1, m->state_size(o->conf, n) + 1);
  m->init(o->conf, state, n);
  return state;
}

static double chosen(const struct object *o, void *state, struct problem *p)
{
  double lr = NAN;
  struct err e = {0};
  if (((const struct controller *)o->method)->rate(o->conf, state, &p->c, &lr, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  return lr;
}

static double advance(const struct object *o, void *state, struct problem *p)
{
  double lr = chosen(o, state, p);
  p->c.t++;
  for (size_t i = 0; i < p->n; i++)
    p->w[i] -= (float)lr * p->c.direction[i];
  look(p);
  return lr;
}

static double distance(const struct problem *p)
{
  double d = 0;
  for (size_t i = 0; i < p->n; i++)
    d += (double)p->w[i] * (double)p->w[i];
  return sqrt(d);
}

static void test_polyak(void)
{
  struct object o = MAKE(&controller_polyak.m, V_REAL("eps", 0)), half = MAKE(&controller_polyak.m, V_REAL("eps", 0), V_REAL("c", 0.5));
  struct problem *p = problem_new(1, 8, 1);
  tap_near(advance(&o, NULL, p), 1.0 / 16, F32, 0, "on (L/2) x^2 Polyak's step is 1/(2L)");
  tap_near((double)p->w[0], 0.5, F32, 0, "which halves the error");
  tap_near(chosen(&half, NULL, p), 1.0 / 8, F32, 0, "with c = 1/2 it is 1/L");
  advance(&half, NULL, p);
  tap_near((double)p->w[0], 0, 0, F32, "which is there in one step");
  tap_ok(chosen(&o, NULL, p) == 0, "where there is no gradient nothing is done");
  free(p);
  p = problem_new(N, 0.1, 4);
  double before = distance(p), first = before;
  bool nearer = true;
  for (int t = 0; t < 400; t++) {
    advance(&o, NULL, p);
    nearer = nearer && distance(p) <= before * (1 + F32);
    before = distance(p);
  }
  tap_ok(nearer && before < 0.01 * first, "with the exact optimum the distance never grows: condition 256, %.2g of %.2g left", before, first);
  free(p);
  p = problem_new(1, 8, 1);
  struct object high = MAKE(&controller_polyak.m, V_REAL("optimum", 5)), low = MAKE(&controller_polyak.m, V_REAL("eta_max", 0.01));
  tap_ok(chosen(&high, NULL, p) == 0, "a loss below the optimum gives the rate 0");
  tap_ok(chosen(&low, NULL, p) == 0.01, "no rate exceeds eta_max");
  free(p);
  object_free(&o), object_free(&half), object_free(&high), object_free(&low);
}

static void test_sps(void)
{
  struct object o = MAKE(&controller_sps_max.m, V_REAL("eta0", 0.25)), fixed = MAKE(&controller_sps_max.m, V_TEXT("cap", "fixed"), V_REAL("eta_max", 0.125));
  struct problem *flat = problem_new(1, 1e-3, 1), *steep = problem_new(1, 1e3, 1);
  void *state = state_new(&o, 1);
  double root = pow(2, 0.25);
  tap_near(chosen(&o, state, flat), 0.25 * root, 1e-15, 0, "the smooth cap grows by gamma^(1/batches per epoch)");
  tap_near(chosen(&o, state, flat), 0.25 * root * root, 1e-15, 0, "from one update to the next");
  tap_near(chosen(&o, state, steep), 1e-3, F32, 0, "below the cap the step is Polyak's with c = 1/2: 1/L");
  tap_near(chosen(&o, state, flat), 1e-3 * root, F32, 0, "and the cap starts from there");
  steep->c.loss = -1;
  tap_ok(chosen(&o, state, steep) == 0, "a loss below the optimum gives the rate 0");
  tap_near(chosen(&o, state, flat), 1e-3 * root * root, F32, 0, "which is not remembered");
  tap_ok(chosen(&fixed, state, flat) == 0.125, "the fixed cap is eta_max");
  free(state), free(flat), free(steep);
  object_free(&o), object_free(&fixed);
}

/* Both rules on the same path, that of bb1: every rate lies between the inverse curvatures, bb2 below bb1, and both are the
 * quotients of the changes, taken here in float64. */
static void test_bb(void)
{
  struct object one = MAKE(&controller_bb1.m, V_REAL("eta0", 0.05)), two = MAKE(&controller_bb2.m, V_REAL("eta0", 0.05));
  struct problem *p = problem_new(N, 1, 2);
  void *s1 = state_new(&one, N), *s2 = state_new(&two, N);
  float w[N], g[N];
  bool ordered = true, equal = true;
  double first = p->c.loss, least = first;
  for (int t = 0; t < 60 && p->c.loss > 1e-8 * first; t++) {
    double ss = 0, sy = 0, yy = 0, r2 = chosen(&two, s2, p), r1 = chosen(&one, s1, p);
    for (int i = 0; i < N && t > 0; i++) {
      double s = (double)p->w[i] - (double)w[i], y = (double)p->g[i] - (double)g[i];
      ss += s * s, sy += s * y, yy += y * y;
    }
    if (t > 0) {
      ordered = ordered && r2 >= 1.0 / 16 * (1 - 1e-4) && r2 <= r1 * (1 + 1e-12) && r1 <= 1 + 1e-4;
      equal = equal && fabs(r1 * sy / ss - 1) < 1e-12 && fabs(r2 * yy / sy - 1) < 1e-12;
    }
    memcpy(w, p->w, sizeof w);
    memcpy(g, p->g, sizeof g);
    for (int i = 0; i < N; i++)
      p->w[i] -= (float)r1 * p->g[i];
    look(p);
    least = fmin(least, p->c.loss);
  }
  tap_ok(ordered, "1/lambda_max <= bb2 <= bb1 <= 1/lambda_min, to float32");
  tap_ok(equal, "they are s.s/s.y and s.y/y.y");
  tap_ok(least <= 1e-8 * first, "bb1 solves a quadratic of condition 16 in 60 updates (%.2g left)", least / first);
  free(p);
  p = problem_new(1, 3, 1);
  memset(s1, 0, controller_bb1.state_size(one.conf, N));
  advance(&one, s1, p);
  tap_near(advance(&one, s1, p), 1.0 / 3, F32, 0, "in one dimension the second rate is 1/lambda");
  tap_near((double)p->w[0], 0, 0, F32, "and the second update arrives");
  free(p), free(s1), free(s2);
  object_free(&one), object_free(&two);
}

static void test_bb_guards(void)
{
  struct object o = MAKE(&controller_bb1.m, V_REAL("eta0", 0.2), V_REAL("eta_max", 0.7));
  struct problem *p = problem_new(2, -1, 1); /* concave: s.y < 0 */
  void *state = state_new(&o, 2);
  advance(&o, state, p);
  tap_ok(advance(&o, state, p) == 0.2, "without positive curvature the last rate stays");
  p->a[0] = p->a[1] = 1e-3;
  look(p);
  advance(&o, state, p);
  tap_ok(chosen(&o, state, p) == 0.7, "no rate exceeds eta_max");
  free(state), free(p);
  object_free(&o);
  /* Another batch at each update: a hundred times steeper gradients would look like curvature, taken on two batches. */
  struct object same = MAKE(&controller_bb1.m, V_REAL("eta0", 0.01), V_TEXT("gradients", "same-batch"));
  p = problem_new(1, 2, 1);
  state = state_new(&same, 1);
  advance(&same, state, p);
  tap_ok(p->gradients == 0, "the first update needs no other gradient");
  p->a[0] = 5;
  look(p);
  tap_near(chosen(&same, state, p), 0.2, F32, 0, "on the same batch the rate is 1/lambda of that batch");
  tap_ok(p->gradients == 1 && p->c.cost == 1, "at the cost of one more gradient");
  free(state), free(p);
  object_free(&same);
}

static void test_hypergradient(void)
{
  static const char *const forms[] = {"additive", "multiplicative"};
  for (int f = 0; f < 2; f++) {
    struct object o = MAKE(&controller_hypergradient.m, V_TEXT("form", forms[f]), V_REAL("beta", 0.02), V_REAL("eta0", 0.01));
    struct problem *p = problem_new(N, 0.5, 1.7);
    void *state = state_new(&o, N);
    double eta = 0.01, worst = 0, last[N] = {0};
    for (int t = 0; t < 50; t++) {
      double dot = 0, own = 0, before = 0;
      for (int i = 0; i < N; i++)
        dot += (double)p->g[i] * last[i], own += (double)p->g[i] * (double)p->g[i], before += last[i] * last[i];
      eta = f == 0 ? eta + 0.02 * dot : before > 0 ? eta * (1 + 0.02 * dot / sqrt(own * before)) : eta;
      for (int i = 0; i < N; i++)
        last[i] = (double)p->g[i];
      worst = fmax(worst, fabs(advance(&o, state, p) / eta - 1));
    }
    tap_near(worst, 0, 0, 1e-12, "%s hypergradient is its textbook loop over 50 updates", forms[f]);
    free(state), free(p);
    object_free(&o);
  }
  struct object o = MAKE(&controller_hypergradient.m, V_REAL("beta", 0.01), V_REAL("eta0", 0.01)), off = MAKE(&controller_hypergradient.m, V_REAL("beta", 0));
  struct problem *p = problem_new(1, 4, 1);
  void *state = state_new(&o, 1);
  bool toward = true;
  double eta = advance(&o, state, p);
  for (int t = 0; t < 30; t++) { /* g_t g_{t-1} = lambda^2 x^2 (1 - eta lambda): the sign is that of 1/lambda - eta */
    double next = advance(&o, state, p);
    toward = toward && (next - eta) * (0.25 - eta) >= 0;
    eta = next;
  }
  tap_ok(toward && eta > 0.05, "in one dimension the rate always moves toward 1/lambda");
  free(state);
  state = state_new(&off, 1);
  advance(&off, state, p);
  tap_ok(advance(&off, state, p) == 0.01, "beta = 0 is the base rule");
  free(state), free(p);
  p = problem_new(2, 1, 1);
  p->c.direction = p->direction; /* what another rule would subtract */
  p->direction[0] = 3, p->direction[1] = -1;
  state = state_new(&o, 2);
  double first = chosen(&o, state, p), dot = 3 * (double)p->g[0] - (double)p->g[1];
  tap_near(chosen(&o, state, p) - first, 0.01 * dot, 1e-12, 0, "it is the direction of the update that is remembered");
  p->g[0] = -1e9f;
  tap_ok(chosen(&o, state, p) == 1e-10, "a rate never falls below eta_min");
  free(state), free(p);
  object_free(&o), object_free(&off);
}

int main(void)
{
  test_polyak();
  test_sps();
  test_bb();
  test_bb_guards();
  test_hypergradient();
  return tap_done();
}
