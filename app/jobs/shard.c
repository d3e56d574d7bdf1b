/* shard.c: one sweep on several machines that know nothing of each other.
 *
 * The runs are put in the order of their identities and dealt out in turn. Identities depend on the script and
 * the configs alone, so every machine deals alike: shards are disjoint and together complete. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app/jobs/jobs.h"
#include "experiments/kernel/mem.h"

enum { SHARDS_MAX = 1000000 };

/* A whole number at *text, which is moved behind it. */
static bool take_number(const char **text, long *out)
{
  char *end;
  errno = 0;
  *out = strtol(*text, &end, 10);
  bool good = end != *text && **text >= '0' && **text <= '9' && !errno;
  *text = end;
  return good;
}

static bool variable(const char *name, long *out)
{
  const char *text = getenv(name);
  return text && take_number(&text, out) && !*text;
}

/* The place of this task in a Slurm array: arrays begin anywhere and may have a step. */
static const char *from_slurm(long *shard, long *shards)
{
  long id, first = 1, step = 1, last;
  if (!variable("SLURM_ARRAY_TASK_ID", &id) || !variable("SLURM_ARRAY_TASK_COUNT", shards))
    return "--shard slurm needs SLURM_ARRAY_TASK_ID and SLURM_ARRAY_TASK_COUNT, which sbatch --array sets";
  variable("SLURM_ARRAY_TASK_MIN", &first);
  variable("SLURM_ARRAY_TASK_STEP", &step);
  if (!variable("SLURM_ARRAY_TASK_MAX", &last))
    last = first + (*shards - 1) * step;
  if (step < 1 || (last - first) / step != *shards - 1 || (id - first) % step != 0)
    return "--shard slurm needs an array of evenly spaced tasks (--array=1-8, --array=0-14:2)";
  *shard = (id - first) / step + 1;
  return *shard >= 1 && *shard <= *shards ? NULL : "--shard slurm: SLURM_ARRAY_TASK_ID lies outside the array";
}

const char *shard_parse(const char *text, long *shard, long *shards)
{
  if (strcmp(text, "slurm") == 0)
    return from_slurm(shard, shards);
  bool good = take_number(&text, shard) && *text++ == '/' && take_number(&text, shards) && !*text;
  return good && *shard >= 1 && *shard <= *shards && *shards <= SHARDS_MAX
           ? NULL : "--shard must be I/N with I from 1 to N (N up to 1000000), or 'slurm'";
}

struct place { const char *hash; size_t run; };

static int by_identity(const void *a, const void *b)
{
  const struct place *p = a, *q = b;
  int order = strcmp(p->hash, q->hash);
  return order ? order : p->run < q->run ? -1 : p->run > q->run;
}

void shard_choose(struct sweep *s)
{
  size_t shards = (size_t)s->options->shards, own = (size_t)s->options->shard - 1;
  struct place *order = xcalloc(s->n + 1, sizeof *order);
  for (size_t i = 0; i < s->n; i++)
    order[i] = (struct place){s->runs[i].hash, i};
  qsort(order, s->n, sizeof *order, by_identity);
  s->counts.total = 0;
  for (size_t i = 0; i < s->n; i++) {
    bool mine = i % shards == own;
    s->runs[order[i].run].phase = mine ? RUN_WAITING : RUN_ELSEWHERE;
    s->counts.total += mine;
  }
  free(order);
}
