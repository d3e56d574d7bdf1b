/* data.c: data sets in Lua. A data object loads when it is first used; equal configurations share one
 * data set for the life of the host, so that workers forked after `setup` share its memory. */
#include "lua/bind/bind.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"

static struct dataset *cached(struct lua_host *h, const char *config)
{
  for (size_t i = 0; i < h->n_data; i++)
    if (!strcmp(h->data[i].config, config))
      return h->data[i].data;
  return NULL;
}

/* Load the set and put it in the cache, which then owns `config` and one reference. */
static enum status load(struct lua_host *h, const struct object *o, char *config, struct dataset **out, struct err *e)
{
  struct data_env env = {.exec = &h->exec, .share_dir = h->share_dir, .base_dir = h->base_dir};
  enum status status = dataset_load(out, o, &env, e);
  if (status != STATUS_OK) {
    free(config);
    return status;
  }
  h->data = xrealloc(h->data, (h->n_data + 1) * sizeof *h->data);
  h->data[h->n_data++] = (struct loaded_data){config, *out};
  return STATUS_OK;
}

enum status data_share(struct lua_host *h, const struct object *o, struct dataset **out, struct err *e)
{
  char *config = object_json(o);
  struct dataset *d = cached(h, config);
  enum status s = STATUS_OK;
  if (d)
    free(config);
  else
    s = load(h, o, config, &d, e);
  *out = s == STATUS_OK ? dataset_retain(d) : NULL;
  return s;
}

struct dataset *data_get(lua_State *L, struct lua_object *o)
{
  struct err e = {0};
  if (!o->data && data_share(bind_host(L), &o->o, &o->data, &e) != STATUS_OK)
    bind_raise(L, &e);
  return o->data;
}

static int data_load(lua_State *L)
{
  data_get(L, object_check(L, 1, KIND_DATA));
  lua_settop(L, 1);
  return 1;
}

/* The inputs as a matrix that borrows the data set's memory; the data object at index 1 keeps it alive. */
static void push_inputs(lua_State *L, const struct examples *part)
{
  struct lua_matrix *x = matrix_push(L);
  x->m = mat_wrap(DTYPE_F32, (void *)part->x, part->n, part->d, part->stride);
  x->read_only = true;
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, 1);
}

/* Labels (from 0) as one column, or the targets. */
static void push_answers(lua_State *L, const struct dataset *d, const struct examples *part)
{
  struct lua_matrix *y = matrix_push(L);
  struct err e = {0};
  if (d->task == TASK_REGRESSION) {
    y->m = mat_wrap(DTYPE_F32, (void *)part->target, part->n, d->outputs, d->outputs);
    y->read_only = true;
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, -2, 1);
    return;
  }
  if (mat_new(&y->m, DTYPE_F64, part->n, 1, &e) != STATUS_OK)
    bind_raise(L, &e);
  for (size_t i = 0; i < part->n; i++)
    mat_set(&y->m, i, 0, part->label[i]);
  matrix_account(L, y);
}

static int push_part(lua_State *L, const char *name)
{
  const struct dataset *d = data_get(L, object_check(L, 1, KIND_DATA));
  const struct examples *part = !strcmp(name, "train") ? &d->train : !strcmp(name, "valid") ? &d->valid : &d->test;
  if (part->n == 0)
    bind_error(L, "data \"%s\" has no %s part", d->name, name);
  lua_settop(L, 1);
  lua_createtable(L, 0, 6);
  push_inputs(L, part);
  lua_setfield(L, 2, "x");
  push_answers(L, d, part);
  lua_setfield(L, 2, "y");
  lua_pushinteger(L, (lua_Integer)part->n);
  lua_setfield(L, 2, "n");
  if (d->task == TASK_CLASSES) {
    lua_pushinteger(L, (lua_Integer)d->classes);
    lua_setfield(L, 2, "classes");
  }
  return 1;
}

static int data_train(lua_State *L) { return push_part(L, "train"); }
static int data_valid(lua_State *L) { return push_part(L, "valid"); }
static int data_test(lua_State *L) { return push_part(L, "test"); }

bool data_field(lua_State *L, struct lua_object *o, const char *key)
{
  static const char *const known[] = {"n", "d", "classes", "outputs", "n_valid", "n_test", "bytes", "task", "hash", "bayes_error", "teacher"};
  size_t which = 0, count = sizeof known / sizeof *known;
  while (which < count && strcmp(known[which], key) != 0)
    which++;
  if (which == count) /* the others are parameters, which answer without loading */
    return false;
  const struct dataset *d = data_get(L, o);
  const size_t sizes[] = {d->train.n, d->d, d->classes, d->outputs, d->valid.n, d->test.n, d->bytes};
  if (which < sizeof sizes / sizeof *sizes) {
    lua_pushinteger(L, (lua_Integer)sizes[which]);
    return true;
  }
  char hash[17];
  snprintf(hash, sizeof hash, "%016llx", (unsigned long long)d->content_hash);
  if (!strcmp(key, "task"))
    lua_pushstring(L, d->task == TASK_CLASSES ? "classes" : "regression");
  else if (!strcmp(key, "hash"))
    lua_pushstring(L, hash);
  else if (!strcmp(key, "bayes_error"))
    lua_pushnumber(L, d->bayes_error);
  else if (d->teacher.rows == 0)
    lua_pushnil(L);
  else
    matrix_push(L)->m = mat_retain(&d->teacher);
  return true;
}

const struct function_row data_methods[] = {
    {"load", data_load, "data:load()", "Load now (else at first use); returns the data."},
    {"train", data_train, "data:train()",
     "The training part {x = inputs, y = labels from 0 or targets, n = …}; x is the data itself, not a copy."},
    {"valid", data_valid, "data:valid()", "The validation part, as data:train()."},
    {"test", data_test, "data:test()", "The test part, as data:train()."},
    {0}};

