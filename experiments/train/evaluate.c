/* evaluate.c: mean loss and error of weights on a part of the data. */
#include <math.h>
#include <stdlib.h>

#include "experiments/kernel/mem.h"
#include "experiments/train/train_int.h"

enum status evaluate_part(const struct exec *x, struct workspace *ws, const struct examples *part, size_t outputs,
                          const float *w, double *loss, double *error, struct err *e)
{
  double losses = 0, errors = 0;
  *loss = *error = NAN;
  for (size_t at = 0; at < part->n; at += EVALUATE_BLOCK) {
    size_t n = part->n - at < EVALUATE_BLOCK ? part->n - at : EVALUATE_BLOCK, ldb = round_up(n, 16);
    if (exec_cancelled(x))
      return err_set(e, STATUS_CANCELLED, "cancelled while evaluating");
    ws->p->transpose(n, part->d, part->x + at * part->stride, part->stride, ws->eval_x, ldb);
    step_forward(ws, w, ws->eval_x, ldb);
    step_losses(ws, n, ldb, part->label ? part->label + at : NULL, part->target ? part->target + at * outputs : NULL, outputs);
    for (size_t b = 0; b < n; b++) {
      losses += ws->losses[b];
      errors += ws->errors[b];
    }
  }
  if (part->n) {
    *loss = losses / (double)part->n;
    *error = errors / (double)part->n;
  }
  return STATUS_OK;
}

enum status train_evaluate(const struct exec *x, const struct object *model, const struct object *loss,
                           const struct dataset *data, const struct examples *part, const float *weights,
                           double *mean_loss, double *mean_error, struct err *e)
{
  struct net net;
  struct workspace ws = {.net = &net, .loss = loss, .p = product_best(), .lanes = EVALUATE_BLOCK};
  struct arena measure = {0}, arena = {0};
  void *memory;
  enum status s = model_build(&net, model, loss, data, e);
  if (s)
    return s;
  workspace_layout(&ws, &measure, false);
  s = mem_new(&memory, measure.overflow ? SIZE_MAX : measure.used, 1, "evaluation", e);
  if (s)
    return s;
  arena.base = memory;
  workspace_layout(&ws, &arena, false);
  net_pack_f32(&net, weights, ws.eval_w);
  s = evaluate_part(x, &ws, part, data->outputs, ws.eval_w, mean_loss, mean_error, e);
  free(memory);
  return s;
}
