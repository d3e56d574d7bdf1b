/* axis.c: ranges, ticks and their labels.
 *
 * Ticks stand at 1, 2 or 5 times a power of ten (Heckbert 1990, "Nice numbers for graph labels"), inside
 * the range of the data, which is not widened. On a log axis they stand at powers of ten, at 1-2-5 when
 * there is room for that, and at even steps when the range is less than that. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "app/plot/plot_int.h"
#include "experiments/params.h"

void plot_axis_init(struct plot_axis *a, bool log)
{
  *a = (struct plot_axis){.log = log, .empty = true, .lo = INFINITY, .hi = -INFINITY};
}

static double on_axis(const struct plot_axis *a, double v) { return a->log ? log10(v) : v; }

void plot_axis_include(struct plot_axis *a, double v)
{
  double u = on_axis(a, v);
  if (!isfinite(u))
    return;
  a->empty = false;
  a->lo = fmin(a->lo, u);
  a->hi = fmax(a->hi, u);
}

double plot_axis_at(const struct plot_axis *a, double v)
{
  double u = on_axis(a, v);
  return isfinite(u) ? (u / 2 - a->lo / 2) / (a->hi / 2 - a->lo / 2) : u; /* halves: hi - lo may overflow */
}

/* "1.5e-06" -> "1.5e-6". */
static void short_exponent(char *s)
{
  char *e = strchr(s, 'e');
  if (!e)
    return;
  char *digits = e + 1 + (e[1] == '-' || e[1] == '+'), *from = digits;
  while (*from == '0' && from[1])
    from++;
  if (e[1] == '+')
    digits = e + 1;
  memmove(digits, from, strlen(from) + 1);
}

void plot_number(double v, char out[24])
{
  if (isnan(v) || isinf(v))
    snprintf(out, 24, "%s", isnan(v) ? "nan" : v > 0 ? "inf" : "-inf");
  else
    snprintf(out, 24, "%.4g", v);
  short_exponent(out);
}

/* The exponent of a 1-2-5 step: floor(log10(step)), safe against 0.1 being a little less than 0.1. */
static int exponent(double step) { return (int)floor(log10(step) + 1e-9); }

static void linear_label(double v, double step, double largest, char out[24])
{
  static const struct { double unit; const char *name; } units[] = {{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}};
  if (fabs(v) < step * 1e-6) {
    snprintf(out, 24, "0");
    return;
  }
  if (largest >= 1e4 && largest < 1e15) {
    size_t i = 0;
    while (largest < units[i].unit)
      i++;
    int decimals = -exponent(step / units[i].unit);
    snprintf(out, 24, "%.*f%s", decimals > 0 ? decimals : 0, v / units[i].unit, units[i].name);
  } else if (largest < 1e4 && step >= 1e-5) {
    int decimals = -exponent(step);
    snprintf(out, 24, "%.*f", decimals > 0 ? decimals : 0, v);
  } else {
    int digits = exponent(fabs(v)) - exponent(step);
    snprintf(out, 24, "%.*e", digits < 0 ? 0 : digits > 12 ? 12 : digits, v);
    short_exponent(out);
  }
}

static double nice_step(double raw)
{
  double power = pow(10, floor(log10(raw))), f = raw / power;
  return power * (f < 1.5 ? 1 : f < 3.5 ? 2 : f < 7.5 ? 5 : 10);
}

/* Ticks at multiples of a nice step; lo and hi are values. */
static void linear_ticks(struct plot_axis *a, double lo, double hi, int target)
{
  for (; target <= PLOT_TICKS_MAX; target *= 2) {
    double step = nice_step(hi / target - lo / target), slack = 1e-9;
    double first = ceil(lo / step - slack), last = floor(hi / step + slack), largest = fmax(fabs(lo), fabs(hi));
    double count = last - first + 1;
    if (!(count >= 0 && count <= PLOT_TICKS_MAX)) /* nan where the step underflows */
      return;
    a->n_ticks = (int)count;
    for (int i = 0; i < a->n_ticks; i++) {
      struct plot_tick *t = &a->tick[i];
      t->value = (first + i) * step;
      linear_label(t->value, step, largest, t->label);
    }
    if (a->n_ticks >= 2)
      return;
  }
}

static void add_log_tick(struct plot_axis *a, double value)
{
  if (a->n_ticks >= PLOT_TICKS_MAX)
    return;
  struct plot_tick *t = &a->tick[a->n_ticks++];
  t->value = value;
  snprintf(t->label, sizeof t->label, value >= 9.9e-5 && value < 1.0001e4 ? "%g" : "%.0e", value);
  short_exponent(t->label);
}

static void log_ticks(struct plot_axis *a, int target)
{
  int first = (int)ceil(a->lo - 1e-9), last = (int)floor(a->hi + 1e-9), decades = last - first + 1;
  int stride = decades > target ? (decades + target - 1) / target : 1;
  if (decades >= 2 && 3 * decades > target + 3) {
    for (int k = first; k <= last; k += stride)
      add_log_tick(a, pow(10, k));
    return;
  }
  for (int k = (int)floor(a->lo); k <= last; k++)
    for (int i = 0; i < 3; i++) {
      double u = k + (double[]){0, 0.3010299956639812, 0.6989700043360189}[i];
      if (u >= a->lo - 1e-9 && u <= a->hi + 1e-9)
        add_log_tick(a, (double[]){1, 2, 5}[i] * pow(10, k));
    }
  if (a->n_ticks < 2) {
    a->n_ticks = 0;
    linear_ticks(a, pow(10, a->lo), fmin(pow(10, a->hi), DBL_MAX), target);
  }
}

void plot_axis_finish(struct plot_axis *a, int target)
{
  if (a->empty)
    a->lo = 0, a->hi = 1;
  double largest = fmax(fabs(a->lo), fabs(a->hi)), least = a->log ? 0.05 : fmax(largest * 1e-9, 1e-300);
  if (a->hi / 2 - a->lo / 2 < least / 2) { /* one value, or as good as one: room around it */
    double room = a->log ? 0.5 : largest > 0 ? largest * 0.1 : 1;
    a->lo = fmax(a->lo - room, a->log ? log10(DBL_TRUE_MIN) : -DBL_MAX);
    a->hi = fmin(a->hi + room, a->log ? log10(DBL_MAX) : DBL_MAX);
  }
  target = target < 2 ? 2 : target > PLOT_TICKS_MAX / 2 ? PLOT_TICKS_MAX / 2 : target;
  a->n_ticks = 0;
  if (a->log)
    log_ticks(a, target);
  else
    linear_ticks(a, a->lo, a->hi, target);
}

/* Intervals of two or three values are many times as wide as the lines differ: those around lines may reach beyond the axis, so
 * that lines keep a third of it (less, down to a tenth, where they hardly differ); they are cut at its ends. */
static void include_bands(const struct plot_spec *spec, struct plot_axis *y)
{
  struct plot_axis bands;
  plot_axis_init(&bands, y->log);
  for (size_t k = 0; k < spec->n_series; k++)
    for (size_t i = 0; i < spec->series[k].n; i++) {
      if (spec->series[k].low)
        plot_axis_include(&bands, spec->series[k].low[i]);
      if (spec->series[k].high)
        plot_axis_include(&bands, spec->series[k].high[i]);
    }
  if (bands.empty)
    return;
  double span = y->hi - y->lo, room = spec->kind == PLOT_LINE && span > 0 ? fmax(span, (bands.hi - bands.lo) / 8) : INFINITY;
  y->empty = false;
  y->lo = fmin(y->lo, fmax(bands.lo, y->lo - room));
  y->hi = fmax(y->hi, fmin(bands.hi, y->hi + room));
}

void plot_ranges(const struct plot_spec *spec, struct plot_axis *x, struct plot_axis *y)
{
  plot_axis_init(x, spec->log_x);
  plot_axis_init(y, spec->log_y);
  for (size_t k = 0; k < spec->n_series; k++) {
    const struct plot_series *s = &spec->series[k];
    for (size_t i = 0; i < s->n; i++) {
      plot_axis_include(x, plot_series_x(s, i));
      plot_axis_include(y, s->y[i]);
    }
  }
  include_bands(spec, y);
}

bool plot_has_labels(const struct plot_spec *spec)
{
  for (size_t k = 0; k < spec->n_series; k++)
    if (spec->series[k].label && *spec->series[k].label)
      return true;
  return false;
}

void plot_spread(int *rows, size_t n, int height)
{
  for (size_t i = 1; i < n; i++)
    if (rows[i] <= rows[i - 1])
      rows[i] = rows[i - 1] + 1;
  int limit = height - 1;
  for (size_t i = n; i-- > 0; limit = rows[i] - 1)
    if (rows[i] > limit)
      rows[i] = limit;
}
