/* palette.c: colours, markers and shades.
 *
 * Series: hues for dark backgrounds and for light ones (paper is one): sixteen exact ones for terminals with 24 bits, eight
 * from the fixed part of the 256-colour palette for the others, each set found by a search for the greatest least distance
 * (CIELAB) between any two as seen with normal, protanope, deuteranope and tritanope eyes (Machado, Oliveira and Fernandes
 * 2009), with a contrast of 4.5 on dark grey and 3 on white; tests/unit/app/palette.c measures both. Heat: a sequence whose
 * lightness rises steadily (an approximation of viridis by Smith and van der Walt 2015), so that it also reads in grey. */
#include <math.h>
#include <string.h>

#include "app/plot/plot_int.h"

/* Blue, orange, grey, green, pink, red, sky, yellow; what stands for each on light ground; then the colours of text that
 * mean something (app/ui/ui.h). */
static const struct { uint8_t dark, light; } ground[] = {
  {33, 19}, {214, 166}, {250, 246}, {49, 23}, {169, 90}, {203, 124}, {153, 27}, {228, 16}, {245, 242}, {36, 29}, {175, 126},
};
/* The same eight first, as near to their names as sixteen allow. */
static const struct { uint32_t dark, light; } exact[] = {
  {0x0eb2ff, 0x0006ff}, {0xffb000, 0xe47804}, {0xbec0b9, 0x373128}, {0x4cff73, 0x28a78b}, {0xd34eca, 0xa03fb3}, {0xfa3745, 0x9f4f01},
  {0xa4c4ed, 0x828afb}, {0xfffe00, 0xc48756}, {0x9667ff, 0x9447ff}, {0xdb7700, 0x3b6e79}, {0x1b9b4e, 0x550075}, {0xa6fefe, 0x736047},
  {0xba74a8, 0x0f374e}, {0xe0c094, 0xb583c3}, {0x91857c, 0x5c2d03}, {0xdaffd9, 0x5502ac},
};
enum { COLOURS = 8, GROUNDS = sizeof ground / sizeof *ground, EXACT = sizeof exact / sizeof *exact, SHADES = 1024 };

static bool is_series(uint32_t colour) { return colour >= PLOT_SERIES && colour < PLOT_SERIES + 2 * EXACT; }
static bool is_heat(uint32_t colour) { return colour >= PLOT_HEAT_LOW && colour < PLOT_HEAT_LOW + SHADES; }

uint32_t plot_colour_cell(size_t series) { return PLOT_SERIES + (uint32_t)(series % EXACT); }

/* Exact colours come from other programs too: our own prompt on screen 0 is one. */
uint32_t plot_on_light(uint32_t colour)
{
  if (is_series(colour))
    return colour < PLOT_SERIES + EXACT ? colour + EXACT : colour;
  for (size_t i = 0; i < GROUNDS; i++)
    if (ground[i].dark == colour)
      return ground[i].light;
  for (uint32_t i = 0; i < EXACT; i++)
    if ((PLOT_EXACT | exact[i].dark) == colour)
      return PLOT_SERIES + EXACT + i;
  return colour;
}

#define HEAT_STOPS 10
static const uint8_t heat_rgb[HEAT_STOPS][3] = {
  {68, 1, 84}, {72, 40, 120}, {62, 74, 137}, {49, 104, 142}, {38, 130, 142},
  {31, 158, 137}, {53, 183, 121}, {109, 205, 89}, {180, 222, 44}, {253, 231, 37},
};

static uint32_t heat_at(double t)
{
  double place = t * (HEAT_STOPS - 1);
  size_t i = place >= HEAT_STOPS - 1 ? HEAT_STOPS - 2 : (size_t)place;
  uint32_t rgb = 0;
  for (int k = 0; k < 3; k++)
    rgb = rgb << 8 | (uint32_t)lround(heat_rgb[i][k] + (place - (double)i) * (heat_rgb[i + 1][k] - heat_rgb[i][k]));
  return rgb;
}

static const uint32_t level[] = {0, 95, 135, 175, 215, 255}; /* of the colour cube */

/* Of the colour cube and the greys the nearest by distance in RGB. */
static uint8_t nearest_256(uint32_t rgb)
{
  uint32_t best = 16, least = UINT32_MAX;
  for (uint32_t cell = 16; cell < 256; cell++) {
    uint32_t is = plot_rgb(cell), sum = 0;
    for (int shift = 0; shift < 24; shift += 8) {
      int d = (int)(rgb >> shift & 255) - (int)(is >> shift & 255);
      sum += (uint32_t)(d * d);
    }
    if (sum < least)
      least = sum, best = cell;
  }
  return (uint8_t)best;
}

/* Of the 256-colour palette those that lie along viridis and become lighter for all eyes, with their lightness (CIELAB);
 * that of viridis rises from 15 to 91. */
static uint8_t heat_256(double t)
{
  static const struct { uint8_t cell, lightness; } shade[] = {{53, 21}, {54, 24}, {24, 38}, {30, 51}, {36, 64}, {77, 77}, {149, 81}, {184, 83}, {220, 87}};
  size_t best = 0;
  for (size_t i = 1; i < sizeof shade / sizeof *shade; i++)
    if (fabs(shade[i].lightness - (15 + 76 * t)) < fabs(shade[best].lightness - (15 + 76 * t)))
      best = i;
  return shade[best].cell;
}

static double heat_share(uint32_t colour) { return (double)(colour - PLOT_HEAT_LOW) / (SHADES - 1); }

uint32_t plot_heat_cell(double t) { return PLOT_HEAT_LOW + (uint32_t)lround(t * (SHADES - 1)); }

uint8_t plot_colour_256(uint32_t colour)
{
  if (is_series(colour)) {
    uint32_t k = colour - PLOT_SERIES;
    return k < EXACT ? ground[k % COLOURS].dark : ground[k % COLOURS].light;
  }
  if (is_heat(colour))
    return heat_256(heat_share(colour));
  return colour & PLOT_EXACT ? nearest_256(colour & 0xffffff) : (uint8_t)colour;
}

uint32_t plot_rgb(uint32_t colour)
{
  if (is_series(colour))
    return colour < PLOT_SERIES + EXACT ? exact[colour - PLOT_SERIES].dark : exact[colour - PLOT_SERIES - EXACT].light;
  if (is_heat(colour))
    return heat_at(heat_share(colour));
  if (colour & PLOT_EXACT)
    return colour & 0xffffff;
  uint32_t cube = colour - 16u, grey = 8 + 10 * (colour - 232u);
  if (colour >= 232)
    return grey << 16 | grey << 8 | grey;
  return colour < 16 ? 0 : level[cube / 36] << 16 | level[cube / 6 % 6] << 8 | level[cube % 6];
}

const char *plot_sgr(uint32_t colour, bool true_colour, char out[24])
{
  if (!colour)
    return strcpy(out, "39");
  if (!true_colour || colour < 256) {
    snprintf(out, 24, "38;5;%d", plot_colour_256(colour));
    return out;
  }
  uint32_t rgb = plot_rgb(colour);
  snprintf(out, 24, "38;2;%u;%u;%u", rgb >> 16 & 255, rgb >> 8 & 255, rgb & 255);
  return out;
}

const char *plot_colour_svg(size_t series)
{
  static const char *const text[COLOURS] = {"#0000af", "#d75f00", "#949494", "#005f5f", "#870087", "#af0000", "#005fff", "#000000"};
  return text[series % COLOURS];
}

uint32_t plot_marker(size_t series, bool ascii)
{
  static const uint32_t shapes[] = {0x25cf, 0x25cb, 0x25a0, 0x25a1, 0x25b2, 0x25b3, 0x25c6, 0x25c7, '+', 0x00d7};
  static const char letters[] = "*o#+x@%&=$";
  return ascii ? (uint32_t)letters[series % 10] : shapes[series % 10];
}

void plot_heat_svg(double t, char out[8])
{
  snprintf(out, 8, "#%06x", heat_at(t) & 0xffffff);
}

uint32_t plot_heat_rune(double t, bool ascii)
{
  static const uint32_t shades[] = {0x00b7, 0x2591, 0x2592, 0x2593, 0x2588};
  static const char letters[] = ".:-=+*#%@";
  int n = ascii ? 9 : 5, i = (int)(t * n);
  i = i >= n ? n - 1 : i < 0 ? 0 : i;
  return ascii ? (uint32_t)letters[i] : shades[i];
}
