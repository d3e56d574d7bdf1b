/* rad_golowich.c: a margin bound for deep nets from Frobenius norms, free of the width. Norms are multiplied as
 * logarithms: for trained nets the value is often beyond the range of a double, and log10 still shows it. */
#include "experiments/bounds/margin.h"

struct conf {
  struct margin_input m;
  struct param_list frobenius;
  double radius;
  int64_t classes;
};

/* From a subject: a net with biases is one without, of inputs (x, 1), that hands the 1 on: each layer but the last has the
 * row (0, …, 0, 1) more, which relu leaves alone. With two outputs, their difference decides. */

static enum status net_fits(const struct bound_input *in, bool *biases, struct err *e)
{
  const struct net *net = in->subject->net;
  *biases = false;
  for (size_t l = 0; l < net->n_layers; l++) {
    const struct layer *y = &net->layer[l];
    if (y->kind != LAYER_DENSE || (y->act != ACT_RELU && y->act != ACT_NONE))
      return err_set(e, STATUS_UNSUPPORTED, "layer %zu is not a dense layer with relu or no activation", l + 1);
    *biases = *biases || y->bias;
  }
  return STATUS_OK;
}

static double square_of_layer(const struct layer *y, const float *w, bool difference)
{
  double sum = 0;
  for (size_t j = 0; j < (difference ? 1 : y->out); j++)
    for (size_t i = 0; i < y->in + y->bias; i++) {
      size_t at = i < y->in ? y->w_at + j * y->w_stride + i : y->b_at + j;
      double v = (double)w[at] - (difference ? (double)w[at + (i < y->in ? y->w_stride : 1)] : 0);
      sum = fma(v, v, sum);
    }
  return sum;
}

static enum status take_norms(const struct exec *x, const struct bound_input *in, struct taken *out, struct err *e)
{
  (void)x;
  const struct net *net = in->subject->net;
  bool biases;
  enum status s = net_fits(in, &biases, e);
  s = s ? s : taken_list(out, net->n_layers, e);
  for (size_t l = 0; l < net->n_layers && !s; l++) {
    bool last = l + 1 == net->n_layers;
    double square = square_of_layer(&net->layer[l], in->subject->weights, last && net->out == 2);
    out->list.v[l] = sqrt(square + (biases && !last ? 1 : 0));
  }
  return s;
}

static enum status take_radius(const struct exec *x, const struct bound_input *in, struct taken *out, struct err *e)
{
  bool biases;
  enum status s = net_fits(in, &biases, e);
  s = s ? s : quantity_radius.take(x, in, out, e);
  out->number = sqrt(out->number * out->number + (biases ? 1 : 0));
  return s;
}

static enum status take_classes(const struct exec *x, const struct bound_input *in, struct taken *out, struct err *e)
{
  (void)x;
  out->number = in->subject->net->out <= 2 ? 2 : (double)in->subject->net->out;
  return bound_classes_only(in, "margin", e);
}

static const struct quantity norms = {"of a relu net, biases folded in as a further input 1", take_norms};
static const struct quantity radius = {"the largest norm of an input of the part, with a further input 1 where there are biases", take_radius};
static const struct quantity classes = {"the outputs of the net", take_classes};

static const struct param params[] = {
  MARGIN_PARAMS(struct conf, m),
  {.id = "frobenius", .type = PARAM_LIST, .at = offsetof(struct conf, frobenius), .min = 0, .max = INFINITY,
   .flags = PARAM_MIN_OPEN, .doc = "Frobenius norm of each layer's weights", .example = "3,2", .from = &norms},
  BOUND_POSITIVE_FROM(struct conf, radius, "radius", "largest norm of an input", &radius),
  {.id = "classes", .type = PARAM_INT, .at = offsetof(struct conf, classes), .min = 2, .max = 1e9, .flags = PARAM_AUTO,
   .doc = "classes K; 2 (as auto without a subject) means one output with labels -1 and 1", .example = "10", .from = &classes},
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
  double n = c->m.margins.n > 0 ? (double)c->m.margins.n : (double)c->m.n;
  double factor = c->classes == PARAM_AUTO_INT || c->classes == 2 ? 2 : 4 * (double)c->classes;
  double log_scale = log(factor * c->radius) + log1p(sqrt(2 * depth * M_LN2)) + log_product - log(fmax(n, 1)) / 2;
  struct margin_bound b;
  enum status s = margin_bound_of(&c->m, log_scale, log_product, &b, e);
  if (s == STATUS_OK)
    margin_settle(&b, out);
  return s;
}

static const char *const required[] = {"frobenius", "radius", NULL};

const struct bound bound_rad_golowich = {
  .m = {.kind = KIND_BOUND,
        .id = "rad-golowich",
        .name = "Size-free margin bound for deep nets",
        .summary = "bounds a net's error by margins and the product of the layers' Frobenius norms",
        .formula = "err <= Lhat_rho + (a/rho) R + 3 sqrt(ln(2/delta')/(2n)),  a = 2, or 4K for K > 2 classes\n"
                   "R = max|x| (sqrt(2 D ln 2) + 1) prod_l |W_l|_F/sqrt(n),  D = number of layers;  delta' as in margin-linear",
        .cite = "Golowich, Rakhlin and Shamir 2018, Size-independent sample complexity of neural networks",
        .notes = "For 1-Lipschitz, positively homogeneous activations (relu) without biases, or with biases folded in. The constants are as usually "
                 "quoted, not derived anew. Nearly always vacuous for trained nets: compare log10.",
        .example = "assay.bound(\"rad-golowich\", {n = 60000, rho = 1, margin_risk = 0.1, frobenius = {3, 2}, radius = 1})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .statement = STATEMENT_HP},
  .required = required,
  .evaluate = evaluate,
  .checked = margin_checked,
};
