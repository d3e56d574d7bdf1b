/* tile_body.inc.c: the tuned tiles, included once per vector width (tile_avx2.c, tile_avx512.c), which define the vector types
 * vd and vf with their operations, and ROWS, the rows of a tile whose 3 vectors each stay in registers. */

#define INLINE static inline __attribute__((always_inline))
#define LANES_F64 (sizeof(vd) / sizeof(double))
#define LANES_F32 (sizeof(vf) / sizeof(float))
#define C 3
#define AHEAD 32 /* steps after which a scalar asked for now is wanted: from the last cache */

INLINE void chain_f64(bool minus, size_t k, const double *a, size_t lda, const double *b, double *c, size_t ldc)
{
  vd acc[ROWS][C];
  for (int r = 0; r < ROWS; r++)
    for (int v = 0; v < C; v++)
      acc[r][v] = d_loadu(c + (size_t)r * ldc + (size_t)v * LANES_F64);
  for (size_t i = 0; i < k; i++, a += lda, b += TILE_F64) {
    vd x[C];
    __builtin_prefetch(a + AHEAD * lda);
    for (int v = 0; v < C; v++)
      x[v] = d_load(b + (size_t)v * LANES_F64);
    for (int r = 0; r < ROWS; r++) {
      vd s = d_set1(a[r]);
      for (int v = 0; v < C; v++)
        acc[r][v] = minus ? d_fnma(s, x[v], acc[r][v]) : d_fma(s, x[v], acc[r][v]);
    }
  }
  for (int r = 0; r < ROWS; r++)
    for (int v = 0; v < C; v++)
      d_storeu(c + (size_t)r * ldc + (size_t)v * LANES_F64, acc[r][v]);
}

INLINE void tile_f64(bool minus, size_t k, const double *a, size_t lda, const double *b, double *c, size_t ldc)
{
  for (size_t r = 0; r < TILE_ROWS; r += ROWS)
    for (size_t j = 0; j < TILE_F64; j += C * LANES_F64)
      chain_f64(minus, k, a + r, lda, b + j, c + r * ldc + j, ldc);
}

static void add_f64(size_t k, const double *a, size_t lda, const double *b, double *c, size_t ldc)
{
  tile_f64(false, k, a, lda, b, c, ldc);
}

static void sub_f64(size_t k, const double *a, size_t lda, const double *b, double *c, size_t ldc)
{
  tile_f64(true, k, a, lda, b, c, ldc);
}

INLINE void chain_f32(const int width, size_t k, const float *a, size_t lda, const float *b, double *c, size_t ldc)
{
  vf acc[ROWS][C];
  for (int r = 0; r < ROWS; r++)
    for (int v = 0; v < width; v++)
      acc[r][v] = f_set1(0);
  for (size_t i = 0; i < k; i++, a += lda, b += TILE_F32) {
    vf x[C];
    __builtin_prefetch(a + AHEAD * lda);
    for (int v = 0; v < width; v++)
      x[v] = f_load(b + (size_t)v * LANES_F32);
    for (int r = 0; r < ROWS; r++) {
      vf s = f_set1(a[r]);
      for (int v = 0; v < width; v++)
        acc[r][v] = f_fma(s, x[v], acc[r][v]);
    }
  }
  for (int r = 0; r < ROWS; r++)
    for (int v = 0; v < width; v++) {
      double *to = c + (size_t)r * ldc + (size_t)v * LANES_F32;
      d_storeu(to, d_add(d_loadu(to), f_low(acc[r][v])));
      d_storeu(to + LANES_F64, d_add(d_loadu(to + LANES_F64), f_high(acc[r][v])));
    }
}

static void add_f32(size_t k, const float *a, size_t lda, const float *b, size_t cols, double *c, size_t ldc)
{
  for (size_t r = 0; r < TILE_ROWS; r += ROWS)
    for (size_t j = 0; j < cols; j += C * LANES_F32) {
      size_t width = (cols - j) / LANES_F32;
      if (width == 1)
        chain_f32(1, k, a + r, lda, b + j, c + r * ldc + j, ldc);
      else if (width == 2)
        chain_f32(2, k, a + r, lda, b + j, c + r * ldc + j, ldc);
      else
        chain_f32(3, k, a + r, lda, b + j, c + r * ldc + j, ldc);
    }
}

static void rank_one(size_t n, const double *u, const double *e, double *w)
{
  vd x[TILE_F64 / LANES_F64];
  for (size_t v = 0; v < TILE_F64 / LANES_F64; v++)
    x[v] = d_load(e + v * LANES_F64);
  for (size_t t = 0; t < n; t++, w += TILE_F64) {
    vd s = d_set1(u[t]);
    for (size_t v = 0; v < TILE_F64 / LANES_F64; v++)
      d_store(w + v * LANES_F64, d_fnma(s, x[v], d_load(w + v * LANES_F64)));
  }
}
