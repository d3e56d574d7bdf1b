/* rule_typed.inc.c: the loops over an elementwise rule's ELEMENT (and MEASURE) and its step, for one type. Included by
 * rule.inc.c. */

/* Apart and restrict-qualified, so that a loop needs no test for overlap; those beyond the rule's number are NULL. */
#define VECTOR_ARGUMENTS REAL *restrict w, const REAL *restrict g, REAL *restrict s0, REAL *restrict s1, REAL *restrict s2, \
                         REAL *restrict s3, REAL *restrict s4, size_t n
#define VECTOR_NAMES w, g, s0, s1, s2, s3, s4, n
#define INLINE static inline __attribute__((always_inline))

INLINE void NAME(load)(REAL s[RULE_MAX_VECTORS], const REAL *s0, const REAL *s1, const REAL *s2, const REAL *s3, const REAL *s4,
                       size_t i, size_t count)
{
  s[0] = count > 0 ? s0[i] : 0;
  s[1] = count > 1 ? s1[i] : 0;
  s[2] = count > 2 ? s2[i] : 0;
  s[3] = count > 3 ? s3[i] : 0;
  s[4] = count > 4 ? s4[i] : 0;
}

INLINE void NAME(save)(const REAL s[RULE_MAX_VECTORS], REAL *s0, REAL *s1, REAL *s2, REAL *s3, REAL *s4, size_t i, size_t count)
{
  if (count > 0)
    s0[i] = s[0];
  if (count > 1)
    s1[i] = s[1];
  if (count > 2)
    s2[i] = s[2];
  if (count > 3)
    s3[i] = s[3];
  if (count > 4)
    s4[i] = s[4];
}

/* The update of n elements; false if a weight or the state overflows. count is known where this is compiled. */
INLINE bool NAME(move_counted)(const struct constants *constants, VECTOR_ARGUMENTS, size_t count)
{
  const struct constants c = *constants;
  int bad = 0;
  for (size_t i = 0; i < n; i++) {
    REAL s[RULE_MAX_VECTORS];
    NAME(load)(s, s0, s1, s2, s3, s4, i, count);
    REAL x = ELEMENT(&c, w[i], g[i], s);
    w[i] = x;
    NAME(save)(s, s0, s1, s2, s3, s4, i, count);
    REAL zero = 0 * x; /* times what is infinite or no number: no number */
    for (size_t j = 0; j < count; j++)
      zero *= s[j];
    bad |= !(zero == 0);
  }
  return !bad;
}

INLINE bool NAME(move)(const struct constants *c, VECTOR_ARGUMENTS, size_t count)
{
#if LEAST_VECTORS < VECTORS
  if (count == VECTORS - 1)
    return NAME(move_counted)(c, VECTOR_NAMES, VECTORS - 1);
#endif
#if LEAST_VECTORS + 1 < VECTORS
  if (count == VECTORS - 2)
    return NAME(move_counted)(c, VECTOR_NAMES, VECTORS - 2);
#endif
  (void)count;
  return NAME(move_counted)(c, VECTOR_NAMES, VECTORS);
}

static bool NAME(move_generic)(const struct constants *c, VECTOR_ARGUMENTS, size_t count)
{
  return NAME(move)(c, VECTOR_NAMES, count);
}

RULE_AVX2 static bool NAME(move_avx2)(const struct constants *c, VECTOR_ARGUMENTS, size_t count)
{
  return NAME(move)(c, VECTOR_NAMES, count);
}

RULE_AVX512 static bool NAME(move_avx512)(const struct constants *c, VECTOR_ARGUMENTS, size_t count)
{
  return NAME(move)(c, VECTOR_NAMES, count);
}

#if SUMS
/* The sum of n numbers, number i added to partial sum i mod 16, these in a fixed tree. */
INLINE double NAME(sum_lanes)(const double *x, size_t n)
{
  double lane[16] = {0};
  size_t i = 0;
  for (; i + 16 <= n; i += 16)
    for (size_t l = 0; l < 16; l++)
      lane[l] += x[i + l];
  for (size_t l = 0; i < n; i++, l++)
    lane[l] += x[i];
  for (size_t half = 8; half > 0; half /= 2)
    for (size_t l = 0; l < half; l++)
      lane[l] += lane[l + half];
  return lane[0];
}

/* sum[j]: of the j-th terms of n <= RULE_BLOCK elements. */
INLINE void NAME(terms_counted)(const struct constants *constants, VECTOR_ARGUMENTS, double *restrict sum, size_t count)
{
  const struct constants c = *constants;
  double terms[SUMS * RULE_BLOCK];
  for (size_t i = 0; i < n; i++) {
    REAL s[RULE_MAX_VECTORS];
    double term[SUMS];
    NAME(load)(s, s0, s1, s2, s3, s4, i, count);
    MEASURE(&c, w[i], g[i], s, term);
    NAME(save)(s, s0, s1, s2, s3, s4, i, count);
    for (size_t j = 0; j < SUMS; j++)
      terms[j * RULE_BLOCK + i] = term[j];
  }
  for (size_t j = 0; j < SUMS; j++)
    sum[j] = NAME(sum_lanes)(terms + j * RULE_BLOCK, n);
}

INLINE void NAME(terms)(const struct constants *c, VECTOR_ARGUMENTS, double *restrict sum, size_t count)
{
#if LEAST_VECTORS < VECTORS
  if (count == VECTORS - 1) {
    NAME(terms_counted)(c, VECTOR_NAMES, sum, VECTORS - 1);
    return;
  }
#endif
#if LEAST_VECTORS + 1 < VECTORS
  if (count == VECTORS - 2) {
    NAME(terms_counted)(c, VECTOR_NAMES, sum, VECTORS - 2);
    return;
  }
#endif
  (void)count;
  NAME(terms_counted)(c, VECTOR_NAMES, sum, VECTORS);
}

static void NAME(terms_generic)(const struct constants *c, VECTOR_ARGUMENTS, double *restrict sum, size_t count)
{
  NAME(terms)(c, VECTOR_NAMES, sum, count);
}

RULE_AVX2 static void NAME(terms_avx2)(const struct constants *c, VECTOR_ARGUMENTS, double *restrict sum, size_t count)
{
  NAME(terms)(c, VECTOR_NAMES, sum, count);
}

RULE_AVX512 static void NAME(terms_avx512)(const struct constants *c, VECTOR_ARGUMENTS, double *restrict sum, size_t count)
{
  NAME(terms)(c, VECTOR_NAMES, sum, count);
}

/* sum[SUMS] over all elements, a block at a time so that the terms stay in the cache. */
static void NAME(sum_terms)(const struct constants *c, enum isa isa, REAL *w, const REAL *g, REAL *const s[RULE_MAX_VECTORS], size_t count,
                            size_t n, double sum[SUMS])
{
  typedef void terms_fn(const struct constants *, VECTOR_ARGUMENTS, double *restrict, size_t);
  terms_fn *const terms_by_isa[] = {[ISA_GENERIC] = NAME(terms_generic), [ISA_AVX2] = NAME(terms_avx2), [ISA_AVX512] = NAME(terms_avx512)};
  double part[SUMS];
  memset(sum, 0, SUMS * sizeof *sum);
  for (size_t at = 0; at < n; at += RULE_BLOCK) {
    size_t m = n - at < RULE_BLOCK ? n - at : RULE_BLOCK;
    terms_by_isa[isa](c, w + at, g + at, s[0] ? s[0] + at : NULL, s[1] ? s[1] + at : NULL, s[2] ? s[2] + at : NULL,
                      s[3] ? s[3] + at : NULL, s[4] ? s[4] + at : NULL, m, part, count);
    for (size_t j = 0; j < SUMS; j++)
      sum[j] += part[j];
  }
}
#endif

typedef bool NAME(move_fn)(const struct constants *, VECTOR_ARGUMENTS, size_t);

/* The update of n elements from `at` on. */
INLINE bool NAME(move_span)(NAME(move_fn) *move, const struct constants *c, REAL *w, const REAL *g, REAL *const s[RULE_MAX_VECTORS], size_t at,
                            size_t n, size_t count)
{
  return move(c, w + at, g + at, s[0] ? s[0] + at : NULL, s[1] ? s[1] + at : NULL, s[2] ? s[2] + at : NULL, s[3] ? s[3] + at : NULL,
              s[4] ? s[4] + at : NULL, n, count);
}

#ifndef ONE_RATE
/* That of each layer at its own rate. */
static bool NAME(move_layers)(NAME(move_fn) *move, const struct constants *c, REAL *w, const REAL *g, REAL *const s[RULE_MAX_VECTORS],
                              const struct step_info *info, size_t count)
{
  bool fine = true;
  size_t n;
  for (size_t l = 0; l < info->net->n_layers; l++) {
    size_t at = optimizer_layer_span(info->net, l, &n);
    struct constants own = *c;
    if (info->layer_rate[l] < 1 || info->layer_rate[l] > 1)
      AT_RATE(&own, info->layer_rate[l]);
    fine &= NAME(move_span)(move, &own, w, g, s, at, n, count);
  }
  return fine;
}
#endif

static enum status NAME(step)(const void *conf, void *state, REAL *w, const REAL *g, size_t n, const struct step_info *info, struct err *e)
{
  NAME(move_fn) *const move_by_isa[] = {[ISA_GENERIC] = NAME(move_generic), [ISA_AVX2] = NAME(move_avx2), [ISA_AVX512] = NAME(move_avx512)};
  struct update u = {.conf = conf, .scalars = HEADER ? state : NULL, .w = w, .g = g, .n = n, .type = DTYPE, .s = info};
  struct constants c = {0};
  REAL *s[RULE_MAX_VECTORS] = {NULL};
  size_t count = vectors(conf);
  for (size_t j = 0; j < count; j++)
    u.vector[j] = s[j] = (REAL *)(void *)((char *)state + HEADER) + j * n;
  u.extra = (REAL *)(void *)((char *)state + HEADER) + count * n;
  enum status status = prepare(&u, &c, e);
#if SUMS
  double sum[SUMS];
  if (status == STATUS_OK && SUMMED(conf)) {
    NAME(sum_terms)(&c, rule_isa(info), w, g, s, count, n, sum);
    status = settle(&u, sum, &c, e);
  }
#endif
  if (status != STATUS_OK)
    return status;
  NAME(move_fn) *move = move_by_isa[rule_isa(info)];
#ifdef ONE_RATE
  bool fine = NAME(move_span)(move, &c, w, g, s, 0, n, count);
#else
  bool fine = info->layer_rate ? NAME(move_layers)(move, &c, w, g, s, info, count) : NAME(move_span)(move, &c, w, g, s, 0, n, count);
#endif
  return fine ? STATUS_OK : rule_overflowed(info, e);
}

#ifdef EVALUATED
static void NAME(eval_weights)(const void *conf, const void *state, const REAL *w, REAL *out, size_t n)
{
  (void)conf, (void)w;
  memcpy(out, (const char *)state + HEADER + EVALUATED * n * sizeof *out, n * sizeof *out);
}
#endif

#undef VECTOR_ARGUMENTS
#undef VECTOR_NAMES
#undef INLINE
