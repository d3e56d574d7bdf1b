/* loss_logistic.c: logistic loss on one output: ln(1 + exp(-m)), m = z for class 1 and -z for class 0. */
#include <math.h>

#include "experiments/models/model.h"

static size_t outputs(size_t classes) { return classes == 2 ? 1 : 0; }

/* exp only of -|m|, so that nothing overflows and small losses keep their digits. */
static double value(const void *conf, const double *z, size_t k, int32_t label, const float *target)
{
  double m = label ? z[0] : -z[0];
  (void)conf, (void)k, (void)target;
  return log1p(exp(-fabs(m))) + (m < 0 ? -m : 0);
}

static double gradient(const void *conf, const double *z, size_t k, int32_t label, const float *target, double *g)
{
  double m = label ? z[0] : -z[0], e = exp(-fabs(m));
  double slope = (m < 0 ? 1 : e) / (1 + e); /* 1 / (1 + exp(m)) */
  g[0] = label ? -slope : slope;
  return value(conf, z, k, label, target);
}

/* p (1 - p) = exp(-|z|) / (1 + exp(-|z|))^2, whatever the class. */
static void hessian_vector(const void *conf, const double *z, size_t k, int32_t label, const float *target, const double *u, double *hu)
{
  double e = exp(-fabs(z[0]));
  (void)conf, (void)k, (void)label, (void)target;
  hu[0] = e / ((1 + e) * (1 + e)) * u[0];
}

static double error(const void *conf, const double *z, size_t k, int32_t label, const float *target)
{
  (void)conf, (void)k, (void)target;
  return label ? !(z[0] > 0) : !(z[0] <= 0);
}

static void fast(const void *conf, const struct product *p, const struct loss_batch *b)
{
  (void)conf, (void)p;
  for (size_t i = 0; i < b->n; i++) {
    float z = b->z[i], m = b->label[i] ? z : -z, e = product_expf(-fabsf(m));
    float slope = (m < 0 ? 1.0f : e) / (1.0f + e);
    b->loss[i] = log1p((double)e) + (m < 0 ? -(double)m : 0);
    if (b->error)
      b->error[i] = b->label[i] ? !(z > 0) : !(z <= 0);
    b->d[i] = (b->label[i] ? -slope : slope) * b->scale;
  }
  for (size_t i = b->n; i < b->ldb; i++)
    b->d[i] = 0.0f;
}

const struct loss loss_logistic = {
  .m = {.kind = KIND_LOSS, .id = "logistic", .name = "Logistic loss", .summary = "cross-entropy of two classes on one output",
        .formula = "loss = ln(1 + exp(-m)),  m = z for class 1, -z for class 0",
        .cite = "Cox 1958, The regression analysis of binary sequences",
        .notes = "Two classes only; class 1 is predicted when z > 0. In nats.",
        .example = "assay.loss(\"logistic\")"},
  .target = TARGET_CLASS,
  .outputs = outputs, .value = value, .gradient = gradient, .hessian_vector = hessian_vector, .error = error, .fast = fast,
};
