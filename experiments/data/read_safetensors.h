/* read_safetensors.h: trained weights in the safetensors format.
 *
 * Layout: u64 N, little-endian; N bytes of JSON (padded with blanks); the data. Each key but __metadata__ is a tensor
 * with dtype, shape (row major, outermost first) and data_offsets [begin, end) counted from the end of the
 * header. The ranges must tile the data: no hole, overlap or excess. PyTorch's linear weights are [out, in].
 * Reference: huggingface/safetensors, README "Format". */
#ifndef ASSAY_DATA_READ_SAFETENSORS_H
#define ASSAY_DATA_READ_SAFETENSORS_H

#include "experiments/data/tensor.h"

/* Takes over out->file, which the caller has filled; the tensors come in the order of their data. */
NODISCARD enum status safetensors_parse(struct tensors *out, struct err *e);
NODISCARD enum status safetensors_read(struct tensors *out, const char *path, struct err *e);

#endif
