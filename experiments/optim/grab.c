/* grab.c: gradient balancing: the next order is made from the gradients of this one, so that their partial sums stay small.
 * Lu, Guo and De Sa 2022; the signs follow the authors' code (EugeneLYC/GraB), the mean is that of the raw gradients, as in
 * the paper. */
#include <string.h>

#include "experiments/optim/grab.h"

/* The state is numbers: a count of places taken at the front, then vectors of d. */
struct parts {
  double *front, *mean, *sum, *balance; /* mean of the last epoch, sum of this one, signed sum a */
  uint32_t *next;
};

static struct parts parts_of(void *state, size_t d)
{
  double *v = state;
  return (struct parts){v, v + 1, v + 1 + d, v + 1 + 2 * d, (uint32_t *)(void *)(v + 1 + 3 * d)};
}

static size_t state_size(const void *conf, size_t n, size_t d)
{
  (void)conf;
  return grab_state_size(n, d, 3);
}

/* |a + c| <= |a - c| where a.c <= 0. */
static void see(const void *conf, void *state, size_t n, size_t d, const uint32_t *order, size_t place, const double *g)
{
  struct parts p = parts_of(state, d);
  double dot = 0;
  (void)conf;
  for (size_t i = 0; i < d; i++) {
    dot += p.balance[i] * (g[i] - p.mean[i]);
    p.sum[i] += g[i];
  }
  double sign = dot <= 0 ? 1 : -1;
  for (size_t i = 0; i < d; i++)
    p.balance[i] += sign * (g[i] - p.mean[i]);
  grab_put(p.next, n, place, p.front, order[place], sign > 0);
}

static void next(const void *conf, void *state, size_t n, size_t d, uint32_t *order)
{
  struct parts p = parts_of(state, d);
  (void)conf;
  memcpy(order, p.next, n * sizeof *order);
  for (size_t i = 0; i < d; i++) {
    p.mean[i] = p.sum[i] / (double)n;
    p.sum[i] = p.balance[i] = 0;
  }
  *p.front = 0;
}

const struct sampler sampler_grab = {
  .m = {.kind = KIND_SAMPLER,
        .id = "grab",
        .name = "Gradient balancing",
        .summary = "order the next epoch so that partial sums of centred gradients stay small",
        .formula = "c = g - (mean gradient of the last epoch);  |a + c| <= |a - c|: a += c, next free place at the front;\n"
                   "else a -= c, next free place at the back;  a = 0 at the start of each epoch",
        .cite = "Lu, Guo and De Sa 2022, GraB: finding provably better data permutations than random reshuffling",
        .notes = "Error of order 1/(n K)^2 after K epochs, where random reshuffling has 1/(n K^2). Needs the gradient of every "
                 "example: with the minimizer \"stochastic\" and batch = 1. Memory for three gradients; the first epoch is that of "
                 "random-reshuffling. No mean is known in the first epoch: it balances the raw gradients.",
        .example = "assay.sampler(\"grab\", {})"},
  .epoch = grab_first_epoch,
  .state_size = state_size,
  .see = see,
  .next = next,
};
