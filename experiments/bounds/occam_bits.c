/* occam_bits.c: a bound for compressed classifiers: a code of h bits, fixed before the data, gives each hypothesis
 * the share 2^-bits of delta (Kraft). One-sided, so there is no ln(2 sqrt n) term.
 *
 * The code priced here, per layer of N weights of which k are kept, all parts self-delimiting: k in
 * ceil(log2(N+1)) bits, the mask in ceil(log2 C(N,k)) (enumerative), a codebook of 2^q values of 16 bits, and q bits
 * for each kept weight; one byte for the format in front. For a subject the probe "code" quantises the net, writes such a
 * message with a code that also counts how often each value occurs, reads it again, and tries the net that it read. */
#include <float.h>

#include "experiments/bounds/bound.h"
#include "experiments/kernel/tail.h"

#define FORMAT_BITS 8
#define VALUE_BITS 16

extern const struct probe probe_code;

struct conf {
  int64_t n, errors, index_bits;
  double delta, risk, bits, search;
  struct param_list weights, kept;
  struct object code; /* a probe; none: "code" with its defaults */
};

static const struct param params[] = {
  {.id = "n", .type = PARAM_INT, .at = offsetof(struct conf, n), .min = 1, .max = 1e12, .flags = PARAM_AUTO, .unit = "examples",
   .doc = "examples that the risk was measured on (typed, or of the subject)", .example = "1000"},
  BOUND_DELTA_PARAM(struct conf, delta),
  {.id = "errors", .type = PARAM_INT, .at = offsetof(struct conf, errors), .min = 0, .max = 1e12, .flags = PARAM_AUTO,
   .unit = "examples", .doc = "wrong answers of the decoded net on the n examples (0-1 loss: the tightest form; typed, or of the subject)",
   .example = "30"},
  BOUND_RISK_PARAM(struct conf, risk, "risk", "mean loss on the n examples, in place of errors, for any loss in [0, 1]"),
  {.id = "bits", .type = PARAM_REAL, .at = offsetof(struct conf, bits), .min = 0, .max = INFINITY, .flags = PARAM_AUTO,
   .unit = "bits", .doc = "length of the classifier's code; auto: that of the subject, or priced from weights, kept and index_bits",
   .example = "1225"},
  {.id = "weights", .type = PARAM_LIST, .at = offsetof(struct conf, weights), .min = 1, .max = 1e15,
   .doc = "weights per layer, for auto bits", .example = "2000"},
  {.id = "kept", .type = PARAM_LIST, .at = offsetof(struct conf, kept), .min = 0, .max = 1e15,
   .doc = "weights per layer that pruning kept", .example = "150"},
  {.id = "index_bits", .type = PARAM_INT, .at = offsetof(struct conf, index_bits), .def = 4, .min = 0, .max = 16,
   .unit = "bits", .doc = "bits of a kept weight's index into its layer's codebook", .example = "3"},
  {.id = "code", .type = PARAM_METHOD, .at = offsetof(struct conf, code), .of = KIND_PROBE,
   .doc = "for a subject: the probe that quantises, codes and tries the net", .example = "code"},
  {.id = "search", .type = PARAM_REAL, .at = offsetof(struct conf, search), .def = 1, .min = 1, .max = 1e18,
   .doc = "settings of which the best was taken, and which the decoder must know besides the message: costs log2 of it", .example = "42"},
  {0},
};

static enum status resolve(void *conf, struct err *e)
{
  const struct conf *c = conf;
  if (c->weights.n != c->kept.n)
    return err_set(e, STATUS_BAD_ARG, "weights and kept must name equally many layers, got %zu and %zu", c->weights.n, c->kept.n);
  for (size_t i = 0; i < c->kept.n; i++)
    if (c->kept.v[i] > c->weights.v[i] || c->kept.v[i] != floor(c->kept.v[i]) || c->weights.v[i] != floor(c->weights.v[i]))
      return err_set(e, STATUS_BAD_ARG, "kept must be a whole number of at most the layer's weights (%g), got %g in layer %zu",
                     c->weights.v[i], c->kept.v[i], i + 1);
  if (c->errors != PARAM_AUTO_INT && c->n != PARAM_AUTO_INT && c->errors > c->n)
    return err_set(e, STATUS_BAD_ARG, "errors must be at most n (%lld), got %lld", (long long)c->n, (long long)c->errors);
  return STATUS_OK;
}

/* ceil(log2 C(N, k)), never too small: the rounding of the log-gammas is added first. */
static double mask_bits(double N, double k)
{
  if (k == 0 || k == N)
    return 0;
  return ceil(log_choose(N, k) / M_LN2 + 16 * DBL_EPSILON * lgamma(N + 1));
}

static double code_bits(const struct conf *c, struct bound_value *out)
{
  double counts = 0, masks = 0, codebooks = 0, indices = 0;
  for (size_t i = 0; i < c->weights.n; i++) {
    counts += ceil(log2(c->weights.v[i] + 1));
    masks += mask_bits(c->weights.v[i], c->kept.v[i]);
    codebooks += VALUE_BITS * exp2((double)c->index_bits);
    indices += (double)c->index_bits * c->kept.v[i];
  }
  bound_term(out, "count_bits", counts);
  bound_term(out, "mask_bits", masks);
  bound_term(out, "codebook_bits", codebooks);
  bound_term(out, "index_bits", indices);
  return FORMAT_BITS + counts + masks + codebooks + indices;
}

/* The bound and its forms, for a risk on n examples; errors < 0: they were not counted. */
static void settle(const struct conf *c, double n, double errors, double risk, double bits, struct bound_value *out)
{
  double cost = bits * M_LN2 - log(c->delta), by_kl = kl_inv(risk, cost / n);
  out->value = errors >= 0 ? bin_inv_log((int64_t)errors, (int64_t)n, -cost) : by_kl;
  bound_term(out, "risk", risk);
  bound_term(out, "bits", bits);
  bound_term(out, "kl_form", by_kl);
  bound_term(out, "sqrt_form", risk + sqrt(cost / (2 * n)));
}

static enum status from_numbers(const struct conf *c, struct bound_value *out, struct err *e)
{
  bool counted = c->errors != PARAM_AUTO_INT;
  if (c->n == PARAM_AUTO_INT)
    return bound_missing(e, "n");
  if (!counted && isnan(c->risk))
    return bound_missing(e, "errors");
  if (isnan(c->bits) && c->weights.n == 0)
    return bound_missing(e, "bits");
  double n = (double)c->n, bits = (isnan(c->bits) ? code_bits(c, out) : c->bits) + log2(c->search);
  settle(c, n, counted ? (double)c->errors : -1, counted ? (double)c->errors / n : c->risk, bits, out);
  return STATUS_OK;
}

static enum status from_subject(const struct conf *c, const struct exec *x, const struct bound_input *in, struct bound_value *out, struct err *e)
{
  const struct probe_value *v = NULL;
  const char *typed = c->n != PARAM_AUTO_INT        ? "n"
                      : c->errors != PARAM_AUTO_INT ? "errors"
                      : !isnan(c->risk)             ? "risk"
                      : !isnan(c->bits)             ? "bits"
                      : c->weights.n                ? "weights"
                                                    : NULL;
  if (typed)
    return err_set(e, STATUS_BAD_ARG, "%s comes from the subject: leave it out (or leave out the subject)", typed);
  enum status s = bound_probe_chosen(x, in, &c->code, &probe_code, &v, e);
  if (s)
    return s;
  double bits = probe_number(v, "bits", PROBE_WHOLE), n = probe_number(v, "n", PROBE_WHOLE), errors = probe_number(v, "errors", PROBE_WHOLE);
  double kept = 0, weights = 0;
  if (isnan(bits) || isnan(errors))
    return err_set(e, STATUS_BAD_ARG, "code must be a probe that codes a net (code)");
  for (size_t l = 0; l < in->subject->net->n_layers; l++)
    if (probe_find(v, "weights", l)) {
      weights += probe_number(v, "weights", l);
      kept += probe_number(v, "kept", l);
    }
  settle(c, n, errors, errors / n, bits + log2(c->search), out);
  bound_term(out, "errors", errors);
  bound_term(out, "n", n);
  bound_term(out, "weights", weights);
  bound_term(out, "kept", kept);
  out->assumptions_checked = probe_number(v, "known", PROBE_WHOLE) > 0;
  return STATUS_OK;
}

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in,
                            struct bound_value *out, struct err *e)
{
  return in->subject ? from_subject(conf, x, in, out, e) : from_numbers(conf, out, e);
}

const struct bound bound_occam_bits = {
  .m = {.kind = KIND_BOUND,
        .id = "occam-bits",
        .name = "Occam bound from code length",
        .summary = "bounds the risk of a pruned and quantised classifier by the bits that describe it",
        .formula = "F(h) <= bin_inv(k, n, delta_h) for k errors, kl_inv(F_S(h), ln(1/delta_h)/n) for a loss in [0, 1]\n"
                   "ln(1/delta_h) = bits ln 2 + ln(1/delta),\n"
                   "bits = 8 + sum over layers of ceil(log2(N+1)) + ceil(log2 C(N, k)) + 16 2^q + q k",
        .cite = "Blumer et al. 1987, Occam's razor; Langford 2005, Tutorial on practical prediction theory for classification",
        .notes = "Holds for all classifiers of the code at once: sparsity, mask, codebook and quantiser may be searched freely, as the "
                 "message tells what came of it. What the decoder must know besides (layout, reference weights) is free only if fixed "
                 "before the data was seen; otherwise count it in search. For a subject bits is the length of a message that the probe "
                 "\"code\" wrote and read again; its code is a little shorter than the one priced above. The errors must be those of the decoded classifier, with its "
                 "rounded codebook. Prune the subject first: weights of 0 are not kept.",
        .example = "assay.bound(\"occam-bits\", {n = 50000, errors = 30, weights = {2000}, kept = {150}, index_bits = 3})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_HP,
        .resolve = resolve},
  .evaluate = evaluate,
};
