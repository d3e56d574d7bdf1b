/* code.c: the net after quantisation: how many bits describe it, and how often it errs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/half.h"
#include "experiments/kernel/mem.h"
#include "experiments/probe/gibbs.h"
#include "experiments/probe/net_code.h"
#include "experiments/probe/quantize.h"
#include "experiments/train/train.h"

struct conf {
  struct gibbs_conf from; /* skip, prior and init_seed of it */
  int64_t index_bits;
  int quantizer; /* enum quantizer */
};

static const char *const reference_names[] = {"zero", "start", "init", NULL};

static const struct param params[] = {
  {.id = "index_bits", .type = PARAM_INT, .at = offsetof(struct conf, index_bits), .def = 4, .min = 0, .max = QUANTIZE_BITS_MAX, .unit = "bits",
   .doc = "a layer's weights get at most 2^index_bits values besides 0", .example = "3"},
  {.id = "quantizer", .type = PARAM_CHOICE, .at = offsetof(struct conf, quantizer), .def = QUANTIZER_KMEANS, .choices = quantizer_names,
   .doc = "how those values are found", .example = "uniform"},
  {.id = "reference", .type = PARAM_CHOICE, .at = offsetof(struct conf, from.prior), .def = 0, .choices = reference_names,
   .doc = "what is coded is the difference from: zero, the weights at the start, or the model's own initial weights", .example = "init"},
  {.id = "init_seed", .type = PARAM_INT, .at = offsetof(struct conf, from.init_seed), .def = 0, .min = 0, .max = 1e15,
   .doc = "seed of the model's initial weights (reference init)", .example = "1"},
  {.id = "skip", .type = PARAM_INT, .at = offsetof(struct conf, from.skip), .def = 0, .min = 0, .max = 1e12, .unit = "examples",
   .doc = "the first so many examples made the reference: they are not counted", .example = "10"},
  {0},
};

/* Weights in logical order: of the subject, of the reference, and what is coded: their difference. */
struct work {
  const struct conf *c;
  const struct probe_subject *s;
  struct examples part;
  bool known;
  float *reference, *code, *back, *padded; /* reference and padded: padded */
  double *loss, *error;
};

static enum status prepare(struct work *k, void **memory, struct err *e)
{
  size_t p = k->s->net->n_params;
  struct gibbs_conf from = k->c->from;
  from.prior += GIBBS_PRIOR_ZERO; /* as reference_names leaves auto out */
  enum status s = gibbs_part(&from, k->s, &k->part, e);
  s = s ? s : gibbs_prior_mean(&from, k->s, &k->reference, &k->known, e);
  s = s ? s : mem_new(&memory[0], 3 * p, sizeof(float), "a coded net", e);
  s = s ? s : mem_new(&memory[1], 2 * k->part.n, sizeof(double), "losses", e);
  if (s)
    return s;
  k->padded = memory[0], k->code = k->padded + p, k->back = k->code + p; /* n_logical is at most n_params */
  k->loss = memory[1], k->error = k->loss + k->part.n;
  for (size_t i = 0; i < p; i++)
    k->padded[i] = k->s->weights[i] - k->reference[i];
  net_unpack_f32(k->s->net, k->padded, k->code);
  return STATUS_OK;
}

/* Weights take few values, biases only lose digits: a codebook would cost more than it saves. */
static enum status reduce(struct work *k, const struct net_run *run, size_t n, struct err *e)
{
  enum status s = STATUS_OK;
  for (size_t i = 0; i < n && !s; i++) {
    float *x = k->code + run[i].at;
    if (!run[i].biases)
      s = quantize((enum quantizer)k->c->quantizer, x, run[i].n, (int)k->c->index_bits, e);
    for (size_t j = 0; j < run[i].n && run[i].biases; j++)
      x[j] = half_to_f32(half_from_f32(x[j]));
  }
  return s;
}

/* back = the reference plus what the decoder makes of the code, padded. */
static enum status decode(struct work *k, const struct net_code *code, struct err *e)
{
  enum status s = net_decode(k->s->net, code, k->code, e);
  if (s)
    return s;
  net_pack_f32(k->s->net, k->code, k->back);
  for (size_t i = 0; i < k->s->net->n_params; i++)
    k->back[i] += k->reference[i];
  return STATUS_OK;
}

static enum status evaluate(const struct exec *x, struct work *k, double *errors, double *loss, struct err *e)
{
  struct train_evaluator *v;
  enum status s = train_evaluator_new(&v, k->s->net, k->s->loss, e);
  if (s)
    return s;
  s = train_evaluator_run(x, v, &k->part, k->s->data->outputs, k->back, k->loss, k->error, e);
  *errors = *loss = 0;
  for (size_t i = 0; i < k->part.n && !s; i++) {
    *errors += k->error[i];
    *loss += k->loss[i] / (double)k->part.n;
  }
  train_evaluator_free(v);
  return !s && !isfinite(*loss) ? err_set(e, STATUS_DIVERGED, "the loss of the coded net is not finite") : s;
}

static double kept_in(const float *x, size_t n)
{
  size_t kept = 0;
  for (size_t i = 0; i < n; i++)
    kept += x[i] != 0;
  return (double)kept;
}

/* Numbers of each layer: bits of weights and biases together, and how many there are and are kept. */
static enum status add_layers(const struct work *k, const struct net_run *run, size_t n, const double *bits, struct probe_value *out, struct err *e)
{
  enum status s = STATUS_OK;
  for (size_t i = 0; i < n && !s; i++) {
    bool biases = i + 1 < n && run[i + 1].biases;
    if (run[i].biases)
      continue;
    s = probe_add_number(out, "layer_bits", run[i].layer, bits[i] + (biases ? bits[i + 1] : 0), (double)NAN, e);
    s = s ? s : probe_add_number(out, "weights", run[i].layer, (double)run[i].n, (double)NAN, e);
    s = s ? s : probe_add_number(out, "kept", run[i].layer, kept_in(k->code + run[i].at, run[i].n), (double)NAN, e);
  }
  return s;
}

static enum status add_net(const struct work *k, double bits, double errors, double loss, struct probe_value *out, struct err *e)
{
  const struct { const char *name; double value; } numbers[] = {
    {"bits", bits}, {"errors", errors}, {"error", errors / (double)k->part.n}, {"loss", loss}, {"n", (double)k->part.n}, {"known", k->known}};
  struct mat m = {0};
  enum status s = mat_new(&m, DTYPE_F64, k->s->net->n_logical, 1, e);
  if (s)
    return s;
  net_unpack_f32(k->s->net, k->back, k->code);
  for (size_t i = 0; i < k->s->net->n_logical; i++)
    mat_set(&m, i, 0, (double)k->code[i]);
  probe_add(out, "coded", PROBE_WHOLE, &m, (double)NAN);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers && !s; i++)
    s = probe_add_number(out, numbers[i].name, PROBE_WHOLE, numbers[i].value, (double)NAN, e);
  return s;
}

static enum status measure(const void *conf, const struct exec *x, const struct probe_subject *s, struct probe_value *out, struct err *e)
{
  struct work k = {.c = conf, .s = s};
  struct net_run run[2 * NET_MAX_LAYERS];
  struct net_code code = {0};
  size_t n = net_runs(s->net, run);
  double bits[2 * NET_MAX_LAYERS], errors, loss;
  void *memory[2] = {NULL, NULL};
  enum status status = prepare(&k, memory, e);
  status = status ? status : reduce(&k, run, n, e);
  status = status ? status : net_encode(s->net, k.code, &code, bits, e);
  status = status ? status : decode(&k, &code, e);
  status = status ? status : evaluate(x, &k, &errors, &loss, e);
  status = status ? status : add_layers(&k, run, n, bits, out, e);
  status = status ? status : add_net(&k, (double)code.bits, errors, loss, out, e);
  net_code_free(&code);
  free(k.reference);
  free(memory[0]);
  free(memory[1]);
  return status;
}

const struct probe probe_code = {
  .m = {.kind = KIND_PROBE, .id = "code", .name = "Code length", .summary = "bits that describe the net with few values for its weights, and its errors",
        .formula = "bits = 8 + sum over layers of the shorter of 16 N and\n"
                   "  log2(N+1) + log2 C(N, k) + 16 m + counts + log2(k!/prod c_v!),  rounded up once;\n"
                   "N weights, k not 0, m values, value v occurs c_v times",
        .cite = "Han, Mao and Dally 2016, Deep compression; Cover 1973, Enumerative source encoding; Blumer et al. 1987, Occam's razor",
        .notes = "bits is the length of a message that was written and read again: errors, error and loss are those of the net that the decoder "
                 "made, coded its weights. Prune first: a weight of 0 is not kept. Biases keep 16 bits each, or share a codebook where that is "
                 "shorter. Layout and reference must be known to the decoder: known = 1 if the program knows that the reference was made "
                 "without data.",
        .example = "assay.probe(\"code\", {index_bits = 3})", .conf_size = sizeof(struct conf), .params = params},
  .measure = measure,
};
