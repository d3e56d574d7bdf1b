/* bound.c: see bound.h. The one way to evaluate a bound: what every evaluation must have is settled here. */
#include "experiments/bounds/bound.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/params.h"

/* How much is claimed: a guarantee for most samples, for the mean, an estimate, nothing. */
static int strength(enum statement s)
{
  switch (s) {
  case STATEMENT_HP:
  case STATEMENT_HP_FIXED: return 4;
  case STATEMENT_COND:
  case STATEMENT_E: return 3;
  case STATEMENT_E_EST: return 2;
  case STATEMENT_EST: return 1;
  case STATEMENT_NONE:
  case STATEMENT_C: break;
  }
  return 0;
}

bool statement_weakens(enum statement strongest, enum statement s)
{
  return s == strongest || strength(s) < strength(strongest);
}

void bound_term(struct bound_value *out, const char *name, double value)
{
  if (out->n_terms == BOUND_MAX_TERMS)
    return;
  out->term[out->n_terms].name = name;
  out->term[out->n_terms++].value = value;
}

enum status bound_uniform(const void *conf, const struct bound_input *in, bool *checked, struct err *e)
{
  (void)conf, (void)in, (void)e;
  *checked = true;
  return STATUS_OK;
}

enum status bound_missing(struct err *e, const char *name)
{
  return err_set(e, STATUS_BAD_ARG, "%s must be given, as in bound:evaluate{%s = …}", name, name);
}

static bool is_given(const struct param *p, const void *conf)
{
  const void *at = (const char *)conf + p->at;
  switch (p->type) {
  case PARAM_REAL: return !isnan(*(const double *)at);
  case PARAM_INT: return *(const int64_t *)at != PARAM_AUTO_INT;
  case PARAM_LIST: return ((const struct param_list *)at)->n > 0;
  case PARAM_TABLE: return *(const struct param_table *const *)at != NULL;
  default: return true;
  }
}

static enum status check_given(const struct bound *b, const void *conf, struct err *e)
{
  for (const char *const *name = b->required; name && *name; name++) {
    const struct param *p = params_find(&b->m, *name);
    if (!p || !is_given(p, conf))
      return bound_missing(e, *name);
  }
  return STATUS_OK;
}

/* --- from the subject --- */

static bool within(const struct param *p, double v)
{
  bool bounded = p->min != 0 || p->max != 0;
  return !isnan(v) && (!bounded || ((p->flags & PARAM_MIN_OPEN ? v > p->min : v >= p->min) && (p->flags & PARAM_MAX_OPEN ? v < p->max : v <= p->max)));
}

static enum status out_of_range(const struct param *p, double v, struct err *e)
{
  return err_set(e, STATUS_BAD_DATA, "%s of this subject is %g, which has no place in the formula (%s%g%s); give %s", p->id, v,
                 p->flags & PARAM_MIN_OPEN ? "more than " : "at least ", p->min, p->max < INFINITY ? ", and it has a largest value" : "", p->id);
}

/* Put what was taken in its place in the conf, which then owns the list. */
static enum status place(const struct param *p, void *conf, struct taken *t, struct err *e)
{
  void *at = (char *)conf + p->at;
  if (p->type == PARAM_LIST) {
    for (size_t i = 0; i < t->list.n; i++)
      if (!within(p, t->list.v[i]))
        return out_of_range(p, t->list.v[i], e);
    free(((struct param_list *)at)->v);
    *(struct param_list *)at = t->list;
    t->list = (struct param_list){0};
    return STATUS_OK;
  }
  if (!within(p, t->number))
    return out_of_range(p, t->number, e);
  if (p->type == PARAM_INT)
    *(int64_t *)at = (int64_t)t->number;
  else
    *(double *)at = t->number;
  return STATUS_OK;
}

static enum status take(const struct param *p, void *conf, const struct exec *x, const struct bound_input *in, struct err *e)
{
  struct taken t = {.number = NAN};
  enum status s = p->from->take(x, in, &t, e);
  s = s ? s : place(p, conf, &t, e);
  free(t.list.v);
  if (s)
    err_prefix(e, "%s", p->id);
  return s;
}

/* Fill what was not given. *typed: was anything given that the subject has an answer to? */
static enum status fill(const struct bound *b, void *conf, const struct exec *x, const struct bound_input *in, bool *typed, struct err *e)
{
  enum status s = STATUS_OK;
  *typed = false;
  for (const struct param *p = b->m.params; p && p->id && !s; p++) {
    const struct param *other = p->unless ? params_find(&b->m, p->unless) : NULL;
    bool given = is_given(p, conf) || (other && is_given(other, conf));
    if (p->from && given)
      *typed = true;
    else if (p->from)
      s = take(p, conf, x, in, e);
  }
  if (s == STATUS_OK && b->m.resolve)
    s = b->m.resolve(conf, e);
  return s;
}

/* --- evaluating --- */

static enum status settle(const struct bound *b, struct bound_value *out, struct err *e)
{
  if (isnan(out->value))
    return err_set(e, STATUS_BAD_ARG, "these numbers give no value (a sum or product of them overflows)");
  if (!statement_weakens(b->m.statement, out->statement))
    return err_set(e, STATUS_UNSUPPORTED, "the evaluation states \"%s\", more than the method's \"%s\"",
                   statement_tag(out->statement), statement_tag(b->m.statement));
  if (isnan(out->log_value))
    out->log_value = log(out->value);
  out->vacuous = !(out->value < out->trivial);
  return STATUS_OK;
}

static enum status evaluate(const struct bound *b, const struct object *o, const struct exec *x, const struct bound_input *in, bool typed,
                            struct bound_value *out, struct err *e)
{
  enum status s = check_given(b, o->conf, e);
  if (s == STATUS_OK && in->subject && !typed && b->checked)
    s = b->checked(o->conf, in, &out->assumptions_checked, e);
  s = s ? s : b->evaluate(o->conf, x, in, out, e);
  return s ? s : settle(b, out, e);
}

enum status bound_evaluate(const struct object *bound, const struct exec *x, const struct bound_input *in,
                           struct bound_value *out, struct err *e)
{
  static const struct bound_input none = {0};
  const struct bound *b = (const struct bound *)(const void *)bound->method;
  struct object full = {0};
  bool typed = true;
  *out = (struct bound_value){.value = NAN, .log_value = NAN, .trivial = 1, .statement = b->m.statement, .low = NAN, .high = NAN};
  enum status s = object_copy(&full, bound, e);
  if (s == STATUS_OK && in && in->subject)
    s = fill(b, full.conf, x, in, &typed, e);
  s = s ? s : evaluate(b, &full, x, in ? in : &none, typed, out, e);
  object_free(&full);
  if (s != STATUS_OK)
    err_prefix(e, "bound \"%s\"", b->m.id);
  return s;
}
