/* OBC beyond one batch of removals: the order of greedy elimination with an inverse made anew for every step. */
#include "tests/unit/pruning/layer.h"

enum { D = 140, STEPS = 100 };

/* Inverse of the n x n matrix a by Gauss-Jordan with pivoting on the diagonal, in place: fine for positive definite ones. */
static void invert(double *a, size_t n)
{
  for (size_t k = 0; k < n; k++) {
    double pivot = a[k * n + k];
    a[k * n + k] = 1;
    for (size_t j = 0; j < n; j++)
      a[k * n + j] /= pivot;
    for (size_t i = 0; i < n; i++) {
      double f = a[i * n + k];
      if (i == k)
        continue;
      a[i * n + k] = 0;
      for (size_t j = 0; j < n; j++)
        a[i * n + j] -= f * a[k * n + j];
    }
  }
}

/* keep after each of STEPS greedy removals: the weight that costs least, the others at their least squares each time. */
static void greedy(const double *h, const double *w, uint8_t (*keep)[D])
{
  uint8_t now[D];
  double *p = numbers(D * D), right[D], v[D];
  size_t at[D] = {0};
  memset(now, 1, sizeof now);
  for (size_t t = 0; t < STEPS; t++) {
    size_t n = 0, best = 0;
    for (size_t j = 0; j < D; j++)
      if (now[j])
        at[n++] = j;
    for (size_t i = 0; i < n; i++) {
      right[i] = 0;
      for (size_t j = 0; j < D; j++)
        right[i] += h[at[i] * D + j] * w[j];
      for (size_t j = 0; j < n; j++)
        p[i * n + j] = h[at[i] * D + at[j]];
    }
    invert(p, n);
    for (size_t i = 0; i < n; i++) {
      v[i] = 0;
      for (size_t j = 0; j < n; j++)
        v[i] += p[i * n + j] * right[j];
      best = v[i] * v[i] / p[i * n + i] < v[best] * v[best] / p[best * n + best] ? i : best;
    }
    now[at[best]] = 0;
    memcpy(keep[t], now, sizeof now);
  }
  free(p);
}

static void compare(size_t tokens, double damp, const char *name)
{
  struct own_layer o = layer_new(60 + tokens, 1, D, tokens);
  static uint8_t expected[STEPS][D];
  double *h = numbers(D * D), mean = 0;
  bool same = true;
  for (size_t j = 0; j < D; j++)
    mean += o.gram[j * D + j] / D;
  memcpy(h, o.gram, D * D * sizeof *h);
  for (size_t j = 0; j < D; j++)
    h[j * D + j] += damp * mean;
  greedy(h, o.w, expected);
  for (size_t t = 4; t < STEPS; t += 5) {
    uint8_t keep[D];
    struct object obc = MAKE(&solver_obc.m, V_REAL("sparsity", (double)(t + 1) / D), V_REAL("damp", damp));
    mask_of(&obc, &o.l, keep);
    same = same && memcmp(keep, expected[t], sizeof keep) == 0;
    object_free(&obc);
  }
  tap_ok(same, "obc: %s: the masks of greedy elimination with new inverses, at 20 sparsities", name);
  free(h);
  layer_free(&o);
}

int main(void)
{
  tap_diag("seed %u", SEED);
  compare(600, 0, "many examples");
  compare(600, 0.01, "many examples, damped");
  compare(90, 0.001, "fewer examples than inputs");
  compare(90, 1e-6, "fewer examples than inputs, little damping");
  return tap_done();
}
