/* Every sampler: in range, deterministic, a permutation in each epoch (but for draws with replacement). */
#include "experiments/optim/optimizer.h"
#include "tests/conformance/walk.h"

static bool is_permutation(const uint32_t *order, size_t n)
{
  char *seen = xcalloc(n, 1);
  bool good = true;
  for (size_t i = 0; i < n && good; i++) {
    good = order[i] < n && !seen[order[i]];
    if (good)
      seen[order[i]] = 1;
  }
  free(seen);
  return good;
}

static void check_epochs(const struct method *m, const struct object *o, size_t n)
{
  const struct sampler *s = (const struct sampler *)m;
  bool replaces = strcmp(m->id, "iid") == 0, in_range = true, permutes = true, same = true;
  uint32_t *a = xcalloc(n, sizeof *a), *b = xcalloc(n, sizeof *b);
  for (uint64_t epoch = 0; epoch < 5; epoch++) {
    if (s->epoch(o->conf, n, 42, epoch, a, NULL) != STATUS_OK || s->epoch(o->conf, n, 42, epoch, b, NULL) != STATUS_OK)
      tap_bail("%s refused an epoch", m->id);
    same = same && same_bits(a, b, n * sizeof *a);
    permutes = permutes && (replaces || is_permutation(a, n));
    for (size_t i = 0; i < n; i++)
      in_range = in_range && a[i] < n;
  }
  tap_ok(in_range && same && permutes, "%s: 5 epochs of %zu examples are in range, the same again%s", m->id, n,
         replaces ? "" : ", and permutations");
  free(a);
  free(b);
}

static void check_seeds(const struct method *m, const struct object *o)
{
  enum { N = 1000 };
  uint32_t a[N], b[N];
  const struct sampler *s = (const struct sampler *)m;
  if (s->epoch(o->conf, N, 1, 0, a, NULL) != STATUS_OK || s->epoch(o->conf, N, 2, 0, b, NULL) != STATUS_OK)
    tap_bail("%s refused an epoch", m->id);
  bool random = strcmp(m->id, "incremental") != 0;
  tap_ok((memcmp(a, b, sizeof a) != 0) == random, "%s: another seed gives %s order", m->id, random ? "another" : "the same");
}

/* Batches are cut from the endless concatenation of epochs, and update t can be asked for at once. */
static void check_stream(const struct method *m, const struct object *o)
{
  enum { N = 50, BATCH = 8, STEPS = 25 };
  struct sample_stream *s, *jump;
  uint32_t stream[BATCH * STEPS], again[BATCH], order[N];
  bool cut = true, jumps = true;
  if (sample_stream_new(&s, o, N, 9, NULL) != STATUS_OK || sample_stream_new(&jump, o, N, 9, NULL) != STATUS_OK)
    tap_bail("%s has no stream", m->id);
  for (uint64_t t = 0; t < STEPS; t++)
    if (sample_stream_batch(s, t, BATCH, stream + t * BATCH, NULL) != STATUS_OK)
      tap_bail("%s refused a batch", m->id);
  for (uint64_t epoch = 0; epoch < BATCH * STEPS / N; epoch++) {
    if (((const struct sampler *)m)->epoch(o->conf, N, 9, epoch, order, NULL) != STATUS_OK)
      tap_bail("%s refused an epoch", m->id);
    cut = cut && same_bits(order, stream + epoch * N, sizeof order);
  }
  for (int64_t t = STEPS - 1; t >= 0; t -= 3) {
    if (sample_stream_batch(jump, (uint64_t)t, BATCH, again, NULL) != STATUS_OK)
      tap_bail("%s refused a batch", m->id);
    jumps = jumps && same_bits(again, stream + t * BATCH, sizeof again);
  }
  tap_ok(cut, "%s: batches are the epochs, one after the other", m->id);
  tap_ok(jumps, "%s: a batch does not depend on which were asked for before", m->id);
  sample_stream_free(s);
  sample_stream_free(jump);
}

/* A sampler that sees gradients, given some at random: permutations, the same again, and none for who cannot show any. */
static void check_seeing(const struct method *m, const struct object *o)
{
  enum { N = 37, D = 3, EPOCHS = 4 };
  uint32_t seen[2][EPOCHS][N];
  struct sample_stream *s;
  bool permutes = true;
  for (int again = 0; again < 2; again++) {
    if (sample_stream_new_seeing(&s, o, N, D, 9, NULL) != STATUS_OK)
      tap_bail("%s has no stream", m->id);
    for (uint64_t t = 0; t < EPOCHS * N; t++) {
      double g[D];
      struct rng r = rng_make(1, RNG_TEST, t);
      rng_fill_normal_f64(&r, g, D, 0, 1);
      if (sample_stream_batch(s, t, 1, &seen[again][t / N][t % N], NULL) != STATUS_OK)
        tap_bail("%s refused an example", m->id);
      sample_stream_see(s, g);
    }
    sample_stream_free(s);
  }
  for (int epoch = 0; epoch < EPOCHS; epoch++)
    permutes = permutes && is_permutation(seen[0][epoch], N);
  tap_ok(permutes && memcmp(seen[0], seen[1], sizeof seen[0]) == 0, "%s: every epoch is a permutation, the same again for the same gradients", m->id);
  tap_ok(sample_stream_new(&s, o, N, 9, NULL) == STATUS_UNSUPPORTED, "%s: who has no gradients to show is refused", m->id);
}

static void check(const struct method *m)
{
  static const size_t sizes[] = {1, 2, 3, 100, 4097};
  struct object o;
  struct err e;
  if (base_object(&o, m, NULL, 0, &e) != STATUS_OK)
    tap_bail("%s", e.message);
  for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
    check_epochs(m, &o, sizes[i]);
  check_seeds(m, &o);
  if (((const struct sampler *)m)->see)
    check_seeing(m, &o);
  else
    check_stream(m, &o);
  object_free(&o);
}

int main(void)
{
  size_t n = walk(KIND_SAMPLER, check);
  tap_ok(n > 0, "the registry holds samplers (%zu)", n);
  return tap_done();
}
