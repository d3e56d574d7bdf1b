/* sampler.c: mini-batches cut from the endless concatenation of a sampler's epochs. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "experiments/kernel/mem.h"
#include "experiments/optim/optimizer.h"

struct sample_stream {
  const struct object *sampler; /* borrowed */
  size_t n;
  uint64_t seed, epoch;
  bool filled;     /* order holds `epoch` */
  uint32_t *order; /* owned, n */
};

enum status sample_stream_new(struct sample_stream **out, const struct object *sampler, size_t n, uint64_t seed,
                              struct err *e)
{
  void *order;
  *out = NULL;
  if (n == 0)
    return err_set(e, STATUS_BAD_ARG, "sampler \"%s\": there are no examples to draw from", sampler->method->id);
  if (n > UINT32_MAX)
    return err_set(e, STATUS_BAD_ARG, "sampler \"%s\": %zu examples are more than the %" PRIu32 " that it can number",
                   sampler->method->id, n, UINT32_MAX);
  enum status code = mem_new(&order, n, sizeof(uint32_t), "order of the examples", e);
  if (code != STATUS_OK)
    return code;
  *out = xmalloc(sizeof **out);
  **out = (struct sample_stream){.sampler = sampler, .n = n, .seed = seed, .order = order};
  return STATUS_OK;
}

static enum status fill(struct sample_stream *s, uint64_t epoch, struct err *e)
{
  if (s->filled && s->epoch == epoch)
    return STATUS_OK;
  const struct sampler *m = (const struct sampler *)s->sampler->method;
  s->filled = false;
  enum status code = m->epoch(s->sampler->conf, s->n, s->seed, epoch, s->order, e);
  if (code != STATUS_OK)
    return code;
  s->filled = true;
  s->epoch = epoch;
  return STATUS_OK;
}

enum status sample_stream_batch(struct sample_stream *s, uint64_t t, size_t batch, uint32_t *index, struct err *e)
{
  uint64_t position;
  if (__builtin_mul_overflow(t, (uint64_t)batch, &position) || position > UINT64_MAX - batch)
    return err_set(e, STATUS_BAD_ARG, "update %" PRIu64 " of %zu examples lies beyond what can be counted", t, batch);
  for (size_t done = 0; done < batch;) {
    uint64_t epoch = (position + done) / s->n;
    size_t at = (size_t)((position + done) % s->n), left = s->n - at, take = batch - done < left ? batch - done : left;
    enum status code = fill(s, epoch, e);
    if (code != STATUS_OK)
      return code;
    memcpy(index + done, s->order + at, take * sizeof *index);
    done += take;
  }
  return STATUS_OK;
}

void sample_stream_free(struct sample_stream *s)
{
  if (!s)
    return;
  free(s->order);
  free(s);
}
