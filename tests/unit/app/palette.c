/* palette.c: can the colours of series be told apart, by all eyes and on both grounds? Colour vision deficiency is simulated
 * by the matrices of Machado, Oliveira and Fernandes 2009 (severity 1, in linear RGB), differences are distances in CIELAB
 * (CIE 1976: about 2.3 is the least that is seen), contrast is that of WCAG 2.1, which asks 3 of graphics and 4.5 of text. */
#include <math.h>

#include "app/background.h"
#include "app/plot/plot_int.h"
#include "app/ui/ui.h"
#include "tests/tap.h"

enum { EIGHT = 8, SIXTEEN = 16, EYES = 4 };

static const struct { const char *name; double m[3][3]; } eyes[EYES] = {
  {"normal", {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}},
  {"protanope", {{0.152286, 1.052583, -0.204868}, {0.114503, 0.786281, 0.099216}, {-0.003882, -0.048116, 1.051998}}},
  {"deuteranope", {{0.367322, 0.860646, -0.227968}, {0.280085, 0.672501, 0.047413}, {-0.011820, 0.042940, 0.968881}}},
  {"tritanope", {{1.255528, -0.076749, -0.178779}, {-0.078411, 0.930809, 0.147602}, {0.004733, 0.691367, 0.303900}}},
};

static double linear(double v) { return v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4); }

static void linear_rgb(uint32_t rgb, double out[3])
{
  for (int i = 0; i < 3; i++)
    out[i] = linear((double)(rgb >> (16 - 8 * i) & 255) / 255);
}

static double luminance(uint32_t rgb)
{
  double c[3];
  linear_rgb(rgb, c);
  return 0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2];
}

static double contrast(uint32_t a, uint32_t b)
{
  double x = luminance(a) + 0.05, y = luminance(b) + 0.05;
  return x > y ? x / y : y / x;
}

static double cube_root_or_line(double t) { return t > 216.0 / 24389 ? cbrt(t) : t * 841 / 108 + 4.0 / 29; }

/* sRGB under D65 to CIELAB, as such an eye sees it. */
static void lab_of(uint32_t rgb, size_t eye, double lab[3])
{
  static const double xyz[3][3] = {{0.4124, 0.3576, 0.1805}, {0.2126, 0.7152, 0.0722}, {0.0193, 0.1192, 0.9505}}, white[3] = {0.9505, 1, 1.0890};
  double c[3], seen[3], f[3];
  linear_rgb(rgb, c);
  for (int i = 0; i < 3; i++)
    seen[i] = fmin(1, fmax(0, eyes[eye].m[i][0] * c[0] + eyes[eye].m[i][1] * c[1] + eyes[eye].m[i][2] * c[2]));
  for (int i = 0; i < 3; i++)
    f[i] = cube_root_or_line((xyz[i][0] * seen[0] + xyz[i][1] * seen[1] + xyz[i][2] * seen[2]) / white[i]);
  lab[0] = 116 * f[1] - 16;
  lab[1] = 500 * (f[0] - f[1]);
  lab[2] = 200 * (f[1] - f[2]);
}

static double distance(uint32_t a, uint32_t b, size_t eye)
{
  double p[3], q[3];
  lab_of(a, eye, p);
  lab_of(b, eye, q);
  return sqrt((p[0] - q[0]) * (p[0] - q[0]) + (p[1] - q[1]) * (p[1] - q[1]) + (p[2] - q[2]) * (p[2] - q[2]));
}

/* Of the 256 there are eight, of exact colours sixteen. */
static uint32_t series_rgb(size_t k, bool light, size_t n)
{
  uint32_t colour = light ? plot_on_light(plot_colour_cell(k)) : plot_colour_cell(k);
  return plot_rgb(n == EIGHT ? plot_colour_256(colour) : colour);
}

/* The measure itself: what is known of it. */
static void measures(void)
{
  double lab[3];
  lab_of(0xffffff, 0, lab);
  tap_near(lab[0], 100, 0, 0.01, "white has lightness 100");
  tap_ok(hypot(lab[1], lab[2]) < 0.05, "and no hue");
  lab_of(0xff0000, 0, lab);
  tap_near(lab[0], 53.24, 0, 0.02, "sRGB red has L = 53.24"); /* a tabulated value, as are the next two */
  tap_near(lab[1], 80.09, 0, 0.05, "a = 80.09");
  tap_near(lab[2], 67.20, 0, 0.05, "b = 67.20");
  tap_near(contrast(0, 0xffffff), 21, 0, 1e-12, "black on white has contrast 21");
  tap_ok(distance(0x00af87, 0x8a8a8a, 2) < 10 && distance(0x00af87, 0x8a8a8a, 0) > 40, "a green and a grey that differ are nearly one to a deuteranope");
}

static void series(size_t n, bool light, uint32_t ground, double least_contrast)
{
  double least = INFINITY, least_c = INFINITY;
  size_t a = 0, b = 0, eye = 0;
  for (size_t i = 0; i < n; i++) {
    least_c = fmin(least_c, contrast(series_rgb(i, light, n), ground));
    for (size_t k = 0; k < i; k++)
      for (size_t e = 0; e < EYES; e++)
        if (distance(series_rgb(i, light, n), series_rgb(k, light, n), e) < least) {
          least = distance(series_rgb(i, light, n), series_rgb(k, light, n), e);
          a = i, b = k, eye = e;
        }
  }
  const char *where = light ? "on light ground" : "on dark ground";
  tap_ok(least >= 20, "%s any two of %zu series differ by 20 to all eyes", where, n); /* nine just noticeable differences */
  tap_diag("%s: least distance %.1f, series %zu and %zu, %s; least contrast %.2f", where, least, b, a, eyes[eye].name, least_c);
  tap_ok(least_c >= least_contrast, "%s each has a contrast of %g or more", where, least_contrast);
}

/* Greater values are lighter, on 256 colours as well, so that heat also reads in grey. */
static void shades(bool exact)
{
  for (size_t eye = 0; eye < EYES; eye++) {
    double last = 0, fall = 0, first = 0;
    for (int i = 0; i <= 100; i++) {
      double lab[3];
      uint32_t colour = plot_heat_cell(i / 100.0);
      lab_of(plot_rgb(exact ? colour : plot_colour_256(colour)), eye, lab);
      fall = fmax(fall, last - lab[0]);
      first = i ? first : lab[0];
      last = lab[0];
    }
    tap_ok(fall <= 0 && last - first > 55, "heat in %s becomes lighter without a fall, from %.0f to %.0f, to a %s eye", exact ? "exact colours" : "256", first, last, eyes[eye].name);
  }
}

/* What a colour becomes where there are fewer. */
static void codes(void)
{
  char sgr[24];
  bool commute = true, itself = true;
  for (size_t k = 0; k < SIXTEEN; k++) {
    uint32_t colour = plot_colour_cell(k), exact = PLOT_EXACT | plot_rgb(colour);
    commute = commute && plot_colour_256(plot_on_light(colour)) == plot_on_light(plot_colour_256(colour)) && plot_on_light(exact) == plot_on_light(colour);
  }
  tap_ok(commute, "fewer colours and light ground come to the same in either order, and an exact colour of a series is known");
  for (uint32_t cell = 0; cell < 256; cell++)
    itself = itself && plot_colour_256(cell) == cell && (cell < 16 || plot_rgb(plot_colour_256(PLOT_EXACT | plot_rgb(cell))) == plot_rgb(cell));
  tap_ok(itself, "each of the 256 is itself, and the nearest to what it is");
  tap_is_int(plot_colour_256(PLOT_EXACT | 0xfe8802), 208, "#fe8802 is nearest to 208, which is #ff8700"); /* the cube's levels: 255, 135, 0 */
  tap_is_int(plot_rgb(plot_heat_cell(0)), 0x440154, "heat begins with viridis(0)");
  tap_is_int(plot_rgb(plot_heat_cell(1)), 0xfde725, "and ends with viridis(1)"); /* published table: 68 1 84 and 253 231 37 */
  tap_is_str(plot_sgr(PLOT_EXACT | 0x0c2238, true, sgr), "38;2;12;34;56", "an exact colour is written as such");
  tap_is_str(plot_sgr(PLOT_EXACT | 0x0c2238, false, sgr), "38;5;235", "or as the nearest of the 256, here #262626");
  tap_is_str(plot_sgr(0, true, sgr), "39", "the terminal's own colour");
}

static void text(void)
{
  static const struct { const char *name; uint8_t colour; } meaning[] = {
    {"grey", UI_GREY}, {"blue", UI_BLUE}, {"orange", UI_ORANGE}, {"green", UI_GREEN}, {"red", UI_RED}, {"pink", UI_PINK}};
  for (size_t i = 0; i < sizeof meaning / sizeof *meaning; i++) {
    uint32_t light = plot_on_light(meaning[i].colour);
    double bold = meaning[i].colour == UI_ORANGE ? 3 : 4.49; /* orange text is bold, or a mark; 4.49: 4.5 as WCAG rounds it */
    tap_ok(contrast(plot_rgb(meaning[i].colour), 0x1e1e1e) >= 4.49, "%s text can be read on dark ground", meaning[i].name);
    tap_ok(light != meaning[i].colour && contrast(plot_rgb(light), 0xffffff) >= bold, "%s text can be read on light ground", meaning[i].name);
  }
  tap_is_int(plot_on_light(0), 0, "the terminal's own colour stays");
}

static void markers(void)
{
  bool distinct = true;
  for (size_t i = 0; i < 10; i++)
    for (size_t k = 0; k < i; k++)
      distinct = distinct && plot_marker(i, false) != plot_marker(k, false) && plot_marker(i, true) != plot_marker(k, true);
  tap_ok(distinct, "ten series have ten markers, in ASCII as well");
}

static void grounds(void)
{
  tap_is_int(background_of_answer("11;rgb:ffff/ffff/ffff"), BACKGROUND_LIGHT, "white is light");
  tap_is_int(background_of_answer("11;rgb:1e1e/1e1e/1e1e"), BACKGROUND_DARK, "#1e1e1e is dark");
  tap_is_int(background_of_answer("11;rgb:fd/f6/e3"), BACKGROUND_LIGHT, "two digits a channel: a solarized light one");
  tap_is_int(background_of_answer("11;rgba:0000/2b2b/3636/ffff"), BACKGROUND_DARK, "with alpha: a solarized dark one");
  tap_is_int(background_of_answer("11;rgb:0000/0000/ffff"), BACKGROUND_DARK, "blue is dark");
  tap_is_int(background_of_answer("11;rgb:ffff/ffff"), BACKGROUND_UNKNOWN, "two channels are no answer");
  tap_is_int(background_of_answer("11;rgb:fffff/ffff/ffff"), BACKGROUND_UNKNOWN, "five digits are none");
  tap_is_int(background_of_answer("10;rgb:ffff/ffff/ffff"), BACKGROUND_UNKNOWN, "another question's answer is none");
  tap_is_int(background_of_environment("15;0"), BACKGROUND_DARK, "COLORFGBG 15;0");
  tap_is_int(background_of_environment("0;default;15"), BACKGROUND_LIGHT, "COLORFGBG 0;default;15");
  tap_is_int(background_of_environment("15;8"), BACKGROUND_DARK, "8 is dark grey");
  tap_is_int(background_of_environment("0;default"), BACKGROUND_UNKNOWN, "a word says nothing");
  tap_is_int(background_of_environment(NULL), BACKGROUND_UNKNOWN, "no COLORFGBG says nothing");
}

int main(void)
{
  measures();
  series(EIGHT, false, 0x1e1e1e, 4.5);
  series(EIGHT, true, 0xffffff, 3);
  series(SIXTEEN, false, 0x1e1e1e, 4.5);
  series(SIXTEEN, true, 0xffffff, 3);
  shades(false);
  shades(true);
  codes();
  text();
  markers();
  grounds();
  return tap_done();
}
