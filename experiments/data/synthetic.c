/* synthetic.c: see synthetic.h. */
#include "experiments/data/synthetic.h"

#include <math.h>

static enum status make_part(struct dataset *out, int part, size_t n, int64_t seed, const struct exec *x,
                             void (*make)(const void *self, struct draw *to), const void *self, struct err *e)
{
  struct examples *p = part == 0 ? &out->train : part == 1 ? &out->valid : &out->test;
  enum status s = part_new(p, n, out->d, out->task, out->outputs, e);
  for (size_t i = 0; i < n && s == STATUS_OK; i++) {
    uint64_t stream = (uint64_t)part << 32 | i; /* counts are below 2^32 */
    struct draw d = {
        .input = rng_make((uint64_t)seed, RNG_DATA, stream),
        .noise = rng_make((uint64_t)seed, RNG_LABEL_NOISE, stream),
        .x = part_row(p, i),
        .label = p->label ? part_labels(p) + i : NULL,
        .target = p->target ? part_targets(p) + i : NULL,
    };
    make(self, &d);
    s = data_cancelled(x, e);
  }
  return s;
}

enum status synthetic_parts(struct dataset *out, const struct data_counts *counts, int64_t seed, const struct exec *x,
                            void (*make)(const void *self, struct draw *to), const void *self, struct err *e)
{
  const int64_t n[] = {counts->train, counts->valid, counts->test};
  enum status s = STATUS_OK;
  if (out->task == TASK_REGRESSION)
    out->outputs = 1;
  for (int part = 0; part < 3 && s == STATUS_OK; part++)
    s = make_part(out, part, (size_t)n[part], seed, x, make, self, e);
  return s;
}

enum status synthetic_teacher(struct dataset *out, int64_t seed, double norm, struct err *e)
{
  enum status s = mat_new(&out->teacher, DTYPE_F64, 1, out->d, e);
  if (s != STATUS_OK)
    return s;
  double *w = mat_row_f64(&out->teacher, 0), square = 0;
  struct rng rng = rng_make((uint64_t)seed, RNG_TEACHER, 0);
  rng_fill_normal_f64(&rng, w, out->d, 0, 1);
  for (size_t j = 0; j < out->d; j++)
    square += w[j] * w[j];
  for (size_t j = 0; j < out->d; j++)
    w[j] *= norm / sqrt(square);
  return STATUS_OK;
}

double synthetic_output(const struct mat *teacher, const float *x)
{
  const double *w = mat_row_f64(teacher, 0);
  double sum = 0;
  for (size_t j = 0; j < teacher->cols; j++)
    sum += (double)x[j] * w[j];
  return sum;
}

double normal_cdf(double x) { return 0.5 * erfc(-x * 0.70710678118654752440); }
double normal_density(double x) { return 0.39894228040143267794 * exp(-0.5 * x * x); }

double integrate(double (*f)(double x, const void *self), const void *self, double from, double to, int intervals)
{
  double h = (to - from) / intervals, sum = f(from, self) + f(to, self);
  for (int i = 1; i < intervals; i++)
    sum += (i % 2 ? 4 : 2) * f(from + i * h, self);
  return sum * h / 3;
}
