/* read_npy.h: NumPy's .npy files, versions 1 to 3.
 *
 * Layout: 93 "NUMPY", major, minor; the header's length (u16, from version 2 on u32, little-endian); the header, a
 * Python dict literal with exactly descr, fortran_order and shape; the elements. Read: booleans, integers and
 * floats of any byte order. Refused: objects (they would run code), structures, strings, complex numbers.
 * Reference: NumPy Enhancement Proposal 1, "A simple file format for NumPy arrays". */
#ifndef ASSAY_DATA_READ_NPY_H
#define ASSAY_DATA_READ_NPY_H

#include "experiments/data/tensor.h"

/* The array in a file's bytes, which must hold it and nothing after it. *t points into them. */
NODISCARD enum status npy_parse(struct tensor *t, const struct whole *file, struct err *e);
/* A file of its own: one tensor without a name. */
NODISCARD enum status npy_read(struct tensors *out, const char *path, struct err *e);
/* Write a matrix as version 1, row major, in its own type, little-endian: *bytes (caller frees), *n of them. */
NODISCARD enum status npy_format(const struct mat *m, unsigned char **bytes, size_t *n, struct err *e);

#endif
