/* range_code.h: arithmetic coding with counts (Witten, Neal and Cleary 1987, "Arithmetic coding for data compression").
 *
 * A message is a sequence of choices, each of `freq` out of `total` (at most 2^30) equal parts. It becomes
 * sum log2(total/freq) bits and at most 2 more, and no message is the beginning of another: the bits name an interval that lies
 * inside that of the message. The loss by rounding is below 2^-29 bits a choice. */
#ifndef ASSAY_PROBE_RANGE_CODE_H
#define ASSAY_PROBE_RANGE_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RANGE_TOTAL_MAX ((uint64_t)1 << 30)

struct range_encoder {
  uint64_t low, high, pending;
  uint8_t *bytes; /* from malloc, owned by whoever has the encoder */
  size_t bits, room;
};
struct range_encoder range_encoder_start(void);
/* The choice is [at, at + freq) of [0, total). */
void range_encode(struct range_encoder *c, uint64_t at, uint64_t freq, uint64_t total);
void range_encode_end(struct range_encoder *c); /* c->bits is the length */

struct range_decoder {
  uint64_t low, high, value;
  const uint8_t *bytes;
  size_t bits, at;
};
/* Beyond its end the message goes on with zeros. */
struct range_decoder range_decoder_start(const uint8_t *bytes, size_t bits);
/* Some number in [at, at + freq) of the choice made; then take that choice. */
uint64_t range_decode(const struct range_decoder *c, uint64_t total);
void range_decode_take(struct range_decoder *c, uint64_t at, uint64_t freq, uint64_t total);
size_t range_decoder_used(const struct range_decoder *c); /* bits of the choices so far, as far as they are settled */

#endif
