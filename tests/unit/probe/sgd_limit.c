/* sgd_limit.c: the mean-square limit of SGD against the second moments of all batches there are, one by one. */
#include <math.h>

#include "experiments/kernel/vec.h"
#include "experiments/models/derivatives.h"
#include "tests/unit/probe/subject.h"

extern const struct probe probe_sgd_limit, probe_stability_limit;

#define N 6
#define D 3

/* The Hessians x x' of squared losses, in float64. */
static void hessians(const struct subject *t, double H[N][D][D])
{
  const struct examples *p = t->s.part;
  for (size_t i = 0; i < N; i++)
    for (size_t a = 0; a < D; a++)
      for (size_t b = 0; b < D; b++)
        H[i][a][b] = (double)p->x[i * p->stride + a] * (double)p->x[i * p->stride + b];
}

/* M <- (I - eta H_B) M (I - eta H_B), added to sum. */
static void add_moved(const double H[N][D][D], unsigned members, int B, double eta, const double M[D][D], double sum[D][D])
{
  double A[D][D] = {{0}}, AM[D][D] = {{0}};
  for (size_t a = 0; a < D; a++)
    for (size_t b = 0; b < D; b++) {
      A[a][b] = a == b;
      for (unsigned i = 0; i < N; i++)
        A[a][b] -= members >> i & 1 ? eta * H[i][a][b] / B : 0;
    }
  for (size_t a = 0; a < D; a++)
    for (size_t b = 0; b < D; b++)
      for (size_t c = 0; c < D; c++)
        AM[a][b] += A[a][c] * M[c][b];
  for (size_t a = 0; a < D; a++)
    for (size_t b = 0; b < D; b++)
      for (size_t c = 0; c < D; c++)
        sum[a][b] += AM[a][c] * A[c][b];
}

/* Growth of the second moment per update, over all batches of B: the spectral radius of E (I - eta H_B) (x) (I - eta H_B), from
 * a positive definite start, which it keeps so. */
static double growth(const double H[N][D][D], int B, double eta)
{
  double M[D][D] = {{0}}, radius = 0;
  for (size_t a = 0; a < D; a++)
    M[a][a] = 1;
  for (int k = 0; k < 3000; k++) {
    double sum[D][D] = {{0}}, trace = 0;
    int batches = 0;
    for (unsigned members = 0; members < 1u << N; members++)
      if (__builtin_popcount(members) == B) {
        add_moved(H, members, B, eta, (const double(*)[D])M, sum);
        batches++;
      }
    for (size_t a = 0; a < D; a++)
      trace += sum[a][a] / batches;
    for (size_t a = 0; a < D; a++)
      for (size_t b = 0; b < D; b++)
        M[a][b] = sum[a][b] / batches / trace;
    radius = trace; /* of a matrix of trace 1 */
  }
  return radius;
}

static double limit_of(const struct probe_value *v, size_t i) { return mat_get(&probe_find(v, "limit", PROBE_WHOLE)->value, i, 0); }

static void test_all_batches(void)
{
  static const double batch[] = {1, 2, 3, 5, 6, 100};
  const struct named_value no_bias[] = {set_bool("bias", false)};
  struct subject t;
  double H[N][D][D], before = 0;
  bool ascends = true;
  subject_make(&t, &model_linear, no_bias, 1, &loss_squared, N, D, 0, 1);
  hessians(&t, H);
  struct probe_value v = subject_measure(&t, &probe_sgd_limit, 1, set_list("batch", batch, 6));
  for (size_t i = 0; i < 5; i++) {
    double limit = limit_of(&v, i);
    /* 1 % from the limit the radius is some 1 % from 1; the iteration leaves far less */
    double below = growth((const double(*)[D][D])H, (int)batch[i], 0.99 * limit), above = growth((const double(*)[D][D])H, (int)batch[i], 1.01 * limit);
    tap_ok(below < 1 && above > 1, "batch %g: second moments shrink just below %.4f and grow just above (%.4f, %.4f)", batch[i], limit, below, above);
    ascends &= limit >= before - 1e-9;
    before = limit;
  }
  tap_ok(ascends, "the limit never falls as the batch grows");
  double gd = probe_number(&v, "gd_limit", PROBE_WHOLE);
  tap_ok(fabs(limit_of(&v, 4) / gd - 1) < 1e-8 && fabs(limit_of(&v, 5) / gd - 1) < 1e-8, "the batch of all examples, or more, has that of gradient descent");
  tap_ok(limit_of(&v, 0) * probe_number(&v, "trace", PROBE_WHOLE) <= 2 && limit_of(&v, 0) < gd, "batch 1: trace <= 2/eta at the limit");
  struct probe_value other = subject_measure(&t, &probe_stability_limit, 0);
  tap_ok(fabs(probe_number(&other, "limit", PROBE_WHOLE) / gd - 1) < 1e-6, "gradient descent's is the stability limit");
  probe_value_free(&other), probe_value_free(&v);
  subject_free(&t);
}

/* One weight: C^+ D = p mean h_i^2 / h + (1 - p) h. */
static void test_one_weight(void)
{
  static const double batch[] = {1, 2};
  const struct named_value no_bias[] = {set_bool("bias", false)};
  struct subject t;
  subject_make(&t, &model_linear, no_bias, 1, &loss_squared, 5, 1, 0, 1);
  const struct examples *p = t.s.part;
  double h = 0, squares = 0;
  for (size_t i = 0; i < 5; i++) {
    double x2 = (double)p->x[i * p->stride] * (double)p->x[i * p->stride];
    h += x2 / 5, squares += x2 * x2 / 5;
  }
  struct probe_value v = subject_measure(&t, &probe_sgd_limit, 1, set_list("batch", batch, 2));
  double one = 2 * h / squares, q = 3.0 / 8, two = 2 / (q * squares / h + (1 - q) * h);
  tap_ok(fabs(limit_of(&v, 0) / one - 1) < 1e-9 && fabs(limit_of(&v, 1) / two - 1) < 1e-9, "one weight: 2 h/mean h_i^2 for single examples (%.6g)", one);
  probe_value_free(&v);
  subject_free(&t);
}

/* A net away from its minimum has directions of negative curvature; its Gauss-Newton matrix has none. */
static void test_saddle(void)
{
  const double hidden[] = {3};
  const struct named_value mlp[] = {set_list("hidden", hidden, 1), set_string("activation", "tanh")};
  struct subject t;
  subject_make(&t, &model_mlp, mlp, 1 + 1, &loss_squared, 8, 2, 0, 1);
  struct probe_value h = subject_measure(&t, &probe_sgd_limit, 0), g = subject_measure(&t, &probe_sgd_limit, 1, set_string("curvature", "gauss-newton"));
  tap_ok(limit_of(&h, 0) == 0, "with a direction of negative curvature no rate is stable");
  tap_ok(limit_of(&g, 0) > 0 && limit_of(&g, 0) < probe_number(&g, "gd_limit", PROBE_WHOLE), "of the Gauss-Newton matrix some is");
  probe_value_free(&h), probe_value_free(&g);
  subject_free(&t);
}

int main(void)
{
  test_all_batches();
  test_one_weight();
  test_saddle();
  return tap_done();
}
