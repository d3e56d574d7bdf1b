/* occam_bits.c: a bound for compressed classifiers: a code of h bits, fixed before the data, gives each hypothesis
 * the share 2^-bits of delta (Kraft). One-sided, so there is no ln(2 sqrt n) term.
 *
 * The code priced here, per layer of N weights of which k are kept, all parts self-delimiting: k in
 * ceil(log2(N+1)) bits, the mask in ceil(log2 C(N,k)) (enumerative), a codebook of 2^q values of 16 bits, and q bits
 * for each kept weight; one byte for the format in front. */
#include <float.h>

#include "experiments/bounds/bound.h"
#include "experiments/kernel/tail.h"

#define FORMAT_BITS 8
#define VALUE_BITS 16

struct conf {
  int64_t n, errors, index_bits;
  double delta, risk, bits, search;
  struct param_list weights, kept;
};

static const struct param params[] = {
  BOUND_N_PARAM(struct conf, n),
  BOUND_DELTA_PARAM(struct conf, delta),
  {.id = "errors", .type = PARAM_INT, .at = offsetof(struct conf, errors), .min = 0, .max = 1e12, .flags = PARAM_AUTO,
   .unit = "examples", .doc = "wrong answers on the n examples (0-1 loss: the tightest form)", .example = "30", .from = &quantity_errors,
   .unless = "risk"},
  BOUND_RISK_PARAM(struct conf, risk, "risk", "mean loss on the n examples, in place of errors, for any loss in [0, 1]"),
  {.id = "bits", .type = PARAM_REAL, .at = offsetof(struct conf, bits), .min = 0, .max = INFINITY, .flags = PARAM_AUTO,
   .unit = "bits", .doc = "length of the classifier's code; auto: priced from weights, kept and index_bits", .example = "1225"},
  {.id = "weights", .type = PARAM_LIST, .at = offsetof(struct conf, weights), .min = 1, .max = 1e15,
   .doc = "weights per layer, for auto bits", .example = "2000"},
  {.id = "kept", .type = PARAM_LIST, .at = offsetof(struct conf, kept), .min = 0, .max = 1e15,
   .doc = "weights per layer that pruning kept", .example = "150"},
  {.id = "index_bits", .type = PARAM_INT, .at = offsetof(struct conf, index_bits), .def = 4, .min = 0, .max = 16,
   .unit = "bits", .doc = "bits of a kept weight's index into its layer's codebook", .example = "3"},
  {.id = "search", .type = PARAM_REAL, .at = offsetof(struct conf, search), .def = 1, .min = 1, .max = 1e18,
   .doc = "settings (sparsity, bits, …) of which the best was taken: costs log2 of it", .example = "42"},
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

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in,
                            struct bound_value *out, struct err *e)
{
  (void)x, (void)in;
  const struct conf *c = conf;
  bool counted = c->errors != PARAM_AUTO_INT;
  if (!counted && isnan(c->risk))
    return bound_missing(e, "errors");
  if (isnan(c->bits) && c->weights.n == 0)
    return bound_missing(e, "bits");
  double n = (double)c->n, risk = counted ? (double)c->errors / n : c->risk;
  double bits = (isnan(c->bits) ? code_bits(c, out) : c->bits) + log2(c->search), cost = bits * M_LN2 - log(c->delta);
  double by_kl = kl_inv(risk, cost / n);
  out->value = counted ? bin_inv_log(c->errors, c->n, -cost) : by_kl;
  bound_term(out, "risk", risk);
  bound_term(out, "bits", bits);
  bound_term(out, "kl_form", by_kl);
  bound_term(out, "sqrt_form", risk + sqrt(cost / (2 * n)));
  return STATUS_OK;
}

static const char *const required[] = {"n", NULL};

const struct bound bound_occam_bits = {
  .m = {.kind = KIND_BOUND,
        .id = "occam-bits",
        .name = "Occam bound from code length",
        .summary = "bounds the risk of a pruned and quantised classifier by the bits that describe it",
        .formula = "F(h) <= bin_inv(k, n, delta_h) for k errors, kl_inv(F_S(h), ln(1/delta_h)/n) for a loss in [0, 1]\n"
                   "ln(1/delta_h) = bits ln 2 + ln(1/delta),\n"
                   "bits = 8 + sum over layers of ceil(log2(N+1)) + ceil(log2 C(N, k)) + 16 2^q + q k",
        .cite = "Blumer et al. 1987, Occam's razor; Langford 2005, Tutorial on practical prediction theory for classification",
        .notes = "Holds for all classifiers of the code at once. The errors must be those of the decoded classifier, with "
                 "its rounded codebook. Architecture and settings are free only if fixed before the data was seen.",
        .example = "assay.bound(\"occam-bits\", {n = 50000, errors = 30, weights = {2000}, kept = {150}, index_bits = 3})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_HP,
        .resolve = resolve},
  .required = required,
  .evaluate = evaluate,
};
