/* segment.h: the dots of a straight line from one dot to another (Bresenham 1965), both ends included. */
#ifndef ASSAY_PLOT_SEGMENT_H
#define ASSAY_PLOT_SEGMENT_H

#include <stdbool.h>

struct segment {
  int x, y; /* the dot at hand: the first after segment_from_to() */
  int x1, y1, dx, dy, step_x, step_y, error;
};

struct segment segment_from_to(int x0, int y0, int x1, int y1);
/* On to the next dot; false behind the last. */
bool segment_next(struct segment *s);

#endif
