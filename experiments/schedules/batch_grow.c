/* batch_grow.c: grow the batch where the schedule would lower the rate. */
#include <math.h>
#include <stddef.h>

#include "experiments/schedules/batching.h"

enum scaling { SCALING_LINEAR = 0, SCALING_SQRT = 1 };
static const char *const scaling_names[] = {"linear", "sqrt", NULL};

struct conf {
  int scaling; /* enum scaling */
  int64_t most;
};

struct state {
  double top; /* the largest rate so far */
};

static const struct param params[] = {
  {.id = "scaling", .type = PARAM_CHOICE, .at = offsetof(struct conf, scaling), .def = SCALING_LINEAR, .choices = scaling_names,
   .doc = "which batch goes with a rate c times as large: c times as large (SGD), or c^2 times (Adam and its kin)", .example = "sqrt"},
  BATCHING_MOST_PARAM(struct conf, most),
  {0},
};

static size_t next(const void *conf, void *state, const struct batching_frame *f, double *rate)
{
  const struct conf *c = conf;
  struct state *s = state;
  size_t most = batching_most(c->most, f), count = most;
  s->top = fmax(s->top, *rate);
  double drop = *rate > 0 ? s->top / *rate : INFINITY, growth = c->scaling == SCALING_SQRT ? drop * drop : drop;
  growth *= 1 + 1e-9; /* a drop of 1/0.1 is 10, whatever it is rounded to */
  if (growth < (double)most)
    count = (size_t)growth;
  if (count > 1)
    *rate *= c->scaling == SCALING_SQRT ? sqrt((double)count) : (double)count;
  return count;
}

const struct batching batching_batch_grow = {
  .m = {.kind = KIND_BATCHING,
        .id = "batch-grow",
        .name = "Growing batches",
        .summary = "where the schedule would lower the rate, raise the batch by the same factor instead",
        .formula = "B_t = b min(floor(c_t), most/b),  eta'_t = eta_t B_t/b,  c_t = max_{s<=t} eta_s / eta_t\n"
                   "scaling sqrt: floor(c_t^2),  eta'_t = eta_t sqrt(B_t/b)",
        .cite = "Smith, Kindermans, Ying and Le 2018, Don't decay the learning rate, increase the batch size",
        .notes = "The noise of SGD is eta N/(B (1 - momentum)): it falls alike whether eta falls or B grows, so the same epochs need fewer "
                 "updates. b is the training's batch and B a multiple of it; what the whole number leaves of the drop, and all of it once the "
                 "batch is `most`, lowers the rate. A warm-up is left alone. It goes with any schedule.",
        .example = "assay.batching(\"batch-grow\", {most = 1024})",
        .conf_size = sizeof(struct conf),
        .params = params},
  .state_size = sizeof(struct state),
  .next = next,
};
