/* arrays.c: NPY, NPZ, safetensors and llama2.c files: the shared fixtures, each element type, writing and reading back,
 * zip64. */
#include <math.h>
#include <zlib.h>

#include "experiments/data/read_llama2c.h"
#include "experiments/data/read_npy.h"
#include "experiments/data/read_npz.h"
#include "experiments/data/read_safetensors.h"
#include "tests/unit/data/shared_formats.h"

static bool shape_is(const struct tensor *t, const json_t *shape)
{
  bool same = json_array_size(shape) == t->ndim;
  for (size_t k = 0; same && k < t->ndim; k++)
    same = (size_t)json_integer_value(json_array_get(shape, k)) == t->dim[k];
  return same;
}

/* Whole numbers exactly: one of them does not fit into a float64. */
static bool values_are(const struct tensor *t, const json_t *values)
{
  bool same = json_array_size(values) == t->count;
  for (size_t i = 0; same && i < t->count; i++) {
    const json_t *v = json_array_get(values, i);
    same = t->type <= ELEMENT_I64 ? tensor_integer(t, i) == json_integer_value(v) : tensor_get(t, i) == json_number_value(v);
  }
  return same;
}

/* What a caller does with a tensor: ask for every element. */
static void touch(const struct tensor *t)
{
  volatile double sum = 0;
  for (size_t i = 0; i < t->count; i++)
    sum = sum + tensor_get(t, i);
}

static enum status read_npy(const struct whole *file, const json_t *expected, bool *same, struct err *e)
{
  static const enum element types[] = {ELEMENT_BOOL, ELEMENT_U8, ELEMENT_I64, ELEMENT_F16, ELEMENT_F32, ELEMENT_F64};
  static const char *const codes[] = {"b1", "u1", "i8", "f2", "f4", "f8"};
  struct tensor t;
  enum status s = npy_parse(&t, file, e);
  if (s == STATUS_OK)
    touch(&t);
  if (s == STATUS_OK && expected) {
    const char *code = json_string_value(json_object_get(expected, "dtype"));
    *same = shape_is(&t, json_object_get(expected, "shape")) && values_are(&t, json_object_get(expected, "values"));
    for (size_t k = 0; k < 6; k++)
      if (strcmp(code, codes[k]) == 0)
        *same = *same && t.type == types[k];
  }
  return s;
}

static enum status read_npz(const struct whole *file, const json_t *expected, bool *same, struct err *e)
{
  struct tensors all = {.file = whole_of(file->name, file->bytes, file->n)};
  enum status s = npz_parse(&all, e);
  for (size_t i = 0; s == STATUS_OK && i < all.n; i++)
    touch(&all.t[i]);
  if (s == STATUS_OK && expected) {
    const json_t *members = json_object_get(expected, "members");
    const struct tensor *x = tensors_find(&all, "x"), *y = tensors_find(&all, "y");
    *same = all.n == json_object_size(members) && x && y && shape_is(x, json_object_get(members, "x")) &&
            shape_is(y, json_object_get(members, "y")) && tensor_get(x, 5) == 1.25;
  }
  tensors_free(&all);
  return s;
}

static enum status read_safetensors(const struct whole *file, const json_t *expected, bool *same, struct err *e)
{
  struct tensors all = {.file = whole_of(file->name, file->bytes, file->n)};
  enum status s = safetensors_parse(&all, e);
  for (size_t i = 0; s == STATUS_OK && i < all.n; i++)
    touch(&all.t[i]);
  if (s == STATUS_OK && expected) {
    const char *name;
    json_t *values, *tensors = json_object_get(expected, "tensors");
    *same = all.n == json_object_size(tensors);
    json_object_foreach(tensors, name, values)
      *same = *same && tensors_find(&all, name) && values_are(tensors_find(&all, name), values);
  }
  tensors_free(&all);
  return s;
}

/* The fixtures count 0, 1, 2, … through the floats: the first of each tensor tells its place. */
static bool llama2c_is(const struct tensors *all, const struct llama2c *c, const json_t *expected)
{
  static const size_t place[] = {0, 12, 16, 32, 40, 48, 64, 68, 100, 132, 164, 176};
  const json_t *config = json_object_get(expected, "config"), *floats = json_object_get(expected, "floats");
  const size_t seen[] = {c->dim, c->hidden, c->layers, c->heads, c->kv_heads, c->vocab, c->seq_len};
  double first = tensor_get(&all->t[0], 0);
  bool same = all->n == (c->tied ? 11u : 12u) && c->tied == (config != NULL);
  for (size_t k = 0; k < json_array_size(config); k++)
    same = same && (size_t)json_integer_value(json_array_get(config, k)) == seen[k];
  if (floats)
    same = same && (size_t)json_integer_value(floats) == c->floats;
  for (size_t k = 0; k < all->n; k++)
    same = same && tensor_get(&all->t[k], 0) - first == (double)place[k];
  return same && all->t[7].dim[1] == c->hidden && all->t[8].dim[2] == c->hidden;
}

static enum status read_llama2c(const struct whole *file, const json_t *expected, bool *same, struct err *e)
{
  struct tensors all = {.file = whole_of(file->name, file->bytes, file->n)};
  struct llama2c config;
  enum status s = llama2c_parse(&all, &config, e);
  for (size_t i = 0; s == STATUS_OK && i < all.n; i++)
    touch(&all.t[i]);
  if (s == STATUS_OK && expected)
    *same = llama2c_is(&all, &config, expected);
  tensors_free(&all);
  return s;
}

/* The value of one element with these bits, little-endian. */
static double value_of(enum element type, uint64_t bits)
{
  unsigned char b[8];
  for (size_t k = 0; k < 8; k++)
    b[k] = (unsigned char)(bits >> 8 * k);
  const struct tensor t = {.type = type, .count = 1, .data = b};
  return tensor_get(&t, 0);
}

static void check_elements(void)
{
  tap_is_int((long long)value_of(ELEMENT_I8, 0x80), -128, "i8 is signed");
  tap_is_int((long long)value_of(ELEMENT_U16, 0xffff), 65535, "u16 is not");
  tap_is_int((long long)value_of(ELEMENT_I16, 0xffff), -1, "i16 is");
  tap_is_int((long long)value_of(ELEMENT_I32, 0x80000000), -2147483648LL, "the least i32");
  tap_ok(value_of(ELEMENT_U64, UINT64_MAX) == 0x1p64, "the largest u64 rounds to 2^64");
  tap_ok(value_of(ELEMENT_F16, 0x0001) == 0x1p-24 && value_of(ELEMENT_F16, 0x03ff) == 0x1p-14 - 0x1p-24 &&
           value_of(ELEMENT_F16, 0x7bff) == 65504,
         "f16: the least, the largest subnormal, the largest");
  tap_ok(isinf(value_of(ELEMENT_F16, 0xfc00)) && value_of(ELEMENT_F16, 0xfc00) < 0 && isnan(value_of(ELEMENT_F16, 0x7c01)),
         "f16: -infinity and NaN");
  tap_ok(signbit(value_of(ELEMENT_F16, 0x8000)), "f16: minus zero");
  tap_ok(value_of(ELEMENT_BF16, 0xc049) == -3.140625, "bf16 is the upper half of f32");
  tap_ok(value_of(ELEMENT_F8_E4M3, 0x7e) == 448 && isnan(value_of(ELEMENT_F8_E4M3, 0xff)) &&
           value_of(ELEMENT_F8_E4M3, 0x01) == 0x1p-9,
         "f8 e4m3: 448 is the largest, all ones NaN, 2^-9 the least");
  tap_ok(value_of(ELEMENT_F8_E5M2, 0x7b) == 57344 && isinf(value_of(ELEMENT_F8_E5M2, 0x7c)) &&
           value_of(ELEMENT_F8_E5M2, 0x01) == 0x1p-16,
         "f8 e5m2: 57344 is the largest, then infinity, 2^-16 the least");
}

/* Element (i, j, k) of a 2 x 3 x 4 array stored first index fastest, by its place. */
static void check_fortran(void)
{
  unsigned char b[24];
  struct tensor t = {.type = ELEMENT_U8, .fortran = true, .ndim = 3, .dim = {2, 3, 4}, .count = 24, .data = b};
  bool same = true;
  for (size_t at = 0; at < 24; at++)
    b[at] = (unsigned char)at;
  for (size_t i = 0; i < 2; i++)
    for (size_t j = 0; j < 3; j++)
      for (size_t k = 0; k < 4; k++)
        same = same && tensor_get(&t, (i * 3 + j) * 4 + k) == (double)(i + 2 * j + 6 * k);
  tap_ok(same, "three dimensions, first index fastest, are read row by row");
}

static void check_written(enum dtype type)
{
  struct mat m, view, back;
  struct tensor t;
  struct err e = {0};
  unsigned char *bytes;
  size_t n;
  if (mat_new(&m, type, 5, 7, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  for (size_t i = 0; i < 35; i++)
    mat_set(&m, i / 7, i % 7, 1.0 / (double)(i + 1));
  if (mat_view(&view, &m, 1, 4, 2, 7, &e) != STATUS_OK || npy_format(&view, &bytes, &n, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  struct whole file = whole_of("written", bytes, n);
  tap_ok(npy_parse(&t, &file, &e) == STATUS_OK && t.ndim == 2 && t.dim[0] == 3 && t.dim[1] == 5,
         "a view written as NPY is read again %s", e.message);
  tap_ok(t.data - bytes == 128, "its numbers start at a multiple of 64");
  if (tensor_matrix(&back, &t, type, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  bool same = true;
  for (size_t i = 0; i < 3; i++)
    for (size_t j = 0; j < 5; j++)
      same = same && mat_get(&back, i, j) == mat_get(&view, i, j);
  tap_ok(same, "with the same numbers in %zu bytes each", dtype_size(type));
  whole_free(&file);
  free(bytes);
  mat_free(&back);
  mat_free(&view);
  mat_free(&m);
}

static size_t put(unsigned char *to, uint64_t v, size_t size)
{
  for (size_t k = 0; k < size; k++)
    to[k] = (unsigned char)(k < 8 ? v >> 8 * k : 0);
  return size;
}

static size_t put_text(unsigned char *to, const char *s, size_t n)
{
  memcpy(to, s, n);
  return n;
}

/* A zip of one stored member `x.npy` whose sizes and places stand in zip64 fields only (APPNOTE 4.3.14, 4.5.3). */
static size_t make_zip64(unsigned char *b, const unsigned char *npy, size_t size)
{
  uint32_t crc = (uint32_t)crc32(crc32(0, NULL, 0), npy, (uInt)size);
  size_t n = put_text(b, "PK\3\4\x2d\0\0\0\0\0\0\0\x21\0", 14), directory, end;
  n += put(b + n, crc, 4) + put(b + n + 4, UINT32_MAX, 4) + put(b + n + 8, UINT32_MAX, 4) + put(b + n + 12, 5, 2) +
       put(b + n + 14, 20, 2);
  n += put_text(b + n, "x.npy\1\0\x10\0", 9);
  n += put(b + n, size, 8) + put(b + n + 8, size, 8) + put_text(b + n + 16, (const char *)npy, size);
  directory = n;
  n += put_text(b + n, "PK\1\2\x2d\0\x2d\0\0\0\0\0\0\0\x21\0", 16);
  n += put(b + n, crc, 4) + put(b + n + 4, UINT32_MAX, 4) + put(b + n + 8, UINT32_MAX, 4) + put(b + n + 12, 5, 2) +
       put(b + n + 14, 28, 2) + put(b + n + 16, 0, 10) + put(b + n + 26, UINT32_MAX, 4);
  n += put_text(b + n, "x.npy\1\0\x18\0", 9);
  n += put(b + n, size, 8) + put(b + n + 8, size, 8) + put(b + n + 16, 0, 8);
  end = n;
  n += put_text(b + n, "PK\6\6", 4) + put(b + n + 4, 44, 8) + put(b + n + 12, 0x2d002d, 4) + put(b + n + 16, 0, 8) +
       put(b + n + 24, 1, 8) + put(b + n + 32, 1, 8) + put(b + n + 40, end - directory, 8) + put(b + n + 48, directory, 8);
  n += put_text(b + n, "PK\6\7", 4) + put(b + n + 4, 0, 4) + put(b + n + 8, end, 8) + put(b + n + 16, 1, 4);
  n += put_text(b + n, "PK\5\6", 4) + put(b + n + 4, 0, 4) + put(b + n + 8, 0xffffffff, 4) + put(b + n + 12, UINT32_MAX, 4) +
       put(b + n + 16, UINT32_MAX, 4) + put(b + n + 20, 0, 2);
  return n;
}

static void check_zip64(void)
{
  const double numbers[] = {1.5, -2, 3};
  struct mat m = mat_wrap(DTYPE_F64, (void *)numbers, 1, 3, 3);
  unsigned char *npy, zip[1024];
  size_t size, n;
  struct err e = {0};
  bool same;
  const struct format format = {"", read_npz, true};
  if (npy_format(&m, &npy, &size, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  n = make_zip64(zip, npy, size);
  struct tensors all = {.file = whole_of("the-file", zip, n)};
  tap_ok(npz_parse(&all, &e) == STATUS_OK && all.n == 1 && tensors_find(&all, "x") &&
           tensor_get(tensors_find(&all, "x"), 1) == -2,
         "a member with zip64 sizes is read %s", e.message);
  tensors_free(&all);
  check_cut(&format, "the zip64 file", zip, n);
  check_changes(&format, "the zip64 file", zip, n);
  zip[30 + 5 + 20 + 128] ^= 1;
  tap_ok(read_copy(&format, zip, n, NULL, &same, &e) == STATUS_BAD_DATA && strstr(e.message, "check sum"),
         "a changed number is told by the check sum: %s", e.message);
  free(npy);
}

static void check_real_models(void)
{
  struct tensors all;
  struct llama2c config;
  struct err e = {0};
  const char *path = shared_path("models/stories260K.bin");
  if (!path) {
    tap_skip(2, "the shared models are absent");
    return;
  }
  tap_ok(llama2c_read(&all, &config, path, &e) == STATUS_OK, "stories260K is read %s", e.message);
  tap_ok(config.dim == 64 && config.hidden == 172 && config.layers == 5 && config.heads == 8 && config.kv_heads == 4 &&
           config.vocab == 512 && config.seq_len == 512 && config.tied,
         "with its sizes: 64, 172, 5 layers, 8 and 4 heads, 512 words, 512 long, tied");
  tensors_free(&all);
}

int main(void)
{
  static const struct format formats[] = {
    {".npy", read_npy, true}, {".npz", read_npz, true}, {".safetensors", read_safetensors, true}, {".bin", read_llama2c, true}};
  check_formats(formats, sizeof formats / sizeof *formats, 31);
  check_elements();
  check_fortran();
  check_written(DTYPE_F32);
  check_written(DTYPE_F64);
  check_zip64();
  check_real_models();
  return tap_done();
}
