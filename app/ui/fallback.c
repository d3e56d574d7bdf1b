/* fallback.c: see fallback.h. */
#include "app/ui/fallback.h"

#include <stddef.h>

uint32_t fallback_ascii(uint32_t rune)
{
  static const struct { uint32_t rune; char ascii; } table[] = {
    {0x00b1, '~'}, {0x2026, '~'}, {0x25b8, '>'}, {0x2500, '-'}, {0x2502, '|'}, {0x2524, '|'}, {0x2588, '#'}, {0x2591, '.'},
    {0x2592, ':'}, {0x2593, '%'}, {0x2014, '-'}, {0x2192, '>'}, {0x2190, '<'}, {0x2191, '^'}, {0x2193, 'v'}, {0x00d7, 'x'},
    {0x2713, '+'}, {0x00b7, '.'}, {0x25cf, '*'}, {0x25cb, 'o'},
  };
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    if (table[i].rune == rune)
      return (uint32_t)table[i].ascii;
  if (rune >= 0x2581 && rune <= 0x2588) /* eighths of a block */
    return (uint32_t)"_.-=+*#%"[rune - 0x2581];
  if (rune >= 0x2800 && rune <= 0x28ff)
    return rune == 0x2800 ? ' ' : '*';
  return '?';
}

int fallback_basic(int colour)
{
  if (colour < 8)
    return colour;
  if (colour < 16)
    return colour - 8;
  if (colour >= 232)
    return 0;
  int cube = colour - 16, r = cube / 36, g = cube / 6 % 6, b = cube % 6, top = r > g ? (r > b ? r : b) : (g > b ? g : b);
  return (2 * r > top ? 1 : 0) | (2 * g > top ? 2 : 0) | (2 * b > top ? 4 : 0);
}
