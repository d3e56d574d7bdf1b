/* palette.c: colours, markers and shades.
 *
 * Series: eight hues for dark backgrounds and eight for light ones (paper is one), chosen from the fixed part of the
 * 256-colour palette by a search for the greatest least distance (CIELAB) between any two as seen with normal, protanope,
 * deuteranope and tritanope eyes (Machado, Oliveira and Fernandes 2009), with a contrast of 4.5 on dark grey and 3 on white;
 * tests/unit/app/palette.c measures both. Heat: a sequence whose lightness rises steadily (an approximation of viridis by
 * Smith and van der Walt 2015), so that it also reads in grey. */
#include <math.h>

#include "app/plot/plot_int.h"

/* Blue, orange, grey, green, pink, red, sky, yellow; what stands for each on light ground; then the colours of text that
 * mean something (app/ui/ui.h). */
static const struct { uint8_t dark, light; } ground[] = {
  {33, 19}, {214, 166}, {250, 246}, {49, 23}, {169, 90}, {203, 124}, {153, 27}, {228, 16}, {245, 242}, {36, 29}, {175, 126},
};
enum { COLOURS = 8, GROUNDS = sizeof ground / sizeof *ground };

uint8_t plot_colour_cell(size_t series) { return ground[series % COLOURS].dark; }

uint8_t plot_on_light(uint8_t fg)
{
  for (size_t i = 0; i < GROUNDS; i++)
    if (ground[i].dark == fg)
      return ground[i].light;
  return fg;
}

uint32_t plot_rgb(uint8_t cell)
{
  static const uint32_t level[] = {0, 95, 135, 175, 215, 255};
  uint32_t cube = cell - 16u, grey = 8 + 10 * (cell - 232u);
  if (cell >= 232)
    return grey << 16 | grey << 8 | grey;
  return cell < 16 ? 0 : level[cube / 36] << 16 | level[cube / 6 % 6] << 8 | level[cube % 6];
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

#define HEAT_STOPS 10
static const uint8_t heat_rgb[HEAT_STOPS][3] = {
  {68, 1, 84}, {72, 40, 120}, {62, 74, 137}, {49, 104, 142}, {38, 130, 142},
  {31, 158, 137}, {53, 183, 121}, {109, 205, 89}, {180, 222, 44}, {253, 231, 37},
};

static void heat_colour(double t, double rgb[3])
{
  double place = t * (HEAT_STOPS - 1);
  size_t i = place >= HEAT_STOPS - 1 ? HEAT_STOPS - 2 : (size_t)place;
  for (int k = 0; k < 3; k++)
    rgb[k] = heat_rgb[i][k] + (place - (double)i) * (heat_rgb[i + 1][k] - heat_rgb[i][k]);
}

/* Of the 256-colour palette those that lie along viridis and become lighter for all eyes, with their lightness (CIELAB);
 * that of viridis rises from 15 to 91. */
uint8_t plot_heat_cell(double t)
{
  static const struct { uint8_t cell, lightness; } shade[] = {{53, 21}, {54, 24}, {24, 38}, {30, 51}, {36, 64}, {77, 77}, {149, 81}, {184, 83}, {220, 87}};
  size_t best = 0;
  for (size_t i = 1; i < sizeof shade / sizeof *shade; i++)
    if (fabs(shade[i].lightness - (15 + 76 * t)) < fabs(shade[best].lightness - (15 + 76 * t)))
      best = i;
  return shade[best].cell;
}

void plot_heat_svg(double t, char out[8])
{
  double rgb[3];
  heat_colour(t, rgb);
  snprintf(out, 8, "#%02x%02x%02x", (unsigned char)lround(rgb[0]), (unsigned char)lround(rgb[1]),
           (unsigned char)lround(rgb[2]));
}

uint32_t plot_heat_rune(double t, bool ascii)
{
  static const uint32_t shades[] = {0x00b7, 0x2591, 0x2592, 0x2593, 0x2588};
  static const char letters[] = ".:-=+*#%@";
  int n = ascii ? 9 : 5, i = (int)(t * n);
  i = i >= n ? n - 1 : i < 0 ? 0 : i;
  return ascii ? (uint32_t)letters[i] : shades[i];
}
