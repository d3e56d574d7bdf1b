/* two_spirals.c: two intertwined spirals in the plane: not separable by anything nearly linear. */
#include <math.h>

#include "experiments/data/synthetic.h"

struct conf {
  struct data_counts counts;
  int64_t seed;
  double turns, noise;
};

static const struct param params[] = {
  DATA_MADE_COUNT_PARAMS(struct conf, counts, 200, 200, 200),
  {.id = "turns", .type = PARAM_REAL, .at = offsetof(struct conf, turns), .def = 1.5, .min = 0, .max = 20,
   .flags = PARAM_MIN_OPEN,
   .doc = "how often each spiral winds around the centre", .example = "1.5"},
  {.id = "noise", .type = PARAM_REAL, .at = offsetof(struct conf, noise), .def = 0.02, .min = 0, .max = 1,
   .doc = "standard deviation of Gaussian noise on both coordinates; the outer end has radius 1", .example = "0.02"},
  DATA_SEED_PARAM(struct conf, seed),
  {0},
};

/* The square root makes the density along the spiral even, but for its innermost part. */
static void make(const void *conf, struct draw *to)
{
  const struct conf *c = conf;
  int32_t class = (int32_t)rng_below(&to->input, 2);
  double radius = sqrt(rng_uniform(&to->input)), angle = 2 * 3.14159265358979323846 * c->turns * radius,
         side = class ? -1 : 1;
  to->x[0] = (float)(side * radius * cos(angle) + c->noise * rng_normal(&to->input));
  to->x[1] = (float)(side * radius * sin(angle) + c->noise * rng_normal(&to->input));
  *to->label = class;
}

static enum status load(const void *conf, const struct data_env *env, struct dataset *out, struct err *e)
{
  const struct conf *c = conf;
  out->task = TASK_CLASSES;
  out->classes = 2;
  out->d = 2;
  if (c->noise == 0)
    out->bayes_error = 0; /* the curves meet in one point only */
  return synthetic_parts(out, &c->counts, c->seed, env->exec, make, conf, e);
}

const struct data_method data_two_spirals = {
  .m = {.kind = KIND_DATA, .id = "two-spirals", .name = "Two spirals",
        .summary = "two intertwined spirals in the plane",
        .formula = "x = (+ or -) r (cos, sin)(2 pi turns r) + noise z,  r = sqrt(u),  u uniform on [0, 1)",
        .cite = "Lang and Witbrock 1988, Learning to tell two spirals apart",
        .notes = "Without noise the classes do not overlap: the Bayes error is 0; with noise it is not known. "
                 SYNTHETIC_NOTE,
        .example = "assay.data(\"two-spirals\", {turns = 1.5})", .conf_size = sizeof(struct conf), .params = params},
  .load = load,
};
