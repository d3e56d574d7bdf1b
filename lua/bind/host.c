/* host.c: one Lua state with the `assay` library: its making, its memory limit, its end. */
#include "lua/bind/bind.h"

#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/probe/probe.h"

/* Lua's allocator, counting bytes; refusing makes Lua collect, and then raise "not enough memory". */
static void *allocate(void *self, void *old, size_t old_size, size_t size)
{
  struct lua_host *h = self;
  if (!old)
    old_size = 0; /* Lua passes the kind of object instead */
  if (size == 0) {
    free(old);
    h->memory -= old_size;
    return NULL;
  }
  if (h->memory_limit && size > old_size) {
    size_t wanted = h->memory + (size - old_size);
    if (wanted > h->memory_limit && wanted > h->memory_floor)
      return NULL;
  }
  void *block = realloc(old, size);
  if (block)
    h->memory = h->memory - old_size + size;
  return block;
}

/* The `assay` table: a global, and what require "assay" gives. */
static int open_libraries(lua_State *L)
{
  luaL_openlibs(L);
  interrupt_open(L);
  script_open(L);
  json_open(L);
  lua_newtable(L);
  call_open(L);
  help_open(L);
  object_open(L);
  matrix_open(L);
  matrix_make_open(L);
  matrix_file_open(L);
  train_open(L);
  experiment_open(L);
  run_open(L);
  stats_open(L);
  plot_open(L);
  db_open(L);
  artifact_open(L);
  random_open(L);
  pruner_open(L);
  prune_net_open(L);
  job_open(L);
  lua_pushliteral(L, ASSAY_VERSION);
  lua_setfield(L, -2, "version");
  lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
  lua_pushvalue(L, -2);
  lua_setfield(L, -2, "assay");
  lua_pop(L, 1);
  lua_setglobal(L, "assay");
  script_begin(L, NULL);
  return 0;
}

static char *copy_or_null(const char *s) { return s ? xstrdup(s) : NULL; }

enum status lua_host_new(struct lua_host **out, const struct lua_host_config *config, struct err *e)
{
  struct lua_host *h = xcalloc(1, sizeof *h);
  h->memory_limit = config->memory_limit;
  h->cancel = config->cancel ? config->cancel : &h->own_cancel;
  h->exec = (struct exec){.cancel = h->cancel, .threads = config->threads > 0 ? config->threads : 1};
  h->share_dir = copy_or_null(config->share_dir);
  h->db = copy_or_null(config->db);
  if (config->services)
    h->services = *config->services;
  h->L = lua_newstate(allocate, h);
  if (!h->L) {
    lua_host_free(h);
    return err_set(e, STATUS_NO_MEMORY, "no memory for a Lua state (limit %zu bytes)", config->memory_limit);
  }
  *(struct lua_host **)lua_getextraspace(h->L) = h;
  enum status status = bind_protect(h, open_libraries, NULL, e);
  if (status != STATUS_OK) {
    lua_host_free(h);
    return status;
  }
  *out = h;
  return STATUS_OK;
}

void lua_host_free(struct lua_host *h)
{
  if (!h)
    return;
  if (h->L)
    lua_close(h->L);
  script_forget(h);
  for (size_t i = 0; i < h->n_data; i++) {
    free(h->data[i].config);
    dataset_release(h->data[i].data);
  }
  free(h->data);
  objective_forget(h);
  probe_cache_free(h->probes);
  free(h->share_dir);
  free(h->db);
  free(h->base_dir);
  free(h);
}
