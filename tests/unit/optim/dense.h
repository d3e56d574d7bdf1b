/* dense.h: small dense linear algebra in plain loops, independent of BLAS and LAPACK: what the matrix rules are tested against. */
#ifndef TESTS_DENSE_H
#define TESTS_DENSE_H

#include <math.h>
#include <string.h>

enum { DENSE_MAX = 8 };
struct dense {
  int m, n;
  double a[DENSE_MAX][DENSE_MAX];
};

static inline struct dense dense_of(int m, int n, const double *x)
{
  struct dense d = {.m = m, .n = n};
  for (int i = 0; i < m; i++)
    for (int j = 0; j < n; j++)
      d.a[i][j] = x[i * n + j];
  return d;
}

static inline struct dense dense_identity(int n)
{
  struct dense d = {.m = n, .n = n};
  for (int i = 0; i < n; i++)
    d.a[i][i] = 1;
  return d;
}

static inline struct dense dense_transpose(struct dense x)
{
  struct dense t = {.m = x.n, .n = x.m};
  for (int i = 0; i < x.m; i++)
    for (int j = 0; j < x.n; j++)
      t.a[j][i] = x.a[i][j];
  return t;
}

static inline struct dense dense_mul(struct dense x, struct dense y)
{
  struct dense p = {.m = x.m, .n = y.n};
  for (int i = 0; i < x.m; i++)
    for (int j = 0; j < y.n; j++)
      for (int k = 0; k < x.n; k++)
        p.a[i][j] += x.a[i][k] * y.a[k][j];
  return p;
}

/* a x + b y */
static inline struct dense dense_add(double a, struct dense x, double b, struct dense y)
{
  for (int i = 0; i < x.m; i++)
    for (int j = 0; j < x.n; j++)
      x.a[i][j] = a * x.a[i][j] + b * y.a[i][j];
  return x;
}

static inline double dense_norm(struct dense x)
{
  double s = 0;
  for (int i = 0; i < x.m; i++)
    for (int j = 0; j < x.n; j++)
      s += x.a[i][j] * x.a[i][j];
  return sqrt(s);
}

/* Eigenvectors in the columns of the result, values[n], both by falling value: cyclic Jacobi rotations. */
static inline struct dense dense_eigen(struct dense s, double *values)
{
  struct dense q = dense_identity(s.n);
  for (int sweep = 0; sweep < 60; sweep++)
    for (int p = 0; p < s.n; p++)
      for (int r = p + 1; r < s.n; r++) {
        double angle = 0.5 * atan2(2 * s.a[p][r], s.a[p][p] - s.a[r][r]);
        struct dense j = dense_identity(s.n);
        j.a[p][p] = j.a[r][r] = cos(angle);
        j.a[p][r] = -sin(angle), j.a[r][p] = sin(angle);
        s = dense_mul(dense_transpose(j), dense_mul(s, j));
        q = dense_mul(q, j);
      }
  for (int i = 0; i < s.n; i++)
    for (int j = i + 1; j < s.n; j++)
      if (s.a[j][j] > s.a[i][i]) {
        double t = s.a[i][i];
        s.a[i][i] = s.a[j][j], s.a[j][j] = t;
        for (int k = 0; k < s.n; k++)
          t = q.a[k][i], q.a[k][i] = q.a[k][j], q.a[k][j] = t;
      }
  for (int i = 0; i < s.n; i++)
    values[i] = s.a[i][i];
  return q;
}

/* (S + shift I)^power for a symmetric S */
static inline struct dense dense_power(struct dense s, double shift, double power)
{
  double value[DENSE_MAX];
  struct dense q = dense_eigen(s, value), scaled = q;
  for (int i = 0; i < s.n; i++)
    for (int j = 0; j < s.n; j++)
      scaled.a[i][j] *= pow(fmax(value[j], 0) + shift, power);
  return dense_mul(scaled, dense_transpose(q));
}

/* Q of x = Q R with diag(R) >= 0, x square: modified Gram-Schmidt, twice. */
static inline struct dense dense_orth(struct dense x)
{
  for (int j = 0; j < x.n; j++)
    for (int pass = 0; pass < 2; pass++) {
      double size = 0;
      for (int k = 0; k < j; k++) {
        double dot = 0;
        for (int i = 0; i < x.m; i++)
          dot += x.a[i][k] * x.a[i][j];
        for (int i = 0; i < x.m; i++)
          x.a[i][j] -= dot * x.a[i][k];
      }
      for (int i = 0; i < x.m; i++)
        size += x.a[i][j] * x.a[i][j];
      for (int i = 0; i < x.m; i++)
        x.a[i][j] /= sqrt(size);
    }
  return x;
}

#endif
