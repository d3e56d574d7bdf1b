/* prune.c: time of calibration, masks and solvers on one layer.
 *
 *   bench_prune JOB     one line: CPU milliseconds, the least of several rounds
 *
 * Weights are normal, inputs are correlated and of different scales, in float32 as a net gives them. The other side
 * (peer_torch.py) does the same by the published algorithms; tests/bench/run prints both as a ratio. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/rng.h"
#include "experiments/pruning/pruning.h"
#include "experiments/registry.h"

/* What is timed: calibration by norms or Gram matrix (method NULL), or the method on a calibrated layer. */
struct job {
  const char *name, *method, *compare;
  size_t out, in, tokens;
  int rounds;
  enum kind kind;
  bool gram;
};

static const struct job jobs[] = {
    {"norms", NULL, NULL, 1, 768, 16384, 20, KIND_SCORE, false},
    {"gram", NULL, NULL, 1, 768, 16384, 20, KIND_SCORE, true},
    {"gram-wide", NULL, NULL, 1, 3072, 16384, 2, KIND_SCORE, true},
    {"wanda", "wanda", "row", 768, 768, 2048, 50, KIND_SCORE, false},
    {"wanda-n:m", "wanda", "n:m", 768, 768, 2048, 50, KIND_SCORE, false},
    {"sparsegpt", "sparsegpt", "layer", 768, 768, 2048, 20, KIND_SOLVER, true},
    {"sparsegpt-n:m", "sparsegpt", "n:m", 768, 768, 2048, 20, KIND_SOLVER, true},
    {"sparsegpt-wide", "sparsegpt", "layer", 768, 3072, 4096, 3, KIND_SOLVER, true},
};

static void stop(const struct err *e)
{
  fprintf(stderr, "bench_prune: %s\n", e->message);
  exit(1);
}

static void *room(size_t n, size_t size)
{
  struct err e = {0};
  void *memory;
  if (mem_new(&memory, n, size, "the layer", &e))
    stop(&e);
  return memory;
}

static double cpu_now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Inputs X (in x tokens): neighbours share a factor, scales differ. */
static struct mat make_inputs(const struct job *j)
{
  struct rng r = rng_make(1, RNG_TEST, 0);
  struct mat x;
  struct err e = {0};
  float *z = room(j->in, sizeof *z);
  if (mat_new(&x, DTYPE_F32, j->in, j->tokens, &e))
    stop(&e);
  for (size_t t = 0; t < j->tokens; t++) {
    rng_fill_normal_f32(&r, z, j->in, 0, 1);
    for (size_t i = 1; i < j->in; i++)
      z[i] = 0.9f * z[i - 1] + 0.436f * z[i];
    for (size_t i = 0; i < j->in; i++)
      mat_row_f32(&x, i)[t] = z[i] * (0.3f + 1.7f * (float)(i * 7 % j->in) / (float)j->in);
  }
  free(z);
  return x;
}

static struct object make_method(const struct job *j)
{
  struct named_value compare = {"compare", {.kind = VALUE_STRING, .as.s = j->compare}};
  struct object o;
  struct err e = {0};
  if (registry_object(&o, j->kind, j->method, &compare, 1, &e))
    stop(&e);
  return o;
}

static void calibrate(const struct job *j, const struct mat *x, double *norm2, double *gram)
{
  struct err e = {0};
  if (prune_calibrate(NULL, x, norm2, j->gram ? gram : NULL, &e))
    stop(&e);
}

static void prune(const struct job *j, const struct object *o, const struct prune_layer *l, double *w, uint8_t *keep)
{
  struct err e = {0};
  if (j->kind == KIND_SCORE ? prune_mask(o, NULL, l, 1, NULL, &keep, &e) : prune_apply(o, NULL, l, 1, NULL, &w, &keep, NULL, &e))
    stop(&e);
}

/* The least CPU time of a round, in milliseconds. */
static double run_job(const struct job *j)
{
  struct mat x = make_inputs(j);
  struct rng r = rng_make(2, RNG_TEST, 0);
  double *w = room(j->out * j->in, sizeof *w), *new_w = room(j->out * j->in, sizeof *new_w), *norm2 = room(j->in, sizeof *norm2),
         *gram = room(j->in * j->in, sizeof *gram), best = INFINITY;
  uint8_t *keep = room(j->out * j->in, 1);
  struct prune_layer layer = {.w = w, .out = j->out, .in = j->in, .norm2 = norm2, .gram = j->gram ? gram : NULL};
  struct object o = {0};
  rng_fill_normal_f64(&r, w, j->out * j->in, 0, 1);
  calibrate(j, &x, norm2, gram);
  if (j->method)
    o = make_method(j);
  for (int i = 0; i < j->rounds; i++) {
    double start = cpu_now();
    if (j->method)
      prune(j, &o, &layer, new_w, keep);
    else
      calibrate(j, &x, norm2, gram);
    best = fmin(best, cpu_now() - start);
  }
  if (j->method)
    object_free(&o);
  mat_free(&x);
  free(w), free(new_w), free(norm2), free(gram), free(keep);
  return 1e3 * best;
}

int main(int argc, char **argv)
{
  for (size_t i = 0; argc > 1 && i < sizeof jobs / sizeof *jobs; i++)
    if (!strcmp(argv[1], jobs[i].name)) {
      printf("%.3f\n", run_job(&jobs[i]));
      return 0;
    }
  fprintf(stderr, "usage: bench_prune JOB; jobs:");
  for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++)
    fprintf(stderr, " %s", jobs[i].name);
  fputc('\n', stderr);
  return 2;
}
