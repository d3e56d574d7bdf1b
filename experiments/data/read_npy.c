/* read_npy.c: see read_npy.h. The header is read by a small parser of its own for just the literals that may
 * stand there; nothing is evaluated. */
#include "experiments/data/read_npy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"

#define MAGIC      "\x93NUMPY"
#define MAGIC_SIZE 6
#define DESCR_MAX  16

struct header {
  const struct whole *file;
  size_t at, end; /* unread bytes */
  char descr[DESCR_MAX];
  bool fortran;
  bool seen[3]; /* descr, fortran_order, shape */
};

static enum status bad(const struct header *h, struct err *e, const char *what)
{
  return err_set(e, STATUS_BAD_DATA, "%s: byte %zu: %s", h->file->name, h->at, what);
}

static void skip_blanks(struct header *h)
{
  while (h->at < h->end && strchr(" \t\n\r", h->file->bytes[h->at]) && h->file->bytes[h->at])
    h->at++;
}

/* Take this character if it comes next. */
static bool take(struct header *h, char c)
{
  skip_blanks(h);
  bool found = h->at < h->end && h->file->bytes[h->at] == (unsigned char)c;
  h->at += found;
  return found;
}

static bool take_word(struct header *h, const char *word)
{
  size_t n = strlen(word);
  skip_blanks(h);
  bool found = h->end - h->at >= n && memcmp(h->file->bytes + h->at, word, n) == 0;
  h->at += found ? n : 0;
  return found;
}

/* 'text' or "text", without escapes; false if it is none, or longer than out. */
static bool take_string(struct header *h, char *out, size_t room)
{
  skip_blanks(h);
  if (h->at == h->end || (h->file->bytes[h->at] != '\'' && h->file->bytes[h->at] != '"'))
    return false;
  unsigned char quote = h->file->bytes[h->at];
  size_t from = h->at + 1, to = from;
  while (to < h->end && h->file->bytes[to] != quote && h->file->bytes[to] != '\\')
    to++;
  if (to == h->end || h->file->bytes[to] != quote || to - from >= room)
    return false;
  memcpy(out, h->file->bytes + from, to - from);
  out[to - from] = '\0';
  h->at = to + 1;
  return true;
}

/* A whole number; the L of Python 2 may follow. */
static bool take_size(struct header *h, size_t *v)
{
  size_t from, next;
  skip_blanks(h);
  from = h->at;
  for (*v = 0; h->at < h->end && h->file->bytes[h->at] >= '0' && h->file->bytes[h->at] <= '9'; h->at++) {
    if (!size_mul(*v, 10, &next) || __builtin_add_overflow(next, h->file->bytes[h->at] - '0', v))
      return false;
  }
  bool any = h->at > from;
  if (any && h->at < h->end && h->file->bytes[h->at] == 'L')
    h->at++;
  return any;
}

static enum status take_shape(struct header *h, struct tensor *t, struct err *e)
{
  if (!take(h, '('))
    return bad(h, e, "the shape must be a tuple like (2, 3)");
  for (t->ndim = 0; !take(h, ')'); t->ndim++) {
    if (t->ndim == TENSOR_NDIM_MAX)
      return bad(h, e, "more than 32 dimensions");
    if (!take_size(h, &t->dim[t->ndim]))
      return bad(h, e, "a dimension must be a whole number that 64 bits can hold");
    if (!take(h, ',') && (t->ndim == 0 || h->at == h->end || h->file->bytes[h->at] != ')'))
      return bad(h, e, "the shape must be a tuple like (2, 3), (2,) or ()");
  }
  return STATUS_OK;
}

static enum status take_entry(struct header *h, struct tensor *t, struct err *e)
{
  static const char *const keys[] = {"descr", "fortran_order", "shape"};
  char key[16];
  int k = 0;
  if (!take_string(h, key, sizeof key))
    return bad(h, e, "the header must be a dict of descr, fortran_order and shape");
  while (k < 3 && strcmp(key, keys[k]) != 0)
    k++;
  if (k == 3 || h->seen[k] || !take(h, ':'))
    return bad(h, e, "the header must hold exactly descr, fortran_order and shape, once each");
  h->seen[k] = true;
  if (k == 2)
    return take_shape(h, t, e);
  if (k == 1) {
    h->fortran = take_word(h, "True");
    return h->fortran || take_word(h, "False") ? STATUS_OK : bad(h, e, "fortran_order must be True or False");
  }
  if (take_string(h, h->descr, DESCR_MAX))
    return STATUS_OK;
  return err_set(e, STATUS_UNSUPPORTED, "%s: byte %zu: an array of structures; only plain numbers can be read",
                 h->file->name, h->at);
}

static enum status take_dict(struct header *h, struct tensor *t, struct err *e)
{
  enum status s = take(h, '{') ? STATUS_OK : bad(h, e, "the header must be a dict that starts with {");
  while (s == STATUS_OK && !take(h, '}')) {
    s = take_entry(h, t, e);
    if (s == STATUS_OK && !take(h, ',') && (h->at == h->end || h->file->bytes[h->at] != '}'))
      s = bad(h, e, "the header's dict is not closed");
  }
  skip_blanks(h);
  if (s == STATUS_OK && h->at != h->end)
    s = bad(h, e, "something follows the header's dict");
  if (s == STATUS_OK && !(h->seen[0] && h->seen[1] && h->seen[2]))
    s = bad(h, e, "the header lacks descr, fortran_order or shape");
  return s;
}

/* "<f4" and its kin. */
static enum status read_descr(struct header *h, struct tensor *t, struct err *e)
{
  static const struct {
    const char *code;
    enum element type;
  } known[] = {{"b1", ELEMENT_BOOL}, {"u1", ELEMENT_U8},  {"i1", ELEMENT_I8},  {"u2", ELEMENT_U16},
               {"i2", ELEMENT_I16},  {"u4", ELEMENT_U32}, {"i4", ELEMENT_I32}, {"u8", ELEMENT_U64},
               {"i8", ELEMENT_I64},  {"f2", ELEMENT_F16}, {"f4", ELEMENT_F32}, {"f8", ELEMENT_F64}};
  bool order = h->descr[0] && strchr("<>|=", h->descr[0]);
  const char *code = h->descr + order;
  t->big_endian = h->descr[0] == '>';
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (strcmp(code, known[i].code) == 0) {
      t->type = known[i].type;
      return STATUS_OK;
    }
  const char *what = *code == 'O' ? "Python objects" : *code == 'U' || *code == 'S' ? "strings"
                     : *code == 'c' ? "complex numbers" : "an element type that is not known";
  return err_set(e, STATUS_UNSUPPORTED, "%s: the array holds %s; b1, i1 to i8, u1 to u8, f2, f4 and f8 can be read",
                 h->file->name, what);
}

/* Magic, version and header length: sets h->at and h->end. */
static enum status read_start(struct header *h, struct err *e)
{
  const struct whole *f = h->file;
  if (f->n < MAGIC_SIZE + 2 || memcmp(f->bytes, MAGIC, MAGIC_SIZE) != 0)
    return bad(h, e, "not an NPY file: it does not start with 93 NUMPY");
  unsigned major = f->bytes[6], minor = f->bytes[7];
  if (major < 1 || major > 3 || minor != 0)
    return err_set(e, STATUS_UNSUPPORTED, "%s: byte 6: NPY version %u.%u; 1.0, 2.0 and 3.0 can be read", f->name, major,
                   minor);
  size_t width = major == 1 ? 2 : 4, length = 0;
  h->at = MAGIC_SIZE + 2;
  if (f->n - h->at < width)
    return bad(h, e, "the file ends inside its header");
  for (size_t k = width; k-- > 0;)
    length = length << 8 | f->bytes[h->at + k];
  h->at += width;
  if (f->n - h->at < length)
    return bad(h, e, "the file ends inside its header");
  h->end = h->at + length;
  return STATUS_OK;
}

enum status npy_parse(struct tensor *t, const struct whole *file, struct err *e)
{
  struct header h = {.file = file};
  char shape[TENSOR_SHAPE_MAX];
  size_t bytes = 0;
  *t = (struct tensor){0};
  enum status s = read_start(&h, e);
  if (s == STATUS_OK)
    s = take_dict(&h, t, e);
  if (s == STATUS_OK)
    s = read_descr(&h, t, e);
  if (s != STATUS_OK)
    return s;
  t->fortran = h.fortran;
  t->data = file->bytes + h.end;
  if (!tensor_measure(t, &bytes))
    return err_set(e, STATUS_BAD_DATA, "%s: %s elements are more than 64 bits can count", file->name,
                   tensor_shape(t, shape));
  if (bytes != file->n - h.end)
    return err_set(e, STATUS_BAD_DATA, "%s: byte %zu: %s %s elements need %zu bytes, but %zu follow the header",
                   file->name, h.end, tensor_shape(t, shape), element_name(t->type), bytes, file->n - h.end);
  return STATUS_OK;
}

enum status npy_read(struct tensors *out, const char *path, struct err *e)
{
  *out = (struct tensors){.t = xcalloc(1, sizeof *out->t), .n = 1};
  enum status s = whole_read(&out->file, path, e);
  if (s == STATUS_OK)
    s = npy_parse(out->t, &out->file, e);
  if (s != STATUS_OK)
    tensors_free(out);
  return s;
}

enum status npy_format(const struct mat *m, unsigned char **bytes, size_t *n, struct err *e)
{
  char head[128];
  size_t size = dtype_size(m->type), row = m->cols * size, data, total;
  void *memory;
  int length = snprintf(head, sizeof head, "{'descr': '<f%zu', 'fortran_order': False, 'shape': (%zu, %zu), }", size,
                        m->rows, m->cols);
  if (!size_mul(m->rows, row, &data) || __builtin_add_overflow(data, 128, &total))
    return err_set(e, STATUS_NO_MEMORY, "%zu x %zu numbers are more than this machine can address", m->rows, m->cols);
  enum status s = mem_new(&memory, total, 1, "the file", e);
  if (s != STATUS_OK)
    return s;
  unsigned char *b = memory;
  /* 118 bytes of header: the numbers start at byte 128. NOLINTNEXTLINE(bugprone-not-null-terminated-result): bytes */
  memcpy(b, MAGIC "\x01\x00\x76\x00", 10);
  memset(b + 10, ' ', 117);
  memcpy(b + 10, head, (size_t)length);
  b[127] = '\n';
  for (size_t i = 0; i < m->rows && row; i++)
    memcpy(b + 128 + i * row, (const unsigned char *)m->data + i * m->stride * size, row);
  *bytes = b;
  *n = total;
  return STATUS_OK;
}
