/* glm_rows.inc.c: the body of glm_rows.h in groups of eight numbers, each of PARTS vectors of WIDTH; NAME is the set. Compiled once per
 * instruction set. */
#include "experiments/objective/glm_math.h"
#include "experiments/objective/glm_rows.h"

enum { PARTS = 8 / WIDTH };
typedef double vd __attribute__((vector_size(8 * WIDTH), aligned(8)));
typedef float vf __attribute__((vector_size(4 * WIDTH), aligned(4)));

#define ROW(p) __builtin_convertvector(*(const vf *)(p), vd)
#define AT(p) (*(vd *)(p))
#define AT_CONST(p) (*(const vd *)(p))
#define FOR_PARTS for (size_t h = 0; h < PARTS; h++)

/* ((0+4)+(2+6))+((1+5)+(3+7)) */
static inline double tree(const vd *s)
{
  double l[8] = {0};
  FOR_PARTS AT(l + h * WIDTH) = s[h];
  return ((l[0] + l[4]) + (l[2] + l[6])) + ((l[1] + l[5]) + (l[3] + l[7]));
}

static void dot2(const float *a, const float *b, const double *w, size_t d, double *z)
{
  vd s[PARTS] = {0}, t[PARTS] = {0};
  for (size_t j = 0; j < d; j += 8)
    FOR_PARTS {
      vd at = AT_CONST(w + j + h * WIDTH);
      s[h] += ROW(a + j + h * WIDTH) * at;
      t[h] += ROW(b + j + h * WIDTH) * at;
    }
  z[0] = tree(s), z[1] = tree(t);
}

static void dot(const float *const *row, size_t n, const double *w, size_t d, double *z)
{
  size_t k = 0;
  for (; k + 2 <= n; k += 2)
    dot2(row[k], row[k + 1], w, d, z + k);
  for (; k < n; k++) {
    vd s[PARTS] = {0};
    for (size_t j = 0; j < d; j += 8)
      FOR_PARTS s[h] += ROW(row[k] + j + h * WIDTH) * AT_CONST(w + j + h * WIDTH);
    z[k] = tree(s);
  }
}

/* Four chains of additions, for each waits for itself. */
enum { CHAINS = 4, STEP = CHAINS * WIDTH };

/* u += sum_k scale[k] row[k] on so many vectors from j on. */
static inline __attribute__((always_inline)) void combine(vd *u, size_t chains, const float *const *row, size_t n, const double *scale, size_t j)
{
  for (size_t k = 0; k < n; k++)
    for (size_t c = 0; c < chains; c++)
      u[c] += scale[k] * ROW(row[k] + j + c * WIDTH);
}

static void add(const float *const *row, size_t n, const double *scale, double *to, size_t d)
{
  size_t j = 0;
  for (; j + STEP <= d; j += STEP) {
    vd u[CHAINS];
    for (size_t c = 0; c < CHAINS; c++)
      u[c] = AT(to + j + c * WIDTH);
    combine(u, CHAINS, row, n, scale, j);
    for (size_t c = 0; c < CHAINS; c++)
      AT(to + j + c * WIDTH) = u[c];
  }
  for (; j < d; j += WIDTH) {
    vd u[1] = {AT(to + j)};
    combine(u, 1, row, n, scale, j);
    AT(to + j) = u[0];
  }
}

/* One vector of the move. */
static inline void move_one(const vd *u, const struct glm_move *by, double *w, double *mean)
{
  vd g = AT(mean);
  AT(w) = by->keep * AT(w) - (by->step * *u + by->pull * g);
  AT(mean) = g + by->share * *u;
}

static void move(const float *const *row, size_t n, const double *scale, const struct glm_move *by, double *w, double *mean, size_t d)
{
  size_t j = 0;
  for (; j + STEP <= d; j += STEP) {
    vd u[CHAINS] = {0};
    combine(u, CHAINS, row, n, scale, j);
    for (size_t c = 0; c < CHAINS; c++)
      move_one(&u[c], by, w + j + c * WIDTH, mean + j + c * WIDTH);
  }
  for (; j < d; j += WIDTH) {
    vd u[1] = {0};
    combine(u, 1, row, n, scale, j);
    move_one(u, by, w + j, mean + j);
  }
}

static void logistic(const double *z, const double *y, size_t n, double *slope, double *value)
{
  for (size_t k = 0; k < n; k++) {
    double m = y[k] * z[k], t = exp_minus(fabs(m)), s = 1 / (1 + t);
    slope[k] = y[k] * (m < 0 ? -s : -t * s);
  }
  for (size_t k = 0; value && k < n; k++) {
    double m = y[k] * z[k];
    value[k] = log_one_plus(exp_minus(fabs(m))) + (m < 0 ? -m : 0);
  }
}

const struct glm_rows NAME = {dot, add, move, logistic};
