/* net_layer.inc.c: the body of net_layer.c, included for float and for double. */

size_t FN(net_layer_scratch)(const struct net *net)
{
  size_t most = 0;
  for (size_t l = 0; l < net->n_layers; l++) {
    size_t n = net->layer[l].kind == LAYER_CONV ? FN(scratch)(&net->layer[l].conv) : 0;
    most = n > most ? n : most;
  }
  return most;
}

/* Of LANES examples, the element of x whose place in the window holds the largest of `by`, the first of equals. A nan
 * counts as the largest: it must not be lost. */
static void FN(pick)(const struct pool_shape *s, size_t ldb, const REAL *by, const REAL *x, REAL *out)
{
  REAL top[LANES], value[LANES];
  for (size_t b = 0; b < LANES; b++)
    top[b] = by[b], value[b] = x[b];
  for (size_t i = 1; i < s->size * s->size; i++) {
    size_t at = (i / s->size * s->width + i % s->size) * ldb;
    for (size_t b = 0; b < LANES; b++) {
      bool more = top[b] < by[at + b] || isnan(by[at + b]);
      top[b] = more ? by[at + b] : top[b];
      value[b] = more ? x[at + b] : value[b];
    }
  }
  memcpy(out, value, sizeof value);
}

static void FN(average)(const struct pool_shape *s, size_t ldb, const REAL *x, REAL *out)
{
  REAL sum[LANES], share = (REAL)1 / (REAL)(s->size * s->size);
  memcpy(sum, x, sizeof sum);
  for (size_t i = 1; i < s->size * s->size; i++)
    for (size_t b = 0; b < LANES; b++)
      sum[b] += x[(i / s->size * s->width + i % s->size) * ldb + b];
  for (size_t b = 0; b < LANES; b++)
    out[b] = sum[b] * share;
}

/* The first element of the window of output unit j. */
static size_t FN(window)(const struct pool_shape *s, size_t j)
{
  size_t ox = j % s->out_width, oy = j / s->out_width % s->out_height, c = j / (s->out_width * s->out_height);
  return (c * s->height + oy * s->size) * s->width + ox * s->size;
}

static void FN(pool)(const struct FN(net_block) *b, size_t l, const REAL *x, REAL *out)
{
  const struct layer *y = &b->net->layer[l];
  if (x == b->act[l] && FN(pool_fast)(b, y, x, out))
    return;
  for (size_t j = 0; j < y->out; j++)
    for (size_t at = 0; at < b->ldb; at += LANES) {
      size_t in = FN(window)(&y->pool, j) * b->ldb + at;
      if (y->pool.average)
        FN(average)(&y->pool, b->ldb, x + in, out + j * b->ldb + at);
      else
        FN(pick)(&y->pool, b->ldb, b->act[l] + in, x + in, out + j * b->ldb + at);
    }
}

/* Give d to the element of one window, of one example, that pick() takes. */
static void FN(give)(const struct pool_shape *s, size_t ldb, const REAL *by, REAL d, REAL *out)
{
  size_t best = 0;
  for (size_t i = 1; i < s->size * s->size; i++) {
    size_t at = (i / s->size * s->width + i % s->size) * ldb;
    best = by[best] < by[at] || isnan(by[at]) ? at : best;
  }
  out[best] = d;
}

static void FN(pool_back)(const struct FN(net_block) *b, size_t l, const REAL *d, REAL *out)
{
  const struct layer *y = &b->net->layer[l];
  const struct pool_shape *s = &y->pool;
  REAL share = (REAL)1 / (REAL)(s->size * s->size);
  memset(out, 0, y->in * b->ldb * sizeof *out);
  for (size_t j = 0; j < y->out; j++) {
    size_t in = FN(window)(s, j) * b->ldb;
    for (size_t i = 0; i < (s->average ? s->size * s->size : 0); i++)
      for (size_t k = 0; k < b->ldb; k++)
        out[in + (i / s->size * s->width + i % s->size) * b->ldb + k] = d[j * b->ldb + k] * share;
    for (size_t k = 0; k < (s->average ? 0 : b->ldb); k++)
      FN(give)(s, b->ldb, b->act[l] + in + k, d[j * b->ldb + k], out + in + k);
  }
}

void FN(net_layer_forward)(const struct FN(net_block) *b, size_t l, const REAL *w, bool bias, const REAL *x, REAL *out)
{
  const struct layer *y = &b->net->layer[l];
  const REAL *biases = bias && y->bias ? w + y->b_at : NULL;
  switch (y->kind) {
  case LAYER_DENSE: FN(dense_forward)(b, y, w + y->w_at, biases, x, out); break;
  case LAYER_CONV: FN(conv_apply)(b, y, w + y->w_at, biases, x, out); break;
  case LAYER_POOL: FN(pool)(b, l, x, out); break;
  }
}

void FN(net_layer_back)(const struct FN(net_block) *b, size_t l, const REAL *w, const REAL *d, REAL *out)
{
  const struct layer *y = &b->net->layer[l];
  switch (y->kind) {
  case LAYER_DENSE: FN(dense_back)(b, y, w + y->w_at, d, out); break;
  case LAYER_CONV: FN(conv_back)(b, y, w + y->w_at, d, out); break;
  case LAYER_POOL: FN(pool_back)(b, l, d, out); break;
  }
}

void FN(net_layer_gradient)(const struct FN(net_block) *b, size_t l, const REAL *d, const REAL *x, REAL *g)
{
  const struct layer *y = &b->net->layer[l];
  if (y->kind == LAYER_DENSE)
    FN(dense_gradient)(b, y, d, x, g + y->w_at);
  else if (y->kind == LAYER_CONV)
    FN(conv_weights)(b, y, d, x, g + y->w_at);
}

void FN(net_layer_bias_gradient)(const struct FN(net_block) *b, size_t l, const REAL *d, REAL *g)
{
  const struct layer *y = &b->net->layer[l];
  size_t positions = y->rows ? y->out / y->rows : 0;
  for (size_t j = 0; y->bias && j < y->rows; j++) {
    double sum = 0;
    for (size_t p = 0; p < positions; p++, d += b->ldb)
      for (size_t i = 0; i < b->n; i++)
        sum += (double)d[i];
    g[y->b_at + j] += (REAL)sum;
  }
}
