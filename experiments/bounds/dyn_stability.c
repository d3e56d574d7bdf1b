/* dyn_stability.c: can SGD at this learning rate stay at a minimum of this curvature?
 *
 * Near an interpolating minimum of the squared loss the displacement u follows u <- u - lr (1/B) sum x (x'u), x the gradients
 * of the outputs, H = E xx'. Its second moment M = E uu' follows
 *
 *   M <- T(M) = M - lr (H M + M H) + lr^2 ((1/B) E xx'Mxx' + (1 - 1/B) H M H),
 *
 * a symmetric map, so stability asks for <I, T(I)> <= <I, I>, that is lr ((1/B) E|x|^4 + (1 - 1/B) tr H^2) <= 2 tr H, and
 * E|x|^4 >= (tr H)^2 leaves lr tr(H) <= 2B. The mean E u asks for lr top <= 2, as gradient descent does. */
#include "experiments/bounds/measure.h"

struct conf {
  double lr, trace, top;
  int64_t batch;
};

extern const struct probe probe_hessian_trace, probe_hessian_top;

static enum status take_trace(const struct exec *x, const struct bound_input *in, struct taken *out, struct err *e)
{
  const struct probe_value *v;
  enum status s = bound_probe(x, in, &probe_hessian_trace, NULL, 0, &v, e);
  if (s == STATUS_OK)
    out->number = fmax(probe_number(v, "trace", PROBE_WHOLE), 0);
  return s;
}

static enum status take_top(const struct exec *x, const struct bound_input *in, struct taken *out, struct err *e)
{
  const struct probe_value *v;
  enum status s = bound_probe(x, in, &probe_hessian_top, NULL, 0, &v, e);
  if (s == STATUS_OK)
    out->number = fmax(mat_get(&probe_find(v, "top", PROBE_WHOLE)->value, 0, 0), 0);
  return s;
}

static const struct quantity trace_of = {"Hutchinson's estimate by the probe \"hessian-trace\", of the loss over the part", take_trace};
static const struct quantity top_of = {"by the probe \"hessian-top\"", take_top};

static const struct param params[] = {
  {.id = "lr", .type = PARAM_REAL, .at = offsetof(struct conf, lr), .min = 0, .max = INFINITY, .flags = PARAM_AUTO | PARAM_MIN_OPEN,
   .doc = "learning rate at the end of training", .example = "0.1"},
  {.id = "batch", .type = PARAM_INT, .at = offsetof(struct conf, batch), .def = 1, .min = 1, .max = 1e12, .unit = "examples",
   .doc = "examples per update", .example = "64"},
  {.id = "trace", .type = PARAM_REAL, .at = offsetof(struct conf, trace), .min = 0, .max = INFINITY, .flags = PARAM_AUTO,
   .doc = "trace of the Hessian of the mean loss", .example = "30", .from = &trace_of},
  {.id = "top", .type = PARAM_REAL, .at = offsetof(struct conf, top), .min = 0, .max = INFINITY, .flags = PARAM_AUTO,
   .doc = "largest eigenvalue of that Hessian", .example = "12", .from = &top_of},
  {0},
};

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in, struct bound_value *out, struct err *e)
{
  (void)x, (void)in, (void)e;
  const struct conf *c = conf;
  double b = (double)c->batch, sgd = c->lr * c->trace / 2, gd = c->lr * c->top / 2;
  bound_term(out, "sgd_ratio", sgd);
  bound_term(out, "batch_ratio", sgd / b);
  bound_term(out, "gd_ratio", gd);
  bound_term(out, "equal_rows", sgd / b + (1 - 1 / b) * gd);
  measure_set(out, fmax(sgd / b, gd));
  return STATUS_OK;
}

static const char *const required[] = {"lr", "trace", "top", NULL};

const struct bound bound_dyn_stability = {
  .m = {.kind = KIND_BOUND,
        .id = "dyn-stability",
        .name = "Dynamical stability of SGD",
        .summary = "learning rate against the curvature at which SGD could stay; above 1 it could not",
        .formula = "max(batch_ratio, gd_ratio);  sgd_ratio = lr tr(H)/2;  batch_ratio = sgd_ratio/B;  gd_ratio = lr top/2\n"
                   "equal_rows = batch_ratio + (1 - 1/B) gd_ratio: at most 1 is enough where all gradients of outputs have one norm",
        .cite = "Wu and Su 2023, The implicit regularization of dynamical stability in stochastic gradient descent",
        .notes = "For the squared loss with each half of a square per example, at a minimum that fits all examples, where H is its "
                 "Gauss-Newton matrix. The published tr(H) <= 2/lr is for batches of one; for B > 1 it can fail, and tr(H) <= 2B/lr "
                 "is what is necessary (from <I, T(I)> of the second moments' map T). Cross-entropy flattens as it falls: compare there "
                 "at one loss only. Ratios of nets that still train say nothing about stability.",
        .example = "assay.bound(\"dyn-stability\", {lr = 0.1, batch = 4, trace = 30, top = 12})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_C},
  .required = required,
  .evaluate = evaluate,
};
