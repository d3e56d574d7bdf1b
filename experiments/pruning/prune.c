/* prune.c: see pruning.h: checks, and the order of the stages. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"
#include "experiments/params.h"
#include "experiments/pruning/pruning_int.h"

static const struct prune_common *common_of(const struct object *o) { return o->conf; }

bool prune_wants(const struct object *method, const char *need) { return object_needs(method, need); }
bool prune_mask_wants(const struct object *method, const char *need) { return object_needs_but(method, need, KIND_RESTORER); }

static enum status missing(const struct method *m, const char *what, struct err *e)
{
  return err_set(e, STATUS_BAD_ARG, "%s \"%s\" needs %s", kind_name(m->kind), m->id, what);
}

static enum status not_finite(const struct method *m, const char *what, struct err *e)
{
  return err_set(e, STATUS_BAD_DATA, "%s \"%s\": %s hold NaN or infinity", kind_name(m->kind), m->id, what);
}

/* Shapes fit size_t, what the method needs is there and finite. */
static enum status check_layer(const struct method *m, const struct prune_layer *l, struct err *e)
{
  size_t n;
  if (!size_mul(l->out, l->in, &n) || n > SIZE_MAX / sizeof(double))
    return err_set(e, STATUS_BAD_ARG, "a layer of %zu x %zu weights is too large", l->out, l->in);
  if (method_needs(m, "inputs") && !l->norm2)
    return missing(m, "the inputs X of the layer", e);
  if (method_needs(m, "gram") && !l->gram)
    return missing(m, "the inputs X of the layer", e);
  if (method_needs(m, "gradients") && !l->gradient)
    return missing(m, "gradients of the loss", e);
  if (method_needs(m, "curvature") && !l->curvature && !l->gradient)
    return missing(m, "the curvature (diagonal of the Hessian) or gradients of the loss", e);
  if (!vec_finite_f64(l->w, n))
    return not_finite(m, "the weights", e);
  if (l->gradient && !vec_finite_f64(l->gradient, n * l->n_gradients))
    return not_finite(m, "the gradients", e);
  if (l->curvature && !vec_finite_f64(l->curvature, n))
    return not_finite(m, "the curvatures", e);
  return STATUS_OK;
}

static enum status name_method(const struct method *m, enum status status, struct err *e)
{
  if (status && e)
    err_prefix(e, "%s \"%s\"", kind_name(m->kind), m->id);
  return status;
}

/* Numbers of all layers, checked before and after. */
static enum status rate_layers(const struct object *score, const struct exec *x, const struct prune_layer *l, size_t n_layers,
                               const double *sparsity, double *const *out, struct err *e)
{
  const struct score *s = (const struct score *)score->method;
  enum status status = STATUS_OK;
  for (size_t i = 0; i < n_layers && !status; i++)
    status = check_layer(&s->m, &l[i], e);
  if (!status && s->rate_all)
    status = name_method(&s->m, s->rate_all(score->conf, x, l, n_layers, sparsity, out, e), e);
  for (size_t i = 0; i < n_layers && !status; i++) {
    if (!s->rate_all)
      status = name_method(&s->m, s->rate(score->conf, x, &l[i], out[i], e), e);
    if (!status && !vec_finite_f64(out[i], l[i].out * l[i].in))
      status = err_set(e, STATUS_BAD_DATA, "score \"%s\": a score is not finite: the numbers are too large", s->m.id);
    if (exec_cancelled(x) && !status)
      status = err_set(e, STATUS_CANCELLED, "cancelled");
  }
  return status;
}

enum status prune_score(const struct object *score, const struct exec *x, const struct prune_layer *l, double *out,
                        struct err *e)
{
  return rate_layers(score, x, l, 1, NULL, &out, e);
}

bool prune_at_once(const struct object *method)
{
  return method->method->kind == KIND_SCORE &&
         (common_of(method)->compare == PRUNE_GLOBAL || ((const struct score *)method->method)->rate_all);
}

static void mask_weights(const struct prune_layer *l, const uint8_t *keep, double *w)
{
  for (size_t i = 0; i < l->out * l->in; i++)
    w[i] = keep[i] ? l->w[i] : 0.0;
}

static enum status count_weights(const struct prune_layer *l, size_t n_layers, size_t *total, struct err *e)
{
  *total = 0;
  for (size_t i = 0; i < n_layers; i++)
    if (__builtin_add_overflow(*total, l[i].out * l[i].in, total))
      return err_set(e, STATUS_BAD_ARG, "the layers hold too many weights");
  return STATUS_OK;
}

enum status prune_masks_new(const struct prune_layer *l, size_t n_layers, uint8_t **keep, void **memory, struct err *e)
{
  size_t total, at = 0;
  enum status status = count_weights(l, n_layers, &total, e);
  if (!status)
    status = mem_new(memory, total, 1, "masks", e);
  for (size_t i = 0; i < n_layers && !status; at += l[i].out * l[i].in, i++)
    keep[i] = (uint8_t *)*memory + at;
  return status;
}

enum status prune_masks_by(const struct prune_common *rule, const struct object *score, const struct exec *x,
                           const struct prune_layer *l, size_t n_layers, const double *sparsity, uint8_t *const *keep,
                           struct err *e)
{
  size_t total, at = 0;
  void *memory;
  enum status status = count_weights(l, n_layers, &total, e);
  if (status || (status = mem_new(&memory, total, sizeof(double), "scores", e)))
    return status;
  double **rate = xcalloc(n_layers + 1, sizeof *rate);
  for (size_t i = 0; i < n_layers; at += l[i].out * l[i].in, i++)
    rate[i] = (double *)memory + at;
  status = rate_layers(score, x, l, n_layers, sparsity, rate, e);
  if (!status)
    status = name_method(score->method, prune_choose_all(rule, l, n_layers, sparsity, rate, keep, e), e);
  free(rate);
  free(memory);
  return status;
}

static enum status run_solver(const struct object *solver, const struct exec *x, const struct prune_layer *l,
                              double sparsity, double *w, uint8_t *keep, struct prune_note *note, struct err *e)
{
  const struct solver *s = (const struct solver *)solver->method;
  const struct prune_common *c = solver->conf;
  enum status status = check_layer(&s->m, l, e);
  if (status)
    return status;
  size_t n = l->out * l->in;
  if (c->compare == PRUNE_N_OF_M && (status = prune_check_groups(c, l->in, e)))
    return name_method(&s->m, status, e);
  if (prune_count(sparsity, c->compare == PRUNE_ROW ? l->in : n) == 0) { /* not a bit changes */
    memcpy(w, l->w, n * sizeof *w);
    memset(keep, 1, n);
    return STATUS_OK;
  }
  if ((status = s->solve(solver->conf, x, l, sparsity, w, keep, note, e)))
    return name_method(&s->m, status, e);
  return vec_finite_f64(w, n) ? STATUS_OK : err_set(e, STATUS_BAD_DATA, "solver \"%s\": the new weights are not finite", s->m.id);
}

enum status prune_restore(const struct object *restorer, const struct exec *x, const struct prune_layer *l,
                          const uint8_t *keep, double *w, struct prune_note *note, struct err *e)
{
  const struct restorer *r = (const struct restorer *)restorer->method;
  struct prune_note unused = {0};
  enum status status = check_layer(&r->m, l, e);
  if (status)
    return status;
  if ((status = r->restore(restorer->conf, x, l, keep, w, note ? note : &unused, e)))
    return name_method(&r->m, status, e);
  return vec_finite_f64(w, l->out * l->in)
             ? STATUS_OK
             : err_set(e, STATUS_BAD_DATA, "restorer \"%s\": the new weights are not finite", r->m.id);
}

static enum status check_budget(const struct object *o, const double *sparsity, size_t n_layers, struct err *e)
{
  const struct prune_common *c = common_of(o);
  if (sparsity && (c->compare == PRUNE_GLOBAL || c->compare == PRUNE_N_OF_M))
    return err_set(e, STATUS_BAD_ARG, "%s \"%s\": sparsities per layer go with compare = row or layer, not %s",
                   kind_name(o->method->kind), o->method->id, prune_compare_names[c->compare]);
  for (size_t i = 0; sparsity && i < n_layers; i++)
    if (!(sparsity[i] >= 0 && sparsity[i] <= 1))
      return err_set(e, STATUS_BAD_ARG, "the sparsity of layer %zu must be from 0 to 1, got %g", i + 1, sparsity[i]);
  return STATUS_OK;
}

/* Mask without restoration; w is filled, too, where it is not NULL. */
static enum status mask_and_weights(const struct object *o, const struct exec *x, const struct prune_layer *l, size_t n_layers,
                                    const double *sparsity, double *const *w, uint8_t *const *keep, struct prune_note *note,
                                    struct err *e)
{
  const struct prune_common *c = common_of(o);
  bool scores = o->method->kind == KIND_SCORE;
  struct prune_note unused = {0};
  enum status status = check_budget(o, sparsity, n_layers, e);
  if (!status && scores)
    status = prune_masks_by(c, o, x, l, n_layers, sparsity, keep, e);
  for (size_t i = 0; i < n_layers && status == STATUS_OK; i++) {
    if (!scores)
      status = run_solver(o, x, &l[i], sparsity ? sparsity[i] : c->sparsity, w[i], keep[i], note ? &note[i] : &unused, e);
    else if (w)
      mask_weights(&l[i], keep[i], w[i]);
    if (exec_cancelled(x) && status == STATUS_OK)
      status = err_set(e, STATUS_CANCELLED, "cancelled");
  }
  return status;
}

enum status prune_apply(const struct object *method, const struct exec *x, const struct prune_layer *l, size_t n_layers,
                        const double *sparsity, double *const *w, uint8_t *const *keep, struct prune_note *note, struct err *e)
{
  const struct object *restore = &common_of(method)->restore;
  for (size_t i = 0; note && i < n_layers; i++)
    note[i] = (struct prune_note){0};
  enum status status = mask_and_weights(method, x, l, n_layers, sparsity, w, keep, note, e);
  for (size_t i = 0; restore->method && i < n_layers && status == STATUS_OK; i++)
    status = prune_restore(restore, x, &l[i], keep[i], w[i], note ? &note[i] : NULL, e);
  return status;
}

enum status prune_mask(const struct object *method, const struct exec *x, const struct prune_layer *l, size_t n_layers,
                       const double *sparsity, uint8_t *const *keep, struct err *e)
{
  if (method->method->kind == KIND_SCORE)
    return mask_and_weights(method, x, l, n_layers, sparsity, NULL, keep, NULL, e);
  enum status status = check_budget(method, sparsity, n_layers, e);
  for (size_t i = 0; i < n_layers && status == STATUS_OK; i++) { /* a solver finds its mask with the weights */
    void *w;
    if ((status = mem_new(&w, l[i].out * l[i].in, sizeof(double), "new weights", e)))
      break;
    double *weights = w;
    status = mask_and_weights(method, x, &l[i], 1, sparsity ? sparsity + i : NULL, &weights, &keep[i], NULL, e);
    free(w);
  }
  return status;
}
