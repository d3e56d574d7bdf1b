/* train_int.h: what the files of the engine share, and the entry that tests use to force a route.
 *
 *   train.c     the front: checks, plan, the loops over blocks and replicas, results
 *   replica.c   the life of one replica: start, one update after the other, evaluations, end
 *   coupled.c   neighbours that leave a base when their example is first drawn
 *   control.c   an update whose rate a controller chooses
 *   gathered.c  an update that takes the mean gradient of several mini-batches
 *   oracle.c    the mini-batch in hand at other points
 *   select.c    which examples of a mini-batch count
 *   step.c      forward, loss and backward of one net on one prepared mini-batch
 *   evaluate.c  loss and error on a part of the data
 *   batch.c     gathering mini-batches
 *
 * All memory is one arena, laid out once: nothing is allocated in the loops. */
#ifndef ASSAY_TRAIN_INT_H
#define ASSAY_TRAIN_INT_H

#include "experiments/kernel/product.h"
#include "experiments/optim/optimizer.h"
#include "experiments/optim/selector.h"
#include "experiments/schedules/batching.h"
#include "experiments/schedules/schedule.h"
#include "experiments/train/train.h"

/* --- arena ----------------------------------------------------------------------------------------- */

/* A layout is run twice: with base NULL to learn the size, then to hand out 64-byte aligned places. */
struct arena {
  char *base;
  size_t used;
  bool overflow;
};
void *arena_take(struct arena *a, size_t count, size_t size);

/* --- batch.c --------------------------------------------------------------------------------------- */

/* One mini-batch, ready for the products. */
struct prepared {
  size_t n, ldb, ldx;
  const float *xr;       /* [n][ldx] row major */
  const float *x;        /* [d][ldb] feature major */
  const int32_t *label;  /* [n] */
  const float *target;   /* [n][target_stride] */
  size_t target_stride;
  const uint32_t *index; /* [n] which examples they are */
};

/* A run of mini-batches, gathered once and used by every replica. */
struct gather {
  const struct dataset *data;
  const struct product *p;
  struct sample_stream *stream;
  size_t batch, ldb, ldx, capacity;
  uint64_t first; /* update number of the first one held */
  size_t count;
  float *xr, *x, *target;
  int32_t *label;
  uint32_t *index;
  const uint32_t *rows; /* the rows that all replicas share; NULL: all */
  bool positions;       /* each replica has rows of its own: only the places in them are gathered */
  /* One mini-batch of one replica alone: with an example replaced, or of its own rows. */
  float *own_xr, *own_x, *own_target;
  int32_t *own_label;
  uint32_t *own_index;
};
size_t gather_bytes(const struct dataset *data, size_t batch); /* of one mini-batch */
void gather_layout(struct gather *g, struct arena *a, bool own);
NODISCARD enum status gather_fill(struct gather *g, uint64_t first, size_t count, struct err *e);
struct prepared gather_at(const struct gather *g, uint64_t t);
/* The same with training example `at` replaced by example `by` of another part (or the same), wherever it occurs. */
struct prepared gather_replaced(const struct gather *g, uint64_t t, size_t at, const struct examples *from, size_t by);
/* The mini-batch whose places stand for these training examples. */
struct prepared gather_rows(const struct gather *g, uint64_t t, const uint32_t *rows);
/* Does any gathered mini-batch hold training example `at`? */
bool gather_draws(const struct gather *g, size_t at);

/* --- step.c ---------------------------------------------------------------------------------------- */

struct workspace {
  const struct net *net;
  const struct object *loss;
  const struct product *p;
  size_t lanes;                       /* examples that the buffers hold */
  float *act[NET_MAX_LAYERS];         /* output of each layer, [out][ldb] */
  float *pre[NET_MAX_LAYERS];         /* what goes into its activation, where that is needed (gelu) */
  float *delta, *next;                /* derivatives with respect to a layer's output and input */
  float *rows;                        /* a layer's input, row major */
  float *sums;                        /* gradient of a layer's biases */
  float *filters, *lane_sums;         /* convolutions: gradient of the weights, and scratch for it */
  double *losses, *errors, *scratch;
  double *weights;                    /* of the examples, where a selector chooses, */
  float *factors;                     /* and what they multiply the derivatives of the mean loss with */
  bool weighted;                      /* do both hold for the update in hand? */
  float *eval_x, *eval_w;             /* inputs and weights under evaluation */
  float *grad;                        /* flat gradient, where an update is not fused */
};
void workspace_layout(struct workspace *ws, struct arena *a, bool unfused);
/* Outputs of the net with weights w: ws->act of the last layer. */
void step_forward(struct workspace *ws, const float *w, const float *x, size_t ldb);
/* Mean loss of what step_forward left; the derivatives go to ws->delta. */
double step_loss(struct workspace *ws, const struct prepared *b);
/* The same again, once ws->weights and ws->factors are known, from what step_loss left; where all weights are 0,
 * the mean loss. step_loss does it where ws->weighted. */
double step_weigh(struct workspace *ws, const struct prepared *b);
/* Losses (and errors) of n examples of which step_forward left the outputs. */
void step_losses(struct workspace *ws, size_t n, size_t ldb, const int32_t *label, const float *target, size_t target_stride);
/* Gradient from ws->delta into grad (n_params, padding 0). False if it is not finite. */
bool step_gradient(struct workspace *ws, const float *w, const struct prepared *b, float *grad);
/* The same applied at once to w and the momentum v, to layer l by rule u[l]. */
bool step_update(struct workspace *ws, float *w, float *v, const struct prepared *b, const struct product_update *u);

/* --- evaluate.c ------------------------------------------------------------------------------------ */

#define EVALUATE_BLOCK 128 /* examples at a time */
/* Mean loss and error of weights w (padded); both NaN if the part is empty. */
NODISCARD enum status evaluate_part(const struct exec *x, struct workspace *ws, const struct examples *part, size_t outputs,
                                    const float *w, double *loss, double *error, struct err *e);

/* --- replica.c ------------------------------------------------------------------------------------- */

struct replica {
  const struct train_replica *how;
  size_t id;
  struct train_result *out;
  float *w, *best;         /* weights; copy at the best evaluation */
  void *state, *control_state, *average_state, *select_state;
  uint32_t *mask;          /* all ones where a weight may move, padded; NULL: no mask */
  struct momentum_form form;
  bool momentum, fused;    /* the optimizer is of that form; and its update is fused into the gradient */
  bool done, best_is_last;
  bool waits;              /* a neighbour that is still the base */
  struct gathering {       /* of an update that takes several mini-batches, where there is batching */
    void *state;
    double *mean, *group[BATCHING_GROUPS]; /* mean gradients so far: of the update, and of its groups where the rule looks at them */
    size_t wanted, count;  /* mini-batches of the update in hand, and how many of them have been */
  } gathering;
  double own_momentum;     /* of the optimizer, where the schedule may set another */
  double lr;               /* of the last update */
  double chosen;           /* part of the last mini-batch that counted */
  double chosen_sum;       /* over the last epoch */
  double loss_sum;         /* over the last epoch */
  uint64_t loss_count;
  double epoch_sum;        /* over the epoch in hand, with until_loss */
};

struct engine {
  const struct exec *x;
  const struct train_group *g;
  const struct train_sink *sink;
  struct net net;
  struct workspace ws;
  struct gather gather;
  struct replica *replica;
  size_t n_replicas, batch;
  size_t n;                /* examples that each replica trains on */
  float *base_w;           /* coupled: the base's evaluation weights */
  size_t checkpoint;       /* the next one */
  bool unfused;            /* tests: never fuse */
  bool best_apart;         /* best weights must be kept for the test part */
  float *trial, *direction;/* controllers: a point, a direction, */
  void *trial_state;       /* and an optimizer state to try */
  size_t trial_state_size;
  float *asked, *answer;   /* where controllers and rules ask beside the gradient: a point or vector, what comes of it, */
  void *hvp_scratch;       /* and buffers of Hessian-vector products; NULL: nobody needs them */
  double last_progress_s;
};

void replica_plan(struct engine *g, struct replica *r); /* which route: from the descriptors alone */
void replica_layout(const struct engine *g, struct replica *r, struct arena *a);
/* Replicas that end (finished, diverged, failed) are marked done and have their result. */
void replica_start(struct engine *g, struct replica *r);
/* Update t. Only CANCELLED is returned as a status of the whole run. */
NODISCARD enum status replica_update(struct engine *g, struct replica *r, uint64_t t);
void replica_fail(struct replica *r, enum status s, const struct err *e);
/* The weights that are evaluated; may stand in ws.eval_w. */
const float *replica_weights(struct engine *g, const struct replica *r);
/* Apply the optimizer's rule with gradient grad (finite). oracle: for rules that ask beside it. */
NODISCARD enum status replica_apply(struct engine *g, struct replica *r, float *w, void *state, const float *grad, uint64_t t,
                                    double lr, struct oracle *oracle, struct err *e);
/* The momentum of the update, as a schedule or controller says; NaN: the optimizer's own. BAD_ARG where it has none. */
NODISCARD enum status replica_set_momentum(struct replica *r, const struct object *who, double mu, struct err *e);
void mask_apply(const uint32_t *mask, float *x, size_t n);

/* --- coupled.c ------------------------------------------------------------------------------------- */

NODISCARD enum status coupled_check(const struct engine *g, struct err *e);
NODISCARD enum status coupled_start(struct engine *g, struct err *e);
/* Updates until the next checkpoint, at most `most`: blocks end there. */
size_t coupled_limit(const struct engine *g, uint64_t t, size_t most);
/* Should this replica do the gathered block? A waiting neighbour starts here if its example is in it. */
bool coupled_joins(struct engine *g, struct replica *r);
/* t updates are done: take the distances if this is a checkpoint. */
void coupled_measure(struct engine *g, uint64_t t);
/* Neighbours that waited while the base diverged have diverged with it. */
void coupled_finish(struct engine *g);

/* --- oracle.c -------------------------------------------------------------------------------------- */

/* Who asks, at weights r->w and mini-batch b. */
struct asking {
  struct engine *g;
  struct replica *r;
  const struct prepared *b;
};
/* loss: of the mini-batch at r->w. The answers leave ws->act and ws->delta of the last question; ws->grad stays. */
struct oracle asking_oracle(struct asking *s, double loss);

/* --- select.c -------------------------------------------------------------------------------------- */

const struct selector *replica_selector(const struct train_replica *how); /* NULL: none */
size_t select_state_size(const struct train_replica *how);
/* Let the selector weigh the examples, whose losses step_loss left, for update t; the loss of those that count. */
double select_examples(struct engine *g, struct replica *r, const struct prepared *b, uint64_t t);
/* --- gathered.c ------------------------------------------------------------------------------------ */

NODISCARD enum status gathered_check(const struct engine *g, const struct train_replica *r, struct err *e);
void gathered_layout(const struct engine *g, struct replica *r, struct arena *a);
void gathered_start(struct replica *r);
/* Mini-batch t begins: at the first of an update, how many it takes, and its rate from r->lr, which is the schedule's. */
void gathered_begin(const struct engine *g, struct replica *r, uint64_t t);
/* Take in the gradient of mini-batch t, ws.grad. True where the update is complete: ws.grad is then its gradient. */
bool gathered_take(struct engine *g, struct replica *r, uint64_t t);

/* --- control.c ------------------------------------------------------------------------------------- */

/* Ask the controller for the rate of update t, whose loss and gradient (ws.grad) are known. Adds the cost
 * of what it evaluated to the replica's. */
NODISCARD enum status control_rate(struct engine *g, struct replica *r, const struct prepared *b, uint64_t t, double loss,
                                   double *lr, struct err *e);

/* --- train.c --------------------------------------------------------------------------------------- */

/* The same method with the same parameters; both may be NULL. */
bool train_same_object(const struct object *a, const struct object *b);

/* Routes that must not change a bit: for tests. */
struct train_tuning {
  const struct product *product; /* NULL: the best */
  bool unfused;                  /* gradient first, then the rule */
  size_t block_bytes;            /* gathered mini-batches; 0: by the plan */
};
NODISCARD enum status train_run_tuned(const struct exec *x, const struct train_group *g, const struct train_replica *replica,
                                      size_t n_replicas, const struct train_sink *sink, struct train_result *result,
                                      const struct train_tuning *tuning, struct err *e);

#endif
