/* tensor.c: see tensor.h. Half precision: IEEE 754-2019, binary16. */
#include "experiments/data/tensor.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"

static const struct {
  const char *name;
  size_t size;
} elements[ELEMENT_COUNT] = {
  [ELEMENT_BOOL] = {"BOOL", 1},       [ELEMENT_U8] = {"U8", 1},           [ELEMENT_I8] = {"I8", 1},
  [ELEMENT_U16] = {"U16", 2},         [ELEMENT_I16] = {"I16", 2},         [ELEMENT_U32] = {"U32", 4},
  [ELEMENT_I32] = {"I32", 4},         [ELEMENT_U64] = {"U64", 8},         [ELEMENT_I64] = {"I64", 8},
  [ELEMENT_F8_E4M3] = {"F8_E4M3", 1}, [ELEMENT_F8_E5M2] = {"F8_E5M2", 1}, [ELEMENT_F16] = {"F16", 2},
  [ELEMENT_BF16] = {"BF16", 2},       [ELEMENT_F32] = {"F32", 4},         [ELEMENT_F64] = {"F64", 8},
};

size_t element_size(enum element type) { return elements[type].size; }
const char *element_name(enum element type) { return elements[type].name; }

bool element_find(const char *name, enum element *type)
{
  for (int i = 0; i < ELEMENT_COUNT; i++)
    if (strcmp(name, elements[i].name) == 0) {
      *type = (enum element)i;
      return true;
    }
  return false;
}

bool tensor_measure(struct tensor *t, size_t *bytes)
{
  size_t count = 1;
  bool fits = true, empty = false;
  for (size_t i = 0; i < t->ndim; i++) {
    fits = size_mul(count, t->dim[i], &count) && fits;
    empty = empty || t->dim[i] == 0;
  }
  t->count = empty ? 0 : count;
  return (fits || empty) && size_mul(t->count, element_size(t->type), bytes);
}

/* Bytes of element i in the file. */
static uint64_t element_bits(const struct tensor *t, size_t i)
{
  size_t size = element_size(t->type), at = i;
  if (t->fortran) {
    size_t stride = t->count;
    at = 0;
    for (size_t k = t->ndim; k-- > 0; i /= t->dim[k]) {
      stride /= t->dim[k]; /* elements between neighbours along dimension k: the product of those before it */
      at += i % t->dim[k] * stride;
    }
  }
  const unsigned char *b = t->data + at * size;
  uint64_t v = 0;
  for (size_t k = 0; k < size; k++)
    v = v << 8 | b[t->big_endian ? k : size - 1 - k];
  return v;
}

/* A float of `exponent` and `mantissa` bits; inf: all exponent bits set means infinity or NaN. */
static double small_float(uint64_t bits, int exponent, int mantissa, bool inf)
{
  int e = (int)(bits >> mantissa) & ((1 << exponent) - 1), bias = (1 << (exponent - 1)) - 1;
  double m = (double)(bits & ((1u << mantissa) - 1)), sign = bits >> (exponent + mantissa) & 1 ? -1.0 : 1.0;
  if (inf && e == (1 << exponent) - 1)
    return m > 0 ? (double)NAN : copysign((double)INFINITY, sign);
  return sign * (e ? ldexp(m + ldexp(1, mantissa), e - bias - mantissa) : ldexp(m, 1 - bias - mantissa));
}

int64_t tensor_integer(const struct tensor *t, size_t i)
{
  uint64_t v = element_bits(t, i);
  switch (t->type) {
  case ELEMENT_BOOL: return v != 0;
  case ELEMENT_I8: return (int8_t)v;
  case ELEMENT_I16: return (int16_t)v;
  case ELEMENT_I32: return (int32_t)v;
  default: return (int64_t)v;
  }
}

double tensor_get(const struct tensor *t, size_t i)
{
  uint64_t v = element_bits(t, i);
  uint32_t low = (uint32_t)v;
  float f;
  double d;
  switch (t->type) {
  case ELEMENT_U64: return (double)v;
  case ELEMENT_F8_E4M3: return (v & 0x7f) == 0x7f ? (double)NAN : small_float(v, 4, 3, false);
  case ELEMENT_F8_E5M2: return small_float(v, 5, 2, true);
  case ELEMENT_F16: return small_float(v, 5, 10, true);
  case ELEMENT_BF16: low <<= 16; /* fall through */
  case ELEMENT_F32: memcpy(&f, &low, sizeof f); return (double)f;
  case ELEMENT_F64: memcpy(&d, &v, sizeof d); return d;
  default: return (double)tensor_integer(t, i);
  }
}

enum status tensor_matrix(struct mat *out, const struct tensor *t, enum dtype type, struct err *e)
{
  size_t rows = t->ndim >= 2 ? t->dim[0] : 1, cols = 1;
  for (size_t k = t->ndim >= 2 ? 1 : 0; k < t->ndim; k++)
    if (!size_mul(cols, t->dim[k], &cols))
      return err_set(e, STATUS_NO_MEMORY, "rows of an array are more than this machine can address");
  enum status s = mat_new(out, type, rows, cols, e);
  for (size_t i = 0; s == STATUS_OK && i < t->count; i++) {
    if (type == DTYPE_F32)
      ((float *)out->data)[i] = (float)tensor_get(t, i);
    else
      ((double *)out->data)[i] = tensor_get(t, i);
  }
  return s;
}

const char *tensor_shape(const struct tensor *t, char out[TENSOR_SHAPE_MAX])
{
  size_t length = 0;
  snprintf(out, TENSOR_SHAPE_MAX, "a scalar");
  for (size_t i = 0; i < t->ndim && length < TENSOR_SHAPE_MAX - 32; i++)
    length += (size_t)snprintf(out + length, TENSOR_SHAPE_MAX - length, "%s%zu", i ? " x " : "", t->dim[i]);
  return out;
}

void tensors_free(struct tensors *s)
{
  for (size_t i = 0; i < s->n; i++) {
    free(s->t[i].name);
    if (s->block)
      free(s->block[i]);
  }
  free(s->t);
  free(s->block);
  whole_free(&s->file);
  *s = (struct tensors){0};
}

const struct tensor *tensors_find(const struct tensors *s, const char *name)
{
  for (size_t i = 0; i < s->n; i++)
    if (s->t[i].name && strcmp(s->t[i].name, name) == 0)
      return &s->t[i];
  return NULL;
}
