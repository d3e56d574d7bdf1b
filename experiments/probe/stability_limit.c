/* stability_limit.c: the rate above which an update rule leaves the point where it stands. */
#include <math.h>
#include <stddef.h>

#include "experiments/probe/curvature.h"
#include "experiments/probe/lanczos.h"
#include "experiments/probe/step_limit.h"

struct conf {
  double momentum, tolerance;
  int64_t steps;
  int rule;      /* enum stability_rule */
  int curvature; /* enum curvature */
};

static const struct param params[] = {
  {.id = "rule", .type = PARAM_CHOICE, .at = offsetof(struct conf, rule), .def = STABILITY_GD, .choices = stability_rule_names,
   .doc = "gradient descent, heavy ball, heavy ball with (1 - beta) g, Nesterov as in torch", .example = "heavy-ball"},
  {.id = "momentum", .type = PARAM_REAL, .at = offsetof(struct conf, momentum), .def = 0.9, .min = 0, .max = 1,
   .flags = PARAM_MAX_OPEN, .doc = "beta of the rule; gd has none", .example = "0.9"},
  {.id = "steps", .type = PARAM_INT, .at = offsetof(struct conf, steps), .def = 80, .min = 1, .max = 10000,
   .doc = "products with the Hessian at most", .example = "40"},
  {.id = "tolerance", .type = PARAM_REAL, .at = offsetof(struct conf, tolerance), .def = 1e-6, .min = 0, .max = 1,
   .doc = "stop when the residual of the largest eigenvalue is below this part of it", .example = "1e-4"},
  PROBE_CURVATURE_PARAM(struct conf, curvature),
  {0},
};

static enum status measure(const void *conf, const struct exec *x, const struct probe_subject *s, struct probe_value *out, struct err *e)
{
  const struct conf *c = conf;
  struct lanczos l;
  enum status status = lanczos_new(&l, s, (enum curvature)c->curvature, (size_t)c->steps, e);
  if (status)
    return status;
  status = lanczos_run(&l, x, PROBE_STREAM_LANCZOS, 0, 1, c->tolerance, e);
  if (!status) {
    double top = mat_get(&l.values, l.m - 1, 0), factor = stability_limit((enum stability_rule)c->rule, c->momentum);
    status = probe_add_number(out, "limit", PROBE_WHOLE, top > 0 ? factor / top : (double)INFINITY, (double)NAN, e);
    status = status ? status : probe_add_number(out, "factor", PROBE_WHOLE, factor, (double)NAN, e);
    status = status ? status : probe_add_number(out, "top", PROBE_WHOLE, top, (double)NAN, e);
    status = status ? status : probe_add_number(out, "residual", PROBE_WHOLE, lanczos_residual(&l, l.m - 1), (double)NAN, e);
  }
  lanczos_free(&l);
  return status;
}

const struct probe probe_stability_limit = {
  .m = {.kind = KIND_PROBE,
        .id = "stability-limit",
        .name = "Stability limit",
        .summary = "the rate above which full-batch updates leave this point",
        .formula = "limit = factor/lambda_max;  factor: gd 2, heavy-ball 2(1 + beta), damped 2(1 + beta)/(1 - beta),\n"
                   "nesterov (2 + 2 beta)/(1 + 2 beta)",
        .cite = "Cohen, Kaur, Li, Kolter and Talwalkar 2021, Gradient descent on neural networks typically occurs at the edge of "
                "stability",
        .notes = "Exact for quadratics. Along a full-batch training the sharpness lambda_max rises until rate * lambda_max hovers at "
                 "factor: plot both with the line. Lanczos finds lambda_max from below, so that limit is never too small by that. "
                 "Infinite where no curvature is positive. Adam with a frozen preconditioner D: damped with beta1, on lambda_max of "
                 "D^-1 H (38 at 0.9). Gives limit, factor, top, residual. SGD is stable in the mean square only below it.",
        .example = "assay.probe(\"stability-limit\", {rule = \"heavy-ball\", momentum = 0.9})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .measure = measure,
};
