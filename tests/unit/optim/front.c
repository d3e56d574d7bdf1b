/* What every optimizer must do: refuse bad gradients without a trace, resume, leave padding at zero. */
#include "tests/unit/optim/drive.h"

#define N 37

extern const struct optimizer optimizer_adadelta, optimizer_adagrad, optimizer_adamax, optimizer_amsgrad, optimizer_diffgrad, optimizer_lion,
    optimizer_nadam, optimizer_radam, optimizer_rmsprop, optimizer_sgdm, optimizer_schedule_free_sgd, optimizer_schedule_free_adamw;

/* Those that have no sum over elements. The first FAMILY are sgd and adam with their kin. */
enum { FAMILY = 5, ALL = 17 };
static const struct optimizer *const all[ALL] = {
    &optimizer_sgd, &optimizer_heavy_ball, &optimizer_nesterov, &optimizer_adam, &optimizer_adamw, &optimizer_adadelta, &optimizer_adagrad,
    &optimizer_adamax, &optimizer_amsgrad, &optimizer_diffgrad, &optimizer_lion, &optimizer_nadam, &optimizer_radam, &optimizer_rmsprop,
    &optimizer_sgdm, &optimizer_schedule_free_sgd, &optimizer_schedule_free_adamw};

static double curvature[N];
static struct quadratic noisy = {.h = curvature, .noise = 0.1, .seed = 21};
static double falling(uint64_t k) { return 0.1 / sqrt((double)k); }

static void start_at(float w[N])
{
  for (int i = 0; i < N; i++) {
    w[i] = (float)sin(i + 1);
    curvature[i] = 0.1 + 0.02 * i;
  }
}

static void test_refusals(const struct optimizer *m)
{
  struct object o = MAKE_DEFAULT(&m->m);
  const double bad[] = {(double)NAN, (double)INFINITY, -(double)INFINITY};
  float w[N], w0[N], g[N] = {0};
  double w64[N] = {1, 2, 3}, w64_before[N], g64[N] = {0};
  struct step_info s = {.k = 2, .lr = 0.1};
  struct err e = {0};
  start_at(w);
  size_t bytes = m->state_size(o.conf, NULL, N, DTYPE_F32), bytes64 = m->state_size(o.conf, NULL, N, DTYPE_F64);
  unsigned char *state = state_made(&o, w, N, DTYPE_F32), *state64 = state_made(&o, w64, N, DTYPE_F64), *before = malloc(bytes64);
  bool same = true, refused = true;
  g[0] = 1;
  g64[0] = 1;
  refused = optimizer_step_f32(&o, state, w, g, N, &(struct step_info){.k = 1, .lr = 0.1}, &e) == STATUS_OK;
  refused = refused && optimizer_step_f64(&o, state64, w64, g64, N, &(struct step_info){.k = 1, .lr = 0.1}, &e) == STATUS_OK;
  memcpy(w0, w, sizeof w);
  memcpy(w64_before, w64, sizeof w64);
  for (int i = 0; i < 3; i++) {
    memcpy(before, state, bytes);
    g[20] = (float)bad[i];
    refused = refused && optimizer_step_f32(&o, state, w, g, N, &s, &e) == STATUS_DIVERGED;
    same = same && same_bits(before, state, bytes) && same_bits(w0, w, sizeof w);
    memcpy(before, state64, bytes64);
    g64[20] = bad[i];
    refused = refused && optimizer_step_f64(&o, state64, w64, g64, N, &s, &e) == STATUS_DIVERGED;
    same = same && same_bits(before, state64, bytes64) && same_bits(w64_before, w64, sizeof w64);
  }
  tap_ok(refused, "%s refuses gradients that are not finite", m->m.id);
  tap_has(e.message, "gradient element 20 of update 2 is -inf", "%s says which element", m->m.id);
  g[20] = 0;
  s.lr = (double)NAN;
  tap_ok(optimizer_step_f32(&o, state, w, g, N, &s, &e) == STATUS_DIVERGED, "%s refuses a rate that is not a number", m->m.id);
  s = (struct step_info){.k = 0, .lr = 0.1};
  tap_ok(optimizer_step_f32(&o, state, w, g, N, &s, &e) == STATUS_BAD_ARG, "%s refuses update 0", m->m.id);
  tap_ok(same && same_bits(w0, w, sizeof w), "%s leaves weights and state as they were", m->m.id);
  free(state);
  free(state64);
  free(before);
  object_free(&o);
}

static void test_resume(const struct optimizer *m)
{
  struct object o = MAKE_DEFAULT(&m->m);
  struct drive d = {.o = &o, .n = N, .gradient = quadratic_gradient, .problem = &noisy, .rate = falling};
  float whole[N], parts[N];
  start_at(whole);
  start_at(parts);
  size_t bytes = m->state_size(o.conf, NULL, N, DTYPE_F32);
  void *a = state_made(&o, whole, N, DTYPE_F32), *b = state_made(&o, parts, N, DTYPE_F32), *copy = malloc(bytes);
  drive_f32(&d, a, whole, 1, 41);
  drive_f32(&d, b, parts, 1, 18);
  memcpy(copy, b, bytes);
  memset(b, 0xff, bytes); /* whatever is left of the old block must not matter */
  drive_f32(&d, copy, parts, 18, 41);
  tap_same_bits(parts, whole, sizeof whole, "%s continues from a copied state to the bit", m->m.id);
  free(a);
  free(b);
  free(copy);
  object_free(&o);
}

static void test_fixed_points(const struct optimizer *m, bool decays)
{
  struct object o = MAKE(&m->m, decays ? (struct named_value)V_REAL("weight_decay", 0) : (struct named_value)V_REAL("l2", 0));
  static double still[N];
  struct quadratic q = {.h = still};
  struct drive d = {.o = &o, .n = N, .gradient = quadratic_gradient, .problem = &q, .lr = 0.5};
  float w[N], w0[N];
  start_at(w);
  start_at(w0);
  void *state = state_made(&o, w, N, DTYPE_F32);
  drive_f32(&d, state, w, 1, 6);
  tap_same_bits(w, w0, sizeof w, "%s: with no gradient and no decay nothing moves", m->m.id);
  free(state);
  object_free(&o);
}

static void test_padding(const struct optimizer *m, struct object o)
{
  enum { PADDED = 48 };
  const float zero[PADDED - N] = {0};
  float *w, *g;
  void *block;
  struct err e = {0};
  if (mem_new(&block, (size_t)2 * PADDED, sizeof *w, "w", &e) != STATUS_OK)
    tap_bail("%s", e.message);
  w = block;
  g = w + PADDED;
  void *state = state_made(&o, w, PADDED, DTYPE_F32);
  start_at(w);
  for (uint64_t k = 1; k <= 20; k++) {
    for (int i = 0; i < N; i++)
      g[i] = (float)curvature[i] * w[i];
    if (optimizer_step_f32(&o, state, w, g, PADDED, &(struct step_info){.k = k, .lr = 0.1}, &e) != STATUS_OK)
      tap_bail("%s", e.message);
  }
  bool zeros = true;
  for (int i = N; i < PADDED; i++)
    zeros = zeros && w[i] == zero[i - N];
  tap_ok(zeros && w[0] != 0, "%s: padding with a zero gradient stays zero", m->m.id);
  free(state);
  free(block);
  object_free(&o);
}

/* Elementwise rules: a coordinate's path does not depend on where it stands or on n. */
static void test_order(const struct optimizer *m)
{
  struct object o = MAKE_DEFAULT(&m->m);
  float w[N], reversed[N], one = 0;
  struct step_info s = {.lr = 0.1};
  struct err e = {0};
  start_at(w);
  for (int i = 0; i < N; i++)
    reversed[i] = w[N - 1 - i];
  one = w[20];
  void *a = state_made(&o, w, N, DTYPE_F32), *b = state_made(&o, reversed, N, DTYPE_F32), *c = state_made(&o, &one, 1, DTYPE_F32);
  bool same = true;
  for (s.k = 1; s.k <= 10; s.k++) {
    float g[N], back[N];
    for (int i = 0; i < N; i++)
      back[N - 1 - i] = g[i] = (float)curvature[i] * w[i];
    float g20 = g[20];
    same = same && optimizer_step_f32(&o, a, w, g, N, &s, &e) == STATUS_OK && optimizer_step_f32(&o, b, reversed, back, N, &s, &e) == STATUS_OK &&
           optimizer_step_f32(&o, c, &one, &g20, 1, &s, &e) == STATUS_OK;
  }
  for (int i = 0; i < N; i++)
    same = same && w[i] == reversed[N - 1 - i];
  tap_ok(same && one == w[20], "%s: each coordinate takes the same path wherever it stands", m->m.id);
  tap_ok(optimizer_step_f32(&o, a, w, w, 0, &s, &e) == STATUS_OK, "%s: no parameters, no trouble", m->m.id);
  free(a);
  free(b);
  free(c);
  object_free(&o);
}

static void test_state_size(void)
{
  for (size_t i = 0; i < FAMILY; i++) {
    struct object o = MAKE_DEFAULT(&all[i]->m);
    size_t vectors = i < 3 ? 1 : 2;
    tap_ok(all[i]->state_size(o.conf, NULL, 100, DTYPE_F32) == vectors * 400 && all[i]->state_size(o.conf, NULL, 100, DTYPE_F64) == vectors * 800,
           "%s keeps %zu numbers a parameter", all[i]->m.id, vectors);
    object_free(&o);
  }
}

int main(void)
{
  for (size_t i = 0; i < ALL; i++) {
    test_refusals(all[i]);
    test_resume(all[i]);
    test_fixed_points(all[i], i >= 4);
    test_padding(all[i], MAKE_DEFAULT(&all[i]->m));
    test_order(all[i]);
  }
  test_padding(&optimizer_adam, MAKE(&optimizer_adam.m, V_REAL("eps", 0)));
  test_state_size();
  return tap_done();
}
