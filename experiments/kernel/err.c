/* err.c: see err.h. */
#include "experiments/kernel/err.h"

#include <stdio.h>
#include <string.h>

enum status err_set(struct err *e, enum status code, const char *format, ...)
{
  if (e) {
    va_list args;
    va_start(args, format);
    vsnprintf(e->message, sizeof e->message, format, args);
    va_end(args);
    e->code = code;
  }
  return code;
}

enum status err_prefix(struct err *e, const char *format, ...)
{
  char old[sizeof e->message], prefix[sizeof e->message];
  va_list args;
  memcpy(old, e->message, sizeof old);
  va_start(args, format);
  vsnprintf(prefix, sizeof prefix, format, args);
  va_end(args);
  /* what does not fit is cut at the end: the cause stands first in every message */
  size_t at = strlen(prefix), left = sizeof e->message - at;
  memcpy(e->message, prefix, at + 1);
  if (left > 3) {
    memcpy(e->message + at, ": ", 3);
    size_t n = strnlen(old, left - 3);
    memcpy(e->message + at + 2, old, n);
    e->message[at + 2 + n] = '\0';
  }
  return e->code;
}

const char *status_name(enum status code)
{
  switch (code) {
  case STATUS_OK: return "ok";
  case STATUS_BAD_ARG: return "bad argument";
  case STATUS_BAD_DATA: return "bad data";
  case STATUS_NO_MEMORY: return "out of memory";
  case STATUS_IO: return "input/output error";
  case STATUS_DIVERGED: return "diverged";
  case STATUS_CANCELLED: return "cancelled";
  case STATUS_UNSUPPORTED: return "unsupported";
  }
  return "unknown status";
}
