/* loss_cross_entropy.c: softmax cross-entropy: -ln of the probability of the right class. */
#include <math.h>

#include "experiments/models/model.h"

static size_t outputs(size_t classes) { return classes; }

static double largest(const double *z, size_t k)
{
  double top = z[0];
  for (size_t j = 1; j < k; j++)
    top = z[j] > top || isnan(z[j]) ? z[j] : top;
  return top;
}

/* ln sum exp(z - top) and top, with nothing that overflows; written so that a loss near 0 keeps its digits:
 * the largest term, 1, stays outside the sum. */
static double value(const void *conf, const double *z, size_t k, int32_t label, const float *target)
{
  double top = largest(z, k), rest = 0;
  size_t at = 0;
  (void)conf, (void)target;
  while (at + 1 < k && z[at] < top)
    at++;
  for (size_t j = 0; j < k; j++)
    rest += j == at ? 0 : exp(z[j] - top);
  return log1p(rest) + (top - z[label]);
}

static double gradient(const void *conf, const double *z, size_t k, int32_t label, const float *target, double *g)
{
  double top = largest(z, k), sum = 0;
  for (size_t j = 0; j < k; j++)
    sum += g[j] = exp(z[j] - top);
  for (size_t j = 0; j < k; j++)
    g[j] = g[j] / sum - (j == (size_t)label);
  return value(conf, z, k, label, target);
}

/* H = diag(p) - p p': each component of u less its mean under p. */
static void hessian_vector(const void *conf, const double *z, size_t k, int32_t label, const float *target, const double *u, double *hu)
{
  double top = largest(z, k), sum = 0, mean = 0;
  (void)conf, (void)label, (void)target;
  for (size_t j = 0; j < k; j++) {
    sum += hu[j] = exp(z[j] - top);
    mean += hu[j] * u[j];
  }
  mean /= sum;
  for (size_t j = 0; j < k; j++)
    hu[j] = hu[j] / sum * (u[j] - mean);
}

static double error(const void *conf, const double *z, size_t k, int32_t label, const float *target)
{
  bool wrong = false;
  (void)conf, (void)target;
  for (size_t j = 0; j < k; j++)
    wrong |= j < (size_t)label ? !(z[label] > z[j]) : !(z[label] >= z[j]);
  return wrong;
}

static void fast_error(const struct loss_batch *b)
{
  for (size_t i = 0; i < b->n; i++) {
    size_t y = (size_t)b->label[i];
    float zy = b->z[y * b->ldb + i];
    bool wrong = false;
    for (size_t j = 0; j < b->k; j++)
      wrong |= j < y ? !(zy > b->z[j * b->ldb + i]) : !(zy >= b->z[j * b->ldb + i]);
    b->error[i] = wrong;
  }
}

static void fast(const void *conf, const struct product *p, const struct loss_batch *b)
{
  (void)conf;
  if (b->error)
    fast_error(b);
  p->softmax_xent(b->k, b->n, b->z, b->ldb, b->label, b->scale, b->d, b->loss);
}

const struct loss loss_cross_entropy = {
  .m = {.kind = KIND_LOSS, .id = "cross-entropy", .name = "Softmax cross-entropy", .summary = "-ln of the softmax probability of the right class",
        .formula = "loss = ln sum_j exp(z_j) - z_y",
        .cite = "Bridle 1990, Probabilistic interpretation of feedforward classification network outputs",
        .notes = "In nats. The predicted class is the largest output, the lower class when equal.",
        .example = "assay.loss(\"cross-entropy\")"},
  .target = TARGET_CLASS,
  .outputs = outputs, .value = value, .gradient = gradient, .hessian_vector = hessian_vector, .error = error, .fast = fast,
};
