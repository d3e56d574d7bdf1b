/* Whole nets: the three regimes of calibration inputs, gradients, curvatures, quality, sizes; each against another route. */
#include "experiments/pruning/net.h"

#include <float.h>

#include "experiments/pruning/net_int.h"
#include "experiments/train/train.h"
#include "tests/unit/pruning/layer.h"
#include "tests/unit/probe/subject.h"

extern const struct score score_lamp, score_synflow;

enum { N = 90, D = 12, H1 = 10, H2 = 8, CLASSES = 3 };

static struct subject it;
static struct probe_cache *cache;
static size_t of[3]; /* the three layers with weights */

static size_t columns(size_t i) { return N * it.net.layer[of[i]].out / it.net.layer[of[i]].rows; }
static size_t size(size_t i) { return it.net.layer[of[i]].rows * it.net.layer[of[i]].cols; }

static struct prune_plan plan_of(const struct object *method, enum prune_inputs inputs)
{
  return (struct prune_plan){.method = method, .inputs = inputs, .batch = 32, .correction = 1};
}

static struct prune_net run(const struct prune_plan *p)
{
  struct prune_net out;
  struct err e = {0};
  if (prune_net_run(NULL, &it.s, p, NULL, 0, cache, &out, &e))
    tap_bail("%s", e.message);
  return out;
}

static enum status quality_of(const float *weights, size_t layer_examples, struct prune_quality *out, struct err *e)
{
  return prune_net_quality(NULL, &it.s, &weights, 1, layer_examples, out, e);
}

static const char *refused(const struct prune_plan *p)
{
  struct prune_net out;
  static struct err e;
  e.message[0] = '\0';
  if (prune_net_run(NULL, &it.s, p, NULL, 0, cache, &out, &e) == STATUS_OK)
    prune_net_free(&out);
  return e.message;
}

/* Logical weights as padded float64. */
static double *padded(const float *logical)
{
  double *wide = numbers(it.net.n_logical);
  void *flat;
  if (mem_new(&flat, it.net.n_params, sizeof(double), "weights", NULL))
    tap_bail("no memory");
  for (size_t i = 0; i < it.net.n_logical; i++)
    wide[i] = (double)logical[i];
  net_pack_f64(&it.net, wide, flat);
  free(wide);
  return flat;
}

static double *dense_weights(void)
{
  float *logical = xcalloc(it.net.n_logical, sizeof *logical);
  net_unpack_f32(&it.net, it.w, logical);
  double *w = padded(logical);
  free(logical);
  return w;
}

/* The inputs of layer i, in x n, and its weights, out x in: by the public functions about models. The columns of a convolution
 * are its patches, cut out here pixel by pixel. */
static double *inputs_of(const double *w, size_t i)
{
  struct batch b = batch_of(it.s.part, CLASSES, NULL, N);
  const struct layer *y = &it.net.layer[of[i]];
  const struct conv_shape *s = &y->conv;
  size_t positions = y->out / y->rows, n = columns(i);
  double *rows = numbers(N * y->in), *x = numbers(n * y->cols);
  if (net_activations_f64(NULL, &it.net, w, &b, of[i], rows, NULL))
    tap_bail("no activations");
  for (size_t e = 0; e < N; e++)
    for (size_t p = 0; p < positions; p++)
      for (size_t j = 0; j < y->cols; j++) {
        const double *image = rows + e * y->in;
        if (y->kind == LAYER_CONV) {
          long row = (long)(p / s->out_width + j / s->kernel % s->kernel) - (long)s->pad;
          long col = (long)(p % s->out_width + j % s->kernel) - (long)s->pad;
          long channel = (long)(j / (s->kernel * s->kernel));
          bool inside = row >= 0 && col >= 0 && row < (long)s->height && col < (long)s->width;
          x[j * n + e * positions + p] = inside ? image[(channel * (long)s->height + row) * (long)s->width + col] : 0;
        } else {
          x[j * n + e] = image[j];
        }
      }
  free(rows);
  return x;
}

static double *matrix_of(const double *flat, size_t l)
{
  const struct layer *y = &it.net.layer[of[l]];
  double *w = numbers(y->rows * y->cols);
  for (size_t i = 0; i < y->rows * y->cols; i++)
    w[i] = flat[y->w_at + i / y->cols * y->w_stride + i % y->cols];
  return w;
}

/* What a method makes of one layer with the given inputs: the weights as float32. */
static double *apply_alone(const struct object *method, double *w, double *x, size_t i)
{
  size_t out = it.net.layer[of[i]].rows, in = it.net.layer[of[i]].cols;
  double *norm2 = numbers(in), *gram = numbers(in * in), *v = numbers(out * in);
  struct prune_layer l = {.w = w, .out = out, .in = in, .norm2 = norm2, .gram = gram};
  struct mat m = mat_wrap(DTYPE_F64, x, in, columns(i), columns(i));
  uint8_t *keep = xcalloc(out * in + 1, 1);
  if (prune_calibrate(NULL, &m, norm2, gram, NULL) || prune_apply(method, NULL, &l, 1, NULL, &v, &keep, NULL, NULL))
    tap_bail("pruning one layer fails");
  for (size_t j = 0; j < out * in; j++)
    v[j] = (double)(float)v[j];
  free(norm2);
  free(gram);
  free(keep);
  return v;
}

static void test_dense(const struct object *method)
{
  struct prune_plan p = plan_of(method, PRUNE_DENSE);
  struct prune_net out = run(&p);
  double *w = dense_weights(), *v = padded(out.weights), most = 0;
  for (size_t l = 0; l < 3; l++) {
    double *x = inputs_of(w, l), *layer = matrix_of(w, l), *alone = apply_alone(method, layer, x, l), *seen = matrix_of(v, l);
    most = fmax(most, largest_difference(alone, seen, size(l)));
    free(x), free(layer), free(alone), free(seen);
  }
  /* H is summed in another order: 1e-16 relative, times its condition number (below 1e4), then rounded to float32 */
  tap_near(most, 0, 0, 8 * FLT_EPSILON, "%s: dense inputs: each layer as if pruned alone on its activations", method->method->id);
  free(w), free(v);
  prune_net_free(&out);
}

static void test_sequential(const struct object *method)
{
  struct prune_plan dense = plan_of(method, PRUNE_DENSE), p = plan_of(method, PRUNE_SEQUENTIAL);
  struct prune_net first = run(&dense), out = run(&p);
  double *w = dense_weights(), *v = padded(out.weights), most = 0;
  for (size_t l = 0; l < 3; l++) {
    /* all of v: what stands behind layer l does not change its inputs */
    double *x = inputs_of(v, l), *layer = matrix_of(w, l), *alone = apply_alone(method, layer, x, l), *seen = matrix_of(v, l);
    most = fmax(most, largest_difference(alone, seen, size(l)));
    free(x), free(layer), free(alone), free(seen);
  }
  tap_near(most, 0, 0, 8 * FLT_EPSILON, "%s: sequential: each layer on what the pruned layers before it deliver", method->method->id);
  size_t front = size(0) + it.net.layer[of[0]].rows;
  tap_ok(memcmp(first.weights, out.weights, front * sizeof(float)) == 0 &&
             memcmp(first.weights + front, out.weights + front, (it.net.n_logical - front) * sizeof(float)) != 0,
         "%s: the first layer is that of dense inputs, the others are not", method->method->id);
  free(w), free(v);
  prune_net_free(&first);
  prune_net_free(&out);
}

/* (W X) X*' (X* X*')^-1 by LU factors. */
static void solve_target(const double *w, double *x, double *star, size_t out, size_t in, double *v)
{
  struct mat a = mat_wrap(DTYPE_F64, x, in, N, N), b = mat_wrap(DTYPE_F64, star, in, N, N), m = mat_wrap(DTYPE_F64, (void *)w, out, in, in);
  struct mat y, right, h, solved;
  if (mat_mul(&y, &m, false, &a, false, NULL) || mat_mul(&right, &b, false, &y, true, NULL) || mat_mul(&h, &b, false, &b, true, NULL) ||
      mat_solve(&solved, &h, &right, NULL))
    tap_bail("no solution");
  for (size_t i = 0; i < out; i++)
    for (size_t j = 0; j < in; j++)
      v[i * in + j] = mat_get(&solved, j, i);
  mat_free(&y), mat_free(&right), mat_free(&h), mat_free(&solved);
}

/* The last layer stays full: its weights are then the corrected ones. */
static void test_target(void)
{
  struct object method = MAKE(&score_magnitude.m, V_TEXT("compare", "layer")), last = MAKE(&allocator_uniform.m, V_BOOL("last_dense", true));
  struct prune_plan p = plan_of(&method, PRUNE_SEQUENTIAL_DENSE_TARGET), half = p;
  p.allocator = half.allocator = &last;
  half.correction = 0.5;
  struct prune_net out = run(&p), between = run(&half);
  double *w = dense_weights(), *v = padded(out.weights), *u = padded(between.weights), *x = inputs_of(w, 2), *star = inputs_of(v, 2);
  double best[CLASSES * H2], *seen = matrix_of(v, 2), *layer = matrix_of(w, 2), *halved = matrix_of(u, 2), *other = inputs_of(u, 2);
  solve_target(layer, x, star, CLASSES, H2, best);
  tap_near(largest_difference(seen, best, CLASSES * H2), 0, 0, 1e-5, "dense target: least squares of W X on X* (float32 weights)");
  solve_target(layer, x, other, CLASSES, H2, best);
  for (size_t i = 0; i < CLASSES * H2; i++)
    best[i] = 0.5 * (best[i] + layer[i]);
  tap_near(largest_difference(halved, best, CLASSES * H2), 0, 0, 1e-5, "dense target: correction 1/2 goes half the way (QEP)");
  struct prune_plan plain = p;
  struct prune_quality corrected, not;
  plain.inputs = PRUNE_SEQUENTIAL;
  struct prune_net uncorrected = run(&plain);
  float *a = fixture_take(&it.f, it.net.n_params, sizeof *a);
  net_pack_f32(&it.net, out.weights, a);
  if (quality_of(a, N, &corrected, NULL))
    tap_bail("no quality");
  net_pack_f32(&it.net, uncorrected.weights, a);
  if (quality_of(a, N, &not, NULL))
    tap_bail("no quality");
  tap_ok(corrected.drift[2] < not.drift[2] && not.output_error[2] == 0 && corrected.output_error[2] > 0,
         "dense target: the last layer makes up for the others (%.4f < %.4f), at a price on dense inputs", corrected.drift[2], not.drift[2]);
  free(w), free(v), free(u), free(x), free(star), free(seen), free(layer), free(halved), free(other);
  prune_net_free(&out), prune_net_free(&between), prune_net_free(&uncorrected);
  object_free(&method), object_free(&last);
}

static void test_zero(const struct method *m, const char *compare)
{
  struct object restore = MAKE_DEFAULT(&restorer_lsq_repair.m);
  struct named_value v[] = {V_REAL("sparsity", 0), V_TEXT("compare", compare), {"restore", {.kind = VALUE_OBJECT, .as.object = &restore}}};
  struct object o = object_made(m, v, 3);
  bool same = true, whole = true;
  float *logical = xcalloc(it.net.n_logical, sizeof *logical);
  net_unpack_f32(&it.net, it.w, logical);
  for (int i = 0; i < 3; i++) {
    struct prune_plan p = plan_of(&o, (enum prune_inputs)i);
    if (i > 0 && strcmp(compare, "global") == 0 && (prune_mask_wants(&o, "inputs") || prune_mask_wants(&o, "gram")))
      continue;
    struct prune_net out = run(&p);
    same = same && memcmp(logical, out.weights, it.net.n_logical * sizeof *logical) == 0;
    for (size_t j = 0; j < it.net.n_logical; j++)
      whole = whole && out.mask[j] == 1;
    whole = whole && out.size.kept == out.size.weights;
    prune_net_free(&out);
  }
  tap_ok(same && whole, "%s by %s: sparsity 0 gives the dense net back to the bit, whatever the inputs", m->id, compare);
  free(logical);
  object_free(&o);
  object_free(&restore);
}

static void test_gradients(void)
{
  struct net_facts f;
  struct batch all = batch_of(it.s.part, CLASSES, NULL, N);
  double *w = dense_weights(), *g, *sum = numbers(H2 * H1), loss;
  void *flat;
  if (mem_new(&flat, it.net.n_params, sizeof(double), "gradient", NULL) || net_facts_new(&f, NULL, &it.s, 0, (const bool[NET_MAX_LAYERS]){false}, NULL) ||
      net_facts_gradients(&f, 45, NULL) || net_loss_f64(&it.net, it.s.loss, w, &all, &loss, flat, NULL, NULL, NULL))
    tap_bail("no gradients");
  g = matrix_of(flat, 1);
  for (size_t i = 0; i < H2 * H1; i++)
    sum[i] = 0.5 * (f.layer[1].gradient[i] + f.layer[1].gradient[H2 * H1 + i]);
  tap_is_int((long long)f.layer[1].n_gradients, 2, "90 examples by 45 make two gradients");
  tap_near(largest_difference(g, sum, H2 * H1), 0, 0, 1e-14, "whose mean is the gradient by the reference route");
  net_facts_free(&f);
  free(w), free(flat), free(g), free(sum);
}

static void test_fisher(void)
{
  struct net_facts f;
  double *w = dense_weights(), *sum[3], most = 0, loss;
  void *flat;
  if (mem_new(&flat, it.net.n_params, sizeof(double), "gradient", NULL) || net_facts_new(&f, NULL, &it.s, 0, (const bool[NET_MAX_LAYERS]){false}, NULL) ||
      net_facts_curvature(&f, PRUNE_FISHER, NULL))
    tap_bail("no curvature");
  for (size_t l = 0; l < 3; l++)
    sum[l] = numbers(size(l));
  for (uint32_t i = 0; i < N; i++) {
    struct batch one = batch_of(it.s.part, CLASSES, &i, 1);
    if (net_loss_f64(&it.net, it.s.loss, w, &one, &loss, flat, NULL, NULL, NULL))
      tap_bail("no gradient");
    for (size_t l = 0; l < 3; l++) {
      double *g = matrix_of(flat, l);
      for (size_t j = 0; j < size(l); j++)
        sum[l][j] += g[j] * g[j] / N;
      free(g);
    }
  }
  for (size_t l = 0; l < 3; l++) {
    most = fmax(most, largest_difference(sum[l], f.layer[l].curvature, size(l)));
    free(sum[l]);
  }
  tap_near(most, 0, 0, 1e-12, "empirical Fisher: the mean of the squared gradients of single examples");
  net_facts_free(&f);
  free(w), free(flat);
}

static void test_gauss_newton(void)
{
  struct net_facts f;
  struct batch all = batch_of(it.s.part, CLASSES, NULL, N);
  double *w = dense_weights(), most = 0, largest = 0;
  void *v, *product;
  if (mem_new(&v, it.net.n_params, sizeof(double), "v", NULL) || mem_new(&product, it.net.n_params, sizeof(double), "G v", NULL) ||
      net_facts_new(&f, NULL, &it.s, 0, (const bool[NET_MAX_LAYERS]){false}, NULL) || net_facts_curvature(&f, PRUNE_GAUSS_NEWTON, NULL))
    tap_bail("no curvature");
  for (size_t l = 0; l < 3; l++)
    for (size_t i = 0; i < size(l); i++) {
      const struct layer *y = &it.net.layer[of[l]];
      size_t place = y->w_at + i / y->cols * y->w_stride + i % y->cols;
      ((double *)v)[place] = 1;
      if (net_curvature_f64(NULL, &it.net, it.s.loss, w, &all, CURVATURE_GAUSS_NEWTON, v, product, NULL, NULL))
        tap_bail("no product");
      ((double *)v)[place] = 0;
      most = fmax(most, fabs(((double *)product)[place] - f.layer[l].curvature[i]));
      largest = fmax(largest, f.layer[l].curvature[i]);
    }
  tap_near(most, 0, 0, 1e-12 * largest, "Gauss-Newton: entry i is e_i' G e_i by products, for every weight");
  net_facts_free(&f);
  free(w), free(v), free(product);
}

/* KL and agreement from outputs by the reference route; errors of layers from activations. */
static void test_quality(void)
{
  struct object method = MAKE(&score_magnitude.m, V_REAL("sparsity", 0.6));
  struct prune_plan p = plan_of(&method, PRUNE_DENSE);
  struct prune_net out = run(&p);
  struct prune_quality q;
  float *v32 = fixture_take(&it.f, it.net.n_params, sizeof *v32);
  double *w = dense_weights(), *v = padded(out.weights), z[2][N * CLASSES], kl = 0, agree = 0, loss, error;
  struct batch all = batch_of(it.s.part, CLASSES, NULL, N);
  net_pack_f32(&it.net, out.weights, v32);
  if (quality_of(v32, N, &q, NULL) || net_loss_f64(&it.net, it.s.loss, w, &all, &loss, NULL, NULL, z[0], NULL) ||
      net_loss_f64(&it.net, it.s.loss, v, &all, &loss, NULL, NULL, z[1], NULL))
    tap_bail("no quality");
  for (size_t i = 0; i < N; i++) {
    double s[2] = {0, 0};
    size_t best[2] = {0, 0};
    for (size_t c = 0; c < 2; c++)
      for (size_t j = 0; j < CLASSES; j++) {
        s[c] += exp(z[c][i * CLASSES + j]);
        best[c] = z[c][i * CLASSES + j] > z[c][i * CLASSES + best[c]] ? j : best[c];
      }
    for (size_t j = 0; j < CLASSES; j++)
      kl += exp(z[0][i * CLASSES + j]) / s[0] * (z[0][i * CLASSES + j] - log(s[0]) - z[1][i * CLASSES + j] + log(s[1])) / N;
    agree += best[0] == best[1];
  }
  tap_near(q.kl, kl, 1e-5, 0, "KL(dense || pruned) by softmax of float64 outputs (theirs are float32)");
  tap_near(q.agreement, agree / N, 0, 0, "agreement of the first class");
  if (train_evaluate(NULL, it.s.model, it.s.loss, it.s.data, it.s.part, out.weights, &loss, &error, NULL))
    tap_bail("no evaluation");
  tap_ok(q.loss == loss && q.error == error, "loss and error are the engine's");
  double alone = 0, drift = 0, base = 0, *x = inputs_of(w, 1), *star = inputs_of(v, 1), *dw = matrix_of(w, 1), *dv = matrix_of(v, 1);
  for (size_t i = 0; i < H2; i++)
    for (size_t s = 0; s < N; s++) {
      double y = 0, y1 = 0, y2 = 0;
      for (size_t j = 0; j < H1; j++) {
        y += dw[i * H1 + j] * x[j * N + s];
        y1 += dv[i * H1 + j] * x[j * N + s];
        y2 += dv[i * H1 + j] * star[j * N + s];
      }
      base += y * y, alone += (y - y1) * (y - y1), drift += (y - y2) * (y - y2);
    }
  tap_near(q.output_error[1], alone / base, 1e-12, 0, "output error of a layer alone, from activations");
  tap_near(q.drift[1], drift / base, 1e-12, 0, "its drift with the inputs it really gets");
  tap_near(q.drift[0], q.output_error[0], 1e-15, 0, "which are the same for the first layer");
  if (quality_of(it.w, 40, &q, NULL))
    tap_bail("no quality");
  tap_ok(q.kl == 0 && q.agreement == 1 && q.loss == q.dense_loss && q.drift[2] == 0 && q.output_error[0] == 0 && q.layer_examples == 40,
         "the dense net against itself: exactly nothing");
  free(w), free(v), free(x), free(star), free(dw), free(dv);
  prune_net_free(&out);
  object_free(&method);
}

static void test_sizes(void)
{
  struct object o = MAKE(&score_magnitude.m, V_TEXT("compare", "n:m"), V_INT("n", 1), V_INT("m", 4));
  struct prune_plan p = plan_of(&o, PRUNE_DENSE);
  p.skip[1] = true; /* 8 x 10: no groups of four */
  struct prune_net out = run(&p);
  size_t kept = H1 * D / 4 + H1 * H2 + CLASSES * H2 / 4, biases = H1 + H2 + CLASSES, all = H1 * D + H1 * H2 + CLASSES * H2;
  bool groups = true;
  for (size_t g = 0; g < H1 * D; g += 4)
    groups = groups && out.mask[g] + out.mask[g + 1] + out.mask[g + 2] + out.mask[g + 3] == 1;
  tap_ok(groups && out.size.kept == kept && out.size.weights == all && out.size.biases == biases, "1:4 where it fits, one layer skipped");
  tap_near(out.size.dense_bytes, 4.0 * (double)(all + biases), 0, 0, "dense bytes");
  tap_near(out.size.csr_bytes, 8.0 * (double)kept + 4.0 * (H1 + H2 + CLASSES + 3) + 4.0 * (double)biases, 0, 0, "CSR bytes");
  tap_near(out.size.pattern_bytes, 4.0 * (double)(kept + biases) + (30.0 * 2 + 4) / 8 + 6.0 * 2 / 8, 0, 0.5 + 0.5, "n:m bytes, places in 2 bits");
  tap_near(out.size.flops / out.size.dense_flops, (double)kept / (double)all, 1e-15, 0, "products in proportion");
  prune_net_free(&out);
  struct prune_plan whole = plan_of(&o, PRUNE_DENSE);
  tap_has(refused(&whole), "multiple of 4", "1:4 of 10 inputs is refused");
  object_free(&o);
  struct object gone = MAKE(&score_magnitude.m, V_REAL("sparsity", 1));
  struct prune_plan none = plan_of(&gone, PRUNE_DENSE);
  out = run(&none);
  tap_ok(out.layer[1].kept == 0 && out.layer[1].empty_rows == H2 && out.size.flops == 0 && isnan(out.size.pattern_bytes) &&
             out.mask[H1 * D] == 1,
         "nothing left: layers are empty, biases are not");
  prune_net_free(&out);
  object_free(&gone);
}

static void test_repair(void)
{
  struct object restore = MAKE_DEFAULT(&restorer_lsq_repair.m);
  struct named_value v[] = {V_REAL("sparsity", 0.5), V_TEXT("compare", "global"), {"restore", {.kind = VALUE_OBJECT, .as.object = &restore}}};
  struct object plain = object_made(&score_magnitude.m, v, 2), repaired = object_made(&score_magnitude.m, v, 3);
  bool masks = true, zeros = true, better = true;
  for (int i = 0; i < 3; i++) {
    struct prune_plan a = plan_of(&plain, PRUNE_DENSE), b = plan_of(&repaired, (enum prune_inputs)i);
    struct prune_net x = run(&a), y = run(&b);
    struct prune_quality before, after;
    float *w = fixture_take(&it.f, it.net.n_params, sizeof *w);
    masks = masks && memcmp(x.mask, y.mask, it.net.n_logical) == 0;
    for (size_t j = 0; j < it.net.n_logical; j++)
      zeros = zeros && (y.mask[j] || y.weights[j] == 0);
    net_pack_f32(&it.net, x.weights, w);
    if (quality_of(w, N, &before, NULL))
      tap_bail("no quality");
    net_pack_f32(&it.net, y.weights, w);
    if (quality_of(w, N, &after, NULL))
      tap_bail("no quality");
    better = better && after.output_error[0] < before.output_error[0] && after.drift[2] < before.drift[2];
    prune_net_free(&x);
    prune_net_free(&y);
  }
  tap_ok(masks && zeros, "lsq-repair in all regimes: the mask stands, removed weights are exactly 0");
  tap_ok(better, "and the outputs come nearer to the dense ones");
  object_free(&plain), object_free(&repaired), object_free(&restore);
}

static void test_refusals(void)
{
  struct object o = MAKE(&score_wanda.m, V_TEXT("compare", "global"));
  struct prune_plan p = plan_of(&o, PRUNE_SEQUENTIAL);
  tap_has(refused(&p), "inputs must be dense", "a global ranking by inputs cannot be sequential");
  p = plan_of(&o, PRUNE_DENSE);
  p.batch = 0;
  tap_has(refused(&p), "batch must be at least 1", "no batch");
  p = plan_of(&o, PRUNE_DENSE);
  p.skip[0] = p.skip[1] = p.skip[2] = true;
  tap_has(refused(&p), "no layer to prune", "all layers skipped");
  object_free(&o);
}

/* Drawn samples: the same for the same seed, other for another; all when there are too few. */
static void test_sample(void)
{
  struct object o = MAKE_DEFAULT(&score_wanda.m);
  struct prune_plan p = plan_of(&o, PRUNE_DENSE);
  p.examples = 30;
  struct prune_net a = run(&p), b = run(&p);
  it.s.seed = 8;
  struct prune_net c = run(&p);
  it.s.seed = 7;
  p.examples = 1000;
  struct prune_net all = run(&p);
  tap_ok(memcmp(a.mask, b.mask, it.net.n_logical) == 0 && memcmp(a.mask, c.mask, it.net.n_logical) != 0, "samples go by the seed");
  tap_ok(a.examples == 30 && all.examples == N, "and are as large as asked for, at most all");
  prune_net_free(&a), prune_net_free(&b), prune_net_free(&c), prune_net_free(&all);
  object_free(&o);
}

/* Products of a convolution count at every position; its drift is measured over patches. */
static void test_convolution(void)
{
  struct object method = MAKE(&score_magnitude.m, V_TEXT("compare", "layer"));
  struct prune_plan p = plan_of(&method, PRUNE_DENSE);
  struct prune_net out = run(&p);
  struct prune_quality q;
  float *v32 = fixture_take(&it.f, it.net.n_params, sizeof *v32);
  double *w = dense_weights(), *v = padded(out.weights), *x = inputs_of(w, 1), *star = inputs_of(v, 1), *dw = matrix_of(w, 1), *dv = matrix_of(v, 1);
  double base = 0, alone = 0, drift = 0;
  size_t rows = it.net.layer[of[1]].rows, cols = it.net.layer[of[1]].cols, n = columns(1);
  net_pack_f32(&it.net, out.weights, v32);
  if (quality_of(v32, N, &q, NULL))
    tap_bail("no quality");
  for (size_t i = 0; i < rows; i++)
    for (size_t s = 0; s < n; s++) {
      double y = 0, y1 = 0, y2 = 0;
      for (size_t j = 0; j < cols; j++) {
        y += dw[i * cols + j] * x[j * n + s];
        y1 += dv[i * cols + j] * x[j * n + s];
        y2 += dv[i * cols + j] * star[j * n + s];
      }
      base += y * y, alone += (y - y1) * (y - y1), drift += (y - y2) * (y - y2);
    }
  tap_near(q.output_error[1], alone / base, 1e-12, 0, "output error of a convolution, from patches");
  tap_near(q.drift[1], drift / base, 1e-12, 0, "its drift");
  tap_near(out.size.dense_flops, 2.0 * (4 * 18 * 30 + 5 * 36 * 6 + 3 * 5), 0, 0, "a filter works at every position: 30, 6 after pooling");
  free(w), free(v), free(x), free(star), free(dw), free(dv);
  prune_net_free(&out);
  object_free(&method);
}

/* Several sparsities from the same facts: as one by one. */
static void test_several(enum prune_inputs inputs)
{
  const double sparsity[] = {0, 0.5, 0.9, 0.3};
  struct object restore = MAKE_DEFAULT(&restorer_lsq_repair.m), erk = MAKE_DEFAULT(&allocator_erk.m);
  struct named_value v[] = {V_REAL("sparsity", 0), V_TEXT("compare", "layer"), {"restore", {.kind = VALUE_OBJECT, .as.object = &restore}}};
  struct object method = object_made(&score_wanda.m, v, 3);
  struct prune_plan p = plan_of(&method, inputs);
  struct prune_net out[4];
  bool same = true;
  p.allocator = &erk;
  if (prune_net_run(NULL, &it.s, &p, sparsity, 4, cache, out, NULL))
    tap_bail("pruning several times fails");
  for (size_t i = 0; i < 4; i++) {
    struct object one = MAKE(&allocator_erk.m, V_REAL("sparsity", sparsity[i]));
    p.allocator = &one;
    struct prune_net alone = run(&p);
    same = same && memcmp(alone.weights, out[i].weights, it.net.n_logical * sizeof(float)) == 0 &&
           memcmp(alone.mask, out[i].mask, it.net.n_logical) == 0 && alone.layer[1].damp == out[i].layer[1].damp;
    prune_net_free(&alone);
    prune_net_free(&out[i]);
    object_free(&one);
  }
  tap_ok(same, "%s: four sparsities in one call, as one by one", prune_inputs_names[inputs]);
  object_free(&method), object_free(&restore), object_free(&erk);
}

/* A flag that is set stops every stage that can run long. */
static void test_cancel(void)
{
  const struct method *all[] = {&score_wanda.m, &score_obd.m, &score_snip.m, &score_synflow.m, &solver_sparsegpt.m, &solver_obc.m, NULL};
  atomic_int flag = 1;
  struct exec x = {&flag, 1};
  bool stopped = true;
  for (size_t i = 0; all[i]; i++)
    for (int inputs = 0; inputs < 3; inputs++) {
      struct object o = MAKE_DEFAULT(all[i]);
      struct prune_plan p = plan_of(&o, (enum prune_inputs)inputs);
      struct prune_net out;
      struct err e = {0};
      stopped = stopped && prune_net_run(&x, &it.s, &p, NULL, 0, NULL, &out, &e) == STATUS_CANCELLED && !out.weights && !out.mask;
      object_free(&o);
    }
  const float *w = it.w;
  struct prune_quality q;
  stopped = stopped && prune_net_quality(&x, &it.s, &w, 1, N, &q, NULL) == STATUS_CANCELLED;
  tap_ok(stopped, "six methods in three regimes, and the quality, answer the cancel flag and leave nothing behind");
}

static void begin(const struct model *model, const struct named_value *values, size_t n, size_t d)
{
  size_t found = 0;
  subject_make(&it, model, values, n, &loss_cross_entropy, N, d, CLASSES, 0);
  for (size_t l = 0; l < it.net.n_layers; l++)
    if (it.net.layer[l].rows)
      of[found++] = l;
  if (found != 3)
    tap_bail("three layers expected");
}

static void test_regimes(void)
{
  struct object methods[] = {MAKE(&score_wanda.m, V_REAL("sparsity", 0.6)), MAKE_DEFAULT(&score_ria.m), MAKE_DEFAULT(&solver_sparsegpt.m),
                             MAKE(&solver_obc.m, V_REAL("damp", 0.001))};
  for (size_t i = 0; i < 4; i++) {
    test_dense(&methods[i]);
    test_sequential(&methods[i]);
    object_free(&methods[i]);
  }
}

static void test_methods(void)
{
  const struct method *all[] = {&score_magnitude.m, &score_random.m, &score_wanda.m, &score_ria.m, &score_snip.m, &score_taylor.m,
                                &score_obd.m, &score_synflow.m, &score_lamp.m, &solver_sparsegpt.m, &solver_obc.m, NULL};
  for (size_t i = 0; all[i]; i++) {
    test_zero(all[i], "layer");
    test_zero(all[i], "row");
    if (all[i]->kind == KIND_SCORE)
      test_zero(all[i], "global");
  }
}

int main(void)
{
  const double hidden[] = {H1, H2}, channels[] = {4, 5}, image[] = {2, 6, 5};
  struct named_value mlp[] = {set_list("hidden", hidden, 2)};
  struct named_value convnet[] = {set_list("channels", channels, 2), set_list("image", image, 3)};
  cache = probe_cache_new();
  begin(&model_mlp, mlp, 1, D);
  test_regimes();
  test_target();
  test_methods();
  test_gradients();
  test_fisher();
  test_gauss_newton();
  test_quality();
  test_sizes();
  test_repair();
  test_refusals();
  test_sample();
  for (int i = 0; i < 3; i++)
    test_several((enum prune_inputs)i);
  test_cancel();
  subject_free(&it);
  tap_diag("a convnet with pooling");
  begin(&model_convnet, convnet, 2, 60);
  test_regimes();
  test_methods();
  test_fisher();
  test_gauss_newton();
  test_repair();
  test_convolution();
  probe_cache_free(cache);
  subject_free(&it);
  return tap_done();
}
