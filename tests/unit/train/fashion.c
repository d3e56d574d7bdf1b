/* fashion.c: one short epoch on real images: an mlp with 256 and 256 units on 20,000 examples of Fashion-MNIST. */
#include <unistd.h>

#include "tests/unit/train/trainer.h"

extern const struct data_method data_fashion_mnist;

#define FOLDER "/usr/share/datasets/fashion-mnist"

static struct dataset *load(void)
{
  struct named_value counts[] = {{"train", {.kind = VALUE_INT, .as.i = 20000}},
                                 {"valid", {.kind = VALUE_INT, .as.i = 1000}},
                                 {"test", {.kind = VALUE_INT, .as.i = 2000}}};
  struct object o = object_of(&data_fashion_mnist.m, counts, 3);
  struct data_env env = {0};
  struct dataset *data;
  struct err e;
  if (dataset_load(&data, &o, &env, &e))
    tap_bail("%s", e.message);
  object_free(&o);
  return data;
}

int main(void)
{
  if (access(FOLDER "/train-images-idx3-ubyte.gz", R_OK) != 0) {
    tap_skip(3, "dataset-fashion-mnist is not installed");
    return tap_done();
  }
  struct dataset *data = load();
  struct object model = plain(&model_mlp.m), l = plain(&loss_cross_entropy.m), o = plain(&optimizer_heavy_ball.m);
  struct object sampler = plain(&sampler_random_reshuffling.m), schedule = at_peak(&schedule_cosine, 0.02);
  struct train_result result;
  struct train_group g = {.data = data, .model = &model, .loss = &l, .sampler = &sampler, .batch = 64,
                          .steps = (data->train.n + 63) / 64, .order_seed = 1, .eval_every = 200};
  struct train_replica r = {.optimizer = &o, .schedule = &schedule, .init_seed = 1};
  train(&g, &r, 1, NULL, &result, NULL);
  tap_diag("test error %.4f, loss %.4f, %.0f samples per CPU second", result.test_error, result.test_loss,
           (double)(g.steps * g.batch) / result.cpu_s);
  tap_ok(1 - result.test_error > 0.80, "an epoch of 20,000 examples gives a test accuracy over 0.80 (%.3f)", 1 - result.test_error);
  tap_ok(result.train_loss < 0.8, "the mean loss of the epoch is under 0.8 (%.3f)", result.train_loss);
  tap_ok(result.best_valid_error <= result.valid_error && (result.best_step % 200 == 0 || result.best_step == g.steps),
         "the best evaluation is one of those asked for");
  train_result_free(&result);
  object_free(&model), object_free(&l), object_free(&o), object_free(&sampler), object_free(&schedule);
  dataset_release(data);
  return tap_done();
}
