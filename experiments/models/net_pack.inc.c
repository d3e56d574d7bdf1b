/* net_pack.inc.c: between logical order and the padded vector; included by net.c for float and double. */

void FN(net_pack)(const struct net *net, const REAL *logical, REAL *padded)
{
  memset(padded, 0, net->n_params * sizeof *padded);
  for (size_t l = 0; l < net->n_layers; l++) {
    const struct layer *y = &net->layer[l];
    for (size_t j = 0; j < y->rows; j++, logical += y->cols)
      memcpy(padded + y->w_at + j * y->w_stride, logical, y->cols * sizeof *padded);
    if (y->bias) {
      memcpy(padded + y->b_at, logical, y->rows * sizeof *padded);
      logical += y->rows;
    }
  }
}

void FN(net_unpack)(const struct net *net, const REAL *padded, REAL *logical)
{
  for (size_t l = 0; l < net->n_layers; l++) {
    const struct layer *y = &net->layer[l];
    for (size_t j = 0; j < y->rows; j++, logical += y->cols)
      memcpy(logical, padded + y->w_at + j * y->w_stride, y->cols * sizeof *padded);
    if (y->bias) {
      memcpy(logical, padded + y->b_at, y->rows * sizeof *padded);
      logical += y->rows;
    }
  }
}
