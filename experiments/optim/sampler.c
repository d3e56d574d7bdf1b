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
  void *state;     /* of a sampler that sees gradients, owned; else NULL */
  size_t d, place; /* weights; examples of this epoch whose gradients have been seen */
};

static const struct sampler *rule_of(const struct object *o) { return (const struct sampler *)o->method; }

enum status sampler_check_blind(const struct object *sampler, struct err *e)
{
  if (!rule_of(sampler)->see)
    return STATUS_OK;
  return err_set(e, STATUS_UNSUPPORTED,
                 "sampler \"%s\" makes its orders from the gradient of each example; only the minimizer \"stochastic\" with batch = 1 has them",
                 sampler->method->id);
}

static enum status add_state(struct sample_stream *s, size_t d, struct err *e)
{
  const struct sampler *m = rule_of(s->sampler);
  if (!m->see)
    return STATUS_OK;
  size_t bytes = m->state_size(s->sampler->conf, s->n, d);
  enum status code = mem_new(&s->state, bytes, 1, "state of the sampler", e);
  if (code == STATUS_OK)
    memset(s->state, 0, bytes);
  s->d = d;
  return code;
}

enum status sample_stream_new(struct sample_stream **out, const struct object *sampler, size_t n, uint64_t seed,
                              struct err *e)
{
  *out = NULL;
  enum status code = sampler_check_blind(sampler, e);
  return code == STATUS_OK ? sample_stream_new_seeing(out, sampler, n, 0, seed, e) : code;
}

enum status sample_stream_new_seeing(struct sample_stream **out, const struct object *sampler, size_t n, size_t d, uint64_t seed,
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
  code = add_state(*out, d, e);
  if (code != STATUS_OK) {
    sample_stream_free(*out);
    *out = NULL;
  }
  return code;
}

static enum status fill(struct sample_stream *s, uint64_t epoch, struct err *e)
{
  if (s->filled && s->epoch == epoch)
    return STATUS_OK;
  const struct sampler *m = rule_of(s->sampler);
  if (m->see && s->filled)
    return err_set(e, STATUS_BAD_ARG, "sampler \"%s\": epoch %" PRIu64 " is not known before the gradients of all before it",
                   s->sampler->method->id, epoch);
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
  return sample_stream_take(s, position, batch, index, e);
}

enum status sample_stream_take(struct sample_stream *s, uint64_t position, size_t batch, uint32_t *index, struct err *e)
{
  if (position > UINT64_MAX - batch)
    return err_set(e, STATUS_BAD_ARG, "%zu examples from number %" PRIu64 " lie beyond what can be counted", batch, position);
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

void sample_stream_see(struct sample_stream *s, const double *g)
{
  const struct sampler *m = rule_of(s->sampler);
  if (!m->see)
    return;
  m->see(s->sampler->conf, s->state, s->n, s->d, s->order, s->place, g);
  if (++s->place < s->n)
    return;
  m->next(s->sampler->conf, s->state, s->n, s->d, s->order);
  s->place = 0;
  s->epoch++;
}

void sample_stream_free(struct sample_stream *s)
{
  if (!s)
    return;
  free(s->state);
  free(s->order);
  free(s);
}
