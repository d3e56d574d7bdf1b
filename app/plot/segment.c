/* segment.c: see segment.h. */
#include "app/plot/segment.h"

#include <stdlib.h>

struct segment segment_from_to(int x0, int y0, int x1, int y1)
{
  struct segment s = {.x = x0, .y = y0, .x1 = x1, .y1 = y1, .dx = abs(x1 - x0), .dy = -abs(y1 - y0), .step_x = x0 < x1 ? 1 : -1,
                      .step_y = y0 < y1 ? 1 : -1};
  s.error = s.dx + s.dy;
  return s;
}

bool segment_next(struct segment *s)
{
  if (s->x == s->x1 && s->y == s->y1)
    return false;
  int twice = 2 * s->error;
  if (twice >= s->dy)
    s->error += s->dy, s->x += s->step_x;
  if (twice <= s->dx)
    s->error += s->dx, s->y += s->step_y;
  return true;
}
