/* text.c: a picture as cells or text, by its kind. */
#include "app/plot/plot_int.h"

void plot_draw(struct plot_grid *g, const struct plot_spec *spec)
{
  switch (spec->kind) {
  case PLOT_LINE:
  case PLOT_SCATTER: plot_draw_lines(g, spec, NULL); return;
  case PLOT_BAR: plot_draw_bars(g, spec, NULL); return;
  case PLOT_HEAT: plot_draw_heat(g, spec, NULL); return;
  }
  plot_grid_init(g, 20, 1);
  plot_puts(g, 0, 0, 20, "unknown kind of plot", 0, 0, spec->ascii);
}

char *plot_text(const struct plot_spec *spec)
{
  struct plot_grid g;
  plot_draw(&g, spec);
  char *text = plot_grid_text(&g, spec->colour);
  plot_grid_free(&g);
  return text;
}
