/* product_generic.c: the products in plain C: the reference that every tuned set must match to the bit,
 * and what runs on a machine without AVX2. Nothing here is tuned on purpose. */
#include "experiments/kernel/product_int.h"
#include "experiments/kernel/product_lanes_scalar.h"

#include "experiments/kernel/product_math.inc.c"

void product_update_ref(const struct product_update *u, float *w, float *v, float g)
{
  float g1 = u->l2 != 0.0f ? fmaf(u->l2, *w, g) : g;
  float m = g1;
  if (u->mu != 0.0f) {
    if (!u->first)
      m = fmaf(u->mu, *v, u->one_minus_damp * g1);
    *v = m;
  }
  float s = u->nesterov ? fmaf(u->mu, m, g1) : m;
  *w = fmaf(-u->lr, s, u->shrink * *w);
}

float product_expf(float x) { return v_exp(x); }
float product_tanhf(float x) { return v_tanh(x); }
float product_erff(float x) { return v_erf(x); }
float product_geluf(float x) { return v_gelu(x); }
float product_gelu_slopef(float x) { return v_gelu_slope(x); }
double product_log(double x) { return log_of(x); }

static float relu_of(float x) { return x < 0.0f ? 0.0f : x; } /* keeps NaN and -0 */

static void forward(size_t M, size_t K, size_t B, const float *W, size_t ldw, const float *bias, const float *X,
                    size_t ldb, float *Y, bool relu)
{
  (void)B;
  for (size_t j = 0; j < M; j++)
    for (size_t b = 0; b < ldb; b++) {
      float acc = bias ? bias[j] : 0.0f;
      for (size_t i = 0; i < K; i++)
        acc = fmaf(W[j * ldw + i], X[i * ldb + b], acc);
      Y[j * ldb + b] = relu ? relu_of(acc) : acc;
    }
}

static void backward(size_t M, size_t K, size_t B, const float *W, size_t ldw, const float *D, size_t ldb, float *E,
                     const float *gate)
{
  (void)B;
  for (size_t i = 0; i < K; i++)
    for (size_t b = 0; b < ldb; b++) {
      float acc = 0.0f;
      for (size_t j = 0; j < M; j++)
        acc = fmaf(W[j * ldw + i], D[j * ldb + b], acc);
      E[i * ldb + b] = gate && !(0.0f < gate[i * ldb + b]) ? 0.0f : acc;
    }
}

static float gradient_at(size_t j, size_t i, size_t B, const float *D, size_t ldb, const float *Xr, size_t ldx)
{
  float acc = 0.0f;
  for (size_t b = 0; b < B; b++)
    acc = fmaf(D[j * ldb + b], Xr[b * ldx + i], acc);
  return acc;
}

static void gradient(size_t M, size_t K, size_t B, const float *D, size_t ldb, const float *Xr, size_t ldx, float *G, size_t ldg)
{
  for (size_t j = 0; j < M; j++)
    for (size_t i = 0; i < ldg; i++)
      G[j * ldg + i] = i < K ? gradient_at(j, i, B, D, ldb, Xr, ldx) : 0.0f;
}

static bool gradient_update(size_t M, size_t K, size_t B, const float *D, size_t ldb, const float *Xr, size_t ldx,
                            float *W, float *V, size_t ldw, const struct product_update *u)
{
  bool finite = true;
  for (size_t j = 0; j < M; j++)
    for (size_t i = 0; i < K; i++) {
      float g = gradient_at(j, i, B, D, ldb, Xr, ldx);
      finite = finite && isfinite(g);
      product_update_ref(u, &W[j * ldw + i], &V[j * ldw + i], g);
    }
  return finite;
}

static bool update(const struct product_update *u, float *w, float *v, const float *g, size_t n)
{
  bool finite = true;
  for (size_t i = 0; i < n; i++) {
    finite = finite && isfinite(g[i]);
    product_update_ref(u, &w[i], &v[i], g[i]);
  }
  return finite;
}

static void row_sums(size_t M, size_t B, const float *D, size_t ldb, float *out)
{
  for (size_t j = 0; j < M; j++) {
    float acc = 0.0f;
    for (size_t b = 0; b < B; b++)
      acc += D[j * ldb + b];
    out[j] = acc;
  }
  for (size_t j = M; j % 16; j++)
    out[j] = 0.0f;
}

static void transpose(size_t rows, size_t cols, const float *in, size_t ldi, float *out, size_t ldo)
{
  for (size_t c = 0; c < cols; c++)
    for (size_t r = 0; r < ldo; r++)
      out[c * ldo + r] = r < rows ? in[r * ldi + c] : 0.0f;
}

static void softmax_xent(size_t k, size_t B, const float *Z, size_t ldb, const int *label, float scale, float *D, double *loss)
{
  for (size_t b = 0; b < B; b++) {
    float top = Z[b], sum = 0.0f, zy = Z[(size_t)label[b] * ldb + b];
    for (size_t j = 1; j < k; j++)
      top = top < Z[j * ldb + b] ? Z[j * ldb + b] : top;
    for (size_t j = 0; j < k; j++)
      sum += product_expf(Z[j * ldb + b] - top);
    loss[b] = log_of((double)sum) + (double)(top - zy);
    float r = 1.0f / sum;
    for (size_t j = 0; j < k; j++) {
      float p = product_expf(Z[j * ldb + b] - top) * r;
      D[j * ldb + b] = (p - (j == (size_t)label[b] ? 1.0f : 0.0f)) * scale;
    }
  }
  for (size_t j = 0; j < k; j++)
    for (size_t b = B; b < ldb; b++)
      D[j * ldb + b] = 0.0f;
}

static void tanh_forward(float *x, size_t n)
{
  for (size_t i = 0; i < n; i++)
    x[i] = product_tanhf(x[i]);
}

static void tanh_backward(const float *y, const float *e, float *out, size_t n)
{
  for (size_t i = 0; i < n; i++)
    out[i] = e[i] * fmaf(-y[i], y[i], 1.0f);
}

static void gelu_forward(const float *x, float *y, size_t n)
{
  for (size_t i = 0; i < n; i++)
    y[i] = product_geluf(x[i]);
}

static void gelu_backward(const float *x, const float *e, float *out, size_t n)
{
  for (size_t i = 0; i < n; i++)
    out[i] = e[i] * product_gelu_slopef(x[i]);
}

const struct product product_generic = {
  .name = "generic", .conv = &conv_generic, .forward = forward, .backward = backward, .gradient = gradient, .gradient_update = gradient_update,
  .update = update, .row_sums = row_sums, .transpose = transpose, .softmax_xent = softmax_xent,
  .tanh_forward = tanh_forward, .tanh_backward = tanh_backward, .gelu_forward = gelu_forward, .gelu_backward = gelu_backward,
};

const struct product *product_for(enum isa isa)
{
  enum isa best = cpu_best_isa();
  if (isa > best)
    isa = best;
#if defined(__x86_64__)
  if (isa == ISA_AVX512)
    return &product_avx512;
  if (isa == ISA_AVX2)
    return &product_avx2;
#endif
  return &product_generic;
}

const struct product *product_best(void) { return product_for(ISA_AVX512); }
