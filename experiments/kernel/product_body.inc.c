/* product_body.inc.c: the tuned products, included once per vector width (product_avx2.c, product_avx512.c).
 *
 * One micro-kernel shape serves all three products: R broadcast scalars times C vectors, R * C accumulators in
 * registers, summed index innermost. Blocking over the summed index stores and reloads the partial sums, so
 * each element remains one chain of fused multiply-adds in index order, whatever the blocking.
 *
 *   product     accumulates over   broadcasts           loads vectors of
 *   forward     i (inputs)         W[j..j+R][i]         X[i][b..]
 *   backward    j (outputs)        W[j][i..i+R]         D[j][b..]
 *   gradient    b (examples)       D[j..j+R][b]         Xr[b][i..]
 */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "experiments/kernel/mem.h"

#define INLINE static inline __attribute__((always_inline))
#define MAX_R 8
#define MAX_C 4

/* Rows of a tile for C vectors: enough accumulators to hide the latency, few enough to stay in registers. */
#if VL == 16
#define R_OF(C) ((C) == 4 ? 6 : 8)
#else
#define R_OF(C) ((C) >= 3 ? 4 : (C) == 2 ? 6 : 8)
#endif
#define TILE_C (VL == 16 ? 4 : 2) /* widest tile used */
#define BLOCK 128                 /* summed index per pass: its operand block stays in the first cache */

/* Steps between scalars (of R) and along the summed index; the vectors' rows are ldv apart. */
struct tile {
  const float *scalar;
  size_t scalar_row, scalar_step;
  const float *vector;
  size_t ldv, n;
};

INLINE void tile_sum(const int R, const int C, const struct tile *t, vf acc[MAX_R][MAX_C])
{
  const float *v = t->vector;
  const float *s[MAX_R];
  for (int r = 0; r < R; r++)
    s[r] = t->scalar + (size_t)r * t->scalar_row;
  for (size_t k = 0; k < t->n; k++) {
    vf x[MAX_C];
    for (int c = 0; c < C; c++)
      x[c] = v_loadu(v + c * VL);
    v += t->ldv;
    for (int r = 0; r < R; r++) {
      vf a = v_set1(s[r][k * t->scalar_step]);
      for (int c = 0; c < C; c++)
        acc[r][c] = v_fma(a, x[c], acc[r][c]);
    }
  }
}

/* Call `body` with R (and C) as constants, so that the accumulators live in registers. */
#define WITH_R(r, CALL) \
  switch (r) {          \
  case 1: CALL(1); break; \
  case 2: CALL(2); break; \
  case 3: CALL(3); break; \
  case 4: CALL(4); break; \
  case 5: CALL(5); break; \
  case 6: CALL(6); break; \
  case 7: CALL(7); break; \
  default: CALL(8); break; \
  }

INLINE vf relu_of(vf x) { return v_select(v_lt(x, v_set1(0.0f)), v_set1(0.0f), x); }

/* --- forward ----------------------------------------------------------------------------------- */

struct forward_job {
  size_t M, K, ldw, ldb;
  const float *W, *bias, *X;
  float *Y;
  bool relu;
};

INLINE void forward_tile(const int R, const int C, const struct forward_job *f, size_t j, size_t b, size_t k0, size_t k1)
{
  vf acc[MAX_R][MAX_C];
  for (int r = 0; r < R; r++)
    for (int c = 0; c < C; c++)
      acc[r][c] = k0 ? v_load(f->Y + (j + (size_t)r) * f->ldb + b + (size_t)c * VL)
                     : v_set1(f->bias ? f->bias[j + (size_t)r] : 0.0f);
  struct tile t = {f->W + j * f->ldw + k0, f->ldw, 1, f->X + k0 * f->ldb + b, f->ldb, k1 - k0};
  tile_sum(R, C, &t, acc);
  bool relu = f->relu && k1 == f->K;
  for (int r = 0; r < R; r++)
    for (int c = 0; c < C; c++)
      v_store(f->Y + (j + (size_t)r) * f->ldb + b + (size_t)c * VL, relu ? relu_of(acc[r][c]) : acc[r][c]);
}

INLINE void forward_panel(const int C, const struct forward_job *f, size_t b, size_t k0, size_t k1)
{
  const size_t R = R_OF(C);
  size_t j = 0;
  for (; j + R <= f->M; j += R)
    forward_tile((int)R, C, f, j, b, k0, k1);
#define CALL(r) forward_tile(r, C, f, j, b, k0, k1)
  if (j < f->M)
    WITH_R(f->M - j, CALL)
#undef CALL
}

/* Blocks of about BLOCK, of equal size. */
static size_t block_of(size_t n)
{
  size_t blocks = (n + BLOCK - 1) / BLOCK;
  return blocks ? (n + blocks - 1) / blocks : 1;
}

static void forward(size_t M, size_t K, size_t B, const float *W, size_t ldw, const float *bias, const float *X,
                    size_t ldb, float *Y, bool relu)
{
  struct forward_job f = {M, K, ldw, ldb, W, bias, X, Y, relu};
  size_t step = block_of(K);
  (void)B;
  for (size_t b = 0; b < ldb;) {
    size_t c = (ldb - b) / VL;
    c = c > TILE_C ? TILE_C : c;
    for (size_t k0 = 0; k0 < K || k0 == 0; k0 += step) {
      size_t k1 = k0 + step < K ? k0 + step : K;
      switch (c) {
      case 1: forward_panel(1, &f, b, k0, k1); break;
      case 2: forward_panel(2, &f, b, k0, k1); break;
#if TILE_C > 2
      case 3: forward_panel(3, &f, b, k0, k1); break;
      default: forward_panel(4, &f, b, k0, k1); break;
#endif
      }
    }
    b += c * VL;
  }
}

/* --- backward ---------------------------------------------------------------------------------- */

struct backward_job {
  size_t M, K, ldw, ldb;
  const float *W, *D, *gate;
  float *E;
};

INLINE void backward_tile(const int R, const int C, const struct backward_job *f, size_t i, size_t b, size_t j0, size_t j1)
{
  vf acc[MAX_R][MAX_C];
  for (int r = 0; r < R; r++)
    for (int c = 0; c < C; c++)
      acc[r][c] = j0 ? v_load(f->E + (i + (size_t)r) * f->ldb + b + (size_t)c * VL) : v_set1(0.0f);
  struct tile t = {f->W + j0 * f->ldw + i, 1, f->ldw, f->D + j0 * f->ldb + b, f->ldb, j1 - j0};
  tile_sum(R, C, &t, acc);
  bool gated = f->gate && j1 == f->M;
  for (int r = 0; r < R; r++)
    for (int c = 0; c < C; c++) {
      size_t at = (i + (size_t)r) * f->ldb + b + (size_t)c * VL;
      vf e = acc[r][c];
      if (gated)
        e = v_select(v_lt(v_set1(0.0f), v_load(f->gate + at)), e, v_set1(0.0f));
      v_store(f->E + at, e);
    }
}

INLINE void backward_panel(const int C, const struct backward_job *f, size_t b, size_t j0, size_t j1)
{
  const size_t R = R_OF(C);
  size_t i = 0;
  for (; i + R <= f->K; i += R)
    backward_tile((int)R, C, f, i, b, j0, j1);
#define CALL(r) backward_tile(r, C, f, i, b, j0, j1)
  if (i < f->K)
    WITH_R(f->K - i, CALL)
#undef CALL
}

static void backward(size_t M, size_t K, size_t B, const float *W, size_t ldw, const float *D, size_t ldb, float *E,
                     const float *gate)
{
  struct backward_job f = {M, K, ldw, ldb, W, D, gate, E};
  size_t step = block_of(M);
  (void)B;
  for (size_t b = 0; b < ldb;) {
    size_t c = (ldb - b) / VL;
    c = c > TILE_C ? TILE_C : c;
    for (size_t j0 = 0; j0 < M || j0 == 0; j0 += step) {
      size_t j1 = j0 + step < M ? j0 + step : M;
      switch (c) {
      case 1: backward_panel(1, &f, b, j0, j1); break;
      case 2: backward_panel(2, &f, b, j0, j1); break;
#if TILE_C > 2
      case 3: backward_panel(3, &f, b, j0, j1); break;
      default: backward_panel(4, &f, b, j0, j1); break;
#endif
      }
    }
    b += c * VL;
  }
}

/* --- gradient ---------------------------------------------------------------------------------- */

/* The momentum rule on one vector; the lanes of product_update_ref(). bad collects g * 0: NaN where g
 * is not finite. */
struct rule {
  vf lr_neg, mu, damp, l2, shrink, bad;
  bool has_mu, has_l2, first, nesterov;
};

INLINE struct rule rule_make(const struct product_update *u)
{
  return (struct rule){v_set1(-u->lr), v_set1(u->mu), v_set1(u->one_minus_damp), v_set1(u->l2), v_set1(u->shrink),
                       v_set1(0.0f), u->mu != 0.0f, u->l2 != 0.0f, u->first, u->nesterov};
}

INLINE void rule_apply(struct rule *q, float *w, float *v, vf g)
{
  vf weight = v_loadu(w);
  q->bad = v_fma(g, v_set1(0.0f), q->bad);
  if (q->has_l2)
    g = v_fma(q->l2, weight, g);
  vf m = g;
  if (q->has_mu) {
    if (!q->first)
      m = v_fma(q->mu, v_loadu(v), v_mul(q->damp, g));
    v_store(v, m);
  }
  vf s = q->nesterov ? v_fma(q->mu, m, g) : m;
  v_store(w, v_fma(q->lr_neg, s, v_mul(q->shrink, weight)));
}

struct gradient_job {
  size_t M, K, B, ldb, ldx, ldw;
  const float *D, *Xr;
  float *W, *V, *G; /* G: store the gradient; else update W and V */
  const struct product_update *update;
  bool far; /* weights and momentum are larger than the first cache */
  vf bad;
};

/* The sum over the batch. Where weights and momentum come from afar, it is done in R pieces: before each,
 * ask for one row of what the update will need when the sum is done; all at once would overrun the miss
 * buffers. */
INLINE void gradient_sum(const int R, const int C, const struct gradient_job *f, size_t j, size_t i, vf acc[MAX_R][MAX_C])
{
  size_t piece = f->far ? (f->B + (size_t)R - 1) / (size_t)R : f->B, b = 0;
  for (int r = 0; b < f->B; r++) {
    size_t end = b + piece < f->B ? b + piece : f->B, at = (j + (size_t)r) * f->ldw + i;
    if (f->far)
      for (int c = 0; c < C; c += 64 / (VL * 4)) {
        __builtin_prefetch(f->W + at + c * VL, 1);
        __builtin_prefetch(f->V + at + c * VL, 1);
      }
    struct tile t = {f->D + j * f->ldb + b, f->ldb, 1, f->Xr + b * f->ldx + i, f->ldx, end - b};
    tile_sum(R, C, &t, acc);
    b = end;
  }
}

INLINE void gradient_tile(const int R, const int C, struct gradient_job *f, size_t j, size_t i)
{
  vf acc[MAX_R][MAX_C];
  for (int r = 0; r < R; r++)
    for (int c = 0; c < C; c++)
      acc[r][c] = v_set1(0.0f);
  gradient_sum(R, C, f, j, i, acc);
  if (f->G) {
    for (int r = 0; r < R; r++)
      for (int c = 0; c < C; c++)
        v_store(f->G + (j + (size_t)r) * f->ldw + i + (size_t)c * VL, acc[r][c]);
    return;
  }
  __asm__ volatile("" ::: "memory"); /* keep the rule's constants out of the registers of the loop above */
  struct rule q = rule_make(f->update);
  for (int r = 0; r < R; r++)
    for (int c = 0; c < C; c++) {
      size_t at = (j + (size_t)r) * f->ldw + i + (size_t)c * VL;
      rule_apply(&q, f->W + at, f->V + at, acc[r][c]);
    }
  f->bad = v_add(f->bad, q.bad);
}

INLINE void gradient_panel(const int C, struct gradient_job *f, size_t i)
{
  const size_t R = R_OF(C);
  size_t j = 0;
  for (; j + R <= f->M; j += R)
    gradient_tile((int)R, C, f, j, i);
#define CALL(r) gradient_tile(r, C, f, j, i)
  if (j < f->M)
    WITH_R(f->M - j, CALL)
#undef CALL
}

static void gradient_walk(struct gradient_job *f)
{
  size_t columns = (f->K + VL - 1) / VL * VL;
  for (size_t i = 0; i < columns;) {
    size_t c = (columns - i) / VL;
    c = c > TILE_C ? TILE_C : c;
    switch (c) {
    case 1: gradient_panel(1, f, i); break;
    case 2: gradient_panel(2, f, i); break;
#if TILE_C > 2
    case 3: gradient_panel(3, f, i); break;
    default: gradient_panel(4, f, i); break;
#endif
    }
    i += c * VL;
  }
}

static void gradient(size_t M, size_t K, size_t B, const float *D, size_t ldb, const float *Xr, size_t ldx, float *G, size_t ldg)
{
  struct gradient_job f = {.M = M, .K = K, .B = B, .ldb = ldb, .ldx = ldx, .ldw = ldg, .D = D, .Xr = Xr, .G = G};
  gradient_walk(&f);
  for (size_t j = 0; j < M; j++) /* padding columns: exactly +0 whatever D holds */
    for (size_t i = K; i < ldg; i++)
      G[j * ldg + i] = 0.0f;
}

static bool gradient_update(size_t M, size_t K, size_t B, const float *D, size_t ldb, const float *Xr, size_t ldx,
                            float *W, float *V, size_t ldw, const struct product_update *u)
{
  struct gradient_job f = {.M = M, .K = K, .B = B, .ldb = ldb, .ldx = ldx, .ldw = ldw, .D = D, .Xr = Xr, .W = W, .V = V,
                           .update = u, .far = M * ldw > 4096, .bad = v_set1(0.0f)};
  gradient_walk(&f);
  return !v_any_nan(f.bad);
}

static bool update(const struct product_update *u, float *w, float *v, const float *g, size_t n)
{
  struct rule q = rule_make(u);
  for (size_t i = 0; i < n; i += VL)
    rule_apply(&q, w + i, v + i, v_loadu(g + i));
  return !v_any_nan(q.bad);
}

/* --- transposition and sums over the batch ------------------------------------------------------ */

/* Rows r0.. of at most VL rows and columns, zero outside rows x cols, transposed. */
INLINE void load_block(vf block[VL], const float *in, size_t ldi, size_t rows, size_t cols)
{
  if (cols >= VL) {
    for (size_t r = 0; r < VL; r++)
      block[r] = r < rows ? v_loadu(in + r * ldi) : v_set1(0.0f);
  } else {
    float t[VL][VL] __attribute__((aligned(64)));
    memset(t, 0, sizeof t);
    for (size_t r = 0; r < rows && r < VL; r++)
      memcpy(t[r], in + r * ldi, (cols < VL ? cols : VL) * sizeof(float));
    for (size_t r = 0; r < VL; r++)
      block[r] = v_loadu(t[r]);
  }
  v_transpose(block);
}

static void transpose(size_t rows, size_t cols, const float *in, size_t ldi, float *out, size_t ldo)
{
  for (size_t c = 0; c < cols; c += VL)
    for (size_t r = 0; r < ldo; r += VL) {
      vf block[VL];
      load_block(block, in + (r < rows ? r : 0) * ldi + c, ldi, r < rows ? rows - r : 0, cols - c);
      for (size_t i = 0; i < VL && c + i < cols; i++)
        v_store(out + (c + i) * ldo + r, block[i]);
    }
}

static void row_sums(size_t M, size_t B, const float *D, size_t ldb, float *out)
{
  for (size_t j = 0; j < M; j += VL) {
    vf acc = v_set1(0.0f);
    for (size_t b = 0; b < B; b += VL) {
      vf block[VL];
      load_block(block, D + j * ldb + b, ldb, M - j, B - b);
      for (size_t i = 0; i < VL && b + i < B; i++)
        acc = v_add(acc, block[i]);
    }
    v_store(out + j, acc);
  }
#if VL < 16
  if (round_up(M, VL) % 16)
    v_store(out + round_up(M, VL), v_set1(0.0f));
#endif
}

/* --- losses and activations --------------------------------------------------------------------- */

/* One vector of examples, of which `lanes` count. */
static void softmax_lanes(size_t k, size_t lanes, const float *Z, size_t ldb, const int *label, float scale, float *D, double *loss)
{
  float sum_of[VL] __attribute__((aligned(64))), gap_of[VL] __attribute__((aligned(64)));
  int class_of[VL];
  double log_sum[VL];
  for (size_t l = 0; l < VL; l++)
    class_of[l] = l < lanes ? label[l] : -1;
  vf top = v_load(Z), z_label = v_set1(0.0f), sum = v_set1(0.0f);
  for (size_t j = 0; j < k; j++) {
    vf z = v_load(Z + j * ldb);
    top = v_select(v_lt(top, z), z, top);
    z_label = v_select(v_equal(class_of, (int)j), z, z_label);
  }
  for (size_t j = 0; j < k; j++) {
    vf e = v_exp(v_sub(v_load(Z + j * ldb), top));
    sum = v_add(sum, e);
    v_store(D + j * ldb, e);
  }
  vf inverse = v_div(v_set1(1.0f), sum), s = v_set1(scale), zero = v_set1(0.0f), one = v_set1(1.0f);
  for (size_t j = 0; j < k; j++) {
    vf p = v_mul(v_load(D + j * ldb), inverse);
    v_store(D + j * ldb, v_mul(v_sub(p, v_select(v_equal(class_of, (int)j), one, zero)), s));
  }
  for (size_t j = 0; lanes < VL && j < k; j++)
    for (size_t l = lanes; l < VL; l++)
      D[j * ldb + l] = 0.0f;
  v_store(sum_of, sum);
  v_store(gap_of, v_sub(top, z_label));
  for (size_t l = 0; l < VL; l++) /* a fixed count: the compiler makes vectors of it */
    log_sum[l] = log_of((double)sum_of[l]) + (double)gap_of[l];
  memcpy(loss, log_sum, lanes * sizeof *loss);
}

static void softmax_xent(size_t k, size_t B, const float *Z, size_t ldb, const int *label, float scale, float *D, double *loss)
{
  for (size_t b = 0; b < B; b += VL)
    softmax_lanes(k, B - b < VL ? B - b : VL, Z + b, ldb, label + b, scale, D + b, loss + b);
  for (size_t j = 0; j < k; j++)
    for (size_t b = round_up(B, VL); b < ldb; b++)
      D[j * ldb + b] = 0.0f;
}

static void tanh_forward(float *x, size_t n)
{
  for (size_t i = 0; i < n; i += VL)
    v_store(x + i, v_tanh(v_load(x + i)));
}

static void tanh_backward(const float *y, const float *e, float *out, size_t n)
{
  for (size_t i = 0; i < n; i += VL) {
    vf t = v_load(y + i);
    v_store(out + i, v_mul(v_load(e + i), v_fma(v_sub(v_set1(0.0f), t), t, v_set1(1.0f))));
  }
}

static void gelu_forward(const float *x, float *y, size_t n)
{
  for (size_t i = 0; i < n; i += VL)
    v_store(y + i, v_gelu(v_load(x + i)));
}

static void gelu_backward(const float *x, const float *e, float *out, size_t n)
{
  for (size_t i = 0; i < n; i += VL)
    v_store(out + i, v_mul(v_load(e + i), v_gelu_slope(v_load(x + i))));
}
