/* registry.c: see registry.h. methods.def is included twice: declarations, then the list. */
#include "experiments/registry.h"

#include <stdlib.h>
#include <string.h>

#include "experiments/bounds/bound.h"
#include "experiments/data/data.h"
#include "experiments/kernel/mem.h"
#include "experiments/minimize/minimize.h"
#include "experiments/models/model.h"
#include "experiments/objective/objective.h"
#include "experiments/optim/optimizer.h"
#include "experiments/optim/selector.h"
#include "experiments/params_int.h"
#include "experiments/probe/probe.h"
#include "experiments/pruning/pruning.h"
#include "experiments/schedules/batching.h"
#include "experiments/schedules/schedule.h"

/* The struct that each kind's descriptor is. */
#define STRUCT_data struct data_method
#define STRUCT_model struct model
#define STRUCT_loss struct loss
#define STRUCT_optimizer struct optimizer
#define STRUCT_sampler struct sampler
#define STRUCT_schedule struct schedule
#define STRUCT_controller struct controller
#define STRUCT_average struct average
#define STRUCT_probe struct probe
#define STRUCT_bound struct bound
#define STRUCT_score struct score
#define STRUCT_solver struct solver
#define STRUCT_allocator struct allocator
#define STRUCT_restorer struct restorer
#define STRUCT_objective struct objective_method
#define STRUCT_minimizer struct minimizer
#define STRUCT_selector struct selector
#define STRUCT_batching struct batching

#define METHOD(kind, name) extern const STRUCT_##kind kind##_##name;
#include "experiments/methods.def"
#undef METHOD

static const struct method *const methods[] = {
#define METHOD(kind, name) &kind##_##name.m,
#include "experiments/methods.def"
#undef METHOD
  NULL,
};

static const size_t built_in = sizeof methods / sizeof(struct method *) - 1;

static const struct method *extra; /* only tests set it, before anything else runs */

void registry_set_extra(const struct method *m) { extra = m; }

static bool stands_before(const struct method *a, const struct method *b)
{
  return a->kind != b->kind ? a->kind < b->kind : strcmp(a->id, b->id) < 0;
}

size_t registry_count(void) { return built_in + (extra != NULL); }

const struct method *registry_at(size_t i)
{
  size_t before = 0; /* built-in methods that stand before the extra one */
  if (!extra)
    return i < built_in ? methods[i] : NULL;
  while (before < built_in && stands_before(methods[before], extra))
    before++;
  if (i == before)
    return extra;
  return i <= built_in ? methods[i < before ? i : i - 1] : NULL;
}

const struct method *registry_find(enum kind kind, const char *id)
{
  for (size_t i = 0; i < registry_count(); i++) {
    const struct method *m = registry_at(i);
    if (m->kind == kind && strcmp(m->id, id) == 0)
      return m;
  }
  return NULL;
}

enum status registry_get(const struct method **out, enum kind kind, const char *id, struct err *e)
{
  *out = registry_find(kind, id);
  if (*out)
    return STATUS_OK;
  size_t n = 0, length = 0;
  char seen[SHOWN_MAX], list[500] = "";
  const char **ids = xcalloc(registry_count(), sizeof *ids);
  for (size_t i = 0; i < registry_count(); i++) {
    const struct method *m = registry_at(i);
    if (m->kind != kind)
      continue;
    if (length < sizeof list)
      length += (size_t)snprintf(list + length, sizeof list - length, "%s%s", n ? ", " : "", m->id);
    ids[n++] = m->id;
  }
  const char *near = nearest_name(id, ids, n);
  text_show(id, seen);
  if (near)
    err_set(e, STATUS_BAD_ARG, "there is no %s %s; did you mean \"%s\"?", kind_name(kind), seen, near);
  else if (n)
    err_set(e, STATUS_BAD_ARG, "there is no %s %s; there are %s", kind_name(kind), seen, list);
  else
    err_set(e, STATUS_BAD_ARG, "there is no %s %s: this build has no method of that kind", kind_name(kind), seen);
  free(ids);
  return STATUS_BAD_ARG;
}

enum status registry_object(struct object *out, enum kind kind, const char *id, const struct named_value *values,
                            size_t n, struct err *e)
{
  const struct method *m;
  *out = (struct object){0};
  enum status s = registry_get(&m, kind, id, e);
  return s == STATUS_OK ? params_parse(out, m, values, n, registry_find, e) : s;
}
