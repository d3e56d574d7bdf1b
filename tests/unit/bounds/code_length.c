/* code_length.c: halves, the arithmetic coder, quantisers, and the code of a net: lengths, Kraft's sum, and that nothing is lost. */
#include <math.h>

#include "experiments/bounds/bound.h"
#include "experiments/kernel/half.h"
#include "experiments/kernel/tail.h"
#include "experiments/kernel/vec.h"
#include "experiments/models/derivatives.h"
#include "experiments/probe/net_code.h"
#include "experiments/probe/quantize.h"
#include "experiments/probe/range_code.h"
#include "tests/unit/probe/subject.h"

extern const struct probe probe_code;
extern const struct bound bound_occam_bits;

#define SEED 20261125u

static void test_halves(void)
{
  int lost = 0, not_nearest = 0;
  for (unsigned h = 0; h < 65536; h++)
    if ((h & 0x7c00) != 0x7c00)
      lost += half_from_f32(half_to_f32((uint16_t)h)) != h;
  tap_is_int(lost, 0, "every finite half survives the way to float32 and back");
  struct rng r = rng_make(SEED, RNG_TEST, 1);
  for (int i = 0; i < 20000; i++) {
    float x = (float)(rng_normal(&r) * exp2((double)rng_below(&r, 44) - 28));
    uint16_t h = half_from_f32(x);
    double off = fabs((double)half_to_f32(h) - (double)x);
    for (int side = -1; side <= 1; side += 2) { /* its neighbours in size are the neighbours of its bits */
      uint16_t other = (uint16_t)(h + side);
      if ((h & 0x7fff) == 0 || (other & 0x7c00) == 0x7c00)
        continue;
      double there = fabs((double)half_to_f32(other) - (double)x);
      not_nearest += there < off || (there == off && h & 1);
    }
  }
  tap_is_int(not_nearest, 0, "rounding is to the nearest, ties to even");
  tap_ok(half_to_f32(half_from_f32(1e9F)) == HALF_MAX && half_to_f32(half_from_f32(-INFINITY)) == -HALF_MAX && half_to_f32(half_from_f32(1e-9F)) == 0,
         "what is too large or too small becomes the largest, or 0");
}

static void test_coder(void)
{
  enum { MESSAGES = 200 };
  struct rng r = rng_make(SEED, RNG_TEST, 2);
  int wrong = 0, too_long = 0, open = 0;
  for (int m = 0; m < MESSAGES; m++) {
    uint64_t part[60][3]; /* at, freq, total */
    size_t n = rng_below(&r, 60);
    double ideal = 0;
    struct range_encoder c = range_encoder_start();
    for (size_t i = 0; i < n; i++) {
      uint64_t *p = part[i], total = 1 + rng_below(&r, i % 7 ? 50 : RANGE_TOTAL_MAX);
      p[2] = total, p[0] = rng_below(&r, total), p[1] = 1 + rng_below(&r, total - p[0]);
      ideal += log2((double)p[2] / (double)p[1]);
      range_encode(&c, p[0], p[1], p[2]);
    }
    range_encode_end(&c);
    too_long += (double)c.bits > ideal + 2 + 1e-6;
    for (int garbage = 0; garbage < 3; garbage++) { /* what follows the message does not matter */
      uint8_t *copy = xcalloc(c.bits / 8 + 16, 1);
      memcpy(copy, c.bytes, (c.bits + 7) / 8);
      for (size_t b = c.bits; b < c.bits + 64; b++)
        copy[b / 8] = (uint8_t)((copy[b / 8] & ~(128 >> b % 8)) | (garbage == 1 || (garbage == 2 && rng_below(&r, 2)) ? 128 >> b % 8 : 0));
      struct range_decoder d = range_decoder_start(copy, c.bits + 64);
      for (size_t i = 0; i < n; i++) {
        uint64_t seen = range_decode(&d, part[i][2]);
        bool right = seen >= part[i][0] && seen < part[i][0] + part[i][1];
        wrong += !right && garbage == 0;
        open += !right && garbage > 0;
        range_decode_take(&d, part[i][0], part[i][1], part[i][2]);
      }
      free(copy);
    }
    free(c.bytes);
  }
  tap_is_int(wrong, 0, "%d messages are read as they were written", MESSAGES);
  tap_is_int(open, 0, "whatever follows them: none is the beginning of another");
  tap_is_int(too_long, 0, "and none takes more than 2 bits beyond its probability");
}

/* --- nets ---------------------------------------------------------------------------------------------------------- */

static void make_linear(struct subject *t, size_t n, size_t d, bool bias)
{
  struct named_value values[] = {set_bool("bias", bias)};
  subject_make(t, &model_logistic, values, 1, &loss_logistic, n, d, 2, 0);
}

/* All 3^6 nets of six weights in {0, 1, -1.5}. */
static void test_kraft(void)
{
  struct subject t;
  struct err e = {0};
  double kraft = 0;
  int lost = 0;
  make_linear(&t, 10, 6, false);
  for (int net = 0; net < 729; net++) {
    float x[6], back[6];
    struct net_code code;
    for (int i = 0, rest = net; i < 6; i++, rest /= 3)
      x[i] = rest % 3 == 0 ? 0 : rest % 3 == 1 ? 1 : -1.5F;
    if (net_encode(&t.net, x, &code, NULL, &e) || net_decode(&t.net, &code, back, &e))
      tap_bail("%s", e.message);
    for (int i = 0; i < 6; i++)
      lost += x[i] != back[i];
    kraft += exp2(-(double)code.bits);
    net_code_free(&code);
  }
  tap_is_int(lost, 0, "all 729 nets of six weights with two values come back");
  tap_ok(kraft <= 1 && kraft > 0, "and the sum of 2^-bits keeps Kraft's inequality (%.3g)", kraft);
  float odd[6] = {0.1F};
  struct net_code code;
  tap_is_int(net_encode(&t.net, odd, &code, NULL, &e), STATUS_BAD_ARG, "0.1 is no half: refused");
  uint8_t other[] = {77, 0, 0};
  tap_is_int(net_decode(&t.net, &(struct net_code){other, 24}, odd, &e), STATUS_BAD_DATA, "another format is refused");
  uint8_t noise[64];
  struct rng r = rng_make(SEED, RNG_TEST, 3);
  int refused = 0;
  for (int trial = 0; trial < 300; trial++) { /* under the sanitizers: no bits lead astray */
    noise[0] = NET_CODE_FORMAT;
    for (size_t i = 1; i < sizeof noise; i++)
      noise[i] = (uint8_t)rng_below(&r, 256);
    refused += net_decode(&t.net, &(struct net_code){noise, 8 * sizeof noise}, odd, &e) != STATUS_OK;
  }
  tap_is_int(refused, 0, "any bits decode to some net");
  subject_free(&t);
}

/* ln of n! as a sum, and of the choices that the code makes, one by one. */
static double log2_factorial(size_t n)
{
  double sum = 0;
  for (size_t i = 2; i <= n; i++)
    sum += log2((double)i);
  return sum;
}

static void test_length(void)
{
  static const float values[] = {-2, -0.5F, 0.25F, 3};
  static const size_t counts[] = {10, 31, 5, 14}; /* of 400 */
  struct subject t;
  struct err e = {0};
  struct net_code code;
  double run_bits[4], expect;
  make_linear(&t, 10, 400, true);
  float *x = xcalloc(401, sizeof *x);
  struct rng r = rng_make(SEED, RNG_TEST, 4);
  uint32_t order[400];
  rng_permutation(&r, order, 400);
  for (size_t v = 0, at = 0; v < 4; v++)
    for (size_t i = 0; i < counts[v]; i++)
      x[order[at++]] = values[v];
  x[400] = 0.75F;
  if (net_encode(&t.net, x, &code, run_bits, &e))
    tap_bail("%s", e.message);
  /* kept, mask, number of values (at most 60), values, their counts (each leaves one for the others), and which is where; the last
   * count is known. The book is in the order of the bits: 0.25, 3, -0.5, -2. */
  expect = 1 + log2(401) + log2_factorial(400) - log2_factorial(340) - log2_factorial(60) + log2(60) + 64 + log2(57) + log2(60 - 5 - 2) + log2(60 - 19 - 1) +
           log2_factorial(60) - log2_factorial(10) - log2_factorial(31) - log2_factorial(5) - log2_factorial(14);
  tap_near(run_bits[0], expect, 1e-12, 0, "60 of 400 weights with 4 values: the bits of each choice, added up");
  tap_near(run_bits[1], 17, 0, 0, "a lone bias takes its 16 bits, and one that says so");
  tap_ok((double)code.bits >= floor(8 + expect + 17) && (double)code.bits <= 8 + expect + 17 + 2, "the message has them all and at most 2 more (%zu)", code.bits);
  double entropy = 0;
  for (size_t v = 0; v < 4; v++)
    entropy -= (double)counts[v] * log2((double)counts[v] / 60);
  tap_ok(log2_factorial(60) - log2_factorial(10) - log2_factorial(31) - log2_factorial(5) - log2_factorial(14) < entropy && entropy < 120,
         "which value is where costs less than the empirical entropy, and that less than 2 bits each");
  net_code_free(&code);
  free(x);
  subject_free(&t);
}

static void test_quantizers(void)
{
  enum { N = 500 };
  struct rng r = rng_make(SEED, RNG_TEST, 5);
  float x[N], y[2][N];
  double error[2] = {0}, worst = 0;
  rng_fill_normal_f32(&r, x, N, 0, 0.1);
  for (int i = 0; i < N; i += 3)
    x[i] = 0;
  struct err e;
  int distinct[2] = {0}, changed_zero = 0;
  for (int q = 0; q < 2; q++) {
    memcpy(y[q], x, sizeof x);
    if (quantize((enum quantizer)q, y[q], N, 3, &e))
      tap_bail("%s", e.message);
    for (int i = 0; i < N; i++) {
      bool seen = false;
      for (int j = 0; j < i && !seen; j++)
        seen = y[q][j] == y[q][i];
      distinct[q] += !seen && y[q][i] != 0;
      changed_zero += x[i] == 0 && y[q][i] != 0;
      error[q] += pow((double)x[i] - (double)y[q][i], 2);
    }
  }
  tap_ok(distinct[0] == 8 && distinct[1] <= 8 && !changed_zero, "3 bits: at most 8 values, and 0 stays 0 (%d, %d)", distinct[0], distinct[1]);
  tap_ok(error[0] < error[1], "Lloyd's values have less squared error than evenly spaced ones (%.4f, %.4f)", error[0], error[1]);
  for (int i = 0; i < N; i++) { /* a fixed point: each value is the mean of what it stands for, as a half */
    double sum = 0, count = 0;
    for (int j = 0; j < N; j++)
      if (x[j] != 0 && y[0][j] == y[0][i])
        sum += (double)x[j], count++;
    if (x[i] != 0)
      worst = fmax(worst, fabs(sum / count / (double)y[0][i] - 1));
  }
  /* a half has 11 bits; rounding may pass one number over to a neighbouring cell of some 40 */
  tap_ok(worst < 0.01, "each of them is the mean of its numbers (%.1e)", worst);
  float one[] = {0.5F, 0, -0.25F};
  if (quantize(QUANTIZER_UNIFORM, one, 3, 0, &e))
    tap_bail("%s", e.message);
  tap_ok(one[0] == 0.125F && one[1] == 0 && one[2] == 0.125F, "0 bits: one value, in the middle");
}

/* --- the probe and the bound ---------------------------------------------------------------------------------------- */

static void test_probe(void)
{
  static const double hidden[] = {40};
  struct named_value net[] = {set_list("hidden", hidden, 1)};
  struct subject t;
  struct err e = {0};
  subject_make(&t, &model_mlp, net, 1, &loss_cross_entropy, 300, 12, 3, 0);
  for (size_t i = 0; i < t.net.n_params; i++)
    t.w[i] = fabsf(t.w[i]) < 0.4F ? 0 : t.w[i];
  struct probe_value v = subject_measure(&t, &probe_code, 1, set_real("index_bits", 3));
  const struct mat *coded = &probe_find(&v, "coded", PROBE_WHOLE)->value;
  float *logical = xcalloc(t.net.n_logical, sizeof *logical), *w = fixture_take(&t.f, t.net.n_params, sizeof *w), *out = xcalloc((size_t)300 * 3, sizeof *out);
  float *again = xcalloc((size_t)300 * 3, sizeof *again);
  struct batch b = probe_batch(&t.s);
  double errors = 0, loss, kept = 0;
  for (size_t i = 0; i < t.net.n_logical; i++)
    logical[i] = (float)mat_get(coded, i, 0);
  net_pack_f32(&t.net, logical, w);
  if (net_loss_f32(&t.net, &t.loss, w, &b, &loss, NULL, NULL, out, &e))
    tap_bail("%s", e.message);
  for (size_t i = 0; i < 300; i++)
    for (size_t j = 0; j < 3; j++)
      if (j != (size_t)b.label[i] && (out[3 * i + j] > out[3 * i + (size_t)b.label[i]] || (out[3 * i + j] == out[3 * i + (size_t)b.label[i]] && j < (size_t)b.label[i]))) {
        errors++;
        break;
      }
  tap_near(probe_number(&v, "errors", PROBE_WHOLE), errors, 0, 0, "the errors are those of the decoded net, by the reference route");
  tap_near(probe_number(&v, "loss", PROBE_WHOLE), loss, 1e-5, 0, "and so is the loss");
  struct net_code code;
  if (net_encode(&t.net, logical, &code, NULL, &e) || net_decode(&t.net, &code, logical, &e))
    tap_bail("%s", e.message);
  net_pack_f32(&t.net, logical, w);
  if (net_loss_f32(&t.net, &t.loss, w, &b, &loss, NULL, NULL, again, &e))
    tap_bail("%s", e.message);
  tap_same_bits(again, out, (size_t)300 * 3 * sizeof *out, "coded and decoded once more it gives the same outputs, bit for bit");
  tap_near(probe_number(&v, "bits", PROBE_WHOLE), (double)code.bits, 0, 0, "from a message of the same length");
  for (size_t j = 0; j < t.net.layer[0].rows; j++)
    for (size_t i = 0; i < t.net.layer[0].cols; i++)
      kept += t.w[t.net.layer[0].w_at + j * t.net.layer[0].w_stride + i] != 0;
  tap_near(probe_number(&v, "kept", 0), kept, 0, 0, "what was pruned is not kept");
  net_code_free(&code);

  struct probe_value more = subject_measure(&t, &probe_code, 1, set_real("index_bits", 5)), even = subject_measure(&t, &probe_code, 1, set_string("quantizer", "uniform"));
  tap_ok(probe_number(&more, "bits", PROBE_WHOLE) > probe_number(&v, "bits", PROBE_WHOLE), "more values take more bits");
  tap_ok(probe_number(&even, "bits", PROBE_WHOLE) > 0, "evenly spaced values are coded too");
  for (size_t i = 0; i < t.net.n_params; i++)
    t.w[i] = fabsf(t.w[i]) < 0.8F ? 0 : t.w[i];
  struct probe_value fewer = subject_measure(&t, &probe_code, 1, set_real("index_bits", 3));
  tap_ok(probe_number(&fewer, "bits", PROBE_WHOLE) < probe_number(&v, "bits", PROBE_WHOLE), "fewer weights take fewer bits");
  memset(t.w, 0, t.net.n_params * sizeof *t.w);
  if (model_mlp.init(t.model.conf, &t.net, 4, t.w, &e))
    tap_bail("%s", e.message);
  struct probe_value init = subject_measure(&t, &probe_code, 2, set_string("reference", "init"), set_real("init_seed", 4));
  double least = 8 + 4 + log2(481) + log2(41) + log2(121) + log2(4);
  tap_ok(probe_number(&init, "bits", PROBE_WHOLE) <= least + 2 && probe_number(&init, "known", PROBE_WHOLE) == 1,
         "a net that is its reference takes %.0f bits: four times that nothing is kept (at most %.1f)", probe_number(&init, "bits", PROBE_WHOLE), least + 2);
  probe_value_free(&v), probe_value_free(&more), probe_value_free(&even), probe_value_free(&fewer), probe_value_free(&init);
  free(logical), free(out), free(again);
  subject_free(&t);
}

static enum status occam(const struct subject *t, const struct named_value *values, size_t n, struct bound_value *out, struct err *e)
{
  struct object o = object_of(&bound_occam_bits.m, values, n);
  struct probe_cache *cache = probe_cache_new();
  struct bound_input in = {.subject = &t->s, .cache = cache};
  enum status s = bound_evaluate(&o, NULL, &in, out, e);
  probe_cache_free(cache);
  object_free(&o);
  return s;
}

static double term(const struct bound_value *v, const char *name)
{
  for (size_t i = 0; i < v->n_terms; i++)
    if (strcmp(v->term[i].name, name) == 0)
      return v->term[i].value;
  tap_bail("there is no term %s", name);
}

static void test_bound(void)
{
  struct subject t;
  struct err e = {0};
  struct bound_value v;
  make_linear(&t, 500, 2, false);
  struct named_value search[] = {set_real("search", 32), set_real("delta", 0.02)}, typed[] = {set_real("errors", 3)}, bits[] = {set_real("bits", 3)};
  if (occam(&t, search, 2, &v, &e))
    tap_bail("%s", e.message);
  struct probe_value facts = subject_measure(&t, &probe_code, 0);
  double length = probe_number(&facts, "bits", PROBE_WHOLE), errors = probe_number(&facts, "errors", PROBE_WHOLE);
  tap_near(v.value, bin_inv_log((int64_t)errors, 500, log(0.02) - (length + 5) * M_LN2), 1e-12, 0, "occam-bits of a subject: its bits and errors, and 5 bits for 32 settings");
  tap_ok(v.statement == STATEMENT_HP && v.assumptions_checked, "it is HP, and nothing is left to check");
  tap_ok(occam(&t, typed, 1, &v, &e) == STATUS_BAD_ARG && strstr(e.message, "errors comes from the subject"), "typed errors beside a subject are refused");
  tap_ok(occam(&t, bits, 1, &v, &e) == STATUS_BAD_ARG && strstr(e.message, "bits comes from the subject"), "so are typed bits");
  probe_value_free(&facts);
  subject_free(&t);
}

/* 200 samples of a problem in the plane with a known true error: labels of a half-plane, a tenth of them flipped. */
static void test_coverage(void)
{
  enum { REPEATS = 200, N = 150 };
  struct subject t;
  struct err e = {0};
  struct rng r = rng_make(SEED, RNG_TEST, 8);
  int failed = 0, below = 0;
  double total = 0;
  make_linear(&t, N, 2, false);
  for (int repeat = 0; repeat < REPEATS; repeat++) {
    struct examples *p = &t.f.data.train;
    double sum[2] = {0};
    struct named_value none[1];
    struct bound_value v;
    for (size_t i = 0; i < N; i++) {
      float *row = (float *)(void *)(p->x + i * p->stride);
      row[0] = (float)rng_normal(&r), row[1] = (float)rng_normal(&r);
      bool label = (0.6 * (double)row[0] + 0.8 * (double)row[1] > 0) != (rng_uniform(&r) < 0.1);
      ((int32_t *)(void *)p->label)[i] = label;
      for (size_t j = 0; j < 2; j++)
        sum[j] += (label ? 1 : -1) * (double)row[j] / N;
    }
    t.w[0] = (float)sum[0], t.w[1] = (float)sum[1];
    struct probe_value facts = subject_measure(&t, &probe_code, 0);
    const struct mat *coded = &probe_find(&facts, "coded", PROBE_WHOLE)->value;
    double a = mat_get(coded, 0, 0), b = mat_get(coded, 1, 0), angle = fabs(atan2(0.6 * b - 0.8 * a, 0.6 * a + 0.8 * b));
    double truth = 0.1 + 0.8 * angle / M_PI;
    if (occam(&t, none, 0, &v, &e))
      tap_bail("%s", e.message);
    failed += v.value < truth;
    below += term(&v, "risk") < truth;
    total += v.value / REPEATS;
    probe_value_free(&facts);
  }
  /* delta = 0.05: a binomial count of 200 stays below 10 + 3 sd = 19 */
  tap_ok(failed <= 19 && below > 60, "of 200 bounds with a known truth %d fail, at most 19 may; the sample's error alone fails %d times", failed, below);
  tap_ok(total < 0.6, "and they say something (mean %.3f)", total);
  subject_free(&t);
}

int main(void)
{
  tap_diag("seed %u", SEED);
  test_halves();
  test_coder();
  test_kraft();
  test_length();
  test_quantizers();
  test_probe();
  test_bound();
  test_coverage();
  return tap_done();
}
