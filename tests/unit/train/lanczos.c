/* lanczos.c: the controller that reads the rate off the mini-batch Hessian, against spectra that are known. */
#include "tests/unit/train/trainer.h"

#include <math.h>

extern const struct controller controller_lanczos;
extern const struct sampler sampler_incremental;

#define N 5

static const double curvature[N] = {9, 4, 4, 1, 0.25};

/* f(w) = 1/2 sum a_i w_i^2 */
struct quadratic {
  struct control c; /* first: the callback gets it back as the problem */
  float w[N], g[N];
  int products;
};

static enum status hvp(struct control *c, const float *v, float *out, struct err *e)
{
  (void)e;
  ((struct quadratic *)(void *)c)->products++;
  for (int i = 0; i < N; i++)
    out[i] = (float)curvature[i] * v[i];
  return STATUS_OK;
}

static double rate_at(const struct object *o, void *state, struct quadratic *q, uint64_t t)
{
  double lr = NAN;
  struct err e;
  q->c = (struct control){.t = t, .n = N, .w = q->w, .g = q->g, .direction = q->g, .loss = 1, .hvp = hvp, .momentum = NAN};
  for (int i = 0; i < N; i++) {
    q->g[i] = (float)curvature[i] * q->w[i];
    q->c.grad_norm2 += (double)q->g[i] * (double)q->g[i];
  }
  if (controller_lanczos.rate(o->conf, state, &q->c, &lr, &e))
    tap_bail("%s", e.message);
  return lr;
}

static void *state_of(const struct object *o)
{
  void *state;
  struct err e;
  if (mem_new(&state, controller_lanczos.state_size(o->conf, N), 1, "state", &e))
    tap_bail("%s", e.message);
  controller_lanczos.init(o->conf, state, N);
  return state;
}

static void test_spectrum(void)
{
  const struct named_value max[] = {set_real("every", 3), set_real("delta", 0.5)}, edges[] = {set_string("rule", "edges"), set_real("delta", 0)};
  struct object a = object_of(&controller_lanczos.m, max, 2), b = object_of(&controller_lanczos.m, edges, 2);
  struct quadratic q = {.w = {1, 1, 1, 1, 1}};
  void *state = state_of(&a);
  double first = rate_at(&a, state, &q, 0);
  /* four different eigenvalues: four steps find them, from products in float32 */
  tap_ok(fabs(first / (2 / 13.5) - 1) < 1e-5 && q.products <= N, "max: 2/((1 + delta) theta_max), from as many products as eigenvalues (%g, %d)", first, q.products);
  tap_ok(isnan(q.c.momentum), "max leaves the momentum to the optimizer");
  int before = q.products;
  double same = rate_at(&a, state, &q, 1);
  tap_ok(same == first && rate_at(&a, state, &q, 2) == first && q.products == before, "between two looks the rate stays, at no cost");
  rate_at(&a, state, &q, 3);
  tap_ok(q.products > before, "every so many updates it looks again");
  free(state);
  state = state_of(&b);
  double root = sqrt(9 / 0.25), eta = 4 / (3.5 * 3.5), mu = (root - 1) / (root + 1);
  tap_ok(fabs(rate_at(&b, state, &q, 0) / eta - 1) < 1e-5 && fabs(q.c.momentum - mu * mu) < 1e-5, "edges: Polyak's rate and momentum for kappa = 36");
  memset(q.w, 0, sizeof q.w);
  tap_ok(rate_at(&b, state, &q, 10) > 0, "a gradient of 0 leaves the last rate");
  free(state);
  object_free(&a), object_free(&b);
}

/* A start with no part along the steepest direction does not see it. */
static void test_blind(void)
{
  struct object o = plain(&controller_lanczos.m);
  struct quadratic q = {.w = {0, 1, 1, 1, 1}};
  void *state = state_of(&o);
  double lr = rate_at(&o, state, &q, 0);
  tap_ok(fabs(lr / (2 / 4.4) - 1) < 1e-5, "directions that the gradient has no part in play no part (%g)", lr);
  free(state);
  object_free(&o);
}

/* --- in a training --------------------------------------------------------------------------------------- */

static void test_training(void)
{
  struct fixture f;
  const struct named_value edges[] = {set_string("rule", "edges"), set_real("every", 1000)};
  struct object linear = plain(&model_linear.m), squared = plain(&loss_squared.m), order = plain(&sampler_incremental.m), sgd = plain(&optimizer_sgd.m);
  struct object heavy = plain(&optimizer_heavy_ball.m), lanczos = object_of(&controller_lanczos.m, edges, 2);
  struct train_result out;
  struct exec x = {NULL, 1};
  struct err e = {0};
  fixture_make(&f, 5, 60, 0, 0, 8, 0, 1);
  struct train_group g = {.data = &f.data, .model = &linear, .loss = &squared, .sampler = &order, .batch = 60, .steps = 30};
  struct train_replica fast = {.optimizer = &heavy, .controller = &lanczos, .init_seed = 1}, none = {.optimizer = &sgd, .controller = &lanczos};
  struct object edge = plain(&controller_lanczos.m);
  struct train_replica slow = {.optimizer = &sgd, .controller = &edge, .init_seed = 1};
  if (train_run(&x, &g, &fast, 1, NULL, &out, &e))
    tap_bail("%s", e.message);
  double with = out.train_loss, cost = out.cost;
  tap_ok(out.status == STATUS_OK && cost > 30 + 2 * 8 && cost < 30 + 2 * 16 + 1, "a look costs two gradients a product, once in 1000 updates (%g)", cost);
  if (train_run(&x, &g, &slow, 1, NULL, &out, &e))
    tap_bail("%s", e.message);
  tap_ok(out.status == STATUS_OK && with < out.train_loss && out.train_loss < 1.01 * with,
         "plain SGD at its stable rate trains, too, a little slower (%g; edges %g)", out.train_loss, with);
  if (train_run(&x, &g, &none, 1, NULL, &out, &e))
    tap_bail("%s", e.message);
  tap_ok(out.status == STATUS_BAD_ARG && strstr(out.error.message, "controller \"lanczos\" sets the momentum"), "an optimizer without momentum: %s", out.error.message);
  object_free(&linear), object_free(&squared), object_free(&order), object_free(&sgd), object_free(&heavy), object_free(&lanczos), object_free(&edge);
  fixture_free(&f);
}

int main(void)
{
  test_spectrum();
  test_blind();
  test_training();
  return tap_done();
}
