/* optimizer.c: the checked front of every update rule. */
#include "experiments/optim/optimizer.h"

#include <inttypes.h>
#include <math.h>

#include "experiments/kernel/vec.h"
#include "experiments/optim/momentum.h"
#include "experiments/params.h"

enum status optimizer_apply_f32(const struct object *o, void *state, float *w, const float *g, size_t n, const struct step_info *s,
                                struct err *e)
{
  const struct optimizer *rule = (const struct optimizer *)o->method;
  struct momentum_form f;
  if (rule->momentum_form && rule->momentum_form(o->conf, &f))
    return momentum_step_f32(&f, state, w, g, n, s);
  return rule->step_f32(o->conf, state, w, g, n, s, e);
}

enum status optimizer_apply_f64(const struct object *o, void *state, double *w, const double *g, size_t n, const struct step_info *s,
                                struct err *e)
{
  const struct optimizer *rule = (const struct optimizer *)o->method;
  struct momentum_form f;
  if (rule->momentum_form && rule->momentum_form(o->conf, &f))
    return momentum_step_f64(&f, state, w, g, n, s);
  return rule->step_f64(o->conf, state, w, g, n, s, e);
}

bool optimizer_takes_layer_rates(const struct object *o)
{
  const struct optimizer *rule = (const struct optimizer *)o->method;
  const struct param *base = params_find(&rule->m, "base");
  struct momentum_form f;
  if (rule->layer_rates || (rule->momentum_form && rule->momentum_form(o->conf, &f)))
    return true;
  return base && base->type == PARAM_METHOD && optimizer_takes_layer_rates((const struct object *)(const void *)((const char *)o->conf + base->at));
}

size_t optimizer_layer_span(const struct net *net, size_t l, size_t *n)
{
  size_t at = net->layer[l].w_at;
  *n = (l + 1 < net->n_layers ? net->layer[l + 1].w_at : net->n_params) - at;
  return at;
}

void optimizer_net_of_matrix(struct net *out, size_t rows, size_t cols)
{
  *out = (struct net){.n_layers = 1, .in = cols, .out = rows, .n_params = rows * cols, .n_logical = rows * cols};
  out->layer[0] = (struct layer){.kind = LAYER_DENSE, .in = cols, .out = rows, .rows = rows, .cols = cols, .w_stride = cols, .b_at = rows * cols};
}

static enum status check_info(const struct object *o, const struct step_info *s, struct err *e)
{
  if (s->k == 0)
    return err_set(e, STATUS_BAD_ARG, "optimizer \"%s\": updates count from k = 1", o->method->id);
  if (!isfinite(s->lr))
    return err_set(e, STATUS_DIVERGED, "optimizer \"%s\": the learning rate of update %" PRIu64 " is %g", o->method->id, s->k, s->lr);
  bool hvp = object_needs(o, "hvp");
  if ((hvp || object_needs(o, "oracle")) && !s->oracle)
    return err_set(e, STATUS_BAD_ARG, "optimizer \"%s\" asks for the loss and gradient at other points: it needs a function that gives them",
                   o->method->id);
  if (hvp && !s->oracle->hvp_f32 && !s->oracle->hvp_f64)
    return err_set(e, STATUS_BAD_ARG, "optimizer \"%s\" needs Hessian-vector products: give a function hvp", o->method->id);
  return STATUS_OK;
}

static enum status not_finite(const struct object *o, const struct step_info *s, size_t at, double value, struct err *e)
{
  return err_set(e, STATUS_DIVERGED, "optimizer \"%s\": gradient element %zu of update %" PRIu64 " is %g (weights left as they were)",
                 o->method->id, at, s->k, value);
}

enum status optimizer_step_f32(const struct object *o, void *state, float *w, const float *g, size_t n,
                               const struct step_info *s, struct err *e)
{
  enum status code = check_info(o, s, e);
  if (code != STATUS_OK)
    return code;
  if (!vec_finite_f32(g, n)) {
    size_t i = 0;
    while (isfinite(g[i]))
      i++;
    return not_finite(o, s, i, (double)g[i], e);
  }
  return optimizer_apply_f32(o, state, w, g, n, s, e);
}

enum status optimizer_step_f64(const struct object *o, void *state, double *w, const double *g, size_t n,
                               const struct step_info *s, struct err *e)
{
  enum status code = check_info(o, s, e);
  if (code != STATUS_OK)
    return code;
  if (!vec_finite_f64(g, n)) {
    size_t i = 0;
    while (isfinite(g[i]))
      i++;
    return not_finite(o, s, i, g[i], e);
  }
  return optimizer_apply_f64(o, state, w, g, n, s, e);
}
