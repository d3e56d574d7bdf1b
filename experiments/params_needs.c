/* params_needs.c: what a method, and the methods among its parameters, say they need. */
#include <string.h>

#include "experiments/params_int.h"

bool method_needs(const struct method *m, const char *need)
{
  for (const char *const *word = m->needs; word && *word; word++)
    if (strcmp(*word, need) == 0)
      return true;
  return false;
}

bool object_needs_but(const struct object *o, const char *need, enum kind but)
{
  if (!o || !o->method)
    return false;
  bool found = method_needs(o->method, need);
  for (const struct param *p = o->method->params; p && p->id && !found; p++)
    found = p->type == PARAM_METHOD && p->of != but && object_needs_but(param_at_const(p, o->conf), need, but);
  return found;
}

bool object_needs(const struct object *o, const char *need) { return object_needs_but(o, need, KIND_COUNT); }
