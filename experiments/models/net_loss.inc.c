/* net_loss.inc.c: the body of net_loss.c, included for float and for double.
 *
 * act[0] is the input, act[l + 1] the output of layer l; pre[l + 1] what goes into its activation. */

struct FN(pass) {
  const struct net *net;
  const REAL *w;
  REAL *act[NET_MAX_LAYERS + 1], *pre[NET_MAX_LAYERS + 1];
  REAL *delta, *next;  /* derivative with respect to a layer's output, and to its input */
  double *scratch;     /* for the loss: 2 k, */
  float *column;       /* and LANES k */
  REAL *lanes;         /* gradients of convolutions: 16 lanes a weight, then a bias, layer after layer (conv.h) */
};

static size_t FN(lanes_size)(const struct net *net)
{
  size_t n = 0;
  for (size_t l = 0; l < net->n_layers; l++)
    n += net->layer[l].kind == LAYER_CONV ? conv_scratch(&net->layer[l].conv) : 0;
  return n;
}

static size_t FN(widest)(const struct net *net)
{
  size_t most = net->in;
  for (size_t l = 0; l < net->n_layers; l++)
    most = net->layer[l].out > most ? net->layer[l].out : most;
  return most;
}

/* Cut the buffers of one pass out of one allocation (*memory, to be freed). */
static enum status FN(pass_make)(struct FN(pass) *p, const struct net *net, const REAL *w, void **memory, struct err *e)
{
  size_t units = net->in + 2 * FN(widest)(net) + FN(lanes_size)(net), loss = (2 + LANES) * net->out;
  for (size_t l = 0; l < net->n_layers; l++)
    units += 2 * net->layer[l].out;
  enum status s = mem_new(memory, units + loss, sizeof(double), "activations of one example", e);
  if (s)
    return s;
  char *base = *memory;
  *p = (struct FN(pass)){.net = net, .w = w, .scratch = *memory, .column = (void *)(base + 2 * net->out * sizeof(double))};
  REAL *at = (void *)(base + loss * sizeof(double));
  p->delta = at;
  p->next = at + FN(widest)(net);
  p->act[0] = at + 2 * FN(widest)(net);
  at = p->act[0] + net->in;
  for (size_t l = 0; l < net->n_layers; l++, at += 2 * net->layer[l - 1].out) {
    p->pre[l + 1] = at;
    p->act[l + 1] = at + net->layer[l].out;
  }
  p->lanes = at;
  return STATUS_OK;
}

/* Input unit of tap (c, dy, dx) at output position (oy, ox); SIZE_MAX outside the image. */
static size_t FN(tap)(const struct conv_shape *s, size_t t, size_t oy, size_t ox)
{
  size_t k = s->kernel, y = oy + t / k % k - s->pad, x = ox + t % k - s->pad; /* wrap around where outside */
  return y < s->height && x < s->width ? (t / (k * k) * s->height + y) * s->width + x : SIZE_MAX;
}

static REAL FN(conv_unit)(const struct layer *y, const REAL *w, const REAL *in, size_t j)
{
  const struct conv_shape *s = &y->conv;
  size_t ox = j % s->out_width, oy = j / s->out_width % s->out_height, m = j / (s->out_width * s->out_height);
  REAL acc = y->bias ? w[y->b_at + m] : 0;
  for (size_t t = 0; t < y->cols; t++) {
    size_t at = FN(tap)(s, t, oy, ox);
    if (at != SIZE_MAX)
      acc = FMA(w[y->w_at + m * y->w_stride + t], in[at], acc);
  }
  return acc;
}

/* Unit i of a pooling window's input, for i < size^2. */
static size_t FN(pool_at)(const struct pool_shape *s, size_t j, size_t i)
{
  size_t ox = j % s->out_width, oy = j / s->out_width % s->out_height, c = j / (s->out_width * s->out_height);
  return (c * s->height + oy * s->size + i / s->size) * s->width + ox * s->size + i % s->size;
}

static REAL FN(pool_unit)(const struct pool_shape *s, const REAL *in, size_t j)
{
  REAL v = in[FN(pool_at)(s, j, 0)];
  for (size_t i = 1; i < s->size * s->size; i++) {
    REAL u = in[FN(pool_at)(s, j, i)];
    v = s->average ? v + u : v < u || isnan(u) ? u : v;
  }
  return s->average ? v * ((REAL)1 / (REAL)(s->size * s->size)) : v;
}

static REAL FN(dense_unit)(const struct layer *y, const REAL *w, const REAL *in, size_t j)
{
  const REAL *row = w + y->w_at + j * y->w_stride;
  REAL acc = y->bias ? w[y->b_at + j] : 0;
  for (size_t i = 0; i < y->in; i++)
    acc = FMA(row[i], in[i], acc);
  return acc;
}

static void FN(forward)(struct FN(pass) *p)
{
  for (size_t l = 0; l < p->net->n_layers; l++) {
    const struct layer *y = &p->net->layer[l];
    const REAL *in = p->act[l];
    for (size_t j = 0; j < y->out; j++) {
      REAL v = y->kind == LAYER_CONV   ? FN(conv_unit)(y, p->w, in, j)
               : y->kind == LAYER_POOL ? FN(pool_unit)(&y->pool, in, j)
                                       : FN(dense_unit)(y, p->w, in, j);
      p->pre[l + 1][j] = v;
      p->act[l + 1][j] = FN(act)(y->act, v);
    }
  }
}

static void FN(dense_gradient)(const struct FN(pass) *p, size_t l, REAL *grad)
{
  const struct layer *y = &p->net->layer[l];
  for (size_t j = 0; j < y->out; j++)
    for (size_t i = 0; i < y->in; i++)
      grad[y->w_at + j * y->w_stride + i] = FMA(p->delta[j], p->act[l][i], grad[y->w_at + j * y->w_stride + i]);
  for (size_t j = 0; y->bias && j < y->out; j++)
    grad[y->b_at + j] += p->delta[j];
}

static void FN(dense_back)(const struct FN(pass) *p, const struct layer *y)
{
  for (size_t i = 0; i < y->in; i++) {
    REAL acc = 0;
    for (size_t j = 0; j < y->out; j++)
      acc = FMA(p->w[y->w_at + j * y->w_stride + i], p->delta[j], acc);
    p->next[i] = acc;
  }
}

/* The example's share goes to its lane; FN(add_lanes) adds them up at the end. */
static void FN(conv_lanes)(const struct FN(pass) *p, size_t l, size_t lane, REAL *lanes)
{
  const struct layer *y = &p->net->layer[l];
  const struct conv_shape *s = &y->conv;
  REAL *bias_lanes = lanes + CONV_LANES * y->rows * y->cols;
  for (size_t j = 0; j < y->out; j++) {
    size_t ox = j % s->out_width, oy = j / s->out_width % s->out_height, m = j / (s->out_width * s->out_height);
    for (size_t t = 0; t < y->cols; t++) {
      size_t at = FN(tap)(s, t, oy, ox);
      REAL *sum = lanes + (m * y->cols + t) * CONV_LANES + lane;
      if (at != SIZE_MAX)
        *sum = FMA(p->delta[j], p->act[l][at], *sum);
    }
    bias_lanes[m * CONV_LANES + lane] += p->delta[j];
  }
}

static void FN(conv_back)(const struct FN(pass) *p, const struct layer *y)
{
  memset(p->next, 0, y->in * sizeof *p->next);
  for (size_t m = 0; m < y->rows; m++) /* per input unit: filters, then taps, ascending */
    for (size_t i = 0; i < y->in; i++) {
      const struct conv_shape *s = &y->conv;
      size_t k = s->kernel, x = i % s->width, yy = i / s->width % s->height, c = i / (s->width * s->height);
      for (size_t t = 0; t < k * k; t++) {
        size_t oy = yy + s->pad - t / k, ox = x + s->pad - t % k;
        if (oy < s->out_height && ox < s->out_width)
          p->next[i] = FMA(p->w[y->w_at + m * y->w_stride + c * k * k + t],
                           p->delta[(m * s->out_height + oy) * s->out_width + ox], p->next[i]);
      }
    }
}

static void FN(pool_back)(const struct FN(pass) *p, size_t l)
{
  const struct layer *y = &p->net->layer[l];
  const struct pool_shape *s = &y->pool;
  memset(p->next, 0, y->in * sizeof *p->next);
  for (size_t j = 0; j < y->out; j++) {
    size_t best = FN(pool_at)(s, j, 0);
    for (size_t i = 0; i < s->size * s->size; i++) {
      size_t at = FN(pool_at)(s, j, i);
      if (s->average)
        p->next[at] = p->delta[j] * ((REAL)1 / (REAL)(s->size * s->size));
      else if (p->act[l][best] < p->act[l][at])
        best = at;
    }
    if (!s->average)
      p->next[best] = p->delta[j];
  }
}

/* Add the example's gradient to grad; p->delta holds the derivative with respect to the outputs. */
static void FN(backward)(struct FN(pass) *p, size_t lane, REAL *grad)
{
  REAL *lanes = p->lanes + FN(lanes_size)(p->net);
  for (size_t l = p->net->n_layers; l-- > 0;) {
    const struct layer *y = &p->net->layer[l];
    if (y->kind == LAYER_CONV) {
      lanes -= conv_scratch(&y->conv);
      FN(conv_lanes)(p, l, lane, lanes);
    } else if (y->kind == LAYER_DENSE) {
      FN(dense_gradient)(p, l, grad);
    }
    if (l == 0)
      break;
    if (y->kind == LAYER_CONV)
      FN(conv_back)(p, y);
    else if (y->kind == LAYER_POOL)
      FN(pool_back)(p, l);
    else
      FN(dense_back)(p, y);
    for (size_t i = 0; i < y->in; i++)
      p->next[i] = FN(act_back)(p->net->layer[l - 1].act, p->pre[l][i], p->act[l][i], p->next[i]);
    REAL *swap = p->delta;
    p->delta = p->next;
    p->next = swap;
  }
}

static REAL FN(tree)(const REAL *v)
{
  REAL t[CONV_LANES];
  memcpy(t, v, sizeof t);
  for (size_t n = CONV_LANES / 2; n; n /= 2)
    for (size_t l = 0; l < n; l++)
      t[l] += t[l + n];
  return t[0];
}

static void FN(add_lanes)(const struct FN(pass) *p, REAL *grad)
{
  const REAL *lanes = p->lanes;
  for (size_t l = 0; l < p->net->n_layers; l++) {
    const struct layer *y = &p->net->layer[l];
    if (y->kind != LAYER_CONV)
      continue;
    for (size_t j = 0; j < y->rows * y->cols; j++, lanes += CONV_LANES)
      grad[y->w_at + j / y->cols * y->w_stride + j % y->cols] = FN(tree)(lanes);
    for (size_t j = 0; j < y->rows; j++, lanes += CONV_LANES)
      if (y->bias)
        grad[y->b_at + j] = FN(tree)(lanes);
  }
}

enum status FN(net_loss)(const struct net *net, const struct object *loss, const REAL *w, const struct batch *b,
                         double *loss_out, REAL *grad, double *per_example, REAL *outputs, struct err *e)
{
  struct FN(pass) p;
  void *memory;
  double sum = 0;
  if (b->n == 0 || b->d != net->in)
    return err_set(e, STATUS_BAD_ARG, "%zu examples of %zu inputs for a model of %zu inputs: at least 1 and as many inputs", b->n,
                   b->d, net->in);
  enum status s = FN(pass_make)(&p, net, w, &memory, e);
  if (s)
    return s;
  if (grad)
    memset(grad, 0, net->n_params * sizeof *grad);
  for (size_t n = 0; n < b->n; n++) {
    size_t at = b->index ? b->index[n] : n;
    for (size_t i = 0; i < b->d; i++)
      p.act[0][i] = (REAL)b->x[at * b->stride + i];
    FN(forward)(&p);
    double one = FN(loss)(loss, p.act[net->n_layers], net->out, b->label ? b->label[at] : 0,
                          b->target ? b->target + at * b->target_stride : NULL, (REAL)1 / (REAL)b->n, p.delta, p.scratch, p.column);
    sum += one;
    if (per_example)
      per_example[n] = one;
    if (outputs)
      memcpy(outputs + n * net->out, p.act[net->n_layers], net->out * sizeof *outputs);
    if (grad)
      FN(backward)(&p, n % CONV_LANES, grad);
  }
  if (grad)
    FN(add_lanes)(&p, grad);
  free(memory);
  *loss_out = sum / (double)b->n;
  return isfinite(*loss_out) ? STATUS_OK : err_set(e, STATUS_DIVERGED, "the mean loss is %g", *loss_out);
}
