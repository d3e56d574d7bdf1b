/* matrix_pack.h: a matrix in few bytes, to be kept with a run: a mask takes a bit a number or less.
 *
 * Layout (numbers little-endian, elements row major):
 *    0  "AMX1"
 *    4  u8   how the elements are kept: 1 bits (every number is 0 or 1), 4 float32, 8 float64
 *    5  u8   type of the matrix: 4 float32, 8 float64
 *    6  u16  0
 *    8  u64  rows
 *   16  u64  columns
 *   24  the elements, deflated (zlib, RFC 1950); bits 8 to a byte, the first in the highest bit, none left out between rows
 * In Python: raw = zlib.decompress(b[24:]), then numpy.unpackbits(numpy.frombuffer(raw, "u1"))[:rows * columns] for bits,
 * numpy.frombuffer(raw, "<f4") or "<f8" else, each .reshape(rows, columns). */
#ifndef ASSAY_DATA_MATRIX_PACK_H
#define ASSAY_DATA_MATRIX_PACK_H

#include "experiments/kernel/mat.h"

#define MATRIX_PACK_MOST ((size_t)1 << 26) /* elements */

/* Is every number exactly +0 or 1? */
bool matrix_is_mask(const struct mat *m);
/* *bytes (caller frees), *n of them; bits where matrix_is_mask. Every bit of every number comes back. */
NODISCARD enum status matrix_pack(const struct mat *m, unsigned char **bytes, size_t *n, struct err *e);
/* The matrix in bytes that may come from anywhere: sizes are checked before anything is allocated. */
NODISCARD enum status matrix_unpack(struct mat *out, const void *bytes, size_t n, struct err *e);

#endif
