/* rad_golowich.c: a margin bound for deep nets from Frobenius norms, free of the width. Norms are multiplied as
 * logarithms: for trained nets the value is often beyond the range of a double, and log10 still shows it. */
#include "experiments/bounds/margin.h"

struct conf {
  struct margin_input m;
  struct param_list frobenius;
  double radius;
  int64_t classes;
};

static const struct param params[] = {
  MARGIN_PARAMS(struct conf, m),
  {.id = "frobenius", .type = PARAM_LIST, .at = offsetof(struct conf, frobenius), .min = 0, .max = INFINITY,
   .flags = PARAM_MIN_OPEN, .doc = "Frobenius norm of each layer's weights (has to be given)", .example = "3,2"},
  BOUND_POSITIVE_PARAM(struct conf, radius, "radius", "largest norm of an input (has to be given)"),
  {.id = "classes", .type = PARAM_INT, .at = offsetof(struct conf, classes), .def = 2, .min = 2, .max = 1e9,
   .doc = "classes K; 2 means one output with labels -1 and 1", .example = "10"},
  {0},
};

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in,
                            struct bound_value *out, struct err *e)
{
  (void)x, (void)in;
  const struct conf *c = conf;
  double depth = (double)c->frobenius.n, log_product = 0;
  for (size_t l = 0; l < c->frobenius.n; l++)
    log_product += log(c->frobenius.v[l]);
  struct grid_point product = {log_product, 0}, rho = {log(c->m.rho), 0};
  if (c->m.grid) {
    product = grid_above(log_product);
    rho = grid_below(rho.log_value);
  }
  struct margin_fraction small;
  enum status s = margin_fraction_of(&c->m, exp(rho.log_value), &small, e);
  if (s != STATUS_OK)
    return s;
  double factor = c->classes == 2 ? 2 : 4 * (double)c->classes;
  double log_complexity = log(factor) - rho.log_value + log(c->radius) + log1p(sqrt(2 * depth * M_LN2)) + product.log_value - log(small.n) / 2;
  double confidence = 3 * sqrt((log(2 / c->m.delta) + product.cost + rho.cost) / (2 * small.n)), rest = small.risk + confidence;
  bound_term(out, "margin_risk", small.risk);
  bound_term(out, "rho", exp(rho.log_value));
  bound_term(out, "log10_complexity", log_complexity / M_LN10);
  bound_term(out, "confidence", confidence);
  out->value = rest + exp(log_complexity);
  out->log_value = fmax(log_complexity, log(rest)) + log1p(exp(-fabs(log_complexity - log(rest))));
  return STATUS_OK;
}

static const char *const required[] = {"rho", "frobenius", "radius", NULL};

const struct bound bound_rad_golowich = {
  .m = {.kind = KIND_BOUND,
        .id = "rad-golowich",
        .name = "Size-free margin bound for deep nets",
        .summary = "bounds a net's error by margins and the product of the layers' Frobenius norms",
        .formula = "err <= Lhat_rho + (a/rho) R + 3 sqrt(ln(2/delta')/(2n)),  a = 2, or 4K for K > 2 classes\n"
                   "R = max|x| (sqrt(2 D ln 2) + 1) prod_l |W_l|_F/sqrt(n),  D = number of layers;  delta' as in margin-linear",
        .cite = "Golowich, Rakhlin and Shamir 2018, Size-independent sample complexity of neural networks",
        .notes = "For 1-Lipschitz, positively homogeneous activations (relu) without biases. The constants are as usually "
                 "quoted, not derived anew. Nearly always vacuous for trained nets: compare log10.",
        .example = "assay.bound(\"rad-golowich\", {n = 60000, rho = 1, margin_risk = 0.1, frobenius = {3, 2}, radius = 1})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_HP},
  .required = required,
  .evaluate = evaluate,
};
