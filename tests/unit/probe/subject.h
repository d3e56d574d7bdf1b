/* subject.h: a small problem with random weights for the tests of probes. */
#ifndef ASSAY_TESTS_SUBJECT_H
#define ASSAY_TESTS_SUBJECT_H

#include <stdarg.h>

#include "experiments/probe/probe.h"
#include "tests/fixture.h"

extern const struct model model_linear, model_softmax, model_logistic, model_mlp, model_convnet;
extern const struct loss loss_squared, loss_logistic, loss_cross_entropy, loss_hinge;
extern const struct probe probe_margins, probe_layer_norms, probe_hessian_trace, probe_hessian_top, probe_hessian_density, probe_sharpness,
    probe_gradient_norms, probe_input_gram;

struct subject {
  struct fixture f;
  struct object model, loss;
  struct net net;
  float *w, *start;
  struct probe_subject s;
};

/* n training examples of d inputs; logical weights N(0, 1/4), biases too. */
static inline void subject_make(struct subject *t, const struct model *model, const struct named_value *values, size_t n_values,
                                const struct loss *loss, size_t n, size_t d, size_t classes, size_t outputs)
{
  struct err e;
  struct rng r = rng_make(31, RNG_TEST, 0);
  *t = (struct subject){0};
  fixture_make(&t->f, 31, n, 0, 0, d, classes, outputs);
  t->model = object_of(&model->m, values, n_values);
  t->loss = object_of(&loss->m, NULL, 0);
  if (model_build(&t->net, &t->model, &t->loss, &t->f.data, &e))
    tap_bail("%s", e.message);
  float *logical = xcalloc(t->net.n_logical, sizeof *logical);
  t->w = fixture_take(&t->f, t->net.n_params, sizeof(float));
  t->start = fixture_take(&t->f, t->net.n_params, sizeof(float));
  rng_fill_normal_f32(&r, logical, t->net.n_logical, 0, 0.5);
  net_pack_f32(&t->net, logical, t->w);
  rng_fill_normal_f32(&r, logical, t->net.n_logical, 0, 0.5);
  net_pack_f32(&t->net, logical, t->start);
  free(logical);
  t->s = (struct probe_subject){.net = &t->net, .model = &t->model, .loss = &t->loss, .weights = t->w, .data = &t->f.data,
                                .part = &t->f.data.train, .seed = 7};
}

static inline void subject_free(struct subject *t)
{
  object_free(&t->model);
  object_free(&t->loss);
  fixture_free(&t->f);
}

/* The probe with n parameters (struct named_value each) set. */
static inline struct probe_value subject_measure(const struct subject *t, const struct probe *probe, int n, ...)
{
  struct named_value values[8];
  struct probe_value out;
  struct err e;
  va_list ap;
  va_start(ap, n);
  for (int i = 0; i < n; i++)
    values[i] = va_arg(ap, struct named_value);
  va_end(ap);
  struct object o = object_of(&probe->m, values, (size_t)n);
  if (probe_measure(&o, NULL, &t->s, &out, &e))
    tap_bail("%s", e.message);
  object_free(&o);
  return out;
}

/* Weights of a linear model without bias, one output: the least squares solution. */
static inline void subject_solve(struct subject *t)
{
  const struct examples *p = &t->f.data.train;
  struct mat x = mat_wrap(DTYPE_F32, (void *)p->x, p->n, p->d, p->stride), y = mat_wrap(DTYPE_F32, (void *)p->target, p->n, 1, 1);
  struct mat x64, y64, gram, xy, w;
  struct err e;
  if (mat_copy(&x64, &x, DTYPE_F64, &e) || mat_copy(&y64, &y, DTYPE_F64, &e) || mat_mul(&gram, &x64, true, &x64, false, &e) ||
      mat_mul(&xy, &x64, true, &y64, false, &e) || mat_solve(&w, &gram, &xy, &e))
    tap_bail("%s", e.message);
  for (size_t i = 0; i < p->d; i++)
    t->w[i] = (float)mat_get(&w, i, 0);
  mat_free(&x64), mat_free(&y64), mat_free(&gram), mat_free(&xy), mat_free(&w);
}

#endif
