/* tensor.h: arrays of any number of dimensions and any element type, as files hold them.
 *
 * A struct tensor points into the bytes of its file and converts when asked; it owns only its name. Elements
 * are counted in row-major order whatever the file's own order is. */
#ifndef ASSAY_DATA_TENSOR_H
#define ASSAY_DATA_TENSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "experiments/data/read_whole.h"
#include "experiments/kernel/mat.h"

/* E4M3: no infinities, 448 the largest (Micikevicius et al. 2022, FP8 formats for deep learning). */
enum element {
  ELEMENT_BOOL, ELEMENT_U8, ELEMENT_I8, ELEMENT_U16, ELEMENT_I16, ELEMENT_U32, ELEMENT_I32, ELEMENT_U64, ELEMENT_I64,
  ELEMENT_F8_E4M3, ELEMENT_F8_E5M2, ELEMENT_F16, ELEMENT_BF16, ELEMENT_F32, ELEMENT_F64, ELEMENT_COUNT
};

size_t element_size(enum element type);
const char *element_name(enum element type); /* as safetensors writes it: "F32", "BF16", … */
bool element_find(const char *name, enum element *type);

#define TENSOR_NDIM_MAX 32

struct tensor {
  char *name; /* owned; NULL where a file holds one array only */
  enum element type;
  bool big_endian;
  bool fortran; /* the first index runs fastest */
  size_t ndim, dim[TENSOR_NDIM_MAX];
  size_t count; /* elements: the product of the dimensions */
  const unsigned char *data; /* borrowed: the file must stay in memory */
};

/* Set count from the dimensions, and *bytes; false if either is more than 64 bits can count. */
bool tensor_measure(struct tensor *t, size_t *bytes);
/* Element i (row-major): the nearest float64. Integers beyond 2^53 are rounded; tensor_integer() is exact for
 * integers (unsigned ones modulo 2^64). */
double tensor_get(const struct tensor *t, size_t i);
int64_t tensor_integer(const struct tensor *t, size_t i);
/* A new packed matrix: no dimension gives 1 x 1, one 1 x n, more n x the product of the others. */
NODISCARD enum status tensor_matrix(struct mat *out, const struct tensor *t, enum dtype type, struct err *e);
#define TENSOR_SHAPE_MAX 128
/* "300 x 784", shortened where it is long; returns out. */
const char *tensor_shape(const struct tensor *t, char out[TENSOR_SHAPE_MAX]);

/* The named arrays of one file, and the bytes that they point into. */
struct tensors {
  struct whole file;  /* owned */
  size_t n;
  struct tensor *t;   /* owned */
  unsigned char **block; /* members that were decompressed: n, each owned or NULL; NULL if there are none */
};

void tensors_free(struct tensors *s); /* twice is harmless */
const struct tensor *tensors_find(const struct tensors *s, const char *name); /* NULL: not there */

#endif
