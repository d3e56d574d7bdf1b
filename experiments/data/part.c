/* part.c: memory of the parts of a data set, paths, and other small things that data sets share. */
#include <stdlib.h>
#include <unistd.h>

#include "experiments/data/data_int.h"
#include "experiments/kernel/mem.h"

const char *const data_task_names[] = {"classes", "regression", NULL};

/* Linux grants more memory than there is and kills whoever uses it: so ask before. */
enum status data_check_room(size_t n, size_t d, size_t bytes, struct err *e)
{
  long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
  double there = (double)pages * (double)page;
  if (pages <= 0 || page <= 0 || (double)bytes <= there)
    return STATUS_OK;
  return err_set(e, STATUS_NO_MEMORY, "%zu examples of %zu inputs need %.3g GB; this machine has %.3g GB", n, d,
                 (double)bytes / 1e9, there / 1e9);
}

enum status part_new(struct examples *p, size_t n, size_t d, enum task task, size_t outputs, struct err *e)
{
  size_t stride, numbers, bytes;
  void *x = NULL, *label = NULL, *target = NULL;
  *p = (struct examples){0};
  if (n == 0)
    return STATUS_OK;
  if (d > SIZE_MAX - 16 || !size_mul(n, stride = round_up(d, 16), &numbers) ||
      !size_mul(numbers, sizeof(float), &bytes))
    return err_set(e, STATUS_NO_MEMORY, "%zu examples of %zu inputs are more than this machine can address", n, d);
  enum status s = data_check_room(n, d, bytes, e);
  if (s == STATUS_OK)
    s = mem_new(&x, numbers, sizeof(float), "inputs", e);
  if (s == STATUS_OK && task == TASK_CLASSES)
    s = mem_new(&label, n, sizeof(int32_t), "labels", e);
  if (s == STATUS_OK && task == TASK_REGRESSION && !size_mul(n, outputs, &numbers))
    s = err_set(e, STATUS_NO_MEMORY, "%zu targets of %zu numbers are more than this machine can address", n, outputs);
  if (s == STATUS_OK && task == TASK_REGRESSION)
    s = mem_new(&target, numbers, sizeof(float), "targets", e);
  *p = (struct examples){.n = n, .d = d, .stride = stride, .x = x, .label = label, .target = target};
  if (s != STATUS_OK)
    part_free(p);
  return s;
}

void part_free(struct examples *p)
{
  free((void *)p->x);
  free((void *)p->label);
  free((void *)p->target);
  *p = (struct examples){0};
}

enum status data_cancelled(const struct exec *x, struct err *e)
{
  return exec_cancelled(x) ? err_set(e, STATUS_CANCELLED, "stopped while loading") : STATUS_OK;
}

char *data_path(const struct data_env *env, const char *path)
{
  if (path[0] == '/' || !env->base_dir)
    return xstrdup(path);
  return xasprintf("%s/%s", env->base_dir, path);
}

char *data_shipped_path(const struct data_env *env, const char *name, struct err *e)
{
  if (env->share_dir)
    return xasprintf("%s/experiments/data/tables/%s", env->share_dir, name);
  err_set(e, STATUS_IO, "the folder share/assay with %s was not found; is assay installed completely?", name);
  return NULL;
}
