/* around_typed.inc.c: the loops of around.c over n elements, for one type and one instruction set. */
TARGET static void NAME(add)(void *out, const void *x, double c, const void *y, size_t n)
{
  REAL *to = out;
  const REAL *base = x, *step = y, by = (REAL)c;
  for (size_t i = 0; i < n; i++)
    to[i] = FMA(by, step[i], base[i]);
}

TARGET static void NAME(scale)(void *x, double c, size_t n)
{
  REAL *to = x;
  for (size_t i = 0; i < n; i++)
    to[i] = (REAL)(c * (double)to[i]);
}

TARGET static void NAME(blend)(void *restrict out, double c, double d, const void *restrict x, const void *restrict y, size_t n)
{
  REAL *restrict to = out;
  const REAL *restrict p = x, *restrict q = y;
  for (size_t i = 0; i < n; i++)
    to[i] = (REAL)(c * (double)to[i] + d * (double)p[i] * (double)q[i]);
}

TARGET static inline REAL NAME(size)(REAL y, REAL least)
{
  REAL size = FABS(y);
  return size > least ? size : least;
}

TARGET static void NAME(times_size)(void *out, const void *x, const void *y, double least, size_t n)
{
  REAL *to = out;
  const REAL *p = x, *q = y;
  for (size_t i = 0; i < n; i++)
    to[i] = p[i] * NAME(size)(q[i], (REAL)least);
}

TARGET static void NAME(over_size)(void *out, const void *x, const void *y, double least, size_t n)
{
  REAL *to = out;
  const REAL *p = x, *q = y;
  for (size_t i = 0; i < n; i++)
    to[i] = p[i] / NAME(size)(q[i], (REAL)least);
}

TARGET static void NAME(signs)(void *out, struct rng *r, size_t n)
{
  REAL *to = out;
  for (size_t i = 0; i < n; i++)
    to[i] = (REAL)rng_sign(r);
}

static const struct around_loops NAME(loops) = {.add = NAME(add), .scale = NAME(scale), .blend = NAME(blend),
                                         .times_size = NAME(times_size), .over_size = NAME(over_size), .signs = NAME(signs)};

#undef REAL
#undef FMA
#undef FABS
#undef NAME
#undef TARGET
