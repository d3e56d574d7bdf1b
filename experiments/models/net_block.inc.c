/* net_block.inc.c: the body of net_block.c, included for float and for double. */

static REAL *FN(take)(REAL **at, size_t n)
{
  REAL *taken = *at;
  *at += n;
  return taken;
}

/* Lay the buffers out from `base` (NULL: only measure); returns the bytes, 0 on overflow. */
static size_t FN(layout)(struct FN(net_block) *b, const struct net *net, char *base)
{
  size_t block = widest(net) * NET_BLOCK, units = net->in, separate = 0, numbers, bytes;
  for (size_t l = 0; l < net->n_layers; l++) {
    units += net->layer[l].out;
    separate += net->layer[l].act == ACT_GELU ? net->layer[l].out : 0;
  }
  if (!size_mul(units + separate + 3 * widest(net), NET_BLOCK, &numbers) || __builtin_add_overflow(numbers, largest(net), &numbers) ||
      __builtin_add_overflow(numbers, FN(net_layer_scratch)(net), &numbers) || !size_mul(numbers, sizeof(REAL), &bytes) ||
      __builtin_add_overflow(bytes, round_up((NET_BLOCK + 4 * net->out) * sizeof(double), MEM_ALIGN), &bytes))
    return 0;
  if (!base)
    return bytes;
  REAL *at = (void *)base;
  b->delta = FN(take)(&at, block);
  b->next = FN(take)(&at, block);
  b->rows = FN(take)(&at, block);
  b->product = FN(take)(&at, largest(net));
  b->patches = FN(take)(&at, FN(net_layer_scratch)(net));
  b->act[0] = FN(take)(&at, net->in * NET_BLOCK);
  for (size_t l = 0; l < net->n_layers; l++) {
    size_t n = net->layer[l].out * NET_BLOCK;
    b->act[l + 1] = FN(take)(&at, n);
    b->pre[l] = net->layer[l].act == ACT_GELU ? FN(take)(&at, n) : b->act[l + 1];
  }
  b->losses = (void *)at;
  b->scratch = b->losses + NET_BLOCK;
  return bytes;
}

size_t FN(net_block_bytes)(const struct net *net) { return FN(layout)(NULL, net, NULL); }

void FN(net_block_cut)(struct FN(net_block) *b, const struct net *net, const REAL *w, void *memory)
{
  *b = (struct FN(net_block)){.net = net, .w = w};
  FN(layout)(b, net, memory);
}

enum status FN(net_block_new)(struct FN(net_block) *b, const struct net *net, const REAL *w, const struct batch *batch, void **memory,
                              struct err *e)
{
  size_t bytes = FN(net_block_bytes)(net);
  enum status s = net_block_check(net, batch, e);
  *memory = NULL;
  if (!s)
    s = mem_new(memory, bytes ? bytes : SIZE_MAX, 1, "activations of a block of examples", e);
  if (!s)
    FN(net_block_cut)(b, net, w, *memory);
  return s;
}

static void FN(load)(struct FN(net_block) *b, const struct batch *batch, size_t at)
{
  b->at = at;
  b->n = batch->n - at < NET_BLOCK ? batch->n - at : NET_BLOCK;
  b->ldb = round_up(b->n, LANES);
  memset(b->act[0], 0, b->net->in * b->ldb * sizeof(REAL));
  for (size_t i = 0; i < b->n; i++) {
    const float *row = batch->x + (batch->index ? batch->index[at + i] : at + i) * batch->stride;
    for (size_t j = 0; j < batch->d; j++)
      b->act[0][j * b->ldb + i] = (REAL)row[j];
  }
}

/* As FN(net_act), but relu, the common one, without a call for each number. */
static void FN(activate)(enum activation a, const REAL *x, REAL *out, size_t n)
{
  if (a == ACT_RELU) {
    for (size_t i = 0; i < n; i++)
      out[i] = x[i] < 0 ? 0 : x[i];
    return;
  }
  for (size_t i = 0; i < n; i++)
    out[i] = FN(net_act)(a, x[i]);
}

void FN(net_block_forward)(struct FN(net_block) *b, const struct batch *batch, size_t at)
{
  FN(load)(b, batch, at);
  for (size_t l = 0; l < b->net->n_layers; l++) {
    const struct layer *y = &b->net->layer[l];
    FN(net_layer_forward)(b, l, b->w, true, b->act[l], b->pre[l]);
    if (y->act != ACT_NONE)
      FN(activate)(y->act, b->pre[l], b->act[l + 1], y->out * b->ldb);
  }
}

void FN(net_block_slope)(struct FN(net_block) *b, size_t l)
{
  const struct layer *y = &b->net->layer[l];
  for (size_t i = 0; y->act != ACT_NONE && i < y->out * b->ldb; i++)
    b->delta[i] *= FN(net_slope)(y->act, b->pre[l][i], b->act[l + 1][i]);
}

void FN(net_block_back)(struct FN(net_block) *b, size_t l)
{
  FN(net_layer_back)(b, l, b->w, b->delta, b->next);
  REAL *swap = b->delta;
  b->delta = b->next;
  b->next = swap;
}
