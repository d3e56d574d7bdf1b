/* bound.c: see bound.h. The one way to evaluate a bound: what every evaluation must have is settled here. */
#include "experiments/bounds/bound.h"

#include <stdint.h>

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

enum status bound_evaluate(const struct object *bound, const struct exec *x, const struct bound_input *in,
                           struct bound_value *out, struct err *e)
{
  static const struct bound_input none = {0};
  const struct bound *b = (const struct bound *)(const void *)bound->method;
  *out = (struct bound_value){.value = NAN, .log_value = NAN, .trivial = 1, .statement = b->m.statement, .low = NAN, .high = NAN};
  enum status s = in && in->subject ? STATUS_OK : check_given(b, bound->conf, e);
  if (s == STATUS_OK)
    s = b->evaluate(bound->conf, x, in ? in : &none, out, e);
  if (s == STATUS_OK)
    s = settle(b, out, e);
  if (s != STATUS_OK)
    err_prefix(e, "bound \"%s\"", b->m.id);
  return s;
}
