/* half.h: IEEE 754 binary16 numbers in 16 bits. */
#ifndef ASSAY_KERNEL_HALF_H
#define ASSAY_KERNEL_HALF_H

#include <stdint.h>

#define HALF_MAX 65504.0F

/* The nearest half, ties to even; beyond HALF_MAX the largest of that sign; NaN: a NaN. */
uint16_t half_from_f32(float x);
/* Exact. */
float half_to_f32(uint16_t h);

#endif
