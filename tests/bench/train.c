/* train.c: throughput of the training engine on the jobs of the README's table.
 *
 *   bench_train JOB [PLAN]     one line: configuration-samples per CPU second, then GFLOP/s
 *
 * One configuration-sample is one example used by one replica for one update. Data are random and in
 * memory, batches are drawn without replacement, the optimizer is heavy-ball with momentum 0.9, as on the
 * other side (peer_torch.py). tests/bench/run prints both as a ratio. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "experiments/kernel/mem.h"
#include "experiments/registry.h"
#include "experiments/train/train.h"

struct job {
  const char *name;
  const char *model, *hidden; /* hidden NULL: the model has none, or its default */
  int64_t d, classes, examples, batch;
  size_t replicas;
  uint64_t steps;
  double mflop; /* per sample: forward, weight gradient, input gradient (none for the first layer) */
};

static const struct job jobs[] = {
    {"mlp", "mlp", "256,256", 784, 10, 20000, 64, 1, 4000, 1.211},
    {"mlp-sweep", "mlp", "256,256", 784, 10, 20000, 64, 64, 100, 1.211},
    {"small-sweep", "mlp", "32,32", 784, 10, 20000, 64, 64, 600, 0.108},
    {"tiny-sweep", "mlp", "32,32", 20, 2, 20000, 32, 64, 8000, 0.0091},
    {"softmax-sweep", "softmax", NULL, 784, 10, 20000, 64, 64, 1000, 0.0314},
    {"convnet", "convnet", NULL, 784, 10, 20000, 64, 1, 400, 5.96},
};

static void stop(const struct err *e)
{
  fprintf(stderr, "bench_train: %s\n", e->message);
  exit(1);
}

static struct object make(enum kind kind, const char *id, const struct named_value *v, size_t n)
{
  struct object o;
  struct err e = {0};
  if (registry_object(&o, kind, id, v, n, &e))
    stop(&e);
  return o;
}

static struct named_value real(const char *name, double r) { return (struct named_value){name, {VALUE_REAL, {.r = r}}}; }
static struct named_value word(const char *name, const char *s) { return (struct named_value){name, {VALUE_STRING, {.s = s}}}; }

/* A data set by hand: normal inputs, labels in turn. */
static struct dataset make_data(const struct job *j)
{
  struct dataset data = {.task = TASK_CLASSES, .d = (size_t)j->d, .classes = (size_t)j->classes, .outputs = (size_t)j->classes};
  size_t n = (size_t)j->examples, stride = round_up(data.d, 16);
  struct rng r = rng_make(1, RNG_TEST, 0);
  struct err e = {0};
  void *x, *label;
  if (mem_new(&x, n * stride, sizeof(float), "inputs", &e) || mem_new(&label, n, sizeof(int32_t), "labels", &e))
    stop(&e);
  for (size_t i = 0; i < n; i++) {
    rng_fill_normal_f32(&r, (float *)x + i * stride, data.d, 0, 1);
    ((int32_t *)label)[i] = (int32_t)(i % data.classes);
  }
  data.train = (struct examples){.n = n, .d = data.d, .stride = stride, .x = x, .label = label};
  return data;
}

static void free_data(struct dataset *data)
{
  free((void *)data->train.x);
  free((void *)data->train.label);
}

static double cpu_now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double run_job(const struct job *j, enum train_plan plan)
{
  struct dataset data = make_data(j);
  struct named_value hidden = word("hidden", j->hidden);
  struct object model = make(KIND_MODEL, j->model, &hidden, j->hidden ? 1 : 0);
  struct object loss = make(KIND_LOSS, "cross-entropy", NULL, 0), sampler = make(KIND_SAMPLER, "random-reshuffling", NULL, 0);
  struct object *schedule = xcalloc(j->replicas, sizeof *schedule), *optimizer = xcalloc(j->replicas, sizeof *optimizer);
  struct train_replica *replica = xcalloc(j->replicas, sizeof *replica);
  struct train_result *result = xcalloc(j->replicas, sizeof *result);
  struct named_value momentum = real("momentum", 0.9);
  for (size_t r = 0; r < j->replicas; r++) {
    struct named_value peak = real("peak", 1e-4 * pow(1e2, (double)r / 64));
    schedule[r] = make(KIND_SCHEDULE, "constant", &peak, 1);
    optimizer[r] = make(KIND_OPTIMIZER, "heavy-ball", &momentum, 1);
    replica[r] = (struct train_replica){.optimizer = &optimizer[r], .schedule = &schedule[r], .init_seed = 1};
  }
  struct train_group group = {.data = &data, .model = &model, .loss = &loss, .sampler = &sampler, .batch = (size_t)j->batch,
                              .steps = j->steps, .order_seed = 1, .plan = plan};
  struct exec x = {.threads = 1};
  struct err e = {0};
  double start = cpu_now();
  if (train_run(&x, &group, replica, j->replicas, NULL, result, &e))
    stop(&e);
  double seconds = cpu_now() - start;
  for (size_t r = 0; r < j->replicas; r++) {
    if (result[r].status)
      stop(&result[r].error);
    train_result_free(&result[r]);
    object_free(&schedule[r]), object_free(&optimizer[r]);
  }
  object_free(&model), object_free(&loss), object_free(&sampler);
  free(schedule), free(optimizer), free(replica), free(result);
  free_data(&data);
  return (double)(j->replicas * j->steps) * (double)j->batch / seconds;
}

int main(int argc, char **argv)
{
  enum train_plan plan = TRAIN_PLAN_AUTO;
  for (int p = 0; argc > 2 && train_plan_names[p]; p++)
    if (!strcmp(argv[2], train_plan_names[p]))
      plan = (enum train_plan)p;
  for (size_t i = 0; argc > 1 && i < sizeof jobs / sizeof *jobs; i++)
    if (!strcmp(argv[1], jobs[i].name)) {
      double rate = run_job(&jobs[i], plan);
      printf("%.0f %.1f\n", rate, rate * jobs[i].mflop * 1e-3);
      return 0;
    }
  fprintf(stderr, "usage: bench_train JOB [PLAN]; jobs:");
  for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++)
    fprintf(stderr, " %s", jobs[i].name);
  fputc('\n', stderr);
  return 2;
}
