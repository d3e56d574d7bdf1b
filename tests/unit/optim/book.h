/* book.h: comparing an optimizer with a textbook loop, written in the test from the paper's formula, on a noisy 10-dimensional
 * quadratic of condition 1000, over 50 updates with a rate that changes.
 *
 * Float64 agrees to 1e-10 of the largest weight: 50 updates of a few roundings each stay far below. Float32: 1.5e-5 of it, 50
 * updates of some four roundings of 6e-8, all of one sign. */
#ifndef TESTS_BOOK_H
#define TESTS_BOOK_H

#include "tests/unit/optim/drive.h"

enum { BOOK_N = 10, BOOK_T = 50 };

static const double book_h[BOOK_N] = {0.001, 0.00215, 0.00464, 0.01, 0.0215, 0.0464, 0.1, 0.215, 0.464, 1};
static const struct quadratic book_problem = {.h = book_h, .noise = 0.05, .seed = 11};

/* Weights, whatever vectors and numbers the loop keeps (from zeros), and the weights to evaluate where they differ. */
struct book {
  double w[BOOK_N], start[BOOK_N], s[8][BOOK_N], x[8], eval[BOOK_N];
};

/* Update k (from 1), the gradient taken at b->w; p: the parameters, in the test's own order. */
typedef void book_step(const double *p, struct book *b, const double *g, uint64_t k, double lr);

static inline double book_distance(const double *a, const double *b)
{
  double worst = 0, size = 0;
  for (int i = 0; i < BOOK_N; i++) {
    worst = fmax(worst, fabs(a[i] - b[i]));
    size = fmax(size, fabs(b[i]));
  }
  return worst / size;
}

static inline void book_run(book_step *step, const double *p, rate_fn *rate, struct book *b)
{
  double g[BOOK_N];
  for (uint64_t k = 1; k <= BOOK_T; k++) {
    quadratic_gradient(&book_problem, k, b->w, g, BOOK_N);
    step(p, b, g, k, rate(k));
  }
}

/* Three tests. Frees o. */
static inline void book_follows(const char *name, struct object o, book_step *step, const double *p, rate_fn *rate)
{
  const struct optimizer *rule = (const struct optimizer *)o.method;
  struct book b = {0};
  double wide[BOOK_N], eval[BOOK_N], narrow_wide[BOOK_N];
  float narrow[BOOK_N], narrow_eval[BOOK_N];
  for (int i = 0; i < BOOK_N; i++) {
    b.start[i] = b.w[i] = wide[i] = (double)(float)sin(i + 1);
    narrow[i] = (float)wide[i];
  }
  struct drive d = {.o = &o, .n = BOOK_N, .gradient = quadratic_gradient, .problem = &book_problem, .rate = rate};
  book_run(step, p, rate, &b);
  void *state = state_made(&o, wide, BOOK_N, DTYPE_F64), *state32 = state_made(&o, narrow, BOOK_N, DTYPE_F32);
  drive_f64(&d, state, wide, 1, BOOK_T + 1);
  drive_f32(&d, state32, narrow, 1, BOOK_T + 1);
  double error = book_distance(wide, b.w), error32;
  for (int i = 0; i < BOOK_N; i++)
    narrow_wide[i] = (double)narrow[i];
  error32 = book_distance(narrow_wide, b.w);
  if (rule->eval_weights_f64) {
    rule->eval_weights_f64(o.conf, state, wide, eval, BOOK_N);
    rule->eval_weights_f32(o.conf, state32, narrow, narrow_eval, BOOK_N);
    error = fmax(error, book_distance(eval, b.eval));
    for (int i = 0; i < BOOK_N; i++)
      narrow_wide[i] = (double)narrow_eval[i];
    error32 = fmax(error32, book_distance(narrow_wide, b.eval));
  }
  tap_near(error, 0, 0, 1e-10, "%s, float64, follows its textbook for 50 updates", name);
  tap_near(error32, 0, 0, 1.5e-5, "%s, float32, follows its textbook for 50 updates", name);
  tap_ok(book_distance(b.w, b.start) > 0.01, "%s has moved", name);
  free(state);
  free(state32);
  object_free(&o);
}

static inline void keeps(const char *name, struct object o, size_t vectors, size_t header)
{
  const struct optimizer *m = (const struct optimizer *)o.method;
  tap_ok(m->state_size(o.conf, NULL, 100, DTYPE_F32) == vectors * 400 + header && m->state_size(o.conf, NULL, 100, DTYPE_F64) == vectors * 800 + header,
         "%s keeps %zu numbers a parameter%s", name, vectors, header ? " and a few more" : "");
  object_free(&o);
}

static inline double book_rate(uint64_t k) { return 0.3 / sqrt((double)k); }
static inline double book_small_rate(uint64_t k) { return 0.05 / sqrt((double)k); }

#endif
