/* What bounds take from a subject: against plain loops, a net written out without its biases, exact risks of linear
 * classifiers; what the program then claims, and what permuting and rescaling change. */
#include "tests/unit/bounds/value_of.h"
#include "tests/unit/probe/subject.h"

#define SEED 20261122u

extern const struct bound bound_test_binomial, bound_test_hoeffding, bound_test_emp_bernstein, bound_vc_linear, bound_margin_linear,
    bound_rad_linear, bound_rad_golowich, bound_spectral_margin, bound_spectral_fro, bound_fro_product, bound_path_norm_2,
    bound_sum_stable_rank, bound_fisher_rao, bound_param_norm, bound_fro_dist, bound_inverse_margin, bound_param_count, bound_sharpness;

static enum status try(const struct bound *b, const struct bound_input *in, struct bound_value *out, struct err *e, const struct named_value *v,
                       size_t n)
{
  struct object o = object_made(&b->m, v, n);
  enum status s = bound_evaluate(&o, NULL, in, out, e);
  object_free(&o);
  return s;
}

static struct bound_value of(const struct bound *b, const struct subject *t, bool trained, const struct named_value *v, size_t n)
{
  struct probe_cache *cache = probe_cache_new();
  struct bound_input in = {.subject = &t->s, .cache = cache, .trained = trained};
  struct bound_value out;
  struct err e = {0};
  if (try(b, &in, &out, &e, v, n) != STATUS_OK)
    tap_bail("%s", e.message);
  probe_cache_free(cache);
  return out;
}

static const char *refused(const struct bound *b, const struct subject *t, bool trained)
{
  static struct err e;
  struct probe_cache *cache = probe_cache_new();
  struct bound_input in = {.subject = &t->s, .cache = cache, .trained = trained};
  struct bound_value out;
  e = (struct err){0};
  if (try(b, &in, &out, &e, NULL, 0) == STATUS_OK)
    e.message[0] = '\0';
  probe_cache_free(cache);
  return e.message;
}

static struct named_value hidden(const double *sizes, size_t n)
{
  return (struct named_value){"hidden", {.kind = VALUE_LIST, .as.list = {n, sizes}}};
}

/* Outputs of a dense relu net of at most two layers, by the definition. */
static void by_hand(const struct subject *t, size_t i, double *z)
{
  double a[64] = {0}, b[64] = {0};
  const struct examples *p = t->s.part;
  for (size_t j = 0; j < p->d; j++)
    a[j] = (double)p->x[i * p->stride + j];
  for (size_t l = 0; l < t->net.n_layers; l++) {
    const struct layer *y = &t->net.layer[l];
    for (size_t k = 0; k < y->out; k++) {
      b[k] = y->bias ? (double)t->w[y->b_at + k] : 0;
      for (size_t j = 0; j < y->in; j++)
        b[k] += (double)t->w[y->w_at + k * y->w_stride + j] * a[j];
      b[k] = y->act == ACT_RELU ? fmax(b[k], 0) : b[k];
    }
    memcpy(a, b, sizeof a);
  }
  memcpy(z, a, t->net.out * sizeof *z);
}

static void test_quantities(void)
{
  static const double sizes[] = {6};
  struct subject t;
  struct named_value v[] = {hidden(sizes, 1)};
  subject_make(&t, &model_mlp, v, 1, &loss_cross_entropy, 40, 4, 3, 3);
  double errors = 0, below = 0, radius = 0, all = 0, z[3], rho = 0.25;
  for (size_t i = 0; i < 40; i++) {
    double square = 0, rival = -INFINITY;
    size_t label = (size_t)t.s.part->label[i];
    by_hand(&t, i, z);
    for (size_t k = 0; k < 3; k++)
      rival = k != label ? fmax(rival, z[k]) : rival;
    errors += z[label] < rival;
    below += z[label] - rival <= rho;
    for (size_t j = 0; j < 4; j++)
      square += pow((double)t.s.part->x[i * t.s.part->stride + j], 2);
    radius = fmax(radius, sqrt(square));
    all += square;
  }
  struct bound_value b = of(&bound_test_binomial, &t, false, NULL, 0);
  tap_near(b.value, VALUE(test_binomial, V_INT("n", 40), V_REAL("errors", errors)), 1e-15, 0, "errors and examples are counted");
  tap_near(of(&bound_test_hoeffding, &t, false, NULL, 0).value, VALUE(test_hoeffding, V_INT("n", 40), V_REAL("risk", errors / 40)), 1e-14, 0,
           "0-1 losses stand for the risk");
  double p = errors / 40;
  tap_near(of(&bound_test_emp_bernstein, &t, false, NULL, 0).value,
           VALUE(test_emp_bernstein, V_INT("n", 40), V_REAL("risk", p), V_REAL("variance", p * (1 - p) * 40 / 39)), 1e-13, 0, "and for their variance");
  tap_near(bound_term_of(of(&bound_rad_golowich, &t, false, VALUES_(V_REAL("rho", rho))), "margin_risk"), below / 40, 1e-15, 0, "margins are counted");
  tap_near(bound_term_of(of(&bound_rad_linear, &t, false, NULL, 0), "upper"), sqrt(all) / 40, 1e-13, 0, "the inputs make the Rademacher complexity");
  struct bound_value wide = of(&bound_spectral_fro, &t, false, VALUES_(V_REAL("gamma", 1)));
  struct bound_value tall = of(&bound_spectral_fro, &t, false, VALUES_(V_REAL("gamma", 1), V_REAL("radius", radius), V_INT("width", 6), V_INT("n", 40)));
  tap_near(wide.value, tall.value, 1e-13, 0, "radius, width and n are the part's and the net's");
  subject_free(&t);
}

/* The small measures, against loops over the weights; sharpness against the loss at the point that one step reaches. */
static void test_small_measures(void)
{
  static const double sizes[] = {6};
  struct subject t;
  struct named_value v[] = {hidden(sizes, 1), V_BOOL("bias", false)};
  subject_make(&t, &model_mlp, v, 2, &loss_cross_entropy, 40, 4, 3, 3);
  size_t n = t.net.n_params;
  double norm2 = 0, moved2 = 0, loss, there, *w = xcalloc(n, sizeof *w), *g = xcalloc(n, sizeof *g), size = 0;
  for (size_t i = 0; i < n; i++) { /* the padding is 0 */
    w[i] = (double)t.w[i];
    norm2 += w[i] * w[i];
    moved2 += pow(w[i] - (double)t.start[i], 2);
  }
  tap_near(of(&bound_param_norm, &t, false, NULL, 0).value, sqrt(norm2 / 40), 1e-12, 0, "param-norm");
  tap_has(refused(&bound_fro_dist, &t, false), "start are not known", "fro-dist asks for the start");
  t.s.start = t.start;
  tap_near(of(&bound_fro_dist, &t, false, NULL, 0).value, sqrt(moved2 / 40), 1e-12, 0, "fro-dist");
  tap_near(of(&bound_param_count, &t, false, NULL, 0).value, sqrt((4 * 6 + 6 * 3) / 40.0), 1e-14, 0, "param-count");
  tap_near(VALUE(inverse_margin, V_INT("n", 40), V_REAL("gamma", 0.5)), 2 / sqrt(40), 1e-14, 0, "inverse-margin");
  struct batch b = probe_batch(&t.s);
  struct err e = {0};
  if (net_loss_f64(&t.net, &t.loss, w, &b, &loss, g, NULL, NULL, &e))
    tap_bail("%s", e.message);
  for (size_t i = 0; i < n; i++)
    size += g[i] * g[i];
  for (size_t i = 0; i < n; i++)
    w[i] += 0.1 * g[i] / sqrt(size);
  if (net_loss_f64(&t.net, &t.loss, w, &b, &there, NULL, NULL, NULL, &e))
    tap_bail("%s", e.message);
  double rise = of(&bound_sharpness, &t, false, VALUES_(V_REAL("rho", 0.1))).value;
  tap_near(rise, there - loss, 1e-9, 0, "sharpness: the rise at the one-step point");
  tap_ok(of(&bound_sharpness, &t, false, VALUES_(V_REAL("rho", 0.1), V_INT("steps", 10))).value >= rise, "an ascent finds no less");
  tap_ok(of(&bound_sharpness, &t, false, VALUES_(V_REAL("rho", 0.2))).value > rise, "nor does a larger ball");
  tap_near(of(&bound_sharpness, &t, false, VALUES_(V_REAL("rise", 0.3))).value, 0.3, 0, 0, "a rise that is given stays");
  free(w), free(g);
  subject_free(&t);
}

/* The net again, its biases written into the matrices: inputs (x, 1), hidden units (a, 1). */
static void test_folding(void)
{
  static const double sizes[] = {6}, wider[] = {7};
  struct subject t, u;
  struct named_value v[] = {hidden(sizes, 1)}, w[] = {hidden(wider, 1), V_BOOL("bias", false)};
  subject_make(&t, &model_mlp, v, 1, &loss_cross_entropy, 40, 4, 3, 3);
  subject_make(&u, &model_mlp, w, 2, &loss_cross_entropy, 40, 5, 3, 3);
  memset(u.w, 0, u.net.n_params * sizeof(float));
  for (size_t i = 0; i < 40; i++) {
    float *x = (float *)u.s.part->x + i * u.s.part->stride;
    memcpy(x, t.s.part->x + i * t.s.part->stride, 4 * sizeof(float));
    x[4] = 1;
    ((int32_t *)u.s.part->label)[i] = t.s.part->label[i];
  }
  for (size_t l = 0; l < 2; l++) {
    const struct layer *a = &t.net.layer[l], *b = &u.net.layer[l];
    for (size_t k = 0; k < a->out; k++) {
      memcpy(u.w + b->w_at + k * b->w_stride, t.w + a->w_at + k * a->w_stride, a->in * sizeof(float));
      u.w[b->w_at + k * b->w_stride + a->in] = t.w[a->b_at + k];
    }
    if (l == 0)
      u.w[b->w_at + a->out * b->w_stride + a->in] = 1;
  }
  struct bound_value folded = of(&bound_rad_golowich, &t, false, NULL, 0), plain = of(&bound_rad_golowich, &u, false, NULL, 0);
  tap_near(folded.log_value, plain.log_value, 1e-12, 0, "rad-golowich: a net with biases is the net without them, on inputs with a 1");
  tap_ok(folded.assumptions_checked && !strcmp(statement_claim(folded.statement, true), "guaranteed"), "all taken and the union paid: guaranteed");
  tap_ok(!of(&bound_rad_golowich, &t, false, VALUES_(V_BOOL("grid", false), V_REAL("rho", 1))).assumptions_checked, "not without the union");
  tap_ok(!of(&bound_rad_golowich, &t, false, VALUES_(V_REAL("radius", 3))).assumptions_checked, "and not with a radius that was typed");
  double best = INFINITY;
  for (int i = -12; i <= 12; i++) {
    struct bound_value at = of(&bound_rad_golowich, &u, false, VALUES_(V_REAL("rho", exp2(i))));
    best = bound_term_of(at, "margin_risk") <= 0.5 ? fmin(best, at.log_value) : best;
  }
  tap_near(plain.log_value, best, 1e-13, 0, "the margin that is not given is the best of the grid");
  subject_free(&t);
  subject_free(&u);
}

static void test_claims(void)
{
  struct subject t;
  subject_make(&t, &model_logistic, NULL, 0, &loss_logistic, 50, 3, 2, 1);
  tap_has(refused(&bound_test_binomial, &t, true), "take part = \"test\"", "the training part cannot test what was trained on it");
  tap_ok(!of(&bound_test_binomial, &t, false, NULL, 0).assumptions_checked, "of weights from elsewhere nothing is known");
  t.f.data.test = t.f.data.train;
  t.s.part = &t.f.data.test;
  struct bound_value v = of(&bound_test_binomial, &t, true, NULL, 0);
  tap_is_str(statement_claim(v.statement, v.assumptions_checked), "guaranteed if chosen without these examples", "trained here, tested on the test part");
  tap_ok(!of(&bound_test_binomial, &t, true, VALUES_(V_INT("errors", 1))).assumptions_checked, "errors that were typed are not checked");
  tap_ok(!of(&bound_test_binomial, &t, true, VALUES_(V_INT("n", 50))).assumptions_checked, "nor is n");
  tap_ok(of(&bound_test_binomial, &t, true, VALUES_(V_REAL("delta", 0.01))).assumptions_checked, "delta is anybody's choice");
  t.f.data.valid = t.f.data.train;
  t.s.part = &t.f.data.valid;
  tap_ok(!of(&bound_test_binomial, &t, true, NULL, 0).assumptions_checked, "the validation part is there to choose by");
  tap_ok(of(&bound_vc_linear, &t, false, NULL, 0).assumptions_checked, "a uniform bound holds however the weights were found");
  subject_free(&t);
  subject_make(&t, &model_linear, NULL, 0, &loss_squared, 20, 3, 0, 1);
  tap_has(refused(&bound_test_binomial, &t, false), "has no classes", "without classes there is no 0-1 loss");
  subject_free(&t);
  static const double sizes[] = {6};
  struct named_value tanh_net[] = {hidden(sizes, 1), V_TEXT("activation", "tanh")};
  subject_make(&t, &model_mlp, tanh_net, 2, &loss_cross_entropy, 20, 3, 3, 3);
  tap_has(refused(&bound_rad_golowich, &t, false), "relu", "rad-golowich refuses another activation");
  tap_has(refused(&bound_margin_linear, &t, false), "no linear classifier", "margin-linear a net");
  tap_has(refused(&bound_vc_linear, &t, false), "no half-space", "and vc-linear too");
  tap_has(refused(&bound_spectral_margin, &t, false), "10th percentile of the margins", "random weights have no positive margin percentile");
  subject_free(&t);
}

/* x ~ N(0, 1)^d, y = sign(w* x), flipped with probability p: the risk of w is p + (1 - 2p) angle/pi. Weights by the mean of
 * y x, which overfits for small n. With p = 1/2 the labels are random and the risk of every w is 1/2. */
static int violations(const struct bound *b, size_t n, double flip, int repeats)
{
  enum { D = 5 };
  int bad = 0;
  for (int r = 0; r < repeats; r++) {
    struct rng g = rng_make(SEED, RNG_TEST, (uint64_t)r);
    struct subject t;
    subject_make(&t, &model_logistic, NULL, 0, &loss_logistic, n, D, 2, 1);
    memset(t.w, 0, t.net.n_params * sizeof(float));
    double norm = 0;
    for (size_t i = 0; i < n; i++) {
      float *x = (float *)t.s.part->x + i * t.s.part->stride;
      rng_fill_normal_f32(&g, x, D, 0, 1);
      bool up = (x[0] > 0) != (rng_uniform(&g) < flip);
      ((int32_t *)t.s.part->label)[i] = up;
      for (size_t j = 0; j < D; j++)
        t.w[t.net.layer[0].w_at + j] += (up ? 1.0f : -1.0f) * x[j] / (float)n;
    }
    const float *w = t.w + t.net.layer[0].w_at;
    for (size_t j = 0; j < D; j++)
      norm += (double)w[j] * (double)w[j];
    double risk = flip + (1 - 2 * flip) * acos((double)w[0] / sqrt(norm)) / M_PI;
    bad += of(b, &t, false, VALUES_(V_REAL("delta", 0.1))).value < risk;
    subject_free(&t);
  }
  return bad;
}

/* Of 100 bounds with delta = 0.1 at most 10 may fail on average; 3 standard deviations more: 19. They are so loose that
 * none does here. */
static void test_coverage(void)
{
  static const struct bound *const all[] = {&bound_vc_linear, &bound_margin_linear, &bound_rad_golowich};
  for (size_t i = 0; i < 3; i++) {
    tap_ok(violations(all[i], 300, 0.1, 100) <= 19, "%s: the exact risk of linear classifiers is below it", all[i]->m.id);
    tap_ok(violations(all[i], 40, 0.5, 100) <= 19, "%s: and 1/2 for random labels", all[i]->m.id);
  }
}

static void swap_rows(float *w, const struct layer *y, size_t a, size_t b)
{
  for (size_t j = 0; j < y->in; j++) {
    float keep = w[y->w_at + a * y->w_stride + j];
    w[y->w_at + a * y->w_stride + j] = w[y->w_at + b * y->w_stride + j];
    w[y->w_at + b * y->w_stride + j] = keep;
  }
}

static void swap_columns(float *w, const struct layer *y, size_t a, size_t b)
{
  for (size_t k = 0; k < y->out; k++) {
    float *row = w + y->w_at + k * y->w_stride, keep = row[a];
    row[a] = row[b];
    row[b] = keep;
  }
}

static void swap_examples(struct examples *p, size_t a, size_t b)
{
  float *x = (float *)p->x;
  int32_t *label = (int32_t *)p->label, l = label[a];
  for (size_t j = 0; j < p->d; j++) {
    float keep = x[a * p->stride + j];
    x[a * p->stride + j] = x[b * p->stride + j];
    x[b * p->stride + j] = keep;
  }
  label[a] = label[b];
  label[b] = l;
}

/* Bounds and measures of a relu net without biases, before and after hidden units and examples change places, and after
 * the first layer is doubled and the second halved: powers of 2, so no prediction changes by a bit. */
static void test_invariances(void)
{
  static const double sizes[] = {6};
  static const struct { const struct bound *b; bool unit; } list[] = { /* unit: rescaling one unit changes nothing either */
    {&bound_test_binomial, true}, {&bound_path_norm_2, true}, {&bound_fisher_rao, true}, {&bound_sum_stable_rank, false},
    {&bound_rad_golowich, false}, {&bound_fro_product, false}, {&bound_spectral_fro, false}, {&bound_spectral_margin, false}};
  enum { N = sizeof list / sizeof *list };
  double before[N], permuted[N], rescaled[N];
  struct subject t;
  struct named_value v[] = {hidden(sizes, 1), V_BOOL("bias", false)};
  subject_make(&t, &model_mlp, v, 2, &loss_cross_entropy, 40, 4, 3, 3);
  for (size_t i = 0; i < 40; i++) { /* labels as the net says: positive margins */
    double z[3];
    by_hand(&t, i, z);
    int32_t best = z[1] > z[0];
    ((int32_t *)t.s.part->label)[i] = z[2] > z[best] ? 2 : best;
  }
  for (int i = 0; i < N; i++)
    before[i] = of(list[i].b, &t, false, NULL, 0).log_value;
  swap_rows(t.w, &t.net.layer[0], 1, 4);
  swap_columns(t.w, &t.net.layer[1], 1, 4);
  swap_examples(&t.f.data.train, 3, 17);
  for (int i = 0; i < N; i++)
    permuted[i] = of(list[i].b, &t, false, NULL, 0).log_value;
  for (size_t k = 0; k < 6; k++)
    for (size_t j = 0; j < 4; j++)
      t.w[t.net.layer[0].w_at + k * t.net.layer[0].w_stride + j] *= 2;
  for (size_t k = 0; k < 3; k++)
    for (size_t j = 0; j < 6; j++)
      t.w[t.net.layer[1].w_at + k * t.net.layer[1].w_stride + j] /= 2;
  for (int i = 0; i < N; i++)
    rescaled[i] = of(list[i].b, &t, false, NULL, 0).log_value;
  for (int i = 0; i < N; i++) {
    tap_near(permuted[i], before[i], 1e-12, 1e-12, "%s: hidden units and examples may change places", list[i].b->m.id);
    tap_near(rescaled[i], before[i], 1e-9, 1e-9, "%s: a factor may move between layers", list[i].b->m.id);
  }
  /* One unit alone: in-weights doubled, out-weights halved. Products of norms notice. */
  for (size_t j = 0; j < 4; j++)
    t.w[t.net.layer[0].w_at + 2 * t.net.layer[0].w_stride + j] *= 16;
  for (size_t k = 0; k < 3; k++)
    t.w[t.net.layer[1].w_at + k * t.net.layer[1].w_stride + 2] /= 16;
  for (int i = 0; i < N; i++) {
    double now = of(list[i].b, &t, false, NULL, 0).log_value;
    tap_ok(list[i].unit == (fabs(now - before[i]) < 1e-6), "%s %s when one unit is rescaled", list[i].b->m.id, list[i].unit ? "stays" : "changes");
  }
  subject_free(&t);
}

int main(void)
{
  tap_diag("seed %u", SEED);
  test_quantities();
  test_small_measures();
  test_folding();
  test_claims();
  test_coverage();
  test_invariances();
  return tap_done();
}
