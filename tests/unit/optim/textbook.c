/* Every optimizer against its textbook: loops in float64 written here from the formulas of the papers, on
 * a noisy 10-dimensional quadratic of condition 1000, over 50 updates with a rate that changes.
 *
 * Float64 agrees to 1e-10: 50 updates of a few roundings each on a contracting map stay far below. Float32:
 * 5e-6 of the largest weight, 50 updates of at most five roundings of 6e-8 each, allowing them to add up
 * with a third of the worst sign pattern. Adam divides by the root of a moment, which triples that. */
#include "tests/unit/optim/drive.h"

#define N 10
#define T 50

static const double h[N] = {0.001, 0.00215, 0.00464, 0.01, 0.0215, 0.0464, 0.1, 0.215, 0.464, 1};
static const struct quadratic noisy = {.h = h, .noise = 0.05, .seed = 11};

static double falling(uint64_t k) { return 0.3 / sqrt((double)k); }
static double falling_adam(uint64_t k) { return 0.05 / sqrt((double)k); }

struct constants { double mu, damp, l2, decay, b1, b2, eps; bool nesterov; };

/* One coordinate at a time, from the formulas: k counts from 1. */
static void textbook_momentum(const struct constants *c, double w[N])
{
  double g[N], v[N] = {0};
  for (uint64_t k = 1; k <= T; k++) {
    quadratic_gradient(&noisy, k, w, g, N);
    for (int i = 0; i < N; i++) {
      double d = g[i] + c->l2 * w[i];
      w[i] -= falling(k) * c->decay * w[i];
      if (c->mu > 0) {
        v[i] = k == 1 ? d : c->mu * v[i] + (1 - c->damp) * d;
        d = c->nesterov ? d + c->mu * v[i] : v[i];
      }
      w[i] -= falling(k) * d;
    }
  }
}

static void textbook_adam(const struct constants *c, double w[N])
{
  double g[N], m[N] = {0}, v[N] = {0}, p1 = 1, p2 = 1;
  for (uint64_t k = 1; k <= T; k++) {
    quadratic_gradient(&noisy, k, w, g, N);
    p1 *= c->b1;
    p2 *= c->b2;
    for (int i = 0; i < N; i++) {
      double d = g[i] + c->l2 * w[i];
      w[i] *= 1 - falling_adam(k) * c->decay;
      m[i] = c->b1 * m[i] + (1 - c->b1) * d;
      v[i] = c->b2 * v[i] + (1 - c->b2) * d * d;
      w[i] -= falling_adam(k) * (m[i] / (1 - p1)) / (sqrt(v[i] / (1 - p2)) + c->eps);
    }
  }
}

static double distance(const double *a, const double *b)
{
  double worst = 0;
  for (int i = 0; i < N; i++)
    worst = fmax(worst, fabs(a[i] - b[i]));
  return worst;
}

static void compare(const char *name, struct object o, const struct constants *c)
{
  bool adam = c->eps > 0;
  double start[N], expected[N], wide[N], narrow_wide[N];
  float narrow[N];
  for (int i = 0; i < N; i++) {
    start[i] = (double)(float)sin(i + 1);
    expected[i] = wide[i] = start[i];
    narrow[i] = (float)start[i];
  }
  struct drive d = {.o = &o, .n = N, .gradient = quadratic_gradient, .problem = &noisy, .rate = adam ? falling_adam : falling};
  (adam ? textbook_adam : textbook_momentum)(c, expected);
  run_f64(&d, wide, T);
  void *state = state_made(&o, narrow, N, DTYPE_F32);
  drive_f32(&d, state, narrow, 1, T + 1);
  free(state);
  for (int i = 0; i < N; i++)
    narrow_wide[i] = (double)narrow[i];
  tap_near(distance(wide, expected), 0, 0, 1e-10, "%s, float64, follows its textbook for 50 updates", name);
  tap_near(distance(narrow_wide, expected), 0, 0, adam ? 1.5e-5 : 5e-6, "%s, float32, follows its textbook for 50 updates", name);
  tap_ok(distance(wide, start) > 0.05, "%s has moved", name);
  object_free(&o);
}

int main(void)
{
  compare("sgd", MAKE_DEFAULT(&optimizer_sgd.m), &(struct constants){0});
  compare("sgd with l2", MAKE(&optimizer_sgd.m, V_REAL("l2", 0.1)), &(struct constants){.l2 = 0.1});
  compare("sgd with both decays", MAKE(&optimizer_sgd.m, V_REAL("l2", 0.1), V_REAL("weight_decay", 0.2)),
          &(struct constants){.l2 = 0.1, .decay = 0.2});
  compare("heavy-ball", MAKE_DEFAULT(&optimizer_heavy_ball.m), &(struct constants){.mu = 0.9});
  compare("heavy-ball with damp and l2", MAKE(&optimizer_heavy_ball.m, V_REAL("momentum", 0.8), V_REAL("damp", 0.3), V_REAL("l2", 0.1)),
          &(struct constants){.mu = 0.8, .damp = 0.3, .l2 = 0.1});
  compare("heavy-ball with weight_decay", MAKE(&optimizer_heavy_ball.m, V_REAL("weight_decay", 0.3)), &(struct constants){.mu = 0.9, .decay = 0.3});
  compare("heavy-ball without momentum", MAKE(&optimizer_heavy_ball.m, V_REAL("momentum", 0), V_REAL("damp", 0.5)), &(struct constants){0});
  compare("nesterov", MAKE_DEFAULT(&optimizer_nesterov.m), &(struct constants){.mu = 0.9, .nesterov = true});
  compare("nesterov with both decays", MAKE(&optimizer_nesterov.m, V_REAL("momentum", 0.7), V_REAL("l2", 0.1), V_REAL("weight_decay", 0.2)),
          &(struct constants){.mu = 0.7, .l2 = 0.1, .decay = 0.2, .nesterov = true});
  compare("adam", MAKE_DEFAULT(&optimizer_adam.m), &(struct constants){.b1 = 0.9, .b2 = 0.999, .eps = 1e-8});
  compare("adam with l2", MAKE(&optimizer_adam.m, V_REAL("b1", 0.8), V_REAL("b2", 0.95), V_REAL("eps", 1e-3), V_REAL("l2", 0.1)),
          &(struct constants){.b1 = 0.8, .b2 = 0.95, .eps = 1e-3, .l2 = 0.1});
  compare("adamw", MAKE_DEFAULT(&optimizer_adamw.m), &(struct constants){.b1 = 0.9, .b2 = 0.999, .eps = 1e-8, .decay = 0.01});
  compare("adamw with much decay", MAKE(&optimizer_adamw.m, V_REAL("weight_decay", 2)), &(struct constants){.b1 = 0.9, .b2 = 0.999, .eps = 1e-8, .decay = 2});
  return tap_done();
}
