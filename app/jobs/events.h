/* events.h: what a worker tells the writer, as length-prefixed binary records.
 *
 *   u32 size of the payload | u32 kind | payload (numbers little endian, texts end in NUL)
 *
 * The records say nothing about how they travel: a pipe, a socket, a message of another transport, or a
 * file. Decoding trusts nothing: sizes, kinds, counts and text ends are checked. */
#ifndef ASSAY_JOBS_EVENTS_H
#define ASSAY_JOBS_EVENTS_H

#include <stddef.h>
#include <stdint.h>

enum event_kind { /* explicit: they cross process and machine borders */
  EVENT_KEY = 1,      /* key, name: from here on this number means this metric */
  EVENT_START = 2,    /* run */
  EVENT_METRICS = 3,  /* a block of values, of any runs and keys, in the order of logging */
  EVENT_NUMBER = 4,   /* run, name, value: one result */
  EVENT_TEXT = 5,     /* run, name, text: one result */
  EVENT_MESSAGE = 6,  /* run, text */
  EVENT_PROGRESS = 7, /* run, value: fraction done */
  EVENT_END = 8,      /* run, status, wall_s, cpu_s, peak_b, text: error */
  EVENT_TASK_END = 9, /* status, text: the worker is idle again */
  EVENT_ARTIFACT = 10, /* run, name, text: its kind, then its bytes */
};

enum { EVENT_HEADER = 8, EVENT_METRIC_SIZE = 24, EVENT_PAYLOAD_MAX = 1 << 26 };

struct event_metric { uint32_t run, key; int64_t step; double value; };

/* One decoded record; the pointers reach into the bytes that were decoded. */
struct event {
  enum event_kind kind;
  uint32_t run, key, status;
  double value, wall_s, cpu_s;
  int64_t peak_b;
  const char *name, *text;
  const unsigned char *metrics; /* n_metrics packed values: event_metric_at */
  size_t n_metrics;
  const unsigned char *bytes; /* of an artifact */
  size_t n_bytes;
};

/* --- writing: append to a growing buffer ------------------------------------------------------ */

struct event_buffer {
  unsigned char *bytes; /* owned */
  size_t used, size;
  size_t block;         /* 1 + offset of the metric block that is still open; 0: none */
};
void event_buffer_free(struct event_buffer *b);

void event_put_key(struct event_buffer *b, uint32_t key, const char *name);
void event_put_start(struct event_buffer *b, uint32_t run);
void event_put_metric(struct event_buffer *b, uint32_t run, uint32_t key, int64_t step, double value);
void event_put_number(struct event_buffer *b, uint32_t run, const char *name, double value);
void event_put_text(struct event_buffer *b, uint32_t run, const char *name, const char *text);
void event_put_artifact(struct event_buffer *b, uint32_t run, const char *name, const char *kind, const void *bytes, size_t n); /* n <= RUN_ARTIFACT_MOST */
void event_put_message(struct event_buffer *b, uint32_t run, const char *text);
void event_put_progress(struct event_buffer *b, uint32_t run, double fraction);
void event_put_end(struct event_buffer *b, uint32_t run, uint32_t status, double wall_s, double cpu_s, int64_t peak_b,
                   const char *error);
void event_put_task_end(struct event_buffer *b, uint32_t status, const char *text);

/* --- reading ---------------------------------------------------------------------------------- */

/* Decode the record at the front of bytes. Returns 1 (and *used), 0 when more bytes are needed, -1 when
 * this cannot be a record. */
int event_decode(const unsigned char *bytes, size_t n, struct event *out, size_t *used);
struct event_metric event_metric_at(const struct event *e, size_t i);

#endif
