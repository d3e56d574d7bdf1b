/* adam_body.inc.c: Adam's update, element by element, for one type: REAL, FMA, SQRT, LARGEST, UPDATE (the
 * struct of constants) and NAME are set by the file that includes it. No sum runs over elements and every
 * operation is rounded once, so that the bits do not depend on the vector width. */
bool NAME(const struct UPDATE *u, REAL *restrict w, REAL *restrict m, REAL *restrict v, const REAL *restrict g, size_t n)
{
  const struct UPDATE c = *u;
  int overflow = 0;
  for (size_t i = 0; i < n; i++) {
    REAL g1 = c.l2 != 0 ? FMA(c.l2, w[i], g[i]) : g[i];
    REAL m1 = FMA(c.b1, m[i], c.a * g1);
    REAL v1 = FMA(c.b2, v[i], c.b * g1 * g1);
    REAL root = FMA(SQRT(v1), c.root, c.eps);
    REAL divisor = root > 0 ? root : (REAL)INFINITY; /* eps = 0 and no gradient: stay; a branch could not be vectorised */
    w[i] = FMA(-c.rate, m1 / divisor, c.shrink * w[i]);
    m[i] = m1;
    v[i] = v1;
    overflow |= !(v1 <= LARGEST);
  }
  return !overflow;
}
