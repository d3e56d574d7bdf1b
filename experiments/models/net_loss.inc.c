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
};

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
  size_t units = net->in + 2 * FN(widest)(net), loss = (2 + LANES) * net->out;
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
  return STATUS_OK;
}

static void FN(forward)(struct FN(pass) *p)
{
  for (size_t l = 0; l < p->net->n_layers; l++) {
    const struct layer *y = &p->net->layer[l];
    for (size_t j = 0; j < y->out; j++) {
      const REAL *row = p->w + y->w_at + j * y->w_stride;
      REAL acc = y->bias ? p->w[y->b_at + j] : 0;
      for (size_t i = 0; i < y->in; i++)
        acc = FMA(row[i], p->act[l][i], acc);
      p->pre[l + 1][j] = acc;
      p->act[l + 1][j] = FN(act)(y->act, acc);
    }
  }
}

/* Add the example's gradient to grad; p->delta holds the derivative with respect to the outputs. */
static void FN(backward)(struct FN(pass) *p, REAL *grad)
{
  for (size_t l = p->net->n_layers; l-- > 0;) {
    const struct layer *y = &p->net->layer[l];
    for (size_t j = 0; j < y->out; j++)
      for (size_t i = 0; i < y->in; i++)
        grad[y->w_at + j * y->w_stride + i] = FMA(p->delta[j], p->act[l][i], grad[y->w_at + j * y->w_stride + i]);
    for (size_t j = 0; y->bias && j < y->out; j++)
      grad[y->b_at + j] += p->delta[j];
    if (l == 0)
      break;
    for (size_t i = 0; i < y->in; i++) {
      REAL acc = 0;
      for (size_t j = 0; j < y->out; j++)
        acc = FMA(p->w[y->w_at + j * y->w_stride + i], p->delta[j], acc);
      p->next[i] = FN(act_back)(p->net->layer[l - 1].act, p->pre[l][i], p->act[l][i], acc);
    }
    REAL *swap = p->delta;
    p->delta = p->next;
    p->next = swap;
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
      FN(backward)(&p, grad);
  }
  free(memory);
  *loss_out = sum / (double)b->n;
  return isfinite(*loss_out) ? STATUS_OK : err_set(e, STATUS_DIVERGED, "the mean loss is %g", *loss_out);
}
