/* Plots as SVG: well formed whatever the labels and numbers hold, and in the right places. */
#include <ctype.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "app/plot/plot.h"
#include "tests/tap.h"

/* A small check of well-formedness: tags balance, attributes are quoted, no stray < or &. */
static bool well_formed(const char *s)
{
  char open[32][32];
  int depth = 0;
  while (*s) {
    if (*s == '&') {
      s++;
      if (*s++ != '#' || !isdigit((unsigned char)*s))
        return false;
      while (isdigit((unsigned char)*s))
        s++;
      if (*s++ != ';')
        return false;
    } else if (*s == '<') {
      bool closing = s[1] == '/';
      s += 1 + closing;
      size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz");
      if (n == 0 || n > 31)
        return false;
      char name[32] = "";
      memcpy(name, s, n);
      bool quoted = false, empty = false;
      for (s += n; *s && (quoted || *s != '>'); s++) {
        if (*s == '"')
          quoted = !quoted;
        if (quoted && *s == '<')
          return false;
        empty = *s == '/';
      }
      if (*s++ != '>')
        return false;
      if (closing && (depth == 0 || strcmp(open[--depth], name) != 0))
        return false;
      if (!closing && !empty) {
        if (depth == 32)
          return false;
        snprintf(open[depth++], sizeof *open, "%s", name);
      }
    } else if ((unsigned char)*s < 0x20 && *s != '\n') {
      return false;
    } else {
      s++;
    }
  }
  return depth == 0;
}

static void test_checker(void)
{
  tap_ok(well_formed("<svg><text x=\"1\">a &#38; b</text><g/></svg>"), "the checker accepts what is well formed");
  tap_ok(!well_formed("<svg><text></svg>") && !well_formed("<svg>a & b</svg>") && !well_formed("<svg><") &&
             !well_formed("</svg>"),
         "and refuses what is not");
}

static void check(const struct plot_spec *spec, const char *what)
{
  char *text = plot_svg(spec);
  tap_ok(well_formed(text), "%s is well formed", what);
  tap_ok(!strstr(text, "\"nan") && !strstr(text, "inf,") && !strstr(text, "nan,"),
         "%s holds no place that is not a number", what);
  free(text);
}

static void test_kinds(void)
{
  double y[] = {1, NAN, 3, INFINITY, -DBL_MAX, DBL_MAX}, low[] = {0, 0, NAN, 1, 1, 1},
         high[] = {2, 2, 2, 2, INFINITY, 2}, x[] = {1, 2, 3, 4, NAN, 1e300};
  const char *names[] = {"<a>", "b&c", "\"d\"", "'e'", "\x01\x1b", "\xff\xc0"};
  struct plot_series s[] = {
      {"<script>&\"'\x02\xfe", 6, x, y, low, high}, {"b", 6, NULL, y, NULL, NULL}, {NULL, 0, NULL, NULL, NULL, NULL}};
  struct plot_spec spec = {.title = "a < b & \"c\"",
                           .x_label = "<x>",
                           .y_label = "&y",
                           .n_series = 3,
                           .series = s,
                           .names = names,
                           .n_names = 6,
                           .row_names = names,
                           .rows = 2,
                           .cols = 3,
                           .z = y};
  static const char *const words[] = {"a line plot", "a bar chart", "a heat map", "a scatter plot"};
  for (int kind = PLOT_LINE; kind <= PLOT_SCATTER; kind++)
    for (int log = 0; log < 2; log++) {
      spec.kind = (enum plot_kind)kind, spec.log_x = spec.log_y = log;
      check(&spec, words[kind - 1]);
    }
  struct plot_spec nothing = {.kind = PLOT_LINE};
  for (int kind = PLOT_LINE; kind <= PLOT_SCATTER; kind++) {
    nothing.kind = (enum plot_kind)kind;
    char *text = plot_svg(&nothing);
    tap_ok(well_formed(text) && strstr(text, "no data"), "%s without data says so", words[kind - 1]);
    free(text);
  }
}

static void test_places(void)
{
  double y[] = {0, 5, 10};
  struct plot_series s = {.n = 3, .y = y};
  struct plot_spec spec = {.kind = PLOT_LINE, .n_series = 1, .series = &s};
  char *text = plot_svg(&spec);
  double x0 = 0, y0 = 0, x1 = 0, y1 = 0, x2 = 0, y2 = 0;
  const char *line = strstr(text, "<polyline points=\"");
  int n = line ? sscanf(line, "<polyline points=\"%lf,%lf %lf,%lf %lf,%lf", &x0, &y0, &x1, &y1, &x2, &y2) : 0;
  if (tap_is_int(n, 6, "three points are three places")) {
    tap_near(y1, (y0 + y2) / 2, 0, 0.02, "the middle value lies in the middle (two decimals are written)");
    tap_near(x1, (x0 + x2) / 2, 0, 0.02, "so does the middle place");
    tap_ok(y0 > y2 && x0 < x2, "larger values are higher, later ones further right");
  }
  free(text);
}

static void test_many_points(void)
{
  size_t n = 300000;
  double *y = calloc(n, sizeof *y);
  y[123456] = 1;
  struct plot_series s = {.n = n, .y = y};
  struct plot_spec spec = {.kind = PLOT_LINE, .n_series = 1, .series = &s};
  char *text = plot_svg(&spec);
  double top = INFINITY;
  const char *at = strstr(text, "<polyline points=\"");
  for (at = at ? at + 18 : ""; *at && *at != '"'; at += strcspn(at, " ") + 1) {
    double px, py;
    if (sscanf(at, "%lf,%lf", &px, &py) == 2)
      top = fmin(top, py);
  }
  tap_ok(strlen(text) < 100000, "300,000 points are thinned out (%zu bytes)", strlen(text));
  tap_near(top, 26, 0, 0.01, "but a spike of one point still reaches the top");
  free(text);
  free(y);
}

int main(void)
{
  test_checker();
  test_kinds();
  test_places();
  test_many_points();
  return tap_done();
}
