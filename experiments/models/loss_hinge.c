/* loss_hinge.c: hinge loss: the amount by which the margin falls short. */
#include <stddef.h>

#include "experiments/models/model.h"

struct conf {
  double margin;
};

static const struct param params[] = {
  {.id = "margin", .type = PARAM_REAL, .at = offsetof(struct conf, margin), .def = 1, .min = 0, .max = 1e6, .flags = PARAM_MIN_OPEN,
   .doc = "margin below which an example costs something", .example = "1"},
  {0},
};

static size_t outputs(size_t classes) { return classes == 2 ? 1 : classes; }

/* The strongest wrong class, the lowest among equals. */
static size_t rival_of(const double *z, size_t k, size_t label)
{
  size_t best = label == 0 ? 1 : 0;
  for (size_t j = best + 1; j < k; j++)
    if (j != label && z[j] > z[best])
      best = j;
  return best;
}

static double margin_of(const double *z, size_t k, int32_t label)
{
  if (k == 1)
    return label ? z[0] : -z[0];
  return z[label] - z[rival_of(z, k, (size_t)label)];
}

/* NaN stays NaN, so that a lost run is noticed. */
static double shortfall(const struct conf *c, double margin) { return margin >= c->margin ? 0 : c->margin - margin; }

static double value(const void *conf, const double *z, size_t k, int32_t label, const float *target)
{
  (void)target;
  return shortfall(conf, margin_of(z, k, label));
}

static double gradient(const void *conf, const double *z, size_t k, int32_t label, const float *target, double *g)
{
  double loss = value(conf, z, k, label, target), slope = loss > 0 ? 1 : 0;
  for (size_t j = 0; j < k; j++)
    g[j] = 0;
  if (k == 1) {
    g[0] = label ? -slope : slope;
  } else {
    g[rival_of(z, k, (size_t)label)] += slope;
    g[label] -= slope;
  }
  return loss;
}

/* Linear on either side of its kinks. */
static void hessian_vector(const void *conf, const double *z, size_t k, int32_t label, const float *target, const double *u, double *hu)
{
  (void)conf, (void)z, (void)label, (void)target, (void)u;
  for (size_t j = 0; j < k; j++)
    hu[j] = 0;
}

static double error(const void *conf, const double *z, size_t k, int32_t label, const float *target)
{
  bool wrong = false;
  (void)conf, (void)target;
  if (k == 1)
    return label ? !(z[0] > 0) : !(z[0] <= 0);
  for (size_t j = 0; j < k; j++)
    wrong |= j < (size_t)label ? !(z[label] > z[j]) : !(z[label] >= z[j]);
  return wrong;
}

const struct loss loss_hinge = {
  .m = {.kind = KIND_LOSS, .id = "hinge", .name = "Hinge loss", .summary = "what the margin lacks to 1, on two or more classes",
        .formula = "loss = max(0, margin - m);  two classes: m = z for class 1, -z for class 0;  more: m = z_y - max_{j != y} z_j",
        .cite = "Crammer and Singer 2001, On the algorithmic implementation of multiclass kernel-based vector machines",
        .notes = "Where it is not differentiable the derivative taken is 0 at m = margin, and that of the lowest class among equal rivals.",
        .example = "assay.loss(\"hinge\")", .conf_size = sizeof(struct conf), .params = params},
  .target = TARGET_CLASS,
  .outputs = outputs, .value = value, .gradient = gradient, .hessian_vector = hessian_vector, .error = error,
};
