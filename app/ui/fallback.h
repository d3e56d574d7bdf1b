/* fallback.h: what stands for a character or a colour on terminals that have less. */
#ifndef ASSAY_UI_FALLBACK_H
#define ASSAY_UI_FALLBACK_H

#include <stdint.h>

/* One of ASCII for any character. */
uint32_t fallback_ascii(uint32_t rune);
/* The nearest of the 8 basic colours to one of the 256; greys are the terminal's own (0), since white and black may be its
 * background. */
int fallback_basic(int colour);

#endif
