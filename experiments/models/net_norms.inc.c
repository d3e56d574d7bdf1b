/* net_norms.inc.c: the body of net_norms.c, included for float and for double. */

/* grad += the gradient of the block, whose deltas stand. */
static void FN(add_gradient)(struct FN(net_block) *b, REAL *grad)
{
  for (size_t l = b->net->n_layers; l-- > 0;) {
    FN(net_block_slope)(b, l);
    FN(net_layer_gradient)(b, l, b->delta, b->act[l], grad);
    FN(net_layer_bias_gradient)(b, l, b->delta, grad);
    if (l)
      FN(net_block_back)(b, l);
  }
}

enum status FN(net_gradient)(const struct exec *x, const struct net *net, const struct object *loss, const REAL *w,
                             const struct batch *batch, double *loss_out, REAL *grad, struct err *e)
{
  struct FN(net_block) b;
  void *memory;
  double sum = 0;
  enum status s = FN(net_block_new)(&b, net, w, batch, &memory, e);
  if (s)
    return s;
  if (grad)
    memset(grad, 0, net->n_params * sizeof *grad);
  for (size_t at = 0; at < batch->n && !s; at += NET_BLOCK) {
    FN(net_block_forward)(&b, batch, at);
    FN(net_block_loss)(&b, loss, batch, (REAL)1 / (REAL)batch->n, NULL);
    for (size_t i = 0; i < b.n; i++)
      sum += b.losses[i];
    if (grad)
      FN(add_gradient)(&b, grad);
    if (exec_cancelled(x))
      s = cancelled(e);
  }
  free(memory);
  *loss_out = sum / (double)batch->n;
  if (!s && (!isfinite(*loss_out) || (grad && !FN(vec_finite)(grad, net->n_params))))
    s = err_set(e, STATUS_DIVERGED, "the mean loss is %g, or its gradient is not finite", *loss_out);
  return s;
}

/* out[i] += the squared norm of column i of a[units][ldb], times factor[i] (NULL: 1). */
static void FN(add_squares)(const struct FN(net_block) *b, const REAL *a, size_t units, const double *factor, double *out)
{
  for (size_t j = 0; j < units; j++)
    for (size_t i = 0; i < b->n; i++)
      out[i] += (double)a[j * b->ldb + i] * (double)a[j * b->ldb + i] * (factor ? factor[i] : 1);
}

/* Dense layers: |delta|^2 (|input|^2 + [bias]). */
static void FN(add_dense)(const struct FN(net_block) *b, size_t l, double *norm2)
{
  const struct layer *y = &b->net->layer[l];
  double input[NET_BLOCK];
  for (size_t i = 0; i < NET_BLOCK; i++)
    input[i] = y->bias ? 1 : 0;
  FN(add_squares)(b, b->act[l], y->in, NULL, input);
  FN(add_squares)(b, b->delta, y->out, input, norm2);
}

/* Of LANES examples each, the sum over positions of delta (from d) times the input that tap t meets (from x); x NULL:
 * times 1. */
static void FN(sum_positions)(const struct conv_shape *s, size_t ldb, const REAL *d, const REAL *x, size_t t, REAL sum[LANES])
{
  size_t k = s->kernel, dy = t / k % k, dx = t % k, y0 = 0, y1 = s->out_height, x0 = 0, x1 = s->out_width;
  memset(sum, 0, LANES * sizeof *sum);
  if (x) {
    conv_range(s->height, s->out_height, s->pad, dy, &y0, &y1);
    conv_range(s->width, s->out_width, s->pad, dx, &x0, &x1);
  }
  for (size_t oy = y0; oy < y1; oy++)
    for (size_t ox = x0; ox < x1; ox++) {
      const REAL *a = d + (oy * s->out_width + ox) * ldb;
      const REAL *c = x ? x + ((t / (k * k) * s->height + oy + dy - s->pad) * s->width + ox + dx - s->pad) * ldb : NULL;
      for (size_t i = 0; i < LANES; i++)
        sum[i] += c ? a[i] * c[i] : a[i];
    }
}

/* Convolutions: each weight's derivative for LANES examples at once, squared and forgotten. */
static void FN(add_conv)(const struct FN(net_block) *b, size_t l, double *norm2)
{
  const struct layer *y = &b->net->layer[l];
  size_t plane = y->conv.out_height * y->conv.out_width * b->ldb;
  REAL sum[LANES];
  for (size_t at = 0; at < b->n; at += LANES)
    for (size_t m = 0; m < y->rows; m++)
      for (size_t t = 0; t < y->cols + y->bias; t++) {
        FN(sum_positions)(&y->conv, b->ldb, b->delta + m * plane + at, t < y->cols ? b->act[l] + at : NULL, t, sum);
        for (size_t i = 0; i < LANES && at + i < b->n; i++)
          norm2[at + i] += (double)sum[i] * (double)sum[i];
      }
}

enum status FN(net_norms)(const struct exec *x, const struct net *net, const struct object *loss, const REAL *w,
                          const struct batch *batch, double *norm2, struct err *e)
{
  struct FN(net_block) b;
  void *memory;
  enum status s = FN(net_block_new)(&b, net, w, batch, &memory, e);
  if (s)
    return s;
  memset(norm2, 0, batch->n * sizeof *norm2);
  for (size_t at = 0; at < batch->n && !s; at += NET_BLOCK) {
    FN(net_block_forward)(&b, batch, at);
    FN(net_block_loss)(&b, loss, batch, 1, NULL);
    for (size_t l = net->n_layers; l-- > 0;) {
      FN(net_block_slope)(&b, l);
      if (net->layer[l].kind == LAYER_DENSE)
        FN(add_dense)(&b, l, norm2 + at);
      else if (net->layer[l].kind == LAYER_CONV)
        FN(add_conv)(&b, l, norm2 + at);
      if (l)
        FN(net_block_back)(&b, l);
    }
    if (exec_cancelled(x))
      s = cancelled(e);
  }
  free(memory);
  if (!s && !vec_finite_f64(norm2, batch->n))
    s = err_set(e, STATUS_DIVERGED, "the gradient of an example is not finite");
  return s;
}
