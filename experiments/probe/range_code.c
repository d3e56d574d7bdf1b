/* range_code.c: see range_code.h. */
#include "experiments/probe/range_code.h"

#include "experiments/kernel/mem.h"

#define BITS 62
#define TOP (((uint64_t)1 << BITS) - 1)
#define HALF ((uint64_t)1 << (BITS - 1))
#define QUARTER ((uint64_t)1 << (BITS - 2))

/* low .. high is the interval of the choices so far, scaled: at least a quarter of all long. */
static void narrow(uint64_t *low, uint64_t *high, uint64_t at, uint64_t freq, uint64_t total)
{
  uint64_t step = (*high - *low + 1) / total; /* the last choice gets what is left over */
  if (at + freq < total)
    *high = *low + step * (at + freq) - 1;
  *low += step * at;
}

static void put(struct range_encoder *c, unsigned bit)
{
  if (c->bits == 8 * c->room) {
    c->room = 2 * c->room + 64;
    c->bytes = xrealloc(c->bytes, c->room);
  }
  uint8_t *byte = &c->bytes[c->bits / 8], mask = (uint8_t)(128 >> c->bits % 8);
  *byte = (uint8_t)(c->bits % 8 ? *byte : 0) | (bit ? mask : 0);
  c->bits++;
}

static void put_settled(struct range_encoder *c, unsigned bit)
{
  put(c, bit);
  for (; c->pending; c->pending--)
    put(c, !bit);
}

struct range_encoder range_encoder_start(void) { return (struct range_encoder){.high = TOP}; }

void range_encode(struct range_encoder *c, uint64_t at, uint64_t freq, uint64_t total)
{
  narrow(&c->low, &c->high, at, freq, total);
  for (;;) {
    uint64_t off = 0;
    if (c->high < HALF) {
      put_settled(c, 0);
    } else if (c->low >= HALF) {
      put_settled(c, 1);
      off = HALF;
    } else if (c->low >= QUARTER && c->high < HALF + QUARTER) {
      c->pending++; /* around the middle: the next bit decides both */
      off = QUARTER;
    } else {
      break;
    }
    c->low = 2 * (c->low - off);
    c->high = 2 * (c->high - off) + 1;
  }
}

void range_encode_end(struct range_encoder *c)
{
  c->pending++; /* the quarter below or above the middle lies inside */
  put_settled(c, c->low >= QUARTER);
}

static unsigned next(struct range_decoder *c)
{
  unsigned byte = c->at < c->bits ? c->bytes[c->at / 8] : 0, bit = byte >> (7 - c->at % 8) & 1;
  c->at++;
  return bit;
}

struct range_decoder range_decoder_start(const uint8_t *bytes, size_t bits)
{
  struct range_decoder c = {.high = TOP, .bytes = bytes, .bits = bits};
  for (int i = 0; i < BITS; i++)
    c.value = 2 * c.value + next(&c);
  return c;
}

uint64_t range_decode(const struct range_decoder *c, uint64_t total)
{
  uint64_t step = (c->high - c->low + 1) / total, part = (c->value - c->low) / step;
  return part < total ? part : total - 1;
}

void range_decode_take(struct range_decoder *c, uint64_t at, uint64_t freq, uint64_t total)
{
  narrow(&c->low, &c->high, at, freq, total);
  for (;;) {
    uint64_t off = 0;
    if (c->low >= HALF)
      off = HALF;
    else if (c->low >= QUARTER && c->high < HALF + QUARTER)
      off = QUARTER;
    else if (c->high >= HALF)
      break;
    c->low = 2 * (c->low - off);
    c->high = 2 * (c->high - off) + 1;
    c->value = 2 * (c->value - off) + next(c);
  }
}

size_t range_decoder_used(const struct range_decoder *c) { return c->at - BITS; }
