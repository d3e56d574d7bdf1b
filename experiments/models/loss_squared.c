/* loss_squared.c: half the squared error, for regression. */
#include "experiments/models/model.h"

static size_t outputs(size_t width) { return width; }

static double error(const void *conf, const double *z, size_t k, int32_t label, const float *target)
{
  double sum = 0;
  (void)conf, (void)label;
  for (size_t j = 0; j < k; j++)
    sum += (z[j] - (double)target[j]) * (z[j] - (double)target[j]);
  return sum;
}

static double value(const void *conf, const double *z, size_t k, int32_t label, const float *target)
{
  return 0.5 * error(conf, z, k, label, target);
}

static double gradient(const void *conf, const double *z, size_t k, int32_t label, const float *target, double *g)
{
  for (size_t j = 0; j < k; j++)
    g[j] = z[j] - (double)target[j];
  return value(conf, z, k, label, target);
}

static void hessian_vector(const void *conf, const double *z, size_t k, int32_t label, const float *target, const double *u, double *hu)
{
  (void)conf, (void)z, (void)label, (void)target;
  for (size_t j = 0; j < k; j++)
    hu[j] = u[j];
}

static void fast(const void *conf, const struct product *p, const struct loss_batch *b)
{
  (void)conf, (void)p;
  for (size_t i = 0; i < b->n; i++) {
    double sum = 0;
    for (size_t j = 0; j < b->k; j++) {
      float r = b->z[j * b->ldb + i] - b->target[i * b->target_stride + j];
      sum += (double)r * (double)r;
      b->d[j * b->ldb + i] = r * b->scale;
    }
    b->loss[i] = 0.5 * sum;
    if (b->error)
      b->error[i] = sum;
  }
  for (size_t j = 0; j < b->k; j++)
    for (size_t i = b->n; i < b->ldb; i++)
      b->d[j * b->ldb + i] = 0.0f;
}

const struct loss loss_squared = {
  .m = {.kind = KIND_LOSS, .id = "squared", .name = "Squared error", .summary = "half the squared distance to a real target",
        .formula = "loss = |z - y|^2 / 2;  error = |z - y|^2",
        .cite = "Legendre 1805, Nouvelles méthodes pour la détermination des orbites des comètes",
        .notes = "Summed over the outputs. The half makes the Hessian of linear regression X'X/n; PyTorch's MSELoss has no half and "
                 "takes the mean over the outputs.",
        .example = "assay.loss(\"squared\")"},
  .target = TARGET_REAL,
  .outputs = outputs, .value = value, .gradient = gradient, .hessian_vector = hessian_vector, .error = error, .fast = fast,
};
