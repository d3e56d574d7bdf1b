/* halving.c: phases of halving length in which the rate halves: the first step sizes for which the last
 * iterate of SGD was shown to lose no factor log T. */
#include <math.h>

#include "experiments/schedules/schedule.h"

struct conf {
  struct schedule_common common;
};

static const struct param params[] = {
  SCHEDULE_SCALE_PARAM(struct conf, common, "C of the theorem, before the division by sqrt(T); about D/G"),
  SCHEDULE_FRAME_PARAMS(struct conf, common),
  {0},
};

/* Phase i begins at T_i = T - ceil(T 2^-i): t is past it when T - t <= ceil(T 2^-i). At most log2 T rounds. */
static double body(const void *conf, int64_t t, int64_t total)
{
  int64_t left = total - t, phase = 0, length = total;
  (void)conf;
  while (length > 1) {
    length = length / 2 + length % 2; /* ceil(ceil(T 2^-i)/2) = ceil(T 2^-(i+1)) */
    if (left > length || total >> (phase + 1) == 0)
      break;
    phase++;
  }
  return ldexp(1.0, -(int)phase) / sqrt((double)total);
}

const struct schedule schedule_halving = {
  .m = {.kind = KIND_SCHEDULE,
        .id = "halving",
        .name = "Halving phases",
        .summary = "halve the rate whenever half of what was left has passed",
        .formula = "eta_t = C 2^-i/sqrt(T) for T_i <= t < T_{i+1},  T_i = T - ceil(T 2^-i),  i = 0 .. floor(log2 T),  C = peak",
        .cite = "Jain, Nagaraj and Netrapalli 2019, Making the last iterate of SGD information theoretically optimal",
        .notes = "peak is C, not a rate: the first rate is C/sqrt(T). Half of the updates have that rate, so that most of the "
                 "path is as with a fixed step. The parameter `last` has no effect.",
        .example = "assay.schedule(\"halving\", {peak = 1, steps = 1000})",
        .conf_size = sizeof(struct conf),
        .params = params,
        .resolve = schedule_resolve},
  .body = body,
};
