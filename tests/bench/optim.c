/* optim.c: an optimizer's update of ten million float32 weights against the memory's own speed.
 *
 *   bench_optim OPTIMIZER     one line: ns a parameter, bytes a parameter, GB/s of the stream, ratio
 *
 * The bound is bytes moved / stream bandwidth. Bytes: the weights read and written, the gradient read, every vector of the state
 * read and written; and what a rule reads again that needs sums over all elements first. The stream is y = a x + y on
 * arrays of the same length, which moves 12 bytes an element like plain SGD. Both take turns; each counts its fastest
 * round, in CPU time. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/product.h"
#include "experiments/optim/optimizer.h"
#include "experiments/registry.h"

enum { N = 10000000, ROUNDS = 9, STREAM_BYTES = 12 };

static void stop(const char *why)
{
  fprintf(stderr, "bench_optim: %s\n", why);
  exit(1);
}

static double cpu_now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static float *numbers(float size)
{
  void *p;
  if (mem_new(&p, N, sizeof(float), "numbers", NULL))
    stop("no memory");
  for (size_t i = 0; i < N; i++)
    ((float *)p)[i] = size * ((float)(int)(i * 2654435761u % 1001) / 500 - 1);
  return p;
}

/* Seconds of y = a x + y, by two routes: the compiler's own loop and the engine's kernel for plain SGD. */
static double stream(const float *x, float *y)
{
  struct product_update u = {.lr = 1e-9f, .one_minus_damp = 1, .shrink = 1};
  double from = cpu_now(), first;
  for (size_t i = 0; i < N; i++)
    y[i] = 1e-9f * x[i] + y[i];
  first = cpu_now() - from;
  from = cpu_now();
  product_best()->update(&u, y, y, x, N); /* without momentum the velocity is not touched */
  from = cpu_now() - from;
  return from < first ? from : first;
}

/* Bytes a parameter that a second pass moves, beyond one over weights, gradient and state: g; the average; g and two moments
 * less a vector that is only read; g, w less the first weights; the kept gradients and their combination. */
static const struct { const char *id; double bytes; } again[] = {
    {"clip-sgd", 4}, {"normalized-sgdm", 4}, {"dadapt-adam", 8}, {"prodigy", 4}, {"opt-amsgrad", 32},
};

static double bytes_again(const char *id)
{
  for (size_t i = 0; i < sizeof again / sizeof *again; i++)
    if (strcmp(again[i].id, id) == 0)
      return again[i].bytes;
  return 0;
}

static double bytes_moved(const struct object *o, size_t state_bytes)
{
  const struct optimizer *rule = (const struct optimizer *)o->method;
  struct momentum_form f;
  if (rule->momentum_form && rule->momentum_form(o->conf, &f) && f.mu == 0)
    return STREAM_BYTES;
  size_t state = state_bytes / N; /* without the few numbers at its head */
  return STREAM_BYTES + 2.0 * (double)state + bytes_again(o->method->id);
}

int main(int argc, char **argv)
{
  struct object o;
  struct err e = {0};
  void *state;
  if (argc != 2)
    stop("usage: bench_optim OPTIMIZER");
  if (registry_object(&o, KIND_OPTIMIZER, argv[1], NULL, 0, &e))
    stop(e.message);
  const struct optimizer *rule = (const struct optimizer *)o.method;
  size_t bytes = rule->state_size(o.conf, NULL, N, DTYPE_F32);
  float *w = numbers(1), *g = numbers(0.01f), *y = numbers(1);
  if (mem_new(&state, bytes, 1, "the state", &e))
    stop(e.message);
  rule->init(o.conf, NULL, state, w, N, DTYPE_F32);
  double best = 1e9, best_stream = 1e9;
  for (uint64_t k = 1; k <= ROUNDS; k++) {
    struct step_info s = {.k = k, .lr = 1e-3};
    double t = stream(g, y);
    best_stream = t < best_stream ? t : best_stream;
    t = cpu_now();
    if (optimizer_apply_f32(&o, state, w, g, N, &s, &e))
      stop(e.message);
    t = cpu_now() - t;
    best = t < best ? t : best;
  }
  double moved = bytes_moved(&o, bytes), bound = best_stream * moved / STREAM_BYTES;
  printf("%.3f %.0f %.1f %.2f\n", best / N * 1e9, moved, N * (double)STREAM_BYTES / best_stream * 1e-9, best / bound);
  free(w), free(g), free(y), free(state);
  object_free(&o);
  return 0;
}
