/* margin_linear.c: the margin bound for linear classifiers of bounded norm. */
#include "experiments/bounds/margin.h"

struct conf {
  struct margin_input m;
  double norm, rademacher;
};

/* A linear model with a bias is one without, of inputs (x, 1). With two outputs, their difference decides. */
static enum status linear_layer(const struct bound_input *in, const struct layer **out, struct err *e)
{
  const struct net *net = in->subject->net;
  *out = &net->layer[0];
  if (net->n_layers == 1 && net->layer[0].kind == LAYER_DENSE && net->out <= 2)
    return STATUS_OK;
  return err_set(e, STATUS_UNSUPPORTED, "model \"%s\" is no linear classifier of two classes", in->subject->model->method->id);
}

static enum status take_norm(const struct exec *x, const struct bound_input *in, struct taken *out, struct err *e)
{
  (void)x;
  const struct layer *y;
  const float *w = in->subject->weights;
  enum status s = linear_layer(in, &y, e);
  if (s != STATUS_OK)
    return s;
  bool pair = y->out == 2;
  double b = y->bias ? (double)w[y->b_at] - (pair ? (double)w[y->b_at + 1] : 0) : 0, sum = b * b;
  for (size_t i = 0; i < y->in; i++) {
    double v = (double)w[y->w_at + i] - (pair ? (double)w[y->w_at + y->w_stride + i] : 0);
    sum += v * v;
  }
  out->number = sqrt(sum);
  return STATUS_OK;
}

static enum status take_rademacher(const struct exec *x, const struct bound_input *in, struct taken *out, struct err *e)
{
  const struct layer *y;
  enum status s = linear_layer(in, &y, e);
  s = s ? s : quantity_x_norm.take(x, in, out, e);
  double n = (double)in->subject->part->n;
  if (s == STATUS_OK)
    out->number = sqrt(out->number * out->number + (y->bias ? n : 0)) / n;
  return s;
}

static const struct quantity norm = {"of the weights and bias of a linear model", take_norm};
static const struct quantity rademacher = {"its upper limit sqrt(sum |x|^2)/n over the part, with a further input 1 where there is a bias",
                                           take_rademacher};

static const struct param params[] = {
  MARGIN_PARAMS(struct conf, m),
  BOUND_POSITIVE_FROM(struct conf, norm, "norm", "norm B of the weights", &norm),
  BOUND_POSITIVE_FROM(struct conf, rademacher, "rademacher",
                      "empirical Rademacher complexity of the class with B = 1, a term of rad-linear", &rademacher),
  {0},
};

static enum status evaluate(const void *conf, const struct exec *x, const struct bound_input *in,
                            struct bound_value *out, struct err *e)
{
  (void)x, (void)in;
  const struct conf *c = conf;
  struct margin_bound b;
  enum status s = margin_bound_of(&c->m, log(2 * c->norm * c->rademacher), log(c->norm), &b, e);
  if (s != STATUS_OK)
    return s;
  margin_settle(&b, out);
  bound_term(out, "norm", c->m.grid ? exp(grid_above(log(c->norm)).log_value) : c->norm);
  return STATUS_OK;
}

static const char *const required[] = {"norm", "rademacher", NULL};

const struct bound bound_margin_linear = {
  .m = {.kind = KIND_BOUND,
        .id = "margin-linear",
        .name = "Margin bound for linear classifiers",
        .summary = "bounds the error by the fraction of small margins and norm over margin",
        .formula = "err <= Lhat_rho + (2/rho) B R_1 + 3 sqrt(ln(2/delta')/(2n)),  Lhat_rho = fraction with y f(x) <= rho\n"
                   "grid: B up and rho down to powers 2^i, 2^j,  delta' = delta/((pi^2/3 - 1)^2 (|i|+1)^2 (|j|+1)^2)",
        .cite = "Koltchinskii and Panchenko 2002, Empirical margin distributions; Mohri, Rostamizadeh and Talwalkar 2018, "
                "Foundations of machine learning",
        .notes = "Two classes, labels -1 and 1. Without grid, norm and rho must have been fixed before the data.",
        .example = "assay.bound(\"margin-linear\", {n = 5000, rho = 1, margin_risk = 0.05, norm = 2, rademacher = 0.01})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_HP},
  .required = required,
  .evaluate = evaluate,
  .checked = margin_checked,
};
