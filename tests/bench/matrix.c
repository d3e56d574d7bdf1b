/* matrix.c: an update of a weight matrix by rules that see it as a matrix, against what the machine needs at the least.
 *
 *   bench_matrix OPTIMIZER    one line: ms an update, ms that the bound allows, ratio, GFLOP/s or GB/s behind the bound
 *
 * adafactor: ten matrices of a million float32 weights each; weights are read and written, the gradient is read twice (its means
 * come before its division); at the speed of y = a x + y. The others: 768 x 768, the flops of their products and factorizations in float64 at
 * the speed of a product of that size. What they do only every tenth update counts a tenth, on both sides: ten updates are timed. All in CPU
 * time, sides in turn, the fastest round of each. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "experiments/kernel/blas.h"
#include "experiments/kernel/mem.h"
#include "experiments/optim/optimizer.h"
#include "experiments/registry.h"

enum { SIDE = 768, LAYERS = 10, ROWS = 1000, COLS = 1024, ROUNDS = 3, PERIOD = 10 };

static void stop(const char *why)
{
  fprintf(stderr, "bench_matrix: %s\n", why);
  exit(1);
}

static double cpu_now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *room(size_t n, size_t size)
{
  void *p;
  if (mem_new(&p, n, size, "numbers", NULL))
    stop("no memory");
  return p;
}

static float *numbers(size_t n, float size)
{
  float *x = room(n, sizeof *x);
  for (size_t i = 0; i < n; i++)
    x[i] = size * ((float)(int)((i + i / 769) * 2654435761u % 100003) / 50001 - 1);
  return x;
}

/* Units of n^3 flops an update of an n x n matrix. Muon: five steps of XX', its square and a product, 6 units each. Shampoo: two moments, two
 * products; and, each tenth time, two eigenvalue problems of 9 units (Golub and Van Loan, section 8.3) with a product. SOAP: two
 * moments, four turns; and, each tenth time, for two sides two products and a QR factorization with Q formed, 8/3. */
static const struct { const char *id; double units; } costs[] = {
    {"muon", 5 * 6}, {"shampoo", 4 * 2 + 2 * (9 + 2) / 10.0}, {"soap", 6 * 2 + 2 * (2 * 2 + 8 / 3.0) / 10.0},
};

static double units_of(const char *id)
{
  for (size_t i = 0; i < sizeof costs / sizeof *costs; i++)
    if (strcmp(costs[i].id, id) == 0)
      return costs[i].units;
  return 0;
}

/* Seconds of a unit: half a product. */
static double unit_time(const double *a, double *c)
{
  double from = cpu_now();
  blas_gemm_f64(false, false, SIDE, SIDE, SIDE, 1, a, SIDE, a, SIDE, 0, c, SIDE);
  return (cpu_now() - from) / 2;
}

/* One matrix, or LAYERS of them without biases. */
static void make_net(struct net *net, bool large)
{
  optimizer_net_of_matrix(net, large ? ROWS : SIDE, large ? COLS : SIDE);
  if (!large)
    return;
  size_t n = net->n_params;
  net->n_layers = LAYERS, net->n_params = LAYERS * n, net->n_logical = LAYERS * net->n_logical;
  for (size_t l = 0; l < LAYERS; l++) {
    net->layer[l] = net->layer[0];
    net->layer[l].w_at = l * n;
    net->layer[l].b_at = net->n_params;
  }
}

static double stream_time(const float *x, float *y, size_t n)
{
  double from = cpu_now();
  for (size_t i = 0; i < n; i++)
    y[i] = 1e-9f * x[i] + y[i];
  return cpu_now() - from;
}

/* Seconds an update, a whole period of them. The first update, which may do more, is not timed. */
static double updates(const struct object *o, void *state, float *w, const float *g, const struct net *net, uint64_t *k)
{
  struct err e = {0};
  double from = cpu_now();
  for (int i = 0; i < PERIOD; i++) {
    struct step_info s = {.k = ++*k, .lr = 1e-3, .net = net};
    if (optimizer_apply_f32(o, state, w, g, net->n_params, &s, &e))
      stop(e.message);
  }
  return (cpu_now() - from) / PERIOD;
}

int main(int argc, char **argv)
{
  struct object o;
  struct err e = {0};
  struct net net;
  double best = 1e9, unit = 1e9, units;
  if (argc != 2)
    stop("usage: bench_matrix OPTIMIZER");
  if (registry_object(&o, KIND_OPTIMIZER, argv[1], NULL, 0, &e))
    stop(e.message);
  const struct optimizer *rule = (const struct optimizer *)o.method;
  bool elementwise = (units = units_of(argv[1])) == 0;
  make_net(&net, elementwise);
  size_t n = net.n_params;
  float *w = numbers(n, 1), *g = numbers(n, 0.01f), *y = numbers(n, 1);
  double *a = room(SIDE * SIDE, sizeof *a), *c = room(SIDE * SIDE, sizeof *c);
  void *state = room(rule->state_size(o.conf, &net, n, DTYPE_F32), 1);
  rule->init(o.conf, &net, state, w, n, DTYPE_F32);
  for (size_t i = 0; i < SIDE * SIDE; i++)
    a[i] = (double)g[i];
  uint64_t k = 0;
  updates(&o, state, w, g, &net, &k);
  for (int round = 0; round < ROUNDS; round++) {
    double t = elementwise ? stream_time(g, y, n) : unit_time(a, c);
    unit = t < unit ? t : unit;
    t = updates(&o, state, w, g, &net, &k);
    best = t < best ? t : best;
  }
  double bound = elementwise ? unit * 16 / 12 : unit * units;
  double speed = elementwise ? (double)n * 12 / unit : (double)SIDE * SIDE * SIDE / unit;
  printf("%.2f %.2f %.2f %.0f\n", best * 1e3, bound * 1e3, best / bound, speed * 1e-9);
  free(w), free(g), free(y), free(a), free(c), free(state);
  object_free(&o);
  return 0;
}
