/* base64.h: bytes as text (RFC 4648, section 4), for what goes to a terminal. */
#ifndef ASSAY_BASE64_H
#define ASSAY_BASE64_H

#include <stddef.h>

/* n bytes as (n + 2) / 3 * 4 digits and a NUL; *length, when not NULL, is their count. Caller frees. */
char *base64_text(const void *bytes, size_t n, size_t *length);

#endif
