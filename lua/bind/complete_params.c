/* complete_params.c: completion from descriptors: ids of methods, names of their parameters, and the values that these may have. */
#include <string.h>

#include "experiments/registry.h"
#include "lua/bind/complete_int.h"

/* assay.KIND("pre|: ids. */
bool complete_offer_ids(lua_State *L, const char *line, long quote, const char *prefix, size_t n)
{
  enum kind kind;
  size_t end = (size_t)quote;
  while (end > 0 && (line[end - 1] == ' ' || line[end - 1] == '('))
    end--;
  if (!complete_kind_before(line, end, &kind)) { /* schedule = "pre|: the field of a training */
    while (end > 0 && (line[end - 1] == ' ' || line[end - 1] == '='))
      end--;
    size_t start = complete_name_start(line, end);
    char name[32];
    if (end == start || end - start >= sizeof name)
      return false;
    memcpy(name, line + start, end - start);
    name[end - start] = '\0';
    if (!kind_parse(name, &kind))
      return false;
  }
  for (size_t i = 0; i < registry_count(); i++)
    if (registry_at(i)->kind == kind)
      complete_offer_about(L, registry_at(i)->id, registry_at(i)->summary, prefix, n);
  return true;
}

/* The method whose parameters the brace takes: assay.KIND("id", {, NAME:evaluate{ or :with{, the same behind the call; NULL:
 * none. *input: it is asked for a value, so that a subject may stand there too. */
static const struct method *method_of_table(lua_State *L, const char *line, size_t brace, bool *input)
{
  size_t end = brace;
  while (end > 0 && (line[end - 1] == ' ' || line[end - 1] == '('))
    end--;
  size_t start = complete_name_start(line, end), verb = end;
  while (verb > start && complete_is_word(line[verb - 1]))
    verb--;
  bool with = end - verb == 4 && !strncmp(line + verb, "with", 4);
  *input = end - verb == 8 && !strncmp(line + verb, "evaluate", 8);
  if (verb == 0 || line[verb - 1] != ':' || !(with || *input))
    return complete_method_before(line, brace);
  if (verb - 1 == start)
    return complete_method_before(line, start);
  complete_push_path(L, line + start, verb - 1 - start);
  const struct lua_object *o = object_test(L, -1);
  lua_pop(L, 1);
  return o ? o->o.method : NULL;
}

/* {pre|: parameters; with `value`, the choices of the parameter of that name. The brace stands at `brace`. */
bool complete_offer_params(lua_State *L, const char *line, long brace, const char *value, const char *prefix, size_t n)
{
  bool input;
  const struct method *m = method_of_table(L, line, (size_t)brace, &input);
  for (const struct param *p = m ? m->params : NULL; p && p->id; p++)
    if (!value)
      complete_offer_about(L, p->id, p->doc, prefix, n);
    else if (strcmp(p->id, value) == 0)
      for (const char *const *c = p->choices; p->type == PARAM_CHOICE && c && *c; c++)
        complete_offer(L, *c, prefix, n);
  if (m && input && !value)
    complete_offer_about(L, "subject", "a trained net that supplies what is not given", prefix, n);
  return m != NULL;
}

/* assay.KIND("id", {key = "pre|: the values that the parameter may have; `brace` is the bracket around the quote, or -1. */
bool complete_offer_values(lua_State *L, const char *line, long quote, long brace, const char *prefix, size_t n)
{
  size_t end = (size_t)quote;
  char name[64];
  while (end > 0 && strchr(" =", line[end - 1]))
    end--;
  size_t start = complete_name_start(line, end);
  if (end == start || end == (size_t)quote || end - start >= sizeof name || brace < 0 || line[brace] != '{')
    return false;
  memcpy(name, line + start, end - start);
  name[end - start] = '\0';
  return complete_offer_params(L, line, brace, name, prefix, n);
}
