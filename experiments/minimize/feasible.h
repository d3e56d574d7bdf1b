/* feasible.h: the sets over which constrained methods minimize, and their simplest subproblems: the nearest point, and the point where a
 * linear function is least. */
#ifndef ASSAY_MINIMIZE_FEASIBLE_H
#define ASSAY_MINIMIZE_FEASIBLE_H

#include "experiments/minimize/minimize.h"

/* The bounded ones first: methods that need a bounded set offer feasible_bounded. */
enum region { REGION_BALL, REGION_BOX, REGION_L1_BALL, REGION_SIMPLEX, REGION_SPACE };
extern const char *const feasible_bounded[], *const feasible_any[];

struct feasible {
  int region; /* enum region */
  double radius;
};

#define FEASIBLE_REGION_DOC "ball: |w|_2 <= radius; box: |w|_inf <= radius; l1-ball: |w|_1 <= radius; simplex: w >= 0 with sum radius"

/* NOLINTBEGIN(bugprone-macro-parentheses): a member cannot stand in parentheses */
#define FEASIBLE_RADIUS_PARAM(owner, member, standard)                                                                 \
  {.id = "radius", .type = PARAM_REAL, .at = offsetof(owner, member.radius), .def = (standard), .min = 0, .max = 1e9,  \
   .flags = PARAM_LOG | PARAM_MIN_OPEN, .doc = "size of the set; a target `gap` needs the minimum over it", .example = "2"}
#define FEASIBLE_PARAMS(owner, member)                                                                                 \
  {.id = "region", .type = PARAM_CHOICE, .at = offsetof(owner, member.region), .def = REGION_SPACE,                    \
   .choices = feasible_any, .doc = FEASIBLE_REGION_DOC "; space: no constraint", .example = "ball"},                   \
  FEASIBLE_RADIUS_PARAM(owner, member, 1)
#define FEASIBLE_BOUNDED_PARAMS(owner, member, standard)                                                               \
  {.id = "region", .type = PARAM_CHOICE, .at = offsetof(owner, member.region), .choices = feasible_bounded,            \
   .doc = FEASIBLE_REGION_DOC, .example = "simplex"},                                                                  \
  FEASIBLE_RADIUS_PARAM(owner, member, standard)
/* NOLINTEND(bugprone-macro-parentheses) */

/* x <- the nearest point of the set. O(d) mostly; l1-ball and simplex O(d) a round of Michelot's elimination. */
void feasible_project(const struct feasible *c, double *x, size_t d);
/* s <- a point of a bounded set where g.s is least: a vertex, or the point of the ball against g. Ties: the first. */
void feasible_vertex(const struct feasible *c, const double *g, double *s, size_t d);

#endif
