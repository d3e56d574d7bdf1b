/* exec.h: the context that goes down as first argument of everything that may run long.
 *
 * It carries what a caller decides and a kernel obeys: when to stop and how many threads to use.
 * Nothing in it may change a result. */
#ifndef ASSAY_KERNEL_EXEC_H
#define ASSAY_KERNEL_EXEC_H

#include <stdatomic.h>
#include <stdbool.h>

struct exec {
  const atomic_int *cancel; /* borrowed; non-zero asks to stop; NULL: never */
  int threads;              /* threads a kernel may use, >= 1 */
};

/* Polled once per batch, iteration or block of examples (every few milliseconds at most). */
static inline bool exec_cancelled(const struct exec *x)
{
  return x && x->cancel && atomic_load_explicit(x->cancel, memory_order_relaxed) != 0;
}

#endif
