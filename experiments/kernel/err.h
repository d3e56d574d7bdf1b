/* err.h: how a function says what went wrong.
 *
 * A fallible function returns an enum status and fills the caller's struct err: one cause, the value
 * seen, what is allowed, where. Callers act differently on each code; messages are for people.
 * Nothing below app/main.c ends the process or prints. */
#ifndef ASSAY_KERNEL_ERR_H
#define ASSAY_KERNEL_ERR_H

#include <stdarg.h>

enum status {
  STATUS_OK = 0,
  STATUS_BAD_ARG,     /* the caller (script, command line) asked for something impossible */
  STATUS_BAD_DATA,    /* a file or an array does not hold what it should */
  STATUS_NO_MEMORY,
  STATUS_IO,
  STATUS_DIVERGED,    /* loss or gradient stopped being finite: a result, not a bug */
  STATUS_CANCELLED,   /* the cancel flag was seen */
  STATUS_UNSUPPORTED, /* a legal request that this build or method does not offer */
};

struct err {
  enum status code;
  char message[768]; /* one line, no trailing newline */
};

/* Fill *e (which may be NULL) and return code, so that `return err_set(e, STATUS_…, "…")` reads well. */
enum status err_set(struct err *e, enum status code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Put "context: " in front of a message that a lower layer has written. Returns e->code. */
enum status err_prefix(struct err *e, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* "ok", "bad argument", … */
const char *status_name(enum status code);

#define NODISCARD __attribute__((warn_unused_result))

#endif
