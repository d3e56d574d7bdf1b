/* image_files.c: see image_files.h. */
#include "experiments/data/image_files.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "experiments/data/read_idx.h"
#include "experiments/kernel/mem.h"
#include "experiments/kernel/vec.h"

#define CHUNK_BYTES (256 * 1024) /* decompressed at a time: stays in cache until it is converted */
#define CLASSES_MAX 1000000

const char *const pixel_scale_names[] = {"unit", "standard", NULL};

/* A file of images and its file of labels, open. */
struct pair {
  struct idx images;
  int32_t *label; /* all of the file, owned */
  size_t n, d;
  size_t taken;   /* examples read or skipped */
  int32_t largest;
};

static enum status check_label(const struct idx *x, size_t i, double v, size_t classes, struct err *e)
{
  size_t limit = classes ? classes : CLASSES_MAX;
  if (v >= 0 && v < (double)limit && v == trunc(v))
    return STATUS_OK;
  return err_set(e, STATUS_BAD_DATA, "%s: byte %llu: label %g of example %zu is out of range; labels must be 0 to %zu",
                 bytes_path(x->source), idx_byte(x, i), v, i + 1, limit - 1);
}

static enum status convert_labels(struct pair *p, struct idx *x, size_t classes, struct err *e)
{
  double v[1024];
  enum status s = STATUS_OK;
  for (size_t i = 0; i < p->n && s == STATUS_OK;) {
    size_t now = p->n - i < 1024 ? p->n - i : 1024;
    s = idx_read(x, v, now, e);
    for (size_t k = 0; k < now && s == STATUS_OK; k++) {
      s = check_label(x, i + k, v[k], classes, e);
      if (s != STATUS_OK)
        break;
      p->label[i + k] = (int32_t)v[k];
      p->largest = p->label[i + k] > p->largest ? p->label[i + k] : p->largest;
    }
    i += now;
  }
  return s == STATUS_OK ? idx_finish(x, e) : s;
}

static enum status read_labels(struct pair *p, const char *path, size_t classes, struct err *e)
{
  struct idx x;
  char shape[IDX_SHAPE_MAX];
  void *label = NULL;
  enum status s = idx_open(&x, path, e);
  if (s != STATUS_OK)
    return s;
  if (x.ndim != 1)
    s = err_set(e, STATUS_BAD_DATA, "%s: byte 3: labels must be a list, but their shape is %s", path,
                idx_shape(&x, shape));
  else if (x.count != p->n)
    s = err_set(e, STATUS_BAD_DATA, "%s: byte 4: %zu labels, but %s has %zu examples", path, x.count,
                bytes_path(p->images.source), p->n);
  else
    s = mem_new(&label, p->n, sizeof *p->label, "labels", e);
  p->label = label;
  if (label)
    s = convert_labels(p, &x, classes, e);
  idx_close(&x);
  return s;
}

static void pair_close(struct pair *p)
{
  idx_close(&p->images);
  free(p->label);
  p->label = NULL;
}

static enum status pair_open(struct pair *p, const char *images, const char *labels, size_t classes, struct err *e)
{
  char shape[IDX_SHAPE_MAX];
  *p = (struct pair){0};
  enum status s = idx_open(&p->images, images, e);
  if (s != STATUS_OK)
    return s;
  p->n = p->images.dim[0];
  if (p->images.ndim < 2 || p->images.count == 0)
    s = err_set(e, STATUS_BAD_DATA, "%s: byte 4: inputs must be at least 1 x 1, but their shape is %s", images,
                idx_shape(&p->images, shape));
  else
    p->d = p->images.count / p->n;
  if (s == STATUS_OK)
    s = read_labels(p, labels, classes, e);
  if (s != STATUS_OK)
    pair_close(p);
  return s;
}

/* rows [from, to) of u8 inputs, through a table of the 256 results. */
static enum status read_bytes(struct pair *p, struct examples *part, const float unit[256], uint8_t *raw, size_t from,
                              size_t to, struct err *e)
{
  enum status s = idx_read_u8(&p->images, raw, (to - from) * p->d, e);
  for (size_t i = from; i < to && s == STATUS_OK; i++) {
    float *row = part_row(part, i);
    const uint8_t *byte = raw + (i - from) * p->d;
    for (size_t j = 0; j < p->d; j++)
      row[j] = unit[byte[j]];
  }
  return s;
}

static enum status read_numbers(struct pair *p, struct examples *part, double *raw, size_t from, size_t to,
                                struct err *e)
{
  size_t first = p->images.read;
  enum status s = idx_read(&p->images, raw, (to - from) * p->d, e);
  for (size_t k = 0; k < (to - from) * p->d && s == STATUS_OK; k++) {
    if (!(fabs(raw[k]) <= (double)FLT_MAX))
      return err_set(e, STATUS_BAD_DATA, "%s: byte %llu: %g in example %zu is not a finite float32",
                     bytes_path(p->images.source), idx_byte(&p->images, first + k), raw[k], (first + k) / p->d + 1);
    part_row(part, from + k / p->d)[k % p->d] = (float)raw[k];
  }
  return s;
}

/* The next n examples of the pair become `part`. */
static enum status read_part(struct pair *p, struct examples *part, size_t n, const struct exec *x, struct err *e)
{
  bool bytes = p->images.type == IDX_U8;
  float unit[256];
  void *raw;
  size_t at_once = CHUNK_BYTES / p->d + 1;
  enum status s = part_new(part, n, p->d, TASK_CLASSES, 0, e);
  if (s != STATUS_OK || n == 0)
    return s;
  s = mem_new(&raw, at_once * p->d, bytes ? 1 : sizeof(double), "rows of the file", e);
  if (s != STATUS_OK)
    return s;
  for (int b = 0; b < 256; b++)
    unit[b] = (float)(b / 255.0);
  for (size_t i = 0; i < n && s == STATUS_OK; i += at_once) {
    size_t end = n - i < at_once ? n : i + at_once;
    s = data_cancelled(x, e);
    if (s == STATUS_OK)
      s = bytes ? read_bytes(p, part, unit, raw, i, end, e) : read_numbers(p, part, raw, i, end, e);
  }
  for (size_t i = 0; i < n; i++)
    part_labels(part)[i] = p->label[p->taken + i];
  p->taken += n;
  free(raw);
  return s;
}

/* After all that was wanted: what the end of the file can tell, if it has been reached. */
static enum status pair_finish(struct pair *p, struct err *e)
{
  return p->images.read == p->images.count ? idx_finish(&p->images, e) : STATUS_OK;
}

/* Where validation starts, and how many go where. */
struct plan {
  size_t train, valid, valid_from;
};

static enum status make_plan(struct plan *plan, const struct pair *p, const struct data_counts *c, struct err *e)
{
  size_t sixth = p->n / 6;
  plan->valid = c->valid == PARAM_AUTO_INT ? sixth : (size_t)c->valid;
  if (plan->valid > p->n)
    return err_set(e, STATUS_BAD_ARG, "valid is %zu, but the training file has %zu examples", plan->valid, p->n);
  plan->valid_from = plan->valid == 0 ? p->n : p->n - (plan->valid > sixth ? plan->valid : sixth);
  plan->train = c->train == PARAM_AUTO_INT ? plan->valid_from : (size_t)c->train;
  if (plan->train == 0 || plan->train > plan->valid_from)
    return err_set(e, STATUS_BAD_ARG,
                   "train is %zu, but %zu of %zu examples are left beside those set aside for validation%s",
                   plan->train, plan->valid_from, p->n, plan->valid ? " (valid = 0 sets none aside)" : "");
  return STATUS_OK;
}

static enum status load_training(struct dataset *out, struct pair *p, const struct data_counts *counts,
                                 const struct exec *x, struct err *e)
{
  struct plan plan = {0};
  enum status s = make_plan(&plan, p, counts, e);
  if (s == STATUS_OK)
    s = read_part(p, &out->train, plan.train, x, e);
  if (s == STATUS_OK && plan.valid) {
    s = idx_skip(&p->images, (plan.valid_from - plan.train) * p->d, e);
    p->taken = plan.valid_from;
    if (s == STATUS_OK)
      s = read_part(p, &out->valid, plan.valid, x, e);
  }
  return s == STATUS_OK ? pair_finish(p, e) : s;
}

static enum status load_test(struct dataset *out, const struct image_files *f, const struct data_counts *counts,
                             int32_t *largest, const struct exec *x, struct err *e)
{
  struct pair p;
  enum status s = pair_open(&p, f->test_images, f->test_labels, f->classes, e);
  if (s != STATUS_OK)
    return s;
  size_t n = counts->test == PARAM_AUTO_INT ? p.n : (size_t)counts->test;
  *largest = p.largest;
  if (n > p.n)
    s = err_set(e, STATUS_BAD_ARG, "test is %zu, but %s has %zu examples", n, f->test_images, p.n);
  else if (p.d != out->d)
    s = err_set(e, STATUS_BAD_DATA, "%s: byte 4: %zu inputs per example, but %zu in the training file", f->test_images,
                p.d, out->d);
  if (s == STATUS_OK)
    s = read_part(&p, &out->test, n, x, e);
  if (s == STATUS_OK)
    s = pair_finish(&p, e);
  pair_close(&p);
  return s;
}

/* (x - mean)/sd with one mean and one sd, those of the training part. */
static void standardize(struct dataset *out)
{
  struct examples *parts[] = {&out->train, &out->valid, &out->test};
  const struct examples *t = &out->train;
  double sum = 0, square = 0, count = (double)t->n * (double)t->d;
  for (size_t i = 0; i < t->n; i++)
    sum += vec_sum_f32(t->x + i * t->stride, t->d);
  double mean = sum / count;
  for (size_t i = 0; i < t->n; i++)
    for (size_t j = 0; j < t->d; j++) {
      double deviation = (double)t->x[i * t->stride + j] - mean;
      square += deviation * deviation;
    }
  double sd = sqrt(square / count), inverse = sd > 0 ? 1 / sd : 1;
  for (int k = 0; k < 3; k++)
    for (size_t i = 0; i < parts[k]->n; i++) {
      float *row = part_row(parts[k], i);
      for (size_t j = 0; j < t->d; j++)
        row[j] = (float)(((double)row[j] - mean) * inverse);
    }
}

enum status images_load(struct dataset *out, const struct image_files *f, const struct data_counts *counts,
                        enum pixel_scale scale, const struct exec *x, struct err *e)
{
  struct pair p;
  int32_t largest = 0;
  bool test = f->test_images && counts->test != 0;
  enum status s = pair_open(&p, f->images, f->labels, f->classes, e);
  if (s != STATUS_OK)
    return s;
  out->task = TASK_CLASSES;
  out->d = p.d;
  s = load_training(out, &p, counts, x, e);
  if (s == STATUS_OK && test)
    s = load_test(out, f, counts, &largest, x, e);
  out->classes = f->classes ? f->classes : (size_t)(p.largest > largest ? p.largest : largest) + 1;
  if (s == STATUS_OK && scale == SCALE_STANDARD)
    standardize(out);
  pair_close(&p);
  return s;
}
