/* net_hvp.inc.c: the body of net_hvp.c, included for float and for double. */

/* A block, and the derivatives of its pass along v: the buffers with an r. */
struct FN(tangent) {
  struct FN(net_block) b;
  enum curvature c;
  const REAL *v;
  REAL *r_pre[NET_MAX_LAYERS], *r_act[NET_MAX_LAYERS + 1]; /* r_act[0], of the inputs, is 0 and not stored */
  REAL *r_delta, *r_next, *spare;
};

/* As for a block: bytes, 0 on overflow; t may be NULL. */
static size_t FN(tangent_layout)(struct FN(tangent) *t, const struct net *net, char *base)
{
  size_t block = FN(net_block_bytes)(net), units = 0, most = net->in, bytes;
  for (size_t l = 0; l < net->n_layers; l++) {
    units += 2 * net->layer[l].out;
    most = net->layer[l].out > most ? net->layer[l].out : most;
  }
  block = block ? round_up(block, MEM_ALIGN) : 0;
  if (!block || !size_mul(units + 3 * most, NET_BLOCK * sizeof(REAL), &bytes) || __builtin_add_overflow(bytes, block, &bytes))
    return 0;
  if (!base)
    return bytes;
  REAL *at = (void *)(base + block);
  t->r_delta = at;
  t->r_next = at + most * NET_BLOCK;
  t->spare = at + 2 * most * NET_BLOCK;
  at += 3 * most * NET_BLOCK;
  for (size_t l = 0; l < net->n_layers; l++) {
    t->r_pre[l] = at;
    t->r_act[l + 1] = at + net->layer[l].out * NET_BLOCK;
    at += 2 * net->layer[l].out * NET_BLOCK;
  }
  return bytes;
}

size_t FN(net_curvature_bytes)(const struct net *net) { return FN(tangent_layout)(NULL, net, NULL); }

static void FN(add)(REAL *a, const REAL *b, size_t n)
{
  for (size_t i = 0; i < n; i++)
    a[i] += b[i];
}

/* Derivative of what goes into the activation of layer l; a pooling has no weights to move. */
static void FN(r_layer)(struct FN(tangent) *t, size_t l)
{
  const struct FN(net_block) *b = &t->b;
  size_t n = b->net->layer[l].out * b->ldb;
  bool pool = b->net->layer[l].kind == LAYER_POOL;
  if (pool)
    memset(t->r_pre[l], 0, n * sizeof(REAL));
  else
    FN(net_layer_forward)(b, l, t->v, true, b->act[l], t->r_pre[l]);
  if (l == 0)
    return;
  FN(net_layer_forward)(b, l, b->w, false, t->r_act[l], t->spare);
  FN(add)(t->r_pre[l], t->spare, n);
}

static void FN(r_forward)(struct FN(tangent) *t)
{
  const struct FN(net_block) *b = &t->b;
  for (size_t l = 0; l < b->net->n_layers; l++) {
    const struct layer *y = &b->net->layer[l];
    FN(r_layer)(t, l);
    for (size_t i = 0; i < y->out * b->ldb; i++)
      t->r_act[l + 1][i] = FN(net_slope)(y->act, b->pre[l][i], b->act[l + 1][i]) * t->r_pre[l][i];
  }
}

/* r_delta = scale times the Hessian of each example's loss times the derivative of its outputs. */
static void FN(r_loss)(struct FN(tangent) *t, const struct object *object, const struct batch *batch, REAL scale)
{
  const struct loss *loss = (const struct loss *)object->method;
  const struct FN(net_block) *b = &t->b;
  size_t k = b->net->out;
  const REAL *out = b->act[b->net->n_layers], *r_out = t->r_act[b->net->n_layers];
  double *z = b->scratch, *u = z + k, *hu = u + k;
  memset(t->r_delta, 0, k * b->ldb * sizeof(REAL));
  for (size_t i = 0; i < b->n; i++) {
    size_t row = batch->index ? batch->index[b->at + i] : b->at + i;
    for (size_t j = 0; j < k; j++) {
      z[j] = (double)out[j * b->ldb + i];
      u[j] = (double)r_out[j * b->ldb + i];
    }
    loss->hessian_vector(object->conf, z, k, batch->label ? batch->label[row] : 0,
                         batch->target ? batch->target + row * batch->target_stride : NULL, u, hu);
    for (size_t j = 0; j < k; j++)
      t->r_delta[j * b->ldb + i] = (REAL)hu[j] * scale;
  }
}

/* Through the activation of layer l. */
static void FN(r_slope)(struct FN(tangent) *t, size_t l)
{
  struct FN(net_block) *b = &t->b;
  const struct layer *y = &b->net->layer[l];
  bool bends = t->c == CURVATURE_HESSIAN && (y->act == ACT_TANH || y->act == ACT_GELU);
  for (size_t i = 0; y->act != ACT_NONE && i < y->out * b->ldb; i++) {
    t->r_delta[i] *= FN(net_slope)(y->act, b->pre[l][i], b->act[l + 1][i]);
    if (bends)
      t->r_delta[i] += FN(net_bend)(y->act, b->pre[l][i], b->act[l + 1][i]) * t->r_pre[l][i] * b->delta[i];
  }
  if (t->c == CURVATURE_HESSIAN)
    FN(net_block_slope)(b, l);
}

/* From what goes into layer l to the outputs of layer l - 1. */
static void FN(r_back)(struct FN(tangent) *t, size_t l)
{
  struct FN(net_block) *b = &t->b;
  FN(net_layer_back)(b, l, b->w, t->r_delta, t->r_next);
  if (t->c == CURVATURE_HESSIAN) {
    if (b->net->layer[l].kind != LAYER_POOL) {
      FN(net_layer_back)(b, l, t->v, b->delta, t->spare);
      FN(add)(t->r_next, t->spare, b->net->layer[l].in * b->ldb);
    }
    FN(net_block_back)(b, l);
  }
  REAL *swap = t->r_delta;
  t->r_delta = t->r_next;
  t->r_next = swap;
}

/* out += the block's part of the product. */
static void FN(r_backward)(struct FN(tangent) *t, REAL *out)
{
  const struct FN(net_block) *b = &t->b;
  for (size_t l = b->net->n_layers; l-- > 0;) {
    FN(r_slope)(t, l);
    FN(net_layer_gradient)(b, l, t->r_delta, b->act[l], out);
    if (l && t->c == CURVATURE_HESSIAN)
      FN(net_layer_gradient)(b, l, b->delta, t->r_act[l], out);
    FN(net_layer_bias_gradient)(b, l, t->r_delta, out);
    if (l)
      FN(r_back)(t, l);
  }
}

static enum status FN(make)(struct FN(tangent) *t, const struct net *net, const REAL *w, void *scratch, void **own, struct err *e)
{
  size_t bytes = FN(net_curvature_bytes)(net);
  enum status s = scratch ? STATUS_OK : mem_new(own, bytes ? bytes : SIZE_MAX, 1, "a product with the Hessian", e);
  if (s)
    return s;
  FN(net_block_cut)(&t->b, net, w, scratch ? scratch : *own);
  FN(tangent_layout)(t, net, scratch ? scratch : *own);
  return STATUS_OK;
}

enum status FN(net_curvature)(const struct exec *x, const struct net *net, const struct object *loss, const REAL *w,
                              const struct batch *batch, enum curvature c, const REAL *v, REAL *out, void *scratch, struct err *e)
{
  struct FN(tangent) t = {.c = c, .v = v};
  void *own = NULL;
  enum status s = net_block_check(net, batch, e);
  if (!s)
    s = FN(make)(&t, net, w, scratch, &own, e);
  if (s)
    return s;
  memset(out, 0, net->n_params * sizeof *out);
  for (size_t at = 0; at < batch->n && !s; at += NET_BLOCK) {
    REAL scale = (REAL)1 / (REAL)batch->n;
    FN(net_block_forward)(&t.b, batch, at);
    FN(r_forward)(&t);
    FN(net_block_loss)(&t.b, loss, batch, scale, NULL);
    FN(r_loss)(&t, loss, batch, scale);
    FN(r_backward)(&t, out);
    if (exec_cancelled(x))
      s = err_set(e, STATUS_CANCELLED, "cancelled");
  }
  free(own);
  if (!s && !FN(vec_finite)(out, net->n_params))
    s = err_set(e, STATUS_DIVERGED, "the product with the Hessian is not finite");
  return s;
}
