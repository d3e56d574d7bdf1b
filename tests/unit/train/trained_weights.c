/* trained_weights.c: weights trained elsewhere (PyTorch) give the accuracy, loss and logits that their makers state:
 * data.md section 2. Also how a file that does not fit is refused. */
#include <math.h>
#include <unistd.h>

#include "experiments/data/read_npy.h"
#include "experiments/data/read_safetensors.h"
#include "experiments/models/weights.h"
#include "tests/unit/data/local.h"
#include "tests/unit/train/trainer.h"

extern const struct data_method data_idx;

static struct dataset *load_images(const char *images, const char *labels)
{
  struct named_value files[] = {set_string("images", images), set_string("labels", labels),
                                {"valid", {.kind = VALUE_INT, .as.i = 0}}};
  struct object o = object_of(&data_idx.m, files, 3);
  struct data_env env = {0};
  struct dataset *data;
  struct err e;
  if (dataset_load(&data, &o, &env, &e))
    tap_bail("%s", e.message);
  object_free(&o);
  return data;
}

/* The file's weights in logical order. Caller frees. */
static float *take(struct net *net, const struct object *model, const struct dataset *d, const char *path)
{
  struct tensors file;
  struct io_shape io = {d->d, d->outputs};
  struct err e;
  void *w;
  if (safetensors_read(&file, path, &e) || ((const struct model *)model->method)->build(model->conf, &io, net, &e) ||
      mem_new(&w, net->n_logical, sizeof(float), "weights", &e) || weights_take(net, &file, w, &e))
    tap_bail("%s", e.message);
  tensors_free(&file);
  return w;
}

/* The logits of the first 16 images. Two float32 programs that sum some 800 products in different orders differ by
 * about the square root of that many roundings of numbers up to 10: 30 * 10 * 2^-24 = 2e-5. */
static void check_logits(const struct net *net, const struct object *loss, const struct dataset *d, const float *w,
                         const char *path, const char *name)
{
  struct tensors stated;
  struct err e;
  double mean, worst = 0;
  float outputs[160];
  struct batch b = batch_of(&d->train, d->outputs, NULL, 16);
  float *padded = xcalloc(net->n_params, sizeof *padded);
  net_pack_f32(net, w, padded);
  if (npy_read(&stated, path, &e) || net_loss_f32(net, loss, padded, &b, &mean, NULL, NULL, outputs, &e))
    tap_bail("%s", e.message);
  for (size_t i = 0; i < 160 && stated.t->count == 160; i++)
    worst = fmax(worst, fabs(tensor_get(stated.t, i) - (double)outputs[i]));
  tap_ok(stated.t->count == 160 && worst < 2e-5, "%s: the first 16 rows of logits agree (%.1e)", name, worst);
  tensors_free(&stated);
  free(padded);
}

static void check_model(const struct object *model, const struct dataset *d, const char *name, int right, double nll)
{
  struct net net = {0};
  struct exec exec = {.threads = 1};
  struct object loss = plain(&loss_cross_entropy.m);
  struct err e;
  char file[128], logits[128];
  double mean, error;
  snprintf(file, sizeof file, "models/%s.safetensors", name);
  snprintf(logits, sizeof logits, "models/%s_logits_t10k_first16.npy", name);
  float *w = take(&net, model, d, shared_path(file));
  if (train_evaluate(&exec, model, &loss, d, &d->train, w, &mean, &error, &e))
    tap_bail("%s", e.message);
  tap_is_int(lround((1 - error) * 10000), right, "%s: right of 10000", name);
  tap_near(mean, nll, 0, 6e-7, "%s: nll, to the six stated digits", name);
  check_logits(&net, &loss, d, w, shared_path(logits), name);
  free(w);
  object_free(&loss);
}

static void check_lenet300(void)
{
  const char *images = "/usr/share/datasets/fashion-mnist/t10k-images-idx3-ubyte.gz";
  if (!shared_path("models/lenet300_fashion.safetensors") || access(images, R_OK) != 0) {
    tap_skip(3, "lenet300_fashion or Fashion-MNIST is absent");
    return;
  }
  static const double widths[] = {300, 100};
  struct named_value hidden = set_list("hidden", widths, 2);
  struct object model = object_of(&model_mlp.m, &hidden, 1);
  struct dataset *d = load_images(images, "/usr/share/datasets/fashion-mnist/t10k-labels-idx1-ubyte.gz");
  check_model(&model, d, "lenet300_fashion", 8956, 0.297423);
  dataset_release(d);
  object_free(&model);
}

static void check_lenet5(void)
{
  char images[1024];
  static const double channels[] = {20, 50}, width = 500;
  if (!shared_path("models/lenet5_mnist.safetensors") || !shared_path("mnist/t10k-labels-idx1-ubyte.gz")) {
    tap_skip(3, "lenet5_mnist or MNIST is absent");
    return;
  }
  struct named_value v[] = {set_list("channels", channels, 2), set_list("hidden", &width, 1),
                            {"kernel", {.kind = VALUE_INT, .as.i = 5}}, set_string("padding", "valid"),
                            set_string("conv_activation", "none")};
  struct object model = object_of(&model_convnet.m, v, 5);
  snprintf(images, sizeof images, "%s", shared_path("mnist/t10k-images-idx3-ubyte.gz"));
  struct dataset *d = load_images(images, shared_path("mnist/t10k-labels-idx1-ubyte.gz"));
  check_model(&model, d, "lenet5_mnist", 9910, 0.025271);
  dataset_release(d);
  object_free(&model);
}

/* A file of dense layers whose element k is k, all tensors together. */
static struct tensors make_file(size_t n, const char *const *names, const size_t (*dims)[2], float *numbers)
{
  struct tensors f = {.file = whole_of("made", NULL, 0), .n = n, .t = xcalloc(n, sizeof *f.t)};
  size_t at = 0, bytes;
  for (size_t i = 0; i < n; i++) {
    struct tensor *t = &f.t[i];
    t->name = xstrdup(names[i]);
    t->type = ELEMENT_F32;
    t->ndim = dims[i][1] ? 2 : 1;
    memcpy(t->dim, dims[i], sizeof dims[i]);
    if (!tensor_measure(t, &bytes))
      tap_bail("a made file overflows");
    t->data = (const unsigned char *)(numbers + at);
    for (size_t k = 0; k < t->count; k++, at++)
      numbers[at] = (float)at;
  }
  return f;
}

static void check_order(void)
{
  /* as PyTorch sorts the names of a Sequential: "10" comes before "2" */
  static const char *const names[] = {"10.bias", "10.weight", "2.bias", "2.weight"};
  static const size_t dims[][2] = {{2, 0}, {2, 3}, {3, 0}, {3, 4}};
  static const double width = 3;
  float numbers[64], w[64];
  struct named_value hidden = set_list("hidden", &width, 1);
  struct object model = object_of(&model_mlp.m, &hidden, 1);
  struct tensors f = make_file(4, names, dims, numbers);
  struct io_shape io;
  struct net net = {0};
  struct err e = {0};
  tap_ok(weights_shape(&f, &io, &e) == STATUS_OK && io.in == 4 && io.out == 2, "the file tells 4 inputs and 2 outputs");
  if (model_mlp.build(model.conf, &io, &net, &e))
    tap_bail("%s", e.message);
  tap_ok(weights_take(&net, &f, w, &e) == STATUS_OK && w[0] == 11 && w[12] == 8 && w[15] == 2 && w[21] == 0,
         "layer 2 comes before layer 10, weights before biases %s", e.message);
  numbers[5] = INFINITY;
  tap_ok(weights_take(&net, &f, w, &e) == STATUS_BAD_DATA && strstr(e.message, "not finite"), "refused: %s", e.message);
  f.t[1].dim[1] = 6;
  tap_ok(weights_take(&net, &f, w, &e) == STATUS_BAD_DATA && strstr(e.message, "needs a weight of 2 x 3"), "refused: %s", e.message);
  f.t[1].ndim = 1;
  tap_ok(weights_take(&net, &f, w, &e) == STATUS_BAD_DATA && strstr(e.message, "neither"), "refused: %s", e.message);
  tensors_free(&f);
  object_free(&model);
}

int main(void)
{
  check_lenet300();
  check_lenet5();
  check_order();
  return tap_done();
}
