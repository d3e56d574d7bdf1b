/* pb_opt.c: the Gaussian posterior that a PAC-Bayes bound likes best, found by gradient steps from the trained weights. */
#include <math.h>
#include <stdlib.h>

#include "experiments/kernel/mem.h"
#include "experiments/optim/optimizer.h"
#include "experiments/params.h"
#include "experiments/probe/pb_objective.h"

extern const struct optimizer optimizer_adam;

enum spread { SPREAD_PARAMETER = 0, SPREAD_LAYER = 1 };
static const char *const spread_names[] = {"parameter", "layer", NULL};
enum surrogate { SURROGATE_CONVEX = 0, SURROGATE_BOUNDED = 1 };
static const char *const surrogate_names[] = {"convex", "bounded", NULL};

struct conf {
  struct gibbs_conf g;
  double sd, rate, delta;
  int64_t steps, batch;
  int spread;    /* enum spread */
  int surrogate; /* enum surrogate */
  struct object optimizer;
};

static const struct param params[] = {
  {.id = "sd", .type = PARAM_REAL, .at = offsetof(struct conf, sd), .def = 0.03, .min = 0, .max = 1e6, .flags = PARAM_MIN_OPEN | PARAM_LOG,
   .doc = "standard deviation that the search starts from", .example = "0.05"},
  {.id = "spread", .type = PARAM_CHOICE, .at = offsetof(struct conf, spread), .def = SPREAD_PARAMETER, .choices = spread_names,
   .doc = "one standard deviation for each parameter, or for each layer", .example = "layer"},
  {.id = "surrogate", .type = PARAM_CHOICE, .at = offsetof(struct conf, surrogate), .def = SURROGATE_CONVEX, .choices = surrogate_names,
   .doc = "what stands for the wrong answers in the search: loss/ln 2, which is above them, or min(loss, cap)/cap", .example = "bounded"},
  {.id = "steps", .type = PARAM_INT, .at = offsetof(struct conf, steps), .def = 500, .min = 0, .max = 1e9, .unit = "steps",
   .doc = "gradient steps, each with a new draw of the weights on a new mini-batch", .example = "20"},
  {.id = "batch", .type = PARAM_INT, .at = offsetof(struct conf, batch), .def = 128, .min = 1, .max = 1e9, .unit = "examples",
   .doc = "examples of a mini-batch", .example = "32"},
  {.id = "rate", .type = PARAM_REAL, .at = offsetof(struct conf, rate), .def = 0.003, .min = 0, .max = 1e3, .flags = PARAM_MIN_OPEN | PARAM_LOG,
   .doc = "learning rate", .example = "0.01"},
  {.id = "optimizer", .type = PARAM_METHOD, .at = offsetof(struct conf, optimizer), .of = KIND_OPTIMIZER,
   .doc = "rule of the steps; none: adam", .example = "sgd"},
  {.id = "delta", .type = PARAM_REAL, .at = offsetof(struct conf, delta), .def = 0.05, .min = 0, .max = 1,
   .flags = PARAM_MIN_OPEN | PARAM_MAX_OPEN | PARAM_LOG, .doc = "of the bound that is minimised", .example = "0.025"},
  GIBBS_PARAMS(struct conf, g),
  {0},
};

struct search {
  const struct conf *c;
  const struct exec *x;
  const struct probe_subject *s;
  struct pb_objective f;
  struct examples part;
  struct object adam;
  float *theta, *gradient, *noise, *logical, *prior, *sd;
  uint32_t *index;
  double *trace; /* f at each step */
  void *state, *memory[4];
  bool known;
};

static const struct object *rule_of(const struct search *q) { return q->c->optimizer.method ? &q->c->optimizer : &q->adam; }

static enum status prepare(struct search *q, struct err *e)
{
  const struct conf *c = q->c;
  size_t p = q->s->net->n_params, logical = round_up(q->s->net->n_logical, 16), batch = (size_t)c->batch < q->part.n ? (size_t)c->batch : q->part.n;
  bool bounded = c->surrogate == SURROGATE_BOUNDED;
  enum status s = gibbs_prior_mean(&c->g, q->s, &q->prior, &q->known, e);
  s = s ? s : pb_objective_init(&q->f, q->x, q->s, q->prior, c->spread == SPREAD_LAYER, (double)q->part.n, c->delta, bounded ? c->g.cap : HUGE_VAL,
                             bounded ? c->g.cap : M_LN2, e);
  s = s || c->optimizer.method ? s : params_parse(&q->adam, &optimizer_adam.m, NULL, 0, NULL, e);
  if (s)
    return s;
  size_t n = pb_objective_size(&q->f);
  const struct optimizer *rule = (const struct optimizer *)(const void *)rule_of(q)->method;
  s = mem_new(&q->memory[0], 2 * n + 2 * p + logical, sizeof(float), "the optimisation of a posterior", e);
  s = s ? s : mem_new(&q->memory[1], 1, rule->state_size(rule_of(q)->conf, NULL, n, DTYPE_F32), "the optimizer", e);
  s = s ? s : mem_new(&q->memory[2], batch, sizeof *q->index, "a mini-batch", e);
  s = s ? s : mem_new(&q->memory[3], (size_t)c->steps, sizeof *q->trace, "values of the bound", e);
  if (s)
    return s;
  q->theta = q->memory[0], q->gradient = q->theta + n, q->noise = q->gradient + n, q->sd = q->noise + p, q->logical = q->sd + p;
  q->state = q->memory[1], q->index = q->memory[2], q->trace = q->memory[3];
  for (size_t i = 0; i < n; i++) /* where no parameter stands, the gradient is 0 and nothing reads it */
    q->theta[i] = i < p ? q->s->weights[i] : (float)log(c->sd);
  rule->init(rule_of(q)->conf, NULL, q->state, q->theta, n, DTYPE_F32);
  return STATUS_OK;
}

static enum status descend(struct search *q, struct err *e)
{
  size_t n = pb_objective_size(&q->f);
  struct batch b = batch_of(&q->part, q->s->data->outputs, q->index, (size_t)q->c->batch < q->part.n ? (size_t)q->c->batch : q->part.n);
  enum status s = STATUS_OK;
  for (int64_t t = 0; t < q->c->steps && !s; t++) {
    struct rng rows = probe_rng(q->s->seed, PROBE_STREAM_POSTERIOR_BATCH, (uint32_t)t);
    struct step_info info = {.k = (uint64_t)t + 1, .lr = q->c->rate};
    gibbs_noise(q->s->net, probe_rng(q->s->seed, PROBE_STREAM_POSTERIOR_STEP, (uint32_t)t), q->logical, q->noise);
    rng_sample(&rows, q->index, b.n, q->part.n);
    s = pb_objective_at(&q->f, q->theta, &b, q->noise, &q->trace[t], q->gradient, e);
    s = s ? s : optimizer_step_f32(rule_of(q), q->state, q->theta, q->gradient, n, &info, e);
  }
  return s;
}

/* One number for each parameter, in logical order; logical: scratch. */
static enum status add_vector(const struct search *q, const char *name, const float *padded, struct probe_value *out, struct err *e)
{
  struct mat m = {0};
  size_t n = q->s->net->n_logical;
  enum status s = mat_new(&m, DTYPE_F64, n, 1, e);
  if (s)
    return s;
  net_unpack_f32(q->s->net, padded, q->logical);
  for (size_t i = 0; i < n; i++)
    mat_set(&m, i, 0, (double)q->logical[i]);
  probe_add(out, name, PROBE_WHOLE, &m, (double)NAN);
  return STATUS_OK;
}

/* The risk of what was found, by draws that the search has not seen. */
static enum status certify(struct search *q, struct probe_value *out, struct err *e)
{
  struct gibbs_posteriors found = {.k = 1, .mean = q->theta, .prior_mean = q->prior, .sd = q->sd, .prior_known = q->known};
  double log_sd = 0;
  pb_objective_sd(&q->f, q->theta, q->sd);
  enum status s = gibbs_measure(&q->c->g, q->x, q->s, &found, out, e);
  for (size_t l = 0; l < q->s->net->n_layers && !s; l++) {
    const struct probe_array *sum = probe_find(out, "log_sd", l);
    log_sd += sum ? mat_get(&sum->value, 0, 0) : 0;
  }
  s = s ? s : add_vector(q, "mean", q->theta, out, e);
  s = s ? s : add_vector(q, "sds", q->sd, out, e);
  s = s ? s : probe_add_number(out, "mean_sd", PROBE_WHOLE, exp(log_sd / (double)q->s->net->n_logical), (double)NAN, e);
  return s || !q->c->steps ? s : probe_add_numbers(out, "objective", PROBE_WHOLE, q->trace, (size_t)q->c->steps, e);
}

static enum status measure(const void *conf, const struct exec *x, const struct probe_subject *s, struct probe_value *out, struct err *e)
{
  struct search q = {.c = conf, .x = x, .s = s};
  enum status status = gibbs_part(&q.c->g, s, &q.part, e);
  status = status ? status : prepare(&q, e);
  status = status ? status : descend(&q, e);
  status = status ? status : certify(&q, out, e);
  pb_objective_done(&q.f);
  object_free(&q.adam);
  free(q.prior);
  for (size_t i = 0; i < sizeof q.memory / sizeof *q.memory; i++)
    free(q.memory[i]);
  return status;
}

const struct probe probe_pb_opt = {
  .m = {.kind = KIND_PROBE, .id = "pb-opt", .name = "Optimised Gaussian posterior", .summary = "the Gaussian posterior with the least PAC-Bayes bound, by gradient steps",
        .formula = "minimise (sqrt(r + h) + sqrt(h))^2 over mean and sd,  h = (KL + ln(2 sqrt(n)/delta))/(2n),\n"
                   "r = loss/ln 2 or min(loss, cap)/cap at w = mean + sd noise,  KL to the best N(w_0, v I)",
        .cite = "Dziugaite and Roy 2017, Computing nonvacuous generalization bounds for deep (stochastic) neural networks with many more "
                "parameters than training data; Perez-Ortiz et al. 2021, Tighter risk certificates for neural networks",
        .notes = "The steps act on the mean and on ln sd; the bound that they minimise is pb-quad, which is pb-lambda at its best lambda. "
                 "Where n is small for the net, the bounded loss of a guess may look better to it than that of the trained net. "
                 "objective is its value on each step's draw and mini-batch; mean and sds the posterior found, mean_sd the geometric mean of "
                 "sds. " GIBBS_NOTES,
        .example = "assay.probe(\"pb-opt\", {steps = 5, draws = 10})", .conf_size = sizeof(struct conf), .params = params},
  .measure = measure,
};
