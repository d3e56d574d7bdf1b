/* grab_pair.c: gradient balancing of pairs: differences of neighbours need no mean. Cooper, Guo, Pham, Yuan, Ruan, Lu and De
 * Sa 2023; as in the authors' code (EugeneLYC/GraB). */
#include <string.h>

#include "experiments/optim/grab.h"

struct parts {
  double *front, *first, *balance; /* gradient of the first of the pair; signed sum a */
  uint32_t *next;
};

static struct parts parts_of(void *state, size_t d)
{
  double *v = state;
  return (struct parts){v, v + 1, v + 1 + d, (uint32_t *)(void *)(v + 1 + 2 * d)};
}

static size_t state_size(const void *conf, size_t n, size_t d)
{
  (void)conf;
  return grab_state_size(n, d, 2);
}

static void see(const void *conf, void *state, size_t n, size_t d, const uint32_t *order, size_t place, const double *g)
{
  struct parts p = parts_of(state, d);
  double dot = 0;
  (void)conf;
  if (place % 2 == 0) {
    memcpy(p.first, g, d * sizeof *g);
    if (place + 1 == n) /* one without a partner takes the place that is left */
      grab_put(p.next, n, place, p.front, order[place], true);
    return;
  }
  for (size_t i = 0; i < d; i++)
    dot += p.balance[i] * (p.first[i] - g[i]);
  double sign = dot <= 0 ? 1 : -1;
  for (size_t i = 0; i < d; i++)
    p.balance[i] += sign * (p.first[i] - g[i]);
  grab_put(p.next, n, place - 1, p.front, order[place - 1], sign > 0);
  grab_put(p.next, n, place, p.front, order[place], sign < 0);
}

static void next(const void *conf, void *state, size_t n, size_t d, uint32_t *order)
{
  struct parts p = parts_of(state, d);
  (void)conf;
  memcpy(order, p.next, n * sizeof *order);
  memset(p.balance, 0, d * sizeof *p.balance);
  *p.front = 0;
}

const struct sampler sampler_grab_pair = {
  .m = {.kind = KIND_SAMPLER,
        .id = "grab-pair",
        .name = "Gradient balancing of pairs",
        .summary = "as grab, on differences of neighbours: no mean is needed",
        .formula = "c = g_{2k-1} - g_{2k};  |a + c| <= |a - c|: a += c, the first to the front, the second to the back;\n"
                   "else a -= c, the first to the back, the second to the front;  a = 0 at the start of each epoch",
        .cite = "Cooper, Guo, Pham, Yuan, Ruan, Lu and De Sa 2023, Coordinating distributed example orders for provably "
                "accelerated training",
        .notes = "Balances from the first epoch on, with memory for two gradients. Needs the gradient of every example: with the "
                 "minimizer \"stochastic\" and batch = 1. The first epoch is that of random-reshuffling.",
        .example = "assay.sampler(\"grab-pair\", {})"},
  .epoch = grab_first_epoch,
  .state_size = state_size,
  .see = see,
  .next = next,
};
