/* quantity.h: what bounds take from a subject: numbers about trained weights and a part of a data set.
 *
 * A parameter's row names its quantity (`from`); bound_evaluate() takes it where the parameter is not given. A bound that
 * needs one more defines it in its own file. What it rests on is measured by probes, each once for all bounds. */
#ifndef ASSAY_BOUNDS_QUANTITY_H
#define ASSAY_BOUNDS_QUANTITY_H

#include "experiments/params.h"
#include "experiments/probe/probe.h"

struct bound_input;

/* One number, or for a list parameter some numbers (from malloc, owned by whoever holds this). */
struct taken { double number; struct param_list list; };

struct quantity {
  const char *doc; /* for the help: "counted: examples of the part" */
  enum status (*take)(const struct exec *x, const struct bound_input *in, struct taken *out, struct err *e);
};

/* Of the part: examples; wrong answers, their share, and one 0 or 1 for each example (0-1 loss); margins; largest norm of an
 * input, and the norm of all inputs together. */
extern const struct quantity quantity_n, quantity_errors, quantity_error_rate, quantity_losses, quantity_loss_variance,
    quantity_margins, quantity_radius, quantity_x_norm;
/* The 10th percentile of the margins (Jiang et al. 2020). */
extern const struct quantity quantity_gamma;
/* Of the net: largest layer, inputs included; layers with weights; a norm of each of them. */
extern const struct quantity quantity_width, quantity_depth, quantity_frobenius, quantity_spectral, quantity_rows21, quantity_path_norm2;

/* --- for quantities and bounds --- */

/* The value of a probe, with n parameters set, from the input's cache. Read-only. */
NODISCARD enum status bound_probe(const struct exec *x, const struct bound_input *in, const struct probe *probe,
                                  const struct named_value *values, size_t n, const struct probe_value **out, struct err *e);
/* The value of the probe that a parameter chose; where it is none, of `otherwise` with its defaults. */
NODISCARD enum status bound_probe_chosen(const struct exec *x, const struct bound_input *in, const struct object *chosen,
                                         const struct probe *otherwise, const struct probe_value **out, struct err *e);
/* Room for n numbers of a list. */
NODISCARD enum status taken_list(struct taken *out, size_t n, struct err *e);
/* The number of that name of each layer that has one. */
NODISCARD enum status taken_layers(const struct probe_value *v, const char *name, struct taken *out, struct err *e);
/* Refuse a data set without classes: `what` is what has no meaning there. */
NODISCARD enum status bound_classes_only(const struct bound_input *in, const char *what, struct err *e);

#endif
