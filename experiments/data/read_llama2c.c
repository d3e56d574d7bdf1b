/* read_llama2c.c: see read_llama2c.h. */
#include "experiments/data/read_llama2c.h"

#include <string.h>

#include "experiments/kernel/mem.h"

#define HEADER_SIZE  28
#define TENSORS_MAX  12

static int64_t header_int(const struct whole *f, size_t i)
{
  const unsigned char *b = f->bytes + 4 * i;
  return (int32_t)((uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24);
}

static enum status read_config(const struct whole *f, struct llama2c *c, struct err *e)
{
  static const char *const names[] = {"dim", "hidden", "layers", "heads", "kv_heads", "vocab", "seq_len"};
  size_t *const to[] = {&c->dim, &c->hidden, &c->layers, &c->heads, &c->kv_heads, &c->vocab, &c->seq_len};
  if (f->n < HEADER_SIZE)
    return err_set(e, STATUS_BAD_DATA, "%s: %zu bytes are too few for the header of a llama2.c file", f->name, f->n);
  if (memcmp(f->bytes, "24ka", 4) == 0 || memcmp(f->bytes, "ak42", 4) == 0) /* as a little-endian u32 it is the former */
    return err_set(e, STATUS_UNSUPPORTED,
                   "%s: byte 0: a newer llama2.c format (ak42); only the first, without a magic number, can be read",
                   f->name);
  for (size_t i = 0; i < 7; i++) {
    int64_t v = header_int(f, i);
    if (v == 0 || (v < 0 && i != 5))
      return err_set(e, STATUS_BAD_DATA, "%s: byte %zu: %s is %lld; it must be positive", f->name, 4 * i, names[i],
                     (long long)v);
    *to[i] = (size_t)(v < 0 ? -v : v);
  }
  c->tied = header_int(f, 5) > 0;
  if (c->dim % c->heads || c->heads % c->kv_heads || c->dim / c->heads % 2)
    return err_set(e, STATUS_BAD_DATA,
                   "%s: dim %zu must be an even multiple of heads %zu, and that a multiple of kv_heads %zu", f->name,
                   c->dim, c->heads, c->kv_heads);
  return STATUS_OK;
}

/* Lay the tensors out over the floats; false where the sizes overflow. data is set relative to NULL + offset by the
 * caller, once the file is known to hold it all. */
struct layout {
  struct tensors *out;
  size_t at[TENSORS_MAX]; /* in floats, after the header */
  size_t floats;
  bool fits;
};

static void add(struct layout *l, const char *name, size_t layers, size_t rows, size_t cols)
{
  struct tensor *t = &l->out->t[l->out->n];
  size_t bytes;
  t->type = ELEMENT_F32;
  if (layers)
    t->dim[t->ndim++] = layers;
  if (rows)
    t->dim[t->ndim++] = rows;
  t->dim[t->ndim++] = cols;
  l->at[l->out->n++] = l->floats;
  l->fits = tensor_measure(t, &bytes) && !__builtin_add_overflow(l->floats, t->count, &l->floats) && l->fits;
  t->name = xstrdup(name);
}

static void lay_out(struct layout *l, const struct llama2c *c)
{
  size_t head = c->dim / c->heads, kv = c->kv_heads * head, tables;
  add(l, "embedding", 0, c->vocab, c->dim);
  add(l, "rms_att", c->layers, 0, c->dim);
  add(l, "wq", c->layers, c->dim, c->dim);
  add(l, "wk", c->layers, kv, c->dim);
  add(l, "wv", c->layers, kv, c->dim);
  add(l, "wo", c->layers, c->dim, c->dim);
  add(l, "rms_ffn", c->layers, 0, c->dim);
  add(l, "w1", c->layers, c->hidden, c->dim);
  add(l, "w2", c->layers, c->dim, c->hidden);
  add(l, "w3", c->layers, c->hidden, c->dim);
  add(l, "rms_final", 0, 0, c->dim);
  l->fits = size_mul(c->seq_len, head, &tables) && !__builtin_add_overflow(l->floats, tables, &l->floats) && l->fits;
  if (!c->tied)
    add(l, "classifier", 0, c->vocab, c->dim);
}

enum status llama2c_parse(struct tensors *out, struct llama2c *config, struct err *e)
{
  const struct whole *f = &out->file;
  struct layout l = {.out = out, .fits = true};
  size_t bytes, total;
  *config = (struct llama2c){0};
  enum status s = read_config(f, config, e);
  if (s != STATUS_OK)
    return s;
  out->t = xcalloc(TENSORS_MAX, sizeof *out->t);
  lay_out(&l, config);
  if (!l.fits || !size_mul(l.floats, sizeof(float), &bytes) || __builtin_add_overflow(bytes, HEADER_SIZE, &total))
    return err_set(e, STATUS_BAD_DATA, "%s: the sizes in the header are more than 64 bits can count", f->name);
  if (total != f->n)
    return err_set(e, STATUS_BAD_DATA, "%s: the sizes in the header need a file of %zu bytes, but it has %zu", f->name,
                   total, f->n);
  for (size_t i = 0; i < out->n; i++)
    out->t[i].data = f->bytes + HEADER_SIZE + sizeof(float) * l.at[i];
  config->floats = l.floats;
  return STATUS_OK;
}

enum status llama2c_read(struct tensors *out, struct llama2c *config, const char *path, struct err *e)
{
  *out = (struct tensors){0};
  enum status s = whole_read(&out->file, path, e);
  if (s == STATUS_OK)
    s = llama2c_parse(out, config, e);
  if (s != STATUS_OK)
    tensors_free(out);
  return s;
}
