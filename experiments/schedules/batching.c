/* batching.c: see batching.h. */
#include "experiments/schedules/batching.h"

size_t batching_most(int64_t most, const struct batching_frame *f)
{
  size_t examples = most == PARAM_AUTO_INT ? f->examples / 10 : (size_t)most;
  return examples > f->batch ? examples / f->batch : 1;
}
