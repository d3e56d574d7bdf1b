/* train.h: the training engine. It trains R replicas of one model: the same data and mini-batch order,
 * different learning rate, schedule, optimizer constants, initial seed, mask, rows of the data, or one example replaced.
 * R = 1 is the ordinary case of the same code.
 *
 * The engine picks the plan that is fastest for the sizes at hand; a replica's result is bit-identical
 * whatever the plan and whatever it runs beside. A diverged replica leaves the others untouched. */
#ifndef ASSAY_TRAIN_H
#define ASSAY_TRAIN_H

#include <stdint.h>

#include "experiments/data/data.h"
#include "experiments/kernel/exec.h"
#include "experiments/method.h"
#include "experiments/models/model.h"

/* How the loop over replicas and steps is nested. Every plan computes the same thing. */
enum train_plan {
  TRAIN_PLAN_AUTO = 0,
  TRAIN_PLAN_REPLICA = 1,     /* one replica from start to end, then the next */
  TRAIN_PLAN_BLOCK = 2,       /* a block of mini-batches is gathered once; each replica does the whole block in turn */
  TRAIN_PLAN_INTERLEAVED = 3, /* every replica does mini-batch t before any does t + 1 */
};
extern const char *const train_plan_names[]; /* "auto", "replica", "block", "interleaved", NULL */

/* What all replicas of a group share. Everything is borrowed for the duration of the call. */
struct train_group {
  const struct dataset *data;
  const struct object *model, *loss, *sampler;
  size_t batch;          /* examples per update, 1 .. n (larger is cut to n) */
  uint64_t steps;        /* updates T */
  uint64_t order_seed;   /* mini-batch order */
  uint64_t eval_every;   /* evaluate on the validation part every so many updates; 0: only at the end */
  uint64_t log_every;    /* report mini-batch loss and rate every so many updates; 0: never (a controller's
                            rate is reported at every update) */
  uint64_t observe_every; /* call the sink's observe() every so many updates; 0: never */
  bool norms;            /* with each mini-batch loss, also the norms of its gradient */
  enum train_plan plan;
  size_t n_rows;         /* every replica trains on so many examples, its `rows`; 0: on all */
  /* Coupled: replica 0 is the base, the others are neighbours that differ from it by `replace` alone. A neighbour is
   * the base until its example is first drawn: it starts there, and reports its metrics from there on. */
  bool coupled;
  const uint64_t *checkpoints; /* n_checkpoints ascending numbers of updates; then the distances to the base are taken */
  size_t n_checkpoints;
};

/* What may differ between replicas. Exactly one of schedule and controller. */
struct train_replica {
  const struct object *optimizer;
  const struct object *schedule, *controller;
  const struct object *average;  /* NULL: none */
  const struct object *selector; /* which examples of a mini-batch count; NULL: all */
  const struct object *batching; /* how many mini-batches an update takes (schedules/batching.h); NULL: one. Then steps,
                                    schedules and metrics go on counting mini-batches; goes with a schedule */
  uint64_t init_seed;
  const float *init;             /* n_logical starting weights instead of init_seed; may be NULL */
  const double *layer_rates;     /* factors of the rate, one for each layer of the net (poolings too); NULL: all 1 */
  const uint8_t *mask;           /* n_logical, 1 = trainable/kept, 0 = fixed at zero; may be NULL */
  const uint32_t *rows;          /* n_rows training examples, in the place of 0 … n_rows - 1 of the order; NULL: all */
  size_t replace_at, replace_by; /* with `replace`: train on data whose example replace_at is example … */
  bool replace;                  /* … replace_by of `test` (coupled neighbouring trainings), … */
  bool replace_from_train;       /* … or of `train` */
  bool skip_test;                /* leave the test part alone: its figures are NaN */
  bool keep_weights;             /* return the final weights */
  double until_loss;             /* stop after the first epoch whose mini-batches have at most this mean loss; 0: never */
};

/* What is reported as metric(step, value). LOSS and RATE of update t have step t; what is measured after
 * updates 0..t has step t + 1, the number of updates done. */
enum train_metric { /* append only */
  TRAIN_LOSS = 1,       /* mini-batch loss before update t; under a selector, that of the examples that count */
  TRAIN_RATE = 2,       /* learning rate of update t */
  TRAIN_VALID_LOSS = 3,
  TRAIN_VALID_ERROR = 4,
  TRAIN_COST = 5,       /* gradient evaluations so far; with TRAIN_VALID_*, and with TRAIN_LOSS under a controller */
  TRAIN_AVERAGE_VALID_ERROR = 6,
  TRAIN_AVERAGE_VALID_LOSS = 7,
  TRAIN_GRAD_NORM = 8,    /* with TRAIN_LOSS: Euclidean norm of the mini-batch gradient (of the weights that a mask leaves) */
  TRAIN_GRAD_NORM_L1 = 9, /* and the sum of its absolute values; both before the optimizer clips or decays anything */
  TRAIN_CHOSEN = 10,      /* with TRAIN_LOSS under a selector: the part of the mini-batch that counts */
  TRAIN_BATCH = 11, /* with batching and TRAIN_LOSS: examples of the update that mini-batch t belongs to */
};
enum { TRAIN_METRICS = TRAIN_BATCH + 1 }; /* one more than the last */
const char *train_metric_name(enum train_metric m); /* "loss", "lr", "val_loss", "val_error", "cost", … */

struct train_sink {
  void *self;
  void (*metric)(void *self, size_t replica, enum train_metric m, uint64_t step, double value);
  void (*progress)(void *self, size_t replica, uint64_t step); /* a few times per second at most; may be NULL */
  /* With observe_every: before update 0, after every so many updates and after the last, the weights that are evaluated
   * (padded), to be looked at only; passed over where they are not finite. A failure ends the replica. May be NULL. */
  enum status (*observe)(void *self, size_t replica, uint64_t step, const struct net *net, const float *w, struct err *e);
};

struct train_result {
  enum status status;     /* OK, DIVERGED, CANCELLED, … */
  struct err error;       /* "diverged at step 41: loss is nan (lr 1)" */
  uint64_t steps_done;
  bool reached;           /* until_loss was reached */
  double train_loss;      /* mean over the last epoch's mini-batches, NaN if none; the epoch that reached until_loss */
  double valid_loss, valid_error, test_loss, test_error;      /* last iterate; NaN where the part is absent */
  double best_valid_error, best_valid_loss, best_test_error;  /* at the evaluation with the least validation error
                                                                 (among equals the least loss, then the first) */
  uint64_t best_step;
  double average_valid_error, average_valid_loss, average_test_error, average_test_loss; /* NaN without an average */
  double chosen;          /* mean part of the mini-batches of the last epoch that counted; NaN without a selector */
  double cost;            /* gradient evaluations */
  uint64_t updates;       /* of the weights; steps_done unless an update takes more than one mini-batch */
  double wall_s, cpu_s;   /* this replica's share */
  float *weights;         /* n_logical, owned, when keep_weights and status is OK; evaluation weights */
  double *distance;       /* n_checkpoints, owned, when there are any: Euclidean distance of the evaluation weights to
                             the base's; NaN where either had diverged */
};

/* Train. Returns STATUS_OK when every replica has a result (its own status may be DIVERGED), CANCELLED
 * when the flag was seen (what is finished stands in `result`), BAD_ARG when the request is impossible. */
NODISCARD enum status train_run(const struct exec *x, const struct train_group *g, const struct train_replica *replica,
                                size_t n_replicas, const struct train_sink *sink, struct train_result *result, struct err *e);
void train_result_free(struct train_result *r);

/* Can b join a's group? The engine's own rule, for whoever gathers runs into groups. */
bool train_groupable(const struct train_group *a, const struct train_group *b);

/* Bytes that n replicas in flight need beside the data (with two numbers of optimizer state per parameter and a copy
 * of the best weights): for the help of `doctor` and grouping. SIZE_MAX when that overflows. */
size_t train_memory(const struct train_group *g, const struct net *net, size_t n_replicas);

/* Loss and error of given weights (n_logical) on a part of the data. */
NODISCARD enum status train_evaluate(const struct exec *x, const struct object *model, const struct object *loss,
                                     const struct dataset *data, const struct examples *part, const float *weights,
                                     double *mean_loss, double *mean_error, struct err *e);

/* The same for many weights of one net, one example at a time: w is padded (model.h); loss and error get part->n numbers.
 * net and loss are borrowed. One thread at a time. */
struct train_evaluator;
NODISCARD enum status train_evaluator_new(struct train_evaluator **out, const struct net *net, const struct object *loss, struct err *e);
NODISCARD enum status train_evaluator_run(const struct exec *x, struct train_evaluator *v, const struct examples *part, size_t outputs,
                                          const float *w, double *loss, double *error, struct err *e);
void train_evaluator_free(struct train_evaluator *v);

#endif
