/* Complexity measures: closed forms, what rescaling does to them, and the probes as their source. */
#include "tests/unit/bounds/value_of.h"
#include "tests/unit/probe/subject.h"

extern const struct bound bound_spectral_margin, bound_spectral_fro, bound_fro_product, bound_sum_stable_rank, bound_path_norm_2, bound_fisher_rao;

static void test_closed_forms(void)
{
#define SIZES V_INT("n", 100), V_REAL("gamma", 0.5), V_INT("width", 8)
  double ra = 6 * pow(pow(4, 2.0 / 3) + pow(5, 2.0 / 3), 1.5);
  struct bound_value v = RESULT(spectral_margin, SIZES, V_REAL("x_norm", 7), V_LIST("spectral", 3, 2), V_LIST("rows21", 12, 10));
  tap_near(v.value, 7 * ra / 50 * log(8), 1e-13, 0, "spectral-margin: |X| R_A ln(h)/(gamma n)");
  tap_ok(v.statement == STATEMENT_C && !v.vacuous, "it is a measure, not a bound");
  tap_is_str(statement_claim(v.statement, true), "measure", "and never claims to be one");
  tap_near(VALUE(spectral_fro, SIZES, V_REAL("radius", 2), V_LIST("spectral", 3, 2), V_LIST("frobenius", 6, 3)),
           sqrt(4 * 4 * 8 * log(16) * 36 * (4 + 2.25) / 25), 1e-13, 0, "spectral-fro, written out");
  tap_near(VALUE(fro_product, V_LIST("frobenius", 6, 3, 0.5)), 9, 1e-14, 0, "fro-product");
  tap_near(VALUE(sum_stable_rank, V_LIST("spectral", 3, 2), V_LIST("frobenius", 6, 3)), 6.25, 1e-14, 0, "sum-stable-rank");
  tap_near(VALUE(sum_stable_rank, V_LIST("spectral", 30, 0.2), V_LIST("frobenius", 60, 0.3)), 6.25, 1e-14, 0, "which a factor on a layer does not change");
  tap_near(VALUE(path_norm_2, V_REAL("path_norm2", 9)), 3, 1e-15, 0, "path-norm-2 is the root");
  double norms[50];
  for (int l = 0; l < 50; l++)
    norms[l] = 1e8;
  v = RESULT(fro_product, V_NUMBERS("frobenius", 50, norms));
  tap_ok(isinf(v.value) && !v.on_gap, "50 layers of norm 1e8 overflow");
  tap_near(v.log_value / M_LN10, 400, 1e-14, 0, "and log10 still shows where");
  tap_has(ASKS(sum_stable_rank, V_LIST("spectral", 3, 2), V_LIST("frobenius", 6)), "equally many layers, got 2 and 1", "norms that do not fit are refused");
  tap_has(ASKS(fro_product, V_NUMBERS("frobenius", 0, norms)), "frobenius must be given", "and missing ones asked for");
}

static double of_subject(const struct bound *b, const struct subject *t)
{
  struct probe_cache *cache = probe_cache_new();
  struct bound_input in = {.subject = &t->s, .cache = cache};
  struct object o = object_made(&b->m, NULL, 0);
  struct bound_value v;
  struct err e = {0};
  if (bound_evaluate(&o, NULL, &in, &v, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  tap_ok(!v.assumptions_checked, "%s claims nothing", b->m.id);
  object_free(&o);
  probe_cache_free(cache);
  return v.value;
}

/* Convolution, pooling, dense layer: two layers with weights, whose product must not stop at the pooling. */
static void test_convnet(void)
{
  struct subject t;
  struct named_value values[] = {{"channels", {.kind = VALUE_LIST, .as.list = {1, (const double[]){2}}}}};
  subject_make(&t, &model_convnet, values, 1, &loss_cross_entropy, 12, 16, 3, 3);
  struct probe_value v = subject_measure(&t, &probe_layer_norms, 0);
  tap_near(of_subject(&bound_fro_product, &t), probe_number(&v, "frobenius", 0) * probe_number(&v, "frobenius", 2), 1e-13, 0,
           "a measure of a convnet leaves the pooling out and goes on");
  probe_value_free(&v);
  subject_free(&t);
}

/* A relu net without biases; then its first layer doubled and its second halved, which changes no output. */
static void test_rescaling(void)
{
  struct subject t;
  struct named_value values[] = {{"hidden", {.kind = VALUE_LIST, .as.list = {1, (const double[]){5}}}}, V_BOOL("bias", false)};
  subject_make(&t, &model_mlp, values, 2, &loss_cross_entropy, 12, 4, 3, 3);
  struct probe_value before = subject_measure(&t, &probe_layer_norms, 0);
  double plain = probe_number(&before, "frobenius", 0) * probe_number(&before, "frobenius", 1);
  double ranks = of_subject(&bound_sum_stable_rank, &t), path = of_subject(&bound_path_norm_2, &t);
  tap_near(of_subject(&bound_fro_product, &t), plain, 1e-13, 0, "without numbers, a measure takes those of its probe");
  double by_hand = 0;
  const struct layer *a = &t.net.layer[0], *b = &t.net.layer[1];
  for (size_t i = 0; i < a->in; i++)
    for (size_t j = 0; j < a->out; j++)
      for (size_t k = 0; k < b->out; k++) {
        double p = (double)t.w[a->w_at + j * a->w_stride + i] * (double)t.w[b->w_at + k * b->w_stride + j];
        by_hand += p * p;
      }
  tap_near(path, sqrt(by_hand), 1e-12, 0, "the path norm is the sum over all paths");
  for (size_t l = 0; l < 2; l++)
    for (size_t j = 0; j < t.net.layer[l].out; j++)
      for (size_t i = 0; i < t.net.layer[l].in; i++)
        t.w[t.net.layer[l].w_at + j * t.net.layer[l].w_stride + i] *= l ? 0.5f : 2.0f;
  tap_near(of_subject(&bound_path_norm_2, &t), path, 1e-13, 0, "rescaling between layers leaves the path norm");
  tap_near(of_subject(&bound_sum_stable_rank, &t), ranks, 1e-9, 0, "and the stable ranks");
  tap_ok(ranks >= 2 && ranks <= 4 + 3, "a stable rank lies between 1 and the rank");
  probe_value_free(&before);
  subject_free(&t);
}

/* sum_l <W_l, dloss/dW_l> of f(x) = sum_k v_k relu(u_k x) with the loss (f - 1)^2/2, by the product rule. */
static void test_fisher_rao(void)
{
  static const double u[] = {0.5, -1, 2}, v[] = {1, 0.25, -0.75}, at[] = {-2, -0.5, 0.3, 1, 2.5};
  double inner[5], sum = 0;
  for (int i = 0; i < 5; i++) {
    double f = 0, first = 0, second = 0;
    for (int k = 0; k < 3; k++)
      f += v[k] * fmax(u[k] * at[i], 0);
    for (int k = 0; k < 3; k++) {
      first += u[k] * (f - 1) * v[k] * (u[k] * at[i] > 0) * at[i];
      second += v[k] * (f - 1) * fmax(u[k] * at[i], 0);
    }
    inner[i] = (f - 1) * f;
    sum += (first + second) * (first + second) / 5;
  }
  tap_near(VALUE(fisher_rao, V_INT("depth", 2), V_NUMBERS("inner", 5, inner)), sqrt(sum), 1e-12, 0,
           "fisher-rao is the mean square of sum_l <W_l, dloss/dW_l>");
}

int main(void)
{
  test_closed_forms();
  test_fisher_rao();
  test_convnet();
  test_rescaling();
  return tap_done();
}
