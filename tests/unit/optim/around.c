/* around.c: rules that look around the weights (around.h), on a quadratic f(w) = w'Hw/2 - b'w with a full H, against their
 * formulas written out with H at hand; what they cost; and what each becomes at the ends of its parameters. */
#include <stdio.h>

#include "experiments/models/model.h"
#include "experiments/optim/around.h"
#include "tests/unit/optim/drive.h"

extern const struct optimizer optimizer_sam, optimizer_gam, optimizer_gr_fd, optimizer_flooding, optimizer_smb, optimizer_smb_i,
    optimizer_oasis;

enum { N = 6 };

struct bowl {
  double h[N][N], b[N];
  bool diagonal;
};

static void bowl_make(struct bowl *q, bool diagonal)
{
  double root[N][N];
  struct rng r = rng_make(5, RNG_TEST, 0);
  memset(q, 0, sizeof *q);
  q->diagonal = diagonal;
  for (size_t i = 0; i < N; i++) {
    q->b[i] = rng_normal(&r);
    for (size_t j = 0; j < N; j++)
      root[i][j] = rng_normal(&r);
  }
  for (size_t i = 0; i < N; i++)
    for (size_t j = 0; j < N; j++)
      for (size_t k = 0; k < N; k++)
        q->h[i][j] += diagonal ? (i == j && k == 0) * (0.5 + (double)i) : root[k][i] * root[k][j] / N;
}

static void times(const struct bowl *q, const double *v, double *out)
{
  for (size_t i = 0; i < N; i++) {
    out[i] = 0;
    for (size_t j = 0; j < N; j++)
      out[i] += q->h[i][j] * v[j];
  }
}

static double dot(const double *x, const double *y)
{
  double s = 0;
  for (size_t i = 0; i < N; i++)
    s += x[i] * y[i];
  return s;
}

static double value(const struct bowl *q, const double *w, double *g)
{
  double hw[N];
  times(q, w, hw);
  for (size_t i = 0; i < N; i++)
    g[i] = hw[i] - q->b[i];
  return 0.5 * dot(w, hw) - dot(q->b, w);
}

static enum status bowl_gradient(struct oracle *o, const double *at, double *loss, double *g, struct err *e)
{
  (void)e;
  o->cost += 1;
  *loss = value(o->self, at, g);
  return STATUS_OK;
}

static enum status bowl_loss(struct oracle *o, const double *at, double *loss, struct err *e)
{
  double g[N];
  (void)e;
  o->cost += 1.0 / 3.0;
  *loss = value(o->self, at, g);
  return STATUS_OK;
}

static enum status bowl_hvp(struct oracle *o, const double *v, double *out, struct err *e)
{
  (void)e;
  o->cost += 2;
  times(o->self, v, out);
  return STATUS_OK;
}

static struct oracle oracle_of(const struct bowl *q, double loss)
{
  return (struct oracle){.self = (void *)q, .loss = loss, .loss_f64 = bowl_loss, .gradient_f64 = bowl_gradient, .hvp_f64 = bowl_hvp};
}

static const double start[N] = {1, -2, 0.5, 3, -1, 0.25};

/* T updates from `start` into w; the cost of asking. */
static double run(const struct object *o, const struct bowl *q, double lr, uint64_t T, double *w)
{
  double g[N], cost = 0;
  memcpy(w, start, sizeof start);
  void *state = state_made(o, w, N, DTYPE_F64);
  for (uint64_t k = 1; k <= T; k++) {
    struct err e = {0};
    struct oracle oracle = oracle_of(q, value(q, w, g));
    struct step_info s = {.k = k, .lr = lr, .oracle = &oracle};
    if (optimizer_step_f64(o, state, w, g, N, &s, &e) != STATUS_OK)
      tap_bail("%s", e.message);
    cost += oracle.cost;
  }
  free(state);
  return cost;
}

static double distance(const double *x, const double *y)
{
  double most = 0;
  for (size_t i = 0; i < N; i++)
    most = fmax(most, fabs(x[i] - y[i]));
  return most;
}

static const struct method *find(enum kind kind, const char *id)
{
  return kind == KIND_OPTIMIZER && strcmp(id, "sgd") == 0 ? &optimizer_sgd.m : NULL;
}

static struct object with_base(const struct optimizer *m, const struct object *base, const struct named_value *more, size_t n)
{
  struct named_value v[8] = {{"base", {.kind = VALUE_OBJECT, .as.object = base}}};
  struct object o;
  struct err e = {0};
  memcpy(v + 1, more, n * sizeof *more);
  if (params_parse(&o, &m->m, v, n + 1, find, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  return o;
}
#define WITH_BASE(m, base, ...)                                                                                          \
  with_base((m), (base), (const struct named_value[]){__VA_ARGS__}, sizeof((const struct named_value[]){__VA_ARGS__}) / sizeof(struct named_value))

/* Ten updates against ten of w <- w - lr direction(w), to rounding. */
typedef void direction_fn(const struct bowl *q, const double *w, double *out);

static void check_against(const struct object *o, const struct bowl *q, direction_fn *direction, double asked, const char *name)
{
  double w[N], expected[N], d[N], lr = 0.1;
  double cost = run(o, q, lr, 10, w);
  memcpy(expected, start, sizeof start);
  for (int k = 0; k < 10; k++) {
    direction(q, expected, d);
    for (size_t i = 0; i < N; i++)
      expected[i] -= lr * d[i];
  }
  tap_ok(distance(w, expected) < 1e-13, "%s: ten updates agree with the formula (%.1e)", name, distance(w, expected));
  tap_near(cost, 10 * asked, 1e-12, 0, "%s: and cost %g gradients each beside the one given", name, asked);
}

static void sam_direction(const struct bowl *q, const double *w, double *out)
{
  double g[N], point[N];
  value(q, w, g);
  for (size_t i = 0; i < N; i++)
    point[i] = w[i] + 0.3 * g[i] / (sqrt(dot(g, g)) + 1e-12);
  value(q, point, out);
}

static void asam_direction(const struct bowl *q, const double *w, double *out)
{
  double g[N], scaled[N], point[N];
  value(q, w, g);
  for (size_t i = 0; i < N; i++)
    scaled[i] = fabs(w[i]) * g[i];
  for (size_t i = 0; i < N; i++)
    point[i] = w[i] + 0.3 * w[i] * w[i] * g[i] / (sqrt(dot(scaled, scaled)) + 1e-12);
  value(q, point, out);
}

/* g + gamma H g, whatever the difference: the loss is quadratic. */
static void penalty_direction(const struct bowl *q, const double *w, double *out)
{
  double g[N];
  value(q, w, g);
  times(q, g, out);
  for (size_t i = 0; i < N; i++)
    out[i] = g[i] + 0.2 * out[i];
}

/* rho = 0.3, rho_norm = 0.4, gamma = 0.05, betas 0.6, 0.5, 0.4; gradients from H directly. */
static void gam_direction(const struct bowl *q, const double *w, double *out)
{
  double g0[N], hg[N], h[N], g1[N], w2[N], g2[N], w3[N], g3[N], p[N], along = 0;
  value(q, w, g0);
  times(q, g0, hg);
  for (size_t i = 0; i < N; i++) {
    h[i] = 0.3 * hg[i] / sqrt(dot(g0, g0));
    g1[i] = g0[i] + h[i];
  }
  for (size_t i = 0; i < N; i++)
    w2[i] = w[i] + 0.4 * h[i] / sqrt(dot(h, h));
  value(q, w2, g2);
  for (size_t i = 0; i < N; i++)
    w3[i] = w2[i] + 0.3 * g2[i] / sqrt(dot(g2, g2));
  value(q, w3, g3);
  for (size_t i = 0; i < N; i++)
    p[i] = 0.6 * g1[i] + 0.4 * g3[i];
  for (size_t i = 0; i < N; i++)
    along += (g0[i] + 0.5 * g2[i]) * p[i] / dot(p, p);
  for (size_t i = 0; i < N; i++)
    out[i] = p[i] - 0.05 * (g0[i] + 0.5 * g2[i] - along * p[i]);
}

static void test_formulas(const struct bowl *q, const struct object *sgd)
{
  struct object sam = WITH_BASE(&optimizer_sam, sgd, V_REAL("rho", 0.3));
  check_against(&sam, q, sam_direction, 1, "sam");
  object_free(&sam);
  struct object asam = WITH_BASE(&optimizer_sam, sgd, V_REAL("rho", 0.3), V_BOOL("adaptive", true));
  check_against(&asam, q, asam_direction, 1, "adaptive sam");
  object_free(&asam);
  struct object gam = WITH_BASE(&optimizer_gam, sgd, V_REAL("rho", 0.3), V_REAL("rho_norm", 0.4), V_REAL("gamma", 0.05), V_REAL("beta1", 0.6),
                                V_REAL("beta2", 0.5), V_REAL("beta3", 0.4));
  check_against(&gam, q, gam_direction, 3, "gam");
  object_free(&gam);
  static const char *const differences[] = {"forward", "backward", "centred"};
  for (int d = 0; d < 3; d++)
    for (double eps = 0.01; eps < 2; eps *= 10) {
      struct object gr = WITH_BASE(&optimizer_gr_fd, sgd, V_REAL("gamma", 0.2), V_REAL("eps", eps), V_TEXT("difference", differences[d]));
      char name[64];
      snprintf(name, sizeof name, "gr-fd, %s, eps %g", differences[d], eps);
      check_against(&gr, q, penalty_direction, d == 2 ? 2 : 1, name);
      object_free(&gr);
    }
}

static void same(const struct object *a, const struct object *b, const struct bowl *q, double lr, uint64_t T, double within, const char *name)
{
  double x[N], y[N];
  run(a, q, lr, T, x);
  run(b, q, lr, T, y);
  tap_ok(distance(x, y) <= within, "%s (%.1e)", name, distance(x, y));
}

static void test_ends(const struct bowl *q, const struct object *sgd)
{
  struct object heavy = MAKE_DEFAULT(&optimizer_heavy_ball.m), adam = MAKE_DEFAULT(&optimizer_adam.m);
  struct object a = WITH_BASE(&optimizer_sam, &heavy, V_REAL("rho", 0));
  same(&a, &heavy, q, 0.01, 30, 0, "sam with rho 0 is its base, bit for bit");
  object_free(&a);
  a = WITH_BASE(&optimizer_gr_fd, &adam, V_REAL("gamma", 0));
  same(&a, &adam, q, 0.01, 30, 0, "gr-fd with gamma 0 is its base, bit for bit");
  object_free(&a);
  struct object b = WITH_BASE(&optimizer_sam, &heavy, V_REAL("rho", 0.2));
  struct object c = WITH_BASE(&optimizer_gam, &heavy, V_REAL("rho", 0.2), V_REAL("beta1", 1), V_REAL("beta3", 0), V_REAL("gamma", 0));
  same(&b, &c, q, 0.01, 30, 1e-13, "gam with gamma 0, beta1 1 and beta3 0 has the gradient of sam");
  object_free(&b), object_free(&c);
  /* One update: gamma = eps/|g| is of that point. */
  double g[N];
  value(q, start, g);
  a = WITH_BASE(&optimizer_sam, sgd, V_REAL("rho", 0.2));
  b = WITH_BASE(&optimizer_gr_fd, sgd, V_REAL("eps", 0.2), V_REAL("gamma", 0.2 / sqrt(dot(g, g))), V_BOOL("relative", true));
  same(&a, &b, q, 0.1, 1, 1e-13, "gr-fd at distance rho with gamma = rho/|g| is sam");
  object_free(&a), object_free(&b);
  struct err e = {0};
  a = WITH_BASE(&optimizer_gam, sgd, V_REAL("rho", 0.1));
  const struct named_value itself = {"base", {.kind = VALUE_OBJECT, .as.object = &a}};
  tap_is_int(params_parse(&b, &optimizer_sam.m, &itself, 1, find, &e), STATUS_BAD_ARG, "a base that asks itself is refused");
  tap_has(e.message, "base \"gam\" asks", "and named");
  object_free(&a);
  object_free(&heavy), object_free(&adam);
}

/* Below the level the step goes up. */
static void test_flooding(const struct bowl *q, const struct object *sgd)
{
  double w[N], g[N], loss = value(q, start, g);
  for (int below = 0; below < 2; below++) {
    struct object o = WITH_BASE(&optimizer_flooding, sgd, V_REAL("level", loss + (below ? 1 : -1)));
    double cost = run(&o, q, 0.01, 1, w), after = value(q, w, g);
    tap_ok(below ? after > loss : after < loss, "flooding: %s the level the step goes %s", below ? "below" : "above", below ? "up" : "down");
    tap_near(cost, 0, 0, 0, "flooding: and asks nothing");
    object_free(&o);
  }
}

/* --- model building ---------------------------------------------------------------------------------- */

/* An oracle by which a trial never succeeds, and whose gradient there is that of the bowl or the same again. */
static enum status never(struct oracle *o, const double *at, double *loss, struct err *e)
{
  (void)o, (void)at, (void)e;
  *loss = 1e300;
  return STATUS_OK;
}

static enum status no_change(struct oracle *o, const double *at, double *loss, double *g, struct err *e)
{
  (void)at, (void)e;
  *loss = 1e300;
  value(o->self, start, g);
  return STATUS_OK;
}

/* One update that builds the model. */
static void model_update(const struct object *o, const struct bowl *q, double lr, bool flat, double *w)
{
  double g[N];
  struct oracle oracle = oracle_of(q, value(q, start, g));
  struct step_info s = {.k = 1, .lr = lr, .oracle = &oracle};
  struct err e;
  oracle.loss_f64 = never;
  if (flat)
    oracle.gradient_f64 = no_change;
  memcpy(w, start, sizeof start);
  void *state = state_made(o, w, N, DTYPE_F64);
  if (optimizer_step_f64(o, state, w, g, N, &s, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  free(state);
}

/* A x = b by elimination with pivots; a and b are destroyed, b becomes x. */
static void solve(size_t n, double a[N][N], double *b)
{
  for (size_t k = 0; k < n; k++) {
    size_t p = k;
    for (size_t i = k + 1; i < n; i++)
      p = fabs(a[i][k]) > fabs(a[p][k]) ? i : p;
    for (size_t j = 0; j < n; j++) {
      double t = a[k][j];
      a[k][j] = a[p][j], a[p][j] = t;
    }
    double t = b[k];
    b[k] = b[p], b[p] = t;
    for (size_t i = k + 1; i < n; i++) {
      double f = a[i][k] / a[k][k];
      for (size_t j = k; j < n; j++)
        a[i][j] -= f * a[k][j];
      b[i] -= f * b[k];
    }
  }
  for (size_t k = n; k-- > 0;) {
    for (size_t j = k + 1; j < n; j++)
      b[k] -= a[k][j] * b[j];
    b[k] /= a[k][k];
  }
}

/* -|s|^2 (2 sigma I + y s' + s y')^-1 g on entries [from, to), by elimination. */
static void model_by_solving(const struct bowl *q, double lr, size_t from, size_t to, double *w)
{
  double g[N], there[N], trial[N], a[N][N], x[N], ss = 0, yy = 0, gg = 0, ys = 0;
  size_t n = to - from;
  value(q, start, g);
  for (size_t i = 0; i < N; i++)
    trial[i] = start[i] - lr * g[i];
  value(q, trial, there);
  for (size_t i = from; i < to; i++) {
    double s = -lr * g[i], y = there[i] - g[i];
    ss += s * s, yy += y * y, gg += g[i] * g[i], ys += y * s;
  }
  double two_sigma = sqrt(ss) * (sqrt(yy) + sqrt(gg) / 0.9) - ys;
  for (size_t i = 0; i < n; i++) {
    x[i] = -ss * g[from + i];
    for (size_t j = 0; j < n; j++) {
      double si = -lr * g[from + i], sj = -lr * g[from + j], yi = there[from + i] - g[from + i], yj = there[from + j] - g[from + j];
      a[i][j] = two_sigma * (i == j) + yi * sj + si * yj;
    }
  }
  solve(n, a, x);
  for (size_t i = 0; i < n; i++)
    w[from + i] = start[from + i] + x[i];
}

/* A layer of 2 x 2 weights and 2 biases in its padded layout. */
static const size_t place[N] = {0, 1, 16, 17, 32, 33};
enum { SPREAD = 48 };

static enum status never_spread(struct oracle *o, const double *at, double *loss, double *g, struct err *e)
{
  double w[N], packed[N];
  (void)e;
  for (size_t i = 0; i < N; i++)
    w[i] = at[place[i]];
  *loss = value(o->self, w, packed);
  memset(g, 0, SPREAD * sizeof *g);
  for (size_t i = 0; i < N; i++)
    g[place[i]] = packed[i];
  return STATUS_OK;
}

static void spread_update(const struct object *o, const struct bowl *q, double lr, double *w)
{
  struct net net = {.n_layers = 1, .n_params = SPREAD, .n_logical = N};
  net.layer[0] = (struct layer){.kind = LAYER_DENSE, .rows = 2, .cols = 2, .w_stride = 16, .w_at = 0, .b_at = 32};
  double at[SPREAD] = {0}, g[SPREAD] = {0}, packed[N];
  struct oracle oracle = {.self = (void *)q, .loss = value(q, start, packed), .loss_f64 = never, .gradient_f64 = never_spread};
  struct step_info s = {.k = 1, .lr = lr, .oracle = &oracle, .net = &net};
  struct err e;
  for (size_t i = 0; i < N; i++)
    at[place[i]] = start[i], g[place[i]] = packed[i];
  void *state = state_made(o, at, SPREAD, DTYPE_F64);
  if (optimizer_step_f64(o, state, at, g, SPREAD, &s, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  free(state);
  for (size_t i = 0; i < N; i++)
    w[i] = at[place[i]];
}

static void test_smb(const struct bowl *q, const struct object *sgd)
{
  struct object o = MAKE(&optimizer_smb.m, V_REAL("eta_model", 0.9));
  double w[N], expected[N], g[N];
  same(&o, sgd, q, 0.05, 30, 0, "smb: trial steps that succeed are those of sgd");
  value(q, start, g);
  model_update(&o, q, 0.7, true, w);
  for (size_t i = 0; i < N; i++)
    expected[i] = start[i] - 0.7 * 0.9 * g[i];
  tap_ok(distance(w, expected) < 1e-14, "smb: without curvature the model step is eta_model times the trial (%.1e)", distance(w, expected));
  model_update(&o, q, 0.7, false, w);
  model_by_solving(q, 0.7, 0, N, expected);
  tap_ok(distance(w, expected) < 1e-12, "smb: the model step solves its system (%.1e)", distance(w, expected));
  spread_update(&o, q, 0.7, w);
  model_by_solving(q, 0.7, 0, 4, expected);
  model_by_solving(q, 0.7, 4, N, expected);
  tap_ok(distance(w, expected) < 1e-12, "smb: in a net weights and biases have a model each (%.1e)", distance(w, expected));
  object_free(&o);
}

/* T updates on the bowl by an oracle whose losses of trials are those of the bowl, or never low enough; lr[k - 1] at update k. */
static void scheduled(const struct object *o, const struct bowl *q, bool fails, const double *lr, uint64_t T, double *w)
{
  double g[N];
  memcpy(w, start, sizeof start);
  void *state = state_made(o, w, N, DTYPE_F64);
  for (uint64_t k = 1; k <= T; k++) {
    struct err e = {0};
    struct oracle oracle = oracle_of(q, value(q, w, g));
    struct step_info s = {.k = k, .lr = lr[k - 1], .oracle = &oracle};
    if (fails)
      oracle.loss_f64 = never;
    if (optimizer_step_f64(o, state, w, g, N, &s, &e) != STATUS_OK)
      tap_bail("%s", e.message);
  }
  free(state);
}

/* With a period of 3 the trial step is 0.9 of the last after three failures; after three successes it grows, to 0.012 at most. */
static void test_smb_schedule(const struct bowl *q)
{
  struct object plain = MAKE_DEFAULT(&optimizer_smb.m), own = MAKE(&optimizer_smb.m, V_INT("period", 3), V_REAL("lr_max", 0.012));
  double falling[9], growing[9], constant[9], w[N], expected[N];
  for (int k = 0; k < 9; k++) {
    constant[k] = 0.7;
    falling[k] = 0.7 * (k < 3 ? 1 : k < 6 ? 0.9 : 0.9 * 0.9);
  }
  scheduled(&own, q, true, constant, 9, w);
  scheduled(&plain, q, true, falling, 9, expected);
  tap_ok(distance(w, expected) < 1e-13, "smb: model steps make the trial step fall, period by period (%.1e)", distance(w, expected));
  for (int k = 0; k < 9; k++) {
    constant[k] = 0.01;
    growing[k] = k < 3 ? 0.01 : 0.01 / 0.9; /* another time would be 0.0123 */
  }
  scheduled(&own, q, false, constant, 9, w);
  scheduled(&plain, q, false, growing, 9, expected);
  tap_ok(distance(w, expected) < 1e-13, "smb: accepted trials make it grow, to lr_max (%.1e)", distance(w, expected));
  object_free(&plain), object_free(&own);
}

/* The second update builds the model on the same bowl: it is smb's first. Then the flag is down again; successes are SGD. */
static void test_smb_i(const struct bowl *q, const struct object *sgd)
{
  struct object o = MAKE(&optimizer_smb_i.m, V_REAL("eta_model", 0.9));
  double w[N], expected[N], lr[3] = {0.7, 0.7, 0.7};
  same(&o, sgd, q, 0.05, 30, 0, "smb-i: trial steps that succeed are those of sgd");
  scheduled(&o, q, true, lr, 1, w);
  tap_ok(distance(w, start) == 0, "smb-i: a trial that fails moves nothing");
  scheduled(&o, q, true, lr, 2, w);
  model_by_solving(q, 0.7, 0, N, expected);
  tap_ok(distance(w, expected) < 1e-12, "smb-i: the next update takes the model step (%.1e)", distance(w, expected));
  scheduled(&o, q, true, lr, 3, expected);
  tap_ok(distance(w, expected) == 0, "smb-i: and the one after it tries again");
  object_free(&o);
}

/* Two batches: h of a bowl moved by `shift`, then s and y of q. -|s|^2 (2 sigma I + y s' + s y')^-1 h by elimination. */
static void test_smb_i_batches(const struct bowl *q)
{
  struct object o = MAKE(&optimizer_smb_i.m, V_REAL("eta_model", 0.9));
  struct bowl other = *q;
  double w[N], g[N] = {0}, h[N] = {0}, there[N], trial[N], a[N][N], ss = 0, yy = 0, gg = 0, ys = 0, lr = 0.6;
  for (size_t i = 0; i < N; i++)
    other.b[i] += 1 + (double)i;
  memcpy(w, start, sizeof start);
  void *state = state_made(&o, w, N, DTYPE_F64);
  const struct bowl *batch[] = {&other, q};
  for (uint64_t k = 1; k <= 2; k++) {
    struct err e = {0};
    struct oracle oracle = oracle_of(batch[k - 1], value(batch[k - 1], w, k == 1 ? h : g));
    struct step_info s = {.k = k, .lr = lr, .oracle = &oracle};
    oracle.loss_f64 = never;
    if (optimizer_step_f64(&o, state, w, k == 1 ? h : g, N, &s, &e) != STATUS_OK)
      tap_bail("%s", e.message);
  }
  free(state);
  for (size_t i = 0; i < N; i++)
    trial[i] = start[i] - lr * g[i];
  value(q, trial, there);
  for (size_t i = 0; i < N; i++) {
    double s = -lr * g[i], y = there[i] - g[i];
    ss += s * s, yy += y * y, gg += g[i] * g[i], ys += y * s;
  }
  double two_sigma = sqrt(ss) * (sqrt(yy) + sqrt(gg) / 0.9) - ys;
  for (size_t i = 0; i < N; i++)
    for (size_t j = 0; j < N; j++)
      a[i][j] = two_sigma * (i == j) - lr * g[j] * (there[i] - g[i]) - lr * g[i] * (there[j] - g[j]);
  for (size_t i = 0; i < N; i++)
    h[i] *= -ss;
  solve(N, a, h);
  for (size_t i = 0; i < N; i++)
    h[i] += start[i];
  tap_ok(distance(w, h) < 1e-12, "smb-i: direction of one batch, curvature of the next (%.1e)", distance(w, h));
  object_free(&o);
}

/* --- OASIS ------------------------------------------------------------------------------------------- */

/* Malitsky and Mishchenko's adaptive gradient descent, theta_0 infinite. */
static void adaptive_descent(const struct bowl *q, double eta0, uint64_t T, double *w)
{
  double before[N], g[N], g_before[N], eta = eta0, theta = INFINITY;
  memcpy(w, start, sizeof start);
  for (uint64_t k = 0; k < T; k++) {
    value(q, w, g);
    if (k > 0) {
      double moved = 0, changed = 0, next;
      value(q, before, g_before);
      for (size_t i = 0; i < N; i++) {
        moved += (w[i] - before[i]) * (w[i] - before[i]);
        changed += (g[i] - g_before[i]) * (g[i] - g_before[i]);
      }
      next = fmin(sqrt(1 + theta) * eta, 0.5 * sqrt(moved / changed));
      theta = next / eta;
      eta = next;
    }
    memcpy(before, w, sizeof before);
    for (size_t i = 0; i < N; i++)
      w[i] -= eta * g[i];
  }
}

/* As it comes, on a Hessian that is not diagonal: f falls to the minimum at a linear rate. From eta0 = 1e-6 the length of the step
 * grows by at most (1 + sqrt(5))/2 an update: 30 updates go before it is long enough to matter. */
static void test_oasis_descends(const struct bowl *q)
{
  struct object o = MAKE_DEFAULT(&optimizer_oasis.m);
  double w[N], g[N], h[N][N], best[N], gap[3];
  memcpy(h, q->h, sizeof h);
  memcpy(best, q->b, sizeof best);
  solve(N, h, best);
  double least = value(q, best, g);
  for (int i = 0; i < 3; i++) {
    run(&o, q, 1, (uint64_t[]){0, 200, 400}[i], w);
    gap[i] = value(q, w, g) - least;
  }
  tap_ok(gap[1] < gap[0] / 50 && gap[2] < gap[1] / 50, "oasis: on a full quadratic the gap falls by 50, again and again (%.1e, %.1e, %.1e)",
         gap[0], gap[1], gap[2]);
  object_free(&o);
}

static void test_oasis(const struct bowl *q)
{
  struct bowl diagonal;
  double w[N], expected[N];
  bowl_make(&diagonal, true);
  /* b2 = 0 on a diagonal Hessian: z o Hz is its diagonal whatever z is, and from the second update on eta is 1/2: the error halves. */
  struct object o = MAKE(&optimizer_oasis.m, V_REAL("b2", 0), V_REAL("alpha", 1e-6), V_REAL("eta0", 0.001));
  double cost = run(&o, &diagonal, 1, 12, w);
  for (size_t i = 0; i < N; i++) {
    double best = diagonal.b[i] / diagonal.h[i][i];
    expected[i] = best + (start[i] - best) * 0.999 * pow(0.5, 11);
  }
  tap_ok(distance(w, expected) < 1e-14, "oasis: on a diagonal quadratic the error halves at every update (%.1e)", distance(w, expected));
  tap_near(cost, 10 * 2 + 11 * 3, 1e-12, 0, "oasis: ten products first, then a product and a gradient an update");
  object_free(&o);
  o = MAKE(&optimizer_oasis.m, V_REAL("alpha", 1e4), V_REAL("eta0", 10));
  run(&o, q, 1, 40, w);
  adaptive_descent(q, 10 / 1e4, 40, expected);
  tap_ok(distance(w, expected) < 1e-10, "oasis: with a scale that no curvature reaches it is adaptive gradient descent (%.1e)", distance(w, expected));
  object_free(&o);
  test_oasis_descends(q);
}

/* --- float32 ----------------------------------------------------------------------------------------- */

static enum status narrow_gradient(struct oracle *o, const float *at, double *loss, float *g, struct err *e)
{
  double wide[N], g_wide[N];
  for (int i = 0; i < N; i++)
    wide[i] = (double)at[i];
  enum status s = o->gradient_f64(o, wide, loss, g_wide, e);
  for (int i = 0; i < N; i++)
    g[i] = (float)g_wide[i];
  return s;
}

static enum status narrow_loss(struct oracle *o, const float *at, double *loss, struct err *e)
{
  float g[N];
  enum status s = narrow_gradient(o, at, loss, g, e);
  *loss = o->loss_f64 == never ? 1e300 : *loss;
  return s;
}

static enum status narrow_hvp(struct oracle *o, const float *v, float *out, struct err *e)
{
  double wide[N], product[N];
  for (int i = 0; i < N; i++)
    wide[i] = (double)v[i];
  enum status s = o->hvp_f64(o, wide, product, e);
  for (int i = 0; i < N; i++)
    out[i] = (float)product[i];
  return s;
}

/* T updates in both types by an oracle that answers the same; the largest difference of a weight. */
static double drift(const struct object *o, const struct bowl *q, double lr, uint64_t T, bool model)
{
  double w[N], g[N], most = 0;
  float x[N], y[N];
  for (int i = 0; i < N; i++)
    x[i] = (float)(w[i] = start[i]);
  void *wide = state_made(o, w, N, DTYPE_F64), *narrow = state_made(o, x, N, DTYPE_F32);
  for (uint64_t k = 1; k <= T; k++) {
    struct err e = {0};
    struct oracle oracle = oracle_of(q, value(q, w, g));
    struct step_info s = {.k = k, .lr = lr, .oracle = &oracle};
    oracle.loss_f32 = narrow_loss, oracle.gradient_f32 = narrow_gradient, oracle.hvp_f32 = narrow_hvp;
    if (model)
      oracle.loss_f64 = never;
    enum status status = optimizer_step_f64(o, wide, w, g, N, &s, &e);
    if (status == STATUS_OK)
      status = narrow_gradient(&oracle, x, &oracle.loss, y, &e);
    if (status != STATUS_OK || optimizer_step_f32(o, narrow, x, y, N, &s, &e) != STATUS_OK)
      tap_bail("%s", e.message);
  }
  for (int i = 0; i < N; i++)
    most = fmax(most, fabs((double)x[i] - w[i]));
  free(wide), free(narrow);
  return most;
}

/* Each update rounds some ten times, at weights and gradients below 8; on a bowl these errors do not grow. The lengths that oasis finds
 * stand on differences of gradients, whose errors are larger by the ratio of a gradient to its change, below 100 here. */
static void test_float32(const struct bowl *q, const struct object *sgd)
{
  struct object asam = WITH_BASE(&optimizer_sam, sgd, V_REAL("rho", 0.3), V_BOOL("adaptive", true)), smb = MAKE_DEFAULT(&optimizer_smb.m),
                oasis = MAKE(&optimizer_oasis.m, V_REAL("eta0", 0.1));
  const double rounding = 10 * 10 * 8 * 6e-8;
  double off = drift(&asam, q, 0.1, 10, false);
  tap_ok(off < rounding, "adaptive sam: float32 agrees with float64 (%.1e)", off);
  off = drift(&smb, q, 0.7, 10, true);
  tap_ok(off < rounding, "smb: so do model steps (%.1e)", off);
  off = drift(&oasis, q, 1, 10, false);
  tap_ok(off < 100 * rounding, "oasis: and its steps (%.1e)", off);
  object_free(&asam), object_free(&smb), object_free(&oasis);
}

static void test_missing(void)
{
  struct object sgd = MAKE_DEFAULT(&optimizer_sgd.m), sam = WITH_BASE(&optimizer_sam, &sgd, V_REAL("rho", 0.1)), oasis = MAKE_DEFAULT(&optimizer_oasis.m);
  struct oracle no_products = {.gradient_f64 = bowl_gradient};
  struct step_info s = {.k = 1, .lr = 0.1};
  struct err e = {0};
  double w[N] = {0}, g[N] = {0};
  void *state = state_made(&sam, w, N, DTYPE_F64);
  tap_is_int(optimizer_step_f64(&sam, state, w, g, N, &s, &e), STATUS_BAD_ARG, "without an oracle sam is refused");
  tap_has(e.message, "needs a function", "and the message says what is missing");
  free(state);
  s.oracle = &no_products;
  state = state_made(&oasis, w, N, DTYPE_F64);
  tap_is_int(optimizer_step_f64(&oasis, state, w, g, N, &s, &e), STATUS_BAD_ARG, "without products oasis is refused");
  tap_has(e.message, "Hessian-vector", "and the message says what is missing");
  free(state);
  object_free(&sgd), object_free(&sam), object_free(&oasis);
}

int main(void)
{
  struct bowl q;
  struct object sgd = MAKE_DEFAULT(&optimizer_sgd.m);
  bowl_make(&q, false);
  test_formulas(&q, &sgd);
  test_ends(&q, &sgd);
  test_flooding(&q, &sgd);
  test_smb(&q, &sgd);
  test_smb_schedule(&q);
  test_smb_i(&q, &sgd);
  test_smb_i_batches(&q);
  test_oasis(&q);
  test_float32(&q, &sgd);
  test_missing();
  object_free(&sgd);
  return tap_done();
}
