/* rows.c: rows as they come from a file, in arrays that grow; see data_int.h. */
#include <stdlib.h>

#include "experiments/data/data_int.h"
#include "experiments/kernel/mem.h"

/* *v holds room x width elements afterwards. */
static enum status grow(void **v, size_t room, size_t width, size_t size, struct err *e)
{
  size_t count, bytes;
  if (!size_mul(room, width, &count) || !size_mul(count, size, &bytes))
    return err_set(e, STATUS_NO_MEMORY, "%zu rows of %zu numbers are more than this machine can address", room, width);
  void *p = realloc(*v, bytes ? bytes : 1);
  if (!p)
    return err_set(e, STATUS_NO_MEMORY, "no memory for %zu rows of %zu numbers", room, width);
  *v = p;
  return STATUS_OK;
}

enum status rows_add(struct rows *r, struct err *e)
{
  void *x = r->x, *label = r->label, *target = r->target;
  if (r->n == r->room) {
    size_t room = r->room ? r->room * 2 : 256;
    enum status s = grow(&x, room, r->d, sizeof(float), e);
    r->x = x;
    if (s == STATUS_OK && r->task == TASK_CLASSES)
      s = grow(&label, room, 1, sizeof(int32_t), e);
    r->label = label;
    if (s == STATUS_OK && r->task == TASK_REGRESSION)
      s = grow(&target, room, r->outputs, sizeof(float), e);
    r->target = target;
    if (s != STATUS_OK)
      return s;
    r->room = room;
  }
  r->n++;
  return STATUS_OK;
}

enum status rows_make(struct rows *r, size_t n, struct err *e)
{
  void *x = NULL, *label = NULL, *target = NULL;
  size_t numbers, bytes;
  if (!size_mul(n, r->d, &numbers) || !size_mul(numbers, sizeof(float), &bytes))
    return err_set(e, STATUS_NO_MEMORY, "%zu rows of %zu numbers are more than this machine can address", n, r->d);
  enum status s = data_check_room(n, r->d, bytes, e);
  if (s == STATUS_OK)
    s = mem_new(&x, numbers, sizeof(float), "inputs", e);
  if (s == STATUS_OK && r->task == TASK_CLASSES)
    s = mem_new(&label, n, sizeof(int32_t), "labels", e);
  if (s == STATUS_OK && r->task == TASK_REGRESSION && !size_mul(n, r->outputs, &numbers))
    s = err_set(e, STATUS_NO_MEMORY, "%zu targets of %zu numbers are more than this machine can address", n, r->outputs);
  if (s == STATUS_OK && r->task == TASK_REGRESSION)
    s = mem_new(&target, numbers, sizeof(float), "targets", e);
  r->x = x;
  r->label = label;
  r->target = target;
  r->n = r->room = n;
  return s;
}

void rows_free(struct rows *r)
{
  free(r->x);
  free(r->label);
  free(r->target);
  *r = (struct rows){0};
}
