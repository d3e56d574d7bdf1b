/* glm.h: linear models as finite sums: f(w) = (1/n) sum_i link(a_i . w, y_i) + (l2/2) |w|^2.
 *
 * All that a method needs of example i is the number z_i = a_i . w and the row a_i: gradients of components are multiples of rows,
 * so tables of n numbers replace tables of n vectors (SAG, SAGA, dual methods). Rows are float32 as they came, dense or sparse
 * (compressed sparse rows); weights, products and sums are float64. */
#ifndef ASSAY_OBJECTIVE_GLM_H
#define ASSAY_OBJECTIVE_GLM_H

#include "experiments/kernel/vec.h"
#include "experiments/objective/glm_rows.h"
#include "experiments/objective/objective.h"

enum glm_link { GLM_LOGISTIC = 1, GLM_SQUARED, GLM_SQUARED_HINGE };

struct glm {
  enum glm_link link;
  size_t n, d;
  size_t entries;        /* numbers stored: n d, or the non-zeros */
  double l2;
  double curvature;      /* largest second derivative of the link: 1/4, 1 */
  double *y;             /* n: -1 or 1 (logistic, squared hinge), or targets; owned */
  double *norm2;         /* n: |a_i|^2, owned */
  const float *x;        /* dense rows, `stride` floats apart, zeros from d to the stride; NULL: sparse */
  size_t stride;
  size_t *start;         /* n + 1: row i has the entries start[i] to start[i + 1] - 1 */
  uint32_t *index;       /* increasing in a row */
  float *value;
  struct dataset *data;  /* what x borrows from; a reference */
  float *own;            /* or own rows, where they were rescaled */
  const struct glm_rows *rows; /* the tuned loops over dense rows */
  double *scratch;       /* 3 padded vectors: weights, direction, sum (dense); owned */
};

/* First members of the conf of a linear model, and their rows. */
struct glm_conf {
  struct object data;
  char *file;
  double l2, positive;
  bool normalize, zero_based;
};

/* NOLINTBEGIN(bugprone-macro-parentheses): a member cannot stand in parentheses */
#define GLM_PARAMS(owner, member, l2_default)                                                                          \
  {.id = "data", .type = PARAM_METHOD, .at = offsetof(owner, member.data), .of = KIND_DATA,                            \
   .def_text = "breast-cancer", .doc = "data set: its training part", .example = "breast-cancer"},                     \
  {.id = "file", .type = PARAM_STRING, .at = offsetof(owner, member.file), .flags = PARAM_FILE,                        \
   .doc = "instead of data: all rows of a file in LIBSVM's format, kept sparse",                                       \
   .example = "experiments/data/tables/spirals.libsvm"},                                                               \
  {.id = "l2", .type = PARAM_REAL, .at = offsetof(owner, member.l2), .def = l2_default, .min = 0, .max = 1e6,          \
   .flags = PARAM_LOG, .doc = "factor of |w|^2/2", .example = "0.001"},                                                \
  {.id = "normalize", .type = PARAM_BOOL, .at = offsetof(owner, member.normalize), .def = 0,                           \
   .doc = "scale each row to Euclidean norm 1", .example = "true"},                                                    \
  {.id = "zero_based", .type = PARAM_BOOL, .at = offsetof(owner, member.zero_based), .def = 0,                         \
   .flags = PARAM_ADVANCED, .doc = "indices of the file start at 0", .example = "true"}

#define GLM_POSITIVE_PARAM(owner, member)                                                                              \
  {.id = "positive", .type = PARAM_REAL, .at = offsetof(owner, member.positive), .flags = PARAM_AUTO, .min = -1e9,     \
   .max = 1e9, .doc = "label (of a file) or number of the class that becomes +1, all others -1; auto: the larger of two", \
   .example = "1"}
/* NOLINTEND(bugprone-macro-parentheses) */

#define GLM_NOTE                                                                                                       \
  "There is no intercept: add a column of ones for one. Rows are held in float32, weights and sums in float64. file "  \
  "keeps its rows sparse (one pass costs as much as there are entries), data is dense."

/* make, release and the evaluations of every linear model: the descriptor's make() calls glm_make with its link. */
NODISCARD enum status glm_make(const struct glm_conf *c, enum glm_link link, const struct objective_env *env,
                               struct objective *out, struct err *e);
void glm_release(struct objective *f);
double glm_value(const struct objective *f, const double *w);
double glm_gradient(const struct objective *f, const double *w, double *g);
double glm_component(const struct objective *f, size_t i, const double *w, double *g);
double glm_batch(const struct objective *f, const uint32_t *index, size_t m, const double *w, double *g);
double glm_batch_value(const struct objective *f, const uint32_t *index, size_t m, const double *w);
void glm_hvp(const struct objective *f, const double *w, const double *v, double *out);
void glm_hessian(const struct objective *f, const double *w, double *h);
enum status glm_constants(struct objective *f, const struct exec *x, struct err *e);

/* Members of a linear model's descriptor. */
#define GLM_METHODS                                                                                                    \
  .release = glm_release, .value = glm_value, .gradient = glm_gradient, .component = glm_component,                    \
  .batch = glm_batch, .batch_value = glm_batch_value, .hvp = glm_hvp, .hessian = glm_hessian, .constants = glm_constants

/* --- one example ------------------------------------------------------------------------------- */

double glm_dot(const struct glm *g, size_t i, const double *w);             /* a_i . w */
void glm_add(const struct glm *g, size_t i, double scale, double *to);      /* to += scale a_i */

/* The link at z: its value, first and second derivative. */
struct glm_link_at { double value, slope, curve; };
struct glm_link_at glm_link_at(enum glm_link link, double z, double y);
double glm_slope(enum glm_link link, double z, double y);

/* Slopes (and, unless value is NULL, values) of the links of n examples. */
void glm_links(const struct glm *g, const double *z, const double *y, size_t n, double *slope, double *value);

/* Dense rows are taken in blocks: pointers to rows i, i + 1, … (at most GLM_BLOCK); how many. And their padded length. */
enum { GLM_BLOCK = 16 };
static inline size_t glm_block(const struct glm *g, size_t i, const float *row[GLM_BLOCK])
{
  size_t left = g->n - i, n = left < GLM_BLOCK ? left : GLM_BLOCK;
  /* cppcheck-suppress knownConditionTrueFalse ; it takes n - i for 0 where i is 0 */
  for (size_t k = 0; k < n; k++)
    row[k] = g->x + (i + k) * g->stride;
  return n;
}
static inline size_t glm_padded(const struct glm *g) { return (g->d + 7) / 8 * 8; }

/* --- all examples ------------------------------------------------------------------------------ */

void glm_products(const struct glm *g, const double *w, double *z);         /* z_i = a_i . w */
void glm_combine(const struct glm *g, const double *scale, double *out);    /* out = sum_i scale_i a_i */
/* The largest eigenvalue of X'X/n by Lanczos, from above by at most this tolerance (relative) once converged; *products: Gram products
 * that it took. */
NODISCARD enum status glm_top_eigenvalue(const struct glm *g, const struct exec *x, double tolerance, double *out, double *products, struct err *e);

#endif
