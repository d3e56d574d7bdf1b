/* weights.h: trained weights from named tensors, as PyTorch's state_dict holds them.
 *
 * NAME.weight is [out, in] (dense) or [filters, channels, kernel, kernel] (convolution), NAME.bias one number per
 * row. Layers are matched in the natural order of their names (fc2 before fc10); where the shapes do not fit so, in
 * the order in which the file holds them. */
#ifndef ASSAY_MODELS_WEIGHTS_H
#define ASSAY_MODELS_WEIGHTS_H

#include "experiments/data/tensor.h"
#include "experiments/models/model.h"

/* The sizes that the first and the last layer tell: in = 0 where the first is a convolution. */
NODISCARD enum status weights_shape(const struct tensors *file, struct io_shape *io, struct err *e);
/* logical: n_logical floats, in the order of model.h. Each layer must find its weight, and its bias if it has one;
 * nothing may be left over, and every number must be finite. */
NODISCARD enum status weights_take(const struct net *net, const struct tensors *file, float *logical, struct err *e);

#endif
