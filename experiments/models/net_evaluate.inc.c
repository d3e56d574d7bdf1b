/* net_evaluate.inc.c: the body of net_evaluate.c, included for float and for double. */

/* out: row major, one row for each example of the block: the feature-major units of `a`. */
static void FN(rows_of)(const struct FN(net_block) *b, const REAL *a, size_t units, REAL *out)
{
  for (size_t i = 0; i < b->n; i++)
    for (size_t j = 0; j < units; j++)
      out[i * units + j] = a[j * b->ldb + i];
}

enum status FN(net_activations)(const struct exec *x, const struct net *net, const REAL *w, const struct batch *batch, size_t layer,
                                REAL *out, struct err *e)
{
  struct FN(net_block) b;
  void *memory;
  if (layer > net->n_layers)
    return err_set(e, STATUS_BAD_ARG, "layer %zu: the model has %zu layers", layer, net->n_layers);
  enum status s = FN(net_block_new)(&b, net, w, batch, &memory, e);
  if (s)
    return s;
  size_t units = layer ? net->layer[layer - 1].out : net->in;
  for (size_t at = 0; at < batch->n && !s; at += NET_BLOCK) {
    FN(net_block_forward)(&b, batch, at);
    FN(rows_of)(&b, b.act[layer], units, out + at * units);
    if (exec_cancelled(x))
      s = err_set(e, STATUS_CANCELLED, "cancelled");
  }
  free(memory);
  return s;
}

enum status FN(net_evaluate)(const struct exec *x, const struct net *net, const struct object *loss, const REAL *w,
                             const struct batch *batch, double *loss_out, double *per_example, double *errors, REAL *outputs,
                             struct err *e)
{
  struct FN(net_block) b;
  void *memory;
  double sum = 0;
  enum status s = FN(net_block_new)(&b, net, w, batch, &memory, e);
  if (s)
    return s;
  for (size_t at = 0; at < batch->n && !s; at += NET_BLOCK) {
    FN(net_block_forward)(&b, batch, at);
    FN(net_block_loss)(&b, loss, batch, 1, errors ? errors + at : NULL);
    for (size_t i = 0; i < b.n; i++)
      sum += b.losses[i];
    if (per_example)
      memcpy(per_example + at, b.losses, b.n * sizeof *per_example);
    if (outputs)
      FN(rows_of)(&b, b.act[net->n_layers], net->out, outputs + at * net->out);
    if (exec_cancelled(x))
      s = err_set(e, STATUS_CANCELLED, "cancelled");
  }
  free(memory);
  *loss_out = sum / (double)batch->n;
  return s || isfinite(*loss_out) ? s : err_set(e, STATUS_DIVERGED, "the mean loss is %g", *loss_out);
}
