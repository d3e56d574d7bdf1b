/* net_layer.inc.h: included by net_block.h for float and for double.
 *
 * Each layer as a linear map A of its input, by flat weights `w` (those of the net, or a direction): dense, convolution,
 * or pooling, where A takes the average of each window, or the element that is largest in the block's act[l]. x:
 * [in][ldb], d and out of forward: [out][ldb]. */

/* out = A x, plus the biases in w when asked and the layer has any. */
void FN(net_layer_forward)(const struct FN(net_block) *b, size_t l, const REAL *w, bool bias, const REAL *x, REAL *out);
/* out = A' d. */
void FN(net_layer_back)(const struct FN(net_block) *b, size_t l, const REAL *w, const REAL *d, REAL *out);
/* g (flat) += the derivative of <d, A x> with respect to the layer's weights, over the block's n examples; nothing for a
 * pooling. d is 0 in the lanes from n on. The biases are apart. */
void FN(net_layer_gradient)(const struct FN(net_block) *b, size_t l, const REAL *d, const REAL *x, REAL *g);
void FN(net_layer_bias_gradient)(const struct FN(net_block) *b, size_t l, const REAL *d, REAL *g);
/* Numbers of scratch (b->patches) that the net's convolutions need; SIZE_MAX where BLAS could not count that far. */
size_t FN(net_layer_scratch)(const struct net *net);
