/* glm_rows.h: what linear models do with several float32 rows and float64 weights at once, one set per instruction set.
 *
 * d is a multiple of 8 here: rows and weights are padded with zeros. A product has eight partial sums, element j in sum j mod 8, added
 * in the tree ((0+4)+(2+6))+((1+5)+(3+7)); sums over rows go in their order. Multiplications and additions are separate roundings. So all
 * sets, and the plain loops of glm.c, give the same bits. */
#ifndef ASSAY_OBJECTIVE_GLM_ROWS_H
#define ASSAY_OBJECTIVE_GLM_ROWS_H

#include <stddef.h>

enum { GLM_ROWS_MAX = 64 };

/* w <- keep w - (step u + pull mean), mean <- mean + share u, u = sum_k scale[k] row[k]. */
struct glm_move {
  double keep, step, pull, share;
};

struct glm_rows {
  void (*dot)(const float *const *row, size_t n, const double *w, size_t d, double *z);        /* z[k] = row[k] . w */
  void (*add)(const float *const *row, size_t n, const double *scale, double *to, size_t d);   /* to += sum_k scale[k] row[k] */
  void (*move)(const float *const *row, size_t n, const double *scale, const struct glm_move *by, double *w, double *mean, size_t d);
  /* The logistic link for n examples with y = -1 or 1: its slope in z, and (unless NULL) its value. */
  void (*logistic)(const double *z, const double *y, size_t n, double *slope, double *value);
};
extern const struct glm_rows glm_rows_generic, glm_rows_avx2, glm_rows_avx512;
const struct glm_rows *glm_rows_best(void); /* the widest that this machine has */

#endif
