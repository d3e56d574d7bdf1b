/* product_int.h: what the product_*.c files share. */
#ifndef ASSAY_PRODUCT_INT_H
#define ASSAY_PRODUCT_INT_H

#include "experiments/kernel/conv.h"
#include "experiments/kernel/product.h"

extern const struct product product_generic, product_avx2, product_avx512;

#endif
