/* evaluator.c: losses and errors of one example after the other for many weights of one net, without laying anything out anew. */
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/train/train_int.h"

struct train_evaluator {
  struct workspace ws;
  void *memory;
};

enum status train_evaluator_new(struct train_evaluator **out, const struct net *net, const struct object *loss, struct err *e)
{
  struct train_evaluator *v = xcalloc(1, sizeof *v);
  struct arena measure = {0}, arena = {0};
  v->ws = (struct workspace){.net = net, .loss = loss, .p = product_best(), .lanes = EVALUATE_BLOCK};
  workspace_layout(&v->ws, &measure, false);
  enum status s = mem_new(&v->memory, measure.overflow ? SIZE_MAX : measure.used, 1, "evaluation", e);
  if (s) {
    free(v);
    return s;
  }
  arena.base = v->memory;
  workspace_layout(&v->ws, &arena, false);
  *out = v;
  return STATUS_OK;
}

void train_evaluator_free(struct train_evaluator *v)
{
  if (v)
    free(v->memory);
  free(v);
}

enum status train_evaluator_run(const struct exec *x, struct train_evaluator *v, const struct examples *part, size_t outputs,
                                const float *w, double *loss, double *error, struct err *e)
{
  struct workspace *ws = &v->ws;
  for (size_t at = 0; at < part->n; at += EVALUATE_BLOCK) {
    size_t n = part->n - at < EVALUATE_BLOCK ? part->n - at : EVALUATE_BLOCK, ldb = round_up(n, 16);
    if (exec_cancelled(x))
      return err_set(e, STATUS_CANCELLED, "cancelled while evaluating");
    ws->p->transpose(n, part->d, part->x + at * part->stride, part->stride, ws->eval_x, ldb);
    step_forward(ws, w, ws->eval_x, ldb);
    step_losses(ws, n, ldb, part->label ? part->label + at : NULL, part->target ? part->target + at * outputs : NULL, outputs);
    memcpy(loss + at, ws->losses, n * sizeof *loss);
    memcpy(error + at, ws->errors, n * sizeof *error);
  }
  return STATUS_OK;
}
