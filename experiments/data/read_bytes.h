/* read_bytes.h: a file, gzipped or not, as one stream of bytes. */
#ifndef ASSAY_DATA_READ_BYTES_H
#define ASSAY_DATA_READ_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "experiments/kernel/err.h"

struct byte_source;

/* Open a regular file; content that starts 1f 8b is decompressed, whatever the file is called. Errors
 * (STATUS_IO, STATUS_BAD_DATA) start with the path. */
NODISCARD enum status bytes_open(struct byte_source **out, const char *path, struct err *e);
void bytes_close(struct byte_source *s); /* NULL is harmless */

/* The next bytes: *got = want, or less at the end of the stream only. Once a gzipped stream has been
 * read past its last byte (*got < want), its check sums have been found right. */
NODISCARD enum status bytes_read(struct byte_source *s, void *to, size_t want, size_t *got, struct err *e);

const char *bytes_path(const struct byte_source *s);
uint64_t bytes_at(const struct byte_source *s); /* bytes delivered so far */
bool bytes_gzipped(const struct byte_source *s);
uint64_t bytes_file_size(const struct byte_source *s); /* on disk */

/* The most bytes that the stream can hold: the file's size or, gzipped, 1032 times that (the bound of
 * the deflate format). What a header claims is checked against it before anything is allocated. */
uint64_t bytes_bound(const struct byte_source *s);

#endif
