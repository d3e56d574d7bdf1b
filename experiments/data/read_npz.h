/* read_npz.h: NumPy's .npz files: a zip of NAME.npy members, stored or deflated.
 *
 * Members are found through the central directory, with or without zip64 fields. Refused: encryption, several disks,
 * other compressions, members that are no .npy, two of one name, sizes that the file cannot hold, wrong check
 * sums. Reference: PKWARE, APPNOTE.TXT 6.3.10, sections 4.3 and 4.5.3. */
#ifndef ASSAY_DATA_READ_NPZ_H
#define ASSAY_DATA_READ_NPZ_H

#include "experiments/data/tensor.h"

/* Takes over out->file, which the caller has filled; names come without ".npy". */
NODISCARD enum status npz_parse(struct tensors *out, struct err *e);
NODISCARD enum status npz_read(struct tensors *out, const char *path, struct err *e);

#endif
