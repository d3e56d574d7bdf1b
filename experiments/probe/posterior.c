/* posterior.c: the net with noise on its weights: Gibbs risk of N(w, sd^2) for each of a few sd. */
#include <math.h>
#include <stdlib.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"
#include "experiments/probe/gibbs.h"

enum scale { SCALE_ALL = 0, SCALE_LAYER = 1 };
static const char *const scale_names[] = {"all", "layer", NULL};

struct conf {
  struct gibbs_conf g;
  struct param_list sd;
  int scale; /* enum scale */
};

static const struct param params[] = {
  {.id = "sd", .type = PARAM_LIST, .at = offsetof(struct conf, sd), .def_text = "0.003,0.01,0.03,0.1", .min = 0, .max = 1e6,
   .flags = PARAM_MIN_OPEN | PARAM_LOG, .doc = "standard deviations of the noise, fixed before the data: a bound may take the best of them",
   .example = "0.01,0.1"},
  {.id = "scale", .type = PARAM_CHOICE, .at = offsetof(struct conf, scale), .def = SCALE_ALL, .choices = scale_names,
   .doc = "all: sd is the same everywhere; layer: relative to the root mean square of the layer's parameters", .example = "layer"},
  GIBBS_PARAMS(struct conf, g),
  {0},
};

static enum status resolve(void *conf, struct err *e)
{
  const struct conf *c = conf;
  return c->sd.n ? STATUS_OK : err_set(e, STATUS_BAD_ARG, "sd must name at least one standard deviation");
}

/* Root mean square of the parameters of layer y; 1 where they are all 0. */
static double layer_rms(const struct layer *y, const float *w)
{
  double square = 0, count = (double)(y->rows * y->cols + (y->bias ? y->rows : 0));
  for (size_t j = 0; j < y->rows; j++) {
    double norm = vec_norm2_f32(w + y->w_at + j * y->w_stride, y->cols);
    square += norm * norm;
  }
  double biases = y->bias ? vec_norm2_f32(w + y->b_at, y->rows) : 0;
  square += biases * biases;
  return square > 0 ? sqrt(square / count) : 1;
}

/* One padded vector of standard deviations: 0 in the padding. */
static void fill_sd(const struct conf *c, const struct probe_subject *s, double sd, float *out)
{
  for (size_t l = 0; l < s->net->n_layers; l++) {
    const struct layer *y = &s->net->layer[l];
    float v = (float)(y->rows && c->scale == SCALE_LAYER ? sd * layer_rms(y, s->weights) : sd);
    for (size_t j = 0; j < y->rows; j++) {
      for (size_t i = 0; i < y->cols; i++)
        out[y->w_at + j * y->w_stride + i] = v;
      if (y->bias)
        out[y->b_at + j] = v;
    }
  }
}

static enum status measure(const void *conf, const struct exec *x, const struct probe_subject *s, struct probe_value *out, struct err *e)
{
  const struct conf *c = conf;
  float *prior = NULL, *sd = NULL;
  size_t n = s->net->n_params;
  struct gibbs_posteriors q = {.k = c->sd.n, .mean = s->weights};
  enum status status = gibbs_prior_mean(&c->g, s, &prior, &q.prior_known, e);
  status = status ? status : mem_new((void **)&sd, c->sd.n, n * sizeof *sd, "standard deviations", e);
  if (!status) {
    q.prior_mean = prior;
    q.sd = sd;
    for (size_t k = 0; k < c->sd.n; k++)
      fill_sd(c, s, c->sd.v[k], sd + k * n);
    status = gibbs_measure(&c->g, x, s, &q, out, e);
  }
  status = status ? status : probe_add_numbers(out, "sd", PROBE_WHOLE, c->sd.v, c->sd.n, e);
  free(prior);
  free(sd);
  return status;
}

const struct probe probe_posterior = {
  .m = {.kind = KIND_PROBE, .id = "posterior", .name = "Gaussian posterior", .summary = "risk of the net with Gaussian noise on its weights",
        .formula = "error = E 1{wrong},  bounded = E min(loss, cap)/cap,  over weights N(w, sd^2) and the examples",
        .cite = "Langford and Caruana 2001, (Not) bounding the true error; Dziugaite and Roy 2017, Computing nonvacuous generalization "
                "bounds for deep (stochastic) neural networks with many more parameters than training data",
        .notes = GIBBS_NOTES,
        .example = "assay.probe(\"posterior\", {sd = {0.01, 0.1}, draws = 20})", .conf_size = sizeof(struct conf), .params = params,
        .resolve = resolve},
  .measure = measure,
};
