/* convex.c: time to 1e-6 of the minimum on two logistic regressions, l2 = 1/n: 50,000 x 100 dense and 20,000 x 47,000 with 1.42 million
 * entries, rows of norm 1, popular columns as in text.
 *
 *   bench_convex write DIR                    makes the data (for the peer as well) and their minima
 *   bench_convex dense|sparse DIR METHOD...   a line for each: METHOD, CPU milliseconds, passes; reading and making not counted */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/kernel/rng.h"
#include "experiments/minimize/minimize.h"
#include "experiments/registry.h"

enum { DENSE_N = 50000, DENSE_D = 100, SPARSE_N = 20000, SPARSE_D = 47000, ENTRIES = 71, ROUNDS = 5 };
#define GAP 1e-6

static void stop(const char *why)
{
  fprintf(stderr, "bench_convex: %s\n", why);
  exit(2);
}

static FILE *open_file(const char *dir, const char *name, const char *mode)
{
  char *path = xasprintf("%s/%s", dir, name);
  FILE *f = fopen(path, mode);
  if (!f)
    stop(path);
  free(path);
  return f;
}

/* --- making ------------------------------------------------------------------------------------ */

static double noisy_sign(struct rng *r, double z) { return rng_uniform(r) < 1 / (1 + exp(-z)) ? 1 : -1; }

/* NumPy's format, version 1: a header of 128 bytes. */
static void npy_header(FILE *f, const char *type, const char *shape)
{
  char header[129];
  snprintf(header, sizeof header, "%c%s%c%c%c%c{'descr': '%s', 'fortran_order': False, 'shape': (%s), }", 0x93, "NUMPY", 1, 1, 118, 1, type, shape);
  size_t n = strlen(header);
  memset(header + n, ' ', 127 - n);
  header[127] = '\n';
  header[7] = header[9] = 0; /* minor version, and the high byte of the length 118 */
  fwrite(header, 1, 128, f);
}

static void write_dense(const char *dir)
{
  FILE *x = open_file(dir, "dense_x.npy", "wb"), *y = open_file(dir, "dense_y.npy", "wb");
  struct rng r = rng_make(1, RNG_TEST, 0), labels = rng_make(1, RNG_TEST, 1);
  float row[DENSE_D];
  double w[DENSE_D];
  char shape[64];
  snprintf(shape, sizeof shape, "%d, %d", DENSE_N, DENSE_D);
  npy_header(x, "<f4", shape);
  snprintf(shape, sizeof shape, "%d,", DENSE_N);
  npy_header(y, "<f4", shape);
  rng_fill_normal_f64(&labels, w, DENSE_D, 0, 0.3);
  for (int i = 0; i < DENSE_N; i++) {
    double z = 0;
    rng_fill_normal_f32(&r, row, DENSE_D, 0, 1);
    for (int j = 0; j < DENSE_D; j++)
      z += w[j] * (double)row[j];
    float label = (float)noisy_sign(&labels, z);
    fwrite(row, sizeof row, 1, x);
    fwrite(&label, sizeof label, 1, y);
  }
  if (fclose(x) || fclose(y))
    stop("cannot write");
}

static int ascending(const void *a, const void *b) { return *(const int *)a < *(const int *)b ? -1 : *(const int *)a > *(const int *)b; }

/* One row: distinct columns, column j with a density like j^(-1/2), weights of norm 1. Returns its product with the teacher. */
static double sparse_row(struct rng *r, const double *teacher, int *column, double *value)
{
  double norm = 0, z = 0;
  for (int k = 0; k < ENTRIES; k++) {
    double u = rng_uniform(r);
    column[k] = (int)(SPARSE_D * u * u);
    for (int other = 0; other < k; other++)
      if (column[other] == column[k])
        k--, other = ENTRIES;
  }
  qsort(column, ENTRIES, sizeof *column, ascending);
  for (int k = 0; k < ENTRIES; k++) {
    value[k] = exp(0.5 * rng_normal(r));
    norm += value[k] * value[k];
  }
  for (int k = 0; k < ENTRIES; k++) {
    value[k] /= sqrt(norm);
    z += value[k] * teacher[column[k]];
  }
  return z;
}

static void write_sparse(const char *dir)
{
  FILE *f = open_file(dir, "sparse.libsvm", "w");
  struct rng r = rng_make(2, RNG_TEST, 0);
  double *teacher = xcalloc(SPARSE_D, sizeof *teacher), value[ENTRIES];
  int column[ENTRIES];
  rng_fill_normal_f64(&r, teacher, SPARSE_D, 0, 5);
  for (int i = 0; i < SPARSE_N; i++) {
    double label = noisy_sign(&r, sparse_row(&r, teacher, column, value));
    fprintf(f, "%d", (int)label);
    for (int k = 0; k < ENTRIES; k++)
      fprintf(f, " %d:%.6g", column[k] + 1, value[k]);
    fputc('\n', f);
  }
  free(teacher);
  if (fclose(f))
    stop("cannot write");
}

/* --- running ----------------------------------------------------------------------------------- */

static struct object object_of(enum kind kind, const char *id, const struct named_value *v, size_t n)
{
  struct object o;
  struct err e = {0};
  if (registry_object(&o, kind, id, v, n, &e) != STATUS_OK)
    stop(e.message);
  return o;
}

static struct named_value text(const char *name, const char *s) { return (struct named_value){name, {.kind = VALUE_STRING, .as.s = s}}; }
static struct named_value number(const char *name, double r) { return (struct named_value){name, {.kind = VALUE_REAL, .as.r = r}}; }

static struct objective *problem(const char *dir, bool dense)
{
  struct data_env env = {.base_dir = dir};
  struct objective_env all = {.data = &env};
  struct objective *f;
  struct err e = {0};
  struct object data = {0}, o;
  if (dense) {
    struct named_value parts[] = {text("x", "dense_x.npy"), text("y", "dense_y.npy"), number("train", DENSE_N), number("valid", 0), number("test", 0),
                                  {"standardize", {.kind = VALUE_BOOL}}};
    data = object_of(KIND_DATA, "npy", parts, 6);
    struct named_value v[] = {{"data", {.kind = VALUE_OBJECT, .as.object = &data}}, number("l2", 1.0 / DENSE_N)};
    o = object_of(KIND_OBJECTIVE, "logistic-regression", v, 2);
  } else {
    struct named_value v[] = {text("file", "sparse.libsvm"), number("l2", 1.0 / SPARSE_N)};
    o = object_of(KIND_OBJECTIVE, "logistic-regression", v, 2);
  }
  if (objective_make(&f, &o, &all, &e) != STATUS_OK)
    stop(e.message);
  object_free(&o);
  object_free(&data);
  return f;
}

/* One run to a gap or a gradient norm; its CPU milliseconds and passes. The value reached stands in *value. */
static double run(struct objective *f, const char *method, double minimum, double *passes, double *value)
{
  struct object o = object_of(KIND_MINIMIZER, method, NULL, 0);
  struct minimize m;
  struct err e = {0};
  double *w = xcalloc(f->d, sizeof *w);
  memcpy(w, f->start, f->d * sizeof *w);
  minimize_init(&m, NULL, f, w, 2000);
  m.minimum = minimum;
  m.gap = isnan(minimum) ? -1 : GAP;
  m.grad_norm = isnan(minimum) ? 1e-10 : -1;
  if (minimize_run(&o, &m, &e) != STATUS_OK)
    stop(e.message);
  if (m.stop != MINIMIZE_GAP && m.stop != MINIMIZE_GRAD_NORM && m.stop != MINIMIZE_CONVERGED)
    stop("the minimum was not reached");
  double ms = 1e3 * m.spent_s;
  *passes = minimize_passes(&m);
  *value = m.value;
  minimize_free(&m);
  object_free(&o);
  free(w);
  return ms;
}

static void write_all(const char *dir)
{
  write_dense(dir);
  write_sparse(dir);
  for (int dense = 0; dense < 2; dense++) {
    struct objective *f = problem(dir, dense);
    double passes, minimum;
    run(f, "lbfgs", (double)NAN, &passes, &minimum);
    FILE *out = open_file(dir, dense ? "dense_minimum" : "sparse_minimum", "w");
    fprintf(out, "%.17g\n", minimum);
    fclose(out);
    objective_release(f);
  }
}

int main(int argc, char **argv)
{
  if (argc == 3 && !strcmp(argv[1], "write")) {
    write_all(argv[2]);
    return 0;
  }
  if (argc < 4 || (strcmp(argv[1], "dense") != 0 && strcmp(argv[1], "sparse") != 0))
    stop("usage: bench_convex write DIR | bench_convex dense|sparse DIR METHOD...");
  bool dense = !strcmp(argv[1], "dense");
  struct objective *f = problem(argv[2], dense);
  FILE *in = open_file(argv[2], dense ? "dense_minimum" : "sparse_minimum", "r");
  double minimum;
  if (fscanf(in, "%lf", &minimum) != 1)
    stop("no minimum");
  fclose(in);
  for (int k = 3; k < argc; k++) {
    double best = INFINITY, passes = 0, value;
    for (int round = 0; round < ROUNDS; round++)
      best = fmin(best, run(f, argv[k], minimum, &passes, &value));
    printf("%s %.3f %.1f\n", argv[k], best, passes);
  }
  objective_release(f);
  return 0;
}
