/* convnets.c: every probe on small convnets, against plain loops, matrices made from the definition, the reference route
 * and differences of its gradients. */
#include <math.h>

#include "experiments/kernel/vec.h"
#include "experiments/models/derivatives.h"
#include "tests/unit/probe/subject.h"

static double at(const struct probe_value *v, const char *name, size_t layer, size_t i, size_t j)
{
  const struct probe_array *a = probe_find(v, name, layer);
  if (!a)
    tap_bail("there is no %s", name);
  return mat_get(&a->value, i, j);
}

/* Images of 2 x 4 x 5, filters of 3 x 3 that keep their size, pooling by 2, three classes. */
static void make_net(struct subject *t, const double *channels, size_t n_channels, const char *pool, const char *activation, size_t n)
{
  static const double image[] = {2, 4, 5};
  struct named_value values[] = {set_list("image", image, 3), set_list("channels", channels, n_channels), set_string("pool", pool),
                                 set_string("conv_activation", activation)};
  subject_make(t, &model_convnet, values, 4, &loss_cross_entropy, n, 40, 3, 0);
}

static double *wide_weights(const struct subject *t)
{
  struct err e;
  double *w;
  if (probe_weights(&t->s, &w, &e))
    tap_bail("%s", e.message);
  return w;
}

/* The input that tap t of a 3 x 3 padded filter meets at position p of a 4 x 5 image with planes of 20; 0 outside. */
static double patch(const double *x, size_t t, size_t p)
{
  size_t y = p / 5 + t / 3 % 3 - 1, c = p % 5 + t % 3 - 1; /* wrap around where outside */
  return y < 4 && c < 5 ? x[t / 9 * 20 + y * 5 + c] : 0;
}

/* The Gram matrices of two convolutions, one after the other, and of the layer after pooling: sums over plain patches of
 * captured activations (150 examples: two blocks, the second not full). */
static void test_conv_gram(void)
{
  static const double channels[] = {3, 4};
  struct subject t;
  make_net(&t, channels, 2, "none", "tanh", 150);
  struct probe_value v = subject_measure(&t, &probe_input_gram, 0);
  struct batch b = probe_batch(&t.s);
  for (size_t l = 0; l < 3; l++) {
    size_t in = t.net.layer[l].in, taps = t.net.layer[l].cols, columns = l < 2 ? 20 : 1;
    double *w = wide_weights(&t), *a = xcalloc(150 * in, sizeof *a), worst = 0;
    struct err e;
    if (net_activations_f64(NULL, &t.net, w, &b, l, a, &e))
      tap_bail("%s", e.message);
    for (size_t i = 0; i < taps; i++)
      for (size_t j = 0; j < taps; j++) {
        double gram = 0, sum = 0;
        for (size_t n = 0; n < 150 * columns; n++) {
          const double *x = a + n / columns * in;
          double p = l < 2 ? patch(x, i, n % columns) : x[i];
          gram += p * (l < 2 ? patch(x, j, n % columns) : x[j]);
          sum += p;
        }
        worst = fmax(worst, fmax(fabs(gram - at(&v, "input_gram", l, i, j)), fabs(sum - at(&v, "input_sum", l, i, 0))));
      }
    tap_ok(worst < 1e-9, "convnet, layer %zu: the Gram matrix is the sum over patches (%.1e)", l + 1, worst);
    tap_near(at(&v, "columns", l, 0, 0), 150.0 * (double)columns, 0, 0, "and it counts them");
    free(w), free(a);
  }
  probe_value_free(&v);
  subject_free(&t);
}

/* --- norms --------------------------------------------------------------------------------------------- */

/* The convolution of layer y as a matrix, outputs x inputs, from the definition; squared: of squared weights. */
static struct mat matrix_of(const struct subject *t, const struct layer *y, bool squared)
{
  const struct conv_shape *s = &y->conv;
  struct mat a;
  struct err e;
  if (mat_new(&a, DTYPE_F64, y->out, y->in, &e))
    tap_bail("%s", e.message);
  for (size_t j = 0; j < y->out; j++)
    for (size_t i = 0; i < y->in; i++) {
      size_t m = j / 20, c = i / 20, dy = i / 5 % 4 + 1 - j / 5 % 4, dx = i % 5 + 1 - j % 5; /* wrap around where too far */
      double v = dy < 3 && dx < 3 ? (double)t->w[y->w_at + m * y->w_stride + (c * s->kernel + dy) * 3 + dx] : 0;
      mat_set(&a, j, i, squared ? v * v : v);
    }
  return a;
}

static double top_singular_value(const struct mat *a)
{
  struct mat u, s, vt;
  struct err e;
  if (mat_svd(&u, &s, &vt, a, &e))
    tap_bail("%s", e.message);
  double top = mat_get(&s, 0, 0);
  mat_free(&u), mat_free(&s), mat_free(&vt);
  return top;
}

static double norm21(const struct mat *a, bool columns)
{
  double sum = 0;
  for (size_t j = 0; j < (columns ? a->cols : a->rows); j++) {
    double square = 0;
    for (size_t i = 0; i < (columns ? a->rows : a->cols); i++)
      square += pow(columns ? mat_get(a, i, j) : mat_get(a, j, i), 2);
    sum += sqrt(square);
  }
  return sum;
}

static void test_norms(void)
{
  static const double channels[] = {3, 4};
  struct subject t;
  make_net(&t, channels, 2, "none", "relu", 20);
  t.s.start = t.start;
  struct probe_value v = subject_measure(&t, &probe_layer_norms, 2, set_real("tolerance", 1e-14), set_real("iterations", 20000));
  for (size_t l = 0; l < 2; l++) {
    const struct layer *y = &t.net.layer[l];
    struct mat a = matrix_of(&t, y, false), kernel = mat_wrap(DTYPE_F32, t.w + y->w_at, y->rows, y->cols, y->w_stride), wide;
    struct err e;
    if (mat_copy(&wide, &kernel, DTYPE_F64, &e))
      tap_bail("%s", e.message);
    double top = top_singular_value(&a), seen = at(&v, "spectral", l, 0, 0), flat = at(&v, "kernel_spectral", l, 0, 0);
    tap_ok(seen <= top * (1 + 1e-13) && seen >= top * (1 - 1e-9), "convolution %zu: the spectral norm is that of its matrix (%.1e below)", l + 1,
           1 - seen / top);
    tap_near(at(&v, "frobenius", l, 0, 0), vec_norm2_f64(a.data, a.rows * a.cols), 1e-13, 0, "and so is the Frobenius norm");
    tap_near(at(&v, "rows21", l, 0, 0), norm21(&a, false), 1e-13, 0, "the sum over outputs");
    tap_near(at(&v, "cols21", l, 0, 0), norm21(&a, true), 1e-13, 0, "and over inputs");
    tap_near(flat, top_singular_value(&wide), 1e-13, 0, "the kernel's spectral norm is that of filters x taps");
    tap_near(at(&v, "kernel_frobenius", l, 0, 0), vec_norm2_f64(wide.data, wide.rows * wide.cols), 1e-13, 0, "and its Frobenius norm");
    /* an input stands in at most 9 patches, so all patches together are at most 3 times as long as it */
    tap_ok(seen < 3 * flat, "the map's norm is below three times the kernel's (%.3f, %.3f)", seen, flat);
    mat_free(&a), mat_free(&wide);
  }
  tap_ok(!probe_find(&v, "kernel_spectral", 2) && probe_find(&v, "spectral", 2), "a dense layer has no kernel");
  tap_ok(probe_find(&v, "spectral_start", 1) && probe_find(&v, "kernel_spectral_start", 1), "distances to the start are there");
  probe_value_free(&v);
  subject_free(&t);
}

/* A 1 x 1 kernel is the same matrix at every position. */
static void test_one_by_one(void)
{
  static const double image[] = {2, 4, 5}, channels[] = {3};
  struct named_value values[] = {set_list("image", image, 3), set_list("channels", channels, 1), {"kernel", {.kind = VALUE_INT, .as.i = 1}}};
  struct subject t;
  subject_make(&t, &model_convnet, values, 3, &loss_cross_entropy, 5, 40, 3, 0);
  struct probe_value v = subject_measure(&t, &probe_layer_norms, 0);
  tap_near(at(&v, "spectral", 0, 0, 0), at(&v, "kernel_spectral", 0, 0, 0), 1e-9, 0, "of 1 x 1 filters the map has the kernel's spectral norm");
  tap_near(at(&v, "frobenius", 0, 0, 0), sqrt(20) * at(&v, "kernel_frobenius", 0, 0, 0), 1e-13, 0, "and sqrt(positions) times its Frobenius norm");
  tap_ok(!probe_find(&v, "spectral", 1), "a pooling has no norms");
  probe_value_free(&v);
  subject_free(&t);
}

/* One convolution, pooling 4 x 5 -> 2 x 2, one dense layer: squares by the matrix of the definition. */
static double path_by_hand(const struct subject *t, bool average)
{
  const struct layer *y = t->net.layer, *dense = &t->net.layer[2];
  struct mat a = matrix_of(t, y, true);
  double hidden[60], sum = 0;
  for (size_t j = 0; j < 60; j++) {
    hidden[j] = pow((double)t->w[y->b_at + j / 20], 2);
    for (size_t i = 0; i < 40; i++)
      hidden[j] += mat_get(&a, j, i);
  }
  for (size_t k = 0; k < 3; k++)
    sum += pow((double)t->w[dense->b_at + k], 2);
  for (size_t j = 0; j < 12; j++) {
    const double *h = hidden + j / 4 * 20 + j / 2 % 2 * 10 + j % 2 * 2;
    double pooled = average ? (h[0] + h[1] + h[5] + h[6]) / 16 : fmax(fmax(h[0], h[1]), fmax(h[5], h[6]));
    for (size_t k = 0; k < 3; k++)
      sum += pooled * pow((double)t->w[dense->w_at + k * dense->w_stride + j], 2);
  }
  mat_free(&a);
  return sum;
}

static void test_path(void)
{
  static const double channels[] = {3};
  for (int average = 0; average < 2; average++) {
    struct subject t;
    make_net(&t, channels, 1, average ? "average" : "max", "relu", 5);
    struct probe_value v = subject_measure(&t, &probe_layer_norms, 0);
    tap_near(at(&v, "path_norm2", PROBE_WHOLE, 0, 0), path_by_hand(&t, average), 1e-12, 0, "the path norm through a pooling, %s",
             average ? "averages squared" : "largest of each window");
    probe_value_free(&v);
    subject_free(&t);
  }
}

/* --- losses, gradients and curvature --------------------------------------------------------------------- */

static double reference(const struct subject *t, const double *w, double *grad, const struct batch *b, double *outputs)
{
  struct err e;
  double value;
  if (net_loss_f64(&t->net, &t->loss, w, b, &value, grad, NULL, outputs, &e))
    tap_bail("%s", e.message);
  return value;
}

static void test_first_order(void)
{
  static const double channels[] = {3, 2};
  struct subject t;
  make_net(&t, channels, 1, "max", "relu", 140);
  struct probe_value norms = subject_measure(&t, &probe_gradient_norms, 0), margins = subject_measure(&t, &probe_margins, 0),
                     sharp = subject_measure(&t, &probe_sharpness, 2, set_real("rho", 0.1), set_real("steps", 5));
  size_t n = t.net.n_params;
  struct batch b = probe_batch(&t.s);
  double *w = wide_weights(&t), *g = xcalloc(n, sizeof *g), *out = xcalloc(140 * 3, sizeof *out), worst = 0, off = 0;
  for (uint32_t i = 0; i < 140; i++) {
    struct batch one = b;
    one.n = 1, one.index = &i;
    reference(&t, w, g, &one, NULL);
    worst = fmax(worst, fabs(vec_norm2_f64(g, n) - at(&norms, "norm", PROBE_WHOLE, i, 0)));
  }
  tap_ok(worst < 1e-11, "gradient norms are those of materialised gradients (%.1e)", worst);
  double loss = reference(&t, w, g, &b, out), norm = vec_norm2_f64(g, n);
  tap_near(at(&norms, "mean_gradient", PROBE_WHOLE, 0, 0), norm, 1e-11, 0, "and the mean gradient is the reference's");
  for (size_t i = 0; i < 140; i++) {
    const double *z = out + 3 * i;
    size_t y = (size_t)b.label[i], p = (y + 1) % 3, q = (y + 2) % 3;
    off = fmax(off, fabs(z[y] - fmax(z[p], z[q]) - at(&margins, "margin", PROBE_WHOLE, i, 0)));
  }
  tap_ok(off < 1e-11, "margins are those of the reference outputs (%.1e)", off);
  for (size_t i = 0; i < n; i++)
    w[i] += 0.1 * g[i] / norm;
  tap_near(at(&sharp, "one_step", PROBE_WHOLE, 0, 0), reference(&t, w, NULL, &b, NULL) - loss, 0, 1e-11, "one step of sharpness is the reference's");
  tap_ok(at(&sharp, "sharpness", PROBE_WHOLE, 0, 0) >= at(&sharp, "one_step", PROBE_WHOLE, 0, 0), "and the ascent finds no less");
  probe_value_free(&norms), probe_value_free(&margins), probe_value_free(&sharp);
  free(w), free(g), free(out);
  subject_free(&t);
}

/* The Hessian by central differences of the reference's gradients: h = 1e-5 keeps truncation and rounding near 1e-9. */
static struct mat hessian_by_differences(const struct subject *t)
{
  const double h = 1e-5;
  size_t n = t->net.n_logical, padded = t->net.n_params;
  struct batch b = probe_batch(&t->s);
  struct mat a;
  struct err e;
  double *w = wide_weights(t), *logical = xcalloc(n, sizeof *logical), *g = xcalloc(padded, sizeof *g), *up = xcalloc(n, sizeof *up);
  if (mat_new(&a, DTYPE_F64, n, n, &e))
    tap_bail("%s", e.message);
  net_unpack_f64(&t->net, w, logical);
  for (size_t i = 0; i < n; i++) {
    double keep = logical[i];
    for (int sign = 1; sign >= -1; sign -= 2) {
      logical[i] = keep + sign * h;
      net_pack_f64(&t->net, logical, w);
      reference(t, w, g, &b, NULL);
      net_unpack_f64(&t->net, g, sign > 0 ? up : mat_row_f64(&a, i));
    }
    logical[i] = keep;
    for (size_t j = 0; j < n; j++)
      mat_row_f64(&a, i)[j] = (up[j] - mat_row_f64(&a, i)[j]) / (2 * h);
  }
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < i; j++)
      mat_row_f64(&a, i)[j] = mat_row_f64(&a, j)[i] = (mat_row_f64(&a, i)[j] + mat_row_f64(&a, j)[i]) / 2;
  free(w), free(logical), free(g), free(up);
  return a;
}

static void test_curvature(void)
{
  static const double channels[] = {2};
  struct subject t;
  make_net(&t, channels, 1, "max", "tanh", 12);
  struct mat h = hessian_by_differences(&t), values, vectors;
  struct err e;
  if (mat_eigh(&values, &vectors, &h, &e))
    tap_bail("%s", e.message);
  double trace = 0, top = mat_get(&values, h.rows - 1, 0), bottom = mat_get(&values, 0, 0);
  for (size_t i = 0; i < h.rows; i++)
    trace += mat_get(&h, i, i);
  struct probe_value v = subject_measure(&t, &probe_hessian_top, 2, set_real("steps", 200), set_real("tolerance", 1e-9)),
                     u = subject_measure(&t, &probe_hessian_trace, 1, set_real("draws", 300));
  const struct probe_array *a = probe_find(&u, "trace", PROBE_WHOLE);
  tap_near(at(&v, "top", PROBE_WHOLE, 0, 0), top, 0, 1e-7 * top, "the top eigenvalue is that of the Hessian by differences");
  tap_near(at(&v, "bottom", PROBE_WHOLE, 0, 0), bottom, 0, 1e-7 * top + 2 * at(&v, "bottom_residual", PROBE_WHOLE, 0, 0), "and the bottom");
  tap_near(mat_get(&a->value, 0, 0), trace, 0, 4.5 * a->standard_error, "the trace, within 4.5 standard errors (%.3g of %.3g)", a->standard_error,
           trace);
  probe_value_free(&v), probe_value_free(&u);
  mat_free(&h), mat_free(&values), mat_free(&vectors);
  subject_free(&t);
}

int main(void)
{
  tap_diag("seed 31");
  test_conv_gram();
  test_norms();
  test_one_by_one();
  test_path();
  test_first_order();
  test_curvature();
  return tap_done();
}
