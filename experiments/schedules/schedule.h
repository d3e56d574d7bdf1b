/* schedule.h: learning-rate schedules (pure functions of the update number) and step-size controllers.
 *
 * Updates are numbered t = 0 .. T-1; the rate at t is the one used by update t. A schedule is a pure
 * function (t, T, parameters) -> rate: no hidden recursion, so that resume, plots and restarts agree bit
 * for bit. rate = peak * multiplier; the warm-up takes the first W updates, then the body is evaluated on
 * the remaining T - W with its own t' = t - W. */
#ifndef ASSAY_SCHEDULE_H
#define ASSAY_SCHEDULE_H

#include <stdint.h>

#include "experiments/kernel/exec.h"
#include "experiments/method.h"

enum warmup_shape { WARMUP_LINEAR, WARMUP_CONSTANT, WARMUP_COSINE, WARMUP_EXPONENTIAL };
enum last_step { LAST_EXCLUSIVE, LAST_INCLUSIVE }; /* u = t/T, or t/(T-1) */

/* First member of every schedule's conf. */
struct schedule_common {
  double peak;            /* largest rate */
  int64_t steps;          /* T; PARAM_AUTO_INT: given by the trainer */
  int64_t warmup;         /* W */
  int warmup_shape;       /* enum warmup_shape */
  double warmup_start;    /* start fraction or factor of the warm-up, where it has one */
  bool warmup_from_zero;  /* t/W instead of (t+1)/W */
  int last;               /* enum last_step */
};

/* NOLINTBEGIN(bugprone-macro-parentheses): a member cannot stand in parentheses */
/* Rows for schedule_common: start every schedule's parameter table with SCHEDULE_COMMON_PARAMS(struct conf, common). A
 * schedule whose peak is only a scale gives that row itself: SCHEDULE_SCALE_PARAM, then SCHEDULE_FRAME_PARAMS. */
#define SCHEDULE_COMMON_PARAMS(owner, member)                                                                          \
  {.id = "peak", .type = PARAM_REAL, .at = offsetof(owner, member.peak), .def = 0.1, .min = 0, .max = 1e6,             \
   .flags = PARAM_LOG | PARAM_TUNED, .doc = "largest learning rate", .example = "0.1"},                                \
  SCHEDULE_FRAME_PARAMS(owner, member)

#define SCHEDULE_SCALE_PARAM(owner, member, text)                                                                      \
  {.id = "peak", .type = PARAM_REAL, .at = offsetof(owner, member.peak), .def = 1, .min = 0, .max = 1e6,               \
   .flags = PARAM_LOG | PARAM_TUNED, .doc = text, .example = "1"}

#define SCHEDULE_FRAME_PARAMS(owner, member)                                                                           \
  {.id = "steps", .type = PARAM_INT, .at = offsetof(owner, member.steps), .min = 1, .max = 1e12, .flags = PARAM_AUTO,  \
   .unit = "steps", .doc = "total updates T; auto: taken from the training", .example = "1000"},                       \
  {.id = "warmup", .type = PARAM_INT, .at = offsetof(owner, member.warmup), .def = 0, .min = 0, .max = 1e12,           \
   .unit = "steps", .doc = "warm-up updates W; the body then runs over the remaining T - W", .example = "50"},         \
  {.id = "warmup_shape", .type = PARAM_CHOICE, .at = offsetof(owner, member.warmup_shape), .def = WARMUP_LINEAR,       \
   .choices = schedule_warmup_names, .doc = "shape of the warm-up", .example = "linear", .flags = PARAM_ADVANCED},     \
  {.id = "warmup_start", .type = PARAM_REAL, .at = offsetof(owner, member.warmup_start), .def = 0, .min = 0, .max = 1, \
   .unit = "fraction of peak", .flags = PARAM_ADVANCED,                                                                \
   .doc = "start (linear, exponential) or factor (constant) of the warm-up; 0 means the shape's own default",          \
   .example = "0.1"},                                                                                                  \
  {.id = "warmup_from_zero", .type = PARAM_BOOL, .at = offsetof(owner, member.warmup_from_zero), .def = 0,             \
   .flags = PARAM_ADVANCED, .doc = "t/W instead of (t+1)/W: the first update has rate 0", .example = "true"},          \
  {.id = "last", .type = PARAM_CHOICE, .at = offsetof(owner, member.last), .def = LAST_EXCLUSIVE,                      \
   .choices = schedule_last_names, .flags = PARAM_ADVANCED,                                                            \
   .doc = "exclusive: u = t/T, the end is never reached; inclusive: u = t/(T-1), the last update has the end rate",    \
   .example = "inclusive"}

/* The row of a conf's `double end`, for schedules whose body falls to it. */
#define SCHEDULE_END_PARAM(owner, member)                                                                              \
  {.id = "end", .type = PARAM_REAL, .at = offsetof(owner, member), .def = 0, .min = 0, .max = 1,                       \
   .unit = "fraction of peak", .doc = "rate at the end of the schedule", .example = "0.01"}
/* NOLINTEND(bugprone-macro-parentheses) */

extern const char *const schedule_warmup_names[]; /* "linear", "constant", "cosine", "exponential", NULL */
extern const char *const schedule_last_names[];   /* "exclusive", "inclusive", NULL */

struct schedule {
  struct method m;
  /* The body's multiplier at update t of `total` (the warm-up has been taken off both), usually in [0, 1]. */
  double (*body)(const void *conf, int64_t t, int64_t total);
  /* Rules that need T: `total` updates are left for the body. May be NULL. */
  enum status (*check)(const void *conf, int64_t total, struct err *e);
  bool own_warmup; /* the body includes its warm-up (one-cycle); W must be 0 */
  /* The momentum of update t, for schedules that set it; NaN: the optimizer's own. May be NULL. */
  double (*momentum)(const void *conf, int64_t t, int64_t total);
};

/* --- what bodies share --- */

/* u = t/total or t/(total-1), and 1 - u without its rounding at the ends. A span of one update is all
 * beginning: u = 0. */
double schedule_fraction(int last, int64_t t, int64_t total);
double schedule_left(int last, int64_t t, int64_t total);
/* (1 + cos(pi (1 - left)))/2, exact at 0 and 1 and without cancellation near 0. */
double schedule_half_cosine(double left);
/* A multiplier m cut so that the rate, peak * m, is at most 1/curvature (to rounding); curvature 0: no cap. */
double schedule_capped(const struct schedule_common *c, double m, double curvature);
/* n >= 1 numbers spread over `total` updates, the last on the last: the number at t, linear in between; values[t] where
 * n = total. */
double schedule_interpolate(const double *values, size_t n, int64_t t, int64_t total);
/* The warm-up's multiplier for t < W. */
double schedule_warmup_factor(const struct schedule_common *c, int64_t t);
/* resolve() of every schedule, or the first thing its own resolve() does: W <= T where T is given. */
enum status schedule_resolve(void *conf, struct err *e);

/* Rate of update t; `steps` replaces an auto T. Requires schedule_check() and 0 <= t < T. */
double schedule_at(const struct object *schedule, int64_t t, int64_t steps);
/* The momentum that the schedule wants in update t; NaN: that of the optimizer. */
double schedule_momentum_at(const struct object *schedule, int64_t t, int64_t steps);
/* Check what resolve cannot know before the number of updates is known: T covers the training's `steps`
 * (a shorter training, a prefix of the schedule, is fine), W <= T, the schedule's own rules. A schedule
 * with its own T may be checked without a training: steps = PARAM_AUTO_INT. */
NODISCARD enum status schedule_check(const struct object *schedule, int64_t steps, struct err *e);

/* A controller chooses the rate of each update from the loss, the gradient, and re-evaluations of the same
 * mini-batch with the same randomness. It must log the chosen rate. Costs count in gradient
 * evaluations: a forward pass alone is 1/3, forward and backward 1, a Hessian-vector product 2. */
struct control {
  void *self;
  uint64_t t;
  double batches_per_epoch;
  size_t n;              /* length of w and g */
  const float *w, *g;    /* weights and mini-batch gradient (mean), padded; NULL, and direction and grad_at with them, where the
                            weights are float64: see struct controller */
  const float *direction;/* the update will be w - lr * direction; g itself for plain SGD */
  double loss;           /* mini-batch loss at w */
  double grad_norm2;     /* |g|^2, float64 */
  double slope;          /* g . direction, float64: by how much the loss falls along it at rate 0 */
  /* Loss of the same batch at w - lr * direction. */
  enum status (*loss_along)(struct control *c, double lr, double *loss, struct err *e);
  /* Loss and gradient of the same batch at any point. */
  enum status (*grad_at)(struct control *c, const float *w, double *loss, float *g, struct err *e);
  /* out = H v on the same batch at w (under a mask: of the weights that may move). NULL unless the method `needs` "hvp". */
  enum status (*hvp)(struct control *c, const float *v, float *out, struct err *e);
  double cost;           /* gradient evaluations so far in this update; the engine adds up what is asked */
  double momentum;       /* out: of this update, by a controller that sets it; NaN, as it comes: the optimizer's own */
};

struct controller {
  struct method m;
  bool scalar; /* asks for no vector: loss, grad_norm2, slope and loss_along are all it uses */
  size_t (*state_size)(const void *conf, size_t n);
  void (*init)(const void *conf, void *state, size_t n);
  enum status (*rate)(const void *conf, void *state, struct control *c, double *lr, struct err *e);
};

#endif
