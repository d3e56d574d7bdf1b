/* read_idx.h: arrays in the IDX format (MNIST and its kin), plain or gzipped.
 *
 * Layout: bytes 0, 0, type, number of dimensions; each dimension as a big-endian u32; then the elements,
 * row major, big-endian. Reference: LeCun, Cortes and Burges 1998, "The MNIST database". */
#ifndef ASSAY_DATA_READ_IDX_H
#define ASSAY_DATA_READ_IDX_H

#include "experiments/data/read_bytes.h"

#define IDX_NDIM_MAX 8

enum idx_type { IDX_U8 = 0x08, IDX_I8 = 0x09, IDX_I16 = 0x0B, IDX_I32 = 0x0C, IDX_F32 = 0x0D, IDX_F64 = 0x0E };

struct idx {
  struct byte_source *source; /* owned */
  enum idx_type type;
  size_t item; /* bytes of an element */
  size_t ndim, dim[IDX_NDIM_MAX];
  size_t count; /* elements: the product of the dimensions */
  size_t read;  /* elements taken so far */
};

/* Read and check the header: the product of the dimensions must not overflow, a plain file must have
 * exactly the bytes it claims, a gzipped one must be able to hold them. Nothing is allocated by a claim. */
NODISCARD enum status idx_open(struct idx *x, const char *path, struct err *e);
void idx_close(struct idx *x); /* twice is harmless */

/* The next n elements (n <= count - read). Errors name the byte, counted in the decompressed stream. */
NODISCARD enum status idx_read_u8(struct idx *x, uint8_t *to, size_t n, struct err *e); /* type IDX_U8 only */
NODISCARD enum status idx_read(struct idx *x, double *to, size_t n, struct err *e);     /* any type, exact */
NODISCARD enum status idx_skip(struct idx *x, size_t n, struct err *e);

/* After the last element: nothing may follow, and a gzipped stream's check sum must be right. */
NODISCARD enum status idx_finish(struct idx *x, struct err *e);

/* Byte of the stream where element i starts: for messages. */
unsigned long long idx_byte(const struct idx *x, size_t i);
/* "60000 x 28 x 28"; returns out. */
#define IDX_SHAPE_MAX 128
const char *idx_shape(const struct idx *x, char out[IDX_SHAPE_MAX]);

#endif
