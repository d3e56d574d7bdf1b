/* label_noise.c: see label_noise.h. */
#include "experiments/data/label_noise.h"

#include "experiments/kernel/rng.h"

void labels_disturb(struct dataset *d, const struct label_noise *how)
{
  struct examples *parts[] = {&d->train, &d->valid, &d->test};
  for (uint64_t part = 0; part < 3 && how->rate > 0; part++)
    for (size_t i = 0; i < parts[part]->n; i++) {
      struct rng r = rng_make((uint64_t)how->seed, RNG_LABEL_NOISE, part << 40 | i);
      int32_t *label = &part_labels(parts[part])[i];
      if (rng_uniform(&r) < how->rate)
        *label = (int32_t)(((uint64_t)*label + 1 + rng_below(&r, d->classes - 1)) % d->classes);
    }
}
