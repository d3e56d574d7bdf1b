/* margins.c: the margin of every example: by how much the right class wins. */
#include <math.h>
#include <stdlib.h>

#include "experiments/models/derivatives.h"
#include "experiments/probe/probe.h"

static double margin_of(const double *z, size_t k, size_t label)
{
  if (k == 1)
    return label ? z[0] : -z[0];
  size_t rival = label == 0 ? 1 : 0;
  for (size_t j = rival + 1; j < k; j++)
    if (j != label && z[j] > z[rival])
      rival = j;
  return z[label] - z[rival];
}

static double share_wrong(const struct probe_subject *s, const struct mat *output)
{
  const struct loss *loss = (const struct loss *)(const void *)s->loss->method;
  double wrong = 0;
  for (size_t i = 0; i < output->rows; i++)
    wrong += loss->error(s->loss->conf, mat_row_f64(output, i), output->cols, s->part->label[i], NULL);
  return wrong / (double)output->rows;
}

static enum status measure(const void *conf, const struct exec *x, const struct probe_subject *s, struct probe_value *out, struct err *e)
{
  struct batch b = probe_batch(s);
  struct mat output = {0}, margin = {0};
  double *w = NULL;
  (void)conf;
  if (!s->part->label)
    return err_set(e, STATUS_BAD_ARG, "the data set \"%s\" has no classes, so there are no margins", s->data->name ? s->data->name : "?");
  enum status status = probe_weights(s, &w, e);
  status = status ? status : mat_new(&output, DTYPE_F64, b.n, s->net->out, e);
  status = status ? status : mat_new(&margin, DTYPE_F64, b.n, 1, e);
  status = status ? status : net_activations_f64(x, s->net, w, &b, s->net->n_layers, output.data, e);
  for (size_t i = 0; i < b.n && !status; i++)
    mat_set(&margin, i, 0, margin_of(mat_row_f64(&output, i), s->net->out, (size_t)b.label[i]));
  if (!status && !mat_all_finite(&output))
    status = err_set(e, STATUS_DIVERGED, "an output of the model is not finite");
  if (!status)
    status = probe_add_number(out, "error", PROBE_WHOLE, share_wrong(s, &output), (double)NAN, e);
  if (!status) {
    probe_add(out, "margin", PROBE_WHOLE, &margin, (double)NAN);
    probe_add(out, "output", PROBE_WHOLE, &output, (double)NAN);
  }
  free(w);
  mat_free(&margin);
  mat_free(&output);
  return status;
}

const struct probe probe_margins = {
  .m = {.kind = KIND_PROBE, .id = "margins", .name = "Margins", .summary = "by how much the right class wins, for each example",
        .formula = "m_i = z_y - max_{j != y} z_j;  one output: z for class 1, -z for class 0",
        .cite = "Bartlett, Foster and Telgarsky 2017, Spectrally-normalized margin bounds for neural networks",
        .notes = "Gives margin (n x 1), the outputs themselves, output (n x k), and error, the share of wrong answers. Classes only.",
        .example = "assay.probe(\"margins\")"},
  .measure = measure,
};
