/* read_llama2c.h: transformers in the first ("legacy") .bin format of llama2.c.
 *
 * Layout, little-endian: 7 i32: dim, hidden, layers, heads, kv_heads, vocab (negative: the classifier has weights of
 * its own), seq_len; then float32 weights, matrices [out, in]. There is no magic number, so the sizes are checked
 * against each other and the file. Reference: karpathy/llama2.c, export.py (version 0). */
#ifndef ASSAY_DATA_READ_LLAMA2C_H
#define ASSAY_DATA_READ_LLAMA2C_H

#include "experiments/data/tensor.h"

struct llama2c {
  size_t dim, hidden, layers, heads, kv_heads, vocab, seq_len;
  bool tied;      /* the classifier is the embedding */
  size_t floats;  /* of the whole file, the two obsolete tables of rotations included */
};

/* Takes over out->file, which the caller has filled. The tensors, in the order of the file: embedding [vocab, dim];
 * rms_att, wq, wk, wv, wo, rms_ffn, w1, w2, w3 (outermost: the layer); rms_final; classifier if not tied. */
NODISCARD enum status llama2c_parse(struct tensors *out, struct llama2c *config, struct err *e);
NODISCARD enum status llama2c_read(struct tensors *out, struct llama2c *config, const char *path, struct err *e);

#endif
