/* The tuned products agree with the plain C reference to the bit, for every instruction set this machine
 * has, on shapes with and without tails; the reference agrees with float64; exp, tanh, erf and log are
 * within the stated errors of libm. */
#include "experiments/kernel/product.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "tests/tap.h"

static uint64_t state = 20240607; /* a linear congruential generator: independent of the library's own */

static float next_value(void)
{
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (float)((double)(state >> 11) * 0x1p-53 - 0.5);
}

static float *numbers(size_t n)
{
  struct err e;
  void *p;
  if (mem_new(&p, n + 64, sizeof(float), "test numbers", &e))
    tap_bail("%s", e.message);
  for (size_t i = 0; i < n; i++)
    ((float *)p)[i] = next_value();
  return p;
}

static float *copy_of(const float *x, size_t n)
{
  float *y = numbers(n);
  memcpy(y, x, n * sizeof *x);
  return y;
}

static void clear_padding(float *m, size_t rows, size_t cols, size_t ld)
{
  for (size_t r = 0; r < rows; r++)
    memset(m + r * ld + cols, 0, (ld - cols) * sizeof *m);
}

struct shape { size_t M, K, B; };

/* Everything a step needs for one shape. */
struct fixture {
  size_t M, K, B, ldb, ldw;
  float *W, *V, *X, *Xr, *D, *bias;
  int *label;
};

static struct fixture fixture_new(struct shape s)
{
  struct fixture f = {.M = s.M, .K = s.K, .B = s.B, .ldb = round_up(s.B, 16), .ldw = round_up(s.K, 16)};
  f.W = numbers(f.M * f.ldw), f.V = numbers(f.M * f.ldw), f.X = numbers(f.K * f.ldb);
  f.Xr = numbers(f.B * f.ldw), f.D = numbers(f.M * f.ldb), f.bias = numbers(round_up(f.M, 16));
  clear_padding(f.W, f.M, f.K, f.ldw);
  clear_padding(f.V, f.M, f.K, f.ldw);
  clear_padding(f.Xr, f.B, f.K, f.ldw);
  f.label = xcalloc(f.B, sizeof *f.label);
  for (size_t b = 0; b < f.B; b++)
    f.label[b] = (int)(b * 7 % f.M);
  return f;
}

static void fixture_free(struct fixture *f)
{
  free(f->W), free(f->V), free(f->X), free(f->Xr), free(f->D), free(f->bias), free(f->label);
}

static void check_products(const struct product *p, const struct product *ref, const struct fixture *f)
{
  size_t out = f->M * f->ldb, in = f->K * f->ldb, weights = f->M * f->ldw;
  float *a = numbers(out), *b = numbers(out), *c = numbers(in), *d = numbers(in), *g = numbers(weights), *h = numbers(weights);
  for (int relu = 0; relu < 2; relu++) {
    ref->forward(f->M, f->K, f->B, f->W, f->ldw, relu ? f->bias : NULL, f->X, f->ldb, a, relu);
    p->forward(f->M, f->K, f->B, f->W, f->ldw, relu ? f->bias : NULL, f->X, f->ldb, b, relu);
    tap_same_bits(b, a, out * sizeof *a, "%s forward %zux%zux%zu%s", p->name, f->M, f->K, f->B, relu ? " relu, bias" : "");
    ref->backward(f->M, f->K, f->B, f->W, f->ldw, f->D, f->ldb, c, relu ? f->X : NULL);
    p->backward(f->M, f->K, f->B, f->W, f->ldw, f->D, f->ldb, d, relu ? f->X : NULL);
    tap_same_bits(d, c, in * sizeof *c, "%s backward %zux%zux%zu%s", p->name, f->M, f->K, f->B, relu ? " gated" : "");
  }
  ref->gradient(f->M, f->K, f->B, f->D, f->ldb, f->Xr, f->ldw, g, f->ldw);
  p->gradient(f->M, f->K, f->B, f->D, f->ldb, f->Xr, f->ldw, h, f->ldw);
  tap_same_bits(h, g, weights * sizeof *g, "%s gradient %zux%zux%zu", p->name, f->M, f->K, f->B);
  free(a), free(b), free(c), free(d), free(g), free(h);
}

static void check_updates(const struct product *p, const struct product *ref, const struct fixture *f)
{
  const struct product_update rule[] = {
      {.lr = 0.1f, .one_minus_damp = 1, .shrink = 1},
      {.lr = 0.1f, .mu = 0.9f, .one_minus_damp = 1, .shrink = 1, .first = true},
      {.lr = 0.1f, .mu = 0.9f, .one_minus_damp = 0.8f, .l2 = 1e-3f, .shrink = 0.999f},
      {.lr = 0.1f, .mu = 0.9f, .one_minus_damp = 1, .shrink = 0.99f, .nesterov = true},
  };
  size_t n = f->M * f->ldw;
  for (size_t i = 0; i < sizeof rule / sizeof *rule; i++) {
    float *w = copy_of(f->W, n), *v = copy_of(f->V, n), *w2 = copy_of(f->W, n), *v2 = copy_of(f->V, n);
    float *w3 = copy_of(f->W, n), *v3 = copy_of(f->V, n), *g = numbers(n);
    bool ok = ref->gradient_update(f->M, f->K, f->B, f->D, f->ldb, f->Xr, f->ldw, w, v, f->ldw, &rule[i]);
    ok &= p->gradient_update(f->M, f->K, f->B, f->D, f->ldb, f->Xr, f->ldw, w2, v2, f->ldw, &rule[i]);
    p->gradient(f->M, f->K, f->B, f->D, f->ldb, f->Xr, f->ldw, g, f->ldw);
    ok &= p->update(&rule[i], w3, v3, g, n);
    tap_ok(ok && !memcmp(w, w2, n * 4) && !memcmp(v, v2, n * 4), "%s fused update, rule %zu, %zux%zux%zu", p->name, i, f->M, f->K, f->B);
    tap_ok(!memcmp(w, w3, n * 4) && !memcmp(v, v3, n * 4), "%s gradient then update gives the same, rule %zu", p->name, i);
    free(w), free(v), free(w2), free(v2), free(w3), free(v3), free(g);
  }
}

static void check_elementwise(const struct product *p, const struct product *ref, const struct fixture *f)
{
  size_t n = f->M * f->ldb, bytes = n * sizeof(float);
  float *y = copy_of(f->D, n), *z = copy_of(f->D, n);
  ref->tanh_forward(y, n), p->tanh_forward(z, n);
  tap_same_bits(z, y, bytes, "%s tanh", p->name);
  ref->tanh_backward(f->D, f->D, y, n), p->tanh_backward(f->D, f->D, z, n);
  tap_same_bits(z, y, bytes, "%s tanh derivative", p->name);
  ref->gelu_forward(f->D, y, n), p->gelu_forward(f->D, z, n);
  tap_same_bits(z, y, bytes, "%s gelu", p->name);
  ref->gelu_backward(f->D, f->D, y, n), p->gelu_backward(f->D, f->D, z, n);
  tap_same_bits(z, y, bytes, "%s gelu derivative", p->name);
  free(y), free(z);
}

static void check_rest(const struct product *p, const struct product *ref, const struct fixture *f)
{
  size_t sums = round_up(f->M, 16), out = f->M * f->ldb;
  float *a = numbers(sums), *b = numbers(sums), *t = numbers(f->K * f->ldb), *u = numbers(f->K * f->ldb);
  float *y = numbers(out), *z = copy_of(f->D, out);
  double *la = xcalloc(f->B, sizeof *la), *lb = xcalloc(f->B, sizeof *lb);
  ref->row_sums(f->M, f->B, f->D, f->ldb, a), p->row_sums(f->M, f->B, f->D, f->ldb, b);
  tap_same_bits(b, a, sums * sizeof *a, "%s row sums %zux%zu", p->name, f->M, f->B);
  ref->transpose(f->B, f->K, f->Xr, f->ldw, t, f->ldb), p->transpose(f->B, f->K, f->Xr, f->ldw, u, f->ldb);
  tap_same_bits(u, t, f->K * f->ldb * sizeof *t, "%s transpose %zux%zu", p->name, f->B, f->K);
  ref->softmax_xent(f->M, f->B, f->D, f->ldb, f->label, 0.01f, y, la);
  p->softmax_xent(f->M, f->B, z, f->ldb, f->label, 0.01f, z, lb);
  tap_ok(!memcmp(y, z, out * sizeof *y) && !memcmp(la, lb, f->B * sizeof *la), "%s softmax in place %zux%zu", p->name, f->M, f->B);
  free(a), free(b), free(t), free(u), free(y), free(z), free(la), free(lb);
}

static void check_not_finite(const struct product *p)
{
  struct fixture f = fixture_new((struct shape){5, 7, 9});
  struct product_update u = {.lr = 0.1f, .one_minus_damp = 1, .shrink = 1};
  float *z = copy_of(f.D, f.M * f.ldb);
  double loss[9];
  f.D[2 * f.ldb + 3] = NAN;
  tap_ok(!p->gradient_update(f.M, f.K, f.B, f.D, f.ldb, f.Xr, f.ldw, f.W, f.V, f.ldw, &u), "%s reports a NaN gradient", p->name);
  f.D[2 * f.ldb + 3] = INFINITY;
  tap_ok(!p->gradient_update(f.M, f.K, f.B, f.D, f.ldb, f.Xr, f.ldw, f.W, f.V, f.ldw, &u), "%s reports an infinite gradient", p->name);
  z[f.ldb + 4] = NAN;
  p->softmax_xent(f.M, f.B, z, f.ldb, f.label, 1, z, loss);
  tap_ok(isnan(loss[4]) && isfinite(loss[3]), "%s: a NaN logit makes that example's loss NaN and no other", p->name);
  f.W[3] = NAN;
  p->forward(f.M, f.K, f.B, f.W, f.ldw, NULL, f.X, f.ldb, z, true);
  tap_ok(isnan(z[0]), "%s relu keeps NaN", p->name);
  free(z);
  fixture_free(&f);
}

static void check_reference(void)
{
  struct fixture f = fixture_new((struct shape){3, 50, 4});
  float *y = numbers(f.M * f.ldb);
  double worst = 0;
  product_for(ISA_GENERIC)->forward(f.M, f.K, f.B, f.W, f.ldw, f.bias, f.X, f.ldb, y, false);
  for (size_t j = 0; j < f.M; j++)
    for (size_t b = 0; b < f.B; b++) {
      double s = (double)f.bias[j];
      for (size_t i = 0; i < f.K; i++)
        s += (double)f.W[j * f.ldw + i] * (double)f.X[i * f.ldb + b];
      worst = fmax(worst, fabs(s - (double)y[j * f.ldb + b]));
    }
  /* 50 roundings of sums below 4 in magnitude: at most 50 half-ulps of 4 */
  tap_near(worst, 0, 0, 50 * 0x1p-23, "the reference product agrees with float64");
  free(y);
  fixture_free(&f);
}

static double relative(double seen, double exact) { return exact == 0 ? fabs(seen) : fabs(seen / exact - 1); }

static void check_functions(void)
{
  double worst_exp = 0, worst_tanh = 0, worst_erf = 0, worst_log = 0, worst_gelu = 0, worst_slope = 0;
  for (int i = -60000; i < 64000; i++) {
    float x = (float)i * 0.00137f;
    double d = (double)x, phi = exp(-d * d / 2) * 0.3989422804014327, cdf = erfc(-d / sqrt(2)) / 2;
    worst_exp = fmax(worst_exp, relative((double)product_expf(x), exp(d)));
    worst_tanh = fmax(worst_tanh, relative((double)product_tanhf(x), tanh(d)));
    worst_erf = fmax(worst_erf, relative((double)product_erff(x), erf(d)));
    worst_gelu = fmax(worst_gelu, fabs((double)product_geluf(x) - d * cdf) / fmax(1, fabs(d)));
    worst_slope = fmax(worst_slope, fabs((double)product_gelu_slopef(x) - (cdf + d * phi)));
  }
  double x = 1e-30;
  for (int i = 0; i < 18969; i++, x *= 1.00731) /* to 1e30 */
    worst_log = fmax(worst_log, fabs(product_log(x) - log(x)) / fmax(1e-2, fabs(log(x))));
  /* float32 rounds at 6e-8; the polynomials add about as much */
  tap_ok(worst_exp < 1.2e-7, "exp: worst relative error %.2g", worst_exp);
  tap_ok(worst_tanh < 1.8e-7, "tanh: worst relative error %.2g", worst_tanh);
  tap_ok(worst_erf < 1.8e-7, "erf: worst relative error %.2g", worst_erf);
  tap_ok(worst_gelu < 1.5e-7, "gelu: worst error %.2g of max(1, |x|)", worst_gelu);
  tap_ok(worst_slope < 4e-7, "gelu derivative: worst error %.2g", worst_slope);
  tap_ok(worst_log < 4e-16, "log: worst relative error %.2g", worst_log);
  tap_ok(product_expf(-100.0f) == 0.0f && isinf(product_expf(89.0f)) && isnan(product_expf(NAN)), "exp at its ends");
  tap_ok(product_tanhf(50.0f) == 1.0f && product_tanhf(-50.0f) == -1.0f && isnan(product_tanhf(NAN)), "tanh at its ends");
  tap_ok(product_erff(INFINITY) == 1.0f && product_erff(-9.0f) == -1.0f && isnan(product_erff(NAN)), "erf at its ends");
}

int main(void)
{
  const struct shape shape[] = {{256, 784, 64}, {10, 256, 64}, {32, 20, 32}, {2, 32, 32}, {7, 13, 5}, {1, 1, 1}, {33, 100, 17}, {130, 131, 70}};
  check_reference();
  check_functions();
  for (int isa = ISA_AVX2; isa <= ISA_AVX512; isa++) {
    if ((int)cpu_best_isa() < isa) {
      tap_skip(1, "this machine has no %s", isa_name((enum isa)isa));
      continue;
    }
    const struct product *p = product_for((enum isa)isa), *ref = product_for(ISA_GENERIC);
    for (size_t i = 0; i < sizeof shape / sizeof *shape; i++) {
      struct fixture f = fixture_new(shape[i]);
      check_products(p, ref, &f);
      check_updates(p, ref, &f);
      check_rest(p, ref, &f);
      check_elementwise(p, ref, &f);
      fixture_free(&f);
    }
    check_not_finite(p);
  }
  check_not_finite(product_for(ISA_GENERIC));
  return tap_done();
}
