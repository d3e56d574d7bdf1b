/* tile_int.h: what the tile_*.c files share. */
#ifndef ASSAY_TILE_INT_H
#define ASSAY_TILE_INT_H

#include "experiments/kernel/tile.h"

extern const struct tile tile_generic, tile_avx2, tile_avx512;

#endif
