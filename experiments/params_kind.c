/* params_kind.c: names of the kinds of methods (method.h). */
#include <string.h>

#include "experiments/method.h"

static const struct kind_word { const char *one, *many; } kind_words[KIND_COUNT] = {
  [KIND_DATA] = {"data", "data"},
  [KIND_MODEL] = {"model", "models"},
  [KIND_LOSS] = {"loss", "losses"},
  [KIND_OPTIMIZER] = {"optimizer", "optimizers"},
  [KIND_SAMPLER] = {"sampler", "samplers"},
  [KIND_SCHEDULE] = {"schedule", "schedules"},
  [KIND_CONTROLLER] = {"controller", "controllers"},
  [KIND_AVERAGE] = {"average", "averages"},
  [KIND_PROBE] = {"probe", "probes"},
  [KIND_BOUND] = {"bound", "bounds"},
  [KIND_SCORE] = {"score", "scores"},
  [KIND_SOLVER] = {"solver", "solvers"},
  [KIND_ALLOCATOR] = {"allocator", "allocators"},
  [KIND_RESTORER] = {"restorer", "restorers"},
  [KIND_OBJECTIVE] = {"objective", "objectives"},
  [KIND_MINIMIZER] = {"minimizer", "minimizers"},
  [KIND_SELECTOR] = {"selector", "selectors"},
  [KIND_BATCHING] = {"batching", "batchings"},
};

const char *kind_name(enum kind k)
{
  return k > 0 && k < KIND_COUNT ? kind_words[k].one : "method";
}

bool kind_parse(const char *word, enum kind *k)
{
  for (int i = 1; i < KIND_COUNT; i++)
    if (strcmp(word, kind_words[i].one) == 0 || strcmp(word, kind_words[i].many) == 0) {
      *k = (enum kind)i;
      return true;
    }
  return false;
}
