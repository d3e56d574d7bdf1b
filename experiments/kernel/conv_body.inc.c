/* conv_body.inc.c: the tuned convolutions, included once per vector width (conv_avx2.c, conv_avx512.c).
 *
 * Forward and input derivative are, at each position, a small product: R filters (channels) times C vectors of
 * examples, summed over a list of taps. The list holds, per tap, where its weights and where its input row
 * stand; taps outside the image are simply not on it. The weight gradient keeps 16 lanes per weight and runs
 * along positions: R filters times C channels of one tap, no broadcasts. */
#include <string.h>

#define INLINE static inline __attribute__((always_inline))
#define MAX_R 8
#define MAX_C 2
#define ROWS (VL == 16 ? 8 : 6) /* filters per tile */
#define TAPS 1024

struct taps {
  size_t n;
  size_t weight[TAPS], input[TAPS]; /* offsets in floats */
};

/* What the taps of one position are summed into. */
struct target {
  size_t rows;          /* filters or channels */
  const float *W;
  size_t row_step;      /* floats between the weights of neighbouring rows */
  const float *bias, *in;
  float *out;
  size_t out_step, ldb; /* floats between rows of the output; examples */
  const float *gate;    /* like out */
  bool relu;
};

INLINE void taps_tile(const int R, const int C, const struct taps *t, const struct target *g, size_t row, size_t b,
                      bool first, bool last)
{
  vf acc[MAX_R][MAX_C];
  const float *w[MAX_R];
  for (int r = 0; r < R; r++) {
    size_t j = row + (size_t)r;
    w[r] = g->W + j * g->row_step;
    for (int c = 0; c < C; c++)
      acc[r][c] = first ? v_set1(g->bias ? g->bias[j] : 0.0f) : v_load(g->out + j * g->out_step + b + (size_t)c * VL);
  }
  for (size_t k = 0; k < t->n; k++) {
    const float *x = g->in + t->input[k] + b;
    size_t at = t->weight[k];
    vf v[MAX_C];
    for (int c = 0; c < C; c++)
      v[c] = v_load(x + c * VL);
    for (int r = 0; r < R; r++) {
      vf a = v_set1(w[r][at]);
      for (int c = 0; c < C; c++)
        acc[r][c] = v_fma(a, v[c], acc[r][c]);
    }
  }
  for (int r = 0; r < R; r++)
    for (int c = 0; c < C; c++) {
      size_t at = (row + (size_t)r) * g->out_step + b + (size_t)c * VL;
      vf y = acc[r][c], zero = v_set1(0.0f);
      if (last && g->relu)
        y = v_select(v_lt(y, zero), zero, y);
      if (last && g->gate)
        y = v_select(v_lt(zero, v_load(g->gate + at)), y, zero);
      v_store(g->out + at, y);
    }
}

INLINE void taps_rows(const int C, const struct taps *t, const struct target *g, size_t b, bool first, bool last)
{
  size_t row = 0;
  for (; row + ROWS <= g->rows; row += ROWS)
    taps_tile(ROWS, C, t, g, row, b, first, last);
  switch (g->rows - row) {
  case 1: taps_tile(1, C, t, g, row, b, first, last); break;
  case 2: taps_tile(2, C, t, g, row, b, first, last); break;
  case 3: taps_tile(3, C, t, g, row, b, first, last); break;
  case 4: taps_tile(4, C, t, g, row, b, first, last); break;
  case 5: taps_tile(5, C, t, g, row, b, first, last); break;
  case 6: taps_tile(6, C, t, g, row, b, first, last); break;
  case 7: taps_tile(7, C, t, g, row, b, first, last); break;
  default: break;
  }
}

static void taps_run(const struct taps *t, const struct target *g, bool first, bool last)
{
  size_t b = 0;
  for (; b + 2 * VL <= g->ldb; b += 2 * VL)
    taps_rows(2, t, g, b, first, last);
  if (b < g->ldb)
    taps_rows(1, t, g, b, first, last);
}

static void taps_add(struct taps *t, const struct target *g, bool *first, size_t weight, size_t input)
{
  if (t->n == TAPS) { /* long lists go in parts: partial sums are stored exactly, so the chain stays one */
    taps_run(t, g, *first, false);
    *first = false;
    t->n = 0;
  }
  t->weight[t->n] = weight;
  t->input[t->n++] = input;
}

static void forward_position(const struct conv_shape *s, struct target *g, size_t oy, size_t ox)
{
  struct taps t = {.n = 0};
  size_t k = s->kernel;
  bool first = true;
  for (size_t c = 0; c < s->channels; c++)
    for (size_t dy = 0; dy < k; dy++) {
      size_t y = oy + dy - s->pad;
      if (oy + dy < s->pad || y >= s->height)
        continue;
      for (size_t dx = 0; dx < k; dx++) {
        size_t x = ox + dx - s->pad;
        if (ox + dx >= s->pad && x < s->width)
          taps_add(&t, g, &first, (c * k + dy) * k + dx, ((c * s->height + y) * s->width + x) * g->ldb);
      }
    }
  taps_run(&t, g, first, true);
}

static void forward(const struct conv_shape *s, const float *W, size_t ldw, const float *bias, const float *X, size_t ldb,
                    float *Y, bool relu)
{
  struct target g = {.rows = s->filters, .W = W, .row_step = ldw, .bias = bias, .in = X,
                     .out_step = s->out_height * s->out_width * ldb, .ldb = ldb, .relu = relu};
  for (size_t oy = 0; oy < s->out_height; oy++)
    for (size_t ox = 0; ox < s->out_width; ox++) {
      g.out = Y + (oy * s->out_width + ox) * ldb;
      forward_position(s, &g, oy, ox);
    }
}

static void backward_position(const struct conv_shape *s, struct target *g, size_t ldw, size_t y, size_t x)
{
  struct taps t = {.n = 0};
  size_t k = s->kernel;
  bool first = true;
  for (size_t m = 0; m < s->filters; m++)
    for (size_t dy = 0; dy < k; dy++) {
      size_t oy = y + s->pad - dy;
      if (y + s->pad < dy || oy >= s->out_height)
        continue;
      for (size_t dx = 0; dx < k; dx++) {
        size_t ox = x + s->pad - dx;
        if (x + s->pad >= dx && ox < s->out_width)
          taps_add(&t, g, &first, m * ldw + dy * k + dx, ((m * s->out_height + oy) * s->out_width + ox) * g->ldb);
      }
    }
  taps_run(&t, g, first, true);
}

static void backward(const struct conv_shape *s, const float *W, size_t ldw, const float *D, size_t ldb, float *E,
                     const float *gate)
{
  struct target g = {.rows = s->channels, .W = W, .row_step = s->kernel * s->kernel, .in = D,
                     .out_step = s->height * s->width * ldb, .ldb = ldb};
  for (size_t y = 0; y < s->height; y++)
    for (size_t x = 0; x < s->width; x++) {
      size_t at = (y * s->width + x) * ldb;
      g.out = E + at;
      g.gate = gate ? gate + at : NULL;
      backward_position(s, &g, ldw, y, x);
    }
}

/* --- weight gradient ----------------------------------------------------------------------------- */

#define GR 4 /* filters and channels of a tile of lanes */
#define GC (VL == 16 ? 4 : 2)

struct gradient_job {
  const struct conv_shape *s;
  const float *D, *X;
  size_t ldb, taps;
  float *lanes; /* [filters][taps][16] */
};

/* Rows [y0, y1) of the output, examples b..b + VL, filters from m, channels from c, tap (dy, dx). */
INLINE void gradient_tile(const int R, const int C, const struct gradient_job *f, size_t m, size_t c, size_t dy, size_t dx,
                          size_t y0, size_t y1, size_t b)
{
  const struct conv_shape *s = f->s;
  size_t k = s->kernel, first, end, x0, x1, ldb = f->ldb;
  conv_range(s->height, s->out_height, s->pad, dy, &first, &end);
  conv_range(s->width, s->out_width, s->pad, dx, &x0, &x1);
  y0 = y0 > first ? y0 : first;
  y1 = y1 < end ? y1 : end;
  if (y0 >= y1 || x0 >= x1)
    return;
  float *lane[GR][GC];
  vf acc[GR][GC];
  for (int r = 0; r < R; r++)
    for (int j = 0; j < C; j++) {
      size_t tap = ((c + (size_t)j) * k + dy) * k + dx;
      lane[r][j] = f->lanes + ((m + (size_t)r) * f->taps + tap) * CONV_LANES + b % CONV_LANES;
      acc[r][j] = v_load(lane[r][j]);
    }
  size_t d_step = s->out_height * s->out_width * ldb, x_step = s->height * s->width * ldb;
  for (size_t y = y0; y < y1; y++) {
    const float *d = f->D + ((m * s->out_height + y) * s->out_width + x0) * ldb + b;
    const float *x = f->X + ((c * s->height + y + dy - s->pad) * s->width + x0 + dx - s->pad) * ldb + b;
    for (size_t i = x0; i < x1; i++, d += ldb, x += ldb) {
      vf a[GR];
      for (int r = 0; r < R; r++)
        a[r] = v_load(d + (size_t)r * d_step);
      for (int j = 0; j < C; j++) {
        vf v = v_load(x + (size_t)j * x_step);
        for (int r = 0; r < R; r++)
          acc[r][j] = v_fma(a[r], v, acc[r][j]);
      }
    }
  }
  for (int r = 0; r < R; r++)
    for (int j = 0; j < C; j++)
      v_store(lane[r][j], acc[r][j]);
}

INLINE void gradient_filters(const int C, const struct gradient_job *f, size_t c, size_t dy, size_t dx, size_t y0, size_t y1, size_t b)
{
  size_t m = 0;
  for (; m + GR <= f->s->filters; m += GR)
    gradient_tile(GR, C, f, m, c, dy, dx, y0, y1, b);
  for (; m < f->s->filters; m++)
    gradient_tile(1, C, f, m, c, dy, dx, y0, y1, b);
}

static void gradient_rows(const struct gradient_job *f, size_t y0, size_t y1, size_t b)
{
  const struct conv_shape *s = f->s;
  for (size_t c = 0; c < s->channels;) {
    size_t left = s->channels - c, step = left >= GC ? GC : left >= 2 ? 2 : 1;
    for (size_t dy = 0; dy < s->kernel; dy++)
      for (size_t dx = 0; dx < s->kernel; dx++)
        switch (step) {
        case 1: gradient_filters(1, f, c, dy, dx, y0, y1, b); break;
        case 2: gradient_filters(2, f, c, dy, dx, y0, y1, b); break;
        default: gradient_filters(GC, f, c, dy, dx, y0, y1, b); break;
        }
    c += step;
  }
}

static void gradient(const struct conv_shape *s, const float *D, size_t ldb, const float *X, float *G, size_t ldg,
                     float *bias_grad, float *lanes)
{
  struct gradient_job f = {s, D, X, ldb, s->channels * s->kernel * s->kernel, lanes};
  size_t positions = s->out_height * s->out_width;
  size_t rows = s->out_width < 56 ? 56 / s->out_width : 1; /* a tile's operands stay in the first cache */
  memset(lanes, 0, conv_scratch(s) * sizeof *lanes);
  float *bias_lanes = lanes + s->filters * f.taps * CONV_LANES;
  for (size_t b = 0; b < ldb; b += VL) {
    for (size_t y = 0; y < s->out_height; y += rows)
      gradient_rows(&f, y, y + rows < s->out_height ? y + rows : s->out_height, b);
    for (size_t m = 0; bias_grad && m < s->filters; m++) {
      float *lane = bias_lanes + m * CONV_LANES + b % CONV_LANES;
      vf acc = v_load(lane);
      for (size_t p = 0; p < positions; p++)
        acc = v_add(acc, v_load(D + (m * positions + p) * ldb + b));
      v_store(lane, acc);
    }
  }
  for (size_t m = 0; m < s->filters; m++)
    for (size_t t = 0; t < ldg; t++)
      G[m * ldg + t] = t < f.taps ? conv_tree(lanes + (m * f.taps + t) * CONV_LANES) : 0.0f;
  for (size_t m = 0; bias_grad && m < (s->filters + 15) / 16 * 16; m++)
    bias_grad[m] = m < s->filters ? conv_tree(bias_lanes + m * CONV_LANES) : 0.0f;
}

/* --- pooling -------------------------------------------------------------------------------------- */

static void pool_forward(const struct pool_shape *s, const float *X, size_t ldb, float *Y)
{
  const vf share = v_set1(1.0f / (float)(s->size * s->size));
  for (size_t p = 0; p < s->channels * s->out_height * s->out_width; p++) {
    size_t ox = p % s->out_width, oy = p / s->out_width % s->out_height, c = p / (s->out_width * s->out_height);
    const float *x = X + ((c * s->height + oy * s->size) * s->width + ox * s->size) * ldb;
    for (size_t b = 0; b < ldb; b += VL) {
      vf v = v_load(x + b);
      for (size_t i = 1; i < s->size * s->size; i++) {
        vf u = v_load(x + (i / s->size * s->width + i % s->size) * ldb + b);
        v = s->average ? v_add(v, u) : v_select(v_lt(v, u), u, v_select(v_nan(u), u, v));
      }
      v_store(Y + p * ldb + b, s->average ? v_mul(v, share) : v);
    }
  }
}

INLINE void store_gated(float *E, const float *gate, size_t at, vf e)
{
  vf zero = v_set1(0.0f);
  v_store(E + at, gate ? v_select(v_lt(zero, v_load(gate + at)), e, zero) : e);
}

static void pool_backward(const struct pool_shape *s, const float *X, const float *D, size_t ldb, float *E, const float *gate)
{
  const vf share = v_set1(1.0f / (float)(s->size * s->size)), zero = v_set1(0.0f);
  memset(E, 0, s->channels * s->height * s->width * ldb * sizeof *E);
  for (size_t p = 0; p < s->channels * s->out_height * s->out_width; p++) {
    size_t ox = p % s->out_width, oy = p / s->out_width % s->out_height, c = p / (s->out_width * s->out_height);
    size_t base = ((c * s->height + oy * s->size) * s->width + ox * s->size) * ldb;
    for (size_t b = 0; b < ldb; b += VL) {
      vf d = v_load(D + p * ldb + b), best = v_load(X + base + b), winner = zero;
      for (size_t i = 1; !s->average && i < s->size * s->size; i++) {
        vf x = v_load(X + base + (i / s->size * s->width + i % s->size) * ldb + b);
        winner = v_select(v_lt(best, x), v_set1((float)i), winner);
        best = v_select(v_lt(best, x), x, best);
      }
      for (size_t i = 0; i < s->size * s->size; i++) {
        size_t at = base + (i / s->size * s->width + i % s->size) * ldb + b;
        vf number = v_set1((float)i);
        vf own = v_select(v_lt(winner, number), zero, v_select(v_lt(number, winner), zero, d));
        store_gated(E, gate, at, s->average ? v_mul(d, share) : own);
      }
    }
  }
}
